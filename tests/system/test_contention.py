# SPDX-License-Identifier: Apache-2.0
"""Clients at once on pools with too few numbers: their history is linearisable, across kill -9 too.

The check proves itself first, on forged histories, and on real ones with one answer changed.
"""
import unittest

import contention
import harness
import linear
from contention import START

X, Y = "+919000000001", "+919000000002"
A, B, C = "+919888800001", "+919888800002", "+919888800003"
AB, AC, BC = ((A, X), (B, X)), ((A, X), (C, X)), ((B, X), (C, X))


def operation(begin, end, effect, **more):
    return linear.Operation(f"{begin}-{end}", begin, end, effect, **more)


def create(begin, end, session="s1", pairs=AB):
    return operation(begin, end, contention.created(session, pairs))


def refuse(begin, end, parties=(A, C), numbers=(X,), model="one-number"):
    return operation(begin, end, contention.refused(model, parties, numbers), reads=True)


def end_it(begin, end, session="s1", mark="e1"):
    return operation(begin, end, contention.ended(session, mark))


def rest(begin, end, session="s1", mark="e1"):
    return operation(begin, end, contention.rested(session, mark), lapses=True)


def is_seen(begin, end, what, session="s1"):
    return operation(begin, end, contention.state_was(session, what), reads=True)


def call(begin, end, session, pair=(A, X)):
    return operation(begin, end, contention.reaches(pair, session), reads=True)


def kill(begin, end):
    return operation(begin, end, contention.crashed)


def unanswered_create(begin, end, crashes=0):
    return operation(begin, end, contention.ghost_created("g", crashes, "one-number", (A, B), (X,)),
                     optional=True)


def unanswered_end(begin, end, session="s1", crashes=0):
    return operation(begin, end, contention.end_unanswered(session, "e1", crashes), optional=True)


GOOD = {
    "nothing": [],
    "one after another": [create(0, 1), refuse(2, 3), end_it(4, 5), rest(6, 8), create(9, 10, "s2", AC)],
    "a refusal beside the create that it lost to": [create(0, 5), refuse(1, 2)],
    "a refusal beside the end that it came before": [create(0, 1), end_it(2, 5), refuse(3, 6), rest(6, 8)],
    "a call that came before the end, and one behind it": [create(0, 1), end_it(2, 9), call(3, 4, "s1"),
                                                           call(5, 6, None)],
    "a create when the quarantine may be over": [create(0, 1), end_it(2, 3), rest(4, 9),
                                                 create(5, 6, "s2", AC), rest(7, 12)],
    "a refusal as long as it may not be": [create(0, 1), end_it(2, 3), rest(4, 9), refuse(5, 6)],
    "parties that have nothing in common": [create(0, 1), create(2, 3, "s2", (("D", X), ("E", X)))],
    "a second number": [create(0, 1), create(2, 3, "s2", ((A, Y), (C, Y)))],
    "a reopening in time": [create(0, 1), end_it(2, 3), rest(4, 9),
                            operation(5, 6, contention.reopened("s1")), is_seen(10, 11, "live")],
    "a create that was not answered, and not done": [unanswered_create(0, 3), kill(2, 5),
                                                     create(6, 7, "s2", AC)],
    "one that was seen, and gone with the crash": [unanswered_create(0, 3), refuse(1, 2), kill(2, 5),
                                                   create(6, 7, "s2", AC)],
    "an end that was seen, and gone with the crash": [create(0, 1), unanswered_end(2, 5), call(3, 4, None),
                                                      kill(4, 6), call(7, 8, "s1")],
    "an end that was seen, and outlived the crash": [create(0, 1), unanswered_end(2, 5), call(3, 4, None),
                                                     kill(4, 6), call(7, 8, None)],
    "an acknowledged create that outlived the crash": [create(0, 1), kill(2, 3), is_seen(4, 5, "live")],
}

