#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs that cannot start or do not complete: the message, the exit status, and that nothing
# is left; and what a run records of itself.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup()
{
	observe_setup
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
}

teardown()
{
	observe_teardown
	if mountpoint -q small; then umount small; fi
}

# as_nobody WORD…: pagestorm as user nobody, in a directory of that user
as_nobody()
{
	command -v setpriv > /dev/null || skip "no setpriv(1)"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.."
	cp "$PAGESTORM" pagestorm-copy
	mkdir -p theirs
	chown 65534 theirs
	(cd theirs && HOME=$PWD PAGESTORM_STATE_DIR=$PWD/state exec setpriv --reuid 65534 --regid 65534 --clear-groups \
		../pagestorm-copy "$@")
}

@test "without the right to make a cgroup a worker runs in place, which is said with the remedy" {
	run as_nobody run anon size=8M --wait=200
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"no control group can be made in /sys/fs/cgroup"*"workers run in place"*"run as root, or in a g"* ]]
	run grep -c ',absent,.*in place: there is no group of its own' theirs/results/*-anon/truth.csv
	[ "$output" -ge 8 ]
	grep -q ',minor_faults,.*,pass,' theirs/results/*-anon/truth.csv
	! grep ',fail,' theirs/results/*-anon/truth.csv || return 1
}

@test "a limit that cannot be set, and an OOM kill among others, are skipped there: exit status 77" {
	run as_nobody run anon size=8M memory.max=64M --wait=200
	[ "$status" -eq 77 ]
	[[ "$output" == *"memory.max cannot be set in place: no control group can be made"* ]]
	run as_nobody run oom --wait=200
	[ "$status" -eq 77 ]
	[[ "$output" == *"in place it would take other processes' memory"* ]]
	for workload in buddy thp; do
		run as_nobody run $workload --wait=200
		[ "$status" -eq 77 ]
		[[ "$output" == *"its page frames can be read by root alone"* ]]
	done
}

@test "--json is one document then too" {
	run bash -c "$(declare -f as_nobody); as_nobody run anon memory.max=64M --json --wait=200 2> /dev/null"
	[ "$status" -eq 77 ]
	python3 -c 'import json, sys; d = json.loads(sys.argv[1]); assert d["status"] == 77 and d["rows"][0]["outcome"] == "skipped"' "$output"
}

@test "a setting that this kernel lacks skips its cells: exit status 77 when none is left" {
	local absent=
	for name in vm.defrag_mode lru_gen.enabled vm.zone_reclaim_mode; do
		path=/proc/sys/vm/${name#vm.}
		[ "$name" != lru_gen.enabled ] || path=/sys/kernel/mm/lru_gen/enabled
		[ -e "$path" ] || absent=$name
	done
	[ -n "$absent" ] || skip "this kernel has every setting that was looked for"
	run run_workload null "$absent=1"
	cat said
	[ "$status" -eq 77 ]
	[ "$(column runs.csv nothing outcome)" = skipped ]
	grep -q "$absent: this kernel has no" said
}

@test "a results directory that cannot be made is the only message" {
	run "$PAGESTORM" run null --wait=200 -o /proc/nowhere
	[ "$status" -eq 3 ]
	[ "$output" = "pagestorm: error: cannot make the directory /proc/nowhere: No such file or directory" ]
	run "$PAGESTORM" run null -o ""
	[ "$status" -eq 2 ]
	[[ "$output" == *"--output: the directory has no name"* ]]
}

@test "results that do not fit the disk: exit status 3, the file named, the part kept, no group left" {
	local status=0
	mkdir small
	mount -t tmpfs -o size=64k none small
	"$PAGESTORM" run anon size=8M --quiet --wait=200 -o small > said 2>&1 3>&- &
	runner=$!
	wait "$runner" || status=$?
	ls small/*.partial/runs.csv
	umount small
	cat said
	[ "$status" -eq 3 ]
	grep -q "^pagestorm: error: counters.csv: the rows could not be written: No space left on device" said
	[ -z "$(find /sys/fs/cgroup -type d -name "pagestorm-$runner" -print -quit)" ]
	[ -z "$(ls "$PAGESTORM_STATE_DIR")" ]
	runner=
}

@test "SIGINT, SIGTERM and SIGHUP: 130, 143 and 129, rows with outcome interrupted, and the command that resumes" {
	local signal expected said=0
	for signal in INT:130 TERM:143 HUP:129; do
		begin_held anon size=8M profile.noise=no
		kill -"${signal%:*}" "$runner"
		expected=${signal#*:}
		wait "$runner" || said=$?
		runner=
		[ "$said" -eq "$expected" ]
		grep -q ',anon,anon,.*,interrupted,' out/*.partial/runs.csv
		grep -q "interrupted; .pagestorm run --resume=$(echo out/*.partial)" said
		[ ! -e "$group" ]
	done
}

@test "victims= of runs.csv is accepted on the command line" {
	run_workload oom memory.max=96M victims=40M:0,16M:500
	grep -q 'victims=40M:0+16M:500' out/*/runs.csv
	"$PAGESTORM" plan oom memory.max=96M victims=40M:0+16M:500
}

@test "run.json records the machine, the libraries, the settings, the plan and the seed" {
	run_workload null profile.seed=7
	python3 - out/*/run.json <<- 'CODE'
		import json, sys
		d = json.load(open(sys.argv[1]))
		assert d["schema"] == 1 and d["plan"]["seed"] == 7 and d["end"]["status"] == "complete"
		for library in "pagestorm libc jansson numa hwloc libcgroup inih compiler".split():
		    assert d["versions"][library][0].isdigit() or library == "compiler", library
		for fact in "kernel cpu_model cpus memory_bytes nodes thp cgroup_version swap_bytes".split():
		    assert fact in d["machine"], fact
		assert d["settings_before"]["vm.swappiness"] == d["settings_after"]["vm.swappiness"]
		assert [w["name"] for w in d["plan"]["cells"][0]["workers"]] == ["nothing"]
	CODE
}

@test "a run's profile.ini gives the same plan" {
	run_workload anon size=12M vm.swappiness=61 repeats=2 sweep.anon.fill=zero,random
	"$PAGESTORM" plan --json anon size=12M vm.swappiness=61 repeats=2 sweep.anon.fill=zero,random > first.json
	"$PAGESTORM" plan --json out/*/profile.ini > again.json
	diff <(grep -vE '"(line|profile|path|available_bytes)":' first.json) \
		<(grep -vE '"(line|profile|path|available_bytes)":' again.json)
}
