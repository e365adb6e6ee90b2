#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# report on a generated sweep in which one claim fails and one worker is killed.
# To renew the golden files on purpose: GOLDEN=write bats tests/golden/report.bats

bats_require_minimum_version 1.5.0

setup_file()
{
	export here="$BATS_TEST_DIRNAME/report"
	export sweep="$BATS_FILE_TMPDIR/20261120T090000Z-swappiness"
	"$here/make-results" "$sweep"
	# Figures take most of the time of this file: only one sweep and single cells are drawn.
	export drawn="$BATS_FILE_TMPDIR/drawn" cell="$BATS_FILE_TMPDIR/cell"
	cp -r "$sweep" "$drawn"
	"${PAGESTORM:-$BATS_TEST_DIRNAME/../../pagestorm}" report "$drawn" --html \
		> "$BATS_FILE_TMPDIR/drawn.out" 2> "$BATS_FILE_TMPDIR/drawn.err"
	ONLY=4 "$here/make-results" "$cell"
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

@test "text: failures come first, then medians, then the truth table with failed claims first" {
	"$PAGESTORM" report "$sweep" | golden report.txt
}

@test "a narrow terminal gets cells below each other and no line is too long" {
	COLUMNS=80 "$PAGESTORM" report "$sweep" | golden report-80.txt
	while IFS= read -r line; do
		[ "${#line}" -le 80 ]
	done < "$here/report-80.txt"
}

@test "json holds each cell, each claim and run.json itself" {
	"$PAGESTORM" report "$sweep" --json > "$BATS_TEST_TMPDIR/report.json"
	python3 - "$BATS_TEST_TMPDIR/report.json" <<-'PYTHON'
	import json, sys
	report, = json.load(open(sys.argv[1]))["reports"]
	assert len(report["cells"]) == 10
	assert report["claims"] == {"fail": 1, "noise": 5, "absent": 25, "pass": 69, "disturbed": 0}
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

@test "several directories are reported one after the other" {
	run "$PAGESTORM" report "$sweep" "$sweep"
	[ "$status" -eq 0 ]
	[ "$(grep -c '^swappiness  20261120' <<< "$output")" -eq 2 ]
}

@test "a partial directory is reported, with a note on stderr" {
	cp -r "$sweep" "$BATS_TEST_TMPDIR/cut.partial"
	rm "$BATS_TEST_TMPDIR/cut.partial/truth.csv" "$BATS_TEST_TMPDIR/cut.partial/samples.csv"
	run bash -c '"$0" report "$1" 2>&1 >/dev/null' "$PAGESTORM" "$BATS_TEST_TMPDIR/cut.partial"
	[ "$status" -eq 0 ]
	[[ "$output" == *"is partial"* ]]
}

@test "a directory without run.json is still reported" {
	cp -r "$sweep" "$BATS_TEST_TMPDIR/bare"
	rm "$BATS_TEST_TMPDIR/bare/run.json"
	run "$PAGESTORM" report "$BATS_TEST_TMPDIR/bare"
	[ "$status" -eq 0 ]
	[[ "$output" == *"vm.swappiness"* ]]
}

@test "a path that is not a results directory is one sentence on stderr and exit status 2" {
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

@test "a cell label is shown whole or refused, never cut" {
	long=$(printf 'a%.0s' {1..200})
	cp -r "$sweep" "$BATS_TEST_TMPDIR/long"
	rm "$BATS_TEST_TMPDIR/long"/{truth,samples}.csv
	sed -i "s/vm.swappiness=\([0-9]*\)/size=$long\1;of=b/" "$BATS_TEST_TMPDIR/long/runs.csv"
	run "$PAGESTORM" report "$BATS_TEST_TMPDIR/long"
	[ "$status" -eq 0 ]
	[[ "$output" == *"size=${long}200;of=b"* ]]
	run --separate-stderr "$PAGESTORM" compare --format=csv "$BATS_TEST_TMPDIR/long:size=${long}60" \
		"$BATS_TEST_TMPDIR/long:size=${long}200"
	[ "$status" -eq 0 ]
	[[ "$output" == *$'\n1,'*"of=b,victim,seconds,"* ]]
	sed -i "s/;of=b/;of=$long/" "$BATS_TEST_TMPDIR/long/runs.csv"
	run "$PAGESTORM" report "$BATS_TEST_TMPDIR/long"
	[ "$status" -eq 2 ]
	[[ "$output" == *"runs.csv: a cell_label exceeds 255 bytes"* ]]
}

@test "no escape sequence in a file reaches the terminal" {
	HOSTILE=1 "$here/make-results" "$BATS_TEST_TMPDIR/evil"
	run "$PAGESTORM" report "$BATS_TEST_TMPDIR/evil"
	[ "$status" -eq 0 ]
	[[ "$output" == *"<script>"* ]]
	[[ "$output" != *$'\033'* ]]
}

page()
{
	python3 "$here/check_page.py" "$1"
}

@test "html: one well-formed page without references to other files" {
	[ "$(< "$BATS_FILE_TMPDIR/drawn.out")" = "$drawn/report.html" ]
	run page "$drawn/report.html"
	echo "$output"
	[ "$status" -eq 0 ]
	run ! grep -nE '(src|href|action|data)="?(https?:)?//|@import|url\(|<script|<iframe|<img|<link' \
		"$drawn/report.html"
	grep -q "default-src 'none'" "$drawn/report.html"
}

@test "html: the page shows every cell, claim and outcome, and the machine" {
	run page "$drawn/report.html"
	for text in "1 of 100 claims failed; 1 of 50 runs did not end as expected." \
		"vm.swappiness 0 10 60 100 200" "49 151" "zswap stores" "Noise floor" \
		"Linux 6.12.0-example" "unexpected_oom hog 200 2 killed at 201326592 bytes" \
		"victim at 200 repeat 1" "refaults anon"; do
		echo "wanted: $text"
		[[ "${output//$'\u202f'/ }" == *"$text"* ]]
	done
	command -v gnuplot > /dev/null || skip "gnuplot is not installed"
	[ "$(head -n 1 <<< "$output")" = "figures $((2 * 11 - 1 + 5 * 4))" ]
}

@test "html: markup in a file's text is shown, never interpreted" {
	HOSTILE=1 "$here/make-results" "$BATS_TEST_TMPDIR/evil"
	"$PAGESTORM" report "$BATS_TEST_TMPDIR/evil" --html -o "$BATS_TEST_TMPDIR/evil.html"
	run page "$BATS_TEST_TMPDIR/evil.html"
	[ "$status" -eq 0 ]
	[[ "$output" == *"<script>alert(1)</script>&amp;<img src="* ]]
}

@test "html: a percent sign of a swept value stands in the drawing as it is" {
	command -v gnuplot > /dev/null || skip "gnuplot is not installed"
	cp -r "$sweep" "$BATS_TEST_TMPDIR/percent"
	rm "$BATS_TEST_TMPDIR/percent/samples.csv" "$BATS_TEST_TMPDIR/percent/run.json"
	sed -i '/,hog,/d; s/vm\.swappiness=10\b/size=10%n/g; s/vm\.swappiness=\([0-9]*\)/size=\1%limit/g' \
		"$BATS_TEST_TMPDIR/percent/runs.csv"
	"$PAGESTORM" report "$BATS_TEST_TMPDIR/percent" --html -o "$BATS_TEST_TMPDIR/page.html"
	run page "$BATS_TEST_TMPDIR/page.html"
	[ "$status" -eq 0 ]
	[ "$(head -n 1 <<< "$output")" = "figures 11" ]
	for value in 0%limit 10%n 60%limit 100%limit 200%limit; do
		[ "$(grep -cF "<text>$value</text>" "$BATS_TEST_TMPDIR/page.html")" -eq 11 ]
	done
}

@test "html: without gnuplot the page lacks only the figures, and says so" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	run --separate-stderr env PATH="$BATS_TEST_TMPDIR/bin" \
		"$(realpath "$PAGESTORM")" report "$sweep" --html -o "$BATS_TEST_TMPDIR/page.html"
	[ "$status" -eq 0 ]
	[[ "$stderr" == *"gnuplot is not installed"* ]]
	run page "$BATS_TEST_TMPDIR/page.html"
	[ "$status" -eq 0 ]
	[ "$(head -n 1 <<< "$output")" = "figures 0" ]
	[[ "$output" == *"gnuplot is not installed"*"refaults anon"*"zswap stores"* ]]
}

# A gnuplot that hangs ends the same way; its time limit is tested in test_plot, without a wait.
@test "html: a failing gnuplot costs the figures, not the page" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexit 3\n' > "$BATS_TEST_TMPDIR/bin/gnuplot"
	chmod +x "$BATS_TEST_TMPDIR/bin/gnuplot"
	run --separate-stderr env PATH="$BATS_TEST_TMPDIR/bin:$PATH" \
		"$PAGESTORM" report "$sweep" --html -o "$BATS_TEST_TMPDIR/page.html"
	[ "$status" -eq 0 ]
	[[ "$stderr" == *gnuplot* ]]
	run page "$BATS_TEST_TMPDIR/page.html"
	[ "$status" -eq 0 ]
	[ "$(head -n 1 <<< "$output")" = "figures 0" ]
}

@test "html: several directories on one page" {
	"$PAGESTORM" report "$cell" "$cell" --html -o "$BATS_TEST_TMPDIR/page.html"
	run page "$BATS_TEST_TMPDIR/page.html"
	echo "$output" | tail -n 1 | head -c 300
	[ "$status" -eq 0 ]
	run "$PAGESTORM" report "$cell" "$cell" --html
	[ "$status" -eq 2 ]
}

@test "a scorecard alone is a report too, with wrong rows first" {
	mkdir "$BATS_TEST_TMPDIR/card"
	cat > "$BATS_TEST_TMPDIR/card/scorecard.csv" <<-'CARD'
	tool,version,quantity,truth,evidence,said,error,error_percent,verdict,why
	good,1.0,resident_bytes,4096,smaps,4096,0,0,right,
	liar,1.0,resident_bytes,4096,smaps,4301,205,5.005,wrong,<b>adds</b> 5 %
	CARD
	run "$PAGESTORM" report "$BATS_TEST_TMPDIR/card"
	[ "$status" -eq 0 ]
	[[ "$output" == *"1 wrong, 1 right"*"liar"*"good"* ]]
	"$PAGESTORM" report "$BATS_TEST_TMPDIR/card" --html
	run page "$BATS_TEST_TMPDIR/card/report.html"
	[ "$status" -eq 0 ]
	[[ "$output" == *"1 of 2 quantities are wrong."*"liar"*"<b>adds</b> 5 %"*"good"* ]]
}

@test "a scorecard is grouped by tool: the one with a wrong number first, then the biased one" {
	cd "$BATS_TEST_TMPDIR"
	mkdir card
	cat > card/scorecard.csv <<-'CARD'
	tool,version,quantity,truth,evidence,said,error,error_percent,verdict,why
	honest,1.0,first,1,e,1,0,0,right,
	skewed,1.0,first,1,e,1,0,0,right,
	skewed,1.0,second,1,e,2,1,100,biased,known
	liar,1.0,first,1,e,1,0,0,right,
	liar,1.0,second,1,e,1,0,0,skipped,absent
	liar,1.0,third,1,e,3,2,200,wrong,
	CARD
	"$PAGESTORM" report card | awk '/^  tool/ { on = 1; next } on { print $1, $2 }' > order
	diff order - <<-'ORDER'
	liar third
	first 1
	second 1
	skewed second
	first 1
	honest first
	ORDER
}

@test "a number of the whole machine is marked where the kernel does not count it by group" {
	cd "$BATS_TEST_TMPDIR"
	cp -r "$cell" marked
	sed -i '1s/$/,machine_wide/; 2,$s/$/,swap_in_bytes;swap_out_bytes/' marked/runs.csv
	"$PAGESTORM" report marked > text
	grep -q '^  swapped in (machine) ' text
	grep -q '^(machine) of the whole machine' text
	run ! grep -q 'refaults anon (machine)' text
	"$PAGESTORM" report marked --html -o - | grep -q '<th>swapped out (machine)</th>'
	"$PAGESTORM" report "$cell" > text
	run ! grep -q '(machine)' text
}

@test "report --help fits 40 lines of 80 columns" {
	run "$PAGESTORM" report --help
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -le 40 ]
	for line in "${lines[@]}"; do
		[ "${#line}" -le 80 ]
	done
}

