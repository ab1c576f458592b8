# SPDX-License-Identifier: Apache-2.0
"""A carrier whose servers are found in DNS, as on any machine: through /etc/resolv.conf."""
import shutil
import tempfile
import unittest

import namespace
import ports
from harness import M1, M2, NORTH_IP, Refused
from nameserver import NAPTR, SRV, NameServer, address, naptr, srv
from sipp import Sipp
from test_calls import SippCase as _SippCase

DNS_IP = "127.0.0.53"
ONE, TWO, THREE = "127.0.1.1", "127.0.1.2", "127.0.1.3"


_forbidden = None       # why there is no namespace


def setUpModule():
    global _forbidden
    directory = tempfile.mkdtemp(prefix="maskline-test-")
    unittest.addModuleCleanup(shutil.rmtree, directory, ignore_errors=True)
    try:
        namespace.enter(directory, DNS_IP)
    except namespace.Forbidden as error:
        _forbidden = f"a name server of the test's own needs a namespace: {error}"


class Names(_SippCase):
    """Two servers come first, by weight, and take no calls; the third is for when they do not."""

    def setUp(self):
        if _forbidden:
            self.skipTest(_forbidden)
        self.dns = NameServer(DNS_IP)
        self.addCleanup(self.dns.close)
        self.ports = {ip: ports.free_port(ip) for ip in (ONE, TWO, THREE)}
        self._add_servers("carrier.example")
        self.dns.add("carrier.example",
                     naptr(10, 20, "SIP+D2T", "_sip._tcp.carrier.example"),
                     naptr(10, 10, "SIP+D2U", "_sip._udp.carrier.example"))
        self.dns.add("_sip._tcp.carrier.example", srv(0, 0, 5060, "one.carrier.example"))
        super().setUp()

    def _add_servers(self, domain):
        rows = ((10, 60, "one", ONE), (10, 40, "two", TWO), (20, 0, "three", THREE))
        for priority, weight, name, ip in rows:
            self.dns.add(f"{name}.{domain}", address(ip), ttl=120)
            self.dns.add(f"_sip._udp.{domain}",
                         srv(priority, weight, self.ports[ip], f"{name}.{domain}"), ttl=60)

    def server(self, ip, scenario, **options):
        sipp = Sipp(scenario, ip, self.temp, port=self.ports[ip], **options)
        self.addCleanup(sipp.stop)
        return sipp

    def provision(self, peer):
        line = self.maskline
        line.add_trunk("north", f"{NORTH_IP}/32", f"{NORTH_IP}:5060")
        line.add_trunk("south", "127.0.1.0/24", peer, "--transport", "auto",
                       "--failover-ms", "1000")
        line.add_number(M1, "north")
        line.add_number(M2, "south")
        line.create_session()

    def attempts(self):
        record = self.assert_record(name="Normal Hangup", source="Caller")
        return [(one["address"], one["result"])
                for one in self.legs_of(record)["b"]["attempts"]]

    def call_reaches_the_third(self, peer):
        silent = self.server(ONE, "uas_goes_dark", pause_ms=20000)
        answers = self.server(THREE, "uas_answers")
        self.provision(peer)
        caller = self.caller("uac_call")
        self.assert_ran(caller, answers)
        self.assertEqual(answers.requests(), ["INVITE", "ACK", "BYE"])
        self.assertEqual(silent.requests(), ["INVITE"])
        tried = self.attempts()
        self.assertEqual(sorted(tried[:2]), [(f"{ip}:{self.ports[ip]}", "it did not answer")
                                             for ip in (ONE, TWO)])
        self.assertEqual(tried[2:], [(f"{THREE}:{self.ports[THREE]}", "it answered")])

    def test_a_call_goes_on_to_the_next_server_that_naptr_and_srv_name(self):
        self.call_reaches_the_third("carrier.example")
        self.assertIn(("carrier.example", NAPTR), self.dns.asked)
        self.assertIn(("_sip._udp.carrier.example", SRV), self.dns.asked)
        self.assertNotIn(("_sip._tcp.carrier.example", SRV), self.dns.asked)
        # A call was set up meanwhile, and nothing of it is in a question.
        for name, _ in self.dns.asked:
            self.assertRegex(name, r"(^|\.)carrier\.example$")
            self.assertNotRegex(name, r"[0-9]([-.]?[0-9]){6}")
        self.finish()

    def test_without_naptr_srv_is_asked_for_what_is_spoken(self):
        self._add_servers("plain.example")
        self.call_reaches_the_third("plain.example")
        self.assertIn(("_sip._udp.plain.example", SRV), self.dns.asked)
        self.finish()

    def test_trunk_check_tells_what_dns_said_and_who_is_there(self):
        self.server(THREE, "uas_options", timeout_s=60)
        self.provision("carrier.example")
        report = self.maskline.run("trunk", "check", "south", check=False).stdout
        resolved = [line for line in report.splitlines() if " resolve " in line][0]
        self.assertRegex(resolved, r"^ok .*carrier\.example was found by NAPTR and SRV records")
        for ip, port in self.ports.items():
            self.assertIn(f"{ip}:{port} (UDP)", resolved)
        self.assertIn("good for 60 s", resolved)
        self.assertRegex(report, rf"options +{ONE}:{self.ports[ONE]} over UDP does not answer")
        self.assertRegex(report, rf"ok +options +{THREE}:{self.ports[THREE]}")
        self.finish()

    def test_trunk_check_tells_that_there_is_no_such_name(self):
        self.provision("nowhere.example")
        with self.assertRaises(Refused) as refused:
            self.maskline.run("trunk", "check", "south")
        self.assertIn("nowhere.example cannot be resolved: there is no such name",
                      refused.exception.text)
        self.assertIn(("nowhere.example", NAPTR), self.dns.asked)
        self.finish()

    def test_trunk_check_tells_that_the_name_server_is_gone(self):
        self.dns.close()
        self.provision("carrier.example")
        with self.assertRaises(Refused) as refused:
            self.maskline.run("trunk", "check", "south")
        self.assertRegex(refused.exception.text, "bad +resolve +carrier.example cannot be resolved")
        self.assertIn("Look at the name servers of this machine", refused.exception.text)
        self.finish()


if __name__ == "__main__":
    unittest.main()
