#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the hugetlb workload promises, held against smaps, the pool's own files and the
# group's, as anybody can read them.

load live

pool=/sys/kernel/mm/hugepages/hugepages-2048kB

setup()
{
	watched_setup
	[ -e $pool/nr_hugepages ] || skip "this kernel has no pool of huge pages of 2 MiB"
	[ "$(cat $pool/nr_hugepages)" = 0 ] || skip "somebody here uses huge pages of 2 MiB"
}

teardown() { watched_teardown; }

# of_pool NAME: free, resv
of_pool() { cat "$pool/$1_hugepages"; }

# of_worker FILE KEY: kB, summed
of_worker()
{
	awk -v key="$2:" '$1 == key { sum += $2 } END { print sum }' \
		"/proc/$(head -1 "$group/cgroup.procs")/$1"
}

usage()
{
	cat "$group"/memory.usage_in_bytes "$group"/memory.current 2> /dev/null
}

@test "16 pages of a pool of 20 are taken, and neither RSS nor the group sees them" {
	play_and_hold hugetlb size=32M hold=5s hugepages.2048kB=20
	[ "$(of_pool nr)" = 20 ]
	[ "$(of_pool free)" = 4 ]
	[ "$(of_pool resv)" = 0 ]
	[ "$(of_worker smaps Private_Hugetlb)" = 32768 ]
	[ "$(of_worker status HugetlbPages)" = 32768 ]
	(($(of_worker status VmRSS) < 16384))
	(($(usage) < 16 << 20))
	wait "$runner"
	[ "$(count_verdicts hugetlb fail)" = 0 ]
	[ "$(count_verdicts hugetlb pass)" -ge 17 ]
	[ "$(of_pool nr)" = 0 ]
}

@test "16 pages are reserved, and none is taken" {
	play_and_hold hugetlb size=32M mode=reserve hold=5s hugepages.2048kB=20
	[ "$(of_pool free)" = 20 ]
	[ "$(of_pool resv)" = 16 ]
	[ "$(of_worker status HugetlbPages)" = 0 ]
	wait "$runner"
	[ "$(count_verdicts hugetlb fail)" = 0 ]
}

@test "without a promise, and one page too many: each keeps its claims" {
	for mode in noreserve beyond; do
		rm -rf out
		play hugetlb size=32M mode=$mode hugepages.2048kB=20
		[ "$(column runs.csv hugetlb outcome)" = ok ]
		[ "$(count_verdicts hugetlb fail)" = 0 ]
	done
}

@test "a pool that lacks pages skips the worker and says which setting helps" {
	run play hugetlb size=32M
	[ "$status" -eq 77 ]
	grep -q 'needs 16 free huge pages.*hugepages.2048kB=16' said
}
