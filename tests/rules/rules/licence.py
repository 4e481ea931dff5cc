# SPDX-License-Identifier: Apache-2.0
"""Every file names its licence in its first lines: GPL-2.0-only for the kernel modules, Apache-2.0 for the rest."""

# The licences themselves, and what has no comments: lists that several tools read line by line (.f), pages, data.
EXEMPT = ("LICENSE", ".json", ".md", ".gitignore", ".svg", ".pcapng", ".f")
# tests/airvf/pure_user.h is compiled together with the driver's pure code.
GPL = ("drivers/", "Kbuild", "docs/man/", "tests/airvf/pure_user.h")
# Shared with user space.
EITHER = ("drivers/include/",)


def check(tree):
    for path in tree.paths:
        if path.startswith(EXEMPT) or path.endswith(EXEMPT):
            continue
        head = "\n".join(tree.text(path).splitlines()[:3])
        wanted = "GPL-2.0-only" if path.startswith(GPL) else "Apache-2.0"
        if "SPDX-License-Identifier:" not in head:
            yield path, 1, "no SPDX-License-Identifier in the first three lines"
        elif wanted not in head and not path.startswith(EITHER):
            yield path, 1, f"the licence here is {wanted}"
