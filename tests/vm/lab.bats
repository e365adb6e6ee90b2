#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab's promises about every guest: its shape, its channels, its time limits. matrix.bats
# tests the workloads in it.

bats_require_minimum_version 1.5.0

load vm

# One boot serves several tests that require any guest: each of these writes what its tests
# check into results/.

# All parts of a shape at once, a file in each direction, and a distinct exit status.
boot_shape()
{
	ln -s /bin/bash shell
	"$PAGESTORM" lab --memory 512M,256M --cpus 1,1 --swap zram:64M --disk 100M \
		--append 'hugepages=3 mypar=7' --file shell:/opt/shell --collect sub/one --exec '
		mkdir -p results/run/raw sub
		for node in 0 1; do
			awk "/MemTotal/ { print \$4 }" /sys/devices/system/node/node$node/meminfo
			cat /sys/devices/system/node/node$node/cpulist
		done > results/nodes
		echo "$PAGESTORM_LAB" > results/lab
		tail -n +2 /proc/swaps > results/swaps
		cat /proc/cmdline /proc/meminfo > results/kernel
		/opt/shell -c "echo \$BASH_VERSION" > results/shell
		echo 1 > sub/one
		echo 2 > sub/two
		(cd "$TMPDIR" && for file in x y; do
			dd if=/dev/zero of=$file bs=1M count=75
			stat -c %s $file
		done; rm x y) > results/disk 2> /dev/null
		cd results/run
		dd if=/dev/urandom of=raw/big bs=65537 count=97 2> /dev/null
		: > empty
		md5sum raw/big empty > ../sums
		echo to stdout
		echo to stderr >&2
		exit 42'
}

boot_distances()
{
	"$PAGESTORM" lab --memory 512M,0,256M --cpus 1,1,0 \
		--distances 10,20,30/20,10,40/30,40,10 --exec '
		mkdir results
		cat /sys/devices/system/node/has_memory /sys/devices/system/node/has_cpu \
			/sys/devices/system/node/node?/distance > results/nodes
		wc -l < /proc/swaps > results/swaps
		cat /sys/fs/cgroup/cgroup.subtree_control > results/control
		grep " cgroup " /proc/mounts > results/cgroup1
		grep " cgroup2 " /proc/mounts > results/cgroup2
		kill -9 $$'
}

boot_v1()
{
	"$PAGESTORM" lab --cgroup v1 --swap 64M --exec '
		mkdir results
		ls /sys/fs/cgroup/memory > results/memory
		grep cgroup2 /proc/mounts > results/cgroup2
		tail -n +2 /proc/swaps > results/swaps'
}

# Address 0 of a process is not readable.
boot_hybrid()
{
	"$PAGESTORM" lab --cgroup hybrid --swap ram:64M --exec '
		mkdir results
		ls /sys/fs/cgroup/memory > results/memory
		grep -cw memory /sys/fs/cgroup/unified/cgroup.controllers > results/unified
		tail -n +2 /proc/swaps > results/swaps
		: > results/mem
		mount -o bind /proc/1/mem results/mem'
}

boot_small()
{
	"$PAGESTORM" lab --memory 256M --exec '
		pagestorm run anon size=64M -q
		echo "64M: $?"
		pagestorm run anon size=1G -q
		echo "1G: $?"'
}

boot_newer()
{
	"$PAGESTORM" lab --kernel 6.12 --nodes 2 --swap zram:64M --exec '
		uname -r
		cat /sys/devices/system/node/online
		cd /sys/fs/cgroup
		for i in 1 2 3; do
			while sh -c true; do ls -R /proc/self > /dev/null; done &
		done
		for i in $(seq 150); do mkdir t && rmdir t || exit; done
		kill $(jobs -p)
		ls -d /sys/fs/cgroup/lab-keeps-cpusets-on
		echo whole'
}

boot_panic()
{
	"$PAGESTORM" lab --exec 'echo c >/proc/sysrq-trigger; sleep 1000'
}

boot_no_init()
{
	"$PAGESTORM" lab --append 'rdinit=/nothing root=/dev/nothing' --exec true
}

boot_late()
{
	"$PAGESTORM" lab --timeout 2 --exec 'mkdir results
		trap "echo kept >results/late; exit 5" TERM; sleep 1000 & wait'
}

