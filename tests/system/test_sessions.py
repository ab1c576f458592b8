# SPDX-License-Identifier: Apache-2.0
"""Sessions by the command line: every model, PINs, and what is told of them."""
import csv
import json
import re
import subprocess

import harness
from harness import AGENT, CUSTOMER, M1, STRANGER

EXTRA = [f"+9190000000{n}" for n in range(11, 17)]


class Sessions(harness.Case):
    def setUp(self):
        super().setUp()
        self.maskline.start()
        self.maskline.provision(5060, 5060)
        for number in EXTRA:
            self.maskline.run("number", "add", number, "--trunk", "north")

    def create(self, *arguments, numbers):
        return self.maskline.json("session", "create", *arguments, stdin="".join(n + "\n" for n in numbers))

    def test_a_group_is_told_who_dials_what_and_explained(self):
        people = [f"+9198888000{n}" for n in range(21, 24)]
        said = self.maskline.run("session", "create", "--model", "group", *["--party", "-"] * 3,
                                 stdin="\n".join(people) + "\n")
        self.assertEqual(len(re.findall(r"^Party \d dials \+91\d+ to reach party \d, who sees \+91\d+\.$", said, re.M)), 6)
        self.assertIn("2 numbers", said)
        session = re.search(r"^session +(s_\w+)$", said, re.M).group(1)
        told = self.maskline.json("session", "explain", session)
        self.assertEqual([row["verdict"] for row in told["rows"]], ["connect"] * 6)
        table = self.maskline.run("session", "explain", session)
        self.assertIn("REACHES", table)
        for number in people:
            self.assertNotIn(number[3:], said + table)
        self.finish()

    def test_an_extension_is_drawn_told_once_and_explained(self):
        made = self.create("--model", "extension", "--party", "-", "--pin", "generate", "--party", "-", "--alias", "-",
                           "--pin", "-", numbers=["+919888800021", "+919888800022", "+919888800023", "4711"])
        pin = made["parties"][0]["pin"]
        self.assertRegex(pin, r"^\d{6}$")
        self.assertNotIn("pin", made["parties"][1])
        self.assertEqual(made["parties"][1]["numbers"], 2)
        dialled = made["rows"][0]["dials"]
        shown = self.maskline.run("session", "show", made["id"])
        self.assertNotIn(pin, shown)
        self.assertRegex(shown, r"(?m)^0 .* set$")
        for digits, verdict in ((pin, "connect"), ("4711", "connect"), ("47110", "stranger")):
            said = self.maskline.json("explain", dialled, "--caller", "-", "--digits", "-",
                                      stdin=f"{STRANGER}\n{digits}\n")
            self.assertEqual(said["verdict"], verdict)
        new = self.maskline.json("session", "edit", made["id"], "set-pin", "--place", "1", "--pin", "generate",
                                 "--pin-digits", "4")
        self.assertRegex(new["parties"][1]["pin"], r"^\d{4}$")
        self.finish()

    def test_a_person_is_told_all_and_erased_with_a_receipt(self):
        self.create("--party", "-", "--alias", "-", "--party", "-",
                    numbers=["+919888800021", "+919888800022", "+919888800023"])
        told = self.maskline.json("party", "export", "-", stdin="+91 98888 00021\n")
        self.assertEqual(told["number"], "+919888800021")
        self.assertEqual(told["sessions"][0]["numbers"], ["+919888800021", "+919888800022"])
        shown = self.maskline.run("party", "export", "-", stdin="+919888800021\n")
        self.assertIn("+919888800021", shown)
        self.assertNotIn("88800023", shown)
        dry = self.maskline.run("party", "erase", "-", "--dry-run", stdin="+919888800021\n")
        self.assertIn("would-be-erased", dry)
        done = self.maskline.json("party", "erase", "-", stdin="+919888800021\n")
        self.assertEqual((done["keys"], [one["result"] for one in done["sessions"]]), (1, ["erased"]))
        again = self.maskline.run("party", "export", "-", stdin="+919888800021\n")
        self.assertIn("in no session", again)
        with self.assertRaisesRegex(harness.Refused, "history of the shell"):
            self.maskline.run("party", "erase", "+919888800021")
        kinds = [json.loads(line)["kind"] for line in self.maskline.run("events", "--json").splitlines()]
        self.assertIn("party-exported", kinds)
        self.assertIn("party-erased", kinds)
        self.finish()

    def test_output_that_cannot_be_written_is_a_failure(self):
        for arguments in (("party", "erase", "-"), ("trunk", "list")):
            with open("/dev/full", "w") as full, self.subTest(arguments[0]):
                done = subprocess.run([str(self.maskline.program), *arguments, "--data", str(self.maskline.data)],
                                      input=STRANGER, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
                                      env=harness.environment(), check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("the output could not be written", done.stderr)
        self.finish()

    def test_a_file_is_imported_row_by_row_and_may_be_imported_again(self):
        file = self.temp / "orders.csv"
        file.write_text("Number0;number1;aliases1;pin1;model;expires;reference\n"
                        "+919888800021;+919888800022;+919888800023,+919888800024;;;2h;\n"
                        "+919888800025;+919888800025;;;;;\n"
                        "+919888800026;;;;extension;;order-9\n"
                        "+919888800027;+919888800028;;generate;;;order-10\n"
                        "+919888800029;+919888800030;;;;soon;\n")
        before = len(self.maskline.json("session", "list")["sessions"])
        arguments = ("session", "import", file, "--reference", "august")
        dry = self.maskline.run(*arguments, "--dry-run", check=False)
        self.assertEqual(dry.returncode, 1)
        self.assertIn("would be: 2 created, 0 there already, 3 rejected", dry.stdout)
        self.assertEqual(len(self.maskline.json("session", "list")["sessions"]), before)

        out = self.temp / "dials.csv"
        done = self.maskline.run(*arguments, "--out", out, check=False)
        self.assertIn("2 created, 0 there already, 3 rejected", done.stdout)
        for start in ("line 3: parties[1].number: ", "line 4: parties[0].pin: ", "line 6: expires_in_s: it is no length"):
            self.assertTrue(any(one.startswith(start) for one in done.stdout.splitlines()), (start, done.stdout))
        self.assertNotIn("98888", done.stdout + dry.stdout + done.stderr + dry.stderr)
        self.assertEqual(out.stat().st_mode & 0o777, 0o600)
        rows = list(csv.DictReader(out.read_text().splitlines()))
        self.assertEqual([(row["line"], row["party"], row["reaches"]) for row in rows],
                         [("2", "0", "1"), ("2", "1", "0"), ("5", "0", "1"), ("5", "1", "0")])
        self.assertEqual([row["reference"] for row in rows], ["august-2"] * 2 + ["order-10"] * 2)
        self.assertRegex(rows[3]["pin"], r"^\d{6}$")
        self.assertNotIn("98888", out.read_text())
        sessions = {one["reference"]: one for one in self.maskline.json("session", "list")["sessions"]}
        self.assertEqual(sessions["august-2"]["parties"][1]["numbers"], 3)
        self.assertIsNotNone(sessions["august-2"]["expires_at"])

        again = self.maskline.run("session", "import", "-", "--reference", "august", stdin=file.read_text(), check=False)
        self.assertIn("0 created, 2 there already, 3 rejected", again.stdout)
        file.write_text("+919888800021,+919888800022\n+919888800023,+919888800024\n")
        refused = self.maskline.run("session", "import", file, "--out", self.temp / "none.csv", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("line 1: cell 1 names no column; the first line names columns: number0", refused.stderr)
        self.assertNotIn("9888", refused.stdout + refused.stderr)
        self.assertFalse((self.temp / "none.csv").exists())
        file.write_text("number0,numbr\n")
        with self.assertRaisesRegex(harness.Refused, 'line 1: cell 2 names no column: "numbr"'):
            self.maskline.run("session", "import", file)
        file.write_text("reference,number1\norder-1,+919888800021\n")
        with self.assertRaisesRegex(harness.Refused, "there is no column number0"):
            self.maskline.run("session", "import", file)
        self.finish()

    def test_what_is_wrong_on_the_command_line_is_said_before_anything_is_asked(self):
        for arguments, said in ((("--pin", "4711", "--party", "-"), "--pin belongs to the --party before it"),
                                (("--party", "-", "--side", "2"), "--side wants 0 or 1"),
                                (("--party", "-", "--dials", M1, "--dials", M1), "more --dials than --party"),
                                (("--party", "-", "--pin", "abcd"), "--pin: 4 to 15 digits, or generate"),
                                (("--party", "-", "--pin-digits", "x"), "--pin-digits wants")):
            with self.assertRaisesRegex(harness.Refused, said) as refused:
                self.maskline.run("session", "create", *arguments, stdin=AGENT + "\n")
            self.assertEqual(refused.exception.status, 2)
        for arguments, said in ((("set-pin", "--pin", "generate"), "set-pin needs --place N"),
                                (("set-pin", "--place", "0", "--pin", "12ab"), "--pin: 4 to 15 digits, or generate"),
                                (("add-party", "--side", "0"), "add-party needs --party NUMBER"),
                                (("swap-number", "--place", "0", "--slot", "0"), "swap-number takes no --place")):
            with self.assertRaisesRegex(harness.Refused, said) as refused:
                self.maskline.run("session", "edit", "s_0000000000000000", *arguments)
            self.assertEqual(refused.exception.status, 2)
        with self.assertRaisesRegex(harness.Refused, "--digits: 4 to 15 digits") as refused:
            self.maskline.run("explain", M1, "--digits", "abc")
        self.assertEqual(refused.exception.status, 2)
        with self.assertRaisesRegex(harness.Refused, "parties.0..pin: The party is reached by its digits"):
            self.create("--model", "extension", "--party", "-", numbers=[CUSTOMER])
        with self.assertRaisesRegex(harness.Refused, "takes no calls from other telephones"):
            session = self.maskline.json("session", "list")["sessions"][0]["id"]
            self.maskline.run("session", "intent", session, "--place", "0", "--party", "-", stdin=STRANGER + "\n")
        self.finish()
