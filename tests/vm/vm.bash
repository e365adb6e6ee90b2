# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the guest suite.

: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
PAGESTORM=$(readlink -f "$PAGESTORM")
PAGESTORM_SRCDIR=$(readlink -f "${PAGESTORM_SRCDIR:-$BATS_TEST_DIRNAME/../..}")

load ../live/tell

teardown() { tell_run; }

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

# A place of its own for each test: results land below the current folder.
enter_scratch()
{
	scratch=$(mktemp -d "${BATS_TEST_TMPDIR:-/tmp}/vm-XXXXXX")
	cd "$scratch" || return
}

# boots_begin: for setup_file; runs the file's boot_cell with the words of each line of its
# cells, two guests at a time, in the background
boots_begin()
{
	cd "$BATS_FILE_TMPDIR" || return
	export PAGESTORM PAGESTORM_SRCDIR
	export -f boot_cell
	cells | setsid xargs -P 2 -L 1 bash -c 'boot_cell "$@"' - > boots 2>&1 3>&- &
	echo $! > "$BATS_FILE_TMPDIR/boots.pid"
}

# boots_end: for teardown_file; ends those that nobody waited for
boots_end()
{
	[ ! -e "$BATS_FILE_TMPDIR/boots.pid" ] ||
		kill -- "-$(cat "$BATS_FILE_TMPDIR/boots.pid")" 2> /dev/null || true
}
