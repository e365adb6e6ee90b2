# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Claims that fail because another process moved what they are about. A test takes a run
# again only where the run's own counters show that: what they show of the whole machine
# and that no group of the run has done. It is taken again at most twice, each time with
# the cause on the TAP stream; a run that does less than it promises fails three times.
# Source it with `load ../lib/disturbance`, after observe.

# machine_moved COUNTER…: by how much these counters of the whole machine rose in the work
# of the real trials, summed; where the test's own look is judged, since the attempt began
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
		# the null trial of a step comes first: what is last stays
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

# fsynced: a worker of the run writes back itself, so that it cannot be told what others did
fsynced()
{
	[ -z "${looking-}" ] || return 1 # the test sees to that
	awk -F, '$9 == "ledger" && $11 == "fsyncs" && $15 > 0 { n++ } END { exit !n }' out/*/counters.csv
}

reclaimed="pgsteal_kswapd pgsteal_direct pgsteal_khugepaged pgsteal_proactive"

# disturbed_by QUANTITY PAGES: what moved, by as many pages as a claim of that name is off;
# fails where nothing has
disturbed_by()
{
	local moved what
	case $1 in
	pages_lost | hits | misses | missed_bytes | mapped_bytes | pages_missing | pages_gone | \
		pages_cached* | refaults | major_faults | group_major_faults | group_file_bytes)
		# shellcheck disable=SC2086 # words
		moved=$(machine_moved $reclaimed drop_pagecache)
		what="reclaimed or dropped"
		# A call of drop_caches counts once and takes all that is clean.
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

# collapse_disturbed: a worker that could not collapse a huge page, while compaction had
# pages of the machine isolated; no counters are taken of such a trial
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

# shortfalls: QUANTITY PAGES of each claim that failed, in pages where it is in bytes or kB,
# otherwise as it is
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

# looks QUANTITY EXPECTED OBSERVED: that the test saw the same as it expected. What it did
# not is judged as a claim of that name is; both in pages, or in what that counts.
looks()
{
	[ "$2" -ne "$3" ] || return 0
	local off=$(($3 - $2))
	echo "$1: $3, not $2"
	echo "$1 ${off#-}" >> looked
	return 1
}

# look_disturbed: the same for what the test itself saw in the attempt
look_disturbed()
{
	local quantity pages looking=yes cause=
	[ -s looked ] || return 1
	while read -r quantity pages; do
		cause=$(disturbed_by "$quantity" "$pages") || return 1
	done < looked
	echo "$cause"
}

# disturbance: prints why the run in ./out could not hold its claims; fails where one of
# them failed without evidence
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

# undisturbed COMMAND…: a command or function that makes one run and holds it against its
# truth. A function's assertions count as they do in a test; its variables stay its own.
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
