# SPDX-License-Identifier: Apache-2.0
"""Two peers that plant their own number, address and a marker word wherever a call has room.

canary_rows.txt names the places. Each line of it is planted by the caller, by the callee, or both;
a row's lines travel in one call, and one by one when that call is refused. Everything that arrives
is kept, to be searched for the other side's secrets.
"""
import base64
import dataclasses
import json
import pathlib
import re

import needles
from peer import CRLF, Missing, Peer, build, reply, token

ROWS_FILE = pathlib.Path(__file__).with_name("canary_rows.txt")

CALLER_ONLY = {"invite", "ruri", "from", "to", "callid", "cseq", "via", "via2", "late"}
CALLEE_ONLY = {"answer", "viaback", "reason", "final", "early"}
# These replace something that a message has once: one of them per call.
ALONE = {"ruri", "from", "to", "contact", "callid", "cseq", "via", "tag", "reason", "final", "part",
         "origin", "name", "conn", "mconn", "mport", "early", "late", "invite"}


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of the table."""

    row: int
    kind: str
    text: str

    def by_caller(self):
        return self.kind not in CALLEE_ONLY

    def by_callee(self):
        return self.kind not in CALLER_ONLY


def read_rows(path=ROWS_FILE):
    lines = []
    for text in path.read_text().splitlines():
        if text and not text.startswith("#"):
            row, kind, rest = text.split(None, 2)
            lines.append(Line(int(row), kind, rest))
    return lines


def jwt_of(number, address):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    head = {"alg": "ES256", "typ": "passport", "ppt": "shaken", "x5u": f"https://{address}/c"}
    claims = {"orig": {"tn": number.lstrip("+")}, "dest": {"tn": [number]}, "iat": 1}
    return f"{part(head)}.{part(claims)}.{part('signature')}"


class Side:
    """One party: its secrets, its sockets, and what it writes into a message."""

    def __init__(self, letter, number, address, *ips):
        self.letter = letter
        self.number = number
        self.address = address
        self.marker = f"zebrafink{letter}"
        self.peer = Peer(*ips)
        self.rtp_port = 4006    # nobody hears what is sent there

    def searchers(self):
        return [*needles.number_searchers(self.number), *needles.address_searchers(self.address),
                *needles.word_searchers(self.marker)]

    def fill(self, line, dialled, daemon):
        """The text of a line with this side's secrets in it."""
        digits = self.number.lstrip("+")
        swapped = "".join(b + a for a, b in zip(digits[::2], digits[1::2]))
        packed = bytes(int(part) for part in self.address.split("."))
        isup = bytes.fromhex("01000020000a00020907039010") + bytes.fromhex(swapped) + b"\x00"
        values = {
            "@": "@", "@X": f"@{self.address}", "@D": f"@{daemon[0]}:{daemon[1]}", "N": self.number, "n": digits, "t": digits[-10:], "X": self.address,
            "W": f"{self.marker}{line.row}", "M": dialled, "D": f"{daemon[0]}:{daemon[1]}",
            "P": str(self.peer.port), "hexn": digits.encode().hex(), "hexX": packed.hex(),
            "b64n": base64.b64encode(digits.encode()).decode(), "bcdn": swapped,
            "urln": base64.urlsafe_b64encode(digits.encode()).decode(),
            "jwt": jwt_of(self.number, self.address), "ISUP": isup.decode("latin-1"),
            "CR": "\r\n", "FOLD": "\r\n  "}
        names = "|".join(sorted(map(re.escape, values), key=len, reverse=True))
        return re.sub(f"@({names})", lambda match: values[match[1]], line.text)


