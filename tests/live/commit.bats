#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of the commit workload, compared with the worker's maps and limits and with what
# another program is granted. Changes no setting.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup() { observe_setup; }
teardown() { observe_teardown; }

# holds BYTES: the worker has a mapping of that size
holds()
{
	grep -qx "Size: *$(($1 / 1024)) kB" "/proc/$worker/smaps"
}

# limited NAME: the soft limit of the worker
limited()
{
	awk -v name="$1" 'index($0, name) == 1 { sub(name, ""); print $1 }' "/proc/$worker/limits"
}

@test "RLIMIT_AS grants a mapping up to its last page, which is held without memory" {
	begin commit limit=100M
	before=$(kb status VmSize)
	held
	holds $((100 << 20))
	[ "$(kb status VmSize)" = $((before + 102400)) ]
	[ "$(limited 'Max address space')" = $(((before + 102400) << 10)) ]
	[ "$(kb smaps_rollup Rss)" -lt 8192 ]
	finish
	[ "$(count_verdicts commit fail)" = 0 ]
	[ "$(count_verdicts commit pass)" -ge 15 ]
}

@test "RLIMIT_DATA does, and a limit that is no whole page is rounded down" {
	begin_held commit by=data limit=5000001
	holds $((5000001 / $(getconf PAGESIZE) * $(getconf PAGESIZE)))
	[ "$(limited 'Max data size')" != unlimited ]
	finish
	[ "$(count_verdicts commit fail)" = 0 ]
}

# granted BYTES: whether another program gets a private mapping of that size
granted()
{
	python3 - "$1" <<-'EOF'
		import ctypes, sys
		libc = ctypes.CDLL(None, use_errno=True)
		libc.mmap.restype = ctypes.c_ssize_t
		at = libc.mmap(None, ctypes.c_size_t(int(sys.argv[1])), 3, 0x22, -1, ctypes.c_ssize_t(0))
		sys.exit(at == -1)
	EOF
}

@test "in mode 0 the largest mapping is all of memory and swap, to another program too" {
	command -v python3 > /dev/null || skip "no python3"
	[ "$(cat /proc/sys/vm/overcommit_memory)" = 0 ] || skip "vm.overcommit_memory is not 0"
	for try in 1 2 3; do
		swap=$(awk '$1 == "SwapTotal:" { print $2 }' /proc/meminfo)
		run_workload commit by=heuristic
		[ "$(count_verdicts commit fail)" = 0 ]
		largest=$(slot largest_bytes)
		at_most=$(granted "$largest" && echo yes) || true
		beyond=$(granted $((largest + $(getconf PAGESIZE))) && echo yes) || true
		[ "$swap" != "$(awk '$1 == "SwapTotal:" { print $2 }' /proc/meminfo)" ] || break
		retried "another process added or removed swap"
		[ "$try" -lt 3 ] || skip "swap is added and removed all the time"
	done
	[ "$at_most" = yes ]
	[ -z "$beyond" ]
}

@test "a mapping that is smaller than the limit allows fails its claim" {
	for by in as data; do
		ends 1 commit by=$by limit=64M inject_shortfall=1
		expect_failed largest_mapping
	done
}

@test "a kind that the mode of overcommit does not have is skipped, with the setting to add" {
	[ "$(cat /proc/sys/vm/overcommit_memory)" = 0 ] || skip "vm.overcommit_memory is not 0"
	ends 77 commit by=strict
	grep -q "add vm.overcommit_memory=2" said
	run -0 "$PAGESTORM" plan commit by=strict vm.overcommit_memory=2
	run ! grep -q "add vm.overcommit_memory" <<< "$output"
}
