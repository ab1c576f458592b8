# SPDX-License-Identifier: Apache-2.0
"""The sessions that calls are made on: made, ended and made anew through REST while calls go on.

Numbers differ in their last two digits (tests/load/parties.h): 00 to 49 are callers and what they
dial, 50 to 99 callees and what they see. A slot of the generator holds one session after the
other: live; at rest, with no call on it; ended, so that calls on it are refused; at rest; and
then another session, with numbers that no quarantine holds any more.
"""
import collections
import random

from daemon import NORTH_IP, SOUTH_IP, RestError

HALF = 50
CALLERS = range(0, 47)          # 47, 48: bystanders; 49: the stranger, who is in no session
CALLEES = range(50, 98)         # 98, 99: bystanders
NORTH_NUMBERS = range(0, 48)    # 48: added and removed again and again; 49: no session is on it
SOUTH_NUMBERS = range(50, 100)
PASSING = 48

LIVE, LEAVING, ENDED, RETURNING = "live", "leaving", "ended", "returning"


def real(digits):
    return f"+9198888000{digits:02d}"


def masking(digits):
    return f"+9190000000{digits:02d}"


def shuffled_pairs(parties, numbers):
    pairs = [(party, number) for party in parties for number in numbers]
    random.shuffle(pairs)
    return collections.deque(pairs)


class Sessions:
    def __init__(self, daemon, live, ended):
        self.daemon = daemon
        self.live, self.ended = live, ended
        self.callers = shuffled_pairs(CALLERS, NORTH_NUMBERS)
        self.callees = shuffled_pairs(CALLEES, SOUTH_NUMBERS)
        self.slots = {}         # slot -> [state, id, caller pair, callee pair]
        self.made = self.over = self.refused = self.passing = 0
        self.send = None        # a line to the generator
        self._serial = 0

    # ---- at the beginning

    def provision(self, ports, transport):
        for name, ip, port in (("north", NORTH_IP, ports[0]), ("south", SOUTH_IP, ports[1])):
            more = {} if transport == "udp" else {"transport": transport}
            self.daemon.rest("POST", "/v1/trunks", {
                "name": name, "sources": [ip], "peer": f"{ip}:{port}"} | more)
        for number in (*NORTH_NUMBERS, 49, *SOUTH_NUMBERS):
            self.daemon.rest("POST", "/v1/numbers", {
                "number": masking(number), "trunk": "north" if number < HALF else "south"})
        for slot in range(self.live + self.ended):
            self._create(slot)

    def begin(self, send):
        """Tells the generator of all sessions; the last ones are ended at once."""
        self.send = send
        for slot in self.slots:
            self._announce(slot)
        for slot in range(self.live, self.live + self.ended):
            self._leave(slot)

    # ---- one session

    def _request(self, parties, expires_s):
        """Asked again, it is the same session: its reference says so."""
        self._serial += 1
        self.made += 1
        return self.daemon.rest("POST", "/v1/sessions", {
            "parties": parties, "expires_in_s": expires_s, "reference": f"soak-{self._serial}"})

    def _create(self, slot):
        caller, callee = self.callers.popleft(), self.callees.popleft()
        made = self._request([{"number": real(caller[0]), "dials": masking(caller[1])},
                              {"number": real(callee[0]), "dials": masking(callee[1])}], 86400)
        self.slots[slot] = [LIVE, made["id"], caller, callee]

    def _announce(self, slot):
        _, _, caller, callee = self.slots[slot]
        self.send(f"session {slot} {caller[0]} {caller[1]} {callee[0]} {callee[1]}")

    def _leave(self, slot):
        self.slots[slot][0] = LEAVING
        self.send(f"rest {slot}")

    def on_resting(self, slot):
        """No call is on it now."""
        state, session, caller, callee = self.slots[slot]
        if state == LEAVING:
            self._end(session)
            self.callers.append(caller)
            self.callees.append(callee)
            self.slots[slot][0] = ENDED
            self.send(f"ended {slot}")
        elif state == RETURNING:
            self._create(slot)
            self._announce(slot)

    def _end(self, session):
        self.daemon.rest("POST", f"/v1/sessions/{session}/end")
        self.over += 1

    # ---- now and then

    def rotate(self):
        """One live session ends, and one that has ended makes room for another."""
        live = [slot for slot, row in self.slots.items() if row[0] == LIVE]
        ended = [slot for slot, row in self.slots.items() if row[0] == ENDED]
        if live and len(live) > self.live // 2:
            self._leave(random.choice(live))
        if len(ended) > self.ended // 2:
            slot = random.choice(ended)
            self.slots[slot][0] = RETURNING
            self.send(f"rest {slot}")

    def pass_by(self):
        """What nobody calls: a number, a trunk and sessions come and go."""
        self.passing += 1
        self.daemon.rest("POST", "/v1/numbers", {"number": masking(PASSING), "trunk": "north"})
        parties = [{"number": real(random.choice((47, 48))), "dials": masking(PASSING)},
                   {"number": real(random.choice((98, 99)))}]
        try:
            self._end(self._request(parties, 3600)["id"])
        except RestError as error:
            if error.status != 409:     # its quarantine is not over
                raise
            self.made -= 1
            self.refused += 1
        self.daemon.rest("DELETE", f"/v1/numbers/%2B{masking(PASSING)[1:]}")
        self.daemon.rest("POST", "/v1/trunks", {"name": "passing", "sources": ["127.0.0.23"],
                                                "peer": "127.0.0.23:9"})
        self.daemon.rest("DELETE", "/v1/trunks/passing")

    def live_count(self):
        return sum(row[0] in (LIVE, LEAVING) for row in self.slots.values())

    def unsettled(self):
        return any(row[0] in (LEAVING, RETURNING) for row in self.slots.values())
