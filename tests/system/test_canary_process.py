# SPDX-License-Identifier: Apache-2.0
"""What the operating system tells of the process, what refusals repeat, and what a core would hold."""
import http.client
import json
import os
import pathlib
import re
import resource
import signal
import unittest

import canary
import canary_case
import harness
import needles
import processes
from canary_case import CALLEE, CALLER
from harness import M1

PLANTED = "+919888800077"       # a leak on purpose, to be found


class CanaryOfTheProcess(canary_case.Case):
    def call(self):
        talk = canary.Conversation(self.caller, self.callee,
                                   ("127.0.0.1", self.maskline.sip_port), M1, (), ())
        talk.connect()
        self.assertTrue(talk.outcome.connected, talk.outcome)
        return talk

    def assert_free_of_numbers(self, name, data):
        for number in (CALLER, CALLEE):
            self.assertEqual(needles.find(needles.number_searchers(number), data), [], name)

    def test_nothing_of_a_call_is_in_what_the_system_tells_of_the_process(self):
        talk = self.call()
        for pid in {self.maskline.pid, self.maskline.worker_pid}:
            place = pathlib.Path("/proc", str(pid))
            for name in ("cmdline", "environ", "comm", "status", "maps", "limits"):
                data = (place / name).read_bytes()
                self.assertTrue(data, name)
                self.assert_free_of_numbers(f"{place}/{name}", data)
            links = [os.readlink(link) for link in (place / "fd").iterdir()]
            self.assert_free_of_numbers(f"{place}/fd", "\n".join(links).encode())
        talk.finish()
        self.finish()

    # ---- refusals

    def ask(self, method, path, body=None, **headers):
        """Status and all that came back, headers and body."""
        url = (self.maskline.data / "endpoint").read_text().strip()
        host = re.sub(r"^https?://", "", url)
        token = (self.maskline.data / "api.token").read_text().strip()
        connection = http.client.HTTPConnection(host, timeout=10)
        all_headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        all_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            try:
                connection.request(method, path, body, all_headers)
            except (BrokenPipeError, ConnectionResetError):
                pass                                # refused before all of it was sent
            answer = connection.getresponse()
            return answer.status, str(answer.headers).encode() + answer.read()
        except (BrokenPipeError, ConnectionResetError):
            return 400, b""                         # and the refusal was lost with the connection
        finally:
            connection.close()

    def refusals(self, number):
        """Requests that are refused with the number in them, wherever one may put it."""
        digits = number.lstrip("+")
        party = {"number": number}
        whole = {"parties": [party, {"number": CALLEE}]}
        sessions, trunks, numbers = "/v1/sessions", "/v1/trunks", "/v1/numbers"
        for body in ('{"parties": [{"number": "%s"' % number, "%s" % number, '"%s"' % number,
                     '{"parties": "%s", "parties": "%s"}' % (number, number),
                     json.dumps(whole)[:-1] + "\x01" + number):
            yield "POST", sessions, body, {}
        for fields in (whole | {number: 1}, whole | {"x": number}, whole | {"expires": number},
                       {"parties": [party]}, {"parties": [party, party]},
                       {"parties": [{"number": digits + digits}, party]},
                       {"parties": [{digits: 1}, party]}, whole | {"dials": [number, digits]},
                       {"parties": [party | {"country": digits}, party]},
                       whole | {"reference": number * 100}, whole | {"tenant": number}):
            yield "POST", sessions, json.dumps(fields), {}
        for fields in ({"name": number}, {"name": "north", number: 1}, {"name": "x", "source": number},
                       {"name": "x", "peer": number}, {"name": "x", "sources": [digits]}):
            yield "POST", trunks, json.dumps(fields), {}
        yield "PATCH", f"{trunks}/north", json.dumps({number: number}), {}
        yield "PATCH", f"{trunks}/north", json.dumps({"realm": number, "register_s": number}), {}
        for fields in ({"number": number, "trunk": number}, {"number": digits * 3, "trunk": "north"}):
            yield "POST", numbers, json.dumps(fields), {}
        for path in (f"{sessions}/{digits}", f"{trunks}/{digits}", f"/v1/calls/{digits}",
                     f"{numbers}/{digits}", f"/v1/{digits}", f"/{digits}", f"{sessions}/%2B{digits}",
                     f"{sessions}?party={digits}", f"{sessions}?limit={digits}",
                     f"{sessions}?before={digits}&{digits}=1"):
            yield "GET", path, None, {}
        yield "DELETE", f"{trunks}/{digits}", None, {}
        yield "POST", f"{sessions}/{digits}/end", "{}", {}
        yield f"X{digits}", sessions, None, {}
        yield "GET", sessions, None, {"Authorization": f"Bearer mk_{digits}"}
        yield "GET", sessions, None, {"Authorization": f"{digits} {number}"}
        yield "POST", sessions, json.dumps(whole), {"Content_Type": f"application/{digits}"}
        yield "POST", sessions, number * 100000, {}
        yield "GET", f"/{digits}" * 2000, None, {}
        yield "GET", sessions, None, {f"X {digits}": "a space in a name"}
        yield "POST", sessions, "{}", {"Content_Length": digits}
        yield "POST", sessions, "{}", {"Transfer_Encoding": digits}
        yield "GET", f"{sessions} {digits}", None, {}

    def test_no_refusal_of_the_api_repeats_a_number(self):
        count, served = 0, []
        http.client._is_legal_header_name = lambda name: True   # what it does not send is not tried
        http.client.HTTPConnection._validate_path = lambda self, path: None
        http.client.HTTPConnection._validate_method = lambda self, method: None
        for method, path, body, headers in self.refusals(CALLER):
            status, said = self.ask(method, path, body, **headers)
            with self.subTest(method=method, path=path[:60], body=(body or "")[:80]):
                self.assert_free_of_numbers("the answer", said)
            count += 1
            if status < 400:
                served.append((method, path, (body or "")[:80], status))
        self.assertEqual(served, [], "these were not refused, and so tested nothing")
        print(f"canary: {count} refused requests repeated nothing")
        status, said = self.ask("GET", "/v1/numbers")
        self.assertEqual(status, 200)
        self.assertTrue(needles.find(needles.number_searchers(M1), said), "the search finds nothing")
        self.assert_nothing_kept()
        self.finish()


