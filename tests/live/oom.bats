#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of the oom workload, compared with the kernel log and the machine's count of
# kills.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup() { observe_setup; }
teardown() { observe_teardown; }

oom()
{
	run_workload oom memory.max=48M "$@"
}

# row COLUMN: of each repeat of the oom worker
row()
{
	column runs.csv oom "$1"
}

truth()
{
	claim oom "$@"
}

machine_kills()
{
	awk '$1 == "oom_kill" { print $2 }' /proc/vmstat
}

# The kernel logs no more than ten OOM kills in five seconds (mm/oom_kill.c, oom_rs).
log_was_full()
{
	[ "$(dmesg | awk -v now="$(cut -d' ' -f1 /proc/uptime)" '
		match($0, /^\[ *[0-9.]+\]/) && / invoked oom-killer/ {
			n += now - substr($0, 2, RLENGTH - 2) < 7
		}
		END { print n + 0 }')" -ge 10 ]
}

# logged_oom SETTING…: runs, and sets $pids to those that the kernel log names for kills in
# the run's group
logged_oom()
{
	dmesg > /dev/null 2>&1 || skip "no kernel log"
	for _ in 1 2 3; do
		rm -rf out
		begin_paused held oom memory.max=48M "$@"
		group=pagestorm-$runner/run/oom
		finish || true # of the claims that the test is about it looks at each
		pids=$(dmesg | sed -n "s|.*oom-kill:.*$group,.*pid=\([0-9]*\),.*|\1|p")
		[ -z "$pids" ] || return 0
		log_was_full || return 1
		retried "the kernel's log had ten OOM kills of other runs in five seconds"
		sleep 5 # that long it logs no other
	done
	return 1
}

@test "each counted kill has one line in the kernel log" {
	logged_oom
	[ "$(echo "$pids" | wc -l)" = 1 ]
}

@test "the predicted victim is the PID that the kernel logs" {
	logged_oom victims=30M
	[ "$(truth victim 'expected observed verdict')" = "1 1 pass" ]
	[ "$pids" = "$(slot victim_pid)" ]
	[ "$(row exit_signal)" = "" ] # the growing process survived
	[ "$(row outcome)" = expected_oom ]
}

@test "a small process with a raised oom_score_adj is killed, a large one without is spared" {
	logged_oom "victims=4M:900 12M"
	[ "$(truth victim 'expected observed verdict')" = "1 1 pass" ]
	[ "$pids" = "$(slot victim_pid)" ]
	oom victims=12M
	[ "$(truth victim 'expected observed verdict')" = "0 0 pass" ]
	[ "$(row exit_signal)" = 9 ]
}

@test "ten of ten runs end in a kill that the machine counts too, at the limit to the byte" {
	before=$(machine_kills)
	run_workload oom memory.max=96M --repeat=10
	[ "$(row outcome | sort | uniq -c | xargs)" = "10 expected_oom" ]
	[ "$(row oom_kills | sort -u)" = 1 ]
	[ "$(row peak_bytes | sort -u)" = $((96 << 20)) ]
	[ "$(row exit_signal | sort -u)" = 9 ]
	[ $(($(machine_kills) - before)) -ge 10 ]
	[ "$(truth touched_pages verdict | sort -u)" = pass ]
	[ "$(row claims_failed | sort -u)" = 0 ]
}

@test "the growing process with a raised oom_score_adj is killed beside a larger one" {
	oom victims=28M oom_score_adj=600
	[ "$(truth victim 'expected observed verdict')" = "0 0 pass" ]
	[ "$(row exit_signal)" = 9 ]
}

@test "lowering oom_score_adj works or is skipped with its reason" {
	if (echo -1 > /proc/self/oom_score_adj) 2> /dev/null; then
		oom victims=30M:-1000
		[ "$(truth victim 'expected observed verdict')" = "0 0 pass" ]
	else
		run oom victims=30M:-1000
		[ "$status" -eq 77 ]
		[ "$(row outcome)" = skipped ]
		row reason | grep -q CAP_SYS_RESOURCE
	fi
}

@test "every shape, touch and page size ends in the kill, at its own pace" {
	for settings in "touch=write" "touch=bytes fill=random" "rate=100M/s" \
		"shape=steps chunk=8M interval=50ms" "shape=exponential chunk=1M interval=20ms" \
		"shape=burst interval=300ms"; do
		# shellcheck disable=SC2086 # words of their own
		oom $settings || { echo "$settings: $(cat said)"; return 1; }
		[ "$(row outcome)" = expected_oom ]
		[ "$(row claims_failed)" = 0 ]
		case $settings in
		*burst*) at_least=0.3 ;;
		*rate*) at_least=0.45 ;;
		*steps*) at_least=0.25 ;;
		*exponential*) at_least=0.1 ;;
		*) at_least=0 ;;
		esac
		awk -v seconds="$(row seconds)" -v least=$at_least 'BEGIN { exit !(seconds >= least) }'
	done
}

@test "huge pages end in the same kill" {
	grep -q '\[never\]' /sys/kernel/mm/transparent_hugepage/enabled && skip "huge pages are off"
	oom pages=huge
	[ "$(row outcome)" = expected_oom ]
	[ "$(row claims_failed)" = 0 ]
}

@test "pages counted but not touched fail the claim" {
	run oom inject_shortfall=1024
	[ "$status" -eq 1 ]
	[ "$(truth touched_pages verdict)" = fail ]
	[ "$(truth oom_kills verdict)" = pass ]
}

@test "a missing kill is a failure" {
	run oom rate=1M/s timeout=1s
	[ "$status" -eq 1 ]
	[ "$(row outcome)" = timeout ] || [ "$(row outcome)" = missing_oom ]
}

@test "an unexpected kill is a failure too" {
	ends 1 oom memory.max=48M expect.outcome=ok
	[ "$(row outcome)" = unexpected_oom ]
}

@test "two candidates with nearly the same badness are refused before anything runs" {
	run oom victims=24M
	[ "$status" -eq 2 ]
	grep -q "6 MiB" said
	run oom victims=47M
	[ "$status" -eq 2 ]
	[ ! -e out ] || [ -z "$(ls out)" ]
}

@test "nothing is left behind: no group, no process" {
	oom "victims=4M:900 12M"
	[ -z "$(find /sys/fs/cgroup -type d -path '*pagestorm*' -name oom 2> /dev/null)" ]
	[ -z "$(pgrep -f -- '^pagestorm --worker' -P 1)" ]
	[ "$(truth left_anonymous_bytes verdict)" = pass ]
}
