#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Every claim of the truth suite holds on the newest kernel, on one that is not made for
# clouds, on the oldest, and on arm64 with pages of 4 KiB and 16 KiB. A kernel that
# cannot be fetched here is skipped; one that was fetched must work.
#
# Two guests at a time run in the background from the start; each test waits for its own.

bats_require_minimum_version 1.5.0

load vm

# truth_cell ARCH KERNEL OPTION…
truth_cell()
{
	"$PAGESTORM" lab --arch "$1" --kernel "$2" "${@:3}" --memory 512M --timeout 600 \
		--file "$PAGESTORM_SRCDIR/tests/vm/truth.ini:truth.ini" --exec '
		uname -rm
		grep " cgroup2 " /proc/mounts
		pagestorm run -q truth.ini'
}

boot_full()
{
	"$PAGESTORM" lab --kernel 6.12-full --swap 64M --memory 512M --exec '
		uname -rm
		ls -d /sys/module/zswap
		tail -n 1 /proc/swaps
		pagestorm run -q anon size=16M
		pagestorm run -q swap size=48M memory.max=32M mode=pressure swap.type=zram swap.size=128M \
			swap.priority=100 noise=no'
}

# The claims of oom and hugetlb still count pages of 4 KiB.
boot_16k()
{
	"$PAGESTORM" lab --arch arm64 --kernel 6.12-16k --memory 512M --swap zram:64M --exec '
		uname -rm
		tail -n 1 /proc/swaps
		for run in "anon size=16M" "cache size=16M" "leak blocks=500 sites=3 threads=2" \
			"swap size=48M memory.max=32M mode=pressure swap.type=zram swap.size=128M swap.priority=100" \
			"dirty size=4M memory.max=256M"; do
			pagestorm run -q $run noise=no > /tmp/out 2>&1 || { cat /tmp/out; exit 1; }
		done'
}

# In the background too, once: the pagestorm of this tree for arm64.
on_arm64()
{
	(cd "$PAGESTORM_SRCDIR" && mkdir -p build-arm64 && flock build-arm64 contrib/cross arm64) || return
	"$@"
}

# lacks ARCH KERNEL: prints what is not here, or fails
lacks()
{
	local answer
	{
		"$PAGESTORM" lab --arch "$1" --check | grep '^missing' | grep -v ' kernel-\| pagestorm '
		[ "$1" = x86_64 ] || command -v aarch64-linux-gnu-gcc > /dev/null ||
			echo "no aarch64-linux-gnu-gcc: package gcc-aarch64-linux-gnu"
	} | grep . && return
	answer=$("$PAGESTORM" lab --arch "$1" --kernel "$2" --dry-run --exec true 2>&1) && return 1
	grep -o "run 'pagestorm lab.* --fetch [^']*'" <<< "$answer"
}

# need_kernel ARCH KERNEL
need_kernel()
{
	local missing
	! missing=$(lacks "$@") || skip "$missing"
}

setup_file()
{
	{
		echo truth_cell x86_64 newest --cgroup v2-hugetlb
		echo boot_full
		echo truth_cell x86_64 5.10
		lacks arm64 6.12 > /dev/null || echo on_arm64 truth_cell arm64 6.12
		lacks arm64 6.12-16k > /dev/null || echo on_arm64 boot_16k
	} | boots_begin truth_cell boot_full boot_16k on_arm64
}

teardown_file() { boots_end; }

# holds CLAIMS: so many at least pass, and none fails
holds()
{
	[ "$status" -eq 0 ]
	[ "$(cat results/*/truth.csv | grep -c ',pass,')" -ge "$1" ]
	none_failed
}

@test "the newest kernel, its huge pages charged as memory: every claim holds" {
	need_kernel x86_64 newest
	booted truth_cell-x86_64-newest---cgroup-v2-hugetlb
	holds 60
	grep -q '^[7-9].*-cloud-amd64 x86_64$' out
	grep -q memory_hugetlb_accounting out
}

@test "a full kernel, which has zswap, with a swap file: every claim holds" {
	need_kernel x86_64 6.12-full
	booted boot_full
	holds 50
	grep -q '^6\.12\..*[0-9]-amd64 x86_64$' out
	grep -qx /sys/module/zswap out
	grep -q '^/scratch/swapfile' out
}

@test "the oldest kernel, with cgroup v2: every claim holds" {
	need_kernel x86_64 5.10
	booted truth_cell-x86_64-5.10
	holds 60
	grep -q '^5\.10\..* x86_64$' out
	grep -q ' cgroup2 ' out
}

@test "arm64 with pages of 4 KiB, built with configure --host: every claim holds" {
	need_kernel arm64 6.12
	booted on_arm64-truth_cell-arm64-6.12
	holds 60
	grep -q '^6\.12\..* aarch64$' out
}

@test "arm64 with pages of 16 KiB: every claim holds, and swap is made of such pages" {
	need_kernel arm64 6.12-16k
	booted on_arm64-boot_16k
	holds 60
	grep -q '^6\.12\..*-arm64-16k aarch64$' out
	[ "$(awk '$1 == "/dev/zram0" { print $3 }' out)" -eq $((64 * 1024 - 16)) ]
}
