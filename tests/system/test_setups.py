# SPDX-License-Identifier: Apache-2.0
"""A set-up that is wrong: a clear sentence, a non-zero exit, and the data as they were."""
import hashlib
import os
import pathlib
import resource
import shutil
import socket
import unittest

import harness
from harness import AGENT, CUSTOMER, M1, M2


class SetupCase(harness.Case):
    def refused(self, *words, daemon=None):
        """It does not start, says each of the words, and says it in few lines."""
        with self.assertRaises(harness.Refused) as caught:
            (daemon or self.maskline).start()
        self.assertIsNotNone(caught.exception.status, "it started")
        self.assertGreater(caught.exception.status, 0, caught.exception.text)
        for word in words:
            self.assertIn(word, caught.exception.text)
        self.assertNotIn("Sanitizer", caught.exception.text)
        self.assertLessEqual(len(caught.exception.text.strip().splitlines()), 12,
                             caught.exception.text)
        return caught.exception.text

    def provisioned(self):
        """A store with a session in it, the daemon stopped; returns what its files hold."""
        self.maskline.start()
        self.session = self.maskline.provision(5060, 5060)
        self.assertEqual(self.maskline.stop(), 0)
        return self.digests()

    def digests(self):
        """Of the files that hold data: not the lock, the endpoint, the time of the last start or
        SQLite's shared memory."""
        passing = {"lock", "endpoint", "clock"}
        return {path.name: hashlib.sha256(data).hexdigest()
                for path, data in self.maskline.files().items()
                if path.name not in passing and not path.name.endswith("-shm")}

    def assert_still_serves(self):
        self.maskline.start()
        shown = self.maskline.json("session", "show", self.session)
        self.assertEqual(shown["state"], "active")
        self.finish()


class Ports(SetupCase):
    def hold(self, kind, port):
        holder = socket.socket(socket.AF_INET, kind)
        self.addCleanup(holder.close)
        holder.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        return holder

    def test_a_sip_port_in_use_is_named(self):
        before = self.provisioned()
        holder = self.hold(socket.SOCK_DGRAM, self.maskline.sip_port)
        self.refused(str(self.maskline.sip_port), "sip_listen")
        self.assertEqual(self.digests(), before)
        holder.close()
        self.assert_still_serves()

    def test_an_http_port_in_use_is_named(self):
        before = self.provisioned()
        port = harness.ports.free_port("127.0.0.1")
        self.maskline.settings["http_listen"] = f"127.0.0.1:{port}"
        holder = self.hold(socket.SOCK_STREAM, port)
        self.refused(str(port), "http_listen")
        self.assertEqual(self.digests(), before)
        holder.close()
        self.assert_still_serves()

    def test_an_address_that_is_not_ours_is_named(self):
        self.maskline.settings["sip_listen"] = "203.0.113.7:5060"
        self.refused("203.0.113.7", "does not have the address", "sip_listen")


class DataDirectory(SetupCase):
    def test_a_directory_open_to_others_is_refused(self):
        before = self.provisioned()
        self.maskline.data.chmod(0o755)
        self.refused(str(self.maskline.data), "chmod")
        self.maskline.data.chmod(0o700)
        self.assertEqual(self.digests(), before)
        self.assert_still_serves()

    def test_a_directory_that_is_missing_is_named(self):
        self.maskline.data = self.temp / "nowhere" / "at" / "all"
        self.refused(str(self.maskline.data))

    def test_a_file_in_its_place_is_named(self):
        self.maskline.data.write_text("not a directory")
        self.maskline.data.chmod(0o600)
        self.refused(str(self.maskline.data))

    def test_a_second_daemon_is_refused_and_the_first_goes_on(self):
        self.maskline.start()
        session = self.maskline.provision(5060, 5060)
        second = harness.Maskline(self.temp)
        self.addCleanup(second.kill)
        second.log_path = self.temp / "log-of-the-second"
        with self.assertRaises(harness.Refused) as caught:
            second.start()
        self.assertGreater(caught.exception.status or 0, 0)
        self.assertIn(str(self.maskline.worker_pid), caught.exception.text)
        self.assertTrue(self.maskline.is_running())
        self.assertEqual(self.maskline.json("session", "show", session)["state"], "active")
        self.finish()

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a directory away")
    def test_a_directory_of_another_user_is_refused(self):
        before = self.provisioned()
        os.chown(self.maskline.data, 65534, 65534)
        self.refused(str(self.maskline.data), "65534")
        os.chown(self.maskline.data, 0, 0)
        self.assertEqual(self.digests(), before)
        self.assert_still_serves()


