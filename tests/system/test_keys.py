# SPDX-License-Identifier: Apache-2.0
"""Tenants and keys on the real server: by the command line, and across a kill -9."""
import json
import os
import stat
import urllib.error
import urllib.request

import harness


class Keys(harness.Case):
    def ask(self, path, key):
        """Status and JSON of a GET with this key."""
        url = (self.maskline.data / "endpoint").read_text().split()[0]
        request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {key}"})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def test_keys_and_what_became_of_them_outlive_the_server(self):
        self.maskline.start()
        self.maskline.run("tenant", "add", "acme")
        file = self.temp / "shop.key"
        made = self.maskline.json("key", "create", "shop", "--tenant", "acme", "--scope", "read",
                                  "--to", file)
        self.assertNotIn("key", made)
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        kept = file.read_text().strip()
        gone = self.maskline.json("key", "create", "old", "--tenant", "acme", "--scope", "read")
        self.maskline.run("key", "revoke", gone["id"])

        self.maskline.crash()
        self.assertEqual(self.ask("/v1/trunks", kept), (200, {"trunks": []}))
        self.assertEqual(self.ask("/v1/trunks", gone["key"])[0], 401)
        self.assertEqual(self.ask("/v1/tenants", kept)[0], 403)
        listed = self.maskline.json("key", "list")["keys"]
        self.assertEqual([(key["name"], key["tenant"]) for key in listed], [("shop", "acme")])
        self.assertIsNotNone(listed[0]["used_at"])
        self.assertTrue(self.maskline.json("audit", "verify")["intact"])
        self.finish()
        for path, content in self.maskline.files().items():
            self.assertNotIn(kept.encode(), content, path)
            self.assertNotIn(gone["key"].encode(), content, path)
        self.assertNotIn(kept, self.maskline.log())

    def test_a_tenants_key_serves_the_command_line(self):
        self.maskline.start()
        self.maskline.run("tenant", "add", "acme")
        file = self.temp / "acme.key"
        self.maskline.run("key", "create", "acme", "--tenant", "acme", "--scope", "provision",
                          "--scope", "read", "--to", file)
        self.maskline.add_trunk("north", "127.0.0.11", "127.0.0.11", "--token-file", file)
        self.assertIn("north", self.maskline.run("trunk", "list", "--token-file", file))
        self.assertIn("north", self.maskline.run("trunk", "list", "--tenant", "acme"))
        self.assertNotIn("north", self.maskline.run("trunk", "list"))
        with self.assertRaisesRegex(harness.Refused, "there is no such tenant"):
            self.maskline.run("trunk", "list", "--token-file", file, "--tenant", "default")
        with self.assertRaisesRegex(harness.Refused, "scope \"operate\""):
            self.maskline.run("session", "end", "s_x", "--token-file", file)
        with self.assertRaisesRegex(harness.Refused, "cannot be made"):
            self.maskline.run("key", "create", "x", "--scope", "read", "--to", file)
        with self.assertRaisesRegex(harness.Refused, "has keys, trunks, pools, numbers, sessions or blocked pairs"):
            self.maskline.run("tenant", "remove", "acme")
        self.finish()
