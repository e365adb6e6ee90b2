#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Only what is provably a run's own is undone: neither a run nor restore touches what only has
# a name like a run's. The tests make and check everything with other tools than pagestorm.

bats_require_minimum_version 1.5.0
load ../lib/marks

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	[ "$(id -u)" -eq 0 ] || skip "not root"
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	cd "$BATS_TEST_TMPDIR" || return
	cgroup=/sys/fs/cgroup/memory
	[ -d $cgroup ] || cgroup=/sys/fs/cgroup
	own=$(sed -n 's/^[0-9]*:\(memory\|[^:]*,memory\|memory,[^:]*\)://p; s/^0:://p' /proc/self/cgroup | head -1)
	own=$cgroup${own%/}
	pids=() dirs=() swaps=() zrams=() loops=()
}

teardown()
{
	[ -z "${inside-}" ] || end_inside || true # by itself, so that it restores all
	remove_leftovers
}

restore()
{
	"$PAGESTORM" restore --wait=200
}

# A journal of format 1 does not record the PID namespace of its run.
initial()
{
	[ "$(stat -Lc %i /proc/self/ns/pid)" = 4026531836 ] || skip "not the initial PID namespace"
}

disk()
{
	[[ "$(stat -f -c %T .)" =~ ext|xfs|btrfs ]] || skip "no disk file system below $PWD for a swap file"
}

