// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of what may be set. Names, ranges and meanings are the kernel's:
 * Documentation/admin-guide/sysctl/vm.rst and kernel.rst, Documentation/admin-guide/mm/
 * (transhuge, ksm, multigen_lru, zswap, hugetlbpage). A kernel may refuse a value
 * of this list: settings.c reads back what it kept. INT_MAX is the bound of those
 * that the kernel keeps in an int (kernel/sysctl.c, proc_dointvec()).
 *
 * Left out on purpose: vm.panic_on_oom (a run must not end the machine), vm.drop_caches,
 * vm.compact_memory and vm.stat_refresh (acts, not settings: there is nothing to restore),
 * lowmem_reserve_ratio (a vector whose written form reads back changed), mmap_min_addr
 * and its like (security).
 */
#include "harness/machine/setting.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/suggest.h"
#include "workloads/api/arith.h"

const struct setting_known settings_known[] = {
	{ .name = "vm.admin_reserve_kbytes",
	  .path = "/proc/sys/vm/admin_reserve_kbytes",
	  .max = LLONG_MAX,
	  .system_wide_pressure = true,
	  .help = "memory kept for root under strict overcommit" },
	{ .name = "vm.compact_unevictable_allowed",
	  .path = "/proc/sys/vm/compact_unevictable_allowed",
	  .max = 1,
	  .help = "1: compaction also moves mlocked pages" },
	{ .name = "vm.compaction_proactiveness",
	  .path = "/proc/sys/vm/compaction_proactiveness",
	  .max = 100,
	  .r2_from = 100, /* vm.rst: excessive background compaction */
	  .help = "how hard kcompactd works ahead of need" },
	{ .name = "vm.defrag_mode",
	  .path = "/proc/sys/vm/defrag_mode",
	  .max = 1,
	  .help = "1: keep page blocks pure, at the price of more reclaim" },
	{ .name = "vm.dirty_background_bytes",
	  .path = "/proc/sys/vm/dirty_background_bytes",
	  .max = LLONG_MAX,
	  .help = "dirty bytes at which background writeback starts",
	  .twin = "vm.dirty_background_ratio" },
	{ .name = "vm.dirty_background_ratio",
	  .path = "/proc/sys/vm/dirty_background_ratio",
	  .max = 100,
	  .help = "dirty percent of available memory at which background writeback starts",
	  .twin = "vm.dirty_background_bytes" },
	/* Below 512 pages a CPU every writer of the machine is throttled at each 16th page
	 * (mm/page-writeback.c, writeback_set_ratelimit()). */
	{ .name = "vm.dirty_bytes",
	  .path = "/proc/sys/vm/dirty_bytes",
	  .min = 8192, /* vm.rst: below two pages it is ignored */
	  .max = LLONG_MAX,
	  .r2_below = 4 << 20,
	  .help = "dirty bytes at which writers are made to write back",
	  .twin = "vm.dirty_ratio" },
	{ .name = "vm.dirty_expire_centisecs",
	  .path = "/proc/sys/vm/dirty_expire_centisecs",
	  .max = INT_MAX,
	  .help = "age at which dirty data is written back" },
	{ .name = "vm.dirty_ratio",
	  .path = "/proc/sys/vm/dirty_ratio",
	  .max = 100,
	  .r2_below = 1,
	  .help = "dirty percent of available memory at which writers are made to write back",
	  .twin = "vm.dirty_bytes" },
	{ .name = "vm.dirty_writeback_centisecs",
	  .path = "/proc/sys/vm/dirty_writeback_centisecs",
	  .max = INT_MAX,
	  .help = "how often the flusher wakes; 0: never" },
	{ .name = "vm.dirtytime_expire_seconds",
	  .path = "/proc/sys/vm/dirtytime_expire_seconds",
	  .max = INT_MAX,
	  .help = "age at which lazytime inodes are written back" },
	{ .name = "vm.extfrag_threshold",
	  .path = "/proc/sys/vm/extfrag_threshold",
	  .max = 1000,
	  .help = "fragmentation index below which compaction is not tried" },
	{ .name = "vm.laptop_mode",
	  .path = "/proc/sys/vm/laptop_mode",
	  .max = INT_MAX,
	  .help = "gathers writes into one burst; 0: off" },
	/* Too few, and no process can exec(2), restore included, which has 67 mappings. Below
	 * the kernel's default (DEFAULT_MAX_MAP_COUNT) others can fail. */
	{ .name = "vm.max_map_count",
	  .path = "/proc/sys/vm/max_map_count",
	  .min = 4096,
	  .max = INT_MAX,
	  .r2_below = 65530,
	  .help = "mappings that one process may have" },
	{ .name = "vm.min_free_kbytes",
	  .path = "/proc/sys/vm/min_free_kbytes",
	  .min = 1024, /* vm.rst: below, prone to deadlock */
	  .max = INT_MAX,
	  .help = "free memory that the min watermarks keep",
	  .system_wide_pressure = true },
	{ .name = "vm.min_slab_ratio",
	  .path = "/proc/sys/vm/min_slab_ratio",
	  .max = 100,
	  .help = "slab percent of a zone above which node reclaim takes slab" },
	{ .name = "vm.min_unmapped_ratio",
	  .path = "/proc/sys/vm/min_unmapped_ratio",
	  .max = 100,
	  .help = "unmapped file percent of a zone above which node reclaim runs" },
	{ .name = "vm.nr_hugepages",
	  .path = "/proc/sys/vm/nr_hugepages",
	  .max = LLONG_MAX,
	  .help = "pool of default-sized huge pages" },
	{ .name = "vm.nr_overcommit_hugepages",
	  .path = "/proc/sys/vm/nr_overcommit_hugepages",
	  .max = LLONG_MAX,
	  .help = "how far that pool may grow on demand" },
	{ .name = "vm.numa_stat",
	  .path = "/proc/sys/vm/numa_stat",
	  .max = 1,
	  .r2_below = 1, /* 0 clears what was counted: that cannot be undone */
	  .help = "0: numa_hit and its kin are not counted" },
	{ .name = "vm.oom_dump_tasks",
	  .path = "/proc/sys/vm/oom_dump_tasks",
	  .max = 1,
	  .help = "1: an OOM kill lists all tasks in the kernel log" },
	{ .name = "vm.oom_kill_allocating_task",
	  .path = "/proc/sys/vm/oom_kill_allocating_task",
	  .max = 1,
	  .r2_from = 1, /* any process is killed that happens to allocate */
	  .help = "1: the OOM killer takes the task that allocated" },
	{ .name = "vm.overcommit_kbytes",
	  .path = "/proc/sys/vm/overcommit_kbytes",
	  .max = LLONG_MAX,
	  .help = "commit limit of mode 2 in kB",
	  .system_wide_pressure = true,
	  .twin = "vm.overcommit_ratio" },
	{ .name = "vm.overcommit_memory",
	  .path = "/proc/sys/vm/overcommit_memory",
	  .max = 2,
	  .help = "0: heuristic, 1: always, 2: strict",
	  .system_wide_pressure = true },
	{ .name = "vm.overcommit_ratio",
	  .path = "/proc/sys/vm/overcommit_ratio",
	  .max = INT_MAX,
	  .help = "commit limit of mode 2 in percent of memory",
	  .system_wide_pressure = true,
	  .twin = "vm.overcommit_kbytes" },
	{ .name = "vm.page-cluster",
	  .path = "/proc/sys/vm/page-cluster",
	  .max = 10,	/* the kernel takes 31: a fault reads the whole swap device */
	  .r2_from = 6, /* mm/swap_state.c, SWAP_RA_ORDER_CEILING */
	  .help = "swap readahead: 2^n pages at once" },
	{ .name = "vm.page_lock_unfairness",
	  .path = "/proc/sys/vm/page_lock_unfairness",
	  .max = INT_MAX,
	  .r2_from = 1000, /* the default is 5; a waiter may starve */
	  .help = "how often a waiter may lose the page lock to another" },
	{ .name = "vm.percpu_pagelist_high_fraction",
	  .path = "/proc/sys/vm/percpu_pagelist_high_fraction",
	  .max = INT_MAX,
	  .help = "1/n of a zone may sit on per-CPU lists; 0: the kernel decides, else at least 8" },
	{ .name = "vm.stat_interval",
	  .path = "/proc/sys/vm/stat_interval",
	  .min = 1,
	  .max = INT_MAX,
	  .help = "seconds between folds of the per-CPU counters" },
	{ .name = "vm.swappiness",
	  .path = "/proc/sys/vm/swappiness",
	  .max = 200,
	  .help = "cost of swap against cost of file I/O: 100 is equal" },
	{ .name = "vm.user_reserve_kbytes",
	  .path = "/proc/sys/vm/user_reserve_kbytes",
	  .max = LLONG_MAX,
	  .system_wide_pressure = true,
	  .help = "memory kept for the user under strict overcommit" },
	{ .name = "vm.vfs_cache_pressure",
	  .path = "/proc/sys/vm/vfs_cache_pressure",
	  .max = INT_MAX,
	  .r2_below = 1, /* vm.rst: 0 can easily lead to out-of-memory conditions */
	  .help = "eagerness to reclaim dentries and inodes; 100 is fair, 0 never" },
	{ .name = "vm.vfs_cache_pressure_denom",
	  .path = "/proc/sys/vm/vfs_cache_pressure_denom",
	  .min = 100,
	  .max = INT_MAX,
	  .r2_from = 10001, /* as a vfs_cache_pressure below 1 */
	  .help = "the base of vfs_cache_pressure" },
	{ .name = "vm.watermark_boost_factor",
	  .path = "/proc/sys/vm/watermark_boost_factor",
	  .max = INT_MAX,
	  .help = "reclaim boost after fragmentation, in 1/10000 of the high watermark",
	  .system_wide_pressure = true },
	{ .name = "vm.watermark_scale_factor",
	  .path = "/proc/sys/vm/watermark_scale_factor",
	  .min = 1,
	  .max = 3000,
	  .help = "distance between the watermarks, in 1/10000 of memory",
	  .system_wide_pressure = true },
	{ .name = "vm.zone_reclaim_mode",
	  .path = "/proc/sys/vm/zone_reclaim_mode",
	  .max = 7,
	  .help = "1: reclaim on the own node before going to another, 2: by writing, 4: by swapping" },
	{ .name = "kernel.numa_balancing",
	  .path = "/proc/sys/kernel/numa_balancing",
	  .max = 3,
	  .help = "1: pages follow their users, 2: tiering" },
	{ .name = "thp.enabled",
	  .path = "/sys/kernel/mm/transparent_hugepage/enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "always|madvise|never",
	  .help = "transparent huge pages for anonymous memory" },
	{ .name = "thp.defrag",
	  .path = "/sys/kernel/mm/transparent_hugepage/defrag",
	  .min = 1,
	  .max = 0,
	  .choices = "always|defer|defer+madvise|madvise|never",
	  .help = "how hard a fault tries for a huge page" },
	{ .name = "thp.shmem_enabled",
	  .path = "/sys/kernel/mm/transparent_hugepage/shmem_enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "always|within_size|advise|never|deny|force",
	  .help = "transparent huge pages for shared memory" },
	{ .name = "thp.use_zero_page",
	  .path = "/sys/kernel/mm/transparent_hugepage/use_zero_page",
	  .max = 1,
	  .help = "1: reads of untouched memory map the huge zero page" },
	{ .name = "thp.shrink_underused",
	  .path = "/sys/kernel/mm/transparent_hugepage/shrink_underused",
	  .max = 1,
	  .help = "1: split huge pages that are mostly zero" },
	{ .name = "thp.khugepaged.alloc_sleep_millisecs",
	  .path = "/sys/kernel/mm/transparent_hugepage/khugepaged/alloc_sleep_millisecs",
	  .max = UINT_MAX,
	  .help = "pause after a failed allocation" },
	{ .name = "thp.khugepaged.defrag",
	  .path = "/sys/kernel/mm/transparent_hugepage/khugepaged/defrag",
	  .max = 1,
	  .help = "1: khugepaged may compact" },
	{ .name = "thp.khugepaged.max_ptes_none",
	  .path = "/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none",
	  .max = 511,
	  .help = "untouched pages it may fill in when it collapses" },
	{ .name = "thp.khugepaged.max_ptes_shared",
	  .path = "/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_shared",
	  .max = 511,
	  .help = "shared pages it may copy when it collapses" },
	{ .name = "thp.khugepaged.max_ptes_swap",
	  .path = "/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_swap",
	  .max = 511,
	  .help = "swapped pages it may read in when it collapses" },
	{ .name = "thp.khugepaged.pages_to_scan",
	  .path = "/sys/kernel/mm/transparent_hugepage/khugepaged/pages_to_scan",
	  .min = 1,
	  .max = UINT_MAX,
	  .help = "pages per wake" },
	{ .name = "thp.khugepaged.scan_sleep_millisecs",
	  .path = "/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs",
	  .max = UINT_MAX,
	  .help = "pause between wakes" },
	{ .name = "mthp.8kB.enabled",
	  .path = "/sys/kernel/mm/transparent_hugepage/hugepages-8kB/enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "always|inherit|madvise|never",
	  .help = "folios of 8 KiB for anonymous memory" },
	{ .name = "mthp.16kB.enabled",
	  .path = "/sys/kernel/mm/transparent_hugepage/hugepages-16kB/enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "always|inherit|madvise|never",
	  .help = "folios of 16 KiB for anonymous memory" },
	{ .name = "mthp.32kB.enabled",
	  .path = "/sys/kernel/mm/transparent_hugepage/hugepages-32kB/enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "always|inherit|madvise|never",
	  .help = "folios of 32 KiB for anonymous memory" },
	{ .name = "mthp.64kB.enabled",
	  .path = "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "always|inherit|madvise|never",
	  .help = "folios of 64 KiB for anonymous memory" },
	{ .name = "mthp.128kB.enabled",
	  .path = "/sys/kernel/mm/transparent_hugepage/hugepages-128kB/enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "always|inherit|madvise|never",
	  .help = "folios of 128 KiB for anonymous memory" },
	{ .name = "mthp.256kB.enabled",
	  .path = "/sys/kernel/mm/transparent_hugepage/hugepages-256kB/enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "always|inherit|madvise|never",
	  .help = "folios of 256 KiB for anonymous memory" },
	{ .name = "mthp.512kB.enabled",
	  .path = "/sys/kernel/mm/transparent_hugepage/hugepages-512kB/enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "always|inherit|madvise|never",
	  .help = "folios of 512 KiB for anonymous memory" },
	{ .name = "mthp.1024kB.enabled",
	  .path = "/sys/kernel/mm/transparent_hugepage/hugepages-1024kB/enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "always|inherit|madvise|never",
	  .help = "folios of 1024 KiB for anonymous memory" },
	{ .name = "mthp.2048kB.enabled",
	  .path = "/sys/kernel/mm/transparent_hugepage/hugepages-2048kB/enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "always|inherit|madvise|never",
	  .help = "folios of 2048 KiB for anonymous memory" },
	{ .name = "ksm.run",
	  .path = "/sys/kernel/mm/ksm/run",
	  .max = 2,
	  .r2_from = 2, /* unmerges the pages of all processes: that cannot be undone */
	  .help = "0: stop, 1: merge, 2: stop and unmerge" },
	{ .name = "ksm.advisor_mode",
	  .path = "/sys/kernel/mm/ksm/advisor_mode",
	  .min = 1,
	  .max = 0,
	  .choices = "none|scan-time",
	  .help = "who chooses pages_to_scan" },
	{ .name = "ksm.max_page_sharing",
	  .path = "/sys/kernel/mm/ksm/max_page_sharing",
	  .min = 2,
	  .max = INT_MAX,
	  .help = "mappings of one merged page; only while nothing is merged" },
	{ .name = "ksm.merge_across_nodes",
	  .path = "/sys/kernel/mm/ksm/merge_across_nodes",
	  .max = 1,
	  .help = "0: merge within a node only; only while nothing is merged" },
	{ .name = "ksm.pages_to_scan",
	  .path = "/sys/kernel/mm/ksm/pages_to_scan",
	  .max = UINT_MAX,
	  .help = "pages per wake" },
	{ .name = "ksm.sleep_millisecs",
	  .path = "/sys/kernel/mm/ksm/sleep_millisecs",
	  .max = UINT_MAX,
	  .help = "pause between wakes" },
	{ .name = "ksm.smart_scan",
	  .path = "/sys/kernel/mm/ksm/smart_scan",
	  .max = 1,
	  .help = "1: skip pages that did not merge before" },
	{ .name = "ksm.use_zero_pages",
	  .path = "/sys/kernel/mm/ksm/use_zero_pages",
	  .max = 1,
	  .help = "1: zero pages merge with the kernel's own" },
	{ .name = "lru_gen.enabled",
	  .path = "/sys/kernel/mm/lru_gen/enabled",
	  .max = 7,
	  .help = "multi-generational LRU; bits 1: on, 2 and 4: accessed-bit walks" },
	{ .name = "lru_gen.min_ttl_ms",
	  .path = "/sys/kernel/mm/lru_gen/min_ttl_ms",
	  .max = UINT_MAX,
	  .help = "age below which nothing is evicted: OOM instead",
	  .system_wide_pressure = true },
	{ .name = "zswap.enabled",
	  .path = "/sys/module/zswap/parameters/enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "Y|N",
	  .help = "compressed cache before the swap device" },
	{ .name = "zswap.accept_threshold_percent",
	  .path = "/sys/module/zswap/parameters/accept_threshold_percent",
	  .max = 100,
	  .help = "fill of the pool at which it accepts again" },
	{ .name = "zswap.compressor",
	  .path = "/sys/module/zswap/parameters/compressor",
	  .min = 1,
	  .max = 0,
	  .choices = "842|deflate|lz4|lz4hc|lzo|lzo-rle|zstd",
	  .help = "how it compresses" },
	{ .name = "zswap.max_pool_percent",
	  .path = "/sys/module/zswap/parameters/max_pool_percent",
	  .max = 100,
	  .r2_from = 51, /* the pool may take most of the memory */
	  .help = "of memory that the pool may take" },
	{ .name = "zswap.shrinker_enabled",
	  .path = "/sys/module/zswap/parameters/shrinker_enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "Y|N",
	  .help = "whether memory pressure writes the pool back" },
	{ .name = "hugepages.64kB",
	  .path = "/sys/kernel/mm/hugepages/hugepages-64kB/nr_hugepages",
	  .max = LLONG_MAX,
	  .help = "pool of huge pages of 64 KiB" },
	{ .name = "hugepages.2048kB",
	  .path = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
	  .max = LLONG_MAX,
	  .help = "pool of huge pages of 2048 KiB" },
	{ .name = "hugepages.32768kB",
	  .path = "/sys/kernel/mm/hugepages/hugepages-32768kB/nr_hugepages",
	  .max = LLONG_MAX,
	  .help = "pool of huge pages of 32768 KiB" },
	{ .name = "hugepages.1048576kB",
	  .path = "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages",
	  .max = LLONG_MAX,
	  .help = "pool of huge pages of 1048576 KiB" },
	{ .name = "hugepages.2048kB.node0",
	  .path = "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages",
	  .max = LLONG_MAX,
	  .help = "pool of huge pages of 2048 KiB on node 0" },
	{ .name = "hugepages.1048576kB.node0",
	  .path = "/sys/devices/system/node/node0/hugepages/hugepages-1048576kB/nr_hugepages",
	  .max = LLONG_MAX,
	  .help = "pool of huge pages of 1048576 KiB on node 0" },
	{ .name = "hugepages.2048kB.node1",
	  .path = "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages",
	  .max = LLONG_MAX,
	  .help = "pool of huge pages of 2048 KiB on node 1" },
	{ .name = "hugepages.1048576kB.node1",
	  .path = "/sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages",
	  .max = LLONG_MAX,
	  .help = "pool of huge pages of 1048576 KiB on node 1" },
	{ .name = "hugepages.2048kB.node2",
	  .path = "/sys/devices/system/node/node2/hugepages/hugepages-2048kB/nr_hugepages",
	  .max = LLONG_MAX,
	  .help = "pool of huge pages of 2048 KiB on node 2" },
	{ .name = "hugepages.1048576kB.node2",
	  .path = "/sys/devices/system/node/node2/hugepages/hugepages-1048576kB/nr_hugepages",
	  .max = LLONG_MAX,
	  .help = "pool of huge pages of 1048576 KiB on node 2" },
	{ .name = "hugepages.2048kB.node3",
	  .path = "/sys/devices/system/node/node3/hugepages/hugepages-2048kB/nr_hugepages",
	  .max = LLONG_MAX,
	  .help = "pool of huge pages of 2048 KiB on node 3" },
	{ .name = "hugepages.1048576kB.node3",
	  .path = "/sys/devices/system/node/node3/hugepages/hugepages-1048576kB/nr_hugepages",
	  .max = LLONG_MAX,
	  .help = "pool of huge pages of 1048576 KiB on node 3" },
	{ .name = "swap.vma_ra_enabled",
	  .path = "/sys/kernel/mm/swap/vma_ra_enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "true|false",
	  .help = "swap readahead follows addresses, not swap slots" },
	{ .name = "numa.demotion_enabled",
	  .path = "/sys/kernel/mm/numa/demotion_enabled",
	  .min = 1,
	  .max = 0,
	  .choices = "true|false",
	  .help = "reclaim moves pages to a slower node first" },
	{ .name = NULL },
};

