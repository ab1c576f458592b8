# SPDX-License-Identifier: Apache-2.0
"""Ports that are free now: every run chooses its own, so that runs may stand beside each other."""
import random
import socket

_chooser = random.SystemRandom()
_given = set()


def _is_free(kind, ip, port):
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((ip, port))
        except OSError:
            return False
    return True


def free_port(ip, kinds=(socket.SOCK_DGRAM, socket.SOCK_STREAM)):
    """One port that is free on `ip` for each kind of socket, and was not given out before.

    Below the range from which the kernel takes the ports of outgoing connections.
    """
    while True:
        port = _chooser.randrange(10000, 30000)
        given = {(ip, port), ("0.0.0.0", port)} & _given
        if not given and all(_is_free(kind, ip, port) for kind in kinds):
            _given.add((ip, port))
            return port


def free_range(count, ip="0.0.0.0"):
    """The first and last of `count` UDP ports in a row, from an even one, free on every address."""
    while True:
        first = _chooser.randrange(10000, 30000 - count) & ~1
        row = range(first, first + count)
        if any(port in row for _, port in _given):
            continue
        if all(_is_free(socket.SOCK_DGRAM, ip, port) for port in row):
            _given.update((ip, port) for port in row)
            return first, first + count - 1
