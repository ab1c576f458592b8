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
_owned = {}             # first port of a row of blocks -> the sockets that hold their names
_whole = set()          # those of them that one range has for itself
_current = range(0)     # what is left of the block that single ports are taken from


def _claim(first):
    """The socket that holds this block's name; None: another process has it."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0maskline-test-ports-{first}")
    except OSError:
        name.close()
        return None
    return name


def _claim_blocks(count=1):
    """So many blocks in a row that no process owns."""
    while True:
        first = _chooser.randrange(FIRST, LAST + 1 - (count - 1) * BLOCK, BLOCK)
        row = range(first, first + count * BLOCK)
        names = []
        for block in row[::BLOCK]:
            name = _claim(block)
            if name is None:
                break
            names.append(name)
        if len(names) == count:
            _owned[first] = names
            return row
        for name in names:
            name.close()


def _take(count):
    """The next `count` ports of our own, from an even one."""
    global _current
    if len(_current) < count + 1:
        _current = _claim_blocks()
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

    More than half a block takes it, or as many as are needed, whole; release() gives them back.
    """
    whole = count > BLOCK // 2
    while True:
        row = _claim_blocks(-(-count // BLOCK))[:count] if whole else _take(count)
        if whole:
            _whole.add(row.start)
        if all(_is_free(socket.SOCK_DGRAM, ip, port) for port in row):
            return row.start, row.stop - 1
        release(row.start)


def release(first):
    """Gives back what free_range() took whole."""
    if first in _whole:
        _whole.remove(first)
        for name in _owned.pop(first):
            name.close()
