#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Whom the kernel kills when the whole machine, or a node of it, runs out. The
# kernel's own log is the second witness: pagestorm never reads it.

load vm

# 21 kills in one guest: a minute on an idle machine.
BATS_TEST_TIMEOUT=900

setup()
{
	need_lab 6.1
	enter_scratch
	ln -s "$PAGESTORM_SRCDIR/profiles" profiles
}

# oom_in_lab PROFILE OPTION… -- LAB_OPTION…: the kernel's words on its kills to ./kills
oom_in_lab()
{
	local -a run=()
	while [ "$1" != -- ]; do
		run+=("$1")
		shift
	done
	"$PAGESTORM" lab --timeout 850 "${@:2}" --exec "pagestorm run -q ${run[*]}; status=\$?
		echo ==; dmesg; exit \$status" > out 2> err
	sed '1,/^==/d' out | grep -E 'oom-kill:|Killed process' > kills
}

every_claim_held()
{
	grep -q ',pass,' results/*/truth.csv
	none_failed
}

@test "a global OOM kills the predicted process 21 of 21, and the kernel's log agrees" {
	oom_in_lab profiles/global-oom.ini profile.noise=no --repeat 7 -- --memory 512M
	every_claim_held
	[ "$(grep -c ',expected_oom,' results/*/runs.csv)" -eq 21 ]
	[ "$(grep -c 'constraint=CONSTRAINT_NONE' kills)" -eq 21 ]
	# The profile's three cells: the volunteer, the large one, the growing one.
	for adj in 900 700 0; do
		[ "$(grep -c "Killed process.*oom_score_adj:$adj\$" kills)" -eq 7 ]
	done
}

@test "with swap in use a global OOM still kills the predicted process" {
	oom_in_lab profiles/global-oom.ini -- --memory 512M,512M --swap 128M
	every_claim_held
	[ "$(grep -c 'constraint=CONSTRAINT_NONE' kills)" -eq 3 ]
}

@test "an OOM under a memory policy is told from a full machine by what was free" {
	oom_in_lab profiles/oom-mempolicy.ini -- --memory 512M,512M
	every_claim_held
	[ "$(grep -c 'constraint=CONSTRAINT_MEMORY_POLICY' kills)" -eq 2 ]
	[ "$(grep -c ',free_elsewhere,.*,pass,' results/*/truth.csv)" -eq 2 ]
}

@test "an OOM in a cpuset is told from a full machine by what was free" {
	oom_in_lab profiles/oom-cpuset.ini -- --memory 512M,512M
	every_claim_held
	[ "$(grep -c 'constraint=CONSTRAINT_CPUSET' kills)" -eq 2 ]
	[ "$(grep -c ',free_elsewhere,.*,pass,' results/*/truth.csv)" -eq 2 ]
}

@test "where there is one node the OOM on a node is skipped, with the reason" {
	run "$PAGESTORM" lab -- run -q profiles/oom-mempolicy.ini
	[ "$status" -eq 77 ]
	[[ "$output" == *"two nodes"* ]]
}

@test "a growing process that stops short of the kill is found out" {
	run "$PAGESTORM" lab -- run -q global_oom sabotage=65536
	[ "$status" -eq 1 ]
	grep -q ',missing_oom,' results/*/runs.csv
	grep -q ',system_oom_kills,.*,fail,' results/*/truth.csv
}
