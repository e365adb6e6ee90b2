#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# anon and oom where only a guest can test them: cgroup v2's counters, THP always enabled,
# memory.oom.group, a lowered oom_score_adj, and free swap.

bats_require_minimum_version 1.5.0

load vm

# runs 'RUN ARGUMENTS'…: a script that prints NAME, STATUS, number of workers, OUTCOME, CLAIMS
# and FAILED-CLAIMS of each run; an argument that ends in : names the runs after it
runs()
{
	local arguments name=
	for arguments; do
		if [[ $arguments == *: ]]; then
			name=${arguments%:}
			continue
		fi
		echo "rm -rf /tmp/out
		pagestorm run -q -o /tmp/out $arguments > /tmp/said 2>&1
		echo \"$name \$? \$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[\$i] = i; next }
			\$at[\"worker\"] != \"null\" {
				print \$at[\"outcome\"], \$at[\"claims\"], \$at[\"claims_failed\"] }' /tmp/out/*/runs.csv | sort | uniq -c | xargs)\"
		cat /tmp/said >&2"
	done
}

boot_plain()
{
	runs anon: 'anon size=33M noise=no' 'anon size=33M touch=populate fill=zero noise=no' \
		'anon size=33M touch=read noise=no' 'anon size=33M touch=read_write threads=2 noise=no' \
		'anon size=65M pages=huge noise=no' 'anon size=5000' \
		fewer: 'anon size=16M inject_shortfall=1 noise=no' \
		victims: 'oom memory.max=48M victims=30M noise=no' \
		'oom memory.max=48M "victims=4M:900 12M" noise=no' \
		'oom memory.max=48M victims=30M:-1000' \
		repeated: 'oom memory.max=48M noise=no --repeat=5' \
		group: 'oom memory.max=48M victims=10M memory.oom.group=1 noise=no' \
		'oom memory.max=48M victims=10M:-1000 memory.oom.group=1 noise=no' > script
	"$PAGESTORM" lab --file script:/script --exec 'sh /script'
}

boot_swap()
{
	runs kill: 'oom memory.max=48M noise=no' \
		'oom memory.max=32M memory.swap.max=16M fill=random noise=no' anon: 'anon size=33M noise=no' > script
	"$PAGESTORM" lab --swap zram:64M --file script:/script --exec 'sh /script'
}

setup_file() { printf '%s\n' boot_plain boot_swap | boots_begin boot_plain boot_swap runs; }
teardown_file() { boots_end; }
setup() { need_lab 6.1; }

@test "anon is exact on cgroup v2 with huge pages always on" {
	booted boot_plain
	[ "$(grep -c '^anon 0 1 ok [0-9]* 0$' out)" = 6 ]
}

@test "one page fewer is detected on cgroup v2" {
	booted boot_plain
	grep -q '^fewer 1 1 target_missed [0-9]* [1-9]' out
}

@test "on cgroup v2 OOM victims are predicted, and a lowered oom_score_adj spares a process" {
	booted boot_plain
	[ "$(grep -c '^victims 0 1 expected_oom [0-9]* 0$' out)" = 3 ]
	grep -q '^repeated 0 5 expected_oom [0-9]* 0$' out
}

@test "memory.oom.group kills the whole group but for processes with oom_score_adj -1000" {
	booted boot_plain
	[ "$(grep -c '^group 0 1 expected_oom [0-9]* 0$' out)" = 2 ]
}

@test "free swap is filled first with swap allowed, and stays unused without" {
	booted boot_swap
	[ "$(grep -c '^kill 0 1 expected_oom [0-9]* 0$' out)" = 2 ]
	grep -q '^anon 0 1 ok [0-9]* 0$' out
}
