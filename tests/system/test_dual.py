# SPDX-License-Identifier: Apache-2.0
"""IPv4 and IPv6 side by side in one daemon: who calls by one is heard by who is called by the other.

North and south are at 127.0.0.11 and 127.0.0.12, or at ::1: SIPp for the signalling and a voice of
our own for the audio. Each leg must be told of its own kind of address alone.
"""
import socket
import struct
import threading
import time
import unittest

import harness
from harness import AGENT, CUSTOMER, M1, M2, NORTH_IP, SOUTH_IP
from sipp import Sipp

IP6 = "::1"
FRAME = 160
HEARD = 25  # packets of one voice: half a second


class Voice:
    """Says one byte for ever, in PCMA, once it knows where; and counts what it hears of each byte."""

    def __init__(self, ip, byte):
        self.ip, self.byte = ip, byte
        self._socket = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET,
                                     socket.SOCK_DGRAM)
        self._socket.bind((ip, 0))
        self._socket.settimeout(0.02)
        self.port = self._socket.getsockname()[1]
        self.to = None
        self.heard = {}
        self.sources = set()
        self._sequence = 1
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        due = time.monotonic()
        while not self._is_over:
            self._receive()
            if time.monotonic() < due:
                continue
            due += 0.02
            if self.to:
                self._send()

    def _send(self):
        self._socket.sendto(struct.pack(">BBHII", 0x80, 8, self._sequence & 0xffff,
                                        FRAME * self._sequence, self.port)
                            + bytes([self.byte]) * FRAME, self.to)
        self._sequence += 1

    def _receive(self):
        try:
            data, source = self._socket.recvfrom(2048)
        except socket.timeout:
            return
        if len(data) == 12 + FRAME and len(set(data[12:])) == 1:
            self.heard[data[12]] = self.heard.get(data[12], 0) + 1
            self.sources.add(source[0])

    def close(self):
        self._is_over = True
        self._thread.join(5)
        self._socket.close()


