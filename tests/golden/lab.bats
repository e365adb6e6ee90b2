#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab's command line before a boot: errors are reported at once, with exit status 2 and
# the option's name. Requires neither qemu nor a kernel.

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	PAGESTORM=$(readlink -f "$PAGESTORM")
	cd "$BATS_TEST_TMPDIR" || return
	# A kernel image as far as the lab reads it before a boot.
	mkdir boot
	{
		head -c 514 /dev/zero
		printf 'HdrS'
		head -c 8 /dev/zero
		printf '\000\004'
		head -c 1008 /dev/zero
		printf '6.1.0-test (a@b) #1\000'
	} > boot/vmlinuz
}

refused()
{
	run "$PAGESTORM" lab --kernel boot/vmlinuz --dry-run "${@:2}" --exec true
	[ "$status" -eq 2 ]
	[[ "$output" == *"$1"* ]]
}

@test "lab --help fits a screen of 24 lines by 80 columns" {
	run "$PAGESTORM" lab --help
	[ "$status" -eq 0 ]
	[ "$(echo "$output" | wc -l)" -le 24 ]
	for line in "${lines[@]}"; do
		[ "${#line}" -le 80 ]
	done
}

@test "an impossible shape is refused with the option's name" {
	refused --nodes --nodes 0
	refused --nodes --nodes 99
	refused --memory --memory lots
	refused --memory --memory 64M
	refused --memory --memory 100T
	refused --memory --nodes 3 --memory 1G,1G
	refused --cpus --cpus 0
	refused --cpus --nodes 2 --cpus 1
	refused --distances --nodes 2 --distances 10,20
	refused --distances --nodes 2 --distances 5
}

@test "impossible values of swap, disk, cgroup and timeout are refused with the option's name" {
	refused --swap --swap 1
	refused --swap --swap floppy:1M
	refused --swap --swap ram:1G
	refused --disk --disk 1M
	refused --disk --disk big
	refused --cgroup --cgroup v3
	refused --timeout --timeout soon
	refused --timeout --timeout=-1
	refused --boot --boot 0
	refused --boot --boot later
	refused --file --file /no/such/file
	refused --file --file /etc/passwd:
}

@test "a file that is not a kernel is refused with the option's name" {
	echo text > notakernel
	run "$PAGESTORM" lab --kernel notakernel --dry-run --exec true
	[ "$status" -eq 2 ]
	[[ "$output" == *--kernel*notakernel* ]]
	run "$PAGESTORM" lab --kernel /no/such --dry-run --exec true
	[ "$status" -eq 2 ]
	PAGESTORM_CACHE=$BATS_TEST_TMPDIR/cache run "$PAGESTORM" lab --kernel 9.99 --dry-run --exec true
	[ "$status" -eq 2 ]
	[[ "$output" == *--kernel=9.99* ]]
}

@test "a lab with no command, or with two, is refused" {
	run "$PAGESTORM" lab --kernel boot/vmlinuz --dry-run
	[ "$status" -eq 2 ]
	[[ "$output" == *VERB* ]]
	run "$PAGESTORM" lab --kernel boot/vmlinuz --dry-run --exec true -- list
	[ "$status" -eq 2 ]
	[[ "$output" == *--exec* ]]
	run "$PAGESTORM" lab --no-such-option
	[ "$status" -eq 2 ]
}

@test "--dry-run prints the shape and where the results will be written" {
	run "$PAGESTORM" lab --kernel boot/vmlinuz --dry-run --nodes 2 --memory 512M --swap 64M \
		-- run x.ini -o sub/../out
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "nodes=2 memory=536870912 node_memory=256M,256M node_cpus=1,1 \
swap=file:67108864 kernel=6.1.0-test cgroup=v2 accel=tcg" ]
	[ "${lines[1]}" = "results: $PWD/out" ]
}

@test "the files that the subcommand names and the profiles have the same paths in the guest" {
	mkdir profiles
	echo > x.ini
	echo > profiles/y.ini
	run "$PAGESTORM" lab --kernel boot/vmlinuz --dry-run --file x.ini:/etc/z -- run x.ini no.ini
	[ "$status" -eq 0 ]
	[[ "$output" == *"file: $PWD/profiles"* ]]
	[[ "$output" == *"file: $PWD/x.ini"* ]]
	[[ "$output" == *"file: /etc/z"* ]]
	[[ "$output" != *no.ini* ]]
}

@test "options after the subcommand belong to the subcommand" {
	run "$PAGESTORM" lab --kernel boot/vmlinuz --dry-run run x.ini --nodes 99
	[ "$status" -eq 0 ]
	[[ "${lines[0]}" == nodes=1* ]]
}

@test "--guest is refused unless the process is process 1" {
	run "$PAGESTORM" lab --guest
	[ "$status" -eq 2 ]
}
