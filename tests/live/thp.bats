#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of the thp workload, compared with smaps, the group's files and the kernel's
# statistics for each folio size.

bats_require_minimum_version 1.5.0

load ../lib/observe
load ../lib/disturbance

thp=/sys/kernel/mm/transparent_hugepage

setup()
{
	observe_setup
	[ -e $thp/enabled ] || skip "this kernel has no transparent huge pages"
	grep -q never\] $thp/enabled && skip "transparent huge pages are off"
	return 0
}

teardown() { observe_teardown; }

# mapping KEY: kB, summed over the anonymous mappings that can be written
mapping()
{
	awk -v key="$1:" '
		/^[0-9a-f]+-[0-9a-f]+ / { anonymous = NF == 5 && $2 == "rw-p" }
		anonymous && $1 == key { sum += $2 }
		END { print sum }' "/proc/$worker/smaps"
}

@test "32 MiB with madvise take 16 faults and are all huge, by smaps" {
	begin_held thp size=32M
	[ "$(mapping AnonHugePages)" = 32768 ]
	finish
	[ "$(claim thp minor_faults observed)" = 16 ]
	[ "$(count_verdicts thp fail)" = 0 ]
	[ "$(count_verdicts thp pass)" -ge 16 ]
}

@test "64 MiB at 12 KiB past a boundary are 31 huge pages and 512 base pages" {
	begin_held thp size=64M offset=12K
	[ "$(mapping AnonHugePages)" = $((31 * 2048)) ]
	finish
	[ "$(claim thp minor_faults observed)" = 543 ]
	[ "$(count_verdicts thp fail)" = 0 ]
}

@test "half of each huge page, when freed, leaves Rss and stays charged until the page is split" {
	for mode in dontneed munmap split; do
		begin_held thp size=64M mode=$mode drop=256
		[ "$(mapping AnonHugePages)" = 0 ]
		(($(mapping Rss) >= 32768 && $(mapping Rss) < 33792))
		if [ $mode = split ]; then
			(($(group_usage) < 40 << 20))
		else
			(($(group_usage) >= 64 << 20))
		fi
		finish
		[ "$(count_verdicts thp fail)" = 0 ]
	done
}

@test "a split frees all of a huge page of zeros, or what the kernel promises" {
	for fill in zero 0% same 1%; do
		undisturbed run_workload thp size=7M mode=split drop=3 fill=$fill
		[ "$(count_verdicts thp fail)" = 0 ]
		[ "$(count_verdicts thp pass)" -ge 16 ]
	done
}

@test "every claim holds for each way to make and to split huge pages" {
	for mode in madvise base collapse dontneed munmap split; do
		undisturbed run_workload thp mode=$mode size=32M
		[ "$(column runs.csv thp outcome)" = ok ]
		[ "$(count_verdicts thp fail)" = 0 ]
		[ "$(count_verdicts thp pass)" -ge 16 ]
	done
	undisturbed run_workload thp mode=always size=32M thp.enabled=always
	[ "$(count_verdicts thp fail)" = 0 ]
}

@test "64 KiB folios are as many as the kernel counts, with no huge page" {
	stat=$thp/hugepages-64kB/stats/anon_fault_alloc
	[ -e $stat ] || skip "this kernel has no folios of 64 KiB, or does not count them"
	before=$(cat $stat)
	run_workload thp size=32M mthp.64kB.enabled=madvise mthp.2048kB.enabled=never
	[ $(($(cat $stat) - before)) -ge 512 ]
	[ "$(claim thp large_folios observed)" = 512 ]
	[ "$(claim thp minor_faults observed)" = 512 ]
	[ "$(claim thp huge_bytes observed)" = 0 ]
	[ "$(count_verdicts thp fail)" = 0 ]
}

@test "mode=always is skipped unless THP is enabled for all, and names the setting" {
	grep -q always\] $thp/enabled && skip "huge pages are for all here"
	run run_workload thp mode=always
	[ "$status" -eq 77 ]
	grep -q thp.enabled=always said out/*/runs.csv
}
