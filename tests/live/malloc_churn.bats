#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of malloc_churn about glibc, compared with strace's system calls and the heap in
# smaps.

bats_require_minimum_version 1.5.0

load ../lib/observe
load ../lib/disturbance

setup()
{
	observe_setup
}

teardown()
{
	observe_teardown
}

# mappings BYTES key=value…: the number of mappings of that size that the run makes, by strace
mappings()
{
	bytes=$1
	shift
	rm -rf out
	strace -f -qq -e trace=mmap -o calls \
		"$PAGESTORM" run malloc_churn "$@" --quiet --wait=200 -o out > said 2>&1
	grep -c "mmap(NULL, $bytes, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1" calls || true
}

@test "above the threshold each block is a mapping, until the first free raises it" {
	command -v strace > /dev/null || skip "no strace"
	[ "$(mappings 208896 size=200K cycles=50)" = 1 ]
	[ "$(mappings 208896 size=200K cycles=50 dynamic=no)" = 50 ]
	[ "$(mappings 34607104 size=33M cycles=5 touch=none)" = 5 ]
	[ "$(mappings 69632 size=64K cycles=50)" = 0 ]
}

@test "retained memory is in the heap, by smaps" {
	begin malloc_churn size=64K blocks=7 cycles=9
	size=$(heap_kb Size)
	rss=$(heap_kb Rss)
	held
	size=$(($(heap_kb Size) - size))
	rss=$(($(heap_kb Rss) - rss))
	finish
	[ "$size" -gt 0 ]
	[ "$(slot heap_bytes)" = $((size * 1024)) ]
	[ "$(slot retained_bytes)" = $((size * 1024)) ]
	[ "$(verdict resident_bytes)" = pass ]
	grep -q "resident_bytes,work,process/smaps_rollup/Rss,bytes,eq,exact,$((rss * 1024)),0" out/*/truth.csv
}

@test "with no threshold and no pad all memory returns to the kernel" {
	begin malloc_churn size=64K blocks=7 cycles=9 dynamic=no trim_threshold=0 top_pad=0
	size=$(heap_kb Size)
	rss=$(kb smaps_rollup Rss)
	before=$(minor_faults)
	held
	[ "$(heap_kb Size)" = "$size" ]
	[ "$(kb smaps_rollup Rss)" = "$rss" ]
	[ $(($(minor_faults) - before)) -ge $((9 * 7 * 16)) ]
	finish
	[ "$(slot retained_bytes)" = 0 ]
	[ "$(slot returned_bytes)" -ge $((7 * 65536)) ]
}

@test "keeping every second 4 KiB block keeps all of the memory resident, trimmed or not" {
	for trim in no yes; do
		begin malloc_churn size=4K blocks=1000 cycles=1 keep=2 touch=bytes trim=$trim
		rss=$(kb smaps_rollup Rss)
		held
		rss=$(($(kb smaps_rollup Rss) - rss))
		finish
		[ "$(slot live_bytes)" = $((500 * 4096)) ]
		[ "$rss" -ge $((999 * 4)) ]
	done
}

@test "malloc_trim frees whole pages of larger holes but not their addresses" {
	for trim in no yes; do
		begin malloc_churn size=64K blocks=100 cycles=1 keep=2 touch=bytes trim=$trim
		rss=$(kb smaps_rollup Rss)
		size=$(heap_kb Size)
		held
		rss=$(($(kb smaps_rollup Rss) - rss))
		size=$(($(heap_kb Size) - size))
		finish
		[ "$size" -ge $((99 * 64)) ]
		[ $trim = no ] || [ "$rss" -lt $((56 * 64)) ]
		[ $trim = yes ] || [ "$rss" -ge $((99 * 64)) ]
	done
}

@test "one block fewer fails the claim" {
	run run_workload malloc_churn blocks=3 inject_shortfall=1
	[ "$status" -eq 1 ]
	[ "$(verdict minor_faults)" = fail ]
	[ "$(verdict allocations)" = fail ]
}

@test "every claim of the profiles malloc_churn and fragmentation holds" {
	for profile in malloc_churn fragmentation; do
		undisturbed run_workload "$BATS_TEST_DIRNAME/../../profiles/$profile.ini" --cell=1
		[ "$(nr_failed)" = 0 ]
	done
}
