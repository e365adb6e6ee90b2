# SPDX-License-Identifier: GPL-2.0-or-later
# Helpers of the guest suite.

: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
PAGESTORM=$(readlink -f "$PAGESTORM")
PAGESTORM_SRCDIR=$(readlink -f "${PAGESTORM_SRCDIR:-$BATS_TEST_DIRNAME/../..}")

load ../lib/dump

teardown() { dump_on_failure; }

# need_lab VERSION…: skips, naming what is missing
need_lab()
{
	local missing version
	missing=$("$PAGESTORM" lab --check | grep '^missing' | grep -v ' kernel-') &&
		skip "${missing//$'\n'/; }"
	for version in "${@:-6.1}"; do
		"$PAGESTORM" lab --kernel "$version" --dry-run --exec true > /dev/null 2>&1 ||
			skip "no kernel $version: pagestorm lab --fetch $version"
	done
}

# A directory for each test: results are written below the current directory.
enter_scratch()
{
	scratch=$(mktemp -d "${BATS_TEST_TMPDIR:-/tmp}/vm-XXXXXX")
	cd "$scratch" || return
}

# A boot is a function that runs in the background in a dedicated directory (below
# $BATS_FILE_TMPDIR, the function and its arguments, joined by -), which receives its out,
# err, status and results. booted changes to that directory.

# boots_begin FUNCTION…: for setup_file; each line of stdin is one boot, a function and its
# arguments; two run at a time. FUNCTION… are all functions that the lines call.
boots_begin()
{
	export PAGESTORM PAGESTORM_SRCDIR BATS_FILE_TMPDIR
	# shellcheck disable=SC2163 # the functions that are named
	export -f one_boot in_guest_paused "$@"
	setsid xargs -P 2 -L 1 bash -c 'one_boot "$@"' - > "$BATS_FILE_TMPDIR/boots" 2>&1 3>&- &
	echo $! >> "$BATS_FILE_TMPDIR/boots.pid"
}

# idle_begin FUNCTION…: the same for a boot that only waits, and therefore starts beside the
# others; FUNCTION… are the functions that it calls
idle_begin()
{
	export PAGESTORM PAGESTORM_SRCDIR BATS_FILE_TMPDIR
	# shellcheck disable=SC2163 # the functions that are named
	export -f one_boot in_guest_paused "$@"
	setsid bash -c 'one_boot "$1"' - "$1" > "$BATS_FILE_TMPDIR/boots.$1" 2>&1 3>&- &
	echo $! >> "$BATS_FILE_TMPDIR/boots.pid"
}

one_boot()
{
	local status=0 name
	name=$(IFS=- && echo "$*")
	mkdir "$BATS_FILE_TMPDIR/$name" && cd "$BATS_FILE_TMPDIR/$name" || return
	"$@" > out 2> err || status=$?
	echo "$status" > status.new
	mv status.new status
}

# are_booting: whether a boot is running or pending
are_booting()
{
	local pid
	while read -r pid; do
		! kill -0 "$pid" 2> /dev/null || return 0
	done < "$BATS_FILE_TMPDIR/boots.pid"
	return 1
}

# booted NAME: waits for the end of that boot, which the lab's time limits guarantee, and
# changes to its directory; sets status
booted()
{
	local directory=$BATS_FILE_TMPDIR/$1
	until [ -e "$directory/status" ]; do
		if ! are_booting && [ ! -e "$directory/status" ]; then
			echo "there is no boot $1:"
			cat "$BATS_FILE_TMPDIR"/boots*
			return 1
		fi
		sleep 0.2
	done
	cd "$directory" || return
	status=$(cat status)
	echo "$1: status $status"
	tail -n 60 out err
}

# boots_end: for teardown_file; ends the boots that no test waited for
boots_end()
{
	local pid
	[ -e "$BATS_FILE_TMPDIR/boots.pid" ] || return 0
	while read -r pid; do
		kill -- "-$pid" 2> /dev/null || true
	done < "$BATS_FILE_TMPDIR/boots.pid"
}

# none_failed: no claim of the boot's runs failed
none_failed()
{
	local failed
	failed=$(grep -h ',fail,' results/*/truth.csv) || true
	echo "$failed"
	[ -z "$failed" ]
}

# For a guest's shell: `begin_paused WORD…` is `pagestorm run WORD…` up to READY, and returns
# there (or when the run has ended); `go_on` ends the pause and returns the exit status.
in_guest_paused()
{
	cat <<- 'SH'
		begin_paused()
		{
			rm -f announced answers
			mkfifo announced answers
			pagestorm run "$@" --pause=ready --pause-fd=8,9 8> announced 9< answers &
			exec 6< announced 7> answers
			read -r barrier <&6
		}
		go_on()
		{
			echo >&7
			exec 6<&- 7>&-
			wait $!
		}
	SH
}
