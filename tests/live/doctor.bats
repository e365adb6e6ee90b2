#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The promises of `pagestorm doctor`: what it reports is true, and it changes nothing.

load ../lib/observe
load ../lib/marks

setup()
{
	: "${PAGESTORM:=$BATS_TEST_DIRNAME/../../pagestorm}"
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
	cd "$BATS_TEST_TMPDIR"
	cgroup=/sys/fs/cgroup/memory
	[ -d $cgroup ] || cgroup=/sys/fs/cgroup
}

root()
{
	[ "$(id -u)" -eq 0 ] || skip "not root"
}

doctor()
{
	"$PAGESTORM" doctor 2> /dev/null
}

# The line of one check.
line()
{
	doctor | grep -E "^(ok|limited|missing) +$1 "
}

groups_of_ours()
{
	find /sys/fs/cgroup -type d -name "pagestorm-doctor*"
}

@test "every line has a status, a check and a finding" {
	run doctor
	[ "$status" -eq 0 ] || [ "$status" -eq 77 ]
	[ "${#lines[@]}" -ge 25 ]
	for line in "${lines[@]}"; do
		[[ "$line" =~ ^(ok|limited|missing)\ +[a-z]+.*\ .+ ]]
	done
}

@test "each limited or missing check names a remedy or what is lost" {
	run doctor
	[ "${#lines[@]}" -ge 25 ]
	for line in "${lines[@]}"; do
		[[ "$line" == ok* || "$line" == *"; fix: "* || "$line" == *:* ]]
	done
}

@test "--json is one document with the same checks" {
	command -v python3 > /dev/null || skip "no python3"
	"$PAGESTORM" doctor --json 2> /dev/null > doctor.json
	doctor | awk '{print $1}' > statuses
	run python3 -c '
import json
d = json.load(open("doctor.json"))
print(*[c["status"] for c in d["checks"]], sep="\n")
assert all(c["check"] and c["found"] for c in d["checks"])
assert isinstance(d["can_run"], bool)'
	[ "$status" -eq 0 ]
	[ "$output" = "$(cat statuses)" ]
}

@test "missing features are named in words" {
	export PAGESTORM_CACHE=$BATS_TEST_TMPDIR/none
	[[ "$(line lab-kernel-6.1)" == missing*"not found; fix: "* ]]
}

@test "as root with a memory controller workloads can run" {
	root
	run doctor
	[ "$status" -eq 0 ]
	[[ "$(line group)" == ok* ]]
}

