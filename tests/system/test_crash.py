# SPDX-License-Identifier: Apache-2.0
"""The server is killed with calls up and ringing, and goes on with them; the gap in the audio."""
import os
import signal
import socket
import sqlite3
import struct
import threading
import time

import harness
import peer
from harness import AGENT, CUSTOMER, M1, M2, NORTH_IP, SOUTH_IP

TALKING, RINGING, WITH_AUDIO = 160, 40, 8


def description(ip, port):
    return (f"v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n").encode()


def audio_port(body):
    return int(body.split(b"m=audio ")[1].split()[0])


class Voice:
    """A party's RTP: a packet every 20 ms to where the server says, and when packets came."""

    def __init__(self, ip):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ip, 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.to = None
        self.sequence = 1
        self.arrivals = []
        self.ssrcs = set()

    def send(self):
        self.socket.sendto(struct.pack(">BBHII", 0x80, 8, self.sequence & 0xffff,
                                       160 * self.sequence, self.port) + b"\xd5" * 160, self.to)
        self.sequence += 1

    def receive(self, now):
        while True:
            try:
                data = self.socket.recv(2048)
            except BlockingIOError:
                return
            self.arrivals.append(now)
            self.ssrcs.add(data[8:12])

    def longest_gap(self, begin, end):
        times = [at for at in self.arrivals if begin <= at <= end]
        return max((b - a for a, b in zip(times, times[1:])), default=float("inf"))


class Talk(threading.Thread):
    """Paces all voices until it is stopped."""

    def __init__(self, voices):
        super().__init__(daemon=True)
        self.voices = voices
        self.is_over = False

    def run(self):
        due = time.monotonic()
        while not self.is_over:
            now = time.monotonic()
            for voice in self.voices:
                voice.receive(now)
                if now >= due:
                    voice.send()
            if now >= due:
                due += 0.02
            time.sleep(0.002)

    def stop(self):
        self.is_over = True
        self.join(5)


class Call:
    """One call between two raw peers, as far as it has come."""

    def __init__(self, near, far, daemon, has_audio):
        self.near, self.far, self.daemon = near, far, daemon
        self.id, self.tag, self.far_tag = peer.token(), peer.token(), peer.token()
        self.voices = [Voice(NORTH_IP), Voice(SOUTH_IP)] if has_audio else []
        self.near_port, self.far_port = [v.port for v in self.voices] or (9, 9)
        self.cseq = 1

    def headers(self, method, to, cseq):
        return [f"Via: SIP/2.0/UDP {NORTH_IP}:{self.near.port};branch=z9hG4bK{peer.token()}",
                "Max-Forwards: 70", f"From: <sip:{AGENT}@{NORTH_IP}>;tag={self.tag}", f"To: {to}",
                f"Call-ID: {self.id}", f"CSeq: {cseq} {method}",
                f"Contact: <sip:a@{NORTH_IP}:{self.near.port}>"]

    def dial(self):
        uri = f"sip:{M1}@{self.daemon[0]}"
        body = description(NORTH_IP, self.near_port)
        self.near.send(peer.build(f"INVITE {uri} SIP/2.0",
                                  [*self.headers("INVITE", f"<{uri}>", 1),
                                   "Content-Type: application/sdp"], body), self.daemon)
        self.invite = self.far.request("INVITE", 10)
        self.far.send(peer.reply(self.invite, 180, "Ringing", [self.far_contact()],
                                 tag=self.far_tag), self.daemon)
        self.near.expect("180", lambda p: p.status == 180 and p.header("Call-ID") == self.id, 10)
        return self

    def far_contact(self):
        return f"Contact: <sip:b@{SOUTH_IP}:{self.far.port}>"

    def answer(self, acknowledges=True):
        body = description(SOUTH_IP, self.far_port)
        self.far.send(peer.reply(self.invite, 200, "OK", [
            self.far_contact(), "Content-Type: application/sdp"], body, self.far_tag), self.daemon)
        far_id = self.invite.header("Call-ID")
        self.far.expect("ACK", lambda p: p.method == "ACK" and not p.status
                        and p.header("Call-ID") == far_id, 10)
        final = self.near.expect("200", lambda p: p.status == 200 and p.method == "INVITE"
                                 and p.header("Call-ID") == self.id, 10)
        self.to, self.target = final.header("To"), final.target
        if acknowledges:
            self.request("ACK", 1)
        if self.voices:
            self.voices[0].to = (self.daemon[0], audio_port(final.body))
            self.voices[1].to = (self.daemon[0], audio_port(self.invite.body))
        return self

    def request(self, method, cseq):
        self.near.send(peer.build(f"{method} {self.target} SIP/2.0",
                                  self.headers(method, self.to, cseq)), self.daemon)

    def caller_hangs_up(self):
        self.request("BYE", 2)
        self.near.expect("200 to BYE", lambda p: p.status == 200 and p.method == "BYE"
                         and p.header("Call-ID") == self.id, 10)
        far_id = self.invite.header("Call-ID")
        bye = self.far.expect("BYE", lambda p: p.method == "BYE" and not p.status
                              and p.header("Call-ID") == far_id, 10)
        self.far.send(peer.reply(bye, 200, "OK"), self.daemon)

    def callee_hangs_up(self):
        sent = self.invite
        self.far.send(peer.build(f"BYE {sent.target} SIP/2.0", [
            f"Via: SIP/2.0/UDP {SOUTH_IP}:{self.far.port};branch=z9hG4bK{peer.token()}",
            "Max-Forwards: 70", f"From: {sent.header('To')};tag={self.far_tag}",
            f"To: {sent.header('From')}", f"Call-ID: {sent.header('Call-ID')}", "CSeq: 1 BYE"]),
            self.daemon)
        far_id = sent.header("Call-ID")
        self.far.expect("200 to BYE", lambda p: p.status == 200 and p.method == "BYE"
                        and p.header("Call-ID") == far_id, 10)
        self.near.send(peer.reply(self.bye_to_caller(), 200, "OK"), self.daemon)

    def bye_to_caller(self):
        """A server that died before it read our ACK answers again, and may not hang up before that
        answer is acknowledged, too (RFC 3261 15)."""
        while True:
            next_one = self.near.expect("BYE", lambda p: p.header("Call-ID") == self.id and (
                p.method == "BYE" or (p.status == 200 and p.method == "INVITE")), 10)
            if next_one.method == "BYE":
                return next_one
            self.request("ACK", 1)


