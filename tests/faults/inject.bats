#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A failing or killed system call of the harness ends the run in a documented way and leaves
# nothing behind. `inject` says what is checked after each case, and the line that repeats a
# failed one. SEED (1) and CASES choose the sample.

setup()
{
	[ "$(id -u)" -eq 0 ] || skip "not root"
	command -v strace > /dev/null || skip "no strace"
	command -v python3 > /dev/null || skip "no python3"
	strace -o /dev/null true 2> /dev/null || skip "strace may not trace here"
	cd "$BATS_TEST_TMPDIR" || return
	export TMPDIR=$BATS_TEST_TMPDIR
}

inject()
{
	run python3 "$BATS_TEST_DIRNAME/inject" "$@"
	echo "$output"
	echo "# ${lines[-1]}" >&3
}

@test "a drawn sample of errors and kills leaves nothing behind" {
	inject --seed "${SEED:-1}" --cases "${CASES:-25}" --seconds 150
	[ "$status" -eq 0 ]
}

@test "each fault that was found so is mended" {
	mapfile -t cases < <(sed -n 's/^\([a-z]*:[^ ]*\) .*/--case=\1/p' "$BATS_TEST_DIRNAME/mended")
	[ ${#cases[@]} -ge 5 ]
	inject "${cases[@]}"
	[ "$status" -eq 0 ]
}
