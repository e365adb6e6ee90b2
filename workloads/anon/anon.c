// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * anon: a private anonymous mapping of a known size, touched, then held.
 *
 * Exact: one minor fault per page (4 KiB or huge) and that many bytes of resident,
 *   anonymous, dirty memory in the process, in its mapping and in its group. A read maps
 *   the shared zero page: a fault without memory. Where a read allocates a page instead
 *   (CAPABILITY_ZERO_PAGE), it counts as a write does.
 * Moves: minflt, Rss, Anonymous, Private_Dirty, the group's anon (rss on cgroup v1) and
 *   pgfault, exactly; the group's usage by page tables and charge batches more.
 * Unchanged: majflt, Swap, VmSize (the mapping is made before READY); AnonHugePages with
 *   pages=4k, whatever the machine's huge page setting.
 * Caveats: VmRSS is a cached sum before Linux 6.17, and field 24 of stat is one in every
 *   version. A huge page that is read before it is written is the huge zero page first;
 *   Linux 6.13 and later replace that by a huge page, earlier versions by 512 base pages
 *   (do_huge_zero_wp_pmd() in mm/huge_memory.c). Other processes move MemFree. When the
 *   size exceeds the group's limit, only bounds are promised; on 6.18 a
 *   MADV_POPULATE_WRITE of more than fits was OOM-killed with most of the swap free, where
 *   touching the same pages one by one was not.
 */
#include "workloads/anon/anon.h"

#include "workloads/act/crew.h"
#include "workloads/act/pace.h"
#include "workloads/act/touch.h"

#define AT(member) .offset = offsetof(struct anon_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "4K",
	  .help = "bytes to hold, rounded up to whole pages",
	  AT(size_bytes) },
	PAGES_OPTION(AT(pages)),
	{ .name = "touch",
	  .type = OPTION_CHOICE,
	  .fallback = "bytes",
	  .choices = TOUCH_CHOICES,
	  .help = "first touch: a word or every byte per page, a read, or populated by madvise",
	  AT(touch) },
	FILL_OPTION("random", AT(fill)),
	WALK_OPTION("order of the first touch", AT(pattern)),
	STRIDE_OPTION("pages from one touch to the next, when a pattern is stride", AT(stride)),
	THREADS_OPTION("threads, each with its own slice", AT(threads)),
	RATE_OPTION("bytes per second of the first touch, all threads together (0: unpaced)",
		    AT(rate)),
	{ .name = "access",
	  .type = OPTION_SECONDS,
	  .fallback = "0s",
	  .max = "1d",
	  .help = "access the pages for this long after the first touch",
	  AT(access_ns) },
	ACCESS_OPTIONS(anon_params),
	LATENCY_OPTION("no", "time each access (adds two clock readings to it)", AT(latency)),
	{ .name = NULL },
};

const struct workload anon_workload = {
	.name = "anon",
	.summary = "private anonymous memory: an exact amount, touched and held",
	.truth = "One minor fault per page and that many bytes of resident, anonymous and dirty memory, exact to the page in the process, its mapping and its group.",
	.options = options,
	.params_bytes = sizeof(struct anon_params),
	.slots = {
		[SLOT_PAGES_TOUCHED] = { "pages_touched", UNIT_PAGES, "base pages touched" },
		[SLOT_PAGES_PRESENT] = { "pages_present", UNIT_PAGES,
					 "base pages present in the page table after the touch" },
		[SLOT_PAGES_SWAPPED] = { "pages_swapped", UNIT_PAGES,
					 "base pages in swap by the page table" },
		[SLOT_PAGES_FILLED] = { "pages_filled", UNIT_PAGES,
					"base pages whose first word is the one written" },
		[SLOT_FILL_NS] = { "fill_ns", UNIT_NSEC, "time of the first touch alone" },
		[SLOT_READS] = { "reads", UNIT_COUNT, "accesses that read" },
		[SLOT_WRITES] = { "writes", UNIT_COUNT, "accesses that wrote" },
	},
	.rate_metric = true,
	.footprint = anon_footprint,
	.target = anon_target,
	.check = anon_check,
	.param_needs = anon_needs,
	.seconds = anon_seconds,
	.claims = anon_claims,
	.prepare = anon_prepare,
	.run = anon_run,
	.verify = anon_verify,
	.release = anon_release,
};