def plain_binary():
    """A program without sanitizers, which keep freed memory and must be traceable; or None."""
    for path in (harness.binary(), harness.ROOT / "build/release/src/app/maskline"):
        if path.exists() and b"__asan_init" not in path.read_bytes():
            return path
    return None


class Core(canary_case.Case):
    """SIGABRT with a call up, by who may raise every limit."""

    def setUp(self):
        program = plain_binary()
        if program is None:
            self.skipTest("no build without sanitizers; script/test release makes one")
        self.addCleanup(setattr, harness, "binary", harness.binary)
        harness.binary = lambda: program
        self.addCleanup(setattr, harness, "environment", harness.environment)
        harness.environment = lambda: dict(os.environ, MASKLINE_PLANTED=PLANTED)
        self.addCleanup(setattr, processes, "spawn", processes.spawn)
        spawn = processes.spawn
        processes.spawn = lambda command, **more: spawn(
            [*command, "--no-keeper"], cwd=self.temp, **more)
        self.settings = self.settings | {"core_dumps": str("allowed" in self.id()).lower()}
        super().setUp()

    def abort_with_a_call_up(self):
        """Whether the kernel says that it dumped a core, and the core where it is a file of ours."""
        talk = canary.Conversation(self.caller, self.callee,
                                   ("127.0.0.1", self.maskline.sip_port), M1, (), ())
        talk.connect()
        self.assertTrue(talk.outcome.connected, talk.outcome)
        pid = self.maskline.pid
        _, most = resource.prlimit(pid, resource.RLIMIT_CORE)
        if most == 0:
            self.skipTest("this system allows no core at all")
        resource.prlimit(pid, resource.RLIMIT_CORE, (most, most))
        hidden = hidden_mappings(pid)
        os.kill(pid, signal.SIGABRT)
        _, status = os.waitpid(pid, 0)
        self.maskline.forget()
        cores = sorted(self.temp.glob("core*"))
        return os.WCOREDUMP(status), (cores or [None])[0], hidden

    def test_by_default_there_is_no_core_even_when_the_limit_is_raised(self):
        dumped, core, _ = self.abort_with_a_call_up()
        self.assertFalse(dumped)
        self.assertIsNone(core)

    def test_when_cores_are_allowed_none_has_the_locked_memory_in_it(self):
        dumped, core, hidden = self.abort_with_a_call_up()
        self.assertTrue(dumped)
        if core is None:
            self.skipTest("kernel.core_pattern puts cores elsewhere")
        data = core.read_bytes()
        # The search finds what is there: the environment.
        self.assertTrue(PLANTED.lstrip("+").encode() in data)
        # The numbers of the call were in the locked memory, as they came, and no page of it is there.
        # On the stack a number may be left: that is why cores are not allowed where calls are real.
        locked = b"\0\0".join(content for _, content in hidden)
        for side in (self.caller, self.callee):
            self.assertTrue(side.number.encode() in locked)
        dumped_pages = segments(data)
        for address, _ in hidden:
            self.assertFalse(any(start <= address < end for start, end in dumped_pages))


def hidden_mappings(pid):
    """What is left out of cores: (address, content) of each mapping that smaps calls "dd"."""
    found, address = [], None
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as smaps, \
            open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in smaps:
            mapping = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                address = mapping and tuple(int(part, 16) for part in mapping.groups())
            elif line.startswith("VmFlags:") and " dd" in line and address:
                memory.seek(address[0])
                found.append((address[0], memory.read(address[1] - address[0])))
    return found


def segments(core):
    """The (start, end) addresses of what an ELF core holds of memory."""
    number = lambda at, size: int.from_bytes(core[at:at + size], "little")
    first, count = number(32, 8), number(56, 2)
    rows = [first + 56 * i for i in range(count)]
    return [(number(at + 16, 8), number(at + 16, 8) + number(at + 32, 8))
            for at in rows if number(at, 4) == 1]


if __name__ == "__main__":
    unittest.main()