class Dual(harness.Case):
    settings = {"early_media": "none"}

    def setUp(self):
        super().setUp()
        self.port = self.maskline.sip_port
        self.maskline.settings |= {
            "sip_listen": f"127.0.0.1:{self.port}, [{IP6}]:{self.port}"}

    def party(self, ip, byte):
        voice = Voice(ip, byte)
        self.addCleanup(voice.close)
        return voice

    def sipp(self, scenario, ip, voice, *args, **options):
        one = Sipp(scenario, ip, self.temp, *args, audio=(voice.ip, voice.port), **options)
        self.addCleanup(one.stop)
        return one

    def until(self, what, test, timeout_s=20):
        deadline = time.monotonic() + timeout_s
        while not test():
            self.assertLess(time.monotonic(), deadline, f"{what}: {self.maskline.log()[-2000:]}")
            time.sleep(0.05)

    def provision(self, caller, caller_ip, callee, callee_ip):
        run = self.maskline
        run.add_trunk("near", f"{caller_ip}/{128 if ':' in caller_ip else 32}",
                      self.at(caller_ip, caller))
        run.add_trunk("far", f"{callee_ip}/{128 if ':' in callee_ip else 32}",
                      self.at(callee_ip, callee))
        run.add_number(M1, "near")
        run.add_number(M2, "far")
        run.create_session()

    @staticmethod
    def at(ip, port):
        return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"

    def learn(self, voice, one, test, server_ip):
        """Where a voice is to go: as the first description says that its SIPp got."""
        def found():
            return [m for m in one.received() if test(m) and "m=audio" in m.text]
        self.until("a description", found)
        text = found()[0].text
        family = 6 if ":" in server_ip else 4
        self.assertIn(f"c=IN IP{family} {server_ip}\n", text.replace("\r", ""))
        self.assertRegex(text, rf"o=\S+ \d+ \d+ IN IP{family} {server_ip}\s")
        voice.to = (server_ip, int(text.split("m=audio ")[1].split()[0]))

    def call(self, caller_ip, callee_ip, server_ips, pause_ms=4000):
        """Begins a call that is up when this returns; both sides and their voices."""
        near = self.party("127.0.0.1" if ":" not in caller_ip else IP6, 0x31)
        far = self.party("127.0.0.1" if ":" not in callee_ip else IP6, 0x32)
        callee = self.sipp("uas_answers", callee_ip, far, pause_ms=200)
        self.maskline.start()
        caller_port = harness.ports.free_port("127.0.0.1", (socket.SOCK_DGRAM,))
        self.provision(caller_port, caller_ip, callee.port, callee_ip)
        caller = self.sipp("uac_call", caller_ip, near, self.at(server_ips[0], self.port),
                           AGENT, M1, port=caller_port, pause_ms=pause_ms)
        self.learn(far, callee, lambda m: m.method == "INVITE", server_ips[1])
        self.learn(near, caller, lambda m: m.status == 200, server_ips[0])
        self.hear_each_other(near, far, server_ips)
        return caller, callee, near, far

    def hear_each_other(self, near, far, server_ips):
        for voice in (near, far):
            voice.heard.clear()
        self.until("audio from the callee", lambda: near.heard.get(far.byte, 0) > HEARD)
        self.until("audio from the caller", lambda: far.heard.get(near.byte, 0) > HEARD)
        for voice, ip in zip((near, far), server_ips):
            self.assertEqual(set(voice.heard), {0x31 + 0x32 - voice.byte})
            self.assertEqual(voice.sources, {ip})

    def over(self, caller, callee):
        self.assertTrue(caller.wait(30), caller.problem() + self.maskline.log()[-2000:])
        self.assertTrue(callee.wait(30), callee.problem())
        for one, foreign in ((caller, callee), (callee, caller)):
            self.assertNotEqual(one.received(), [])
            for message in one.received():
                self.assert_tells_nothing(message.text, one.ip, foreign.ip)
        self.finish()

    def assert_tells_nothing(self, text, own_ip, foreign_ip):
        self.assertNotIn(foreign_ip, text)
        # Nor an address of ours of the other kind.
        self.assertNotIn("127.0.0." if ":" in own_ip else IP6, text)

    def test_a_caller_by_ipv4_and_a_callee_by_ipv6_hear_each_other(self):
        caller, callee, _, _ = self.call(NORTH_IP, IP6, ("127.0.0.1", IP6))
        metrics = self.maskline.get("/metrics", with_token=True)[1]
        for line in ("sip_listens_ipv4 1", "sip_listens_ipv6 1", "media_legs 2",
                     "media_legs_ipv6 1"):
            self.assertIn(f"\nmaskline_{line}\n", metrics)
        self.over(caller, callee)

    def test_a_caller_by_ipv6_and_a_callee_by_ipv4_hear_each_other(self):
        caller, callee, _, _ = self.call(IP6, SOUTH_IP, (IP6, "127.0.0.1"))
        self.over(caller, callee)

    def test_a_call_of_both_kinds_goes_on_after_a_crash(self):
        caller, callee, near, far = self.call(NORTH_IP, IP6, ("127.0.0.1", IP6), pause_ms=12000)
        self.maskline.crash()
        self.hear_each_other(near, far, ("127.0.0.1", IP6))
        self.assertIn("going on with 1 after a crash", self.maskline.log())
        self.over(caller, callee)

    def test_an_address_of_another_machine_is_named_with_its_setting(self):
        for listen, said in ((f"127.0.0.1:{self.port}, [2001:db8::1]:{self.port}", "set media_ip"),
                             (f"127.0.0.1:{self.port}, 127.0.0.2:{self.port}",
                              "two addresses of one kind"),
                             (f"0.0.0.0:{self.port}, [{IP6}]:{self.port}", "0.0.0.0 and ::")):
            with self.subTest(listen=listen):
                self.maskline.settings["sip_listen"] = listen
                with self.assertRaisesRegex(harness.Refused, said):
                    self.maskline.start()

    def test_it_says_where_it_listens(self):
        self.maskline.start()
        self.assertIn(f"serving: sip 127.0.0.1:{self.port}, [{IP6}]:{self.port}/udp",
                      self.maskline.log())
        self.assertIn(f"rtp 127.0.0.1, {IP6} ports", self.maskline.log())
        self.finish()


if __name__ == "__main__":
    unittest.main()
