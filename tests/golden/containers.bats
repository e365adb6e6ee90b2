#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The table of docs/containers.md: each row names the test that saw it.

setup()
{
	: "${PAGESTORM_SRCDIR:=$BATS_TEST_DIRNAME/../..}"
	cd "$PAGESTORM_SRCDIR" || return
}

# witnesses FILE: the last cell of each row of its table
witnesses()
{
	awk -F'|' '/^\| v[12]/ { sub(/^ /, "", $(NF - 1)); sub(/ $/, "", $(NF - 1)); print $(NF - 1) }' "$1"
}

# unseen FILE: rows whose test does not exist
unseen()
{
	local name

	while read -r name; do
		grep -qF -- "@test \"$name\" {" tests/vm/place.bats tests/live/above.bats ||
			echo "$name"
	done < <(witnesses "$1")
}

@test "each row of the table names a test" {
	[ "$(witnesses docs/containers.md | wc -l)" -ge 7 ]
	[ -z "$(unseen docs/containers.md)" ]
}

@test "a row without a test is detected" {
	echo '| v2, on the moon | in a crater | all pass | nobody was there |' > "$BATS_TEST_TMPDIR/planted.md"
	[ "$(unseen "$BATS_TEST_TMPDIR/planted.md")" = "nobody was there" ]
}
