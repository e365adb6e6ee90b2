#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of `pagestorm restore`: it removes every leftover of a run and nothing else.
# The tests make and check the leftovers with other tools than pagestorm.

bats_require_minimum_version 1.5.0

load ../lib/marks

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	[ "$(id -u)" -eq 0 ] || skip "not root"
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	cd "$BATS_TEST_TMPDIR"
	cgroup=/sys/fs/cgroup/memory
	[ -d $cgroup ] || cgroup=/sys/fs/cgroup
	pids=() dirs=() swaps=() zrams=() loops=()
}

teardown()
{
	remove_leftovers
}

restore()
{
	"$PAGESTORM" restore --wait=120 "$@"
}

make_group()
{
	mkdir "$1"
	dirs=("$1" "${dirs[@]}")
}

start_in()
{
	sleep 1000 3>&- &
	pids+=($!)
	echo $! > "$1/cgroup.procs"
}

@test "with nothing left restore says so, twice, and exits 0" {
	run restore
	[ "$status" -eq 0 ]
	run restore
	[ "$status" -eq 0 ]
	[[ "$output" == *"nothing was left behind"* ]]
}

@test "an orphaned group is removed with its children, and its processes are killed" {
	top=$cgroup/pagestorm-$(dead_pid)
	make_group "$top"
	make_group "$top/run"
	make_group "$top/run/hog"
	mark_group "$top"
	start_in "$top/run/hog"
	start_in "$top/run"
	run restore
	[ "$status" -eq 0 ]
	[[ "$output" == *"$top: group removed, 2 processes in it killed"* ]]
	[ ! -e "$top" ]
	for pid in "${pids[@]}"; do
		run wait "$pid"
		[ "$status" -eq 137 ]
	done
}

@test "an orphaned group of the cpuset hierarchy is removed too" {
	[ -d /sys/fs/cgroup/cpuset ] || skip "no cpuset hierarchy of cgroup v1"
	top=/sys/fs/cgroup/cpuset/pagestorm-$(dead_pid)
	make_group "$top"
	mark_group "$top"
	run restore
	[ "$status" -eq 0 ]
	[ ! -e "$top" ]
}

@test "groups of other names, and of a live run, stay" {
	other=$cgroup/storm-test-$$
	similar=$cgroup/pagestormy-$$
	living=$cgroup/pagestorm-$$
	for group in "$other" "$similar" "$living"; do
		make_group "$group"
		start_in "$group"
	done
	mark_group "$living" $$
	run restore
	[ "$status" -eq 0 ]
	for group in "$other" "$similar" "$living"; do
		[ -d "$group" ]
		[ "$(wc -l < "$group/cgroup.procs")" -eq 1 ]
	done
}

@test "a swap file with a run's mark is removed, another one stays" {
	[[ "$(stat -f -c %T .)" =~ ext|xfs ]] || skip "no ext4 or xfs below $PWD for a swap file"
	for label in pagestorm neighbour; do
		dd if=/dev/zero of="$PWD/$label-file" bs=1M count=16 status=none
		chmod 600 "$PWD/$label-file"
		mkswap -L $label "$PWD/$label-file" > /dev/null
		[ "$label" != pagestorm ] || mark_swap "$PWD/$label-file"
		swapon -p 0 "$PWD/$label-file"
		swaps+=("$PWD/$label-file")
	done
	run restore
	swapoff "$PWD/neighbour-file" # fails the test if it was not on any more
	[ "$status" -eq 0 ]
	run grep "$PWD/pagestorm-file" /proc/swaps
	[ "$status" -eq 1 ]
	[ ! -e pagestorm-file ]
	[ -e neighbour-file ]
}

@test "a zram device with a run's mark is removed, another one stays" {
	[ -r /sys/class/zram-control/hot_add ] || skip "no zram-control"
	ours=$(cat /sys/class/zram-control/hot_add)
	theirs=$(cat /sys/class/zram-control/hot_add)
	zrams=("$ours" "$theirs")
	echo 16M > "/sys/block/zram$ours/disksize"
	echo 16M > "/sys/block/zram$theirs/disksize"
	mkswap -L pagestorm "/dev/zram$ours" > /dev/null
	mark_swap "/dev/zram$ours"
	mkswap -L neighbour "/dev/zram$theirs" > /dev/null
	swapon -p 0 "/dev/zram$ours"
	swaps=("/dev/zram$ours")
	run restore
	[ "$status" -eq 0 ]
	[ "$(blkid -p -o value -s LABEL "/dev/zram$theirs")" = neighbour ]
	[ ! -e "/sys/block/zram$ours" ]
	run grep "/dev/zram$ours " /proc/swaps
	[ "$status" -eq 1 ]
}

@test "a killed run's setting is restored, and the journal is removed" {
	before=$(cat /proc/sys/vm/stat_interval)
	printf 'setting\t/proc/sys/vm/stat_interval\t%s\t%s\n' "$before" $((before + 6)) |
		write_journal
	echo $((before + 6)) > /proc/sys/vm/stat_interval
	run restore
	after=$(cat /proc/sys/vm/stat_interval)
	echo "$before" > /proc/sys/vm/stat_interval
	[ "$status" -eq 0 ]
	[ "$after" = "$before" ]
	[[ "$output" == *"stat_interval: restored from $((before + 6)) to $before"* ]]
	[ ! -e "$PAGESTORM_STATE_DIR" ]
}

