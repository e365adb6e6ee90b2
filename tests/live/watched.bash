# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the tests that look at a worker from outside: its run in the background,
# with time before GO and after HELD in which other instruments can look.

load tell

watched_setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	[ "$(id -u)" -eq 0 ] || skip "not root"
	cd "$BATS_TEST_TMPDIR" || return
	runner=
}

watched_teardown()
{
	tell_run
	[ -z "$runner" ] || { kill "$runner" 2> /dev/null && wait "$runner"; } || true
}

need_zram()
{
	[ -e /sys/class/zram-control ] || modprobe -q zram || skip "no zram"
}

# play WORD…: a run to its end; what it said is in ./said, its folder in ./out
play()
{
	"$PAGESTORM" run "$@" --quiet --wait=200 -o out > said 2>&1
}

# run_workload WORKLOAD key=value…: as play, and ./out has nothing else
run_workload()
{
	rm -rf out
	play "$@"
}

# The worker waits for a command: it is READY or HELD.
waits()
{
	[ "$(cut -d' ' -f2 "/proc/$worker/syscall" 2> /dev/null)" = 0x4 ]
}

switches()
{
	awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$worker/status"
}

# begin WORKLOAD key=value…: starts a run, and waits until its worker is READY, for
# $watched_delay (3s); it holds for $watched_hold (4s)
begin()
{
	workload=${watched_group:-$1} # the group is called as the worker is
	"$PAGESTORM" run "$@" "delay=${watched_delay:-3s}" "hold=${watched_hold:-4s}" \
		--quiet --wait=200 -o out > said 2>&1 3>&- &
	runner=$!
	for _ in $(seq 4000); do
		for worker in $(pgrep -P "$runner"); do
			grep -q "/$workload\$" "/proc/$worker/cgroup" 2> /dev/null && waits &&
				switched=$(switches) && return
		done
		kill -0 "$runner" 2> /dev/null || break
		sleep 0.05
	done
	echo "no worker was ready: $(cat said)"
	return 1
}

# Waits until the worker that begin() found is HELD, for 4 s.
held()
{
	for _ in $(seq 600); do
		[ "$(switches)" -gt "$switched" ] && waits && return
		kill -0 "$runner" 2> /dev/null || break
		sleep 0.05
	done
	echo "no worker was held: $(cat said)"
	return 1
}

finish()
{
	wait "$runner"
	status=$?
	runner=
	return "$status"
}

minor_faults()
{
	cut -d' ' -f10 "/proc/$worker/stat"
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

slot()
{
	awk -F, -v slot="$1" '$9 == "ledger" && $11 == slot { print $15; exit }' out/*/counters.csv
}

# verdict QUANTITY: of each claim of that name
verdict()
{
	awk -F, -v quantity="$1" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["worker"] != "null" && $at["quantity"] == quantity { print $at["verdict"] }' out/*/truth.csv | sort -u
}

failed()
{
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["verdict"] == "fail"' out/*/truth.csv | wc -l
}

# had_turned QUANTITY…: no fewer than these claims failed
had_turned()
{
	local quantity
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["verdict"] == "fail" { print $at["quantity"] }' out/*/truth.csv |
		sort -u > failed
	for quantity; do
		grep -qx "$quantity" failed && continue
		echo "$quantity did not turn, but:" $(cat failed)
		return 1
	done
}

# turned QUANTITY…: the run that begin() began ends, and these claims fail
turned()
{
	! finish || return 1
	had_turned "$@"
}
