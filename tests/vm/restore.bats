#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of a run in a guest, then restore: the guest is as before. On cgroup v2 the root
# group delegates no controller before the run, so that must be restored too.

bats_require_minimum_version 1.5.0

load vm
load ../lib/retry

# kill_and_restore CGROUP
kill_and_restore()
{
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
		journal=/var/lib/pagestorm/journal
		# begin: a run in the background, up to the moment when it has a journal
		begin()
		{
			pagestorm run /all.ini > out 2>&1 &
			pid=$!
			until [ -e $journal ] || ! kill -0 $pid 2> /dev/null; do usleep 10000; done
		}
		machine > before 2> /dev/null
		# The first run takes longer than the next ones.
		pagestorm run /all.ini > out 2>&1 || echo "run: $?"
		begin
		begun=$(centiseconds)
		while [ -e $journal ]; do usleep 10000; done
		span=$(($(centiseconds) - begun))
		wait $pid || echo "run: $?"
		# Kills from the start of the journal on, each time a tenth of its lifetime later.
		round=0 same=0 late=0
		while [ $round -lt 8 ] && [ $late -lt 30 ]; do
			begin
			usleep $((round * span * 10000 / 10))
			kill -9 $pid 2> /dev/null
			wait $pid
			if [ -e $journal ]; then
				round=$((round + 1))
			else
				echo "the run had ended before it was killed"
				late=$((late + 1)) span=$((span * 3 / 4))
				continue
			fi
			pagestorm restore || echo "restore: $?"
			machine > after 2> /dev/null
			if cmp -s before after; then
				same=$((same + 1))
			else
				diff before after
			fi
		done
		echo "identical $same of $round"
	SH
	"$PAGESTORM" lab --cgroup "$1" --file "$PWD/all.ini:/all.ini" \
		--file "$PWD/kill-and-restore:/kill-and-restore" --exec "sh /kill-and-restore"
}

boot_doctor()
{
	"$PAGESTORM" lab --exec '
		echo "-memory -cpuset" > /sys/fs/cgroup/cgroup.subtree_control
		pagestorm doctor
		echo "control=$(cat /sys/fs/cgroup/cgroup.subtree_control)."'
}

setup_file()
{
	printf '%s\n' 'kill_and_restore v2' 'kill_and_restore v1' boot_doctor |
		boots_begin kill_and_restore boot_doctor
}

teardown_file() { boots_end; }
setup() { need_lab 6.1; }

# killed CGROUP
killed()
{
	booted "kill_and_restore-$1"
	[ "$status" -eq 0 ]
	while read -r cause; do
		retried "$cause"
	done < <(grep '^the run had ended' out)
	grep -qx 'identical 8 of 8' out
}

@test "on cgroup v2 the guest is identical after eight killed and restored runs" {
	killed v2
}

@test "on cgroup v1 the guest is identical after eight killed and restored runs" {
	killed v1
}

@test "doctor says that a run will delegate the memory controller, and does not do so itself" {
	booted boot_doctor
	[ "$status" -eq 0 ]
	output=$(cat out)
	[[ "$output" =~ ok\ +group\ +not\ tried ]]
	[[ "$output" =~ control=([a-z ]*)\. ]]
	[[ "${BASH_REMATCH[1]}" != *memory* ]]
}
