# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A run that pauses at its barriers, so that a test can observe it or interfere with it:
#
#	begin_paused ready,held anon size=8M
#	until_paused ready
#	until_paused held       # goes on from READY first
#	finish

# How long a barrier may take: the machine's lock (--wait=200) and the trial.
: "${PAUSED_SECONDS:=300}"

# begin_paused BARRIERS WORD…: `pagestorm run WORD…` in the background, with its output in
# ./said and its results in ./out; sets $runner
begin_paused()
{
	local barriers=$1
	shift
	rm -f announced answers
	mkfifo announced answers
	"$PAGESTORM" run "$@" "--pause=$barriers" --pause-fd=8,9 --quiet --wait=200 -o out \
		> said 2>&1 3>&- 8> announced 9< answers &
	runner=$!
	exec {announced}< announced {answers}> answers
	paused=
}

# go_on: ends the pause
go_on()
{
	paused=
	(echo >&"$answers") # in a subshell, which alone dies of SIGPIPE if the run has exited
}

# until_paused BARRIER: ends an earlier pause and waits for this one. Sets $worker and
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

# abandon_pauses: closes both descriptors, so that the run continues without pauses
abandon_pauses()
{
	paused=
	exec {answers}>&- {announced}<&-
}

# finish: lets the run continue to its end; returns its exit status
finish()
{
	local status=0
	# One line for each remaining barrier. If the run has died, its exit status shows it.
	(printf '%.0s\n' {1..100} >&"$answers") || true
	abandon_pauses
	wait "$runner" || status=$?
	runner=
	return "$status"
}

# finish_with STATUS: lets the run end, with that exit status
finish_with()
{
	local status=0
	finish || status=$?
	[ "$status" -eq "$1" ] || { echo "ended with $status, not $1: $(cat said)"; return 1; }
}

# end_paused: for a teardown; ends a run that still exists
end_paused()
{
	[ -n "${runner-}" ] || return 0
	kill "$runner" 2> /dev/null || true
	wait "$runner" || true
	runner=
}
