#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""soak: many masked calls through the real daemon, which must end where it began.

All kinds of calls at once (tests/load/mix.h): answered and hung up by either side, on hold, with key
presses and RTP, busy, declined, cancelled, unanswered, strangers and parties of ended sessions; while
sessions, numbers and a trunk come and go through REST. At the end nothing may be left: no leg,
transaction, message, port, slot, timer, file or memory; each call has its records; the log holds no
warning; and no message held a number that its receiver must not see.
"""
import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from daemon import NORTH_IP, ROOT, SOUTH_IP, Daemon, ports, transport_setup
from generator import Generator
from records import Records, compare
from sessions import Sessions

MIX = ("answered=36,callee-leaves=20,hold=5,keys=3,busy=8,declined=3,no-answer=1,cancelled=8,"
       "race=4,stranger=4,unknown=3,ended=3,impatient=2")
TALK_PERCENT = 5

# The defaults, but for what would make a soak of hours take days.
RING_TIMEOUT_S = 10     # 120: calls that nobody answers would hold their sessions for so long
QUARANTINE_S = 30       # 7200: sessions would only pile up, and their tables never come round
CALLS_PER_S = 50        # the default; a higher rate says so

LIVE_SESSIONS, ENDED_SESSIONS = 500, 40
KILL_EVERY_S = 20       # five crashes in a minute are too many for the keeper
LINGER_S = 32 + 8       # 64*T1, after which nothing of a call is left
WARM_UP_S = 60          # until then tables and caches are touched for the first time
LEDGER = ROOT / "docs/reference/soak-ledger.tsv"
LEDGER_FROM_CALLS = 10000

# What may remain, in bytes. Resident: pages of tables that were not in use during warm-up. Heap:
# SQLite's caches, which are full after some thousand calls.
RESIDENT_MAX = 4 << 20
HEAP_MAX = 1 << 20
COLD_HEAP_MAX = 8 << 20

# What a kill may cut in two (docs/design/crash-record.md): a key press that is being passed on, a request
# within a call that has not been answered.
MAY_BE_CUT = ("key-heard-twice", "a-request-was-refused")

# Nothing of these is there without calls, and so much of the others as before the first one.
OF_CALLS = ("calls_active", "media_legs", "call_pairs", "crash_slots", "sip_legs",
            "sip_transactions", "sip_messages_kept", "store_queued")
OF_ALL = ("rtp_ports_free", "numbers", "trunks", "timers", "open_files")
# Over TCP and TLS both sides keep the connections that they have made, with a timer each.
OF_CONNECTIONS = ("timers", "open_files")
CONNECTIONS_MAX = 4
NEVER = ("calls_limited_total", "calls_unprotected_total", "sip_untrusted_total",
         "sip_not_sip_total", "sip_refused_400_total", "sip_refused_overload_total",
         "store_lost_total", "datagrams_send_failed_total", "http_unauthorized_total",
         "http_failed_total")


def megabytes(count):
    return f"{count / (1 << 20):.1f} MB"


def duration(seconds):
    seconds = int(seconds)
    if seconds < 100:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


class Soak:
    def __init__(self, options, work):
        self.options = options
        settings = {"ring_timeout_s": RING_TIMEOUT_S, "quarantine_s": QUARANTINE_S}
        if options.rate * 1.1 > CALLS_PER_S:
            settings["calls_per_s_max"] = int(options.rate * 1.25)
        self.daemon = Daemon(options.binary, work, settings, options.transport)
        self.work = work
        self.sessions = Sessions(self.daemon, LIVE_SESSIONS, ENDED_SESSIONS)
        self.generator = None
        self.problems = []
        self.interrupts = 0
        self.warm = None        # metrics after the warm-up
        self.resident_max = 0

    # ---- the run

    def run(self):
        options = self.options
        ports_of = [ports.free_port(NORTH_IP), ports.free_port(SOUTH_IP)]
        self.daemon.start()
        print(f"soak: {options.calls} calls, {options.rate:g} a second; the configuration is the "
              f"default but for {self.daemon.settings} and where it listens", flush=True)
        self.generator = Generator(options.generator, [
            "--target", f"127.0.0.1:{self.daemon.sip_port}",
            "--caller", f"{NORTH_IP}:{ports_of[0]}", "--callee", f"{SOUTH_IP}:{ports_of[1]}",
            "--rate", f"{options.rate:g}", "--calls", str(options.calls), "--mix", MIX,
            "--talk", str(TALK_PERCENT), "--no-answer-ms", str(1000 * RING_TIMEOUT_S),
            *transport_setup.generator_options(options.transport, self.work)])
        while not (self.generator.is_ready or self.generator.is_over):
            self.settle(1)
        # The generator is there already: the trunks' peers are asked whether they are (OPTIONS).
        self.sessions.provision(ports_of, options.transport)
        self.before = self.await_quiet(None)
        self.before_bytes = self.daemon.database_bytes()
        self.sessions.begin(self.generator.send)
        while self.sessions.unsettled():
            self.settle(1)
        self.began = time.monotonic()
        self.generator.send("go")
        self.make_calls()
        self.seconds = time.monotonic() - self.began
        self.check()

    def settle(self, timeout_s):
        for slot in self.generator.poll(timeout_s):
            self.sessions.on_resting(slot)

    def make_calls(self):
        now = time.monotonic()
        due = {"rotate": now, "pass": now, "tell": now + 1, "watch": now + 5,
               "kill": now + KILL_EVERY_S}
        every = {"rotate": max(0.1, 50 / self.options.rate), "pass": 5, "watch": 5,
                 "tell": 1 if sys.stdout.isatty() else 30, "kill": KILL_EVERY_S}
        while not self.generator.is_over and self.interrupts < 2:
            self.settle(0.05)
            if not self.daemon.is_running():
                raise SystemExit("soak: the daemon has ended:\n" + "\n".join(self.daemon.log.tail))
            for name, what in (("rotate", self.rotate), ("pass", self.pass_by), ("tell", self.tell),
                               ("watch", self.watch), ("kill", self.kill)):
                if time.monotonic() >= due[name]:
                    what()
                    due[name] = time.monotonic() + every[name]
        if sys.stdout.isatty():
            print()

    def is_going(self):
        return not self.interrupts and self.generator.progress["started"] < self.options.calls

    def rotate(self):
        if self.is_going():
            self.sessions.rotate()

    def pass_by(self):
        if self.is_going():
            self.sessions.pass_by()

    def kill(self):
        if self.options.kill and self.is_going():
            self.daemon.kill_worker()
            self.warm = None

    def watch(self):
        """Keeps what is in use once everything has been used."""
        self.resident_max = max(self.resident_max, self.daemon.resident_bytes())
        elapsed = time.monotonic() - self.began
        done = self.generator.progress["started"] / self.options.calls
        if self.warm is None and elapsed > WARM_UP_S and (done > 0.1 or elapsed > 600):
            self.warm = self.daemon.metrics_when_there()

    def tell(self):
        seen = self.generator.progress
        elapsed = time.monotonic() - self.began
        rate = seen["started"] / elapsed
        left = (self.options.calls - seen["started"]) / rate if rate else 0
        line = (f"soak: {seen['started']:9d} calls  {100 * seen['started'] / self.options.calls:5.1f} %"
                f"  {rate:6.1f}/s  {megabytes(self.daemon.resident_bytes())}"
                f"  {seen['failed']} failed  {seen['leaks'] + seen['wrong'] + seen['crossed']} leaks"
                f"  {len(self.daemon.log.warnings)} warnings  {duration(left)} to go")
        print(f"\r{line}\x1b[K" if sys.stdout.isatty() else line,
              end="" if sys.stdout.isatty() else "\n", flush=True)

    def on_interrupt(self, *_):
        self.interrupts += 1
        if self.generator is None or self.interrupts > 1:
            raise SystemExit("soak: ended at once")
        print("\nsoak: interrupted; no further calls, those in progress end as they would "
              "(again: at once)", flush=True)
        self.generator.send("stop")

    # ---- at the end

    def wrong(self, text):
        self.problems.append(text)

    def await_quiet(self, before):
        """Until nothing is left of any call, or longer than anything may last."""
        deadline = time.monotonic() + LINGER_S + 5
        while True:
            self.settle(0)
            now = self.daemon.metrics_when_there()
            is_quiet = not any(now[name] for name in OF_CALLS) and (
                before is None or all(self.is_as_before(now, name) for name in OF_ALL))
            if is_quiet or time.monotonic() > deadline:
                return now
            time.sleep(0.5)

    def is_as_before(self, now, name):
        more = now[name] - self.before[name]
        is_kept = name in OF_CONNECTIONS and self.options.transport != "udp"
        return abs(more) <= CONNECTIONS_MAX if is_kept else more == 0

    def await_quarantine(self):
        deadline = time.monotonic() + QUARANTINE_S + 15
        while True:
            now = self.daemon.metrics_when_there()
            if now["sessions"] <= self.sessions.live_count() or time.monotonic() > deadline:
                return now
            time.sleep(1)

    def check(self):
        self.check_calls()
        if not self.generator.total:
            return
        now = self.await_quiet(self.before)
        now["sessions"] = self.await_quarantine()["sessions"]
        self.check_tables(now)
        self.check_memory(now)
        if not self.daemon.kills:
            self.check_counters(now)
        self.check_trunks()
        audit = self.daemon.rest("GET", "/v1/audit/verify")
        if not audit["intact"]:
            self.wrong(f"the audit record: {audit['sentence']}")
        self.at_end = now
        self.check_end()

    def check_calls(self):
        total = self.generator.total
        if not total:
            self.wrong(f"the generator ended with status {self.generator.process.returncode} "
                       f"and without a report")
            return
        for kind, reason, count in self.generator.failures:
            if reason not in MAY_BE_CUT or count > self.daemon.kills:
                self.wrong(f"{count} calls of the kind {kind} failed: {reason}")
        for name, what in (("leaks", "messages held a party's number of the other side"),
                           ("wrong", "messages held another wrong number, or came for no call"),
                           ("crossed", "RTP packets reached another call"),
                           ("stuck", "calls never ended"), ("unreadable", "messages were no SIP"),
                           ("broken", "connections were lost")):
            if total[name]:
                self.wrong(f"{total[name]} {what}")

    def check_tables(self, now):
        for name in OF_CALLS:
            if now[name]:
                self.wrong(f"{name} was 0 and is {now[name]}")
        for name in OF_ALL:
            if not self.is_as_before(now, name):
                self.wrong(f"{name} was {self.before[name]} and is {now[name]}")
        if now["sessions"] != self.sessions.live_count():
            self.wrong(f"{now['sessions']} sessions are in memory, {self.sessions.live_count()} "
                       f"are live")

    def check_memory(self, now):
        """Growth that goes on. Under a sanitizer, which keeps what was freed, its own check counts."""
        if self.before["heap_bytes"] == 0 or self.options.is_sanitized:
            return
        first, heap_max = (self.warm, HEAP_MAX) if self.warm else (self.before, COLD_HEAP_MAX)
        heap = now["heap_bytes"] - first["heap_bytes"]
        if heap > heap_max:
            self.wrong(f"{megabytes(heap)} more are allocated than "
                       f"{'after the warm-up' if self.warm else 'at the beginning'}; "
                       f"{megabytes(heap_max)} may be")
        if self.warm and now["resident_bytes"] - self.warm["resident_bytes"] > RESIDENT_MAX:
            self.wrong(f"the process takes {megabytes(now['resident_bytes'])}, "
                       f"{megabytes(self.warm['resident_bytes'])} after the warm-up; "
                       f"{megabytes(RESIDENT_MAX)} more may be")

    def check_counters(self, now):
        started = self.generator.total["started"]
        if now["calls_total"] != started:
            self.wrong(f"the daemon counts {now['calls_total']} calls, {started} were made")
        for name in NEVER:
            if now[name] != self.before[name]:
                self.wrong(f"{name} went from {self.before[name]} to {now[name]}")

    def check_trunks(self):
        for trunk in self.daemon.rest("GET", "/v1/trunks")["trunks"]:
            for name in ("channels", "announcing"):
                if trunk[name]:
                    self.wrong(f"trunk {trunk['name']}: {name} is {trunk[name]}")

    def check_end(self):
        """What the daemon leaves when it is stopped, and what it has said."""
        status = self.daemon.stop()
        if status != 0:
            self.wrong(f"the daemon ended with status {status}")
        for line in self.unexpected_lines()[:10]:
            self.wrong(f"the log: {line}")
        if self.daemon.log.leaks:
            self.wrong(f"{self.daemon.log.leaks} lines of the log hold a party's number")
        self.records = Records(self.daemon.data / "maskline.db")
        for text in compare(self.records, self.generator.kinds):
            self.wrong(text)

    def unexpected_lines(self):
        expected = ["cannot be locked"]
        if self.daemon.kills:
            expected += ["the server was killed by signal 9", "after a crash"]
        return [line for line in self.daemon.log.warnings
                if not any(words in line for words in expected)]

    # ---- what is said

    def report(self):
        total = self.generator.total if self.generator else {}
        if not total or not hasattr(self, "at_end"):
            return
        now, calls = self.at_end, max(1, total["started"])
        first = self.warm or self.before
        disk = (self.daemon.database_bytes() - self.before_bytes) / calls
        for name, delay in self.generator.delays.items():
            print(f"soak: {name:6} p50 {delay['p50_us']} us, p99 {delay['p99_us']} us, "
                  f"p99.9 {delay['p999_us']} us, longest {delay['max_us']} us")
        print(f"soak: {total['started']} calls in {duration(self.seconds)}, "
              f"{total['started'] / self.seconds:.1f} a second, at most {total['peak']} at once; "
              f"{total['received']} messages searched, {total['resent']} sent again, "
              f"{total['talk_heard']} of {total['talk_sent']} RTP packets heard")
        print(f"soak: memory {megabytes(self.before['resident_bytes'])} at the beginning, "
              f"{megabytes(first['resident_bytes'])} after the warm-up, "
              f"{megabytes(now['resident_bytes'])} at the end; heap "
              f"{megabytes(first['heap_bytes'])} and {megabytes(now['heap_bytes'])}"
              f"{'' if self.warm else ' (too short for a verdict on resident memory)'}")
        print(f"soak: {self.records.rows} call records, {disk:.0f} bytes on disk a call; "
              f"{self.sessions.made} sessions made, {self.sessions.over} ended; "
              f"{self.daemon.kills} times killed; {self.daemon.log.lines} lines of log")

    def ledger_line(self):
        total = self.generator.total
        first = self.warm or self.before
        commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, text=True,
                                capture_output=True, check=False).stdout.strip() or "unknown"
        result = "clean" if not self.problems else f"{len(self.problems)} problems"
        if self.interrupts:
            result += ", interrupted"
        return [time.strftime("%Y-%m-%d", time.gmtime()), commit, self.options.transport,
                total["started"], f"{self.options.rate:g}", f"{self.seconds:.0f}", self.daemon.kills,
                first["resident_bytes"] // 1024, self.at_end["resident_bytes"] // 1024, result]

    def write_ledger(self):
        if not hasattr(self, "at_end") or self.generator.total["started"] < LEDGER_FROM_CALLS:
            return
        if not LEDGER.exists():
            LEDGER.write_text("date\tcommit\ttransport\tcalls\trate\tseconds\tkills\tresident_kb_begin\t"
                              "resident_kb_end\tresult\n")
        with LEDGER.open("a") as ledger:
            ledger.write("\t".join(map(str, self.ledger_line())) + "\n")

    def close(self):
        if self.generator:
            self.generator.close()
        self.daemon.close()


def read_options():
    parser = argparse.ArgumentParser(prog="script/soak", description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1000000, help="how many (1000000)")
    parser.add_argument("--rate", type=float, default=200, help="calls a second (200)")
    parser.add_argument("--transport", choices=("udp", "tcp", "tls"), default="udp",
                        help="of both trunks (udp)")
    parser.add_argument("--kill", action="store_true",
                        help=f"kill -9 the server every {KILL_EVERY_S} s; calls must go on")
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--binary", type=pathlib.Path, help="another daemon than the release build")
    parser.add_argument("--keep", action="store_true", help="leave the data directory behind")
    options = parser.parse_args()
    if options.calls < 1 or not 1 <= options.rate <= 5000:
        parser.error("--calls is at least 1, --rate from 1 to 5000")
    if options.kill and options.transport != "udp":
        parser.error("--kill is for udp: connections end with the process that has them")
    options.binary = (options.binary or options.build / "src/app/maskline").resolve()
    options.generator = (options.build / "tests/load/masked_load").resolve()
    symbols = options.binary.read_bytes()
    options.is_sanitized = b"__asan_init" in symbols
    return options


def run(options, work):
    soak = Soak(options, work)
    signal.signal(signal.SIGINT, soak.on_interrupt)
    signal.signal(signal.SIGTERM, soak.on_interrupt)
    try:
        soak.run()
        soak.report()
        soak.write_ledger()
    finally:
        soak.close()
    return soak


def main():
    options = read_options()
    work = pathlib.Path(tempfile.mkdtemp(prefix="maskline-soak-"))
    try:
        soak = run(options, work)
    finally:
        if options.keep:
            print(f"soak: what it left is in {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    for text in soak.problems:
        print(f"soak: wrong: {text}")
    print(f"soak: {'interrupted, ' if soak.interrupts else ''}"
          f"{'clean' if not soak.problems else f'{len(soak.problems)} problems'}")
    return 1 if soak.problems else 130 if soak.interrupts else 0


if __name__ == "__main__":
    os.environ["PYTHONUNBUFFERED"] = "1"
    sys.exit(main())
