#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A worker in the background is asked to stop when the others are done. What it has not reached
# by then is absent, neither passed nor failed; what it has reached too much of fails.

load ../lib/observe

setup()
{
	observe_setup
	printf '[workload front]\ntype = anon\nsize = 1M\n[workload back]\ntype = anon\nbackground = yes\n' > two.ini
}

teardown() { observe_teardown; }

@test "a background worker that is stopped midway ends ok, with the rest of its claims absent" {
	ends 0 two.ini back.size=64M back.rate=1M/s
	[ "$(column runs.csv back outcome)" = ok ]
	[ "$(claim back resident_bytes verdict)" = absent ]
	claim back resident_bytes why | grep -q 'asked to stop'
	[ "$(count_verdicts back fail)" -eq 0 ]
}

@test "a background worker that the others leave no time to begin ends ok as well" {
	ends 0 two.ini back.delay=10s
	[ "$(column runs.csv back outcome)" = ok ]
	[ "$(claim back resident_bytes verdict)" = absent ]
}

@test "a background worker that is done before the others is held to the page" {
	ends 0 two.ini back.size=4M front.hold=1s
	[ "$(count_verdicts back absent)" -eq 0 ]
	ends 1 two.ini back.size=4M front.hold=1s back.inject_shortfall=1
	[ "$(claim back resident_bytes verdict)" = fail ]
}
