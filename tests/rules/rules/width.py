# SPDX-License-Identifier: Apache-2.0
"""No line is wider than a reader's window: 140 columns, a tab counting 4; in kernel code 100, a tab counting 8.

C++ has clang-format for this (120) and kernel code checkpatch; here is the rest."""

# Tables, and data that nobody reads line by line.
EXEMPT = (".md", ".json", ".txt", ".svg", "LICENSE", ".cpp", ".hpp", ".c", ".h", ".pcapng", ".toml")


def check(tree):
    for path in tree.paths:
        if path.endswith(EXEMPT):
            continue
        most, tab = (100, 8) if path.startswith("drivers/") or path == "Kbuild" else (140, 4)
        for number, line in tree.lines(path):
            width = len(line.expandtabs(tab))
            if width > most:
                yield path, number, f"{width} columns, more than {most}"
