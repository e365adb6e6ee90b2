# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Capabilities of this kernel, for tests whose expectation depends on them. Source it
# with `load ../lib/capability`.

# capability NAME: yes, no or unknown, as `pagestorm doctor` probes it
capability()
{
	"$PAGESTORM" doctor --json 2> /dev/null |
		sed -n "s/^ *\"$1\": \"\\(yes\\|no\\|unknown\\)\",\\{0,1\\}\$/\\1/p"
}
