# SPDX-License-Identifier: Apache-2.0
"""What is left of a party once its session is erased: in files, backups, exports, logs, memory."""
import os
import re
import subprocess
import time
import unittest

import harness
import needles
from harness import AGENT, CUSTOMER, M1, M2, NORTH_IP, SOUTH_IP
from sipp import Sipp
from test_canary_process import plain_binary

ERASED_S = 30
FORGOTTEN_S = 60      # 64*T1 after the last message (RFC 3261 17.2.2)

# More numbers of a session in its life: an alias, who came in another's place, a telephone for two minutes.
ALIAS, REPLACED, INTENT = "+919888800031", "+919888800032", "+919888800033"


class ErasedCase(harness.Case):
    settings = {"quarantine_s": 1}
    private = (AGENT, CUSTOMER, ALIAS, REPLACED, INTENT)

    def setUp(self):
        super().setUp()
        self.searchers = [one for number in self.private
                          for one in needles.number_searchers(number)]

    def assert_free(self, name, data):
        self.assertEqual(needles.find(self.searchers, data), [], name)

    def erase(self):
        """A session with a backup and an export while it lived, then its end; what was printed."""
        self.maskline.start()
        session = self.maskline.provision(5060, 5060)
        said = [self.maskline.run("session", "list"), self.maskline.run("session", "show", session)]
        self.backup = self.maskline.json("backup", "create")
        said += [self.maskline.run("explain", M1, "--caller", "-", stdin=AGENT + "\n")]
        said += [self.maskline.run("call", "export"), self.maskline.run("backup", "list")]
        self.maskline.end_session(session)
        deadline = time.monotonic() + ERASED_S
        while self.maskline.json("session", "list")["sessions"]:
            self.assertLess(time.monotonic(), deadline, "it is not erased")
            time.sleep(0.1)
        time.sleep(1)       # the writing thread brings it to disk, and copies its log back
        said += [self.maskline.run("number", "list"), self.maskline.run("call", "export")]
        return "\n".join(said)

    def edit(self, session, *words, party=None):
        return self.maskline.run("session", "edit", session, *words,
                                 *(["--party", "-"] if party else []), stdin=f"{party}\n")

    def call(self, callee):
        """From the agent to the customer, to its end."""
        caller = Sipp("uac_call", NORTH_IP, self.temp, self.maskline.server, AGENT, M1)
        self.addCleanup(caller.stop)
        self.assertTrue(caller.wait() and callee.wait(), caller.problem())
        self.assertEqual(len(self.maskline.wait_for_calls(1)), 1)

    def erase_session(self, session):
        return self.maskline.run("session", "erase", session)

    def erase_party(self, session):
        """By the number that came last; the same was exported before, where it may be read."""
        self.assertIn(ALIAS, self.maskline.run("party", "export", "-", stdin=ALIAS + "\n"))
        said = self.maskline.run("party", "erase", "-", stdin=ALIAS + "\n")
        self.assertNotIn(session, self.maskline.run("session", "list"))
        return said

    def erase_by_order(self, order):
        """A session that was called, got an alias, a PIN, another party and an intent, and was erased while
        its quarantine goes on, so that its graves stay; what was printed."""
        self.maskline.start()
        callee = Sipp("uas_answers", SOUTH_IP, self.temp)
        self.addCleanup(callee.stop)
        session = self.maskline.provision(5060, callee.port)
        self.maskline.run("pool", "set", "default", "--quarantine", "2h", "--ladder", "intent",
                          "--ladder", "pin")
        self.call(callee)
        said = [self.edit(session, "add-alias", "--place", "0", party=ALIAS),
                self.edit(session, "replace-party", "--place", "1", party=REPLACED),
                self.edit(session, "set-pin", "--place", "0", "--pin", "generate"),
                self.maskline.run("session", "intent", session, "--place", "0", "--party", "-",
                                  stdin=INTENT + "\n"),
                self.maskline.run("explain", M1, "--caller", "-", stdin=ALIAS + "\n"),
                self.maskline.run("session", "show", session)]
        said += [order(session)]
        time.sleep(1)
        said += [self.maskline.run("call", "export"), self.maskline.run("session", "list"),
                 self.maskline.run("events"), self.maskline.run("number", "list")]
        return "\n".join(said)

    def refuse_while_it_rests(self):
        """What is left is enough to keep the pairs taken: those of who was replaced, too."""
        for party, dials, other in ((AGENT, M1, M2), (ALIAS, M1, M2), (CUSTOMER, M2, M1), (REPLACED, M2, M1)):
            with self.subTest(dials=dials), self.assertRaisesRegex(harness.Refused, "was until lately"):
                self.maskline.create_session((party, "+919888800041"), (dials, other))


