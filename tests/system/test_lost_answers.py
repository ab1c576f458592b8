# SPDX-License-Identifier: Apache-2.0
"""A connection that is lost after the work was done: the command line asks again, and it is done once."""
import re
import socket
import threading
import time

import harness
from harness import AGENT, CUSTOMER


class Cutter(threading.Thread):
    """A proxy that lets requests through and loses the answers to the next `cuts` of them."""

    def __init__(self, url):
        super().__init__(daemon=True)
        host, port = re.fullmatch(r"http://([\d.]+):(\d+)", url).groups()
        self.to = (host, int(port))
        self.cuts = 0
        self.keys = []
        self.goes_down = False  # once an answer is lost: nothing listens any more, or for so many seconds
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]

    @staticmethod
    def message(connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return data
            data += more
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", data)
        end = data.index(b"\r\n\r\n") + 4 + (int(length.group(1)) if length else 0)
        while len(data) < end:
            more = connection.recv(65536)
            if not more:
                break
            data += more
        return data

    def start_again(self):
        if self.goes_down is not True:
            time.sleep(self.goes_down)
            self.listener = socket.create_server(self.address)

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, socket.create_connection(self.to) as server:
                request = self.message(connection)
                key = re.search(rb"\r\nIdempotency-Key: (\S+)\r\n", request)
                self.keys.append(key.group(1).decode() if key else None)
                server.sendall(request)
                answer = self.message(server)
                if self.cuts:
                    self.cuts -= 1
                    if self.goes_down:
                        self.listener.close()
                        connection.close()
                        self.start_again()
                else:
                    connection.sendall(answer)

    def close(self):
        if self.listener.fileno() >= 0:
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class LostAnswers(harness.Case):
    def setUp(self):
        super().setUp()
        self.maskline.start()
        self.maskline.provision(5060, 5060)
        self.cutter = Cutter((self.maskline.data / "endpoint").read_text().strip())
        self.cutter.start()
        self.addCleanup(self.cutter.close)

    def lose(self, cuts, *arguments, **options):
        self.cutter.cuts = cuts
        self.cutter.keys = []
        return self.maskline.run(*arguments, "--server", self.cutter.url, **options)

    def test_each_kind_of_write_is_done_once(self):
        before = len(self.maskline.json("session", "list")["sessions"])
        self.lose(2, "session", "create", "--party", "-", "--party", "-", stdin="+919888800021\n+919888800022\n")
        self.assertEqual(len(self.maskline.json("session", "list")["sessions"]), before + 1)
        self.assertEqual(len(self.cutter.keys), 3)
        self.assertEqual(len(set(self.cutter.keys)), 1)
        self.assertRegex(self.cutter.keys[0], r"^cli-[0-9a-f]{32}$")

        self.lose(1, "pool", "add", "riders")
        self.lose(1, "pool", "set", "riders", "--name", "drivers")
        self.lose(1, "pool", "remove", "drivers")
        session = self.maskline.json("session", "list")["sessions"][0]["id"]
        self.lose(1, "session", "end", session)
        self.assertEqual(len(self.cutter.keys), 2)
        self.finish()

    def test_a_reference_is_a_key_of_its_own(self):
        arguments = ("session", "create", "--party", "-", "--party", "-", "--reference", "order-17")
        self.lose(1, *arguments, stdin="+919888800021\n+919888800022\n")
        self.assertEqual(self.cutter.keys, [None, None])
        sessions = self.maskline.json("session", "list")["sessions"]
        self.assertEqual([one["reference"] for one in sessions].count("order-17"), 1)
        self.finish()

    def test_what_cannot_be_told_again_is_said_to_be_done(self):
        lost = self.lose(1, "key", "create", "shop", "--scope", "read", check=False)
        self.assertEqual(lost.returncode, 1)
        self.assertIn("the connection was lost, and what was asked for then may have been done", lost.stderr)
        self.assertIn("this was done already", lost.stderr)
        self.assertEqual(len(self.maskline.json("key", "list")["keys"]), 1)
        self.finish()

    def test_a_write_is_not_asked_for_again_where_the_server_went_down(self):
        self.cutter.goes_down = True
        lost = self.lose(1, "pool", "add", "riders", check=False)
        self.assertEqual(lost.returncode, 1)
        self.assertIn("may have been done: look before you repeat it", lost.stderr)
        self.assertEqual(len(self.cutter.keys), 1)
        self.assertIn("riders", [pool["name"] for pool in self.maskline.json("pool", "list")["pools"]])
        self.finish()

    def test_a_reference_and_a_read_wait_for_a_server_that_starts_again(self):
        for arguments in (("session", "create", "--party", "-", "--party", "-", "--reference", "order-18"), ("pool", "list")):
            with self.subTest(arguments[0]):
                self.cutter.goes_down = 0.3
                self.lose(1, *arguments, stdin="+919888800021\n+919888800022\n")
                self.assertEqual(self.cutter.keys, [None, None])
        sessions = self.maskline.json("session", "list")["sessions"]
        self.assertEqual([one["reference"] for one in sessions].count("order-18"), 1)
        self.finish()

    def test_a_server_that_never_answers_is_given_up(self):
        lost = self.lose(99, "trunk", "list", check=False)
        self.assertEqual(lost.returncode, 1)
        self.assertIn("maskline: ", lost.stderr)
        self.assertEqual(len(self.cutter.keys), 5)
        self.assertNotIn(AGENT, lost.stderr)
        self.assertNotIn(CUSTOMER, lost.stderr)
        self.finish()