class Keys(SetupCase):
    KEY = "master.key"

    def key(self):
        return self.maskline.data / self.KEY

    def spoiled(self, spoil, *words):
        """Refused with the key file spoiled; as before once it is back."""
        before = self.provisioned()
        kept = self.temp / "kept.key"
        shutil.copy2(self.key(), kept)
        spoil(self.key())
        self.refused(str(self.maskline.data), self.KEY, *words)
        if self.key().is_symlink() or self.key().is_dir():
            self.key().unlink()
        shutil.copy2(kept, self.key())
        self.assertEqual(self.digests(), before)
        self.assert_still_serves()

    def test_a_key_that_others_can_read_is_refused(self):
        self.spoiled(lambda key: key.chmod(0o644), "chmod")

    def test_a_key_that_is_cut_off_is_refused(self):
        self.spoiled(lambda key: os.truncate(key, 5))

    def test_a_key_of_another_store_is_refused(self):
        def other(key):
            data = bytearray(key.read_bytes())
            data[-1] ^= 1
            data[len(data) // 2] ^= 0x55
            key.write_bytes(data)
        self.spoiled(other)

    def test_a_missing_key_is_not_replaced(self):
        self.spoiled(pathlib.Path.unlink)

    def test_a_link_in_the_place_of_the_key_is_refused(self):
        def link(key):
            key.rename(self.temp / "elsewhere.key")
            key.symlink_to(self.temp / "elsewhere.key")
        self.spoiled(link)


class FullDisk(SetupCase):
    """A limit on file sizes stands for a full disk: writes past it fail in the same way."""

    LIMIT = 400 * 1024

    def test_what_was_acknowledged_is_kept_and_what_was_not_says_so(self):
        self.maskline.start()
        self.maskline.provision(5060, 5060)
        resource.prlimit(self.maskline.worker_pid, resource.RLIMIT_FSIZE, (self.LIMIT, self.LIMIT))
        made, refusal = [], None
        for i in range(400):
            try:
                made.append(self.maskline.create_session(
                    (f"+9198888{i:05}", f"+9198889{i:05}"), (M1, M2)))
            except harness.Refused as said:
                refusal = said
                break
        self.assertIsNotNone(refusal, "400 sessions fitted")
        self.assertGreater(refusal.status or 0, 0)
        self.assertTrue(refusal.text.strip())
        self.maskline.kill()
        self.maskline.start()
        for session in made:
            self.assertEqual(self.maskline.json("session", "show", session)["state"], "active")
        self.finish()


class Configuration(SetupCase):
    # What is set, and the words that must be said: the key, the value, what is allowed.
    WRONG = [
        ({"calls_max": "0"}, ("calls_max", "0", "1 to 16000")),
        ({"calls_max": "many"}, ("calls_max", "many", "whole number")),
        ({"ring_timeout_s": "-1"}, ("ring_timeout_s", "-1")),
        ({"calls_max": "99999999999999999999"}, ("calls_max", "99999999999999999999")),
        ({"sip_listen": "localhost"}, ("sip_listen", "localhost", "IP address")),
        ({"sip_listen": "127.0.0.1:99999"}, ("sip_listen", "99999")),
        ({"early_media": "loud"}, ("early_media", "loud", "ringback", "none")),
        ({"log_level": "noisy"}, ("log_level", "noisy", "debug")),
        ({"ringback_tone": "400*"}, ("ringback_tone", "400*")),
        ({"core_dumps": "maybe"}, ("core_dumps", "maybe", "true", "false")),
        ({"sip_lisen": "127.0.0.1:5060"}, ("sip_lisen", "sip_listen")),
        ({"rtp_port_min": "30000", "rtp_port_max": "20000"}, ("rtp_port_max",)),
        ({"rtp_port_min": "20000", "rtp_port_max": "20003", "calls_max": "500"}, ("calls_max",)),
        ({"http_listen": "0.0.0.0:0"}, ("http_listen", "http_allow_remote")),
        ({"refusal_voice": "-x"}, ("refusal_voice",)),
    ]

    def test_each_wrong_value_names_key_value_and_what_is_allowed(self):
        for settings, words in self.WRONG:
            with self.subTest(settings=settings):
                daemon = harness.Maskline(self.temp, **settings)
                self.refused(*words, daemon=daemon)
                self.assertFalse((daemon.data / "maskline.db").exists())

    def test_a_file_is_named_with_the_line(self):
        self.maskline.data.mkdir(mode=0o700, exist_ok=True)
        (self.maskline.data / "maskline.conf").write_text("# ours\n\ncalls_max = lots\n")
        self.refused("maskline.conf:3", "calls_max", "lots")

    def test_all_problems_are_told_at_once(self):
        daemon = harness.Maskline(self.temp, calls_max="0", early_media="loud")
        self.refused("calls_max", "early_media", daemon=daemon)


class WrongCommands(SetupCase):
    """The command line against a running daemon: what is wrong is said, and nothing is changed."""

    def setUp(self):
        super().setUp()
        self.maskline.start()
        self.maskline.provision(5060, 5060)

    def assert_refused(self, *args, stdin="", words=()):
        with self.assertRaises(harness.Refused) as caught:
            self.maskline.run(*args, stdin=stdin)
        self.assertGreater(caught.exception.status, 0)
        for word in words:
            self.assertIn(word, caught.exception.text)
        for number in self.private:
            self.assertNotIn(number.lstrip("+"), caught.exception.text)

    def test_two_trunks_may_not_claim_one_source(self):
        self.assert_refused("trunk", "add", "east", "--source", "127.0.0.11/32", "--peer",
                            "127.0.0.13:5060", words=["north"])

    def test_a_number_needs_a_trunk_that_exists(self):
        self.assert_refused("number", "add", "+919000000003", "--trunk", "nowhere",
                            words=["trunk: there is no trunk of this name", "trunk list"])

    def test_a_second_session_may_not_share_a_party_and_its_number(self):
        self.assert_refused("session", "create", "--party", "-", "--party", "-", "--dials", M1,
                            "--dials", M2, stdin=f"{AGENT}\n{harness.STRANGER}\n")
        self.assertEqual(len(self.maskline.json("session", "list")["sessions"]), 1)

    def test_a_party_that_is_no_number_is_refused_without_being_repeated(self):
        self.assert_refused("session", "create", "--party", "-", "--party", "-",
                            stdin=f"{CUSTOMER}\n98888\n")

    def test_an_unknown_session_is_named(self):
        self.assert_refused("session", "end", "s_0000000000000000")

    def test_a_command_without_a_daemon_says_so(self):
        self.maskline.stop()
        self.assert_refused("call", "list", words=["serve"])


if __name__ == "__main__":
    unittest.main()
