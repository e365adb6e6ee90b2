# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What lint's own test plants faults for.

# need COMMAND PACKAGE
need()
{
	command -v "$1" > /dev/null || skip "$1 is missing (package $2)"
}

# shell_files ROOT: each file that bash, sh or bats reads, by its name or its first line
shell_files()
{
	(
		cd "$1" && find quickstart .ci bench contrib man profiles tests -type f \
			! -name '*.log' ! -name '*.trs' ! -name '*.o' -print0 2> /dev/null |
			xargs -0 awk '
				/^#!.*[\/ ](ba)?sh( |$)/ || FILENAME ~ /\.(bash|bats|bash-completion)$/ {
					print FILENAME
				}
				{ nextfile }'
	) | sort
}

# check_shell < NAMES: shellcheck's default set. In tests without
#   SC2030, SC2031  each @test is a subshell, by design
#   SC2034, SC2154  it does not follow `load`: variables are set and read on the other side
#   SC2016          programs for awk and for other shells stand in single quotes
#   SC2164          a cd that fails ends the test: bats runs it under set -e
#   SC2317          helpers that are called by name look unreachable
check_shell()
{
	local names status=0
	names=$(cat)
	grep -vE '\.(bats|bash)$' <<< "$names" |
		xargs -r shellcheck --format=gcc || status=1
	grep -E '\.(bats|bash)$' <<< "$names" |
		xargs -r shellcheck --format=gcc \
			--exclude=SC2016,SC2030,SC2031,SC2034,SC2154,SC2164,SC2317 || status=1
	return "$status"
}

# check_assertions < NAMES
check_assertions()
{
	xargs "$BATS_TEST_DIRNAME/dead-assertions"
}

top=$BATS_TEST_DIRNAME/../..

# check_format FILE…
check_format()
{
	clang-format --dry-run --Werror --style="file:$top/.clang-format" "$@"
}

# check_c PLACE…: not tests, whose assertions it does not know for what they are
check_c()
{
	cppcheck --quiet -j "$(nproc)" --error-exitcode=1 --template=gcc --inline-suppr \
		--std=c11 --enable=warning,performance -I. -D_GNU_SOURCE "$@"
}

# c_flags: as Makefile.am compiles; config.h is in $build
c_flags()
{
	printf '%s\n' -std=gnu17 -I. "-I${build:-.}" -D_GNU_SOURCE -DHAVE_CONFIG_H \
		'-DPAGESTORM_PROFILES_DIR="profiles"'
	pkg-config --cflags numa hwloc libcgroup inih jansson cmocka
}

# check_tidy FILE…
check_tidy()
{
	# shellcheck disable=SC2016 # that shell expands it: the flags go behind the files
	CONFIG=$top/.clang-tidy FLAGS=$(c_flags) xargs -P "$(nproc)" -n 8 sh -c '
		exec clang-tidy --quiet --config-file="$CONFIG" "$@" -- $FLAGS' clang-tidy \
		2> /dev/null <<< "$*"
}

# check_dialect FILE…: what the formatter and the compiler accept and this tree writes otherwise:
# no `a ?: b`, no %m, ARRAY_SIZE, min and max instead of what they expand to, `ret` for a value
# that is returned, and a file's own header (or its private one) before any other but config.h
check_dialect()
{
	awk '
		function complain(why) { print FILENAME ":" FNR ": " why; bad = 1 }
		function own_header(header,  base) {
			base = FILENAME
			sub(/\.c$/, ".h", base)
			if ((getline line < base) < 0)
				return 1
			close(base)
			return header == base || header ~ /_part\.h$/
		}
		FNR == 1 { included = FILENAME !~ /\.c$/ || FILENAME ~ /^tests\// }
		/^#include/ && !/config\.h/ && !included {
			included = 1
			if (!own_header(substr($2, 2, length($2) - 2)))
				complain("its own header comes first")
		}
		!/strftime/ && (/"([^"]|\\")*%m[^a-zA-Z%]/ || /%m"/) { complain("%m: write %s and strerror(errno)") }
		{
			code = $0
			gsub(/"([^"\\]|\\.)*"/, "\"\"", code)
			sub(/\/\*.*|\/\/.*/, "", code)
		}
		code ~ /\?[ \t]*:/ { complain("a ?: b is an extension of GNU C") }
		code ~ /\/ *sizeof\(.*\[0\]\)/ && code !~ /define ARRAY_SIZE/ {
			complain("this is ARRAY_SIZE()")
		}
		code ~ /(^|[^A-Z_])(MIN|MAX)\(/ { complain("min() and max() evaluate an argument once") }
		code ~ /return (err|rc|retval|res);/ { complain("a return value is called ret") }
		END { exit bad }' "$@"
}
