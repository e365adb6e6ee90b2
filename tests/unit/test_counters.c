// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parsers against files captured from three kernels (tests/fixtures/README.md);
 * the expected numbers were read from those files without the parsers.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "harness/record/counters.h"
#include "tests/unit/fixture.h"
#include "workloads/api/arith.h"

static const struct tree *const trees[] = { &fixture_host, &fixture_guest_6_1,
					    &fixture_guest_6_12 };

static const struct source *source_of(enum place place, const char *name, unsigned version)
{
	for (const struct source *s = sources; s->name; s++)
		if (s->place == place && !strcmp(s->name, name) &&
		    (!s->cgroup_version || s->cgroup_version == version))
			return s;
	fail_msg("no source %s", name);
	return NULL;
}

/* ---- known values ---- */

#define GAUGE	   KIND_GAUGE
#define CUMULATIVE KIND_CUMULATIVE
#define PEAK	   KIND_PEAK
#define INFO	   KIND_INFO
#define COUNT	   UNIT_COUNT
#define BYTES	   UNIT_BYTES
#define PAGES	   UNIT_PAGES
#define KB	   UNIT_KB
#define USEC	   UNIT_USEC
#define MSEC	   UNIT_MSEC
#define TICKS	   UNIT_TICKS
#define SECTORS	   UNIT_SECTORS
#define PERCENT	   UNIT_PERCENT

struct known {
	const char *scope, *source, *counter;
	int64_t before, after;
	enum kind kind;
	enum unit unit;
};

static void check_known(const struct tree *tree, const struct known *known, size_t nr)
{
	struct fixture f;

	fixture_load(&f, tree);
	for (size_t i = 0; i < nr; i++) {
		const struct known *k = &known[i];
		const struct counter *c =
			record_find(&f.record, k->scope, k->source, k->counter);

		if (!c)
			fail_msg("%s: no %s/%s/%s", tree->name, k->scope, k->source,
				 k->counter);
		if (!c->has_before || !c->has_after || c->before.value != k->before ||
		    c->after.value != k->after)
			fail_msg("%s: %s/%s/%s is %lld, %lld", tree->name, k->scope, k->source,
				 k->counter, (long long)c->before.value,
				 (long long)c->after.value);
		if (c->kind != k->kind || c->unit != k->unit)
			fail_msg("%s: %s/%s/%s is %s in %s", tree->name, k->scope, k->source,
				 k->counter, kind_name(c->kind), unit_name(c->unit));
	}
	fixture_release(&f);
}

static const struct known known_6_18[] = {
	{ "system", "vmstat", "pgfault", 71209796, 71333559, CUMULATIVE, COUNT },
	{ "system", "vmstat", "nr_anon_pages", 11891, 54900, GAUGE, PAGES },
	{ "system", "vmstat", "nr_kernel_stack", 2188, 2136, GAUGE, KB },
	{ "system", "vmstat", "nr_dirtied", 1035973, 1037038, CUMULATIVE, PAGES },
	{ "system", "vmstat", "nr_anon_transparent_hugepages", 0, 70, GAUGE, COUNT },
	{ "system", "vmstat", "pgpgin", 3100137, 3101073, CUMULATIVE, KB },
	{ "system", "vmstat", "pgsteal_kswapd", 0, 0, CUMULATIVE, PAGES },
	{ "system", "vmstat", "workingset_nodes", 27344, 27342, GAUGE, COUNT },
	{ "system", "vmstat", "workingset_refault_file", 430634, 430896, CUMULATIVE, PAGES },
	{ "system", "vmstat", "thp_fault_alloc", 32281, 32351, CUMULATIVE, COUNT },
	{ "system", "vmstat", "numa_hit", 61856421, 61955622, CUMULATIVE, PAGES },
	{ "system", "meminfo", "MemFree", 23776020, 23609816, GAUGE, KB },
	{ "system", "meminfo", "Active(anon)", 1708, 2808, GAUGE, KB },
	{ "system", "meminfo", "HugePages_Free", 0, 0, GAUGE, COUNT },
	{ "system", "meminfo", "Hugepagesize", 2048, 2048, INFO, KB },
	{ "node0", "zoneinfo", "nr_anon_pages", 11766, 55225, GAUGE, PAGES },
	{ "node0:DMA", "zoneinfo", "free", 3840, 3840, GAUGE, PAGES },
	{ "node0:DMA", "zoneinfo", "min", 46, 46, INFO, PAGES },
	{ "node0:DMA", "zoneinfo", "high", 68, 68, INFO, PAGES },
	{ "node0:DMA", "zoneinfo", "managed", 3840, 3840, INFO, PAGES },
	{ "node0:DMA", "zoneinfo", "protection.1", 3019, 3019, INFO, PAGES },
	{ "node0:DMA", "zoneinfo", "start_pfn", 1, 1, INFO, COUNT },
	{ "node0:DMA32", "zoneinfo", "free", 772791, 772791, GAUGE, PAGES },
	{ "node0:DMA32", "zoneinfo", "numa_hit", 3, 3, CUMULATIVE, PAGES },
	{ "node0:DMA", "buddyinfo", "order10", 3, 3, GAUGE, COUNT },
	{ "node0:DMA32", "buddyinfo", "order0", 1, 1, GAUGE, COUNT },
	{ "system", "pressure/cpu", "some.total", 63574431, 65316517, CUMULATIVE, USEC },
	{ "system", "pressure/memory", "full.avg10", 0, 0, GAUGE, PERCENT },
	{ "system", "stat", "cpu.system", 28947, 29038, CUMULATIVE, TICKS },
	{ "system", "stat", "cpu1.idle", 173139, 173139, CUMULATIVE, TICKS },
	{ "system", "stat", "intr", 1039723, 1044285, CUMULATIVE, COUNT },
	{ "system", "stat", "ctxt", 2220189, 2228919, CUMULATIVE, COUNT },
	{ "system", "stat", "procs_running", 5, 7, GAUGE, COUNT },
	{ "system", "stat", "btime", 1795165277, 1795165277, INFO, COUNT },
	{ "node0", "meminfo", "MemFree", 4698376, 4523172, GAUGE, KB },
	{ "node0", "meminfo", "HugePages_Total", 0, 0, GAUGE, COUNT },
	{ "node0", "numastat", "interleave_hit", 1124, 1124, CUMULATIVE, PAGES },
	{ "node0", "vmstat", "nr_free_pages", 1174594, 1130793, GAUGE, PAGES },
	{ "group", "memory.stat", "pgfault", 28, 2076, CUMULATIVE, COUNT },
	{ "group", "memory.stat", "workingset_refault_anon", 0, 0, CUMULATIVE, PAGES },
	{ "group", "memory.stat", "active_anon", 4096, 1052672, GAUGE, BYTES },
	{ "process", "stat", "minflt", 169, 2217, CUMULATIVE, COUNT },
	{ "process", "stat", "stime", 0, 0, CUMULATIVE, TICKS },
	{ "process", "stat", "starttime", 218531, 218531, INFO, TICKS },
	{ "process", "stat", "vsize", 17797120, 17797120, GAUGE, BYTES },
	{ "process", "stat", "rss", 152, 2200, GAUGE, PAGES },
	{ "process", "statm", "resident", 176, 2224, GAUGE, PAGES },
	{ "process", "statm", "data", 2123, 2123, GAUGE, PAGES },
	{ "process", "status", "VmHWM", 704, 8896, PEAK, KB },
	{ "process", "status", "RssAnon", 52, 8244, GAUGE, KB },
	{ "process", "status", "Threads", 1, 1, GAUGE, COUNT },
	{ "process", "status", "voluntary_ctxt_switches", 2, 3, CUMULATIVE, COUNT },
	{ "process", "io", "rchar", 4796, 4797, CUMULATIVE, BYTES },
	{ "process", "io", "syscr", 10, 11, CUMULATIVE, COUNT },
	{ "process", "smaps_rollup", "Rss", 704, 8896, GAUGE, KB },
	{ "process", "smaps_rollup", "Private_Dirty", 700, 8892, GAUGE, KB },
	{ "group", "memory.usage_in_bytes", "memory.usage_in_bytes", 258048, 8646656, GAUGE,
	  BYTES },
	{ "group", "memory.max_usage_in_bytes", "memory.max_usage_in_bytes", 262144, 8646656,
	  PEAK, BYTES },
	{ "group", "memory.limit_in_bytes", "memory.limit_in_bytes", 67108864, 67108864, INFO,
	  BYTES },
	{ "group", "memory.failcnt", "memory.failcnt", 0, 0, CUMULATIVE, COUNT },
	{ "group", "memory.memsw.usage_in_bytes", "memory.memsw.usage_in_bytes", 258048,
	  8646656, GAUGE, BYTES },
	{ "group", "memory.memsw.max_usage_in_bytes", "memory.memsw.max_usage_in_bytes", 262144,
	  8646656, PEAK, BYTES },
	{ "group", "memory.kmem.usage_in_bytes", "memory.kmem.usage_in_bytes", 57344, 73728,
	  GAUGE, BYTES },
	{ "group", "memory.swappiness", "memory.swappiness", 60, 60, INFO, COUNT },
	{ "group", "memory.stat", "rss", 53248, 8441856, GAUGE, BYTES },
	{ "group", "memory.stat", "total_pgfault", 28, 2076, CUMULATIVE, COUNT },
	{ "group", "memory.stat", "pgpgin", 16, 2064, CUMULATIVE, COUNT },
	{ "group", "memory.stat", "hierarchical_memory_limit", 67108864, 67108864, INFO,
	  BYTES },
	{ "group", "memory.oom_control", "oom_kill", 0, 0, CUMULATIVE, COUNT },
	{ "group", "memory.oom_control", "oom_kill_disable", 0, 0, INFO, COUNT },
	{ "group", "memory.numa_stat", "anon", 13, 2061, GAUGE, PAGES },
	{ "group", "memory.numa_stat", "hierarchical_total.N0", 15, 2063, GAUGE, PAGES },
	{ "disk:vda", "diskstats", "read_sectors", 6200154, 6202026, CUMULATIVE, SECTORS },
	{ "disk:vda", "diskstats", "write_ticks", 30022, 30060, CUMULATIVE, MSEC },
	{ "disk:vda", "diskstats", "io_ticks", 22544, 22576, CUMULATIVE, MSEC },
	{ "disk:vda", "diskstats", "in_flight", 0, 0, GAUGE, COUNT },
	{ "disk:vda", "diskstats", "flush_ios", 25359, 25508, CUMULATIVE, COUNT },
	{ "node0:DMA", "zoneinfo", "promo", 79, 79, INFO, PAGES },
};

