#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The table in docs/truth.md: each row has its columns, names the command that makes it, and is of
# a cell that tests/vm/truth-table knows. A row is put in place of an older one of its cell.

bats_require_minimum_version 1.5.0

setup()
{
	: "${PAGESTORM_SRCDIR:=$BATS_TEST_DIRNAME/../..}"
	: "${PAGESTORM:=$PAGESTORM_SRCDIR/pagestorm}"
	export PAGESTORM
	cd "$BATS_TEST_TMPDIR" || return
}

# rows FILE
rows()
{
	sed '1,/^| --/d; /^| /!d' "$1"
}

# ill_formed FILE: its rows that are none
ill_formed()
{
	local number='[0-9]+' text='[^|]+'
	rows "$1" | grep -vE "^\| [0-9]+\.[0-9]+[^ |]* \| (v1|v2|v2-hugetlb|hybrid) \| (4|16|64)K \| $number \| (none|own|file|zram|ram|zswap) \| (root|user) \| [1-9][0-9]* \| $number \| $number \| $number \| $number \| \`tests/vm/truth-table [^ \`]+\` \|\$" || true
}

# unknown FILE: commands whose cell truth-table does not have
unknown()
{
	rows "$1" | sed 's,.*`tests/vm/truth-table \([^`]*\)`.*,\1,' |
		grep -vxFf <("$PAGESTORM_SRCDIR/tests/vm/truth-table" --list) || true
}

# belies FILE: rows whose columns are not those of their cell, but for the host's
belies()
{
	rows "$1" | awk -F' \\| ' '
		{
			split($12, word, /[ `]/)
			split(word[3], cell, "/")
			if (cell[1] != "host" && $2 FS $3 FS $4 FS $5 FS $6 != \
			    cell[2] FS cell[3] FS cell[4] FS cell[5] FS cell[6])
				print
		}'
}

@test "each row of the table has its form, and its command a cell" {
	[ "$(rows "$PAGESTORM_SRCDIR/docs/truth.md" | wc -l)" -ge 10 ]
	for fault in ill_formed unknown belies; do
		found=$($fault "$PAGESTORM_SRCDIR/docs/truth.md")
		echo "$fault: $found"
		[ -z "$found" ]
	done
	[ -z "$(rows "$PAGESTORM_SRCDIR/docs/truth.md" | sort | uniq -d)" ]
}

@test "planted rows of another form, of no cell and of another cell are detected" {
	{
		sed '/^| [0-9]/d' "$PAGESTORM_SRCDIR/docs/truth.md"
		echo '| 6.1 | v2 | 4K | 1 | own | root | 0 | 0 | 0 | 0 | 0 | `tests/vm/truth-table 6.1/v2/4K/1/own/root` |'
		echo '| 6.1 | v2 | 4K | 1 | own | root | 9 | 0 | 0 | 0 | 0 | `tests/vm/truth-table 6.1/v9/4K/1/own/root` |'
		echo '| 6.1 | v1 | 4K | 1 | own | root | 9 | 0 | 0 | 0 | 0 | `tests/vm/truth-table 6.1/v2/4K/1/own/root` |'
	} > planted.md
	sed -i '/^| --/,$ { /^| /!d }' planted.md
	[ "$(ill_formed planted.md | wc -l)" -eq 1 ]
	[ "$(unknown planted.md)" = 6.1/v9/4K/1/own/root ]
	[ "$(belies planted.md | wc -l)" -eq 2 ]
}

# A guest that sends back what this directory has.
stand_in()
{
	cat > stand-in <<- SH
		#!/bin/sh
		echo "kernel 6.1.0-test"
		mkdir -p results/one
		printf 'cell,repeat,attempt,verdict\n0,1,1,disturbed\n0,1,2,pass\n0,1,2,$1\n0,2,1,pass\n' > results/one/truth.csv
	SH
	chmod +x stand-in
}

@test "a row is written in place of the older one of its cell, with the last attempts' verdicts" {
	cp -r "$PAGESTORM_SRCDIR/docs" .
	mkdir -p tests/vm
	cp "$PAGESTORM_SRCDIR/tests/vm/truth-table" tests/vm
	stand_in absent
	before=$(rows docs/truth.md | wc -l)
	PAGESTORM=$PWD/stand-in run -0 tests/vm/truth-table --write 6.1/v2/4K/1/own/root
	[ "$output" = '| 6.1.0-test | v2 | 4K | 1 | own | root | 2 | 1 | 0 | 0 | 0 | `tests/vm/truth-table 6.1/v2/4K/1/own/root` |' ]
	rows docs/truth.md | grep -qxF "$output"
	[ "$(rows docs/truth.md | wc -l)" -eq "$before" ]
	diff <(sed '/^| /d' "$PAGESTORM_SRCDIR/docs/truth.md") <(sed '/^| /d' docs/truth.md)
	stand_in fail
	PAGESTORM=$PWD/stand-in run -1 tests/vm/truth-table 6.1/v2/4K/1/own/root
	sed -i '/^printf/s/pass/absent/g; /^printf/s/fail/absent/g' stand-in
	PAGESTORM=$PWD/stand-in run -1 tests/vm/truth-table 6.1/v2/4K/1/own/root
	[ "$output" = "" ]
	PAGESTORM=$PWD/stand-in run -2 tests/vm/truth-table 6.1/v2
}
