# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced first by scripts that install packages: they run inside the tool root, never on the machine itself.
if [ -z "${IN_TOOLROOT:-}" ]; then
	printf '%s: installs packages, so it runs only inside the tool root: tools/toolroot run %s (TOOLROOT=none has none)\n' \
		"${0##*/}" "$0" >&2
	exit 2
fi
