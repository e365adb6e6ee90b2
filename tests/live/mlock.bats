#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of the mlock workload, compared with smaps, the flags of each page frame and the
# worker's limits.

bats_require_minimum_version 1.5.0

load ../lib/observe
load ../lib/disturbance

setup() { observe_setup; }
teardown() { observe_teardown; }

# locked KEY: kB, summed over the process's locked mappings
locked()
{
	awk -v key="$1:" '
		/^[0-9a-f]+-/ { value = 0 }
		$1 == key { value = $2 }
		$1 == "VmFlags:" && / lo( |$)/ { sum += value }
		END { print sum + 0 }' "/proc/$worker/smaps"
}

# frames: pages of the worker's locked mappings whose frame is marked unevictable (bit 18 of
# /proc/kpageflags)
frames()
{
	awk '
		/^[0-9a-f]+-/ { split($1, at, "-") }
		$1 == "VmFlags:" && / lo( |$)/ { print at[1], at[2] }' "/proc/$worker/smaps" > ranges
	python3 - "$worker" "$(getconf PAGESIZE)" <<-'EOF'
		import struct, sys
		pid, page = sys.argv[1], int(sys.argv[2])
		marked = 0
		with open(f"/proc/{pid}/pagemap", "rb") as pagemap, open("/proc/kpageflags", "rb") as flags:
		    for line in open("ranges"):
		        start, end = (int(x, 16) for x in line.split())
		        pagemap.seek(start // page * 8)
		        for (entry,) in struct.iter_unpack("Q", pagemap.read((end - start) // page * 8)):
		            if entry >> 63:
		                flags.seek((entry & (1 << 55) - 1) * 8)
		                marked += struct.unpack("Q", flags.read(8))[0] >> 18 & 1
		print(marked)
	EOF
}

need_frames()
{
	command -v python3 > /dev/null || skip "no python3"
	[ -r /proc/kpageflags ] || skip "no /proc/kpageflags"
}

@test "mlock has all of 32 MiB in memory, each page marked unevictable" {
	need_frames
	begin_held mlock size=32M
	[ "$(locked Size)" = 32768 ]
	[ "$(locked Rss)" = 32768 ]
	[ "$(kb status VmLck)" = 32768 ]
	[ "$(frames)" = $((32768 * 1024 / $(getconf PAGESIZE))) ]
	finish
	[ "$(count_verdicts mlock fail)" = 0 ]
	[ "$(count_verdicts mlock pass)" -ge 19 ]
}

@test "with MLOCK_ONFAULT all of it counts as locked, and what was touched is in memory" {
	need_frames
	begin_held mlock size=32M how=onfault touched=25%
	[ "$(locked Size)" = 32768 ]
	[ "$(locked Rss)" = 8192 ]
	[ "$(kb status VmLck)" = 32768 ]
	[ "$(frames)" = $((8192 * 1024 / $(getconf PAGESIZE))) ]
	finish
	[ "$(count_verdicts mlock fail)" = 0 ]
}

@test "munlock leaves nothing locked" {
	begin_held mlock size=32M how=unlock
	[ "$(locked Size)" = 0 ]
	finish
	[ "$(count_verdicts mlock fail)" = 0 ]
	[ "$(claim mlock resident_bytes observed)" = 0 ]
}

@test "the page beyond RLIMIT_MEMLOCK is refused, without CAP_IPC_LOCK" {
	begin_held mlock size=16M limit=5000K
	[ "$(locked Rss)" = 5000 ]
	grep -Eq '^Max locked memory +5120000 ' "/proc/$worker/limits"
	[ $((0x$(awk '$1 == "CapEff:" { print $2 }' "/proc/$worker/status") >> 14 & 1)) = 0 ]
	finish
	[ "$(count_verdicts mlock fail)" = 0 ]
	[ "$(slot locks_refused)" = 1 ]
}

@test "every claim holds for each way, also where the limit is not reached" {
	for words in how=mlock how=onfault how=unlock "how=onfault touched=0" "size=4M limit=5M" size=4K; do
		# shellcheck disable=SC2086 # words
		undisturbed run_workload mlock $words
		[ "$(column runs.csv mlock outcome)" = ok ]
		[ "$(count_verdicts mlock fail)" = 0 ]
		[ "$(count_verdicts mlock pass)" -ge 17 ]
	done
}

@test "what contradicts is refused" {
	run -2 "$PAGESTORM" plan mlock how=onfault limit=1M
	run -2 "$PAGESTORM" plan mlock limit=1K
	run -2 "$PAGESTORM" plan mlock size=64M memory.max=32M
}
