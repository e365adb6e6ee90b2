# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A run that stops at its barriers, so that a test can look at it or do something to it:
#
#	begin_paused ready,held anon size=8M
#	until_paused ready
#	until_paused held       # goes on from READY first
#	finish

# How long a barrier may take: the machine's lock (--wait=200) and the trial.
: "${PAUSED_SECONDS:=300}"

# begin_paused BARRIERS WORD…: `pagestorm run WORD…` in the background, with what it
# prints in ./said and its results in ./out; sets $runner
begin_paused()
{
	local barriers=$1
	shift
	rm -f announced told
	mkfifo announced told
	"$PAGESTORM" run "$@" "--pause=$barriers" --pause-fd=8,9 --quiet --wait=200 -o out \
		> said 2>&1 3>&- 8> announced 9< told &
	runner=$!
	exec {announced}< announced {told}> told
	paused=
}

# go_on: from the barrier at which the run is paused
go_on()
{
	paused=
	(echo >&"$told") # in a subshell, which dies of SIGPIPE alone where the run has gone
}

# until_paused BARRIER: goes on from an earlier one, and waits for this. Sets $worker and
# $group of the first worker, and the maps worker_pid and worker_group by name.
until_paused()
{
	local line name pid state directory
	declare -gA worker_pid=() worker_group=()
	[ -z "$paused" ] || go_on
	worker=
	while IFS= read -r -t "$PAUSED_SECONDS" line <&"$announced"; do
		case $line in
		"worker "*)
			read -r _ name pid state directory <<< "$line"
			name=${name#name=}
			worker_pid[$name]=${pid#pid=}
			worker_group[$name]=${directory#group=}
			[ -n "$worker" ] || { worker=${pid#pid=} group=${directory#group=}; }
			;;
		"paused barrier=$1 "*)
			paused=$1
			return 0
			;;
		"paused "*)
			echo "not at $1: $line"
			return 1
			;;
		esac
	done
	echo "no pause at $1: $(cat said)"
	return 1
}

# until_died NAME: waits until the run reports the death of a worker during its pause
until_died()
{
	local line
	while IFS= read -r -t "$PAUSED_SECONDS" line <&"$announced"; do
		[[ $line != "died "*" name=$1 "* ]] || return 0
	done
	echo "no death of $1: $(cat said)"
	return 1
}

# let_go: nobody ends pauses any more; the run goes on without them
let_go()
{
	paused=
	exec {told}>&- {announced}<&-
}

# finish: goes on to the end, past all barriers; returns the run's exit status
finish()
{
	local status=0
	# A line for each barrier that may follow. Where the run has died its status says so.
	(printf '%.0s\n' {1..100} >&"$told") || true
	let_go
	wait "$runner" || status=$?
	runner=
	return "$status"
}

# finish_with STATUS: goes on to the end, which has that exit status
finish_with()
{
	local status=0
	finish || status=$?
	[ "$status" -eq "$1" ] || { echo "ended with $status, not $1: $(cat said)"; return 1; }
}

# end_paused: for a teardown; of a run that is still there
end_paused()
{
	[ -n "${runner-}" ] || return 0
	kill "$runner" 2> /dev/null || true
	wait "$runner" || true
	runner=
}
