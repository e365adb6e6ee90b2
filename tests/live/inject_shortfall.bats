#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A worker that does less than it claims, in each of its modes, fails the claims that depend on
# what it left out: at least the named ones, which are its own and its group's; a counter of
# the whole machine may be moved by another process.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup()
{
	observe_setup
}

teardown()
{
	[ -z "${intruder:-}" ] || kill -KILL "$intruder" 2> /dev/null || true
	observe_teardown
}

# turns: of each line of stdin, WORKLOAD key=value… : QUANTITY…
turns()
{
	local run wanted words
	while IFS=: read -r run wanted; do
		read -ra words <<< "$run"
		echo "$run"
		ends 1 "${words[@]}" || return 1
		# shellcheck disable=SC2086 # words
		expect_failed $wanted || return 1
	done
}

@test "cache that reads less fails its claims about the kernel's counters and about the pages" {
	turns <<-'END'
	cache size=16M inject_shortfall=256 block=4K readahead=no warm=50%: asked_bytes group_file_bytes missed_bytes pages_missing pages_read
	cache size=16M inject_shortfall=256 block=4K readahead=no method=mmap: group_major_faults major_faults mapped_bytes missed_bytes
	cache size=16M inject_shortfall=256 method=direct: asked_bytes missed_bytes pages_read
	cache size=16M inject_shortfall=256 evict=reclaim: asked_bytes pages_read
	cache size=64M memory.max=32M inject_shortfall=256 evict=overflow readahead=no block=4K: asked_bytes missed_bytes refaults pages_read
	END
}

@test "a file under a loop device that is read less fails its claims" {
	[ -e /dev/loop-control ] || skip "no loop devices"
	turns <<-'END'
	cache size=16M source=loop inject_shortfall=256 block=4K readahead=no: asked_bytes group_file_bytes missed_bytes pages_read
	END
}

# A page that one process leaves out is mapped all the same where the kernel maps a whole
# folio of the page cache around a read (finish_fault() since Linux 6.15): so 2048 of them.
@test "memory that one process does not share fails its claims, whatever the kind" {
	turns <<-'END'
	shm kind=memfd size=32M procs=3 memory.max=256M inject_shortfall=2048: pages_shared proportional_bytes resident_bytes shared_bytes
	shm kind=sysv size=32M procs=3 memory.max=256M inject_shortfall=2048: pages_shared proportional_bytes resident_bytes shared_bytes
	shm kind=tmpfs size=32M procs=3 memory.max=256M inject_shortfall=2048: pages_shared proportional_bytes resident_bytes shared_bytes
	shm kind=file size=32M procs=3 memory.max=256M inject_shortfall=2048: pages_shared proportional_bytes resident_bytes shared_bytes
	shm kind=memfd size=32M procs=1 memory.max=256M inject_shortfall=2048: pages_shared group_shared_bytes unique_bytes
	shm kind=cow size=32M procs=3 memory.max=256M inject_shortfall=1024: group_anonymous_bytes minor_faults pages_copied proportional_bytes shared_bytes unique_bytes
	END
}

@test "pages that were not given away fail their claims, whatever the advice" {
	turns <<-'END'
	lazyfree size=16M inject_shortfall=16: clean_bytes dirty_bytes group_inactive_file_bytes lazy_free_bytes pages_advised process_lazy_free_bytes
	lazyfree size=16M inject_shortfall=16 rewrite=100%: group_inactive_file_bytes pages_advised
	lazyfree size=16M inject_shortfall=16 reclaim=yes: pages_advised pages_kept pages_zero
	lazyfree size=16M inject_shortfall=16 advice=dontneed: anonymous_bytes dirty_bytes group_anonymous_bytes pages_present pages_zero resident_bytes
	lazyfree size=16M inject_shortfall=16 advice=cold: accessed_bytes pages_advised
	END
}

@test "a page that is not locked, or not unlocked, fails its claims" {
	turns <<-'END'
	mlock size=16M inject_shortfall=1: dirty_bytes group_anonymous_bytes group_unevictable_bytes locked_bytes locked_resident_bytes minor_faults pages_locked pages_present resident_bytes
	mlock size=16M inject_shortfall=1 how=onfault: locked_bytes pages_locked
	mlock size=16M inject_shortfall=1 how=onfault touched=100%: group_unevictable_bytes locked_bytes locked_resident_bytes minor_faults resident_bytes
	mlock size=16M inject_shortfall=1 how=unlock: group_unevictable_bytes locked_bytes locked_resident_bytes
	mlock size=16M inject_shortfall=4096 limit=8M: locked_bytes locks_refused pages_locked
	END
}

