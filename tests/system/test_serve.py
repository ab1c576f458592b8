# SPDX-License-Identifier: Apache-2.0
"""The daemon as a process: signals, speech, what it leaves on disk and in /proc; the command line."""
import os
import pathlib
import signal
import socket
import stat
import subprocess
import time
import unittest

import harness
from harness import AGENT, CUSTOMER, M1, M2


class ServeCase(harness.Case):
    def wait_for_log(self, words, timeout_s=10):
        deadline = time.monotonic() + timeout_s
        while words not in self.maskline.log():
            self.assertLess(time.monotonic(), deadline, f"no \"{words}\" in: {self.maskline.log()}")
            time.sleep(0.02)

    def script(self, text):
        """A program in the place of the speech command."""
        path = self.temp / "speak"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)


class Signals(ServeCase):
    def test_sigint_and_sigterm_end_it_with_status_0(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                self.maskline.start()
                os.kill(self.maskline.pid, number)
                self.assertEqual(self.maskline.wait(), 0)

    def test_sighup_takes_what_may_change_and_names_the_rest(self):
        self.maskline.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self.maskline.data / "maskline.conf"
        file.write_text("log_level = info\n")
        self.maskline.start()
        file.write_text("log_level = debug\nring_timeout_s = 30\n")
        os.kill(self.maskline.pid, signal.SIGHUP)
        self.wait_for_log("these need a restart: ring_timeout_s")

        file.write_text("log_level = loud\n")
        os.kill(self.maskline.pid, signal.SIGHUP)
        self.wait_for_log("not reloaded; what was in force stays")
        self.assertIn("allowed is error, warn, info or debug", self.maskline.log())
        self.finish()

    def test_a_closed_pipe_does_not_end_it(self):
        self.maskline.start()
        os.kill(self.maskline.pid, signal.SIGPIPE)
        self.assertEqual(self.maskline.get("/readyz")[0], 200)
        self.finish()


class Strangers(ServeCase):
    def test_an_address_of_no_trunk_is_named_in_the_log_once_a_minute(self):
        self.maskline.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as scanner:
            scanner.bind(("127.0.0.99", 0))
            for _ in range(5):
                scanner.sendto(b"OPTIONS sip:x SIP/2.0\r\n\r\n",
                               ("127.0.0.1", self.maskline.sip_port))
        self.wait_for_log("datagrams and connections dropped from addresses of no trunk: 1, the last from "
                          "127.0.0.99:")
        self.finish()
        self.assertEqual(self.maskline.log().count("of no trunk"), 1)


class Speech(ServeCase):
    def sounds(self):
        return sorted((self.maskline.data / "sounds").glob("*"))

    def test_the_announcement_is_rendered_once(self):
        self.maskline.start()
        self.assertEqual(self.maskline.stop(), 0)
        first = [(path.name, path.stat().st_mtime_ns) for path in self.sounds()]
        self.assertEqual(len(first), 1)
        self.maskline.start()
        self.assertEqual(self.maskline.stop(), 0)
        self.assertEqual([(path.name, path.stat().st_mtime_ns) for path in self.sounds()], first)

    def test_without_the_program_there_are_tones_and_a_warning(self):
        self.maskline.settings["speech_command"] = "no-such-program"
        self.maskline.start()
        self.assertIn("apt-get install espeak-ng", self.maskline.log())
        self.assertIn("tones instead of words", self.maskline.log())
        self.finish()

    def test_a_program_that_fails_or_writes_no_sound_leaves_no_file(self):
        for text, said in (("exit 3", "status 3"), ("kill -9 $$", "signal 9"),
                           ("echo noise > $2", "made no sound"), (":", "made no sound")):
            with self.subTest(text=text):
                self.maskline.settings["speech_command"] = self.script(text)
                self.maskline.start()
                self.assertIn(said, self.maskline.log())
                self.assertEqual(self.sounds(), [])
                self.finish()

    def test_the_program_gets_nothing_of_ours(self):
        seen, files = self.temp / "seen", self.temp / "files"
        self.maskline.settings["speech_command"] = self.script(
            f"env > {seen}; ls {self.maskline.data} >> {seen}; ls /proc/$$/fd > {files}")
        os.environ["SECRET_OF_THE_SHELL"] = "x"
        self.addCleanup(os.environ.pop, "SECRET_OF_THE_SHELL", None)
        self.maskline.start()
        text = seen.read_text()
        self.assertNotIn("SECRET_OF_THE_SHELL", text)
        self.assertNotIn("master.key", text)
        # Its three, and what a shell opens for its script.
        self.assertLessEqual(len(files.read_text().split()), 5, files.read_text())
        self.finish()


class OnDisk(ServeCase):
    def test_every_file_is_the_owners_alone(self):
        self.maskline.start()
        self.maskline.provision(5060, 5060)
        self.assertEqual(stat.S_IMODE(self.maskline.data.stat().st_mode), 0o700)
        for path in self.maskline.data.rglob("*"):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, path)
        self.assertTrue((self.maskline.data / "endpoint").exists())
        self.finish()
        self.assertFalse((self.maskline.data / "endpoint").exists())

    def test_a_token_that_others_may_read_is_refused(self):
        self.maskline.start()
        self.assertEqual(self.maskline.stop(), 0)
        token = self.maskline.data / "api.token"
        token.chmod(0o644)
        with self.assertRaises(harness.Refused) as caught:
            self.maskline.start()
        self.assertIn(str(token), caught.exception.text)
        self.assertIn("chmod 600", caught.exception.text)


