# SPDX-License-Identifier: Apache-2.0
"""The includes of drivers/ make no circle, and neither do the calls between its files."""

import re

INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)
# A function's definition: a line that begins at column 0, is no prototype, and whose body opens in column 0.
DEFINITION = re.compile(r"^(?!static|#|\}|typedef)[a-z][\w \t*]*?\b(airvf_\w+)\([^;{]*?\)\n\{", re.M)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def circles(arrows):
    """Sets of nodes that reach each other (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(arrows.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            members = set(stack[stack.index(node):])
            del stack[stack.index(node):]
            if len(members) > 1:
                found.append(members)

    for node in sorted(arrows):
        if node not in index:
            visit(node)
    return found


def check(tree):
    for folder in sorted({p.rsplit("/", 1)[0] for p in tree.ending(".c") if p.startswith("drivers/")}):
        paths = [p for p in tree.ending(".c", ".h") if p.rsplit("/", 1)[0] == folder]
        files = {p.rsplit("/", 1)[1]: COMMENT.sub("", tree.text(p)) for p in paths}
        for circle in circles({name: set(INCLUDE.findall(text)) & files.keys() for name, text in files.items()}):
            yield f"{folder}/{min(circle)}", 1, "includes make a circle: " + " ".join(sorted(circle))

        sources = {name: text for name, text in files.items() if name.endswith(".c")}
        home = {function: name for name, text in sources.items() for function in DEFINITION.findall(text)}
        calls = {name: {home[f] for f in re.findall(r"\bairvf_\w+", text) if f in home} - {name}
                 for name, text in sources.items()}
        inside = set().union(*circles(calls))
        for name in sorted(inside):
            yield f"{folder}/{name}", 1, "calls make a circle: " + " ".join(sorted(calls[name] & inside))
