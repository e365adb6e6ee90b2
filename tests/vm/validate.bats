#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Tools that require kprobes, scored in a guest that has them.

load vm

setup()
{
	need_lab 6.1
	enter_scratch
}

@test "bpftrace counts pages read and missed to the page at hit ratios from 0 to 100 percent" {
	program=$(PATH=$PATH:/usr/sbin command -v bpftrace) ||
		skip "bpftrace is not installed: package bpftrace"
	ln -s "$PAGESTORM_SRCDIR/profiles" profiles
	run "$PAGESTORM" lab --timeout 240 --file="$program" -- validate -q -n 1 bpftrace
	echo "$output"
	[ "$status" -eq 0 ]
	rows=$(echo results/*-validate/scorecard.csv)
	[ "$(cut -d, -f9 "$rows" | grep -cx right)" -eq 10 ]
	grep -q '^bpftrace,.*,misses_at_25,12289,' "$rows"
}
