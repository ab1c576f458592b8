# SPDX-License-Identifier: Apache-2.0
"""A daemon between two sides that plant themselves, and all that it says of them."""
import json

import canary
import harness
import needles
from harness import M1, M2

# They differ in the middle, so that no encoding of one holds an encoding of the other.
CALLER, CALLEE = "+919888800013", "+919888800042"
CALLER_NET, CALLER_IP = "127.77.66.0/24", "127.77.66.55"
CALLEE_NET, CALLEE_IP, CALLEE_PEER = "127.88.55.0/24", "127.88.55.44", "127.88.55.1"
NORTH_PEER = "127.77.66.1"


class Case(harness.Case):
    """A daemon, two sides that plant, and a session between them."""

    settings = {"log_level": "debug", "same_pair_max": 20, "calls_per_s_max": 1000}
    private = (CALLER, CALLEE)

    def setUp(self):
        super().setUp()
        self.caller = canary.Side("A", CALLER, CALLER_IP, CALLER_IP)
        self.addCleanup(self.caller.peer.close)
        self.callee = canary.Side("B", CALLEE, CALLEE_IP, CALLEE_PEER, CALLEE_IP)
        self.addCleanup(self.callee.peer.close)
        self.maskline.start()
        self.maskline.add_trunk("north", CALLER_NET, f"{NORTH_PEER}:{self.caller.peer.port}")
        self.maskline.add_trunk("south", CALLEE_NET, f"{CALLEE_PEER}:{self.callee.peer.port}")
        self.maskline.add_number(M1, "north")
        self.maskline.add_number(M2, "south")
        self.maskline.create_session((CALLER, CALLEE))
        self.canary = canary.Canary(self.caller, self.callee,
                                    ("127.0.0.1", self.maskline.sip_port), M1)

    def said_by_the_daemon(self):
        """Log, data directory, records and metrics, by name."""
        found = {"the log": self.maskline.log().encode()}
        found |= {str(path.name): data for path, data in self.maskline.files().items()}
        calls = self.maskline.run("call", "list", "--json", "--limit", "1000")
        found["call list"] = calls.encode()
        for call in json.loads(calls)["calls"][:50]:
            found[f"call show {call['id']}"] = self.maskline.run("call", "show", call["id"]).encode()
        found["metrics"] = self.maskline.get("/metrics", with_token=True)[1].encode()
        return found

    def assert_nothing_kept(self):
        for name, data in self.said_by_the_daemon().items():
            for side in (self.caller, self.callee):
                self.assertEqual(needles.find(side.searchers(), data), [], name)

    def assert_nothing_crossed(self):
        self.assertEqual(canary.crossed(self.callee, self.caller), [])
        self.assertEqual(canary.crossed(self.caller, self.callee), [])
