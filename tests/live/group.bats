#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The groups of a run: where they are made, and that none is left.

load live

setup()
{
	live_setup
	memory=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2 }' /proc/mounts)
	[ -n "$memory" ] || skip "no cgroup v1 memory hierarchy"
}

teardown()
{
	live_teardown
	[ -z "$deep" ] || find "$deep" -depth -type d -exec rmdir {} \; 2> /dev/null || true
}

@test "a run inside a group whose path is long makes its own below it" {
	deep=$memory/pagestorm-deep-$BASHPID
	name=$(printf 'x%.0s' {1..120})
	mkdir -p "$deep/$name/$name"
	(
		echo "$BASHPID" > "$deep/$name/$name/cgroup.procs"
		play null
	)
	[ "$(column runs.csv nothing outcome)" = ok ]
	[ -z "$(find "$deep/$name/$name" -mindepth 1 -type d)" ]
}
