#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bash's completions of the words typed so far.

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	cd "$BATS_TEST_DIRNAME/../.."
	# shellcheck source=contrib/pagestorm.bash-completion disable=SC1091 # a file of its own here
	source contrib/pagestorm.bash-completion
}

# offered WORD… LAST: the completions of LAST
offered()
{
	COMP_WORDS=(pagestorm "$@")
	COMP_CWORD=$#
	_pagestorm "$PAGESTORM" "${!#}" pagestorm
	echo " ${COMPREPLY[*]} "
}

@test "the first word is a subcommand" {
	[ "$(offered ru)" = " run " ]
	[[ "$(offered "")" == *" plan "* ]]
}

@test "run and plan take workloads and profiles" {
	[[ "$(offered run "")" == *" anon "* ]]
	[ "$(offered plan dem)" = " demo " ]
}

@test "an option is one of the subcommand's own" {
	[ "$(offered run --rep)" = " --repeat= " ]
	[ "$(offered restore --rep)" = "  " ]
	[ "$(offered run --pause)" = " --pause= --pause-fd= " ]
}

@test "a key is one of the workload's own" {
	[ "$(offered run anon thr)" = " threads= " ]
	[ "$(offered run null thr)" = "  " ]
}

@test "validate completes the tools that have an adapter" {
	[ "$(offered validate numas)" = " numastat " ]
	[[ "$(offered validate ps "")" == *" strace "* ]]
	[ "$(offered validate --repl)" = " --replay= " ]
}
