// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * oom: grows in a limited group until the kernel OOM-kills, and predicts the victim.
 *
 * Exact: one OOM kill in the group; the group's peak is its limit to the byte; the pages
 *   that the worker had counted at its death, their page tables and the small fixed charge
 *   of its processes add up to that limit; and the victim is the process with the highest
 *   badness (Documentation/filesystems/proc.rst, oom_score_adj): resident pages plus
 *   oom_score_adj thousandths of the limit.
 * Moves: oom_kill of the group and of the machine, failcnt (v1) or events.max (v2).
 * Unchanged: memory outside the group.
 * Caveats: the process that triggers the OOM killer need not be its victim. Swap that the
 *   group may use is filled first, and the count of pages is then only bounded.
 *   memory.oom.group kills all processes and counts its victim twice. Lowering
 *   oom_score_adj requires CAP_SYS_RESOURCE. A huge page that does not fit makes the kernel
 *   swap out another one, so that the peak stays below the limit by less than that; where
 *   it is split instead, pages of zeros are freed, and growth has no end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "workloads/probe/kills.h"
#include "workloads/act/candidates.h"
#include "workloads/act/hugepages.h"
#include "workloads/act/pace.h"
#include "workloads/api/promise.h"
#include "workloads/act/touch.h"
#include "workloads/act/worker.h"

#define MB (1ull << 20)

#define BEYOND_BYTES (64 * MB) /* growth past the limit, after which there was no kill */
/* Touched page by page at the end, so that the count is exact at the kill. */
#define LAST_STRETCH_BYTES (4 * MB)
#define KILL_WAIT_MS	   2000 /* from the kernel's count of a kill to the victim's exit */
/* Between candidates whose badness differs by less, the victim cannot be predicted. */
#define MARGIN_BYTES (6 * MB)

struct oom_params {
	int shape, pages, touch;
	uint64_t rate, chunk_bytes, interval_ns;
	char fill[FILL_TEXT_BYTES];
	char victims[CANDIDATES_TEXT];
};

enum oom_slot {
	SLOT_PAGES_TOUCHED,
	SLOT_VICTIM,
	SLOT_VICTIM_PID,
};

#define AT(member) .offset = offsetof(struct oom_params, member)

static const struct workload_option options[] = {
	SHAPE_OPTION(
		PACE_SHAPES,
		"growth: at a rate, chunks at intervals, doubling chunks, or all at once later",
		AT(shape)),
	RATE_OPTION("bytes per second of linear growth (0: unpaced)", AT(rate)),
	CHUNK_OPTION("4M", "4K", "bytes per step, or the first bytes of exponential growth",
		     AT(chunk_bytes)),
	INTERVAL_OPTION("100ms", "1h", "time from step to step, to a doubling, or to the burst",
			AT(interval_ns)),
	PAGES_OPTION(AT(pages)),
	TOUCH_WRITES_OPTION("populate", "a word per page, populated by madvise, or every byte",
			    AT(touch)),
	FILL_OPTION("zero", AT(fill)),
	CANDIDATES_OPTION(AT(victims)),
	{ .name = NULL },
};

/* ---- the victim ---- */

/* Swap that the group may use; contradiction() refuses an unknown amount. */
static uint64_t swap_room(const struct workload_env *env)
{
	if (env->swap == SWAP_NONE)
		return env->swap_max_bytes;
	return env->swap_max_bytes < env->swap_bytes ? env->swap_max_bytes : env->swap_bytes;
}

/* When the growing process has filled `room` but for what the idle ones have of it. */
static unsigned victim_in(const struct candidates *c, const struct workload_env *env,
			  uint64_t room, int64_t *lead)
{
	const uint64_t others = candidates_idle_bytes(c);

	return candidates_victim(c, room > others ? room - others : 0,
				 env->limit_bytes + swap_room(env), env->page_bytes, lead);
}

/*
 * The kill comes when limit and swap are full, or earlier, where pages are not swapped out as
 * fast as they are touched: with a swap file when 18 of 256 MiB of it were used (6.18). *lead
 * as in candidates_victim(), the lesser one; below the margin where the victims differ.
 */
static unsigned predicted_victim(const struct candidates *c, const struct workload_env *env,
				 int64_t *lead)
{
	int64_t early;
	const unsigned victim = victim_in(c, env, env->limit_bytes + swap_room(env), lead);

	if (victim_in(c, env, env->limit_bytes, &early) != victim)
		early = 1;
	*lead = min(*lead, early);
	return victim;
}

