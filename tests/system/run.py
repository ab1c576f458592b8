#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the system tests, a few files at a time, and closes with how many passed.

run.py [--build DIR] [--jobs N] [--skip WORD]... [WORD]...   only tests whose name has a WORD

Where CI is set in the environment (script/test sets it) a test that skips itself has failed: what it
needs is missing. MASKLINE_MAY_SKIP has words, and skips whose reason has one of them are fine.
"""
import argparse
import concurrent.futures
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def is_forbidden(reason):
    allowed = os.environ.get("MASKLINE_MAY_SKIP", "").split()
    return bool(os.environ.get("CI")) and not any(word in reason for word in allowed)


class Line(unittest.TextTestResult):
    """One line for each test, with its time; problems in full after it."""

    def __init__(self, *args):
        super().__init__(*args)
        self.missing = set()    # tests that skipped themselves where they may not

    def startTest(self, test):
        super().startTest(test)
        self._start = time.monotonic()

    def is_failing(self, test):
        return any(test is one for one, _ in self.failures + self.errors)

    def _say(self, verdict, test, text=""):
        seconds = time.monotonic() - self._start
        print(f"{verdict:7} {seconds:5.1f} s  {test.id()}", flush=True)
        if text:
            print(text, flush=True)

    def addSuccess(self, test):
        unittest.TestResult.addSuccess(self, test)
        self._say("ok", test)

    def addFailure(self, test, err):
        unittest.TestResult.addFailure(self, test, err)
        self._say("FAILED", test, self.failures[-1][1])

    def addError(self, test, err):
        unittest.TestResult.addError(self, test, err)
        self._start = getattr(self, "_start", time.monotonic())
        self._say("FAILED", test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        unittest.TestResult.addSubTest(self, test, subtest, err)
        if err is not None:
            problems = self.failures if issubclass(err[0], test.failureException) else self.errors
            self._say("FAILED", subtest, problems[-1][1])

    def addSkip(self, test, reason):
        if is_forbidden(reason):
            self._start = getattr(self, "_start", time.monotonic())
            self.missing.add(test.id())
            self._say("FAILED", test, f"        may not be skipped here: {reason}")
            return
        unittest.TestResult.addSkip(self, test, reason)
        self._say("skipped", test, f"        {reason}")


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


def run_module(name, words, skip):
    """In a process of its own: runs one file's tests; the last line has the counts."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.path.insert(0, str(HERE))
    tests = [test for test in flatten(unittest.defaultTestLoader.loadTestsFromName(name))
             if (not words or any(word in test.id() for word in words))
             and not any(word in test.id() for word in skip)]
    result = Line(unittest.runner._WritelnDecorator(sys.stdout), False, 0)
    unittest.TestSuite(tests).run(result)
    failed = {getattr(test, "test_case", test).id()
              for test, _ in result.failures + result.errors} | result.missing
    ran_and_failed = failed & {test.id() for test in tests}
    skipped = len(result.skipped)
    passed = result.testsRun - len(ran_and_failed) - skipped
    print(f"counts {passed} {len(failed)} {skipped}", flush=True)
    return 0


def start_module(name, args):
    command = [sys.executable, str(HERE / "run.py"), "--module", name, *args.words]
    for word in args.skip:
        command += ["--skip", word]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    lines = done.stdout.splitlines()
    if lines and lines[-1].startswith("counts "):
        return lines[:-1], [int(count) for count in lines[-1].split()[1:]]
    return lines + [f"FAILED  {name} ended without its counts"], [0, 1, 0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=4, help="files at a time; they mostly wait")
    parser.add_argument("--skip", action="append", default=[])
    parser.add_argument("--module", help=argparse.SUPPRESS)
    parser.add_argument("words", nargs="*")
    args = parser.parse_args()
    if args.module:
        return run_module(args.module, args.words, args.skip)
    if args.build:
        os.environ["MASKLINE"] = str((args.build / "src/app/maskline").resolve())
    totals = [0, 0, 0]
    modules = sorted(path.stem for path in HERE.glob("test_*.py"))
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        runs = [pool.submit(start_module, name, args) for name in modules]
        for run in concurrent.futures.as_completed(runs):
            lines, counts = run.result()
            if lines:
                print("\n".join(lines), flush=True)
            totals = [total + count for total, count in zip(totals, counts)]
    print(f"system: {totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    return 0 if totals[0] and not totals[1] else 1


if __name__ == "__main__":
    sys.exit(main())
