# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Runs that other processes disturb. A run that does not pause repeats a disturbed trial
# itself; one that pauses cannot, and says `disturbed` for the claims that evidence explains:
# then the test repeats the run. The test's own observations are compared with /proc/vmstat
# in the same way. A test repeats a run at most twice, each time with the cause on the TAP
# stream; a run that does less than it promises fails at once.
# Source it with `load ../lib/disturbance`, after observe.

# machine_moved COUNTER…: by how much these counters of /proc/vmstat rose since the attempt
# began, summed
machine_moved()
{
	awk -v names="$*" '
		BEGIN { n = split(names, name, " "); for (i = 1; i <= n; i++) asked[name[i]] = 1 }
		$1 in asked { sum += FNR == NR ? -$2 : $2 }
		END { print sum + 0 }' vmstat.before vmstat.after
}

# explained QUANTITY PAGES: the activity that explains an error of so many pages in the test's
# own observation; fails if there is none
explained()
{
	local moved what
	case $1 in
	misses | refaults | major_faults)
		moved=$(machine_moved pgsteal_kswapd pgsteal_direct pgsteal_khugepaged \
			pgsteal_proactive drop_pagecache)
		what="reclaimed or dropped"
		# A call of drop_caches counts once and drops every clean page.
		[ "$(machine_moved drop_pagecache)" -eq 0 ] || moved=$((moved + $2))
		;;
	pages_dirty) # the test ensures that the run has not synced yet
		moved=$(machine_moved nr_written)
		what="written back, and none by the run,"
		;;
	*)
		return 1
		;;
	esac
	[ "$moved" -ge "$2" ] || return 1
	echo "$1 is off by $2 pages, and $moved of the machine were $what meanwhile"
}

# collapse_disturbed: a worker could not collapse a huge page while compaction isolated
# pages of the machine; such a trial has no counters
collapse_disturbed()
{
	grep -qsE ',(failed|broken),.*(collapse|MADV_COLLAPSE)' out/*/runs.csv || return 1
	[ "$(compacted)" -gt "$compacted_before" ] || return 1
	echo "collapse: compaction moved pages of the machine meanwhile"
}

compacted()
{
	awk '/^(compact_isolated|pgmigrate_success) / { sum += $2 } END { print sum + 0 }' /proc/vmstat
}

# looks QUANTITY EXPECTED OBSERVED: the test's own observation equals the expected value; both
# are in pages or events
looks()
{
	[ "$2" -ne "$3" ] || return 0
	local off=$(($3 - $2))
	echo "$1: $3, not $2"
	echo "$1 ${off#-}" >> looked
	return 1
}

# look_disturbed: what explains the test's own observations in the attempt
look_disturbed()
{
	local quantity pages cause=
	while read -r quantity pages; do
		cause=$(explained "$quantity" "$pages") || return 1
	done < looked
	echo "$cause"
}

# claims_disturbed: no claim of the run in ./out failed; prints what disturbed one
claims_disturbed()
{
	[ -e "$(echo out/*/truth.csv)" ] && [ "$(nr_failed)" = 0 ] || return 1
	awk -F, '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["event"] == "disturbed" { print $at["detail"]; found = 1; exit }
		END { exit !found }' out/*/events.csv
}

# disturbance: prints what disturbed the attempt; fails if something failed without
# evidence
disturbance()
{
	collapse_disturbed && return
	if [ -s looked ]; then
		look_disturbed
	else
		claims_disturbed
	fi
}

# undisturbed COMMAND…: a command or function that makes one run and checks it, repeated if
# disturbed. Assertions of a function count as in a test; its variables stay local.
undisturbed()
{
	local flags=$- status cause try
	for try in 1 2 3; do
		rm -f looked
		compacted_before=$(compacted)
		cp /proc/vmstat vmstat.before
		set +eET
		(
			trap end_paused EXIT
			set -eET
			"$@"
		)
		status=$?
		set "-$flags"
		[ "$status" -ne 0 ] || return 0
		[ "$try" -lt 3 ] || break
		cp /proc/vmstat vmstat.after
		cause=$(disturbance) || break
		retried "$cause"
	done
	cat said 2> /dev/null || true
	return "$status"
}
