# SPDX-License-Identifier: Apache-2.0
"""Python scripts compile."""


def check(tree):
    for path in sorted({*tree.ending(".py"), *tree.scripts("python3")}):
        try:
            compile(tree.text(path), path, "exec")
        except SyntaxError as error:
            yield path, error.lineno or 1, error.msg
