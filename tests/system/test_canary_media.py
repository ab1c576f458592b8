# SPDX-License-Identifier: Apache-2.0
"""Nothing that one side plants in its media reaches the other, nor the log, the files or the records."""
import re
import select
import socket
import threading
import unittest

import canary
import canary_case
import canary_media
from canary_case import CALLEE, CALLEE_IP, CALLER, CALLER_IP
from harness import M1


def audio_port(body):
    return int(re.search(rb"m=audio (\d+)", body)[1])


def missing(lines, carried):
    """What may be passed on and was not."""
    return [line for line in lines if line.kind in canary_media.PASSED_ON and line not in carried]


class CanaryOfMedia(canary_case.Case):
    def setUp(self):
        super().setUp()
        self.voices = [canary_media.Voice(self.caller), canary_media.Voice(self.callee)]
        for voice in self.voices:
            self.addCleanup(voice.close)
            voice.side.rtp_port = voice.port

    def connect(self):
        talk = canary.Conversation(self.caller, self.callee,
                                   ("127.0.0.1", self.maskline.sip_port), M1, (), ())
        talk.connect()
        self.assertTrue(talk.outcome.connected, talk.outcome)
        near, far = self.voices
        near.to = ("127.0.0.1", audio_port(talk.final.body))
        far.to = ("127.0.0.1", audio_port(talk.invite.body))
        return talk

    def assert_no_number_is_kept(self, pairs):
        """A relay numbers and times what it sends by itself."""
        for voice, far in (pairs, reversed(pairs)):
            sent = {data[12:25]: data[2:8] for data in voice.said if data[12:17] == b"carry"}
            for one in far.heard:
                self.assertNotEqual(sent.get(one.data[12:25]), one.data[2:8])

    def test_what_is_planted_in_every_place_of_the_media_crosses_nowhere(self):
        lines = canary_media.read_rows()
        talk = self.connect()
        canary_media.converse(self.voices, lines)
        self.assert_nothing_kept()      # the crash record, while the call is up
        talk.finish()
        for voice in self.voices:
            voice.wait()
        near, far = self.voices
        for voice, other in ((near, far), (far, near)):
            self.assertEqual(missing(lines, voice.carried), [], f"not carried from {voice.side.letter}")
            self.assertEqual(canary_media.crossed(voice, other), [])
            self.assertEqual(canary_media.oddities(voice, voice.to), [])
            self.assertTrue(any(one.is_rtcp for one in voice.heard), "a report or BYE of the daemon's")
        self.assert_no_number_is_kept(self.voices)
        print(f"canary: {len(lines)} lines of {len({line.row for line in lines})} rows planted in the "
              f"media of both sides; {len(near.heard)} and {len(far.heard)} packets arrived")
        self.assert_nothing_crossed()
        self.assert_nothing_kept()
        self.finish()


class Transparent:
    """What Maskline must never be: it passes each datagram on, as it is, to the other side."""

    def __init__(self, voices):
        self.pairs = []
        for ip in ("127.0.0.1", "127.0.0.2"):
            for port in range(30000, 60000, 2):
                try:
                    self.pairs.append([self._socket(ip, port), self._socket(ip, port + 1)])
                    break
                except OSError:
                    continue
        self.voices = voices
        for voice, (rtp, _) in zip(voices, self.pairs):
            voice.to = rtp.getsockname()
        self._closing = False
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    @staticmethod
    def _socket(ip, port):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((ip, port))
        return one

    def _pass_on(self):
        ways = {}
        for mine, other, voice in ((0, 1, self.voices[1]), (1, 0, self.voices[0])):
            for is_rtcp in (0, 1):
                ways[self.pairs[mine][is_rtcp]] = (self.pairs[other][is_rtcp],
                                                   (voice.side.address, voice.port + is_rtcp))
        while not self._closing:
            for one in select.select(list(ways), [], [], 0.05)[0]:
                out, to = ways[one]
                out.sendto(one.recv(2048), to)

    def close(self):
        self._closing = True
        self._thread.join()
        for pair in self.pairs:
            for one in pair:
                one.close()


class TheCanaryItself(unittest.TestCase):
    """Through something that passes everything on, the canary must notice every line."""

    def test_every_line_is_noticed_when_everything_is_passed_on(self):
        sides = [canary.Side("A", CALLER, CALLER_IP, CALLER_IP),
                 canary.Side("B", CALLEE, CALLEE_IP, CALLEE_IP)]
        voices = [canary_media.Voice(side) for side in sides]
        relay = Transparent(voices)
        for one in (relay, *voices, *[side.peer for side in sides]):
            self.addCleanup(one.close)
        lines = canary_media.read_rows()
        canary_media.converse(voices, lines)
        for voice, other in (voices, reversed(voices)):
            ways = {way for _, _, way in canary_media.crossed(voice, other)}
            self.assertTrue({"digits", "dotted", "as it is", "its SSRC"} <= ways, ways)
            self.assertTrue(canary_media.oddities(voice, voice.to))
            arrived = b"\0".join(one.data for one in voice.heard)
            for line in lines:
                if "@W" in line.text and line.kind != "ssrc":
                    with self.subTest(side=other.side.letter, line=line):
                        self.assertIn(f"{other.side.marker}{line.row}".encode(), arrived)


if __name__ == "__main__":
    unittest.main()
