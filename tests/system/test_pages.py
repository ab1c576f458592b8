# SPDX-License-Identifier: Apache-2.0
"""Lists of the command line that are longer than the server's longest page: a proxy makes the pages short."""
import http.server
import threading
import urllib.error
import urllib.request

import harness


class Shortener(http.server.BaseHTTPRequestHandler):
    """Asks for pages of one in place of pages of a thousand."""

    def do_GET(self):
        self.server.paths.append(self.path)
        request = urllib.request.Request(self.server.to + self.path.replace("limit=1000", "limit=1"),
                                         headers={"Authorization": self.headers["Authorization"]})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            status, body = refused.code, refused.read()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


class Pages(harness.Case):
    def setUp(self):
        super().setUp()
        self.maskline.start()
        self.maskline.provision(5060, 5060)
        self.proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shortener)
        self.proxy.to = (self.maskline.data / "endpoint").read_text().strip()
        self.proxy.paths = []
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()
        self.addCleanup(self.proxy.server_close)
        self.addCleanup(self.proxy.shutdown)

    def test_each_list_goes_on_after_its_first_page(self):
        for last in "234":
            self.maskline.run("block", "add", "--party", "-", "--party", "-",
                              stdin=f"+919888800021\n+91988880002{last}\n")
        for name in ("riders", "drivers"):
            self.maskline.run("pool", "add", name)
            self.maskline.run("key", "create", name, "--scope", "read")
        for noun in ("block", "pool", "key", "number"):
            with self.subTest(noun):
                whole = self.maskline.json(noun, "list")[noun + "s"]
                self.assertGreater(len(whole), 1)
                self.proxy.paths.clear()
                url = "http://127.0.0.1:%d" % self.proxy.server_port
                self.assertEqual(self.maskline.json(noun, "list", "--server", url)[noun + "s"], whole)
                self.assertGreaterEqual(len(self.proxy.paths), len(whole))
        self.finish()
