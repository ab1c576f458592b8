#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""creates: sessions created over REST by 64 clients, beside SQLite alone committing the same rows.

In turn, on the same file system: ours, peer, ours, peer ... Ours is a new daemon each time as it
comes, with sealing, audit record and a commit before each answer; its clients are create_clients.c. The
peer takes the rows that ours left on disk, session and audit entry of each create, and commits
them to a database of their own with the same settings, 32 creates at a time, in rows_alone.c. Both
are counted by the clock on the wall.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import signalling

BATCH = 32
NUMBERS = 200


class Maskline(signalling.Maskline):
    """One trunk, and masking numbers enough for every party."""

    def provision(self, _):
        self.cli("trunk", "add", "north", "--source", signalling.CALLER, "--peer",
                 f"{signalling.CALLER}:9", "--options-every", "0")
        rows = "".join(f"+9190000{i:05}\n" for i in range(NUMBERS))
        self.cli("number", "import", "-", "--trunk", "north", text="number\n" + rows)

    @property
    def http_port(self):
        return int((self.data / "endpoint").read_text().split()[0].rsplit(":", 1)[1])


def figures(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if done.returncode:
        sys.exit(f"creates: {done.stderr}")
    return {name: float(value) for name, value in re.findall(r"(\w+)=([0-9.]+)", done.stdout)}


def check_audit(system):
    out = subprocess.run([system.binary, "audit", "verify", "--json", "--data", str(system.data)],
                         capture_output=True, text=True, check=True)
    if not json.loads(out.stdout)["intact"]:
        sys.exit("creates: the audit record is not intact")


def one_run(build, count):
    """Creates a second: ours, and SQLite's alone."""
    with tempfile.TemporaryDirectory(prefix="maskline-bench-") as folder:
        work = pathlib.Path(folder)
        system = Maskline(work, 9, str(build / "src/app/maskline"))
        try:
            with open(system.data / "api.token", encoding="ascii") as token:
                cpu = signalling.cpu_ns(system.process.pid)
                ours = figures([build / "tests/bench/create_clients", str(system.http_port), str(count)],
                               stdin=token)
                cpu = signalling.cpu_ns(system.process.pid) - cpu
            check_audit(system)
        finally:
            clean = system.stop()
        if not clean:
            sys.exit("creates: the end was not clean")
        peer = figures([build / "tests/bench/rows_alone", system.data / "maskline.db", work / "alone.db",
                        str(BATCH)])
    if peer["creates"] != count:
        sys.exit(f"creates: {peer['creates']:.0f} sessions on disk, {count} were acknowledged")
    rates = count / ours["seconds"], count / peer["seconds"]
    print(f"  ours {rates[0]:.0f}/s, {cpu / 1e3 / count:.0f} us of CPU each, answered after p50 "
          f"{ours['p50_us'] / 1e3:.1f} ms p99 {ours['p99_us'] / 1e3:.1f} ms; the clients' CPU "
          f"{ours['cpu_seconds'] / ours['seconds']:.2f} of a core; SQLite alone {rates[1]:.0f}/s, "
          f"{peer['cpu_seconds'] * 1e6 / count:.0f} us of CPU each", flush=True)
    return rates


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build-bench", help="folder of the release build")
    parser.add_argument("--creates", type=int, default=20000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    build = pathlib.Path(options.build).resolve()
    ours, peers = [], []
    for turn in range(options.runs):
        print(f"creates: round {turn + 1} of {options.runs}, {options.creates} creates", flush=True)
        rate, peer = one_run(build, options.creates)
        ours.append(rate)
        peers.append(peer)
    ratios = [a / b for a, b in zip(ours, peers)]
    print(f"bench creates ours={statistics.median(ours):.0f}/s "
          f"peer=sqlite-alone:{statistics.median(peers):.0f}/s "
          f"ratio={statistics.median(ratios):.2f} min={min(ratios):.2f} max={max(ratios):.2f} "
          f"runs={len(ratios)}")


if __name__ == "__main__":
    main()
