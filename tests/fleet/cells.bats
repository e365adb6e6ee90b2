#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# One plan whose cells are spread over several runs, like the jobs of an array: each job
# runs the cell of its number only, and merge combines their results.

bats_require_minimum_version 1.5.0

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	[ "$(id -u)" -eq 0 ] || skip "not root"
	cd "$BATS_TEST_TMPDIR"
	export PAGESTORM
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	cat > sweep.ini <<- INI
		[profile]
		why = three cells for three jobs
		repeats = 2
		seed = 5
		[sweep]
		hog.size = 4M, 8M, 12M
		[workload hog]
		type = anon
		memory.max = 64M
	INI
}

# rows FILE COLUMN: of the worker hog
rows()
{
	awk -F, -v name="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["worker"] == "hog" { print $at[name] }' "$1"
}

# sizes DIRECTORY…: the size held in each cell
sizes()
{
	local directory
	for directory; do
		paste -d ' ' <(rows "$directory/runs.csv" cell) <(rows "$directory/runs.csv" achieved_bytes)
	done | sort
}

@test "jobs that start at once run their cells, and merged they equal one run" {
	cells=$("$PAGESTORM" plan --json sweep.ini |
		python3 -c 'import json, sys; print(len(json.load(sys.stdin)["cells"]))')
	[ "$cells" -eq 3 ]
	seq 0 $((cells - 1)) |
		xargs -P 3 -I{} "$PAGESTORM" run sweep.ini --cell={} --wait=300 -q -o jobs
	[ "$(find jobs -maxdepth 1 -name '*-sweep*' | wc -l)" -eq 3 ]
	joined=$("$PAGESTORM" merge -o joined jobs/*)
	"$PAGESTORM" run sweep.ini --wait=300 -q -o alone
	[ "$(rows "$joined/runs.csv" cell | sort | tr -d '\n')" = 001122 ]
	diff <(sizes "$joined") <(sizes alone/*)
	# A busy machine's null trials may move a counter: noise is no failure.
	rows "$joined/truth.csv" verdict | sort -u > verdicts
	grep -qx pass verdicts
	run ! grep -vxE 'pass|noise' verdicts
	diff <(rows "$joined/truth.csv" quantity | sort) <(rows alone/*/truth.csv quantity | sort)
}

@test "a job on a locked machine exits 75, writes nothing and can be queued again" {
	command -v flock > /dev/null || skip "no flock(1)"
	run flock -w 300 /proc/sys/vm "$PAGESTORM" run sweep.ini --cell=1 -q -o jobs
	[ "$status" -eq 75 ]
	[ ! -e jobs ]
	"$PAGESTORM" run sweep.ini --cell=1 --wait=300 -q -o jobs
	[ "$(rows jobs/*/runs.csv cell | tr -d '\n')" = 11 ]
}

@test "merge takes the jobs that returned and names the missing one, with exit status 4" {
	for cell in 0 2; do
		"$PAGESTORM" run sweep.ini --cell=$cell --wait=300 -q -o jobs
	done
	run "$PAGESTORM" merge -o joined jobs/*
	[ "$status" -eq 4 ]
	[[ "$output" == *"missing: cell 1"* ]]
	"$PAGESTORM" run sweep.ini --cell=1 --wait=300 -q -o jobs
	"$PAGESTORM" merge -o whole jobs/*
}

@test "--cell=auto takes the number of each engine's job, counted from that engine's first" {
	for job in SLURM_ARRAY_TASK_ID=1 JOB_COMPLETION_INDEX=1 PARALLEL_SEQ=2 LSB_JOBINDEX=2; do
		rm -rf jobs
		env "$job" "$PAGESTORM" run sweep.ini --cell=auto --wait=300 -q -o jobs
		[ "$(rows jobs/*/runs.csv cell | tr -d '\n')" = 11 ]
	done
	# LSF: 0 is a job that belongs to no array.
	rm -rf jobs
	LSB_JOBINDEX=0 PARALLEL_SEQ=1 "$PAGESTORM" run sweep.ini --cell=auto --wait=300 -q -o jobs
	[ "$(rows jobs/*/runs.csv cell | tr -d '\n')" = 00 ]
}

@test "a job that is queued again after it ended runs nothing and has the status of the first time" {
	sed -i 's/^type = anon/&\ninject_shortfall = 1/' sweep.ini
	export SLURM_ARRAY_TASK_ID=2
	run "$PAGESTORM" run sweep.ini --cell=auto --wait=300 -q -o jobs
	[ "$status" -eq 1 ]
	before=$(ls jobs)
	run --separate-stderr "$PAGESTORM" run sweep.ini --cell=auto --wait=300 -o jobs
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"cell 2 is complete already"* ]]
	[ "$(ls jobs)" = "$before" ]
	# Another plan is another cell.
	sed -i 's/^seed = 5/seed = 6/' sweep.ini
	run "$PAGESTORM" run sweep.ini --cell=auto --wait=300 -q -o jobs
	[ "$(find jobs -mindepth 1 -maxdepth 1 | wc -l)" -eq 2 ]
}

@test "the cells of plan --jobs, as numbers of an array, are those of one run" {
	[ "$("$PAGESTORM" plan sweep.ini --jobs=2 | tr '\n' ' ')" = "0 1-2 " ]
	for job in 0 1; do
		JOB_COMPLETION_INDEX=$job "$PAGESTORM" run sweep.ini --cell=auto --jobs=2 \
			--wait=300 -q -o jobs
	done
	joined=$("$PAGESTORM" merge -o joined jobs/*)
	[ "$(rows "$joined/runs.csv" cell | sort | tr -d '\n')" = 001122 ]
}

@test "the command of the Kubernetes job runs its cell and moves it to the results, whole" {
	command=$(sed -n '/command:/,/\]/p' "$BATS_TEST_DIRNAME/../../contrib/fleet/job.yaml" |
		tr -d '\n' | sed 's/.*\[//; s/\].*//; s/"pagestorm", //; s/[",]/ /g')
	mkdir profile
	cp sweep.ini profile
	words=()
	for word in $command; do
		case $word in
		/profile/*) words+=("$PWD$word") ;;
		--*=/*) words+=("${word%%=*}=$PWD/${word#*=/}") ;;
		*) words+=("$word") ;;
		esac
	done
	JOB_COMPLETION_INDEX=1 "$PAGESTORM" "${words[@]}" --wait=300
	[ "$(rows results/*-sweep-cell1/runs.csv cell | tr -d '\n')" = 11 ]
	[ -z "$(ls stage)" ]
}
