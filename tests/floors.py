#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that includes, and the libraries a floor links, go downward only.

floors.py [--build DIR] [ROOT]   checks the sources in ROOT and, with DIR, what its build links
floors.py --self-test [ROOT]     plants wrong includes in a copy of ROOT and expects to be told
"""
import argparse
import pathlib
import re
import shutil
import sys
import tempfile

FLOORS = {"base": 0, "wire": 1, "core": 1, "io": 2, "sip": 3, "media": 3, "store": 3, "hook": 3,
          "call": 4, "api": 5, "app": 6}
# The command line speaks the public API: it sees three floors, and only app starts it.
CLI_SEES = {"base", "wire", "io", "cli"}

SOURCES = {".c", ".h", ".cc", ".cpp", ".hpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def may_see(floor, other):
    """Whether a file of `floor` may include, or link, one of `other`."""
    if floor == "cli":
        return other in CLI_SEES
    if other == "cli":
        return floor == "app"
    if floor == other:
        return True
    return FLOORS[other] < FLOORS[floor]


def floor_of(path, root):
    """The floor that a source belongs to, or None: src/<floor>/ and tests/unit/<floor>/."""
    parts = path.relative_to(root).parts
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    if parts[:2] == ("tests", "unit") and len(parts) > 3:
        return parts[2]
    return None


def known(floor):
    return floor in FLOORS or floor == "cli"


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def check_file(path, root):
    floor = floor_of(path, root)
    if floor is None:
        return
    where = path.relative_to(root)
    if not known(floor):
        yield f"{where}: '{floor}' is no floor"
        return
    text = path.read_text(encoding="utf-8")
    for match in INCLUDE.finditer(text):
        target = match.group(1)
        other = target.split("/")[0]
        at = f"{where}:{line_of(text, match.start())}"
        if "/" not in target or not known(other):
            local = where.parts[0] == "tests" and any(
                (folder / target).is_file()
                for folder in (path.parent, root / "tests", root / "tests/unit"))
            if not local:
                yield f'{at}: "{target}" is not written as "floor/file.h"'
        elif not may_see(floor, other):
            yield f'{at}: {floor} may not include "{target}"'


def check_sources(root):
    """Every violation as a line of text, and the number of files that were read."""
    files = sorted(path for top in ("src", "tests/unit") for path in (root / top).rglob("*")
                   if path.suffix in SOURCES)
    return [problem for path in files for problem in check_file(path, root)], len(files)


def check_links(text):
    """What build.ninja links into the links-<floor> programs and the unit tests of each floor."""
    problems = []
    found = re.findall(r"^build (tests/(?:links|unit)/\S+): (?:c|cpp)_LINKER\S* (.*)$", text,
                       re.MULTILINE)
    for target, inputs in found:
        parts = pathlib.PurePosixPath(target).parts
        floor = parts[-1].removeprefix("links-") if parts[1] == "links" else parts[2]
        for other in re.findall(r"src/([a-z]+)/lib\1\.a", inputs):
            if not may_see(floor, other):
                problems.append(f"{target}: {floor} may not link {other}")
    return problems, len(found)


PLANTED = [
    ("src/base/planted.c", '#include "wire/sip_msg.h"\n', "upward"),
    ("src/wire/planted.h", '#include "core/mask.h"\n', "sibling"),
    ("src/media/planted.c", '  #  include "sip/sip_ua.h"\n', "sibling, oddly spaced"),
    ("src/cli/planted.c", '#include "core/mask.h"\n', "below, but not the command line's"),
    ("src/api/planted.c", '#include "cli/cli.h"\n', "the command line from a floor"),
    ("src/core/planted.c", '#include "mask.h"\n', "without its floor"),
    ("src/core/planted2.c", '#include "../io/io.h"\n', "by a relative path"),
    ("tests/unit/core/planted.c", '#include "io/io.h"\n', "upward from a unit test"),
    ("src/attic/planted.c", '#include "base/err.h"\n', "a folder that is no floor"),
]
PLANTED_LINK = "build tests/links/links-wire: c_LINKER x.o | src/base/libbase.a src/io/libio.a"
ALLOWED = [
    ("src/call/planted_good.c", '#include "sip/sip_ua.h"\n#include "call/calls.h"\n'),
    ("src/app/planted_good.c", '#include "cli/cli.h"\n#include "api/api.h"\n'),
    ("src/sip/planted_good.c", '#include <stdint.h>\n#include "core/trunk.h"\n'),
]


def self_test(root):
    """Each planted include must be named, and nothing that was allowed."""
    wrong = []
    if not check_links(PLANTED_LINK)[0]:
        wrong.append("a planted link was not noticed")
    with tempfile.TemporaryDirectory(prefix="maskline-floors-") as temp:
        copy = pathlib.Path(temp)
        for top in ("src", "tests/unit"):
            shutil.copytree(root / top, copy / top)
        for name, text in [plant[:2] for plant in PLANTED] + ALLOWED:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_text("/* planted */\n" + text, encoding="utf-8")
        problems, _ = check_sources(copy)
    for name, _, why in PLANTED:
        if not any(problem.startswith(name) for problem in problems):
            wrong.append(f"a planted include was not noticed: {name} ({why})")
    for name, _ in ALLOWED:
        if any(problem.startswith(name) for problem in problems):
            wrong.append(f"an include that is allowed was refused: {name}")
    return wrong, len(PLANTED) + len(ALLOWED) + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("root", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    args = parser.parse_args()
    if args.self_test:
        problems, count = self_test(args.root)
        done = f"{count} planted includes and links judged rightly"
    else:
        problems, count = check_sources(args.root)
        done = f"{count} files look downward only"
        if args.build:
            linked, programs = check_links(
                (args.build / "build.ninja").read_text(encoding="utf-8"))
            problems += linked
            done += f", {programs} programs link downward only"
            if not programs:
                problems.append(f"{args.build}: no program found to check")
    if not count:
        problems.append("no file found to check")
    for problem in problems:
        print(f"floors: {problem}")
    if not problems:
        print(f"floors: {done}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