# repeated DIRECTORY: a copy of the sweep in which one trial was disturbed at first: its
# attempt has other numbers, and would change the report if it counted
repeated()
{
	mkdir "$1"
	cp "$sweep"/*.json "$1"
	for file in "$sweep"/*.csv; do
		awk -F, -v OFS=, '
			NR == 1 {
				for (i = 1; i <= NF; i++) at[$i] = i
				print $0, "attempt"
				next
			}
			$at["cell"] != 1 || $at["repeat"] != 2 { print $0, 1; next }
			{
				right = $0
				if ("outcome" in at) $at["outcome"] = "disturbed"
				if ("seconds" in at) $at["seconds"] *= 100
				if ("verdict" in at) $at["verdict"] = "disturbed"
				if ("value" in at) $at["value"] *= 100
				first = first $0 OFS 1 "\n"
				last = last right OFS 2 "\n"
			}
			END { printf "%s%s", first, last }' "$file" > "$1/${file##*/}"
	done
}

@test "latency over time is that of each interval, and since GO where files have no other" {
	command -v gnuplot > /dev/null || skip "gnuplot is missing (package gnuplot-nox)"
	cd "$BATS_TEST_TMPDIR"
	"$PAGESTORM" report "$cell" --html -o - > old.html
	grep -q 'latency p99 since GO' old.html
	run ! grep -q 'latency p99 of each interval' old.html
	cp -r "$cell" new
	sed -n 's/,latency_p99,/,latency_interval_p99,/p' "$cell/samples.csv" >> new/samples.csv
	"$PAGESTORM" report new --html -o - > new.html
	grep -q 'latency p99 of each interval' new.html
	run ! grep -q 'latency p99 since GO' new.html
}

