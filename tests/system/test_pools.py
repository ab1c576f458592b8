# SPDX-License-Identifier: Apache-2.0
"""Pools and models by the command line, and across a kill -9."""
import json
import pathlib
import subprocess
import sys

import harness
from harness import AGENT, CUSTOMER


ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECKER = ROOT / "tests/unit/core/certificate.py"
sys.path.insert(0, str(CHECKER.parent))
import certificate  # noqa: E402  (the checker, which shares nothing with the server)

# What the command line is told, the field, and what REST says then; no value is the default.
SETTINGS = [
    (["--model", "one-number"], "model", "one-number"),
    (["--ttl", "4h"], "ttl_ms", 14400000),
    (["--ttl-max", "2d"], "ttl_max_ms", 172800000),
    (["--sliding", "30m"], "sliding_ms", 1800000),
    (["--quarantine", "1h"], "quarantine_ms", 3600000),
    (["--selection", "sticky"], "selection", "sticky"),
    (["--match-country", "strict"], "match_country", "strict"),
    (["--match-area", "best-effort"], "match_area", "best-effort"),
    (["--capability", "voice", "--capability", "sms"], "capabilities", ["voice", "sms"]),
    (["--direction", "from-side-1"], "direction", "from-side-1"),
    (["--day", "sunday"], "days", ["sunday"]),
    (["--from", "22:00"], "from_min", 1320),
    (["--to", "06:30"], "to_min", 390),
    (["--utc-offset", "-210"], "utc_offset_min", -210),
    (["--calls", "9"], "session_calls_max", 9),
    (["--calls-at-once", "2"], "session_concurrent_max", 2),
    (["--party-at-once", "3"], "party_concurrent_max", 3),
    (["--party-per-h", "60"], "party_calls_per_h", 60),
    (["--ring", "45s"], "ring_s", 45),
    (["--talk", "1h"], "talk_s", 3600),
    (["--warn", "20s"], "warn_s", 20),
    (["--recording", "announced"], "recording", "announced"),
    (["--language", "hi-IN"], "language", "hi-IN"),
    (["--voice", "hi+f3"], "voice", "hi+f3"),
    (["--tell-ended", "true"], "tell_ended", True),
    (["--take-withheld", "true"], "take_withheld", True),
    (["--ladder", "intent", "--ladder", "pin", "--ladder", "request"], "ladder", ["intent", "pin", "request"]),
    (["--intent", "90s"], "intent_ms", 90000),
    (["--pin-joins", "true"], "pin_joins", True),
    (["--pin-tries", "3"], "pin_tries_max", 3),
    (["--lockout", "2h"], "lockout_ms", 7200000),
    (["--affinity", "12h"], "affinity_ms", 43200000),
    (["--last-caller", "1h"], "last_caller_ms", 3600000),
    (["--intercept", "https://example.com/ask?a=b"], "intercept_url", "https://example.com/ask?a=b"),
    (["--intercept-deadline-ms", "900"], "intercept_deadline_ms", 900),
    (["--intercept-fails-open", "true"], "intercept_fails_open", True),
    (["--on-end", "cut"], "on_end", "cut"),
    (["--refusal", "early"], "refusal", "early"),
    (["--allow-premium", "true"], "allow_premium", True),
    (["--allow-emergency", "true"], "allow_emergency", True),
]


class Pools(harness.Case):
    def test_each_setting_is_kept_across_a_crash_and_shown(self):
        self.maskline.start()
        fields = self.described("/v1/pools", "post")
        self.assertEqual({field for _, field, _ in SETTINGS}, fields - {"name"})
        plain = self.maskline.json("pool", "add", "plain")
        made = self.maskline.json("pool", "add", "all", *(word for words, _, _ in SETTINGS for word in words))
        for _, field, value in SETTINGS:
            self.assertEqual(made[field], value, field)
            self.assertNotEqual(plain[field], value, field)
        self.maskline.crash()
        self.assertEqual(self.maskline.json("pool", "show", "all"), made)
        self.assertEqual(self.maskline.json("pool", "show", "plain"), plain)
        shown = self.maskline.run("pool", "show", "all")
        self.assertRegex(shown, r"(?m)^intercept-deadline-ms +\d")
        with self.assertRaisesRegex(harness.Refused, "--intent wants a length of time") as refused:
            self.maskline.run("pool", "set", "all", "--intent", "0s")
        self.assertNotIn("or 0", str(refused.exception))
        for word in ("one-number", "hi-IN", "https://example.com/ask?a=b", "intent, pin, request", "22:00 to 06:30",
                     "no effect yet", "remark", "connected without an answer"):
            self.assertIn(word, shown)

        # And back, which no restart undoes: texts and lists are cleared by an empty word.
        self.maskline.run("pool", "set", "all", "--ladder", "", "--voice", "", "--intercept", "", "--ttl", "0",
                          "--tell-ended", "false")
        changed = {"ladder": [], "voice": "", "intercept_url": "", "ttl_ms": 0, "tell_ended": False,
                   "no_effect_yet": ["recording", "language", "pin_joins"], "remarks": []}
        self.maskline.crash()
        self.assertEqual(self.maskline.json("pool", "show", "all"), {**made, **changed})
        self.finish()

    def check(self, text):
        return subprocess.run([sys.executable, CHECKER], input=text, capture_output=True, text=True, check=False)

    def test_the_certificate_of_a_live_pool_is_checked_by_somebody_else(self):
        self.maskline.start()
        self.maskline.provision(5060, 5061)
        for n in range(20):
            self.maskline.run("number", "add", f"+9190000002{n:02}", "--trunk", "north")
        self.maskline.run("session", "create", "--model", "one-way", "--open", "--party", "-", "--side", "1",
                          stdin="+919888800300\n")
        sessions = []
        for n in range(1, 13):
            parties = f"+9198888001{n % 4:02}\n+9198888002{n:02}\n"
            sessions.append(self.maskline.json("session", "create", "--party", "-", "--party", "-", stdin=parties))
        self.maskline.run("session", "end", sessions[0]["id"])
        text = self.maskline.run("pool", "certificate", "default", "--json")
        claim = json.loads(text)
        self.assertEqual((claim["most"], claim["quarantined"], claim["open"]), (3, 2, 1))
        self.assertEqual(claim["rented"], 22)
        self.assertIsNone(certificate.check(claim))
        done = self.check(text)
        self.assertEqual((done.returncode, done.stdout), (0, "true: 3 numbers are needed, and no party holds more\n"))
        self.assertNotRegex(text, r"9190000|9198888")
        forged = 0
        for what, lie in certificate.forge(claim):
            self.assertIsNotNone(certificate.check(lie), what)
            forged += 1
        self.assertGreater(forged, 50)
        what, lie = next(certificate.forge(claim))
        done = self.check(json.dumps(lie))
        self.assertEqual(done.returncode, 1, what)
        self.assertTrue(done.stderr.startswith("not true: "))
        self.assertEqual(self.check("{").returncode, 1)

        shown = self.maskline.run("pool", "certificate", "default")
        self.assertRegex(shown, r"needed +3\n")
        with self.assertRaisesRegex(harness.Refused, "there is no such pool"):
            self.maskline.run("pool", "certificate", "nothing", "--json")
        self.finish()

    def described(self, path, method):
        """The names of the fields that the description of the API has for a request."""
        _, text = self.maskline.get("/v1/openapi.json", with_token=True)
        api = json.loads(text)
        schema = api["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
        while "$ref" in schema:
            schema = api["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return set(schema["properties"])

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