@test "doctor leaves no group, no file and no setting behind" {
	root
	sysctls()
	{
		for file in /proc/sys/vm/* /sys/kernel/mm/transparent_hugepage/enabled; do
			[ -r "$file" ] && echo "$file $(cat "$file" 2> /dev/null)"
		done
		cat /proc/self/oom_score_adj
	}
	sysctls > before
	run doctor
	[ "$status" -eq 0 ]
	sysctls > after
	diff before after
	[ -z "$(groups_of_ours)" ]
	[ ! -e "$PAGESTORM_STATE_DIR" ]
}

@test "each capability has a line, and the probe's group is removed" {
	root
	"$PAGESTORM" doctor > lines 2> /dev/null &
	pid=$!
	wait $pid
	for name in zero_page huge_zero_page table_charge; do
		grep -E "^(ok +$name .+\? (yes|no)|limited +$name .+\? unknown) \(.+\)" lines
	done
	[ -z "$(find /sys/fs/cgroup -type d -name "pagestorm-probe-$pid")" ]
}

@test "zero_page agrees with what another program sees of a read and the write after it" {
	command -v python3 > /dev/null || skip "no python3"
	python3 - > seen <<-'EOF'
		import mmap, resource
		PAGES, PAGE = 2000, mmap.PAGESIZE
		def faults():
		    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
		m = mmap.mmap(-1, PAGES * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
		m.madvise(mmap.MADV_NOHUGEPAGE)
		for i in range(PAGES):
		    m[i * PAGE]
		before = faults()
		for i in range(PAGES):
		    m[i * PAGE] = 1
		print("yes" if faults() - before >= PAGES / 2 else "no")
	EOF
	[[ "$(line zero_page)" == ok*"zero_page "*"? $(cat seen) ("* ]]
}

@test "run.json records the capabilities that doctor shows" {
	root
	command -v python3 > /dev/null || skip "no python3"
	"$PAGESTORM" doctor --json > doctor.json 2> /dev/null
	"$PAGESTORM" run null sleep=10ms --wait=200 -o out > /dev/null 2>&1
	python3 - out/*/run.json <<-'EOF'
		import json, sys
		shown = json.load(open("doctor.json"))["capabilities"]
		recorded = json.load(open(sys.argv[1]))["machine"]["capabilities"]
		assert shown and {n: c["state"] for n, c in recorded.items()} == shown
		assert all(c["seen"] for c in recorded.values())
	EOF
}

@test "without the right to make groups doctor names the remedy, and what can run in place" {
	root
	command -v setpriv > /dev/null || skip "no setpriv(1)"
	cp "$PAGESTORM" ./pagestorm-copy
	chmod 755 . "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" pagestorm-copy
	run setpriv --reuid 65534 --regid 65534 --clear-groups ./pagestorm-copy doctor
	[ "$status" -eq 0 ]
	[[ "$output" == *"limited  group "*"workers run in place"*"fix: run as root"* ]]
	[[ "$output" == *"limited  workload-oom "*"is skipped: in place it would take other processes' memory"* ]]
	[[ "$output" != *"limited  workload-anon "* ]]
	[[ "$output" == *"workloads can run here"* ]]
}

@test "another process's swap is shown with its priority" {
	root
	[[ "$(stat -f -c %T .)" =~ ext|xfs ]] || skip "no ext4 or xfs below $PWD for a swap file"
	dd if=/dev/zero of=file bs=1M count=16 status=none
	chmod 600 file
	mkswap -L neighbour file > /dev/null
	exec 9< /proc/sys/vm
	flock -w 120 9 # for runs beside this test: no swap under their feet
	swapon -p 7 file
	output=$(line swap) || true
	swapoff file
	exec 9<&-
	[[ "$output" == limited*"$PWD/file"*"priority 7"* ]]
	[[ "$output" =~ fix:.*priority\ =\ ([0-9]+) ]]
	[ "${BASH_REMATCH[1]}" -ge 8 ]
}

# is_called NAME: the process has executed NAME
is_called()
{
	[ "$(cat "/proc/$pid/comm")" = "$1" ]
}

@test "a running OOM daemon is named" {
	cp "$(command -v sleep)" earlyoom
	./earlyoom 100 3>&- &
	pid=$!
	within 10 is_called earlyoom
	output=$(line oom-daemons) || true
	kill $pid
	wait $pid || true
	[[ "$output" == limited*"earlyoom ($pid)"* ]]
}

@test "a live run is named" {
	command -v flock > /dev/null || skip "no flock(1)"
	run flock -w 120 /proc/sys/vm "$PAGESTORM" doctor
	[[ "$output" =~ limited\ +lock\ +process\ [0-9]+ ]]
}

@test "a leftover is reported with the command that removes it, until it is removed" {
	root
	top=$cgroup/pagestorm-$(dead_pid)
	mkdir "$top"
	mark_group "$top"
	output=$(line leftovers) || true
	rmdir "$top"
	[[ "$output" == limited*"$top"*"fix: pagestorm restore"* ]]
	[[ "$(line leftovers)" != *"$top"* ]] # those of other runs on this machine may be there
}

@test "the values shown are those of the kernel" {
	[[ "$(line overcommit)" == *"= $(cat /proc/sys/vm/overcommit_memory)" ]]
	if [ -r /sys/kernel/mm/transparent_hugepage/enabled ]; then
		mode=$(sed 's/.*\[\(.*\)\].*/\1/' /sys/kernel/mm/transparent_hugepage/enabled)
		[[ "$(line thp)" == *" $mode, "* ]] || [ "$mode" = never ]
	fi
	[[ "$(line memory)" == *" $(nproc) CPUs"* ]]
}

@test "a wrong option is a usage error" {
	run "$PAGESTORM" doctor --nosuch
	[ "$status" -eq 2 ]
	run "$PAGESTORM" doctor me
	[ "$status" -eq 2 ]
}
