# SPDX-License-Identifier: Apache-2.0
"""A carrier that asks for a user name and a password: Kamailio before the customer's telephone."""
import datetime
import hashlib
import time
import unittest

import edge
import harness
from harness import M1, M2, NORTH_IP, SOUTH_IP, TONES


@unittest.skipUnless(edge.is_installed(), "kamailio is not installed; run script/bootstrap test")
class EdgeCase(harness.Case):
    """A telephone on one side, on the other an edge with a telephone behind it."""

    def build(self, *more, password=edge.PASSWORD, **options):
        """North is a telephone as always; south is the edge and a telephone behind it."""
        self.agent_phone, self.customer_phone = self.agent(), self.customer()
        self.edge = edge.Edge(SOUTH_IP, self.customer_phone.port, self.temp / "edge", **options)
        self.addCleanup(self.edge.stop)
        self.edge.start()
        self.maskline.start()
        run = self.maskline
        run.add_trunk("north", f"{NORTH_IP}/32", f"{NORTH_IP}:{self.agent_phone.port}")
        secret = self.temp / "password"
        secret.write_text(password + "\n")
        run.add_trunk("south", f"{SOUTH_IP}/32", f"{SOUTH_IP}:{self.edge.port}",
                      "--username", edge.USERNAME, "--password", f"@{secret}", *more)
        secret.unlink()
        run.add_number(M1, "north")
        run.add_number(M2, "south")
        run.create_session()

    def talk(self, caller, dialled, callee, shown, server=None):
        before = len(callee.calls)
        out = caller.dial(dialled, server or self.maskline.server)
        into = callee.wait_incoming(before)
        self.assertIsNotNone(into, self.edge.log()[-3000:])
        self.assertEqual(into.shown, shown)
        self.assertEqual(len(callee.calls), before + 1)
        callee.accept()
        self.assertTrue(caller.wait_established(out), out)
        caller.wait("the talk", lambda _: False, 2)
        caller.hangup()
        self.assertTrue(caller.wait_closed(out) and callee.wait_closed(into))
        for call, hertz in ((out, callee.hertz), (into, caller.hertz)):
            heard = call.heard(TONES)
            self.assertGreater(heard.tone_s(hertz), 1.2, heard.describe())

    def registration(self):
        return self.maskline.json("trunk", "show", "south")["registration"]

    def wait_for_registration(self, state, timeout_s=15):
        deadline = time.monotonic() + timeout_s
        while self.registration()["state"] != state:
            if time.monotonic() > deadline:
                self.fail(f"{self.registration()}\n{self.edge.log()[-3000:]}")
            time.sleep(0.1)

    def finish(self):
        super().finish()
        self.assert_password_is_nowhere(edge.PASSWORD)

    def assert_password_is_nowhere(self, password):
        """Neither it nor what it is hashed to with name and realm."""
        secrets = [password]
        for name in ("md5", "sha256"):
            ha1 = hashlib.new(name, f"{edge.USERNAME}:{edge.REALM}:{password}".encode())
            secrets += [ha1.hexdigest(), ha1.digest()]
        for place, content in [("log", self.maskline.log().encode()),
                               *self.maskline.files().items()]:
            for secret in secrets:
                secret = secret.encode() if isinstance(secret, str) else secret
                self.assertNotIn(secret, content, place)

    def said(self):
        return self.edge.said()


