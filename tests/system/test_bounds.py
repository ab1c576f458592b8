# SPDX-License-Identifier: Apache-2.0
"""What script/bench says of a figure: the bound is kept, missed, or nothing was measured."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import harness

BENCH = harness.ROOT / "tests/bench"
LINE = "bench {} ours={}ns peer=lookup:500ns ratio={} min=1.00 max=3.00 runs=9\n"


def judged(bench, text, *more):
    done = subprocess.run([sys.executable, BENCH / "verdict.py", *more, bench], input=text, text=True,
                          capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr


class Bounds(unittest.TestCase):
    def test_a_figure_within_its_bound_is_kept_and_one_beyond_is_missed(self):
        for ratio, status, word in (("1.99", 0, "kept"), ("2.00", 0, "kept"), ("2.01", 3, "missed")):
            line = LINE.format("decide", 900, ratio)
            self.assertEqual(judged("decide", line),
                             (status, line + f"bound decide: ratio at most 2: {word}\n", ""))
        self.assertEqual(judged("parser", LINE.format("parser", 999999, 13))[0], 3)
        self.assertEqual(judged("parser", LINE.format("parser", 1000000, 13))[0], 0)

    def test_a_bench_that_does_not_print_all_its_figures_fails(self):
        tcp, tls = (LINE.format(f"transports-{kind}", 300, "1.10") for kind in ("tcp", "tls"))
        self.assertEqual(judged("transports", tcp + tls)[0], 0)
        self.assertEqual(judged("transports", tcp)[0], 1)
        self.assertEqual(judged("decide", "")[0], 1)
        self.assertEqual(judged("creates", "it was fast\n")[0], 1)
        self.assertEqual(judged("decide", LINE.format("decide", 900, "nan"))[0], 1)

    def test_a_figure_without_a_bound_is_only_measured(self):
        line = LINE.format("signalling", 300, "9.00")
        self.assertEqual(judged("signalling", line), (0, line, ""))

    def test_the_ledger_gets_a_line_for_each_figure(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "ledger.tsv")
            for ratio in ("1.50", "2.50"):
                judged("decide", LINE.format("decide", 900, ratio), "--ledger", path)
            titles, *rows = [line.split("\t") for line in path.read_text().splitlines()]
            self.assertEqual([dict(zip(titles, row))["verdict"] for row in rows], ["kept", "missed"])
            self.assertEqual(dict(zip(titles, rows[0]))["ours"], "900ns")

    def test_each_bound_is_of_a_bench_that_there_is(self):
        rows = (BENCH / "bounds.tsv").read_text().splitlines()[1:]
        for row in rows:
            name = row.split("\t")[0].split("-")[0]
            self.assertTrue((BENCH / f"bench_{name}.c").exists() or (BENCH / f"{name}.py").exists(), name)


if __name__ == "__main__":
    unittest.main()