const struct setting_known *setting_find(const char *name)
{
	for (const struct setting_known *s = settings_known; s->name; s++) {
		if (!strcmp(s->name, name))
			return s;
	}
	return NULL;
}

bool setting_is_sysctl(const char *name)
{
	return !strncmp(name, "vm.", 3) || !strncmp(name, "kernel.", 7);
}

const char *setting_suggest(const char *name)
{
	const char *names[ARRAY_SIZE(settings_known)];
	size_t nr = 0;

	for (const struct setting_known *s = settings_known; s->name; s++)
		names[nr++] = s->name;
	return suggest(name, names, nr);
}

bool setting_is_r2(const struct setting_known *known, const char *value)
{
	long long number;

	if (known->system_wide_pressure || known->choices)
		return known->system_wide_pressure;
	number = strtoll(value, NULL, 10);
	return number < known->r2_below || (known->r2_from && number >= known->r2_from);
}

static bool is_choice(const char *choices, const char *value)
{
	size_t length = strlen(value);

	for (const char *p = choices; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (length && !strncmp(p, value, length) && (p[length] == '|' || !p[length]))
			return true;
	}
	return false;
}

static int number_check(const struct setting_known *s, const char *value, struct error *e)
{
	const char *digits = value + (*value == '-');
	long long number;
	char *end;

	errno = 0;
	number = strtoll(value, &end, 10);
	if (!*digits || strspn(digits, "0123456789") != strlen(digits) || *end)
		return error_set(e, EINVAL, "%s takes a whole number, not '%s'", s->name,
				 value);
	if (!errno && number >= s->min && number <= s->max)
		return 0;
	if (number < s->min && s->max >= INT_MAX)
		return error_set(e, EINVAL, "%s takes a number from %lld on, not %s", s->name,
				 s->min, value);
	if (s->max == LLONG_MAX)
		return error_set(e, EINVAL, "%s: %s is too large for 64 bits", s->name, value);
	return error_set(e, EINVAL, "%s takes %lld to %lld, not %s", s->name, s->min, s->max,
			 value);
}

int setting_check(const char *name, const char *value, struct error *e)
{
	const struct setting_known *s = setting_find(name);
	const char *near;

	if (!s) {
		near = setting_suggest(name);
		if (near)
			return error_set(e, EINVAL, "%s: unknown setting; did you mean %s?",
					 name, near);
		return error_set(
			e, EINVAL,
			"%s: not a setting that pagestorm changes; `pagestorm list settings` shows them",
			name);
	}
	if (!s->choices)
		return number_check(s, value, e);
	if (!is_choice(s->choices, value))
		return error_set(e, EINVAL, "%s takes %s, not '%s'", s->name, s->choices,
				 value);
	return 0;
}
