#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# plan and list, on saved machines, independent of this one.
# To renew the golden files on purpose: GOLDEN=write bats tests/golden/plan.bats

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	here="$BATS_TEST_DIRNAME/plan"
	machines="$BATS_TEST_DIRNAME/../fixtures/machines"
	cd "$BATS_TEST_TMPDIR"
	set -o pipefail
}

golden()
{
	if [ "${GOLDEN-}" = write ]; then
		cat > "$here/$1"
	else
		diff -u "$here/$1" -
	fi
}

# fits WORD…: no line of its output is longer than 80 characters
fits()
{
	"$PAGESTORM" "$@" > text
	! grep -E '^.{81,}$' text || return 1
}

@test "plan --json holds everything that a run would do, with cells numbered in a fixed order" {
	"$PAGESTORM" plan --host "$machines/v2-2-nodes" --json "$here/sweep.ini" | golden sweep.json
}

@test "plan prints the same as text" {
	"$PAGESTORM" plan --host "$machines/v2-2-nodes" "$here/sweep.ini" | golden sweep.txt
}

@test "plan --claims prints each claim with its reason" {
	"$PAGESTORM" plan --host "$machines/v1" --claims null sleep=1s | golden null.txt
}

@test "plan --ini prints a profile that gives the same plan" {
	"$PAGESTORM" plan --host "$machines/v2-2-nodes" --ini "$here/sweep.ini" > sweep.ini
	golden sweep.out.ini < sweep.ini
	"$PAGESTORM" plan --host "$machines/v2-2-nodes" --json sweep.ini > again.json
	diff <(grep -v '"line":' "$here/sweep.json") <(grep -v '"line":' again.json)
}

@test "plan --cell shows one cell, and refuses a cell that does not exist" {
	run "$PAGESTORM" plan --host "$machines/v2-2-nodes" --cell 4 "$here/sweep.ini"
	[ "$status" -eq 0 ]
	[[ "$output" == *$'\ncell 4: vm.swappiness=100;first.sleep=1s\n  settings '* ]]
	run "$PAGESTORM" plan --host "$machines/v2-2-nodes" --cell 6 "$here/sweep.ini"
	[ "$status" -eq 2 ]
	[ "$output" = "pagestorm: error: --cell: there is no cell 6; they are 0 to 5" ]
}

@test "each shipped profile with repeats has so many that a primary metric can be decided" {
	for profile in "$BATS_TEST_DIRNAME"/../../profiles/*.ini; do
		"$PAGESTORM" plan --host "$machines/v2-2-nodes" --json "$profile" > plan.json ||
			[ "$?" -eq 77 ]
		python3 - "${profile##*/}" <<-'PYTHON'
		import json, sys
		plan = json.load(open("plan.json"))
		if plan["repeats"] > 1:
		    assert plan["primary"], sys.argv[1]
		    for noise in plan["power"]:
		        assert noise["least_effect_percent"], (sys.argv[1], noise)
		PYTHON
	done
}

@test "plan says which difference the repeats find, and how many others take" {
	"$PAGESTORM" plan --host "$machines/v1" null profile.primary=seconds repeats=9 > text
	grep -qx '  primary      seconds' text
	grep -qE '^ +10 % +16\.2 % +76 +21 +7$' text
	"$PAGESTORM" plan --host "$machines/v1" null profile.primary=seconds repeats=3 |
		grep -qE '^ +2 % +nothing +5 +4 +4$'
	run "$PAGESTORM" plan --host "$machines/v1" null profile.primary=secnds
	[ "$status" -eq 2 ]
	[[ "$output" == *"primary: no metric is called secnds; did you mean seconds?" ]]
	run "$PAGESTORM" plan --host "$machines/v1" null profile.primary=hog.seconds
	[ "$status" -eq 2 ]
	[[ "$output" == *"primary: there is no worker hog" ]]
	fits plan --host "$machines/v1" null profile.primary=seconds,minor_faults repeats=9999
}

@test "plan exits 77 when nothing could run on this machine" {
	run "$PAGESTORM" plan --host "$machines/v1" null mems=1
	[ "$status" -eq 77 ]
	[[ "$output" == *"skipped: mems=1: this machine has no node 1"* ]]
}

@test "plan takes sabotage= for inject_shortfall=, and notes on stderr that it is the old name" {
	"$PAGESTORM" plan --host "$machines/v1" null inject_shortfall=2 > new 2> new.note
	"$PAGESTORM" plan --host "$machines/v1" null sabotage=2 > old 2> old.note
	diff new old
	[ ! -s new.note ]
	grep -q ' 2 pages less than claimed' old
	[ "$(< old.note)" = "pagestorm: note: sabotage= is now inject_shortfall=; the next version does not accept the old name" ]
}

