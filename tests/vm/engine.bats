#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What only a guest shows of anon and oom: cgroup v2's counters, huge pages that are
# always on, memory.oom.group, lowering oom_score_adj, and swap that is left over.

load vm

setup()
{
	need_lab "6.1"
	enter_scratch
}

# guest 'LAB OPTIONS' 'RUN ARGUMENTS'…: one boot; prints STATUS OUTCOME FAILED-CLAIMS a run
guest()
{
	local options=$1 arguments
	shift
	{
		for arguments; do
			echo "rm -rf /tmp/out
			pagestorm run -q -o /tmp/out $arguments > /tmp/said 2>&1
			echo \"run \$? \$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[\$i] = i; next }
				\$at[\"worker\"] != \"null\" {
					print \$at[\"outcome\"], \$at[\"claims\"], \$at[\"claims_failed\"] }' /tmp/out/*/runs.csv | sort | uniq -c | xargs)\"
			cat /tmp/said >&2"
		done
	} > script
	"$PAGESTORM" lab --timeout 240 $options --file script:/script --exec 'sh /script' \
		2> err | tr -d '\r' | grep '^run' | tee said
}

@test "anon is exact on cgroup v2 with huge pages always on" {
	guest '' 'anon size=33M' 'anon size=33M touch=populate fill=zero' 'anon size=33M touch=read' \
		'anon size=33M touch=read_write threads=2' 'anon size=65M pages=huge' 'anon size=5000'
	[ "$(grep -c '^run 0 1 ok [0-9]* 0$' said)" = 6 ]
}

@test "one page fewer is seen on cgroup v2" {
	guest '' 'anon size=16M sabotage=1'
	grep -q '^run 1 1 target_missed [0-9]* [1-9]' said
}

@test "victims are named on cgroup v2, a lowered oom_score_adj spares" {
	guest '' 'oom memory.max=48M victims=30M' 'oom memory.max=48M "victims=4M:900 12M"' \
		'oom memory.max=48M victims=30M:-1000' 'oom memory.max=48M --repeat=5'
	[ "$(grep -c '^run 0 1 expected_oom [0-9]* 0$' said)" = 3 ]
	grep -q '^run 0 5 expected_oom [0-9]* 0$' said
}

@test "memory.oom.group kills all, and spares what is never killed" {
	guest '' 'oom memory.max=48M victims=10M memory.oom.group=1' \
		'oom memory.max=48M victims=10M:-1000 memory.oom.group=1'
	[ "$(grep -c '^run 0 1 expected_oom [0-9]* 0$' said)" = 2 ]
}

@test "swap that is left over is filled first when asked, and not used when not" {
	guest '--swap zram:64M' 'oom memory.max=48M' 'oom memory.max=32M memory.swap.max=16M fill=random' \
		'anon size=33M'
	cat said err
	[ "$(grep -c '^run 0 1 expected_oom [0-9]* 0$' said)" = 2 ]
	grep -q '^run 0 1 ok [0-9]* 0$' said
}
