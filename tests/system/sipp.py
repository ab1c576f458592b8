# SPDX-License-Identifier: Apache-2.0
"""SIPp as the carrier's side of a trunk: one scenario, one call or many, and the messages it saw."""
import dataclasses
import pathlib
import re
import subprocess

import ports
import processes

SCENARIOS = pathlib.Path(__file__).resolve().parent / "sipp"
_HEADING = re.compile(
    r"^-{20,} .*\n(?:UDP )?message (sent|received) .*\n\n([\s\S]*?)(?=^-{20,} |\Z)", re.M)


@dataclasses.dataclass
class Message:
    way: str        # "sent" or "received"
    text: str

    @property
    def first_line(self):
        return self.text.split("\n", 1)[0].strip()

    @property
    def status(self):
        """Of an answer; 0 for a request."""
        match = re.match(r"SIP/2\.0 (\d{3})", self.first_line)
        return int(match[1]) if match else 0

    @property
    def method(self):
        """Of a request, or of what an answer answers."""
        match = re.search(r"^CSeq:\s*\d+\s+(\w+)", self.text, re.M | re.I)
        return match[1] if match else ""

    def header(self, name):
        """Its first value, or None."""
        match = re.search(rf"^{name}\s*:\s*(.*?)\s*$", self.text, re.M | re.I)
        return match[1] if match else None


class Sipp:
    """Starts a scenario of sipp/; wait() gives whether its calls went as the scenario says."""

    def __init__(self, scenario, ip, directory, remote=None, caller="", dialled="", port=None,
                 pause_ms=500, timeout_s=40, calls=1, audio=None):
        """`audio`: where somebody else hears and speaks for it, ip and port."""
        self.ip = ip
        is_ip6 = ":" in ip
        self.port = port or ports.free_port("127.0.0.1" if is_ip6 else ip,
                                            (ports.socket.SOCK_DGRAM,))
        self.name = scenario
        self.directory = pathlib.Path(directory) / f"sipp-{scenario}-{self.port}"
        self.directory.mkdir(parents=True)
        media, _ = ports.free_range(4)
        file = self._with_audio(SCENARIOS / f"{scenario}.xml", audio)
        args = ["sipp", "-sf", file, "-i", ip, "-p", self.port,
                "-m", calls, "-l", calls, "-r", 40,
                "-mi", ip if is_ip6 else "127.0.0.1", "-mp", media, "-nostdin", "-d", pause_ms,
                "-key", "caller", caller or "anonymous", "-s", dialled or "none",
                "-timeout", f"{timeout_s}s", "-timeout_error",
                "-trace_msg", "-message_file", self.directory / "messages",
                "-trace_err", "-error_file", self.directory / "errors"]
        if remote:
            args.append(remote)
        with open(self.directory / "screen", "wb") as screen:
            self._process = processes.spawn(args, stdout=screen, stderr=screen,
                                            cwd=self.directory)

    def _with_audio(self, file, audio):
        if not audio:
            return file
        ip, port = audio
        text = file.read_text()
        for word, value in (("[media_ip_type]", "6" if ":" in ip else "4"), ("[media_ip]", ip),
                            ("[media_port]", str(port))):
            text = text.replace(word, value)
        copy = self.directory / file.name
        copy.write_text(text)
        return copy

    def wait(self, timeout_s=60):
        """True when the scenario ran to its end; otherwise see problem()."""
        try:
            return self._process.wait(timeout_s) == 0
        except subprocess.TimeoutExpired:
            return False

    def stop(self):
        processes.stop(self._process)

    def _read(self, name):
        path = self.directory / name
        return path.read_text(errors="replace") if path.exists() else ""

    def problem(self):
        """What SIPp did not expect, for the message of a failed test."""
        return f"{self.name}: {self._read('errors') or self._read('screen')[-1500:]}"

    def messages(self):
        return [Message(way, text) for way, text in _HEADING.findall(self._read("messages"))]

    def received(self):
        return [message for message in self.messages() if message.way == "received"]

    def statuses(self, method="INVITE"):
        """The statuses received for a method, in order, without repetitions."""
        statuses = []
        for message in self.received():
            if message.status and message.method == method and message.status not in statuses[-1:]:
                statuses.append(message.status)
        return statuses

    def requests(self):
        """The methods of the requests received, in order, without repetitions."""
        methods = []
        for message in self.received():
            if not message.status and message.method not in methods[-1:]:
                methods.append(message.method)
        return methods
