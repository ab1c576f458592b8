# SPDX-License-Identifier: Apache-2.0
"""The REST API over TLS: the command line by data directory and by name, a new certificate, and what is refused."""
import os
import signal
import time

import certificates
import harness


class Https(harness.Case):
    def setUp(self):
        super().setUp()
        self.authority = certificates.Authority(self.temp / "certificates")
        self.both = self.authority.together("DNS:localhost,IP:127.0.0.1")
        self.maskline.settings["http_tls_certificate"] = self.both

    def start(self):
        # The harness asks plainly whether it is ready; here the endpoint says when.
        self.maskline._is_ready = lambda before: self.maskline._endpoint_made() not in (None, before)
        self.maskline.start()
        self.url = (self.maskline.data / "endpoint").read_text().strip()
        self.assertRegex(self.url, r"^https://127\.0\.0\.1:\d+$")

    def test_the_command_line_knows_the_server_of_its_data_directory(self):
        self.start()
        self.assertIn("no trunks", self.maskline.run("trunk", "list"))
        pin = self.maskline.data / "endpoint.sha256"
        good = pin.read_text()
        pin.write_text("0" * 64 + "\n")
        with self.assertRaisesRegex(harness.Refused, "certificate is not trusted"):
            self.maskline.run("trunk", "list")
        pin.write_text(good)
        self.finish()
        self.assertFalse(pin.exists())

    def test_by_name_the_certificate_is_checked(self):
        self.start()
        self.assertIn("no trunks", self.maskline.run("trunk", "list", "--server", self.url, "--ca",
                                                     self.authority.ca))
        named = self.url.replace("127.0.0.1", "localhost")
        self.assertIn("no trunks", self.maskline.run("trunk", "list", "--server", named, "--ca",
                                                     self.authority.ca))
        with self.assertRaisesRegex(harness.Refused, "certificate is not trusted"):
            self.maskline.run("trunk", "list", "--server", self.url)
        with self.assertRaisesRegex(harness.Refused, "closed|reset|answer"):
            self.maskline.run("trunk", "list", "--server", self.url.replace("https", "http"))
        self.finish()

    def test_sighup_shows_a_new_certificate_and_a_bad_one_changes_nothing(self):
        self.start()
        pin = self.maskline.data / "endpoint.sha256"
        before = pin.read_text()
        fresh = self.authority.together("IP:127.0.0.1")
        os.replace(fresh, self.both)
        os.kill(self.maskline.pid, signal.SIGHUP)
        deadline = time.monotonic() + 10
        while pin.read_text() == before:
            self.assertLess(time.monotonic(), deadline, self.maskline.log())
            time.sleep(0.02)
        self.assertIn("no trunks", self.maskline.run("trunk", "list"))

        self.both.write_text("rubbish")
        os.kill(self.maskline.pid, signal.SIGHUP)
        while "not reloaded, what was in force stays" not in self.maskline.log():
            self.assertLess(time.monotonic(), deadline + 10, self.maskline.log())
            time.sleep(0.02)
        self.assertIn("no trunks", self.maskline.run("trunk", "list"))
        self.finish()

    def test_it_does_not_start_in_clear_text_beyond_loopback_or_with_an_open_key(self):
        del self.maskline.settings["http_tls_certificate"]
        self.maskline.settings["http_listen"] = "0.0.0.0:0"
        with self.assertRaisesRegex(harness.Refused, "set http_tls_certificate, or"):
            self.maskline.start()
        self.maskline.settings["http_listen"] = "127.0.0.1:0"
        self.maskline.settings["http_tls_certificate"] = self.both
        self.both.chmod(0o644)
        with self.assertRaisesRegex(harness.Refused, "anybody can read or change this key"):
            self.maskline.start()
        self.both.chmod(0o600)
        self.maskline.settings["http_tls_key"] = self.temp / "missing.key"
        with self.assertRaisesRegex(harness.Refused, "missing.key"):
            self.maskline.start()
