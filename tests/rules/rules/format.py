# SPDX-License-Identifier: Apache-2.0
"""C++ is written as clang-format writes it (.clang-format)."""

import re
import subprocess

FAULT = re.compile(r"^(\S+?):(\d+):\d+: error: (.*)")


def check(tree):
    paths = tree.ending(".cpp", ".hpp")
    tree.read.update(paths)
    if not paths:
        return
    command = ["clang-format", "--dry-run", "-Werror", *paths]
    done = subprocess.run(command, cwd=tree.root, capture_output=True, text=True)
    found = False
    for line in done.stderr.splitlines():
        if match := FAULT.match(line):
            found = True
            yield match[1], int(match[2]), "not as clang-format writes it (clang-format -i)"
    if done.returncode and not found:
        yield ".clang-format", 1, f"clang-format ended with status {done.returncode}: {done.stderr.strip()[:200]}"