class Erased(ErasedCase):
    def assert_files_are_free(self, files):
        self.assertTrue(files)
        for path, content in files.items():
            self.assert_free(path, content)

    def test_no_file_no_log_and_nothing_that_was_printed_has_the_number(self):
        said = self.erase()
        self.assertIn(M1, said, "the search would find nothing")
        self.assert_free("what was printed", said.encode())
        self.assert_files_are_free(self.maskline.files())
        self.finish()
        self.assert_files_are_free(self.maskline.files())
        self.assert_free("the log", self.maskline.log_path.read_bytes())

    def test_so_it_is_after_an_erasure_by_order_with_all_that_a_session_may_have(self):
        self.check_order(self.erase_session)

    def test_so_it_is_after_a_party_was_erased(self):
        self.check_order(self.erase_party)

    def check_order(self, order):
        said = self.erase_by_order(order)
        self.assertIn(M1, said, "the search would find nothing")
        self.assert_free("what was printed", said.encode())
        self.assert_files_are_free(self.maskline.files())
        self.refuse_while_it_rests()
        self.maskline.crash()
        self.refuse_while_it_rests()
        self.finish()
        self.assert_files_are_free(self.maskline.files())
        self.assert_free("the log", self.maskline.log_path.read_bytes())

    def test_a_backup_of_before_does_not_bring_it_back(self):
        self.erase()
        self.finish()
        new = self.temp / "new"
        done = subprocess.run([self.maskline.program, "restore", self.backup["file"], "--from",
                               self.maskline.data, "--data", new], capture_output=True, text=True,
                              timeout=60, check=False, env=harness.environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1 session of it had been erased and stays so", done.stdout)
        self.assert_files_are_free({path: path.read_bytes() for path in new.rglob("*")
                                    if path.is_file()})


def memory_of(pid):
    """Every writable mapping of a process that can be read: (address, bytes), the locked ones too."""
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps, \
            open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            mapping = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw.. ", line)
            if not mapping or "[vvar]" in line:
                continue
            start, end = (int(part, 16) for part in mapping.groups())
            memory.seek(start)
            try:
                yield start, memory.read(end - start)
            except OSError:
                continue


class ErasedFromMemory(ErasedCase):
    """The same of a build without sanitizers, which would keep what was freed."""

    def setUp(self):
        program = plain_binary()
        if program is None:
            self.skipTest("no build without sanitizers; script/test release makes one")
        if os.geteuid() != 0:
            self.skipTest("only root may read the memory of a process that forbids it")
        self.addCleanup(setattr, harness, "binary", harness.binary)
        harness.binary = lambda: program
        super().setUp()

    def find_in_memory(self, searchers):
        found = set()
        for pid in {self.maskline.pid, self.maskline.worker_pid}:
            for start, data in memory_of(pid):
                data = re.sub(rb"\0{64,}", bytes(64), data)    # most of it
                found |= {(pid, hex(start), *one) for one in needles.find(searchers, data)}
        return found

    def test_nor_does_it_after_an_erasure_by_order(self):
        """Nor has it what was said in a call, once its messages cannot come again."""
        self.erase_by_order(self.erase_session)
        deadline = time.monotonic() + FORGOTTEN_S
        while "maskline_sip_transactions 0\n" not in self.maskline.get("/metrics", with_token=True)[1]:
            self.assertLess(time.monotonic(), deadline, "transactions are left")
            time.sleep(0.5)
        self.assertEqual(self.find_in_memory(self.searchers), set())
        self.finish()

    def test_the_memory_of_the_process_does_not_have_the_number(self):
        self.erase()
        self.assertTrue(self.find_in_memory(list(needles.number_searchers(M1))),
                        "the search finds nothing")
        self.assertEqual(self.find_in_memory(self.searchers), set())
        self.finish()


if __name__ == "__main__":
    unittest.main()
