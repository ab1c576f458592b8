# SPDX-License-Identifier: Apache-2.0
"""Two parties of a call that plant themselves wherever their media has room.

canary_media_rows.txt names the places. Each line is sent by both sides, between ordinary audio;
everything that arrives is kept, to be searched for the other side's secrets.
"""
import dataclasses
import pathlib
import socket
import struct
import time

import canary
import needles
import ports

ROWS_FILE = pathlib.Path(__file__).with_name("canary_media_rows.txt")
PASSED_ON = {"ssrc", "csrc", "ext", "pad", "event"}

PCMA, EVENTS = 8, 101
FRAME, FRAME_S = 160, 0.01      # as fast as the rate of a leg allows, not as a telephone talks
REPEATS = 4                     # of each line: a new source must send two packets in a row
SILENCE = b"\xd5" * FRAME

# What protocols that share the port begin with: a ClientHello, ZRTP's Hello, a binding request.
BEGINNINGS = {"@DTLS": "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x44", "@ZRTP": "\x10\0\0\1ZRTP",
              "@STUN": "\0\1\0\x44\x21\x12\xa4\x42abcdefghijkl\0\6\0\x30"}


def read_rows():
    return canary.read_rows(ROWS_FILE)


def rtp(kind, sequence, timestamp, ssrc, payload, csrcs=(), extension=b"", padding=b"",
        marker=False):
    first = 0x80 | (0x20 if padding else 0) | (0x10 if extension else 0) | len(csrcs)
    head = struct.pack(">BBHI4s", first, (0x80 if marker else 0) | kind, sequence & 0xffff,
                       timestamp & 0xffffffff, ssrc)
    return head + b"".join(csrcs) + extension + payload + padding


def words(data):
    """Filled up to whole words of 32 bits."""
    return data + b"\0" * (-len(data) % 4)


