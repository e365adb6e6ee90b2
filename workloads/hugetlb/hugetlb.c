// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hugetlb: huge pages from a reserved pool: promised, taken, and one too many.
 *
 * Truth: fault takes N pages that were reserved before READY: N faults, the pool's free
 *   and reserved pages fall by N, HugetlbPages and Private_Hugetlb rise by them.
 *   reserve maps and touches nothing: N are reserved and none is taken. noreserve takes
 *   without a promise. beyond reserves, then asks for one page more than the pool has
 *   left, which is refused with ENOMEM, and for all that is left, which is not. With
 *   node= all of it comes from that node's pool and none from the others'; a request for
 *   more than the node has free is refused although other nodes have some. noreserve may
 *   ask for more than the pool has where vm.nr_overcommit_hugepages lets it grow: what it
 *   grows by is surplus, on the node of the policy, and goes when the process does.
 * Rises: minflt, HugetlbPages, Private_Hugetlb; HugePages_Free falls and HugePages_Rsvd
 *   moves: exact in a guest, at least so where others use the pool as well.
 * Still: VmRSS, Rss, Anonymous, the group's anon and its usage: the pool was taken from
 *   the machine when it grew, and no group is charged for it (unless cgroup2 is mounted
 *   with memory_hugetlb_accounting, Linux 6.7).
 * Beware: whoever sums RSS does not see this memory. meminfo tells of the default size
 *   only; the ledger's pool_taken and pool_reserved, from sysfs, of either. A page that
 *   noreserve cannot have is a SIGBUS, not an ENOMEM: the plan refuses that.
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
	  .help = "size of the huge pages; each has a pool of its own",
	  AT(page) },
	{ .name = "mode",
	  .type = OPTION_CHOICE,
	  .fallback = "fault",
	  .choices = "fault|reserve|noreserve|beyond",
	  .help = "take what was reserved, only reserve, take unreserved, or ask for too much",
	  AT(kind) },
	{ .name = "node",
	  .type = OPTION_TEXT,
	  .fallback = "any",
	  .help = "node whose pool of 2 MiB it is bound to: a number, or any",
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
	.summary = "huge pages from a reserved pool: promised, taken, and one too many",
	.truth = "N faults take N pages: HugePages_Free falls by them, HugetlbPages and "
		 "Private_Hugetlb rise by them, and neither RSS nor any memory group sees a byte. "
		 "A page beyond the pool is refused with ENOMEM.",
	.needs = NEED_HUGETLB,
	.options = options,
	.params_bytes = sizeof(struct hugetlb_params),
	.slots = {
		[SLOT_HUGE_PAGES] = { "huge_pages", UNIT_COUNT,
				      "hugetlb pages in the mapping, by their page frames" },
		[SLOT_POOL_TAKEN] = { "pool_taken", UNIT_COUNT,
				      "by how many the pool's free pages fell" },
		[SLOT_POOL_RESERVED] = { "pool_reserved", UNIT_COUNT,
					 "by how many the pool's reserved pages rose" },
		[SLOT_REFUSED] = { "refused", UNIT_COUNT,
				   "requests for a page more than is left that got ENOMEM" },
		[SLOT_GRANTED] = { "granted", UNIT_COUNT,
				   "requests for all that is left that succeeded" },
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
