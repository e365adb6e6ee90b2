#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The documents: README.md stays short; their links and the files that they name exist.

setup()
{
	: "${PAGESTORM_SRCDIR:=$BATS_TEST_DIRNAME/../..}"
	cd "$PAGESTORM_SRCDIR" || return
}

documents()
{
	printf '%s\n' README.md CONTRIBUTING.md SECURITY.md docs/*.md results/reference/*/README.md
}

# links FILE: its link targets in this tree, without the anchor
links()
{
	grep -oE '\]\([^)]+\)' "$1" | sed 's/^](//; s/)$//; s/#.*//' |
		grep -vE '^([a-z]+:.*)?$' || true
}

# broken FILE…: FILE: TARGET for each link whose target does not exist
broken()
{
	local file target

	for file; do
		while read -r target; do
			[ -e "$(dirname "$file")/$target" ] || echo "$file: $target"
		done < <(links "$file")
	done
}

# unknown FILE…: FILE: PATH for each file or directory of the tree that it names and that does
# not exist; a unit test is named as its program, which may be built elsewhere; NAME, * and …
# stand for others
unknown()
{
	local file path

	for file; do
		while read -r path; do
			[ -e "$path" ] || [ -e "$path.c" ] || echo "$file: $path"
		done < <(grep -oE '`(bench|contrib|docs|harness|man|profiles|results|tests|workloads)/[^` ]+`' "$file" |
			tr -d '`' | grep -vE 'NAME|UTC|DIR|[*<…]')
	done
}

@test "README.md has at most 150 lines" {
	length=$(wc -l < README.md)
	echo "$length lines"
	[ "$length" -le 150 ]
}

@test "README.md names the one command that runs every test" {
	awk '/^## /{ on = /test/ } on' README.md | grep -F './quickstart test'
}

@test "each file that a document links to exists" {
	mapfile -t files < <(documents)
	[ -n "$(links README.md)" ]
	found=$(broken "${files[@]}")
	echo "$found"
	[ -z "$found" ]
}

@test "a dead link is detected" {
	echo 'see [this](docs/no-such.md#part) and [that](https://example.org/x)' \
		> "$BATS_TEST_TMPDIR/planted.md"
	[ "$(broken "$BATS_TEST_TMPDIR/planted.md")" = \
		"$BATS_TEST_TMPDIR/planted.md: docs/no-such.md" ]
}

@test "each file of the tree that a document names exists" {
	mapfile -t files < <(documents)
	found=$(unknown "${files[@]}" results/SCHEMA.md tests/fixtures/README.md tests/fixtures/machines/README.md)
	echo "$found"
	[ -z "$found" ]
}

@test "a planted name of a file that does not exist is detected" {
	echo 'see `harness/no_such.c`, `tests/live/NAME.bats` and `docs/fleet.md`' \
		> "$BATS_TEST_TMPDIR/planted.md"
	[ "$(unknown "$BATS_TEST_TMPDIR/planted.md")" = "$BATS_TEST_TMPDIR/planted.md: harness/no_such.c" ]
}

squeezed()
{
	tr -s ' ' | sed 's/^ //; s/ $//'
}

# shown FILE…: lines of their excerpts of `plan --claims` and `compare`
shown()
{
	grep -hE '^    +(process/|mapping/|one fault|each page|metric |refault_|latency_|psi_|swap_in_|5 worse|victim at)' "$@" |
		squeezed
}

@test "README.md and docs/findings.md show what the program prints" {
	: "${PAGESTORM:=$PWD/pagestorm}"
	run=results/reference/swappiness
	{
		"$PAGESTORM" plan --host tests/fixtures/machines/v1 --claims anon size=64M
		"$PAGESTORM" compare $run:vm.swappiness=60 $run:vm.swappiness=150
	} | squeezed > "$BATS_TEST_TMPDIR/printed"
	shown README.md docs/findings.md > "$BATS_TEST_TMPDIR/shown"
	[ "$(wc -l < "$BATS_TEST_TMPDIR/shown")" -ge 16 ]
	stale=$(grep -vxFf "$BATS_TEST_TMPDIR/printed" "$BATS_TEST_TMPDIR/shown") || true
	echo "$stale"
	[ -z "$stale" ]
}

@test "README.md links to each document of docs/" {
	for file in docs/*.md; do
		grep -qF "($file)" README.md || { echo "$file"; return 1; }
	done
}
