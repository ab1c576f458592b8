# SPDX-License-Identifier: Apache-2.0
"""A running Maskline on ports of its own, with what a masked call needs provisioned.

Two trunks, as two carriers would be: "north" owns M1 and its carrier's side is 127.0.0.11 (the
agent's telephone, and any stranger's), "south" owns M2 and its carrier's side is 127.0.0.12 (the
customer's). An outgoing leg uses the trunk that owns the number it shows: so a call to M1 rings
the customer through south showing M2, and a call to M2 rings the agent through north showing M1.
"""
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import needles
import ports
import processes
from phones.phone import Phone

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# Invented numbers: masking numbers, parties, and one who is no party.
M1, M2 = "+919000000001", "+919000000002"
AGENT, CUSTOMER, STRANGER = "+919888800001", "+919888800002", "+919888800009"
NORTH_IP, SOUTH_IP = "127.0.0.11", "127.0.0.12"

# What each plays; none is a multiple of another, nor near the ringback's 400.
AGENT_HZ, CUSTOMER_HZ, STRANGER_HZ = 700, 1000, 1330
TONES = (AGENT_HZ, CUSTOMER_HZ, STRANGER_HZ)

START_S = 20    # an ASan build on a busy machine, rendering its announcement
STOP_S = 60


class Refused(Exception):
    """A command or the daemon said no; the text is what it said."""

    def __init__(self, status, text):
        super().__init__(f"exit {status}: {text}")
        self.status = status
        self.text = text


def binary():
    """The program under test."""
    path = os.environ.get("MASKLINE") or ROOT / "build/test/src/app/maskline"
    return pathlib.Path(path).resolve()


