#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""transports: CPU of a masked call over TCP and over TLS, beside the same call over UDP.

The daemon on core 0, the generator (tests/load) on core 1, in turn: UDP, TCP, TLS, UDP ... Both
legs of a call use the transport; connections are made once and used by all calls. TLS shows
certificates on both sides, of an authority that is made for the run. Everything else is as in
signalling.py.
"""

import argparse
import pathlib
import statistics
import sys
import tempfile

import signalling
from signalling import CALLEE, CALLER, cpu_ns, free_port

sys.path.insert(0, str(signalling.HERE.parent / "load"))

import transport_setup  # noqa: E402


class Maskline(signalling.Maskline):
    """Its trunks, and where it listens, for one transport."""

    def __init__(self, work, callee_port, binary, transport):
        self.transport = transport
        self.work = work
        super().__init__(work, callee_port, binary)

    def more_settings(self):
        if self.transport == "tls":
            transport_setup.make(self.work, [CALLER, CALLEE])
        if self.transport != "udp":
            self.port = free_port(transport_setup.SERVER)
        return transport_setup.settings(self.transport, getattr(self, "port", 0), self.work)

    def trunk_options(self):
        return ["--transport", self.transport]


def one_run(binary, generator, transport, rate, seconds):
    """CPU of a call in microseconds."""
    with tempfile.TemporaryDirectory(prefix="maskline-bench-") as folder:
        callee_port = free_port(CALLEE)
        system = Maskline(pathlib.Path(folder), callee_port, binary, transport)
        more = transport_setup.generator_options(transport, system.work)
        try:
            # The first run makes the connections, and they end with it; the second one's handshakes
            # are two among many thousand calls.
            signalling.generate(generator, system.port, callee_port, min(rate, 200), 1, more)
            before = cpu_ns(system.process.pid)
            seen = signalling.generate(generator, system.port, callee_port, rate, seconds, more)
            after = cpu_ns(system.process.pid)
        finally:
            clean = system.stop()
    calls = int(seen["started"])
    bad = int(seen["failed"] + seen["leaks"] + seen["wrong"] + seen["stuck"] + seen["broken"])
    cost = (after - before) / 1e3 / calls
    print(f"  {transport}: {cost:.1f} us of CPU a call, {calls} calls, {bad} failed or wrong, "
          f"ringing after p50 {seen['p50_us']:.0f} us p99 {seen['p99_us']:.0f} us", flush=True)
    if bad or not clean:
        sys.exit(f"transports: calls over {transport} failed, or the end was not clean; the figure "
                 f"would mean nothing")
    return cost


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build-bench", help="folder of the release build")
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    build = pathlib.Path(options.build).resolve()
    binary, generator = str(build / "src/app/maskline"), str(build / "tests/load/masked_load")
    costs = {"udp": [], "tcp": [], "tls": []}
    for turn in range(options.runs):
        print(f"transports: round {turn + 1} of {options.runs}, {options.rate} calls/s for "
              f"{options.seconds} s each", flush=True)
        for transport, so_far in costs.items():
            so_far.append(one_run(binary, generator, transport, options.rate, options.seconds))
    for transport in ("tcp", "tls"):
        ratios = [a / b for a, b in zip(costs[transport], costs["udp"])]
        print(f"bench transports-{transport} ours={statistics.median(costs[transport]):.1f}us "
              f"peer=udp:{statistics.median(costs['udp']):.1f}us "
              f"ratio={statistics.median(ratios):.2f} min={min(ratios):.2f} max={max(ratios):.2f} "
              f"runs={len(ratios)}")


if __name__ == "__main__":
    main()
