#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of brk_churn and mmap_churn, compared with strace's system calls, perf's fault
# counts, and the sizes in /proc/PID.

bats_require_minimum_version 1.5.0

load ../lib/observe
load ../lib/disturbance

setup()
{
	observe_setup
}

teardown()
{
	observe_teardown
}

# calls NAME RESULT: of the worker, by strace
calls()
{
	strace -f -qq -e trace=brk,mmap,munmap -o calls \
		"$PAGESTORM" run "$@" --quiet --wait=200 -o out > said 2>&1
}

@test "brk_churn calls brk twice in each cycle, by strace" {
	command -v strace > /dev/null || skip "no strace"
	calls brk_churn cycles=321 size=64K
	busiest=$(awk '/brk\(0x/ { n[$1]++ } END { for (i in n) print n[i] }' calls | sort -n | tail -n 1)
	[ "$busiest" -ge 642 ]
	[ "$busiest" -le 652 ] # and the few of its start
}

@test "mmap_churn maps and unmaps its size once in each cycle, by strace" {
	command -v strace > /dev/null || skip "no strace"
	calls mmap_churn cycles=321 size=68K
	[ "$(grep -c 'mmap(NULL, 69632, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1' calls)" = 321 ]
	[ "$(grep -c 'munmap(0x[0-9a-f]*, 69632)' calls)" = 321 ]
}

# counting_begins: perf reports that it counts the worker's faults from here on; sets $perf
counting_begins()
{
	local ack
	rm -f control acks counted
	mkfifo control acks
	perf stat -x, -e minor-faults -o counted -D -1 --control fifo:control,acks \
		-p "$worker" > perf.said 2>&1 3>&- &
	perf=$!
	exec {control}<> control {acks}<> acks
	echo enable >&"$control"
	read -r -t 60 ack <&"$acks" || { cat perf.said; return 1; }
	[ "$ack" = ack ]
	exec {control}>&- {acks}<&-
}

@test "faults are cycles times pages, by perf and by the process's own count" {
	command -v perf > /dev/null || skip "no perf"
	for workload in brk_churn mmap_churn; do
		begin $workload cycles=50 size=1M
		before=$(minor_faults)
		counting_begins
		held
		[ $(($(minor_faults) - before)) = $((50 * 256)) ]
		kill -INT "$perf"
		wait "$perf" || true
		[ "$(awk -F, '/minor-faults/ { print $1 }' counted)" = $((50 * 256)) ]
		finish
		[ "$(slot cycles)" = 50 ]
		[ "$(verdict minor_faults)" = pass ]
	done
}

@test "no memory is left between cycles, by Rss, VmSize and VmData" {
	for workload in brk_churn mmap_churn; do
		for touch in none write populate; do
			begin $workload touch=$touch size=8M cycles=20
			before="$(kb smaps_rollup Rss) $(kb status VmSize) $(kb status VmData)"
			held
			[ "$(kb smaps_rollup Rss) $(kb status VmSize) $(kb status VmData)" = "$before" ]
			finish
		done
	done
}

@test "a duration is kept, and latencies cover each cycle but the first" {
	run_workload mmap_churn duration=1s size=4K
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["worker"] == "mmap_churn" {
			print $at["seconds"], $at["latency_count"], $at["ops"], $at["latency_mean_ns"]
			exit !($at["seconds"] >= 1 && $at["seconds"] < 1.2 &&
				$at["latency_count"] == $at["ops"] - 1 &&
				$at["latency_mean_ns"] * $at["latency_count"] <= $at["seconds"] * 1e9) }' \
		out/*/runs.csv
}

@test "one page fewer in each cycle, or one not freed, fails the claim" {
	for workload in brk_churn mmap_churn; do
		run run_workload $workload inject_shortfall=1
		[ "$status" -eq 1 ]
		[ "$(verdict minor_faults)" = fail ]
		[ "$(verdict group_faults)" = fail ]
		run run_workload $workload inject_shortfall=1 touch=none
		[ "$status" -eq 1 ]
		[ "$(verdict virtual_bytes)" = fail ]
	done
}

@test "brk-vs-mmap: all claims hold, both run the same cycles, report shows them side by side" {
	undisturbed run_workload "$BATS_TEST_DIRNAME/../../profiles/brk-vs-mmap.ini" --cell=1 --repeat=1
	[ "$(nr_failed)" = 0 ]
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["workload"] ~ /churn/ { rows++; per[$at["worker"]] = $at["minor_faults"] / $at["ops"] }
		END { exit !(rows == 4 && per["brk"] == 16 && per["mmap"] == 16 &&
			per["brk_call"] == 0 && per["mmap_call"] == 0) }' out/*/runs.csv
	"$PAGESTORM" report out/* > shown
	grep -A 1 '^side by side$' shown | grep -Eq '^ +metric +cell +brk +brk_call +mmap +mmap_call$'
	grep -Eq '^ +latency p50 +size=64K( +[0-9.]+ µs){4}$' shown
}