class CommandLine(ServeCase):
    def setUp(self):
        super().setUp()
        self.maskline.start()
        self.maskline.add_trunk("north", "127.0.0.11/32", "127.0.0.11:5060")
        self.maskline.add_number(M1, "north")
        self.maskline.add_number(M2, "north")

    def test_numbers_as_arguments_are_not_in_the_process_list(self):
        """The server is stopped meanwhile, so that the command waits and can be looked at."""
        os.kill(self.maskline.worker_pid, signal.SIGSTOP)
        self.addCleanup(os.kill, self.maskline.worker_pid, signal.SIGCONT)
        command = subprocess.Popen(
            [self.maskline.program, "session", "create", "--party", AGENT,
             f"--party={CUSTOMER}", "--data", self.maskline.data],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=harness.environment())
        self.addCleanup(command.wait)
        self.addCleanup(command.kill)
        self.addCleanup(command.stdout.close)
        self.addCleanup(command.stderr.close)
        shown = pathlib.Path(f"/proc/{command.pid}/cmdline")
        deadline = time.monotonic() + 10
        line = shown.read_bytes().decode()
        while "*" not in line or any(number[1:] in line for number in (AGENT, CUSTOMER)):
            self.assertLess(time.monotonic(), deadline, line)
            time.sleep(0.01)
            line = shown.read_bytes().decode()
        self.assertIn("--party", line)

    def test_each_source_of_numbers_makes_the_same_session(self):
        file = self.temp / "parties"
        file.write_text(f"{AGENT}\n{CUSTOMER}\n")
        ids = {self.maskline.json("session", "create", *args, "--reference", "r", stdin=text)["id"]
               for args, text in (
                   (("--party", "-", "--party", "-"), f"{AGENT}\n\n  {CUSTOMER}\n"),
                   (("--party", f"@{file}", "--party", f"@{file}"), ""),
                   (("--party", AGENT, "--party", "-"), "+91 98888-00002\n"))}
        self.assertEqual(len(ids), 1)

    def test_every_list_and_page_can_be_shown(self):
        session = self.maskline.create_session()
        for args in (["trunk", "list"], ["trunk", "show", "north"], ["number", "list"],
                     ["session", "list"], ["session", "show", session], ["call", "list"],
                     ["audit", "verify"], ["explain", M1]):
            with self.subTest(args=args):
                text = self.maskline.run(*args)
                self.assertTrue(text.strip())
                for number in (AGENT, CUSTOMER):
                    self.assertNotIn(number[1:], text)
                self.assertIsInstance(self.maskline.json(*args), dict)

    def test_a_wrong_command_line_is_status_2_and_a_refusal_status_1(self):
        for args, status in ((["session", "creat"], 2), (["trunk", "show"], 2),
                             (["session", "create", "--party", "-", "--expires", "2"], 2),
                             (["trunk", "show", "south"], 1), (["session", "end", "s_x"], 1)):
            with self.subTest(args=args):
                done = self.maskline.run(*args, check=False)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertTrue(done.stderr.startswith("maskline: "), done.stderr)

    def test_another_servers_token_is_refused(self):
        token = self.temp / "token"
        token.write_text("mk_" + "A" * 43 + "\n")
        done = self.maskline.run("trunk", "list", "--token-file", token, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("token", done.stderr)


class Help(unittest.TestCase):
    def run_it(self, *args):
        return subprocess.run([harness.binary(), *args], capture_output=True, text=True, timeout=20,
                              env=harness.environment(), check=False)

    def test_help_and_version_need_no_server(self):
        for args in (["--version"], ["help"], ["--help"], ["serve", "--help"],
                     ["help", "session", "create"], ["config", "--print-defaults"],
                     ["config", "--reference"], ["help", "--reference"]):
            with self.subTest(args=args):
                done = self.run_it(*args)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout.strip())

    def test_the_defaults_check_as_good(self):
        defaults = self.run_it("config", "--print-defaults").stdout
        path = pathlib.Path(os.environ.get("TMPDIR", "/tmp"), f"maskline-defaults-{os.getpid()}")
        path.write_text(defaults)
        self.addCleanup(path.unlink)
        self.assertEqual(self.run_it("config", "--check", path).returncode, 0)
        path.write_text(defaults + "calls_mx = 1\n")
        done = self.run_it("config", "--check", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("did you mean \"calls_max\"?", done.stderr)

    def test_nothing_to_do_is_said_with_the_commands(self):
        done = self.run_it()
        self.assertEqual(done.returncode, 2)
        self.assertIn("maskline COMMAND", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
