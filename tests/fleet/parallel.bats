#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# contrib/fleet/pagestorm-parallel with GNU parallel: its job log, a job that is started again.

bats_require_minimum_version 1.5.0

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	[ "$(id -u)" -eq 0 ] || skip "not root"
	parallel --version 2> /dev/null | grep -q '^GNU parallel' ||
		skip "no GNU parallel: install parallel"
	script=$(realpath "$BATS_TEST_DIRNAME/../../contrib/fleet/pagestorm-parallel")
	program=$(realpath "$PAGESTORM")
	cd "$BATS_TEST_TMPDIR"
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	cat > sweep.ini <<- INI
		[profile]
		why = four cells for four jobs
		noise = no
		[sweep]
		hog.size = 4M, 8M, 12M, 16M
		[workload hog]
		type = anon
		memory.max = 64M
	INI
	# Kills the third job once, as the machine might.
	cat > "$PWD/program" <<- SH
		#!/bin/sh
		[ "\${PARALLEL_SEQ-}" != 3 ] || [ -e killed ] || { : > killed; kill -KILL \$\$; }
		exec $program "\$@"
	SH
	chmod +x program
	export PAGESTORM=$PWD/program
}

@test "a job that is killed is started again, and the merged directory has each cell once" {
	JOBS=2 "$script" sweep.ini jobs
	[ -e killed ]
	[ "$(awk -F, 'NR > 1 { print $4 }' jobs-merged/*/runs.csv | sort | tr -d '\n')" = 0123 ]
	[ "$(awk 'NR > 1 { print $1 }' jobs.joblog | sort -un | tr -d '\n')" = 1234 ]
}

@test "called again, it runs what is missing" {
	RETRIES=1 "$script" sweep.ini jobs || true
	[ "$("$program" merge --missing jobs/*)" = 2 ]
	before=$(ls jobs)
	rm -r jobs-merged
	"$script" sweep.ini jobs
	[ "$(awk -F, 'NR > 1 { print $4 }' jobs-merged/*/runs.csv | sort | tr -d '\n')" = 0123 ]
	[ "$(comm -12 <(echo "$before") <(ls jobs))" = "$before" ]
}
