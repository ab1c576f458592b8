# SPDX-License-Identifier: Apache-2.0
"""Pools and models by the command line, and across a kill -9."""
import harness
from harness import AGENT, CUSTOMER


class Pools(harness.Case):
    def test_a_pool_is_what_it_was_made_after_a_crash(self):
        self.maskline.start()
        self.maskline.run("pool", "add", "office", "--ttl", "4h", "--quarantine", "30m", "--day", "monday",
                          "--day", "friday", "--from", "09:00", "--to", "18:30", "--utc-offset", "330",
                          "--direction", "from-side-0", "--selection", "avoid")
        made = self.maskline.json("pool", "show", "office")
        self.assertEqual((made["ttl_ms"], made["quarantine_ms"], made["days"], made["from_min"], made["to_min"],
                          made["utc_offset_min"], made["direction"], made["selection"]),
                         (14400000, 1800000, ["monday", "friday"], 540, 1110, 330, "from-side-0", "avoid"))
        self.maskline.crash()
        self.assertEqual(self.maskline.json("pool", "show", "office"), made)
        self.assertIn("09:00 to 18:30", self.maskline.run("pool", "set", "office", "--direction", "both"))
        self.assertIn("office", self.maskline.run("pool", "list"))
        for wrong in (("--from", "9"), ("--from", "24:30"), ("--ttl", "soon"), ("--utc-offset", "x")):
            with self.subTest(wrong=wrong), self.assertRaisesRegex(harness.Refused, f"{wrong[0]} wants"):
                self.maskline.run("pool", "add", "wrong", *wrong)
        self.maskline.run("pool", "remove", "office")
        self.assertNotIn("office", self.maskline.run("pool", "list"))
        self.finish()

    def test_every_page_of_a_list_is_printed(self):
        self.maskline.start()
        names = {f"p{n:02}" for n in range(51)}
        for name in names:
            self.maskline.run("pool", "add", name)
            self.maskline.run("key", "create", name, "--scope", "read")
        for what in ("pool", "key"):
            listed = self.maskline.json(what, "list")[f"{what}s"]
            self.assertEqual({one["name"] for one in listed} - {"default"}, names)
            self.assertTrue(all(name in self.maskline.run(what, "list") for name in ("p00", "p50")))
        self.finish()

    def test_what_happened_is_followed_across_a_crash(self):
        self.maskline.start()
        self.maskline.provision(5060, 5061)
        done = self.maskline.run("events", "--json", check=False)
        cursor = done.stderr.split("--after ")[1].strip()
        kinds = [line.split('"kind":"')[1].split('"')[0] for line in done.stdout.splitlines()]
        self.assertEqual(kinds, ["trunk-added"] * 2 + ["number-added"] * 2 + ["session-created"])
        session = self.maskline.json("session", "create", "--model", "one-number", "--party", "-", "--party", "-",
                                     stdin=f"{AGENT[:-1]}5\n{CUSTOMER[:-1]}6\n")
        self.assertEqual(session["model"], "one-number")
        self.maskline.crash()
        told = self.maskline.run("events", "--after", cursor)
        self.assertEqual(told.count("\n"), 1)
        self.assertIn(f"session {session['id']}", told)
        self.finish()
