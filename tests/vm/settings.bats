#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Settings that require a guest: those that put the whole machine under pressure, and those
# that the host's kernel lacks.

bats_require_minimum_version 1.5.0

load vm

boot_settings()
{
	"$PAGESTORM" lab --memory 1G,256M --exec "$(in_guest_paused)"'
		journal() { echo "journal=$(ls /var/lib/pagestorm 2> /dev/null)."; }

		pool=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
		echo 3 > $pool
		{
			pagestorm run null hugepages.2048kB=4096 --allow-risk=R3; echo "status=$?"
			echo "pool=$(cat $pool)."; journal
		} > refused 2>&1
		echo 0 > $pool

		pool=/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages
		echo 3 > $pool
		{
			pagestorm run null hugepages.2048kB.node1=200 --allow-risk=R3 && echo accepted
			echo "pool=$(cat $pool)."; journal
		} > part 2>&1
		echo 0 > $pool

		lru=/sys/kernel/mm/lru_gen/enabled
		{
			echo "before=$(cat $lru)."
			begin_paused null lru_gen.enabled=7
			echo "during=$(cat $lru)."
			go_on
			echo "status=$?."
			echo "after=$(cat $lru)."
		} > lru 2>&1

		sum() { awk "/^ +min / { n += \$2 } END { print n * 4 }" /proc/zoneinfo; }
		cat /proc/sys/vm/min_free_kbytes > /proc/sys/vm/min_free_kbytes
		{
			echo "before=$(sum)."
			begin_paused null vm.min_free_kbytes=61440 thp.enabled=never --allow-risk=R2
			echo "during=$(sum)."
			go_on
			echo "status=$?."
			echo "after=$(sum)."
		} > min 2>&1

		mkdir results
		mv refused part lru min results'
}

setup_file() { echo boot_settings | boots_begin boot_settings; }
teardown_file() { boots_end; }

# says FILE: sets $output to the output of that part of the boot
says()
{
	need_lab 6.1
	booted boot_settings
	output=$(cat "results/$1")
	echo "$output"
}

@test "a huge page pool larger than the machine's memory is refused before anything is changed" {
	says refused
	[[ "$output" == *"it needs 8 GiB at its peak"* ]]
	[[ "$output" == *"status=2"* ]]
	[[ "$output" == *"pool=3."* ]]
	[[ "$output" == *"journal=."* ]]
}

# The machine has room for the pool, the node does not.
@test "a huge page pool that grows only in part is an error, and its old size is restored" {
	says part
	[[ "$output" != *accepted* ]]
	[[ "$output" == *"asked for 200 huge pages, got "* ]]
	[[ "$output" == *"pool=3."* ]]
	[[ "$output" == *"journal=."* ]]
}

@test "the multi-generational LRU is on during the run and off again afterwards" {
	says lru
	[[ "$output" == *"during=0x0007."* ]]
	[[ "$output" == *"status=0."* ]]
	[[ "$output" =~ before=(0x[0-9a-f]+)\. ]]
	[[ "$output" == *"after=${BASH_REMATCH[1]}."* ]]
	[ "${BASH_REMATCH[1]}" != 0x0007 ]
}

@test "min_free_kbytes raises the watermarks during the run only" {
	says min
	[[ "$output" == *"status=0."* ]]
	[[ "$output" =~ before=([0-9]+)\..*during=([0-9]+)\..*after=([0-9]+)\. ]]
	# The kernel rounds each zone down to a page.
	((BASH_REMATCH[2] > 61440 - 16 && BASH_REMATCH[2] <= 61440))
	[ "${BASH_REMATCH[1]}" -eq "${BASH_REMATCH[3]}" ]
}