FORGED = {
    "two hold one pair": [create(0, 1), create(2, 3, "s2", AC)],
    "two hold one pair, made at once": [create(0, 3), create(0, 3, "s2", BC)],
    "a refusal although a number is free": [create(0, 1), refuse(2, 3, numbers=(X, Y))],
    "a refusal before anybody held it": [refuse(0, 1), create(2, 3)],
    "a refusal when the quarantine is over": [create(0, 1), end_it(2, 3), rest(4, 6), refuse(7, 8)],
    "a pair that is given away in quarantine": [create(0, 1), end_it(2, 3), create(4, 5, "s2", AC),
                                                rest(6, 8)],
    "a call that reaches a session that has ended": [create(0, 1), end_it(2, 3), call(4, 5, "s1")],
    "a call that reaches nobody while a session lives": [create(0, 1), call(2, 3, None)],
    "two calls of which the later knows less": [create(0, 9), call(1, 2, "s1"), call(3, 4, None)],
    "an end of what was never created": [end_it(0, 1)],
    "a reopening of what is not there any more": [create(0, 1), end_it(2, 3), rest(4, 6),
                                                  operation(7, 8, contention.reopened("s1"))],
    "an acknowledged create that is lost": [create(0, 1), kill(2, 3), is_seen(4, 5, "gone")],
    "an acknowledged end that is lost": [create(0, 1), end_it(2, 3), kill(4, 5), call(6, 7, "s1")],
    "a create of before the crash that comes after it": [unanswered_create(0, 3), kill(2, 5), refuse(6, 7)],
    "one that was seen and is gone without a crash": [
        operation(0, 9, contention.ghost_created("g", 0, "one-number", (A, B), (X,)), optional=True),
        refuse(1, 2), create(3, 4, "s2", AC)],
    "a quarantine that a crash has shortened": [create(0, 1), end_it(2, 3), kill(4, 5),
                                                create(6, 7, "s2", AC), rest(8, 9)],
}


class Checker(unittest.TestCase):
    def test_what_could_have_happened_is_accepted(self):
        for name, history in GOOD.items():
            with self.subTest(name):
                linear.check(history, START)

    def test_forged_histories_are_rejected(self):
        for name, history in FORGED.items():
            with self.subTest(name), self.assertRaises(linear.NotLinearisable):
                linear.check(history, START)


class Contention(harness.Case):
    def contend(self, seconds, kills):
        self.maskline.start()
        contention.Run.provision(self.maskline)
        run = contention.Run(self.maskline, seconds, clients=4, kills=kills).go()
        counts = run.check()
        for kind in ("create", "create refused", "end", "reopen", "call"):
            self.assertGreater(counts[kind], 0, counts)
        self.finish()
        return run, counts

    def test_what_clients_at_once_were_told_could_have_happened_one_by_one(self):
        run, _ = self.contend(seconds=2, kills=0)
        self.assert_changes_are_noticed(run)

    def test_so_could_it_when_the_server_is_killed_meanwhile(self):
        run, counts = self.contend(seconds=4, kills=3)
        self.assertEqual(counts["kill"], 3 * len(run.pools))
        self.assert_changes_are_noticed(run)

    def assert_changes_are_noticed(self, run):
        """The same histories, but one acknowledged create never was, or a refused one was granted."""
        for pool in run.pools:
            kept = pool.operations
            made = [one for one in kept if one.name.startswith("create") and ": s_" in one.name]
            refused = [one for one in kept if one.name.endswith("refused")]
            with self.subTest(pool.name, forged="lost"), self.assertRaises(linear.NotLinearisable):
                linear.check([one for one in kept if one is not made[-1]], START)
            pairs = pool.pairs[made[0].name.rsplit(" ", 1)[1]]
            with self.subTest(pool.name, forged="twice"), self.assertRaises(linear.NotLinearisable):
                linear.check(kept + [linear.Operation("forged", made[0].end, made[0].end,
                                                      contention.created("s_forged", pairs))], START)
            granted = linear.Operation("forged", refused[0].begin, refused[0].end,
                                       contention.created("s_forged", pairs))
            with self.subTest(pool.name, forged="granted"), self.assertRaises(linear.NotLinearisable):
                linear.check([granted if one is refused[0] else one for one in kept], START)


if __name__ == "__main__":
    unittest.main()
