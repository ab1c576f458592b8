# SPDX-License-Identifier: Apache-2.0
"""Carriers that must show a certificate when they connect: Kamailio, and OpenSSL's own client."""
import subprocess
import time
import unittest

import certificates
import edge
import harness
from harness import M1, M2, NORTH_IP, SOUTH_IP, TONES

NAME, OTHER_NAME = "carrier.example", "other.example"


class MutualTls(harness.Case):
    def setUp(self):
        super().setUp()
        self.authority = certificates.Authority(self.temp / "certificates")
        certificate, key = self.authority.sign("IP:127.0.0.1")
        self.maskline.settings |= {"sip_tls_listen": f"127.0.0.1:{self.maskline.tls_port}",
                                   "tls_certificate": certificate, "tls_key": key,
                                   "tls_ca": self.authority.ca}

    def refusals(self):
        return [line for line in self.maskline.log().splitlines()
                if "the TLS connection from" in line]

    def wait_for_refusals(self, count):
        deadline = time.monotonic() + 10
        while len(self.refusals()) < count:
            self.assertLess(time.monotonic(), deadline, self.maskline.log()[-3000:])
            time.sleep(0.05)
        return self.refusals()


class OpenSsl(MutualTls):
    """One trunk for each case: a trunk's troubles are told once in ten seconds."""

    def add_trunk(self, name, ip):
        self.maskline.add_trunk(name, f"{ip}/32", f"{ip}:9", "--transport", "tls",
                                "--client-certificate", NAME)

    def ask(self, ip, shown=None, version="-tls1_3"):
        """What an OPTIONS is answered on a connection from `ip`."""
        request = (f"OPTIONS sip:127.0.0.1 SIP/2.0\r\n"
                   f"Via: SIP/2.0/TLS {ip}:9;branch=z9hG4bK{time.monotonic_ns()}\r\n"
                   f"From: <sip:probe@{ip}>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: {ip}\r\n"
                   "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n")
        command = ["openssl", "s_client", "-quiet", "-no_ign_eof", version, "-bind", f"{ip}:0",
                   "-connect", f"127.0.0.1:{self.maskline.tls_port}", "-CAfile",
                   self.authority.ca, "-verify_return_error"]
        if shown:
            command += ["-cert", shown[0], "-key", shown[1]]
        client = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(client.stdout.close)
        try:
            client.stdin.write(request.encode())
            client.stdin.flush()
            return self.first_line(client)
        except BrokenPipeError:
            return ""
        finally:
            client.kill()
            client.wait()
            try:
                client.stdin.close()
            except BrokenPipeError:
                pass

    @staticmethod
    def first_line(client):
        """Of SIP; empty when it ended without any."""
        for line in client.stdout:
            if line.startswith(b"SIP/2.0"):
                return line.decode().strip()
        return ""

    def test_only_the_carriers_own_certificate_is_taken(self):
        run = self.maskline
        own = self.authority.sign(f"DNS:{NAME}")
        wrong = self.authority.sign(f"DNS:{OTHER_NAME}")
        foreign = certificates.Authority(self.temp / "strangers").sign(f"DNS:{NAME}")
        run.start()
        cases = [("127.0.0.21", "-tls1_3", None, "the peer showed no certificate, and must"),
                 ("127.0.0.22", "-tls1_2", None, "the peer showed no certificate, and must"),
                 ("127.0.0.23", "-tls1_3", wrong, f"{OTHER_NAME}, not for {NAME}"),
                 ("127.0.0.24", "-tls1_2", wrong, f"{OTHER_NAME}, not for {NAME}"),
                 ("127.0.0.25", "-tls1_3", foreign, "not among those we trust")]
        for number, (ip, version, shown, why) in enumerate(cases, 1):
            with self.subTest(ip=ip, why=why):
                self.add_trunk(f"t{number}", ip)
                self.assertEqual(self.ask(ip, shown, version), "")
                told = self.wait_for_refusals(number)
                self.assertEqual(len(told), number, told)
                self.assertRegex(told[-1], rf"trunk t{number}: the TLS connection from "
                                           rf"{ip}:\d+ could not be made: .*{why}")
                # The same trunk, a moment later, with what it has to show.
                self.assertEqual(self.ask(ip, own, version), "SIP/2.0 200 OK")
        self.assertEqual(len(self.refusals()), len(cases), self.refusals())
        self.finish()


@unittest.skipUnless(edge.is_installed(), "kamailio is not installed; run script/bootstrap test")
class Kamailio(MutualTls):
    """We register at the edge by TLS; for a call it connects to us and shows its certificate."""

    def build(self, names):
        run = self.maskline
        self.agent_phone, self.customer_phone = self.agent(), self.customer()
        self.edge = edge.Edge(SOUTH_IP, self.customer_phone.port, self.temp / "edge",
                              transport="tls", certificate=self.authority.sign(names))
        self.addCleanup(self.edge.stop)
        self.edge.start()
        run.start()
        secret = self.temp / "password"
        secret.write_text(edge.PASSWORD + "\n")
        run.add_trunk("north", f"{NORTH_IP}/32", f"{NORTH_IP}:{self.agent_phone.port}")
        run.add_trunk("south", f"{SOUTH_IP}/32", f"{SOUTH_IP}:{self.edge.port}", "--transport",
                      "tls", "--client-certificate", NAME, "--username", edge.USERNAME,
                      "--password", f"@{secret}", "--register",
                      "--dialled-from", "to")
        run.add_number(M1, "north")
        run.add_number(M2, "south")
        run.create_session()
        deadline = time.monotonic() + 15
        while run.json("trunk", "show", "south")["registration"]["state"] != "registered":
            self.assertLess(time.monotonic(), deadline, run.log()[-2000:] + self.edge.log()[-2000:])
            time.sleep(0.1)

    def talk(self, caller, callee, dialled, server):
        before = len(callee.calls)
        out = caller.dial(dialled, server)
        into = callee.wait_incoming(before)
        self.assertIsNotNone(into, self.maskline.log()[-3000:] + self.edge.log()[-3000:])
        callee.accept()
        self.assertTrue(caller.wait_established(out), self.maskline.log()[-3000:])
        caller.wait("the talk", lambda _: False, 2)
        caller.hangup()
        self.assertTrue(caller.wait_closed(out) and callee.wait_closed(into))
        for call, hertz in ((out, callee.hertz), (into, caller.hertz)):
            self.assertGreater(call.heard(TONES).tone_s(hertz), 1.2)

    def test_the_carriers_certificate_opens_the_way_for_its_calls(self):
        self.build(f"IP:{SOUTH_IP},DNS:{NAME}")
        self.talk(self.customer_phone, self.agent_phone, M2, f"{SOUTH_IP}:{self.edge.port}")
        self.assertEqual(self.refusals(), [])
        self.finish()

    def test_another_certificate_is_refused_and_calls_to_the_carrier_go_on(self):
        self.build(f"IP:{SOUTH_IP}")
        out = self.customer_phone.dial(M2, f"{SOUTH_IP}:{self.edge.port}")
        told = self.wait_for_refusals(1)
        self.assertRegex(told[0], rf"trunk south: the TLS connection from {SOUTH_IP}:\d+ could not "
                                  rf"be made: the certificate is for {SOUTH_IP}, not for {NAME}")
        self.customer_phone.hangup()
        self.customer_phone.wait_closed(out)
        self.assertEqual(self.agent_phone.calls, [])
        self.talk(self.agent_phone, self.customer_phone, M1, self.maskline.server)
        self.finish()


if __name__ == "__main__":
    unittest.main()
