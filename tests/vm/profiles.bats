#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The profiles that need a guest: every claim of each holds on both kernels, and each
# workload that stands behind one can be found out.
#
# Two guests at a time run in the background from the start; a test waits for
# its own.

load vm

cells()
{
	sed -n 's/^.*{ cell \(.*\); }$/\1/p' "$BATS_TEST_FILENAME"
}

# boot_cell KERNEL PROFILE MEMORY CLAIMS: leaves out, err, results and status
boot_cell()
{
	local status=0
	mkdir "$1-$2" && cd "$1-$2" || return
	"$PAGESTORM" lab --kernel "$1" --memory "$3" --timeout 300 \
		--file "$PAGESTORM_SRCDIR/profiles:profiles" \
		-- run -q "profiles/$2.ini" repeats=1 > out 2> err || status=$?
	echo "$status" > status.new
	mv status.new status
}

setup_file() { boots_begin; }
teardown_file() { boots_end; }

# cell KERNEL PROFILE MEMORY CLAIMS: so many claims at least pass, and none fails
cell()
{
	local folder=$BATS_FILE_TMPDIR/$1-$2 claims
	need_lab "$1"
	until [ -e "$folder/status" ]; do
		sleep 0.2
	done
	cat "$folder/out" "$folder/err"
	[ "$(cat "$folder/status")" -eq 0 ]
	claims=$(cat "$folder"/results/*/truth.csv | grep -c ',pass,')
	((claims >= $4))
	! grep -h ',fail,' "$folder"/results/*/truth.csv
}

@test "6.1, kswapd: watermarks by arithmetic in each zone, and who reclaims" { cell 6.1 kswapd 512M 33; }
@test "6.12, kswapd: watermarks by arithmetic in each zone, and who reclaims" { cell 6.12 kswapd 512M 33; }
@test "6.1, zone-reclaim: a full node gives its cache only with mode 1" { cell 6.1 zone-reclaim 256M,512M 28; }
@test "6.12, zone-reclaim: a full node gives its cache only with mode 1" { cell 6.12 zone-reclaim 256M,512M 28; }
@test "6.1, hugetlb-nodes: each node's pool pays for itself" { cell 6.1 hugetlb-nodes 512M,512M 200; }
@test "6.12, hugetlb-nodes: each node's pool pays for itself" { cell 6.12 hugetlb-nodes 512M,512M 200; }
@test "6.1, buddy: fragmented by a known pattern, merged, compacted" { cell 6.1 buddy 1G 12; }
@test "6.12, buddy: fragmented by a known pattern, merged, compacted" { cell 6.12 buddy 1G 12; }
@test "6.1, mglru: the same load under both LRUs" { cell 6.1 mglru 384M 28; }
@test "6.12, mglru: the same load under both LRUs" { cell 6.12 mglru 384M 28; }

@test "pages beyond a node's pool are surplus of that node, and go with the process" {
	need_lab 6.1
	enter_scratch
	status=0
	"$PAGESTORM" lab --memory 512M,512M --file "$PAGESTORM_SRCDIR/profiles:profiles" -- \
		run -q profiles/hugetlb-nodes.ini sweep.hog.node=0 sweep.hog.mode=noreserve \
		hog.size=64M vm.nr_overcommit_hugepages=16 > out 2>&1 || status=$?
	cat out
	[ "$status" -eq 0 ]
	grep -q ',node_pool_surplus,work,node0/meminfo/HugePages_Surp,count,eq,exact,8,0,8,.*,pass,' \
		results/*/truth.csv
}

@test "what is left out of a pattern, a node or a pool turns the verdict" {
	need_lab 6.1
	enter_scratch
	cat > breakage <<- 'SH'
		broken()
		{
			pagestorm run -q "$@" sabotage=3000 noise=no > /dev/null 2>&1
			[ $? = 1 ] && echo "found out: $1"
		}
		broken buddy vm.percpu_pagelist_high_fraction=1000000 mode=fragment
		broken buddy vm.percpu_pagelist_high_fraction=1000000 mode=compact
		broken full_node vm.zone_reclaim_mode=0
		broken hugetlb hugepages.2048kB.node0=20 hugepages.2048kB.node1=20 node=1 size=32M
	SH
	"$PAGESTORM" lab --memory 512M,512M --file breakage:/breakage --exec 'sh /breakage' > out 2>&1
	cat out
	[ "$(grep -c '^found out: ' out)" -eq 4 ]
}

@test "watermarks that do not follow the arithmetic are found out" {
	need_lab 6.1
	enter_scratch
	# Somebody sets the reserve anew while the run believes in its own.
	"$PAGESTORM" lab --memory 512M --exec '
		(until grep -q 16384 /proc/sys/vm/min_free_kbytes; do usleep 50000; done
		usleep 500000; echo 20000 > /proc/sys/vm/min_free_kbytes) &
		pagestorm run -q kswapd memory.max=max noise=no vm.min_free_kbytes=16384' > out 2>&1 || true
	cat out
	grep -q ',watermark_min,.*,fail,' results/*/truth.csv
}
