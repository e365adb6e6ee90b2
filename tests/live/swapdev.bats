#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a run's own swap promises: as large as asked, labelled, used, and gone afterwards.
# It is looked at in /proc/swaps and with blkid while the run holds its memory.

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	[ "$(id -u)" -eq 0 ] || skip "not root"
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	cd "$BATS_TEST_TMPDIR"
	pid=
}

teardown()
{
	[ -z "$pid" ] || kill "$pid" 2> /dev/null || true
	[ -z "$pid" ] || wait "$pid" || true
}

zram()
{
	[ -r /sys/class/zram-control/hot_add ] || skip "no zram-control"
}

disk()
{
	[[ "$(stat -f -c %T .)" =~ ext|xfs ]] || skip "no ext4 or xfs below $PWD for a swap file"
}

profile()
{
	{
		printf '[profile]\nwhy = swap of its own\n[swap]\n'
		printf '%s\n' "$@"
		printf '[workload hog]\ntype = anon\nsize = 48M\nmemory.max = 32M\nhold = %s\n' \
			"${hold:-5s}"
	} > swap.ini
}

start()
{
	"$PAGESTORM" run swap.ini --wait=300 > out 2>&1 3>&- &
	pid=$!
}

# Waits, at most 300 s for the lock and 10 s more, for a swap of the run's own in use.
find_swap()
{
	for try in {1..3100}; do
		while read -r path type size used priority; do
			[ "$(blkid -p -o value -s LABEL "$path" 2> /dev/null)" = pagestorm ] &&
				[ "$used" -gt 0 ] && return
		done < <(tail -n +2 /proc/swaps)
		kill -0 "$pid" 2> /dev/null || break
		sleep 0.1
	done
	cat out
	return 1
}

# Sets status; the run must have ended by itself.
finish()
{
	status=0
	wait "$pid" || status=$?
	pid=
	cat out
}

is_gone()
{
	run grep "^$1 " /proc/swaps
	[ "$status" -eq 1 ]
	[ ! -e "$1" ]
	[ ! -e "$PAGESTORM_STATE_DIR" ]
}

@test "a zram device has the size and priority asked for, is used, and goes" {
	zram
	profile "type = zram" "size = 64M" "priority = 9"
	start
	find_swap
	[[ "$path" == /dev/zram* ]]
	[ "$type" = partition ]
	[ "$size" -eq 65536 ]
	[ "$priority" -eq 9 ]
	finish
	[ "$status" -eq 0 ]
	is_gone "$path"
	[ ! -e "/sys/block/${path#/dev/}" ]
}

@test "a swap file has the size asked for, no holes, is used, and goes" {
	disk
	profile "type = file" "size = 64M"
	start
	find_swap
	[ "$type" = file ]
	[ "$size" -eq 65536 ]
	[ "$(stat -c %a "$path")" = 600 ]
	[ $(($(stat -c %b "$path") * 512)) -ge $((64 << 20)) ]
	finish
	[ "$status" -eq 0 ]
	is_gone "$path"
}

@test "a swap file is made where the profile says, in a file of our naming" {
	disk
	mkdir elsewhere
	profile "type = file" "size = 64M" "path = $PWD/elsewhere"
	start
	find_swap
	[[ "$path" == "$PWD/elsewhere/pagestorm"* ]]
	finish
	[ "$status" -eq 0 ]
	is_gone "$path"
	[ -z "$(ls elsewhere)" ]
}

@test "a zram device compresses with what the profile says" {
	zram
	algorithms=$(tr -d '[]' < /sys/block/zram0/comp_algorithm) || skip "no zram0 to ask"
	algorithm=${algorithms%% *}
	for other in $algorithms; do
		algorithm=$other # the last, which is not the default
	done
	profile "type = zram" "size = 64M" "algorithm = $algorithm"
	start
	find_swap
	grep -q "\[$algorithm\]" "/sys/block/${path#/dev/}/comp_algorithm"
	finish
	[ "$status" -eq 0 ]
}

refused()
{
	hold=0s profile "$@"
	run "$PAGESTORM" run swap.ini --wait=300
	[ "$status" -ne 0 ]
	[ ! -e "$PAGESTORM_STATE_DIR" ]
	for device in $(awk 'NR > 1 { print $1 }' /proc/swaps); do
		[ "$(blkid -p -o value -s LABEL "$device")" != pagestorm ]
	done
}

@test "a compressor that zram lacks is an error that says where to look, and nothing stays" {
	zram
	before=$(ls /sys/block)
	refused "type = zram" "size = 64M" "algorithm = nosuch"
	[[ "$output" == *"zram cannot compress with nosuch"* ]]
	[ "$(ls /sys/block)" = "$before" ]
}

@test "a file system that takes no swap files is an error that names another way" {
	[ "$(stat -f -c %T /dev/shm)" = tmpfs ] || skip "/dev/shm is no tmpfs"
	refused "type = file" "size = 64M" "path = /dev/shm"
	[[ "$output" == *"takes no swap files"* ]]
	[ -z "$(ls /dev/shm | grep pagestorm)" ]
}

@test "a swap file that we could not tell for ours later is refused" {
	disk
	refused "type = file" "size = 64M" "path = $PWD/my.swap"
	[[ "$output" == *"must be called pagestorm"* ]]
	[ ! -e my.swap ]
}

@test "no room for a swap file is an error before any is taken" {
	disk
	size=$(($(stat -f -c '%a * %S' .) + (1 << 30)))
	hold=0s profile "type = file" "size = $size"
	run "$PAGESTORM" run swap.ini --wait=300
	[ "$status" -ne 0 ]
	[[ "$output" == *"no room for a swap file"* ]]
	[ "$(find . -name '*.swap')" = "" ]
}
