#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Killed with -9 in a guest, then restored: the guest is as it was. On cgroup v2 the
# root hands no controller down before the run, so that too has to come back.

load vm

setup()
{
	need_lab 6.1
	enter_scratch
	cat > all.ini <<- INI
		[profile]
		why = everything that a run can change at once, to be killed at any moment
		sample = 50ms
		[cgroup]
		memory.max = 32M
		[sysctl]
		vm.swappiness = 37
		vm.page-cluster = 0
		[setting]
		thp.enabled = madvise
		hugepages.2048kB = 8
		[swap]
		type = zram
		size = 64M
		[workload hog]
		type = anon
		size = 40M
		hold = 200ms
	INI
	cat > kill-and-restore <<- 'SH'
		# busybox sh
		control=/sys/fs/cgroup/cgroup.subtree_control
		[ ! -e $control ] || echo "-memory -cpuset" > $control
		machine()
		{
			for file in /proc/sys/vm/*; do
				[ ! -f $file ] || echo "$file $(cat $file 2> /dev/null)"
			done
			cat /sys/kernel/mm/transparent_hugepage/enabled \
				/sys/kernel/mm/hugepages/*/nr_hugepages /proc/swaps $control
			ls /sys/block
			find /sys/fs/cgroup -type d -name "pagestorm*"
			ls -d /var/lib/pagestorm
		}
		centiseconds() { cut -d" " -f1 /proc/uptime | tr -d .; }
		machine > before 2> /dev/null
		begun=$(centiseconds)
		pagestorm run /all.ini > out 2>&1 || echo "run: $?"
		span=$(($(centiseconds) - begun))
		same=0 met=0
		for round in 1 2 3 4 5 6 7 8; do
			pagestorm run /all.ini > out 2>&1 &
			pid=$!
			usleep $((round * span * 10000 / 9))
			kill -9 $pid 2> /dev/null
			wait $pid
			[ ! -e /var/lib/pagestorm/journal ] || met=$((met + 1))
			pagestorm restore || echo "restore: $?"
			machine > after 2> /dev/null
			if cmp -s before after; then
				same=$((same + 1))
			else
				diff before after
			fi
		done
		echo "identical $same of 8, met $met"
	SH
}

killed()
{
	run "$PAGESTORM" lab --cgroup "$1" --file "$PWD/all.ini:/all.ini" \
		--file "$PWD/kill-and-restore:/kill-and-restore" --exec "sh /kill-and-restore"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" =~ identical\ 8\ of\ 8,\ met\ ([0-9]+) ]]
	[ "${BASH_REMATCH[1]}" -ge 4 ]
}

@test "on cgroup v2 eight kills leave the guest identical" {
	killed v2
}

@test "on cgroup v1 eight kills leave the guest identical" {
	killed v1
}

@test "doctor says that a run will hand the memory controller down, and does not do it itself" {
	run "$PAGESTORM" lab --exec '
		echo "-memory -cpuset" > /sys/fs/cgroup/cgroup.subtree_control
		pagestorm doctor
		echo "control=$(cat /sys/fs/cgroup/cgroup.subtree_control)."'
	[ "$status" -eq 0 ]
	[[ "$output" =~ ok\ +group\ +not\ tried ]]
	[[ "$output" =~ control=([a-z ]*)\. ]]
	[[ "${BASH_REMATCH[1]}" != *memory* ]]
}
