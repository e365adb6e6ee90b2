#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line, before any subcommand acts.

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	machine="$BATS_TEST_DIRNAME/../fixtures/machines/v1"
}

@test "--version prints the program's name and version" {
	run "$PAGESTORM" --version
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^pagestorm\ [0-9]+\.[0-9]+\.[0-9]+ ]]
}

@test "--help fits a screen of 24 lines by 80 columns" {
	run "$PAGESTORM" --help
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -le 24 ]
	for line in "${lines[@]}"; do
		[ "${#line}" -le 80 ]
	done
}

@test "each subcommand's --help fits a screen of 24 lines by 80 columns, is complete, and equals -h" {
	local name names
	names=$("$PAGESTORM" --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
	[ "$(wc -w <<< "$names")" -ge 10 ]
	for name in $names; do
		echo "$name"
		"$PAGESTORM" "$name" --help > "$BATS_TEST_TMPDIR/help"
		[ "$(wc -l < "$BATS_TEST_TMPDIR/help")" -le 24 ]
		[ "$(LC_ALL=C.UTF-8 wc -L < "$BATS_TEST_TMPDIR/help")" -le 80 ]
		"$PAGESTORM" "$name" -h | diff "$BATS_TEST_TMPDIR/help" -
		[[ "$(< "$BATS_TEST_TMPDIR/help")" != *"(null)"* ]]
	done
}

@test "an unknown option is a usage error that suggests the nearest one" {
	run "$PAGESTORM" run --wiat=3 null
	[ "$status" -eq 2 ]
	[ "$output" = "pagestorm run: error: no option --wiat; did you mean --wait?" ]
	run "$PAGESTORM" compare --zzzzzz a b
	[ "$status" -eq 2 ]
	[[ "$output" == *"no option --zzzzzz"* ]]
}

@test "the word after an option that takes a value is the value, and -- ends the options" {
	run "$PAGESTORM" report -o --wiat --html /nonexistent
	[ "$status" -eq 2 ]
	[[ "$output" == */nonexistent* ]]
	run "$PAGESTORM" report -- --wiat
	[[ "$output" != *"no option"* ]]
}

@test "a pause that nothing could end, or at an unknown barrier, is a usage error with the remedy" {
	local barriers
	for barriers in redy "" "ready," ,held ready,,held gone READY; do
		run "$PAGESTORM" run null "--pause=$barriers"
		echo "$barriers: $output"
		[ "$status" -eq 2 ]
		[[ "$output" == *"--pause: no barrier '"*"'; it is ready, held or ready,held"* ]]
	done
	for input in /dev/null "$BATS_TEST_DIRNAME/command_line.bats" /; do
		run "$PAGESTORM" run null --pause=ready < "$input"
		echo "$input: $output"
		[ "$status" -eq 2 ]
		[[ "$output" == *"--pause: stdin is neither a terminal, a pipe nor a socket"*"--pause-fd=OUT,IN" ]]
	done
}

@test "--pause-fd takes two open descriptors, the second of which can be polled" {
	local words
	run "$PAGESTORM" run null --pause-fd=1,0
	[ "$status" -eq 2 ]
	[[ "$output" == *"--pause-fd needs --pause=ready,held"* ]]
	for words in 1 "1," ,0 "1,0," 1,0x0 -1,0 a,b 99999999999,0; do
		run "$PAGESTORM" run null --pause=ready "--pause-fd=$words"
		echo "$words: $output"
		[ "$status" -eq 2 ]
		[[ "$output" == *"--pause-fd: '$words' is not OUT,IN, two numbers of open descriptors"* ]]
	done
	run "$PAGESTORM" run null --pause=ready --pause-fd=8,9 8>&-
	[[ "$output" == *"--pause-fd: descriptor 8 is not open for writing" ]]
	run "$PAGESTORM" run null --pause=ready --pause-fd=8,9 8< /dev/null
	[[ "$output" == *"--pause-fd: descriptor 8 is not open for writing" ]]
	run "$PAGESTORM" run null --pause=ready --pause-fd=1,9 9> /dev/null
	[[ "$output" == *"--pause-fd: descriptor 9 is not open for reading" ]]
	run "$PAGESTORM" run null --pause=ready --pause-fd=1,9 9< /dev/null
	[ "$status" -eq 2 ]
	[[ "$output" == *"--pause-fd: descriptor 9 is neither a terminal, a pipe nor a socket"* ]]
}

@test "profiles and adapters are found from any directory, beside the program and below its prefix" {
	local src=${PAGESTORM_SRCDIR:-$BATS_TEST_DIRNAME/../..} place
	cd "$BATS_TEST_TMPDIR"
	mkdir -p tree moved/bin moved/share/pagestorm
	cp "$PAGESTORM" tree/pagestorm
	cp "$PAGESTORM" moved/bin/pagestorm
	cp -r "$src/profiles" tree/
	cp -r "$src/profiles" moved/share/pagestorm/
	mkdir elsewhere
	cd elsewhere
	for place in ../tree ../moved/bin; do
		"$place/pagestorm" plan --host "$machine" demo > /dev/null
		"$place/pagestorm" validate --list | grep '^valgrind-memcheck ' > /dev/null
	done
}

@test "an unknown profile or tool is an error that suggests the nearest one" {
	cd "$BATS_TEST_TMPDIR"
	mkdir -p profiles/tools
	echo > profiles/swap-storm.ini
	echo > profiles/tools/valgrind-memcheck.ini
	run "$PAGESTORM" plan --host "$machine" swapstorm
	[ "$status" -eq 2 ]
	[ "$output" = "pagestorm: error: swapstorm: no workload and no profile; did you mean swap-storm?" ]
	run "$PAGESTORM" validate valgrind-memchek
	[ "$status" -eq 2 ]
	[ "$output" = "pagestorm: error: valgrind-memchek: no such adapter; did you mean valgrind-memcheck?" ]
}

@test "validate --list --json is one document" {
	cd "${PAGESTORM_SRCDIR:-$BATS_TEST_DIRNAME/../..}"
	"$PAGESTORM" validate --list --json |
		python3 -c 'import json, sys; assert any(t["name"] == "free" and t["package"] for t in json.load(sys.stdin))'
}

@test "an unknown subcommand is a usage error, named on stderr, with nothing on stdout" {
	run bash -c '"$1" nosuchverb 2>/dev/null' - "$PAGESTORM"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	run "$PAGESTORM" nosuchverb
	[[ "$output" == *nosuchverb* ]]
}

@test "no subcommand is a usage error" {
	run "$PAGESTORM"
	[ "$status" -eq 2 ]
}

@test "output that cannot be written is a failure, reported on stderr" {
	local words
	[ -w /dev/full ] || skip "no /dev/full"
	for words in list --version --help "plan --host $machine null" \
		"plan --host $machine null --json" "plan --host $machine null --ini"; do
		# shellcheck disable=SC2086 # several words
		run sh -c '"$@" > /dev/full' sh "$PAGESTORM" $words
		echo "$words: $status $output"
		[ "$status" -eq 3 ]
		[[ "$output" == *"not all of the output could be written"* ]]
	done
}

@test "an option's number out of range is refused, not clamped" {
	for words in "plan --host $machine null --cell=4294967296" \
		"plan --host $machine null --cell=-1" "plan --host $machine null --cell=" \
		"run null --repeat=0" "restore --wait=99999999999999999999" "restore --wait=3s"; do
		# shellcheck disable=SC2086 # several words
		run "$PAGESTORM" $words
		echo "$words: $status $output"
		[ "$status" -eq 2 ]
		[[ "$output" == *"is not a whole number from"* ]]
	done
}

# refuses TEXT WORDS…: run null WORDS… ends with status 2, names TEXT and makes nothing
refuses()
{
	run "$PAGESTORM" run null -o "$BATS_TEST_TMPDIR/out" "${@:2}"
	echo "$status: $output"
	[ "$status" -eq 2 ]
	[[ "$output" == *"$1"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/out" ]
}

@test "run --cell refuses ranges that end before they begin, cells there are not, unclear numbers of jobs" {
	unset SLURM_ARRAY_TASK_ID JOB_COMPLETION_INDEX PARALLEL_SEQ LSB_JOBINDEX
	refuses "'2-1' ends before it begins" --cell=2-1
	refuses "'' is not a whole number" --cell=1-
	refuses "there is no cell 5; the plan has cells 0 to 0" --cell=0-5
	refuses "--jobs needs --cell=auto" --cell=0 --jobs=2
	refuses "none of SLURM_ARRAY_TASK_ID" --cell=auto
	export PARALLEL_SEQ=x
	refuses "PARALLEL_SEQ: 'x' is not a whole number from 1" --cell=auto
	export PARALLEL_SEQ=3
	refuses "PARALLEL_SEQ=3 is for cell 2; the plan has cells 0 to 0" --cell=auto
	refuses "PARALLEL_SEQ=3 is for job 2; these are jobs 0 to 0" --cell=auto --jobs=4
	export SLURM_ARRAY_TASK_ID=0
	refuses "SLURM_ARRAY_TASK_ID and PARALLEL_SEQ are both set" --cell=auto
}

@test "a limit that a run cannot set is an unknown key" {
	run "$PAGESTORM" plan --host "$machine" null pids.max=100
	[ "$status" -eq 2 ]
}
