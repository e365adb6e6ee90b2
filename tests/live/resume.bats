#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# An interrupted run is resumed where it stopped, a single cell gives the same as in the whole
# sweep, and a trial in which the harness fails does not stop the others.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup()
{
	observe_setup
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	cat > sweep.ini <<- INI
		[profile]
		why = small, in six steps
		repeats = 2
		sample = 50ms
		[sweep]
		hog.size = 4M, 8M, 12M
		[workload hog]
		type = anon
		memory.max = 64M
	INI
}

# Not every test resumes the run that it kills.
teardown()
{
	observe_teardown
	[ "$(id -u)" -ne 0 ] || "$PAGESTORM" restore > restored 2>&1 || cat restored
}

# cut TRIALS: a run killed with -9 after so many trials; sets $cut
cut()
{
	rm -rf out
	begin_paused ready sweep.ini
	for ((step = 0; step <= $1; step++)); do
		until_paused ready
	done
	kill -9 "$runner"
	wait "$runner" || true
	runner=
	abandon_pauses
	cut=$(echo out/*.partial)
	[ "$(grep -c ,hog,anon, "$cut/runs.csv")" = "$1" ] || [ "$1" = 0 ]
}

# trials FILE: the number of rows of each trial
trials()
{
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["worker"] == "hog" { print $at["cell"], $at["repeat"] }' "$1" | sort | uniq -c
}

@test "after kill -9 --resume runs the missing trials: each has its rows once, and the others are unchanged" {
	cut 2
	cp "$cut/runs.csv" before.csv
	# the state that a kill leaves while a trial's rows are written
	torn=$(head -c 50 "$cut/runs.csv")
	printf %s "$torn" >> "$cut/runs.csv"
	torn=$(tail -n 1 "$cut/counters.csv" | head -c 30)
	printf %s "$torn" >> "$cut/counters.csv"
	run "$PAGESTORM" run --resume "$cut" --wait=300 -q
	echo "$output"
	[ "$status" -eq 0 ]
	[ ! -e "$cut" ]
	[ "$(trials "${cut%.partial}/runs.csv")" = "$(printf '      1 %s\n' '0 1' '0 2' '1 1' '1 2' '2 1' '2 2')" ]
	# rows of complete trials are those of the first run, byte for byte
	head -n "$(wc -l < before.csv)" "${cut%.partial}/runs.csv" | cmp - before.csv
	[ "$(trials "${cut%.partial}/truth.csv" | awk '{ print $1 }' | sort -u | wc -l)" -eq 1 ]
	[ "$(trials "${cut%.partial}/counters.csv" | wc -l)" -eq 6 ]
	run "$PAGESTORM" report "${cut%.partial}"
	[[ "$output" == *"complete"* ]]
}

@test "an interrupted or broken trial is repeated, and its old rows are removed from every file" {
	cut 2
	sed -i '$s/,ok,/,broken,/' "$cut/runs.csv"
	run "$PAGESTORM" run --resume "$cut" --wait=300 -q
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c ,broken, "${cut%.partial}/runs.csv")" -eq 0 ]
	[ "$(trials "${cut%.partial}/runs.csv" | awk '{ print $1 }' | sort -u)" = 1 ]
	[ "$(trials "${cut%.partial}/truth.csv" | awk '{ print $1 }' | sort -u | wc -l)" -eq 1 ]
}

@test "--resume refuses a different plan, a finished directory and a profile argument" {
	cut 1
	sed -i 's/hog.size = 4M, 8M, 12M/hog.size = 4M, 8M, 16M/' "$cut/profile.ini"
	cp "$cut/runs.csv" before.csv
	run "$PAGESTORM" run --resume "$cut" --wait=300
	echo "$output"
	[ "$status" -eq 2 ]
	[[ "$output" == *"another plan"* ]]
	cmp before.csv "$cut/runs.csv"
	run "$PAGESTORM" run sweep.ini --resume "$cut"
	[ "$status" -eq 2 ]
	mv "$cut" "${cut%.partial}"
	run "$PAGESTORM" run --resume "${cut%.partial}" --wait=300
	echo "$output"
	[ "$status" -eq 2 ]
	[[ "$output" == *"only a run that was cut"* ]]
}

@test "--cell twice gives the same trials and params, each in a directory of its own" {
	for n in 1 2; do
		"$PAGESTORM" run sweep.ini --cell 1 --wait=300 -q -o "out$n" > said
		[ "$(find "out$n" -mindepth 1 -maxdepth 1 | wc -l)" -eq 1 ]
		awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
			{ print $at["cell"], $at["repeat"], $at["order"], $at["worker"], $at["params"],
				$at["outcome"], $at["achieved_bytes"] }' out$n/*/runs.csv > rows$n
	done
	[ -s rows1 ]
	cmp rows1 rows2
}

@test "a trial in which the harness fails is a row with outcome broken, and the other trials run" {
	cat > broken.ini <<- INI
		[profile]
		why = a swap file cannot be made where its directory is gone
		repeats = 1
		noise = no
		[sweep]
		swap.path = $PWD/none/pagestorm.a, $PWD/c/pagestorm.b, $PWD/gone/pagestorm.c, $PWD/d/pagestorm.d
		[swap]
		type = file
		size = 16M
		[workload hog]
		type = anon
		size = 4M
		memory.max = 64M
	INI
	[[ "$(stat -f -c %T .)" =~ ext|xfs ]] || skip "no ext4 or xfs below $PWD for a swap file"
	mkdir c d
	run "$PAGESTORM" run broken.ini --wait=300 -q -o out
	echo "$output"
	[ "$status" -eq 4 ]
	[ "$(column runs.csv hog outcome | sort | tr '\n' ' ')" = "broken broken ok ok " ]
	[[ "$(column runs.csv hog reason)" == *"$PWD/none"* ]]
	[[ "$(column runs.csv hog reason)" == *"$PWD/gone"* ]]
	[ ! -e "$PAGESTORM_STATE_DIR/journal" ]
	rmdir c d
}

@test "a run whose trials all end broken exits 3" {
	cat > broken.ini <<- INI
		[profile]
		why = a swap file cannot be made where its directory is gone
		repeats = 2
		noise = no
		[swap]
		type = file
		size = 16M
		path = $PWD/none/pagestorm.swap
		[workload hog]
		type = anon
		size = 4M
		memory.max = 64M
	INI
	run "$PAGESTORM" run broken.ini --wait=300 -q -o out
	echo "$output"
	[ "$status" -eq 3 ]
	[ "$(grep -c ,broken, out/*.partial/runs.csv)" -eq 2 ]
}
