#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the lab promises about any guest: its shape, its channels, its bounds.
# What runs in it is the matrix's matter.

load vm

setup()
{
	need_lab 6.1
	enter_scratch
}

# lab OPTION…: stdout to ./out, stderr to ./err, status kept; a test that fails shows all three
lab()
{
	status=0
	"$PAGESTORM" lab "$@" > out 2> err || status=$?
	echo "status $status"
	tail -n 50 out err
}

# wait_for WORD: in ./out, while the lab runs in the background
wait_for()
{
	for _ in {1..1200}; do
		grep -q "$1" out && return
		sleep 0.1
	done
	return 1
}

# processes whose first argument is qemu's name and that carry our program
qemus()
{
	pgrep -P "$1" -f qemu-system-x86_64 || true
}

@test "the guest has the nodes, memory and CPUs that were asked for" {
	lab --memory 512M,256M --cpus 1,1 --exec '
		for node in 0 1; do
			awk "/MemTotal/ { print \$4 }" /sys/devices/system/node/node$node/meminfo
			cat /sys/devices/system/node/node$node/cpulist
		done'
	[ "$status" -eq 0 ]
	mapfile -t seen < out
	# The kernel keeps a part of each node for itself.
	((seen[0] > 400 * 1024 && seen[0] <= 512 * 1024))
	((seen[2] > 200 * 1024 && seen[2] <= 256 * 1024))
	[ "${seen[1]}" = 0 ]
	[ "${seen[3]}" = 1 ]
}

@test "a node may have no memory, another no CPU, and distances are as given" {
	lab --memory 512M,0,256M --cpus 1,1,0 --distances 10,20,30/20,10,40/30,40,10 --exec '
		cat /sys/devices/system/node/has_memory /sys/devices/system/node/has_cpu \
			/sys/devices/system/node/node?/distance'
	[ "$status" -eq 0 ]
	[ "$(sed -n 1p out)" = 0,2 ]
	[ "$(sed -n 2p out)" = 0-1 ]
	[ "$(sed -n '3,$p' out | tr '\n' ';')" = "10 20 30;20 10 40;30 40 10;" ]
}

@test "stdout, stderr and the exit status come back apart from one another" {
	lab --exec 'echo to stdout; echo to stderr >&2; exit 42'
	[ "$status" -eq 42 ]
	[ "$(cat out)" = "to stdout" ]
	[ "$(cat err)" = "to stderr" ]
}

@test "a command killed in the guest is told as a shell tells it" {
	lab --exec 'kill -9 $$'
	[ "$status" -eq 137 ]
	grep -q 'signal 9' err
}

@test "results come back to the same place, to the byte" {
	lab --exec 'mkdir -p results/run/raw && cd results/run &&
		dd if=/dev/urandom of=raw/big bs=65537 count=97 2>/dev/null && : >empty &&
		md5sum raw/big empty'
	[ "$status" -eq 0 ]
	(cd results/run && md5sum -c "$scratch/out")
	[ "$(stat -c %s results/run/raw/big)" -eq $((65537 * 97)) ]
}

@test "results are whole although the host was slow to take them" {
	"$PAGESTORM" lab --exec 'echo up; mkdir results; sleep 1
		dd if=/dev/urandom of=results/big bs=1M count=1 2>/dev/null
		md5sum results/big' > out 2> err &
	lab_pid=$!
	wait_for up
	kill -STOP "$lab_pid"
	sleep 8
	kill -CONT "$lab_pid"
	wait "$lab_pid"
	tail -n 1 out | md5sum -c
}

# fake_qemu FRAMES: a guest that says just these, for printf, and goes on living
fake_qemu()
{
	mkdir -p bin
	cat > bin/qemu-system-x86_64 <<- SCRIPT
		#!/bin/bash
		for word; do
			case \$word in
			socket,id=channel,fd=*) channel=\${word##*=} ;;
			socket,id=console,fd=*) console=\${word##*=} ;;
			esac
		done
		echo the last words >&\$console
		printf '$1' >&\$channel
		exec sleep 60
	SCRIPT
	chmod +x bin/qemu-system-x86_64
}

