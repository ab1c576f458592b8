# SPDX-License-Identifier: Apache-2.0
"""Ports are given out once, across processes."""
import socket
import subprocess
import sys
import unittest

import ports

ASK = "import ports; print(*ports.free_range({0})); [print(ports.free_port('127.0.0.1'))" \
      " for _ in range(5)]; input()"


class Ports(unittest.TestCase):
    def test_two_processes_never_share_a_port(self):
        others = [subprocess.Popen([sys.executable, "-c", ASK.format(count)], text=True,
                                   cwd=ports.__file__.rsplit("/", 1)[0],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                  for count in (100, 16, 100, 16)]
        seen = []
        for other in others:
            first, last = map(int, other.stdout.readline().split())
            seen += range(first, last + 1)
            seen += [int(other.stdout.readline()) for _ in range(5)]
        for other in others:
            other.communicate("\n")
        self.assertEqual(len(seen), len(set(seen)))

    def test_within_a_process_nothing_is_given_out_twice(self):
        rows = [ports.free_range(16) for _ in range(20)] + [ports.free_range(100)]
        seen = [port for first, last in rows for port in range(first, last + 1)]
        seen += [ports.free_port("127.0.0.11") for _ in range(30)]
        self.assertEqual(len(seen), len(set(seen)))
        self.assertTrue(all(first % 2 == 0 for first, _ in rows))

    def test_a_released_block_may_be_claimed_again(self):
        before = len(ports._owned)
        first, _ = ports.free_range(100)
        ports.release(first)
        self.assertEqual(len(ports._owned), before)

    def test_a_port_in_use_is_not_given_out(self):
        first, last = ports.free_range(16)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
            holder.bind(("127.0.0.1", first))
            self.assertFalse(ports._is_free(socket.SOCK_DGRAM, "127.0.0.1", first))
            self.assertTrue(ports._is_free(socket.SOCK_DGRAM, "127.0.0.1", last))


if __name__ == "__main__":
    unittest.main()
