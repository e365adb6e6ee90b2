#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# [expect] decides the exit status: 0 if it holds, 1 if it does not or the value is absent, 2
# if no kernel has the counter.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup()
{
	observe_setup
}

teardown() { observe_teardown; }

# anon_ends STATUS WORD…: a run of anon with 1 MiB ends with that exit status
anon_ends()
{
	local expected=$1
	shift
	ends "$expected" anon size=1M profile.noise=no "$@"
}

@test "each operator holds up to its edge and not beyond" {
	for held in 256 ==256 '>=256' '<=256' '>255' '<257' 200..256 256..256; do
		anon_ends 0 "expect.minor_faults=$held"
	done
	for missed in 255 '>=257' '<=255' '>256' '<256' 257..300 0..255; do
		anon_ends 1 "expect.minor_faults=$missed"
	done
}

@test "sizes and times are in the column's or the counter's own unit" {
	for held in achieved_bytes=1M achieved_bytes=1024K 'achieved_bytes=<1025K' \
		'seconds=>0' 'seconds=<60' 'seconds=<60s' 'seconds=0..60s' \
		'psi_memory_some_usec=<60s' mapping/smaps/Rss=1M mapping/smaps/Rss=1024 \
		process/stat/minflt=256 ledger/ledger/pages_touched=1M \
		ledger/ledger/pages_touched=256 anon.minor_faults=256; do
		anon_ends 0 "expect.$held"
	done
	for missed in 'achieved_bytes=>1M' mapping/smaps/Rss=1023 'seconds=>60' \
		process/stat/minflt=1M; do
		anon_ends 1 "expect.$missed"
	done
}

@test "an expectation about an absent column is not met" {
	for unseen in 'latency_p99_ns=<5ms' system/vmstat/no_such_key=0 process1/stat/minflt=0; do
		anon_ends 1 "expect.$unseen"
	done
	awk -F, '$12 == "profile" && $15 == "" && $17 == "fail"' out/*/truth.csv | grep -q 'no such counter'
}

@test "a counter that no kernel has is a profile error" {
	for typo in minor_falts=1 anom.minor_faults=1 groop/memory.stat/rss=0 \
		system/memory.stat/rss=0 process/vmstat/pgfault=0 processes/stat/minflt=0 \
		ledger/ledger/pages_tuched=0 outcome=okay achieved_bytes=5ms minor_faults=1M; do
		anon_ends 2 "expect.$typo"
		[ ! -e out ] || [ -z "$(ls out)" ]
	done
}

@test "an expected outcome is required" {
	anon_ends 0 expect.outcome=ok
	for missed in oom_kill timeout target_missed failed skipped; do
		anon_ends 1 "expect.outcome=$missed"
	done
	anon_ends 1 inject_shortfall=1
	anon_ends 0 inject_shortfall=1 expect.outcome=target_missed
	anon_ends 0 rate=100K/s timeout=1s expect.outcome=timeout
}

@test "expectations can count claims" {
	anon_ends 0 expect.claims_failed=0 'expect.claims=>20'
	anon_ends 1 expect.claims_failed=1
	anon_ends 1 inject_shortfall=1 expect.claims_failed=0
	[ "$(column runs.csv anon claims_failed)" -gt 1 ]
	awk -F, '$7 == "claims_failed" { exit $17 != "fail" || $15 < 1 }' out/*/truth.csv
}

@test "an expectation by cell is judged in its cells alone" {
	ends 0 anon profile.noise=no sweep.anon.size=1M,2M \
		'expect.minor_faults=256 if anon.size=1M, 512'
	ends 1 anon profile.noise=no sweep.anon.size=1M,2M \
		'expect.minor_faults=256 if anon.size=2M'
	ends 2 anon profile.noise=no sweep.anon.size=1M,2M \
		'expect.minor_faults=256 if anon.size=4M'
}
