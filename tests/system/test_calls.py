# SPDX-License-Identifier: Apache-2.0
"""Masked calls between telephones and peers that are not ours, and what can become of them."""
import time
import unittest

import harness
import peer
from harness import AGENT, AGENT_HZ, CUSTOMER, CUSTOMER_HZ, M1, M2, NORTH_IP, SOUTH_IP
from harness import STRANGER, TONES
from phones import tone
from sipp import Sipp


class CallCase(harness.Case):
    def legs_of(self, call):
        return {leg["leg"]: leg for leg in self.maskline.json("call", "show", call["id"])["legs"]}

    def assert_record(self, verdict="connect", **expected):
        """One call is recorded, with `verdict`, and its A leg's hangup name and source."""
        calls = self.maskline.wait_for_calls(1)
        self.assertEqual(len(calls), 1, calls)
        self.assertEqual(calls[0]["verdict"], verdict, calls[0])
        hangup = calls[0]["hangup"]
        for name, value in expected.items():
            self.assertEqual(hangup[name], value, calls[0])
        return calls[0]


class BetweenTelephones(CallCase):
    def setUp(self):
        super().setUp()
        self.agent_phone, self.customer_phone = self.agent(), self.customer()
        self.maskline.start()
        self.session = self.maskline.provision(self.agent_phone.port, self.customer_phone.port)

    def talk(self, caller, dialled, callee, shown, hang_up=None):
        """A call that goes through; both must hear the other's tone and only that."""
        before = len(callee.calls)
        out = caller.dial(dialled, self.maskline.server)
        into = callee.wait_incoming(before)
        self.assertIsNotNone(into, "the other telephone did not ring")
        self.assertEqual(into.shown, shown)
        callee.accept()
        self.assertTrue(caller.wait_established(out), out)
        caller.wait("the talk", lambda _: False, 2)
        (hang_up or caller).hangup()
        self.assertTrue(caller.wait_closed(out) and callee.wait_closed(into))
        for call, other in ((out, callee), (into, caller)):
            heard = call.heard(TONES)
            self.assertGreater(heard.tone_s(other.hertz), 1.2, heard.describe())
            self.assertGreater(heard.steadiness(other.hertz), 0.9, heard.windows)
        return out, into

    def test_the_agent_reaches_the_customer_who_sees_m2(self):
        out, _ = self.talk(self.agent_phone, M1, self.customer_phone, M2)
        self.assertTrue(out.rang or out.early)
        record = self.assert_record(name="Normal Hangup", source="Caller")
        self.assertEqual(set(self.legs_of(record)), {"a", "b"})
        self.finish()

    def test_the_customer_reaches_the_agent_who_sees_m1(self):
        self.talk(self.customer_phone, M2, self.agent_phone, M1)
        self.assert_record(name="Normal Hangup", source="Caller")
        self.finish()

    def test_the_callee_may_hang_up(self):
        out, _ = self.talk(self.agent_phone, M1, self.customer_phone, M2,
                           hang_up=self.customer_phone)
        self.assertEqual(self.agent_phone.ended_by(out), "there")
        self.assert_record(name="Normal Hangup", source="Callee")
        self.finish()

    def test_a_call_in_progress_is_listed_and_can_be_hung_up(self):
        out = self.agent_phone.dial(M1, self.maskline.server)
        into = self.customer_phone.wait_incoming(0)
        self.assertIsNotNone(into)
        self.customer_phone.accept()
        self.assertTrue(self.agent_phone.wait_established(out))
        call = self.maskline.json("call", "list")["active"][0]["id"]
        row = [line for line in self.maskline.run("call", "list").splitlines() if call in line]
        self.assertEqual(len(row), 1)
        self.assertIn("answered", row[0])
        self.maskline.run("call", "hangup", call)
        self.assertTrue(self.agent_phone.wait_closed(out))
        self.assertTrue(self.customer_phone.wait_closed(into))
        self.assert_record(source="API Request")
        self.assertIn("ended", self.maskline.run("call", "list"))
        self.finish()

    def test_the_caller_hears_ringback_while_it_rings(self):
        out = self.agent_phone.dial(M1, self.maskline.server)
        self.assertIsNotNone(self.customer_phone.wait_incoming(0))
        self.agent_phone.wait("ringing", lambda _: False, 3)
        self.customer_phone.accept()
        self.assertTrue(self.agent_phone.wait_established(out))
        self.agent_phone.wait("the talk", lambda _: False, 1.5)
        self.agent_phone.hangup()
        self.assertTrue(self.agent_phone.wait_closed(out))
        heard = out.heard(TONES)
        self.assertGreater(heard.seconds_of(tone.RINGBACK), 0.7, heard.describe())
        self.assertGreater(heard.tone_s(CUSTOMER_HZ), 0.8, heard.describe())
        self.finish()

    def refused(self, phone, dialled=M1):
        out = phone.dial(dialled, self.maskline.server)
        self.assertTrue(phone.wait_closed(out, 20))
        heard = out.heard(TONES)
        self.assertTrue(out.established)
        self.assertEqual(phone.ended_by(out), "there")
        self.assertGreater(heard.seconds_of(tone.SPEECH), 1, heard.describe())
        self.assertEqual([what for _, what in heard.kinds()], [tone.SPEECH])
        return phone.answers(out), round(out.talked_s), heard

    def test_a_stranger_is_told_and_hung_up(self):
        self.refused(self.stranger())
        self.assertEqual(self.customer_phone.calls + self.agent_phone.calls, [])
        self.assert_record("stranger")
        self.finish()

    def test_a_stranger_an_ended_session_and_a_number_of_nobody_are_alike(self):
        strange = self.refused(self.stranger())
        unknown = self.refused(self.agent_phone, "+919000000077")
        self.maskline.end_session(self.session)
        ended = self.refused(self.agent_phone)
        self.assertEqual(strange[:2], ended[:2])
        self.assertEqual(strange[:2], unknown[:2])
        for other in (ended, unknown):
            self.assertAlmostEqual(strange[2].seconds_of(tone.SPEECH),
                                   other[2].seconds_of(tone.SPEECH), delta=0.4)
        self.assertEqual(self.customer_phone.calls, [])
        # The records say why, to whoever operates it.
        verdicts = [call["verdict"] for call in self.maskline.wait_for_calls(3)]
        self.assertEqual(sorted(verdicts), ["ended", "stranger", "unknown-number"])
        self.finish()

    def test_a_session_and_its_records_outlive_the_daemon(self):
        self.talk(self.agent_phone, M1, self.customer_phone, M2)
        self.maskline.wait_for_calls(1)
        # Each leg is recorded when it has ended, and the second may still wait for its answer.
        deadline = time.monotonic() + 10
        while self.maskline.json("call", "list")["active"] and time.monotonic() < deadline:
            time.sleep(0.05)
        first = self.maskline.calls()
        self.assertEqual(self.maskline.stop(), 0)
        self.maskline.start()
        self.assertEqual(self.maskline.calls(), first)
        self.talk(self.customer_phone, M2, self.agent_phone, M1)
        self.assertEqual(len(self.maskline.wait_for_calls(2)), 2)
        self.finish()

    def test_a_session_outlives_a_daemon_that_was_killed(self):
        self.maskline.kill()
        self.maskline.start()
        self.talk(self.agent_phone, M1, self.customer_phone, M2)
        self.finish()

    def up(self):
        """A call that is up, as both telephones see it."""
        out = self.agent_phone.dial(M1, self.maskline.server)
        into = self.customer_phone.wait_incoming(0)
        self.customer_phone.accept()
        self.assertTrue(self.agent_phone.wait_established(out))
        self.assertTrue(self.customer_phone.wait_established(into))
        return out, into

    def test_keys_pressed_on_one_telephone_arrive_at_the_other(self):
        out, _ = self.up()
        for count, key in enumerate("15#", 1):
            self.agent_phone.press(key)
            self.customer_phone.wait(f"key {key}", lambda p: len(p.keys_heard()) >= count, 5)
        self.assertEqual(self.customer_phone.keys_heard(), "15#")
        self.agent_phone.hangup()
        self.assertTrue(self.agent_phone.wait_closed(out))
        self.finish()

    def test_hold_ends_at_its_own_leg_and_the_call_goes_on(self):
        out, into = self.up()
        self.agent_phone.hold()
        self.agent_phone.wait("held", lambda _: False, 1)
        self.agent_phone.resume()
        self.agent_phone.wait("resumed", lambda _: False, 2)
        self.agent_phone.hangup()
        self.assertTrue(self.agent_phone.wait_closed(out))
        self.assertTrue(self.customer_phone.wait_closed(into))
        requests = [first.split()[0] for way, first, _ in self.customer_phone.messages(into)
                    if way == "in" and not first.startswith("SIP/2.0")]
        self.assertEqual(requests, ["INVITE", "ACK", "BYE"])
        # This telephone plays on when it holds, and records nothing after it.
        self.assertGreater(into.heard(TONES).windows[-10:].count(f"tone {AGENT_HZ}"), 6)
        self.finish()

    def test_a_session_past_its_expiry_is_refused(self):
        third, fourth = "+919000000003", "+919000000004"
        self.maskline.add_number(third, "north")
        self.maskline.add_number(fourth, "south")
        self.maskline.create_session(numbers=(third, fourth), expires="1s")
        self.agent_phone.wait("the expiry", lambda _: False, 1.5)
        self.refused(self.agent_phone, third)
        self.assertEqual(self.customer_phone.calls, [])
        self.assert_record("expired")
        self.finish()

    def test_sigterm_lets_a_call_drain_and_then_ends_it(self):
        out = self.agent_phone.dial(M1, self.maskline.server)
        into = self.customer_phone.wait_incoming(0)
        self.customer_phone.accept()
        self.assertTrue(self.agent_phone.wait_established(out))
        self.maskline.terminate()
        self.assertTrue(self.agent_phone.wait_closed(out))
        self.assertTrue(self.customer_phone.wait_closed(into))
        self.assertEqual(self.maskline.wait(), 0)
        self.assertEqual(self.agent_phone.ended_by(out), "there")
        self.assertEqual(self.customer_phone.ended_by(into), "there")
        self.maskline.start()
        calls = self.maskline.wait_for_calls(1)
        self.assertEqual(len(calls), 1)
        self.finish()