/* Processes that memory.oom.group kills: all but those that are never killed. */
static unsigned killable(const struct candidates *c)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < c->nr; i++)
		nr += c->adj[i] != -1000;
	return nr;
}

static const char *contradiction(const struct oom_params *p, const struct workload_env *env)
{
	struct candidates c;
	int64_t lead;

	if (fill_parse(p->fill, NULL, NULL))
		return FILL_WRONG;
	if (candidates_parse(p->victims, env->oom_score_adj, &c))
		return CANDIDATES_WRONG;
	if (!env->limit_bytes)
		return NULL;
	if (swap_room(env) == UINT64_MAX)
		return "with memory.swap.max=max and no private swap device the room is unknown: set memory.swap.max to a number or add a [swap] section";
	if (p->pages == PAGES_HUGE && swap_room(env) && fill_is_zero(p->fill) &&
	    !env_lacks(env, CAPABILITY_SPLIT_ZEROS))
		return "swapping out may split huge pages and free those of zeros so that no kill comes: add fill=random or memory.swap.max=0";
	if (candidates_idle_bytes(&c) + (c.nr + 1) * 2 * MB + LAST_STRETCH_BYTES >
	    env->limit_bytes)
		return "the victims leave no room to grow under memory.max: raise it";
	predicted_victim(&c, env, &lead);
	if (!lead)
		return "every process has adj -1000: the kernel would find no candidate to kill";
	if (!env->oom_group && swap_room(env) && lead < (int64_t)MARGIN_BYTES)
		return "the kill may come before swap is full and the victim cannot be predicted for both: set sizes or adj further apart or memory.swap.max=0";
	if (!env->oom_group && lead < (int64_t)MARGIN_BYTES)
		return "two candidates' badness differs by less than 6 MiB and the victim cannot be predicted: set sizes or adj further apart";
	return NULL;
}

/* Called after check() found nothing wrong: the list of victims parses. */
static unsigned oom_needs(const void *params, const struct workload_env *env)
{
	const struct oom_params *p = params;
	struct candidates c;
	const bool lowers = !candidates_parse(p->victims, env->oom_score_adj, &c) &&
			    candidates_lower_scores(&c);

	return (lowers ? NEED_LOW_SCORES : 0) |
	       (p->pages == PAGES_HUGE ? NEED_HUGE_FAULTS : 0) |
	       (touch_writes_kind(p->touch) == TOUCH_POPULATE ? NEED_POPULATE : 0);
}

static int oom_check(const void *params, const struct workload_env *env, char *reason,
		     size_t reason_bytes)
{
	return check_answer(contradiction(params, env), NULL, reason, reason_bytes);
}

static uint64_t oom_footprint(const void *params, const struct workload_env *env)
{
	(void)params; /* it fills the group's limit */
	return env->limit_bytes;
}

static double oom_seconds(const void *params, const struct workload_env *env)
{
	const struct oom_params *p = params;
	const struct pace pace = { .shape = (enum pace_shape)p->shape,
				   .rate = p->rate,
				   .chunk_bytes = p->chunk_bytes,
				   .interval_ns = p->interval_ns };

	return (double)pace_when(&pace, env->limit_bytes) / 1e9 +
	       (double)env->limit_bytes / 2e9;
}

/* ---- promises ---- */

/*
 * v1 charges memory and swap together first. Without swap that charge fails, and 6.18 does
 * not count it: both failcnt files stay 0.
 */
