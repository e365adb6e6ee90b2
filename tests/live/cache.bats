#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of cache, compared with fincore, /proc/PID/io and the group's files.

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

# Pages of the private file in the page cache, by fincore.
cached()
{
	echo $(($(fincore -b -n -o PAGES out/*.partial/scratch/cache-cache)))
}

read_bytes()
{
	awk '$1 == "read_bytes:" { print $2 }' "/proc/$worker/io"
}

# refaulted PAGES: of the file, by the group's memory.stat
refaulted()
{
	[ "$(group_stat workingset_refault_file)" = "$1" ]
}

# A loop device over a file of this test.
has_loop()
{
	grep -qs "$BATS_TEST_TMPDIR" /sys/block/loop*/loop/backing_file
}

has_no_loop()
{
	! has_loop
}

# less_lost N EXPECTED SLOT…: equal except for the pages that the worker counted as lost to others
less_lost()
{
	local observed=$1 expected=$2 least=$2 name
	shift 2
	for name; do
		least=$((least - $(slot "$name")))
	done
	echo "$observed of $expected, $least at least ($*)"
	[ "$observed" -le "$expected" ] && [ "$observed" -ge "$least" ]
}

need_fincore()
{
	command -v fincore > /dev/null || skip "no fincore"
}

# warms SHARE: of its file, by fincore
warms()
{
	local share=$1 before after io missed
	begin cache size=32M "warm=$share%" layout=spread block=64K pattern=random
	before=$(cached)
	io=$(read_bytes)
	held
	after=$(cached)
	missed=$((($(read_bytes) - io) / 4096))
	finish
	less_lost "$before" $((8192 * share / 100)) lost_pages
	less_lost "$after" 8192 missing_pages gone_pages
	less_lost $((8192 - missed)) $((8192 * share / 100)) lost_pages
	[ "$(slot cached_before)" -ge "$before" ]
	looks misses "$(slot miss_pages)" "$missed"
	[ "$(verdict missed_bytes)" = pass ]
}

@test "the warm share is cached before and the whole file afterwards, by fincore" {
	need_fincore
	for share in 0 25 100; do
		undisturbed warms $share
	done
}

# drop: the file's pages from the cache, by another process
drop()
{
	dd if="$(echo out/*.partial/scratch/cache-cache)" of=/dev/null iflag=nocache count=0 2> /dev/null
}

@test "a page that another process drops before its pass is lost, and read by I/O" {
	need_fincore
	begin cache size=8M warm=100%
	io=$(read_bytes)
	[ "$(cached)" -gt 0 ]
	drop
	left=$(cached)
	[ "$left" -lt 1024 ]
	held
	missed=$((($(read_bytes) - io) / 4096))
	finish_with 1
	[ "$(slot cached_before)" = 2048 ]
	[ "$(verdict pages_lost)" = fail ]
	[ "$(slot lost_pages)" -ge $((2048 - left)) ]
	[ "$(slot miss_pages)" = "$missed" ]
	[ "$(verdict misses)" = pass ]
}

@test "pages that are not read are missing in hits and misses by the kernel's count of I/O" {
	ends 1 cache size=8M warm=100% inject_shortfall=64
	[ "$(verdict hits)" = fail ]
	ends 1 cache size=8M readahead=no inject_shortfall=64
	[ "$(verdict misses)" = fail ]
	[ "$(verdict pages_missing)" = fail ]
}

reads_ahead()
{
	begin_held cache size=8508K share=57%
	after=$(cached)
	finish
	less_lost "$after" "$(slot cached_after)" gone_pages
	[ "$(verdict pages_cached_after)" = pass ]
}

@test "readahead that is under way when the last read returns is waited for, by fincore" {
	need_fincore
	for _ in 1 2 3; do
		undisturbed reads_ahead
	done
}

# None of the file is cached, so no other process can evict any of it.
@test "direct I/O reads everything each time and caches nothing, by fincore" {
	need_fincore
	begin cache size=32M method=direct passes=3
	io=$(read_bytes)
	[ "$(cached)" = 0 ]
	held
	[ "$(cached)" = 0 ]
	[ $(($(read_bytes) - io)) = $((3 * 32 << 20)) ]
	finish
}

faults_for_misses()
{
	local before majors
	begin cache size=16M method=mmap readahead=no warm=50% layout=spread block=4K
	before=$(major_faults)
	held
	majors=$(($(major_faults) - before))
	finish
	[ "$majors" -ge 2048 ]
	looks major_faults "$(slot miss_pages)" "$majors"
}

@test "a mapping without readahead takes one major fault per miss, by /proc/PID/stat" {
	undisturbed faults_for_misses
}

refaults_each_page()
{
	local before
	begin cache evict=overflow size=64M memory.max=32M
	before=$(group_stat workingset_refault_file)
	# The last pages read are in a per-CPU batch, where reclaim does not find them.
	[[ $(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$worker/status") =~ ^[0-9]+$ ]]
	held
	within 5 refaulted $((before + 16384)) ||
		looks refaults $((before + 16384)) "$(group_stat workingset_refault_file)"
	finish
}

@test "a file of twice the limit is refaulted page by page, by the group's counters" {
	undisturbed refaults_each_page
}

@test "reclaim of the group leaves the worker's own memory alone, by VmSwap" {
	need_zram
	begin cache evict=reclaim size=8M swap.type=zram swap.size=64M swap.priority=32767
	[ "$(kb status VmLck)" -gt 0 ]
	[ "$(kb status VmSwap)" = 0 ]
	held
	finish
}

@test "a loop device exists while it is read and not afterwards, by sysfs" {
	[ -e /dev/loop-control ] || skip "no loop devices"
	begin cache source=loop size=16M
	has_loop
	held
	finish
	run ! has_loop
}

@test "a killed worker leaves no loop device and no file" {
	[ -e /dev/loop-control ] || skip "no loop devices"
	begin cache source=loop size=16M
	kill -KILL "$worker"
	finish_with 4
	within 10 has_no_loop # the kernel detaches it when its last reader has gone
	[ -z "$(find out -name 'cache-*')" ]
}

@test "a file on a memory file system is refused, because reading it is no I/O" {
	findmnt -n -t tmpfs /dev/shm > /dev/null || skip "no tmpfs at /dev/shm"
	memory=$(mktemp -d /dev/shm/cache-XXXXXX)
	status=0
	"$PAGESTORM" run cache size=8M --quiet --wait=200 -o "$memory" > said 2>&1 || status=$?
	rm -r "$memory"
	[ "$status" -ne 0 ]
	grep -q 'is in memory and not on a disk' said
}

@test "options without a provable amount are refused before anything runs" {
	ends 2 cache evict=overflow
	grep -q 'evict=overflow requires a limit' said
	ends 2 cache size=64M memory.max=32M
	[ ! -e out ]
}
