# SPDX-License-Identifier: Apache-2.0
"""A SIP peer over plain sockets that says exactly what it is told, for what no telephone would do.

It keeps every datagram that reaches it. Nothing is checked and nothing answered by itself.
"""
import dataclasses
import re
import select
import socket
import threading
import time
import uuid

import ports

CRLF = b"\r\n"


class Missing(AssertionError):
    """A message that should have come did not."""


@dataclasses.dataclass
class Packet:
    """One datagram that arrived, read loosely."""

    data: bytes
    source: tuple       # ip, port
    at: tuple           # where it arrived

    @property
    def head(self):
        return self.data.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")

    @property
    def body(self):
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def start(self):
        return self.head.split("\r\n", 1)[0]

    @property
    def status(self):
        match = re.match(r"SIP/2\.0 (\d{3})", self.start)
        return int(match[1]) if match else 0

    @property
    def method(self):
        """A request's own; an answer's that of its CSeq."""
        return (self.header("CSeq") or "0 ?").split()[-1] if self.status else \
            self.start.split(" ")[0]

    def headers(self, name):
        return re.findall(rf"^{name}\s*:\s*(.*?)\s*$", self.head, re.M | re.I)

    def header(self, name):
        return (self.headers(name) or [None])[0]

    @property
    def target(self):
        """The URI of the first Contact."""
        match = re.search(r"<([^>]*)>", self.header("Contact") or "")
        return match[1] if match else ""


def build(start, headers, body=b""):
    """A message from its start line, its header lines in order, and its body."""
    lines = [start, *headers, f"Content-Length: {len(body)}"]
    return CRLF.join(line.encode() for line in lines) + CRLF + CRLF + body


def token():
    return uuid.uuid4().hex[:16]


class Peer:
    """Sockets on the same port of one or more loopback addresses; the first is the usual source."""

    def __init__(self, *ips, port=None):
        self.ips = ips
        self.port = port or ports.free_port(ips[0], (socket.SOCK_DGRAM,))
        self._sockets = {}
        for ip in ips:
            self._sockets[ip] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._sockets[ip].bind((ip, self.port))
        self.arrived = []       # every Packet, for ever
        self._waiting = []      # those that no expect() has taken
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def close(self):
        self._closing = True
        self._thread.join(5)
        for one in self._sockets.values():
            one.close()

    def _receive(self):
        by_socket = {one: ip for ip, one in self._sockets.items()}
        while not self._closing:
            ready, _, _ = select.select(list(by_socket), [], [], 0.1)
            for one in ready:
                data, source = one.recvfrom(65536)
                packet = Packet(data, source, (by_socket[one], self.port))
                with self._changed:
                    self.arrived.append(packet)
                    self._waiting.append(packet)
                    self._changed.notify_all()

    def send(self, data, to, ip=None):
        self._sockets[ip or self.ips[0]].sendto(data, to)

    def expect(self, what, test, timeout_s=5.0):
        """Takes the first packet for which test(packet) holds, waiting for it if need be."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while True:
                for index, packet in enumerate(self._waiting):
                    if test(packet):
                        del self._waiting[index]
                        return packet
                left = deadline - time.monotonic()
                if left <= 0:
                    seen = [packet.start for packet in self._waiting]
                    raise Missing(f"{what} did not come; what came: {seen}")
                self._changed.wait(left)

    def request(self, method, timeout_s=5.0):
        return self.expect(method, lambda p: not p.status and p.method == method, timeout_s)

    def answer(self, method, low=200, high=699, timeout_s=5.0):
        """The next answer to `method` with a status in this range."""
        return self.expect(f"an answer {low}-{high} to {method}",
                           lambda p: p.method == method and low <= p.status <= high, timeout_s)

    def forget(self):
        """What nobody has expected so far is not waited for any more."""
        with self._changed:
            self._waiting.clear()


def reply(request, status, reason, more=(), body=b"", tag="", via=None):
    """An answer to a request, with the headers that it must copy (RFC 3261 8.2.6.2)."""
    headers = [f"Via: {value}" for value in via or request.headers("Via")]
    headers += [f"Record-Route: {value}" for value in request.headers("Record-Route")]
    to = request.header("To")
    if tag and ";tag=" not in to:
        to += f";tag={tag}"
    headers += [f"From: {request.header('From')}", f"To: {to}",
                f"Call-ID: {request.header('Call-ID')}", f"CSeq: {request.header('CSeq')}"]
    return build(f"SIP/2.0 {status} {reason}", [*headers, *more], body)
