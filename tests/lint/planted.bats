#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Lint detects planted faults, and reports nothing else.

bats_require_minimum_version 1.5.0

load lint

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	mkdir tests
}

# planted: writes stdin to tests/planted.bats; bats would run a literal @test here as a test
planted()
{
	sed s/@TEST/@test/ > tests/planted.bats
}

# finds LINE…: assertions that cannot fail on these lines, and on no other
finds()
{
	run -123 check_assertions <<< tests/planted.bats
	echo "$output"
	[ "$(cut -d: -f2 <<< "$output" | xargs)" = "$*" ]
}

@test "a negated command that is not the last of its test cannot fail" {
	planted <<-'BATS'
		@TEST "planted" {
			! grep -q wrong table
			grep -q right table
		}
	BATS
	finds 2
	need shellcheck shellcheck
	run -1 check_shell <<< tests/planted.bats
	[[ "$output" == *SC2314* ]]
}

@test "nor can one that is not the last of a helper, one in a loop, or one over several lines" {
	planted <<-'BATS'
		helper()
		{
			! grep -q \
				wrong elsewhere
			! grep -q "two
			lines" table
			for one in 1 2; do
				! grep -q "$one" table
			done
			if [ -s table ]; then
				! grep -q wrong table
			fi
			case $1 in
			a) ! grep -q a table ;;
			esac
			true
		}
		@TEST "on one line" { ! grep -q wrong table; true; }
	BATS
	finds 3 5 8 11 14 18
}

@test "nor can any but the last command of a list" {
	planted <<-'BATS'
		@TEST "planted" {
			[ -s table ] && [ ! -s error ]
			[ -s table ] && ! grep -q wrong table
			! grep -q wrong table && true
			true
		}
	BATS
	finds 2 3 4
}

@test "assertions that can fail are not reported" {
	planted <<-'BATS'
		helper()
		{
			! grep -q wrong table || return 1
			if ! grep -q right table; then
				return 1
			fi
			while ! grep -q right table; do
				sleep 1
			done
			(
				cd /
				! grep -q wrong table
			)
			awk '
				! /wrong/ { next }
			    ! /right/' table
			cat <<-TEXT
				! grep
			TEXT
			[ -s table ] && rm table
			{
				! grep -q wrong table
			} || return 1
			if [ -s table ]; then
				! grep -q wrong table
			fi
		}
		@TEST "planted" {
			run ! grep -q wrong table
			run -1 grep -q wrong table
			! grep -q wrong table
		}
		@TEST "on one line" { ! grep -q wrong table; }
	BATS
	check_assertions <<< tests/planted.bats
}

@test "a file that bash cannot parse is reported" {
	planted <<< '@TEST "planted" { if true; }'
	run -123 check_assertions <<< tests/planted.bats
	[[ "$output" == *"bash does not parse it" ]]
}

@test "scripts are found by their first line, whatever their name" {
	mkdir man
	printf '#!/bin/sh\n' > man/with-lists
	printf '#!/usr/bin/env bash\n' > quickstart
	printf '#!/usr/bin/env bats\n' > tests/planted.bats
	printf '# shellcheck shell=bash\n' > tests/helper.bash
	printf '#!/usr/bin/env python3\n' > tests/picture.py
	printf 'ELF\0' > tests/program
	run -0 shell_files .
	[ "$output" = "$(printf '%s\n' man/with-lists quickstart tests/helper.bash \
		tests/planted.bats)" ]
}

@test "shellcheck detects a fault in a script" {
	need shellcheck shellcheck
	printf '#!/bin/sh\nrm $1\n' > tests/script
	run -1 check_shell <<< tests/script
	[[ "$output" == *SC2086* ]]
}

@test "cppcheck and clang-tidy detect theirs" {
	cat > planted.c <<-'C'
		#include <string.h>
		int planted(const char *text)
		{
			char copy[4];

			if (!text)
				strcpy(copy, text);
			return memset(copy, sizeof(copy), 0) != 0;
		}
	C
	need cppcheck cppcheck
	need clang-tidy clang-tidy
	run -1 check_c planted.c
	[[ "$output" == *nullPointer* ]]
	run ! check_tidy planted.c
	[[ "$output" == *bugprone-suspicious-memset-usage* ]]
}

# function_of NAME LINES PARAMETERS: a function of so many lines from { to } and so many parameters
function_of()
{
	local i parameters="int a1"
	for ((i = 2; i <= $3; i++)); do parameters+=", int a$i"; done
	echo "int $1($parameters);"
	echo "int $1($parameters)"
	echo "{"
	for ((i = 2; i < $2; i++)); do echo "	a1 += $i;"; done
	echo "	return a1;"
	echo "}"
}

@test "a function of more than 45 lines, or with more than five parameters, is found" {
	need clang-tidy clang-tidy
	{
		function_of fits 45 5
		function_of long_one 46 1
		function_of wide_one 3 6
	} > planted.c
	function_of long_inline 46 1 | sed 's/^int/static inline int/' > planted.h
	sed -i '1i #include "planted.h"' planted.c
	run ! check_tidy planted.c
	[[ "$output" == *"'long_one' exceeds"*"46 lines"* ]]
	[[ "$output" == *"'wide_one' exceeds"*"6 parameters"* ]]
	[[ "$output" == *"'long_inline' exceeds"* ]]
	[[ "$output" != *"'fits' exceeds"* ]]
}

@test "a line that clang-format would change is detected" {
	need clang-format clang-format
	printf 'int planted(void) { return 0; }\n' > planted.c
	run -1 check_format planted.c
	[[ "$output" == *planted.c:1:* ]]
}

@test "each word of another dialect is found" {
	printf '%s\n' '#include <stdio.h>' '#include "planted.h"' 'return a ?: b;' 'printf("%m\n");' \
		'n = sizeof(x) / sizeof(x[0]);' 'n = MIN(a, b);' 'return err;' > planted.c
	echo > planted.h
	run -1 check_dialect planted.c
	[ "${#lines[@]}" -eq 6 ]
	printf '%s\n' '#include "config.h"' '#include "planted.h"' 'return a ? "?:" : b; /* ?: */' \
		'strftime(s, 9, "%m%d", t);' 'n = ARRAY_SIZE(x);' 'return ret;' > planted.c
	run -0 check_dialect planted.c
}