# A status of 0, and an end whose tally has 2 bytes of stdout, or one file of 3 bytes.
none='\000\000\000\000\000\000\000\000'
status0='s\000\000\000\004\000\000\000\000\000\000\000'
end2="z\\000\\000\\000\\040\\000\\000\\000\\002${none:4}$none$none$none"
end_file="z\\000\\000\\000\\040\\000\\000\\000$none$none\\001${none:4}\\003${none:4}"
ready='r\000\000\000\000\000\000\000'
stdout2='o\000\000\000\002\000\000\0001\n'

@test "a status without all of the output is an error with the console's last lines" {
	fake_qemu "$ready$stdout2$status0$end2"
	PATH=$PWD/bin:$PATH lab --exec true
	[ "$status" -eq 0 ]
	[ "$(cat out)" = 1 ]

	fake_qemu "$ready$status0$end2"
	PATH=$PWD/bin:$PATH lab --exec true
	[ "$status" -eq 3 ]
	grep -q 'sent 2 bytes of stdout, and 0 arrived' err
	grep -q 'the last words' err

	fake_qemu "$ready$status0$end_file"
	PATH=$PWD/bin:$PATH lab --exec true
	[ "$status" -eq 3 ]
	grep -q 'sent 1 files of the results, and 0 arrived' err

	fake_qemu "$ready$stdout2${status0}z${none:4}"
	PATH=$PWD/bin:$PATH lab --exec true
	[ "$status" -eq 3 ]
	grep -q garbled err
}

@test "a guest that ends before it says anything is booted again, and told how it ended" {
	fake_qemu "$ready$stdout2$status0$end2"
	sed -i '2i if mkdir once 2> /dev/null; then exit 0; fi' bin/qemu-system-x86_64
	PATH=$PWD/bin:$PATH lab --exec true
	[ "$status" -eq 0 ]
	[ "$(cat out)" = 1 ]
	grep -q 'booted 2 times' err

	printf '#!/bin/sh\nkill -KILL $$\n' > bin/qemu-system-x86_64
	PATH=$PWD/bin:$PATH lab --exec true
	[ "$status" -eq 3 ]
	grep -q 'booted 3 times' err
	grep -q 'qemu was killed by signal 9' err

	fake_qemu ''
	sed -i 's/^exec sleep.*/exit 0/' bin/qemu-system-x86_64
	PATH=$PWD/bin:$PATH lab --exec true
	[ "$status" -eq 3 ]
	! grep -q booted err
	grep -q 'the machine was reset or switched off' err
}

@test "a result that the guest cannot read is told, with 3" {
	# At the address 0 there is nothing to read.
	lab --exec 'mkdir -p results; : >results/mem; mount -o bind /proc/1/mem results/mem'
	[ "$status" -eq 3 ]
	grep -q 'something is missing: .*cannot read .*/results/mem: ' err
}

@test "output that cannot be written on this side is an error, with 3" {
	status=0
	"$PAGESTORM" lab --exec 'echo lost' > /dev/full 2> err || status=$?
	[ "$status" -eq 3 ]
	grep -q 'stdout: No space left on device' err
}

@test "a reader that leaves early does not cost the results" {
	"$PAGESTORM" lab --exec 'for i in 1 2 3 4 5; do echo $i; usleep 300000; done
		echo kept >results/late' | head -n 1 > out
	[ "$(cat out)" = 1 ]
	[ "$(cat results/late)" = kept ]
}

@test "--collect brings a file back, and nothing else is written" {
	lab --collect sub/one --exec 'mkdir sub; echo 1 >sub/one; echo 2 >sub/two'
	[ "$status" -eq 0 ]
	[ "$(cat sub/one)" = 1 ]
	[ ! -e sub/two ]
}

@test "--file takes a program along with its libraries" {
	ln -s /bin/bash shell
	lab --file shell:/opt/shell --exec '/opt/shell -c "echo \$BASH_VERSION"'
	[ "$status" -eq 0 ]
	[ "$(cat out)" = "$BASH_VERSION" ]
}

@test "the command is told that it runs in a guest, and of which shape" {
	lab --nodes 2 --swap zram:64M --exec 'echo "$PAGESTORM_LAB"'
	[[ $(cat out) == "nodes=2 memory=1073741824 node_memory=512M,512M node_cpus=1,1 "* ]]
	[[ $(cat out) == *" swap=zram:67108864 kernel=6.1."*" cgroup=v2 accel=tcg" ]]
}

