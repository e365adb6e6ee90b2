#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The tools installed here, beside workloads whose numbers are known.

bats_require_minimum_version 1.5.0

# Tools that measure a process, a group or a device.
own_tools=(atop busybox cgget fincore heaptrack ipcs lsan numastat perf-stat perf-trace
	pidstat pmap ps psutil smem strace swapon systemd-cgtop time top valgrind-massif
	valgrind-memcheck vmtouch)
# Tools that measure the whole machine: other processes are noise.
machine_tools=(free node-exporter sadf sar slabtop vmstat)

# Each tool runs once, unchanged; its output is kept, and each test reads that. The lies are
# derived from the same output and compared with the truth of the same runs, so that no other
# activity on the machine can hide one.
setup_file()
{
	[ "$(id -u)" -eq 0 ] || return 0
	cd "$PAGESTORM_SRCDIR" || return
	local status=0 lie="tests/tools/lie {pid} {start}"
	"$PAGESTORM" validate --wait=600 -q --keep -n 1 -o "$BATS_FILE_TMPDIR/honest" \
		"${own_tools[@]}" "${machine_tools[@]}" > "$BATS_FILE_TMPDIR/said" 2>&1 || status=$?
	echo "$status" > "$BATS_FILE_TMPDIR/status"
	"$PAGESTORM" validate --replay="$(echo "$BATS_FILE_TMPDIR"/honest/*-validate)" \
		--filter "$lie" -o "$BATS_FILE_TMPDIR/lying" \
		"${own_tools[@]}" "${machine_tools[@]}" > "$BATS_FILE_TMPDIR/lied" 2>&1 || true
}

