// SPDX-License-Identifier: GPL-2.0-or-later
/* The amounts of lazyfree, and its claims. */
#include "workloads/lazyfree/lazyfree.h"

#include "workloads/api/arith.h"
#include "workloads/api/promise.h"

#define OWN_BYTES (2u << 20) /* the worker's own memory, all of it locked; 0.7 MiB on 6.18 */

/* ---- arithmetic ---- */

uint64_t lazyfree_pages(const struct lazyfree_params *p, const struct workload_env *env)
{
	return round_up(p->size_bytes, env->page_bytes) / env->page_bytes;
}

uint64_t lazyfree_rewritten(const struct lazyfree_params *p, const struct workload_env *env)
{
	return (uint64_t)(p->rewrite * (double)lazyfree_pages(p, env));
}

uint64_t lazyfree_gone(const struct lazyfree_params *p, const struct workload_env *env)
{
	if (p->advice == ADVICE_COLD || (p->advice == ADVICE_FREE && !p->reclaim))
		return 0;
	return lazyfree_pages(p, env) - lazyfree_rewritten(p, env);
}

uint64_t lazyfree_footprint(const void *params, const struct workload_env *env)
{
	const uint64_t bytes = lazyfree_pages(params, env) * env->page_bytes;

	return bytes + bytes / env_table_entries(env) + OWN_BYTES + 16 * env->page_bytes;
}

/* What is lazily free is there as long as no one needs it: it is not held. */
uint64_t lazyfree_target(const void *params, const struct workload_env *env)
{
	const struct lazyfree_params *p = params;
	const uint64_t held =
		p->advice == ADVICE_COLD ? lazyfree_pages(p, env) : lazyfree_rewritten(p, env);

	return held * env->page_bytes;
}

/* The amounts of all claims. */
struct amounts {
	int64_t all, again;	  /* N and M, in pages */
	int64_t gone, lazy, left; /* bytes: freed or swapped; lazily free; not written again */
	int64_t swapped;	  /* bytes */
};

static struct amounts amounts_of(const struct lazyfree_params *p,
				 const struct workload_env *env)
{
	const int64_t page = (int64_t)env->page_bytes;
	struct amounts a = { .all = (int64_t)lazyfree_pages(p, env),
			     .again = (int64_t)lazyfree_rewritten(p, env) };

	a.gone = (int64_t)lazyfree_gone(p, env) * page;
	a.left = (a.all - a.again) * page;
	a.lazy = p->advice == ADVICE_FREE && !p->reclaim ? a.left : 0;
	a.swapped = p->advice == ADVICE_PAGEOUT ? a.gone : 0;
	return a;
}

/* ---- promises ---- */

/* Why as many pages as that are no longer resident. */
static const char *gone_why(const struct lazyfree_params *p)
{
	static const char *const why[] = {
		[ADVICE_FREE] = "pages lazily freed stay mapped until they are reclaimed",
		[ADVICE_DONTNEED] = "freed at once; those written again are new pages",
		[ADVICE_COLD] = "the advice frees nothing",
		[ADVICE_PAGEOUT] = "swapped out; those written again are swapped in",
	};

	return p->reclaim ? "reclaim frees what was given away and not written again"
			  : why[p->advice];
}

