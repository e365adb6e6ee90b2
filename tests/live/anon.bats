#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of the anon workload, compared with what the kernel shows to other processes:
# smaps, the group's files and the content of the pages.

bats_require_minimum_version 1.5.0

load ../lib/observe
load ../lib/disturbance
load ../lib/capability

setup() { observe_setup; }
teardown() { observe_teardown; }

# truth QUANTITY COLUMN…: values of the anon worker's claims
truth()
{
	claim anon "$@"
}

row()
{
	column runs.csv anon "$1"
}

# hold BYTES key=value…: a run, up to HELD
hold()
{
	bytes=$1
	shift
	begin_held anon "size=$bytes" "$@"
}

# field KEY: kB of the one mapping of the held size
field()
{
	awk -v size=$((bytes / 1024)) -v key="$1:" '
		$1 == "Size:" { ours = $2 == size }
		ours && $1 == key { print $2 }' "/proc/$worker/smaps" 2> /dev/null
}

mapping_start()
{
	awk -v size=$((bytes / 1024)) '
		/^[0-9a-f]+-/ { start = $1; sub(/-.*/, "", start) }
		$1 == "Size:" && $2 == size { print start }' "/proc/$worker/smaps"
}

# charged BYTES: of anonymous memory, by the group's memory.stat
charged()
{
	[ "$(group_stat rss)$(group_stat anon)" = "$1" ]
}

# Time that the worker has spent on a CPU, in nanoseconds.
cpu_ns()
{
	cut -d' ' -f1 "/proc/$worker/schedstat"
}

is_asleep()
{
	[ "$(cut -d' ' -f3 "/proc/$worker/stat")" = S ]
}

# Pages FIRST.. of the held mapping, read by another process.
content()
{
	dd if="/proc/$worker/mem" bs=4096 skip=$((0x$(mapping_start) / 4096 + $1)) count="$2" \
		iflag=fullblock status=none
}

