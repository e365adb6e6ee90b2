#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the shm workload promises, held against smaps_rollup as anybody can read it.

load live

setup() { watched_setup; }
teardown() { watched_teardown; }

# every KEY: kB of the mapping of the held size, in each process of the group
every()
{
	while read -r pid; do
		awk -v size=$((32 << 10)) -v key="$1:" '
			$1 == "Size:" { ours = $2 == size }
			ours && $1 == key { print $2 }' "/proc/$pid/smaps"
	done < "$group/cgroup.procs"
}

@test "four processes that share 32 MiB: each RSS is all of it, each PSS a fourth, USS nothing" {
	play_and_hold shm size=32M procs=4 hold=6s
	[ "$(every Rss | sort -u)" = 32768 ]
	[ "$(every Rss | wc -l)" = 4 ]
	[ "$(every Pss | sort -u)" = 8192 ]
	[ "$(every Private_Dirty | sort -u)" = 0 ]
	wait "$runner"
	[ "$(count_verdicts shm fail)" = 0 ]
	[ "$(count_verdicts shm pass)" = 18 ]
}

@test "after a fork a written quarter is everybody's own and the rest is shared" {
	play_and_hold shm size=32M procs=2 kind=cow written=25% hold=6s
	[ "$(every Rss | sort -u)" = 32768 ]
	[ "$(every Private_Dirty | sort -u)" = 8192 ]
	[ "$(every Pss | sort -u)" = $((8192 + 12288)) ]
	wait "$runner"
	[ "$(count_verdicts shm fail)" = 0 ]
}

@test "every kind of sharing keeps its promises" {
	for kind in memfd sysv tmpfs file cow; do
		rm -rf out
		play shm kind=$kind size=16M procs=3 memory.max=128M
		[ "$(column runs.csv shm outcome)" = ok ]
		[ "$(count_verdicts shm fail)" = 0 ]
		[ "$(count_verdicts shm pass)" -ge 13 ]
	done
}

# A page that one process leaves out is mapped all the same where the kernel maps a whole
# folio of the page cache around a read (finish_fault() since Linux 6.15): so 2048 of them.
@test "a System V segment does not outlive a killed run" {
	before=$(ipcs -m | wc -l)
	play_and_hold shm size=32M kind=sysv hold=20s
	[ "$(ipcs -m | wc -l)" -gt "$before" ]
	kill "$runner"
	wait "$runner" || true
	runner=
	[ "$(ipcs -m | wc -l)" = "$before" ]
}
