#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the certificate of a pool: how many numbers it needs, and which party forces it.

    certificate.py FILE             says whether what it claims is true
    certificate.py --test PROGRAM   certificates of PROGRAM are true, and spoilt ones are found out

The file has a line of JSON for the head and one for each pair (party, number) that a session holds
or has in quarantine. This shares no code with the program that wrote it.
"""
import collections
import json
import re
import subprocess
import sys


def check(text):
    """What is wrong with the certificate; None: nothing."""
    try:
        lines = [json.loads(line) for line in text.splitlines()]
    except ValueError as e:
        return f"not lines of JSON: {e}"
    if not lines or lines[0].get("certificate") != 1:
        return "no head of a version that is known"
    head, pairs = lines[0], lines[1:]
    held = collections.defaultdict(list)
    seen = set()
    for pair in pairs:
        if not re.fullmatch(r"[0-9a-f]{16}", pair["party"]):
            return "a party that is no hash"
        if not re.fullmatch(r"\+[1-9][0-9]{2,14}", pair["number"]):
            return "a number that is none"
        key = (pair["party"], pair["number"])
        if key in seen:
            return "two sessions share a pair of party and number: one of them is not reached"
        seen.add(key)
        held[pair["party"]].append(pair)

    forced = held.get(head["party"], [])
    if len(forced) != head["most"]:
        return f"the party that is named holds {len(forced)} numbers and not {head['most']}"
    if len({p["number"] for p in forced}) != head["most"]:
        return "the party that is named holds a number twice"
    if not head["complete"]:
        return None

    if max((len(p) for p in held.values()), default=0) != head["most"]:
        return "another party holds more numbers than the one that is named"
    facts = {
        "pairs": len(pairs),
        "parties": len(held),
        "numbers": len({p["number"] for p in pairs}),
        "quarantined": sum(p["quarantined"] for p in pairs),
    }
    for name, value in facts.items():
        if head[name] != value:
            return f"{name} are {value} and not {head[name]}"
    return None


def spoil(text):
    """The same certificate with one lie in it, in as many ways as there are."""
    lines = text.splitlines()
    head, pairs = json.loads(lines[0]), lines[1:]

    def with_head(**changed):
        return "\n".join([json.dumps({**head, **changed})] + pairs)

    for name in ("most", "numbers", "parties", "pairs", "quarantined"):
        yield with_head(**{name: head[name] + 1})
    yield with_head(certificate=2)
    if not pairs:
        return
    yield with_head(party="0" * 16)
    yield with_head(most=head["most"] - 1)
    yield "\n".join([lines[0]] + pairs[1:])
    yield "\n".join([lines[0]] + pairs + [pairs[0]])
    twice = json.loads(pairs[0])
    twice["session"] += 1
    yield "\n".join([json.dumps({**head, "pairs": head["pairs"] + 1})] + pairs + [json.dumps(twice)])
    # A party with more numbers than the one that is named.
    more = [json.dumps({"party": "f" * 16, "number": f"+9190001{i:05d}", "session": 1, "quarantined": False})
            for i in range(head["most"] + 1)]
    yield "\n".join([json.dumps({**head, "pairs": head["pairs"] + len(more), "parties": head["parties"] + 1})]
                    + pairs + more)


def test(program):
    good = bad = 0
    for seed in range(1, 41):
        text = subprocess.run([program, str(seed)], check=True, capture_output=True, text=True).stdout
        wrong = check(text)
        if wrong:
            sys.exit(f"certificate {seed}: {wrong}")
        good += 1
        for i, lie in enumerate(spoil(text)):
            if check(lie) is None:
                sys.exit(f"certificate {seed}: lie {i} was not found out")
            bad += 1
    print(f"{good} certificates are true, {bad} lies were found out")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--test":
        test(sys.argv[2])
    elif len(sys.argv) == 2:
        with open(sys.argv[1], encoding="utf-8") as file:
            wrong = check(file.read())
        if wrong:
            sys.exit(f"not true: {wrong}")
        print("true")
    else:
        sys.exit(__doc__)
