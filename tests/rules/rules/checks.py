# SPDX-License-Identifier: Apache-2.0
"""No test that cannot fail: a case of GoogleTest asserts something, itself or in a function of its file; a check of a
shell script does not end in what always succeeds."""

import re

CASE = re.compile(r"^TEST(?:_F|_P)?\((\w+), (\w+)\) \{$(.*?)^\}", re.M | re.S)
# Functions and members, whose bodies end where their own line was indented to.
FUNCTION = re.compile(r"^( *)[\w:<>*&,. ]*?\b(\w+)\([^;{}]*\)(?: const| override)* \{$(.*?)^\1\}", re.M | re.S)
ASSERTS = re.compile(r"\b(?:EXPECT|ASSERT)_\w+\(|\bFAIL\(|\bADD_FAILURE")
VACUOUS = re.compile(r"\b(?:EXPECT|ASSERT)_(?:TRUE\(true\)|FALSE\(false\)|GE\([^;]*, 0[uU]\)|LE\(0[uU],)")
ALWAYS = re.compile(r"""^\s*check\s.*(?:\|\||;|\s)\s*(?:true|:)\s*["']?\s*$""")


def check(tree):
    for path in tree.ending("_test.cpp"):
        text = tree.text(path)
        for found in VACUOUS.finditer(text):
            yield path, text.count("\n", 0, found.start()) + 1, f"{found[0]} cannot fail"
        helpers = {f[2]: f[3] for f in FUNCTION.finditer(text) if not f[2].startswith("TEST")}
        asserting = {name for name, body in helpers.items() if ASSERTS.search(body)}
        while grown := {name for name, body in helpers.items() if calls(body, asserting)} - asserting:
            asserting |= grown
        for case in CASE.finditer(text):
            if not ASSERTS.search(case[3]) and not calls(case[3], asserting):
                yield path, text.count("\n", 0, case.start()) + 1, f"{case[1]}.{case[2]} asserts nothing"
    for path in sorted({*tree.ending(".sh"), *tree.scripts("sh")}):
        for number, line in tree.lines(path):
            if ALWAYS.match(line):
                yield path, number, "this check cannot fail"


def calls(body, names):
    return any(re.search(rf"\b{name}\(", body) for name in names)
