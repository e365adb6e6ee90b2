#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of swap, compared with smaps, status, stat and /proc/swaps.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup()
{
	observe_setup
	device=(swap.size=128M swap.priority=32767)
}

teardown()
{
	observe_teardown
	[ -z "$(used)" ]
}

# Used part of the run's swap device, in kB.
used()
{
	awk '$5 == 32767 { print $4 }' /proc/swaps
}

@test "every page is in swap by VmSwap, smaps and the device, on zram and on a file" {
	need_zram
	least=$((48 << 10))
	claim=pass
	if [ "$(wc -l < /proc/swaps)" -gt 1 ]; then
		# Another swap device is on: a CPU first uses up its cluster of 512 slots there,
		# and other processes can have pages on the run's device. No claim is made.
		least=$((least - 2048 * $(nproc)))
		claim=
	fi
	for type in zram file; do
		begin swap "${device[@]}" swap.type=$type size=48M
		[ "$(kb status VmSwap)" = 0 ]
		held
		[ "$(kb status VmSwap)" = $((48 << 10)) ]
		[ "$(kb smaps Swap)" = $((48 << 10)) ]
		[ "$(used)" -ge $least ]
		finish
		[ "$(verdict swapped_bytes)" = pass ]
		[ "$(verdict own_swap_used)" = "$claim" ]
	done
}

@test "each page comes back with one fault, all of them major from zram" {
	need_zram
	begin swap "${device[@]}" swap.type=zram size=32M back=read
	minor=$(minor_faults)
	major=$(major_faults)
	held
	[ $(($(major_faults) - major)) = 8192 ]
	[ "$(minor_faults)" = "$minor" ]
	[ "$(kb status VmSwap)" = 0 ]
	finish
}

@test "page-cluster 3 turns seven of eight faults of a file in order into minor ones" {
	begin swap "${device[@]}" swap.type=file vm.page-cluster=3 size=32M back=read
	minor=$(minor_faults)
	major=$(major_faults)
	held
	major=$(($(major_faults) - major))
	minor=$(($(minor_faults) - minor))
	[ $((major + minor)) = 8192 ]
	[ "$major" -ge 1024 ]
	[ "$major" -le 1536 ] # a tenth of them alone, where a window begins
	finish
	[ "$(verdict swap_in_faults)" = pass ]
}

@test "a working set of twice its limit has half in swap, and nothing is killed" {
	need_zram
	begin swap "${device[@]}" swap.type=zram mode=pressure memory.max=48M duration=1s
	major=$(major_faults)
	held
	[ "$(kb smaps Swap)" -ge $((48 << 10)) ]
	[ "$(kb smaps Anonymous)" -le $((48 << 10)) ] # its program is charged to who read it first
	[ "$(major_faults)" -gt "$major" ]
	finish
	[ "$(verdict oom_kills)" = pass ]
}

@test "MADV_WILLNEED leaves few pages to wait for, and requires a known order" {
	sweep=(swap.type=zram mode=pressure memory.max=48M back=willneed)
	need_zram
	begin swap "${device[@]}" "${sweep[@]}" access_pattern=sequential duration=1s
	minor=$(minor_faults)
	major=$(major_faults)
	held
	[ "$(kb smaps Swap)" -ge $((48 << 10)) ]
	[ $((4 * ($(major_faults) - major))) -lt $(($(minor_faults) - minor)) ]
	finish
	[ "$(verdict oom_kills)" = pass ]
	ends 2 swap "${device[@]}" "${sweep[@]}" access_pattern=random
	grep -q 'access_pattern=sequential' said
}

@test "a killed worker leaves no swap device" {
	need_zram
	begin swap "${device[@]}" swap.type=zram size=32M
	kill -KILL "$worker"
	finish_with 4
	[ -z "$(used)" ]
}

@test "a size beyond the swap or the limit is refused before anything runs" {
	ends 2 swap
	grep -q 'swap device of its own' said
	ends 2 swap swap.type=file swap.size=16M mode=pressure memory.max=64M
	grep -q 'raise swap.size' said
	[ ! -e out ]
}
