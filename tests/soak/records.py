# SPDX-License-Identifier: Apache-2.0
"""What the calls have left on disk, beside what the generator counted."""
import sqlite3

# Hangup causes (src/core/cause.h) by kind of call; several where either side may win.
CAUSES = {
    "answered": {4000}, "callee-leaves": {4000}, "hold": {4000}, "keys": {4000},
    "busy": {3010}, "declined": {3020, 3110}, "no-answer": {6010}, "cancelled": {1000},
    "race": {1000, 4000}, "stranger": {3020}, "unknown": {3020}, "ended": {3020},
    "impatient": {3020},
}
ONE_LEG = {"stranger", "unknown", "ended", "impatient"}


class Records:
    def __init__(self, path):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            self.by_legs = dict(database.execute(
                "SELECT legs, count(*) FROM (SELECT count(*) AS legs FROM cdr GROUP BY call_id) "
                "GROUP BY legs"))
            self.by_cause = dict(database.execute(
                "SELECT cause, count(*) FROM cdr WHERE leg = 0 GROUP BY cause"))
            self.disagreeing = database.execute(
                "SELECT count(*) FROM (SELECT 1 FROM cdr GROUP BY call_id "
                "HAVING count(DISTINCT cause) > 1 OR count(DISTINCT leg) < count(*))"
            ).fetchone()[0]
            self.unended = database.execute(
                "SELECT count(*) FROM cdr WHERE ended_ms < started_ms OR started_ms = 0"
            ).fetchone()[0]
            self.rows = database.execute("SELECT count(*) FROM cdr").fetchone()[0]


def expected(kinds):
    """How many calls have one record and how many two, and bounds for each cause."""
    legs = {1: 0, 2: 0}
    least, most = {}, {}
    for name, counts in kinds.items():
        legs[1 if name in ONE_LEG else 2] += counts["started"]
        causes = CAUSES[name]
        for cause in causes:
            most[cause] = most.get(cause, 0) + counts["started"]
            least[cause] = least.get(cause, 0) + (counts["started"] if len(causes) == 1 else 0)
    return legs, least, most


def compare(records, kinds):
    """What is wrong, a sentence each."""
    legs, least, most = expected(kinds)
    problems = []
    for count in sorted(set(legs) | set(records.by_legs)):
        have, want = records.by_legs.get(count, 0), legs.get(count, 0)
        if have != want:
            problems.append(f"{have} calls have {count} call records, {want} were made")
    for cause in sorted(set(most) | set(records.by_cause)):
        have = records.by_cause.get(cause, 0)
        if have < least.get(cause, 0) or have > most.get(cause, 0):
            problems.append(f"{have} calls ended with cause {cause}, "
                            f"{least.get(cause, 0)} to {most.get(cause, 0)} expected")
    if records.disagreeing:
        problems.append(f"{records.disagreeing} calls have records that contradict each other")
    if records.unended:
        problems.append(f"{records.unended} call records end before they begin")
    return problems
