# SPDX-License-Identifier: Apache-2.0
"""Nothing names a place of the machine that it was written on: folders of users and of work are others elsewhere."""

import re

# What stands before says that it is not a path from the root: "$stage/root/.ssh", "a/work/b", "https://x/home/".
PLACE = re.compile(r"(?<![\w.~$}\])*/])(/(?:work|home|root|mnt|Users)/[\w.-]+|/tmp/vp\b)")


def check(tree):
    for path in tree.paths:
        if path.startswith(("tests/rules/", "LICENSES/")):
            continue
        for number, line in tree.lines(path):
            for found in PLACE.finditer(line):
                yield path, number, f"{found[1]} is a place of one machine"
