#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The place of a run: its groups, its directory and its CPUs.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup()
{
	observe_setup
}

teardown()
{
	observe_teardown
	[ -z "$deep" ] || find "$deep" -depth -type d -exec rmdir {} \; 2> /dev/null || true
}

@test "a run inside a group with a long path makes its groups below it" {
	memory=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2 }' /proc/mounts)
	[ -n "$memory" ] || skip "no cgroup v1 memory hierarchy"
	deep=$memory/pagestorm-deep-$BASHPID
	name=$(printf 'x%.0s' {1..120})
	mkdir -p "$deep/$name/$name"
	(
		echo "$BASHPID" > "$deep/$name/$name/cgroup.procs"
		run_workload null
	)
	[ "$(column runs.csv nothing outcome)" = ok ]
	[ -z "$(find "$deep/$name/$name" -mindepth 1 -type d)" ]
}

@test "a directory whose path is too long for the workers is refused, nothing is left of the run" {
	name=$(printf 'y%.0s' {1..200})
	mkdir -p "$name/$name/$name"
	cd "$name/$name/$name"
	run "$PAGESTORM" run null --quiet --wait=200 -o out
	[ "$status" -eq 3 ]
	[[ "$output" == *"choose another directory with -o"* ]]
	run "$PAGESTORM" restore --wait=200
	[ "$status" -eq 0 ]
	[[ "$output" != *journal* ]]
}

@test "CPUs that the group's cpuset does not have are refused before anything runs" {
	[ "$(nproc)" -ge 2 ] || skip "one CPU"
	for cpus in 1 0-1; do
		run "$PAGESTORM" run null cpuset.cpus=0 cpus=$cpus profile.noise=no \
			--quiet --wait=200 -o out
		[ "$status" -eq 2 ]
		[[ "$output" == *"cpus=$cpus is not within cpuset.cpus=0 of its group"* ]]
		[ ! -e out ]
	done
}

# policies PID WHAT: the memory policies of its mappings of that kind, each once
policies()
{
	awk -v kind="$2" 'index($0, kind) { print $2 }' "/proc/$1/numa_maps" | sort -u
}

# A hint fault would be counted as the worker's, and one of the harness moves its ledger.
@test "automatic NUMA balancing passes over a worker and its ledger" {
	[ -r /proc/self/numa_maps ] || skip "no /proc/PID/numa_maps"
	begin_held anon size=1M memory.max=64M profile.noise=no
	[ "$(policies "$worker" anon=)" = local ]
	[ "$(policies "$worker" pagestorm-ledger)" = local ]
	[ "$(policies "$runner" pagestorm-ledger)" = local ]
	finish
}
