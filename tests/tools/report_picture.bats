#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The HTML report as a browser renders it. The pictures stay in $PICTURES, if that is set.

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	command -v chromium > /dev/null || skip "chromium is not installed"
	command -v gnuplot > /dev/null || skip "gnuplot is not installed"
	pictures="${PICTURES:-$BATS_TEST_TMPDIR}"
}

look()
{
	run env TMPDIR="$BATS_TEST_TMPDIR" timeout 120 python3 "$BATS_TEST_DIRNAME/picture.py" "$1" "$pictures"
	echo "$output"
}

@test "a sweep's report fits phone, tablet, desktop and paper, in light and dark" {
	"$BATS_TEST_DIRNAME/../golden/report/make-results" "$BATS_TEST_TMPDIR/sweep"
	"$PAGESTORM" report "$BATS_TEST_TMPDIR/sweep" --html
	look "$BATS_TEST_TMPDIR/sweep/report.html"
	[ "$status" -eq 0 ]
	[[ "$output" == *"sections: Runs that did not end as expected, Verdicts, Results, Timeline, Truth, Noise floor, Machine and settings"* ]]
}

@test "truth and scores fit a desk, reasons included" {
	local reference="$BATS_TEST_DIRNAME/../../results/reference"
	mkdir "$BATS_TEST_TMPDIR/scores"
	grep -E '^(tool|pmap|top|valgrind-.*),' "$reference/validate/scorecard.csv" > "$BATS_TEST_TMPDIR/scores/scorecard.csv"
	"$PAGESTORM" report "$reference/min-free" "$BATS_TEST_TMPDIR/scores" --html -o "$BATS_TEST_TMPDIR/page.html"
	look "$BATS_TEST_TMPDIR/page.html"
	[ "$status" -eq 0 ]
}

@test "markup in a file's text draws nothing and requests nothing" {
	HOSTILE=1 "$BATS_TEST_DIRNAME/../golden/report/make-results" "$BATS_TEST_TMPDIR/evil"
	"$PAGESTORM" report "$BATS_TEST_TMPDIR/evil" --html
	look "$BATS_TEST_TMPDIR/evil/report.html"
	[ "$status" -eq 0 ]
}

@test "a table that overflows its box is detected" {
	"$BATS_TEST_DIRNAME/../golden/report/make-results" "$BATS_TEST_TMPDIR/sweep"
	"$PAGESTORM" report "$BATS_TEST_TMPDIR/sweep" --html
	sed -i 's/^\.scroll {overflow-x:auto;/.scroll {/' "$BATS_TEST_TMPDIR/sweep/report.html"
	look "$BATS_TEST_TMPDIR/sweep/report.html"
	[ "$status" -eq 1 ]
	[[ "$output" == *"360-light: wider than the screen"* ]]
}
