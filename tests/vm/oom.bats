#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The victim of the OOM killer when the whole machine, or one node, is out of memory. The
# kernel log is the independent instrument: pagestorm never reads it.

bats_require_minimum_version 1.5.0

load vm

# oom_in_lab PROFILE OPTION… -- LAB_OPTION…: a run, then, below ==, the kernel log
oom_in_lab()
{
	local -a run=()
	while [ "$1" != -- ]; do
		run+=("$1")
		shift
	done
	"$PAGESTORM" lab --timeout 900 --file "$PAGESTORM_SRCDIR/profiles:profiles" "${@:2}" \
		--exec "pagestorm run -q ${run[*]}; status=\$?
			echo ==; dmesg; exit \$status"
}

# boot_global CELL: one of the profile's three
boot_global() { oom_in_lab profiles/global-oom.ini noise=no --repeat 7 --cell "$1" -- --memory 512M; }
boot_global_swap() { oom_in_lab profiles/global-oom.ini noise=no -- --memory 512M,512M --swap 128M; }
boot_policy() { oom_in_lab profiles/oom-mempolicy.ini noise=no -- --memory 512M,512M; }
boot_cpuset() { oom_in_lab profiles/oom-cpuset.ini noise=no -- --memory 512M,512M; }

boot_one_node()
{
	"$PAGESTORM" lab --memory 512M --file "$PAGESTORM_SRCDIR/profiles:profiles" --exec '
		pagestorm run -q profiles/oom-mempolicy.ini
		echo "skipped: $?"
		pagestorm run -q global_oom inject_shortfall=65536 noise=no
		echo "short: $?"'
}

boots=(boot_global_swap boot_policy boot_cpuset boot_one_node)
setup_file()
{
	printf '%s\n' 'boot_global 0' 'boot_global 1' 'boot_global 2' "${boots[@]}" |
		boots_begin "${boots[@]}" boot_global oom_in_lab
}

teardown_file() { boots_end; }
setup() { need_lab 6.1; }

# killed NAME: every claim of that boot holds; the kernel log of its kills goes to ./kills
killed()
{
	booted "$1"
	[ "$status" -eq 0 ]
	sed '1,/^==/d' out | grep -E 'oom-kill:|Killed process' > kills
	grep -q ',pass,' results/*/truth.csv
	none_failed
}

# The process with a raised oom_score_adj, the large one and the growing one: the cells in order.
@test "a global OOM kills the predicted process 21 of 21, and the kernel's log agrees" {
	local cell adj=(900 700 0)
	for cell in 0 1 2; do
		killed "boot_global-$cell"
		[ "$(grep -c ',expected_oom,' results/*/runs.csv)" -eq 7 ]
		[ "$(grep -c 'constraint=CONSTRAINT_NONE' kills)" -eq 7 ]
		[ "$(grep -c "Killed process.*oom_score_adj:${adj[cell]}\$" kills)" -eq 7 ]
	done
}

@test "with swap in use a global OOM still kills the predicted process" {
	killed boot_global_swap
	[ "$(grep -c 'constraint=CONSTRAINT_NONE' kills)" -eq 3 ]
}

@test "free memory distinguishes an OOM under a memory policy from a full machine" {
	killed boot_policy
	[ "$(grep -c 'constraint=CONSTRAINT_MEMORY_POLICY' kills)" -eq 2 ]
	[ "$(grep -c ',free_elsewhere,.*,pass,' results/*/truth.csv)" -eq 2 ]
}

@test "free memory distinguishes an OOM in a cpuset from a full machine" {
	killed boot_cpuset
	[ "$(grep -c 'constraint=CONSTRAINT_CPUSET' kills)" -eq 2 ]
	[ "$(grep -c ',free_elsewhere,.*,pass,' results/*/truth.csv)" -eq 2 ]
}

@test "on one node an OOM on a node is skipped, with the reason" {
	booted boot_one_node
	grep -qx 'skipped: 77' out
	cat out err | grep -q "two nodes"
}

@test "a growing process that stops before the kill is detected" {
	booted boot_one_node
	grep -qx 'short: 1' out
	grep -q ',missing_oom,' results/*/runs.csv
	grep -q ',system_oom_kills,.*,fail,' results/*/truth.csv
}
