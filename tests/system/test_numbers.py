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

    def test_a_number_is_drained_before_it_is_removed(self):
        self.assertIn("1 still hold it", self.maskline.run("number", "drain", M1))
        with self.assertRaisesRegex(harness.Refused, "number drain"):
            self.maskline.run("number", "remove", M1)
        session = self.maskline.json("session", "list")["sessions"][0]["id"]
        self.maskline.run("session", "end", session)
        self.maskline.run("number", "remove", M1)
        self.assertEqual(set(self.listed()), {M2})
        self.finish()
