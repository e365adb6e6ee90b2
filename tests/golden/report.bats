#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# report on a made-up sweep in which one claim fails and one worker is killed.
# To renew the golden files on purpose: GOLDEN=write bats tests/golden/report.bats

setup_file()
{
	export here="$BATS_TEST_DIRNAME/report"
	export sweep="$BATS_FILE_TMPDIR/20261120T090000Z-swappiness"
	"$here/make-results" "$sweep"
}

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	export COLUMNS=110
}

golden()
{
	if [ "${GOLDEN-}" = write ]; then
		cat > "$here/$1"
	else
		diff -u "$here/$1" -
	fi
}

@test "text: what went wrong first, then medians, then the truth table with failures first" {
	"$PAGESTORM" report "$sweep" | golden report.txt
}

@test "a narrow screen gets one cell under the other and no line is too long" {
	COLUMNS=80 "$PAGESTORM" report "$sweep" | golden report-80.txt
	while IFS= read -r line; do
		[ "${#line}" -le 80 ]
	done < "$here/report-80.txt"
}

@test "json carries each cell, each claim and run.json itself" {
	"$PAGESTORM" report "$sweep" --json > "$BATS_TEST_TMPDIR/report.json"
	python3 - "$BATS_TEST_TMPDIR/report.json" <<-'PYTHON'
	import json, sys
	report, = json.load(open(sys.argv[1]))["reports"]
	assert len(report["cells"]) == 10
	assert report["claims"] == {"fail": 1, "noise": 5, "absent": 25, "pass": 69}
	assert report["outcomes"] == {"ok": 49, "unexpected_oom": 1}
	assert report["clean"] is False
	assert report["truth"][0]["verdict"] == "fail"
	assert report["truth"][0]["observed_min"] == 49151
	assert report["run_json"]["plan"]["seed"] == 20261120
	cell = report["cells"][0]
	assert (cell["label"], cell["worker"]) == ("vm.swappiness=0", "hog")
	assert [m["n"] for m in cell["metrics"] if m["metric"] == "seconds"] == [5]
	PYTHON
}

@test "several folders are reported one after the other" {
	run "$PAGESTORM" report "$sweep" "$sweep"
	[ "$status" -eq 0 ]
	[ "$(grep -c '^swappiness  20261120' <<< "$output")" -eq 2 ]
}

@test "a partial folder is readable, with a note on stderr" {
	cp -r "$sweep" "$BATS_TEST_TMPDIR/cut.partial"
	rm "$BATS_TEST_TMPDIR/cut.partial/truth.csv" "$BATS_TEST_TMPDIR/cut.partial/samples.csv"
	run bash -c '"$0" report "$1" 2>&1 >/dev/null' "$PAGESTORM" "$BATS_TEST_TMPDIR/cut.partial"
	[ "$status" -eq 0 ]
	[[ "$output" == *"is partial"* ]]
}

@test "a folder without run.json is still reported" {
	cp -r "$sweep" "$BATS_TEST_TMPDIR/bare"
	rm "$BATS_TEST_TMPDIR/bare/run.json"
	run "$PAGESTORM" report "$BATS_TEST_TMPDIR/bare"
	[ "$status" -eq 0 ]
	[[ "$output" == *"vm.swappiness"* ]]
}

@test "what is no result folder is a sentence on stderr and exit 2" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	mkdir "$BATS_TEST_TMPDIR/torn"
	printf 'cell,cell_label,worker,repeat\n1,2\n' > "$BATS_TEST_TMPDIR/torn/runs.csv"
	mkdir "$BATS_TEST_TMPDIR/foreign"
	printf 'a,b\n1,2\n' > "$BATS_TEST_TMPDIR/foreign/runs.csv"
	cp -r "$sweep" "$BATS_TEST_TMPDIR/badjson"
	echo '{' > "$BATS_TEST_TMPDIR/badjson/run.json"
	for words in "" /nonexistent "$BATS_TEST_TMPDIR/empty" "$BATS_TEST_TMPDIR/torn" \
		"$BATS_TEST_TMPDIR/foreign" "$BATS_TEST_TMPDIR/badjson" "$sweep/runs.csv" \
		"$sweep --nosuch"; do
		# shellcheck disable=SC2086 # words
		run bash -c '"$@" 2>/dev/null' - "$PAGESTORM" report $words
		echo "$words: $status $output"
		[ "$status" -eq 2 ]
		[ -z "$output" ]
	done
}

@test "no escape sequence of a file reaches the terminal" {
	HOSTILE=1 "$here/make-results" "$BATS_TEST_TMPDIR/evil"
	run "$PAGESTORM" report "$BATS_TEST_TMPDIR/evil"
	[ "$status" -eq 0 ]
	[[ "$output" == *"<script>"* ]]
	[[ "$output" != *$'\033'* ]]
}

@test "report --help fits 40 lines of 80 columns" {
	run "$PAGESTORM" report --help
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -le 40 ]
	for line in "${lines[@]}"; do
		[ "${#line}" -le 80 ]
	done
}
