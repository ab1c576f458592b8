# SPDX-License-Identifier: Apache-2.0
"""A telephone that is not ours: baresip without a sound card, driven over its control port.

It plays a tone of its own, records what it hears, and everything that is said about a call comes
from its own events, SIP trace and recordings. Signalling is bound to a loopback address of the
phone's own, as the carrier's side of a trunk; media goes to and from 127.0.0.1, which is what the
kernel gives its unbound RTP sockets.
"""
import dataclasses
import json
import pathlib
import re
import socket
import threading
import time

import ports
import processes
from phones import tone

MODULES = ("/usr/lib/baresip/modules",)
TONE_SECONDS = 120

CONFIG = """\
poll_method epoll
sip_listen {ip}:{port}
{streams}net_interface 127.0.0.1
call_local_timeout 120
call_max_calls 4
audio_source aufile,{directory}/tone.wav
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {rtp_first}-{rtp_last}
rtp_stats yes
module_path {modules}
module g711.so
module aufile.so
module sndfile.so
snd_path {directory}
module_tmp account.so
module_app menu.so
statmode_default off
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""

# "sip:+919000000001@127.0.0.1:5060" and <sip:...> give the user part.
_USER = re.compile(r"sips?:([^@;>]*)@")


class PhoneError(Exception):
    """The phone itself misbehaved: not what a test is about."""


def user_of(uri):
    match = _USER.search(uri or "")
    return match.group(1) if match else ""


@dataclasses.dataclass
class Call:
    """One call as this phone saw it."""

    direction: str              # "incoming" or "outgoing"
    call_id: str = ""           # its SIP dialog's
    dialled: str = ""           # outgoing: the number we dialled
    shown: str = ""             # incoming: the number that was shown to us
    uri: str = ""               # the peer's URI, whole
    rang: bool = False          # outgoing: 180; incoming: it rang here
    early: bool = False         # outgoing: 183 with media
    established: bool = False
    closed: bool = False
    reason: str = ""            # why it was closed, in the phone's words
    established_at: float = 0.0
    closed_at: float = 0.0
    recording: pathlib.Path = None

    @property
    def talked_s(self):
        return self.closed_at - self.established_at if self.established and self.closed else 0.0

    def heard(self, tones):
        """What the phone recorded of the far end; nothing where no media came."""
        if self.recording is None or not self.recording.exists():
            return tone.NOTHING
        return tone.listen(self.recording, tones)


class Phone:
    """Start, dial, accept, hang up, wait; calls[] holds what happened, in order."""

    def __init__(self, name, number, ip, hertz, directory, codecs="PCMA,PCMU", transport="udp",
                 certificate=None, ca=None):
        """`certificate`: for tls, one file with certificate and key; `ca`: whom it trusts."""
        self.name = name
        self.number = number
        self.ip = ip
        self.hertz = hertz
        self.port = ports.free_port(ip)
        self.directory = pathlib.Path(directory)
        self.calls = []
        self._last_second = 0   # in which a call of this phone was up
        self.events = []
        self._codecs = codecs
        self._transport, self._certificate, self._ca = transport, certificate, ca
        self._changed = threading.Condition()
        self._process = self._control = self._reader = None

    # ---- life

    def start(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        tone.write_tone(self.directory / "tone.wav", self.hertz, TONE_SECONDS)
        control = ports.free_port("127.0.0.1", (socket.SOCK_STREAM,))
        self._write_config(control)
        log = open(self.directory / "log", "wb")
        with log:
            self._process = processes.spawn(
                ["stdbuf", "-oL", "baresip", "-4", "-s", "-f", self.directory],
                stdout=log, stderr=log, cwd=self.directory)
        self._control = self._connect(control)
        self._reader = threading.Thread(target=self._read_events, daemon=True)
        self._reader.start()
        return self

    def stop(self):
        if self._process is not None:
            processes.stop(self._process)
            self._process = None
        if self._control is not None:
            self._reader.join(5)
            self._control.close()
            self._control = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _write_config(self, control):
        first, last = ports.free_range(16)
        (self.directory / "config").write_text(CONFIG.format(
            ip=self.ip, port=self.port, streams=self._streams(), directory=self.directory, rtp_first=first, rtp_last=last,
            modules=self._module_path(), control=control))
        (self.directory / "accounts").write_text(
            f"<sip:{self.number}@{self.ip};transport={self._transport}>;regint=0;answermode=manual;"
            f"audio_codecs={self._codecs}\n")
        (self.directory / "contacts").write_text("")

    @property
    def tls_port(self):
        """baresip takes the next one."""
        return self.port + 1

    def _streams(self):
        if self._transport != "tls":
            return ""
        return (f"sip_certificate {self._certificate}\nsip_cafile {self._ca}\n"
                "sip_verify_server yes\n")

    @staticmethod
    def _module_path():
        for path in MODULES:
            if pathlib.Path(path, "ctrl_tcp.so").exists():
                return path
        raise PhoneError("baresip's modules are not installed: script/bootstrap demo")

    def _connect(self, port):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                return socket.create_connection(("127.0.0.1", port), 1)
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.05)
        self.stop()
        raise PhoneError(f"{self.name}: the phone did not start: {self.log()[-500:]}")

    def log(self):
        return (self.directory / "log").read_text(errors="replace")

    # ---- doing

    def dial(self, number, server):
        """Dials `number` at "ip:port"."""
        self._leave_the_second()
        with self._changed:
            self.calls.append(Call("outgoing", dialled=number))
        # The account's transport is added by the phone.
        self._command("dial", f"sip:{number}@{server}")
        return self.calls[-1]

    def accept(self):
        self._leave_the_second()
        self._command("accept")

    def _leave_the_second(self):
        """The phone names recordings by the second: a call that began in that of the one before
        would write over its recording."""
        while int(time.time()) <= self._last_second:
            time.sleep(0.02)

    def hangup(self):
        self._command("hangup")

    def hold(self):
        self._command("hold")

    def resume(self):
        self._command("resume")

    def press(self, key):
        """One key of the telephone, sent as an RTP event (RFC 4733)."""
        self._command("sndcode", key)

    def keys_heard(self):
        return "".join(event.get("param", "") for event in self.events
                       if event["type"] == "CALL_DTMF_START")

    def _command(self, name, params=""):
        body = json.dumps({"command": name, "params": params, "token": name}).encode()
        self._control.sendall(b"%d:%s," % (len(body), body))

    # ---- watching

    def wait(self, what, condition, timeout_s=10.0):
        """Waits until condition(self) holds; False, and a note in the events, when it does not."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not condition(self):
                left = deadline - time.monotonic()
                if left <= 0:
                    self.events.append({"type": "NOT_SEEN", "param": what})
                    return False
                self._changed.wait(left)
        return True

    def wait_incoming(self, calls_before, timeout_s=10.0):
        """The call that rings here after `calls_before` earlier ones; None when none does."""
        if self.wait("an incoming call", lambda p: len(p.calls) > calls_before, timeout_s):
            return self.calls[calls_before]
        return None

    def wait_established(self, call, timeout_s=10.0):
        self.wait("the answer", lambda _: call.established or call.closed, timeout_s)
        return call.established

    def wait_closed(self, call, timeout_s=10.0):
        return self.wait("the end", lambda _: call.closed, timeout_s)

    def _read_events(self):
        data = b""
        while True:
            try:
                chunk = self._control.recv(65536)
            except socket.timeout:
                continue
            except OSError:
                return
            if not chunk:
                return
            data += chunk
            while b":" in data:
                length, rest = data.split(b":", 1)
                size = int(length)
                if len(rest) < size + 1:
                    break
                data = rest[size + 1:]
                event = json.loads(rest[:size].decode(errors="replace"))
                if event.get("event"):
                    self._on_event(event)

    def _on_event(self, event):
        with self._changed:
            self.events.append(event)
            self._apply(event)
            self._changed.notify_all()

    def _apply(self, event):
        kind, param = event["type"], event.get("param", "")
        if kind == "CALL_INCOMING":
            self.calls.append(Call("incoming", call_id=event.get("id", ""), uri=event["peeruri"],
                                   shown=user_of(event["peeruri"]), rang=True))
            return
        if not self.calls or kind in ("REGISTER_OK", "REGISTER_FAIL"):
            return
        call = self.calls[-1]
        if event.get("direction") == "outgoing":
            call.uri = event["peeruri"]
            call.call_id = event.get("id", call.call_id)
        if kind == "CALL_RINGING":
            call.rang = True
        elif kind == "CALL_PROGRESS":
            call.early = True
        elif kind == "CALL_ESTABLISHED":
            call.established, call.established_at = True, time.monotonic()
        elif kind == "CALL_CLOSED":
            call.closed, call.reason = True, param
            call.closed_at = time.monotonic()
            self._last_second = int(time.time())
            call.recording = self._recording()

    def _recording(self):
        """The newest file of decoded sound that no earlier call has."""
        taken = {call.recording for call in self.calls}
        fresh = [path for path in self.directory.glob("dump-*-dec.wav") if path not in taken]
        return max(fresh, key=lambda path: path.stat().st_mtime, default=None)

    # ---- the phone's own SIP trace

    def trace(self):
        """Every SIP message as (source, destination, text), from the phone's log."""
        found = re.findall(
            r"^\x1b\[36;1m#\nUDP (\S+) -> (\S+)\n(.*?)\x1b\[;m", self.log(), re.M | re.S)
        return [(source, target, text) for source, target, text in found]

    def messages(self, call):
        """The trace of one call: ("in" or "out", first line, text) each."""
        own = f"{self.ip}:{self.port}"
        mark = re.compile(rf"^(Call-ID|i):\s*{re.escape(call.call_id)}\s*$", re.M | re.I)
        return [("out" if source == own else "in", text.split("\n", 1)[0].strip(), text)
                for source, _, text in self.trace() if call.call_id and mark.search(text)]

    def answers(self, call):
        """The statuses that the far end sent to our INVITE, in order, without repetitions."""
        statuses = []
        for way, first, text in self.messages(call):
            status = re.match(r"SIP/2\.0 (\d{3}) ", first)
            invite = re.search(r"^CSeq:\s*\d+ INVITE", text, re.M | re.I)
            if way == "in" and status and invite and int(status[1]) not in statuses[-1:]:
                statuses.append(int(status[1]))
        return statuses

    def ended_by(self, call):
        """"here", "there" or "" by whoever sent the BYE or CANCEL."""
        for way, first, _ in self.messages(call):
            if first.startswith(("BYE ", "CANCEL ")):
                return "here" if way == "out" else "there"
        return ""