setup()
{
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	cd "$PAGESTORM_SRCDIR" || return
	work=$BATS_TEST_TMPDIR
	honest=$(echo "$BATS_FILE_TMPDIR"/honest/*-validate)
	lying=$(echo "$BATS_FILE_TMPDIR"/lying/*-validate)
}

# score TOOL…: sets $rows to the rows without the header; waits for another run
score()
{
	run "$PAGESTORM" validate --wait=600 -q -o "$work" "$@"
	rows=$(tail -n +2 "$work"/*-validate/scorecard.csv)
	echo "$output"
	echo "$rows"
}

# field N: of each row
field()
{
	cut -d, -f"$1" <<< "$rows"
}

# rows_of TOOL SCORECARD
rows_of()
{
	grep "^$1," "$2"
}

# has TOOL: its program is installed; sets $program
has()
{
	program=$(sed -n 's/^program = //p' "profiles/tools/$1.ini")
	[ -r "$program" ] || PATH=$PATH:/usr/sbin:/sbin command -v "$program" > /dev/null
}

installed()
{
	has "$1" || skip "$program is not installed: package $(
		sed -n 's/^package = //p' "profiles/tools/$1.ini")"
}

# scored TOOL: no verdict is wrong or unread, and at least one row has a verdict on a number;
# noise is the activity of other processes on a swap device, which the row states
scored()
{
	local rows bad
	rows=$(rows_of "$1" "$honest/scorecard.csv")
	echo "$rows"
	bad=$(grep -E ',(wrong|unread),' <<< "$rows") || true
	[ -z "$bad" ] && grep -qE ',(right|within_resolution|biased|noise),' <<< "$rows"
}

# is_true TOOL: a tool of own_tools is scored
is_true()
{
	installed "$1"
	cat "$BATS_FILE_TMPDIR/said"
	scored "$1"
}

@test "atop is scored" { is_true atop; }
@test "busybox is scored" { is_true busybox; }
@test "cgget is scored" { is_true cgget; }
@test "fincore is scored" { is_true fincore; }
@test "heaptrack is scored" { is_true heaptrack; }
@test "ipcs is scored" { is_true ipcs; }
@test "LeakSanitizer is scored" { is_true lsan; }
@test "numastat is scored" { is_true numastat; }
@test "perf stat is scored" { is_true perf-stat; }
@test "perf trace is scored" { is_true perf-trace; }
@test "pidstat is scored" { is_true pidstat; }
@test "pmap is scored" { is_true pmap; }
@test "ps is scored" { is_true ps; }
@test "psutil is scored" { is_true psutil; }
@test "smem is scored" { is_true smem; }
@test "strace is scored" { is_true strace; }
@test "swapon is scored" { is_true swapon; }
@test "systemd-cgtop is scored" { is_true systemd-cgtop; }
@test "GNU time is scored" { is_true time; }
@test "top is scored" { is_true top; }
@test "massif is scored" { is_true valgrind-massif; }
@test "memcheck is scored" { is_true valgrind-memcheck; }
@test "vmtouch is scored" { is_true vmtouch; }

@test "a planted wrong or unread row beside right ones fails \"is scored\"" {
	local verdict
	mkdir "$work/planted"
	for verdict in wrong unread; do
		cp "$honest/scorecard.csv" "$work/planted"
		echo "planted,1,first,10,e,10,0,0.000,right,,1" >> "$work/planted/scorecard.csv"
		(honest=$work/planted && scored planted)
		echo "planted,1,second,10,e,12,2,20.000,$verdict,,1" >> "$work/planted/scorecard.csv"
		echo "planted,1,third,10,e,10,0,0.000,right,,1" >> "$work/planted/scorecard.csv"
		(honest=$work/planted && run ! scored planted)
	done
	(honest=$work/planted && run ! scored absent)
}

# An honest reading is off by no more than its resolution and the machine's noise, so a lie of
# more than twice that must be wrong: it is derived from the same output and compared with the
# truth of the same run. A lie that cancels a known bias does not count: it is the truth.
# judge_lies TOOL…: sets $nr to the number of wrong lies; fails if one is not wrong
judge_lies()
{
	local missed
	awk -F, -v tools=" $* " '
		function abs(x) { return x < 0 ? -x : x }
		FNR == NR { lied[$1, $3] = $6; now[$1, $3] = $9; next }
		!index(tools, " " $1 " ") || $9 ~ /^(skipped|unread|wrong)$/ { next }
		# five percent of zero is zero
		$4 == 0 || $6 / $4 <= 0.1 { next }
		abs(lied[$1, $3] - $6) <= 2 * ($17 + $18) { next }
		$9 == "biased" && abs(lied[$1, $3] - $4) <= $17 + $18 { next }
		{ print $1, $3 ": was " $9 " with " $6 ", is " now[$1, $3] " with " lied[$1, $3] }' \
		"$lying/scorecard.csv" "$honest/scorecard.csv" | tee "$work/lies"
	nr=$(grep -c ', is wrong with ' "$work/lies") || true
	missed=$(grep -vc ', is wrong with ' "$work/lies") || true
	[ "$missed" -eq 0 ]
}

@test "a tool that adds five percent is wrong in every quantity" {
	judge_lies "${own_tools[@]}"
	[ "$nr" -ge 20 ]
}

@test "the same output is scored the same again" {
	"$PAGESTORM" validate --replay="$honest" -q -o "$work" "${own_tools[@]}" "${machine_tools[@]}" ||
		[ $? -eq "$(cat "$BATS_FILE_TMPDIR/status")" ]
	diff <(cut -d, -f 1-18 "$honest/scorecard.csv") <(cut -d, -f 1-18 "$work"/*-validate/scorecard.csv)
}

# For tools of the whole machine a null load measures the noise of other processes. Each tool
# must be read, and a lie must be wrong unless the row states the noise that hides it.
@test "tools of the whole machine are read, and a lie in their output is wrong unless the stated noise covers it" {
	local tool tools=() unread quiet
	for tool in "${machine_tools[@]}"; do
		! has "$tool" || tools+=("$tool")
	done
	[ ${#tools[@]} -gt 0 ] || skip "no tool of the whole machine is installed: package procps"
	rows=$(for tool in "${tools[@]}"; do rows_of "$tool" "$honest/scorecard.csv"; done)
	echo "$rows"
	unread=$(grep -E ',(unread|wrong),' <<< "$rows") || true
	[ -z "$unread" ]
	# each row that is not skipped has its noise in column 18
	quiet=$(awk -F, '$9 != "skipped" && $18 == ""' <<< "$rows")
	[ -z "$quiet" ]
	judge_lies "${tools[@]}"
	echo "$nr lies are wrong"
}

# A separate tool with its own adapter: ps plus five percent.
@test "a lying program behind a user's adapter is wrong and gives exit status 1" {
	cat > "$work/liar" <<-'LIAR'
	#!/bin/sh
	ps -o rss= -p "$1" | awk '{ printf "rss %d\n", $1 * 1.05 }'
	LIAR
	chmod +x "$work/liar"
	cat > "$work/liar.ini" <<-LIAR
	[tool]
	summary = ps and five percent
	package = none
	program = $work/liar
	version = echo 1.0
	command = $work/liar {pid}
	[load anon]
	run = anon size=64M
	[quantity resident_bytes]
	difference = yes
	pattern = rss ([0-9]+)
	unit = KiB
	truth = achieved
	resolution = 512K
	resolution_why = batches
	LIAR
	score "$work/liar.ini"
	[ "$status" -eq 1 ]
	[ "$(field 9)" = wrong ]
	awk -v p="$(field 8)" 'BEGIN { exit !(p > 4 && p < 6) }'
}

@test "known inaccuracies are reported with their cause" {
	installed ps
	grep -q '^ps,[^,]*,sum_of_sharers,.*,300.000,biased,' "$honest/scorecard.csv"
	grep -qE '^valgrind-massif,.*,(biased|skipped),' "$honest/scorecard.csv"
}

@test "a tool that is not installed is skipped with its package" {
	cat > "$work/absent.ini" <<-'ABSENT'
	[tool]
	summary = not here
	package = some-package
	program = no-such-program
	command = no-such-program
	[load nothing]
	run = null
	[quantity q]
	pattern = (1)
	truth = 1
	ABSENT
	score "$work/absent.ini"
	[ "$status" -eq 77 ]
	[ "$(field 9)" = skipped ]
	grep -q some-package <<< "$rows"
}

@test "a monitor's own CSV is held against the truth of a run" {
	run "$PAGESTORM" run anon size=64M --wait=600 -o "$work"
	[ "$status" -eq 0 ]
	directory=$(echo "$work"/*-anon)
	cat > "$work/mine.csv" <<-'MINE'
	quantity,value,unit,truth
	rss,65536,KiB,achieved
	faults,16384,count,slot.pages_touched
	wrong,70000,KiB,achieved
	MINE
	run "$PAGESTORM" validate --compare="$work/mine.csv" -o "$work" "$directory"
	[ "$status" -eq 1 ]
	[ "$(cut -d, -f9 "$work"/*-validate/scorecard.csv | tr '\n' ' ')" = "verdict right right wrong " ]
	run "$PAGESTORM" report "$work"/*-validate
	[ "$status" -eq 0 ]
	[[ $output == *"Scorecard"* ]]
}

@test "the README's recipe for a user's monitor works as written" {
	recipe=$(awk '/^Or it writes a CSV/ { on = 1 } /^The scorecards|^## / { on = 0 }
		on && sub(/^    /, "")' README.md)
	[[ $recipe == *--compare=* ]]
	mkdir "$work/there"
	cd "$work/there"
	ln -s "$PAGESTORM" pagestorm
	# Enter ends the pause, in which a monitor would observe the worker.
	run bash -c 'echo | bash -c "$1"' - "${recipe/run anon/run anon --wait=600}"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(cut -d, -f9 results/*-validate/scorecard.csv | tr '\n' ' ')" = "verdict right right " ]
}

@test "scorecard.csv begins with the promised columns" {
	[[ $(head -1 "$honest/scorecard.csv") == \
		tool,version,quantity,truth,evidence,said,error,error_percent,verdict,why,* ]]
}

@test "--json is one document with every row" {
	installed fincore
	run --separate-stderr "$PAGESTORM" validate --replay="$honest" --json -o "$work" fincore
	[ "$status" -eq 0 ]
	python3 -c 'import json, sys; d = json.load(sys.stdin); assert len(d["rows"]) == 10' \
		<<< "$output"
}
