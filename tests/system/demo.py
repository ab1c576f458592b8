#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demonstration: four masked calls between telephones that are not ours.

Serves on an embedded store in a temporary directory, provisions through the command line, places
the calls with baresip, and prints what each party saw, from the phones' own events, SIP traces and
recordings. Every cell of those tables has a promise; one that is broken is named, and the exit
status is 1.
"""
import argparse
import contextlib
import dataclasses
import pathlib
import shutil
import signal
import sys
import tempfile
import time
from typing import Callable

import harness
from harness import AGENT, AGENT_HZ, CUSTOMER, CUSTOMER_HZ, M1, M2, NORTH_IP, SOUTH_IP
from harness import STRANGER, STRANGER_HZ, TONES
from phones import tone
from phones.phone import Phone

TALK_S = 3.0
RING_S = 1.5
TONE_MIN_S = 2.0            # of TALK_S: the first packets and the last window may be lost
SPEECH_MIN_S = 1.0
REFUSED_S_MAX = 20.0
ALIKE_S = 0.5               # two announcements may differ by this in a recording


@dataclasses.dataclass
class Row:
    """What one party saw of one call."""

    party: str
    dialled: str
    shown: str
    heard: tone.Heard
    result: str

    COLUMNS = ("party", "number dialled", "number shown", "audio heard", "result")

    def cells(self):
        return (self.party, self.dialled or "-", self.shown or "-", self.heard.describe(),
                self.result)


@dataclasses.dataclass
class Promise:
    """What one cell must say: the words, and whether it does."""

    party: str
    column: str
    words: str
    kept: Callable[[Row], bool]


class Broken(list):
    """The promises that were not kept, in words."""

    def check(self, call, rows, promises):
        for promise in promises:
            row = next(row for row in rows if row.party == promise.party)
            cell = row.cells()[Row.COLUMNS.index(promise.column)]
            if not promise.kept(row):
                self.append(f"{call}: {promise.party}: {promise.column}: "
                            f"promised {promise.words}; it was {cell}")


# ---- promises

def shows(party, number):
    return Promise(party, "number shown", number, lambda row: row.shown == number)


def hears(party, hertz):
    return Promise(party, "audio heard", f"the {hertz} Hz tone for {TONE_MIN_S} s or more, steadily",
                   lambda row: row.heard.tone_s(hertz) >= TONE_MIN_S
                   and row.heard.steadiness(hertz) >= 0.9
                   and not any(row.heard.tone_s(other) for other in TONES if other != hertz))


def hears_announcement(party):
    return Promise(party, "audio heard", f"speech for {SPEECH_MIN_S} s or more and nobody's tone",
                   lambda row: row.heard.seconds_of(tone.SPEECH) >= SPEECH_MIN_S
                   and not any(row.heard.tone_s(hertz) for hertz in TONES))


def hears_nothing(party):
    return Promise(party, "audio heard", "silence", lambda row: not row.heard.kinds())


def ends(party, *results):
    return Promise(party, "result", " or ".join(results), lambda row: row.result in results)


def connected(caller, callee, shown, caller_hz, callee_hz):
    """A call that goes through: what both sides must have seen."""
    return [ends(callee, "talked, other side hung up"), shows(callee, shown),
            hears(callee, caller_hz), ends(caller, "talked, hung up"), hears(caller, callee_hz)]


def refused(caller, *others):
    """Answered, told, hung up; and no other telephone rings."""
    promises = [ends(caller, "answered, other side hung up"), hears_announcement(caller)]
    for other in others:
        promises += [ends(other, "did not ring"), hears_nothing(other)]
    return promises


# ---- what the phones saw

def row_of(phone, call):
    if call is None:
        return Row(phone.name, "", "", tone.NOTHING, "did not ring")
    return Row(phone.name, call.dialled, call.shown, call.heard(TONES), result_of(phone, call))


def result_of(phone, call):
    if not call.closed:
        return "still up"
    if not call.established:
        answers = phone.answers(call)
        return f"refused with {answers[-1]}" if answers and answers[-1] >= 300 else "not answered"
    end = "hung up" if phone.ended_by(call) == "here" else "other side hung up"
    # A party that is heard of is one whose tone arrived; an announcement is not a talk.
    heard = call.heard(TONES)
    word = "talked" if any(heard.tone_s(hertz) for hertz in TONES) else "answered"
    return f"{word}, {end}"


class Screen:
    """Progress and tables; quiet prints only what is wrong."""

    def __init__(self, quiet):
        self.quiet = quiet
        self._start = time.monotonic()

    def say(self, text=""):
        if not self.quiet:
            print(text, flush=True)

    def step(self, text):
        self.say(f"[{time.monotonic() - self._start:5.1f} s] {text}")

    def table(self, title, rows):
        lines = [Row.COLUMNS] + [row.cells() for row in rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(Row.COLUMNS))]
        self.say()
        self.say(f"  {title}")
        for number, line in enumerate(lines):
            self.say("    " + "  ".join(cell.ljust(width)
                                        for cell, width in zip(line, widths)).rstrip())
            if number == 0:
                self.say("    " + "  ".join("-" * width for width in widths))
        self.say()


class Demo:
    def __init__(self, program, directory, screen):
        self.directory = directory
        self.screen = screen
        self.broken = Broken()
        self.maskline = harness.Maskline(directory, program=program)
        self.phones = {}

    # ---- set-up

    def run(self):
        with contextlib.ExitStack() as stack:
            stack.callback(self.maskline.close)
            self._start_phones(stack)
            self._start_daemon()
            session = self._provision()
            self._masked_call(1, "agent", M1, "customer", M2)
            self._masked_call(2, "customer", M2, "agent", M1)
            stranger = self._refused_call(3, "stranger", M1, "a stranger dials M1")
            self.screen.step("ending the session:  maskline session end ...")
            self.maskline.end_session(session)
            ended = self._refused_call(4, "agent", M1, "the agent dials M1, the session has ended")
            self._check_alike(stranger, ended)
            self._stop_daemon()
        return self.broken

    def _start_phones(self, stack):
        self.screen.step("starting three telephones (baresip), each with a tone of its own")
        for name, number, ip, hertz in (("agent", AGENT, NORTH_IP, AGENT_HZ),
                                        ("customer", CUSTOMER, SOUTH_IP, CUSTOMER_HZ),
                                        ("stranger", STRANGER, NORTH_IP, STRANGER_HZ)):
            phone = Phone(name, number, ip, hertz, self.directory / f"phone-{name}")
            stack.callback(phone.stop)
            self.phones[name] = phone.start()
            self.screen.say(f"            {name:9} {number}  plays {hertz} Hz")

    def _start_daemon(self):
        self.screen.step(f"starting maskline serve, SIP on {self.maskline.server}")
        self.maskline.start()

    def _provision(self):
        self.screen.step("provisioning through the command line")
        for line in ("maskline trunk add north ...    the agent's carrier",
                     "maskline trunk add south ...    the customer's carrier",
                     f"maskline number add {M1} --trunk north    M1",
                     f"maskline number add {M2} --trunk south    M2",
                     f"maskline session create --party - --party - --dials {M1} --dials {M2} "
                     "--expires 2h"):
            self.screen.say(f"            {line}")
        return self.maskline.provision(self.phones["agent"].port, self.phones["customer"].port)

    def _stop_daemon(self):
        self.screen.step("stopping the daemon")
        status = self.maskline.stop()
        if status != 0:
            self.broken.append(f"the daemon: promised exit status 0; it was {status}")

    # ---- calls

    def _others(self, *names):
        return [phone for name, phone in self.phones.items() if name not in names]

    def _masked_call(self, number, caller_name, dialled, callee_name, shown):
        title = f"call {number}: the {caller_name} dials {'M1' if dialled == M1 else 'M2'}"
        self.screen.step(title)
        caller, callee = self.phones[caller_name], self.phones[callee_name]
        before = len(callee.calls)
        out = caller.dial(dialled, self.maskline.server)
        into = callee.wait_incoming(before)
        if into is not None:
            callee.wait("ringing time", lambda _: into.closed, RING_S)
            callee.accept()
            if caller.wait_established(out):
                caller.wait("the talk", lambda _: out.closed, TALK_S)
        caller.hangup()
        caller.wait_closed(out)
        if into is not None:
            callee.wait_closed(into)
        rows = [row_of(caller, out), row_of(callee, into)]
        self.screen.table(title, rows)
        self.broken.check(f"call {number}", rows, connected(
            caller_name, callee_name, shown, caller.hertz, callee.hertz))

    def _refused_call(self, number, caller_name, dialled, what):
        self.screen.step(f"call {number}: {what}")
        caller, others = self.phones[caller_name], self._others(caller_name)
        before = {phone.name: len(phone.calls) for phone in others}
        out = caller.dial(dialled, self.maskline.server)
        caller.wait_closed(out, REFUSED_S_MAX)
        if not out.closed:
            caller.hangup()
            caller.wait_closed(out)
        rows = [row_of(caller, out)]
        for phone in others:
            rang = phone.calls[before[phone.name]:]
            if rang:
                phone.hangup()
            rows.append(row_of(phone, rang[0] if rang else None))
        self.screen.table(f"call {number}: {what}", rows)
        self.broken.check(f"call {number}", rows, refused(
            caller_name, *(phone.name for phone in others)))
        return caller.answers(out), out, rows[0]

    def _check_alike(self, stranger, ended):
        """A stranger can't tell a session that never was from one that has ended."""
        for column, one, other, alike in (
                ("SIP answers", stranger[0], ended[0], stranger[0] == ended[0]),
                ("seconds until hung up", round(stranger[1].talked_s, 1), round(ended[1].talked_s, 1),
                 abs(stranger[1].talked_s - ended[1].talked_s) <= ALIKE_S),
                ("audio heard", stranger[2].heard.describe(), ended[2].heard.describe(),
                 abs(stranger[2].heard.seconds_of(tone.SPEECH)
                     - ended[2].heard.seconds_of(tone.SPEECH)) <= ALIKE_S)):
            if not alike:
                self.broken.append(f"calls 3 and 4: {column}: promised alike; "
                                   f"they were {one} and {other}")


