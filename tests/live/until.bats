#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# run --until=decided: stops at a look when each primary metric is decided, and at the bound.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup()
{
	observe_setup
}

teardown() { observe_teardown; }

# until_decided STATUS WORD…: such a run of anon in two cells, of 1 and 2 MiB
until_decided()
{
	ends "$1" --until=decided anon sweep.anon.size=1M,2M profile.noise=no sample=0 "${@:2}"
}

rows()
{
	grep -c '^1,' out/*/runs.csv
}

@test "twice the faults are decided at the first look, and all cells have as many repeats" {
	until_decided 0 profile.primary=minor_faults
	[[ "$(cat said)" == *"decided after 6 repeats, at look 1 of 7"* ]]
	[ "$(rows)" -eq 12 ]
	"$PAGESTORM" report out/* | grep -q '6 of at most 40 repeats, .*complete$'
	"$PAGESTORM" compare "$(echo out/*):anon.size=1M" "$(echo out/*):anon.size=2M" \
		-m minor_faults --fail-on worse || [ "$?" -eq 1 ]
}

@test "what is the same in every run is decided, and the run ends" {
	until_decided 0 profile.primary=oom_kills
	[ "$(rows)" -eq 12 ]
}

@test "a metric that is not recorded is not decided: the bound, and exit status 4" {
	until_decided 4 profile.primary=latency_p99_ns --repeat=6
	[[ "$(cat said)" == *"not decided: no primary metric was recorded"* ]]
	[ "$(rows)" -eq 12 ]
}

@test "without a question, or without so many repeats that it could be decided, nothing runs" {
	until_decided 2
	[[ "$(cat said)" == *"names no primary metric"* ]]
	until_decided 2 profile.primary=seconds --repeat=3
	[[ "$(cat said)" == *"3 repeats cannot decide 1 comparisons"* ]]
	ends 2 --until=decided anon size=1M profile.primary=seconds
	ends 2 --until=sure anon size=1M
	[ ! -e out ]
}
