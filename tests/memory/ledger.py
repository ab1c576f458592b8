#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Refuses one piece of memory after another, and goes on where the run before has ended.

ledger.py --build DIR --commit ID SECONDS [WORD]...   all programs, or those whose name has a WORD

Each program of the suites `unit` and `memory` has a line in docs/reference/memory-ledger.tsv: how many
of its takes have been refused, one after the other from the first one, of how many; how often all
have; and what was wrong. Who has had the least time is next, and those first that have never been
through. README.md in this folder says what is asked of a test.
"""
import argparse
import csv
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LEDGER = ROOT / "docs/reference/memory-ledger.tsv"
FIELDS = ("program", "refused", "of", "rounds", "seconds", "problems", "commit", "date")
SLICE_S = 30
PATIENCE_S = 900    # with one test; a machine may have other things to do
REFUSED = re.compile(r"^memory: refused (\d+) to (\d+) of (\d+)$", re.M)
PROBLEMS = re.compile(r" (\d+) problems, seed ")


def read_ledger():
    if not LEDGER.exists():
        return {}
    with open(LEDGER, newline="") as file:
        rows = {row["program"]: row for row in csv.DictReader(file, delimiter="\t")}
    for row in rows.values():
        for field in ("refused", "of", "rounds", "seconds", "problems"):
            row[field] = int(row[field])
    return rows


def write_ledger(rows):
    fresh = LEDGER.with_suffix(".new")
    with open(fresh, "w", newline="") as file:
        out = csv.DictWriter(file, FIELDS, delimiter="\t", lineterminator="\n")
        out.writeheader()
        out.writerows(rows[name] for name in sorted(rows))
    fresh.replace(LEDGER)


def programs(build, words):
    """The ordinary tests by their names, as meson runs them."""
    told = subprocess.run(["meson", "introspect", build, "--tests"], capture_output=True, text=True,
                          check=True)
    suites = {"unit", "memory"}
    return {test["name"]: test for test in json.loads(told.stdout)
            if suites & {suite.split(":")[-1] for suite in test["suite"]}
            and not any(suite.endswith("whole") for suite in test["suite"])
            and not test["name"].startswith("memory-planted")
            and (not words or any(word in test["name"] for word in words))}


def run(build, test, first, seconds):
    """Refuses take after take from `first` on: the output of the program."""
    with tempfile.TemporaryDirectory(prefix="maskline-") as scratch:
        env = os.environ | test["env"] | {
            "LD_PRELOAD": str((build / "tests/memory/memory.so").resolve()),
            "ASAN_OPTIONS": "verify_asan_link_order=0", "MEMORY_FROM": str(first),
            "MEMORY_SECONDS": str(seconds), "MEMORY_PATIENCE": str(PATIENCE_S), "TMPDIR": scratch}
        done = subprocess.run(test["cmd"], env=env, cwd=test["workdir"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.stdout.decode(errors="replace")


def note(row, output, spent_s, commit):
    """What a run has told, into its line; False: it has told nothing, or of a problem."""
    row["seconds"] += round(spent_s)
    row["commit"], row["date"] = commit, datetime.date.today().isoformat()
    told, problems = REFUSED.search(output), PROBLEMS.search(output)
    if not told or not problems:
        row["problems"] += 1
        return False
    first, last, row["of"] = map(int, told.groups())
    row["refused"] = max(first - 1, last)
    row["problems"] += int(problems[1])
    if row["refused"] >= row["of"]:
        row["rounds"] += 1
    return int(problems[1]) == 0


def begin_at(row):
    """The one behind the last; the first one when all have been, or there are fewer by now."""
    return 1 if row["refused"] >= row["of"] else row["refused"] + 1


def covered(rows):
    """Of all takes, how many have ever been refused."""
    return (sum(row["of"] if row["rounds"] else row["refused"] for row in rows),
            sum(row["of"] for row in rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--commit", default="")
    parser.add_argument("seconds", type=int)
    parser.add_argument("words", nargs="*")
    args = parser.parse_args()
    tests, rows = programs(args.build, args.words), read_ledger()
    for name in tests:
        rows.setdefault(name, dict.fromkeys(FIELDS, 0) | {"program": name})
    is_good, until = bool(tests), time.monotonic() + args.seconds
    while tests and time.monotonic() < until:
        row = min((rows[name] for name in tests), key=lambda row: (row["rounds"], row["seconds"]))
        begun = time.monotonic()
        output = run(args.build, tests[row["program"]], begin_at(row), SLICE_S)
        is_fine = note(row, output, time.monotonic() - begun, args.commit)
        write_ledger(rows)
        print(f"{row['program']}: {row['refused']} of {row['of']}, {row['rounds']} times all",
              flush=True)
        if not is_fine:
            is_good = False
            print(output, flush=True)
    done, of = covered([rows[name] for name in tests])
    print(f"memory: {done} of {of} takes of {len(tests)} programs have been refused once "
          f"({100 * done // max(of, 1)} %)")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
