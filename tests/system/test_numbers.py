# SPDX-License-Identifier: Apache-2.0
"""Masking numbers by the command line: a file of them, and taking one out of use."""
import harness
from harness import M1, M2

FILE = '''\ufeffNumber;Trunk;Tags;Frozen
{m1};north;airport,late;no
+91 90000 00011;north;;yes

12;north;;
+919000000012;nroth;;
+919000000013;;;
+919000000014;north;"a ""b""";
+919000000015;north;;perhaps
"+919000000016;north
'''


class Numbers(harness.Case):
    def setUp(self):
        super().setUp()
        self.maskline.start()
        self.maskline.provision(5060, 5060)
        self.file = self.temp / "numbers.csv"
        self.file.write_text(FILE.format(m1=M1), encoding="utf-8")

    def listed(self):
        return {one["number"]: one for one in self.maskline.json("number", "list")["numbers"]}

    def test_a_file_is_imported_row_by_row_and_each_that_is_rejected_has_its_line(self):
        before = self.listed()
        dry = self.maskline.run("number", "import", self.file, "--dry-run", check=False)
        self.assertEqual(dry.returncode, 1)
        self.assertIn("would be: 1 added, 1 changed, 0 there already, 6 rejected", dry.stdout)
        self.assertEqual(self.listed(), before)

        done = self.maskline.run("number", "import", self.file, check=False)
        self.assertEqual(done.returncode, 1)
        lines = done.stdout.splitlines()
        for start in ("line 5: number: the number is refused", "line 6: trunk: there is no trunk",
                      "line 7: trunk: trunk is missing", "line 8: tags: ",
                      "line 9: frozen: it is neither yes nor no", "line 10: a quote is not closed"):
            self.assertTrue(any(line.startswith(start) for line in lines), (start, lines))
        self.assertEqual(lines[-1], "1 added, 1 changed, 0 there already, 6 rejected")
        listed = self.listed()
        self.assertEqual(set(listed), {M1, M2, "+919000000011"})
        self.assertEqual(listed[M1]["tags"], ["airport", "late"])
        self.assertTrue(listed["+919000000011"]["frozen"])

        again = self.maskline.run("number", "import", self.file, check=False)
        self.assertIn("0 added, 0 changed, 2 there already", again.stdout)
        self.finish()

    def test_titles_that_are_not_known_are_told_before_anything_is_done(self):
        self.file.write_text("number,trank\n+919000000011,north\n")
        with self.assertRaisesRegex(harness.Refused, "did you mean trunk"):
            self.maskline.run("number", "import", self.file)
        self.file.write_text("trunk\nnorth\n")
        with self.assertRaisesRegex(harness.Refused, "there is no column number"):
            self.maskline.run("number", "import", self.file)
        self.file.write_text("")
        with self.assertRaisesRegex(harness.Refused, "is empty"):
            self.maskline.run("number", "import", self.file)
        with self.assertRaisesRegex(harness.Refused, "cannot be read"):
            self.maskline.run("number", "import", self.temp / "nothing")
        self.finish()

    def test_a_thousand_rows_are_read_from_standard_input(self):
        rows = "".join(f"+9190001{n:05}\n" for n in range(1000))
        said = self.maskline.json("number", "import", "-", "--trunk", "north",
                                  stdin="number\n" + rows)
        self.assertEqual((said["added"], said["rejected"]), (1000, []))
        self.assertEqual(len(self.listed()), 1002)
        self.finish()

    def test_each_field_of_a_number_is_kept_across_a_crash_and_shown(self):
        self.maskline.run("pool", "add", "riders")
        number = "+919000000040"
        options = ["--trunk", "south", "--pool", "riders", "--country", "GB", "--area", "20", "--capability", "voice",
                   "--capability", "sms", "--reserved", "yes", "--frozen", "yes", "--tag", "airport", "--tag", "late"]
        fields = {"trunk": "south", "pool": "riders", "country": "GB", "area": "20", "capabilities": ["voice", "sms"],
                  "reserved": True, "frozen": True, "tags": ["airport", "late"]}
        made = self.maskline.json("number", "add", number, *options)
        self.assertEqual(made, {"number": number, "sessions": 0, **fields})
        self.maskline.run("number", "add", "+919000000041", "--trunk", "north")
        self.maskline.run("number", "change", "+919000000041", *options)
        plain = "+919000000042,north,default,IN,,voice,no,no,"
        self.file.write_text("number,trunk,pool,country,area,capabilities,reserved,frozen,tags\n"
                             "+919000000043,south,riders,GB,20,voice sms,yes,yes,airport late\n" + plain + "\n")
        self.assertEqual(self.maskline.json("number", "import", self.file)["added"], 2)
        self.maskline.crash()
        for n in (40, 41, 43):
            shown = self.maskline.json("number", "show", f"+9190000000{n}")
            self.assertEqual(shown, {"number": f"+9190000000{n}", "sessions": 0, **fields})
        for word in ("airport, late", "voice, sms", "riders"):
            self.assertIn(word, self.maskline.run("number", "show", number))

        # And back: an empty tag clears them.
        self.maskline.run("number", "change", number, "--trunk", "north", "--pool", "default", "--country", "IN",
                          "--area", "", "--capability", "voice", "--reserved", "no", "--frozen", "no", "--tag", "")
        self.maskline.crash()
        shown, like = (self.maskline.json("number", "show", f"+9190000000{n}") for n in (40, 42))
        self.assertEqual({**shown, "number": None}, {**like, "number": None, "area": None})
        self.assertEqual((shown["tags"], shown["reserved"], shown["frozen"]), ([], False, False))
        help_text = self.maskline.run("number", "add", "--help")
        self.assertEqual(help_text.count("  --pool "), 1)
        self.finish()

    def test_a_number_that_sessions_hold_is_not_moved(self):
        self.maskline.run("pool", "add", "riders")
        for option in ("--pool", "riders"), ("--trunk", "south"):
            with self.assertRaisesRegex(harness.Refused, "live sessions hold"):
                self.maskline.run("number", "change", M1, *option)
        self.file.write_text(f"number,pool\n{M1},riders\n")
        done = self.maskline.run("number", "import", self.file, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"line 2: .*live sessions hold the number")
        self.assertEqual(self.listed()[M1]["pool"], "default")
        self.maskline.run("session", "end", self.maskline.json("session", "list")["sessions"][0]["id"])
        self.maskline.run("number", "change", M1, "--pool", "riders")
        self.assertEqual(self.listed()[M1]["pool"], "riders")
        self.finish()

    def test_numbers_are_of_the_country_that_a_session_asks_for(self):
        self.maskline.run("pool", "add", "strict", "--match-country", "strict")
        for n, country in ((50, "GB"), (51, "IN"), (52, "GB"), (53, "IN")):
            self.maskline.run("number", "add", f"+9190000000{n}", "--trunk", "north", "--pool", "strict",
                              "--country", country)
        parties = "+919888800031\n+919888800032\n"
        made = self.maskline.json("session", "create", "--pool", "strict", "--party", "-", "--country", "GB",
                                  "--party", "-", stdin=parties)
        self.assertEqual([one["dials"] for one in made["parties"]], ["+919000000050", "+919000000051"])
        made = self.maskline.json("session", "create", "--pool", "strict", "--country", "GB", "--party", "-",
                                  "--party", "-", stdin=parties.replace("0003", "0004"))
        self.assertTrue({one["dials"] for one in made["parties"]} <= {"+919000000050", "+919000000052"})
        swapped = self.maskline.json("session", "edit", made["id"], "swap-number", "--slot", "0", "--country", "IN")
        self.assertIn(swapped["parties"][0]["dials"], ("+919000000051", "+919000000053"))
        with self.assertRaisesRegex(harness.Refused, "two capital letters"):
            self.maskline.run("session", "create", "--country", "india", "--party", "-", "--party", "-", stdin=parties)
        self.finish()

    def test_a_number_is_drained_before_it_is_removed(self):
        self.assertIn("1 still hold it", self.maskline.run("number", "drain", M1))
        with self.assertRaisesRegex(harness.Refused, "number drain"):
            self.maskline.run("number", "remove", M1)
        session = self.maskline.json("session", "list")["sessions"][0]["id"]
        self.maskline.run("session", "end", session)
        self.maskline.run("number", "remove", M1)
        self.assertEqual(set(self.listed()), {M2})
        self.finish()
