#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of the kmem workload, compared with /proc of the worker, the ends of its pipes and
# sockets, and the slab caches.

bats_require_minimum_version 1.5.0

load ../lib/observe
load ../lib/capability
load ../lib/disturbance

setup() { observe_setup; }
teardown() { observe_teardown; }

# kernel_bytes: charged to the group
kernel_bytes()
{
	if [ -e "$group/memory.kmem.usage_in_bytes" ]; then
		cat "$group/memory.kmem.usage_in_bytes"
	else
		group_stat kernel
	fi
}

# rises LEAST MOST COMMAND…: what COMMAND prints at HELD less what it printed at READY
rises()
{
	local least=$1 most=$2 before after
	shift 2
	before=$("$@")
	held
	after=$("$@")
	echo "$*: $before, $after"
	[ $((after - before)) -ge "$least" ] && [ $((after - before)) -le "$most" ]
}

# unread: bytes in the worker's pipes, asked through descriptors of another process
unread()
{
	python3 - "$worker" <<-'EOF'
		import array, fcntl, glob, os, sys, termios
		pipes, unread = set(), 0
		for path in glob.glob(f"/proc/{sys.argv[1]}/fd/*"):
		    name = os.readlink(path)
		    if not name.startswith("pipe:") or name in pipes:
		        continue
		    pipes.add(name)
		    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
		    buffer = array.array("i", [0])
		    fcntl.ioctl(fd, termios.FIONREAD, buffer)
		    unread += buffer[0]
		    os.close(fd)
		print(unread)
	EOF
}

@test "1000 page tables are 4000 kB of VmPTE, charged as the machine says" {
	begin kmem kind=tables count=1000
	rises 4000 4040 kb status VmPTE
	finish
	[ "$(count_verdicts kmem fail)" = 0 ]
	[ "$(count_verdicts kmem pass)" -ge 12 ]
}

@test "200 threads are 200 tasks of the worker" {
	begin kmem kind=stacks count=200
	held
	[ "$(find "/proc/$worker/task" -mindepth 1 -maxdepth 1 | wc -l)" = 201 ]
	finish
	[ "$(count_verdicts kmem fail)" = 0 ]
}

@test "2000 pages of pipes are charged to the group and hold as many bytes" {
	command -v python3 > /dev/null || skip "no python3"
	[ "$(capability kernel_charge)" = yes ] || skip "kernel memory is not charged here"
	pages=$((2000 * $(getconf PAGESIZE)))
	begin kmem kind=pipes count=2000
	rises $((pages - 65536)) $((pages + 65536)) kernel_bytes
	[ "$(unread)" = $pages ]
	finish
	[ "$(count_verdicts kmem fail)" = 0 ]
}

@test "2000 unread datagrams are what ss shows in the receive queues" {
	command -v ss > /dev/null || skip "no ss"
	ss -H -x -a > before
	begin_held kmem kind=sockets count=2000
	ss -H -x -a -p > after
	[ "$(grep "pid=$worker," after | awk '{ sum += $3 } END { print sum }')" = $((2000 * 4096)) ]
	finish
	[ "$(count_verdicts kmem fail)" = 0 ]
}

# dentries: in use, by the slab allocator
dentries()
{
	awk '$1 == "dentry" { print $2 }' /proc/slabinfo
}

@test "100000 names that do not exist are as many dentries, and are gone with their directory" {
	[ -r /proc/slabinfo ] || skip "no /proc/slabinfo"
	[[ "$(stat -f -c %T .)" =~ ext|xfs ]] || skip "no ext4 or xfs below $PWD"
	for try in 1 2 3; do
		begin kmem kind=dentries count=100000
		! rises 90000 200000 dentries || break
		finish
		retried "other processes free and take dentries"
		[ "$try" -lt 3 ] || return 1
	done
	before=$(dentries)
	finish
	[ "$(count_verdicts kmem fail)" = 0 ]
	[ $((before - $(dentries))) -ge 50000 ]
}

@test "every claim holds for each kind and for a single unit" {
	for kind in tables stacks pipes sockets dentries; do
		for count in 1 333; do
			undisturbed run_workload kmem kind=$kind count=$count
			[ "$(column runs.csv kmem outcome)" = ok ]
			[ "$(count_verdicts kmem fail)" = 0 ]
		done
	done
}
