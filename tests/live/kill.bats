#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A run that is killed or interrupted at any moment. After kill -9 and `restore`, and after
# another signal without it, the machine is as before. The test compares the machine with
# other tools than pagestorm, and under the lock, so that concurrent runs do not count.

load ../lib/observe

setup()
{
	observe_setup
	[ -r /sys/class/zram-control/hot_add ] || skip "no zram-control"
	command -v flock > /dev/null || skip "no flock(1)"
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	: "${SEED:=$RANDOM}"
	RANDOM=$SEED
	echo "SEED=$SEED"
	cat > all.ini <<- INI
		[profile]
		why = everything that a run can change at once, to be killed at any moment
		sample = 50ms
		noise = no
		[cgroup]
		memory.max = 128M
		[sysctl]
		vm.swappiness = 37
		vm.page-cluster = 0
		vm.dirty_bytes = 104857600
		[setting]
		thp.enabled = always
		hugepages.2048kB = 8
		ksm.sleep_millisecs = 40
		[swap]
		type = zram
		size = 64M
		[workload hog]
		type = anon
		size = 64M
		memory.max = 48M
		hold = 100ms
	INI
	[ ! -e /dev/loop-control ] || cat >> all.ini <<- INI
		[workload reader]
		type = cache
		source = loop
		size = 4M
		memory.max = 48M
	INI
	profile=(all.ini)
	started=
	swap=(swap.type=zram swap.type=file)
	[[ "$(stat -f -c %T .)" =~ ext|xfs ]] || swap=(swap.type=zram)
}

teardown()
{
	[ -n "${BATS_TEST_COMPLETED-}" ] || tail -n 30 out || true
	# A test that ends early, by an error or a signal, leaves a killed run behind.
	[ ! -e "$PAGESTORM_STATE_DIR/journal" ] || "$PAGESTORM" restore --wait=1000
}

# Everything that pagestorm can change, the groups of the runs of this test, and their processes.
machine()
(
	set +e
	for file in /proc/sys/vm/* /proc/sys/kernel/numa_balancing \
		/sys/kernel/mm/transparent_hugepage/{enabled,defrag} \
		/sys/kernel/mm/transparent_hugepage/*/enabled \
		/sys/kernel/mm/hugepages/*/nr_hugepages /sys/kernel/mm/ksm/*; do
		[ -f "$file" ] && echo "$file"
	done | xargs grep -aH ""
	awk 'NR > 1 { print $1, $3, $5 }' /proc/swaps # what others use of theirs changes
	losetup -a
	grep . /sys/block/zram*/disksize
	for run in $started; do
		find /sys/fs/cgroup -type d -name "pagestorm-$run"
	done
	grep "$BATS_TEST_TMPDIR" /proc/mounts
	ls -d /var/lib/pagestorm "$PAGESTORM_STATE_DIR"
	find "$BATS_TEST_TMPDIR" -name "*.swap" -o -name scratch
	find /proc -maxdepth 2 -name cwd -lname "$BATS_TEST_TMPDIR*" | while read -r cwd; do
		[ "$(readlink "${cwd%cwd}exe")" != "$(realpath "$PAGESTORM")" ] || echo "$cwd"
	done
	true
)

machine_at_rest()
{
	flock -w 1000 /proc/sys/vm true
	exec 9< /proc/sys/vm
	flock -w 1000 9
	machine 2> /dev/null > "$1"
	exec 9<&-
}

# Other runs start and end, and a killed one is restored at any time; what this test's runs
# leave behind stays, so the comparison waits for a stable state.
remember_machine()
{
	machine_at_rest before
	for try in {1..120}; do
		sleep 0.5 # time has to pass
		machine_at_rest again
		cmp -s before again && return
		mv again before
	done
	echo "the machine does not come to rest"
	return 1
}

same_machine()
{
	for try in {1..600}; do
		machine_at_rest after
		cmp -s before after && return
		sleep 0.1
	done
	diff before after
}

