#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that create, end and reopen sessions at once, from pools with too few numbers.

What each asked and was told, with its times, is a history; held_to() says whether it could have
happened one request at a time under the rules: a (party, number) pair is held by one session at most,
rests for the quarantine after it, and a create is refused only when no number is free for a party.

A `kill -9` is an operation too. What was acknowledged before it holds after it. What was not answered
may have been done, or not; it may also have been seen by others and be gone with the crash: a change
counts for the next call before it is on disk, and is answered when it is.

contention.py [--build DIR] [--seconds S] [--clients N] [--kills N] [--seed N]   the long form
"""
import argparse
import collections
import http.client
import itertools
import json
import os
import pathlib
import random
import signal
import sys
import threading
import time

import harness
import linear

QUARANTINE_S = 0.5
EARLY_S = 0.25      # the server's clock is read once in a turn of its loop, which may be a long one
LATE_S = 5.0        # its timers come late on a busy machine
ANSWER_S = 60

LIVE, GHOST_REST = "live", "rests until the crash"


# ---- the rules: a state is (crashes so far, frozenset of (session, status, pairs))
#
# A status is LIVE, ("rest", the end it had), or what a crash will take back: GHOST_REST, an end that
# is not on disk, ("ghost live", its end), a reopening, and sessions whose name begins with "ghost".

START = (0, frozenset())


def holds(state):
    return {pair for _, _, pairs in state[1] for pair in pairs}


def find(state, session):
    return next((one for one in state[1] if one[0] == session), None)


def lives(item):
    return item is not None and (item[1] == LIVE or item[1][0] == "ghost live")


def with_status(state, item, status):
    rest = state[1] - {item}
    return state[0], rest if status is None else rest | {(item[0], status, item[2])}


def placements(state, model, parties, numbers):
    """Every way in which the parties could get numbers now."""
    held = holds(state)
    for choice in itertools.product(numbers, repeat=2):
        if model == "one-number" and choice[0] != choice[1]:
            continue
        pairs = tuple(zip(parties, choice))
        if not held & set(pairs):
            yield pairs


def created(session, pairs):
    def effect(state):
        if not holds(state) & set(pairs):
            yield state[0], state[1] | {(session, LIVE, pairs)}
    return effect


def ghost_created(name, crashes, model, parties, numbers):
    def effect(state):
        if state[0] == crashes:
            for pairs in placements(state, model, parties, numbers):
                yield state[0], state[1] | {("ghost " + name, LIVE, pairs)}
    return effect


def refused(model, parties, numbers):
    def effect(state):
        if not any(True for _ in placements(state, model, parties, numbers)):
            yield state
    return effect


def ended(session, mark):
    def effect(state):
        item = find(state, session)
        if lives(item):
            yield with_status(state, item, ("rest", mark))
    return effect


def end_unanswered(session, mark, crashes):
    def effect(state):
        item = find(state, session)
        if state[0] == crashes and item and item[1] == LIVE:
            yield with_status(state, item, ("rest", mark))
            yield with_status(state, item, GHOST_REST)
    return effect


def reopened(session):
    def effect(state):
        item = find(state, session)
        if item and not lives(item):
            yield with_status(state, item, LIVE)
    return effect


def reopen_unanswered(session, crashes):
    def effect(state):
        item = find(state, session)
        if state[0] == crashes and item and item[1][0] == "rest":
            yield with_status(state, item, LIVE)
            yield with_status(state, item, ("ghost live", item[1][1]))
    return effect


def rested(session, mark):
    """The quarantine after this end is over, unless the session was reopened."""
    def effect(state):
        item = find(state, session)
        if item and item[1] == ("rest", mark):
            yield with_status(state, item, None)
    return effect


def crashed(state):
    """What was not on disk is gone."""
    kept = set()
    for session, status, pairs in state[1]:
        if session.startswith("ghost "):
            continue
        if status == GHOST_REST:
            status = LIVE
        elif status[0] == "ghost live":
            status = ("rest", status[1])
        kept.add((session, status, pairs))
    yield state[0] + 1, frozenset(kept)


def seen(test):
    def effect(state):
        if test(state):
            yield state
    return effect


def state_was(session, said):
    """`said`: "live", "over", or "gone"."""
    def test(state):
        item = find(state, session)
        return said == ("gone" if item is None else "live" if lives(item) else "over")
    return seen(test)


def reaches(pair, session):
    """The session a call would be put through in; None: in none."""
    def test(state):
        now = [one[0] for one in state[1] if lives(one) and pair in one[2]]
        return now == ([] if session is None else [session]) or \
            (session is not None and len(now) == 1 and now[0].startswith("ghost "))
    return seen(test)


def listed(live, over):
    def test(state):
        return (live == {one[0] for one in state[1] if lives(one)} and
                over == {one[0] for one in state[1] if not lives(one)})
    return seen(test)


# ---- the clients

class Lost(Exception):
    """The connection broke before the answer."""


class Wire:
    """One client's connection; it comes back when the server does."""

    def __init__(self, maskline, on_answer=lambda: None):
        self.maskline = maskline
        self.on_answer = on_answer
        self.token = (maskline.data / "api.token").read_text().strip()
        self.connection = None

    def connect(self):
        deadline = time.monotonic() + ANSWER_S
        while True:
            address = (self.maskline.data / "endpoint").read_text().split()[0]
            host, port = address.replace("http://", "").rsplit(":", 1)
            connection = http.client.HTTPConnection(host, int(port), timeout=ANSWER_S)
            try:
                connection.connect()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
                continue
            self.connection = connection
            return

    def ask(self, method, path, body=None):
        """Status and JSON; when it began and ended. Lost when there was no answer."""
        if self.connection is None:
            self.connect()
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        begin = time.monotonic()
        try:
            self.connection.request(method, path, None if body is None else json.dumps(body),
                                    headers)
            answer = self.connection.getresponse()
            if method == "POST" and answer.status in (200, 201):
                self.on_answer()
            text = answer.read()
        except TimeoutError as error:
            raise AssertionError(f"{method} {path} was not answered in {ANSWER_S} s") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Lost(begin, time.monotonic()) from error
        return answer.status, json.loads(text) if text else None, begin, time.monotonic()

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Pool:
    """Its numbers and people, the sessions its clients know, and the history of what they did."""

    def __init__(self, name, model, numbers, parties):
        self.name = name
        self.model = model
        self.numbers = numbers
        self.parties = parties
        self.operations = []
        self.unanswered = {}    # by reference: of creates
        self.known = []         # sessions, the newest last
        self.pairs = {}         # of each session
        self.lock = threading.Lock()

    def add(self, name, begin, end, effect, **more):
        operation = linear.Operation(name, begin, end, effect, **more)
        with self.lock:
            self.operations.append(operation)
        return operation

    def remove(self, operations):
        with self.lock:
            self.operations = [one for one in self.operations if one not in operations]

    def learn(self, session, pairs):
        with self.lock:
            self.pairs[session] = pairs
            if session not in self.known:
                self.known = self.known[-7:] + [session]

    def some_session(self, rng):
        with self.lock:
            return rng.choice(self.known) if self.known else None