/* clang-format off: one row a line */
static void known_values_of_the_6_18_host(void **state)
{
	(void)state;
	check_known(&fixture_host, known_6_18, ARRAY_SIZE(known_6_18));
}

static const struct known known_6_1[] = {
	{ "system", "vmstat", "pgfault", 5239, 13169, CUMULATIVE, COUNT },
	{ "system", "vmstat", "nr_anon_pages", 52, 1859, GAUGE, PAGES },
	{ "system", "vmstat", "nr_kernel_stack", 1016, 1008, GAUGE, KB },
	{ "system", "vmstat", "nr_dirtied", 1, 1, CUMULATIVE, PAGES },
	{ "system", "vmstat", "nr_anon_transparent_hugepages", 0, 0, GAUGE, COUNT },
	{ "system", "vmstat", "pgpgin", 4, 4, CUMULATIVE, KB },
	{ "system", "vmstat", "pgsteal_kswapd", 0, 0, CUMULATIVE, PAGES },
	{ "system", "vmstat", "workingset_nodes", 0, 0, GAUGE, COUNT },
	{ "system", "vmstat", "workingset_refault_file", 0, 0, CUMULATIVE, PAGES },
	{ "system", "vmstat", "thp_fault_alloc", 0, 0, CUMULATIVE, COUNT },
	{ "system", "vmstat", "numa_hit", 11322, 17988, CUMULATIVE, PAGES },
	{ "system", "meminfo", "MemFree", 428616, 421384, GAUGE, KB },
	{ "system", "meminfo", "Active(anon)", 3176, 3208, GAUGE, KB },
	{ "system", "meminfo", "HugePages_Free", 8, 6, GAUGE, COUNT },
	{ "system", "meminfo", "Hugepagesize", 2048, 2048, INFO, KB },
	{ "node0", "zoneinfo", "nr_anon_pages", 28, 801, GAUGE, PAGES },
	{ "node0:DMA", "zoneinfo", "free", 3808, 3808, GAUGE, PAGES },
	{ "node0:DMA", "zoneinfo", "min", 22, 22, INFO, PAGES },
	{ "node0:DMA", "zoneinfo", "high", 32, 32, INFO, PAGES },
	{ "node0:DMA", "zoneinfo", "managed", 3840, 3840, INFO, PAGES },
	{ "node0:DMA", "zoneinfo", "protection.1", 235, 235, INFO, PAGES },
	{ "node0:DMA", "zoneinfo", "start_pfn", 1, 1, INFO, COUNT },
	{ "node0:DMA32", "zoneinfo", "free", 54311, 53615, GAUGE, PAGES },
	{ "node0:DMA32", "zoneinfo", "pagesets.count", 419, 34, GAUGE, PAGES },
	{ "node0:DMA32", "zoneinfo", "numa_hit", 5439, 8931, CUMULATIVE, PAGES },
	{ "node0:DMA", "buddyinfo", "order10", 3, 3, GAUGE, COUNT },
	{ "node0:DMA32", "buddyinfo", "order0", 0, 40, GAUGE, COUNT },
	{ "system", "pressure/cpu", "some.total", 688413, 828457, CUMULATIVE, USEC },
	{ "system", "pressure/memory", "full.avg10", 0, 0, GAUGE, PERCENT },
	{ "system", "stat", "cpu.system", 368, 513, CUMULATIVE, TICKS },
	{ "system", "stat", "cpu1.idle", 386, 717, CUMULATIVE, TICKS },
	{ "system", "stat", "intr", 2223, 3051, CUMULATIVE, COUNT },
	{ "system", "stat", "ctxt", 2135, 3079, CUMULATIVE, COUNT },
	{ "system", "stat", "procs_running", 2, 2, GAUGE, COUNT },
	{ "system", "stat", "btime", 1795167451, 1795167451, INFO, COUNT },
	{ "node0", "meminfo", "MemFree", 232416, 229660, GAUGE, KB },
	{ "node0", "meminfo", "HugePages_Total", 4, 4, GAUGE, COUNT },
	{ "node0", "numastat", "interleave_hit", 305, 305, CUMULATIVE, PAGES },
	{ "node0", "vmstat", "nr_free_pages", 58104, 57404, GAUGE, PAGES },
	{ "group", "memory.stat", "pgfault", 29, 2079, CUMULATIVE, COUNT },
	{ "group", "memory.stat", "workingset_refault_anon", 0, 0, CUMULATIVE, PAGES },
	{ "group", "memory.stat", "active_anon", 8192, 12288, GAUGE, BYTES },
	{ "process", "stat", "minflt", 92, 2142, CUMULATIVE, COUNT },
	{ "process", "stat", "stime", 4, 10, CUMULATIVE, TICKS },
	{ "process", "stat", "starttime", 225, 225, INFO, TICKS },
	{ "process", "stat", "vsize", 21983232, 21983232, GAUGE, BYTES },
	{ "process", "stat", "rss", 1, 1938, GAUGE, PAGES },
	{ "process", "statm", "resident", 1, 1938, GAUGE, PAGES },
	{ "process", "statm", "data", 3147, 3147, GAUGE, PAGES },
	{ "process", "status", "VmHWM", 4, 8776, PEAK, KB },
	{ "process", "status", "RssAnon", 4, 7100, GAUGE, KB },
	{ "process", "status", "Threads", 1, 1, GAUGE, COUNT },
	{ "process", "status", "voluntary_ctxt_switches", 2, 3, CUMULATIVE, COUNT },
	{ "process", "io", "rchar", 1632, 1633, CUMULATIVE, BYTES },
	{ "process", "io", "syscr", 4, 5, CUMULATIVE, COUNT },
	{ "process", "smaps_rollup", "Rss", 704, 7872, GAUGE, KB },
	{ "process", "smaps_rollup", "Private_Dirty", 700, 7868, GAUGE, KB },
	{ "group", "memory.current", "memory.current", 507904, 7847936, GAUGE, BYTES },
	{ "group", "memory.peak", "memory.peak", 507904, 8896512, PEAK, BYTES },
	{ "group", "memory.max", "memory.max", 67108864, 67108864, INFO, BYTES },
	{ "group", "memory.high", "memory.high", 50331648, 50331648, INFO, BYTES },
	{ "group", "memory.low", "memory.low", 0, 0, INFO, BYTES },
	{ "group", "memory.swap.current", "memory.swap.current", 0, 1048576, GAUGE, BYTES },
	{ "group", "memory.oom.group", "memory.oom.group", 0, 0, INFO, COUNT },
	{ "group", "hugetlb.2MB.current", "hugetlb.2MB.current", 0, 4194304, GAUGE, BYTES },
	{ "group", "hugetlb.2MB.rsvd.current", "hugetlb.2MB.rsvd.current", 4194304, 4194304,
	  GAUGE, BYTES },
	{ "group", "memory.stat", "anon", 53248, 7393280, GAUGE, BYTES },
	{ "group", "memory.stat", "pagetables", 20480, 40960, GAUGE, BYTES },
	{ "group", "memory.stat", "pgscan", 0, 0, CUMULATIVE, PAGES },
	{ "group", "memory.stat", "thp_fault_alloc", 0, 0, CUMULATIVE, COUNT },
	{ "group", "memory.events", "oom_kill", 0, 0, CUMULATIVE, COUNT },
	{ "group", "memory.events.local", "max", 0, 0, CUMULATIVE, COUNT },
	{ "group", "memory.swap.events", "fail", 0, 0, CUMULATIVE, COUNT },
	{ "group", "memory.numa_stat", "anon.N1", 45056, 4239360, GAUGE, BYTES },
	{ "group", "memory.numa_stat", "workingset_refault_anon.N0", 0, 0, CUMULATIVE, PAGES },
	{ "group", "hugetlb.2MB.numa_stat", "total.N0", 0, 4194304, GAUGE, BYTES },
	{ "group", "hugetlb.2MB.events", "max", 0, 0, CUMULATIVE, COUNT },
	{ "group", "memory.pressure", "some.total", 0, 0, CUMULATIVE, USEC },
	{ "group", "cpu.pressure", "full.total", 980, 1644, CUMULATIVE, USEC },
	{ "group", "cpu.stat", "usage_usec", 18902, 78902, CUMULATIVE, USEC },
	{ "group", "cpu.stat", "nr_throttled", 0, 0, CUMULATIVE, COUNT },
	{ "swap:/dev/zram0", "swaps", "Size", 65532, 65532, INFO, KB },
	{ "swap:/dev/zram0", "swaps", "Used", 0, 1024, GAUGE, KB },
	{ "swap:/dev/zram0", "swaps", "Priority", 5, 5, INFO, COUNT },
	{ "disk:zram0", "diskstats", "write_ios", 1, 257, CUMULATIVE, COUNT },
	{ "disk:zram0", "diskstats", "time_in_queue", 0, 8, CUMULATIVE, MSEC },
	{ "node1", "meminfo", "MemFree", 196160, 191680, GAUGE, KB },
	{ "node1", "numastat", "numa_hit", 6429, 9718, CUMULATIVE, PAGES },
	{ "node1:DMA32", "buddyinfo", "order10", 44, 43, GAUGE, COUNT },
	{ "process", "status", "VmSwap", 0, 1024, GAUGE, KB },
	{ "process", "status", "HugetlbPages", 0, 4096, GAUGE, KB },
};

