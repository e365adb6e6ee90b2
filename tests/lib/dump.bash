# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For a teardown: of a test that failed, what its run printed and the claims that did not
# hold, so that the log alone says why.

dump_on_failure()
{
	[ -z "${BATS_TEST_COMPLETED-}" ] || return 0
	[ ! -s said ] || tail -n 30 said
	grep -hs ',fail,' out/*/truth.csv results/*/truth.csv || true
}
