# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of a workload on this host: a run in the test's directory, its CSV, and its
# worker, observed from outside during a pause. Source it with `load ../lib/observe`.

load ../lib/dump
load ../lib/paused
load ../lib/retry

observe_setup()
{
	export PAGESTORM=${PAGESTORM:-$BATS_TEST_DIRNAME/../../pagestorm}
	[ "$(id -u)" -eq 0 ] || skip "not root"
	cd "$BATS_TEST_TMPDIR" || return
	runner=
}

observe_teardown()
{
	dump_on_failure
	end_paused
}

need_zram()
{
	[ -e /sys/class/zram-control ] || modprobe -q zram || skip "no zram"
}

need_swap_file()
{
	[[ "$(stat -f -c %T .)" =~ ext|xfs ]] || skip "no ext4 or xfs below $PWD for a swap file"
}

# within SECONDS COMMAND…: polls a condition that the kernel does not announce
within()
{
	local last=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -le "$last" ] || { echo "not within its bound: $*"; return 1; }
		sleep 0.02
	done
}

# ---- runs ----

# last_attempts: of a trial that was repeated only the last attempt's rows stay in ./out,
# as for every reader of results
last_attempts()
{
	local runs file
	runs=$(echo out/*/runs.csv)
	[ -e "$runs" ] || return 0
	for file in out/*/*.csv; do
		awk -F, '
			FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
			{ trial = $at["cell"] " " $at["repeat"] }
			NR == FNR { if (FNR > 1) last[trial] = $at["attempt"]; next }
			FNR == 1 || $at["attempt"] == last[trial]' "$runs" "$file" > kept
		mv kept "$file"
	done
}

# run_workload WORKLOAD|PROFILE key=value…: a complete run; its output is in ./said, its
# results alone in ./out, of its last attempts unless $keep_attempts is set
run_workload()
{
	local status=0
	rm -rf out
	"$PAGESTORM" run "$@" --quiet --wait=200 -o out > said 2>&1 || status=$?
	[ -n "${keep_attempts-}" ] || last_attempts
	return "$status"
}

# ends STATUS WORD…: such a run ends with that exit status
ends()
{
	local expected=$1 status=0
	shift
	run_workload "$@" || status=$?
	[ "$status" -eq "$expected" ] || { echo "$*: $status, not $expected: $(cat said)"; return 1; }
}

# begin WORKLOAD key=value…: a run, up to READY
begin()
{
	rm -rf out
	begin_paused ready,held "$@"
	until_paused ready
}

# held: from there to HELD
held()
{
	until_paused held
}

# begin_held WORKLOAD key=value…: a run, up to HELD
begin_held()
{
	rm -rf out
	begin_paused held "$@"
	until_paused held
}

# ---- the worker and its group, from outside ----

minor_faults()
{
	cut -d' ' -f10 "/proc/$worker/stat"
}

major_faults()
{
	cut -d' ' -f12 "/proc/$worker/stat"
}

# kb FILE KEY: of the worker
kb()
{
	awk -v key="$2:" '$1 == key { sum += $2 } END { print sum + 0 }' "/proc/$worker/$1"
}

# heap_kb KEY: of the worker's heap alone
heap_kb()
{
	awk -v key="$1:" '
		/^[0-9a-f]+-/ { ours = $NF == "[heap]" }
		ours && $1 == key { sum += $2 }
		END { print sum + 0 }' "/proc/$worker/smaps"
}

# group_stat KEY: of the group's memory.stat, which the kernel updates every two seconds
group_stat()
{
	awk -v key="$1" '$1 == key { print $2 }' "$group/memory.stat"
}

# group_usage: bytes charged to the group
group_usage()
{
	cat "$group"/memory.usage_in_bytes "$group"/memory.current 2> /dev/null
}

# ---- the results ----

# column FILE WORKER NAME: the cells of one column of a worker's rows
column()
{
	awk -F, -v worker="$2" -v name="$3" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["worker"] == worker { print $at[name] }' out/*/"$1"
}

# claim WORKER QUANTITY COLUMN…: cells of the claims of that quantity
claim()
{
	awk -F, -v worker="$1" -v quantity="$2" -v columns="${*:3}" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; n = split(columns, name, " "); next }
		$at["worker"] == worker && $at["quantity"] == quantity {
			for (i = 1; i <= n; i++) printf "%s%s", $at[name[i]], i < n ? " " : "\n"
		}' out/*/truth.csv
}

# verdict QUANTITY: of each claim of that name
verdict()
{
	awk -F, -v quantity="$1" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["worker"] != "null" && $at["quantity"] == quantity { print $at["verdict"] }' out/*/truth.csv | sort -u
}

# count_verdicts WORKER VERDICT
count_verdicts()
{
	column truth.csv "$1" verdict | grep -cx "$2" || true
}

# slot NAME: what a worker counted itself
slot()
{
	awk -F, -v slot="$1" '$9 == "ledger" && $11 == slot { print $15; exit }' out/*/counters.csv
}

# expect_failed QUANTITY…: at least these claims failed
expect_failed()
{
	local quantity
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["verdict"] == "fail" { print $at["quantity"] }' out/*/truth.csv |
		sort -u > failed
	for quantity; do
		grep -qx "$quantity" failed && continue
		echo "$quantity did not turn, but: $(tr '\n' ' ' < failed)"
		return 1
	done
}

# finish_failed QUANTITY…: ends the started run, in which these claims fail
finish_failed()
{
	finish_with 1
	expect_failed "$@"
}

# nr_failed: how many claims of the run failed
nr_failed()
{
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["verdict"] == "fail"' out/*/truth.csv | wc -l
}
