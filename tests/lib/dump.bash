# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For a teardown: prints the output of a failed test's run and its failed claims, so that
# the log alone explains the failure.

dump_on_failure()
{
	[ -z "${BATS_TEST_COMPLETED-}" ] || return 0
	[ ! -s said ] || tail -n 30 said
	grep -hs ',fail,' out/*/truth.csv results/*/truth.csv || true
}