static void claim_mapping(const struct lazyfree_params *p, const struct workload_env *env,
			  const struct amounts *a, struct claims *out)
{
	const char *why = gone_why(p);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "resident_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES, .expected = -a->gone,
		  .why = why },
		{ .quantity = "anonymous_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Anonymous", .unit = UNIT_BYTES,
		  .expected = -a->gone,
		  .why = why },
		{ .quantity = "lazy_free_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "LazyFree", .unit = UNIT_BYTES,
		  .expected = a->lazy,
		  .why = a->lazy ? "given away and not written again"
			 : "no page is both lazily free and resident" },
		{ .quantity = "clean_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Private_Clean", .unit = UNIT_BYTES,
		  .expected = a->lazy,
		  .why = a->lazy ? "MADV_FREE marks a page clean and a write marks it dirty"
			 : "each page in memory is dirty" },
		{ .quantity = "dirty_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Private_Dirty", .unit = UNIT_BYTES,
		  .expected = p->advice == ADVICE_COLD ? 0 : -a->left,
		  .why = p->advice == ADVICE_COLD ? "the advice changes no content"
			 : "those written again are dirty" },
		{ .quantity = "swapped_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Swap", .unit = UNIT_BYTES,
		  .expected = a->swapped,
		  .why = a->swapped ? why : "nothing is swapped out" },
		{ .quantity = "accessed_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Referenced", .unit = UNIT_BYTES,
		  .expected = -a->left, .unless = env->mglru || p->advice != ADVICE_COLD,
		  .why = "the advice clears the accessed bit and a write sets it" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_process(const struct lazyfree_params *p, const struct workload_env *env,
			  const struct amounts *a, struct claims *out)
{
	const uint64_t lag = env_rss_lag_pages(env, CAPABILITY_EXACT_STATUS, 1);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "process_resident_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Rss", .unit = UNIT_BYTES,
		  .expected = -a->gone,
		  .why = gone_why(p) },
		{ .quantity = "process_lazy_free_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "LazyFree", .unit = UNIT_BYTES,
		  .expected = a->lazy,
		  .why = "no other page of the process is given away" },
		{ .quantity = "status_anonymous_bytes", .scope = "process",
		  .source = "status", .counter = "RssAnon", .unit = UNIT_BYTES,
		  .basis = lag ? BASIS_BOUNDED : BASIS_EXACT, .expected = -a->gone,
		  .tolerance = (int64_t)(lag * env->page_bytes),
		  .why = lag ? "this kernel keeps back parts of the sum per CPU or per thread"
			 : "this kernel sums precisely" },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "status", .counter = "VmSize", .unit = UNIT_BYTES,
		  .why = "the mapping stays" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* Whether a write to a page of which the advice took the accessed and dirty bits faults. */
static void claim_faults(const struct lazyfree_params *p, const struct amounts *a,
			 struct claims *out)
{
	const bool each = p->advice == ADVICE_DONTNEED || p->advice == ADVICE_PAGEOUT;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "rewrite_faults", .scope = "ledger",
		  .source = "ledger", .counter = "rewrite_faults", .expected = a->again,
		  .unless = !each,
		  .why = "one fault per page that is gone: minor or major" },
		{ .quantity = "rewrite_faults", .scope = "ledger",
		  .source = "ledger", .counter = "rewrite_faults",
		  .relation = RELATION_BETWEEN, .basis = BASIS_BOUNDED, .tolerance = a->again,
		  .unless = each,
		  .why = "none where the CPU marks a page accessed and dirty by itself; otherwise one per page" },
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt", .slot = "rewrite_faults",
		  .unless = p->advice == ADVICE_PAGEOUT,
		  .why = "the advice takes no fault" },
		{ .quantity = "major_faults", .scope = "process",
		  .source = "stat", .counter = "majflt",
		  .unless = p->advice == ADVICE_PAGEOUT,
		  .why = "nothing is read from disk" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_usage(const struct lazyfree_params *p, const struct workload_env *env,
			const struct amounts *a, struct claims *out)
{
	const struct promise_usage usage = { .least = -a->gone,
					     .most = -a->gone,
					     .why = gone_why(p) };
	/* clang-format off */
	const struct promise reclaimed = {
		.quantity = "group_usage_bytes", .scope = "group",
		.source = env_group_usage(env), .counter = env_group_usage(env),
		.unit = UNIT_BYTES, .relation = RELATION_LE, .basis = BASIS_BOUNDED,
		.expected = -a->gone, .tolerance = env_usage_slack_bytes(env),
		.why = "reclaim may free other memory of the group too; charges are taken in batches of 64 pages per CPU",
	};
	/* clang-format on */

	if (p->reclaim)
		promise_add(out, SPAN_WORK, &reclaimed, 1);
	else if (p->advice != ADVICE_PAGEOUT) /* the swap cache stays charged for a while */
		promise_usage(out, env, &usage);
}

static void claim_group(const struct lazyfree_params *p, const struct workload_env *env,
			const struct amounts *a, struct claims *out)
{
	const bool v1 = env->cgroup_version == 1, lazily = p->advice == ADVICE_FREE;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .expected = -a->gone,
		  .why = gone_why(p) },
		{ .quantity = "group_inactive_file_bytes", .scope = "group",
		  .source = "memory.stat", .counter = "inactive_file", .unit = UNIT_BYTES,
		  .expected = lazily ? a->all * (int64_t)env->page_bytes : 0,
		  .unless = env->mglru || p->reclaim,
		  .why = lazily ? "MADV_FREE puts pages on the inactive file list and a write does not move them back"
			 : "the advice puts no page on a file list" },
		{ .quantity = "group_pages_lazily_freed", .scope = "group",
		  .source = "memory.stat", .counter = "pglazyfree", .unit = UNIT_PAGES,
		  .expected = lazily ? a->all : 0, .unless = v1,
		  .why = lazily ? "each page once however often it is given away"
			 : "only MADV_FREE counts here" },
		{ .quantity = "group_pages_discarded", .scope = "group",
		  .source = "memory.stat", .counter = "pglazyfreed", .unit = UNIT_PAGES,
		  .expected = p->reclaim ? a->all - a->again : 0, .unless = v1,
		  .why = p->reclaim ? "reclaim drops clean pages and keeps those written again"
			 : "nothing is reclaimed" },
		{ .quantity = "system_pages_lazily_freed", .scope = "system",
		  .source = "vmstat", .counter = "pglazyfree", .unit = UNIT_PAGES,
		  .relation = RELATION_GE, .basis = BASIS_DIRECTION, .expected = a->all,
		  .unless = !lazily,
		  .why = "the machine's count includes the worker's" },
		{ .quantity = "system_pages_discarded", .scope = "system",
		  .source = "vmstat", .counter = "pglazyfreed", .unit = UNIT_PAGES,
		  .relation = RELATION_GE, .basis = BASIS_DIRECTION,
		  .expected = a->all - a->again, .unless = !p->reclaim,
		  .why = "the machine's count includes the worker's" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
	claim_usage(p, env, a, out);
}

static void claim_counted(const struct lazyfree_params *p, const struct workload_env *env,
			  const struct amounts *a, struct claims *out)
{
	const int64_t gone = a->gone / (int64_t)env->page_bytes;
	const bool lost = p->advice != ADVICE_PAGEOUT;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "pages_advised", .scope = "ledger",
		  .source = "ledger", .counter = "pages_advised", .unit = UNIT_PAGES,
		  .expected = a->all,
		  .why = "each page of the mapping" },
		{ .quantity = "pages_rewritten", .scope = "ledger",
		  .source = "ledger", .counter = "pages_rewritten", .unit = UNIT_PAGES,
		  .expected = a->again,
		  .why = "the share that the option names; rounded down" },
		{ .quantity = "pages_present", .scope = "ledger",
		  .source = "ledger", .counter = "pages_present", .unit = UNIT_PAGES,
		  .expected = a->all - gone,
		  .why = "the page table maps every page that is not gone" },
	};
	const struct promise content[] = {
		{ .quantity = "pages_kept", .scope = "ledger",
		  .source = "ledger", .counter = "pages_kept", .unit = UNIT_PAGES,
		  .expected = lost ? a->all - gone : a->all,
		  .why = "a page that was not freed has the content that was written last" },
		{ .quantity = "pages_zero", .scope = "ledger",
		  .source = "ledger", .counter = "pages_zero", .unit = UNIT_PAGES,
		  .expected = lost ? gone : 0,
		  .why = "a page that was freed reads as zeros" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
	PROMISE_ROWS(out, SPAN_WORK, content);
}

void lazyfree_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct lazyfree_params *p = params;
	const struct amounts a = amounts_of(p, env);
	const int64_t before = a.all * (int64_t)env->page_bytes;

	promise_freed(out, env, before);
	/* A page that is still written out at exit stays in the swap cache, and charged. */
	if (p->advice != ADVICE_PAGEOUT)
		promise_uncharged(out, env, before);
	promise_no_files(out, env);
	claim_counted(p, env, &a, out);
	claim_mapping(p, env, &a, out);
	claim_process(p, env, &a, out);
	claim_faults(p, &a, out);
	claim_group(p, env, &a, out);
}
