#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of dirty, compared with the file's pages in fincore(1) and /proc/kpageflags,
# with /proc/PID/io and the group's files.

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
	[ -z "${COUNTER_PID-}" ] || kill "$COUNTER_PID"
}

# The worker's write_bytes or cancelled_write_bytes
io()
{
	awk -v key="$1:" '$1 == key { print $2 }' "/proc/$worker/io"
}

# dirty_is MIN MAX: bytes, by the group's memory.stat
dirty_is()
{
	dirty=$(group_stat dirty)$(group_stat file_dirty)
	[ "$dirty" -ge "$1" ] && [ "$dirty" -le "$2" ]
}

# Pages of a file that are dirty or under writeback, by the flags of their page frames: the
# file is mapped and looked up in pagemap, independent of cachestat(2). It answers each line
# with a path by a line with a number, and is started early, so that its start takes no time
# when the answer is required.
count_unclean()
{
	python3 -c "$(cat <<- 'PY'
		import ctypes, mmap, os, struct, sys
		libc = ctypes.CDLL(None)
		libc.mmap.restype = ctypes.c_void_p
		libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + 3 * [ctypes.c_int] + [ctypes.c_long]
		libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
		pagemap = os.open("/proc/self/pagemap", os.O_RDONLY)
		flags = os.open("/proc/kpageflags", os.O_RDONLY)
		def unclean(path):
		    fd = os.open(path, os.O_RDONLY)
		    size = os.fstat(fd).st_size
		    if not size:
		        os.close(fd)
		        return 0
		    at = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
		    ctypes.string_at(at, size)  # reads it, which dirties nothing
		    entries = os.pread(pagemap, size // 4096 * 8, at // 4096 * 8)
		    dirty = 0
		    heads = {}
		    for (entry,) in struct.iter_unpack("Q", entries):
		        frame = entry & ((1 << 55) - 1)
		        flag, = struct.unpack("Q", os.pread(flags, 8, frame * 8))
		        while flag & (1 << 16):  # KPF_COMPOUND_TAIL: the head has the flags
		            frame -= 1
		            if frame in heads:
		                flag = heads[frame]
		            else:
		                flag, = struct.unpack("Q", os.pread(flags, 8, frame * 8))
		        heads[frame] = flag
		        dirty += bool(flag & (1 << 4 | 1 << 8))  # KPF_DIRTY, KPF_WRITEBACK
		    libc.munmap(at, size)
		    os.close(fd)
		    return dirty
		for line in sys.stdin:
		    print(unclean(line.strip()), flush=True)
	PY
	)"
}

# unclean: dirty pages of the run's file; count_unclean runs as the coprocess COUNTER
unclean()
{
	local pages
	echo out/*.partial/scratch/dirty-dirty >&"${COUNTER[1]}"
	read -r -t 60 pages <&"${COUNTER[0]}"
	echo "$pages"
}

need_frames()
{
	command -v python3 > /dev/null || skip "no python3"
	[ -r /proc/kpageflags ] || skip "no /proc/kpageflags"
}

# stays_dirty key=value…
stays_dirty()
{
	local before after found
	coproc COUNTER { count_unclean 3>&-; }
	begin dirty size=4M "$@"
	before=$(io write_bytes)
	[ "$(unclean)" = 0 ]
	held
	found=$(unclean)
	after=$(io write_bytes)
	looks pages_dirty 1024 "$found"
	[ $(((after - before) / 4096)) -ge 1024 ]
	[ $(((after - before) / 4096)) -le 1032 ]
	within 5 dirty_is $((4 << 20)) $(((4 << 20) + 32768)) ||
		looks pages_dirty 1024 $((dirty / 4096))
	finish
	[ "$(verdict group_dirty_bytes)" = pass ]
	[ "$(verdict pages_dirty)" = pass ]
	[ -z "$(find out -name 'dirty-*')" ]
}

@test "written pages are dirty, to the page, by /proc/kpageflags and by the group" {
	need_frames
	undisturbed stays_dirty mode=append
	undisturbed stays_dirty mode=rewrite method=mmap block=4K pattern=random
}

# Pages that another process writes back between two passes are dirtied twice.
fsynced_at_last()
{
	local before after
	coproc COUNTER { count_unclean 3>&-; }
	begin dirty size=16M mode=rewrite passes=3 fsync_every=8M finish=fsync
	before=$(io write_bytes)
	held
	[ "$(unclean)" = 0 ]
	after=$(io write_bytes)
	[ $(((after - before) / 4096 / 12288)) = 1 ]
	finish
	[ "$(slot fsyncs)" = 7 ]
	[ "$(verdict dirtied_bytes)" = pass ]
	[ "$(verdict pages_dirty)" = pass ]
}

@test "after fsync no page is dirty, and each was counted once" {
	need_frames
	undisturbed fsynced_at_last
}

cancelled()
{
	local bytes size
	begin dirty size=4M finish=discard
	held
	bytes=$(io cancelled_write_bytes)
	size=$(stat -c %s out/*.partial/scratch/dirty-dirty)
	looks pages_dirty 1024 $((bytes / 4096)) # what is written back cannot be cancelled
	[ "$size" = 0 ]
	finish
	[ "$(slot discarded_pages)" = 1024 ]
	[ "$(verdict cancelled_bytes)" = pass ]
}

@test "dirty pages that are truncated are cancelled writes in /proc/PID/io" {
	undisturbed cancelled
}

@test "a rate places the last block at the end of the duration, not before" {
	# This test does not depend on writeback within that second.
	run_workload dirty size=8M rate=8M/s block=1M finish=fsync
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["worker"] == "dirty" { exit !($at["run_seconds"] > 0.85 && $at["run_seconds"] < 1.5) }' out/*/runs.csv
}

@test "a killed worker leaves no file" {
	begin dirty size=16M mode=rewrite
	[ -n "$(compgen -G "out/*.partial/scratch/dirty-dirty")" ]
	kill -KILL "$worker"
	finish_with 4
	[ -z "$(find out -name 'dirty-*')" ]
}

@test "one page fewer fails the claim, whichever way it is written" {
	for how in mode=append "mode=rewrite passes=2" "mode=rewrite method=mmap block=4K" \
		"finish=fsync" "finish=discard"; do
		# shellcheck disable=SC2086 # words of their own
		ends 1 dirty size=4M inject_shortfall=1 $how
		[ "$(verdict pages_written)" = fail ]
	done
	ends 1 dirty size=4M inject_shortfall=64
	for quantity in pages_written asked_bytes dirtied_bytes pages_dirty group_dirty_bytes \
		group_file_bytes; do
		[[ "$(verdict $quantity)" == fail* ]] # the residue's of that name may pass
	done
	ends 1 dirty size=4M inject_shortfall=1 finish=discard
	[ "$(verdict cancelled_bytes)" = fail ]
}

@test "options without a provable amount are refused before anything runs" {
	for how in "size=64M memory.max=32M" passes=2 method=mmap pattern=random; do
		# shellcheck disable=SC2086 # words of their own
		ends 2 dirty $how
		[ ! -e out ]
	done
}