static void claim_kill(const struct oom_params *p, const struct candidates *c,
		       const struct workload_env *env, struct claims *out)
{
	const char *events = env_group_kills(env), *peak = env_group_peak(env);
	const bool by_huge = p->pages == PAGES_HUGE && swap_room(env);
	const int64_t limit = (int64_t)env->limit_bytes, huge = (int64_t)env->pmd_bytes;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "oom_kills", .scope = "group",
		  .source = events, .counter = "oom_kill", .expected = 1,
		  .unless = env->oom_group,
		  .why = "exactly one victim is killed" },
		{ .quantity = "oom_kills", .scope = "group",
		  .source = events, .counter = "oom_kill", .relation = RELATION_BETWEEN,
		  .basis = BASIS_BOUNDED, .expected = killable(c), .tolerance = 1,
		  .unless = !env->oom_group,
		  .why = "memory.oom.group kills every process that may be killed and may count the victim twice" },
		{ .quantity = "limit_hits", .scope = "group",
		  .source = env_group_hits(env), .counter = env_group_hits_key(env),
		  .relation = RELATION_GE, .expected = 1,
		  .unless = env->cgroup_version == 1 && !env->swap_max_bytes,
		  .why = "a charge failed before the kill" },
		{ .quantity = "peak_bytes", .scope = "group",
		  .source = peak, .counter = peak, .unit = UNIT_BYTES,
		  .expected = limit,
		  .unless = by_huge || !env_has(env, CAPABILITY_GROUP_PEAK),
		  .why = "the kernel kills when no page is left under the limit" },
		{ .quantity = "peak_bytes", .scope = "group",
		  .source = peak, .counter = peak, .unit = UNIT_BYTES,
		  .relation = RELATION_BETWEEN, .basis = BASIS_BOUNDED,
		  .expected = limit - huge, .tolerance = huge,
		  .unless = !by_huge || !env_has(env, CAPABILITY_GROUP_PEAK),
		  .why = "a huge page that does not fit has another one swapped out and never takes the last pages under the limit" },
		{ .quantity = "system_oom_kills", .scope = "system",
		  .source = "vmstat", .counter = "oom_kill", .relation = RELATION_GE,
		  .basis = BASIS_DIRECTION, .expected = 1,
		  .why = "the machine counts the group's kill as well" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_victim(const struct candidates *c, const struct workload_env *env,
			 struct claims *out)
{
	int64_t lead;
	/* clang-format off */
	const struct promise victim = {
		.quantity = "victim", .scope = "ledger",
		.source = "ledger", .counter = "victim",
		.expected = predicted_victim(c, env, &lead),
		.why = "highest badness: resident pages plus adj thousandths of the limit (0: the growing process)",
	};
	/* clang-format on */

	if (c->nr > 1 && !env->oom_group)
		promise_add(out, SPAN_WORK, &victim, 1);
}

/*
 * Pages that are charged besides the touched ones and their tables. Measured on 6.18 in 36
 * kills at limits of 16M to 256M: 148..153 of the worker (stack, heap and data, which are
 * present before READY, kernel stack and tables), 42 of each victim. In 3 of the 36 there
 * were 36 to 58 more: the kernel does not drain the other CPUs' batches while another task
 * does (drain_all_stock()). With pages of 16 KiB there were 42 of the worker: its bytes, and
 * six areas that begin and end within a page. So the bounds are in bytes and in areas.
 */
#define OWN_BYTES_MIN	 (256 << 10)
#define OWN_BYTES_MAX	 (704 << 10)
#define VICTIM_BYTES_MAX (320 << 10)
#define AREAS_MAX	 16 /* each has one page more, of any size */

static int64_t own_pages_min(const struct workload_env *env)
{
	return OWN_BYTES_MIN / (int64_t)env->page_bytes;
}

static int64_t own_pages_max(const struct workload_env *env)
{
	return OWN_BYTES_MAX / (int64_t)env->page_bytes + AREAS_MAX;
}

static int64_t victim_pages_max(const struct workload_env *env)
{
	return VICTIM_BYTES_MAX / (int64_t)env->page_bytes + AREAS_MAX;
}

/* Pages of the limit. Least and most differ where the charge of page tables is unknown. */
struct amount {
	int64_t limit, slack, entries;	   /* entries: pages that a page table maps */
	int64_t tables_least, tables_most; /* of all of the limit */
	int64_t others_least, others_most; /* the idle processes with their tables */
};

static struct amount amount_of(const struct candidates *c, const struct workload_env *env)
{
	const bool charged = env_has(env, CAPABILITY_TABLE_CHARGE);
	const bool none = env_lacks(env, CAPABILITY_TABLE_CHARGE);
	const int64_t page = (int64_t)env->page_bytes;
	const int64_t others = (int64_t)candidates_idle_bytes(c) / page;
	struct amount a = { .limit = (int64_t)env->limit_bytes / page,
			    .slack = own_pages_max(env) - own_pages_min(env) +
				     (c->nr - 1) * victim_pages_max(env) +
				     env_usage_slack_bytes(env) / page,
			    .entries = (int64_t)env_table_entries(env),
			    .others_least = others,
			    .others_most = others };

	a.tables_least = charged ? a.limit / a.entries : 0;
	a.tables_most = none ? 0 : a.limit / a.entries;
	a.others_least += charged ? others / a.entries : 0;
	a.others_most += none ? 0 : others / a.entries;
	return a;
}

/* The peak against the growing process's own count. */
static void claim_filled(const struct candidates *c, const struct workload_env *env,
			 struct claims *out)
{
	const struct amount a = amount_of(c, env);
	const bool charged = a.tables_least > 0, known = a.tables_least == a.tables_most;
	const char *peak = env_group_peak(env);
	const struct claim filled = { .quantity = "touched_pages",
				      .scope = "group",
				      .source = peak,
				      .counter = peak,
				      .unit = UNIT_PAGES,
				      .relation = RELATION_BETWEEN,
				      .basis = BASIS_BOUNDED,
				      .expected = a.others_least + own_pages_min(env),
				      .tolerance = a.slack + 1 + a.others_most -
						   a.others_least + (known ? 0 : a.tables_most),
				      .slot = "pages_touched",
				      .slot_mul = charged ? a.entries + 1 : 1,
				      .slot_div = charged ? a.entries : 1 };

	claims_add(
		out, &filled,
		"the limit holds the pages that the worker counted%s and %lld to %lld other pages of it%s and charge batches",
		charged ? " and their page tables"
		: known ? ""
			: " and perhaps their page tables",
		(long long)own_pages_min(env), (long long)own_pages_max(env),
		c->nr > 1 ? " and the victims" : "");
}

static void claim_amount(const struct candidates *c, const struct workload_env *env,
			 struct claims *out)
{
	const struct amount a = amount_of(c, env);
	int64_t lead, page = (int64_t)env->page_bytes;
	unsigned victim = predicted_victim(c, env, &lead);
	int64_t refill = victim ? (int64_t)c->bytes[victim] / page : 0;
	int64_t least =
		a.limit - a.tables_most - a.others_most - a.slack - own_pages_min(env) - 1;
	int64_t spare = (int64_t)swap_room(env) / page;
	const bool filled = !spare && !victim;
	/* clang-format off */
	const struct promise at_least = {
		.quantity = "touched_pages", .scope = "ledger",
		.source = "ledger", .counter = "pages_touched", .unit = UNIT_PAGES,
		.relation = RELATION_BETWEEN, .basis = BASIS_BOUNDED, .expected = least,
		.tolerance = a.limit - a.others_least - least + spare + refill,
		.why = swap_room(env) ? "the room that the victims leave under the limit and in the group's swap"
		       : "the room that the victims leave under the limit; memory of a killed victim may be reused before its exit is detected",
	};
	/* clang-format on */

	if (filled && env_has(env, CAPABILITY_GROUP_PEAK))
		claim_filled(c, env, out);
	else if (!filled || env_lacks(env, CAPABILITY_GROUP_PEAK))
		promise_add(out, SPAN_WORK, &at_least, 1);
}

static void oom_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct oom_params *p = params;
	struct candidates c;

	if (candidates_parse(p->victims, env->oom_score_adj, &c))
		return;
	claim_kill(p, &c, env, out);
	claim_victim(&c, env, out);
	if (!env->oom_group)
		claim_amount(&c, env, out);
	promise_freed(out, env, 0);
	promise_uncharged(out, env, 0);
}

