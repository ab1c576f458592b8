# SPDX-License-Identifier: Apache-2.0
"""The daemon under soak: its process, its REST API, its metrics, and every line of its log."""
import http.client
import json
import os
import pathlib
import re
import signal
import sqlite3
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/system"), str(ROOT / "tests/load")]

import transport_setup  # noqa: E402
import harness  # noqa: E402
import ports  # noqa: E402
import processes  # noqa: E402

NORTH_IP, SOUTH_IP = "127.0.0.21", "127.0.0.22"

# Of a party, in whatever writing: none of them may be in the log.
PARTY = re.compile(r"98888\D?000\D?\d\d")
WORSE_THAN_INFO = re.compile(r" (warn|error) ")
KEPT_LINES = 400


class Log(threading.Thread):
    """Reads the daemon's log as it is written and keeps what is worse than news."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream = stream
        self.lines = 0
        self.warnings = []
        self.leaks = 0
        self.tail = []
        self.start()

    def run(self):
        for raw in self.stream:
            line = raw.decode(errors="replace").rstrip()
            self.lines += 1
            self.tail = (self.tail + [line])[-50:]
            if PARTY.search(line):
                self.leaks += 1
            if WORSE_THAN_INFO.search(line) or "Sanitizer" in line or "runtime error" in line:
                self.warnings = (self.warnings + [line])[:KEPT_LINES]


class RestError(Exception):
    """The API said no."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status


class Daemon:
    """`maskline serve` in its default configuration but for `settings`."""

    def __init__(self, program, work, settings, transport="udp"):
        self.program = program
        self.data = work / "data"
        self.sip_port = ports.free_port("127.0.0.1")
        self.http_port = ports.free_port("127.0.0.1")
        self._rtp_first, rtp_last = ports.free_range(2200)
        self.addresses = {"sip_listen": f"127.0.0.1:{self.sip_port}",
                          "http_listen": f"127.0.0.1:{self.http_port}",
                          "rtp_port_min": self._rtp_first, "rtp_port_max": rtp_last}
        self.settings = settings
        if transport != "udp":
            self.sip_port = ports.free_port("127.0.0.1")
            if transport == "tls":
                transport_setup.make(work, [NORTH_IP, SOUTH_IP])
            self.addresses |= transport_setup.settings(transport, self.sip_port, work)
        self.process = None
        self.log = None
        self.kills = 0
        self._connection = None

    # ---- life

    def start(self):
        sets = [part for name, value in (self.addresses | self.settings).items()
                for part in ("--set", f"{name}={value}")]
        # A session of its own: the terminal's Ctrl-C is for the soak to deal with.
        self.process = processes.spawn([self.program, "serve", "--data", self.data, *sets],
                                       stderr=processes.subprocess.PIPE,
                                       stdout=processes.subprocess.DEVNULL,
                                       env=harness.environment(), start_new_session=True)
        self.log = Log(self.process.stderr)
        deadline = time.monotonic() + harness.START_S
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("soak: the daemon does not start:\n" + "\n".join(self.log.tail))
            time.sleep(0.05)
        self.token = (self.data / "api.token").read_text().strip()
        return self

    def is_ready(self):
        try:
            return self.ask("GET", "/readyz", token=False)[0] == 200
        except OSError:
            return False

    def is_running(self):
        return self.process.poll() is None

    def worker_pid(self):
        return int((self.data / "lock").read_text())

    def kill_worker(self):
        """kill -9 of the server; the keeper starts another one."""
        os.kill(self.worker_pid(), signal.SIGKILL)
        self.kills += 1

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(120)
        except processes.subprocess.TimeoutExpired:
            self.process.kill()
            status = "none: it had to be killed"
        self.log.join(10)
        return status

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        ports.release(self._rtp_first)

    # ---- the API

    def ask(self, method, path, body=None, token=True):
        """Status and body; the connection is kept."""
        headers = {"Authorization": f"Bearer {self.token}"} if token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=300)
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read().decode()
        except (http.client.HTTPException, OSError) as error:
            self._connection.close()
            self._connection = None
            raise ConnectionError(str(error)) from error

    def rest(self, method, path, body=None):
        """The answer as JSON. Asks again while the server is being started again."""
        for _ in range(200):
            try:
                status, text = self.ask(method, path, body)
            except ConnectionError:
                if not self.is_running():
                    raise
                time.sleep(0.05)
                continue
            if status == 503:
                time.sleep(0.2)
                continue
            if status >= 300:
                raise RestError(status, text)
            return json.loads(text) if text else {}
        raise RestError(0, f"{method} {path}: no answer")

    def metrics(self):
        status, text = self.ask("GET", "/metrics")
        if status != 200:
            raise RestError(status, text)
        return {name.removeprefix("maskline_"): int(value) for name, value in
                (line.split() for line in text.splitlines() if not line.startswith("#"))}

    def metrics_when_there(self):
        for _ in range(400):
            try:
                return self.metrics()
            except ConnectionError:
                time.sleep(0.05)
        raise SystemExit("soak: the daemon does not answer:\n" + "\n".join(self.log.tail))

    # ---- what it takes

    def resident_bytes(self):
        """Of the server, while it runs; 0: it does not just now."""
        try:
            status = pathlib.Path(f"/proc/{self.worker_pid()}/status").read_text()
            return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024
        except (OSError, AttributeError, ValueError):
            return 0

    def database_bytes(self):
        """Of what is in it, wherever on disk that is just now."""
        with sqlite3.connect(f"file:{self.data}/maskline.db?mode=ro", uri=True) as database:
            pages, = database.execute("PRAGMA page_count").fetchone()
            size, = database.execute("PRAGMA page_size").fetchone()
        return pages * size