def environment():
    """For the program under test: a sanitizer's report must end it and must be noticed."""
    options = {"ASAN_OPTIONS": "abort_on_error=1:detect_leaks=1:disable_coredump=1",
               "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
    return dict(os.environ, **options)


class Maskline:
    """One daemon and its data directory; start it again on the same data with start()."""

    def __init__(self, data=None, program=None, **settings):
        self.program = program or binary()
        self._temp = None if data else tempfile.TemporaryDirectory(prefix="maskline-data-")
        self.data = pathlib.Path(data or self._temp.name, "data")
        self.sip_port = ports.free_port("127.0.0.1", (ports.socket.SOCK_DGRAM,))
        self._rtp_first, last = ports.free_range(100)
        self.settings = {"sip_listen": self.server, "http_listen": "127.0.0.1:0",
                         "rtp_port_min": self._rtp_first, "rtp_port_max": last, "calls_max": 20,
                         "drain_s": 1} | settings
        self.tcp_port, self.tls_port = (ports.free_port("127.0.0.1", (ports.socket.SOCK_STREAM,))
                                        for _ in range(2))
        self.log_path = self.data.parent / "log"
        self.log_path.touch()
        self._process = None

    @property
    def server(self):
        return f"127.0.0.1:{self.sip_port}"

    # ---- life

    def command_line(self):
        sets = [part for name, value in self.settings.items()
                for part in ("--set", f"{name}={value}")]
        return [self.program, "serve", "--data", self.data, *sets]

    def start(self):
        """Starts it and waits until it is ready; Refused when it ends instead."""
        before = self._endpoint_made()
        with open(self.log_path, "ab") as log:
            said = log.tell()
            self._process = processes.spawn(self.command_line(), stdout=log, stderr=log,
                                            env=environment())
        deadline = time.monotonic() + START_S
        while not self._is_ready(before):
            if self._process.poll() is not None:
                status, self._process = self._process.returncode, None
                raise Refused(status, self.log()[said:])
            if time.monotonic() > deadline:
                self.kill()
                raise Refused(None, f"not ready after {START_S} s: {self.log()[said:]}")
            time.sleep(0.05)
        return self

    def _endpoint_made(self):
        """When the file was made that says where the daemon is: it may be an earlier one's."""
        try:
            return (self.data / "endpoint").stat().st_mtime_ns
        except OSError:
            return None

    def _is_ready(self, before):
        made = self._endpoint_made()
        return made is not None and made != before and self.get("/readyz")[0] == 200

    def is_running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        """Of the process that was started, the keeper: signals go there."""
        return self._process.pid

    @property
    def worker_pid(self):
        """Of the process that is the server; it says so in the lock that it holds."""
        return int((self.data / "lock").read_text())

    def crash(self, kill=lambda pid: os.kill(pid, signal.SIGKILL)):
        """kill -9 of the server, or what `kill` does to it; returns when its successor is ready."""
        before, made = self.worker_pid, self._endpoint_made()
        kill(before)
        deadline = time.monotonic() + START_S
        while not self._is_ready(made):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise Refused(self._process.poll(), f"not started again: {self.log()[-3000:]}")
            time.sleep(0.01)
        return self

    def terminate(self):
        self._process.send_signal(signal.SIGTERM)

    def wait(self, timeout_s=STOP_S):
        """The exit status, once it has ended by itself."""
        status = self._process.wait(timeout_s)
        self._process = None
        return status

    def stop(self):
        """SIGTERM and wait; the exit status."""
        self.terminate()
        return self.wait()

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._wait_for_lock()

    def forget(self):
        """It has been waited for by somebody else."""
        self._process.returncode = 0
        self._process = None

    def _wait_for_lock(self):
        """The server dies with its keeper, but a moment later."""
        try:
            with open(self.data / "lock", "rb") as lock:
                deadline = time.monotonic() + STOP_S
                while time.monotonic() < deadline:
                    try:
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        return
                    except BlockingIOError:
                        time.sleep(0.01)
        except FileNotFoundError:
            pass

    def close(self):
        self.kill()
        ports.release(self._rtp_first)
        if self._temp is not None:
            self._temp.cleanup()

    # ---- talking to it

    def log(self):
        return self.log_path.read_text(errors="replace")

    def run(self, *args, stdin="", check=True):
        """Runs the command line and returns what it printed; Refused when it fails."""
        done = subprocess.run([str(self.program), *map(str, args), "--data", str(self.data)],
                              input=stdin, capture_output=True, text=True, timeout=60,
                              env=environment(), check=False)
        if check and done.returncode != 0:
            raise Refused(done.returncode, done.stderr + done.stdout)
        return done.stdout if check else done

    def json(self, *args, stdin=""):
        return json.loads(self.run(*args, "--json", stdin=stdin))

    def get(self, path, with_token=False):
        """Status and body of a GET."""
        try:
            url = (self.data / "endpoint").read_text().strip()
            url = url if url.startswith("http") else f"http://{url}"
            request = urllib.request.Request(url + path)
            if with_token:
                token = (self.data / "api.token").read_text().strip()
                request.add_header("Authorization", f"Bearer {token}")
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    # ---- provisioning

    def add_trunk(self, name, source, peer, *more):
        # Not every peer of a test expects to be asked whether it is there.
        if "--options-every" not in more:
            more += ("--options-every", "0")
        return self.run("trunk", "add", name, "--source", source, "--peer", peer,
                        "--country", "91", "--international", "00", "--national", "0",
                        "--digits", "10", *more)

    def add_number(self, number, trunk):
        return self.run("number", "add", number, "--trunk", trunk)

    def create_session(self, parties=(AGENT, CUSTOMER), numbers=(M1, M2), expires="2h"):
        """Returns its id. The parties' real numbers go in on standard input."""
        args = ["session", "create"]
        for _ in parties:
            args += ["--party", "-"]
        for number in numbers:
            args += ["--dials", number]
        made = self.json(*args, "--expires", expires,
                         stdin="".join(party + "\n" for party in parties))
        return made["id"]

    def end_session(self, session):
        return self.run("session", "end", session)

    def provision(self, north_port, south_port):
        """Both trunks, both numbers and a session; returns the session's id."""
        self.add_trunk("north", f"{NORTH_IP}/32", f"{NORTH_IP}:{north_port}")
        self.add_trunk("south", f"{SOUTH_IP}/32", f"{SOUTH_IP}:{south_port}")
        self.add_number(M1, "north")
        self.add_number(M2, "south")
        return self.create_session()

    def calls(self):
        """The call records, oldest first."""
        listed = self.json("call", "list")
        return listed["calls"] if isinstance(listed, dict) else listed

    def wait_for_calls(self, count, timeout_s=15):
        """A record is written when its leg has ended: waits until `count` calls are listed."""
        deadline = time.monotonic() + timeout_s
        while True:
            calls = self.calls()
            if len(calls) >= count or time.monotonic() > deadline:
                return calls
            time.sleep(0.1)

    def files(self):
        """Every file of the data directory with its content."""
        return {path: path.read_bytes() for path in sorted(self.data.rglob("*"))
                if path.is_file()}


class Case(unittest.TestCase):
    """A daemon per test, phones on demand; at the end its log must hold none of the numbers."""

    settings = {}
    private = (AGENT, CUSTOMER, STRANGER)

    def setUp(self):
        self.temp = pathlib.Path(tempfile.mkdtemp(prefix="maskline-test-"))
        self.addCleanup(shutil.rmtree, self.temp, ignore_errors=True)
        self.maskline = Maskline(self.temp, **self.settings)
        self.addCleanup(self.maskline.close)
        self.addCleanup(self._tell)

    def _tell(self):
        """Shows the daemon's log when the test has failed."""
        outcome = getattr(self, "_outcome", None)
        problems = getattr(getattr(outcome, "result", None), "is_failing", lambda _: False)
        if problems(self):
            print(f"---- the daemon's log in {self.id()}:\n{self.maskline.log()[-6000:]}----")

    def phone(self, name, number, ip, hertz, **options):
        phone = Phone(name, number, ip, hertz, self.temp / f"phone-{name}", **options).start()
        self.addCleanup(phone.stop)
        return phone

    def agent(self):
        return self.phone("agent", AGENT, NORTH_IP, AGENT_HZ)

    def customer(self):
        return self.phone("customer", CUSTOMER, SOUTH_IP, CUSTOMER_HZ)

    def stranger(self):
        return self.phone("stranger", STRANGER, NORTH_IP, STRANGER_HZ)

    def finish(self):
        """Ends the daemon as an operator would, and looks at what it leaves."""
        self.assertEqual(self.maskline.stop(), 0, self.maskline.log()[-3000:])
        self.assert_log_is_clean()

    def assert_log_is_clean(self):
        log = self.maskline.log()
        self.assertNotIn("Sanitizer", log)
        self.assertNotIn("runtime error", log)
        for number in self.private:
            self.assertEqual(needles.find(needles.number_searchers(number), log.encode()), [])
