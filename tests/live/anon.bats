#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the anon workload promises, held against what the kernel shows to others:
# smaps, the group's files and the content of the pages, read from outside.

load watched
load ../lib/capability

setup() { watched_setup; }
teardown() { watched_teardown; }

anon()
{
	"$PAGESTORM" run anon "$@" --quiet --wait=120 -o out > said 2>&1
}

# truth QUANTITY COLUMN…: cells of the anon worker's claims
truth()
{
	awk -F, -v quantity="$1" -v columns="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; n = split(columns, name, " "); next }
		$at["worker"] == "anon" && $at["quantity"] == quantity {
			for (i = 1; i <= n; i++) printf "%s%s", $at[name[i]], i < n ? " " : "\n"
		}' out/*/truth.csv
}

row()
{
	awk -F, -v column="$1" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["worker"] == "anon" { print $at[column] }' out/*/runs.csv
}

verdicts()
{
	awk -F, -v verdict="$1" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["worker"] == "anon" && $at["verdict"] == verdict' out/*/truth.csv | wc -l
}

# Starts a run that holds, and waits until its worker has BYTES of the mapping resident.
hold()
{
	bytes=$1
	shift
	"$PAGESTORM" run anon "size=$bytes" hold=6s "$@" --quiet --wait=120 -o out > said 2>&1 3>&- &
	runner=$!
	for _ in $(seq 1400); do
		for pid in $(pgrep -P "$runner"); do
			grep -q '/anon$' "/proc/$pid/cgroup" 2> /dev/null || continue
			worker=$pid
			[ "$(field Rss)" = $((bytes / 1024)) ] && return 0
		done
		sleep 0.1
	done
	echo "no worker held $bytes bytes: $(cat said)"
	return 1
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

# group FILE KEY
group()
{
	directory=/sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' "/proc/$worker/cgroup")
	[ -d "$directory" ] || directory=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$worker/cgroup")
	awk -v key="$2" '$1 == key { print $2 }' "$directory/$1"
}

# Pages FIRST.. of the held mapping, as the kernel gives them to another process.
content()
{
	dd if="/proc/$worker/mem" bs=4096 skip=$((0x$(mapping_start) / 4096 + $1)) count="$2" \
		iflag=fullblock status=none
}

@test "193 MiB are held to the page: smaps, numa_maps and the group say so from outside" {
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
	sleep 2.5 # the kernel folds the group's statistics every two seconds
	key=rss
	[ -n "$(group memory.stat rss)" ] || key=anon
	own=$(awk '$1 == "Size:" { size = $2 } $1 == "Anonymous:" && size != '$kb' { n += $2 }
		END { print n }' "/proc/$worker/smaps")
	[ "$(group memory.stat $key)" = $(((kb + own) * 1024)) ]
}

@test "holding costs no CPU time" {
	hold $((64 << 20))
	before=$(cut -d' ' -f14,15 "/proc/$worker/stat")
	sleep 2
	[ "$(cut -d' ' -f14,15 "/proc/$worker/stat")" = "$before" ]
}

@test "random pages are incompressible and no two are equal" {
	hold $((16 << 20)) fill=random
	content 0 4096 > pages
	[ "$(stat -c %s pages)" = $((16 << 20)) ]
	[ "$(gzip -c pages | wc -c)" -gt $((16 << 20)) ]
	[ "$(split -b 4096 --filter='md5sum' pages | sort -u | wc -l)" = 4096 ]
}

@test "half-random pages compress to half and zero pages to nothing" {
	hold $((16 << 20)) fill=50%
	size=$(content 0 4096 | gzip -c | wc -c)
	[ "$size" -gt $((8 << 20)) ]
	[ "$size" -lt $(((8 << 20) * 102 / 100)) ]
	kill "$runner"
	wait "$runner" || true
	rm -r out
	hold $((16 << 20)) fill=zero touch=bytes
	[ "$(content 0 4096 | tr -d '\0' | wc -c)" = 0 ]
}

@test "every claim holds for each way to touch, kind of page and number of threads" {
	for settings in "touch=write" "touch=populate" "touch=populate fill=zero" "touch=bytes" \
		"touch=read" "touch=read_write" "pattern=random" "pattern=reverse" \
		"pattern=stride stride=7" "threads=3" "size=5000" "size=4K" \
		"rate=200M/s" "access=200ms access_pattern=zipf latency=yes"; do
		rm -rf out
		[[ "$settings" == size=* ]] || settings="size=33M $settings"
		# shellcheck disable=SC2086 # several words
		anon $settings || { echo "$settings: $(cat said)"; return 1; }
		[ "$(verdicts pass)" -ge 24 ] || { echo "$settings: $(cat said)"; return 1; }
		[ "$(verdicts fail)" = 0 ]
	done
}

@test "huge pages fault once each, and the rest of the size by base pages" {
	grep -q '\[never\]' /sys/kernel/mm/transparent_hugepage/enabled && skip "huge pages are off"
	for settings in "touch=bytes" "touch=populate fill=zero" "threads=2"; do
		rm -rf out
		anon size=65M pages=huge $settings || { echo "$settings: $(cat said)"; return 1; }
		[ "$(truth minor_faults 'expected observed verdict')" = "288 288 pass" ]
		[ "$(truth huge_bytes 'observed verdict')" = "67108864 pass" ]
	done
}

@test "one page fewer turns the verdicts: the claims can fail" {
	run anon size=16M sabotage=1
	[ "$status" -eq 1 ]
	[ "$(row outcome)" = target_missed ]
	[ "$(truth minor_faults 'expected observed verdict')" = "4096 4095 fail" ]
	[ "$(truth resident_bytes 'observed verdict')" = "$((4095 * 4096)) fail" ]
	[ "$(truth group_anonymous_bytes 'observed verdict')" = "$((4095 * 4096)) fail" ]
	[ "$(truth major_faults verdict)" = pass ]
}

@test "the program under another name has its own text in memory before it counts" {
	cp "$PAGESTORM" storm
	PAGESTORM=$PWD/storm
	anon size=64K
	[ "$(truth minor_faults 'expected observed verdict')" = "16 16 pass" ]
	[ "$(verdicts fail)" = 0 ]
}

@test "one page fewer is also seen when only read" {
	run anon size=16M touch=read sabotage=1
	[ "$status" -eq 1 ]
	[ "$(truth minor_faults 'expected observed verdict')" = "4096 4095 fail" ]
	[ "$(truth group_faults 'observed verdict')" = "4095 fail" ]
}

@test "a rate is kept: 50 MiB at 50 MiB/s take a second, at most 5 ms late" {
	for _ in 1 2 3; do # a busy machine may delay one wake-up by more
		rm -rf out
		anon size=50M rate=50M/s touch=write
		ns=$(awk -F, '$11 == "fill_ns" && $8 == "work" { print $16 }' out/*/counters.csv | head -1)
		[ "$ns" -ge 1000000000 ]
		[ "$ns" -le 1005000000 ] && return 0
	done
	echo "took $ns ns"
	return 1
}

@test "accesses after the fill fault nothing and have their share of reads" {
	anon size=16M access=300ms reads=75% latency=yes
	[ "$(truth minor_faults 'expected observed verdict')" = "4096 4096 pass" ]
	reads=$(awk -F, '$11 == "reads" { print $16; exit }' out/*/counters.csv)
	writes=$(awk -F, '$11 == "writes" { print $16; exit }' out/*/counters.csv)
	[ "$(row latency_count)" = $((reads + writes)) ]
	[ $((reads * 1000 / (reads + writes))) -ge 740 ]
	[ $((reads * 1000 / (reads + writes))) -le 760 ]
}

@test "what does not fit or contradicts itself is refused before anything runs" {
	run anon size=64M memory.max=32M
	[ "$status" -eq 2 ]
	run anon fill=ones
	[ "$status" -eq 2 ]
	grep -q "fill" said
	if [ "$(capability zero_page)" != no ]; then
		run anon touch=read access=1s
		[ "$status" -eq 2 ]
	fi
	[ ! -e out ] || [ -z "$(ls out)" ]
}

@test "nothing is left behind" {
	anon size=16M threads=2
	[ "$(truth left_anonymous_bytes verdict)" = pass ]
	[ -z "$(find /sys/fs/cgroup -type d -path '*pagestorm*' -name anon 2> /dev/null)" ]
}