static void known_values_of_the_6_1_guest(void **state)
{
	(void)state;
	check_known(&fixture_guest_6_1, known_6_1, ARRAY_SIZE(known_6_1));
}

static const struct known known_6_12[] = {
	{ "system", "vmstat", "pgfault", 5347, 13450, CUMULATIVE, COUNT },
	{ "system", "vmstat", "nr_anon_pages", 68, 1855, GAUGE, PAGES },
	{ "system", "vmstat", "nr_kernel_stack", 1184, 1184, GAUGE, KB },
	{ "system", "vmstat", "nr_dirtied", 1, 1, CUMULATIVE, PAGES },
	{ "system", "vmstat", "nr_anon_transparent_hugepages", 0, 0, GAUGE, COUNT },
	{ "system", "vmstat", "pgpgin", 4, 4, CUMULATIVE, KB },
	{ "system", "vmstat", "pgsteal_kswapd", 0, 0, CUMULATIVE, PAGES },
	{ "system", "vmstat", "workingset_nodes", 0, 4, GAUGE, COUNT },
	{ "system", "vmstat", "workingset_refault_file", 0, 0, CUMULATIVE, PAGES },
	{ "system", "vmstat", "thp_fault_alloc", 0, 0, CUMULATIVE, COUNT },
	{ "system", "vmstat", "numa_hit", 11231, 20186, CUMULATIVE, PAGES },
	{ "system", "meminfo", "MemFree", 424760, 417708, GAUGE, KB },
	{ "system", "meminfo", "Active(anon)", 3276, 10708, GAUGE, KB },
	{ "system", "meminfo", "HugePages_Free", 8, 6, GAUGE, COUNT },
	{ "system", "meminfo", "Hugepagesize", 2048, 2048, INFO, KB },
	{ "node0", "zoneinfo", "nr_anon_pages", 47, 829, GAUGE, PAGES },
	{ "node0:DMA", "zoneinfo", "free", 3808, 3808, GAUGE, PAGES },
	{ "node0:DMA", "zoneinfo", "min", 22, 22, INFO, PAGES },
	{ "node0:DMA", "zoneinfo", "high", 32, 32, INFO, PAGES },
	{ "node0:DMA", "zoneinfo", "managed", 3840, 3840, INFO, PAGES },
	{ "node0:DMA", "zoneinfo", "protection.1", 191, 191, INFO, PAGES },
	{ "node0:DMA", "zoneinfo", "start_pfn", 1, 1, INFO, COUNT },
	{ "node0:DMA32", "zoneinfo", "free", 43984, 43692, GAUGE, PAGES },
	{ "node0:DMA32", "zoneinfo", "numa_hit", 5776, 10918, CUMULATIVE, PAGES },
	{ "node0:DMA", "buddyinfo", "order10", 3, 3, GAUGE, COUNT },
	{ "node0:DMA32", "buddyinfo", "order0", 10, 44, GAUGE, COUNT },
	{ "system", "pressure/cpu", "some.total", 1264817, 1554923, CUMULATIVE, USEC },
	{ "system", "pressure/memory", "full.avg10", 0, 0, GAUGE, PERCENT },
	{ "system", "stat", "cpu.system", 418, 584, CUMULATIVE, TICKS },
	{ "system", "stat", "cpu1.idle", 401, 733, CUMULATIVE, TICKS },
	{ "system", "stat", "intr", 2705, 3631, CUMULATIVE, COUNT },
	{ "system", "stat", "ctxt", 2944, 3845, CUMULATIVE, COUNT },
	{ "system", "stat", "procs_running", 2, 1, GAUGE, COUNT },
	{ "system", "stat", "btime", 1795167438, 1795167438, INFO, COUNT },
	{ "node0", "meminfo", "MemFree", 191128, 189308, GAUGE, KB },
	{ "node0", "meminfo", "HugePages_Total", 4, 4, GAUGE, COUNT },
	{ "node0", "numastat", "interleave_hit", 507, 507, CUMULATIVE, PAGES },
	{ "node0", "vmstat", "nr_free_pages", 47782, 47282, GAUGE, PAGES },
	{ "group", "memory.stat", "pgfault", 30, 2080, CUMULATIVE, COUNT },
	{ "group", "memory.stat", "workingset_refault_anon", 0, 0, CUMULATIVE, PAGES },
	{ "group", "memory.stat", "active_anon", 65536, 7405568, GAUGE, BYTES },
	{ "process", "stat", "minflt", 93, 2143, CUMULATIVE, COUNT },
	{ "process", "stat", "stime", 4, 15, CUMULATIVE, TICKS },
	{ "process", "stat", "starttime", 294, 294, INFO, TICKS },
	{ "process", "stat", "vsize", 21983232, 21983232, GAUGE, BYTES },
	{ "process", "stat", "rss", 136, 1960, GAUGE, PAGES },
	{ "process", "statm", "resident", 177, 1969, GAUGE, PAGES },
	{ "process", "statm", "data", 3147, 3147, GAUGE, PAGES },
	{ "process", "status", "VmHWM", 708, 8736, PEAK, KB },
	{ "process", "status", "RssAnon", 56, 7224, GAUGE, KB },
	{ "process", "status", "Threads", 1, 1, GAUGE, COUNT },
	{ "process", "status", "voluntary_ctxt_switches", 2, 3, CUMULATIVE, COUNT },
	{ "process", "io", "rchar", 1632, 1633, CUMULATIVE, BYTES },
	{ "process", "io", "syscr", 4, 5, CUMULATIVE, COUNT },
	{ "process", "smaps_rollup", "Rss", 708, 7876, GAUGE, KB },
	{ "process", "smaps_rollup", "Private_Dirty", 704, 7872, GAUGE, KB },
	{ "group", "memory.current", "memory.current", 507904, 7847936, GAUGE, BYTES },
	{ "group", "memory.peak", "memory.peak", 524288, 8896512, PEAK, BYTES },
	{ "group", "memory.max", "memory.max", 67108864, 67108864, INFO, BYTES },
	{ "group", "memory.high", "memory.high", 50331648, 50331648, INFO, BYTES },
	{ "group", "memory.low", "memory.low", 0, 0, INFO, BYTES },
	{ "group", "memory.swap.current", "memory.swap.current", 0, 1048576, GAUGE, BYTES },
	{ "group", "memory.oom.group", "memory.oom.group", 0, 0, INFO, COUNT },
	{ "group", "hugetlb.2MB.current", "hugetlb.2MB.current", 0, 4194304, GAUGE, BYTES },
	{ "group", "hugetlb.2MB.rsvd.current", "hugetlb.2MB.rsvd.current", 4194304, 4194304,
	  GAUGE, BYTES },
	{ "group", "memory.stat", "anon", 57344, 7397376, GAUGE, BYTES },
	{ "group", "memory.stat", "pagetables", 40960, 57344, GAUGE, BYTES },
	{ "group", "memory.stat", "pgscan", 0, 0, CUMULATIVE, PAGES },
	{ "group", "memory.stat", "thp_fault_alloc", 0, 0, CUMULATIVE, COUNT },
	{ "group", "memory.events", "oom_kill", 0, 0, CUMULATIVE, COUNT },
	{ "group", "memory.events.local", "max", 0, 0, CUMULATIVE, COUNT },
	{ "group", "memory.swap.events", "fail", 0, 0, CUMULATIVE, COUNT },
	{ "group", "memory.numa_stat", "anon.N1", 4096, 4198400, GAUGE, BYTES },
	{ "group", "memory.numa_stat", "workingset_refault_anon.N0", 0, 0, CUMULATIVE, PAGES },
	{ "group", "hugetlb.2MB.numa_stat", "total.N0", 0, 4194304, GAUGE, BYTES },
	{ "group", "hugetlb.2MB.events", "max", 0, 0, CUMULATIVE, COUNT },
	{ "group", "memory.pressure", "some.total", 0, 0, CUMULATIVE, USEC },
	{ "group", "cpu.pressure", "full.total", 940, 2285, CUMULATIVE, USEC },
	{ "group", "cpu.stat", "usage_usec", 29888, 140604, CUMULATIVE, USEC },
	{ "group", "cpu.stat", "nr_throttled", 0, 0, CUMULATIVE, COUNT },
	{ "swap:/dev/zram0", "swaps", "Size", 65532, 65532, INFO, KB },
	{ "swap:/dev/zram0", "swaps", "Used", 0, 1024, GAUGE, KB },
	{ "swap:/dev/zram0", "swaps", "Priority", 5, 5, INFO, COUNT },
	{ "disk:zram0", "diskstats", "write_ios", 1, 257, CUMULATIVE, COUNT },
	{ "disk:zram0", "diskstats", "time_in_queue", 0, 4, CUMULATIVE, MSEC },
	{ "node1", "meminfo", "MemFree", 234388, 228064, GAUGE, KB },
	{ "node1", "numastat", "numa_hit", 6611, 10196, CUMULATIVE, PAGES },
	{ "node1:DMA32", "buddyinfo", "order10", 55, 54, GAUGE, COUNT },
	{ "process", "status", "VmSwap", 0, 1024, GAUGE, KB },
	{ "process", "status", "HugetlbPages", 0, 4096, GAUGE, KB },
	{ "group", "memory.swap.peak", "memory.swap.peak", 0, 1048576, PEAK, BYTES },
	{ "group", "memory.stat", "swpout_zero", 0, 0, CUMULATIVE, PAGES },
	{ "group", "memory.stat", "numa_pages_migrated", 0, 0, CUMULATIVE, PAGES },
	{ "group", "cpu.stat", "nice_usec", 0, 0, CUMULATIVE, USEC },
};

