# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of a workload on this host: a run in a folder of its own, its CSV, and its
# processes as others see them. Source it with `load live`.

load watched

# play_and_hold WORD…: a run in the background, until it says that all are held; sets
# $group, the directory of the first worker's group
play_and_hold()
{
	"$PAGESTORM" run "$@" --wait=200 -o out > said 2>&1 3>&- &
	runner=$!
	for _ in $(seq 2200); do
		if grep -q ': held' said; then
			group=$(find /sys/fs/cgroup -type d -path "*/pagestorm-$runner/run/*" -print -quit)
			[ -n "$group" ] && return 0
		fi
		kill -0 "$runner" 2> /dev/null || break
		sleep 0.1
	done
	cat said
	return 1
}

# column FILE WORKER NAME: the cells of one column of a worker's rows
column()
{
	awk -F, -v worker="$2" -v name="$3" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["worker"] == worker { print $at[name] }' out/*/"$1"
}

# count_verdicts WORKER VERDICT
count_verdicts()
{
	column truth.csv "$1" verdict | grep -cx "$2" || true
}
