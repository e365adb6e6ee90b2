#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Where cgroup v2 is not all ours: a delegated group of a user without root, the root of a
# cgroup namespace, a run that is killed there. Groups, controllers and processes are as
# before afterwards.

bats_require_minimum_version 1.5.0

load vm

# In the guest: `delegated USER SCRIPT` runs the script in a group of the user's own.
guest_script()
{
	cat <<- 'SH'
		cg=/sys/fs/cgroup
		chmod 1777 /tmp; cd /tmp
		echo +memory > $cg/cgroup.subtree_control
		# tree GROUP: what a run must leave as it was
		tree()
		{
			find $1 -type d | sort
			cat $1/cgroup.subtree_control
		}
		# with GROUP SCRIPT: a shell in the group runs it as user 65534
		with()
		{
			(
				sh -c "echo \$\$ > $1/cgroup.procs
					HOME=/nonexistent /setpriv --reuid=65534 --clear-groups $2"
			)
		}
		begin() { tree $1 > before; }
		as_before()
		{
			tree $1 > after
			cmp before after && echo "$2: as before"
		}
		u=$cg/u
		mkdir $u; chown -R 65534 $u

		begin $u
		with $u "pagestorm run demo --quiet -o user"
		echo "user: status $?"
		as_before $u user

		with $u "pagestorm doctor" 2>&1 | grep -E '^[a-z]+ +(group|limits) ' | sed 's/^/doctor: /'

		# killed: what was moved is put back by restore, the shell in the group included
		cat > /tmp/killed.sh <<- 'END'
			pagestorm run anon size=8M hold=60s --quiet -o killed &
			tries=0
			until ls -d /sys/fs/cgroup/u/pagestorm-*/run/* > /dev/null 2>&1 ||
				[ $((tries += 1)) -gt 500 ]; do
				usleep 20000
			done
			kill -9 $!
			wait $!
			grep -q pagestorm-home /proc/self/cgroup && echo "killed: the shell is in the leaf"
			pagestorm restore
			grep -q ':/u$' /proc/self/cgroup && echo "killed: the shell is back"
		END
		begin $u
		with $u "sh /tmp/killed.sh" 2>&1
		as_before $u killed

		# a parent's limit is the run's, and is named
		echo 300M > $u/memory.max
		with $u "pagestorm plan anon size=8M" | grep memory.max | sed 's/^/plan: /'
		echo max > $u/memory.max

		# a kill at the limit of a parent, which another group below it fills meanwhile
		q=$cg/q
		mkdir $q; echo +memory > $q/cgroup.subtree_control
		mkdir $q/fill $q/run
		echo 160M > $q/memory.max
		cat > /tmp/grower.ini <<- 'END'
			[profile]
			why = it grows slowly below a limit that others hit
			noise = no
			[workload grower]
			type = oom
			memory.max = 110M
			rate = 20M/s
			oom_score_adj = 900
		END
		sh -c "echo \$\$ > $q/run/cgroup.procs; exec pagestorm run /tmp/grower.ini --quiet -o above" &
		pid=$!
		tries=0
		until ls -d $q/run/pagestorm-*/run/grower > /dev/null 2>&1 ||
			[ $((tries += 1)) -gt 500 ]; do
			usleep 20000
		done
		sh -c "echo \$\$ > $q/fill/cgroup.procs; dd if=/dev/zero of=/tmp/fill bs=1M count=90" 2> /dev/null
		wait $pid
		echo "above: status $?"
		cut -d, -f1-12 above/*/runs.csv | grep -o killed_by_other | sed 's/^/above: /'
		grep -o 'at the limit of [^ ]* and not at its own' above/*/runs.csv
		rm /tmp/fill

		# a cgroup namespace, as a container with a writable cgroup file system has one
		n=$cg/n
		mkdir $n
		begin $n
		(
			sh -c "echo \$\$ > $n/cgroup.procs
				/unshare -C -m sh -c 'umount $cg && mount -t cgroup2 none $cg &&
					pagestorm run demo --quiet -o namespace'"
			echo "namespace: status $?"
		)
		as_before $n namespace

		# in place: no group may be made; then every workload, as doctor says
		mkdir /tmp/w; chown 65534 /tmp/w; cd /tmp/w
		as_user() { HOME=/tmp/w /setpriv --reuid=65534 --clear-groups "$@"; }
		as_user pagestorm run demo --quiet -o out > said 2>&1
		echo "in place: demo status $?"
		for w in anon brk_churn buddy full_node global_oom hugetlb leak malloc_churn mmap_churn \
			null numa oom shm thp victim; do
			as_user pagestorm run $w --quiet -o out-$w > said 2>&1
			status=$?
			grep -q ',fail,' out-$w/*/truth.csv 2> /dev/null && status="$status, failed"
			echo "in place: $w status $status"
		done
		cd /tmp

		# a read-only cgroup file system, and the remedy that is named
		mkdir $cg/r
		sh -c "echo \$\$ > $cg/r/cgroup.procs
			/unshare -C -m sh -c 'umount $cg && mount -t cgroup2 none $cg && mount -o remount,ro $cg
				pagestorm run null -o read-only; echo read-only: status \$?
				mount -o remount,rw $cg
				pagestorm run demo --quiet -o remounted; echo remounted: status \$?'" 2>&1

		# a group that holds others as well, and root: the root group is the place
		mkdir $cg/s
		sleep 1000 & echo $! > $cg/s/cgroup.procs
		sh -c "echo \$\$ > $cg/s/cgroup.procs; pagestorm run null --quiet -o shared"
		echo "shared: status $?"
		kill %1
	SH
}

in_guest()
{
	mkdir -p results
	"$PAGESTORM" lab --cgroup v2 --kernel "$1" --file=/usr/bin/setpriv:/setpriv \
		--file=/usr/bin/unshare:/unshare --file "$PAGESTORM_SRCDIR/profiles:profiles" \
		--exec "$(guest_script)"
}

setup_file()
{
	echo 'in_guest 6.1' | boots_begin in_guest guest_script
}

teardown_file() { boots_end; }
setup() { need_lab 6.1; }

# said LINE: the guest printed it
said()
{
	booted in_guest-6.1
	grep -qF -- "$1" out || {
		cat out err
		return 1
	}
}

@test "a user without root in a delegated group runs the demo, all claims pass" {
	said "user: status 0"
	said "54 claims: 54 pass, 0 fail"
	said "user: as before"
}

@test "doctor says what a run will do there" {
	said "doctor: ok       group                  not tried: a run will first move the processes"
}

@test "after kill -9 restore puts the processes back" {
	said "killed: the shell is in the leaf"
	said "killed: the shell is back"
	said "killed: as before"
}

@test "plan names the group above whose limit is the tightest" {
	said "plan:   above        memory.max = 314572800 (300 MiB) of /sys/fs/cgroup/u"
}

@test "an OOM kill at a parent's limit is killed_by_other and names the parent" {
	said "above: status 4"
	said "above: killed_by_other"
	said "at the limit of /sys/fs/cgroup/q and not at its own"
}

@test "root of a cgroup namespace runs the demo" {
	said "namespace: status 0"
	said "namespace: as before"
}

@test "in place each workload that needs no group runs, the others are skipped, nothing fails" {
	local workload
	said "in place: demo status 77"
	for workload in anon brk_churn leak malloc_churn mmap_churn null shm victim; do
		said "in place: $workload status 0"
	done
	for workload in buddy full_node global_oom hugetlb numa oom thp; do
		said "in place: $workload status 77"
	done
}

@test "a read-only cgroup file system is named with the remedy, which works" {
	grep -q "Read-only file system: workers run in place.*remount,rw" "$BATS_FILE_TMPDIR"/in_guest-6.1/{out,err}
	said "read-only: status 0"
	said "remounted: status 0"
}

@test "a group with other processes is left alone by root" {
	said "shared: status 0"
}