@test "plan: a profile error exits 2 with file and line on stderr, and prints no plan" {
	printf '[workload a]\ntype = null\nsleeep = 1s\n' > wrong.ini
	run bash -c '"$1" plan --host "$2" ./wrong.ini 2>/dev/null' - "$PAGESTORM" "$machines/v1"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	run "$PAGESTORM" plan --host "$machines/v1" ./wrong.ini
	[ "$output" = "./wrong.ini:3: error: sleeep: no option of null; did you mean sleep?" ]
	run "$PAGESTORM" plan --host "$machines/v1" null vm.swapiness=3
	[ "$status" -eq 2 ]
	[ "$output" = "command line: error: vm.swapiness: unknown setting; did you mean vm.swappiness?" ]
	run "$PAGESTORM" plan --host "$machines/v1" nul
	[ "$status" -eq 2 ]
	[ "$output" = "pagestorm: error: nul: no workload and no profile; did you mean null?" ]
	run "$PAGESTORM" plan
	[ "$status" -eq 2 ]
}

@test "plan: a sweep whose cells have too long a label is refused: cut, two would have the same" {
	for i in 1 2 3 4 5 6; do
		printf '[workload a_worker_with_a_long_name_%s]\ntype = null\n' "$i"
	done > long.ini
	echo '[sweep]' >> long.ini
	for i in 1 2 3 4 5 6; do
		echo "a_worker_with_a_long_name_$i.sleep = 1s, 2s"
	done >> long.ini
	"$PAGESTORM" plan --host "$machines/v1" ./long.ini |
		grep -c '^cell [0-9]*: a_worker_with_a_long_name_1.sleep=1s;.*name_6.sleep=[12]s' | grep -x 32
	echo 'a_worker_with_a_long_name_1.delay = 1s, 2s' >> long.ini
	run "$PAGESTORM" plan --host "$machines/v1" ./long.ini
	[ "$status" -eq 2 ]
	[[ "$output" == *"[sweep]: the settings and values of cell 0 exceed 255 bytes"* ]]
}

@test "plan: a host that cannot be read exits 3" {
	run "$PAGESTORM" plan --host /nonexistent null
	[ "$status" -eq 3 ]
}

@test "list has a line for each workload, and each workload's page fits 80 columns" {
	fits list
	"$PAGESTORM" list | while read -r name summary; do
		[ -n "$summary" ]
		fits list "$name"
		"$PAGESTORM" list "$name" > page
		grep -q '^Options, with their defaults:' page
	done
	"$PAGESTORM" list null | golden list-null.txt
}

@test "list settings names the risk class of settings that put the machine under pressure" {
	fits list settings
	"$PAGESTORM" list settings > page
	grep -qx 'vm.swappiness: 0 to 200' page
	grep -qx 'vm.min_free_kbytes: from 1024 (R2)' page
	grep -qx 'vm.max_map_count: from 4096 (R2 below 65530)' page
	grep -qx 'ksm.run: 0 to 2 (R2 from 2)' page
	grep -qx 'thp.enabled: always|madvise|never' page
}

@test "list --json holds the same facts" {
	"$PAGESTORM" list null --json | golden list-null.json
	[ "$("$PAGESTORM" list | wc -l)" -eq \
		"$("$PAGESTORM" list --json | grep -c '^    "name":')" ]
}

@test "list: an unknown workload exits 2 with a suggestion" {
	run "$PAGESTORM" list nul
	[ "$status" -eq 2 ]
	[ "$output" = "pagestorm: error: nul: unknown workload; did you mean null?" ]
}

@test "plan --help and list --help fit a screen" {
	for name in plan list; do
		run "$PAGESTORM" $name --help
		[ "$status" -eq 0 ]
		[ "${#lines[@]}" -le 24 ]
		fits $name --help
	done
}

@test "each installed profile opens with its reason and can be planned or is skipped" {
	cp -r "$machines/v2-2-nodes" machine
	sed -i 's/^MemAvailable:.*/MemAvailable: 24000000 kB/' machine/proc/meminfo
	for profile in "$BATS_TEST_DIRNAME"/../../profiles/*.ini; do
		sed -n '/^;/!q;p' "$profile" | grep -vq SPDX || { echo "$profile: no reason"; false; }
		run "$PAGESTORM" plan --host machine "$profile"
		[ "$status" -eq 0 ] || [ "$status" -eq 77 ] || { echo "$output"; false; }
	done
}
