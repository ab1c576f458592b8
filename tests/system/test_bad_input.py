# SPDX-License-Identifier: Apache-2.0
"""What no client should send, to every route that writes: a 4xx that says what to do, and nothing changed.

The routes are those that /v1/openapi.json names, so that a new one is tried without a line here. Each is
asked for things that exist: what it did not refuse it would do.
"""
import http.client
import json
import re
import socket
import unittest

import harness
import needles
from harness import AGENT, CUSTOMER, M1, M2, STRANGER

JSON = "application/json"
BODY_MAX = 1 << 20
POOL, EMPTY = "office", "empty"

# (what it is, the bytes, what the problem's type ends in). Each is refused before any field is looked at.
NO_OBJECT = [
    ("nothing", b"", "bad-json"),
    ("null", b"null", "bad-json"),
    ("a list", b"[]", "bad-json"),
    ("a text", json.dumps(AGENT).encode(), "bad-json"),
    ("a number", b"1", "bad-json"),
    ("half an object", b'{"name": "a"', "bad-json"),
    ("two objects", b"{}{}", "bad-json"),
    ("a trailing comma", b'{"name": "a",}', "bad-json"),
    ("a comment", b'{} // "name"', "bad-json"),
    ("a duplicate key", b'{"name": "a", "name": "b"}', "bad-json"),
    ("a duplicate key, escaped", b'{"name": "a", "n\\u0061me": "b"}', "bad-json"),
    ("a duplicate key in a list", b'{"parties": [{"number": "a", "number": "b"}]}', "bad-json"),
    ("a lone continuation byte", b'{"name": "\x80"}', "bad-json"),
    ("an overlong slash", b'{"name": "\xc0\xaf"}', "bad-json"),
    ("a surrogate in UTF-8", b'{"name": "\xed\xa0\x80"}', "bad-json"),
    ("a lone surrogate", b'{"name": "\\ud800"}', "bad-json"),
    ("beyond Unicode", b'{"name": "\xf4\x90\x80\x80"}', "bad-json"),
    ("invalid UTF-8 in a key", b'{"na\xffme": "a"}', "bad-json"),
    ("UTF-16", '{"name": "a"}'.encode("utf-16"), "bad-json"),
    ("a byte order mark", b'\xef\xbb\xbf{"name": "a"}', "bad-json"),
    ("NUL in a text", b'{"name": "a\\u0000b"}', "bad-json"),
    ("a NUL byte", b'{"name": "a\0b"}', "bad-json"),
    ("NaN", b'{"digits_min": NaN}', "bad-json"),
    ("an exponent without end", b'{"digits_min": 1e999999}', "bad-json"),
    ("an integer of 20 digits", b'{"digits_min": 99999999999999999999}', "bad-json"),
    ("an integer of 100,000 digits", b'{"digits_min": ' + b"9" * 100000 + b"}", "bad-json"),
    ("a leading plus", b'{"digits_min": +919888800001}', "bad-json"),
    ("lists nested deep", b'{"name": ' + b"[" * (BODY_MAX - 16), "bad-json"),
    ("objects nested deep", b'{"a":' * (BODY_MAX // 5 - 1), "bad-json"),
    ("a list of very many", b'{"name": [' + b"0," * 500000 + b"0]}", "bad-json"),
    ("very many keys", b"{" + b",".join(b'"k%d":0' % i for i in range(60000)) + b"}", "bad-json"),
    ("an unknown field", b'{"nombre": "a"}', "unknown-field"),
    ("a field of the database", b'{"tenant_id": 2}', "unknown-field"),
    ("a field whose name is a number", b'{"+919888800001": 1}', "unknown-field"),
    ("a field of a prototype", b'{"__proto__": {"name": "a"}}', "unknown-field"),
    ("an empty name", b'{"": 1}', "unknown-field"),
]

TYPES = [None, "", "text/json", "text/plain", "application/x-www-form-urlencoded", "application/jsonx",
         "multipart/form-data; boundary=x", "application/json-patch+json", "application/json, text/plain"]

# Of one type each, for a field of another.
WRONG = {
    "string": [7, True, [], {}],
    "integer": ["7", 1.5, True, [], {}, -(1 << 40), 1 << 62],
    "boolean": ["true", 1, [], {}],
    "array": ["a", 1, True, {}, [7], [[]], [None], [True]],
}
LONG = "x" * 70000

# A party's number is looked at by its country's rules, a masking number only has to be one of ours.
SHORT = "+91 98888"
NUMBERS = [SHORT, "", " ", "+", "++919888800001", "+91988880000a", "+9198888000011234567", "98888;00001",
           "sip:+919888800001@x", "tel:+919888800001", "+91\n9888800001", "\u0967\u096f\u096e", "112", "00000000000",
           "+" + "9" * 5000, "9" * 15 + "'; DROP TABLE session; --"]

# What follows the request line; the type of the problem.
FRAMINGS = [
    ("two lengths", "Host: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n", "framing"),
    ("a length twice", "Host: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n", "framing"),
    ("length and chunks", "Host: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n", "framing"),
    ("a negative length", "Host: x\r\nContent-Length: -2\r\n", "framing"),
    ("a length with a sign", "Host: x\r\nContent-Length: +2\r\n", "framing"),
    ("lengths in a list", "Host: x\r\nContent-Length: 2, 2\r\n", "framing"),
    ("a length beyond all", "Host: x\r\nContent-Length: 99999999999999999999\r\n", "too-large"),
    ("another coding", "Host: x\r\nTransfer-Encoding: gzip, chunked\r\n", "framing"),
    ("a coding like chunked", "Host: x\r\nTransfer-Encoding: xchunked\r\n", "framing"),
    ("a space before the colon", "Host: x\r\nContent-Length : 2\r\n", "framing"),
    ("a folded line", "Host: x\r\nContent-Length: 2\r\nX-A: b\r\n c\r\n", "framing"),
    ("a line that ends with LF", "Host: x\nContent-Length: 2\r\n", "framing"),
    ("a bare CR", "Host: x\r\nX-A: b\rc\r\nContent-Length: 2\r\n", "framing"),
    ("a NUL", "Host: x\r\nX-A: b\0c\r\nContent-Length: 2\r\n", "framing"),
    ("no host", "Content-Length: 2\r\n", "framing"),
    ("two hosts", "Host: x\r\nHost: y\r\nContent-Length: 2\r\n", "framing"),
    ("a head without end", "Host: x\r\nX-A: " + "a" * 20000 + "\r\n", "header-too-large"),
    ("very many fields", "Host: x\r\n" + "X-A: b\r\n" * 200, "header-too-large"),
]


class Answer:
    def __init__(self, status, kind, body):
        self.status = status
        self.kind = kind
        self.body = body
        self.said = json.loads(body) if body else {}
        if not isinstance(self.said, dict):
            self.said = {}
        self.type = self.said.get("type", "").rsplit(":", 1)[-1]
        self.field = self.said.get("field")


class BadInput(harness.Case):
    def setUp(self):
        super().setUp()
        self.maskline.start()
        self.session = self.maskline.provision(5060, 5060)
        url = (self.maskline.data / "endpoint").read_text().split()[0]
        self.address = tuple(url.split("//")[1].rsplit(":", 1))
        self.token = (self.maskline.data / "api.token").read_text().strip()
        self.connection = None
        self.addCleanup(self.hang_up)
        for path, body in (("/v1/tenants", {"name": "acme"}), ("/v1/pools", {"name": POOL}),
                           ("/v1/pools", {"name": EMPTY}), ("/v1/keys", {"name": "shop", "scopes": ["read"]})):
            answer = self.ask("POST", path, body)
            self.assertEqual(answer.status, 201, answer.body)
        self.key = self.ask("GET", "/v1/keys").said["keys"][0]["id"]
        self.document = self.ask("GET", "/v1/openapi.json").said
        self.searchers = [one for number in (AGENT, CUSTOMER, STRANGER)
                          for one in needles.number_searchers(number)]
        self.tried = 0
        self.before = self.state()

    # ---- asking

    def hang_up(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def ask(self, method, path, body=None, kind=JSON):
        """`body` is bytes as they are, or something to be made JSON."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address[0], int(self.address[1]), timeout=30)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is not None and kind is not None:
            headers["Content-Type"] = kind
        self.connection.request(method, path, body, headers)
        got = self.connection.getresponse()
        answer = Answer(got.status, got.getheader("Content-Type"), got.read().decode())
        if got.will_close:
            self.hang_up()
        return answer

    def raw(self, method, path, head, body=b""):
        """On a connection of its own; what is not read any more need not be sent."""
        start = f"{method} {path} HTTP/1.1\r\nAuthorization: Bearer {self.token}\r\n"
        with socket.create_connection((self.address[0], int(self.address[1])), timeout=30) as connection:
            got = b""
            try:
                connection.sendall((start + head + "\r\n").encode("latin-1") + body)
            except OSError:
                pass
            try:
                while more := connection.recv(65536):
                    got += more
            except ConnectionResetError:
                pass
        match = re.match(rb"HTTP/1\.1 (\d+) .*?\r\n\r\n", got, re.S)
        self.assertTrue(match, (method, path, head[:100], got[:100]))
        kind = re.search(rb"content-type: ([^\r]*)", match[0], re.I)
        return Answer(int(match[1]), kind and kind[1].decode(), got[match.end():].decode())

    def state(self):
        """Every list that there is, and how much the audit record has: so nothing was written at all."""
        seen = {path: self.ask("GET", path).said for path, item in self.document["paths"].items()
                if "get" in item and path.startswith("/v1/") and "{" not in path and not path.endswith(".json")
                and not path.endswith(".csv")}
        self.assertGreater(len(seen), 8)
        for trunk in seen["/v1/trunks"]["trunks"]:
            trunk["state"] = trunk["state_since"] = trunk["state_reason"] = trunk["targets"] = None
        return seen

    def writes(self):
        """(method, path of something that exists, schema of the body or None) of every route that writes."""
        names = {"{id}": {"sessions": self.session, "keys": self.key, "calls": "no-such-call",
                          "backups": "no-such-backup", "blocks": "no-such-block"},
                 "{name}": {"tenants": "acme", "trunks": "north", "pools": POOL},
                 "{number}": {"numbers": M1[1:]}}
        for path, item in self.document["paths"].items():
            for hole, known in names.items():
                path = path.replace(hole, known.get(path.split("/")[2] if path.startswith("/v1/") else "", hole))
            self.assertNotIn("{", path, "which of them is there?")
            for method, node in item.items():
                if method != "get":
                    schema = node.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema")
                    yield method.upper(), path, schema

    def writes_with_body(self):
        routes = [route for route in self.writes() if route[2] is not None]
        self.assertGreater(len(routes), 10)
        return routes

    # ---- judging

    def expect(self, answer, status, kind=None, field=None):
        """A problem of RFC 9457 that names the rule, what to do, and never what was sent."""
        self.tried += 1
        said = answer.said
        self.assertIn(answer.status, status if isinstance(status, tuple) else (status,), answer.body)
        self.assertEqual(answer.kind, "application/problem+json", answer.body)
        self.assertEqual(said["status"], answer.status)
        for member in ("title", "detail", "remedy"):
            self.assertTrue(said[member].strip(), answer.body)
        if kind is not None:
            self.assertEqual(answer.type, kind, answer.body)
        if field is not None:
            self.assertEqual(answer.field, field, answer.body)
        self.assertEqual(needles.find(self.searchers, answer.body.encode()), [])

    def unchanged(self, at_least):
        """Behind all of it; then one valid create, so that the comparison proves itself."""
        self.assertGreater(self.tried, at_least)
        self.assertEqual(self.state(), self.before)
        made = self.ask("POST", "/v1/sessions", {"parties": [{"number": "+919888800004"},
                                                             {"number": "+919888800005"}]})
        self.assertEqual(made.status, 201, made.body)
        after = self.state()
        for path in ("/v1/sessions", "/v1/events", "/v1/audit/verify"):
            self.assertNotEqual(after[path], self.before[path])
        self.finish()

    # ---- every route

    def test_a_body_that_is_no_object_of_known_fields(self):
        for method, path, _ in self.writes_with_body():
            for what, body, kind in NO_OBJECT:
                with self.subTest(f"{method} {path}: {what}"):
                    self.expect(self.ask(method, path, body), 422 if kind == "unknown-field" else 400, kind)
        self.unchanged(500)

    def test_a_body_of_another_type_or_of_ten_megabytes(self):
        ten = b'{"name": "' + b"a" * (10 << 20) + b'"}'
        for method, path, _ in self.writes_with_body():
            for kind in TYPES:
                with self.subTest(f"{method} {path}: {kind}"):
                    self.expect(self.ask(method, path, b"{}", kind), 415, "media-type")
        for method, path, _ in self.writes():
            head = f"Host: x\r\nContent-Type: {JSON}\r\n"
            with self.subTest(f"{method} {path}: ten megabytes"):
                self.expect(self.raw(method, path, head + f"Content-Length: {len(ten)}\r\n", ten), 413,
                            "too-large")
            with self.subTest(f"{method} {path}: ten megabytes in chunks"):
                chunks = b"".join(b"10000\r\n" + b"a" * 65536 + b"\r\n" for _ in range(160)) + b"0\r\n\r\n"
                self.expect(self.raw(method, path, head + "Transfer-Encoding: chunked\r\n", chunks), 413,
                            "too-large")
        self.unchanged(150)

    def test_framing_that_could_be_read_in_two_ways(self):
        for method, path, _ in self.writes():
            for what, head, kind in FRAMINGS:
                status = {"too-large": 413, "header-too-large": 431}.get(kind, 400)
                with self.subTest(f"{method} {path}: {what}"):
                    self.expect(self.raw(method, path, f"Content-Type: {JSON}\r\n" + head, b"{}"), status, kind)
        self.unchanged(300)

    def test_a_value_of_another_type_is_told_by_its_field(self):
        for method, path, schema in self.writes_with_body():
            filled = {name: self.filler(schema["properties"][name]) for name in schema.get("required", [])}
            for name, node in schema["properties"].items():
                for wrong in WRONG[kind_of(node)]:
                    with self.subTest(f"{method} {path}: {name} = {wrong}"):
                        self.expect_by_field(self.ask(method, path, filled | {name: wrong}), name, wrong)
                with self.subTest(f"{method} {path}: {name} is long"):
                    if kind_of(node) == "string":
                        self.expect(self.ask(method, path, filled | {name: LONG}), (404, 409, 422))
            for name in filled:
                with self.subTest(f"{method} {path}: without {name}"):
                    rest = {other: value for other, value in filled.items() if other != name}
                    self.expect(self.ask(method, path, rest), 422, "missing-field", name)
                    self.expect(self.ask(method, path, filled | {name: None}), 422, "missing-field", name)
        self.unchanged(600)

    def expect_by_field(self, answer, name, wrong):
        """Items of a list and numbers out of range are looked at when the other fields have been."""
        if isinstance(wrong, list) and wrong or not isinstance(wrong, bool) and isinstance(wrong, int):
            self.expect(answer, (404, 409, 422))
            return
        self.expect(answer, 422, "bad-value", name)

    @staticmethod
    def filler(node):
        """Of the right type, and nothing that would be done."""
        return {"string": "!", "integer": 4000000000, "boolean": False, "array": []}[kind_of(node)]

    # ---- what the rules of the domain refuse

    def test_malformed_numbers(self):
        ok = "+919888800003"
        places = [
            ("POST", "/v1/sessions", lambda n: {"parties": [{"number": n}, {"number": ok}]}, "parties[0].number"),
            ("POST", "/v1/sessions", lambda n: {"parties": [{"number": ok}, {"number": n}]}, "parties[1].number"),
            ("POST", "/v1/sessions", lambda n: {"parties": [{"number": STRANGER, "dials": n}, {"number": ok}]},
             "parties[0].dials"),
            ("POST", "/v1/sessions", lambda n: {"model": "panel", "parties": [{"number": ok, "side": 0},
                                                                              {"number": n, "side": 1}]},
             "parties[1].number"),
            ("POST", "/v1/numbers", lambda n: {"number": n, "trunk": "north"}, "number"),
            ("POST", f"/v1/sessions/{self.session}/change",
             lambda n: {"edit": "replace-party", "party": 0, "number": n}, "number"),
            ("POST", f"/v1/sessions/{self.session}/change",
             lambda n: {"edit": "add-alias", "party": 0, "number": n}, "number"),
            ("POST", f"/v1/sessions/{self.session}/change",
             lambda n: {"edit": "swap-number", "slot": 0, "dials": n}, "dials"),
            ("POST", "/v1/explain", lambda n: {"dialled": n, "caller": ok}, "dialled"),
        ]
        for method, path, body, field in places:
            for number in NUMBERS[field.endswith(("dials", "dialled")):]:
                with self.subTest(f"{path} {field} = {number[:40]!r}"):
                    self.expect(self.ask(method, path, body(number)), 422, "bad-value", field)
        self.unchanged(100)

    def test_sessions_that_cannot_be(self):
        a, b, c = ({"number": f"+91988880000{i}"} for i in (4, 5, 6))
        past, later, latest = "2020-01-01T00:00:00Z", "2199-01-01T00:00:00Z", "2199-01-02T00:00:00Z"
        rows = [
            ("a party on both sides", {"parties": [a, a]}, 422, "bad-value", "parties[1].number"),
            ("in another writing", {"parties": [a, {"number": "00 91 98888 00004"}]}, 422, "bad-value", None),
            ("on both sides of one number", {"model": "one-number", "parties": [a, a]}, 422, "bad-value",
             "parties[1].number"),
            ("on both sides of lists", {"model": "sides", "parties": [a | {"side": 0}, b | {"side": 0},
                                                                      a | {"side": 1}]}, 422, None, None),
            ("twice on one side", {"model": "sides", "parties": [a | {"side": 0}, a | {"side": 0},
                                                                 b | {"side": 1}]}, 422, None, None),
            ("interviewer and respondent", {"model": "panel", "parties": [a | {"side": 0}, a | {"side": 1}]},
             422, None, None),
            ("a side without a party", {"model": "sides", "parties": [a | {"side": 0}]}, 422, None, None),
            ("one party alone", {"parties": [a]}, 422, "bad-value", "parties"),
            ("three in two numbers", {"parties": [a, b, c]}, 422, "bad-value", "parties"),
            ("no party", {"parties": []}, 422, "bad-value", "parties"),
            ("seventeen", {"model": "panel", "parties": [a] * 17}, 422, "bad-value", "parties"),
            ("a third side", {"model": "sides", "parties": [a | {"side": 2}, b]}, 422, "bad-value",
             "parties[0].side"),
            ("a party that is a text", {"parties": ["+919888800004", b]}, 422, "bad-value", "parties[0]"),
            ("an unknown field of a party", {"parties": [a | {"name": "x"}, b]}, 422, "unknown-field", "parties[0]"),
            ("a party without number", {"parties": [{}, b]}, 422, "missing-field", "parties[0].number"),
            ("a masking number as party", {"parties": [{"number": M1}, b]}, 422, "bad-value", "parties[0].number"),
            ("an unknown model", {"model": "threesome", "parties": [a, b]}, 422, "bad-value", "model"),
            ("open without one-way", {"open": True, "parties": [a, b]}, 422, "bad-value", "open"),
            ("a pool without numbers", {"pool": EMPTY, "parties": [a, b]}, 409, "no-number", None),
            ("a pool that is not there", {"pool": "nowhere", "parties": [a, b]}, 404, "not-found", "pool"),
            ("another pool's numbers", {"pool": EMPTY, "parties": [a | {"dials": M1}, b | {"dials": M2}]}, 409,
             "conflict", "parties[0].dials"),
            ("a number that is not ours", {"parties": [a | {"dials": "+919000000099"}, b]}, 404, "not-found",
             "parties[0].dials"),
            ("expiry in the past", {"expires_at": past, "parties": [a, b]}, 422, "bad-value", "expires_at"),
            ("expiry now", {"expires_in_s": 0, "parties": [a, b]}, 422, "bad-value", "expires_in_s"),
            ("expiry before the start", {"starts_at": latest, "expires_at": later, "parties": [a, b]}, 422,
             "bad-value", "expires_at"),
            ("a number with too few digits to be dialled", {"parties": [a | {"dials": SHORT}, b]}, 404, "not-found",
             "parties[0].dials"),
            ("two expiries", {"expires_in_s": 60, "expires_at": later, "parties": [a, b]}, 422, "bad-value",
             "expires_in_s"),
            ("no time", {"expires_at": "tomorrow", "parties": [a, b]}, 422, "bad-value", "expires_at"),
            ("no day", {"expires_at": "2199-02-30T00:00:00Z", "parties": [a, b]}, 422, "bad-value", "expires_at"),
            ("a number as reference", {"reference": "order +91-98888-00004", "parties": [a, b]}, 422, "bad-value",
             "reference"),
            ("a long reference", {"reference": "r" * 64, "parties": [a, b]}, 422, "bad-value", "reference"),
        ]
        for what, body, status, kind, field in rows:
            with self.subTest(what):
                self.expect(self.ask("POST", "/v1/sessions", body), status, kind, field)
        path = f"/v1/sessions/{self.session}/"
        for what, verb, body, status in (
                ("renewed into the past", "renew", {"expires_at": past}, 422),
                ("reopened while it lives", "reopen", {}, 409),
                ("a party that is the other one", "change",
                 {"edit": "replace-party", "party": 0, "number": CUSTOMER}, (409, 422)),
                ("an alias that is the other one", "change",
                 {"edit": "add-alias", "party": 0, "number": CUSTOMER}, (409, 422)),
                ("a place that nobody has", "change", {"edit": "remove-party", "party": 9}, 404),
                ("a third party", "change", {"edit": "add-party", "number": STRANGER, "side": 0}, 422),
                ("a number that is not ours", "change",
                 {"edit": "swap-number", "slot": 0, "dials": "+919000000099"}, 404),
                ("an edit that there is not", "change", {"edit": "forget"}, 422)):
            with self.subTest(what):
                self.expect(self.ask("POST", path + verb, body), status)
        self.unchanged(35)


def kind_of(node):
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    return next(kind for kind in kinds if kind != "null")


if __name__ == "__main__":
    unittest.main()