swap_is()
{
	lab --swap "$1" --exec 'tail -n +2 /proc/swaps'
	[ "$status" -eq 0 ]
	# A page of each area is its header.
	read -r path _ kib _ < out
	[ "$path" = "$2" ]
	[ "$kib" -eq $((64 * 1024 - 4)) ]
}

@test "a small guest has room for a run that fits it, and says what does not" {
	lab --memory 256M -- run anon size=64M -q
	[ "$status" -eq 0 ]
	lab --memory 256M -- run anon size=1G -q
	[ "$status" -eq 2 ]
	grep -q 'stay untouched' err
}

@test "swap on a file is on and has its size" {
	swap_is 64M /scratch/swapfile
}

@test "swap on zram is on and has its size" {
	swap_is zram:64M /dev/zram0
}

@test "swap on a ram disk is on and has its size" {
	swap_is ram:64M /dev/ram0
}

@test "without swap there is none" {
	lab --exec 'wc -l </proc/swaps'
	[ "$status" -eq 0 ]
	[ "$(cat out)" -eq 1 ]
}

@test "cgroup v2 has memory and cpuset for the groups below the root" {
	lab --exec 'cat /sys/fs/cgroup/cgroup.subtree_control; grep -c " cgroup " /proc/mounts'
	grep -qw memory out
	grep -qw cpuset out
	[ "$(tail -n 1 out)" = 0 ]
}

@test "cgroup v1 has the memory controller with swap, and no v2" {
	lab --cgroup v1 --exec 'ls /sys/fs/cgroup/memory; grep -c cgroup2 /proc/mounts'
	grep -qx memory.memsw.limit_in_bytes out
	[ "$(tail -n 1 out)" = 0 ]
}

@test "hybrid has the memory controller in v1 and an empty v2 beside it" {
	lab --cgroup hybrid --exec 'ls /sys/fs/cgroup/memory
		echo unified: $(grep -cw memory /sys/fs/cgroup/unified/cgroup.controllers)'
	grep -qx memory.limit_in_bytes out
	[ "$(tail -n 1 out)" = "unified: 0" ]
}

@test "cpusets come and go by the hundred, and the guest's kernel stays whole" {
	need_lab 6.12
	lab --kernel 6.12 --nodes 2 --exec 'cd /sys/fs/cgroup
		for i in 1 2 3; do
			while sh -c true; do ls -R /proc/self > /dev/null; done &
		done
		for i in $(seq 1500); do mkdir t && rmdir t || exit; done
		kill $(jobs -p)
		echo whole'
	[ "$status" -eq 0 ]
	[ "$(tail -n 1 out)" = whole ]
}

@test "kernel parameters reach the kernel" {
	lab --append 'hugepages=3 mypar=7' --exec 'cat /proc/cmdline; grep HugePages_Total /proc/meminfo'
	grep -q 'mypar=7' out
	grep -q 'HugePages_Total: *3' out
}

@test "a panic ends the lab with 3 and the console's last lines" {
	lab --exec 'echo c >/proc/sysrq-trigger; sleep 100'
	[ "$status" -eq 3 ]
	grep -q 'panicked: Kernel panic - not syncing: sysrq triggered crash' err
	grep -q 'RIP:' err
}

@test "a kernel that cannot start ends the lab with 3 and its own words" {
	lab --append 'rdinit=/nothing root=/dev/nothing' --exec true
	[ "$status" -eq 3 ]
	grep -q 'Kernel panic' err
}

@test "a kernel that hangs in its boot ends the lab with 3, in time, with its last lines" {
	SECONDS=0
	lab --append 'rdinit=/nothing root=/dev/nothing rootwait loglevel=7' --boot 20 --exec true
	[ "$status" -eq 3 ]
	((SECONDS >= 20 && SECONDS < 30))
	grep -q 'did not boot within 20 seconds' err
	grep -q 'Waiting for root device' err
}

@test "a guest that hangs in the command ends the lab with 3, in time" {
	SECONDS=0
	"$PAGESTORM" lab --timeout 3 --exec 'echo up; sleep 1000' > out 2> err &
	lab_pid=$!
	wait_for up
	kill -STOP "$(qemus "$lab_pid")"
	status=0
	wait "$lab_pid" || status=$?
	[ "$status" -eq 3 ]
	# 3 seconds, and 30 in which a guest that lives would send its results.
	((SECONDS < 60))
	grep -q -- '--timeout=3' err
}

