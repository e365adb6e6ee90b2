#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of a run's private swap: it has the requested size and a label, is used, and is
# removed afterwards. Checked with /proc/swaps and blkid while the run holds its memory.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup()
{
	observe_setup
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
}

teardown()
{
	[ -z "${other-}" ] || kill -KILL "$other" 2> /dev/null || true
	observe_teardown
	[ -z "${crowded-}" ] || rmdir_soon "$crowded"
}

zram()
{
	[ -r /sys/class/zram-control/hot_add ] || skip "no zram-control"
}

# profile LINE…: of [swap]; the kernel fills devices in the order of their priorities, so the
# private device gets the highest
profile()
{
	{
		printf '[profile]\nwhy = a private swap device\nnoise = no\n[swap]\n'
		printf '%s\n' "$@"
		[[ "$*" == *"priority = "* ]] || echo "priority = 32767"
		printf '[workload hog]\ntype = anon\nsize = 24M\nmemory.max = 16M\n'
	} > swap.ini
}

# start: a run, up to HELD; sets the fields of /proc/swaps for its device, which is in use
start()
{
	begin_held swap.ini
	while read -r path type size used priority; do
		[ "$(blkid -p -o value -s LABEL "$path" 2> /dev/null)" != pagestorm ] ||
			[ "$used" -eq 0 ] || return 0
	done < <(tail -n +2 /proc/swaps)
	cat /proc/swaps
	return 1
}

is_gone()
{
	run grep "^$1 " /proc/swaps
	[ "$status" -eq 1 ]
	[ ! -e "$1" ]
	[ ! -e "$PAGESTORM_STATE_DIR" ]
}

@test "a zram device has the requested size and priority, is used and is removed" {
	zram
	profile "type = zram" "size = 32M" "priority = 32766"
	start
	[[ "$path" == /dev/zram* ]]
	[ "$type" = partition ]
	[ "$size" -eq 32768 ]
	[ "$priority" -eq 32766 ]
	finish
	is_gone "$path"
	[ ! -e "/sys/block/${path#/dev/}" ]
}

@test "a swap file has the requested size and no holes, is used and is removed" {
	need_swap_file
	profile "type = file" "size = 32M"
	start
	[ "$type" = file ]
	[ "$size" -eq 32768 ]
	[ "$(stat -c %a "$path")" = 600 ]
	[ $(($(stat -c %b "$path") * 512)) -ge $((32 << 20)) ]
	finish
	is_gone "$path"
}

@test "a swap file is made in the profile's directory, under the program's naming" {
	need_swap_file
	mkdir elsewhere
	profile "type = file" "size = 32M" "path = $PWD/elsewhere"
	start
	[[ "$path" == "$PWD/elsewhere/pagestorm"* ]]
	finish
	is_gone "$path"
	[ -z "$(ls elsewhere)" ]
}

@test "a zram device compresses with the profile's algorithm" {
	zram
	algorithms=$(tr -d '[]' < /sys/block/zram0/comp_algorithm) || skip "no zram0 to ask"
	algorithm=${algorithms%% *}
	for other in $algorithms; do
		algorithm=$other # the last, which is not the default
	done
	profile "type = zram" "size = 32M" "algorithm = $algorithm"
	start
	grep -q "\[$algorithm\]" "/sys/block/${path#/dev/}/comp_algorithm"
	finish
}

refused()
{
	profile "$@"
	run "$PAGESTORM" run swap.ini --wait=200 -o out
	[ "$status" -ne 0 ]
	[ ! -e "$PAGESTORM_STATE_DIR" ]
	while read -r device; do
		[ "$(blkid -p -o value -s LABEL "$device")" != pagestorm ]
	done < <(awk 'NR > 1 { print $1 }' /proc/swaps)
}

@test "a compressor that zram lacks is an error that names where to look, and nothing is left" {
	zram
	before=$(ls /sys/block)
	refused "type = zram" "size = 32M" "algorithm = nosuch"
	[[ "$output" == *"zram cannot compress with nosuch"* ]]
	[ "$(ls /sys/block)" = "$before" ]
}

@test "a file system without swap files is an error that names an alternative" {
	[ "$(stat -f -c %T /dev/shm)" = tmpfs ] || skip "/dev/shm is no tmpfs"
	refused "type = file" "size = 32M" "path = /dev/shm"
	[[ "$output" == *"takes no swap files"* ]]
	[ -z "$(find /dev/shm -name '*pagestorm*')" ]
}

@test "a swap file that could not be identified later is refused" {
	need_swap_file
	refused "type = file" "size = 32M" "path = $PWD/my.swap"
	[[ "$output" == *"must begin with pagestorm"* ]]
	[ ! -e my.swap ]
}

@test "no room for a swap file is an error before any space is allocated" {
	need_swap_file
	size=$(($(stat -f -c '%a * %S' .) + (1 << 30)))
	profile "type = file" "size = $size"
	run "$PAGESTORM" run swap.ini --wait=200 -o out
	[ "$status" -ne 0 ]
	[[ "$output" == *"no room for a swap file"* ]]
	[ "$(find . -name '*.swap')" = "" ]
}

rmdir_soon()
{
	local try
	for try in {1..100}; do
		rmdir "$1" 2> /dev/null && return
		sleep 0.05 # its last process is still exiting
	done
	[ ! -d "$1" ]
}

# crowd BYTES: another process, in a group of 16 MiB that is smaller than it; sets $other
crowd()
{
	local home=$group limit=memory.max
	while [[ $home == *pagestorm-* ]]; do
		home=${home%/*}
	done
	crowded=$home/crowded-$$
	mkdir "$crowded"
	[ -e "$crowded/memory.max" ] || limit=memory.limit_in_bytes
	echo 16M > "$crowded/$limit"
	# shellcheck disable=SC2016 # expanded there
	bash -c 'echo $$ > "$1/cgroup.procs" && held=$(head -c "$0" /dev/urandom | base64 -w 0) &&
		kill -STOP $$' "$1" "$crowded" 3>&- &
	other=$!
	disown
	until [ "$(cut -d' ' -f3 "/proc/$other/stat")" = T ]; do
		sleep 0.05 # until it has all of its memory
	done
}

@test "swapoff of a device that holds a full group's pages succeeds once the group has room" {
	zram
	profile "type = zram" "size = 64M" "priority = 32767"
	start
	crowd 24M
	[ "$(awk '$1 == "VmSwap:" { print $2 }' "/proc/$other/status")" -gt 8192 ]
	(
		sleep 1 # time has to pass: swapoff(2) fails meanwhile
		kill -KILL "$other"
	) 3>&- &
	finish
	is_gone "$path"
}