@test "a setting that another process changed since is reported and left unchanged" {
	before=$(cat /proc/sys/vm/stat_interval)
	printf 'setting\t/proc/sys/vm/stat_interval\t%s\t%s\n' "$before" $((before + 6)) |
		write_journal
	echo $((before + 3)) > /proc/sys/vm/stat_interval
	run restore
	after=$(cat /proc/sys/vm/stat_interval)
	echo "$before" > /proc/sys/vm/stat_interval
	[ "$status" -eq 0 ]
	[ "$after" = $((before + 3)) ]
	[[ "$output" == *"another process"* ]]
}

# The reboot undid the run's value; another process has set the same value since.
@test "after a reboot settings stay as they are, and files are still removed" {
	before=$(cat /proc/sys/vm/stat_interval)
	mkdir left.partial
	echo scratch > left.partial/swap
	{
		printf 'setting\t/proc/sys/vm/stat_interval\t%s\t%s\n' $((before + 6)) "$before"
		printf 'file\t%s\t\\-\t\\-\t%s\n' "$PWD/left.partial/swap" "$(identity left.partial/swap)"
	} | boot_id=01234567-89ab-cdef-0123-456789abcdef write_journal
	run restore
	after=$(cat /proc/sys/vm/stat_interval)
	echo "$before" > /proc/sys/vm/stat_interval
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$after" = "$before" ]
	[ ! -e left.partial/swap ]
	[[ "$output" == *reboot* ]]
	[ ! -e "$PAGESTORM_STATE_DIR" ]
}

@test "a damaged journal changes nothing: exit status 5 once, the journal kept aside, then 0" {
	echo precious > victim
	group=$cgroup/storm-test-$$
	make_group "$group"
	start_in "$group"
	{
		printf 'file\t%s\t\\-\t\\-\n' "$PWD/victim"
		printf 'group\t%s\t\\-\t\\-\n' "$group"
		printf 'file\t%s\t\\-\t\\-\n' "$PWD/pagestorm-x/../victim"
		printf 'setting\t%s\t0\t1\n' "$PWD/victim"
		printf 'rm -rf\t/\n'
	} | write_journal
	run restore
	[ "$status" -eq 5 ]
	[ "$(cat victim)" = precious ]
	[ "$(wc -l < "$group/cgroup.procs")" -eq 1 ]
	grep -q 'rm -rf' "$PAGESTORM_STATE_DIR"/journal.damaged-*
	run restore
	[ "$status" -eq 0 ]
}

@test "while a run holds the lock restore touches nothing and exits 75" {
	command -v flock > /dev/null || skip "no flock(1)"
	top=$cgroup/pagestorm-$(dead_pid)
	make_group "$top"
	run flock -w 120 /proc/sys/vm "$PAGESTORM" restore
	[ "$status" -eq 75 ]
	[[ "$output" == *"another run holds the machine's lock"* ]]
	[ -d "$top" ]
}

@test "a lock that another user holds does not keep root from restoring, and is named" {
	command -v setpriv > /dev/null || skip "no setpriv(1)"
	setpriv --reuid 65534 --regid 65534 --clear-groups \
		flock -w 120 /proc/sys/vm sh -c 'echo held; exec sleep 1000' > holder 3>&- &
	pids+=($!)
	for _ in {1..1200}; do
		! grep -q held holder || break
		sleep 0.1
	done
	grep -q held holder
	run --separate-stderr "$PAGESTORM" restore
	pkill -9 -P "${pids[-1]}" || true # its sleep(1), which has the lock as well
	echo "$status $output $stderr"
	[ "$status" -eq 0 ]
	[[ "$stderr" == *"note: the machine's lock is held by another user's process ("*", flock)"* ]]
}

@test "a lock that another user takes on a dead run's group does not keep it" {
	command -v setpriv > /dev/null || skip "no setpriv(1)"
	top=$cgroup/pagestorm-$(dead_pid)
	make_group "$top"
	mark_group "$top"
	setpriv --reuid 65534 --regid 65534 --clear-groups \
		flock "$top" sh -c 'echo held; exec sleep 1000' > holder 3>&- &
	pids+=($!)
	for _ in {1..100}; do
		! grep -q held holder || break
		sleep 0.1
	done
	grep -q held holder
	run "$PAGESTORM" restore --wait=200
	pkill -9 -P "${pids[-1]}" || true
	echo "$status $output"
	[ "$status" -eq 0 ]
	[ ! -e "$top" ]
}

@test "the journal of a live process is not undone" {
	sleep 1000 3>&- &
	pids+=($!)
	before=$(cat /proc/sys/vm/stat_interval)
	printf 'setting\t/proc/sys/vm/stat_interval\t1000\t%s\n' "$before" |
		write_journal "" $! "$(cut -d' ' -f22 "/proc/$!/stat")"
	run restore
	[ "$status" -eq 75 ]
	[ "$(cat /proc/sys/vm/stat_interval)" = "$before" ]
	[ -e "$PAGESTORM_STATE_DIR/journal" ]
}

@test "unfinished results are named and kept" {
	mkdir -p results/20260101T000000Z-demo.partial
	run restore
	[ "$status" -eq 0 ]
	[[ "$output" == *"20260101T000000Z-demo.partial: an unfinished run"* ]]
	[ -d results/20260101T000000Z-demo.partial ]
}

@test "a wrong option is a usage error" {
	run "$PAGESTORM" restore --wait=soon
	[ "$status" -eq 2 ]
	run "$PAGESTORM" restore everything
	[ "$status" -eq 2 ]
}
