// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of sources and the rules that give each key its kind and unit.
 *
 * Where the units and kinds come from:
 *   /proc, /proc/PID       Documentation/filesystems/proc.rst, proc(5)
 *   vmstat, zoneinfo       include/linux/mmzone.h, include/linux/vm_event_item.h, mm/vmstat.c
 *   numastat               Documentation/admin-guide/numastat.rst
 *   pressure               Documentation/accounting/psi.rst
 *   diskstats              Documentation/admin-guide/iostats.rst, Documentation/block/stat.rst
 *   group files, version 1 Documentation/admin-guide/cgroup-v1/memory.rst
 *   group files, version 2 Documentation/admin-guide/cgroup-v2.rst
 *   hugetlb.*              Documentation/admin-guide/cgroup-v2.rst, HugeTLB
 *   numa_maps              Documentation/filesystems/proc.rst, numa(7)
 */
#include "harness/record/counters.h"

#include <string.h>

/*
 * zoneinfo has vmstat's keys beside its own. Watermarks are settings in effect: a
 * claim about one is about its value, not about its change.
 */
static const struct rule vmstat_rules[] = {
	{ "free", KIND_GAUGE, UNIT_PAGES },
	{ "boost", KIND_GAUGE, UNIT_PAGES },
	{ "min", KIND_INFO, UNIT_PAGES },
	{ "low", KIND_INFO, UNIT_PAGES },
	{ "high", KIND_INFO, UNIT_PAGES },
	{ "promo", KIND_INFO, UNIT_PAGES },
	{ "spanned", KIND_INFO, UNIT_PAGES },
	{ "present", KIND_INFO, UNIT_PAGES },
	{ "managed", KIND_INFO, UNIT_PAGES },
	{ "cma", KIND_INFO, UNIT_PAGES },
	{ "protection.*", KIND_INFO, UNIT_PAGES },
	{ "start_pfn", KIND_INFO, UNIT_COUNT },
	{ "node_unreclaimable", KIND_GAUGE, UNIT_COUNT },

	{ "nr_vmscan_*", KIND_CUMULATIVE, UNIT_PAGES },
	{ "nr_dirtied", KIND_CUMULATIVE, UNIT_PAGES },
	{ "nr_written", KIND_CUMULATIVE, UNIT_PAGES },
	{ "nr_throttled_written", KIND_CUMULATIVE, UNIT_PAGES },
	{ "nr_foll_pin_*", KIND_CUMULATIVE, UNIT_PAGES },
	{ "nr_tlb_*", KIND_CUMULATIVE, UNIT_COUNT },
	{ "nr_kernel_stack", KIND_GAUGE, UNIT_KB }, /* NR_KERNEL_STACK_KB */
	/* vmstat_item_print_in_thp(): printed as a number of huge pages */
	{ "nr_anon_transparent_hugepages", KIND_GAUGE, UNIT_COUNT },
	{ "nr_*_hugepages", KIND_GAUGE, UNIT_COUNT },
	{ "nr_*_pmdmapped", KIND_GAUGE, UNIT_COUNT },
	{ "nr_*", KIND_GAUGE, UNIT_PAGES },
	{ "workingset_nodes", KIND_GAUGE, UNIT_COUNT },
	{ "workingset_nodereclaim", KIND_CUMULATIVE, UNIT_COUNT },
	{ "workingset_*", KIND_CUMULATIVE, UNIT_PAGES },
	/* sectors halved: all_vm_events() users, mm/vmstat.c */
	{ "pgpgin", KIND_CUMULATIVE, UNIT_KB },
	{ "pgpgout", KIND_CUMULATIVE, UNIT_KB },
	{ "pgfault", KIND_CUMULATIVE, UNIT_COUNT },
	{ "pgmajfault", KIND_CUMULATIVE, UNIT_COUNT },
	{ "pgscan_direct_throttle", KIND_CUMULATIVE, UNIT_COUNT },
	{ "pg*", KIND_CUMULATIVE, UNIT_PAGES },
	{ "kswapd_inodesteal", KIND_CUMULATIVE, UNIT_PAGES },
	{ "pswp*", KIND_CUMULATIVE, UNIT_PAGES },
	{ "swp*_zero", KIND_CUMULATIVE, UNIT_PAGES },
	{ "zswp*", KIND_CUMULATIVE, UNIT_PAGES },
	{ "swap_ra*", KIND_CUMULATIVE, UNIT_PAGES },
	{ "ksm_swpin_copy", KIND_CUMULATIVE, UNIT_PAGES },
	{ "numa_hit", KIND_CUMULATIVE, UNIT_PAGES },
	{ "numa_miss", KIND_CUMULATIVE, UNIT_PAGES },
	{ "numa_foreign", KIND_CUMULATIVE, UNIT_PAGES },
	{ "numa_interleave", KIND_CUMULATIVE, UNIT_PAGES },
	{ "numa_local", KIND_CUMULATIVE, UNIT_PAGES },
	{ "numa_other", KIND_CUMULATIVE, UNIT_PAGES },
	{ "numa_pages_migrated", KIND_CUMULATIVE, UNIT_PAGES },
	{ "compact_*scanned", KIND_CUMULATIVE, UNIT_PAGES },
	{ "compact_isolated", KIND_CUMULATIVE, UNIT_PAGES },
	{ "unevictable_pgs_*", KIND_CUMULATIVE, UNIT_PAGES },
	{ "balloon_*", KIND_CUMULATIVE, UNIT_PAGES },
	{ NULL, KIND_CUMULATIVE, UNIT_COUNT },
};

