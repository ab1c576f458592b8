# SPDX-License-Identifier: Apache-2.0
"""The load generator (tests/load) as a process: what it is told, and what it says."""
import os
import selectors

import processes

NO_CALLS = {"started": 0, "ended": 0, "failed": 0, "leaks": 0, "wrong": 0, "crossed": 0,
            "resent": 0}


def numbers(words):
    return {key: float(value) if "." in value else int(value)
            for key, value in (word.split("=") for word in words)}


class Generator:
    def __init__(self, program, options):
        self.process = processes.spawn([program, "--control", "--progress", *options],
                                       stdin=processes.subprocess.PIPE,
                                       stdout=processes.subprocess.PIPE, start_new_session=True)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self._rest = b""
        self.progress = dict(NO_CALLS)
        self.kinds, self.failures, self.delays, self.total = {}, [], {}, {}
        self.is_ready = self.is_over = False

    def send(self, line):
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass    # it has ended; poll() finds out

    def poll(self, timeout_s):
        """What it has said meanwhile: the slots that are at rest."""
        resting = []
        if not self.selector.select(timeout_s):
            return resting
        data = self.process.stdout.read()
        if data == b"":
            self.is_over = True
            self.selector.unregister(self.process.stdout)
            self.process.wait()
            return resting
        *lines, self._rest = (self._rest + (data or b"")).split(b"\n")
        for line in lines:
            word, *words = line.decode().split()
            if word == "resting":
                resting.append(int(words[0]))
            else:
                self._take(word, words)
        return resting

    def _take(self, word, words):
        if word == "ready":
            self.is_ready = True
        elif word == "progress":
            self.progress = numbers(words)
        elif word == "kind":
            self.kinds[words[0]] = numbers(words[1:])
        elif word == "failed":
            self.failures.append((words[0], words[1], int(words[2])))
        elif word == "delay":
            self.delays[words[0]] = numbers(words[1:])
        elif word == "total":   # the last line
            self.total = numbers(words)
            self.is_over = True

    def close(self):
        self.process.stdin.close()
        if not self.is_over:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