class Plan:
    """What one side plants in one call, by kind."""

    def __init__(self, side, lines, dialled, daemon):
        self.side = side
        self._texts = {}
        for line in lines:
            self._texts.setdefault(line.kind, []).append(side.fill(line, dialled, daemon))

    def all(self, *kinds):
        return [text for kind in kinds for text in self._texts.get(kind, ())]

    def one(self, kind, default):
        return (self._texts.get(kind) or [default])[0]

    def sdp(self):
        """The description, with this side's address in it wherever nothing else is planted."""
        address = f"IN IP4 {self.side.address}"
        lines = ["v=0", f"o={self.one('origin', f'- 1 1 {address}')}", f"s={self.one('name', '-')}"]
        session = self.all("sdp")
        before_c = [line for line in session if line[0] in "iuep"]
        after_c = [line for line in session if line[0] == "b"]
        timing = [line for line in session if line[0] in "rz"]
        rest = [line for line in session if line[0] in "ka"]
        lines += before_c + [f"c={self.one('conn', address)}"] + after_c + ["t=0 0"] + timing + rest
        lines += [f"m=audio {self.side.rtp_port} {self.one('mport', 'RTP/AVP 8 0 101')}"]
        lines += [f"c={text}" for text in self.all("mconn")]
        media = self.all("media")
        lines += [line for line in media if line[0] in "bk"]
        lines += ["a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000",
                  "a=rtpmap:101 telephone-event/8000", "a=sendrecv"]
        lines += [line for line in media if line[0] == "a"]
        lines += self.all("mline")
        return CRLF.join(line.encode("latin-1") for line in lines) + CRLF

    def body(self):
        """Content-Type and body of an INVITE or its answer."""
        part = self.one("part", None)
        if part is None:
            return "application/sdp", self.sdp()
        kind, text = part.split("|", 1)
        edge = b"--next-part\r\n"
        whole = (edge + b"Content-Type: application/sdp\r\n\r\n" + self.sdp() + edge
                 + f"Content-Type: {kind}\r\nContent-Disposition: signal\r\n\r\n".encode()
                 + text.encode("latin-1") + b"\r\n--next-part--\r\n")
        return "multipart/mixed;boundary=next-part", whole

    def contact(self, ip):
        user, port = self.side.number, self.side.peer.port
        return f"Contact: {self.one('contact', f'<sip:{user}@{ip}:{port}>')}"


@dataclasses.dataclass
class Outcome:
    """How far a call came: what the callee saw, and the statuses each side received."""

    reached: bool = False       # the callee got an INVITE
    connected: bool = False     # and the caller its 200
    status: int = 0             # the caller's final answer; 0: none came
    within: list = dataclasses.field(default_factory=list)  # (side, method, status)


class Dialog:
    """One side of an INVITE dialog with the daemon, from when both tags are known."""

    def __init__(self, plan, daemon, target, local, remote, call_id, cseq):
        self.plan = plan
        self.daemon = daemon
        self.target = target
        self.local = local
        self.remote = remote
        self.call_id = call_id
        self.cseq = cseq

    def request(self, method, headers=(), body=b"", cseq=None):
        side = self.plan.side
        if cseq is None:
            self.cseq = cseq = self.cseq + 1
        via = f"Via: SIP/2.0/UDP {side.address}:{side.peer.port};rport;branch=z9hG4bK{token()}"
        data = build(f"{method} {self.target} SIP/2.0", [
            via, "Max-Forwards: 70", f"From: {self.local}", f"To: {self.remote}",
            f"Call-ID: {self.call_id}", f"CSeq: {cseq} {method}",
            self.plan.contact(side.address), *headers], body)
        side.peer.send(data, self.daemon, side.address)

    def ask(self, method, headers=(), body=b""):
        """Sends a request and gives the status of its final answer; 0 when none comes."""
        self.request(method, headers, body)
        number = f"{self.cseq} {method}"
        try:
            return self.plan.side.peer.expect(
                f"an answer to {method}", lambda p: p.status >= 200
                and p.header("Call-ID") == self.call_id and p.header("CSeq") == number, 2).status
        except Missing:
            return 0


