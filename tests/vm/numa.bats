#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The numa workload in guests with several nodes, held against numactl's own view where the
# guest has one, and shown to be able to fail.

load vm

setup()
{
	enter_scratch
}

numa()
{
	"$PAGESTORM" lab --memory 1G --file "$PAGESTORM_SRCDIR/profiles:profiles" "$@" > said 2>&1
}

verdicts()
{
	cat results/*/truth.csv | grep -c ",$1," || true
}

@test "two nodes on 6.1: each policy and each way to move pages is true to the page" {
	need_lab 6.1
	numa --nodes 2 --memory 2G --swap 512M --kernel 6.1 -- run profiles/numa.ini -q
	[ "$(verdicts fail)" = 0 ]
	[ "$(verdicts pass)" -ge 49 ]
}

# spilled: pages of each cell that are on the node that was not wanted
spilled()
{
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["counter"] == "mapping/numa_maps/N0" { print $at["cell"], $at["observed"] }' \
		results/*/truth.csv | sort -n | cut -d' ' -f2
}

@test "what prefers a full node goes to the other one, and both nodes count it" {
	need_lab 6.1
	need_lab 6.12
	for kernel in 6.1 6.12; do
		rm -rf results
		numa --nodes 2 --kernel $kernel -- run profiles/numa-spill.ini -q
		[ "$(verdicts fail)" = 0 ]
		[ "$(verdicts pass)" = 33 ]
		# Room for three quarters, for a half and for nothing.
		mapfile -t elsewhere < <(spilled)
		[ "${elsewhere[0]}" -lt 8192 ]
		[ "${elsewhere[1]}" -lt 8192 ]
		[ "${elsewhere[2]}" -ge 8000 ]
	done
}

@test "weighted interleave on 6.12 follows the weights that the guest is given" {
	need_lab 6.12
	cat > weigh <<-'SCRIPT'
	#!/bin/sh
	weights=/sys/kernel/mm/mempolicy/weighted_interleave
	echo 3 > $weights/node0 && echo 1 > $weights/node1 &&
		exec pagestorm run numa mode=weighted size=32M memory.max=128M -q
	SCRIPT
	chmod +x weigh
	numa --nodes 2 --kernel 6.12 --file weigh:/weigh --exec /weigh
	grep -q ',mapping,numa_maps,N0,gauge,pages,0,6144,6144' results/*/counters.csv
	grep -q ',mapping,numa_maps,N1,gauge,pages,0,2048,2048' results/*/counters.csv
	[ "$(verdicts fail)" = 0 ]
}

@test "a page left out or left behind turns the verdict in every mode" {
	need_lab 6.1
	for mode in bind move touch interleave; do
		echo "pagestorm run numa mode=$mode size=8M sabotage=2 memory.max=64M -q && exit 1"
	done > breakage
	echo 'pagestorm run numa mode=prefer spill=50% size=8M sabotage=2 memory.max=max -q && exit 1' \
		>> breakage
	echo exit 0 >> breakage
	numa --nodes 2 --kernel 6.1 --file breakage:/breakage --exec 'sh /breakage'
	for folder in results/*; do
		grep -q ',fail,' "$folder/truth.csv"
	done
	[ "$(find results -maxdepth 1 -name '*numa*' | wc -l)" = 5 ]
}

@test "on one node it is skipped with the reason and status 77" {
	need_lab 6.1
	status=0
	numa --nodes 1 --kernel 6.1 -- run profiles/numa.ini -q || status=$?
	[ "$status" = 77 ]
	grep -q 'node' said
}
