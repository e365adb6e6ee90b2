#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What reads other machines' and other programs' text stands any bytes, for some seconds each.

@test "each reader stands any bytes" {
	echo 'int LLVMFuzzerTestOneInput(const char *b, long n) { return !b || n < 0; }' > "$BATS_TEST_TMPDIR/try.c"
	clang -fsanitize=fuzzer,address,undefined -o "$BATS_TEST_TMPDIR/try" "$BATS_TEST_TMPDIR/try.c" 2> /dev/null ||
		skip "no clang with libFuzzer (packages clang, libclang-rt-dev)"
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	rm -rf "$(dirname "$PAGESTORM")"/tests/fuzz/*.corpus # from the same beginning each time
	run env -u MAKEFLAGS -u MFLAGS -u TESTS FUZZ_SEED="${FUZZ_SEED:-1}" make -C "$(dirname "$PAGESTORM")" -j"$(nproc)" fuzz \
		FUZZ_SECONDS="${FUZZ_SECONDS:-5}"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(grep -c ': executions [1-9]' <<< "$output")" -eq 6 ]
	grep ': executions' <<< "$output" | sed 's/^/# /' >&3
}
