#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of leak, compared with smaps, the program's symbol table, and a debugger that
# inspects the stack at an allocation.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup()
{
	observe_setup
}

teardown()
{
	observe_teardown
}

# site SYMBOL COLUMN
site()
{
	awk -F, -v symbol="$1" -v column="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["symbol"] == symbol { print $at[column] }' out/*/sites.csv
}

@test "live blocks are resident at the end, by smaps" {
	for allocator in malloc mmap brk; do
		begin leak allocator=$allocator blocks=1000 size=8K
		rss=$(kb smaps_rollup Rss)
		before=$(minor_faults)
		held
		rss=$(($(kb smaps_rollup Rss) - rss))
		faults=$(($(minor_faults) - before))
		finish
		[ "$rss" = $((faults * 4)) ]
		[ "$rss" -ge 8000 ]
		[ "$rss" -le 8024 ]
		[ "$(slot live_bytes)" = 8192000 ]
	done
}

@test "a leak by brk is in the heap, a leak by mmap is not" {
	begin leak allocator=brk blocks=100 size=8K
	size=$(heap_kb Size)
	held
	[ $(($(heap_kb Size) - size)) = 800 ]
	finish
	begin leak allocator=mmap blocks=100 size=8K
	size=$(heap_kb Size)
	held
	[ "$(heap_kb Size)" = "$size" ]
	finish
}

@test "freed blocks are not resident" {
	begin leak allocator=mmap reach=freed
	rss=$(kb smaps_rollup Rss)
	held
	[ "$(kb smaps_rollup Rss)" = "$rss" ]
	finish
	[ "$(slot frees)" = 1000 ]
	[ "$(slot live_blocks)" = 0 ]
}

# grown KB: Rss exceeds $first by at least KB; sets now, and the clock before and after it
grown()
{
	clock=${EPOCHREALTIME/./}
	now=$(kb smaps_rollup Rss)
	clock_after=${EPOCHREALTIME/./}
	[ "$now" -ge $((first + $1)) ]
}

# Rss was read between the two clock values; a time outside both by more than 1 % is wrong.
@test "five seconds at 5 MiB/s: the slope is within 1 %, by smaps and the clock" {
	begin leak allocator=mmap size=4K blocks=6400 rate=5M/s
	first=$(kb smaps_rollup Rss)
	go_on
	within 60 grown 2048
	from=$now from_us=$clock from_after_us=$clock_after
	within 60 grown 22528
	held
	finish
	awk -v kb=$((now - from)) -v least=$((clock - from_after_us)) -v most=$((clock_after - from_us)) '
		BEGIN {
			due = kb / 5120 * 1e6
			print "due in " due " us, took " least " to " most
			exit !(most > due * 0.99 && least < due * 1.01)
		}'
	[ "$(verdict leak_time | sort -u)" = pass ]
}

@test "sites.csv has each call site with what it holds, and the symbol table has each site" {
	command -v nm > /dev/null || skip "no nm"
	run_workload leak blocks=1001 size=1K sites=64
	[ "$(wc -l < out/*/sites.csv)" = 65 ]
	[ "$(site leak_site_00 live_blocks)" = 16 ]
	[ "$(site leak_site_63 live_blocks)" = 15 ]
	[ "$(site leak_site_63 live_bytes)" = 15360 ]
	[ "$(awk -F, 'NR > 1 { sum += $11 } END { print sum }' out/*/sites.csv)" = 1025024 ]
	nm "$PAGESTORM" | grep -c ' t leak_site_[0-9][0-9]$'
	[ "$(nm "$PAGESTORM" | grep -c ' t leak_site_[0-9][0-9]$')" = 64 ]
	run_workload null
	[ -z "$(compgen -G "out/*/sites.csv")" ]
}

# gdb has set its breakpoint, or has failed.
is_set_or_over()
{
	grep -q '^it is set' stack || [ ! -e "/proc/$gdb" ]
}

@test "a debugger finds the site at the stated depth and offset under the thread's entry" {
	command -v gdb > /dev/null || skip "no gdb"
	begin leak blocks=10 sites=3 depth=7
	timeout 60 gdb -q -batch -p "$worker" -ex 'set confirm off' -ex 'break leak_by_malloc' \
		-ex 'echo it is set\n' -ex 'continue' -ex 'continue' -ex 'bt' -ex 'frame 1' -ex 'info symbol $pc' \
		-ex 'delete' -ex 'detach' > stack 2>&1 3>&- &
	gdb=$!
	within 60 is_set_or_over
	go_on
	wait "$gdb" || true
	grep -q 'leak_by_malloc' stack || skip "gdb cannot attach: $(tail -n 1 stack)"
	[ "$(grep -c '^#[2-8] .*leak_site_01' stack)" = 6 ] # and #1, twice: by bt and frame
	grep -q '^#[0-9]* .*leak_thread' stack
	offset=$(sed -n 's/^leak_site_01 + \([0-9]*\) in section.*/\1/p' stack)
	finish || true # a breakpoint makes pages of the text private, which counts
	[ -n "$offset" ]
	[ "$(site leak_site_01 offset)" = "$offset" ]
	[ "$(site leak_site_01 depth)" = 7 ]
}

@test "the worker exits by itself, whatever keeps the blocks" {
	for reach in lost global interior chain stack freed; do
		run_workload leak reach=$reach threads=2
		awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
			$at["worker"] == "leak" { exit !($at["outcome"] == "ok" && $at["exit_status"] == 0) }' out/*/runs.csv
	done
}

@test "one block fewer fails the claim" {
	run run_workload leak inject_shortfall=1
	[ "$status" -eq 1 ]
	[ "$(verdict minor_faults)" = fail ]
	[ "$(verdict live_blocks)" = fail ]
}
