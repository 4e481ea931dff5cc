# SPDX-License-Identifier: Apache-2.0
"""The version stands in dkms.conf; the newest release that CHANGELOG.md tells of is that one."""

import re


def check(tree):
    version = re.search(r'^PACKAGE_VERSION="([^"]+)"', tree.text("dkms.conf"), re.M)
    if not version:
        yield "dkms.conf", 1, "no PACKAGE_VERSION"
        return
    for number, line in tree.lines("CHANGELOG.md"):
        release = re.match(r"## (?:v)?(\d\S*)", line)
        if release:
            if release[1] != version[1]:
                yield "CHANGELOG.md", number, f"the newest release is {release[1]}, dkms.conf says {version[1]}"
            return
    yield "CHANGELOG.md", 1, "tells of no release"
