# SPDX-License-Identifier: Apache-2.0
"""The server is killed with 200 calls up between peers that are not ours, and loses none of them.

Telephones talk in some; SIPp is on both sides of the others. Some ring when the server dies, and are
answered by its successor; the others are asked for their description again, by the caller or by the
callee, and hung up.
"""
import re
import sqlite3
import time

import harness
from harness import AGENT, M1, NORTH_IP, TONES
from sipp import Sipp

CALLS = 200
TELEPHONES = 3      # calls between two of them
RINGING = 40
BY_CALLEE = 60      # of those that talk
BY_CALLER = CALLS - TELEPHONES - RINGING - BY_CALLEE
TALK_MS = 14000     # of SIPp's; the server dies in the midst of it
RING_MS = 8000      # and of this

_AUDIO = re.compile(r"^m=audio (\d+) ", re.M)


def number(i):
    """Masking numbers, and parties, of one group of calls each."""
    return f"+9190000000{i:02}"


def party(i):
    return f"+9198888000{i:02}"


class Group:
    """The calls of one kind: a session, a trunk for its callees, and SIPp on both sides."""

    def __init__(self, test, i, calls, caller, callee, callee_ms):
        self.calls, self.caller = calls, caller
        self.test, self.dialled = test, number(10 * i)
        self.ip = f"127.0.0.{20 + i}"
        self.callees = test.sipp(callee, self.ip, calls, callee_ms)
        test.add_pair(f"west-{i}", self.ip, self.callees.port, party(10 * i), self.dialled,
                      number(10 * i + 1))

    def start(self, caller_ms):
        self.callers = self.test.sipp(self.caller, NORTH_IP, self.calls, caller_ms,
                                      remote=self.test.maskline.server, caller=AGENT,
                                      dialled=self.dialled)
        return self

    def check(self):
        for one in (self.callers, self.callees):
            self.test.assertTrue(one.wait(), one.problem())


def ports_said(sipp):
    """By Call-ID, our audio port in each answer to an INVITE, by its CSeq."""
    said = {}
    for message in sipp.received():
        port = _AUDIO.search(message.text)
        if port and message.status == 200 and message.method == "INVITE":
            said.setdefault(message.header("Call-ID"), {})[message.header("CSeq")] = port[1]
    return said


def ports_offered(sipp):
    """By Call-ID, our audio port in the INVITE that set the call up."""
    return {message.header("Call-ID"): _AUDIO.search(message.text)[1]
            for message in sipp.received() if message.first_line.startswith("INVITE ")}


