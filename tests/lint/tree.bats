#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Static analysis of the tree reports nothing.

bats_require_minimum_version 1.5.0

load lint

setup()
{
	build=$PWD
	cd "$top" || return
}

c_files()
{
	find harness workloads bench tests -name '*.[ch]' ! -path workloads/table.c
}

@test "shellcheck finds nothing in any script or test" {
	need shellcheck shellcheck
	shell_files . | check_shell
}

@test "every assertion of a test can fail" {
	shell_files . | grep -E '\.(bats|bash)$' | check_assertions
}

@test "the sources are formatted by clang-format" {
	need clang-format clang-format
	mapfile -t files < <(c_files)
	check_format "${files[@]}"
}

@test "the sources keep to one dialect" {
	mapfile -t files < <(c_files)
	check_dialect "${files[@]}"
}

@test "cppcheck finds nothing" {
	need cppcheck cppcheck
	check_c harness workloads bench
}

@test "clang-tidy finds nothing" {
	need clang-tidy clang-tidy
	mapfile -t files < <(c_files | grep '\.c$')
	check_tidy "${files[@]}"
}