/* ---- in the worker ---- */

struct oom_state {
	char *map;
	uint64_t map_bytes;  /* the limit, swap and BEYOND_BYTES */
	uint64_t bulk_bytes; /* touched in steps; the rest page by page */
	struct idle_candidates idle;
	struct kills kills;
	struct fill fill;
	struct touch touch;
	struct pace pace;
};

static uint64_t bulk_bytes(const struct candidates *c, const struct workload_env *env)
{
	uint64_t kept = candidates_idle_bytes(c) + (c->nr + 1) * 2 * MB + LAST_STRETCH_BYTES;

	return env->limit_bytes > kept ? (env->limit_bytes - kept) / (2 * MB) * (2 * MB) : 0;
}

static int oom_prepare(struct worker *w)
{
	const struct oom_params *p = w->params;
	struct oom_state *s = calloc(1, sizeof(*s));
	bool huge = p->pages == PAGES_HUGE;
	uint64_t align = w->env->pmd_bytes ? w->env->pmd_bytes : env_table_reach_bytes(w->env);
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	candidates_parse(p->victims, w->env->oom_score_adj, &s->idle.candidates);
	fill_init(&s->fill, p->fill, w->ledger->seed);
	touch_init(&s->touch, touch_writes_kind(p->touch), w->env->page_bytes,
		   huge ? w->env->pmd_bytes : 0, &s->fill);
	s->pace = (struct pace){ .shape = (enum pace_shape)p->shape,
				 .rate = p->rate,
				 .chunk_bytes = p->chunk_bytes,
				 .interval_ns = p->interval_ns };
	s->bulk_bytes = bulk_bytes(&s->idle.candidates, w->env);
	ret = candidates_start(w, &s->idle);
	if (!ret && s->idle.nr)
		ret = kills_open(w, &s->kills);
	if (ret)
		return ret;
	s->map_bytes = w->env->limit_bytes + swap_room(w->env) + BEYOND_BYTES;
	s->map = worker_map_measured(w, s->map_bytes, align, huge);
	return s->map ? 0 : -errno;
}

