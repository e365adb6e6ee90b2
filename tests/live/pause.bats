#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of `run --pause`: the run stops at the barrier and names its workers, and
# whatever ends a run ends a paused run too. Checked with /proc and the group's files.

bats_require_minimum_version 1.5.0

load ../lib/paused

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	[ "$(id -u)" -eq 0 ] || skip "not root"
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	cd "$BATS_TEST_TMPDIR"
	runner=
}

teardown()
{
	end_paused
	[ -n "$BATS_TEST_COMPLETED" ] || cat said out/*/events.csv || true
}

rss_kb()
{
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$1/status"
}

# The process waits in read(2) for a command.
reads_a_pipe()
{
	[ "$(cut -d' ' -f1,2 "/proc/$1/syscall")" = "0 0x4" ] # x86-64
}

# events WORKER: its events; with "", those of the run
events()
{
	awk -F, -v worker="$1" '$5 == worker { print $7 ($8 == "" ? "" : " " $8) }' out/*/events.csv
}

nothing_is_left()
{
	local pid
	for pid; do
		[ ! -e "/proc/$pid" ] || { echo "process $pid is there"; return 1; }
	done
	[ ! -e "$group" ] || { echo "$group is there"; return 1; }
	[ ! -e "$PAGESTORM_STATE_DIR" ] || { echo "a journal is there"; return 1; }
	[ -z "$(find out -name scratch)" ] || { echo "scratch is there"; return 1; }
}

@test "at READY all workers are blocked with nothing touched; at HELD all memory is mapped" {
	cat > two.ini <<- INI
		[profile]
		why = two workers in one trial
		repeats = 1
		[workload one]
		type = anon
		size = 32M
		[workload two]
		type = anon
		size = 16M
	INI
	begin_paused ready,held two.ini
	until_paused ready
	[ "${!worker_pid[*]}" = "one two" ] || [ "${!worker_pid[*]}" = "two one" ]
	[ "$worker" = "${worker_pid[one]}" ]
	for name in one two; do
		[ "$(cat "${worker_group[$name]}/cgroup.procs")" = "${worker_pid[$name]}" ]
		[ "$(rss_kb "${worker_pid[$name]}")" -lt 16384 ]
		reads_a_pipe "${worker_pid[$name]}" || [ "$(uname -m)" != x86_64 ]
	done
	until_paused held
	[ "$(rss_kb "${worker_pid[one]}")" -ge 32768 ]
	[ "$(rss_kb "${worker_pid[two]}")" -ge 16384 ]
	for name in one two; do
		reads_a_pipe "${worker_pid[$name]}" || [ "$(uname -m)" != x86_64 ]
	done
	pids="${worker_pid[*]}"
	finish
	# shellcheck disable=SC2086 # words
	nothing_is_left $pids
	[ "$(events "" | tr '\n' ,)" = "paused ready,continued ready,paused held,continued held," ]
}

@test "each trial pauses, except null trials" {
	begin_paused ready anon size=1M profile.repeats=2
	until_paused ready
	[ "${!worker_pid[*]}" = anon ]
	first=$worker
	until_paused ready
	[ "${!worker_pid[*]}" = anon ]
	[ "$worker" != "$first" ]
	finish
	[ "$(events "" | tr '\n' ,)" = "paused ready,continued ready,paused ready,continued ready," ]
	[ "$(grep -c ',null,null,.*,ok,' out/*/runs.csv)" = 2 ]
}

@test "a deadline starts at GO" {
	begin_paused ready anon size=1M timeout=1s
	until_paused ready
	sleep 1.5 # time has to pass: more than the deadline
	finish
	grep -q ',anon,anon,.*,ok,' out/*/runs.csv
	run ! grep -q ',timeout,' out/*/events.csv
}

@test "sampling continues during a pause at HELD" {
	begin_paused held anon size=8M profile.sample=10ms
	until_paused held
	sleep 0.5 # time has to pass: fifty samples
	finish
	[ "$(grep -c ',anon,held,.*,rss,' out/*/samples.csv)" -ge 20 ]
}

@test "SIGINT and SIGTERM end a paused run like any other, and nothing is left" {
	for how in "INT ready 130" "TERM held 143"; do
		read -r signal barrier status <<< "$how"
		rm -rf out
		begin_paused "$barrier" anon size=8M
		until_paused "$barrier"
		kill -"$signal" "$runner"
		ended=0
		wait "$runner" || ended=$?
		runner=
		[ "$ended" = "$status" ]
		nothing_is_left "$worker"
		grep -q ',interrupted,' out/*/runs.csv
		abandon_pauses
	done
}

@test "a worker that dies while the run is paused is reported at once, and the pause goes on" {
	for barrier in ready held; do
		rm -rf out
		begin_paused "$barrier" anon size=8M
		until_paused "$barrier"
		kill -KILL "$worker"
		until_died anon
		[ -e "$group" ]
		finish_with 4
		grep -q ',killed_by_other,.*signal 9' out/*/runs.csv
		nothing_is_left "$worker"
	done
}

@test "when the controlling process has exited the run continues without further pauses, and says so" {
	begin_paused ready,held anon size=8M
	until_paused ready
	abandon_pauses
	wait "$runner"
	runner=
	grep -q 'the controller of --pause is gone' said
	[ "$(events "" | tr '\n' ,)" = "paused ready,abandoned ready," ]
	grep -q ',ok,' out/*/runs.csv
}

@test "without --pause-fd a line on stdin ends the pause; announcement and hint are on stderr" {
	echo | "$PAGESTORM" run anon size=1M --pause=ready,held --wait=200 -q -o out > printed 2> said
	grep -Eqx 'worker name=anon pid=[0-9]+ state=held group=/.*/run/anon' said
	grep -qx 'paused barrier=held cell=0 repeat=1 workers=1' said
	grep -q 'press Enter' said
	[ "$(events "" | tr '\n' ,)" = "paused ready,continued ready,paused held,abandoned held," ]
	run ! grep -q paused printed
}

@test "an interrupted run pauses when it is resumed" {
	begin_paused held anon size=1M profile.repeats=2
	until_paused held
	until_paused held
	kill -KILL "$runner"
	wait "$runner" || true
	runner=
	abandon_pauses
	begin_paused held --resume="$(echo out/*.partial)"
	until_paused held
	finish
	[ "$(grep -c ',anon,anon,.*,ok,' out/*/runs.csv)" = 2 ]
}
