# SPDX-License-Identifier: Apache-2.0
"""Backups of a server that works meanwhile, and what cannot be read in them."""
import os
import pathlib
import signal
import subprocess
import threading
import time

import harness
import needles
import processes
from harness import AGENT, CUSTOMER, M1, M2

PARTIES = [f"+9198888000{n:02}" for n in range(10, 40)]


class Backup(harness.Case):
    private = (AGENT, CUSTOMER, *PARTIES)

    def setUp(self):
        super().setUp()
        self.maskline.start()
        self.maskline.provision(5060, 5060)
        self.folder = self.maskline.data / "backups"

    def restored(self, file, *keys):
        """A server on what the backup holds."""
        data = self.temp / "restored" / "data"
        data.parent.mkdir()
        done = subprocess.run([self.maskline.program, "restore", file, "--data", data, *keys],
                              capture_output=True, text=True, timeout=60, check=False,
                              env=harness.environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        again = harness.Maskline(data.parent)
        self.addCleanup(again.close)
        return again, done.stdout

    def create_in_the_background(self):
        """Sessions, one after the other, until told to stop; those that were acknowledged."""
        made, stop = [], threading.Event()

        def create():
            for first, second in zip(PARTIES, PARTIES[1:]):
                if stop.is_set():
                    return
                made.append(self.maskline.create_session((first, second), ()))
        thread = threading.Thread(target=create)
        thread.start()
        return made, stop, thread

    def test_what_is_created_before_a_backup_is_in_it_and_both_keys_bring_it_back(self):
        made, stop, thread = self.create_in_the_background()
        while len(made) < 3:
            time.sleep(0.05)
        before, key = list(made), self.temp / "key"
        backup = self.maskline.json("backup", "create", "--key-file", key)
        self.assertEqual(backup["state"], "done")
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        stop.set()
        thread.join()
        master = self.temp / "master"
        master.write_bytes((self.maskline.data / "master.key").read_bytes())
        master.chmod(0o600)
        self.finish()

        again, said = self.restored(backup["file"], "--master-key", master, "--backup-key", key)
        self.assertIn("erase them again", said)
        again.start()
        kept = {one["id"] for one in again.json("session", "list")["sessions"]}
        self.assertLessEqual(set(before), kept)
        self.assertTrue(again.json("audit", "verify")["intact"])
        # Ids go on far behind: one that was given out after the backup is nobody's.
        fresh = again.create_session((PARTIES[0], PARTIES[-1]), ())
        self.assertNotIn(fresh, made)
        self.assertEqual(again.stop(), 0)

    def test_no_number_is_in_a_backup_or_in_what_is_told_of_it(self):
        backup = self.maskline.json("backup", "create")
        listed = self.maskline.run("backup", "list")
        file = pathlib.Path(backup["file"])
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        for name, data in ((file, file.read_bytes()), ("list", listed.encode())):
            for number in (*self.private[:2], M1, M2):
                self.assertEqual(needles.find(needles.number_searchers(number), data), [], name)
        self.assertIn(M1.lstrip("+").encode(), self.maskline.run("number", "list").encode())
        self.finish()

    def test_a_backups_key_is_told_alike_on_standard_output_and_in_a_file(self):
        backup = self.maskline.json("backup", "create")
        said = self.maskline.run("backup", "key", backup["id"])
        file = self.temp / "backup-key"
        self.maskline.run("backup", "key", backup["id"], "--out", file)
        self.assertEqual(file.read_text(), said)
        self.assertRegex(said, r"\Amaskline-backup-key-1 \S+ \S+\n\Z")
        with self.assertRaisesRegex(harness.Refused, "cannot be made"):
            self.maskline.run("backup", "key", backup["id"], "--out", file)
        self.assertEqual(file.read_text(), said)
        self.finish()

    def test_a_backup_that_was_forgotten_opens_no_more_also_as_a_copy(self):
        backup = self.maskline.json("backup", "create")
        copy = self.temp / "copy"
        copy.write_bytes(pathlib.Path(backup["file"]).read_bytes())
        self.maskline.run("backup", "forget", backup["id"])
        self.assertEqual(list(self.folder.iterdir()), [])
        with self.assertRaisesRegex(harness.Refused, "no such backup"):
            self.maskline.run("backup", "key", backup["id"])
        self.finish()
        done = subprocess.run([self.maskline.program, "restore", copy, "--from", self.maskline.data,
                               "--data", self.temp / "new"], capture_output=True, text=True,
                              timeout=60, check=False, env=harness.environment())
        self.assertEqual(done.returncode, 1)
        self.assertIn("its time is over", done.stderr)

    def test_a_server_killed_during_a_backup_goes_on_and_leaves_no_half_of_one(self):
        for pause in (0.0, 0.01, 0.03, 0.06):
            client = processes.spawn([self.maskline.program, "backup", "create", "--data",
                                      self.maskline.data], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL, env=harness.environment())
            time.sleep(0.2 + pause)
            os.kill(self.maskline.worker_pid, signal.SIGKILL)
            client.wait(60)
            deadline = time.monotonic() + 30
            while self.maskline.get("/readyz")[0] != 200 and time.monotonic() < deadline:
                time.sleep(0.05)
        backup = self.maskline.json("backup", "create")
        names = {path.name for path in self.folder.iterdir()}
        listed = self.maskline.json("backup", "list")["backups"]
        self.assertTrue(all(one["state"] == "done" for one in listed))
        self.assertLessEqual({pathlib.Path(one["file"]).name for one in listed}, names)
        self.assertTrue(all(name.endswith(".maskline-backup") for name in names), names)
        self.finish()
        _, said = self.restored(backup["file"], "--from", self.maskline.data)
        self.assertIn("1 session", said)
