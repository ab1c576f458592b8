# SPDX-License-Identifier: Apache-2.0
"""Session timers (RFC 4028) with peers that are not ours: SIPp in both roles, Kamailio between."""
import unittest

import edge
from harness import M1, M2, SOUTH_IP
from test_calls import SippCase
from test_edge import EdgeCase


def requests_with(sipp, method):
    return [m for m in sipp.received() if not m.status and m.method == method]


class WithSipp(SippCase):
    def test_an_interval_is_agreed_on_and_refreshed_by_either_peer(self):
        """The caller asks for too little of us, we ask for too little of the callee: 422 both times."""
        callee = self.callee("uas_interval")
        self.provision(callee)
        caller = self.caller("uac_interval", pause_ms=1000)
        self.assert_ran(caller, callee)
        self.assertEqual(caller.statuses(), [422, 100, 180, 200])
        # Each leg is settled on its own: what one refreshes the other never hears of.
        self.assertEqual(callee.requests(), ["INVITE", "ACK", "INVITE", "ACK", "BYE"])
        self.assertEqual(caller.requests(), [])
        self.assertEqual(len({m.header("Call-ID") for m in requests_with(callee, "INVITE")}), 1)
        self.assert_record(name="Normal Hangup", source="Caller")
        self.finish()


class WeRefresh(SippCase):
    def test_both_legs_are_refreshed_in_half_of_their_interval(self):
        """The shortest interval that there may be is 90 s: this takes half of it."""
        callee = self.callee("uas_is_refreshed", timeout_s=70)
        self.provision(callee)
        caller = self.caller("uac_is_refreshed", timeout_s=70)
        self.assertTrue(caller.wait(80), caller.problem())
        self.assert_ran(callee)
        self.assertEqual(callee.requests(), ["INVITE", "ACK", "UPDATE", "BYE"])
        self.assertEqual(caller.requests(), ["INVITE", "ACK"])
        answer = [m for m in caller.received() if m.status == 200 and m.method == "INVITE"][0]
        refresh = requests_with(caller, "INVITE")[0]
        bodies = [m.text.partition("\n\n")[2].strip() for m in (answer, refresh)]
        self.assertIn("m=audio", bodies[0])
        self.assertEqual(bodies[0], bodies[1])
        self.assert_record(name="Normal Hangup", source="Caller")
        self.finish()


@unittest.skipUnless(edge.is_installed(), "kamailio is not installed; run script/bootstrap test")
class WithKamailio(EdgeCase):
    """Between us and telephones that know nothing of timers."""

    def test_an_edge_that_wants_a_longer_interval_gets_it(self):
        self.build(min_se=3600)
        self.talk(self.agent_phone, M1, self.customer_phone, M2)
        # The credentials go along with what is asked for anew.
        self.assertEqual(self.said(), ["challenged INVITE", "authorized INVITE",
                                       "refused Session-Expires=1800", "authorized INVITE",
                                       f"{SOUTH_IP} answered Session-Expires=<null>",
                                       "authorized BYE"])
        self.finish()

    def test_an_edge_may_ask_for_a_telephone_that_does_not(self):
        self.build("--register", "--dialled-from", "to", min_expires=120, min_se=1200)
        self.wait_for_registration("registered")
        self.talk(self.customer_phone, M2, self.agent_phone, M1,
                  server=f"{SOUTH_IP}:{self.edge.port}")
        # RFC 4028 9, table 2: whoever is asked refreshes for a telephone that cannot.
        self.assertIn("127.0.0.1 answered Session-Expires=1200;refresher=uas", self.said())
        self.finish()