class Edge(EdgeCase):
    def calls_with_a_password(self, algorithm):
        self.build(algorithm=algorithm)
        self.talk(self.agent_phone, M1, self.customer_phone, M2)
        self.talk(self.agent_phone, M1, self.customer_phone, M2)
        # Asked once; after that, the nonce is used again: for the BYE and the next call.
        self.assertEqual(self.said(), ["challenged INVITE", "authorized INVITE", "authorized BYE",
                                       "authorized INVITE", "authorized BYE"])
        self.finish()

    def test_calls_are_made_with_a_password_and_md5(self):
        self.calls_with_a_password("MD5")

    def test_calls_are_made_with_a_password_and_sha_256(self):
        self.calls_with_a_password("SHA-256")

    def test_an_expired_nonce_is_replaced_on_the_way(self):
        self.build(nonce_s=1)
        for _ in range(2):
            self.talk(self.agent_phone, M1, self.customer_phone, M2)
        said = self.said()
        self.assertEqual(said.count("authorized INVITE"), 2, said)
        self.assertEqual(said.count("authorized BYE"), 2, said)
        self.assertEqual(said.count("challenged BYE"), 2, said)
        self.finish()

    def test_a_wrong_password_ends_the_call_with_a_reason(self):
        self.build(password="not-the-password")
        out = self.agent_phone.dial(M1, self.maskline.server)
        self.assertTrue(self.agent_phone.wait_closed(out))
        self.assertEqual(self.customer_phone.calls, [])
        call = self.maskline.wait_for_calls(1)[0]
        legs = self.maskline.json("call", "show", call["id"])["legs"]
        self.assertEqual([leg["sip_status"] for leg in legs if leg["leg"] == "b"], [407])
        self.assertEqual(self.said(), ["challenged INVITE"] * 2)
        # Set right, it works without a restart.
        self.maskline.run("trunk", "set", "south", "--password", "-",
                          stdin=edge.PASSWORD + "\n")
        self.talk(self.agent_phone, M1, self.customer_phone, M2)
        super().finish()
        for password in ("not-the-password", edge.PASSWORD):
            self.assert_password_is_nowhere(password)

    def test_a_trunk_registers_and_is_called_at_its_registration(self):
        self.build("--register", "--dialled-from", "to", min_expires=120)
        self.wait_for_registration("registered")
        shown = self.maskline.run("trunk", "show", "south")
        self.assertRegex(shown, r"registration +registered until \d{4}-")
        self.assertRegex(shown, r"password +set")
        self.assertNotIn(edge.PASSWORD, shown)
        self.talk(self.customer_phone, M2, self.agent_phone, M1,
                  server=f"{SOUTH_IP}:{self.edge.port}")
        self.finish()
        # Taken back at the end.
        self.assertRegex(self.edge.said()[-1], r"^authorized REGISTER .*expires=0$")

    def test_a_crash_keeps_the_registration_and_calls_that_were_challenged(self):
        self.build("--register", "--dialled-from", "to", min_expires=120)
        self.wait_for_registration("registered")
        out = self.agent_phone.dial(M1, self.maskline.server)
        into = self.customer_phone.wait_incoming(0)
        self.assertIsNotNone(into)
        before = len(self.said())
        self.maskline.crash()
        # The challenged INVITE is under way still; it is answered in the next process.
        self.customer_phone.accept()
        self.assertTrue(self.agent_phone.wait_established(out), out)
        self.wait_for_registration("registered")
        self.maskline.crash()
        self.wait_for_registration("registered")
        self.agent_phone.hangup()
        self.assertTrue(self.agent_phone.wait_closed(out))
        self.assertTrue(self.customer_phone.wait_closed(into))
        # One registration for each process: challenged once, never taken back.
        registers = [line for line in self.said()[before:] if "REGISTER" in line]
        self.assertEqual([line.split()[0] for line in registers],
                         ["challenged", "authorized"] * 2, registers)
        self.assertNotIn("expires=0", "".join(registers))
        self.talk(self.customer_phone, M2, self.agent_phone, M1,
                  server=f"{SOUTH_IP}:{self.edge.port}")
        self.finish()

    def test_the_time_that_the_registrar_grants_counts(self):
        self.build("--register", "--register-for", "60", min_expires=120)
        self.wait_for_registration("registered")
        until = datetime.datetime.fromisoformat(self.registration()["until"].replace("Z", "+00:00"))
        left = until - datetime.datetime.now(datetime.timezone.utc)
        self.assertGreater(left.total_seconds(), 80)
        self.assertLess(left.total_seconds(), 121)
        self.finish()

    def check_trunk(self, name="south"):
        """Exit status, and the sentences with their grades by step."""
        done = self.maskline.run("trunk", "check", name, check=False)
        steps = {}
        for line in done.stdout.splitlines():
            if not line.startswith(" "):
                grade, step, sentence = line.split(None, 2)
                steps.setdefault(step, []).append((grade, sentence))
        return done.returncode, steps, done.stdout

    def test_a_good_trunk_a_wrong_password_a_dark_one_and_no_such_host_are_told_apart(self):
        self.build("--register", "--dialled-from", "to")
        self.wait_for_registration("registered")
        status, steps, shown = self.check_trunk()
        self.assertEqual(status, 0, shown)
        self.assertEqual([grade for grade, _ in steps["resolve"] + steps["connect"]], ["ok", "ok"])
        self.assertIn("answered OPTIONS with", steps["options"][0][1])
        self.assertIn("sees us as", steps["address"][0][1])
        self.assertIn("The registrar knows where we are", steps["login"][0][1])
        self.assertIn("ready", steps["verdict"][0][1])
        self.assertNotIn(edge.PASSWORD, shown)

        self.maskline.run("trunk", "set", "south", "--password", "-", stdin="not-the-password\n")
        status, steps, shown = self.check_trunk()
        self.assertEqual(status, 1, shown)
        self.assertEqual(steps["login"][0][0], "bad", shown)
        self.assertIn("user name and password", steps["login"][0][1])
        self.assertEqual(steps["verdict"][0][0], "bad")
        self.maskline.run("trunk", "set", "south", "--password", "-", stdin=edge.PASSWORD + "\n")

        self.maskline.add_trunk("nowhere", "127.0.0.99/32", "nowhere.invalid")
        status, steps, shown = self.check_trunk("nowhere")
        self.assertEqual(status, 1, shown)
        self.assertIn("nowhere.invalid cannot be resolved", steps["resolve"][0][1])

        self.edge.stop()
        status, steps, shown = self.check_trunk()
        self.assertEqual(status, 1, shown)
        self.assertIn("does not answer OPTIONS", steps["options"][0][1])
        self.assertFalse(self.maskline.json("call", "list")["calls"])
        self.finish()
        self.assert_password_is_nowhere("not-the-password")

    def test_a_registration_that_fails_says_why(self):
        self.build("--register", password="not-the-password")
        self.wait_for_registration("failed")
        self.assertEqual(self.registration()["problem"],
                         "the carrier refused it: 401 Unauthorized")
        self.maskline.run("trunk", "set", "south", "--password", "-",
                          stdin=edge.PASSWORD + "\n")
        self.wait_for_registration("registered")
        self.maskline.run("trunk", "set", "south", "--no-register")
        self.assertIsNone(self.registration())
        deadline = time.monotonic() + 10
        while "expires=0" not in self.edge.log():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.finish()

    def test_the_search_finds_a_planted_password(self):
        self.maskline.start()
        planted = self.maskline.data / "planted"
        planted.write_bytes(b"x" + edge.PASSWORD.encode() + b"y")
        with self.assertRaises(AssertionError):
            self.assert_password_is_nowhere(edge.PASSWORD)
        planted.unlink()
        self.assert_password_is_nowhere(edge.PASSWORD)


if __name__ == "__main__":
    unittest.main()
