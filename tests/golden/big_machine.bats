#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# plan for a machine of 512 CPUs and 16 nodes whose numbers have gaps (tests/lib/big-machine)

setup_file()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	export PAGESTORM big="$BATS_FILE_TMPDIR/big"
	"$BATS_TEST_DIRNAME/../lib/big-machine" "$big"
}

setup()
{
	cd "$BATS_TEST_TMPDIR"
}

plan()
{
	"$PAGESTORM" plan "$@" --host "$big"
}

@test "each workload has a plan or a message that says why not" {
	local name status
	"$PAGESTORM" list | awk '/^[a-z]/ { print $1 }' > names
	[ "$(wc -l < names)" -ge 19 ]
	while read -r name; do
		status=0
		plan "$name" > out 2> err || status=$?
		case $status in
		0) grep -q "$name" out ;;
		2) grep -Eq 'needs a (limit|swap device)|watermarks' err ;;
		77) grep -q "$name" out ;;
		*) echo "$name: $status"; cat err; false ;;
		esac
	done < names
}

@test "numa places on nodes beyond the 64th number" {
	plan numa cpu=128 memory=1023 --claims > out
	grep -q 'N1023' out
	plan numa mode=move cpu=254 memory=1023 > out 2>&1 || status=$?
	grep -q 'cpu=254 is not a node with CPUs' out
	plan numa cpu=65 memory=nearest --claims > out # 64 is at 12, all others farther
	grep -q 'N64' out
}

@test "a worker may have the CPUs of any node, however long their list is" {
	plan null cpus=node0 --json > out
	grep -q '"cpus": "0,2,4,.*,508,510"' out
	plan null cpus=node65 mems=1023 > out
	run plan null cpuset.cpus=node0
	[ "$status" -eq 2 ]
	[[ $output == *"the list is longer than 63 bytes"* ]]
}