static void known_values_of_the_6_12_guest(void **state)
{
	(void)state;
	check_known(&fixture_guest_6_12, known_6_12, ARRAY_SIZE(known_6_12));
}
/* clang-format on */

/* ---- the act whose size is known: tests/fixtures/README.md ---- */

static int64_t delta_of(const struct fixture *f, const char *scope, const char *source,
			const char *counter)
{
	const struct counter *c = record_find(&f->record, scope, source, counter);
	struct number delta;

	if (!c || !counter_delta(c, &delta))
		fail_msg("%s: no %s/%s/%s", f->tree->name, scope, source, counter);
	assert_int_equal(delta.decimals, 0);
	return delta.value;
}

static void deltas_are_the_pages_that_were_touched_and_swapped(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		bool swapped = trees[i]->nr_nodes == 2, v1 = trees[i]->cgroup_version == 1;
		int64_t pages = swapped ? 2048 - 256 : 2048;
		struct fixture f;

		fixture_load(&f, trees[i]);
		assert_int_equal(delta_of(&f, "process", "stat", "minflt"),
				 swapped ? 2050 : 2048);
		assert_int_equal(delta_of(&f, "process", "stat", "majflt"), 0);
		assert_int_equal(delta_of(&f, "mapping", "smaps", "Rss"), pages * 4);
		assert_int_equal(delta_of(&f, "mapping", "smaps", "Swap"), (2048 - pages) * 4);
		assert_int_equal(delta_of(&f, "mapping", "numa_maps", "anon"), pages);
		assert_int_equal(delta_of(&f, "mapping", "numa_maps", "N0"),
				 swapped ? 1024 - 256 : 2048);
		if (swapped) {
			assert_int_equal(delta_of(&f, "mapping", "numa_maps", "N1"), 1024);
			assert_int_equal(delta_of(&f, "system", "vmstat", "pswpout"), 256);
			assert_int_equal(delta_of(&f, "swap:/dev/zram0", "swaps", "Used"),
					 1024);
			assert_int_equal(
				delta_of(&f, "disk:zram0", "diskstats", "write_sectors"),
				256 * 8);
			assert_int_equal(delta_of(&f, "group", "hugetlb.2MB.current",
						  "hugetlb.2MB.current"),
					 4 << 20);
		}
		assert_int_equal(delta_of(&f, "group", "memory.stat", v1 ? "rss" : "anon"),
				 pages * 4096);
		fixture_release(&f);
	}
}

