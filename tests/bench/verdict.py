#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""verdict: reads what a bench prints, passes it on, and says whether its figures keep their bounds.

verdict.py [--ledger FILE] BENCH < output

Bounds are rows of bounds.tsv. Status 0: all kept, 1: the bench did not print its figures, 3: a bound is
missed. With --ledger each figure becomes a line of that file: day, commit, machine and its load.
"""
import argparse
import datetime
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LINE = re.compile(r"bench (?P<bench>[a-z-]+) ours=(?P<ours>[0-9.]+)(?P<unit>\S*) peer=(?P<peer>\S+) "
                  r"ratio=(?P<ratio>[0-9.]+) min=(?P<min>[0-9.]+) max=(?P<max>[0-9.]+) runs=(?P<runs>\d+)$")
COLUMNS = ("date commit machine bench ours peer ratio min max runs bound verdict").split()
MISSED = 3


def bounds():
    rows = (HERE / "bounds.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return {row.split("\t")[0]: row.split("\t")[1:4] for row in rows}


def judge(line):
    """The bound in words, and "kept" or "missed"; no bound: "-" and "-"."""
    row = bounds().get(line["bench"])
    if row is None:
        return "-", "-"
    figure, relation, bound = row
    value, limit = float(line[figure]), float(bound)
    kept = {"at-most": value <= limit, "at-least": value >= limit}[relation]
    return f"{figure} {relation.replace('-', ' ')} {bound}", "kept" if kept else "missed"


def git(*words):
    return subprocess.run(["git", "-C", HERE, *words], capture_output=True, text=True, check=True).stdout.strip()


def machine():
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def note(path, line, bound, verdict):
    commit = git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--", "src") else "")
    values = {"date": datetime.date.today().isoformat(), "commit": commit, "machine": machine(),
              "bound": bound, "verdict": verdict} | line.groupdict()
    values["ours"] += line["unit"]
    is_new = not path.exists()
    with open(path, "a", encoding="utf-8") as ledger:
        if is_new:
            ledger.write("\t".join(COLUMNS) + "\n")
        ledger.write("\t".join(values[name] for name in COLUMNS) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ledger", type=pathlib.Path)
    parser.add_argument("bench")
    args = parser.parse_args()
    printed, status = set(), 0
    for text in sys.stdin:
        print(text, end="", flush=True)
        line = LINE.match(text.rstrip("\n"))
        if not line:
            continue
        printed.add(line["bench"])
        bound, verdict = judge(line)
        if verdict != "-":
            print(f"bound {line['bench']}: {bound}: {verdict}", flush=True)
        if verdict == "missed":
            status = MISSED
        if args.ledger:
            note(args.ledger, line, bound, verdict)
    expected = {name for name in bounds() if name == args.bench or name.startswith(args.bench + "-")}
    if not printed or expected - printed:
        print(f"{args.bench}: it did not print its figures: {', '.join(sorted(expected - printed)) or 'none'}",
              file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
