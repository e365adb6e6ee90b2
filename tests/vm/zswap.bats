#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# With zswap on, each page that is swapped counts once under one of the kernel's keys, and a
# page that was not swapped is missed. Full kernels, as cloud ones have no zswap.

bats_require_minimum_version 1.5.0

load vm

# zswap_guest KERNEL: the keys are written to the output by the guest's own shell
zswap_guest()
{
	cat > zswap.ini <<- 'INI'
		[profile]
		why = pages that are swapped and may never reach the disk
		[setting]
		zswap.enabled = Y
		[swap]
		type = file
		size = 64M
		priority = 32767
		[workload pages]
		type = swap
		size = 16M
		back = read
		[sweep]
		pages.fill = random, 50%, zero
	INI
	"$PAGESTORM" lab --kernel "$1" --cgroup v2 --memory 512M --timeout 300 \
		--file zswap.ini:zswap.ini --exec '
		count() { awk "/^zswpout|^pswpout|^swpout_zero/ { n += \$2 } END { print n }" /proc/vmstat; }
		before=$(count)
		pagestorm run -q zswap.ini || exit
		echo counted $(($(count) - before))
		set -- swap zswap.enabled=Y swap.type=zram swap.size=64M swap.priority=32767 noise=no
		pagestorm run -q "$@" size=16M fill=50% inject_shortfall=16 > short
		echo short $?
		grep "fail system_swapped" short
		pagestorm run -q "$@" mode=pressure memory.max=48M fill=random
		echo pressure $?
		cat /sys/module/zswap/parameters/enabled'
}

setup_file()
{
	printf 'zswap_guest %s\n' 6.12-full 6.1-full | boots_begin zswap_guest
}

teardown_file() { boots_end; }

# holds_with_zswap KERNEL
holds_with_zswap()
{
	need_lab "$1"
	booted "zswap_guest-$1"
	[ "$status" -eq 0 ]
	# Three cells of 4096 pages, by the guest's own reading.
	[ "$(awk '$1 == "counted" { print $2 }' out)" -ge $((3 * 4096)) ]
	[ "$(cat results/*-zswap/truth.csv | grep -c 'system/vmstat/zswpout+pswpout.*,pass,')" -eq 3 ]
	[ "$(cat results/*-zswap/truth.csv | grep -c 'system/vmstat/zswpin+pswpin.*,pass,')" -eq 3 ]
	run ! grep ',fail,' results/*-zswap/truth.csv
	grep -qx 'short 1' out
	grep -q 'observed 4080' out
	grep -qx 'pressure 77' out # what zswap stores may fill the limit
	[ "$(tail -n 1 out)" = N ]
}

@test "with zswap on, 6.12: each page counts once, and pages that were not swapped are missed" {
	holds_with_zswap 6.12-full
}

@test "with zswap on, 6.1: each page counts once, and pages that were not swapped are missed" {
	holds_with_zswap 6.1-full
}
