# SPDX-License-Identifier: Apache-2.0
"""The SIPp scenarios against each other, before Maskline stands between them."""
import pathlib
import tempfile
import unittest

from sipp import Sipp


class Scenarios(unittest.TestCase):
    PAIRS = [("uac_call", "uas_answers", [180, 200], ["INVITE", "ACK", "BYE"]),
             ("uac_prack", "uas_prack", [180, 200], ["INVITE", "PRACK", "ACK", "BYE"]),
             ("uac_waits", "uas_hangs_up", [180, 200], ["INVITE", "ACK"]),
             ("uac_fails", "uas_busy", [486], ["INVITE", "ACK"]),
             ("uac_cancel", "uas_never_answers", [180, 487], ["INVITE", "CANCEL", "ACK"])]

    def test_each_caller_with_its_callee(self):
        with tempfile.TemporaryDirectory(prefix="maskline-test-") as temp:
            for uac, uas, statuses, requests in self.PAIRS:
                with self.subTest(uac=uac, uas=uas):
                    callee = Sipp(uas, "127.0.0.12", temp)
                    self.addCleanup(callee.stop)
                    caller = Sipp(uac, "127.0.0.11", temp, f"127.0.0.12:{callee.port}",
                                  "+919888800001", "+919000000001")
                    self.addCleanup(caller.stop)
                    self.assertTrue(caller.wait(20), caller.problem())
                    self.assertTrue(callee.wait(20), callee.problem())
                    self.assertEqual(caller.statuses(), statuses)
                    self.assertEqual(callee.requests(), requests)

    def test_a_scenario_that_is_not_met_fails(self):
        with tempfile.TemporaryDirectory(prefix="maskline-test-") as temp:
            callee = Sipp("uas_busy", "127.0.0.12", temp)
            self.addCleanup(callee.stop)
            caller = Sipp("uac_call", "127.0.0.11", temp, f"127.0.0.12:{callee.port}",
                          "+919888800001", "+919000000001")
            self.addCleanup(caller.stop)
            self.assertFalse(caller.wait(20))
            self.assertIn("486", caller.problem())


if __name__ == "__main__":
    unittest.main()
