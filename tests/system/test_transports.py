# SPDX-License-Identifier: Apache-2.0
"""SIP over TCP and TLS with peers that are not ours: Kamailio as the carrier's edge, baresip."""
import os
import signal
import socket
import ssl
import time
import unittest

import certificates
import edge
import harness
from harness import AGENT, AGENT_HZ, CUSTOMER, CUSTOMER_HZ, M1, M2, NORTH_IP, SOUTH_IP, TONES
from sipp import Sipp


class Transports(harness.Case):
    def listen(self, transport):
        """Whoever shows a certificate is of the authority; ours is of 127.0.0.1."""
        self.authority = certificates.Authority(self.temp / "certificates")
        settings = {"sip_tcp_listen": f"127.0.0.1:{self.maskline.tcp_port}"}
        if transport == "tls":
            self.ours = self.authority.sign("IP:127.0.0.1")
            settings |= {"sip_tls_listen": f"127.0.0.1:{self.maskline.tls_port}",
                         "tls_certificate": self.ours[0], "tls_key": self.ours[1],
                         "tls_ca": self.authority.ca}
        self.maskline.settings |= settings

    def provision(self, north, south):
        run = self.maskline
        run.start()
        run.add_trunk("north", f"{NORTH_IP}/32", *north)
        run.add_trunk("south", f"{SOUTH_IP}/32", *south)
        run.add_number(M1, "north")
        run.add_number(M2, "south")
        run.create_session()

    def begin(self, caller, callee, shown, server=None):
        before = len(callee.calls)
        out = caller.dial(M1 if shown == M2 else M2, server or self.maskline.server)
        into = callee.wait_incoming(before)
        self.assertIsNotNone(into, self.maskline.log()[-3000:])
        self.assertEqual(into.shown, shown)
        callee.accept()
        self.assertTrue(caller.wait_established(out), self.maskline.log()[-3000:])
        return out, into

    def end(self, caller, callee, calls):
        caller.wait("the talk", lambda _: False, 2)
        caller.hangup()
        self.assertTrue(caller.wait_closed(calls[0]) and callee.wait_closed(calls[1]),
                        self.maskline.log()[-3000:])
        for call, hertz in ((calls[0], callee.hertz), (calls[1], caller.hertz)):
            heard = call.heard(TONES)
            self.assertGreater(heard.tone_s(hertz), 1.2, heard.describe())


