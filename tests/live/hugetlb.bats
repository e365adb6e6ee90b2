#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of the hugetlb workload, compared with smaps, the pool's files in sysfs and the
# group's files.

bats_require_minimum_version 1.5.0

load ../lib/observe

pool=/sys/kernel/mm/hugepages/hugepages-2048kB

setup()
{
	observe_setup
	[ -e $pool/nr_hugepages ] || skip "this kernel has no pool of huge pages of 2 MiB"
	[ "$(cat $pool/nr_hugepages)" = 0 ] || skip "huge pages of 2 MiB are in use on this machine"
}

teardown() { observe_teardown; }

# of_pool NAME: free, resv
of_pool() { cat "$pool/$1_hugepages"; }

@test "16 of a pool's 20 pages are taken, and neither Rss nor the group counts them" {
	begin_held hugetlb size=32M hugepages.2048kB=20
	[ "$(of_pool nr)" = 20 ]
	[ "$(of_pool free)" = 4 ]
	[ "$(of_pool resv)" = 0 ]
	[ "$(kb smaps Private_Hugetlb)" = 32768 ]
	[ "$(kb status HugetlbPages)" = 32768 ]
	(($(kb status VmRSS) < 16384))
	(($(group_usage) < 16 << 20))
	finish
	[ "$(count_verdicts hugetlb fail)" = 0 ]
	[ "$(count_verdicts hugetlb pass)" -ge 17 ]
	[ "$(of_pool nr)" = 0 ]
}

@test "16 pages are reserved and none is taken" {
	begin_held hugetlb size=32M mode=reserve hugepages.2048kB=20
	[ "$(of_pool free)" = 20 ]
	[ "$(of_pool resv)" = 16 ]
	[ "$(kb status HugetlbPages)" = 0 ]
	finish
	[ "$(count_verdicts hugetlb fail)" = 0 ]
}

@test "without a reservation, and with one page too many, every claim holds" {
	for mode in noreserve beyond; do
		run_workload hugetlb size=32M mode=$mode hugepages.2048kB=20
		[ "$(column runs.csv hugetlb outcome)" = ok ]
		[ "$(count_verdicts hugetlb fail)" = 0 ]
	done
}

@test "a pool with too few pages skips the worker and names the setting" {
	run run_workload hugetlb size=32M
	[ "$status" -eq 77 ]
	grep -q 'requires 16 free huge pages.*hugepages.2048kB=16' said
}