WHAT_NEXT = """\
Each called party saw a masking number, never the other's own; both heard each other; the stranger
and the caller after the end heard the same announcement and reached nobody.

What next
  maskline serve --data DIR     your own, on this machine; maskline help lists the commands
  README.md                     the first call against your own trunk
  docs/reference/               every configuration key and command"""


def parse_arguments():
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, required=True, help="the maskline to run")
    parser.add_argument("--keep", action="store_true",
                        help="keep the phones' recordings, traces and the store, and say where")
    parser.add_argument("--quiet", action="store_true", help="print only what is wrong")
    return parser.parse_args()


def report(broken, screen):
    for line in broken:
        print(f"demo: NOT AS PROMISED: {line}", flush=True)
    if broken:
        print(f"demo: {len(broken)} promises were not kept", flush=True)
        return 1
    screen.say(WHAT_NEXT)
    return 0


def main():
    args = parse_arguments()
    screen = Screen(args.quiet)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    directory = pathlib.Path(tempfile.mkdtemp(prefix="maskline-demo-"))
    try:
        demo = Demo(args.binary.resolve(), directory, screen)
        return report(demo.run(), screen)
    except harness.Refused as refusal:
        print(f"demo: maskline failed: {refusal}", flush=True)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted", flush=True)
        return 130
    finally:
        if args.keep:
            print(f"demo: kept {directory}", flush=True)
        else:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
