#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# When a run repeats a trial, and a test a run: only if the kernel's counters show that another
# process changed what failed, at most twice, and never so that a run that does less than it
# promises passes.

bats_require_minimum_version 1.5.0

load ../lib/observe
load ../lib/disturbance
load ../lib/capability

setup()
{
	observe_setup
	: > attempts
}

teardown()
{
	[ -z "${syncer:-}" ] || kill "$syncer" 2> /dev/null || true
	observe_teardown
}

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
	[ "$(grep -c '^# retried: .*explained by writeback' comments)" -eq \
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

@test "a claim that failed excuses nothing, whatever else was disturbed" {
	run_workload cache size=1M profile.noise=no
	run ! claims_disturbed
	header=$(head -1 out/*/events.csv)
	sed -i "\$a $(printf '%s' "$header" | sed 's/[a-z_][a-z_]*/disturbed/g')" out/*/events.csv
	run -0 claims_disturbed
	sed -i '0,/,pass,/s//,fail,/' out/*/truth.csv
	run ! claims_disturbed
}

# ---- trials that a run repeats ----

# syncing ATTEMPTS: writes back the file of so many attempts, until it is killed. Each has a
# file of its own.
syncing()
{
	local file id seen=
	while sleep 0.05; do
		file=$(echo out/*.partial/scratch/dirty-dirty)
		id=$(stat -c %i:%W "$file" 2> /dev/null) || continue
		[[ " $seen " == *" $id "* ]] || seen="$seen $id"
		[ "$(wc -w <<< "$seen")" -gt "$1" ] || sync "$file" 2> /dev/null || true
	done
}

# synced ATTEMPTS STATUS key=value…: a run of dirty beside that, with its exit status
synced()
{
	local attempts=$1 expected=$2
	shift 2
	syncing "$attempts" > /dev/null 3>&- &
	syncer=$!
	keep_attempts=yes ends "$expected" dirty size=8M block=1M rate=8M/s profile.noise=no "$@"
	kill "$syncer"
}

# attempts: of the worker, as runs.csv has them
attempts()
{
	column runs.csv dirty attempt | tr '\n' ' '
}

@test "a trial that is disturbed once is repeated, and passes" {
	synced 1 0
	[[ "$(attempts)" =~ ^1\ 2\ (3\ )?$ ]] # a sync of others may come as well
	[ "$(column runs.csv dirty outcome | head -1)" = disturbed ]
	[ "$(column runs.csv dirty outcome | tail -1)" = ok ]
	grep -q ',repeated,attempt 1 of 3 was disturbed,1$' out/*/events.csv
	grep -q ',evidence,writeback: .*,1$' out/*/events.csv
	"$PAGESTORM" report out/* | grep -q '1 ok; . disturbed, and repeated'
}

@test "what is disturbed each time is neither passed nor failed" {
	synced 100 4
	[ "$(attempts)" = "1 2 3 " ]
	[ "$(column runs.csv dirty outcome | sort -u)" = disturbed ]
	[ "$(nr_failed)" = 0 ]
	[ "$(verdict group_dirty_bytes | grep -c disturbed)" = 1 ]
}

@test "retries in the profile says how often" {
	synced 100 4 profile.retries=0
	[ "$(attempts)" = "1 " ]
	synced 100 4 profile.retries=1
	[ "$(attempts)" = "1 2 " ]
}

@test "a shortfall beside it is a failure at the first attempt" {
	for pages in 1 16 1024; do
		synced 100 1 inject_shortfall=$pages
		[ "$(attempts)" = "1 " ]
		[ "$(verdict pages_written)" = fail ]
	done
}

# ---- cache that is reclaimed from outside ----

# worker_group: of the run's worker of dirty
worker_group()
{
	find /sys/fs/cgroup -type d -path '*/pagestorm-*/run/dirty' -print -quit 2> /dev/null
}

# reclaiming: takes what it can of each worker's group, again and again, until it is killed, and
# not before READY: what it takes then may come back in the span
reclaiming()
{
	local group
	while sleep 0.3; do
		group=$(worker_group)
		[ -n "$group" ] || continue
		written $((1 << 20)) || continue
		if [ -e "$group/memory.force_empty" ]; then
			echo 0 > "$group/memory.force_empty"
		else
			echo 4M > "$group/memory.reclaim"
		fi
	done 2> /dev/null # EAGAIN: less was found than asked for
}

# reclaimed STATUS key=value…: a run of dirty whose clean pages are reclaimed, with its exit status
reclaimed()
{
	local expected=$1
	shift
	reclaiming > /dev/null 3>&- &
	syncer=$!
	keep_attempts=yes ends "$expected" dirty size=8M block=256K rate=8M/s fsync_every=1M \
		finish=fsync profile.noise=no profile.retries=1 "$@"
	kill "$syncer"
}

need_group_reclaim()
{
	local one
	for one in cachestat group_reclaim; do
		[ "$(capability $one)" = yes ] || skip "no $one"
	done
}

@test "pages of a file that others reclaim, and that stay away, are evidence to the page" {
	need_group_reclaim
	reclaimed 4
	[ "$(attempts)" = "1 2 " ]
	[ "$(nr_failed)" = 0 ]
	[ "$(verdict group_file_bytes)" = disturbed ]
	grep -qE ',disturbed,group_file_bytes: [0-9]+ bytes too few; explained by evicted \([0-9]+ of [0-9]+ pages\)' \
		out/*/events.csv
}

@test "a shortfall beside that is a failure as well" {
	need_group_reclaim
	for pages in 1 16 256; do
		reclaimed 1 inject_shortfall=$pages
		[ "$(attempts)" = "1 " ]
		[ "$(verdict pages_written)" = fail ]
	done
}
