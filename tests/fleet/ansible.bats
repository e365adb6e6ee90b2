#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# contrib/fleet/playbook.yml over two hosts, both of which are this machine.

bats_require_minimum_version 1.5.0

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	[ "$(id -u)" -eq 0 ] || skip "not root"
	command -v ansible-playbook > /dev/null || skip "no ansible-playbook: install ansible-core"
	playbook=$(realpath "$BATS_TEST_DIRNAME/../../contrib/fleet/playbook.yml")
	program=$(realpath "$PAGESTORM")
	cd "$BATS_TEST_TMPDIR"
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	export ANSIBLE_LOCAL_TEMP=$PWD/tmp ANSIBLE_REMOTE_TEMP=$PWD/tmp ANSIBLE_HOME=$PWD/home
	export ANSIBLE_NOCOLOR=1
	mkdir bin
	ln -s "$program" bin/pagestorm
	PATH=$PWD/bin:$PATH
	cat > sweep.ini <<- INI
		[profile]
		why = three cells for two hosts
		noise = no
		[sweep]
		hog.size = 4M, 8M, 12M
		[workload hog]
		type = anon
		memory.max = 64M
	INI
	cat > hosts <<- HOSTS
		east fleet_directory=$PWD/east
		west fleet_directory=$PWD/west
		[all:vars]
		ansible_connection=local
		ansible_become=false
		ansible_python_interpreter=$(command -v python3)
	HOSTS
}

@test "the playbook deals the cells to the hosts and brings the results back, once" {
	for _ in 1 2; do
		ansible-playbook -i hosts "$playbook" -e profile="$PWD/sweep.ini" -e cells=3 \
			-e results="$PWD/jobs"
	done
	"$program" merge -o joined jobs/*-sweep*
	[ "$(awk -F, 'NR > 1 { print $4 }' joined/*/runs.csv | tr -d '\n')" = 012 ]
	[ "$(cat east/jobs/*/runs.csv | grep -c hog)" -eq 2 ]
	[ "$(cat west/jobs/*/runs.csv | grep -c hog)" -eq 1 ]
}