@test "kernel memory that was not taken fails its claims, whatever the kind" {
	turns <<-'END'
	kmem kind=tables count=2000 inject_shortfall=500: group_anonymous_bytes group_kernel_bytes group_usage_bytes minor_faults page_table_bytes process_resident_bytes units
	kmem kind=stacks count=200 inject_shortfall=20: threads units
	kmem kind=pipes count=4000 inject_shortfall=500: group_kernel_bytes group_usage_bytes unread_units units
	kmem kind=sockets count=2000 inject_shortfall=1: unread_units units
	kmem kind=dentries count=20000 inject_shortfall=20000: group_kernel_bytes units
	END
}

@test "a huge page left out fails its claims, whatever the mode" {
	grep -q never] /sys/kernel/mm/transparent_hugepage/enabled && skip "no huge pages"
	turns <<-'END'
	thp mode=base size=32M inject_shortfall=1: anonymous_bytes group_anonymous_bytes group_faults minor_faults resident_bytes
	thp mode=madvise size=32M inject_shortfall=1: group_huge_bytes huge_bytes large_folios large_pages minor_faults
	thp mode=collapse size=32M inject_shortfall=1: group_huge_bytes huge_bytes large_folios
	thp mode=dontneed size=32M inject_shortfall=1: anonymous_bytes group_anonymous_bytes large_pages resident_bytes
	thp mode=munmap size=32M inject_shortfall=1: anonymous_bytes large_pages virtual_bytes
	thp mode=split size=32M inject_shortfall=1: anonymous_bytes large_folios large_pages
	END
}

@test "a page of a pool left out fails its claims, whatever the mode" {
	turns <<-'END'
	hugetlb mode=fault size=32M inject_shortfall=1 hugepages.2048kB=20: group_faults huge_pages hugetlb_bytes minor_faults pool_free pool_reserved pool_taken private_hugetlb_bytes
	hugetlb mode=noreserve size=32M inject_shortfall=1 hugepages.2048kB=20: huge_pages hugetlb_bytes pool_free pool_taken
	hugetlb mode=reserve size=32M inject_shortfall=1 hugepages.2048kB=20: pool_reserved virtual_bytes
	hugetlb mode=beyond size=32M inject_shortfall=1 hugepages.2048kB=20: requests_refused
	END
}

@test "a victim without all of its working set fails its claims" {
	turns <<-'END'
	victim size=16M duration=100ms pattern=sequential rate=10 memory.max=64M inject_shortfall=1: anonymous_bytes group_anonymous_bytes minor_faults resident_bytes
	END
}

@test "an oom that never touched what it counted fails its claim" {
	turns <<-'END'
	oom memory.max=48M inject_shortfall=1024: touched_pages
	END
}

@test "pages that did not go out, or did not come back, fail their claims" {
	need_zram
	turns <<-'END'
	swap swap.size=128M swap.priority=32767 swap.type=zram size=16M inject_shortfall=16: anonymous_bytes group_anonymous_bytes group_swap_bytes pages_out pages_present resident_bytes swapped_bytes swapped_proportional_bytes
	swap swap.size=128M swap.priority=32767 swap.type=zram size=16M inject_shortfall=16 back=read: group_major_faults major_faults pages_out pages_back swap_in_faults
	swap swap.size=128M swap.priority=32767 swap.type=file size=16M inject_shortfall=16 back=write: pages_out
	swap swap.size=128M swap.priority=32767 swap.type=zram mode=pressure memory.max=32M inject_shortfall=8000 duration=0s: group_swap_bytes minor_faults pages_swapped pages_touched swapped_bytes
	END
}

@test "sabotage=, the old name, is taken for inject_shortfall= and noted" {
	ends 1 anon size=2M sabotage=1
	expect_failed minor_faults
	grep -qx "pagestorm: note: sabotage= is now inject_shortfall=; .*" said
	ends 1 anon size=2M inject_shortfall=1
	run ! grep -q "note: sabotage=" said
}

# intrude: memory and cache of another process in the group, until that is killed
intrude()
{
	# shellcheck disable=SC2016 # expanded there
	bash -c 'echo $$ > "$0/cgroup.procs" && held=$(head -c 8M /dev/zero | tr "\0" x) &&
		cat cold > /dev/null && kill -STOP $$' "$group" 3>&- &
	intruder=$!
	disown
	within 60 is_stopped
}

is_stopped()
{
	[ "$(cut -d' ' -f3 "/proc/$intruder/stat")" = T ]
}

@test "memory of another process in its group fails what was to stay unchanged" {
	head -c 8M /dev/urandom > cold
	dd if=cold of=cold oflag=nocache conv=notrunc,fdatasync count=0 status=none
	begin cache size=16M
	intrude
	finish_failed group_anonymous_bytes group_file_bytes group_usage_bytes left_file_bytes
}