@unittest.skipUnless(edge.is_installed(), "kamailio is not installed; run script/bootstrap test")
class CarrierEdge(Transports):
    def build(self, transport, names="IP:127.0.0.12", trunk=None, more=()):
        """`trunk`: the transport of the trunk, where it is another one than the edge speaks."""
        self.listen(transport)
        self.agent_phone, self.customer_phone = self.agent(), self.customer()
        self.edge_files = self.authority.sign(names)
        self.edge = edge.Edge(SOUTH_IP, self.customer_phone.port, self.temp / "edge",
                              transport=transport, certificate=self.edge_files)
        self.addCleanup(self.edge.stop)
        self.edge.start()
        secret = self.temp / "password"
        secret.write_text(edge.PASSWORD + "\n")
        self.provision([f"{NORTH_IP}:{self.agent_phone.port}"],
                       [f"{SOUTH_IP}:{self.edge.port}", "--transport", trunk or transport,
                        "--username", edge.USERNAME, "--password", f"@{secret}", *more])

    def calls_over(self, transport):
        self.build(transport)
        for _ in range(2):
            calls = self.begin(self.agent_phone, self.customer_phone, M2)
            self.end(self.agent_phone, self.customer_phone, calls)
        self.assertEqual(self.edge.said(), ["challenged INVITE", "authorized INVITE",
                                            "authorized BYE"] + ["authorized INVITE",
                                                                 "authorized BYE"])
        # The callee hangs up: the edge comes to us.
        calls = self.begin(self.agent_phone, self.customer_phone, M2)
        self.end(self.customer_phone, self.agent_phone, calls[::-1])
        self.finish()

    def test_calls_over_tcp(self):
        self.calls_over("tcp")

    def test_calls_over_tls(self):
        self.calls_over("tls")

    def large_call(self, edge_transport):
        """On a UDP trunk, with an INVITE of more than 1300 bytes; by which transports it came."""
        headers = [word for name in ("Account", "Campaign", "Token", "Reference")
                   for word in ("--header", f"X-{name}-Of-The-Customer: {name[0] * 120}")]
        self.build(edge_transport, trunk="udp", more=headers)
        calls = self.begin(self.agent_phone, self.customer_phone, M2)
        self.end(self.agent_phone, self.customer_phone, calls)
        self.finish()
        invites, byes = self.edge.came("INVITE"), self.edge.came("BYE")
        self.assertEqual(len(invites), 2, "one that is challenged, and one with the password")
        self.assertTrue(byes)
        return {transport for transport, _ in invites}, {transport for transport, _ in byes}

    def test_what_is_too_large_for_a_datagram_goes_by_tcp(self):
        self.assertEqual(self.large_call("tcp"), ({"tcp"}, {"tcp"}))

    def test_what_is_too_large_goes_as_a_datagram_where_tcp_is_refused(self):
        self.assertEqual(self.large_call("udp"), ({"udp"}, {"udp"}))

    def test_a_wrong_certificate_is_refused_with_a_sentence(self):
        self.build("tls", names="DNS:carrier.example")
        out = self.agent_phone.dial(M1, self.maskline.server)
        self.assertTrue(self.agent_phone.wait_closed(out, 5))
        self.assertEqual(self.customer_phone.calls, [])
        self.assertRegex(self.maskline.log(), r"trunk south: the TLS connection to 127\.0\.0\.12:\d+ "
                                              r"could not be made: .*carrier\.example")
        self.finish()

    def shown(self):
        """The certificate that the server shows now."""
        return ssl.get_server_certificate(("127.0.0.1", self.maskline.tls_port))

    def connect(self):
        """Somebody's connection to the server, whoever that turns out to be."""
        anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", self.maskline.tls_port), timeout=10)
        connection = anyone.wrap_socket(plain)
        self.addCleanup(connection.close)
        return connection

    def ask(self, connection):
        """What an OPTIONS on it is answered."""
        connection.sendall(b"OPTIONS sip:127.0.0.1 SIP/2.0\r\n"
                           b"Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK%d\r\n"
                           b"From: <sip:probe@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\n"
                           b"Call-ID: probe\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
                           b"Content-Length: 0\r\n\r\n" % time.monotonic_ns())
        return connection.recv(4096).split(b"\r\n")[0].decode()

    def test_a_new_certificate_is_taken_with_a_call_up(self):
        self.build("tls")
        # Who asks has to be behind a trunk.
        self.maskline.add_trunk("probe", "127.0.0.1/32", "127.0.0.1:9", "--transport", "tls")
        calls = self.begin(self.agent_phone, self.customer_phone, M2)
        before = self.shown()
        old = self.connect()
        self.assertEqual(self.ask(old), "SIP/2.0 200 OK")
        self.authority.sign("IP:127.0.0.1", into=self.ours)
        os.kill(self.maskline.pid, signal.SIGHUP)
        deadline = time.monotonic() + 10
        while self.shown() == before:
            self.assertLess(time.monotonic(), deadline, self.maskline.log()[-2000:])
            time.sleep(0.1)
        # Connections that were there stay as they are, ours to the carrier and others' to us.
        self.assertEqual(self.ask(old), "SIP/2.0 200 OK")
        self.assertEqual(ssl.DER_cert_to_PEM_cert(old.getpeercert(binary_form=True)), before)
        self.end(self.agent_phone, self.customer_phone, calls)
        self.assertEqual(len(set(self.edge.came("INVITE"))), 1, self.edge.came("INVITE"))
        self.assertEqual(self.edge.came("BYE"), self.edge.came("INVITE")[:1])
        self.assertEqual(self.edge.came("BYE")[0][0], "tls")
        # A new one is made with the new certificate.
        new = self.connect()
        self.assertEqual(self.ask(new), "SIP/2.0 200 OK")
        self.assertNotEqual(new.getpeercert(binary_form=True), old.getpeercert(binary_form=True))

        # What is no key is not taken, and says so.
        self.ours[1].write_text("nonsense\n")
        os.kill(self.maskline.pid, signal.SIGHUP)
        now = self.shown()
        while "tls: not reloaded" not in self.maskline.log():
            self.assertLess(time.monotonic(), deadline + 20, self.maskline.log()[-2000:])
            time.sleep(0.1)
        self.assertEqual(self.shown(), now)
        self.finish()


