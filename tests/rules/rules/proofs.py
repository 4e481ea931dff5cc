# SPDX-License-Identifier: Apache-2.0
"""What the tables of docs/bridge-proofs.md name is there: modules of the RTL, cases of tests/host, patches of
tests/mutation. Ports (_i, _o) are not looked up."""

import re

PAGE = "docs/bridge-proofs.md"
NAME = re.compile(r"`([\w.-]+)`")
CASE = re.compile(r"^TEST_[FP]\((\w+),\s*(\w+)\)")


def check(tree):
    if PAGE not in tree.paths:
        return
    cases = {".".join(found.groups()) for p in tree.paths if re.fullmatch(r"tests/host/\w+\.cpp", p)
             for _, line in tree.lines(p) if (found := CASE.match(line))}
    files = {p.rsplit("/", 1)[-1] for p in tree.paths if p.startswith(("rtl/", "tests/mutation/"))}
    for number, line in tree.lines(PAGE):
        if not line.startswith("|"):
            continue
        for name in NAME.findall(line):
            if "." in name:
                if name not in cases:
                    yield PAGE, number, f"no case of tests/host is called {name}"
            elif not name.endswith(("_i", "_o")) and not files & {f"{name}.sv", f"{name}.patch"}:
                yield PAGE, number, f"{name} is neither a module nor a mutation"