static bool record_has_source(const struct record *record, const char *source)
{
	for (size_t i = 0; i < record->nr; i++)
		if (!strcmp(record->counter[i].source, source))
			return true;
	return false;
}

static void every_source_is_exercised_but_those_that_had_no_number(void **state)
{
	/* No zswap and no 1 GiB pages in these kernels; limits that were "max". */
	static const char *const without[] = {
		"memory.zswap.current",
		"memory.zswap.max",
		"memory.zswap.writeback",
		"hugetlb.1GB.current",
		"hugetlb.2MB.max",
		"hugetlb.2MB.rsvd.max",
		"memory.swap.max",
		"memory.swap.high",
		/* Read since: the captures are older. */
		"damon_reclaim",
		"ksm_merging_pages",
	};
	struct fixture f[ARRAY_SIZE(trees)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++)
		fixture_load(&f[i], trees[i]);
	for (const struct source *s = sources; s->name; s++) {
		bool seen = false, expected = true;

		for (size_t i = 0; i < ARRAY_SIZE(trees); i++)
			seen = seen || record_has_source(&f[i].record, s->name);
		for (size_t i = 0; i < ARRAY_SIZE(without); i++)
			expected = expected && strcmp(s->name, without[i]);
		if (seen != expected)
			fail_msg("%s", s->name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++)
		fixture_release(&f[i]);
}

static void the_table_has_no_two_rows_for_one_file(void **state)
{
	(void)state;
	for (const struct source *a = sources; a->name; a++)
		for (const struct source *b = a + 1; b->name; b++)
			if (!strcmp(a->path, b->path) && a->place == b->place)
				assert_int_not_equal(a->cgroup_version, b->cgroup_version);
}

static void counters_come_out_sorted_and_can_be_found(void **state)
{
	struct fixture f;

	(void)state;
	fixture_load(&f, &fixture_guest_6_12);
	for (size_t i = 0; i < f.record.nr; i++) {
		const struct counter *c = &f.record.counter[i], *next = c + 1;

		assert_ptr_equal(record_find(&f.record, c->scope, c->source, c->counter), c);
		if (i + 1 < f.record.nr) {
			int order = strcmp(c->scope, next->scope);

			order = order ? order : strcmp(c->source, next->source);
			order = order ? order : strcmp(c->counter, next->counter);
			assert_true(order < 0);
		}
	}
	assert_null(record_find(&f.record, "system", "vmstat", "no_such_key"));
	fixture_release(&f);
}

/* ---- single files, written here ---- */

static int parse(struct record *r, const struct source *s, const char *text, struct error *e)
{
	const struct source_text whole = { s, "it", text, strlen(text), { 0, UINT64_MAX } };

	e->text[0] = '\0';
	return counters_parse(r, true, &whole, e);
}

/* The entries of a mapping's file that begin in this range. */
static int parse_range(struct record *r, const char *name, const char *text, struct range range,
		       struct error *e)
{
	const struct source_text part = { source_of(PLACE_MAPPING, name, 0), "mapping", text,
					  strlen(text), range };

	e->text[0] = '\0';
	return counters_parse(r, true, &part, e);
}

static int64_t value_of(const struct record *r, const char *scope, const char *source,
			const char *counter)
{
	const struct counter *c = record_find(r, scope, source, counter);

	if (!c || !c->has_after)
		fail_msg("no %s/%s/%s", scope, source, counter);
	return c->after.value;
}

struct bad {
	enum place place;
	const char *source;
	unsigned version;
	const char *text;
	const char *quoted; /* must stand in the message */
};

static const struct bad bad_lines[] = {
	{ PLACE_SYSTEM, "vmstat", 0, "pgfault 1\npgmajfault many\n",
	  "line 2: no number: \"pgmajfault many\"" },
	{ PLACE_SYSTEM, "vmstat", 0, "pgfault 1 2\n", "\"pgfault 1 2\"" },
	{ PLACE_SYSTEM, "vmstat", 0, "pgfault\n", "\"pgfault\"" },
	{ PLACE_SYSTEM, "vmstat", 0, "\n", "line 1" },
	{ PLACE_SYSTEM, "vmstat", 0, "pgfault 1x\n", "\"pgfault 1x\"" },
	{ PLACE_SYSTEM, "vmstat", 0, "pgfault 1.\n", "\"pgfault 1.\"" },
	{ PLACE_SYSTEM, "vmstat", 0, "pgfault --1\n", "\"pgfault --1\"" },
	{ PLACE_SYSTEM, "vmstat", 0, "pgfault 1\npgfault 2\n",
	  "a key that is there twice: \"pgfault 2\"" },
	{ PLACE_SYSTEM, "vmstat", 0, "pgfault 12", "cut short" },
	{ PLACE_SYSTEM, "meminfo", 0, "MemFree 12 kB\n", "no colon" },
	{ PLACE_SYSTEM, "meminfo", 0, "MemFree: 12 MB\n", "\"MemFree: 12 MB\"" },
	{ PLACE_SYSTEM, "meminfo", 0, "MemFree: kB\n", "\"MemFree: kB\"" },
	{ PLACE_SYSTEM, "zoneinfo", 0, "  pages free 1\n", "no zone before it" },
	{ PLACE_SYSTEM, "zoneinfo", 0, "Node x, zone DMA\n", "no zone" },
	{ PLACE_SYSTEM, "zoneinfo", 0, "Node 0, zone DMA\n  protection: 1\n", "no list" },
	{ PLACE_SYSTEM, "zoneinfo", 0,
	  "Node 0, zone DMA\n  pagesets\n    cpu: 0\n"
	  "              count: 9223372036854775807\n"
	  "              count: 1\n",
	  "a count that is there twice" },
	{ PLACE_SYSTEM, "zoneinfo", 0,
	  "Node 0, zone DMA\n  pagesets\n    cpu: 0\n"
	  "              count: 9223372036854775807\n    cpu: 1\n"
	  "              count: 1\n",
	  "too large a sum" },
	{ PLACE_SYSTEM, "buddyinfo", 0, "Node 0 zone DMA 1\n", "no zone" },
	{ PLACE_SYSTEM, "pressure/memory", 0, "some avg10\n", "no name=value" },
	{ PLACE_SYSTEM, "pressure/memory", 0, "some total=x\n", "no number" },
	{ PLACE_SYSTEM, "stat", 0, "cpu 1 x\n", "\"cpu 1 x\"" },
	{ PLACE_SYSTEM, "swaps", 0, "/swapfile file 1 2 3\n", "no heading" },
	{ PLACE_SYSTEM, "swaps", 0, "Filename Type Size Used Priority\n/swapfile file 1 2\n",
	  "no number" },
	{ PLACE_SYSTEM, "swaps", 0, "Filename Type Used Size Priority\n/swapfile file 1 2 3\n",
	  "no heading" },
	{ PLACE_SYSTEM, "diskstats", 0, "254 0 vda 1 2 3\n", "fewer than 11" },
	{ PLACE_NODE, "meminfo", 0, "MemFree: 1 kB\n", "no node" },
	{ PLACE_GROUP, "memory.current", 2, "12\n13\n", "more than one line" },
	{ PLACE_GROUP, "memory.current", 2, "\n", "no number" },
	{ PLACE_GROUP, "memory.numa_stat", 1, "total=x N0=1\n", "no number" },
	{ PLACE_GROUP, "memory.numa_stat", 2, "anon N0\n", "no name=value" },
	{ PLACE_PROCESS, "status", 0, "VmRSS: lots kB\n", "\"VmRSS: lots kB\"" },
	{ PLACE_PROCESS, "statm", 0, "1 2 3 4 5 6\n", "no number" },
	{ PLACE_PROCESS, "statm", 0, "1 2 3 4 5 6 7 8\n", "more than seven" },
	{ PLACE_PROCESS, "stat", 0, "1 (a) S 1 1\n", "too few fields" },
	{ PLACE_PROCESS, "stat", 0, "1 a S 1 1\n", "no name" },
	{ PLACE_PROCESS, "io", 0, "rchar 1\n", "no colon" },
	{ PLACE_MAPPING, "smaps", 0, "Rss: 4 kB\n", "no mapping before it" },
	{ PLACE_MAPPING, "smaps", 0, "1000-2000 rw-p\nRss: 4 kB\nRss: 4 kB\n", "twice" },
	{ PLACE_MAPPING, "smaps", 0, "hello\n", "no address" },
	{ PLACE_MAPPING, "numa_maps", 0, "1000 default anon=x\n", "no number" },
	{ PLACE_MAPPING, "numa_maps", 0, "1000 default N0=1 N0=2\n", "twice" },
};

static void a_line_that_is_not_understood_is_quoted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_lines); i++) {
		const struct bad *b = &bad_lines[i];
		struct record record;
		const char *why;
		struct error e;

		record_init(&record);
		assert_int_equal(
			parse(&record, source_of(b->place, b->source, b->version), b->text, &e),
			0);
		why = record.nr_losses ? record.loss[0].why : "";
		if (!strstr(why, b->quoted) || strncmp(why, b->source, strlen(b->source)))
			fail_msg("case %zu: %s", i, why);
		record_release(&record);
	}
}