class Client(threading.Thread):
    """One after another, what its dice say; nothing is asked before it was answered or lost."""

    def __init__(self, run, pool, name, seed):
        super().__init__(name=name)
        self.run_ = run
        self.pool = pool
        self.rng = random.Random(seed)
        self.wire = Wire(run.maskline, run.on_answer)
        self.asked = 0
        self.problem = None

    def run(self):
        try:
            while time.monotonic() < self.run_.until:
                self.asked += 1
                self.step(self.rng.random())
        except Exception as error:  # pylint: disable=broad-except
            self.problem = error    # told by the main thread
        finally:
            self.wire.close()

    def step(self, dice):
        session = self.pool.some_session(self.rng)
        if dice < 0.45 or session is None:
            self.create()
        elif dice < 0.75:
            self.end(session)
        elif dice < 0.82:
            self.reopen(session)
        elif dice < 0.9:
            self.show(session)
        else:
            self.call()

    def create(self):
        """When its answer is lost it is repeated under its reference, or every other time given up."""
        pool = self.pool
        parties = tuple(self.rng.sample(pool.parties, 2))
        reference = f"{self.name}/{self.asked}"
        body = {"pool": pool.name, "model": pool.model, "reference": reference,
                "parties": [{"number": party} for party in parties]}
        lost = []
        while True:
            crashes = self.run_.crashes
            try:
                status, said, begin, end = self.wire.ask("POST", "/v1/sessions", body)
                break
            except Lost as error:
                effect = ghost_created(f"{reference}/{len(lost)}", crashes, pool.model, parties, pool.numbers)
                lost.append(pool.add(f"create {reference} unanswered", *error.args, effect, optional=True))
                if self.rng.random() < 0.5:
                    with pool.lock:
                        pool.unanswered[reference] = lost, parties
                    return
        if lost and status == 200:
            pool.remove(lost)
            self.made(said, lost[0].begin, lost[-1].end, reference, parties)
            pool.add(f"{reference} was there", begin, end, state_was(said["id"], "live"), reads=True)
        else:
            self.judge_create(status, said, begin, end, reference, parties)

    def judge_create(self, status, said, begin, end, reference, parties):
        if status == 201:
            self.made(said, begin, end, reference, parties)
        elif status == 409 and said["type"].endswith(":no-number"):
            self.pool.add(f"create {reference} of {parties} refused", begin, end,
                          refused(self.pool.model, parties, self.pool.numbers), reads=True)
        else:
            raise AssertionError(f"create: {status} {said}")

    def made(self, said, begin, end, reference, parties):
        pairs = tuple(zip(parties, (one["dials"] for one in said["parties"])))
        self.pool.add(f"create {reference} of {pairs}: {said['id']}", begin, end,
                      created(said["id"], pairs))
        self.pool.learn(said["id"], pairs)

    def end(self, session):
        crashes, mark = self.run_.crashes, f"{self.name}/{self.asked}"
        try:
            status, said, begin, end = self.wire.ask("POST", f"/v1/sessions/{session}/end")
        except Lost as lost:
            begin, end = lost.args
            self.rests(session, mark, self.pool.add(
                f"end {session} unanswered", begin, end, end_unanswered(session, mark, crashes),
                optional=True))
            return
        if status == 200:
            self.rests(session, mark, self.pool.add(f"end {session}", begin, end, ended(session, mark)))
        else:
            self.was(session, status, said, begin, end, "over")

    def rests(self, session, mark, operation):
        self.pool.add(f"rest of {session} is over", operation.begin + QUARANTINE_S - EARLY_S,
                      operation.end + QUARANTINE_S + LATE_S, rested(session, mark), lapses=True)

    def was(self, session, status, said, begin, end, when_refused):
        """Refused for the state it was in."""
        if status not in (404, 409) or (status == 409 and not said["type"].endswith(":state")):
            raise AssertionError(f"{session}: {status} {said}")
        what = when_refused if status == 409 else "gone"
        self.pool.add(f"{session} is {what}", begin, end, state_was(session, what), reads=True)

    def reopen(self, session):
        crashes = self.run_.crashes
        try:
            status, said, begin, end = self.wire.ask("POST", f"/v1/sessions/{session}/reopen", {})
        except Lost as lost:
            begin, end = lost.args
            self.pool.add(f"reopen {session} unanswered", begin, end,
                          reopen_unanswered(session, crashes), optional=True)
            return
        if status == 200:
            self.pool.add(f"reopen {session}", begin, end, reopened(session))
        else:
            self.was(session, status, said, begin, end, "live")

    def show(self, session):
        try:
            status, said, begin, end = self.wire.ask("GET", f"/v1/sessions/{session}")
        except Lost:
            return
        what = "gone" if status == 404 else {"active": "live", "ended": "over"}[said["state"]]
        self.pool.add(f"{session} is seen {what}", begin, end, state_was(session, what), reads=True)

    def call(self):
        pair = self.rng.choice(self.pool.parties), self.rng.choice(self.pool.numbers)
        try:
            status, said, begin, end = self.wire.ask("POST", "/v1/explain",
                                                     {"caller": pair[0], "dialled": pair[1]})
        except Lost:
            return
        if status != 200:
            raise AssertionError(f"explain: {status} {said}")
        session = said["session"] if said["connects"] else None
        self.pool.add(f"call of {pair} reaches {session}", begin, end, reaches(pair, session), reads=True)