zram()
{
	[ -r /sys/class/zram-control/hot_add ] || skip "no zram-control"
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

# start COMMAND…: a run in the background, until a worker (the null worker first) is in its
# group; sets runner and group. Bounded by the wait for the lock and 10 s more.
start()
{
	local before

	before=$(groups)
	"$@" > said 2>&1 3>&- &
	runner=$!
	pids+=("$runner")
	for _ in {1..2100}; do
		group=$(comm -13 <(echo "$before") <(groups))
		[ -z "$group" ] || [ -z "$(members)" ] || return 0
		kill -0 "$runner" 2> /dev/null || break
		sleep 0.1
	done
	cat said
	return 1
}

# groups: those named like a run's, one per line
groups()
{
	find "$own" -maxdepth 1 -type d -name 'pagestorm-*' | sort
}

# members: processes in the workers' groups of $group
members()
{
	cat "$group"/run/*/cgroup.procs 2> /dev/null || true
}

# start_inside WORD…: the same in a new PID namespace, with its own /proc
start_inside()
{
	start unshare --pid --fork --kill-child --mount-proc "$@"
	inside=$(pgrep -P "$runner")
}

# Sets status to the run's.
end_inside()
{
	kill "$inside" || true
	inside=
	status=0
	wait "$runner" || status=$?
}

held=(run anon size=8M hold=100s --wait=200 -o out)

# ---- files ----

@test "an existing file at the swap path is neither used nor removed" {
	disk
	mkdir pagestorm-notes
	echo precious > pagestorm-notes/notes.txt
	before=$(identity pagestorm-notes/notes.txt)
	run "$PAGESTORM" run swap size=16M memory.max=64M swap.type=file swap.size=64M \
		"swap.path=$PWD/pagestorm-notes/notes.txt" --wait=300 -o out
	echo "$output"
	[ "$status" -eq 3 ]
	[[ "$output" == *"notes.txt exists and is not pagestorm's"* ]]
	[ "$(cat pagestorm-notes/notes.txt)" = precious ]
	[ "$(identity pagestorm-notes/notes.txt)" = "$before" ]
	[ ! -e "$PAGESTORM_STATE_DIR" ]
}

@test "neither is a symbolic link there, nor its target" {
	disk
	echo precious > notes.txt
	ln -s notes.txt pagestorm.swap
	run "$PAGESTORM" run swap size=16M memory.max=64M swap.type=file swap.size=64M \
		"swap.path=$PWD" --wait=300 -o out
	[ "$status" -eq 3 ]
	[ -L pagestorm.swap ]
	[ "$(cat notes.txt)" = precious ]
}

@test "restore removes the run's swap file, and no other file of that name" {
	mkdir gone.partial
	echo ours > gone.partial/ours
	echo ours > gone.partial/replaced
	printf 'file\t%s\t\\-\t\\-\t%s\n' "$PWD/gone.partial/ours" "$(identity gone.partial/ours)" \
		"$PWD/gone.partial/replaced" "$(identity gone.partial/replaced)" > entries
	echo theirs > new # while the other still has its inode
	mv new gone.partial/replaced
	write_journal < entries
	run restore
	echo "$output"
	[ "$status" -eq 0 ]
	[ ! -e gone.partial/ours ]
	[ "$(cat gone.partial/replaced)" = theirs ]
	[[ "$output" == *"gone.partial/replaced: is not the one that the run made; left unchanged"* ]]
	[ ! -e "$PAGESTORM_STATE_DIR" ]
}

@test "what a format 1 journal knows by name only is reported and stays" {
	initial
	mkdir -p old.partial/scratch
	echo precious > old.partial/scratch/notes.txt
	echo precious > old.partial/notes.txt
	printf 'file\t%s\t\\-\t\\-\n' "$PWD/old.partial/scratch" "$PWD/old.partial/notes.txt" |
		version=1 write_journal
	run restore
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(cat old.partial/scratch/notes.txt)" = precious ]
	[ "$(cat old.partial/notes.txt)" = precious ]
	[[ "$output" == *"an earlier version recorded no more than its name"* ]]
	[ ! -e "$PAGESTORM_STATE_DIR" ]
}

@test "a directory scratch that the resumed run did not make stays" {
	start "$PAGESTORM" "${held[@]}"
	kill -9 "$runner"
	wait "$runner" || true
	restore > /dev/null
	scratch=$(echo out/*.partial)/scratch
	mkdir "$scratch"
	echo precious > "$scratch/notes.txt"
	run "$PAGESTORM" run --resume out/*.partial --wait=200
	echo "$output"
	[ "$status" -eq 3 ]
	[ "$(cat "$scratch/notes.txt")" = precious ]
	[[ "$output" == *"scratch exists and is not pagestorm's"* ]]
	[ ! -e "$PAGESTORM_STATE_DIR" ]
}

# ---- groups ----

@test "a group that only has the name of a run's stays with its processes, and doctor reports the same" {
	for name in exporter.service "$(dead_pid)"; do
		make_group "$cgroup/pagestorm-$name"
		start_in "$cgroup/pagestorm-$name"
	done
	run restore
	echo "$output"
	[ "$status" -eq 0 ]
	for group in "${dirs[@]}"; do
		[ "$(wc -l < "$group/cgroup.procs")" -eq 1 ]
		[[ "$output" == *"$group is named like pagestorm's, but nothing proves that it is"* ]]
	done
	line=$("$PAGESTORM" doctor 2> /dev/null | grep -E '^[a-z]+ +leftovers ') || true
	[[ "$line" == ok*"named like pagestorm's"* || "$line" == *"while a run is alive"* ]]
}

@test "a run's group below a foreign group of the same naming is removed, the outer one stays" {
	outer=$cgroup/pagestorm-exporter.service
	make_group "$outer"
	make_group "$outer/pagestorm-$(dead_pid)"
	mark_group "${dirs[0]}"
	start_in "$outer"
	run restore
	[ "$status" -eq 0 ]
	[ ! -e "${dirs[0]}" ]
	[ "$(wc -l < "$outer/cgroup.procs")" -eq 1 ]
}

@test "an existing group of the name that a run needs is neither used nor removed" {
	sleep 1000 3>&- &
	pids+=($!)
	cat > taken <<-EOF
		mkdir $own/pagestorm-\$\$ && echo $! > $own/pagestorm-\$\$/cgroup.procs
		echo $own/pagestorm-\$\$ > theirs
		exec "$PAGESTORM" run anon size=4M --wait=200 -o out
	EOF
	run sh taken
	echo "$output"
	theirs=$(cat theirs)
	dirs=("$theirs")
	[ "$status" -eq 0 ]
	[ "$(cat "$theirs/cgroup.procs")" = "${pids[0]}" ]
	[ "$(groups | grep -c "^$theirs")" -eq 1 ]
}

@test "a group that another process made anew under a journalled name stays" {
	group=$cgroup/pagestorm-$(dead_pid)
	make_group "$group"
	printf 'group\t%s\t\\-\t\\-\t%s\n' "$group" \
		"$(identity "$group") 0123456789abcdef0123456789abcdef" > entries
	rmdir "$group"
	mkdir "$group"
	start_in "$group"
	write_journal < entries
	run restore
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(wc -l < "$group/cgroup.procs")" -eq 1 ]
	[[ "$output" == *"is not the group that the run made"* ]]
}

@test "a group that a format 1 journal names is removed only when it is empty" {
	initial
	empty=$cgroup/pagestorm-$(dead_pid)
	full=$cgroup/pagestorm-exporter.service
	make_group "$empty"
	make_group "$full"
	start_in "$full"
	printf 'group\t%s\t\\-\t\\-\n' "$empty" "$full" | version=1 write_journal
	run restore
	[ "$status" -eq 0 ]
	[ ! -e "$empty" ]
	[ "$(wc -l < "$full/cgroup.procs")" -eq 1 ]
	[ ! -e "$PAGESTORM_STATE_DIR" ]
}

# The state that a run leaves when it is killed between mkdir and the mark.
@test "an unmarked new group is recognised by its mode, another of its name stays" {
	ours=$cgroup/pagestorm-$(dead_pid)
	theirs=$cgroup/pagestorm-$(dead_pid)
	make_group "$ours"
	make_group "$theirs"
	chmod 1731 "$ours"
	printf 'group\t%s\t\\-\t\\-\tmode:1731\n' "$ours" "$theirs" | write_journal
	run restore
	[ "$status" -eq 0 ]
	[ ! -e "$ours" ]
	[ -d "$theirs" ]
}

@test "the group of a probe that was killed before its mark is removed, another of its name stays" {
	command -v strace > /dev/null || skip "no strace"
	theirs=$cgroup/pagestorm-probe-$(dead_pid)
	make_group "$theirs"
	strace -o trace -e trace=mkdir,fsetxattr -e inject=fsetxattr:signal=KILL:when=1 \
		"$PAGESTORM" doctor > said 2>&1 || true
	ours=$(sed -n 's/^mkdir("\(.*pagestorm-probe-[0-9]*\)".* = 0$/\1/p' trace)
	cat trace
	[ -d "$ours" ] || skip "nothing is tried in a group here"
	dirs+=("$ours")
	[ -z "$(getfattr -m - "$ours" 2> /dev/null)" ]
	run restore
	echo "$output"
	[ "$status" -eq 0 ]
	[ ! -e "$ours" ]
	[[ "$output" == *"$ours: group removed"* ]]
	[ -d "$theirs" ]
	[[ "$output" == *"$theirs is named like pagestorm's, but nothing proves that it is"* ]]
}

# ---- live runs ----

@test "restore recognises a live run in another PID namespace by its journal" {
	start_inside "$PAGESTORM" "${held[@]}"
	run restore
	echo "$output"
	[ "$status" -eq 75 ]
	[[ "$output" == *"is alive"* ]]
	[ -n "$(members)" ]
	run "$PAGESTORM" run anon size=4M --wait=200 -o other
	[ "$status" -eq 75 ]
	end_inside
	[ "$status" -eq 143 ]
}

@test "restore recognises a live run in another PID namespace by its group and swap alone" {
	zram
	start_inside env PAGESTORM_STATE_DIR="$PWD/other" \
		"$PAGESTORM" "${held[@]}" swap.type=zram swap.size=64M memory.max=64M
	swap=$(awk '$1 ~ "^/dev/zram" && $3 == 65536 { print $1 }' /proc/swaps)
	[ -n "$swap" ]
	run restore
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"$group: its run is alive"* ]]
	[[ "$output" == *"$swap: its run is alive"* ]]
	[ -n "$(members)" ]
	grep -q "^$swap " /proc/swaps
	end_inside
	[ "$status" -eq 143 ]
	[ ! -e "/sys/block/${swap#/dev/}" ]
}

@test "restore recognises a killed run without a journal by its marks alone" {
	zram
	start "$PAGESTORM" "${held[@]}" swap.type=zram swap.size=64M memory.max=64M
	swap=$(awk '$1 ~ "^/dev/zram" && $3 == 65536 { print $1 }' /proc/swaps)
	kill -9 "$runner"
	wait "$runner" || true
	rm -r "$PAGESTORM_STATE_DIR"
	run restore
	echo "$output"
	[ "$status" -eq 0 ]
	[ ! -e "$group" ]
	[ ! -e "/sys/block/${swap#/dev/}" ]
	run ! grep "^$swap " /proc/swaps
}

# ---- devices ----

@test "swap that only has a run's label stays on, and its file stays" {
	disk
	dd if=/dev/zero of=pagestorm-file bs=1M count=16 status=none
	chmod 600 pagestorm-file
	mkswap -L pagestorm pagestorm-file > /dev/null
	swapon -p 0 "$PWD/pagestorm-file"
	swaps+=("$PWD/pagestorm-file")
	run restore
	swapoff "$PWD/pagestorm-file" # fails the test if it was not on any more
	[ "$status" -eq 0 ]
	[ -e pagestorm-file ]
	[[ "$output" == *"$PWD/pagestorm-file is named like pagestorm's"* ]]
}

@test "a copy of a run's swap file is not the run's" {
	disk
	dd if=/dev/zero of=pagestorm-file bs=1M count=16 status=none
	chmod 600 pagestorm-file
	mkswap -L pagestorm pagestorm-file > /dev/null
	mark_swap pagestorm-file
	cp pagestorm-file pagestorm-copy
	swapon -p 0 "$PWD/pagestorm-copy"
	swaps+=("$PWD/pagestorm-copy")
	run restore
	swapoff "$PWD/pagestorm-copy"
	[ "$status" -eq 0 ]
	[ -e pagestorm-copy ]
}

@test "a foreign zram device with the number of a run's stays" {
	zram
	number=$(cat /sys/class/zram-control/hot_add)
	printf 'zram\t/dev/zram%s\tmade\t16777216\t%s\n' "$number" \
		"$(identity "/sys/block/zram$number/.") 0123456789abcdef0123456789abcdef" > entries
	echo "$number" > /sys/class/zram-control/hot_remove
	again=$(cat /sys/class/zram-control/hot_add)
	zrams=("$again")
	[ "$again" = "$number" ] || skip "another process took zram$number meanwhile"
	write_journal < entries
	run restore
	echo "$output"
	[ "$status" -eq 0 ]
	[ -e "/sys/block/zram$number" ]
	[[ "$output" == *"/dev/zram$number is not the device that the run made"* ]]
}

@test "a zram device that appeared while a run added its own is reported and stays" {
	zram
	before=$(cd /sys/block && echo zram*)
	number=$(cat /sys/class/zram-control/hot_add)
	zrams=("$number")
	printf 'zram\t/dev/zram*\t%s\t\\-\n' "${before//zram/}" | write_journal
	run restore
	echo "$output"
	[ "$status" -eq 0 ]
	[ -e "/sys/block/zram$number" ]
	[[ "$output" == *"/dev/zram$number is new and unused"* ]]
}

@test "a loop device on a file that only has a run's naming stays" {
	[ -e /dev/loop-control ] || skip "no /dev/loop-control"
	initial
	truncate -s 16M pagestorm-image
	loop=$(losetup -f --show "$PWD/pagestorm-image")
	loops=("$loop")
	printf 'loop\t%s\t%s\tmade\n' "$loop" "$PWD/pagestorm-image" | version=1 write_journal
	run restore
	echo "$output"
	[ "$status" -eq 0 ]
	losetup "$loop" # fails the test if it was detached
	[[ "$output" == *"$loop is named like pagestorm's"* ]]
}

# ---- names of processes ----

@test "a run does not count user processes named kswapd0 as kernel threads" {
	cp "$(command -v sleep)" kswapd0
	for _ in 1 2; do
		./kswapd0 1000 3>&- &
		pids+=($!)
	done
	run "$PAGESTORM" run anon size=4M --wait=300 -o out
	echo "$output"
	[ "$status" -eq 0 ]
	threads=$(cat /proc/[0-9]*/stat 2> /dev/null | awk '$2 ~ /^\(kswapd/ && $4 == 2' | wc -l)
	scopes=$(cut -d, -f9 out/*/counters.csv | grep '^kswapd' | sort -u | wc -l)
	[ "$scopes" -eq "$threads" ]
}
