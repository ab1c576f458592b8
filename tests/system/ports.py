# SPDX-License-Identifier: Apache-2.0
"""Ports that are free now: every run chooses its own, so that runs may stand beside each other.

Between processes, ports are shared out in blocks: whoever has bound a block's name (an abstract Unix
socket, gone with the process) owns its ports. All lie below the range from which the kernel takes
the ports of outgoing connections.
"""
import random
import socket

FIRST, LAST, BLOCK = 10000, 29999, 100

_chooser = random.SystemRandom()
_owned = {}             # first port of a block -> the socket that holds its name
_whole = set()          # those of them that one range has for itself
_current = range(0)     # what is left of the block that single ports are taken from


def _claim_block():
    """A block that no process owns."""
    while True:
        first = _chooser.randrange(FIRST, LAST, BLOCK) // BLOCK * BLOCK
        name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            name.bind(f"\0maskline-test-ports-{first}")
        except OSError:
            name.close()
            continue
        _owned[first] = name
        return range(first, first + BLOCK)


def _take(count):
    """The next `count` ports of our own, from an even one."""
    global _current
    if len(_current) < count + 1:
        _current = _claim_block()
    skip = _current.start % 2 if count > 1 else 0
    taken = _current[skip:skip + count]
    _current = _current[skip + count:]
    return taken


def _is_free(kind, ip, port):
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((ip, port))
        except OSError:
            return False
    return True


def free_port(ip, kinds=(socket.SOCK_DGRAM, socket.SOCK_STREAM)):
    """One port that is free on `ip` for each kind of socket."""
    while True:
        port = _take(1).start
        if all(_is_free(kind, ip, port) for kind in kinds):
            return port


def free_range(count, ip="0.0.0.0"):
    """The first and last of `count` UDP ports in a row, from an even one, free on every address.

    More than half a block takes it whole; release() gives it back.
    """
    whole = count > BLOCK // 2
    while True:
        row = _claim_block()[:count] if whole else _take(count)
        if whole:
            _whole.add(row.start)
        if all(_is_free(socket.SOCK_DGRAM, ip, port) for port in row):
            return row.start, row.stop - 1
        release(row.start)


def release(first):
    """Gives back the block that free_range() took whole."""
    if first in _whole:
        _whole.remove(first)
        _owned.pop(first).close()
