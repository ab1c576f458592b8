# SPDX-License-Identifier: Apache-2.0
"""A short soak of the build under test is clean; the proof that it can fail is in test_soak_*.py."""
import re
import subprocess
import unittest

import harness

CALLS = 2000


def soak(*options, program):
    """Runs script/soak with the load generator that lies beside the program under test."""
    build = harness.binary().parents[2]
    subprocess.run(["ninja", "-C", str(build), "tests/load/masked_load"], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return subprocess.run(["script/soak", "--build", str(build), "--binary", str(program),
                           *map(str, options)], cwd=harness.ROOT, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, check=False, timeout=400)


class Soak(unittest.TestCase):
    def test_a_short_soak_is_clean(self):
        done = soak("--calls", CALLS, "--rate", 100, program=harness.binary())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"soak: clean$")
        said = re.search(r"soak: (\d+) calls in .*; (\d+) messages searched", done.stdout)
        self.assertEqual(int(said.group(1)), CALLS)
        self.assertGreater(int(said.group(2)), 4 * CALLS)


if __name__ == "__main__":
    unittest.main()
