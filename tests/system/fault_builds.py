# SPDX-License-Identifier: Apache-2.0
"""Builds that are wrong on purpose (docs/design/fault-builds.md), made when they are asked for."""
import subprocess

import harness

BUILDS = harness.ROOT / "build"


def build(fault):
    """The program with this fault built in."""
    directory = BUILDS / f"fault-{fault}"
    if not (directory / "build.ninja").exists():
        subprocess.run(["meson", "setup", str(directory), f"-Dfault={fault}",
                        "--buildtype=debug"], cwd=harness.ROOT, check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(directory), "src/app/maskline"], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return directory / "src/app/maskline"
