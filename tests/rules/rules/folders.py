# SPDX-License-Identifier: Apache-2.0
"""The parts of sim/ stand in an order (VFPOOL_PARTS in sim/CMakeLists.txt): a part includes, and in its DEPENDS names,
only itself and parts before it. sim/ knows nothing of tests/, and a part of the list is a folder that is there."""

import pathlib
import re

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def order(tree):
    found = re.search(r"set\(VFPOOL_PARTS\s+([a-z0-9_\s]+)\)", tree.text("sim/CMakeLists.txt"), re.S)
    return found[1].split() if found else []


def check(tree):
    parts = order(tree)
    if not parts:
        yield "sim/CMakeLists.txt", 1, "no list VFPOOL_PARTS"
    place = {part: n for n, part in enumerate(parts)}
    folders = {p.split("/")[1] for p in tree.paths if p.startswith("sim/") and p.count("/") >= 2}
    for part in parts:
        if part not in folders:
            yield "sim/CMakeLists.txt", 1, f"part {part} has no folder"

    for path in tree.paths:
        pieces = path.split("/")
        if pieces[0] != "sim" or pieces[1] not in place:
            continue
        mine = place[pieces[1]]
        if path.endswith((".cpp", ".hpp")):
            for number, line in tree.lines(path):
                include = INCLUDE.match(line)
                if not include:
                    continue
                other = include[1].split("/")[0]
                if place.get(other, -1) > mine:
                    yield path, number, f"{pieces[1]} includes {include[1]}, and {other} comes later in VFPOOL_PARTS"
                elif include[1].startswith(("tests/", "../")):
                    yield path, number, f"{include[1]} is not a part of sim/"
        elif pathlib.Path(path).name == "CMakeLists.txt":
            yield from depends(tree, path, pieces[1], mine, place)


def depends(tree, path, part, mine, place):
    """Libraries that the part itself links; its tests and programs may link what comes later."""
    named = rf"(vfpool_part|target_link_libraries)\(\s*({part}|vfpool_{part})\b(.*?)\)"
    for call in re.finditer(named, tree.text(path), re.S):
        number = tree.text(path).count("\n", 0, call.start()) + 1
        for other in re.findall(r"\bvfpool_(\w+)", call[3]):
            if place.get(other, -1) > mine:
                yield path, number, f"{part} depends on {other}, which comes later in VFPOOL_PARTS"
