# SPDX-License-Identifier: Apache-2.0
"""The demo notices: a sound build passes, and each build that is wrong on purpose fails by name."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

import harness
from fault_builds import build

# The fault, and what the demo must name. The numbers are swapped: the callee sees what the caller
# dialled. One direction is mute: somebody hears silence. The real number is shown: the callee sees
# the caller's own.
FAULTS = {
    "swap-numbers": r"call 1: customer: number shown: promised \+919000000002; "
                    r"it was \+919000000001",
    "mute-direction": r"call [12]: (agent|customer): audio heard: promised the \d+ Hz tone .*",
    "show-real-number": r"call 1: customer: number shown: promised \+919000000002; "
                        r"it was \+919888800001",
}


class Demo(unittest.TestCase):
    def demo(self, *options, temp=None):
        env = dict(os.environ, TMPDIR=temp) if temp else None
        return subprocess.run(["script/demo", *map(str, options)], cwd=harness.ROOT, text=True,
                              env=env, capture_output=True, stdin=subprocess.DEVNULL,
                              check=False, timeout=300)

    def test_a_sound_build_passes_and_leaves_nothing_behind(self):
        with tempfile.TemporaryDirectory(prefix="maskline-test-") as temp:
            done = self.demo("--binary", harness.binary(), temp=temp)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(list(pathlib.Path(temp).iterdir()), [])
        self.assertEqual(done.stdout.count("number dialled"), 4)
        self.assertIn("What next", done.stdout)

    def test_an_interrupted_demo_leaves_nothing_behind(self):
        with tempfile.TemporaryDirectory(prefix="maskline-test-") as temp:
            demo = subprocess.Popen(
                ["script/demo", "--binary", str(harness.binary())], cwd=harness.ROOT, text=True,
                env=dict(os.environ, TMPDIR=temp), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
            self.addCleanup(demo.stdout.close)
            for line in demo.stdout:
                if "call 1:" in line:
                    break
            os.killpg(demo.pid, signal.SIGINT)
            demo.stdout.read()
            self.assertEqual(demo.wait(30), 130)
            self.assertEqual(list(pathlib.Path(temp).iterdir()), [])
            self.assertEqual(self.processes_with(temp), [])

    @staticmethod
    def processes_with(word):
        """The command lines of running processes that hold this word."""
        lines = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                pass
        return [line for line in lines if word in line]

    def test_each_fault_is_noticed_and_named(self):
        for fault, named in FAULTS.items():
            with self.subTest(fault=fault):
                program = build(fault)
                done = self.demo("--quiet", "--binary", program)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertRegex(done.stdout, named)
                self.assertNotRegex(done.stdout, r"call 3|maskline failed")

    def test_the_canary_notices_a_real_number_that_is_shown(self):
        env = dict(os.environ, MASKLINE=str(build("show-real-number")))
        done = subprocess.run([sys.executable, "tests/system/run.py",
                               "Canary.test_a_plain_call_connects_and_leaks_nothing"],
                              cwd=harness.ROOT, env=env, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, check=False)
        self.assertIn("0 passed, 1 failed", done.stdout)
        self.assertRegex(done.stdout, r"INVITE sip:.*\+919888800013.*digits")

    def test_a_build_with_a_fault_says_so(self):
        for fault in FAULTS:
            said = subprocess.run([str(build(fault)), "--version"], capture_output=True,
                                  text=True, check=True, stdin=subprocess.DEVNULL)
            self.assertTrue(re.search(fault, said.stdout + said.stderr), fault)


if __name__ == "__main__":
    unittest.main()
