#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Every claim of the truth suite holds on each kernel, with each cgroup version,
# number of nodes and kind of swap. The cells cover each pair of two of these;
# 2+1 is two nodes and a third without memory.
#
# Two guests at a time run in the background from the start; each test waits for its own.

load vm

cells()
{
	sed -n 's/^.*{ cell \(.*\); }$/matrix_cell \1/p' "$BATS_TEST_FILENAME"
}

# matrix_cell KERNEL CGROUP NODES SWAP
matrix_cell()
{
	local -a nodes=(--nodes "$3")
	[ "$3" != 2+1 ] || nodes=(--memory "512M,512M,0" --cpus "1,0,1" --distances 30)
	"$PAGESTORM" lab --kernel "$1" --cgroup "$2" "${nodes[@]}" --swap "$4" --timeout 600 \
		--file "$PAGESTORM_SRCDIR/profiles:profiles" \
		--file "$PAGESTORM_SRCDIR/tests/vm/truth.ini:truth.ini" \
		--file "$PAGESTORM_SRCDIR/tests/vm/truth-suite:/truth-suite" \
		--exec /truth-suite
}

shortfall()
{
	"$PAGESTORM" lab --nodes 2 -- run -q anon size=16M inject_shortfall=1
}

setup_file()
{
	{
		cells
		echo shortfall
	} | boots_begin matrix_cell shortfall
}

teardown_file() { boots_end; }

# cell KERNEL CGROUP NODES SWAP
cell()
{
	need_lab "$1"
	booted "matrix_cell-$1-$2-$3-$4"
	[ "$status" -eq 0 ]
	# A run without claims proves nothing.
	[ "$(cat results/*/truth.csv | grep -c ',pass,')" -ge 60 ]
	none_failed
}

@test "6.1 v2, 1 node, no swap: every claim holds" { cell 6.1 v2 1 none; }
@test "6.1 v2, 2 nodes, swap file: every claim holds" { cell 6.1 v2 2 256M; }
@test "6.1 v2, 3 nodes, zram: every claim holds" { cell 6.1 v2 3 zram:256M; }
@test "6.1 v2, a node without memory, ram disk: every claim holds" { cell 6.1 v2 2+1 ram:128M; }
@test "6.1 v1, 1 node, swap file: every claim holds" { cell 6.1 v1 1 256M; }
@test "6.1 v1, 2 nodes, no swap: every claim holds" { cell 6.1 v1 2 none; }
@test "6.1 v1, 3 nodes, ram disk: every claim holds" { cell 6.1 v1 3 ram:128M; }
@test "6.1 v1, a node without memory, zram: every claim holds" { cell 6.1 v1 2+1 zram:256M; }
@test "6.1 hybrid, 1 node, zram: every claim holds" { cell 6.1 hybrid 1 zram:256M; }
@test "6.1 hybrid, 2 nodes, ram disk: every claim holds" { cell 6.1 hybrid 2 ram:128M; }
@test "6.1 hybrid, 3 nodes, no swap: every claim holds" { cell 6.1 hybrid 3 none; }
@test "6.1 hybrid, a node without memory, swap file: every claim holds" { cell 6.1 hybrid 2+1 256M; }
@test "6.12 v2, 1 node, ram disk: every claim holds" { cell 6.12 v2 1 ram:128M; }
@test "6.12 v2, 2 nodes, zram: every claim holds" { cell 6.12 v2 2 zram:256M; }
@test "6.12 v2, 3 nodes, swap file: every claim holds" { cell 6.12 v2 3 256M; }
@test "6.12 v2, a node without memory, no swap: every claim holds" { cell 6.12 v2 2+1 none; }

@test "in a guest a shortfall of one page is detected, and the shape is recorded" {
	need_lab
	booted shortfall
	[ "$status" -eq 1 ]
	grep -q ',fail,' results/*/truth.csv
	grep -q '"lab": "nodes=2 memory=1073741824 ' results/*/run.json
}
