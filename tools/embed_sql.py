#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turn numbered SQL files into a C table of migrations: embed_sql.py OUT.c 0001_a.sql 0002_b.sql"""

import os
import sys


def c_string(text):
    lines = []
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("--"):
            continue
        escaped = line.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'        "{escaped}\\n"')
    return "\n".join(lines)


def main(out, paths):
    names = [os.path.basename(path) for path in paths]
    for expected, name in enumerate(names, 1):
        if name[:4] != f"{expected:04d}":
            sys.exit(f"embed_sql: {name} is out of place: {expected:04d}_*.sql comes here")
    parts = ['#include "store/migrations.h"\n\nconst char *const sqlite_migrations[] = {']
    for path in paths:
        with open(path, encoding="ascii") as f:
            parts.append(f"(\n{c_string(f.read())}),")     # clang suspects a missing comma otherwise
    parts.append("};\n")
    parts.append(f"const unsigned sqlite_migration_count = {len(paths)};\n")
    with open(out, "w", encoding="ascii") as f:
        f.write("\n".join(parts))


main(sys.argv[1], sys.argv[2:])
