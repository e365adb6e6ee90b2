// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lazyfree: gives N present pages to the kernel by one advice of madvise(2), then writes M
 * of them again.
 *
 * Exact: MADV_FREE leaves N pages resident, charged and anonymous, and moves them to the
 *   inactive file list: LazyFree and Private_Clean of the mapping show the N - M that were not
 *   written again, inactive_file of the group all N. Reclaim frees N - M of them without
 *   swapping out, and a read then finds zeros. MADV_DONTNEED frees N at once; MADV_COLD frees
 *   none and only forgets that they were accessed; MADV_PAGEOUT swaps N out.
 * Moves: LazyFree, Private_Clean, Private_Dirty; inactive_file and (v2) pglazyfree of the
 *   group, so that what kubelet takes for the working set (usage - inactive_file) falls while
 *   Rss does not; with reclaim Rss, anon and pglazyfreed.
 * Unchanged: with MADV_FREE alone Rss, the group's anon and its usage; Swap; minflt, where
 *   the CPU marks a page dirty by itself.
 * Caveats: a page waits in a list of its CPU before it is marked: LazyFree is lower until that
 *   list is drained, so the worker stays on one CPU and drains it by a further advice
 *   (lru_add_drain() in madvise_free_single_vma(), mm/madvise.c). What lies idle and lazily
 *   freed is the first that reclaim takes, for whichever process. A CPU without a hardware
 *   dirty bit (some arm64) faults at each write to a page given away. The
 *   multi-generational LRU puts the pages on either list, so nothing is promised of
 *   inactive_file there. On cgroup v1 the group's reclaim swaps out too: the M pages and the
 *   worker's own are locked.
 */
#include "workloads/lazyfree/lazyfree.h"

#include "workloads/api/arith.h"
#include "workloads/probe/reclaim.h"

#define AT(member) .offset = offsetof(struct lazyfree_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "4K",
	  .help = "bytes to give away, rounded up to whole pages",
	  AT(size_bytes) },
	{ .name = "advice",
	  .type = OPTION_CHOICE,
	  .fallback = "free",
	  .choices = "free|dontneed|cold|pageout",
	  .help = "advice of madvise(2); pageout requires a swap device",
	  AT(advice) },
	{ .name = "rewrite",
	  .type = OPTION_RATIO,
	  .fallback = "25%",
	  .min = "0",
	  .max = "1",
	  .help = "share of the pages that are written again after the advice",
	  AT(rewrite) },
	{ .name = "reclaim",
	  .type = OPTION_BOOL,
	  .fallback = "no",
	  .help = "reclaim from the group afterwards, which frees what advice=free gave away",
	  AT(reclaim) },
	{ .name = "idle",
	  .type = OPTION_SECONDS,
	  .fallback = "0s",
	  .max = "1d",
	  .help = "leave the pages alone for this long before the end of run()",
	  AT(idle_ns) },
	FILL_OPTION("random", AT(fill)),
	{ .name = NULL },
};

static const char *contradiction(const struct lazyfree_params *p,
				 const struct workload_env *env)
{
	if (fill_parse(p->fill, NULL, NULL))
		return FILL_WRONG;
	if (fill_is_zero(p->fill))
		return "a page of zeros cannot be told from a freed one: use another fill";
	if (p->reclaim && p->advice != ADVICE_FREE)
		return "reclaim=yes is for advice=free";
	if (p->reclaim && env->swap != SWAP_NONE)
		return "reclaim would swap out the pages that are written again: leave out [swap]";
	if (p->advice == ADVICE_PAGEOUT && env->swap == SWAP_NONE)
		return "advice=pageout requires a swap device: add swap.size=128M";
	if (p->advice == ADVICE_PAGEOUT && lazyfree_pages(p, env) * env->page_bytes >
						   min(env->swap_bytes, env->swap_max_bytes))
		return "the mapping does not fit on the swap device: raise swap.size";
	if (!env_fits(env, lazyfree_footprint(p, env)))
		return "the mapping exceeds the group's limit and would cause reclaim: raise memory.max";
	return NULL;
}

static const char *missing(const struct lazyfree_params *p, const struct workload_env *env)
{
	static const struct {
		enum capability needed;
		const char *lack;
	} advices[] = {
		[ADVICE_FREE] = { CAPABILITY_LAZY_FREE, "MADV_FREE needs Linux 4.5" },
		[ADVICE_COLD] = { CAPABILITY_COLD, "MADV_COLD needs Linux 5.4" },
		[ADVICE_PAGEOUT] = { CAPABILITY_PAGEOUT, "MADV_PAGEOUT needs Linux 5.4" },
	};

	if (p->advice != ADVICE_DONTNEED && !env_has(env, advices[p->advice].needed))
		return advices[p->advice].lack;
	if (p->reclaim && !reclaim_offered(env))
		return "reclaim=yes needs memory.reclaim of Linux 5.19, or cgroup v1";
	return NULL;
}

static int lazyfree_check(const void *params, const struct workload_env *env, char *reason,
			  size_t reason_bytes)
{
	return check_answer(contradiction(params, env), missing(params, env), reason,
			    reason_bytes);
}

static double lazyfree_seconds(const void *params, const struct workload_env *env)
{
	const struct lazyfree_params *p = params;
	const double pages = (double)lazyfree_pages(p, env);

	const bool slow = p->reclaim || p->advice == ADVICE_PAGEOUT;

	return pages / (slow ? 1e5 : 1e6) + (double)p->idle_ns / 1e9;
}

const struct workload lazyfree_workload = {
	.name = "lazyfree",
	.summary = "pages given away: MADV_FREE beside DONTNEED, COLD, PAGEOUT",
	.truth = "MADV_FREE of N pages leaves Rss as it is and makes LazyFree N; writing M of them again cancels M; reclaim frees the other N - M without swapping out.",
	.options = options,
	.params_bytes = sizeof(struct lazyfree_params),
	.slots = {
		[SLOT_PAGES_ADVISED] = { "pages_advised", UNIT_PAGES, "pages given away" },
		[SLOT_PAGES_REWRITTEN] = { "pages_rewritten", UNIT_PAGES,
					   "pages written again after the advice" },
		[SLOT_REWRITE_FAULTS] = { "rewrite_faults", UNIT_COUNT,
					  "faults of that, minor and major" },
		[SLOT_PAGES_OUT] = { "pages_out", UNIT_PAGES,
				     "pages in swap after the advice, by the page table" },
		[SLOT_PAGES_DISCARDED] = { "pages_discarded", UNIT_PAGES,
					   "pages that reclaim freed, by the page table" },
		[SLOT_PAGES_PRESENT] = { "pages_present", UNIT_PAGES,
					 "pages in memory at the end, by the page table" },
		[SLOT_PAGES_KEPT] = { "pages_kept", UNIT_PAGES,
				      "pages that still have their content, read after BYE" },
		[SLOT_PAGES_ZERO] = { "pages_zero", UNIT_PAGES,
				      "pages that read as zeros after BYE" },
		[SLOT_ADVISE_NS] = { "advise_ns", UNIT_NSEC, "time of the advice alone" },
	},
	.late_slots = 1 << SLOT_PAGES_KEPT | 1 << SLOT_PAGES_ZERO,
	.check = lazyfree_check,
	.footprint = lazyfree_footprint,
	.target = lazyfree_target,
	.seconds = lazyfree_seconds,
	.claims = lazyfree_claims,
	.prepare = lazyfree_prepare,
	.run = lazyfree_run,
	.verify = lazyfree_verify,
	.release = lazyfree_release,
};
