#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A sample of the campaign that `make check-shortfall` runs as a whole, for as long as the suite
# can spare; this suite runs beside a neighbour already. The seed is on the TAP stream.

bats_require_minimum_version 1.5.0

setup()
{
	export PAGESTORM=${PAGESTORM:-$BATS_TEST_DIRNAME/../../pagestorm}
	[ "$(id -u)" -eq 0 ] || skip "not root"
	campaign=$BATS_TEST_DIRNAME/shortfall-campaign
	seed=$(date +%s)
	echo "# seed $seed" >&3
}

# of_all COLUMN: of the last line of the campaign's table
of_all()
{
	awk -v column="$1" '
		$1 == "workload" { for (i = 1; i <= NF; i++) at[$i] = i }
		$1 == "all" { print $at[column] }' <<< "$output"
}

@test "whatever a worker leaves out beside a neighbour is a failure, at the first attempt" {
	run -0 "$campaign" --alone --seed="$seed" --seconds=20 --repeats=3
	[ "$(of_all fail)" -ge 3 ]
	[ "$(of_all fail)" = "$(of_all attempts)" ]
	[ "$(of_all repeated)" = 0 ]
}

@test "what leaves nothing out beside a neighbour does not fail" {
	run -0 "$campaign" --alone --control --seed="$seed" --seconds=10 --repeats=3
	[ "$(of_all pass)" -ge 1 ]
	[ "$(of_all fail)" = 0 ]
}
