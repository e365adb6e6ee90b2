#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The numa workload in guests with several nodes, compared with numactl where the guest has it;
# its claims can fail.

bats_require_minimum_version 1.5.0

load vm

boot_policies()
{
	"$PAGESTORM" lab --nodes 2 --memory 1G --swap 64M --kernel 6.1 \
		--file "$PAGESTORM_SRCDIR/profiles:profiles" -- run profiles/numa.ini numa.size=8M -q
}

boot_spill()
{
	"$PAGESTORM" lab --nodes 2 --memory 1G --kernel "$1" \
		--file "$PAGESTORM_SRCDIR/profiles:profiles" -- run profiles/numa-spill.ini -q
}

boot_weights()
{
	"$PAGESTORM" lab --nodes 2 --memory 1G --kernel 6.12 --exec '
		weights=/sys/kernel/mm/mempolicy/weighted_interleave
		echo 3 > $weights/node0 && echo 1 > $weights/node1 &&
			exec pagestorm run numa mode=weighted size=32M memory.max=128M -q'
}

boot_breakage()
{
	"$PAGESTORM" lab --nodes 2 --memory 1G --kernel 6.1 --exec '
		for mode in bind move touch interleave; do
			pagestorm run numa mode=$mode size=8M inject_shortfall=2 memory.max=64M -q
			echo "status: $?"
		done
		pagestorm run numa mode=prefer spill=50% size=8M inject_shortfall=2 memory.max=max -q
		echo "status: $?"'
}

boot_one_node()
{
	"$PAGESTORM" lab --nodes 1 --kernel 6.1 --file "$PAGESTORM_SRCDIR/profiles:profiles" \
		-- run profiles/numa.ini -q
}

boots=(boot_policies boot_weights boot_breakage boot_one_node)
setup_file()
{
	printf '%s\n' "${boots[@]}" 'boot_spill 6.1' 'boot_spill 6.12' |
		boots_begin "${boots[@]}" boot_spill
}

teardown_file() { boots_end; }

passed()
{
	cat results/*/truth.csv | grep -c ",pass,"
}

@test "6.1, two nodes: each policy and each way to move pages is exact to the page" {
	need_lab 6.1
	booted boot_policies
	[ "$status" -eq 0 ]
	none_failed
	[ "$(passed)" -ge 49 ]
}

# spilled: pages of each cell on the node that the policy does not prefer
spilled()
{
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["counter"] == "mapping/numa_maps/N0" { print $at["cell"], $at["observed"] }' \
		results/*/truth.csv | sort -n | cut -d' ' -f2
}

# spills KERNEL
spills()
{
	need_lab "$1"
	booted "boot_spill-$1"
	none_failed
	[ "$(passed)" = 33 ]
	# The preferred node has room for three quarters, a half and none of the pages.
	mapfile -t elsewhere < <(spilled)
	[ "${elsewhere[0]}" -lt 8192 ]
	[ "${elsewhere[1]}" -lt 8192 ]
	[ "${elsewhere[2]}" -ge 8000 ]
}

@test "6.1: allocations that prefer a full node spill to the other, and both nodes count it" { spills 6.1; }
@test "6.12: allocations that prefer a full node spill to the other, and both nodes count it" { spills 6.12; }

@test "6.12: weighted interleave follows the guest's weights" {
	need_lab 6.12
	booted boot_weights
	grep -q ',mapping,numa_maps,N0,gauge,pages,0,6144,6144' results/*/counters.csv
	grep -q ',mapping,numa_maps,N1,gauge,pages,0,2048,2048' results/*/counters.csv
	none_failed
}

@test "one page left out or left behind fails the claim in every mode" {
	need_lab 6.1
	booted boot_breakage
	[ "$(grep -cx 'status: 1' out)" = 5 ]
	for directory in results/*; do
		grep -q ',fail,' "$directory/truth.csv"
	done
	[ "$(find results -maxdepth 1 -name '*numa*' | wc -l)" = 5 ]
}

@test "on one node numa is skipped with the reason and exit status 77" {
	need_lab 6.1
	booted boot_one_node
	[ "$status" = 77 ]
	cat out err | grep -q 'node'
}
