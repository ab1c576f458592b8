# SPDX-License-Identifier: Apache-2.0
"""The soak notices a number that is shown; on a build that does so on purpose."""
import unittest

from fault_builds import build
from test_soak import soak


class SoakNumbers(unittest.TestCase):
    def test_a_number_that_is_shown_is_noticed(self):
        done = soak("--calls", 50, "--rate", 50, program=build("show-real-number"))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"wrong: \d+ messages held a party's number of the other side")


if __name__ == "__main__":
    unittest.main()