@test "of a repeated trial the last attempt counts alone, and that it was repeated is said" {
	repeated "$BATS_TEST_TMPDIR/twice"
	grep -q ',disturbed,.*,1$' "$BATS_TEST_TMPDIR/twice/runs.csv"
	"$PAGESTORM" report "$sweep" --json > "$BATS_TEST_TMPDIR/once.json"
	"$PAGESTORM" report "$BATS_TEST_TMPDIR/twice" --json > "$BATS_TEST_TMPDIR/twice.json"
	python3 - "$BATS_TEST_TMPDIR/once.json" "$BATS_TEST_TMPDIR/twice.json" <<-'PYTHON'
	import json, sys
	once, twice = (json.load(open(path))["reports"][0] for path in sys.argv[1:])
	assert (once.pop("repeated"), twice.pop("repeated")) == (0, 1)
	assert once.pop("run") != twice.pop("run") and once.pop("path") != twice.pop("path")
	assert once == twice
	PYTHON
	"$PAGESTORM" report "$BATS_TEST_TMPDIR/twice" | grep -q '49 ok, 1 unexpected_oom; 1 disturbed, and repeated$'
	"$PAGESTORM" compare "$sweep" "$BATS_TEST_TMPDIR/twice" |
		grep "^0 worse, 0 better, "
}
