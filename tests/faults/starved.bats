#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A harness that is short of memory, descriptors, processes, address space or room for its
# results works, or says in a sentence what it lacks; and it leaves nothing behind. One that
# the kernel kills cannot say anything: `restore` undoes the rest.

bats_require_minimum_version 1.5.0

setup()
{
	export PAGESTORM=${PAGESTORM:-$BATS_TEST_DIRNAME/../../pagestorm}
	[ "$(id -u)" -eq 0 ] || skip "not root"
	cd "$BATS_TEST_TMPDIR" || return
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	demo=(run demo -q --wait=300 hog.hold=0 hog.size=1M hog.memory.max=16M doomed.memory.max=8M)
	group=
}

teardown()
{
	[ ! -d "${room-}" ] || umount "$room" || true
	[ -z "$group" ] || rmdir "$group"
}

need_memory_group()
{
	local own
	own=$(awk -F: '$2 == "memory" { print "/sys/fs/cgroup/memory" $3 }' /proc/self/cgroup)
	[ -d "$own" ] || skip "no memory controller of cgroup v1"
	group=$own/starved-$$
	mkdir "$group"
}

need_tmpfs()
{
	room=$BATS_TEST_TMPDIR/room
	mkdir "$room"
	mount -t tmpfs -o "$1" none "$room" || skip "no tmpfs can be mounted"
}

# left PID: what the run of that process has left behind
left()
{
	find /sys/fs/cgroup -type d \( -name "pagestorm-$1" -o -name "pagestorm-*-$1" \)
	[ ! -e "$PAGESTORM_STATE_DIR" ] || echo "$PAGESTORM_STATE_DIR"
	find . -name scratch -o -name '*.swap'
}

# says STATUS: the one sentence of an error, of which the reason is known
says()
{
	case $1 in
	2 | 3 | 5 | 77) grep -q 'error: .' said.err && ! grep -qE 'Success|unknown failure|\(null\)' said.err ;;
	esac
}

# starved NAME COMMAND…: runs the command, which executes pagestorm; counts how it ended
starved()
{
	local name=$1 status=0 pid
	shift
	"$@" > said.out 2> said.err 3>&- < /dev/null &
	pid=$!
	wait "$pid" || status=$?
	case $status in
	0) works=$((works + 1)) ;;
	2 | 3 | 4 | 5 | 77) refuses=$((refuses + 1)) ;;
	127) refuses=$((refuses + 1)) && grep -q 'error while loading shared libraries: .' said.err ;;
	137) killed=$((killed + 1)) ;;
	*) false ;;
	esac || { echo "$name: status $status"; cat said.err; return 1; }
	says "$status" || { echo "$name: status $status"; cat said.err; return 1; }
	if [ "$status" -eq 5 ] || [ "$status" -eq 137 ]; then
		"$PAGESTORM" restore --wait=300 > said.restore 2>&1 || { echo "$name"; cat said.restore; return 1; }
	fi
	[ -z "$(left "$pid")" ] || { echo "$name: status $status leaves $(left "$pid")"; cat said.err; return 1; }
}

begin_count()
{
	works=0 refuses=0 killed=0
}

end_count()
{
	echo "# $BATS_TEST_DESCRIPTION: $works worked, $refuses said why not, $killed were killed" >&3
}

@test "with 3 to 40 descriptors, and with more" {
	begin_count
	for nr in {3..40} 50 60 80 100 140 200; do
		starved "nofile=$nr" prlimit --nofile="$nr" "$PAGESTORM" "${demo[@]}" -o out
	done
	end_count
	[ "$works" -ge 1 ]
	[ "$refuses" -ge 35 ]
}

@test "with 6 to 300 MiB of address space" {
	begin_count
	for mib in 6 8 10 12 14 16 18 20 24 28 32 40 60 100 200 300; do
		starved "as=$mib" prlimit --as=$((mib << 20)) "$PAGESTORM" "${demo[@]}" -o out
	done
	end_count
	[ "$works" -ge 1 ]
}

@test "in a group of 512 KiB to 8 MiB" {
	need_memory_group
	begin_count
	for kib in 512 640 768 1024 1536 2048 3072 4096 6144 8192; do
		echo "${kib}K" > "$group/memory.limit_in_bytes"
		for words in "plan demo" list doctor restore "run null --wait=300" "${demo[*]}"; do
			# shellcheck disable=SC2016,SC2086 # the words are single ones
			starved "$kib KiB, $words" bash -c 'echo $$ > "$0/cgroup.procs" && exec "$@"' \
				"$group" "$PAGESTORM" $words
		done
	done
	end_count
	[ "$works" -ge 1 ]
	[ "$refuses" -ge 1 ]
}

@test "in a directory with room for 1 to 200 pages" {
	need_tmpfs size=4k
	begin_count
	for pages in {1..10} {11..140..6} 200; do
		mount -o "remount,size=$((4 * pages))k" "$room"
		starved "$pages pages" "$PAGESTORM" "${demo[@]}" -o "$room/out"
		rm -rf "$room/out"
	done
	end_count
	[ "$works" -ge 1 ]
	[ "$refuses" -ge 1 ]
}

@test "with files of at most 300 to 1000000 bytes" {
	begin_count # stderr is such a file too
	for bytes in 300 400 500 700 1000 2000 4000 8000 16000 50000 1000000; do
		starved "fsize=$bytes" prlimit --fsize=$bytes "$PAGESTORM" "${demo[@]}" -o out
	done
	end_count
	[ "$works" -ge 1 ]
	[ "$refuses" -ge 1 ]
}

@test "in a read-only directory, and in none" {
	need_tmpfs ro
	begin_count
	starved "read-only" "$PAGESTORM" "${demo[@]}" -o "$room"
	grep -q "choose another with -o" said.err
	starved "below a file" "$PAGESTORM" "${demo[@]}" -o said.out/out
	[ "$refuses" -eq 2 ]
}
