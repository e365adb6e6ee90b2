#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of the stack workload, compared with maps, smaps and the tasks of the worker.

bats_require_minimum_version 1.5.0

load ../lib/observe
load ../lib/disturbance

setup() { observe_setup; }
teardown() { observe_teardown; }

# main_stack KEY: kB of the mapping [stack]
main_stack()
{
	awk -v key="$1:" '
		/^[0-9a-f]+-/ { ours = $NF == "[stack]" }
		ours && $1 == key { print $2 }' "/proc/$worker/smaps"
}

# guards: mappings of one page without access
guards()
{
	awk -v page="$(($(getconf PAGESIZE) / 1024))" '
		/^[0-9a-f]+-/ { none = $2 == "---p" }
		none && $1 == "Size:" && $2 == page { n++ }
		END { print n + 0 }' "/proc/$worker/smaps"
}

@test "the main stack grows to 8 MiB, in memory but for what it began with, and not a page more" {
	begin stack limit=8M
	before=$(main_stack Size)
	resident=$(main_stack Rss)
	held
	[ "$(main_stack Size)" = 8192 ]
	[ "$(($(main_stack Rss) - resident))" = $((8192 - before)) ]
	[ "$(kb status VmStk)" = 8192 ]
	finish
	[ "$(count_verdicts stack fail)" = 0 ]
	[ "$(count_verdicts stack pass)" -ge 12 ]
}

@test "a limit that is no whole page is rounded down" {
	begin_held stack limit=3000001
	[ "$(main_stack Size)" = $((3000001 / $(getconf PAGESIZE) * $(getconf PAGESIZE) / 1024)) ]
	finish
	[ "$(count_verdicts stack fail)" = 0 ]
}

@test "50 threads reserve 400 MiB, have a guard page each and little in memory" {
	begin stack mode=threads threads=50 size=8M touched=64K
	size=$(kb status VmSize)
	guarded=$(guards)
	held
	[ "$(find "/proc/$worker/task" -mindepth 1 -maxdepth 1 | wc -l)" = 51 ]
	[ "$(($(kb status VmSize) - size))" -ge $((50 * 8192)) ]
	[ "$(($(guards) - guarded))" = 50 ]
	[ "$(kb smaps_rollup Rss)" -lt 16384 ]
	finish
	[ "$(count_verdicts stack fail)" = 0 ]
	[ "$(count_verdicts stack pass)" -ge 9 ]
}

@test "every claim holds for the ends of the options" {
	for words in limit=1M limit=64M "mode=threads threads=1 touched=0" \
		"mode=threads threads=300 size=1M touched=512K"; do
		# shellcheck disable=SC2086 # words
		undisturbed run_workload stack $words
		[ "$(column runs.csv stack outcome)" = ok ]
		[ "$(count_verdicts stack fail)" = 0 ]
	done
}

@test "a stack that stops short of its limit, and threads that are missing, fail their claims" {
	ends 1 stack limit=8M inject_shortfall=1
	expect_failed refused_bytes segmentation_faults stack_bytes
	ends 1 stack mode=threads threads=50 inject_shortfall=10
	expect_failed process_resident_bytes threads virtual_bytes
}