start()
{
	flock -w 1000 /proc/sys/vm true
	begun=${EPOCHREALTIME/./}
	"$PAGESTORM" run "${profile[@]}" --wait=1000 "${swap[RANDOM % ${#swap[@]}]}" > out 2>&1 3>&- &
	pid=$!
	started+=" $pid"
}

# Duration of a complete run, in milliseconds: the shortest of three, because a run can wait.
measure()
{
	local ms try
	span_ms=1000000
	for try in 1 2 3; do
		start
		wait $pid
		ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
		[ $ms -gt $span_ms ] || span_ms=$ms
		rm -r results
	done
}

sleep_random()
{
	local ms=$((RANDOM % span_ms))
	sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
}

# remove_unproved FILE: hot_add names its device only by making it. Of a run that was killed
# before it had noted the name nothing proves which process added the device: restore leaves it,
# with a sentence that says how to remove it. That is done here, under the lock, while it is
# unused; `unproved` counts it.
remove_unproved()
{
	local number numbers

	mapfile -t numbers < <(sed -n 's|.*/dev/zram\([0-9]*\) is new and unused: .*|\1|p' "$1")
	for number in "${numbers[@]}"; do
		flock -w 1000 /proc/sys/vm sh -c "
			grep -qx 0 /sys/block/zram$number/disksize 2> /dev/null &&
			echo $number > /sys/class/zram-control/hot_remove" || continue
		unproved=$((unproved + 1))
		echo "# retried: SIGKILL between hot_add and its journal entry" >&3
	done
}

# kill_and_restore N: at N random moments; sets caught, the number of rounds that left a journal
kill_and_restore()
{
	remember_machine
	measure
	caught=0 unproved=0
	for ((round = 1; round <= $1; round++)); do
		start
		sleep_random
		kill -9 $pid 2> /dev/null || true
		wait $pid || true
		[ -e "$PAGESTORM_STATE_DIR/journal" ] && caught=$((caught + 1))
		run "$PAGESTORM" restore --wait=1000
		echo "round $round: $status $output"
		[ "$status" -eq 0 ] || return
		echo "$output" > restored
		remove_unproved restored
		same_machine || return
	done
	echo "$caught of $1 rounds met a journal, $unproved a device before its entry"
	[ "$unproved" -le 2 ] # a window of one fdatasync(2)
}

@test "after kill -9 at 50 random moments and restore, the machine is identical 50 of 50 times" {
	kill_and_restore 50
	[ "$caught" -ge 25 ]
}

@test "a sweep of vm.swappiness with a private swap device, killed at 10 moments, leaves nothing behind" {
	swap=(swap.type=zram)
	profile=("$BATS_TEST_DIRNAME/../../profiles/swappiness.ini" "sweep.vm.swappiness=0,200"
		profile.repeats=1 memory.max=16M victim.size=12M victim.file=12M
		victim.duration=300ms)
	kill_and_restore 10
	[ "$caught" -ge 4 ]
}

@test "after kill -9 the next run restores the machine before it begins" {
	remember_machine
	measure
	unproved=0
	for round in {1..5}; do
		start
		sleep_random
		kill -9 $pid 2> /dev/null || true
		wait $pid || true
		start
		wait $pid
		remove_unproved out
		same_machine
	done
}

@test "SIGINT, SIGTERM or SIGHUP at random moments leave nothing behind, without restore" {
	declare -A expected=([INT]=130 [TERM]=143 [HUP]=129)
	remember_machine
	measure
	interrupted=0
	for round in {1..6}; do
		for signal in INT TERM HUP; do
			rm -rf results
			start
			sleep_random
			kill -$signal $pid 2> /dev/null || true
			status=0
			wait $pid || status=$?
			echo "round $round $signal: $status"
			[ "$status" -eq 0 ] || [ "$status" -eq "${expected[$signal]}" ]
			same_machine
			if grep -qs ",interrupted," results/*/runs.csv; then
				interrupted=$((interrupted + 1))
			fi
		done
	done
	echo "$interrupted of 18 runs have a row that says interrupted"
	[ "$interrupted" -ge 5 ]
}