boot_numa4()
{
	"$PAGESTORM" lab --memory 768M,768M,0,512M --cpus 1,1,1,0 \
		--file "$PAGESTORM_SRCDIR/profiles:profiles" -- run -q profiles/numa.ini numa.size=8M
}

# fake_qemu FRAMES: a guest that sends only these frames (printf format) and stays alive
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

# Exit status 0, and an end message that counts 2 bytes of stdout, or one file of 3 bytes.
none='\000\000\000\000\000\000\000\000'
status0='s\000\000\000\004\000\000\000\000\000\000\000'
end2="z\\000\\000\\000\\040\\000\\000\\000\\002${none:4}$none$none$none"
end_file="z\\000\\000\\000\\040\\000\\000\\000$none$none\\001${none:4}\\003${none:4}"
ready='r\000\000\000\000\000\000\000'
stdout2='o\000\000\000\002\000\000\0001\n'

# A live but silent guest has 30 seconds after --timeout to send its results.
boot_hang()
{
	fake_qemu "$ready$stdout2"
	PATH=$PWD/bin:$PATH "$PAGESTORM" lab --timeout 1 --exec true
}

# Takes 20 seconds if KVM does not answer.
boot_kvm()
{
	"$PAGESTORM" lab --kvm --exec 'echo up'
}

shared_boots=(boot_newer boot_numa4 boot_shape boot_distances boot_v1 boot_hybrid boot_small
	boot_panic boot_no_init boot_late)

setup_file()
{
	export ready stdout2
	idle_begin boot_hang fake_qemu
	[ ! -w /dev/kvm ] || idle_begin boot_kvm
	printf '%s\n' "${shared_boots[@]}" | boots_begin "${shared_boots[@]}"
}

teardown_file() { boots_end; }

setup()
{
	need_lab 6.1
	enter_scratch
}

# lab OPTION…: stdout in ./out, stderr in ./err, sets status; a failed test shows all three
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
	until grep -q "$1" out; do
		kill -0 "$lab_pid" || { tail -n 50 out err; return 1; }
		sleep 0.1
	done
}

# qemus PID: the qemu processes of that lab
qemus()
{
	pgrep -P "$1" -f qemu-system-x86_64 || true
}

@test "the guest has the requested nodes, memory and CPUs" {
	booted boot_shape
	mapfile -t seen < results/nodes
	# The kernel reserves a part of each node.
	((seen[0] > 400 * 1024 && seen[0] <= 512 * 1024))
	((seen[2] > 200 * 1024 && seen[2] <= 256 * 1024))
	[ "${seen[1]}" = 0 ]
	[ "${seen[3]}" = 1 ]
}

@test "a node can lack memory, another CPUs, and distances are as requested" {
	booted boot_distances
	[ "$(sed -n 1p results/nodes)" = 0,2 ]
	[ "$(sed -n 2p results/nodes)" = 0-1 ]
	[ "$(sed -n '3,$p' results/nodes | tr '\n' ';')" = "10 20 30;20 10 40;30 40 10;" ]
}

@test "stdout, stderr and the exit status come back separately" {
	booted boot_shape
	[ "$status" -eq 42 ]
	[ "$(cat out)" = "to stdout" ]
	[ "$(cat err)" = "to stderr" ]
}

@test "a command killed in the guest ends the lab as it ends a shell, and results come back" {
	booted boot_distances
	[ "$status" -eq 137 ]
	grep -q 'signal 9' err
	[ -s results/nodes ]
}

@test "results come back to the same path, byte for byte" {
	booted boot_shape
	(cd results/run && md5sum -c ../sums)
	[ "$(stat -c %s results/run/raw/big)" -eq $((65537 * 97)) ]
	[ "$(stat -c %s results/run/empty)" -eq 0 ]
}

# unread PID: bytes that wait in the unix sockets of a process; ss prints the receive queue in
# column 3
unread()
{
	ss -xpH | awk -v pid="pid=$1," 'index($0, pid) { n += $3 } END { print n + 0 }'
}