static void bytes_that_are_not_text_are_not_printed(void **state)
{
	struct record record;
	struct error e;

	(void)state;
	record_init(&record);
	assert_int_equal(
		parse(&record, source_of(PLACE_SYSTEM, "vmstat", 0), "a\x1b[2Jb\n", &e), 0);
	assert_int_equal(record.nr_losses, 1);
	assert_non_null(strstr(record.loss[0].why, "\"a?[2Jb\""));
	record_release(&record);
}

static void pages_on_the_lists_of_cpus_are_counted_zone_by_zone(void **state)
{
	static const char text[] = "Node 0, zone DMA\n  pagesets\n    cpu: 0\n"
				   "              count: 3\n              high: 9\n"
				   "    cpu: 1\n              count: 4\n"
				   "Node 0, zone Normal\n  pagesets\n    cpu: 0\n"
				   "              count: 5\n  node_unreclaimable: 0\n"
				   "Node 0, zone Movable\n  pages free 0\n";
	static const struct {
		const char *scope;
		int64_t count;
	} zones[] = { { "node0:DMA", 7 }, { "node0:Normal", 5 }, { "node0:Movable", 0 } };
	struct record record;
	struct error e = { "" };

	(void)state;
	record_init(&record);
	assert_int_equal(parse(&record, source_of(PLACE_SYSTEM, "zoneinfo", 0), text, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(zones); i++) {
		const struct counter *c =
			record_find(&record, zones[i].scope, "zoneinfo", "pagesets.count");

		assert_non_null(c);
		assert_int_equal(c->after.value, zones[i].count);
	}
	record_release(&record);
}

static void unknown_keys_pass_through_with_the_defaults(void **state)
{
	const struct source *vmstat = source_of(PLACE_SYSTEM, "vmstat", 0);
	struct record record;
	struct error e;
	const struct counter *c;

	(void)state;
	record_init(&record);
	assert_int_equal(parse(&record, vmstat, "brand_new 7\nnr_brand_new 8\n", &e), 0);
	c = record_find(&record, "it", "vmstat", "brand_new");
	assert_int_equal(c->after.value, 7);
	assert_int_equal(c->kind, KIND_CUMULATIVE);
	assert_int_equal(c->unit, UNIT_COUNT);
	c = record_find(&record, "it", "vmstat", "nr_brand_new");
	assert_int_equal(c->kind, KIND_GAUGE);
	assert_int_equal(c->unit, UNIT_PAGES);
	assert_int_equal(parse(&record, source_of(PLACE_SYSTEM, "diskstats", 0),
			       "8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18\n", &e),
			 0);
	assert_int_equal(value_of(&record, "disk:sda", "diskstats", "field18"), 18);
	assert_int_equal(value_of(&record, "disk:sda", "diskstats", "flush_ticks"), 17);
	record_release(&record);
}

static void the_lines_own_kb_overrules_the_table(void **state)
{
	struct record record;
	struct error e;

	(void)state;
	record_init(&record);
	assert_int_equal(parse(&record, source_of(PLACE_SYSTEM, "meminfo", 0),
			       "NewAmount: 5 kB\nNewNumber: 6\nHugePages_New: 7 kB\n", &e),
			 0);
	assert_int_equal(record_find(&record, "it", "meminfo", "NewAmount")->unit, UNIT_KB);
	assert_int_equal(record_find(&record, "it", "meminfo", "NewNumber")->unit, UNIT_COUNT);
	assert_int_equal(record_find(&record, "it", "meminfo", "HugePages_New")->unit, UNIT_KB);
	record_release(&record);
}

static void swap_devices_are_scopes_and_priorities_may_be_negative(void **state)
{
	struct record record;
	struct error e;

	(void)state;
	record_init(&record);
	assert_int_equal(parse(&record, source_of(PLACE_SYSTEM, "swaps", 0),
			       "Filename\tType\tSize\tUsed\tPriority\n"
			       "/swap\\040file file\t\t1024\t\t8\t\t-2\n"
			       "/dev/zram1 partition 2048 0 100\n",
			       &e),
			 0);
	assert_int_equal(value_of(&record, "swap:/swap\\040file", "swaps", "Priority"), -2);
	assert_int_equal(value_of(&record, "swap:/swap\\040file", "swaps", "Used"), 8);
	assert_int_equal(value_of(&record, "swap:/dev/zram1", "swaps", "Size"), 2048);
	record_release(&record);
}

static void no_limit_is_absent_and_not_a_number(void **state)
{
	static const char *const texts[] = { "max\n", "18446744073709551615\n",
					     "9223372036854775808\n" };
	struct record record;
	struct error e;

	(void)state;
	record_init(&record);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(
			parse(&record, source_of(PLACE_GROUP, "memory.max", 2), texts[i], &e),
			0);
	assert_int_equal(record.nr, 0);
	assert_int_equal(parse(&record, source_of(PLACE_GROUP, "memory.max", 2),
			       "9223372036854775807\n", &e),
			 0);
	assert_int_equal(value_of(&record, "it", "memory.max", "memory.max"), INT64_MAX);
	record_release(&record);
}

static void a_file_of_a_process_that_is_gone_leaves_its_side_absent(void **state)
{
	const struct source *stat = source_of(PLACE_PROCESS, "statm", 0);
	const char *text = "1 2 3 4 5 6 7\n";
	struct record record;
	struct error e = { "" };
	struct number delta;
	const struct counter *c;

	(void)state;
	record_init(&record);
	assert_int_equal(counters_parse(&record, false,
					&(struct source_text){
						stat, "process", text, strlen(text), { 0, 0 } },
					&e),
			 0);
	assert_int_equal(
		counters_parse(&record, true,
			       &(struct source_text){ stat, "process", "", 0, { 0, 0 } }, &e),
		0);
	c = record_find(&record, "process", "statm", "resident");
	assert_true(c->has_before && !c->has_after);
	assert_false(counter_delta(c, &delta));
	record_release(&record);
}

static void masks_and_names_in_status_are_no_numbers(void **state)
{
	static const char text[] =
		"Name:\t123\nUmask:\t0022\nUid:\t0\t0\t0\t0\nSigBlk:\t10\n"
		"CapEff:\t20\nCpus_allowed:\t3\nMems_allowed:\t1\nNSpid:\t9\n"
		"Groups:\t7 \nState:\tR (running)\nBrandNew:\tyes indeed\n"
		"Threads:\t2\nFDSize:\t64\n";
	struct record record;
	struct error e;

	(void)state;
	record_init(&record);
	assert_int_equal(parse(&record, source_of(PLACE_PROCESS, "status", 0), text, &e), 0);
	assert_int_equal(record.nr, 2);
	assert_int_equal(value_of(&record, "it", "status", "Threads"), 2);
	assert_int_equal(value_of(&record, "it", "status", "FDSize"), 64);
	record_release(&record);
}

static void fractions_keep_their_decimals(void **state)
{
	struct record record;
	struct error e;
	const struct counter *c;

	(void)state;
	record_init(&record);
	assert_int_equal(parse(&record, source_of(PLACE_SYSTEM, "pressure/memory", 0),
			       "some avg10=12.05 avg60=0.00 avg300=0.10 total=99\n", &e),
			 0);
	c = record_find(&record, "it", "pressure/memory", "some.avg10");
	assert_int_equal(c->after.value, 1205);
	assert_int_equal(c->after.decimals, 2);
	assert_int_equal(value_of(&record, "it", "pressure/memory", "some.avg300"), 10);
	assert_int_equal(value_of(&record, "it", "pressure/memory", "some.total"), 99);
	record_release(&record);
}

static void a_delta_of_unequal_decimals_is_exact(void **state)
{
	struct counter c = { .has_before = true,
			     .has_after = true,
			     .before = { .value = 15, .decimals = 1 },
			     .after = { .value = 225, .decimals = 2 } };
	struct number delta;

	(void)state;
	assert_true(counter_delta(&c, &delta));
	assert_int_equal(delta.value, 75);
	assert_int_equal(delta.decimals, 2);
	c.before.value = INT64_MIN;
	assert_false(counter_delta(&c, &delta));
}

static void entries_of_the_measured_range_are_summed_and_no_others(void **state)
{
	static const char smaps[] =
		"1000-2000 rw-p 00000000 00:00 0\nKernelPageSize: 4 kB\n"
		"Rss: 1 kB\nVmFlags: rd\n"
		"2000-3000 rw-p 00000000 00:00 0\nKernelPageSize: 4 kB\n"
		"Rss: 10 kB\n"
		"3000-4000 rw-p 00000000 00:00 0 [x y]\nKernelPageSize: 4 kB\n"
		"Rss: 100 kB\nSwap: 5 kB\n"
		"4000-5000 rw-p 00000000 00:00 0\nRss: 1000 kB\n";
	static const char numa_maps[] =
		"1000 default anon=1 N0=1 kernelpagesize_kB=4\n"
		"2000 bind=static:0 anon=2 mapped=3 N0=2 kernelpagesize_kB=4\n"
		"3000 prefer (many)=static:0-1 file=/a=b swapcache=4 N1=7 "
		"kernelpagesize_kB=4\n"
		"4000 default N0=9\n";
	struct record record;
	struct error e;

	(void)state;
	record_init(&record);
	assert_int_equal(
		parse_range(&record, "smaps", smaps, (struct range){ 0x2000, 0x2000 }, &e), 0);
	assert_int_equal(value_of(&record, "mapping", "smaps", "Rss"), 110);
	assert_int_equal(value_of(&record, "mapping", "smaps", "Swap"), 5);
	assert_int_equal(value_of(&record, "mapping", "smaps", "KernelPageSize"), 4);
	assert_int_equal(parse_range(&record, "numa_maps", numa_maps,
				     (struct range){ 0x2000, 0x2000 }, &e),
			 0);
	assert_int_equal(value_of(&record, "mapping", "numa_maps", "N0"), 2);
	assert_int_equal(value_of(&record, "mapping", "numa_maps", "N1"), 7);
	assert_int_equal(value_of(&record, "mapping", "numa_maps", "anon"), 2);
	assert_int_equal(value_of(&record, "mapping", "numa_maps", "swapcache"), 4);
	assert_int_equal(value_of(&record, "mapping", "numa_maps", "dirty"), 0);
	/* left out by the kernel in one of the two entries: the sum would be a lie */
	assert_null(record_find(&record, "mapping", "numa_maps", "mapped"));
	record_release(&record);
}

static void a_range_without_an_entry_is_absent(void **state)
{
	static const unsigned nodes[] = { 0 };
	struct record record;
	struct error e;

	(void)state;
	record_init(&record);
	assert_int_equal(parse_range(&record, "numa_maps", "1000 default anon=1 N0=1\n",
				     (struct range){ 0x2000, 0x1000 }, &e),
			 0);
	assert_int_equal(counters_numa_zero(&record, true, "mapping", nodes, 1), 0);
	assert_int_equal(record.nr, 0);
	record_release(&record);
}

static void a_node_without_pages_of_the_mapping_is_zero(void **state)
{
	static const unsigned nodes[] = { 0, 1 };
	struct record record;
	struct error e;

	(void)state;
	record_init(&record);
	assert_int_equal(
		parse(&record, source_of(PLACE_MAPPING, "numa_maps", 0),
		      "1000 default anon=1 dirty=1 mapped=3 N1=1 kernelpagesize_kB=4\n", &e),
		0);
	assert_int_equal(counters_numa_zero(&record, true, "it", nodes, 2), 0);
	assert_int_equal(value_of(&record, "it", "numa_maps", "N0"), 0);
	assert_int_equal(value_of(&record, "it", "numa_maps", "N1"), 1);
	assert_int_equal(value_of(&record, "it", "numa_maps", "mapped"), 3);
	record_release(&record);
}

static void a_hugetlb_mapping_counts_huge_pages(void **state)
{
	struct fixture f;
	struct record record;
	struct error e = { "" };
	char path[64], *bytes;
	size_t length;

	(void)state;
	fixture_load(&f, &fixture_guest_6_1);
	snprintf(path, sizeof(path), "held/proc/%d/numa_maps", f.pid);
	bytes = fixture_bytes(f.tree, path, &length);
	assert_non_null(bytes);
	record_init(&record);
	assert_int_equal(
		counters_parse(&record, true,
			       &(struct source_text){ source_of(PLACE_MAPPING, "numa_maps", 0),
						      "mapping",
						      bytes,
						      length,
						      { f.huge_start, f.huge_bytes } },
			       &e),
		0);
	assert_int_equal(value_of(&record, "mapping", "numa_maps", "N0"), 2);
	assert_int_equal(value_of(&record, "mapping", "numa_maps", "kernelpagesize_kB"), 2048);
	assert_int_equal(record_find(&record, "mapping", "numa_maps", "N0")->unit, UNIT_COUNT);
	free(bytes);
	record_release(&record);
	fixture_release(&f);
}

/* Both sides of everything: the budget is 5 ms; a busy machine gets four times that. */
static void a_whole_run_parses_in_milliseconds(void **state)
{
	double best = 1e9;

	(void)state;
	for (unsigned attempt = 0; attempt < 9; attempt++) {
		struct fixture f;

		fixture_load(&f, &fixture_guest_6_12);
		best = f.parse_ms < best ? f.parse_ms : best;
		assert_true(f.nr_files > 80 && f.record.nr > 900);
		fixture_release(&f);
	}
	print_message("# best of nine: %.2f ms\n", best);
	assert_true(best < 20);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values_of_the_6_18_host),
		cmocka_unit_test(known_values_of_the_6_1_guest),
		cmocka_unit_test(known_values_of_the_6_12_guest),
		cmocka_unit_test(deltas_are_the_pages_that_were_touched_and_swapped),
		cmocka_unit_test(every_source_is_exercised_but_those_that_had_no_number),
		cmocka_unit_test(the_table_has_no_two_rows_for_one_file),
		cmocka_unit_test(counters_come_out_sorted_and_can_be_found),
		cmocka_unit_test(a_line_that_is_not_understood_is_quoted),
		cmocka_unit_test(bytes_that_are_not_text_are_not_printed),
		cmocka_unit_test(pages_on_the_lists_of_cpus_are_counted_zone_by_zone),
		cmocka_unit_test(unknown_keys_pass_through_with_the_defaults),
		cmocka_unit_test(the_lines_own_kb_overrules_the_table),
		cmocka_unit_test(swap_devices_are_scopes_and_priorities_may_be_negative),
		cmocka_unit_test(no_limit_is_absent_and_not_a_number),
		cmocka_unit_test(a_file_of_a_process_that_is_gone_leaves_its_side_absent),
		cmocka_unit_test(masks_and_names_in_status_are_no_numbers),
		cmocka_unit_test(fractions_keep_their_decimals),
		cmocka_unit_test(a_delta_of_unequal_decimals_is_exact),
		cmocka_unit_test(entries_of_the_measured_range_are_summed_and_no_others),
		cmocka_unit_test(a_range_without_an_entry_is_absent),
		cmocka_unit_test(a_node_without_pages_of_the_mapping_is_zero),
		cmocka_unit_test(a_hugetlb_mapping_counts_huge_pages),
		cmocka_unit_test(a_whole_run_parses_in_milliseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
