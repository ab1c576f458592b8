# SPDX-License-Identifier: Apache-2.0
"""Completion as bash does it: its own function, called with the words of a line."""
import re
import shutil
import subprocess
import unittest

import harness


def ask(*args):
    return subprocess.run([harness.binary(), *args], capture_output=True, text=True, timeout=30,
                          check=False, env=harness.environment())


class Completion(unittest.TestCase):
    def complete(self, *words):
        """What bash would offer for the last of the words."""
        script = ask("completion", "bash")
        self.assertEqual(script.returncode, 0, script.stderr)
        quoted = " ".join(f"'{word}'" for word in ("maskline", *words))
        done = subprocess.run(
            ["bash", "--norc", "-c", script.stdout +
             f"COMP_WORDS=({quoted}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _maskline\n"
             'printf "%s\\n" "${COMPREPLY[@]}"'],
            capture_output=True, text=True, timeout=30, check=False, cwd=harness.ROOT)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_commands_and_their_verbs_are_offered(self):
        self.assertLessEqual({"serve", "trunk", "number", "backup", "restore", "help"},
                             self.complete(""))
        self.assertEqual(self.complete("bac"), {"backup"})
        self.assertLessEqual({"add", "list", "import", "drain"}, self.complete("number", ""))
        self.assertEqual(self.complete("number", "im"), {"import"})
        self.assertEqual(self.complete("help", "number", "im"), {"import"})

    def test_options_are_those_of_the_command(self):
        offered = self.complete("number", "import", "x.csv", "--")
        self.assertLessEqual({"--dry-run", "--trunk", "--json", "--data", "--help"}, offered)
        self.assertNotIn("--peer", offered)
        self.assertEqual(self.complete("backup", "create", "--key"), {"--key-file"})
        self.assertEqual(self.complete("serve", "--no-k"), {"--no-keeper"})

    def test_files_are_offered_where_a_file_is_wanted_and_nothing_where_a_name_is(self):
        self.assertEqual(self.complete("serve", "--config", "meson.b"), {"meson.build"})
        self.assertEqual(self.complete("number", "import", "meson.b"), {"meson.build"})
        self.assertEqual(self.complete("number", "add", "x", "--trunk", ""), set())

    def test_every_command_and_every_option_of_the_reference_is_offered(self):
        page = (harness.ROOT / "docs/reference/cli.md").read_text()
        parts = re.split(r"^## maskline ", page, flags=re.M)[1:]
        self.assertGreater(len(parts), 20)
        for part in parts:
            words = part.splitlines()[0].split()
            options = set(re.findall(r"^\| `(--[a-z0-9-]+)", part, flags=re.M))
            offered = self.complete(*words, "--") if options else set()
            self.assertLessEqual(options, offered, words)

    def test_other_shells_have_a_script_that_they_can_read(self):
        for shell in ("zsh", "fish"):
            script = ask("completion", shell)
            self.assertEqual(script.returncode, 0)
            self.assertIn("maskline", script.stdout)
            if shutil.which(shell):
                done = subprocess.run([shell, "-n"], input=script.stdout, capture_output=True,
                                      text=True, timeout=30, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
        refused = ask("completion", "tcsh")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("bash, zsh and fish", refused.stderr)


if __name__ == "__main__":
    unittest.main()
