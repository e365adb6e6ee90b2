// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hugetlb: huge pages from a hugetlb pool: reserved, faulted, one too many.
 *
 * Exact: fault takes N pages that were reserved before READY: N faults, the pool's free and
 *   reserved pages fall by N, HugetlbPages and Private_Hugetlb grow by them. reserve maps
 *   without a touch: N pages are reserved and none is taken. noreserve takes pages without a
 *   reservation. beyond reserves, then requests one page more than the pool has left, which
 *   fails with ENOMEM, and all pages that are left, which succeeds. With node= all pages come
 *   from that node's pool; a request that exceeds the node's free pages fails even if other
 *   nodes have some. noreserve may exceed the pool where vm.nr_overcommit_hugepages allows
 *   it to grow: the growth is surplus, on the policy's node, and is freed at exit.
 * Moves: minflt, HugetlbPages, Private_Hugetlb, HugePages_Free and HugePages_Rsvd: exactly in
 *   a guest, at least by that where other processes use the pool.
 * Unchanged: VmRSS, Rss, Anonymous, the group's anon and its usage: the pool was allocated
 *   when it grew, and no group is charged for it (unless cgroup2 is mounted with
 *   memory_hugetlb_accounting, Linux 6.7).
 * Caveats: RSS does not include this memory. meminfo has the default size only; the ledger's
 *   pool_taken and pool_reserved, from sysfs, are of either size. noreserve beyond the pool
 *   raises SIGBUS and not ENOMEM: check() refuses that.
 */
#include "workloads/hugetlb/hugetlb.h"

#define AT(member) .offset = offsetof(struct hugetlb_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "4K",
	  .help = "bytes to map, rounded up to whole huge pages",
	  AT(size_bytes) },
	{ .name = "page",
	  .type = OPTION_CHOICE,
	  .fallback = "2M",
	  .choices = "2M|1G",
	  .help = "size of the huge pages; each size has its own pool",
	  AT(page) },
	{ .name = "mode",
	  .type = OPTION_CHOICE,
	  .fallback = "fault",
	  .choices = "fault|reserve|noreserve|beyond",
	  .help = "fault reserved pages in, only reserve, fault unreserved pages in, or request too many",
	  AT(kind) },
	{ .name = "node",
	  .type = OPTION_TEXT,
	  .fallback = "any",
	  .help = "node whose pool of 2 MiB pages is used: a number, or any",
	  .capacity = HUGETLB_NODE_TEXT,
	  AT(node) },
	{ .name = "touch",
	  .type = OPTION_CHOICE,
	  .fallback = "bytes",
	  .choices = "word|bytes",
	  .help = "write one word per huge page, or every byte",
	  AT(touch) },
	FILL_OPTION("random", AT(fill)),
	{ .name = NULL },
};

const struct workload hugetlb_workload = {
	.name = "hugetlb",
	.summary = "huge pages from a hugetlb pool: reserved, faulted, one too many",
	.truth = "N faults take N pages: HugePages_Free falls by them, HugetlbPages and Private_Hugetlb grow by them, and RSS and the memory cgroup are unchanged. A request beyond the pool fails with ENOMEM.",
	.needs = NEED_HUGETLB,
	.does = DOES_MIGRATE,
	.options = options,
	.params_bytes = sizeof(struct hugetlb_params),
	.slots = {
		[SLOT_HUGE_PAGES] = { "huge_pages", UNIT_COUNT,
				      "hugetlb pages in the mapping, by their page frames" },
		[SLOT_POOL_TAKEN] = { "pool_taken", UNIT_COUNT,
				      "decrease of the pool's free pages" },
		[SLOT_POOL_RESERVED] = { "pool_reserved", UNIT_COUNT,
					 "increase of the pool's reserved pages" },
		[SLOT_REFUSED] = { "refused", UNIT_COUNT,
				   "requests for a page more than is left that failed with ENOMEM" },
		[SLOT_GRANTED] = { "granted", UNIT_COUNT,
				   "requests for all pages left that succeeded" },
	},
	.check = hugetlb_check,
	.footprint = hugetlb_footprint,
	.target = hugetlb_target,
	.seconds = hugetlb_seconds,
	.claims = hugetlb_claims,
	.prepare = hugetlb_prepare,
	.run = hugetlb_run,
	.verify = hugetlb_verify,
	.release = hugetlb_release,
};
