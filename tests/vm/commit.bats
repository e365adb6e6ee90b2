#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The commit workload under strict overcommit, which only a guest may have: with swap, and with
# a hugetlb pool, which CommitLimit leaves out.

bats_require_minimum_version 1.5.0

load vm

setup()
{
	need_lab 6.1
	enter_scratch
}

@test "under strict overcommit the largest mapping is predicted, for each ratio" {
	"$PAGESTORM" lab --swap 256M -- run -q "$PAGESTORM_SRCDIR/profiles/commit-strict.ini" > said 2>&1
	grep -q "72 pass, 0 fail" said
}

@test "a hugetlb pool is not in CommitLimit, and a mapping that is smaller fails" {
	"$PAGESTORM" lab --exec '
		echo 64 > /proc/sys/vm/nr_hugepages
		pagestorm run -q commit by=strict vm.overcommit_memory=2 || exit
		pagestorm run -q commit by=strict vm.overcommit_memory=2 inject_shortfall=8192
		[ $? -eq 1 ] && echo fewer fails' > said 2>&1
	grep -q "15 of  15 claims" said
	grep -q "fail largest_mapping" said
	grep -qx "fewer fails" said
}
