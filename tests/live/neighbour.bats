#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The noisy neighbour of tests/lib: passing beside an idle neighbour proves nothing, so the
# kernel's counters must show each of its activities.

bats_require_minimum_version 1.5.0

neighbour=$BATS_TEST_DIRNAME/../lib/neighbour

setup_file()
{
	local status=0
	pid=$("$neighbour" start) || status=$?
	[ "$status" -ne 77 ] || skip "a neighbour cannot run here"
	[ "$status" -eq 0 ] || return
	export pid
}

teardown_file()
{
	[ -z "${pid-}" ] || "$neighbour" stop "$pid"
}

setup()
{
	group=$(find /sys/fs/cgroup -type d -name "neighbour-$pid" -print -quit)
	directory=/var/tmp/neighbour-$pid
}

# within SECONDS COMMAND…: COMMAND succeeds within that time
within()
{
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "not within its time: $*"
			return 1
		fi
		sleep 0.02
	done
}

# loop NAME: its PID
loop()
{
	pgrep -P "$pid" -f "neighbour loop $1 "
}

# moved NAME KEY BYTES: at least so many, by the loop and its exited children
moved()
{
	[ "$(awk -v key="$2:" '$1 == key { print $2 }' "/proc/$(loop "$1")/io")" -ge "$3" ]
}

# usage GROUP
usage()
{
	local file=$group/$1/memory.current
	[ -e "$file" ] || file=$group/$1/memory.usage_in_bytes
	cat "$file"
}

above()
{
	[ "$(usage "$1")" -ge "$2" ]
}

below()
{
	[ "$(usage "$1")" -lt "$2" ]
}

swapped()
{
	local file=$group/swap/memory.swap.current
	[ -e "$file" ] || file=$group/swap/memory.stat
	awk '(NF == 1 || $1 == "swap") && $NF > 0 { found = 1 } END { exit !found }' "$file"
}

# The file has delayed-allocation blocks that writeback has not placed on the disk yet.
waits_for_writeback()
{
	filefrag -v "$directory/probe" | grep -q delalloc
}

is_written_back()
{
	! waits_for_writeback
}

sync_has_ended()
{
	! pgrep -x -P "$(loop sync)" sync > /dev/null
}

@test "it writes, and the disk's counters rise" {
	within 20 moved write write_bytes $((32 << 20))
}

@test "it syncs the whole machine" {
	kill -STOP "$(loop sync)"
	within 20 sync_has_ended
	head -c 1M /dev/zero > "$directory/probe"
	waits_for_writeback || skip "no delayed allocation here, or another process syncs"
	kill -CONT "$(loop sync)"
	# Sooner than the kernel writes back by itself, which is after 30 s.
	within 20 is_written_back
}

@test "it reads a file larger than its group may hold, again and again" {
	within 20 moved read read_bytes $((3 * 96 << 20))
	below files $(((48 << 20) + 1))
}

@test "it allocates memory and frees it" {
	for _ in 1 2; do
		within 20 above anon $((40 << 20))
		within 20 below anon $((16 << 20))
	done
}

@test "it reclaims its own group" {
	within 20 above files $((40 << 20))
	within 20 below files $((24 << 20))
}

@test "it swaps on a private device" {
	[ -s "$directory/zram" ] || skip "no zram"
	within 20 swapped
	grep "^/dev/zram$(cat "$directory/zram") " /proc/swaps
}

@test "the next neighbour removes what a killed one left, and leaves nothing itself" {
	first=$("$neighbour" start)
	kill -9 "$first"
	second=$("$neighbour" start)
	[ ! -e "/var/tmp/neighbour-$first" ]
	[ -z "$(find /sys/fs/cgroup -type d -name "neighbour-$first")" ]
	[ -e "/var/tmp/neighbour-$second" ]
	number=$(cat "/var/tmp/neighbour-$second/zram" || true)
	"$neighbour" stop "$second"
	[ ! -e "/var/tmp/neighbour-$second" ]
	[ -z "$(find /sys/fs/cgroup -type d -name "neighbour-$second")" ]
	[ -z "$number" ] || [ ! -e "/dev/zram$number" ] || ! grep "/dev/zram$number " /proc/swaps
	run -1 pgrep -f "neighbour loop .*-$second"
}

@test "a command beside a neighbour keeps its exit status, and nothing is left afterwards" {
	# shellcheck disable=SC2016 # the command's own shell is to expand it
	run -5 "$neighbour" beside sh -c 'echo "$PPID"; exit 5'
	beside=${lines[-1]}
	[ ! -e "/var/tmp/neighbour-$beside" ]
	[ -z "$(find /sys/fs/cgroup -type d -name "neighbour-$beside")" ]
	run -1 pgrep -f "neighbour loop .*-$beside"
}