@test "193 MiB are held to the page, by smaps, numa_maps and the group" {
	hold $((193 << 20))
	kb=$((193 * 1024))
	[ "$(field Rss)" = $kb ]
	[ "$(field Anonymous)" = $kb ]
	[ "$(field Private_Dirty)" = $kb ]
	[ "$(field Pss)" = $kb ]
	[ "$(field Swap)" = 0 ]
	[ "$(field AnonHugePages)" = 0 ]
	[ ! -r "/proc/$worker/numa_maps" ] ||
		grep -q "^$(mapping_start) .*anon=$((kb / 4)) dirty=$((kb / 4))" "/proc/$worker/numa_maps"
	own=$(awk '$1 == "Size:" { size = $2 } $1 == "Anonymous:" && size != '$kb' { n += $2 }
		END { print n }' "/proc/$worker/smaps")
	within 5 charged $(((kb + own) * 1024))
	finish
}

@test "holding costs no CPU time" {
	hold $((64 << 20))
	within 5 is_asleep # it reports that it holds, and then waits
	before=$(cpu_ns)
	[ "$before" -gt 0 ]
	sleep 0.5 # time has to pass
	[ "$(cpu_ns)" = "$before" ]
	finish
}

@test "random pages are incompressible and no two are equal" {
	hold $((16 << 20)) fill=random
	content 0 4096 > pages
	[ "$(stat -c %s pages)" = $((16 << 20)) ]
	[ "$(gzip -c pages | wc -c)" -gt $((16 << 20)) ]
	[ "$(od -An -v -tx8 -w4096 pages | sort -u | wc -l)" = 4096 ]
}

@test "half-random pages compress to half, zero pages to nothing" {
	hold $((16 << 20)) fill=50%
	size=$(content 0 4096 | gzip -c | wc -c)
	[ "$size" -gt $((8 << 20)) ]
	[ "$size" -lt $(((8 << 20) * 102 / 100)) ]
	finish
	hold $((16 << 20)) fill=zero touch=bytes
	[ "$(content 0 4096 | tr -d '\0' | wc -c)" = 0 ]
}

@test "every claim holds for each way to touch, kind of page and number of threads" {
	for settings in "touch=write" "touch=populate" "touch=populate fill=zero" "touch=bytes" \
		"touch=read" "touch=read_write" "pattern=random" "pattern=reverse" \
		"pattern=stride stride=7" "threads=3" "size=5000" "size=4K" \
		"rate=200M/s" "access=200ms access_pattern=zipf latency=yes"; do
		[[ "$settings" == size=* ]] || settings="size=33M $settings"
		# shellcheck disable=SC2086 # several words
		undisturbed run_workload anon $settings || { echo "$settings: $(cat said)"; return 1; }
		[ "$(count_verdicts anon pass)" -ge 24 ] || { echo "$settings: $(cat said)"; return 1; }
		[ "$(count_verdicts anon fail)" = 0 ]
	done
}

@test "huge pages fault once each, and the remainder by base pages" {
	grep -q '\[never\]' /sys/kernel/mm/transparent_hugepage/enabled && skip "huge pages are off"
	for settings in "touch=bytes" "touch=populate fill=zero" "threads=2"; do
		# shellcheck disable=SC2086 # words of their own
		undisturbed run_workload anon size=65M pages=huge $settings || { echo "$settings: $(cat said)"; return 1; }
		[ "$(truth minor_faults 'expected observed verdict')" = "288 288 pass" ]
		[ "$(truth huge_bytes 'observed verdict')" = "67108864 pass" ]
	done
}

@test "one page fewer fails the claims" {
	run run_workload anon size=16M inject_shortfall=1
	[ "$status" -eq 1 ]
	[ "$(row outcome)" = target_missed ]
	[ "$(truth minor_faults 'expected observed verdict')" = "4096 4095 fail" ]
	[ "$(truth resident_bytes 'observed verdict')" = "$((4095 * 4096)) fail" ]
	[ "$(truth group_anonymous_bytes 'observed verdict')" = "$((4095 * 4096)) fail" ]
	[ "$(truth major_faults verdict)" = pass ]
}

@test "a renamed copy of the program has its text in memory before it counts" {
	cp "$PAGESTORM" storm
	PAGESTORM=$PWD/storm
	run_workload anon size=64K
	[ "$(truth minor_faults 'expected observed verdict')" = "16 16 pass" ]
	[ "$(count_verdicts anon fail)" = 0 ]
}

@test "one page fewer is also detected when pages are only read" {
	run run_workload anon size=16M touch=read inject_shortfall=1
	[ "$status" -eq 1 ]
	[ "$(truth minor_faults 'expected observed verdict')" = "4096 4095 fail" ]
	[ "$(truth group_faults 'observed verdict')" = "4095 fail" ]
}

# Time for which the worker, or its virtual machine, was runnable but did not run, in
# nanoseconds: a wake-up is late by at most that. /proc/stat has the steal time in ticks.
kept_waiting()
{
	echo $(($(cut -d' ' -f2 "/proc/$worker/schedstat") +
		$(awk '/^cpu / { print $9 }' /proc/stat) * (1000000000 / $(getconf CLK_TCK))))
}

@test "a rate is kept: 50 MiB at 50 MiB/s take one second, plus at most 5 ms and the time that the CPU was busy elsewhere" {
	begin anon size=50M rate=50M/s touch=write
	before=$(kept_waiting)
	held
	waited=$(($(kept_waiting) - before))
	finish
	ns=$(slot fill_ns)
	echo "took $ns ns, waited $waited ns for a CPU"
	[ "$ns" -ge 1000000000 ]
	[ "$ns" -le $((1005000000 + waited)) ]
}

@test "accesses after the fill take no faults and have the requested share of reads" {
	run_workload anon size=16M access=300ms reads=75% latency=yes
	[ "$(truth minor_faults 'expected observed verdict')" = "4096 4096 pass" ]
	reads=$(slot reads)
	writes=$(slot writes)
	[ "$(row latency_count)" = $((reads + writes)) ]
	[ $((reads * 1000 / (reads + writes))) -ge 740 ]
	[ $((reads * 1000 / (reads + writes))) -le 760 ]
}

@test "a size that does not fit and contradictory options are refused before anything runs" {
	run run_workload anon size=64M memory.max=32M
	[ "$status" -eq 2 ]
	run run_workload anon fill=ones
	[ "$status" -eq 2 ]
	grep -q "fill" said
	if [ "$(capability zero_page)" != no ]; then
		run run_workload anon touch=read access=1s
		[ "$status" -eq 2 ]
	fi
	[ ! -e out ] || [ -z "$(ls out)" ]
}

@test "nothing is left behind" {
	run_workload anon size=16M threads=2
	[ "$(truth left_anonymous_bytes verdict)" = pass ]
	[ -z "$(find /sys/fs/cgroup -type d -path '*pagestorm*' -name anon 2> /dev/null)" ]
}