class Telephones(Transports):
    """The agent speaks TCP or TLS, the customer UDP."""

    def build(self, transport):
        self.listen(transport)
        both = self.authority.together(f"IP:{NORTH_IP}") if transport == "tls" else None
        self.agent_phone = self.phone("agent", AGENT, NORTH_IP, AGENT_HZ, transport=transport,
                                      certificate=both, ca=self.authority.ca)
        self.customer_phone = self.phone("customer", CUSTOMER, SOUTH_IP, CUSTOMER_HZ)
        tls = transport == "tls"
        port = self.agent_phone.tls_port if tls else self.agent_phone.port
        self.server = f"127.0.0.1:{self.maskline.tls_port if tls else self.maskline.tcp_port}"
        # It connects from whatever address the kernel takes.
        self.provision([f"{NORTH_IP}:{port}", "--source", "127.0.0.1/32", "--transport", transport],
                       [f"{SOUTH_IP}:{self.customer_phone.port}"])

    def calls_over(self, transport):
        self.build(transport)
        calls = self.begin(self.agent_phone, self.customer_phone, M2, self.server)
        self.end(self.agent_phone, self.customer_phone, calls)
        calls = self.begin(self.customer_phone, self.agent_phone, M1)
        self.end(self.customer_phone, self.agent_phone, calls)
        calls = self.begin(self.customer_phone, self.agent_phone, M1)
        self.end(self.agent_phone, self.customer_phone, calls[::-1])
        self.finish()

    def test_calls_over_tcp(self):
        self.calls_over("tcp")

    def test_calls_over_tls(self):
        self.calls_over("tls")

    def test_a_call_over_tcp_goes_on_after_a_crash(self):
        self.build("tcp")
        calls = self.begin(self.agent_phone, self.customer_phone, M2, self.server)
        # The ACK must have come: what was on its way on the connection is lost with it.
        self.agent_phone.wait("the talk", lambda _: False, 1)
        self.maskline.crash()
        self.end(self.customer_phone, self.agent_phone, calls[::-1])
        self.finish()


class Restart(Transports):
    def attempts(self, ports):
        """Connects again and again while the server starts again; all those that were made."""
        made = {port: [] for port in ports}
        while self.maskline.log().count(" serving: sip ") < 2:
            for port in ports:
                one = socket.create_connection(("127.0.0.1", port), timeout=5,
                                               source_address=(NORTH_IP, 0))
                self.addCleanup(one.close)
                made[port].append(one)
            time.sleep(0.05)
        return made

    def test_nobody_who_connects_is_refused_while_the_server_starts_again(self):
        self.listen("tls")
        run = self.maskline
        run.start()
        run.add_trunk("north", f"{NORTH_IP}/32", f"{NORTH_IP}:9", "--transport", "tcp")
        before = run.worker_pid
        os.kill(before, signal.SIGKILL)
        ports = (run.tcp_port, run.tls_port)
        made = self.attempts(ports)
        self.assertGreater(len(made[run.tcp_port]), 1)
        # Who came first, when no server was there, is answered.
        first = made[run.tcp_port][0]
        first.settimeout(20)
        first.sendall(b"OPTIONS sip:127.0.0.1 SIP/2.0\r\n"
                      b"Via: SIP/2.0/TCP %b:9;branch=z9hG4bK1\r\n"
                      b"From: <sip:a@%b>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: a\r\n"
                      b"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
                      % (NORTH_IP.encode(), NORTH_IP.encode()))
        self.assertTrue(first.recv(4096).startswith(b"SIP/2.0 200 OK"))
        self.assertNotEqual(run.worker_pid, before)
        self.finish()


class Ip6(Transports):
    def test_a_call_between_ipv6_peers(self):
        run = self.maskline
        run.settings |= {"sip_listen": f"[::1]:{run.sip_port}"}
        callee = Sipp("uas_answers", "::1", self.temp)
        self.addCleanup(callee.stop)
        run.start()
        run.add_trunk("six", "::1/128", f"[::1]:{callee.port}")
        run.add_number(M1, "six")
        run.add_number(M2, "six")
        run.create_session()
        caller = Sipp("uac_call", "::1", self.temp, f"[::1]:{run.sip_port}", AGENT, M1)
        self.addCleanup(caller.stop)
        self.assertTrue(caller.wait(20), caller.problem() + run.log()[-2000:])
        self.assertTrue(callee.wait(20), callee.problem())
        invite = callee.received()[0]
        self.assertRegex(invite.header("Via"), rf"^SIP/2\.0/UDP \[::1\]:{run.sip_port};")
        self.assertRegex(invite.header("Contact"), rf"^<sip:.*@\[::1\]:{run.sip_port}>")
        self.assertIn("c=IN IP6 ::1", invite.text)
        self.finish()


if __name__ == "__main__":
    unittest.main()
