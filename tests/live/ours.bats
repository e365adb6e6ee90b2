#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Ours means provably ours: what only carries our name, or a name that we look for, is
# another's, and neither a run nor restore touches it. What is looked at is made, and looked
# at, with other tools than pagestorm.

bats_require_minimum_version 1.5.0

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	[ "$(id -u)" -eq 0 ] || skip "not root"
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	cd "$BATS_TEST_TMPDIR"
	cgroup=/sys/fs/cgroup/memory
	[ -d $cgroup ] || cgroup=/sys/fs/cgroup
	pids=() dirs=()
}

teardown()
{
	for pid in "${pids[@]}"; do
		kill -9 "$pid" 2> /dev/null || true
		wait "$pid" 2> /dev/null || true
	done
	for dir in "${dirs[@]}"; do
		rmdir "$dir" 2> /dev/null || true
	done
}

@test "processes called kswapd0 are no kernel threads: a run does not take their counters" {
	cp "$(command -v sleep)" kswapd0
	for _ in 1 2; do
		./kswapd0 1000 3>&- &
		pids+=($!)
	done
	run "$PAGESTORM" run anon size=4M --wait=300 -o out
	echo "$output"
	[ "$status" -eq 0 ]
	threads=$(cat /proc/[0-9]*/stat 2> /dev/null | awk '$2 ~ /^\(kswapd/ && $4 == 2' | wc -l)
	scopes=$(cut -d, -f9 out/*/counters.csv | grep '^kswapd' | sort -u | wc -l)
	[ "$scopes" -eq "$threads" ]
}
