# SPDX-License-Identifier: Apache-2.0
"""The soak notices what calls leave behind; on a build that does so on purpose."""
import unittest

from fault_builds import build
from test_soak import soak


class SoakLeftovers(unittest.TestCase):
    def test_ports_records_and_memory_that_are_left_behind_are_noticed(self):
        done = soak("--calls", 400, "--rate", 100, program=build("leave-behind"))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        for named in (r"wrong: rtp_ports_free was \d+ and is \d+",
                      r"wrong: media_legs was 0 and is [1-9]",
                      r"wrong: [\d.]+ MB more are allocated than at the beginning",
                      r"wrong: \d+ calls have 1 call records, \d+ were made",
                      r"wrong: the log: .*this build has a fault built in on purpose"):
            with self.subTest(named=named):
                self.assertRegex(done.stdout, named)


if __name__ == "__main__":
    unittest.main()
