#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The profiles that require a guest: every claim of each holds on both kernels, and a
# shortfall of each of their workloads is detected.
#
# Two guests at a time run in the background from the start; each test waits for its own.

bats_require_minimum_version 1.5.0

load vm

cells()
{
	sed -n 's/^.*{ cell \(.*\) [0-9]*; }$/profile_cell \1/p' "$BATS_TEST_FILENAME"
}

# profile_cell KERNEL PROFILE MEMORY: one pass suffices for every claim of mglru
profile_cell()
{
	local -a less=()
	[ "$2" != mglru ] || less=(reader.passes=1)
	"$PAGESTORM" lab --kernel "$1" --memory "$3" --timeout 600 \
		--file "$PAGESTORM_SRCDIR/profiles:profiles" \
		-- run -q "profiles/$2.ini" repeats=1 "${less[@]}"
}

# Two nodes: surplus pages, and an injected shortfall in a pattern, a node or a pool.
boot_nodes()
{
	"$PAGESTORM" lab --memory 512M,512M --timeout 600 \
		--file "$PAGESTORM_SRCDIR/profiles:profiles" --exec '
		broken()
		{
			pagestorm run -q "$@" inject_shortfall=3000 noise=no > /dev/null 2>&1
			[ $? = 1 ] && echo "detected: $1"
		}
		pagestorm run -q profiles/hugetlb-nodes.ini sweep.hog.node=0 \
			sweep.hog.mode=noreserve hog.size=64M vm.nr_overcommit_hugepages=16
		echo "surplus: $?"
		mkdir results/surplus && mv results/*-hugetlb-nodes results/surplus
		broken buddy vm.percpu_pagelist_high_fraction=1000000 mode=fragment
		broken buddy vm.percpu_pagelist_high_fraction=1000000 mode=compact
		broken full_node vm.zone_reclaim_mode=0
		broken hugetlb hugepages.2048kB.node0=20 hugepages.2048kB.node1=20 node=1 size=32M'
}

# Another process changes min_free_kbytes while the run relies on its own value.
boot_reserve()
{
	"$PAGESTORM" lab --memory 512M --exec "$(in_guest_paused)"'
		begin_paused -q kswapd memory.max=max noise=no vm.min_free_kbytes=16384
		cat /proc/sys/vm/min_free_kbytes
		echo 20000 > /proc/sys/vm/min_free_kbytes
		go_on'
}

setup_file()
{
	{
		cells
		echo boot_nodes
		echo boot_reserve
	} | boots_begin profile_cell boot_nodes boot_reserve
}

teardown_file() { boots_end; }

setup() { need_lab 6.1; }

# cell KERNEL PROFILE MEMORY CLAIMS: at least so many claims pass, and none fails
cell()
{
	need_lab "$1"
	booted "profile_cell-$1-$2-$3"
	[ "$status" -eq 0 ]
	[ "$(cat results/*/truth.csv | grep -c ',pass,')" -ge "$4" ]
	none_failed
}

@test "6.1, kswapd: each zone's watermarks follow the arithmetic, and reclaim is direct or by kswapd as promised" { cell 6.1 kswapd 512M 33; }
@test "6.12, kswapd: each zone's watermarks follow the arithmetic, and reclaim is direct or by kswapd as promised" { cell 6.12 kswapd 512M 33; }
@test "6.1, zone-reclaim: a full node reclaims its page cache only in mode 1" { cell 6.1 zone-reclaim 256M,512M 28; }
@test "6.12, zone-reclaim: a full node reclaims its page cache only in mode 1" { cell 6.12 zone-reclaim 256M,512M 28; }
@test "6.1, hugetlb-nodes: each node's pool is counted on that node" { cell 6.1 hugetlb-nodes 512M,512M 200; }
@test "6.12, hugetlb-nodes: each node's pool is counted on that node" { cell 6.12 hugetlb-nodes 512M,512M 200; }
@test "6.1, buddy: a known pattern fragments memory, freeing merges it, compaction moves it" { cell 6.1 buddy 1G 12; }
@test "6.12, buddy: a known pattern fragments memory, freeing merges it, compaction moves it" { cell 6.12 buddy 1G 12; }
@test "6.1, mglru: the same load under both LRUs" { cell 6.1 mglru 384M 28; }
@test "6.12, mglru: the same load under both LRUs" { cell 6.12 mglru 384M 28; }

@test "pages beyond a node's pool are surplus on that node, and are freed when the process exits" {
	booted boot_nodes
	grep -qx 'surplus: 0' out
	grep -q ',node_pool_surplus,work,node0/meminfo/HugePages_Surp,count,eq,exact,8,0,8,.*,pass,' \
		results/surplus/*/truth.csv
}

@test "an injected shortfall in a pattern, a node or a pool fails the claim" {
	booted boot_nodes
	[ "$(grep -c '^detected: ' out)" -eq 4 ]
}

@test "watermarks that do not follow the arithmetic are detected" {
	booted boot_reserve
	# read before the change: the run's value
	[ "$(head -n 1 out)" = 16384 ]
	grep -q ',watermark_min,.*,fail,' results/*/truth.csv
}
