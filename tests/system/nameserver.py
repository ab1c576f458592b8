# SPDX-License-Identifier: Apache-2.0
"""A name server for one zone: A, SRV and NAPTR records over UDP, and what it was asked."""
import socket
import struct
import threading

A, SRV, NAPTR = 1, 33, 35
_IN, _OK, _NO_NAME, _NOT_DONE = 1, 0, 3, 4
_RESPONSE, _AUTHORITATIVE, _DESIRED = 0x8000, 0x0400, 0x0100


def _name(text):
    labels = [label.encode() for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _text(text):
    return bytes([len(text)]) + text.encode()


def address(ip):
    return A, socket.inet_aton(ip)


def srv(priority, weight, port, target):
    return SRV, struct.pack("!HHH", priority, weight, port) + _name(target)


def naptr(order, preference, service, replacement):
    return NAPTR, (struct.pack("!HH", order, preference) + _text("s") + _text(service) + _text("")
                   + _name(replacement))


class NameServer:
    """Answers what add() was told: other names do not exist, other types of a name are empty."""

    def __init__(self, ip, port=53):
        self._records = {}      # lower-case name -> list of (type, data, ttl)
        self.asked = []         # (name, type), for ever
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ip, port))
        self._socket.settimeout(0.1)
        self._closing = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self):
        self._closing = True
        self._thread.join(5)
        self._socket.close()

    def add(self, name, *records, ttl=300):
        held = self._records.setdefault(name.lower(), [])
        held.extend((kind, data, ttl) for kind, data in records)

    def _serve(self):
        while not self._closing:
            try:
                query, source = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            self._socket.sendto(self._answer(query), source)

    def _answer(self, query):
        number, flags = struct.unpack_from("!HH", query)
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind, family = struct.unpack_from("!HH", query, at + 1)
        name = ".".join(labels).lower()
        self.asked.append((name, kind))
        held = self._records.get(name)
        found = [one for one in held or [] if one[0] == kind]
        status = _NOT_DONE if family != _IN else _OK if held else _NO_NAME
        head = struct.pack("!HHHHHH", number,
                           _RESPONSE | _AUTHORITATIVE | flags & _DESIRED | status,
                           1, len(found), 0, 0)
        rows = [struct.pack("!HHHIH", 0xc00c, one, _IN, ttl, len(data)) + data
                for one, data, ttl in found]
        return head + query[12:at + 5] + b"".join(rows)
