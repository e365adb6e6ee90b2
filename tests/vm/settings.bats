#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Settings that need a machine of their own: those that squeeze all of it, and those
# that the host's kernel lacks.

load vm

setup()
{
	need_lab 6.1
	enter_scratch
}

# in_guest COMMAND LAB_OPTION…
in_guest()
{
	run "$PAGESTORM" lab --memory 1G "${@:2}" --exec "$1"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "a huge page pool that the machine cannot hold is refused before anything is changed" {
	in_guest '
		pool=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
		echo 3 > $pool
		pagestorm run null hugepages.2048kB=4096 --allow-risk=R3; echo "status=$?"
		echo "pool=$(cat $pool). journal=$(ls /var/lib/pagestorm 2> /dev/null)."'
	[[ "$output" == *"it needs 8 GiB at its peak"* ]]
	[[ "$output" == *"status=2"* ]]
	[[ "$output" == *"pool=3. journal=."* ]]
}

# The machine has room for it, and the node has not.
@test "a huge page pool that grows only in part is an error, and the old size is back" {
	in_guest '
		pool=/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages
		echo 3 > $pool
		pagestorm run null hugepages.2048kB.node1=200 --allow-risk=R3 && echo accepted
		echo "pool=$(cat $pool). journal=$(ls /var/lib/pagestorm 2> /dev/null)."' \
		--memory 1G,256M
	[[ "$output" != *accepted* ]]
	[[ "$output" == *"asked for 200 huge pages, got "* ]]
	[[ "$output" == *"pool=3. journal=."* ]]
}

@test "the multi-generational LRU can be switched on and is off again" {
	in_guest '
		lru=/sys/kernel/mm/lru_gen/enabled
		before=$(cat $lru)
		pagestorm run null lru_gen.enabled=7 hold=2s > out 2>&1 &
		for try in $(seq 100); do
			[ "$(cat $lru)" = 0x0007 ] && echo "was on" && break
			usleep 100000
		done
		wait $! || cat out
		echo "before=$before after=$(cat $lru)."'
	[[ "$output" == *"was on"* ]]
	[[ "$output" =~ before=(0x[0-9a-f]+)\ after=(0x[0-9a-f]+)\. ]]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
}

@test "min_free_kbytes is in the watermarks during the run and out of them afterwards" {
	in_guest '
		sum() { awk "/^ +min / { n += \$2 } END { print n * 4 }" /proc/zoneinfo; }
		cat /proc/sys/vm/min_free_kbytes > /proc/sys/vm/min_free_kbytes
		before=$(sum)
		cat > min.ini <<- INI
			[profile]
			why = watermarks
			[sysctl]
			vm.min_free_kbytes = 61440
			[setting]
			thp.enabled = never
			[workload nothing]
			type = null
			hold = 2s
		INI
		pagestorm run min.ini --allow-risk=R2 > out 2>&1 &
		highest=0
		for try in $(seq 60); do
			now=$(sum)
			[ "$now" -le "$highest" ] || highest=$now
			usleep 100000
		done
		wait $! || cat out
		echo "before=$before highest=$highest after=$(sum)."'
	[[ "$output" =~ before=([0-9]+)\ highest=([0-9]+)\ after=([0-9]+)\. ]]
	# The kernel rounds each zone down to a page.
	((BASH_REMATCH[2] > 61440 - 16 && BASH_REMATCH[2] <= 61440))
	[ "${BASH_REMATCH[1]}" -eq "${BASH_REMATCH[3]}" ]
}
