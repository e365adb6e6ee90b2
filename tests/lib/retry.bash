# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A test that retries says so, and why; the suite counts these lines.

# retried CAUSE: a comment on the TAP stream, which is descriptor 3 in bats
retried()
{
	[ -n "${1-}" ] || { echo "retried: the cause is missing"; return 1; }
	printf '# retried: %s\n' "$1" >&3
}
