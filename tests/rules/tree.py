# SPDX-License-Identifier: Apache-2.0
"""The checkout as the rules see it: what git knows, and what it would take in with the next `git add`."""

import pathlib
import subprocess


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout
        self.paths = sorted(p for p in set(listed.split("\0")) if p and (self.root / p).is_file())
        self.read = set()  # what a rule has looked at

    def text(self, path):
        self.read.add(path)
        return (self.root / path).read_text(errors="replace")

    def lines(self, path):
        """Pairs of number (from 1) and line."""
        return enumerate(self.text(path).splitlines(), 1)

    def ending(self, *suffixes):
        return [p for p in self.paths if p.endswith(suffixes)]

    def scripts(self, interpreter):
        """Files whose first line names this interpreter."""
        for path in self.paths:
            with open(self.root / path, "rb") as file:
                first = file.readline(200)
            if first.startswith(b"#!") and interpreter.encode() in first:
                yield path
