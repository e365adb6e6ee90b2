#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Tools as they are installed here, run beside loads whose numbers are known.

bats_require_minimum_version 1.5.0

setup()
{
	[ "$(id -u)" -eq 0 ] || skip "wants root"
	cd "$PAGESTORM_SRCDIR" || return
	work=$BATS_TEST_TMPDIR
}

# score TOOL…: the rows, without the header, in $rows; another run is waited for
score()
{
	run "$PAGESTORM" validate --wait=900 -q -o "$work" "$@"
	[ "$status" -ne 75 ] || skip "another run holds the lock"
	rows=$(tail -n +2 "$work"/*-validate/scorecard.csv)
	echo "$output"
	echo "$rows"
}

# field N: of each row
field()
{
	cut -d, -f"$1" <<< "$rows"
}

# has TOOL: its program is here; sets $program
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

# True of a tool whose numbers are a process's own: no verdict may be wrong or unread.
is_true()
{
	installed "$1"
	score -n 1 "$1"
	! grep -qE ',(wrong|unread),' <<< "$rows"
	grep -qE ',(right|within_resolution|biased|noise),' <<< "$rows"
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

# found_out NAMES-OF-THE-LIE TOOL…: what was no lie before: every amount that is not
# nothing must be wrong with five percent more. Sets $nr to how many were found out.
# $may is what a lie may be called besides; $again are the tools whose lie was missed.
found_out()
{
	local names=$1 honest tool quantity said truth verdict now
	shift
	score -n 1 "$@"
	honest=$rows
	rm -rf "$work"/*-validate
	score -n 1 --filter "tests/tools/lie $names" "$@"
	nr=0
	again=()
	while IFS=, read -r tool _ quantity truth _ said _ _ verdict _; do
		case $verdict in skipped | noise | unread | wrong) continue ;; esac
		# five percent of nothing is nothing
		awk -v t="$truth" -v s="$said" 'BEGIN { exit !(t != 0 && s / t > 0.1) }' ||
			continue
		now=$(grep "^$tool,[^,]*,$quantity," <<< "$rows" | cut -d, -f9)
		echo "$tool $quantity was $verdict and is $now"
		case $now in
		wrong) nr=$((nr + 1)) ;;
		"${may-}") ;;
		*) [[ " ${again[*]} " == *" $tool "* ]] || again+=("$tool") ;;
		esac
	done <<< "$honest"
	[ ${#again[@]} -eq 0 ]
}

@test "a tool that adds five percent is found out in every quantity" {
	local tool tools=()
	for tool in atop busybox cgget fincore heaptrack ipcs lsan numastat perf-stat \
		perf-trace pmap ps psutil smem strace swapon systemd-cgtop time top \
		valgrind-massif valgrind-memcheck vmtouch; do
		! has "$tool" || tools+=("$tool")
	done
	found_out "{pid} {start}" "${tools[@]}" || true
	[ "$nr" -ge 20 ]
	# What somebody else reclaims meanwhile can hide a lie in a tool's last digit once.
	[ ${#again[@]} -eq 0 ] || found_out "{pid} {start}" "${again[@]}"
}

# Of the whole machine: others who use it are noise that a null load measures beforehand
# and afterwards, and that may change in between. What must hold is that each is read,
# and that a lie is found out or the noise that hides it is stated. A neighbour that takes
# or gives memory just then can hide one, so what was missed is played once more.
@test "tools of the whole machine are read, and lie in vain or beside noise that is stated" {
	local tool tools=() may=noise
	for tool in free node-exporter sadf sar slabtop vmstat; do
		! has "$tool" || tools+=("$tool")
	done
	[ ${#tools[@]} -gt 0 ] || skip "no tool of the whole machine is installed: package procps"
	found_out "" "${tools[@]}" || true
	! grep -q ',unread,' <<< "$rows"
	# each row that is not skipped has its noise in column 18
	! awk -F, '$9 != "skipped" && $18 == ""' <<< "$rows" | grep .
	echo "$nr found out, missed: ${again[*]}"
	[ "$nr" -ge 3 ]
	[ ${#again[@]} -eq 0 ] || found_out "" "${again[@]}" || found_out "" "${again[@]}"
}

# A tool of its own, an adapter of its own: ps with five percent more.
@test "a lying program behind an adapter of one's own is wrong and gives exit status 1" {
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

@test "known inaccuracies are found with their cause" {
	installed ps
	score ps valgrind-massif
	grep -q '^ps,[^,]*,sum_of_sharers,.*,300.000,biased,' <<< "$rows"
	grep -qE '^valgrind-massif,.*,(biased|skipped),' <<< "$rows"
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
	run "$PAGESTORM" run anon size=64M --wait=900 -o "$work"
	[ "$status" -eq 0 ]
	folder=$(echo "$work"/*-anon)
	cat > "$work/mine.csv" <<-'MINE'
	quantity,value,unit,truth
	rss,65536,KiB,achieved
	faults,16384,count,slot.pages_touched
	wrong,70000,KiB,achieved
	MINE
	run "$PAGESTORM" validate --compare="$work/mine.csv" "$folder"
	[ "$status" -eq 1 ]
	[ "$(cut -d, -f9 "$folder/scorecard.csv" | tr '\n' ' ')" = "verdict right right wrong " ]
	run "$PAGESTORM" report "$folder"
	[ "$status" -eq 0 ]
	[[ $output == *"Scorecard"* ]]
}

@test "the README's recipe for a monitor of one's own works as it stands there" {
	recipe=$(awk '/^Or let it write a CSV/ { on = 1 } /^The scorecards|^## / { on = 0 }
		on && sub(/^    /, "")' README.md)
	[[ $recipe == *--compare=* ]]
	mkdir "$work/there"
	cd "$work/there"
	ln -s "$PAGESTORM" pagestorm
	run bash -c "${recipe/run anon/run anon --wait=900}"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(cut -d, -f9 mine/*-anon/scorecard.csv | tr '\n' ' ')" = "verdict right right " ]
}

@test "the columns of scorecard.csv begin as they are promised" {
	installed fincore
	score -n 1 fincore
	[[ $(head -1 "$work"/*-validate/scorecard.csv) == \
		tool,version,quantity,truth,evidence,said,error,error_percent,verdict,why,* ]]
}

@test "--json is one document with every row" {
	run --separate-stderr "$PAGESTORM" validate --wait=900 --json -n 1 -o "$work" fincore
	[ "$status" -eq 0 ] || skip "fincore is not installed: package util-linux-extra"
	python3 -c 'import json, sys; d = json.load(sys.stdin); assert len(d["rows"]) == 10' \
		<<< "$output"
}