def rtcp(kind, count, data):
    data = words(data)
    return struct.pack(">BBH", 0x80 | count, kind, len(data) // 4) + data


@dataclasses.dataclass(frozen=True)
class Heard:
    data: bytes
    source: tuple
    is_rtcp: bool


class Voice:
    """The media of one side: an RTP and an RTCP socket, and one that nobody was told of."""

    def __init__(self, side):
        self.side = side
        self.rtp, self.rtcp = self._pair()
        self.other = self._socket(0)
        self.port = self.rtp.getsockname()[1]
        self.to = None                          # where the far end listens; RTCP one above
        self.ssrc = f"S{side.letter}zb".encode()
        self.sequence, self.timestamp = 1000, 16000
        self.heard, self.said = [], []
        self.carried = set()

    def _socket(self, port):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((self.side.address, port))
        one.setblocking(False)
        return one

    def _pair(self):
        while True:
            port = ports.free_port(self.side.address, (socket.SOCK_DGRAM,)) & ~1
            try:
                return self._socket(port), self._socket(port + 1)
            except OSError:
                continue

    def close(self):
        for one in (self.rtp, self.rtcp, self.other):
            one.close()

    def receive(self):
        for one in (self.rtp, self.rtcp, self.other):
            while True:
                try:
                    data, source = one.recvfrom(2048)
                except BlockingIOError:
                    break
                self.heard.append(Heard(data, source, one is self.rtcp))

    def wait(self):
        """For what is still on its way."""
        time.sleep(0.1)
        self.receive()

    def say(self, data):
        self.said.append(data)
        self.rtp.sendto(data, self.to)

    def report(self, data):
        self.rtcp.sendto(data, (self.to[0], self.to[1] + 1))

    def audio(self, payload=SILENCE, ssrc=None, kind=PCMA, **more):
        self.sequence += 1
        self.timestamp += FRAME
        self.say(rtp(kind, self.sequence, self.timestamp, ssrc or self.ssrc, payload, **more))

    # ---- planting

    def rr(self):
        return rtcp(201, 0, self.ssrc)

    def cname(self):
        return rtcp(202, 1, self.ssrc + b"\x01\x04here\0")

    def plant(self, line, payload):
        """Sends one line once; `payload` is what must arrive when a relay may pass it on."""
        text = self._text(line)
        getattr(self, "_" + line.kind)(text, payload)

    def _text(self, line):
        text = line.text
        for word, bytes_ in BEGINNINGS.items():
            text = text.replace(word, bytes_)
        line = dataclasses.replace(line, text=text)
        return self.side.fill(line, "", ("", "")).encode("latin-1")

    def _ssrc(self, text, payload):
        self.audio(payload, ssrc=text[:4])

    def _csrc(self, text, payload):
        text = words(text)[:60]
        self.audio(payload, csrcs=[text[i:i + 4] for i in range(0, len(text), 4)])

    def _ext(self, text, payload):
        profile, data = text.split(b" ", 1)
        if profile == b"bede":
            data = b"".join(bytes([0x1f]) + data[i:i + 16] for i in range(0, len(data) - 15, 16)) \
                + bytes([0x20 | (len(data[-16:]) - 1)]) + data[-16:]
        if profile == b"1000":
            data = bytes([1, len(data)]) + data
        data = words(data)
        self.audio(payload, extension=bytes.fromhex(profile.decode())
                   + struct.pack(">H", len(data) // 4) + data)

    def _pad(self, text, payload):
        padding = text + b"\0" * (-(len(text) + 1) % 4)
        self.audio(payload, padding=padding + bytes([len(padding) + 1]))

    def _event(self, text, payload):
        digit = int(payload[6:9]) % 10
        for end in (0, 0x80, 0x80, 0x80):
            self.sequence += 1
            self.say(rtp(EVENTS, self.sequence, self.timestamp + 2 * FRAME, self.ssrc,
                         bytes([digit, end | 10]) + struct.pack(">H", 800) + text))
        self.timestamp += 6 * FRAME

    def _other(self, text, _):
        self.sequence += 1
        self.other.sendto(rtp(PCMA, self.sequence, self.timestamp, self.ssrc, text), self.to)

    def _pt(self, text, _):
        kind, data = text.split(b" ", 1)
        self.audio(data, kind=int(kind))

    def _raw(self, text, _):
        self.say(text)

    def _rawc(self, text, _):
        self.report(text)

    def _sdes_of(self, text):
        kind, data = text.split(b" ", 1)
        kind = int(kind)
        data = bytes([5]) + data if kind == 8 else data         # PRIV: length of its prefix
        item = bytes([kind, len(data)]) + data
        name = b"" if kind == 1 else b"\x01\x04here"
        return self.rr() + rtcp(202, 1, self.ssrc + name + item + b"\0")

    def _sdes(self, text, _):
        self.report(self._sdes_of(text))

    def _mux(self, text, _):
        self.say(self._sdes_of(text))

    def _bye(self, text, _):
        self.report(self.rr() + self.cname() + rtcp(203, 1, self.ssrc + bytes([len(text)]) + text))

    def _app(self, text, _):
        name, data = text.split(b" ", 1)
        self.report(self.rr() + rtcp(204, 0, self.ssrc + name + data))

    def _xr(self, text, _):
        kind, data = text.split(b" ", 1)
        block = words(data)
        self.report(self.rr() + rtcp(207, 0, self.ssrc + struct.pack(
            ">BBH", int(kind), 0, len(block) // 4) + block))

    def _fb(self, text, _):
        kind, fmt, data = text.split(b" ", 2)
        self.report(self.rr() + rtcp(int(kind), int(fmt), self.ssrc + self.ssrc + data))

    def _sr(self, text, _):
        self.report(rtcp(200, 0, self.ssrc + words(text)[:20].ljust(20, b"z") + text)
                    + self.cname())


def payload_of(index, line):
    """Audio that names its line, so that it is known where it arrives."""
    return f"carry-{index:03d}-{line.row:03d}".encode().ljust(FRAME, b"\xd5")


def converse(voices, lines):
    """Both sides send every line, with ordinary audio around it, and hear what comes."""
    def step(*what):
        for voice, action in zip(voices, what):
            action(voice)
        time.sleep(FRAME_S)
        for voice in voices:
            voice.receive()

    talk = Voice.audio
    for _ in range(10):
        step(talk, talk)
    for index, line in enumerate(lines):
        payload = payload_of(index, line)
        for _ in range(REPEATS if line.kind != "event" else 1):
            step(*[lambda voice: voice.plant(line, payload)] * 2)
        for _ in range(20 if line.kind == "event" else 3):
            step(talk, talk)
    for _ in range(30):
        step(talk, talk)
    for voice, far in (voices, reversed(voices)):
        voice.carried = {line for index, line in enumerate(lines) if _is_heard(far, index, line)}


def _is_heard(voice, index, line):
    if line.kind == "event":
        return any(not one.is_rtcp and len(one.data) >= 16 and one.data[1] & 0x7f == EVENTS
                   and one.data[12] == index % 10 for one in voice.heard)
    return any(payload_of(index, line) in one.data for one in voice.heard)


def crossed(voice, other):
    """What of the other side's secrets this one has heard: (data, secret, way)."""
    searchers = other.side.searchers() + [needles.Searcher(
        other.side.letter, "its SSRC", lambda data: other.ssrc in data, lambda: other.ssrc)]
    return [(one.data, *hit) for one in voice.heard for hit in needles.find(searchers, one.data)]


def oddities(voice, expected):
    """Whatever is not a plain packet of ours: bare RTP, or SR/RR, one CNAME, BYE without a reason."""
    odd = []
    for one in voice.heard:
        ip, port = expected
        if one.source != (ip, port + one.is_rtcp):
            odd.append(("from elsewhere", one.source))
        elif one.is_rtcp:
            odd += [(what, one.data) for what in _odd_rtcp(one.data)]
        elif one.data[0] != 0x80 or one.data[1] & 0x7f not in (PCMA, EVENTS):
            odd.append(("no bare RTP", one.data[:12]))
        elif one.data[1] & 0x7f == EVENTS and len(one.data) != 16:
            odd.append(("more than an event", one.data))
    return odd


def _odd_rtcp(data):
    while data:
        first, kind, length = struct.unpack(">BBH", data[:4])
        part, data = data[:4 * (length + 1)], data[4 * (length + 1):]
        count = first & 0x1f
        if first & 0xe0 != 0x80:
            yield "padding, or another version"
        if kind in (200, 201):
            if len(part) != 8 + (20 if kind == 200 else 0) + 24 * count or count > 1:
                yield "a report with an extension"
        elif kind == 202:
            if count != 1 or part[8] != 1 or part[10 + part[9]:].strip(b"\0"):
                yield "more than a CNAME"
        elif kind != 203 or len(part) != 8 or count != 1:
            yield f"a packet of type {kind}"
