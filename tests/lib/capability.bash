# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What this machine's kernel does, for tests whose expectation depends on it. Source it
# with `load ../lib/capability`.

# capability NAME: yes, no or unknown, as `pagestorm doctor` finds by trying
capability()
{
	"$PAGESTORM" doctor --json 2> /dev/null |
		sed -n "s/^ *\"$1\": \"\\(yes\\|no\\|unknown\\)\",\\{0,1\\}\$/\\1/p"
}
