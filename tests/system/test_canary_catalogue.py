# SPDX-License-Identifier: Apache-2.0
"""Every row of the catalogue is planted, or looked at elsewhere, or has its reason."""
import collections
import dataclasses
import pathlib
import re
import unittest

import canary
import canary_media
import harness

CATALOGUE = pathlib.Path(__file__).with_name("canary_catalogue.txt")
ROWS = 128
PLANTED = {"call": canary.read_rows, "media": canary_media.read_rows}


@dataclasses.dataclass(frozen=True)
class Row:
    number: int
    what: str
    reason: str


def read():
    rows = []
    for text in CATALOGUE.read_text().splitlines():
        if text and not text.startswith("#"):
            number, what, reason = text.split(None, 2)
            rows.append(Row(int(number), what, reason))
    return rows


class Catalogue(unittest.TestCase):
    def setUp(self):
        self.rows = read()

    def test_every_row_is_there_once(self):
        self.assertEqual([row.number for row in self.rows], list(range(1, ROWS + 1)))
        self.assertEqual({row.what for row in self.rows},
                         {"call", "media", "process", "tested", "none"})

    def test_what_is_called_planted_has_lines_and_nothing_else_has(self):
        for what, lines in PLANTED.items():
            planted = {line.row for line in lines()}
            self.assertEqual(planted, {row.number for row in self.rows if row.what == what}, what)

    def test_what_is_tested_elsewhere_names_a_test_that_is_there(self):
        names = {path.name for path in (harness.ROOT / "tests").rglob("*") if path.is_file()}
        for row in self.rows:
            with self.subTest(row=row):
                named = set(re.findall(r"\w+\.(?:flow|py|c|txt)\b", row.reason))
                self.assertEqual(named - names, set())
                self.assertTrue(named or row.what != "tested", "which test?")

    def test_what_is_not_planted_is_listed_and_counted(self):
        by_what = collections.defaultdict(list)
        for row in self.rows:
            by_what[row.what].append(row)
        print(f"canary: {ROWS} rows: {len(by_what['call'])} planted in signalling, "
              f"{len(by_what['media'])} in media, {len(by_what['process'])} around the process, "
              f"{len(by_what['tested'])} tested elsewhere, {len(by_what['none'])} not planted")
        for row in by_what["tested"] + by_what["none"]:
            print(f"canary: row {row.number} not planted: {row.reason}")
        self.assertEqual(len(by_what["none"]), NOT_PLANTED, "a row more or less without a test")


NOT_PLANTED = 13

if __name__ == "__main__":
    unittest.main()