@test "output and results are complete although the host reads them slowly" {
	command -v ss > /dev/null || skip "ss is not installed: package iproute2"
	"$PAGESTORM" lab --exec 'trap "stop=1" INT
		echo up
		i=0
		until [ "$stop" ]; do
			(trap "" INT; seq $((i + 1)) $((i + 1000)))
			i=$((i + 1000))
		done
		mkdir results
		dd if=/dev/urandom of=results/big bs=1M count=1 2>/dev/null
		echo $i > results/last
		md5sum results/big > results/sum' > out 2> err &
	lab_pid=$!
	wait_for up
	kill -STOP "$lab_pid"
	# A socket holds about 200 KiB; the guest blocks in its next write.
	until (($(unread "$lab_pid") > 100000)); do
		kill -0 "$lab_pid"
		sleep 0.1
	done
	kill -CONT "$lab_pid"
	kill -INT "$lab_pid"
	wait "$lab_pid"
	md5sum -c results/sum
	cmp <(tail -n +2 out) <(seq "$(cat results/last)")
}

@test "an exit status without the complete output is an error with the console's last lines" {
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

@test "a guest that ends before its first message is booted again, and how it ended is reported" {
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
	run ! grep booted err
	grep -q 'the machine was reset or switched off' err
}

@test "a result that the guest cannot read is reported, with exit status 3" {
	booted boot_hybrid
	[ "$status" -eq 3 ]
	grep -q 'something is missing: .*cannot read .*/results/mem: ' err
}

@test "output that cannot be written on the host is an error, with exit status 3" {
	status=0
	"$PAGESTORM" lab --exec 'echo lost' > /dev/full 2> err || status=$?
	[ "$status" -eq 3 ]
	grep -q 'stdout: No space left on device' err
}

# A pipe holds 64 KiB: the guest keeps writing until the reader has exited.
@test "a reader that closes stdout early does not lose the results" {
	"$PAGESTORM" lab --exec 'seq 50000; mkdir results; echo kept >results/late' | head -n 1 > out
	[ "$(cat out)" = 1 ]
	[ "$(cat results/late)" = kept ]
}

@test "--collect copies a file back, and nothing but the results is written besides" {
	booted boot_shape
	[ "$(cat sub/one)" = 1 ]
	[ "$(find . -type f -not -path './results/*' | sort | tr '\n' ' ')" = "./err ./out ./status ./sub/one " ]
}

@test "--file copies a program with its libraries" {
	booted boot_shape
	[ "$(cat results/shell)" = "$BASH_VERSION" ]
}

@test "the command's environment says that it runs in a guest, and of which shape" {
	booted boot_shape
	[[ $(cat results/lab) == "nodes=2 memory=805306368 node_memory=512M,256M node_cpus=1,1 "* ]]
	[[ $(cat results/lab) == *" swap=zram:67108864 kernel=6.1."*" cgroup=v2 accel=tcg" ]]
}

# swap_is PATH: swap of 64 MiB at PATH is on; one page of each area is its header
swap_is()
{
	read -r path _ kib _ < results/swaps
	[ "$path" = "$1" ]
	[ "$kib" -eq $((64 * 1024 - 4)) ]
}

@test "a small guest has room for a run that fits, and reports one that does not" {
	booted boot_small
	grep -qx '64M: 0' out
	grep -qx '1G: 2' out
	grep -q 'stay untouched' err
}

@test "a swap file is on and has the requested size" {
	booted boot_v1
	swap_is /scratch/swapfile
}

@test "zram swap is on and has the requested size" {
	booted boot_shape
	swap_is /dev/zram0
}

@test "swap on a RAM disk is on and has the requested size" {
	booted boot_hybrid
	swap_is /dev/ram0
}

@test "without swap there is none" {
	booted boot_distances
	[ "$(cat results/swaps)" -eq 1 ]
}

@test "cgroup v2 enables memory and cpuset below the root" {
	booted boot_distances
	grep -qw memory results/control
	grep -qw cpuset results/control
	grep -qw memory_recursiveprot results/cgroup2
	[ -e results/cgroup1 ] && [ ! -s results/cgroup1 ]
}

@test "cgroup v1 has the memory controller with swap, and no v2" {
	booted boot_v1
	grep -qx memory.memsw.limit_in_bytes results/memory
	[ -e results/cgroup2 ] && [ ! -s results/cgroup2 ]
}

@test "hybrid has the memory controller in v1 and an empty v2 beside it" {
	booted boot_hybrid
	grep -qx memory.limit_in_bytes results/memory
	[ "$(cat results/unified)" = 0 ]
}

# The group that stays keeps the kernel from patching its page allocator.
@test "a hundred cpusets are made and removed, one stays, and the guest's kernel reports no fault" {
	need_lab 6.12
	booted boot_newer
	[ "$status" -eq 0 ]
	grep -qx /sys/fs/cgroup/lab-keeps-cpusets-on out
	[ "$(tail -n 1 out)" = whole ]
}

@test "kernel parameters reach the kernel" {
	booted boot_shape
	grep -q 'mypar=7' results/kernel
	grep -q 'HugePages_Total: *3' results/kernel
}

@test "a panic ends the lab with exit status 3 and the console's last lines" {
	booted boot_panic
	[ "$status" -eq 3 ]
	grep -q 'panicked: Kernel panic - not syncing: sysrq triggered crash' err
	grep -q 'RIP:' err
}

@test "a kernel that cannot start ends the lab with exit status 3 and the kernel's message" {
	booted boot_no_init
	[ "$status" -eq 3 ]
	grep -q 'Kernel panic' err
}

@test "a guest that hangs while booting ends the lab with exit status 3 and the console's last lines" {
	fake_qemu ''
	PATH=$PWD/bin:$PATH lab --boot 2 --exec true
	[ "$status" -eq 3 ]
	grep -q 'did not boot within 2 seconds' err
	grep -q 'the last words' err
}

@test "a guest that hangs in the command ends the lab with exit status 3" {
	booted boot_hang
	[ "$status" -eq 3 ]
	grep -q -- '--timeout=1' err
	[ "$(cat out)" = 1 ]
}

@test "--kvm boots, or reports that it cannot, within its own time limit" {
	[ -w /dev/kvm ] || skip "no /dev/kvm"
	booted boot_kvm
	if [ "$status" -eq 0 ]; then
		[ "$(cat out)" = up ]
	else
		[ "$status" -eq 3 ]
		grep -q 'KVM does not work here, leave --kvm out' err
	fi
}

@test "a command that does not end is stopped at --timeout, and its results come back" {
	booted boot_late
	[ "$status" -eq 3 ]
	grep -q -- '--timeout=2' err
	[ "$(cat results/late)" = kept ]
}

@test "SIGINT reaches the command in the guest, and its exit status comes back" {
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
	# Its new parent may leave it a zombie; the time limit guards against a hang.
	for _ in {1..600}; do
		[ -d "/proc/$qemu" ] && ! grep -qs '^State:.Z' "/proc/$qemu/status" || break
		sleep 0.1
	done
	[ ! -d "/proc/$qemu" ] || grep -q '^State:.Z' "/proc/$qemu/status"
	[ -z "$(ls tmp)" ]
}

# prompted N: waits for the N-th prompt; there the shell asks for the cursor position, and
# takes input that was typed before as the answer
prompted()
{
	until [ "$(grep -aoF $'\033[6n' out | wc -l)" -ge "$1" ]; do
		kill -0 "$lab_pid"
		sleep 0.1
	done
}

@test "an interactive shell on the console runs commands and exits" {
	mkfifo keys
	"$PAGESTORM" lab --shell < keys > out 2> err 3>&- &
	lab_pid=$!
	exec 7> keys
	prompted 1
	printf '\033[1;1Recho $((6 * 7))\n' >&7
	prompted 2
	grep -aqx $'42\r' out
	printf '\033[1;1Rexit\n' >&7
	wait "$lab_pid"
	exec 7>&-
}

@test "the guest's writable disk is TMPDIR and has the requested size" {
	booted boot_shape
	[ "$(sed -n 1p results/disk)" -eq $((75 << 20)) ]
	# The second file does not fit: the disk has the requested size, not the default of 1G.
	[ "$(sed -n 2p results/disk)" -lt $((30 << 20)) ]
}

@test "kernel 6.12 boots too" {
	need_lab 6.12
	booted boot_newer
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

@test "every NUMA claim holds on four nodes, one without memory and one without CPUs" {
	booted boot_numa4
	[ "$status" -eq 0 ]
	[ "$(cat results/*/truth.csv | grep -c ',pass,')" -ge 40 ]
	none_failed
}