# ---- a run

class Run:
    """Pools of one number and of two, each with its clients; at the end what is there is read."""

    def __init__(self, maskline, seconds, clients, kills, seed=1):
        self.maskline = maskline
        self.crashes = 0
        self.kills = kills
        self.seconds = seconds
        self.until = 0.0
        self.victim = None      # a process, to be killed with the next answer
        self.lock = threading.Lock()
        self.killed = threading.Event()
        self.killed_at = 0.0
        numbers = [f"+9190000000{i:02}" for i in range(1, 6)]
        people = [f"+9198888000{i:02}" for i in range(1, 5)]
        self.pools = [Pool("one-of-one", "one-number", numbers[:1], people),
                      Pool("two-of-one", "two-numbers", numbers[1:2], people),
                      Pool("two-of-two", "two-numbers", numbers[2:4], people)]
        self.clients = [Client(self, pool, f"{pool.name}/{i}", f"{seed}/{pool.name}/{i}")
                        for pool in self.pools for i in range(clients)]

    @staticmethod
    def provision(maskline):
        """Before the run, on a server that is ready."""
        maskline.add_trunk("north", "127.0.0.11", "127.0.0.11")
        wire = Wire(maskline)
        run = Run(maskline, 0, 0, 0)
        for pool in run.pools:
            body = {"name": pool.name, "quarantine_ms": int(QUARANTINE_S * 1000)}
            answers = [wire.ask("POST", "/v1/pools", body)]
            answers += [wire.ask("POST", "/v1/numbers", {"number": number, "trunk": "north",
                                                         "pool": pool.name})
                        for number in pool.numbers]
            assert all(answer[0] == 201 for answer in answers), answers
        wire.close()

    def go(self):
        start = time.monotonic()
        self.until = start + self.seconds
        for client in self.clients:
            client.start()
        for i in range(self.kills):
            time.sleep(max(0.0, start + self.seconds * (i + 1) / (self.kills + 1) - time.monotonic()))
            self.kill()
        for client in self.clients:
            client.join()
            if client.problem is not None:
                raise client.problem
        self.look()
        return self

    def on_answer(self):
        """Whoever is told that something is done kills the server at once, if that is due."""
        with self.lock:
            pid, self.victim = self.victim, None
            if pid is not None:
                self.killed_at = time.monotonic()
                os.kill(pid, signal.SIGKILL)
                self.killed.set()

    def kill_at_an_answer(self, pid):
        self.killed.clear()
        self.victim = pid
        if not self.killed.wait(ANSWER_S):
            raise AssertionError("nobody was answered any more")

    def kill(self):
        """The count goes up behind the kill: what was asked before is of the time before it."""
        self.maskline.crash(self.kill_at_an_answer)
        self.crashes += 1
        for pool in self.pools:
            pool.add("kill -9", self.killed_at, time.monotonic(), crashed)

    def look(self):
        """Nobody asks any more: what is listed is the end of the history."""
        wire = Wire(self.maskline)
        status, said, begin, end = wire.ask("GET", "/v1/sessions?limit=1000")
        wire.close()
        assert status == 200 and said["next"] is None
        for pool in self.pools:
            mine = [one for one in said["sessions"] if one["pool"] == pool.name]
            self.resolve(pool, mine)
            live, over = ({one["id"] for one in mine if one["state"] == state}
                          for state in ("active", "ended"))
            pool.add(f"listed: {live}, over: {over}", begin, end, listed(live, over), reads=True)

    @staticmethod
    def resolve(pool, sessions):
        """A create that was not answered and is there has happened: nobody else could end it."""
        for one in sessions:
            if one["reference"] in pool.unanswered:
                lost, parties = pool.unanswered[one["reference"]]
                pool.remove(lost)
                pairs = tuple(zip(parties, (party["dials"] for party in one["parties"])))
                pool.add(f"{lost[0].name}: {one['id']}", lost[0].begin, lost[-1].end,
                         created(one["id"], pairs))

    def check(self):
        """Raises linear.NotLinearisable; how many operations of each kind were looked at."""
        counts = collections.Counter()
        for pool in self.pools:
            linear.check(pool.operations, START)
            for one in pool.operations:
                counts[kind_of(one)] += 1
        return counts


def kind_of(operation):
    words = operation.name.split()
    if words[-1] in ("unanswered", "refused"):
        return f"{words[0]} {words[-1]}"
    return words[0] if words[0] in ("create", "end", "reopen", "kill", "call") else "other"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--clients", type=int, default=16, help="for each of the three pools")
    parser.add_argument("--kills", type=int, default=15,
                        help="no five within a minute: the keeper would give up")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.build:
        os.environ["MASKLINE"] = str((args.build / "src/app/maskline").resolve())
    maskline = harness.Maskline()
    try:
        maskline.start()
        Run.provision(maskline)
        run = Run(maskline, args.seconds, args.clients, args.kills, args.seed).go()
        counts = run.check()
        print("contention: linearisable:", ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())))
        return 0
    except (linear.NotLinearisable, AssertionError) as problem:
        print(f"contention: {problem}")
        return 1
    finally:
        maskline.close()


if __name__ == "__main__":
    sys.exit(main())