class Conversation:
    """One planted call through the daemon."""

    def __init__(self, caller, callee, daemon, dialled, caller_lines, callee_lines):
        self.a = Plan(caller, [line for line in caller_lines if line.by_caller()], dialled, daemon)
        self.b = Plan(callee, [line for line in callee_lines if line.by_callee()], dialled, daemon)
        self.daemon = daemon
        self.dialled = dialled
        self.outcome = Outcome()
        self.ours = self.theirs = None      # dialogs
        self.invite = self.final = None     # the callee's, and the caller's answer

    def run(self):
        self.connect()
        self.finish()
        return self.outcome

    def connect(self):
        """The call, until both sides talk or it is refused."""
        self.a.side.peer.forget()
        self.b.side.peer.forget()
        self._invite()
        self.invite = self._first()
        if self.invite is not None:
            self.outcome.reached = True
            self._answer(self.invite)

    # ---- the caller

    def _invite(self):
        side, plan = self.a.side, self.a
        self.branch = f"z9hG4bK{token()}"
        self.from_ = plan.one("from", f"<sip:{side.number}@{side.address}>") \
            + f";tag={plan.one('tag', token())}"
        self.to = plan.one("to", f"<sip:{self.dialled}@{self.daemon[0]}>")
        self.call_id = plan.one("callid", token())
        self.cseq = int(plan.one("cseq", "1"))
        self.ruri = plan.one("ruri", f"sip:{self.dialled}@{self.daemon[0]}:{self.daemon[1]}")
        own_via = plan.one("via", f"SIP/2.0/UDP {side.address}:{side.peer.port};rport")
        headers = [f"Via: {own_via};branch={self.branch}"]
        headers += [f"Via: {text}" for text in plan.all("via2")]
        headers += ["Max-Forwards: 70", f"From: {self.from_}", f"To: {self.to}",
                    f"Call-ID: {self.call_id}", f"CSeq: {self.cseq} INVITE",
                    plan.contact(side.address), *plan.all("header", "invite")]
        content, body = plan.body()
        if plan.all("late"):
            body = b""
        else:
            headers.append(f"Content-Type: {content}")
        side.peer.send(build(f"INVITE {self.ruri} SIP/2.0", headers, body), self.daemon,
                       side.address)

    def _is_ours(self, packet):
        return packet.header("Call-ID") == self.call_id

    def _final(self, timeout_s):
        final = self.a.side.peer.expect(
            "a final answer to the INVITE", lambda p: p.status >= 200 and p.method == "INVITE"
            and self._is_ours(p), timeout_s)
        self.outcome.status = final.status
        self.final = final
        return final

    def _first(self):
        """The callee's INVITE, or None when the caller had its final answer before."""
        for _ in range(100):
            try:
                return self.b.side.peer.request("INVITE", 0.02)
            except Missing:
                pass
            try:
                final = self._final(0.01)
                self._acknowledge(final)
                return None
            except Missing:
                pass
        return None

    def _acknowledge(self, final):
        """ACK: of a 2xx within the dialog and of anything else within the transaction."""
        side, plan = self.a.side, self.a
        if final.status < 300:
            self.ours = Dialog(plan, self.daemon, final.target, self.from_, final.header("To"),
                               self.call_id, self.cseq)
            late = plan.one("late", None)
            headers = plan.all("header")
            headers += ["Content-Type: application/sdp"] if late else []
            self.ours.request("ACK", headers, (late or "").encode("latin-1"), cseq=self.cseq)
            return
        via = f"Via: SIP/2.0/UDP {side.address}:{side.peer.port};rport;branch={self.branch}"
        side.peer.send(build(f"ACK {self.ruri} SIP/2.0", [
            via, "Max-Forwards: 70", f"From: {self.from_}", f"To: {final.header('To')}",
            f"Call-ID: {self.call_id}", f"CSeq: {self.cseq} ACK"]), self.daemon, side.address)

    # ---- the callee

    def _reply(self, request, status, reason, more=(), body=b""):
        back = self.b.one("viaback", "")
        via = [value + (back if i == 0 else "")
               for i, value in enumerate(request.headers("Via"))]
        self.b.side.peer.send(reply(request, status, reason, more, body, self.tag, via),
                              request.source, request.at[0])

    def _answer(self, invite):
        plan, side = self.b, self.b.side
        self.tag = plan.one("tag", token())
        more = [plan.contact(side.address), *plan.all("header", "answer")]
        reason = plan.one("reason", None)
        self._reply(invite, 180, reason or "Ringing", more)
        early = plan.one("early", None)
        if early:
            self._reply(invite, 183, "Session Progress",
                        [*more, "Content-Type: application/sdp"], early.encode("latin-1"))
        if plan.all("final"):
            return self._refuse(invite, plan.one("final", ""))
        content, body = plan.body()
        self._reply(invite, 200, reason or "OK", [*more, f"Content-Type: {content}"], body)
        try:
            final = self._final(3)
            self._acknowledge(final)
            side.peer.request("ACK", 3)
        except Missing:
            return None
        self.theirs = Dialog(plan, self.daemon, invite.target,
                             f"{invite.header('To')};tag={self.tag}", invite.header("From"),
                             invite.header("Call-ID"), 1)
        self.outcome.connected = final.status == 200
        return None

    def _refuse(self, invite, text):
        head, _, body = text.partition("||")
        status, *headers = head.split("|")
        code, _, reason = status.partition(" ")
        self._reply(invite, int(code), reason, headers, body.encode("latin-1"))
        try:
            self._acknowledge(self._final(3))
            self.b.side.peer.request("ACK", 3)
        except Missing:
            pass

    # ---- in the dialog, and its end

    def _within(self, dialog):
        side, plan = dialog.plan.side, dialog.plan
        if plan.all("header"):
            self.outcome.within.append(
                (side.letter, "UPDATE", dialog.ask("UPDATE", plan.all("header"))))
        for text in plan.all("within"):
            head, _, body = text.partition("||")
            method, *headers = head.split("|")
            status = dialog.ask(method, headers, body.encode("latin-1"))
            self.outcome.within.append((side.letter, method, status))

    def finish(self):
        """What is sent in the dialog, and its end."""
        if self.outcome.connected:
            self._within(self.ours)
            self._within(self.theirs)
        if self.ours is not None:
            self._bye(self.ours)
        if self.theirs is not None:
            try:
                self._bye_answered()
            except Missing:
                self._bye(self.theirs)

    def _bye(self, dialog):
        status = dialog.ask("BYE", dialog.plan.all("header"))
        self.outcome.within.append((dialog.plan.side.letter, "BYE", status))

    def _bye_answered(self):
        """The callee's, after the caller's: what a bridge owes its other leg."""
        bye = self.b.side.peer.request("BYE", 3)
        self._reply(bye, 200, "OK", self.b.all("header"))


