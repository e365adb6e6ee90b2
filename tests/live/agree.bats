#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A row of runs.csv sums up many rows of counters.csv, truth.csv and latency.csv: this test
# computes it again from them, without pagestorm's code.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup()
{
	observe_setup
}

teardown() { observe_teardown; }

# disagreements DIRECTORY: one line for each value of runs.csv that the other files contradict
disagreements()
{
	awk -F, '
	function header(at,  i) { delete at; for (i = 1; i <= NF; i++) at[$i] = i }
	function key(at) { return $at["cell"] "/" $at["repeat"] "/" $at["worker"] }
	function sum(who, name) { return (who, name) in delta ? delta[who, name] : "" }
	# the counter of the group where it exists, otherwise that of the system in the same repeat
	function either(who, whole, group, other) {
		return (who, group) in delta ? delta[who, group] : sum(whole, other)
	}
	function times(value, factor) { return value == "" ? "" : value * factor }
	function same(name, value) {
		checked++
		if ($at[name] "" != value "")
			print who " " name ": " $at[name] " in the row and " value " added up"
	}
	FNR == 1 { header(at); next }
	FILENAME ~ /counters.csv$/ && $at["span"] == "work" {
		name = $at["scope"] "/" $at["source"] "/" $at["counter"]
		if ($at["delta"] != "")
			delta[key(at), name] = $at["delta"]
		if ($at["after"] != "")
			after[key(at), name] = $at["after"]
		if (name ~ /^system\/vmstat\/allocstall_/)
			delta[key(at), "allocstall"] += $at["delta"]
		if (name ~ /^kswapd[0-9]*\/stat\/stime$/)
			delta[key(at), "kswapd"] += $at["delta"]
	}
	FILENAME ~ /truth.csv$/ {
		claims[key(at)]++
		failed[key(at)] += $at["verdict"] == "fail"
	}
	FILENAME ~ /latency.csv$/ { operations[key(at)] += $at["count"] }
	FILENAME ~ /runs.csv$/ && $at["outcome"] != "skipped" && $at["worker"] != "null" {
		who = key(at)
		machine = $at["cell"] "/" $at["repeat"] "/"
		same("minor_faults", sum(who, "process/stat/minflt"))
		same("major_faults", sum(who, "process/stat/majflt"))
		same("cpu_user_usec", times(sum(who, "process/stat/utime"), 1000000 / hertz))
		same("cpu_system_usec", times(sum(who, "process/stat/stime"), 1000000 / hertz))
		same("swap_in_bytes", times(either(who, machine, "group/memory.stat/pswpin", "system/vmstat/pswpin"), page))
		same("swap_out_bytes", times(either(who, machine, "group/memory.stat/pswpout", "system/vmstat/pswpout"), page))
		same("refault_anon_pages", either(who, machine, "group/memory.stat/workingset_refault_anon", "system/vmstat/workingset_refault_anon"))
		same("refault_file_pages", either(who, machine, "group/memory.stat/workingset_refault_file", "system/vmstat/workingset_refault_file"))
		same("psi_memory_some_usec", either(who, machine, "group/memory.pressure/some.total", "system/pressure/memory/some.total"))
		same("psi_memory_full_usec", either(who, machine, "group/memory.pressure/full.total", "system/pressure/memory/full.total"))
		same("psi_io_full_usec", either(who, machine, "group/io.pressure/full.total", "system/pressure/io/full.total"))
		same("allocstall", sum(machine, "allocstall"))
		same("kswapd_cpu_usec", times(sum(machine, "kswapd"), 1000000 / hertz))
		same("compact_stall", sum(machine, "system/vmstat/compact_stall"))
		same("kswapd_scan_pages", sum(machine, "system/vmstat/pgscan_kswapd"))
		same("kswapd_steal_pages", sum(machine, "system/vmstat/pgsteal_kswapd"))
		same("direct_scan_pages", sum(machine, "system/vmstat/pgscan_direct"))
		same("direct_steal_pages", sum(machine, "system/vmstat/pgsteal_direct"))
		same("oom_kills", either(who, who, "group/memory.events/oom_kill", "group/memory.oom_control/oom_kill"))
		peak = (who, "group/memory.peak/memory.peak") in after ? "memory.peak" : "memory.max_usage_in_bytes"
		same("peak_bytes", after[who, "group/" peak "/" peak])
		same("claims", claims[who] + 0)
		same("claims_failed", failed[who] + 0)
		same("latency_count", who in operations ? operations[who] : "")
		if ($at["outcome"] == "ok" && $at["target_bytes"] > 0)
			same("achieved_bytes", $at["target_bytes"])
	}
	END { if (checked < 23) print "only " checked + 0 " cells were looked at" }
	' page="$(getconf PAGESIZE)" hertz="$(getconf CLK_TCK)" \
		"$1"/counters.csv "$1"/truth.csv "$1"/latency.csv "$1"/runs.csv
}

@test "runs.csv agrees with counters.csv, truth.csv and latency.csv for every workload" {
	for words in "anon size=9M access=20ms latency=yes" "anon size=2M inject_shortfall=1" \
		"oom memory.max=32M" "brk_churn cycles=50" "leak size=3000 threads=2" \
		"malloc_churn size=200K blocks=3 keep=2" "shm size=3M procs=3" \
		"swap size=4M back=read swap.type=zram swap.size=64M" \
		"cache size=2M warm=50%" "victim size=4M duration=200ms profile.repeats=2"; do
		# shellcheck disable=SC2086 # words of their own
		run_workload $words || true # a failed claim is a row as well
		[ -n "$(compgen -G "out/*/runs.csv")" ] || { echo "$words: $(cat said)"; return 1; }
		found=$(disagreements out/*)
		[ -z "$found" ] || { echo "$words: $found"; return 1; }
	done
}

@test "a row that disagrees is detected" {
	run_workload anon size=1M
	sed -i 's/,256,0,/,257,0,/' out/*/runs.csv
	disagreements out/* | grep -q 'minor_faults: 257 in the row and 256 added up'
}