@test "--kvm boots, or says within its bound that it does not" {
	[ -w /dev/kvm ] || skip "no /dev/kvm"
	SECONDS=0
	lab --kvm --exec 'echo up'
	((SECONDS < 40))
	if [ "$status" -eq 0 ]; then
		[ "$(cat out)" = up ]
	else
		[ "$status" -eq 3 ]
		grep -q 'KVM does not work here, leave --kvm out' err
	fi
}

@test "a command that does not end is stopped at --timeout, its results come back" {
	SECONDS=0
	lab --timeout 2 --exec 'mkdir results; trap "echo kept >results/late; exit 5" TERM
		sleep 1000 & wait'
	[ "$status" -eq 3 ]
	[ "$SECONDS" -lt 25 ]
	grep -q -- '--timeout=2' err
	[ "$(cat results/late)" = kept ]
}

@test "SIGINT reaches the command in the guest, and its status comes back" {
	"$PAGESTORM" lab --exec 'trap "exit 130" INT; echo up; sleep 100 & wait' > out 2> err &
	lab_pid=$!
	wait_for up
	kill -INT "$lab_pid"
	status=0
	wait "$lab_pid" || status=$?
	[ "$status" -eq 130 ]
}

@test "qemu dies with the lab, even when the lab is killed, and leaves no file" {
	mkdir tmp
	TMPDIR=$scratch/tmp "$PAGESTORM" lab --exec 'echo up; sleep 100' > out 2> err &
	lab_pid=$!
	wait_for up
	qemu=$(qemus "$lab_pid")
	[ -n "$qemu" ]
	kill -KILL "$lab_pid"
	wait "$lab_pid" || true
	for _ in {1..50}; do
		[ -d "/proc/$qemu" ] || break
		sleep 0.1
	done
	[ ! -d "/proc/$qemu" ] || grep -q '^State:.Z' "/proc/$qemu/status"
	[ -z "$(ls tmp)" ]
}

@test "a shell on the console obeys and ends" {
	printf 'echo $((6 * 7))\nexit\n' | timeout 120 "$PAGESTORM" lab --shell > out 2> err
	grep -qx $'42\r' out
}

@test "the guest's writable disk is TMPDIR and of the size asked for" {
	lab --disk 300M --exec 'cd "$TMPDIR" && dd if=/dev/zero of=x bs=1M count=250 2>/dev/null &&
		stat -c %s x && df -m . | tail -n 1'
	[ "$status" -eq 0 ]
	[ "$(sed -n 1p out)" -eq $((250 << 20)) ]
}

@test "kernel 6.12 boots as well" {
	need_lab 6.12
	lab --kernel 6.12 --nodes 2 --swap zram:64M --exec 'uname -r; cat /sys/devices/system/node/online'
	[ "$status" -eq 0 ]
	[[ $(sed -n 1p out) == 6.12.* ]]
	[ "$(sed -n 2p out)" = 0-1 ]
}

@test "kernel 6.12 with cgroup v1 is refused before anything boots" {
	need_lab 6.12
	lab --kernel 6.12 --cgroup v1 --exec true
	[ "$status" -eq 2 ]
	grep -q -- '--cgroup=v1' err
	grep -q CONFIG_MEMCG_V1 err
}

@test "every NUMA claim holds in a guest of two nodes" {
	ln -s "$PAGESTORM_SRCDIR/profiles" profiles
	SECONDS=0
	lab --nodes 2 --memory 2G --swap 512M --kernel 6.1 -- run -q profiles/numa.ini
	[ "$status" -eq 0 ]
	# Stated for an idle machine; with the suite beside it, twice that.
	[ "$SECONDS" -lt 60 ]
	[ "$(cat results/*/truth.csv | grep -c ',pass,')" -ge 40 ]
}

@test "every NUMA claim holds with four nodes, one without memory and one without a CPU" {
	ln -s "$PAGESTORM_SRCDIR/profiles" profiles
	lab --memory 768M,768M,0,512M --cpus 1,1,1,0 -- run -q profiles/numa.ini
	[ "$status" -eq 0 ]
	[ "$(cat results/*/truth.csv | grep -c ',pass,')" -ge 40 ]
}