static const struct rule meminfo_rules[] = {
	{ "HugePages_*", KIND_GAUGE, UNIT_COUNT },
	{ "Hugepagesize", KIND_INFO, UNIT_KB },
	{ "VmallocTotal", KIND_INFO, UNIT_KB },
	{ NULL, KIND_GAUGE, UNIT_KB },
};

static const struct rule pressure_rules[] = {
	{ "*.total", KIND_CUMULATIVE, UNIT_USEC },
	{ NULL, KIND_GAUGE, UNIT_PERCENT },
};

static const struct rule cpu_rules[] = {
	{ "cpu*", KIND_CUMULATIVE, UNIT_TICKS },
	{ "btime", KIND_INFO, UNIT_COUNT },
	{ "procs_*", KIND_GAUGE, UNIT_COUNT },
	{ NULL, KIND_CUMULATIVE, UNIT_COUNT },
};

static const struct rule swaps_rules[] = {
	{ "Size", KIND_INFO, UNIT_KB },
	{ "Used", KIND_GAUGE, UNIT_KB },
	{ "Priority", KIND_INFO, UNIT_COUNT },
	{ NULL, KIND_INFO, UNIT_COUNT },
};

static const struct rule diskstats_rules[] = {
	{ "*_sectors", KIND_CUMULATIVE, UNIT_SECTORS },
	{ "*_ticks", KIND_CUMULATIVE, UNIT_MSEC }, /* not USER_HZ: milliseconds */
	{ "time_in_queue", KIND_CUMULATIVE, UNIT_MSEC },
	{ "in_flight", KIND_GAUGE, UNIT_COUNT },
	{ NULL, KIND_CUMULATIVE, UNIT_COUNT },
};

/*
 * Both versions in one list. Version 1's pgpgin and pgpgout count charges of
 * whole folios, and its total_ keys include the groups below. Working-set and
 * reclaim events are pages, whatever unit the entry beside them has
 * (memcg_page_state_output(), mm/memcontrol.c).
 */
static const struct rule memory_stat_rules[] = {
	{ "hierarchical_*", KIND_INFO, UNIT_BYTES },
	{ "*pgpgin", KIND_CUMULATIVE, UNIT_COUNT },
	{ "*pgpgout", KIND_CUMULATIVE, UNIT_COUNT },
	{ "*pgfault", KIND_CUMULATIVE, UNIT_COUNT },
	{ "*pgmajfault", KIND_CUMULATIVE, UNIT_COUNT },
	{ "*workingset_nodereclaim", KIND_CUMULATIVE, UNIT_COUNT },
	{ "*workingset_*", KIND_CUMULATIVE, UNIT_PAGES },
	{ "pg*", KIND_CUMULATIVE, UNIT_PAGES },
	{ "pswp*", KIND_CUMULATIVE, UNIT_PAGES },
	{ "swp*_zero", KIND_CUMULATIVE, UNIT_PAGES },
	{ "zswp*", KIND_CUMULATIVE, UNIT_PAGES },
	{ "thp_*", KIND_CUMULATIVE, UNIT_COUNT },
	{ "numa_pages_migrated", KIND_CUMULATIVE, UNIT_PAGES },
	{ "numa_*", KIND_CUMULATIVE, UNIT_COUNT },
	{ NULL, KIND_GAUGE, UNIT_BYTES },
};

static const struct rule numa_stat_v2_rules[] = {
	{ "workingset_nodereclaim.*", KIND_CUMULATIVE, UNIT_COUNT },
	{ "workingset_*", KIND_CUMULATIVE, UNIT_PAGES },
	{ "pg*", KIND_CUMULATIVE, UNIT_PAGES },
	{ NULL, KIND_GAUGE, UNIT_BYTES },
};

