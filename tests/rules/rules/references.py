# SPDX-License-Identifier: Apache-2.0
"""What comments and documentation point to is there: files, folders, links, sections, make targets. Commands of pages stand
in ```sh blocks, which tests/docs/run runs, RTL, units and rules in ```systemverilog, ```systemd and ```udev blocks, which
tests/docs/examples checks; other blocks are pictures."""

import pathlib
import posixpath
import re

# Products of a build, and what lies in other trees (the kernel's, QEMU's).
FOREIGN = ("build/", "tools/testing/", "tools/net/", "drivers/net", "drivers/pci", "drivers/char", "docs/devel/")
# File names that are not ours: products, placeholders (NAME), selftests of the kernel.
PLACEHOLDER = re.compile(r"(^|/)NAME[._]")
NOT_OURS = re.compile(r"^(summary\.md|[A-Z]+\.toml|V\w+\.cpp|gro\.sh|stdint\.h)$")

# A path below one of our folders, and a bare file name in a comment, or in quotes or backticks.
PATH = re.compile(r"(?<![\w./$}<>*-])((?:docs|sim|rtl|tests|tools|drivers|cmake|LICENSES)/[\w./*+-]*[\w*])")
NAME = re.compile(r"(?<![\w./$}*<-])([\w-]+\.(?:hpp|cpp|sv|vlt|md|toml|sh|c|h|lua|cmake))(?![\w/*-]|\.\w)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
TARGET = re.compile(r"`make ([a-z][a-z-]*)")
SECTION = re.compile(r'section "([^"]+)" (?:of|in) \[?`?([\w./-]+\.md)|\b(\w+) section (?:of|in) \[?`?([\w./-]+\.md)')
FENCE = re.compile(r"^\s*```(\w*)")
COMMAND = re.compile(r"^\s*(?:[$#] |sudo |make |tools/|tests/|build/|apt |git |cd |vfpool-|ip |echo |insmod |modprobe )")
MAN = re.compile(r"\b([A-Z]{4,}) in the man page")
COMMENT = {
    (".cpp", ".hpp", ".c", ".h", ".sv", ".vlt"): re.compile(r"//(.*)|^\s*/?\*+(.*)|/\*(.*)"),
    (".lua",): re.compile(r"--(.*)"),
}
HASH = re.compile(r"(?:^|\s)#(.*)")


def prose(path, line):
    """The part of a line that is written for people."""
    if path.endswith((".md", ".4")):
        return line
    for endings, pattern in COMMENT.items():
        if path.endswith(endings):
            found = pattern.search(line)
            return next((g for g in found.groups() if g), "") if found else ""
    found = HASH.search(line)
    return found[1] if found else ""


def headings(tree, path):
    return [line.lstrip("# ").strip() for _, line in tree.lines(path) if line.startswith("#")]


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def check(tree):
    there = set(tree.paths)
    folders = {str(parent) for p in tree.paths for parent in pathlib.PurePosixPath(p).parents}
    names = {p.rsplit("/", 1)[-1] for p in tree.paths}
    stems = {p.rsplit(".", 1)[0] for p in tree.paths}
    targets = set()
    if "Makefile" in there:
        targets = set(re.findall(r"^([a-z][a-z-]*):", tree.text("Makefile"), re.M))

    def exists(path):
        path = path.rstrip("./")
        if path in there or path in folders or path in stems or path.startswith(FOREIGN):
            return True
        return "*" in path and any(pathlib.PurePosixPath(p).match(path) for p in there | folders)

    for path in tree.paths:
        if path.endswith((".json", ".txt", ".svg")) or path.startswith("tests/rules/"):
            continue
        fence = None
        for number, line in tree.lines(path):
            text = prose(path, line)
            if path.endswith(".md"):
                found = FENCE.match(line)
                if found:
                    fence = found[1] if fence is None else None
                    if fence not in (None, "", "sh", "systemverilog", "systemd", "udev"):
                        yield path, number, f"no test looks at a block of {fence}"
                elif fence == "" and COMMAND.match(line):
                    yield path, number, "a command in a block that is not called sh: no test runs it"
                yield from links(tree, path, number, text, there, folders)
                text = LINK.sub("]", text)
            for found in PATH.finditer(text):
                if PLACEHOLDER.search(found[1]):
                    continue
                if not exists(found[1]) and not exists(posixpath.join(posixpath.dirname(path), found[1])):
                    yield path, number, f"{found[1]} does not exist"
            for found in NAME.finditer(text):
                if found[1] not in names and not NOT_OURS.match(found[1]) and not PLACEHOLDER.search(found[1]):
                    yield path, number, f"no file is called {found[1]}"
            for target in TARGET.findall(text):
                if target not in targets:
                    yield path, number, f"there is no `make {target}`"
            for found in SECTION.finditer(text):
                section, page = (found[1], found[2]) if found[1] else (found[3], found[4])
                pages = [p for p in tree.paths if p.rsplit("/", 1)[-1] == page.rsplit("/", 1)[-1]]
                if pages and section.lower() not in ("a", "the", "this", "each", "every"):
                    if not any(section.lower() in h.lower() for p in pages for h in headings(tree, p)):
                        yield path, number, f'{page} has no section "{section}"'
            for section in MAN.findall(text):
                pages = tree.ending(".1", ".4", ".5", ".7", ".8")
                if not any(f".SH {section}" in tree.text(p) for p in pages):
                    yield path, number, f"no man page has a section {section}"


def links(tree, path, number, text, there, folders):
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, section = link.partition("#")
        where = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path
        if where not in there and where not in folders:
            yield path, number, f"link to {link}: no such file"
        elif section and section not in [anchor(h) for h in headings(tree, where)]:
            yield path, number, f"link to {link}: no such section"
