#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the certificate of a pool: how many numbers it needs, and which party forces it.

    certificate.py [FILE]           says whether what it claims is true; "-" or nothing: standard input
    certificate.py --test PROGRAM   certificates of PROGRAM are true, and forged ones are found out

It is what `maskline pool certificate NAME --json` prints: a claim, and in "graph" the keys that sessions
hold, each for a number. This shares no code with the program that wrote it.
"""
import collections
import copy
import json
import re
import subprocess
import sys

COUNTS = ("most", "rented", "numbers", "open", "sessions", "parties", "keys", "quarantined", "erased")
HASH = re.compile(r"[0-9a-f]{16}")


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_hash(value):
    return isinstance(value, str) and HASH.fullmatch(value) is not None


def check_shape(claim):
    """What is wrong with how it is written; None: nothing."""
    if not isinstance(claim, dict) or claim.get("certificate") != 1:
        return "it is no certificate, or one of a version that is not known"
    for name in COUNTS:
        if not is_count(claim.get(name)):
            return f"{name} is no count"
    if not isinstance(claim.get("graph"), list):
        return "it has no graph"
    if claim["most"] and not is_hash(claim.get("party")):
        return "the party is no hash"
    if not claim["most"] and claim.get("party") is not None:
        return "it names a party that holds nothing"
    for key in claim["graph"]:
        if not isinstance(key, dict) or set(key) != {"number", "party", "digits", "session", "quarantined"}:
            return "a key has other members than it should"
        if not is_hash(key["number"]):
            return "a number is no hash"
        if any(key[name] is not None and not is_hash(key[name]) for name in ("party", "digits")):
            return "a party is no hash"
        if key["party"] is not None and key["digits"] is not None:
            return "a key is of a party and of digits"
        if not isinstance(key["session"], str) or not isinstance(key["quarantined"], bool):
            return "a key does not say whose it is"
    return None


def check(claim):
    """What is wrong with the certificate, and how much it proves; None: nothing."""
    wrong = check_shape(claim)
    if wrong:
        return wrong
    held = collections.defaultdict(set)
    seen = set()
    for key in claim["graph"]:
        who = (key["number"], key["party"], key["digits"])
        if who in seen:
            return "two sessions share a key: one of them is not reached"
        seen.add(who)
        if key["party"] is not None:
            held[key["party"]].add(key["number"])

    if claim["most"]:
        holds = len(held[claim["party"]])
        if holds != claim["most"]:
            return f"the party that is named holds {holds} numbers and not {claim['most']}"
    if len(claim["graph"]) > claim["keys"]:
        return "there are more keys than it says"
    if len(claim["graph"]) < claim["keys"]:
        return None if claim.get("next") else "keys are missing"

    if max((len(numbers) for numbers in held.values()), default=0) != claim["most"]:
        return "another party holds more numbers than the one that is named"
    keys = claim["graph"]
    facts = {
        "parties": sum(1 for numbers in held.values() if numbers),
        "numbers": len({key["number"] for key in keys}),
        "open": sum(key["party"] is None and key["digits"] is None for key in keys),
        "quarantined": sum(key["quarantined"] for key in keys),
    }
    for name, value in facts.items():
        if claim[name] != value:
            return f"{name} are {value} and not {claim[name]}"
    # What a living session has left behind is one more row, and is told as its own.
    if len({key["session"] for key in keys}) > claim["sessions"]:
        return "keys are of more sessions than it says"
    return None


def is_whole(claim):
    return len(claim["graph"]) == claim["keys"]


def forge(claim):
    """(what was done, the certificate with that lie in it), in as many ways as there are."""
    def lie(what, **changed):
        return what, {**copy.deepcopy(claim), **changed}

    keys = claim["graph"]
    for name in ("most", "numbers", "open", "parties", "keys", "quarantined"):
        yield lie(f"{name} is one more", **{name: claim[name] + 1})
        if claim[name]:
            yield lie(f"{name} is one less", **{name: claim[name] - 1})
    for name in COUNTS:
        yield lie(f"{name} is missing", **{name: None})
        yield lie(f"{name} is a word", **{name: "1"})
        yield lie(f"{name} is negative", **{name: -1})
    yield lie("another version", certificate=2)
    yield lie("no graph", graph=None)
    if not keys:
        yield lie("somebody holds nothing", party="0" * 16)
        return
    yield lie("fewer sessions than there are", sessions=0)
    if claim["most"]:
        yield lie("nobody is named", party=None)
        yield lie("a stranger is named", party="0" * 16)
        yield lie("a number instead of a hash", party="+919888800001")
    yield lie("a key is left out", graph=keys[1:])
    yield lie("a key is left out, and the count with it", graph=keys[1:], keys=len(keys) - 1)
    yield lie("a key is there twice", graph=keys + keys[:1])
    yield lie("a key is there twice, and counted", graph=keys + keys[:1], keys=len(keys) + 1)
    other = {**keys[0], "session": "s_0000000000000000"}
    yield lie("two sessions share a key", graph=keys + [other], keys=len(keys) + 1,
              sessions=claim["sessions"] + 1)
    yield lie("a masking number", graph=[{**keys[0], "number": "+919000000001"}] + keys[1:])
    yield lie("one more member", graph=[{**keys[0], "real": "x"}] + keys[1:])
    yield lie("a key at rest that is not", graph=[{**keys[0], "quarantined": not keys[0]["quarantined"]}] + keys[1:])
    # A party with more numbers than the one that is named, all counted.
    more = [{"number": f"{i:016x}", "party": "f" * 16, "digits": None, "session": "s_f", "quarantined": False}
            for i in range(claim["most"] + 1)]
    yield lie("a party that holds more", graph=keys + more, keys=len(keys) + len(more),
              parties=claim["parties"] + 1, sessions=claim["sessions"] + 1, numbers=claim["numbers"] + len(more))
    # The busiest party in the guise of two.
    if claim["most"] > 1:
        mine = [i for i, key in enumerate(keys) if key["party"] == claim["party"]]
        renamed = copy.deepcopy(keys)
        renamed[mine[-1]]["party"] = "e" * 16
        yield lie("one of its numbers is given to another", graph=renamed, parties=claim["parties"] + 1)
        yield lie("D is what is left of it", graph=renamed, most=claim["most"] - 1)


def test(program):
    good = bad = 0
    for seed in range(1, 41):
        text = subprocess.run([program, str(seed)], check=True, capture_output=True, text=True).stdout
        claim = json.loads(text)
        wrong = check(claim)
        if wrong:
            sys.exit(f"certificate {seed}: {wrong}")
        if not is_whole(claim):
            sys.exit(f"certificate {seed}: it is not whole")
        good += 1
        for what, lie in forge(claim):
            if check(lie) is None:
                sys.exit(f"certificate {seed}: it was not found out that {what}")
            bad += 1
        # The keys of the party that forces it come first, and prove the lower bound alone.
        part = {**claim, "graph": claim["graph"][:claim["most"]], "next": "more"}
        if check(part):
            sys.exit(f"certificate {seed}: its first keys are not those of the party: {check(part)}")
    print(f"{good} certificates are true, {bad} forged ones were found out")


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--test":
        test(sys.argv[2])
        return
    if len(sys.argv) > 2 or (len(sys.argv) == 2 and sys.argv[1].startswith("--")):
        sys.exit(__doc__)
    try:
        if len(sys.argv) == 2 and sys.argv[1] != "-":
            with open(sys.argv[1], encoding="utf-8") as file:
                claim = json.load(file)
        else:
            claim = json.load(sys.stdin)
    except ValueError as e:
        sys.exit(f"not true: it is no JSON: {e}")
    wrong = check(claim)
    if wrong:
        sys.exit(f"not true: {wrong}")
    if is_whole(claim):
        print(f"true: {claim['most']} numbers are needed, and no party holds more")
    else:
        print(f"true as far as it goes: {claim['most']} numbers are needed; the rest of its keys is not here")


if __name__ == "__main__":
    main()
