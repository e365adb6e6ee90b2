#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the victim workload promises, and that a stall cannot hide from its latencies.

load live

setup() { watched_setup; }
teardown() { watched_teardown; }

@test "its working set, its faults and its file's pages are as promised" {
	play victim size=32M file=32M files=1 allocs=0.5 duration=1s memory.max=256M
	[ "$(column runs.csv victim outcome)" = ok ]
	[ "$(count_verdicts victim fail)" = 0 ]
	[ "$(count_verdicts victim pass)" = 7 ]
}

@test "a rate is kept: as many operations as seconds times rate" {
	play victim size=16M rate=500 duration=2s memory.max=64M
	ops=$(column runs.csv victim ops)
	[ "$ops" -ge 990 ]
	[ "$ops" -le 1000 ]
}

@test "latency.csv holds every operation once" {
	play victim size=16M rate=500 duration=1s memory.max=64M
	sum=$(column latency.csv victim count | awk '{ sum += $1 } END { print sum }')
	[ "$sum" = "$(column runs.csv victim latency_count)" ]
	[ "$sum" = "$(column runs.csv victim ops)" ]
}

# Stopped for half a second at 1000 operations a second, some 500 of them are late, and
# their lateness is counted from when each should have begun.
@test "a stall of half a second is in hundreds of latencies, not in one" {
	"$PAGESTORM" run victim size=4M rate=1000 duration=4s memory.max=64M noise=no --quiet \
		--wait=200 -o out > said 2>&1 3>&- &
	runner=$!
	for _ in $(seq 2200); do
		worker=$(cat /sys/fs/cgroup/memory/*/*/"pagestorm-$runner"/run/victim/cgroup.procs \
			/sys/fs/cgroup/*/"pagestorm-$runner"/run/victim/cgroup.procs \
			/sys/fs/cgroup/"pagestorm-$runner"/run/victim/cgroup.procs 2> /dev/null | head -1)
		[ -n "$worker" ] && break
		kill -0 "$runner" || break
		sleep 0.1
	done
	[ -n "$worker" ]
	sleep 1
	kill -STOP "$worker"
	sleep 0.5
	kill -CONT "$worker"
	wait "$runner"
	runner=
	late=$(awk -F, 'NR > 1 && $6 >= 100000000 { sum += $8 } END { print sum + 0 }' out/*/latency.csv)
	[ "$late" -ge 300 ]
	[ "$(column runs.csv victim latency_max_ns)" -ge 450000000 ]
}

@test "under a limit that holds two thirds of it, with swap, what it still promises holds" {
	[ -r /sys/class/zram-control/hot_add ] || skip "no zram-control"
	play victim size=24M file=24M files=1 rate=0 duration=2s memory.max=32M \
		swap.type=zram swap.size=64M vm.swappiness=100
	[ "$(column runs.csv victim outcome)" = ok ]
	[ "$(column runs.csv victim swap_out_bytes)" -gt 0 ]
	[ "$(column runs.csv victim refault_file_pages)" -gt 0 ]
	[ "$(count_verdicts victim fail)" = 0 ]
	[ "$(count_verdicts victim pass)" = 5 ]
}

@test "blocks of its file are read as a whole" {
	play victim size=4M file=8M block=64K reads=0 files=1 rate=100 duration=1s memory.max=64M
	[ "$(column runs.csv victim outcome)" = ok ]
	[ "$(count_verdicts victim fail)" = 0 ]
	run play victim size=4M file=32K block=64K files=1 memory.max=64M
	[ "$status" -eq 2 ]
}
