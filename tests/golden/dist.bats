#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `make dist` ships every tracked file, except those that only the repository needs.

bats_require_minimum_version 1.5.0

setup()
{
	: "${PAGESTORM_SRCDIR:=$BATS_TEST_DIRNAME/../..}"
	: "${PAGESTORM:=$PAGESTORM_SRCDIR/pagestorm}"
	build=$(dirname "$PAGESTORM")
	cd "$PAGESTORM_SRCDIR" || return
}

# value EXPRESSION: as the build's Makefile expands it
# shellcheck disable=SC2016 # make expands it
value()
{
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s --no-print-directory -C "$build" \
		-o Makefile --eval='dist-value:; $(info $(value_of)) @:' \
		value_of="$1" dist-value
}

# In the order of sort(1), which comm(1) requires.
tracked()
{
	git -c safe.directory='*' ls-files | LC_ALL=C sort
}

# shellcheck disable=SC2016 # make expands these
shipped()
{
	local directories
	read -ra directories <<< "$(value '$(whole_directories)')"
	{
		value '$(DISTFILES)' | tr ' ' '\n' | (cd "$build" && xargs realpath -s -m) |
			xargs realpath -s -m "--relative-to=$PWD"
		find "${directories[@]}" -type f ! -name '*.log' ! -name '*.trs'
	} | LC_ALL=C sort -u
}

# left_out TRACKED SHIPPED: lists of files
left_out()
{
	LC_ALL=C comm -23 "$1" "$2" | grep -vxE '\.ci/run|\.gitignore' || true
}

@test "make dist ships every tracked file" {
	[ "$(git -c safe.directory='*' rev-parse --show-toplevel 2> /dev/null)" = "$(realpath .)" ] ||
		skip "not a git checkout"
	tracked > "$BATS_TEST_TMPDIR/tracked"
	shipped > "$BATS_TEST_TMPDIR/shipped"
	[ "$(wc -l < "$BATS_TEST_TMPDIR/tracked")" -gt 1000 ]
	found=$(left_out "$BATS_TEST_TMPDIR/tracked" "$BATS_TEST_TMPDIR/shipped")
	echo "$found"
	[ -z "$found" ]
}

@test "a planted file that make dist leaves out is detected" {
	printf '%s\n' .gitignore a.c docs/forgotten.md > "$BATS_TEST_TMPDIR/tracked"
	printf '%s\n' a.c configure > "$BATS_TEST_TMPDIR/shipped"
	[ "$(left_out "$BATS_TEST_TMPDIR/tracked" "$BATS_TEST_TMPDIR/shipped")" = docs/forgotten.md ]
}
