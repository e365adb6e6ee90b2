#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# How ./quickstart test counts retries and flaky files, in a tree with a stand-in for make.

bats_require_minimum_version 1.5.0

setup()
{
	: "${PAGESTORM_SRCDIR:=$BATS_TEST_DIRNAME/../..}"
	quickstart=$PAGESTORM_SRCDIR/quickstart
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p bin tests/live
	fake_make
	PATH=$PWD/bin:$PATH
}

# Like automake's driver: each requested test file, or each of all, writes a .log and a .trs.
fake_make()
{
	cat > bin/make <<-'MAKE'
		#!/bin/bash
		tests=$(echo tests/live/*.bats)
		for word; do
			case $word in
			TESTS=*) tests=${word#TESTS=} ;;
			break) exit 2 ;;
			unable) exit 77 ;;
			sleep) exec sleep 60 ;;
			nothing) exit 0 ;;
			esac
		done
		status=0
		for test in $tests; do
			base=${test%.bats}
			bash $test > $base.log
			sed -n 's/^ok .*# SKIP.*/:test-result: SKIP/p; t
				s/^ok.*/:test-result: PASS/p; s/^not ok.*/:test-result: FAIL/p' \
				$base.log > $base.trs
			verdict=PASS
			! grep -q FAIL $base.trs || { verdict=FAIL; status=2; }
			echo ":global-test-result: $verdict" >> $base.trs
		done
		exit $status
	MAKE
	chmod +x bin/make
}

# test_file NAME LINE…: a test file that prints these lines; LINE can be a command after `$`
test_file()
{
	printf '%s\n' "${@:2}" > "tests/live/$1.bats"
}

passes='echo ok 1 - passes'
fails='echo not ok 1 - fails'
passes_then='[ -e again-$0 ] && echo ok 2 || echo not ok 2; mkdir -p again-tests/live; > again-$0'

# suites COMMAND…: runs it with quickstart's functions, and prints the sum
suites()
{
	run bash -c 'source "$1"; '"$*"'; sum_up' suites "$quickstart"
	echo "$output"
}

last_lines()
{
	[ "$(tail -n "$#" <<< "$output")" = "$(printf '%s\n' "$@")" ]
}

@test "passed tests are counted, and the count is the last line" {
	test_file a "$passes" 'echo ok 2 - here'
	test_file b 'echo "ok 1 # SKIP no swap"'
	suites 'suite live 30 make'
	last_lines 'retried 0, flaky 0' '2 passed, 0 failed, 1 skipped'
	[ "$status" -eq 0 ]
}

@test "a file that fails and then passes alone is flaky: its first log is kept and its tests are counted once" {
	test_file a "$passes" "$passes_then"
	test_file b "$passes"
	suites 'suite live 30 make'
	[[ "$output" == *'flaky: tests/live/a.bats (its first log: quickstart-flaky/live-a.log)'* ]]
	grep -qx 'not ok 2' quickstart-flaky/live-a.log
	last_lines 'retried 0, flaky 1 (live tests/live/a.bats)' '3 passed, 0 failed, 0 skipped'
	[ "$status" -eq 0 ]
}

@test "a file that fails twice fails, and is counted once" {
	test_file a "$passes"
	test_file b "$fails" 'echo ok 2 - passes'
	suites 'suite live 30 make'
	last_lines 'retried 0, flaky 0' '2 passed, 1 failed, 0 skipped'
	[ "$status" -eq 1 ]
}

@test "a third flaky file is a failure" {
	test_file a "$passes_then"
	test_file b "$passes_then"
	suites 'suite live 30 make'
	[ "$status" -eq 0 ]
	rm -r again-tests
	test_file c "$passes_then"
	suites 'suite live 30 make'
	last_lines '3 passed, 1 failed, 0 skipped'
	[[ "$output" == *'flaky 3 (live tests/live/a.bats, live tests/live/b.bats, '* ]]
	[ "$status" -eq 1 ]
}

@test "flaky files are counted over all suites" {
	test_file a "$passes_then"
	test_file b "$passes_then"
	suites 'suite live 30 make; rm -r again-tests; suite neighbour 30 make'
	last_lines '4 passed, 1 failed, 0 skipped'
	[ "$status" -eq 1 ]
}

@test "many files that fail are not run again" {
	for name in a b c d e; do
		test_file "$name" "$passes_then"
	done
	suites 'suite live 30 make'
	last_lines 'retried 0, flaky 0' '0 passed, 5 failed, 0 skipped'
}

@test "retries are printed and summed up by cause, those of a flaky file too" {
	test_file a "$passes" 'echo "# retried: a page moved"' 'echo "# retried: a page moved"'
	test_file b 'echo "# retried: another process synced"' "$passes_then"
	suites 'suite live 30 make'
	[ "$(grep -cx 'quickstart: retried: a page moved' <<< "$output")" -eq 2 ]
	last_lines 'retried 4 (a page moved: 2, another process synced: 2), flaky 1 (live tests/live/b.bats)' \
		'2 passed, 0 failed, 0 skipped'
}

@test "a suite that aborts, hangs or runs no test is a failure" {
	test_file a "$passes"
	suites 'suite one 30 make break'
	last_lines '0 passed, 1 failed, 0 skipped'
	suites 'suite one 1 make sleep'
	last_lines '0 passed, 1 failed, 0 skipped'
	suites 'suite one 30 make nothing'
	last_lines '0 passed, 1 failed, 0 skipped'
	suites 'suite one 30 make; suite two 30 make nothing'
	last_lines '1 passed, 1 failed, 0 skipped'
}

@test "a suite that cannot run here is skipped" {
	suites 'suite one 30 make unable'
	last_lines '0 passed, 0 failed, 1 skipped'
	[ "$status" -eq 1 ] # nothing passed
}

@test "test accepts quick and noisy only" {
	for words in 'test quickly' 'test quick noisy' 'demo quick'; do
		# shellcheck disable=SC2086 # words
		run -2 "$quickstart" $words
	done
}
