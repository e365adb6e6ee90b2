#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Without cachestat(2) the pages of cache are held by instruments that are independent of one
# another as well. In a guest with Linux 6.1.

bats_require_minimum_version 1.5.0

load vm

without_cachestat()
{
	"$PAGESTORM" lab --kernel 6.1 --memory 512M --timeout 300 --exec "
		$(in_guest_paused)
		pagestorm doctor | grep ' cachestat '
		for run in 'size=8M warm=50% layout=spread block=64K pattern=random' 'size=8508K share=57%' \
			'warm=50% share=30% readahead=no passes=2' 'method=mmap warm=30%'; do
			pagestorm run -q cache noise=no \$run > said || { cat said; exit 1; }
		done
		begin_paused cache size=8M warm=100% noise=no -o results/dropped > said
		echo 1 > /proc/sys/vm/drop_caches
		go_on
		echo dropped \$?
		pagestorm run -q cache size=8M warm=100% noise=no inject_shortfall=16 -o results/short > said
		echo short \$?"
}

setup_file()
{
	echo without_cachestat | boots_begin without_cachestat
}

teardown_file() { boots_end; }

# of RUN QUANTITY: the verdicts of its claims
of()
{
	awk -F, -v quantity="$2" '$7 == quantity { print $17 }' results/"$1"/*/truth.csv
}

@test "6.1: every claim on a file's pages holds, in part and as a whole" {
	need_lab 6.1
	booted without_cachestat
	[ "$status" -eq 0 ]
	grep -q '? no' out # cachestat
	run ! grep ',fail,' results/*-cache/truth.csv
	[ "$(cat results/*-cache/truth.csv | grep -c 'pages_lost,.*,pass,')" -eq 4 ]
}

@test "6.1: pages dropped before the pass are lost by mincore and misses by the account of I/O" {
	need_lab 6.1
	booted without_cachestat
	# By drop_caches, which is evidence where it explains the text that comes back too; a run
	# that pauses is not repeated.
	grep -qx 'dropped [14]' out
	[[ "$(of dropped pages_lost)" =~ ^(fail|disturbed)$ ]]
	[ "$(of dropped misses)" = pass ]
	[ "$(of dropped missed_bytes)" = pass ]
}

@test "6.1: pages that are not read are missing in hits" {
	need_lab 6.1
	booted without_cachestat
	grep -qx 'short 1' out
	[ "$(of short hits)" = fail ]
}
