# SPDX-License-Identifier: Apache-2.0
"""How many numbers to rent: by a file of past sessions, and by what a server has now."""
import os
import pty
import subprocess
import time

import harness

FILE = """\ufeffstart,end,party,party
2026-08-01T10:00:00Z,2026-08-01T10:10:00Z,+919888800001,+919888800002
2026-08-01 10:05:00,2026-08-01 10:20:00,+91 98888 00001,919888800003
1785578700,,rider-7,919888800003
1785578700000,1785578800000,"rider-8",rider-9

2026-08-01 10:05:00,2026-08-01 09:20:00,+919888800004,+919888800005
2026-08-01 10:05:00,2026-08-01 11:20:00,+919888800004
2026-08-01 10:05:00,2026-08-01 11:20:00,+919888800004,+919888800005,+919888800006
+919888800004,,+919888800004,+919888800005
2026-08-01 10:05:00,soon,+919888800004,+919888800005
2026-08-01 10:05:00,,+919888800004,+91-98888-00004
2026-08-01 10:05:00,,+919888800004,{long}
2026-08-01 10:05:00,,+919888800004,{longer}
2026-08-01 10:05:00,,+9198888\0,+919888800005
"2026-08-01 10:05:00,,+919888800004,+919888800005
"""

REJECTED = [
    "line 7: end: it lies before the start. ",
    "line 8: party: it has less than two parties. ",
    "line 9: party: it has more parties than a session of this model. ",
    "line 10: start: it is no time",
    "line 11: end: it is no time",
    "line 12: party: a party is there twice. ",
    "line 13: party: a party has 1 to 64 characters. ",
    "line 14: it is too long. ",
    "line 15: it holds a zero byte. ",
    "line 16: a quote is not closed. ",
]


