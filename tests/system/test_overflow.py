# SPDX-License-Identifier: Apache-2.0
"""A carrier that goes dark while a call is set up, and another one that carries its calls."""
import unittest

from harness import AGENT, M1, M2, NORTH_IP, SOUTH_IP
from sipp import Sipp
from test_calls import SippCase as _SippCase

EAST_IP = "127.0.0.13"
SILENT_MS, GONE_MS = 20000, 0


class Overflow(_SippCase):
    """South owns the number that is shown; east may carry its calls."""

    def setUp(self):
        super().setUp()
        self.east = self.callee("uas_answers", ip=EAST_IP)

    def callee(self, scenario, ip=SOUTH_IP, **options):
        sipp = Sipp(scenario, ip, self.temp, **options)
        self.addCleanup(sipp.stop)
        return sipp

    def provision(self, callee):
        line = self.maskline
        line.add_trunk("north", f"{NORTH_IP}/32", f"{NORTH_IP}:5060")
        line.add_trunk("east", f"{EAST_IP}/32", f"{EAST_IP}:{self.east.port}")
        line.add_trunk("south", f"{SOUTH_IP}/32", f"{SOUTH_IP}:{callee.port}",
                       "--failover-ms", "1000", "--overflow", "east")
        line.add_number(M1, "north")
        line.add_number(M2, "south")
        line.create_session()

    def call_goes_on(self, south, result, status=None):
        self.provision(south)
        caller = self.caller("uac_call")
        self.assert_ran(caller, self.east)
        self.assertEqual(caller.statuses()[-1], 200)
        self.assertEqual(self.east.requests(), ["INVITE", "ACK", "BYE"])
        invite = self.east.received()[0]
        self.assertIn(M2, invite.header("From"))
        self.assertNotIn(AGENT.lstrip("+"), invite.text)
        record = self.assert_record(name="Normal Hangup", source="Caller")
        tried = self.legs_of(record)["b"]["attempts"]
        self.assertEqual([(one["trunk"], one["address"], one["result"], one["status"])
                          for one in tried],
                         [("south", f"{SOUTH_IP}:{south.port}", result, status),
                          ("east", f"{EAST_IP}:{self.east.port}", "it answered", 200)])
        shown = self.maskline.run("call", "show", record["id"])
        self.assertRegex(shown, rf"south +{SOUTH_IP}:{south.port} +{result}")
        self.assertRegex(shown, rf"east +{EAST_IP}:{self.east.port} +it answered +200")

    def test_a_carrier_that_is_silent_is_left_for_another_and_rings_nobody(self):
        south = self.callee("uas_goes_dark", pause_ms=SILENT_MS)
        self.call_goes_on(south, "it did not answer")
        self.assertEqual(south.requests(), ["INVITE"])
        self.finish()

    def test_a_carrier_that_is_gone_after_the_invite_is_left_for_another(self):
        south = self.callee("uas_goes_dark", pause_ms=GONE_MS)
        self.call_goes_on(south, "it did not answer")
        self.assert_ran(south)
        self.finish()

    def test_a_carrier_that_is_in_trouble_is_left_for_another(self):
        south = self.callee("uas_unavailable")
        self.call_goes_on(south, "it answered", 503)
        self.assert_ran(south)
        self.finish()


if __name__ == "__main__":
    unittest.main()
