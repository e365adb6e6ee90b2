#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What dirty promises, held against the file's pages as fincore(1) and /proc/kpageflags
# show them, the process's io and the group's files.

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

# Of the worker: write_bytes, cancelled_write_bytes
io()
{
	awk -v key="$1:" '$1 == key { print $2 }' "/proc/$worker/io"
}

# dirty_is FEWEST MOST: bytes, by the group's own statistics
dirty_is()
{
	dirty=$(group_stat dirty)$(group_stat file_dirty)
	[ "$dirty" -ge "$1" ] && [ "$dirty" -le "$2" ]
}

# Pages of the file that are dirty or under writeback, by the flags of their frames: the
# file is mapped and looked up in pagemap, which needs no word of cachestat(2).
unclean()
{
	python3 - out/*.partial/scratch/dirty-dirty <<- 'PY'
		import ctypes, mmap, os, struct, sys
		fd = os.open(sys.argv[1], os.O_RDONLY)
		size = os.fstat(fd).st_size
		libc = ctypes.CDLL(None)
		libc.mmap.restype = ctypes.c_void_p
		libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + 3 * [ctypes.c_int] + [ctypes.c_long]
		dirty = 0
		if size:
		    at = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
		    ctypes.string_at(at, size)  # reads it, which dirties nothing
		    pagemap = os.open("/proc/self/pagemap", os.O_RDONLY)
		    flags = os.open("/proc/kpageflags", os.O_RDONLY)
		    entries = os.pread(pagemap, size // 4096 * 8, at // 4096 * 8)
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
		print(dirty)
	PY
}

need_frames()
{
	command -v python3 > /dev/null || skip "no python3"
	[ -r /proc/kpageflags ] || skip "no /proc/kpageflags"
}

@test "what is written is dirty, to the page, by the frames' flags and by the group" {
	need_frames
	for how in mode=append "mode=rewrite method=mmap block=4K pattern=random"; do
		# shellcheck disable=SC2086 # words of their own
		begin dirty size=16M $how
		before=$(io write_bytes)
		[ "$(unclean)" = 0 ]
		held
		[ "$(unclean)" = 4096 ]
		[ $((($(io write_bytes) - before) / 4096)) -ge 4096 ]
		[ $((($(io write_bytes) - before) / 4096)) -le 4104 ]
		within 5 dirty_is $((16 << 20)) $(((16 << 20) + 32768))
		finish
		[ "$(verdict group_dirty_bytes)" = pass ]
		[ "$(verdict pages_dirty)" = pass ]
		[ -z "$(find out -name 'dirty-*')" ]
	done
}

@test "after fsync no page is dirty, and each was counted once" {
	need_frames
	begin dirty size=16M mode=rewrite passes=3 fsync_every=8M finish=fsync
	before=$(io write_bytes)
	held
	[ "$(unclean)" = 0 ]
	[ $((($(io write_bytes) - before) / 4096 / 12288)) = 1 ]
	finish
	[ "$(slot fsyncs)" = 7 ]
	[ "$(verdict dirtied_bytes)" = pass ]
	[ "$(verdict pages_dirty)" = pass ]
}

@test "what is truncated while it is dirty is cancelled, by the process's io" {
	begin dirty size=16M finish=discard
	held
	cancelled=$(io cancelled_write_bytes)
	size=$(stat -c %s out/*.partial/scratch/dirty-dirty)
	finish
	[ "$cancelled" = $((16 << 20)) ]
	[ "$size" = 0 ]
	[ "$(slot discarded_pages)" = 4096 ]
	[ "$(verdict cancelled_bytes)" = pass ]
}

@test "at a rate the last block is due at the end, and not before" {
	run_workload dirty size=8M rate=8M/s block=1M
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["worker"] == "dirty" { exit !($at["run_seconds"] > 0.85 && $at["run_seconds"] < 1.5) }' out/*/runs.csv
}

@test "a killed worker leaves no file" {
	begin dirty size=16M mode=rewrite
	[ -e out/*.partial/scratch/dirty-dirty ]
	kill -KILL "$worker"
	finish_with 4
	[ -z "$(find out -name 'dirty-*')" ]
}

@test "a page fewer turns a verdict, whichever way it is written" {
	for how in mode=append "mode=rewrite passes=2" "mode=rewrite method=mmap block=4K" \
		"finish=fsync" "finish=discard"; do
		# shellcheck disable=SC2086 # words of their own
		ends 1 dirty size=4M sabotage=1 $how
		[ "$(verdict pages_written)" = fail ]
	done
	ends 1 dirty size=4M sabotage=64
	for quantity in pages_written asked_bytes dirtied_bytes pages_dirty group_dirty_bytes \
		group_file_bytes; do
		[[ "$(verdict $quantity)" == fail* ]] # the residue's of that name may pass
	done
	ends 1 dirty size=4M sabotage=1 finish=discard
	[ "$(verdict cancelled_bytes)" = fail ]
}

@test "what cannot be promised is refused before anything runs" {
	for how in "size=64M memory.max=32M" passes=2 method=mmap pattern=random; do
		# shellcheck disable=SC2086 # words of their own
		ends 2 dirty $how
		[ ! -e out ]
	done
}