/*
 * Whether an idle process was killed. Its memory is free before its exit is visible, and
 * growing meanwhile would use it and, after a small victim, cause another kill. After a kill
 * elsewhere on the machine no victim exits, and growth continues.
 */
static bool victim_died(struct worker *w, struct oom_state *s)
{
	unsigned victim = s->idle.nr && kills_rose(&s->kills)
				  ? candidates_died(&s->idle, KILL_WAIT_MS)
				  : 0;

	if (!victim)
		return false;
	worker_slot_set(w, SLOT_VICTIM, victim);
	worker_slot_set(w, SLOT_VICTIM_PID, (uint64_t)w->ledger->process[victim].pid);
	return true;
}

static void count_touched(struct worker *w, uint64_t bytes)
{
	worker_slot_set(w, SLOT_PAGES_TOUCHED, bytes / w->env->page_bytes);
	worker_achieved(w, bytes);
	atomic_store_explicit(&w->ledger->moved_bytes, bytes, memory_order_relaxed);
}

/* Grows to `due`; -EOWNERDEAD: a victim was killed. */
static int grow(struct worker *w, struct oom_state *s, uint64_t due, uint64_t *done)
{
	int ret = 0;

	while (*done < due && !ret && !worker_should_stop(w)) {
		uint64_t step = s->touch.step_bytes, at = *done;
		bool bulk = at + step <= due && at + step <= s->bulk_bytes;

		if (!bulk)
			step = w->env->page_bytes;
		ret = touch_range(&s->touch, s->map + at, step, at / FILL_BLOCK_BYTES);
		if (ret)
			break;
		*done += step;
		count_touched(w, *done);
		if (!bulk && victim_died(w, s))
			ret = -EOWNERDEAD;
	}
	return ret;
}

static int oom_run(struct worker *w)
{
	struct oom_state *s = w->state;
	uint64_t start_ns = worker_now_ns(), page = w->env->page_bytes;
	uint64_t done = w->ledger->shortfall_pages * page; /* counted but not touched */
	int ret = 0;

	while (done < s->map_bytes && !ret && !worker_should_stop(w)) {
		uint64_t due = pace_due(&s->pace, worker_now_ns() - start_ns);

		due = due > s->map_bytes ? s->map_bytes : due / page * page;
		ret = grow(w, s, due, &done);
		if (!ret && done < s->map_bytes)
			worker_sleep_until(w, start_ns + pace_wake(&s->pace, done, page,
								   s->map_bytes,
								   worker_now_ns() - start_ns));
		if (!ret && victim_died(w, s))
			ret = -EOWNERDEAD;
	}
	if (ret && ret != -EOWNERDEAD)
		return worker_fail(w, -ret, "cannot touch the mapping: %s", strerror(-ret));
	return 0;
}

static void oom_release(struct worker *w)
{
	struct oom_state *s = w->state;

	if (!s)
		return;
	if (s->map)
		munmap(s->map, s->map_bytes);
	candidates_release(&s->idle);
	kills_close(&s->kills);
	free(s);
	w->state = NULL;
}

const struct workload oom_workload = {
	.name = "oom",
	.summary = "grows in its group until the kernel OOM-kills",
	.truth = "One OOM kill, in the group alone, of the predicted process; the group's peak is its limit to the byte.",
	.needs = NEED_LIMIT,
	.options = options,
	.params_bytes = sizeof(struct oom_params),
	.slots = {
		[SLOT_PAGES_TOUCHED] = { "pages_touched", UNIT_PAGES,
					 "base pages that the growing process had touched" },
		[SLOT_VICTIM] = { "victim", UNIT_COUNT,
				  "index of the killed process: 0 is the growing one" },
		[SLOT_VICTIM_PID] = { "victim_pid", UNIT_COUNT,
				      "pid of a killed idle process" },
	},
	.expects_oom = true,
	.check = oom_check,
	.param_needs = oom_needs,
	.footprint = oom_footprint,
	.seconds = oom_seconds,
	.claims = oom_claims,
	.prepare = oom_prepare,
	.run = oom_run,
	.release = oom_release,
};