static const struct rule oom_control_rules[] = {
	{ "oom_kill_disable", KIND_INFO, UNIT_COUNT },
	{ "under_oom", KIND_GAUGE, UNIT_COUNT },
	{ NULL, KIND_CUMULATIVE, UNIT_COUNT },
};

static const struct rule cpu_stat_rules[] = {
	{ "*_usec", KIND_CUMULATIVE, UNIT_USEC },
	{ NULL, KIND_CUMULATIVE, UNIT_COUNT },
};

static const struct rule pid_stat_rules[] = {
	{ "*flt", KIND_CUMULATIVE, UNIT_COUNT },
	{ "starttime", KIND_INFO, UNIT_TICKS },
	{ "*time", KIND_CUMULATIVE, UNIT_TICKS },
	{ "delayacct_blkio_ticks", KIND_CUMULATIVE, UNIT_TICKS },
	{ "num_threads", KIND_GAUGE, UNIT_COUNT },
	{ "vsize", KIND_GAUGE, UNIT_BYTES },
	{ "rss", KIND_GAUGE, UNIT_PAGES },
	{ "rsslim", KIND_INFO, UNIT_BYTES },
	{ NULL, KIND_INFO, UNIT_COUNT },
};

/* A key that stands here must be a number; others in status may be text. */
static const struct rule status_rules[] = {
	{ "VmPeak", KIND_PEAK, UNIT_KB },
	{ "VmHWM", KIND_PEAK, UNIT_KB },
	{ "Vm*", KIND_GAUGE, UNIT_KB },
	{ "Rss*", KIND_GAUGE, UNIT_KB },
	{ "HugetlbPages", KIND_GAUGE, UNIT_KB },
	{ "Threads", KIND_GAUGE, UNIT_COUNT },
	{ "*voluntary_ctxt_switches", KIND_CUMULATIVE, UNIT_COUNT },
	{ NULL, KIND_INFO, UNIT_COUNT },
};

static const struct rule io_rules[] = {
	{ "syscr", KIND_CUMULATIVE, UNIT_COUNT },
	{ "syscw", KIND_CUMULATIVE, UNIT_COUNT },
	{ NULL, KIND_CUMULATIVE, UNIT_BYTES },
};

static const struct rule smaps_rules[] = {
	{ "KernelPageSize", KIND_INFO, UNIT_KB },
	{ "MMUPageSize", KIND_INFO, UNIT_KB },
	{ "THPeligible", KIND_INFO, UNIT_COUNT },
	{ "ProtectionKey", KIND_INFO, UNIT_COUNT },
	{ NULL, KIND_GAUGE, UNIT_KB },
};

static const struct rule numa_maps_rules[] = {
	{ "kernelpagesize_kB", KIND_INFO, UNIT_KB },
	{ "mapmax", KIND_INFO, UNIT_COUNT },
	{ NULL, KIND_GAUGE, UNIT_PAGES },
};

/* clang-format off: one row a line */
#define SOURCE(name, path, place, version, format, kind, unit, rules)                          \
	{                                                                                      \
		name, path, place, FORMAT_##format, version, KIND_##kind, UNIT_##unit, rules   \
	}
#define SYSTEM(name, ...)   SOURCE(name, "/proc/" name, PLACE_SYSTEM, 0, __VA_ARGS__)
#define NODE(name, ...)	    SOURCE(name, NODE_PATH name, PLACE_NODE, 0, __VA_ARGS__)
#define GROUP(name, ...)    SOURCE(name, name, PLACE_GROUP, 0, __VA_ARGS__)
#define GROUP_V1(name, ...) SOURCE(name, name, PLACE_GROUP, 1, __VA_ARGS__)
#define GROUP_V2(name, ...) SOURCE(name, name, PLACE_GROUP, 2, __VA_ARGS__)
#define PROCESS(name, ...)  SOURCE(name, "/proc/%d/" name, PLACE_PROCESS, 0, __VA_ARGS__)
#define MAPPING(name, ...)  SOURCE(name, "/proc/%d/" name, PLACE_MAPPING, 0, __VA_ARGS__)
#define NODE_PATH	    "/sys/devices/system/node/node%u/"
#define DAMON_PATH	    "/sys/module/damon_reclaim/parameters/"