class SippCase(CallCase):
    """SIPp on either side, without sound."""

    def setUp(self):
        super().setUp()
        self.maskline.start()

    def callee(self, scenario, **options):
        sipp = Sipp(scenario, SOUTH_IP, self.temp, **options)
        self.addCleanup(sipp.stop)
        return sipp

    def caller(self, scenario, caller=AGENT, dialled=M1, **options):
        sipp = Sipp(scenario, NORTH_IP, self.temp, self.maskline.server, caller, dialled,
                    **options)
        self.addCleanup(sipp.stop)
        return sipp

    def provision(self, callee):
        return self.maskline.provision(5060, callee.port)

    def assert_ran(self, *sipps):
        for sipp in sipps:
            self.assertTrue(sipp.wait(), sipp.problem())


class WithSipp(SippCase):
    """What a telephone does not do at will."""

    def test_a_call_shows_only_the_masking_number(self):
        callee = self.callee("uas_answers")
        self.provision(callee)
        caller = self.caller("uac_call")
        self.assert_ran(caller, callee)
        invite = callee.received()[0]
        self.assertIn(M2, invite.header("From"))
        self.assertNotIn(AGENT.lstrip("+"), invite.text)
        self.assertNotIn(NORTH_IP, invite.text)
        self.assertEqual(caller.statuses()[-1], 200)
        self.finish()

    def test_a_busy_callee_is_told_to_the_caller(self):
        callee = self.callee("uas_busy")
        self.provision(callee)
        caller = self.caller("uac_fails")
        self.assert_ran(caller, callee)
        self.assertEqual(caller.statuses()[-1], 486)
        self.assert_record(name="Busy Line", source="Carrier")
        self.finish()

    def test_a_caller_may_give_up_while_it_rings(self):
        callee = self.callee("uas_never_answers")
        self.provision(callee)
        caller = self.caller("uac_cancel")
        self.assert_ran(caller, callee)
        self.assertEqual(callee.requests(), ["INVITE", "CANCEL", "ACK"])
        self.assert_record(name="Canceled", source="Caller")
        self.finish()

    def test_a_callee_may_hang_up(self):
        callee = self.callee("uas_hangs_up")
        self.provision(callee)
        caller = self.caller("uac_waits")
        self.assert_ran(caller, callee)
        self.assert_record(name="Normal Hangup", source="Callee")
        self.finish()

    def test_a_refresh_does_not_reach_the_other_side_nor_end_the_call(self):
        callee = self.callee("uas_answers")
        self.provision(callee)
        caller = self.caller("uac_refresh")
        self.assert_ran(caller, callee)
        self.assertEqual(callee.requests(), ["INVITE", "ACK", "BYE"])
        self.finish()

    def test_each_side_has_its_own_reliable_answers(self):
        callee = self.callee("uas_prack")
        self.provision(callee)
        caller = self.caller("uac_prack")
        self.assert_ran(caller, callee)
        self.assertEqual(callee.requests(), ["INVITE", "PRACK", "ACK", "BYE"])
        self.assertEqual(caller.statuses("PRACK"), [200])
        self.finish()

    def test_a_caller_is_known_in_every_usual_writing(self):
        writings = ("00919888800001", "919888800001", "09888800001", "9888800001",
                    "+91-98888-00001", "+91.98888.00001")
        answering = peer.Peer(SOUTH_IP)
        self.addCleanup(answering.close)
        self.maskline.provision(5060, answering.port)
        for written in writings:
            with self.subTest(written=written):
                caller = self.caller("uac_fails", caller=written)
                invite = answering.request("INVITE")
                self.assertIn(CUSTOMER, invite.start)
                answering.send(peer.reply(invite, 486, "Busy", tag="x"), invite.source)
                answering.request("ACK")
                self.assert_ran(caller)
        self.finish()

    def test_a_withheld_number_is_a_stranger(self):
        self.provision(self.callee("uas_busy"))
        caller = self.caller("uac_waits", caller="anonymous")
        self.assert_ran(caller)
        self.assertEqual(caller.requests(), ["BYE"])
        self.assert_record("withheld")
        self.finish()

    def test_options_are_answered(self):
        self.provision(self.callee("uas_busy"))
        caller = self.caller("uac_options")
        self.assert_ran(caller)
        self.finish()


