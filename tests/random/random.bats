#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Drawn runs of every workload with every option and limit: none fails, breaks or crashes, each
# refusal has a sentence, and each injected shortfall is detected. SEED (1), RUNS and
# BESIDE choose the draws, their number and what disturbs them; a failure prints the line that
# reproduces it.

load ../lib/dump

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	PAGESTORM=$(readlink -f "$PAGESTORM")
	export PAGESTORM
	command -v python3 > /dev/null || skip "no python3: package python3"
}

teardown() { dump_on_failure; }

# drawn WORD…: the campaign, beside what $BESIDE names
drawn()
{
	local status=0 beside=()
	[ -z "${BESIDE-}" ] || beside=("$BATS_TEST_DIRNAME/../lib/$BESIDE" beside)
	"${beside[@]}" "$BATS_TEST_DIRNAME/campaign" "$@" > campaign || status=$?
	grep -E '^(seed|[0-9]+ (runs|claims))' campaign | sed 's/^/# /' >&3
	cat campaign
	return "$status"
}

# More than a minute. Without RUNS no draw begins after four, so that a slow machine has fewer.
@test "drawn runs give no false verdict" {
	local seconds=(--seconds 240)
	[ -z "${RUNS-}" ] || seconds=()
	cd "$BATS_TEST_TMPDIR"
	drawn --seed "${SEED:-1}" --runs "${RUNS:-150}" "${seconds[@]}"
}
