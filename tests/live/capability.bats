#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The effects of the kernel's capabilities in a run, and what must not be mistaken for a
# capability: page tables that are freed late.

bats_require_minimum_version 1.5.0

load ../lib/observe
load ../lib/capability

setup() { observe_setup; }
teardown() { observe_teardown; }

# charged SPAN BARRIER: bytes of kernel memory (v1) or of page tables (v2) charged to the
# worker's group at READY (before), HELD or GONE (after)
charged()
{
	awk -F, -v span="$1" -v barrier="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["worker"] == "anon" && $at["scope"] == "group" && $at["span"] == span &&
		($at["counter"] == "memory.kmem.usage_in_bytes" ||
		 $at["counter"] == "pagetables") { print $at[barrier] }' out/*/counters.csv
}

# The page tables of 256 MiB are 512 KiB; the others of a worker are below 200 KiB.
late_bytes=$((400 << 10))

@test "page tables of prewarmed memory are uncharged from the group at READY" {
	[ "$(capability table_charge)" = yes ] || skip "page tables are not charged here"
	run_workload anon size=256M prewarm=256M touch=write
	[ "$(charged work before)" -lt $late_bytes ]
	[ "$(charged work after)" -gt $late_bytes ]
	[ "$(verdict group_usage_bytes)" = pass ]
}

@test "page tables of an exited worker are uncharged from the group at GONE" {
	[ "$(capability table_charge)" = yes ] || skip "page tables are not charged here"
	run_workload anon size=256M prewarm=no touch=write
	[ "$(charged work after)" -gt $late_bytes ]
	[ "$(charged residue after)" -lt $late_bytes ]
	[ "$(verdict left_usage_bytes)" = pass ]
}

@test "without the huge zero page a read allocates the huge page, and the write after it takes no fault" {
	use=/sys/kernel/mm/transparent_hugepage/use_zero_page
	[ -w $use ] || skip "no $use"
	[ "$(capability huge_zero_page)" = yes ] || skip "no huge zero page to switch off"
	before=$(< $use)
	for settings in "anon size=32M touch=read_write" "anon size=32M touch=read" \
		"mmap_churn size=4M cycles=50 touch=read_write" \
		"brk_churn size=4M cycles=50 touch=read"; do
		# shellcheck disable=SC2086 # several words
		run_workload $settings pages=huge thp.use_zero_page=0 ||
			{ echo "$settings: $(cat said)"; return 1; }
		[ "$(nr_failed)" = 0 ]
	done
	[ "$(< $use)" = "$before" ]
}

@test "with the huge zero page the same options are refused, and a write takes one more fault" {
	[ "$(capability huge_zero_page)" = yes ] || skip "no huge zero page"
	run -2 "$PAGESTORM" plan anon size=32M pages=huge touch=read thp.use_zero_page=1
	run -2 "$PAGESTORM" plan mmap_churn pages=huge touch=read_write thp.use_zero_page=1
	run -0 "$PAGESTORM" plan --claims anon size=32M pages=huge touch=read_write thp.use_zero_page=1
	[[ "$output" == *"a second one replaces it"* ]]
}

@test "victim's accesses do not hide a shortfall, with or without the zero page" {
	run ! run_workload victim size=1M writes=100% rate=0 duration=200ms inject_shortfall=1
	expect_failed minor_faults resident_bytes anonymous_bytes group_anonymous_bytes
}

@test "doctor has a line for each capability, with its question and what was seen" {
	command -v python3 > /dev/null || skip "no python3"
	mapfile -t names < <("$PAGESTORM" doctor --json 2> /dev/null |
		python3 -c 'import json, sys; print(*json.load(sys.stdin)["capabilities"], sep="\n")')
	[ "${#names[@]}" -gt 30 ]
	"$PAGESTORM" doctor > lines 2> /dev/null &
	pid=$!
	wait $pid
	for name in "${names[@]}"; do
		grep -E "^(ok +$name .+\? (yes|no)|limited +$name .+\? unknown) \(.+\)$" lines ||
			{ echo "$name: $(grep -w "$name" lines)"; return 1; }
	done
	[ -z "$(find /sys/fs/cgroup -type d -name "pagestorm-probe-$pid")" ]
}

@test "exact_statm is what another program sees of pages that it touches" {
	command -v python3 > /dev/null || skip "no python3"
	[ "$(capability exact_statm)" != unknown ] || skip "exact_statm is unknown here"
	python3 - > seen <<-'EOF'
		import mmap, os
		PAGES, PAGE = 20, mmap.PAGESIZE
		fd = os.open("/proc/self/statm", os.O_RDONLY)
		def resident():
		    return int(os.pread(fd, 128, 0).split()[1])
		m = mmap.mmap(-1, PAGES * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
		m.madvise(mmap.MADV_NOHUGEPAGE)
		exact = 0
		resident()
		for i in range(PAGES):
		    before = resident()
		    m[i * PAGE] = 1
		    exact += resident() - before == 1
		print("yes" if exact > PAGES / 2 else "no")
	EOF
	[ "$(capability exact_statm)" = "$(cat seen)" ]
}

@test "advice is taken from another program where the capability says so" {
	command -v python3 > /dev/null || skip "no python3"
	for row in populate:23 pageout:21 cold:20 lazy_free:8 collapse:25; do
		state=$(capability "${row%:*}")
		python3 - "${row#*:}" > seen <<-'EOF'
			import ctypes, sys
			libc = ctypes.CDLL(None, use_errno=True)
			print("no" if libc.madvise(None, 0, int(sys.argv[1])) else "yes")
		EOF
		echo "$row is $state, and $(cat seen)"
		[ "$state" = "$(cat seen)" ] || [ "$state" = unknown ]
	done
}

# is_probing PID: its group exists
is_probing()
{
	local parent
	for parent in "${parents[@]}"; do
		[ ! -d "$parent/pagestorm-probe-$1" ] || return 0
	done
	return 1
}

@test "a signal while a capability is probed ends the program and leaves no group" {
	[ "$(capability table_charge)" != unknown ] || skip "nothing is tried in a group here"
	parents=("/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)"
		"/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)" /sys/fs/cgroup)
	caught=0
	for try in {1..60}; do
		"$PAGESTORM" plan null > /dev/null 2>&1 3>&- &
		planner=$!
		until is_probing $planner || ! kill -0 $planner 2> /dev/null; do
			:
		done
		kill -TERM $planner 2> /dev/null || true
		status=0
		wait $planner || status=$?
		! is_probing $planner || return 1
		[ "$status" -ne 143 ] || caught=$((caught + 1))
		[ "$caught" -lt 5 ] || break
	done
	echo "$caught of $try met the signal"
	[ "$caught" -eq 5 ]
}

# One probe's page tables are freed while the next one looks at the group's charge.
@test "what is charged to a group is the same each time that it is tried" {
	for _ in {1..15}; do
		"$PAGESTORM" doctor --json > doctor.json || true
		python3 -c 'import json
shown = json.load(open("doctor.json"))["capabilities"]
print(shown["table_charge"], shown["kernel_charge"])'
	done | sort -u > states
	cat states
	[ "$(wc -l < states)" -eq 1 ]
}
