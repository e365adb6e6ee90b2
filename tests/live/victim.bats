#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of the victim workload; its latencies show every stall.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup() { observe_setup; }
teardown() { observe_teardown; }

@test "victim's working set, faults and file pages are as promised" {
	run_workload victim size=32M file=32M files=1 allocs=0.5 duration=1s memory.max=256M
	[ "$(column runs.csv victim outcome)" = ok ]
	[ "$(count_verdicts victim fail)" = 0 ]
	[ "$(count_verdicts victim pass)" = 8 ]
}

@test "a rate is kept: as many operations as seconds times rate" {
	run_workload victim size=16M rate=500 duration=1s memory.max=64M
	ops=$(column runs.csv victim ops)
	[ "$ops" -ge 490 ]
	[ "$ops" -le 500 ]
}

@test "latency.csv holds every operation once" {
	run_workload victim size=16M rate=500 duration=1s memory.max=64M
	sum=$(column latency.csv victim count | awk '{ sum += $1 } END { print sum }')
	[ "$sum" = "$(column runs.csv victim latency_count)" ]
	[ "$sum" = "$(column runs.csv victim ops)" ]
}

# operates COUNT: victim has slept so many times between two operations
operates()
{
	[ "$(awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$worker/status")" -ge "$1" ]
}

# Stopped for half a second at 1000 operations a second, about 500 operations are late; latency
# counts from the time at which each was due.
@test "a stall of half a second shows in hundreds of latencies, not in one" {
	begin victim size=4M rate=1000 duration=2s memory.max=64M profile.noise=no
	go_on
	within 60 operates 100
	kill -STOP "$worker"
	sleep 0.5 # the stall
	kill -CONT "$worker"
	held
	finish
	late=$(awk -F, 'NR > 1 && $6 >= 100000000 { sum += $8 } END { print sum + 0 }' out/*/latency.csv)
	[ "$late" -ge 300 ]
	[ "$(column runs.csv victim latency_max_ns)" -ge 450000000 ]
}

@test "with a limit of two thirds of its memory, and swap, its remaining claims hold" {
	need_zram
	run_workload victim size=24M file=24M files=1 rate=0 duration=2s memory.max=32M \
		swap.type=zram swap.size=64M vm.swappiness=100
	[ "$(column runs.csv victim outcome)" = ok ]
	[ "$(column runs.csv victim swap_out_bytes)" -gt 0 ]
	[ "$(column runs.csv victim refault_file_pages)" -gt 0 ]
	[ "$(count_verdicts victim fail)" = 0 ]
	[ "$(count_verdicts victim pass)" = 5 ]
}

@test "the blocks of its file are read whole" {
	run_workload victim size=4M file=8M block=64K reads=0 files=1 rate=100 duration=1s memory.max=64M
	[ "$(column runs.csv victim outcome)" = ok ]
	[ "$(count_verdicts victim fail)" = 0 ]
	ends 2 victim size=4M file=32K block=64K files=1 memory.max=64M
}
