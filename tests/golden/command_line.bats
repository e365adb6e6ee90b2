#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the command line promises before any verb does something.

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
}

@test "--version names the program and a version" {
	run "$PAGESTORM" --version
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^pagestorm\ [0-9]+\.[0-9]+\.[0-9]+ ]]
}

@test "--help fits a screen of 24 lines by 80 columns" {
	run "$PAGESTORM" --help
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -le 24 ]
	for line in "${lines[@]}"; do
		[ "${#line}" -le 80 ]
	done
}

@test "an unknown verb is a usage error, named on stderr, with nothing on stdout" {
	run bash -c '"$1" nosuchverb 2>/dev/null' - "$PAGESTORM"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	run "$PAGESTORM" nosuchverb
	[[ "$output" == *nosuchverb* ]]
}

@test "no verb at all is a usage error" {
	run "$PAGESTORM"
	[ "$status" -eq 2 ]
}
