// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * thp: transparent huge pages, allocated in three ways and broken up in three.
 *
 * Exact: madvise, always: one fault per folio, the largest that fits first, so that 64 MiB
 *   take 32 faults and, 12 KiB past a boundary, 31 and 512. collapse: MADV_COLLAPSE replaces
 *   present base pages by huge pages, without a fault and without more memory. dontneed,
 *   munmap: some pages of each huge page are unmapped, Rss falls by them, and the group stays
 *   charged, because the huge page stays allocated until it is split. split: MADV_COLD of one
 *   page splits it first, and the same pages are freed.
 * Moves: minflt, Rss, AnonHugePages, the group's anon (rss) and anon_thp (rss_huge);
 *   thp_fault_alloc, thp_collapse_alloc, thp_split_pmd, thp_split_page by the number of huge
 *   pages: exactly in the group and in a quiet guest, at least by that on a shared machine.
 * Unchanged: majflt and Swap; with collapse also minflt, Rss and the group's charge; with
 *   dontneed and munmap the group's charge.
 * Caveats: since Linux 6.12 a split maps the shared zero page in place of zero-filled pages
 *   (try_to_map_unused_to_zeropage() in mm/migrate.c): with fill=zero or 0% it frees all of
 *   each huge page. AnonHugePages is 0 for folios smaller than a huge page (mTHP) and for
 *   huge pages that are mapped by base page entries: large_folios in the ledger, from the
 *   page frames, counts both. Page tables are charged as for base pages: each huge page has
 *   one deposited. MADV_NOHUGEPAGE keeps khugepaged from undoing dontneed. Where a page is
 *   locked, isolated or under migration, the kernel refuses MADV_COLLAPSE: it is repeated for
 *   up to 2 s (workloads/act/advise.h), and the worker ends as failed after that.
 */
#include "workloads/thp/thp.h"

#include "workloads/act/touch.h"

#define PAGES_MAX_TEXT "511"

#define AT(member) .offset = offsetof(struct thp_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "2M",
	  .help = "bytes of the mapping, rounded up to whole base pages",
	  AT(size_bytes) },
	{ .name = "mode",
	  .type = OPTION_CHOICE,
	  .fallback = "madvise",
	  .choices = "madvise|always|base|collapse|dontneed|munmap|split",
	  .help = "how huge pages are allocated (base: none) or, the last three, broken up",
	  AT(kind) },
	{ .name = "offset",
	  .type = OPTION_BYTES,
	  .fallback = "0",
	  .min = "0",
	  .help = "distance of the start of the mapping from a huge page boundary",
	  AT(offset_bytes) },
	{ .name = "drop",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = PAGES_MAX_TEXT,
	  .help = "base pages that each huge page loses with dontneed, munmap and split",
	  AT(drop) },
	TOUCH_WRITES_OPTION("bytes",
			    "first touch: a word per page, populated by madvise, or every byte",
			    AT(touch)),
	FILL_OPTION("random", AT(fill)),
	{ .name = "accesses",
	  .type = OPTION_COUNT,
	  .fallback = "0",
	  .help = "random reads afterwards, which show the effect of fewer TLB misses",
	  AT(accesses) },
	{ .name = NULL },
};

/* verify() looks at the folios. */
static unsigned thp_needs(const void *params, const struct workload_env *env)
{
	(void)params;
	(void)env;
	return NEED_FRAMES;
}

const struct workload thp_workload = {
	.name = "thp",
	.summary = "transparent huge pages, by fault or collapse, and broken up",
	.truth = "One fault per huge page and AnonHugePages to the byte; a misaligned mapping has one less and base pages at its ends. Pages dropped from a huge page leave Rss and stay charged until the huge page is split.",
	.needs = NEED_THP,
	.does = DOES_MIGRATE,
	.options = options,
	.params_bytes = sizeof(struct thp_params),
	.slots = {
		[SLOT_PAGES_PRESENT] = { "pages_present", UNIT_PAGES,
					 "base pages present in the page table at HELD" },
		[SLOT_LARGE_FOLIOS] = { "large_folios", UNIT_COUNT,
					"large folios by their page frames" },
		[SLOT_LARGE_PAGES] = { "large_pages", UNIT_PAGES,
				       "base pages in large folios" },
		[SLOT_ACT_NS] = { "act_ns", UNIT_NSEC,
				  "time of the touch, the collapse or the break-up alone" },
		[SLOT_ACCESS_NS] = { "access_ns", UNIT_NSEC, "time of the random reads alone" },
	},
	.check = thp_check,
	.param_needs = thp_needs,
	.footprint = thp_footprint,
	.target = thp_target,
	.seconds = thp_seconds,
	.claims = thp_claims,
	.prepare = thp_prepare,
	.run = thp_run,
	.verify = thp_verify,
	.release = thp_release,
};
