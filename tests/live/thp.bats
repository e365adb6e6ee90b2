#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the thp workload promises, held against smaps, the group's files and the kernel's
# own statistics for each size, as anybody can read them.

load live

thp=/sys/kernel/mm/transparent_hugepage

setup()
{
	watched_setup
	[ -e $thp/enabled ] || skip "this kernel has no transparent huge pages"
	grep -q never\] $thp/enabled && skip "transparent huge pages are off"
	return 0
}

teardown() { watched_teardown; }

# mapping KEY: kB, summed over the anonymous mappings that can be written
mapping()
{
	awk -v key="$1:" '
		/^[0-9a-f]+-[0-9a-f]+ / { anonymous = NF == 5 && $2 == "rw-p" }
		anonymous && $1 == key { sum += $2 }
		END { print sum }' "/proc/$(head -1 "$group/cgroup.procs")/smaps"
}

# observed WORKER QUANTITY: what truth.csv observed
observed()
{
	paste -d' ' <(column truth.csv "$1" quantity) <(column truth.csv "$1" observed) |
		awk -v quantity="$2" '$1 == quantity { print $2 }'
}

usage()
{
	cat "$group"/memory.usage_in_bytes "$group"/memory.current 2> /dev/null
}

@test "32 MiB by madvise are 16 faults and wholly huge, as smaps has it" {
	play_and_hold thp size=32M hold=6s
	[ "$(mapping AnonHugePages)" = 32768 ]
	wait "$runner"
	[ "$(observed thp minor_faults)" = 16 ]
	[ "$(count_verdicts thp fail)" = 0 ]
	[ "$(count_verdicts thp pass)" -ge 16 ]
}

@test "12 KiB past a boundary 64 MiB are 31 huge pages and 512 base pages" {
	play_and_hold thp size=64M offset=12K hold=6s
	[ "$(mapping AnonHugePages)" = $((31 * 2048)) ]
	wait "$runner"
	[ "$(observed thp minor_faults)" = 543 ]
	[ "$(count_verdicts thp fail)" = 0 ]
}

@test "half of each huge page given back leaves Rss and stays charged, until it is split" {
	for mode in dontneed munmap split; do
		rm -rf out
		play_and_hold thp size=64M mode=$mode drop=256 hold=6s
		[ "$(mapping AnonHugePages)" = 0 ]
		(($(mapping Rss) >= 32768 && $(mapping Rss) < 33792))
		if [ $mode = split ]; then
			(($(usage) < 40 << 20))
		else
			(($(usage) >= 64 << 20))
		fi
		wait "$runner"
		[ "$(count_verdicts thp fail)" = 0 ]
	done
}

@test "a split gives back all of a huge page of zeros, or what the kernel promises" {
	for fill in zero 0% same 1%; do
		rm -rf out
		play thp size=7M mode=split drop=3 fill=$fill
		[ "$(count_verdicts thp fail)" = 0 ]
		[ "$(count_verdicts thp pass)" -ge 16 ]
	done
}

@test "every way to make and to take apart keeps its promises" {
	for mode in madvise base collapse dontneed munmap split; do
		rm -rf out
		play thp mode=$mode size=32M
		[ "$(column runs.csv thp outcome)" = ok ]
		[ "$(count_verdicts thp fail)" = 0 ]
		[ "$(count_verdicts thp pass)" -ge 16 ]
	done
	rm -rf out
	play thp mode=always size=32M thp.enabled=always
	[ "$(count_verdicts thp fail)" = 0 ]
}

@test "folios of 64 KiB: as many as the kernel itself counts, and no huge page" {
	stat=$thp/hugepages-64kB/stats/anon_fault_alloc
	[ -e $stat ] || skip "this kernel has no folios of 64 KiB, or does not count them"
	before=$(cat $stat)
	play thp size=32M mthp.64kB.enabled=madvise mthp.2048kB.enabled=never
	[ $(($(cat $stat) - before)) -ge 512 ]
	[ "$(observed thp large_folios)" = 512 ]
	[ "$(observed thp minor_faults)" = 512 ]
	[ "$(observed thp huge_bytes)" = 0 ]
	[ "$(count_verdicts thp fail)" = 0 ]
}

@test "without leave for all, mode=always is skipped and says what to add" {
	grep -q always\] $thp/enabled && skip "huge pages are for all here"
	run play thp mode=always
	[ "$status" -eq 77 ]
	grep -q thp.enabled=always said out/*/runs.csv
}
