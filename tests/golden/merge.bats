#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# merge on the five cells of a generated sweep, one directory each.

bats_require_minimum_version 1.5.0

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	here="$BATS_TEST_DIRNAME/report"
	cells="$BATS_TEST_TMPDIR/cells"
	mkdir "$cells"
	for cell in 0 1 2 3 4; do
		ONLY=$cell "$here/make-results" "$cells/run$cell"
	done
}

merge()
{
	run --separate-stderr "$PAGESTORM" merge -o "$BATS_TEST_TMPDIR/out" "$@"
	echo "status $status: $output $stderr"
}

refused()
{
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[[ "$stderr" == *"$1"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/out" ]
}

@test "five directories of one cell each merge into one of five cells, in the cells' order" {
	merge "$cells"/run4 "$cells"/run1 "$cells"/run0 "$cells"/run2 "$cells"/run3
	[ "$status" -eq 0 ]
	[[ "$output" =~ /out/[0-9]{8}T[0-9]{6}Z-swappiness$ ]]
	for file in runs truth samples events; do
		head -n 1 "$cells/run0/$file.csv" > "$BATS_TEST_TMPDIR/wanted"
		for cell in 0 1 2 3 4; do
			tail -n +2 "$cells/run$cell/$file.csv"
		done >> "$BATS_TEST_TMPDIR/wanted"
		cmp "$BATS_TEST_TMPDIR/wanted" "$output/$file.csv"
	done
	"$PAGESTORM" report "$output" --json > "$BATS_TEST_TMPDIR/report.json"
	python3 - "$BATS_TEST_TMPDIR/report.json" <<-'PYTHON'
	import json, sys
	report, = json.load(open(sys.argv[1]))["reports"]
	assert len(report["cells"]) == 10
	run = report["run_json"]
	assert run["end"]["status"] == "complete", run["end"]
	assert run["end"]["rows"] == 5 * 60
	assert len(run["merged"]) == 5
	assert run["different_machines"] is False
	assert run["run"] == report["run"]
	PYTHON
}

@test "--missing prints the cells to submit again, and merges nothing" {
	merge --missing "$cells"/run1
	[ "$status" -eq 4 ]
	[ "$output" = 0,2-4 ]
	merge --missing "$cells"/*
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	mv "$cells/run3" "$cells/run3.partial"
	merge --missing "$cells"/*
	[ "$status" -eq 4 ]
	[ "$output" = 3 ]
	[ ! -e "$BATS_TEST_TMPDIR/out" ]
}

@test "a partial directory is left out when another has its cell complete" {
	cp -r "$cells/run1" "$cells/killed.partial"
	sed -i 's/"status": "complete"/"status": "interrupted"/' "$cells/killed.partial/run.json"
	merge "$cells"/*
	[ "$status" -eq 0 ]
	[[ "$stderr" == *"1 partial left out"*"5 of 5 cells joined"* ]]
	[ "$(cut -d, -f4 "$output/runs.csv" | grep -c '^1$')" -eq 12 ]
}

@test "a missing cell is named and the exit status is 4" {
	merge "$cells"/run0 "$cells"/run2 "$cells"/run4
	[ "$status" -eq 4 ]
	[[ "$stderr" == *"3 of 5 cells joined"*"missing: cell 1, 3"* ]]
	grep -q '"status": "incomplete"' "$output/run.json"
}

@test "cells of different machines are merged, with a note" {
	rm -r "$cells/run3"
	KERNEL=6.1.0 ONLY=3 "$here/make-results" "$cells/run3"
	merge "$cells"/run*
	[ "$status" -eq 0 ]
	[[ "$stderr" == *"different machines"* ]]
	[[ "$stderr" == *"kernel  6.12.0-example: run0 and 3 more"* ]]
	[[ "$stderr" == *"kernel  6.1.0: run3"* ]]
	[[ "$stderr" != *"CPUs"* ]]
	run "$PAGESTORM" report "$output"
	[[ "$output" == *"merged from 5 directories of DIFFERENT machines"* ]]
	[[ "$output" == *"share no day and machine with the first cell are not compared"* ]]
}

@test "cells of one merged directory are not interleaved, and JSON says so" {
	merge "$cells"/run*
	"$PAGESTORM" compare "$output:vm.swappiness=10" "$output:vm.swappiness=60" --json 2>/dev/null |
		python3 -c 'import json, sys; assert json.load(sys.stdin)["interleaved"] is False'
	ONLY='' "$here/make-results" "$BATS_TEST_TMPDIR/whole"
	cd "$BATS_TEST_TMPDIR"
	"$PAGESTORM" compare whole:vm.swappiness=10 whole:vm.swappiness=60 --json 2>/dev/null |
		python3 -c 'import json, sys; assert json.load(sys.stdin)["interleaved"] is True'
}

@test "cells of one merged directory from different machines are not compared" {
	rm -r "$cells/run3"
	KERNEL=6.1.0 ONLY=3 "$here/make-results" "$cells/run3"
	merge "$cells"/run*
	merged=$output
	run "$PAGESTORM" compare "$merged:vm.swappiness=10" "$merged:vm.swappiness=100"
	[ "$status" -eq 2 ]
	[[ "$output" == *"different machines"* ]]
	run "$PAGESTORM" compare "$merged:vm.swappiness=10" "$merged:vm.swappiness=60"
	[ "$status" -eq 0 ]
}

@test "a report compares no cell of another machine or day with the first" {
	rm -r "$cells"/run*
	for cell in 0 1 2 3 4; do
		KERNEL=6.12.$((cell == 3)) ONLY=$cell "$here/make-results" "$cells/run$cell" 1 9
	done
	sed -i 's/2026-11-20T/2026-11-22T/' "$cells/run1/runs.csv"
	merge "$cells"/run*
	"$PAGESTORM" report "$output" --json > "$BATS_TEST_TMPDIR/report.json"
	python3 - "$BATS_TEST_TMPDIR/report.json" <<-'PYTHON'
	import json, sys
	report, = json.load(open(sys.argv[1]))["reports"]
	for cell in report["cells"]:
	    verdicts = {m["verdict"] for m in cell["metrics"]}
	    if cell["cell"] in (0, 1, 3):
	        assert verdicts == {None}, cell
	    else:
	        assert "better" in verdicts and None not in verdicts, cell
	PYTHON
}

@test "a cell that two directories hold is refused and nothing is written" {
	ONLY=2 "$here/make-results" "$cells/again"
	merge "$cells"/*
	refused "cell 2 is in again and in run2"
}

@test "a different seed is a different plan and is refused" {
	rm -r "$cells/run1"
	SEED=7 ONLY=1 "$here/make-results" "$cells/run1"
	merge "$cells"/*
	refused "their seeds differ"
}

@test "a different number of repeats is a different plan and is refused" {
	rm -r "$cells/run1"
	ONLY=1 "$here/make-results" "$cells/run1" 1 7
	merge "$cells"/*
	refused "the numbers of their repeats differ"
}

@test "an unfinished run is refused" {
	mv "$cells/run1" "$cells/run1.partial"
	merge "$cells"/*
	refused "run1 is partial"
}

@test "different columns are refused" {
	sed -i 's/,why$/,because/' "$cells/run3/truth.csv"
	merge "$cells"/*
	refused "truth.csv: its columns differ"
}

@test "a directory without run.json is refused" {
	rm "$cells/run3/run.json"
	merge "$cells"/*
	refused "has no plan"
}

@test "no directory, and a path that is not a directory, are usage errors" {
	merge
	refused "name the directories"
	merge /nonexistent
	refused /nonexistent
}

@test "merge --help fits 40 lines of 80 columns" {
	run "$PAGESTORM" merge --help
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -le 40 ]
	for line in "${lines[@]}"; do
		[ "${#line}" -le 80 ]
	done
}

@test "more kinds of CSV files than merge can take are refused, none is dropped silently" {
	for i in {1..40}; do
		echo a,b > "$cells/run0/more$i.csv"
	done
	merge "$cells"/run*
	refused "more than 32 kinds of CSV files"
}

@test "a file that is a symbolic link is refused, whatever it names" {
	for file in runs.csv x.csv run.json profile.ini; do
		echo "secret,line" > "$BATS_TEST_TMPDIR/secret"
		cp -r "$cells/run1" "$BATS_TEST_TMPDIR/linked"
		ln -sf "$BATS_TEST_TMPDIR/secret" "$BATS_TEST_TMPDIR/linked/$file"
		merge "$BATS_TEST_TMPDIR/linked" "$cells/run2"
		[ "$status" -eq 2 ]
		[[ "$stderr" == *"/linked/$file is a symbolic link; not following it"* ]]
		[[ "$stderr" != *secret,line* ]]
		run grep -r secret "$BATS_TEST_TMPDIR/out"
		[ "$status" -ne 0 ]
		rm -r "$BATS_TEST_TMPDIR/linked"
	done
}

@test "a FIFO among the files is refused, not waited for" {
	mkfifo "$cells/run1/x.csv"
	run timeout 20 "$PAGESTORM" merge -o "$BATS_TEST_TMPDIR/out" "$cells/run0" "$cells/run1"
	echo "$status $output"
	[ "$status" -eq 2 ]
	[[ "$output" == *"/x.csv is not a regular file; not opening it"* ]]
}

@test "report and compare neither follow a link nor wait for a FIFO" {
	rm "$cells/run1/truth.csv"
	mkfifo "$cells/run1/truth.csv"
	rm "$cells/run2/run.json"
	ln -s /etc/passwd "$cells/run2/run.json"
	for words in report "compare $cells/run0"; do
		read -ra command <<< "$words"
		run timeout 20 "$PAGESTORM" "${command[@]}" "$cells/run1"
		echo "$status $output"
		[ "$status" -eq 2 ]
		[[ "$output" == *"/truth.csv is not a regular file; not opening it"* ]]
	done
	run timeout 20 "$PAGESTORM" report "$cells/run2"
	[ "$status" -eq 2 ]
	[[ "$output" == *"/run.json is a symbolic link; not following it"* ]]
}

@test "a page is not written through a link beside it" {
	echo precious > "$BATS_TEST_TMPDIR/mine"
	ln -s "$BATS_TEST_TMPDIR/mine" "$cells/run1/report.html.new"
	ln -s "$BATS_TEST_TMPDIR/mine" "$cells/run1/report.html"
	run "$PAGESTORM" report --html "$cells/run1"
	echo "$status $output"
	[ "$status" -eq 0 ]
	[ "$(< "$BATS_TEST_TMPDIR/mine")" = precious ]
	[ ! -L "$cells/run1/report.html" ]
}