const struct source sources[] = {
	/* name, format, kind and unit of keys that no rule names, rules */
	SYSTEM("vmstat", KEY_VALUE, CUMULATIVE, COUNT, vmstat_rules),
	SYSTEM("meminfo", KEY_KB, GAUGE, KB, meminfo_rules),
	SYSTEM("zoneinfo", ZONEINFO, CUMULATIVE, COUNT, vmstat_rules),
	SYSTEM("buddyinfo", BUDDYINFO, GAUGE, COUNT, NULL),
	SYSTEM("pressure/memory", PRESSURE, GAUGE, PERCENT, pressure_rules),
	SYSTEM("pressure/io", PRESSURE, GAUGE, PERCENT, pressure_rules),
	SYSTEM("pressure/cpu", PRESSURE, GAUGE, PERCENT, pressure_rules),
	SYSTEM("stat", CPU_STAT, CUMULATIVE, COUNT, cpu_rules),
	SYSTEM("swaps", SWAPS, INFO, COUNT, swaps_rules),
	SYSTEM("diskstats", DISKSTATS, CUMULATIVE, COUNT, diskstats_rules),
	SOURCE("damon_reclaim", DAMON_PATH "bytes_reclaimed_regions", PLACE_SYSTEM, 0, SINGLE,
	       CUMULATIVE, BYTES, NULL),

	NODE("meminfo", NODE_KB, GAUGE, KB, meminfo_rules),
	NODE("numastat", KEY_VALUE, CUMULATIVE, PAGES, NULL),
	NODE("vmstat", KEY_VALUE, CUMULATIVE, COUNT, vmstat_rules),

	GROUP("memory.stat", KEY_VALUE, GAUGE, BYTES, memory_stat_rules),
	GROUP_V1("memory.numa_stat", NUMA_STAT, GAUGE, PAGES, NULL),
	GROUP_V2("memory.numa_stat", NUMA_STAT, GAUGE, BYTES, numa_stat_v2_rules),

	GROUP_V1("memory.usage_in_bytes", SINGLE, GAUGE, BYTES, NULL),
	GROUP_V1("memory.max_usage_in_bytes", SINGLE, PEAK, BYTES, NULL),
	GROUP_V1("memory.limit_in_bytes", SINGLE, INFO, BYTES, NULL),
	GROUP_V1("memory.soft_limit_in_bytes", SINGLE, INFO, BYTES, NULL),
	GROUP_V1("memory.failcnt", SINGLE, CUMULATIVE, COUNT, NULL),
	GROUP_V1("memory.memsw.usage_in_bytes", SINGLE, GAUGE, BYTES, NULL),
	GROUP_V1("memory.memsw.max_usage_in_bytes", SINGLE, PEAK, BYTES, NULL),
	GROUP_V1("memory.memsw.limit_in_bytes", SINGLE, INFO, BYTES, NULL),
	GROUP_V1("memory.memsw.failcnt", SINGLE, CUMULATIVE, COUNT, NULL),
	GROUP_V1("memory.kmem.usage_in_bytes", SINGLE, GAUGE, BYTES, NULL),
	GROUP_V1("memory.kmem.max_usage_in_bytes", SINGLE, PEAK, BYTES, NULL),
	GROUP_V1("memory.kmem.tcp.usage_in_bytes", SINGLE, GAUGE, BYTES, NULL),
	GROUP_V1("memory.swappiness", SINGLE, INFO, COUNT, NULL),
	GROUP_V1("memory.use_hierarchy", SINGLE, INFO, COUNT, NULL),
	GROUP_V1("memory.oom_control", KEY_VALUE, CUMULATIVE, COUNT, oom_control_rules),

	GROUP_V2("memory.current", SINGLE, GAUGE, BYTES, NULL),
	GROUP_V2("memory.peak", SINGLE, PEAK, BYTES, NULL),
	GROUP_V2("memory.max", SINGLE, INFO, BYTES, NULL),
	GROUP_V2("memory.high", SINGLE, INFO, BYTES, NULL),
	GROUP_V2("memory.low", SINGLE, INFO, BYTES, NULL),
	GROUP_V2("memory.min", SINGLE, INFO, BYTES, NULL),
	GROUP_V2("memory.oom.group", SINGLE, INFO, COUNT, NULL),
	GROUP_V2("memory.events", KEY_VALUE, CUMULATIVE, COUNT, NULL),
	GROUP_V2("memory.events.local", KEY_VALUE, CUMULATIVE, COUNT, NULL),
	GROUP_V2("memory.swap.current", SINGLE, GAUGE, BYTES, NULL),
	GROUP_V2("memory.swap.peak", SINGLE, PEAK, BYTES, NULL),
	GROUP_V2("memory.swap.max", SINGLE, INFO, BYTES, NULL),
	GROUP_V2("memory.swap.high", SINGLE, INFO, BYTES, NULL),
	GROUP_V2("memory.swap.events", KEY_VALUE, CUMULATIVE, COUNT, NULL),
	GROUP_V2("memory.zswap.current", SINGLE, GAUGE, BYTES, NULL),
	GROUP_V2("memory.zswap.max", SINGLE, INFO, BYTES, NULL),
	GROUP_V2("memory.zswap.writeback", SINGLE, INFO, COUNT, NULL),
	GROUP_V2("memory.pressure", PRESSURE, GAUGE, PERCENT, pressure_rules),
	GROUP_V2("io.pressure", PRESSURE, GAUGE, PERCENT, pressure_rules),
	GROUP_V2("cpu.pressure", PRESSURE, GAUGE, PERCENT, pressure_rules),
	GROUP_V2("cpu.stat", KEY_VALUE, CUMULATIVE, COUNT, cpu_stat_rules),
	GROUP_V2("hugetlb.2MB.current", SINGLE, GAUGE, BYTES, NULL),
	GROUP_V2("hugetlb.2MB.max", SINGLE, INFO, BYTES, NULL),
	GROUP_V2("hugetlb.2MB.rsvd.current", SINGLE, GAUGE, BYTES, NULL),
	GROUP_V2("hugetlb.2MB.rsvd.max", SINGLE, INFO, BYTES, NULL),
	GROUP_V2("hugetlb.2MB.events", KEY_VALUE, CUMULATIVE, COUNT, NULL),
	GROUP_V2("hugetlb.2MB.events.local", KEY_VALUE, CUMULATIVE, COUNT, NULL),
	GROUP_V2("hugetlb.2MB.numa_stat", NUMA_STAT, GAUGE, BYTES, NULL),
	GROUP_V2("hugetlb.1GB.current", SINGLE, GAUGE, BYTES, NULL),

	PROCESS("stat", PID_STAT, INFO, COUNT, pid_stat_rules),
	PROCESS("statm", STATM, GAUGE, PAGES, NULL),
	PROCESS("status", STATUS, INFO, COUNT, status_rules),
	PROCESS("io", IO, CUMULATIVE, BYTES, io_rules),
	PROCESS("smaps_rollup", SMAPS, GAUGE, KB, smaps_rules),
	PROCESS("ksm_merging_pages", SINGLE, GAUGE, PAGES, NULL),

	MAPPING("smaps", SMAPS, GAUGE, KB, smaps_rules),
	MAPPING("numa_maps", NUMA_MAPS, GAUGE, PAGES, numa_maps_rules),

	{ .name = NULL },
};
/* clang-format on */

