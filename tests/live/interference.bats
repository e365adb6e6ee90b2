#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Another process breaks the promises that something does not change: it reclaims the group's
# memory before the work, lives in the group, reads or evicts the file, raises the limit or
# another process's oom_score_adj. Shortfalls of the workload itself are in inject_shortfall.bats.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup()
{
	observe_setup
	intruder=
}

teardown()
{
	[ -z "$intruder" ] || kill -KILL "$intruder" 2> /dev/null || true
	observe_teardown
}

# intrude BYTES [OOM_SCORE_ADJ]: another process's memory in the group, until it is killed
intrude()
{
	# shellcheck disable=SC2016 # expanded there
	bash -c 'echo "$1" > /proc/self/oom_score_adj && echo $$ > "$2/cgroup.procs" &&
		held=$(head -c "$0" /dev/zero | tr "\0" x) && kill -STOP $$' \
		"$1" "${2:-0}" "$group" 3>&- &
	intruder=$!
	disown
	within 60 is_stopped # it has all of its memory
}

is_stopped()
{
	[ "$(cut -d' ' -f3 "/proc/$intruder/stat")" = T ]
}

# The intruder leaves the group; its memory stays charged there.
intruder_leaves()
{
	local home=$group
	while [[ $home == *pagestorm-* ]]; do
		home=${home%/*}
	done
	echo "$intruder" > "$home/cgroup.procs"
}

# Reclaims all memory of the group to swap. Reclaim skips pages that were referenced since its
# last scan, so it runs more than once.
squeeze()
{
	for _ in 1 2 3 4 5; do
		if [ -e "$group/memory.reclaim" ]; then
			echo 64M > "$group/memory.reclaim" 2> /dev/null || true # more than there is
		else
			echo 0 > "$group/memory.force_empty"
		fi
	done
}

evict_file()
{
	dd if="$1" iflag=nocache count=0 status=none
}

file_of_run()
{
	find out -path '*.partial/scratch/cache-cache'
}

# reclaimed_and_entered QUANTITIES WORKLOAD key=value…
reclaimed_and_entered()
{
	local quantities=$1
	shift
	begin "$@" swap.size=128M swap.priority=32767 swap.type=zram memory.max=256M
	squeeze
	intrude 8M
	intruder_leaves
	# shellcheck disable=SC2086 # words
	finish_failed $quantities
}

@test "reclaim before the work and a foreign process in the group are detected in every workload" {
	need_zram
	while IFS=: read -r run quantities; do
		read -ra words <<< "$run"
		for _ in 1 2 3; do
			echo "$run"
			seen=yes
			reclaimed_and_entered "major_faults $quantities" "${words[@]}" || seen=
			kill -KILL "$intruder"
			[ -z "$seen" ] || break
			retried "reclaim took only pages that the worker does not use again"
		done
		[ "$seen" ]
	done <<-'END'
	anon size=16M: group_major_faults left_anonymous_bytes left_usage_bytes swap_bytes
	leak blocks=64: group_major_faults left_anonymous_bytes left_usage_bytes
	malloc_churn: group_major_faults left_anonymous_bytes left_usage_bytes
	brk_churn: group_major_faults left_anonymous_bytes
	mmap_churn: group_major_faults left_anonymous_bytes
	cache size=16M: group_major_faults left_anonymous_bytes
	thp size=16M: left_anonymous_bytes left_usage_bytes
	dirty size=16M: group_anonymous_bytes
	END
}

@test "an early reader of the file is detected by the misses, an eviction by the pages lost" {
	begin cache size=16M warm=50%
	cat "$(file_of_run)" > /dev/null
	finish_failed missed_bytes
	begin cache size=16M warm=50%
	evict_file "$(file_of_run)"
	finish_failed pages_lost
}

# delayed SYSCALL N WORD…: a run whose worker waits for half a second before each such
# system call from the Nth on; by strace
delayed()
{
	local call=$1 when=$2
	shift 2
	command -v strace > /dev/null || skip "no strace"
	rm -rf out
	strace -f -qq -o calls -e "trace=$call" -e "inject=$call:delay_enter=500000:when=$when+" \
		"$PAGESTORM" run "$@" --quiet --wait=200 -o out > said 2>&1
}

# The file is mapped in the half second between the write and the eviction.
@test "a file that another process maps cannot be evicted, and the run reports it" {
	command -v python3 > /dev/null || skip "no python3"
	python3 - <<-'PROGRAM' 3>&- &
		import glob, mmap, os, signal, time
		size = 16 << 20
		while True:
		    for path in glob.glob("out/*.partial/scratch/cache-cache"):
		        if os.path.getsize(path) == size:
		            with open(path, "rb") as file:
		                pages = mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ)
		            sum(pages[0:size:4096])
		            signal.pause()
		    time.sleep(0.01)
	PROGRAM
	intruder=$!
	disown
	status=0
	delayed fadvise64 1 cache size=16M warm=50% profile.noise=no || status=$?
	[ "$status" -eq 4 ]
	grep '4096 pages of .* stay in the page cache' said
}

# The worker calls mincore(2) first to check that its file is evicted, then to count the pages
# cached before it reads. In the half second before the second call, half of the file is cached.
@test "a continuous reader of the file is detected by the pages cached before" {
	command -v fincore > /dev/null || skip "no fincore"
	while :; do
		file=$(echo out/*.partial/scratch/cache-cache)
		(($(fincore -b -n -o PAGES "$file" 2> /dev/null) + 0 != 2048)) || cat "$file"
	done > /dev/null 3>&- &
	intruder=$!
	disown
	status=0
	delayed mincore 2 cache size=16M warm=50% || status=$?
	[ "$status" -eq 1 ]
	expect_failed missed_bytes pages_cached_before
}

@test "a writer to the file is detected by the group's dirty pages" {
	begin cache size=16M method=mmap
	dd if=/dev/urandom of="$(file_of_run)" bs=1M count=1 conv=notrunc status=none
	finish_failed dirty_bytes
}

@test "a limit that another process raises is detected by the peak" {
	begin oom memory.max=48M
	if [ -e "$group/memory.max" ]; then
		echo 64M > "$group/memory.max"
	else
		echo 64M > "$group/memory.memsw.limit_in_bytes"
		echo 64M > "$group/memory.limit_in_bytes"
	fi
	finish_failed peak_bytes
}

@test "a foreign process killed in the group is one kill too many" {
	begin oom memory.max=48M
	intrude 8M 1000
	finish_failed oom_kills
}

@test "a raised oom_score_adj of another candidate is detected by the victim" {
	begin oom memory.max=48M "victims=4M:900 12M"
	echo 1000 > "/proc/$worker/oom_score_adj"
	finish_failed victim
}