def batches(lines):
    """Lines that may travel together: those of a row that add, and each that replaces, alone."""
    together = {}
    for line in lines:
        if line.kind in ALONE:
            yield [line]
        else:
            together.setdefault((line.row, line.kind), []).append(line)
    yield from together.values()


class Canary:
    """Runs the table from both sides and keeps how each line fared."""

    def __init__(self, caller, callee, daemon, dialled):
        self.caller = caller
        self.callee = callee
        self.daemon = daemon
        self.dialled = dialled
        self.carried = {}       # (side letter, line) -> True when the call went through with it
        self.refused = {}       # (side letter, line) -> status of the refusal

    def converse(self, caller_lines=(), callee_lines=()):
        return Conversation(self.caller, self.callee, self.daemon, self.dialled, caller_lines,
                            callee_lines).run()

    def plant(self, lines):
        for batch in batches(lines):
            self._plant("caller", [line for line in batch if line.by_caller()])
            self._plant("callee", [line for line in batch if line.by_callee()])

    def _plant(self, who, batch):
        if not batch:
            return
        outcome = self.converse(**{f"{who}_lines": batch})
        side = self.caller if who == "caller" else self.callee
        refusal = any(line.kind == "final" for line in batch)
        if outcome.connected or (refusal and outcome.reached):
            self.carried |= {(side.letter, line): outcome for line in batch}
        elif len(batch) > 1:
            for line in batch:
                self._plant(who, [line])
        else:
            self.refused[side.letter, batch[0]] = outcome.status

    def not_planted(self, lines):
        """Rows of which no line went through, from either side."""
        through = {line.row for _, line in self.carried}
        return sorted({line.row for line in lines} - through)


def crossed(at, other):
    """Each packet that reached `at` with a secret of `other` in it: (start line, secret, way)."""
    searchers = other.searchers()
    whole = b"\0\0".join(packet.data for packet in at.peer.arrived)
    if not needles.find(searchers, whole):
        return []
    return [(packet.start, *hit) for packet in at.peer.arrived
            for hit in needles.find(searchers, packet.data)]
