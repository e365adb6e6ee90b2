#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of the lazyfree workload, compared with smaps, the flags of each page frame and
# the machine's counts.

bats_require_minimum_version 1.5.0

load ../lib/observe
load ../lib/disturbance

setup() { observe_setup; }
teardown() { observe_teardown; }

# find_mapping: sets $range, "START END" of the mapping of 32 MiB; locking a part splits it
find_mapping()
{
	range=$(awk '
		/^[0-9a-f]+-/ { split($1, at, "-") }
		$1 == "Size:" && $2 == 32768 { print at[1], at[2] }' "/proc/$worker/smaps")
	[ -n "$range" ]
}

# mapping KEY: kB of it, all its parts; addresses of one length compare as text
mapping()
{
	awk -v key="$1:" -v range="$range" '
		BEGIN { split(range, of, " ") }
		/^[0-9a-f]+-/ { split($1, at, "-"); ours = at[1] "" >= of[1] "" && at[2] "" <= of[2] "" && length(at[1]) == length(of[1]) }
		ours && $1 == key { sum += $2 }
		END { print sum + 0 }' "/proc/$worker/smaps"
}

# frames: "PRESENT BACKED" pages of the mapping, by the flags of their page frames:
# a page that is lazily free has no swap behind it (SWAPBACKED, bit 14, is clear)
frames()
{
	# shellcheck disable=SC2086 # two words
	python3 - "$worker" $range <<-'EOF'
		import struct, sys
		pid, page = sys.argv[1], 4096
		start, end = int(sys.argv[2], 16), int(sys.argv[3], 16)
		present = backed = 0
		with open(f"/proc/{pid}/pagemap", "rb") as pagemap, open("/proc/kpageflags", "rb") as flags:
		    pagemap.seek(start // page * 8)
		    for (entry,) in struct.iter_unpack("Q", pagemap.read((end - start) // page * 8)):
		        if entry >> 63:
		            present += 1
		            flags.seek((entry & (1 << 55) - 1) * 8)
		            backed += struct.unpack("Q", flags.read(8))[0] >> 14 & 1
		print(present, backed)
	EOF
}

need_frames()
{
	command -v python3 > /dev/null || skip "no python3"
	[ -r /proc/kpageflags ] || skip "no /proc/kpageflags"
	[ "$(getconf PAGESIZE)" = 4096 ] || skip "pages are not of 4 KiB"
}

@test "MADV_FREE of 32 MiB leaves Rss, and a quarter written again is a quarter less of LazyFree" {
	need_frames
	begin_held lazyfree size=32M
	find_mapping
	[ "$(mapping Rss)" = 32768 ]
	[ "$(mapping LazyFree)" = 24576 ]
	[ "$(frames)" = "8192 0" ]
	finish
	[ "$(count_verdicts lazyfree fail)" = 0 ]
	[ "$(count_verdicts lazyfree pass)" -ge 25 ]
}

@test "reclaim frees the other three quarters without swapping out" {
	need_frames
	begin lazyfree size=32M reclaim=yes
	find_mapping
	freed=$(awk '$1 == "pglazyfreed" { print $2 }' /proc/vmstat)
	held
	freed=$(($(awk '$1 == "pglazyfreed" { print $2 }' /proc/vmstat) - freed))
	[ "$freed" -ge 6144 ]
	[ "$(mapping Rss)" = 8192 ]
	[ "$(mapping LazyFree)" = 0 ]
	[ "$(mapping Swap)" = 0 ]
	[ "$(frames | cut -d' ' -f1)" = 2048 ]
	finish
	[ "$(count_verdicts lazyfree fail)" = 0 ]
}

@test "every claim holds for each advice, with none to all of the pages written again" {
	for rewrite in 0 10% 100%; do
		for advice in free dontneed cold; do
			undisturbed run_workload lazyfree advice=$advice rewrite=$rewrite size=13M
			[ "$(column runs.csv lazyfree outcome)" = ok ]
			[ "$(count_verdicts lazyfree fail)" = 0 ]
			[ "$(count_verdicts lazyfree pass)" -ge 23 ]
		done
		undisturbed run_workload lazyfree reclaim=yes rewrite=$rewrite size=13M
		[ "$(count_verdicts lazyfree fail)" = 0 ]
	done
}

@test "MADV_PAGEOUT swaps out what is not written again, to zram and to a file" {
	need_zram
	for type in zram file; do
		[ $type = zram ] || need_swap_file
		undisturbed run_workload lazyfree advice=pageout size=16M swap.size=64M \
			swap.type=$type swap.priority=32767
		[ "$(claim lazyfree swapped_bytes observed)" = $((12 << 20)) ]
		[ "$(count_verdicts lazyfree fail)" = 0 ]
	done
}

@test "one page is exact, and one page fewer given away fails" {
	undisturbed run_workload lazyfree size=4K rewrite=0
	[ "$(count_verdicts lazyfree fail)" = 0 ]
	ends 1 lazyfree size=1M rewrite=0 inject_shortfall=1
	expect_failed lazy_free_bytes clean_bytes dirty_bytes pages_advised \
		process_lazy_free_bytes
}

# reclaim_all: of the worker's group
reclaim_all()
{
	if [ -e "$group/memory.force_empty" ]; then
		echo 0 > "$group/memory.force_empty"
	else
		echo 32M > "$group/memory.reclaim"
	fi
}

is_given_away()
{
	[ "$(mapping LazyFree)" = 32768 ]
}

@test "pages that another process reclaims first are disturbed, and not failed" {
	begin lazyfree size=32M rewrite=0 idle=3s profile.retries=0
	find_mapping
	[ -e "$group/memory.force_empty" ] || [ -e "$group/memory.reclaim" ] || skip "no reclaim of a group"
	go_on
	within 60 is_given_away
	reclaim_all 2> /dev/null || true # EAGAIN, EBUSY: some of it stays
	[ "$(mapping LazyFree)" = 0 ]
	until_paused held
	finish_with 4
	[ "$(verdict lazy_free_bytes)" = disturbed ]
	[ "$(count_verdicts lazyfree fail)" = 0 ]
}
