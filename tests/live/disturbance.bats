#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# When a test repeats a run: only if the run's own counters prove that another process
# changed what failed, at most twice, and never so that a run that does less than it promises
# passes.

bats_require_minimum_version 1.5.0

load ../lib/observe
load ../lib/disturbance

setup()
{
	observe_setup
	: > attempts
}

teardown() { observe_teardown; }

# written BYTES: the run's file has at least that size
written()
{
	[ "$(stat -c %s out/*.partial/scratch/dirty-dirty)" -ge "$1" ]
}

# synced_up_to ATTEMPT key=value…: a run of dirty that is slow, and in which up to that attempt
# another process writes back the pages that it has dirtied so far
synced_up_to()
{
	local last=$1 slow=
	shift
	echo attempt >> attempts
	[ "$(wc -l < attempts)" -gt "$last" ] || slow=rate=8M/s
	begin dirty size=8M block=1M profile.noise=no $slow "$@"
	if [ -n "$slow" ]; then
		go_on
		within 60 written $((2 << 20))
		sync out/*.partial/scratch/dirty-dirty
	fi
	held
	finish
}

# judged COMMAND…: sets $status; its output on descriptor 3 is in ./comments. Not `run`, in
# which a failed assertion does not end a function.
judged()
{
	local flags=$-
	set +eET
	"$@" 3> comments
	status=$?
	set "-$flags"
	cat comments
}

@test "writeback by another process is evidence: the run is repeated, and the retry is printed" {
	judged undisturbed synced_up_to 1
	[ "$status" -eq 0 ]
	# A sync that the test did not plant can disturb the second attempt.
	[ "$(wc -l < attempts)" -ge 2 ]
	[ "$(grep -c '^# retried: .*written back, and none by the run' comments)" -eq \
		$(($(wc -l < attempts) - 1)) ]
}

@test "a run that is disturbed each time fails at the third attempt" {
	judged undisturbed synced_up_to 3
	[ "$status" -ne 0 ]
	[ "$(wc -l < attempts)" = 3 ]
	[ "$(grep -c '^# retried: ' comments)" = 2 ]
}

@test "a shortfall beside that evidence fails at once" {
	judged undisturbed synced_up_to 3 inject_shortfall=16
	[ "$status" -ne 0 ]
	[ "$(wc -l < attempts)" = 1 ]
	[ ! -s comments ]
}

@test "a shortfall that no other process can cause fails at once, whatever else happened" {
	short()
	{
		echo attempt >> attempts
		run_workload leak blocks=64 inject_shortfall=1
	}
	judged undisturbed short
	[ "$status" -ne 0 ]
	[ "$(wc -l < attempts)" = 1 ]
	[ ! -s comments ]
}

@test "an assertion in the middle of a repeated function counts" {
	holds_not()
	{
		echo attempt >> attempts
		false
		true
	}
	judged undisturbed holds_not
	[ "$status" -ne 0 ]
	[ "$(wc -l < attempts)" = 1 ]
}

# fails QUANTITY: makes this claim of the run in ./out a failed one
fails()
{
	sed -i "/,$1,/s/,pass,/,fail,/" out/*/truth.csv
	grep -q ",$1,.*,fail," out/*/truth.csv
}

# moves COUNTER BY: adds to the machine's counter in the results in ./out
moves()
{
	awk -F, -v OFS=, -v name="$1" -v by="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
		$at["scope"] == "system" && $at["source"] == "vmstat" && $at["counter"] == name {
			$at["delta"] = by
		}
		{ print }' out/*/counters.csv > changed
	mv changed out/*/counters.csv
}

@test "each kind of claim has its own evidence, and other counters are none" {
	run_workload cache size=1M profile.noise=no
	compacted_before=$(compacted)
	cp -r out saved
	while read -r quantity counter; do
		rm -r out
		cp -r saved out
		for other in pgsteal_kswapd pgsteal_direct pgsteal_khugepaged pgsteal_proactive \
			drop_pagecache nr_written pgmigrate_success compact_isolated; do
			moves $other 0
		done
		run ! disturbance # nothing failed
		fails "$quantity"
		run ! disturbance
		moves pswpin 100000
		moves nr_dirtied 100000
		run ! disturbance
		moves "$counter" 100000
		run -0 disturbance
		[[ "$output" == "$quantity is off by "*" pages, and "*" of the machine were "*" meanwhile" ]]
	done <<-'END'
	pages_lost pgsteal_kswapd
	missed_bytes pgsteal_direct
	group_file_bytes drop_pagecache
	dirty_bytes nr_written
	group_anonymous_bytes pgsteal_kswapd
	END
}
