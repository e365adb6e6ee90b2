#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Settings of a profile are in force while the workload runs and restored afterwards. The
# test reads them with cat, not with pagestorm.

bats_require_minimum_version 1.5.0

load ../lib/observe

setup()
{
	observe_setup
	export PAGESTORM_STATE_DIR=$BATS_TEST_TMPDIR/state
}

teardown() { observe_teardown; }

# section|name|file|a value, and another in case the first is in force already
wanted()
{
	cat <<- LIST
		sysctl|vm.swappiness|/proc/sys/vm/swappiness|37|38
		sysctl|vm.page-cluster|/proc/sys/vm/page-cluster|1|2
		sysctl|vm.vfs_cache_pressure|/proc/sys/vm/vfs_cache_pressure|90|91
		sysctl|vm.dirty_bytes|/proc/sys/vm/dirty_bytes|209715200|209719296
		sysctl|vm.dirty_background_ratio|/proc/sys/vm/dirty_background_ratio|7|8
		sysctl|vm.dirty_expire_centisecs|/proc/sys/vm/dirty_expire_centisecs|2900|2901
		sysctl|vm.stat_interval|/proc/sys/vm/stat_interval|2|3
		sysctl|vm.compaction_proactiveness|/proc/sys/vm/compaction_proactiveness|21|22
		sysctl|vm.zone_reclaim_mode|/proc/sys/vm/zone_reclaim_mode|1|0
		sysctl|vm.min_slab_ratio|/proc/sys/vm/min_slab_ratio|6|7
		setting|thp.enabled|/sys/kernel/mm/transparent_hugepage/enabled|always|madvise
		setting|thp.defrag|/sys/kernel/mm/transparent_hugepage/defrag|defer+madvise|defer
		setting|thp.khugepaged.pages_to_scan|/sys/kernel/mm/transparent_hugepage/khugepaged/pages_to_scan|512|513
		setting|mthp.64kB.enabled|/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled|madvise|never
		setting|ksm.pages_to_scan|/sys/kernel/mm/ksm/pages_to_scan|50|51
		setting|lru_gen.enabled|/sys/kernel/mm/lru_gen/enabled|7|0
		setting|zswap.max_pool_percent|/sys/module/zswap/parameters/max_pool_percent|19|18
		setting|zswap.shrinker_enabled|/sys/module/zswap/parameters/shrinker_enabled|Y|N
		setting|hugepages.2048kB|/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages|4|5
		setting|swap.vma_ra_enabled|/sys/kernel/mm/swap/vma_ra_enabled|false|true
	LIST
}

# The value in the form in which it is written: the bracketed choice, or the whole line.
value()
{
	sed -E 's/.*\[(.*)\].*/\1/' "$1"
}

all_values()
{
	wanted | while IFS='|' read -r section name file rest; do
		[ ! -e "$file" ] || echo "$name $(value "$file")"
	done
	for file in min_free_kbytes dirty_ratio dirty_background_bytes; do
		echo "$file $(cat /proc/sys/vm/$file)"
	done
}

profile()
{
	echo "[profile]"
	echo "why = many settings at once"
	echo "noise = no"
	for part in sysctl setting; do
		echo "[$part]"
		wanted | while IFS='|' read -r section name file first second; do
			[ "$section" = "$part" ] || continue
			[ -e "$file" ] || continue
			[ "$(value "$file")" != "$first" ] || first=$second
			echo "$name = $first"
			echo "$name $first" >> expected
		done
	done
	printf '[workload hog]\ntype = anon\nsize = 4M\n'
}

@test "each of twenty settings is in force during the run and restored after it" {
	: > expected
	flock -w 300 /proc/sys/vm true
	profile > many.ini
	all_values > before
	begin_held many.ini
	all_values > during
	finish
	missing=$(grep -vxFf during expected) || true
	echo "missing during the run: $missing"
	[ "$(wc -l < expected)" -ge 12 ]
	[ -z "$missing" ]
	all_values > after
	diff before after
}

@test "a setting that this kernel lacks is refused before anything is changed" {
	[ ! -e /sys/kernel/mm/lru_gen ] || skip "this kernel has all that are known"
	all_values > before
	printf '[profile]\nwhy = x\n[sysctl]\nvm.swappiness = 37\n[setting]\nlru_gen.enabled = 7\n[workload nothing]\ntype = null\n' > lacks.ini
	run "$PAGESTORM" run lacks.ini --wait=300
	[ "$status" -ne 0 ]
	[[ "$output" == *lru_gen.enabled* ]]
	all_values > after
	diff before after
	[ ! -e "$PAGESTORM_STATE_DIR" ]
}
