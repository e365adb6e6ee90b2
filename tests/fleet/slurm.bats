#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# contrib/fleet/pagestorm.sbatch on a real Slurm of three nodes, which are all this machine: its
# lock lets one run at a time, so the tasks of an array meet each other's.

bats_require_minimum_version 1.5.0

load slurm

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	[ "$(id -u)" -eq 0 ] || skip "not root"
	missing=$(slurm_available) || skip "$missing"
	PAGESTORM=$(realpath "$PAGESTORM")
	script=$(realpath "$BATS_TEST_DIRNAME/../../contrib/fleet/pagestorm.sbatch")
	cd "$BATS_TEST_TMPDIR"
	export PAGESTORM
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	export PROFILE=$PWD/sweep.ini RESULTS=$PWD/jobs STAGE=$PWD/stage
	mkdir slurm
	slurm_start "$PWD/slurm"
}

teardown()
{
	[ ! -d slurm ] || slurm_stop "$PWD/slurm"
}

# profile VALUES HOLD: a sweep of one cell a value
profile()
{
	cat > sweep.ini <<- INI
		[profile]
		why = cells for an array
		noise = no
		[sweep]
		hog.size = $1
		[workload hog]
		type = anon
		memory.max = 64M
		hold = $2
	INI
}

# submit COUNT [VARIABLE=VALUE…]
submit()
{
	sbatch --parsable --array="0-$(($1 - 1))" --output="$PWD/log-%a" "${@:2}" "$script"
}

# Cells of the results in a directory's runs.csv, each on a line.
cells()
{
	awk -F, '
		FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["worker"] == "hog" && $at["outcome"] == "ok" { print $at["cell"] }' "$@" | sort -n
}

@test "an array of 24 cells on one machine: tasks wait for each other, every cell runs once" {
	profile "$(seq -s M, 1 24)M" 0s
	WAIT=300 submit 24
	slurm_finish 240
	joined=$("$PAGESTORM" merge -o joined jobs/*)
	diff <(seq 0 23) <(cells "$joined/runs.csv")
	[ -z "$("$PAGESTORM" merge --missing jobs/*)" ]
	[ -z "$(ls stage)" ]
}

@test "a busy machine is status 75: the task is queued again, and the merge is whole" {
	profile 4M,8M,12M 6s
	WAIT=2 submit 3
	slurm_finish 240
	grep -q 'queued again' log-*
	"$PAGESTORM" merge -o joined jobs/*
	diff <(seq 0 2) <(cells joined/*/runs.csv)
}

@test "a node dies within a cell: the task runs on another node, a task submitted twice runs nothing" {
	profile 4M,8M 8s
	WAIT=300 submit 2
	slurm_until 1 bash -c 'ls -d stage/*.partial | wc -l'
	dead=$(squeue -h -t R -o '%N %K' | while read -r node task; do
		[ ! -d "$(echo stage/*cell"$task".partial)" ] || echo "$node"
	done)
	[ -n "$dead" ]
	slurm_kill_node "$PWD/slurm" "$dead"
	slurm_finish 240
	"$PAGESTORM" merge -o joined jobs/*
	diff <(seq 0 1) <(cells joined/*/runs.csv)
	[ "$(find stage -mindepth 1 -maxdepth 1 -name '*.partial' | wc -l)" -eq 1 ]
	"$PAGESTORM" restore --wait=300

	before=$(ls jobs)
	WAIT=300 submit 2
	slurm_finish 120
	[ "$(ls jobs)" = "$before" ]
}

@test "a node on which nothing can run is drained, with the reason" {
	profile 4M 0s
	# No machine has this node: every cell is skipped there.
	sed -i 's/^type = anon/type = numa\nmemory = 63/; /^hog.size/d; /^\[sweep\]/d' sweep.ini
	run "$PAGESTORM" plan sweep.ini
	[ "$status" -eq 77 ]
	WAIT=300 submit 1
	slurm_until 1 bash -c "sinfo -h -t drain,drng -o %D | awk '{ n += \$1 } END { print n }'"
	sinfo -h -R -o %E | grep -x 'pagestorm: nothing of the plan could run'
	[ "$(squeue -h -o %T)" = PENDING ] # for another node
}
