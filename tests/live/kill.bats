#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A run that is killed or interrupted at any moment. After kill -9 and `restore`,
# and after a signal without it, the machine is as it was. The machine is looked at with
# other tools than pagestorm, under the lock, so that runs beside this test do not count.

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	[ "$(id -u)" -eq 0 ] || skip "not root"
	[ -r /sys/class/zram-control/hot_add ] || skip "no zram-control"
	command -v flock > /dev/null || skip "no flock(1)"
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	cd "$BATS_TEST_TMPDIR"
	: "${SEED:=$RANDOM}"
	RANDOM=$SEED
	echo "SEED=$SEED"
	cat > all.ini <<- INI
		[profile]
		why = everything that a run can change at once, to be killed at any moment
		sample = 50ms
		[cgroup]
		memory.max = 48M
		[sysctl]
		vm.swappiness = 37
		vm.page-cluster = 0
		vm.dirty_bytes = 104857600
		[setting]
		thp.enabled = always
		hugepages.2048kB = 8
		[swap]
		type = zram
		size = 64M
		[workload hog]
		type = anon
		size = 64M
		hold = 200ms
	INI
	swap=(swap.type=zram swap.type=file)
	[[ "$(stat -f -c %T .)" =~ ext|xfs ]] || swap=(swap.type=zram)
}

# Everything that pagestorm may change, and its processes.
machine()
(
	set +e
	for file in /proc/sys/vm/* /proc/sys/kernel/numa_balancing \
		/sys/kernel/mm/transparent_hugepage/{enabled,defrag} \
		/sys/kernel/mm/transparent_hugepage/*/enabled \
		/sys/kernel/mm/hugepages/*/nr_hugepages /sys/kernel/mm/ksm/run; do
		[ -f "$file" ] && echo "$file $(cat "$file" | tr -d '\0')"
	done
	grep -v ^Filename /proc/swaps
	losetup -a
	grep . /sys/block/zram*/disksize
	find /sys/fs/cgroup -type d -name "pagestorm*"
	grep "$BATS_TEST_TMPDIR" /proc/mounts
	ls -d /var/lib/pagestorm "$PAGESTORM_STATE_DIR"
	find "$BATS_TEST_TMPDIR" -name "*.swap" -o -name scratch
	for exe in /proc/[0-9]*/exe; do
		[ "$(readlink "$exe")" = "$(realpath "$PAGESTORM")" ] && echo "$exe"
	done
	true
)

machine_at_rest()
{
	flock -w 300 /proc/sys/vm true
	exec 9< /proc/sys/vm
	flock -w 300 9
	machine 2> /dev/null > "$1"
	exec 9<&-
}

# Neighbours come and go; what we leave stays.
same_machine()
{
	for try in 1 2 3 4 5; do
		machine_at_rest after
		cmp -s before after && return
		sleep 1
	done
	diff before after
}

start()
{
	flock -w 300 /proc/sys/vm true
	"$PAGESTORM" run all.ini --wait=300 "${swap[RANDOM % ${#swap[@]}]}" > out 2>&1 3>&- &
	pid=$!
}

# Of a whole run, in milliseconds.
measure()
{
	local from=${EPOCHREALTIME/./}
	start
	wait $pid
	span_ms=$(((${EPOCHREALTIME/./} - from) / 1000))
	rm -r results
}

sleep_random()
{
	local ms=$((RANDOM % span_ms))
	sleep $((ms / 1000)).$(printf %03d $((ms % 1000)))
}

@test "killed with -9 at 50 random moments and restored, the machine is identical 50 of 50" {
	machine_at_rest before
	measure
	caught=0
	for round in {1..50}; do
		start
		sleep_random
		kill -9 $pid 2> /dev/null || true
		wait $pid || true
		[ -e "$PAGESTORM_STATE_DIR/journal" ] && caught=$((caught + 1))
		run "$PAGESTORM" restore --wait=300
		echo "round $round: $status $output"
		[ "$status" -eq 0 ]
		same_machine
	done
	echo "$caught of 50 rounds met a journal"
	[ "$caught" -ge 25 ]
}

@test "killed with -9, the next run restores by itself before it begins" {
	machine_at_rest before
	measure
	for round in {1..5}; do
		start
		sleep_random
		kill -9 $pid 2> /dev/null || true
		wait $pid || true
		start
		wait $pid
		same_machine
	done
}

@test "after SIGINT, SIGTERM or SIGHUP at random moments nothing is left, without restore" {
	declare -A expected=([INT]=130 [TERM]=143 [HUP]=129)
	machine_at_rest before
	measure
	interrupted=0
	for round in {1..8}; do
		for signal in INT TERM HUP; do
			rm -rf results
			start
			sleep_random
			kill -$signal $pid 2> /dev/null || true
			status=0
			wait $pid || status=$?
			echo "round $round $signal: $status"
			[ "$status" -eq 0 ] || [ "$status" -eq ${expected[$signal]} ]
			same_machine
			if grep -qs ",interrupted," results/*/runs.csv; then
				interrupted=$((interrupted + 1))
			fi
		done
	done
	echo "$interrupted of 24 runs have a row that says interrupted"
	[ "$interrupted" -ge 6 ]
}
