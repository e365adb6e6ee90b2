# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Claims that fail because another process changed their counters. A test repeats a run
# only if the run's own counters prove that: the machine's counters changed, and no group
# of the run caused it. It repeats a run at most twice, each time with the cause on the TAP
# stream; a run that does less than it promises fails all three times.
# Source it with `load ../lib/disturbance`, after observe.

# machine_moved COUNTER…: the sum of the rises of these machine counters over the work of
# all trials but null trials; for a test's own observation, since the attempt began
machine_moved()
{
	if [ -n "${looking-}" ]; then
		awk -v names="$*" '
			BEGIN { n = split(names, name, " "); for (i = 1; i <= n; i++) asked[name[i]] = 1 }
			$1 in asked { sum += FNR == NR ? -$2 : $2 }
			END { print sum + 0 }' vmstat.before vmstat.after
		return
	fi
	awk -F, -v names="$*" '
		NR == 1 {
			for (i = 1; i <= NF; i++)
				at[$i] = i
			n = split(names, name, " ")
			for (i = 1; i <= n; i++)
				asked[name[i]] = 1
			next
		}
		# the null trial comes first and is overwritten
		$at["span"] == "work" && $at["scope"] == "system" && $at["source"] == "vmstat" &&
			$at["counter"] in asked {
			moved[$at["cell"], $at["repeat"], $at["counter"]] = $at["delta"]
		}
		END {
			for (i in moved)
				sum += moved[i]
			print sum + 0
		}' out/*/counters.csv
}

# fsynced: a worker of the run writes back itself, so that writeback by others is unknown
fsynced()
{
	[ -z "${looking-}" ] || return 1 # the test ensures that it does not
	awk -F, '$9 == "ledger" && $11 == "fsyncs" && $15 > 0 { n++ } END { exit !n }' out/*/counters.csv
}

reclaimed="pgsteal_kswapd pgsteal_direct pgsteal_khugepaged pgsteal_proactive"

# disturbed_by QUANTITY PAGES: the activity that explains an error of so many pages in a claim
# of that name; fails if there is none
disturbed_by()
{
	local moved what
	case $1 in
	pages_lost | hits | misses | missed_bytes | mapped_bytes | pages_missing | pages_gone | \
		pages_cached* | refaults | major_faults | group_major_faults | group_file_bytes)
		# shellcheck disable=SC2086 # words
		moved=$(machine_moved $reclaimed drop_pagecache)
		what="reclaimed or dropped"
		# A call of drop_caches counts once and drops every clean page.
		[ "$(machine_moved drop_pagecache)" -eq 0 ] || moved=$((moved + $2))
		;;
	group_dirty_bytes | dirty_bytes | pages_dirty)
		! fsynced || return 1
		moved=$(machine_moved nr_written)
		what="written back, and none by the run,"
		;;
	minor_faults | group_faults)
		moved=$(machine_moved pgmigrate_success)
		what=migrated
		;;
	huge_bytes | group_huge_bytes | large_folios | large_pages)
		moved=$(machine_moved compact_isolated)
		what="isolated by compaction"
		;;
	resident_bytes | anonymous_bytes | group_anonymous_bytes | swapped_bytes | group_swap_bytes)
		# shellcheck disable=SC2086 # words
		moved=$(machine_moved $reclaimed)
		what=reclaimed
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

# shortfalls: QUANTITY PAGES of each failed claim; bytes and kB are converted to pages
shortfalls()
{
	awk -F, -v page="$(getconf PAGESIZE)" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["verdict"] == "fail" {
			off = $at["observed"] - $at["expected"]
			off = off < 0 ? -off : off
			if ($at["unit"] == "bytes")
				off /= page
			if ($at["unit"] == "kB")
				off /= page / 1024
			print $at["quantity"], off < 1 ? 1 : int(off)
		}' out/*/truth.csv | sort -u
}

# looks QUANTITY EXPECTED OBSERVED: the test's own observation equals the expected value. A
# difference is judged like that of a claim of this name; both are in pages or events.
looks()
{
	[ "$2" -ne "$3" ] || return 0
	local off=$(($3 - $2))
	echo "$1: $3, not $2"
	echo "$1 ${off#-}" >> looked
	return 1
}

# look_disturbed: like disturbance, for the test's own observations in the attempt
look_disturbed()
{
	local quantity pages looking=yes cause=
	[ -s looked ] || return 1
	while read -r quantity pages; do
		cause=$(disturbed_by "$quantity" "$pages") || return 1
	done < looked
	echo "$cause"
}

# disturbance: prints what disturbed the run in ./out; fails if a claim failed without
# evidence
disturbance()
{
	local quantity pages cause=
	collapse_disturbed && return
	look_disturbed && return
	[ -e "$(echo out/*/truth.csv)" ] || return 1
	while read -r quantity pages; do
		cause=$(disturbed_by "$quantity" "$pages") || return 1
	done < <(shortfalls)
	[ -n "$cause" ] || return 1
	echo "$cause"
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