static bool key_fits(const char *glob, const char *key)
{
	const char *star = NULL, *resume = NULL;

	while (*key) {
		if (*glob == '*') {
			star = ++glob;
			resume = key;
		} else if (*glob == *key) {
			glob++;
			key++;
		} else if (star) {
			glob = star;
			key = ++resume;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

const struct rule *counters_rule(const struct source *source, const char *key)
{
	for (const struct rule *r = source->rules; r && r->key; r++)
		if (key_fits(r->key, key))
			return r;
	return NULL;
}

struct counter_type counters_type(const struct source *source, const char *key)
{
	const struct rule *rule = counters_rule(source, key);

	return (struct counter_type){ .kind = rule ? rule->kind : source->kind,
				      .unit = rule ? rule->unit : source->unit };
}

/* ---- words ---- */

static const char *const kinds[] = {
	[KIND_GAUGE] = "gauge",
	[KIND_CUMULATIVE] = "cumulative",
	[KIND_PEAK] = "peak",
	[KIND_INFO] = "info",
};

static const char *const units[] = {
	[UNIT_COUNT] = "count", [UNIT_BYTES] = "bytes",	    [UNIT_PAGES] = "pages",
	[UNIT_KB] = "kB",	[UNIT_USEC] = "usec",	    [UNIT_NSEC] = "nsec",
	[UNIT_TICKS] = "ticks", [UNIT_SECTORS] = "sectors", [UNIT_PERCENT] = "percent",
	[UNIT_MSEC] = "msec",
};

const struct wordlist kind_words = WORDLIST(kinds);
const struct wordlist unit_words = WORDLIST(units);

const char *kind_name(enum kind kind)
{
	return wordlist_word(&kind_words, kind);
}

const char *unit_name(enum unit unit)
{
	return wordlist_word(&unit_words, unit);
}
