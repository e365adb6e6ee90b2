#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Limits of the groups above a run's: the plan takes and names them, and an OOM kill there is
# not the expected one. Cgroup v1; tests/vm/place.bats has v2.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup()
{
	observe_setup
	memory=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2 }' /proc/mounts)
	above=
	[ -n "$memory" ] || skip "no cgroup v1 memory hierarchy"
	[ "$(id -u)" -eq 0 ] || skip "not root"
	above=$memory/pagestorm-above-$BASHPID
	mkdir "$above" "$above/inner"
}

teardown()
{
	observe_teardown
	[ -n "$above" ] || return 0
	while read -r pid; do
		kill -KILL "$pid" || true
	done < "$above/cgroup.procs"
	until [ -z "$(cat "$above/cgroup.procs")" ] || [ $((looks += 1)) -gt 100 ]; do sleep 0.05; done
	rmdir "$above/inner" "$above" || true
}

# inside GROUP COMMAND…
inside()
{
	(
		echo "$BASHPID" > "$1/cgroup.procs"
		"${@:2}"
	)
}

@test "plan names the group whose limit is the tightest" {
	echo 2G > "$above/memory.limit_in_bytes"
	run inside "$above/inner" "$PAGESTORM" plan anon size=8M
	[ "$status" -eq 0 ]
	[[ "$output" == *"memory.max = 2147483648 (2 GiB) of $above"$'\n'* ]]
	run inside "$above/inner" "$PAGESTORM" plan oom memory.max=3G
	[ "$status" -eq 77 ]
	[[ "$output" == *"hit before its own: lower its memory.max; the memory.max of 2 GiB is that of $above"* ]]
}

# The filler takes what is above the run's groups while the run goes on: the parent's limit is
# hit long before the run's own.
@test "an OOM kill at the limit of a group above is killed_by_other, and names it" {
	echo 768M > "$above/memory.limit_in_bytes"
	[ ! -e "$above/memory.memsw.limit_in_bytes" ] ||
		echo 768M > "$above/memory.memsw.limit_in_bytes"
	cat > above.ini <<- INI
		[profile]
		why = a worker that grows slowly below a parent that another process fills
		noise = no
		[workload grower]
		type = oom
		memory.max = 400M
		shape = linear
		rate = 60M/s
		oom_score_adj = 900
	INI
	inside "$above/inner" "$PAGESTORM" run above.ini --quiet --wait=200 -o out &
	runner=$!
	until ls -d "$above"/inner/pagestorm-*/run/grower 2> /dev/null; do
		kill -0 "$runner"
		sleep 0.05
	done
	(
		echo "$BASHPID" > "$above/cgroup.procs"
		{ head -c 560M /dev/zero; exec sleep 60; } | exec tail > /dev/null
	) 3>&- &
	status=0
	wait "$runner" || status=$?
	[ "$status" -eq 4 ]
	[ "$(column runs.csv grower outcome)" = killed_by_other ]
	grep -q "at the limit of $above and not at its own" out/*/runs.csv
}

@test "an OOM kill at its own limit below a looser one is the expected one" {
	echo 2G > "$above/memory.limit_in_bytes"
	inside "$above/inner" "$PAGESTORM" run oom memory.max=64M --quiet --wait=200 -o out
	[ "$(column runs.csv oom outcome)" = expected_oom ]
}

@test "a signal of another process is killed_by_other" {
	begin_held anon size=1M memory.max=64M profile.noise=no
	kill -KILL "$worker"
	finish_with 4
	grep -q 'killed_by_other,.*signal 9' out/*/runs.csv
}
