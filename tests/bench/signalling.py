#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""signalling: CPU of a masked call, INVITE to BYE, beside Kamailio with dialog state.

Both run on core 0, the generator (masked_load) on core 1, in turn: ours, peer, ours, peer ...
Ours runs as it comes: sealing, audit record, call records on disk, relay ports taken for both legs.
Kamailio anchors no media and writes nothing. CPU is the run time of all threads of all processes of
the system under test (/proc/PID/task/*/schedstat) over the run, the disk's writing included.
"""

import argparse
import glob
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

import processes  # noqa: E402

CALLER = "127.0.0.21"
CALLEE = "127.0.0.22"


def free_port(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((address, 0))
        return s.getsockname()[1]


def descendants(pid):
    pids = [pid]
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        pids += descendants(int(child))
    return pids


def cpu_ns(pid):
    total = 0
    for p in descendants(pid):
        for path in glob.glob(f"/proc/{p}/task/*/schedstat"):
            try:
                total += int(pathlib.Path(path).read_text().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                pass
    return total


def pinned(core, command, **kwargs):
    return processes.spawn(["taskset", "-c", str(core), *command], **kwargs)


class Kamailio:
    name = "kamailio"

    def __init__(self, work, callee_port):
        self.port = free_port("127.0.0.1")
        text = (HERE / "kamailio.cfg").read_text()
        text = text.replace("listen=LISTEN", f"listen=udp:127.0.0.1:{self.port}")
        text = text.replace("@CALLEE", f"@{CALLEE}:{callee_port}")
        config = work / "kamailio.cfg"
        config.write_text(text)
        self.log = open(work / "kamailio.log", "wb")
        self.process = pinned(0, ["kamailio", "-f", str(config), "-DD", "-E", "-m", "512", "-M", "16",
                                  "-w", str(work), "-Y", str(work)],
                              stdout=self.log, stderr=subprocess.STDOUT)
        time.sleep(2)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        return True


class Maskline:
    name = "maskline"

    def __init__(self, work, callee_port, binary):
        self.data = work / "data"
        self.binary = binary
        self.log = open(work / "maskline.log", "wb")
        more = [word for name, value in self.more_settings().items()
                for word in ("--set", f"{name}={value}")]
        self.process = pinned(0, [binary, "serve", "--no-keeper", "--data", str(self.data), *more,
                                  "--set", "sip_listen=127.0.0.1:0",
                                  "--set", "http_listen=127.0.0.1:0",
                                  "--set", "calls_max=2000", "--set", "same_pair_max=2000",
                                  "--set", "calls_per_s_max=2000",
                                  "--set", "rtp_port_min=20000", "--set", "rtp_port_max=29999"],
                              stdout=self.log, stderr=subprocess.STDOUT)
        log = work / "maskline.log"
        for _ in range(200):
            found = re.search(r"sip 127\.0\.0\.1:(\d+)", log.read_text(errors="replace"))
            if found:
                break
            if self.process.poll() is not None:
                sys.exit(log.read_text(errors="replace"))
            time.sleep(0.05)
        self.port = getattr(self, "port", int(found.group(1)))
        self.provision(callee_port)

    def provision(self, callee_port):
        self.cli("trunk", "add", "north", "--source", CALLER, "--peer", f"{CALLER}:9",
                 "--options-every", "0", *self.trunk_options())
        self.cli("trunk", "add", "south", "--source", CALLEE, "--peer", f"{CALLEE}:{callee_port}",
                 "--options-every", "0", *self.trunk_options())
        self.cli("number", "add", "+919000000001", "--trunk", "north")
        self.cli("number", "add", "+919000000051", "--trunk", "south")
        self.cli("session", "create", "--party", "-", "--party", "-", "--dials", "+919000000001",
                 "--dials", "+919000000051", text="+919888800001\n+919888800051\n")

    def more_settings(self):
        return {}

    def trunk_options(self):
        return []

    def cli(self, *words, text=None):
        subprocess.run([self.binary, *words, "--data", str(self.data)], input=text, text=True,
                       check=True, stdout=subprocess.DEVNULL)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.log.close()
        return self.process.returncode == 0

    def records(self):
        database = self.data / "maskline.db"
        out = subprocess.run(["sqlite3", str(database), "SELECT count(*) FROM cdr"],
                             capture_output=True, text=True, check=True)
        return int(out.stdout)


def generate(binary, port, callee_port, rate, seconds, more=()):
    out = subprocess.run(["taskset", "-c", "1", binary, "--target", f"127.0.0.1:{port}",
                          "--caller", f"{CALLER}:{free_port(CALLER)}",
                          "--callee", f"{CALLEE}:{callee_port}",
                          "--rate", str(rate), "--seconds", str(seconds), *more],
                         capture_output=True, text=True)
    if not out.stdout:
        sys.exit(f"signalling: the generator failed: {out.stderr}")
    return dict(read_line(out.stdout, "total"), **read_line(out.stdout, "delay ring"))


def read_line(text, name):
    """The key=value pairs of the line that begins like this."""
    words = next(line[len(name):] for line in text.splitlines() if line.startswith(name + " "))
    return {k: float(v) for k, v in (pair.split("=") for pair in words.split())}


def one_run(make, generator, rate, seconds):
    with tempfile.TemporaryDirectory(prefix="maskline-bench-") as folder:
        callee_port = free_port(CALLEE)
        system = make(pathlib.Path(folder), callee_port)
        try:
            generate(generator, system.port, callee_port, min(rate, 200), 1)
            before = cpu_ns(system.process.pid)
            seen = generate(generator, system.port, callee_port, rate, seconds)
            after = cpu_ns(system.process.pid)
        finally:
            clean = system.stop()
        calls = int(seen["started"])
        bad = int(seen["failed"] + seen["leaks"] + seen["stuck"])
        if isinstance(system, Maskline):
            bad += int(seen["wrong"])   # the peer leaves the number dialled where we do not
        print(f"  {system.name}: {(after - before) / 1e3 / calls:.1f} us of CPU a call, {calls} calls,"
              f" {bad} failed or wrong, {int(seen['resent'])} sent again,"
              f" ringing after p50 {seen['p50_us']:.0f} us p99 {seen['p99_us']:.0f} us",
              flush=True)
        if not clean:
            sys.exit(f"signalling: {system.name} did not end cleanly")
        if isinstance(system, Maskline):
            want = 2 * (calls + min(rate, 200))
            if bad == 0 and system.records() != want:
                sys.exit(f"signalling: {system.records()} call records on disk, {want} expected")
        return (after - before) / 1e3 / calls, bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build-bench", help="folder of the release build")
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    if not shutil.which("kamailio"):
        sys.exit("signalling: kamailio is missing; run script/bootstrap bench")

    build = pathlib.Path(options.build).resolve()
    binary = str(build / "src/app/maskline")
    generator = str(build / "tests/load/masked_load")
    ours, peers, ratios = [], [], []
    for turn in range(options.runs):
        print(f"signalling: round {turn + 1} of {options.runs}, {options.rate} calls/s for "
              f"{options.seconds} s each", flush=True)
        a, bad = one_run(lambda w, p: Maskline(w, p, binary), generator, options.rate,
                         options.seconds)
        b, bad_peer = one_run(Kamailio, generator, options.rate, options.seconds)
        if bad:
            sys.exit("signalling: calls of ours failed; the figure would mean nothing")
        if bad_peer:
            print("  (calls of the peer failed)")
        ours.append(a)
        peers.append(b)
        ratios.append(a / b)
    print(f"bench signalling ours={statistics.median(ours):.1f}us "
          f"peer=kamailio-dialog:{statistics.median(peers):.1f}us "
          f"ratio={statistics.median(ratios):.2f} min={min(ratios):.2f} max={max(ratios):.2f} "
          f"runs={len(ratios)}")


if __name__ == "__main__":
    os.environ["PATH"] += ":/usr/sbin"
    main()