class Crash(harness.Case):
    settings = {"calls_max": 220, "same_pair_max": 1000, "early_media": "none"}

    def setUp(self):
        super().setUp()
        first, last = harness.ports.free_range(1000)
        self.addCleanup(harness.ports.release, first)
        self.maskline.settings |= {"rtp_port_min": first, "rtp_port_max": last}
        self.maskline.start()
        self.daemon = ("127.0.0.1", self.maskline.sip_port)
        self.near, self.far = peer.Peer(NORTH_IP), peer.Peer(SOUTH_IP)
        self.addCleanup(self.near.close)
        self.addCleanup(self.far.close)
        self.maskline.provision(self.near.port, self.far.port)

    def dial(self, has_audio=False):
        return Call(self.near, self.far, self.daemon, has_audio).dial()

    def test_calls_up_and_ringing_go_on(self):
        talking = [self.dial(i < WITH_AUDIO).answer() for i in range(TALKING)]
        ringing = [self.dial() for _ in range(RINGING)]
        voices = [voice for call in talking for voice in call.voices]
        talk = Talk(voices)
        talk.start()
        self.addCleanup(talk.stop)
        time.sleep(1)
        crashed = time.monotonic()
        self.maskline.crash()
        ready = time.monotonic()
        time.sleep(1)
        talk.stop()
        self.assertIn(f"going on with {TALKING + RINGING} after a crash", self.maskline.log())

        gaps = sorted(voice.longest_gap(crashed - 0.5, ready + 1) for voice in voices)
        print(f"crash: audio gap of {len(gaps)} legs with {TALKING + RINGING} calls up: "
              f"median {1000 * gaps[len(gaps) // 2]:.0f} ms, longest {1000 * gaps[-1]:.0f} ms; "
              f"ready again after {1000 * (ready - crashed):.0f} ms")
        for voice in voices:
            self.assertEqual(len(voice.ssrcs), 2)
            self.assertGreater(sum(at > ready for at in voice.arrivals), 5)

        for call in ringing:
            call.answer()
        for i, call in enumerate(talking + ringing):
            if i % 2:
                call.caller_hangs_up()
            else:
                call.callee_hangs_up()
        self.finish()
        self.assertEqual(self.cdr_counts(), [(2, TALKING + RINGING)])

    def cdr_counts(self):
        """How many calls have how many records."""
        with sqlite3.connect(self.maskline.data / "maskline.db") as database:
            return database.execute(
                "SELECT legs, count(*) FROM (SELECT count(*) AS legs FROM cdr "
                "WHERE answered_ms > 0 AND cause = 4000 GROUP BY call_id) GROUP BY legs").fetchall()

    def test_keeper_and_worker_killed_together_leave_calls_for_the_next_start(self):
        calls = [self.dial().answer() for _ in range(6)]
        self.maskline.kill()
        self.maskline.start()
        for call in calls:
            call.callee_hangs_up()
        self.finish()
        self.assertEqual(self.cdr_counts(), [(2, 6)])

    def test_a_server_that_keeps_crashing_is_given_up_with_a_sentence(self):
        for _ in range(4):
            self.maskline.crash()
        os.kill(self.maskline.worker_pid, signal.SIGKILL)
        self.assertEqual(self.maskline.wait(10), 1)
        self.assertIn("has crashed 5 times", self.maskline.log())

    def test_signals_of_the_keeper_reach_the_server_after_a_crash(self):
        self.maskline.crash()
        self.assertEqual(self.maskline.get("/readyz")[0], 200)
        self.finish()

    def test_a_caller_who_has_not_acknowledged_is_told_of_the_end(self):
        call = self.dial().answer(acknowledges=False)
        self.maskline.terminate()
        for side, call_id in ((self.near, call.id), (self.far, call.invite.header("Call-ID"))):
            side.expect("BYE", lambda p, i=call_id: p.method == "BYE" and not p.status
                        and p.header("Call-ID") == i, 20)
        self.assertEqual(self.maskline.wait(), 0)
        with sqlite3.connect(self.maskline.data / "maskline.db") as database:
            self.assertEqual(database.execute("SELECT cause FROM cdr").fetchall(),
                             [(5010,), (5010,)])

    def test_a_stop_that_reaches_keeper_and_server_is_one_stop(self):
        call = self.dial().answer()
        self.maskline.terminate()
        os.kill(self.maskline.worker_pid, signal.SIGTERM)
        # A second one would have ended it at once: it drains.
        call.caller_hangs_up()
        self.assertEqual(self.maskline.wait(), 0)
        self.assertNotIn("ending at once", self.maskline.log())

    def test_nothing_of_a_call_is_readable_in_the_slots(self):
        self.dial().answer()
        slots = (self.maskline.data / "calls.slots").read_bytes()
        self.assertTrue(any(slots[4096:]))
        for number in (AGENT, CUSTOMER, M1, M2):
            self.assertEqual(harness.needles.find(harness.needles.number_searchers(number), slots),
                             [])
        self.maskline.kill()
