# SPDX-License-Identifier: Apache-2.0
"""Kamailio as a carrier's edge, started for one test: it asks for a user name and a password."""
import pathlib
import shutil
import socket
import time

import ports
import processes

HERE = pathlib.Path(__file__).resolve().parent
START_S = 20

USERNAME, PASSWORD, REALM = "acme-trunk", "correct-horse-battery", "carrier.example"


def is_installed():
    return shutil.which("kamailio") is not None


class Edge:
    """Listens on `ip`; calls go on to the telephone's port on the same address."""

    def __init__(self, ip, phone_port, directory, algorithm="MD5", min_expires=60, nonce_s=300,
                 transport="udp", certificate=None, min_se=None):
        """`certificate`: for tls, the files of certificate and key. `min_se`: it takes part in
        session timers."""
        self.ip = ip
        self.port = ports.free_port(ip, (socket.SOCK_DGRAM, socket.SOCK_STREAM))
        self._directory = pathlib.Path(directory)
        self._directory.mkdir(parents=True)
        self._log_path = self._directory / "log"
        self._process = None
        self._values = {"EDGE": f"{ip}:{self.port}", "EDGE_HOST": ip, "PHONE": f"{ip}:{phone_port}",
                        "ALGORITHM": algorithm, "MIN_EXPIRES": min_expires, "NONCE_S": nonce_s,
                        "DEFINES": "" if min_se is None else "#!define WITH_MIN_SE",
                        "MIN_SE": min_se or 90,
                        "STREAMS": self._streams(transport, certificate),
                        "USERNAME": USERNAME, "PASSWORD": PASSWORD, "REALM": REALM}

    def _streams(self, transport, certificate):
        if transport == "udp":
            return "disable_tcp=yes"
        lines = [f"listen={transport}:{self.ip}:{self.port}", "tcp_children=2"]
        if transport == "tls":
            lines += ["enable_tls=yes", 'loadmodule "tls.so"',
                      'modparam("tls", "tls_method", "TLSv1.2+")',
                      f'modparam("tls", "certificate", "{certificate[0]}")',
                      f'modparam("tls", "private_key", "{certificate[1]}")']
        return "\n".join(lines)

    def start(self):
        text = (HERE / "kamailio" / "edge.cfg").read_text()
        for name, value in self._values.items():
            text = text.replace(f"@{name}@", str(value))
        config = self._directory / "edge.cfg"
        config.write_text(text)
        with open(self._log_path, "wb") as log:
            self._process = processes.spawn(
                ["kamailio", "-f", config, "-DD", "-E", "-m", "64", "-M", "8",
                 "-w", self._directory, "-Y", self._directory], stdout=log, stderr=log)
        self._wait_ready()
        return self

    def _wait_ready(self):
        """It answers an OPTIONS, with a refusal, as soon as it routes."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((self.ip, 0))
            probe.settimeout(0.2)
            me = f"{self.ip}:{probe.getsockname()[1]}"
            deadline = time.monotonic() + START_S
            while time.monotonic() < deadline:
                if self._process.poll() is not None:
                    break
                probe.sendto((f"OPTIONS sip:{self.ip} SIP/2.0\r\n"
                              f"Via: SIP/2.0/UDP {me};branch=z9hG4bK{time.monotonic_ns()}\r\n"
                              f"From: <sip:probe@{me}>;tag=1\r\nTo: <sip:{self.ip}>\r\n"
                              "Call-ID: probe\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
                              "Content-Length: 0\r\n\r\n").encode(), (self.ip, self.port))
                try:
                    probe.recv(65535)
                    return
                except OSError:
                    time.sleep(0.1)
        raise AssertionError(f"kamailio did not start: {self.log()[-3000:]}")

    def stop(self):
        if self._process is not None:
            processes.stop(self._process, 20)
            self._process = None

    def log(self):
        return self._log_path.read_text(errors="replace")

    def came(self, method):
        """By which transport and from which address the requests of this method came, in order."""
        lines = [line.partition("came: ")[2].split() for line in self.log().splitlines()
                 if "came: " in line]
        return [(transport, source) for name, transport, source in lines if name == method]

    def said(self):
        """What it challenged and authorized, in order."""
        return [line.partition("edge: ")[2].strip() for line in self.log().splitlines()
                if "edge: " in line]