class NobodyAnswers(SippCase):
    settings = {"ring_timeout_s": 5}

    def test_ringing_ends_after_its_time(self):
        callee = self.callee("uas_never_answers")
        self.provision(callee)
        caller = self.caller("uac_fails")
        self.assert_ran(caller, callee)
        self.assertIn(caller.statuses()[-1], (408, 480))
        self.assertEqual(callee.requests(), ["INVITE", "CANCEL", "ACK"])
        self.assert_record(name="Ring Timeout Reached")
        self.finish()


class OddPeers(CallCase):
    """The far end does what RFC 3261 allows and telephones rarely do."""

    def setUp(self):
        super().setUp()
        self.far = peer.Peer(SOUTH_IP)
        self.addCleanup(self.far.close)
        self.near = peer.Peer(NORTH_IP)
        self.addCleanup(self.near.close)
        self.maskline.start()
        self.maskline.provision(self.near.port, self.far.port)
        self.daemon = ("127.0.0.1", self.maskline.sip_port)
        self.call_id, self.branch = peer.token(), f"z9hG4bK{peer.token()}"
        self.from_ = f"<sip:{AGENT}@{NORTH_IP}>;tag=near"

    SDP = b"\r\n".join([b"v=0", b"o=- 1 1 IN IP4 127.0.0.1", b"s=-", b"c=IN IP4 127.0.0.1",
                        b"t=0 0", b"m=audio 9 RTP/AVP 8", b"a=rtpmap:8 PCMA/8000", b""])

    def send(self, method, to_tag="", cseq=1, branch=None, target=None, body=b""):
        uri = target or f"sip:{M1}@127.0.0.1:{self.daemon[1]}"
        headers = [f"Via: SIP/2.0/UDP {NORTH_IP}:{self.near.port};rport;"
                   f"branch={branch or self.branch}", "Max-Forwards: 70", f"From: {self.from_}",
                   f"To: <sip:{M1}@127.0.0.1>{to_tag}", f"Call-ID: {self.call_id}",
                   f"CSeq: {cseq} {method}", f"Contact: <sip:{NORTH_IP}:{self.near.port}>"]
        headers += ["Content-Type: application/sdp"] if body else []
        self.near.send(peer.build(f"{method} {uri} SIP/2.0", headers, body), self.daemon)

    def invite(self):
        self.send("INVITE", body=self.SDP)
        return self.far.request("INVITE")

    def answer(self, invite, status, tag, body=b""):
        more = [f"Contact: <sip:{SOUTH_IP}:{self.far.port}>"]
        more += ["Content-Type: application/sdp"] if body else []
        self.far.send(peer.reply(invite, status, "Fine", more, body, tag), self.daemon)

    def to_tag(self, packet):
        return ";tag=" + packet.header("To").split(";tag=")[1]

    def acknowledge(self, final):
        self.send("ACK", self.to_tag(final), branch=f"z9hG4bK{peer.token()}", target=final.target)

    def hang_up(self, final):
        self.send("BYE", self.to_tag(final), 2, f"z9hG4bK{peer.token()}", final.target)
        self.near.answer("BYE", 200, 200)
        bye = self.far.request("BYE")
        self.far.send(peer.reply(bye, 200, "OK"), self.daemon)

    def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up(self):
        invite = self.invite()
        self.answer(invite, 180, "late")
        self.near.answer("INVITE", 180, 199)
        self.send("CANCEL")
        self.near.answer("CANCEL", 200, 200)
        self.far.request("CANCEL")
        self.answer(invite, 200, "late", self.SDP)
        ack = self.far.request("ACK")
        bye = self.far.request("BYE")
        self.assertIn("tag=late", ack.header("To"))
        self.assertIn("tag=late", bye.header("To"))
        self.far.send(peer.reply(bye, 200, "OK"), self.daemon)
        final = self.near.answer("INVITE")
        self.assertEqual(final.status, 487)
        self.send("ACK", self.to_tag(final))
        self.assert_record(name="Canceled", source="Caller")
        self.finish()

    def test_of_two_answers_the_second_is_acknowledged_and_hung_up(self):
        invite = self.invite()
        self.answer(invite, 180, "one")
        self.answer(invite, 180, "two")
        self.answer(invite, 200, "one", self.SDP)
        final = self.near.answer("INVITE")
        self.assertEqual(final.status, 200)
        self.acknowledge(final)
        self.assertIn("tag=one", self.far.request("ACK").header("To"))
        self.answer(invite, 200, "two", self.SDP)
        self.assertIn("tag=two", self.far.request("ACK").header("To"))
        bye = self.far.request("BYE")
        self.assertIn("tag=two", bye.header("To"))
        self.far.send(peer.reply(bye, 200, "OK"), self.daemon)
        self.hang_up(final)
        self.finish()

    def test_a_repeated_answer_is_acknowledged_again(self):
        invite = self.invite()
        self.answer(invite, 200, "one", self.SDP)
        final = self.near.answer("INVITE")
        self.acknowledge(final)
        self.far.request("ACK")
        self.answer(invite, 200, "one", self.SDP)
        self.far.request("ACK")
        self.hang_up(final)
        self.finish()

    def test_a_repeated_invite_rings_once(self):
        self.send("INVITE", body=self.SDP)
        self.send("INVITE", body=self.SDP)
        invite = self.far.request("INVITE")
        self.answer(invite, 486, "busy")
        self.far.request("ACK")
        final = self.near.answer("INVITE")
        self.send("ACK", self.to_tag(final))
        call_ids = {p.header("Call-ID") for p in self.far.arrived if p.method == "INVITE"}
        self.assertEqual(len(call_ids), 1)
        self.finish()

    def test_max_forwards_reaches_zero_here(self):
        self.near.send(peer.build(f"INVITE sip:{M1}@127.0.0.1 SIP/2.0", [
            f"Via: SIP/2.0/UDP {NORTH_IP}:{self.near.port};rport;branch={self.branch}",
            "Max-Forwards: 0", f"From: {self.from_}", f"To: <sip:{M1}@127.0.0.1>",
            f"Call-ID: {self.call_id}", "CSeq: 1 INVITE",
            f"Contact: <sip:{NORTH_IP}:{self.near.port}>"]), self.daemon)
        final = self.near.answer("INVITE")
        self.assertEqual(final.status, 483)
        self.send("ACK", self.to_tag(final))
        self.finish()

    def test_who_is_no_trunk_is_not_answered(self):
        outsider = peer.Peer("127.0.0.99")
        self.addCleanup(outsider.close)
        outsider.send(peer.build(f"OPTIONS sip:127.0.0.1:{self.daemon[1]} SIP/2.0", [
            f"Via: SIP/2.0/UDP 127.0.0.99:{outsider.port};rport;branch={self.branch}",
            "Max-Forwards: 70", "From: <sip:x@127.0.0.99>;tag=x", "To: <sip:127.0.0.1>",
            f"Call-ID: {self.call_id}", "CSeq: 1 OPTIONS"]), self.daemon)
        self.send("OPTIONS")
        self.near.answer("OPTIONS", 200, 200)
        self.assertEqual(outsider.arrived, [])
        self.finish()

    def test_nonsense_is_dropped_and_calls_go_on(self):
        for data in (b"", b"\0" * 100, b"\r\n\r\n", b"INVITE", b"GET / HTTP/1.1\r\n\r\n",
                     b"SIP/2.0 200 OK\r\n\r\n", b"INVITE sip:x SIP/2.0\r\n" * 2000,
                     b"INVITE sip:x SIP/2.0\r\n\r\n", bytes(range(256)) * 200):
            self.near.send(data, self.daemon)
            self.far.send(data, self.daemon)
        invite = self.invite()
        self.answer(invite, 200, "one", self.SDP)
        final = self.near.answer("INVITE")
        self.acknowledge(final)
        self.far.request("ACK")
        self.hang_up(final)
        self.finish()


if __name__ == "__main__":
    unittest.main()
