# SPDX-License-Identifier: Apache-2.0
"""Whether a history of overlapping operations could have been made one at a time.

A history is linearisable when every operation can be given one instant between its begin and its
end so that, taken in that order, each does what a rule allows (Herlihy and Wing 1990). The search is
that of Wing and Gong with states remembered, kept along the time line: after each end there is the
set of all worlds that explain what is over by then, and when it gets empty, nothing explains it.

The rule is the operation's: `effect(state)` gives the states that may follow, none when it could not
have had its result in this state. States can be hashed.
"""
import collections


class Operation:
    """`reads`: it never changes the state. `optional`: it was not answered, and need not have been done.
    `lapses`: nobody asked for it; it comes when it can, any number of times, and at its end at the latest."""

    def __init__(self, name, begin, end, effect, reads=False, optional=False, lapses=False):
        self.name = name
        self.begin = begin
        self.end = end
        self.effect = effect
        self.reads = reads
        self.optional = optional
        self.lapses = lapses

    def __repr__(self):
        return f"{self.name} [{self.begin:.4f}, {self.end:.4f}]"


class NotLinearisable(Exception):
    def __init__(self, operation, states, recent):
        super().__init__(
            "nothing explains {}\nwhat may have been before it:\n  {}\nbefore and beside it:\n  {}".format(
                operation, "\n  ".join(map(str, states)) or "-", "\n  ".join(map(str, recent))))
        self.operation = operation


class Search:
    """A world is (state, those of the operations under way that it has done)."""

    def __init__(self, initial):
        self.open = set()
        self.worlds = {(initial, frozenset())}

    def settled(self, state, done):
        """What only reads is best read as soon as it fits: it is in nobody's way."""
        fitting = {one for one in self.open
                   if one.reads and one not in done and any(True for _ in one.effect(state))}
        return state, done | fitting

    def begin(self, operation):
        self.open.add(operation)
        if operation.reads:
            self.worlds = {self.settled(*world) for world in self.worlds}

    def next_worlds(self, world):
        state, done = world
        for operation in self.open:
            if operation.reads or operation in done:
                continue
            for following in operation.effect(state):
                yield self.settled(following, done if operation.lapses else done | {operation})

    def end(self, operation):
        """False: no world has it."""
        if operation.lapses:
            self.open.remove(operation)
            self.worlds = {after for world in self.worlds for after in self.lapsed(operation, *world)}
            return True
        explained = {world for world in self.reachable(operation) if operation in world[1]}
        if operation.optional:
            explained |= self.worlds
        if not explained:
            return False
        self.open.remove(operation)
        self.worlds = {(state, done - {operation}) for state, done in explained}
        return True

    def lapsed(self, operation, state, done):
        following = [self.settled(after, done) for after in operation.effect(state)]
        return following or [(state, done)]

    def reachable(self, operation):
        """All worlds that can be reached, none from behind one that has the operation."""
        seen, todo = set(self.worlds), list(self.worlds)
        while todo:
            world = todo.pop()
            yield world
            if operation in world[1]:
                continue
            for following in self.next_worlds(world):
                if following not in seen:
                    seen.add(following)
                    todo.append(following)


def check(operations, initial):
    """Raises NotLinearisable. Two that touch in time may come either way."""
    events = sorted([(one.begin, 0, i) for i, one in enumerate(operations)] +
                    [(one.end, 1, i) for i, one in enumerate(operations)])
    search = Search(initial)
    recent = collections.deque(maxlen=30)
    for _, is_end, i in events:
        operation = operations[i]
        if not is_end:
            recent.append(operation)
            search.begin(operation)
            continue
        before = search.worlds
        if not search.end(operation):
            states = sorted({str(state) for state, _ in before})
            raise NotLinearisable(operation, states[:10], recent)
