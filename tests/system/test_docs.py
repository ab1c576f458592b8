# SPDX-License-Identifier: Apache-2.0
"""What the pages say can be done: links lead somewhere, and the commands work as printed."""
import os
import re
import shlex
import subprocess
import unittest

import harness

PAGES = sorted(path for pattern in ("*.md", "docs/**/*.md", "src/*/README.md")
               for path in harness.ROOT.glob(pattern))


def commands_of(path):
    """The maskline commands in indented or fenced blocks, continuation lines joined, with input."""
    text = path.read_text().replace("\\\n", " ")
    for match in re.finditer(r"^(?: {4,}|\$ |sudo )?(maskline [a-z].*)$", text, re.M):
        line, _, rest = match[1], None, text[match.end():]
        document = re.search(r"<<\s*'?(\w+)'?", line)
        given = ""
        if document:
            given = rest.split(document[1], 1)[0]
            line = line[:document.start()]
        yield line.split("  #")[0].strip(), "\n".join(part.strip() for part in given.split("\n")
                                                      if part.strip()) + "\n"


class Pages(unittest.TestCase):
    def test_links_between_pages_lead_somewhere(self):
        self.assertGreater(len(PAGES), 10)
        for page in PAGES:
            for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text()):
                with self.subTest(page=page.name, target=target):
                    self.assertTrue((page.parent / target).exists(), target)

    def test_paths_in_the_readme_exist(self):
        for path in re.findall(r"\bscript/\w+", (harness.ROOT / "README.md").read_text()):
            self.assertTrue((harness.ROOT / path).exists(), path)

    def test_every_option_in_the_pages_exists(self):
        known = {}
        for page in PAGES:
            for line, _ in commands_of(page):
                words = shlex.split(line, comments=True)[1:]
                name = [word for word in words if re.fullmatch("[a-z]+", word)]
                for count in (2, 1):
                    command = tuple(name[:count])
                    if command not in known:
                        done = subprocess.run([str(harness.binary()), *command, "--help"],
                                              capture_output=True, text=True, check=False,
                                              stdin=subprocess.DEVNULL)
                        known[command] = done.stdout if done.returncode == 0 else ""
                    if known[command]:
                        break
                for option in (word.split("=")[0] for word in words if word.startswith("--")):
                    with self.subTest(page=page.name, command=command, option=option):
                        self.assertRegex(known[command], rf"{option}\b")
        self.assertGreater(len(known), 8, known.keys())


class Readme(harness.Case):
    private = ("+919888800001", "+919888800002")

    def test_the_first_call_can_be_provisioned_as_printed(self):
        self.maskline.start()
        done = []
        for line, given in commands_of(harness.ROOT / "README.md"):
            words = shlex.split(line)[1:]
            if words[0] == "serve" or words[-1] == "ID":
                continue
            with self.subTest(line=line):
                self.maskline.run(*words, stdin=given)
                done.append(tuple(words[:2]))
        self.assertEqual(done, [("trunk", "add"), ("number", "add"), ("number", "add"),
                                ("session", "create"), ("call", "list")])
        self.finish()


class Guide(harness.Case):
    def run_page(self, name):
        """Runs the examples of a page of the guide; what it printed."""
        self.maskline.start()
        self.maskline.add_trunk("carrier", "127.0.0.11/32", "127.0.0.11:5060")
        for number in (harness.M1, harness.M2):
            self.maskline.add_number(number, "carrier")
        blocks = re.findall(r"^```sh\n(.*?)^```", (harness.ROOT / "docs/guide" / name).read_text(), re.M | re.S)
        self.assertGreater(len(blocks), 2)
        environment = dict(harness.environment(), MASKLINE_DATA=str(self.maskline.data),
                           PATH=f"{self.maskline.program.parent}:{os.environ['PATH']}")
        done = subprocess.run(["bash", "-euxo", "pipefail", "-c", "\n".join(blocks)],
                              capture_output=True, text=True, check=False, timeout=60, cwd=self.temp,
                              stdin=subprocess.DEVNULL, env=environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr[-3000:])
        self.finish()
        return done.stdout

    def test_the_examples_of_sessions_run_as_printed(self):
        said = self.run_page("sessions.md")
        for number in self.private:
            self.assertNotIn(number[1:], said)

    def test_the_examples_of_how_many_numbers_run_as_printed(self):
        said = self.run_page("how-many-numbers.md")
        page = (harness.ROOT / "docs/guide/how-many-numbers.md").read_text()
        printed = re.search(r"^```text\n(.*?)^```", page, re.M | re.S)[1]
        self.assertIn(re.sub(" +", " ", printed), re.sub(" +", " ", said))
        done = subprocess.run([harness.ROOT / "tests/unit/core/certificate.py", self.temp / "certificate.json"],
                              capture_output=True, text=True, check=False)
        self.assertIn("true: 0 numbers are needed", done.stdout)


if __name__ == "__main__":
    unittest.main()