class Plan(harness.Case):
    def setUp(self):
        super().setUp()
        self.file = self.temp / "sessions.csv"
        self.file.write_text(FILE.format(long="x" * 65, longer="x" * 5000), encoding="utf-8")

    def write(self, *rows):
        self.file.write_text("".join(f"{row}\n" for row in rows))

    def test_past_sessions_are_planned_and_each_row_that_is_rejected_has_its_line(self):
        done = self.maskline.run("pool", "plan", "--from", self.file, check=False)
        self.assertEqual(done.returncode, 1)
        lines = done.stdout.splitlines()
        for line, start in zip(lines, REJECTED):
            self.assertTrue(line.startswith(start), (line, start))
        self.assertIn("rejected: 10 lines, which do not count", lines)
        self.assertRegex(done.stdout, r"sessions +4\n")
        self.assertRegex(done.stdout, r"numbers +2\n")
        self.assertRegex(done.stdout, r"quarantine +2h 50m 20s\n")
        self.assertNotRegex(done.stdout + done.stderr, "98888")

        told = self.maskline.run("pool", "plan", "--from", "-", "--json", check=False, stdin=self.file.read_text())
        plan = harness.json.loads(told.stdout)
        self.assertEqual((plan["sessions"], plan["numbers"], plan["most"], plan["rented"]), (4, 2, 2, None))
        self.assertEqual([one["line"] for one in plan["rejected"]], list(range(7, 17)))
        self.assertNotRegex(told.stdout + told.stderr, "98888")

    def test_the_plan_follows_from_model_quarantine_and_targets(self):
        # One party holds ten numbers for an hour; in ninety others nobody holds more than one.
        rows = [f"{1000 + n},{4600 + n},busy,b{n}" for n in range(10)]
        rows += [f"{1000 + n},{4600 + n},c{n},d{n}" for n in range(90)]
        self.write(*rows)

        def plan(*options):
            return self.maskline.json("pool", "plan", "--from", self.file, *options)

        self.assertEqual(plan("--refusals", "0%")["numbers"], 10)
        self.assertEqual(plan("--refusals", "1%")["numbers"], 9)
        at = plan("--refusals", "9%")
        self.assertEqual((at["numbers"], at["most"], at["refused"]), (1, 10, 9))
        self.assertEqual(plan("--model", "one-number", "--refusals", "0%")["numbers"], 10)
        self.assertEqual(plan("--quarantine", "30m")["quarantine_ms"], 1800000)
        self.assertEqual(plan("--quarantine", "0")["quarantine_ms"], 0)
        # 10 minutes * ln(100)
        self.assertAlmostEqual(plan("--redial-mean", "10m", "--misconnects", "1%")["quarantine_ms"], 2763102, delta=99)
        delays = self.temp / "redials"
        delays.write_text("seconds\n" + "".join(f"{n}\n" for n in range(1, 101)))
        self.assertEqual(plan("--redials", delays, "--misconnects", "5%")["quarantine_ms"], 95001)
        # A group of four: three numbers each, for one more session of one of them four.
        self.write("100,,a,b,c,d", "200,,a,e")
        self.assertEqual(plan("--model", "group")["most"], 4)

    def test_a_pool_brings_its_model_and_its_numbers(self):
        self.maskline.start()
        self.maskline.provision(5060, 5061)
        self.write("100,,a,b", "200,,a,c", "300,,a,d")
        plan = self.maskline.json("pool", "plan", "default", "--from", self.file, "--refusals", "0%")
        self.assertEqual((plan["model"], plan["numbers"], plan["rented"], plan["to_rent"]), ("two-numbers", 3, 2, 1))
        self.maskline.run("pool", "add", "panels", "--model", "panel")
        with self.assertRaisesRegex(harness.Refused, "say one with --model"):
            self.maskline.run("pool", "plan", "panels", "--from", self.file)

        live = self.maskline.json("pool", "plan", "default", "--quarantine", "2h")
        self.assertEqual((live["sessions"], live["numbers"], live["rented"], live["whole"]), (1, 1, 2, True))
        shown = self.maskline.run("pool", "plan", "default")
        self.assertRegex(shown, r"to rent +0\n")
        self.assertIn("More may be needed", shown)
        with self.assertRaisesRegex(harness.Refused, "there is no such pool"):
            self.maskline.run("pool", "plan", "nothing")
        self.finish()

    def test_a_command_line_that_says_nothing_or_two_things_is_refused(self):
        for words, why in [
            ((), "name a pool, or a file"),
            (("x", "--model", "group"), "--model is for --from"),
            (("--from", self.file, "--refusals", "5"), "--refusals wants a share"),
            (("--from", self.file, "--refusals", "101%"), "--refusals wants a share"),
            (("--from", self.file, "--refusals", "0.00001%"), "--refusals wants a share"),
            (("--from", self.file, "--misconnects", "0%"), "--misconnects wants a share"),
            (("--from", self.file, "--redial-mean", "long"), "--redial-mean wants"),
            (("--from", self.file, "--redial-mean", "1h", "--quarantine", "1h"), "give one of"),
            (("--from", self.file, "--misconnects", "1%", "--quarantine", "1h"), "says nothing"),
            (("--from", self.file, "--model", "sides"), "two-numbers, one-number and group"),
        ]:
            with self.subTest(words=words), self.assertRaisesRegex(harness.Refused, why) as refused:
                self.maskline.run("pool", "plan", *words)
            self.assertEqual(refused.exception.status, 2)
        with self.assertRaisesRegex(harness.Refused, "cannot be read: No such file"):
            self.maskline.run("pool", "plan", "--from", self.temp / "nothing")
        with self.assertRaisesRegex(harness.Refused, "has no delay"):
            self.maskline.run("pool", "plan", "--from", self.file, "--redials", os.devnull)

    def test_a_long_file_is_read_with_its_progress_shown(self):
        with self.file.open("w") as file:
            for n in range(120000):
                file.write(f"{1000 + n},{2000 + n},+9198888{n % 90000:05},+9197777{n:05}\n")
        terminal, end = pty.openpty()
        command = [str(self.maskline.program), "pool", "plan", "--from", str(self.file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=end, env=harness.environment()) as plan:
            os.close(end)
            shown, deadline = b"", time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    some = os.read(terminal, 65536)
                except OSError:
                    break
                if not some:
                    break
                shown += some
            text = plan.stdout.read().decode()
        os.close(terminal)
        self.assertRegex(shown.decode(), r"bytes of the file: \d+ of \d+ \(\d+ %\)")
        self.assertRegex(text, r"sessions +120000\n")
