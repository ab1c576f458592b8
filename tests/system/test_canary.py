# SPDX-License-Identifier: Apache-2.0
"""Nothing of one side reaches the other, nor the log, the store or the records."""
import collections
import threading
import unittest

import canary
import canary_case
from canary_case import CALLEE, CALLEE_IP, CALLEE_PEER, CALLER, CALLER_IP
from harness import M1
from peer import Missing, Peer, reply

# A body of several parts is refused with 415 as a whole: nothing in it can cross.
NEVER_CARRIED = [37, 38, 40, 41, 42]


class Canary(canary_case.Case):
    def test_a_plain_call_connects_and_leaks_nothing(self):
        outcome = self.canary.converse()
        self.assertTrue(outcome.connected, outcome)
        self.assertEqual([status for _, _, status in outcome.within], [200])
        self.assert_nothing_crossed()
        self.assert_nothing_kept()

    def test_what_is_planted_in_every_place_crosses_nowhere(self):
        lines = canary.read_rows()
        self.canary.plant(lines)
        carried, refused = self.canary.carried, self.canary.refused
        print(f"canary: {len(lines)} lines of {len({line.row for line in lines})} rows: "
              f"{len(carried)} planted in calls that went through, {len(refused)} refused")
        for status, group in sorted(self._by_status(refused).items()):
            print(f"canary: refused with {status or 'no answer'}: {', '.join(group)}")
        print(f"canary: rows not planted in any call that went through: "
              f"{self.canary.not_planted(lines) or 'none'}")
        self.assertTrue(self.canary.converse().connected, "a plain call after all of them")
        self.assert_nothing_crossed()
        self.assert_nothing_kept()
        self.assertEqual(self.canary.not_planted(lines), NEVER_CARRIED)
        self.assertGreater(len(carried), 10 * len(refused), "too little was planted to tell")
        self.finish()

    @staticmethod
    def _by_status(refused):
        groups = collections.defaultdict(list)
        for (letter, line), status in refused.items():
            groups[status].append(f"{letter}{line.row} {line.kind} {line.text.split(':')[0][:24]}")
        return groups


class Transparent:
    """What Maskline must never be: it passes every message on, with a Via of its own.

    It answers what is sent within a dialog, as both sides of a bridge expect.
    """

    def __init__(self, caller, callee):
        self.near, self.far = (CALLER_IP, caller.peer.port), (CALLEE_PEER, callee.peer.port)
        self.socket = Peer("127.0.0.1")
        self._seen = 0
        self._closing = False
        self._thread = threading.Thread(target=self._pass_on, daemon=True)
        self._thread.start()

    @property
    def address(self):
        return "127.0.0.1", self.socket.port

    def close(self):
        self._closing = True
        self._thread.join()
        self.socket.close()

    def _pass_on(self):
        while not self._closing:
            try:
                packet = self.socket.expect("anything", lambda _: True, 0.1)
            except Missing:
                continue
            to = self.far if packet.source[0].startswith("127.77.") else self.near
            start, rest = packet.data.split(b"\r\n", 1)
            if packet.status:
                rest = rest.split(b"\r\n", 1)[1]
            else:
                branch = packet.header("Via").split("branch=")[1].encode()
                rest = b"Via: SIP/2.0/UDP %s:%d;branch=%s.t\r\n%s" % (
                    b"127.0.0.1", self.socket.port, branch, rest)
            self.socket.send(start + b"\r\n" + rest, to)
            if not packet.status and packet.method not in ("INVITE", "ACK"):
                self.socket.send(reply(packet, 200, "OK"), packet.source)


class TheCanaryItself(unittest.TestCase):
    """Through something that passes everything on, the canary must notice every row."""

    def test_every_row_is_noticed_when_everything_is_passed_on(self):
        caller = canary.Side("A", CALLER, CALLER_IP, CALLER_IP)
        self.addCleanup(caller.peer.close)
        callee = canary.Side("B", CALLEE, CALLEE_IP, CALLEE_PEER, CALLEE_IP)
        self.addCleanup(callee.peer.close)
        relay = Transparent(caller, callee)
        self.addCleanup(relay.close)
        lines = canary.read_rows()
        planted = canary.Canary(caller, callee, relay.address, M1)
        planted.plant(lines)
        self.assertEqual(planted.not_planted(lines), [])
        for side, other, mine in ((caller, callee, canary.Line.by_caller),
                                  (callee, caller, canary.Line.by_callee)):
            ways = {way for _, _, way in canary.crossed(other, side)}
            self.assertTrue({"digits", "dotted", "as it is"} <= ways, ways)
            arrived = b"".join(packet.data for packet in other.peer.arrived)
            for line in lines:
                # What is added to a Via goes no further than the next hop.
                if mine(line) and "@W" in line.text and line.kind != "viaback":
                    with self.subTest(side=side.letter, line=line):
                        self.assertTrue(f"{side.marker}{line.row}".encode() in arrived)


if __name__ == "__main__":
    unittest.main()
