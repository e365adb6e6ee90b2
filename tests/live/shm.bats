#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of the shm workload, compared with smaps_rollup.

bats_require_minimum_version 1.5.0

load ../lib/observe
load ../lib/disturbance

setup() { observe_setup; }
teardown() { observe_teardown; }

# every KEY: kB of the mapping of the held size, in each process of the group
every()
{
	while read -r pid; do
		awk -v size=$((32 << 10)) -v key="$1:" '
			$1 == "Size:" { ours = $2 == size }
			ours && $1 == key { print $2 }' "/proc/$pid/smaps"
	done < "$group/cgroup.procs"
}

@test "four processes share 32 MiB: each Rss is all of it, each Pss a quarter, each Uss zero" {
	begin_held shm size=32M procs=4
	[ "$(every Rss | sort -u)" = 32768 ]
	[ "$(every Rss | wc -l)" = 4 ]
	[ "$(every Pss | sort -u)" = 8192 ]
	[ "$(every Private_Dirty | sort -u)" = 0 ]
	finish
	[ "$(count_verdicts shm fail)" = 0 ]
	[ "$(count_verdicts shm pass)" = 19 ]
}

@test "after fork a written quarter is private in each process and the rest is shared" {
	begin_held shm size=32M procs=2 kind=cow written=25%
	[ "$(every Rss | sort -u)" = 32768 ]
	[ "$(every Private_Dirty | sort -u)" = 8192 ]
	[ "$(every Pss | sort -u)" = $((8192 + 12288)) ]
	finish
	[ "$(count_verdicts shm fail)" = 0 ]
}

@test "every claim holds for each kind of sharing" {
	for kind in memfd sysv tmpfs file cow; do
		undisturbed run_workload shm kind=$kind size=16M procs=3 memory.max=128M
		[ "$(column runs.csv shm outcome)" = ok ]
		[ "$(count_verdicts shm fail)" = 0 ]
		[ "$(count_verdicts shm pass)" -ge 13 ]
	done
}

@test "a System V segment does not outlive a killed run" {
	before=$(ipcs -m | wc -l)
	begin_held shm size=32M kind=sysv
	[ "$(ipcs -m | wc -l)" -gt "$before" ]
	kill "$runner"
	wait "$runner" || true
	runner=
	abandon_pauses
	[ "$(ipcs -m | wc -l)" = "$before" ]
}

@test "a page that the last of ten processes leaves out fails a claim, and so does one that a neighbour's fault maps" {
	ends 1 shm size=16K procs=10 inject_shortfall=1
	[ "$(verdict pages_shared)" = fail ]
	ends 1 shm kind=file size=1M procs=1 inject_shortfall=1
	[ "$(verdict pages_shared)" = fail ]
}
