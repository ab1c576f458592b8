# SPDX-License-Identifier: Apache-2.0
"""Carriers that must show a certificate when they connect: Kamailio, and OpenSSL's own client."""
import socket
import subprocess
import time
import unittest

import certificates
import edge
import harness
import processes
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

    @staticmethod
    def options(ip, transport="TLS"):
        return (f"OPTIONS sip:127.0.0.1 SIP/2.0\r\n"
                f"Via: SIP/2.0/{transport} {ip}:9;rport;branch=z9hG4bK{time.monotonic_ns()}\r\n"
                f"From: <sip:probe@{ip}>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: {ip}\r\n"
                "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n").encode()

    def connect(self, ip, shown=None, version="-tls1_3"):
        command = ["openssl", "s_client", "-quiet", "-no_ign_eof", version, "-bind", f"{ip}:0",
                   "-connect", f"127.0.0.1:{self.maskline.tls_port}", "-CAfile",
                   self.authority.ca, "-verify_return_error"]
        if shown:
            command += ["-cert", shown[0], "-key", shown[1]]
        client = processes.spawn(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, bufsize=0)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.stdin.close)
        self.addCleanup(processes.stop, client)
        return client

    def ask(self, client, ip):
        """What an OPTIONS is answered on this connection; empty: it ends without an answer."""
        try:
            client.stdin.write(self.options(ip))
        except BrokenPipeError:
            return ""
        for line in client.stdout:
            if line.startswith(b"SIP/2.0"):
                return line.decode().strip()
        return ""

    def once(self, ip, shown=None, version="-tls1_3"):
        return self.ask(self.connect(ip, shown, version), ip)

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
                self.assertEqual(self.once(ip, shown, version), "")
                told = self.wait_for_refusals(number)
                self.assertEqual(len(told), number, told)
                self.assertRegex(told[-1], rf"trunk t{number}: the TLS connection from "
                                           rf"{ip}:\d+ could not be made: .*{why}")
                # The same trunk, a moment later, with what it has to show.
                self.assertEqual(self.once(ip, own, version), "SIP/2.0 200 OK")
        self.assertEqual(len(self.refusals()), len(cases), self.refusals())
        self.finish()

    def test_what_a_trunk_asks_for_later_counts_for_connections_that_are_up(self):
        run, ip = self.maskline, "127.0.0.21"
        own = self.authority.sign(f"DNS:{NAME}")
        run.start()
        run.add_trunk("t1", f"{ip}/32", f"{ip}:9", "--transport", "tls")
        nameless, named = self.connect(ip), self.connect(ip, own)
        for client in (nameless, named):
            self.assertEqual(self.ask(client, ip), "SIP/2.0 200 OK")
        run.run("trunk", "set", "t1", "--client-certificate", NAME)
        self.assertEqual(self.ask(nameless, ip), "")
        self.assertRegex(self.wait_for_refusals(1)[0],
                         r"trunk t1: the TLS connection from 127\.0\.0\.21:\d+ was closed: "
                         r"the peer showed no certificate")
        # Nobody had asked this one for it when it connected.
        self.assertEqual(self.ask(named, ip), "")
        shown = self.connect(ip, own)
        for _ in range(2):
            self.assertEqual(self.ask(shown, ip), "SIP/2.0 200 OK")
        run.run("trunk", "set", "t1", "--client-certificate", OTHER_NAME)
        self.assertEqual(self.ask(shown, ip), "")
        self.finish()

    def test_there_is_no_way_around_the_certificate(self):
        """Neither a datagram nor plain TCP from the carrier's address is believed."""
        run, ip = self.maskline, "127.0.0.21"
        run.settings["sip_tcp_listen"] = f"127.0.0.1:{run.tcp_port}"
        run.start()
        run.add_trunk("plain", "127.0.0.22/32", "127.0.0.22:9")
        self.add_trunk("t1", ip)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs, \
             socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as others:
            for one, address in ((theirs, ip), (others, "127.0.0.22")):
                one.bind((address, 0))
                one.settimeout(10)
                one.sendto(self.options(address, "UDP"), ("127.0.0.1", run.sip_port))
            # Those that come later are answered: the first was not.
            self.assertTrue(others.recv(65535).startswith(b"SIP/2.0 200 "))
            theirs.setblocking(False)
            self.assertRaises(BlockingIOError, theirs.recv, 65535)
        with socket.socket() as stream:
            stream.bind((ip, 0))
            stream.settimeout(10)
            with self.assertRaises(ConnectionError):
                stream.connect(("127.0.0.1", run.tcp_port))
                stream.sendall(self.options(ip, "TCP"))
                if not stream.recv(65535):
                    raise ConnectionResetError
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