class CrashPeers(harness.Case):
    settings = {"calls_max": CALLS + 20, "same_pair_max": 1000, "early_media": "none",
                "calls_per_s_max": 400}

    def setUp(self):
        super().setUp()
        first, last = harness.ports.free_range(4 * CALLS + 200)
        self.addCleanup(harness.ports.release, first)
        self.maskline.settings |= {"rtp_port_min": first, "rtp_port_max": last}

    def sipp(self, scenario, ip, calls, pause_ms, **options):
        one = Sipp(scenario, ip, self.temp, calls=calls, pause_ms=pause_ms, timeout_s=60, **options)
        self.addCleanup(one.stop)
        return one

    def add_pair(self, trunk, ip, port, callee, dialled, shown, caller=AGENT):
        """A caller behind north may call somebody behind a trunk of his own."""
        self.maskline.add_trunk(trunk, f"{ip}/32", f"{ip}:{port}")
        self.maskline.add_number(dialled, "north")
        self.maskline.add_number(shown, trunk)
        self.maskline.create_session(parties=(caller, callee), numbers=(dialled, shown))

    def start_telephones(self):
        """(caller, callee, the number that the one dials to reach the other) each."""
        pairs = [(self.agent(), self.customer(), M1)]
        self.maskline.provision(pairs[0][0].port, pairs[0][1].port)
        for i in range(1, TELEPHONES):
            ip = f"127.0.0.{30 + i}"
            caller = self.phone(f"caller-{i}", party(50 + i), NORTH_IP, TONES[0])
            callee = self.phone(f"callee-{i}", party(60 + i), ip, TONES[1])
            self.add_pair(f"east-{i}", ip, callee.port, callee.number, number(50 + i),
                          number(60 + i), caller.number)
            pairs.append((caller, callee, number(50 + i)))
        return pairs

    def connect(self, caller, callee, dialled):
        """Both telephones' sides of the call, each with whom it should hear."""
        out = caller.dial(dialled, self.maskline.server)
        into = callee.wait_incoming(0)
        callee.accept()
        self.assertTrue(caller.wait_established(out))
        return (out, callee), (into, caller)

    def active(self):
        return self.maskline.json("call", "list")["active"]

    def wait_for(self, state, count):
        """The ids of the calls in that state, once there are so many."""
        deadline = time.monotonic() + 30
        while True:
            ids = {call["id"] for call in self.active() if call["state"] == state}
            if len(ids) == count:
                return ids
            self.assertLess(time.monotonic(), deadline, f"{len(ids)} calls are {state}")
            time.sleep(0.2)

    def missed_s(self, call, far):
        """How much of the talk is not in its recording, which stands still while nothing comes. What
        is there is the far end's tone, broken in one place at most."""
        heard = call.heard(TONES)
        self.assertLessEqual(len(heard.gaps_s(far.hertz)), 1)
        self.assertGreater(heard.windows[-20:].count(f"tone {far.hertz}"), 12)
        return call.closed_at - call.established_at - heard.seconds

    def records(self):
        """By the call's id: how many records, of how many legs; all of calls that ended as ours do."""
        with sqlite3.connect(self.maskline.data / "maskline.db") as database:
            return {call: counts for call, *counts in database.execute(
                "SELECT lower(hex(call_id)), count(*), count(DISTINCT leg_id), "
                "sum(cause = 4000 AND answered_ms > 0), min(answered_ms) FROM cdr "
                "GROUP BY call_id")}

    def test_no_call_is_lost_and_each_is_recorded_once(self):
        self.maskline.start()
        pairs = self.start_telephones()
        by_caller = Group(self, 1, BY_CALLER, "uac_reinvites", "uas_answers_again", 100)
        by_callee = Group(self, 2, BY_CALLEE, "uac_waits", "uas_reinvites", 1000)
        ringing = Group(self, 3, RINGING, "uac_call", "uas_answers_again", RING_MS)
        talks = [talk for pair in pairs for talk in self.connect(*pair)]
        by_callee.start(0)
        by_caller.start(TALK_MS)
        answered_ids = self.wait_for("answered", CALLS - RINGING)
        ringing.start(1000)
        ringing_ids = self.wait_for("ringing", RINGING)

        crashed = time.monotonic()
        self.maskline.crash()
        ready = time.monotonic()
        ready_ms = int(time.time() * 1000)
        self.assertIn(f"going on with {CALLS} after a crash", self.maskline.log())

        for group in (by_caller, by_callee, ringing):
            group.check()
        for caller, *_ in pairs:
            caller.hangup()
        for call, far in talks:
            self.assertTrue(far.wait_closed(call))
        self.check_ports(by_caller.callers, by_callee)
        missed = sorted(self.missed_s(*talk) for talk in talks)
        print(f"crash: with {CALLS} calls up, {RINGING} of them ringing, ready again after "
              f"{1000 * (ready - crashed):.0f} ms; {len(missed)} telephones missed "
              f"{1000 * missed[len(missed) // 2]:.0f} ms of the talk (median), "
              f"{1000 * missed[-1]:.0f} ms at most")
        self.finish()
        self.check_records(answered_ids, ringing_ids, ready_ms)

    def check_ports(self, callers, by_callee):
        """After the crash as before it, for whoever asks again."""
        asked = ports_said(callers)
        self.assertEqual(len(asked), BY_CALLER)
        for said in asked.values():
            self.assertEqual(sorted(said), ["1 INVITE", "2 INVITE"])
            self.assertEqual(len(set(said.values())), 1)
        offered = ports_offered(by_callee.callees)
        self.assertEqual(len(offered), BY_CALLEE)
        self.assertEqual({call: {"1 INVITE": port} for call, port in offered.items()},
                         ports_said(by_callee.callees))

    def check_records(self, answered_ids, ringing_ids, ready_ms):
        records = self.records()
        ids = {call.replace("-", "") for call in answered_ids | ringing_ids}
        self.assertEqual(len(ids), CALLS)
        self.assertEqual(set(records), ids)
        for call, (count, legs, good, _) in records.items():
            self.assertEqual((call, count, legs, good), (call, 2, 2, 2))
        for call in ringing_ids:
            self.assertGreater(records[call.replace("-", "")][3], ready_ms)
        for call in answered_ids:
            self.assertLess(records[call.replace("-", "")][3], ready_ms)
