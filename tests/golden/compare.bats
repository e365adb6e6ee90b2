#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# compare on two generated sweeps: B's victim is slower by 30 %, nothing else differs.
# To renew the golden files on purpose: GOLDEN=write bats tests/golden/compare.bats

setup_file()
{
	export here="$BATS_TEST_DIRNAME/report"
	export A="$BATS_FILE_TMPDIR/base" B="$BATS_FILE_TMPDIR/slow"
	"$here/make-results" "$A" 1 7
	"$here/make-results" "$B" 1.3 7
}

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	unset NO_COLOR
	export COLUMNS=100
}

golden()
{
	if [ "${GOLDEN-}" = write ]; then
		cat > "$here/$1"
	else
		diff -u "$here/$1" -
	fi
}

some=(-m failed_runs -m seconds -m "latency_p*" -m "refault_*" -m oom_kills)

# shellcheck disable=SC2086 # words
@test "text: verdicts come first, the worst metric first in each cell" {
	"$PAGESTORM" compare "$A" "$B" "${some[@]}" 2>/dev/null | golden compare.txt
}

@test "markdown" {
	"$PAGESTORM" compare "$A" "$B" "${some[@]}" --format markdown 2>/dev/null | golden compare.md
}

@test "csv has a row for each cell, worker and metric" {
	"$PAGESTORM" compare "$A" "$B" "${some[@]}" --format csv 2>/dev/null | golden compare.csv
}

@test "json is one document" {
	"$PAGESTORM" compare "$A" "$B" "${some[@]}" --json 2>/dev/null | golden compare.json
	"$PAGESTORM" compare "$A" "$B" --json 2>/dev/null | python3 -m json.tool > /dev/null
}

@test "two cells of one directory" {
	"$PAGESTORM" compare "$A:vm.swappiness=10" "$A:vm.swappiness=60" "${some[@]}" 2>/dev/null |
		golden compare-cells.txt
}

@test "a run against itself is within noise, and --fail-on changed holds" {
	run "$PAGESTORM" compare "$A" "$A" -m seconds --fail-on changed
	[ "$status" -eq 0 ]
	[[ "$output" == "0 worse, 0 better, "* ]]
}

@test "--fail-on of more metrics than the runs can tell apart exits 4" {
	run "$PAGESTORM" compare "$A" "$A" --fail-on changed
	[ "$status" -eq 4 ]
	[[ "$output" == *"has too few runs (7 and 7) to decide"* ]]
}

@test "--fail-on across days is undecided, unless it is said" {
	"$here/make-results" "$BATS_TEST_TMPDIR/day1" 1 7
	"$here/make-results" "$BATS_TEST_TMPDIR/day2" 1.3 7
	sed -i 's/2026-11-20T/2026-11-21T/' "$BATS_TEST_TMPDIR/day2/runs.csv"
	cd "$BATS_TEST_TMPDIR"
	run "$PAGESTORM" compare day1 day2 -m seconds --fail-on worse
	[ "$status" -eq 4 ]
	[[ "$output" == *"recorded on different days"* ]]
	[[ "$output" == *"note: A and B share no day"* ]]
	run "$PAGESTORM" compare day1 day2 -m seconds --fail-on worse --across
	[ "$status" -eq 1 ]
}

@test "--fail-on detects the planted slowdown and names it on stderr" {
	run bash -c '"$0" compare "$1" "$2" --fail-on "latency_p50_ns>+5%" 2>&1 >/dev/null' \
		"$PAGESTORM" "$A" "$B"
	[ "$status" -eq 1 ]
	[[ "$output" == *"latency_p50_ns of victim"*"is worse by a factor of 1."* ]]
}

@test "--fail-on with too few runs exits 4" {
	"$here/make-results" "$BATS_TEST_TMPDIR/a" 1 3
	"$here/make-results" "$BATS_TEST_TMPDIR/b" 1.3 3
	run "$PAGESTORM" compare "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b" --fail-on worse
	[ "$status" -eq 4 ]
	[[ "$output" == *"too few runs"* ]]
}

@test "missing input is one sentence on stderr, exit status 2 and nothing on stdout" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	for words in "$A" "$A /nonexistent" "$A $BATS_TEST_TMPDIR/empty" "$A $B -m nosuch" \
		"$A $B --format xml" "$A $B --fail-on seconds" "$A $B --fail-on nosuch>+5%" \
		"$A:vm.swappiness=11 $B" "$A $B extra" "$A $B --least-effect=much"; do
		# shellcheck disable=SC2086 # words
		run bash -c '"$@" 2>/dev/null' - "$PAGESTORM" compare $words
		echo "$words: $status $output"
		[ "$status" -eq 2 ]
		case $words in *fail-on*) ;; *) [ -z "$output" ] ;; esac
		# shellcheck disable=SC2086 # words
		run bash -c '"$@" 2>&1 >/dev/null' - "$PAGESTORM" compare $words
		[ -n "$output" ]
	done
}

@test "no escape sequence in a file reaches the terminal" {
	HOSTILE=1 "$here/make-results" "$BATS_TEST_TMPDIR/evil" 1 5
	for format in text markdown; do
		run "$PAGESTORM" compare "$BATS_TEST_TMPDIR/evil" "$BATS_TEST_TMPDIR/evil" \
			--format "$format"
		[ "$status" -eq 0 ]
		[[ "$output" != *$'\033'* ]]
	done
}

@test "compare --help fits 40 lines of 80 columns" {
	run "$PAGESTORM" compare --help
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -le 40 ]
	for line in "${lines[@]}"; do
		[ "${#line}" -le 80 ]
	done
}
