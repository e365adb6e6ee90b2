// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * global_oom: grows without a limit until the kernel OOM-kills, and predicts the victim.
 *
 * Exact: one OOM kill, of the process with the highest badness of all candidates
 *   (mm/oom_kill.c, oom_badness(): resident and swapped pages plus oom_score_adj
 *   thousandths of the memory and swap of the constraint), when no zone that the growing
 *   process may use has more free pages than its high watermark and its reserve
 *   (mm/page_alloc.c, __alloc_pages_may_oom()). The free pages at that time identify the
 *   constraint: none anywhere; or, under a memory policy or a cpuset, none on the node and
 *   many elsewhere. The group's own counters exclude a group's limit.
 * Moves: oom_kill of the machine and of the group, allocstall.
 * Unchanged: failcnt (v1), events.oom and events.max (v2) of the group.
 * Caveats: it exhausts the whole machine, so it is for a guest. The candidates are all
 *   processes of the machine; the workload's must exceed the rest. Free pages are sampled
 *   once a MiB, not at the moment of the kill.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workloads/probe/kills.h"
#include "workloads/act/candidates.h"
#include "workloads/act/populate.h"
#include "workloads/api/promise.h"
#include "workloads/act/worker.h"
#include "workloads/probe/zones.h"

#define MB		(1ull << 20)
#define STEP_BYTES	MB
#define DEATH_BOUND_MS	30000 /* from a kill to the victim's exit */
#define NODE_MASK_LONGS (1024 / (8 * sizeof(unsigned long)))

enum global_oom_constraint { CONSTRAINT_NONE, CONSTRAINT_MEMPOLICY, CONSTRAINT_CPUSET };

struct global_oom_params {
	int constraint;
	uint64_t node;
	char victims[CANDIDATES_TEXT];
};

enum global_oom_slot {
	SLOT_PAGES_TOUCHED,
	SLOT_VICTIM,
	SLOT_VICTIM_PID,
	SLOT_RESERVE,
	SLOT_FREE,
	SLOT_FREE_ELSEWHERE,
};

#define AT(member) .offset = offsetof(struct global_oom_params, member)

static const struct workload_option options[] = {
	{ .name = "constraint",
	  .type = OPTION_CHOICE,
	  .fallback = "none",
	  .choices = "none|mempolicy|cpuset",
	  .help = "constraint: none, a memory policy, or cpuset.mems of its group",
	  AT(constraint) },
	{ .name = "node",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .help = "the node to which a memory policy or a cpuset confines it",
	  AT(node) },
	CANDIDATES_OPTION(AT(victims)),
	{ .name = NULL },
};

/* ---- the constraint, and the victim ---- */

static uint64_t node_bytes(const struct workload_env *env, uint64_t node)
{
	for (unsigned i = 0; i < env->nr_nodes; i++)
		if (env->nodes[i] == node)
			return env->node_bytes[i];
	return 0;
}

/* What oom_score_adj is thousandths of (mm/oom_kill.c, constrained_alloc()). */
static uint64_t total_bytes(const struct global_oom_params *p, const struct workload_env *env)
{
	return env->swap_total_bytes + (p->constraint == CONSTRAINT_NONE
						? env->memory_bytes
						: node_bytes(env, p->node));
}

/* Swap that the growing process may use. */
static uint64_t swap_room(const struct workload_env *env)
{
	return env->swap_max_bytes < env->swap_total_bytes ? env->swap_max_bytes
							   : env->swap_total_bytes;
}

/* What it holds at the end, to about an eighth: the kernel has the rest of the node. */
static uint64_t own_bytes(const struct global_oom_params *p, const struct workload_env *env,
			  const struct candidates *c)
{
	uint64_t node = node_bytes(env, p->node);
	uint64_t room =
		p->constraint == CONSTRAINT_NONE ? env->available_bytes : node - node / 8;
	uint64_t others = candidates_idle_bytes(c);

	room += swap_room(env);
	return room > others ? room - others : 0;
}

static uint64_t margin_bytes(const struct global_oom_params *p, const struct workload_env *env)
{
	return total_bytes(p, env) / 8;
}

static unsigned predicted_victim(const struct global_oom_params *p,
				 const struct workload_env *env, const struct candidates *c,
				 int64_t *lead)
{
	return candidates_victim(c, own_bytes(p, env, c), total_bytes(p, env), env->page_bytes,
				 lead);
}

static const char *contradiction(const struct global_oom_params *p,
				 const struct workload_env *env)
{
	struct candidates c;

	if (candidates_parse(p->victims, env->oom_score_adj, &c))
		return CANDIDATES_WRONG;
	if (env->limit_bytes)
		return "the group's limit would be hit first: set memory.max = max";
	return NULL;
}

static bool has_its_nodes(const struct global_oom_params *p, const struct workload_env *env)
{
	return p->constraint == CONSTRAINT_NONE ||
	       (env->nr_nodes >= 2 && node_bytes(env, p->node));
}

static const char *missing(const struct global_oom_params *p, const struct workload_env *env)
{
	struct candidates c;
	int64_t lead;

	if (candidates_parse(p->victims, env->oom_score_adj, &c))
		return NULL;
	if (!has_its_nodes(p, env))
		return "requires two nodes with memory, one of them the node of node=: use pagestorm lab --nodes 2";
	predicted_victim(p, env, &c, &lead);
	if (lead < (int64_t)margin_bytes(p, env))
		return "two candidates' badness differs by less than an eighth of this machine's memory: the victim cannot be predicted";
	return NULL;
}

/* check() reports missing nodes before any need. */
static unsigned global_oom_needs(const void *params, const struct workload_env *env)
{
	const struct global_oom_params *p = params;
	struct candidates c;

	if (!has_its_nodes(p, env) || candidates_parse(p->victims, env->oom_score_adj, &c))
		return 0;
	return candidates_lower_scores(&c) ? NEED_LOW_SCORES : 0;
}

static int global_oom_check(const void *params, const struct workload_env *env, char *reason,
			    size_t reason_bytes)
{
	const char *wrong = contradiction(params, env);
	const char *lack = wrong ? NULL : missing(params, env);

	return check_answer(wrong, lack, reason, reason_bytes);
}

static uint64_t global_oom_footprint(const void *params, const struct workload_env *env)
{
	(void)params; /* it takes all memory */
	return env->memory_bytes;
}

static double global_oom_seconds(const void *params, const struct workload_env *env)
{
	(void)params;
	return (double)env->memory_bytes / (env->in_lab ? 1e8 : 1e9);
}

/* ---- promises ---- */

static void claim_kill(const struct workload_env *env, struct claims *out)
{
	const char *events = env_group_kills(env);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "system_oom_kills", .scope = "system",
		  .source = "vmstat", .counter = "oom_kill", .expected = 1,
		  .why = "exactly one victim is killed" },
		{ .quantity = "oom_kills", .scope = "group",
		  .source = events, .counter = "oom_kill", .expected = 1,
		  .why = "the victim is in the group" },
		{ .quantity = "direct_reclaims", .scope = "system",
		  .source = "vmstat", .counter = "allocstall_movable", .relation = RELATION_GE,
		  .expected = 1,
		  .why = "the kernel reclaims before it kills" },
	};
	const struct promise limit[] = {
		{ .quantity = "group_ooms", .scope = "group",
		  .source = events, .counter = "oom", .unless = env->cgroup_version == 1,
		  .why = "the cause is not a limit of the group" },
		{ .quantity = "limit_hits", .scope = "group",
		  .source = env_group_hits(env), .counter = env_group_hits_key(env),
		  .why = "the group has no limit" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
	PROMISE_ROWS(out, SPAN_WORK, limit);
}

static void claim_victim(const struct global_oom_params *p, const struct workload_env *env,
			 const struct candidates *c, struct claims *out)
{
	int64_t lead;
	/* clang-format off */
	const struct promise victim = {
		.quantity = "victim", .scope = "ledger",
		.source = "ledger", .counter = "victim",
		.expected = predicted_victim(p, env, c, &lead),
		.why = "highest badness: resident pages plus adj thousandths of memory and swap (0: the growing process)",
	};
	/* clang-format on */

	if (c->nr > 1)
		promise_add(out, SPAN_WORK, &victim, 1);
}

/* Evidence of the constraint: where pages were free at the last sample before the kill. */
static void claim_free(const struct global_oom_params *p, const struct workload_env *env,
		       struct claims *out)
{
	uint64_t elsewhere = 0;
	const struct claim nothing_left = { .quantity = "free_before_the_kill",
					    .scope = "ledger",
					    .source = "ledger",
					    .counter = "free_pages",
					    .unit = UNIT_PAGES,
					    .relation = RELATION_LE,
					    .basis = BASIS_BOUNDED,
					    .expected = STEP_BYTES / env->page_bytes,
					    .slot = "reserve_pages" };
	/* clang-format off */
	struct promise plenty = {
		.quantity = "free_elsewhere", .scope = "ledger",
		.source = "ledger", .counter = "free_elsewhere_pages", .unit = UNIT_PAGES,
		.relation = RELATION_GE, .basis = BASIS_BOUNDED,
		.why = "half of the other nodes stays free: the machine has memory that the constraint excludes",
	};
	/* clang-format on */

	claims_add(
		out, &nothing_left,
		"the kernel kills only when no allowed zone has more than its high watermark and its reserve; sampled once a MiB");
	for (unsigned i = 0; i < env->nr_nodes; i++)
		if (env->nodes[i] != p->node)
			elsewhere += env->node_bytes[i];
	plenty.expected = (int64_t)(elsewhere / 2 / env->page_bytes);
	if (p->constraint != CONSTRAINT_NONE)
		promise_add(out, SPAN_WORK, &plenty, 1);
}

static void global_oom_claims(const void *params, const struct workload_env *env,
			      struct claims *out)
{
	const struct global_oom_params *p = params;
	struct candidates c;

	if (candidates_parse(p->victims, env->oom_score_adj, &c))
		return;
	claim_kill(env, out);
	claim_victim(p, env, &c, out);
	claim_free(p, env, out);
	promise_freed(out, env, 0);
}

/* ---- in the worker ---- */

struct global_oom_state {
	char *map;
	uint64_t map_bytes;
	struct idle_candidates idle;
	struct kills kills;
	struct zoneinfo zoneinfo;
	struct zones zones;
	uint64_t least_free, least_elsewhere; /* pages */
};

static bool may_use(const struct worker *w, const struct zone *zone)
{
	const struct global_oom_params *p = w->params;

	return p->constraint == CONSTRAINT_NONE || zone->node == p->node;
}

/* Pages that the kernel keeps free in the zones where the process may allocate. */
static uint64_t reserve_pages(const struct worker *w, const struct zones *zones)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < zones->nr; i++) {
		const struct zone *zone = &zones->zone[i];
		uint64_t kept = zone->high + zone->protection;

		if (may_use(w, zone))
			sum += kept < zone->managed ? kept : zone->managed;
	}
	return sum;
}

static int sample(struct worker *w, struct global_oom_state *s)
{
	uint64_t here = 0, elsewhere = 0, reserve;
	int ret = zoneinfo_look(w, &s->zoneinfo, &s->zones);

	if (ret)
		return ret;
	for (unsigned i = 0; i < s->zones.nr; i++)
		*(may_use(w, &s->zones.zone[i]) ? &here : &elsewhere) += s->zones.zone[i].free;
	reserve = reserve_pages(w, &s->zones);
	if (here < s->least_free)
		s->least_free = here;
	if (elsewhere < s->least_elsewhere)
		s->least_elsewhere = elsewhere;
	worker_slot_set(w, SLOT_RESERVE, reserve);
	worker_slot_set(w, SLOT_FREE, s->least_free);
	worker_slot_set(w, SLOT_FREE_ELSEWHERE, s->least_elsewhere);
	return 0;
}

static int bind_to(struct worker *w, uint64_t node)
{
	unsigned long mask[NODE_MASK_LONGS] = { 0 };

	mask[node / (8 * sizeof(*mask))] = 1ul << node % (8 * sizeof(*mask));
	if (syscall(SYS_set_mempolicy, MPOL_BIND, mask, 8 * sizeof(mask)))
		return worker_fail(w, errno, "set_mempolicy to node %" PRIu64 ": %s", node,
				   strerror(errno));
	return 0;
}

/* The profile sets cpuset.mems of the group; this checks it. */
static int check_cpuset(struct worker *w, uint64_t node)
{
	unsigned long mask[NODE_MASK_LONGS] = { 0 };
	unsigned long wanted = 1ul << node % (8 * sizeof(*mask));

	if (syscall(SYS_get_mempolicy, NULL, mask, 8 * sizeof(mask), NULL, MPOL_F_MEMS_ALLOWED))
		return worker_fail(w, errno, "get_mempolicy: %s", strerror(errno));
	for (size_t i = 0; i < NODE_MASK_LONGS; i++)
		if (mask[i] != (i == node / (8 * sizeof(*mask)) ? wanted : 0))
			return worker_fail(w, EINVAL,
					   "its cpuset allows other nodes than %" PRIu64
					   ": set cpuset.mems = %" PRIu64,
					   node, node);
	return 0;
}

static int confine(struct worker *w)
{
	const struct global_oom_params *p = w->params;

	switch ((enum global_oom_constraint)p->constraint) {
	case CONSTRAINT_MEMPOLICY:
		return bind_to(w, p->node);
	case CONSTRAINT_CPUSET:
		return check_cpuset(w, p->node);
	case CONSTRAINT_NONE:
		break;
	}
	return 0;
}

static int global_oom_prepare(struct worker *w)
{
	const struct global_oom_params *p = w->params;
	struct global_oom_state *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->least_free = s->least_elsewhere = UINT64_MAX;
	ret = confine(w);
	if (ret)
		return ret;
	candidates_parse(p->victims, w->env->oom_score_adj, &s->idle.candidates);
	ret = zoneinfo_open(w, &s->zoneinfo);
	if (!ret)
		ret = kills_open(w, &s->kills);
	if (!ret)
		ret = candidates_start(w, &s->idle);
	if (ret)
		return ret;
	s->map_bytes = w->env->memory_bytes + swap_room(w->env);
	s->map = worker_map_measured(w, s->map_bytes, w->env->page_bytes, false);
	return s->map ? sample(w, s) : -errno;
}

/*
 * The memory of a killed process is free long before its exit is visible, and using it would
 * cause another kill: the kernel's count is read after each step, and growth ends once it
 * has risen.
 */
static void record_victim(struct worker *w, struct global_oom_state *s)
{
	unsigned victim = candidates_died(&s->idle, DEATH_BOUND_MS);

	if (!victim)
		return;
	worker_slot_set(w, SLOT_VICTIM, victim);
	worker_slot_set(w, SLOT_VICTIM_PID, (uint64_t)w->ledger->process[victim].pid);
}

static void count_touched(struct worker *w, uint64_t bytes)
{
	worker_slot_set(w, SLOT_PAGES_TOUCHED, bytes / w->env->page_bytes);
	worker_achieved(w, bytes);
	atomic_store_explicit(&w->ledger->moved_bytes, bytes, memory_order_relaxed);
}

static int global_oom_run(struct worker *w)
{
	struct global_oom_state *s = w->state;

	for (uint64_t done = 0; done + STEP_BYTES <= s->map_bytes && !worker_should_stop(w);) {
		int ret = populate_pages(s->map + done, STEP_BYTES, true);

		if (ret)
			return worker_fail(w, -ret, "cannot touch the mapping: %s",
					   strerror(-ret));
		done += STEP_BYTES;
		count_touched(w, done);
		if (kills_rose(&s->kills)) {
			record_victim(w, s);
			return 0;
		}
		ret = sample(w, s);
		if (ret || s->least_free < w->ledger->shortfall_pages)
			return ret;
	}
	return 0;
}

static void global_oom_release(struct worker *w)
{
	struct global_oom_state *s = w->state;

	if (!s)
		return;
	if (s->map)
		munmap(s->map, s->map_bytes);
	zoneinfo_close(&s->zoneinfo);
	candidates_release(&s->idle);
	kills_close(&s->kills);
	free(s);
	w->state = NULL;
}

const struct workload global_oom_workload = {
	.name = "global_oom",
	.summary = "grows without a limit until the kernel OOM-kills (for a guest)",
	.truth = "One OOM kill, of the predicted process, when no allowed zone has more free pages than its high watermark and reserve; the free pages elsewhere identify the constraint.",
	.options = options,
	.params_bytes = sizeof(struct global_oom_params),
	.slots = {
		[SLOT_PAGES_TOUCHED] = { "pages_touched", UNIT_PAGES,
					 "base pages that the growing process had touched" },
		[SLOT_VICTIM] = { "victim", UNIT_COUNT,
				  "index of the killed process: 0 is the growing one" },
		[SLOT_VICTIM_PID] = { "victim_pid", UNIT_COUNT,
				      "pid of a killed idle process" },
		[SLOT_RESERVE] = { "reserve_pages", UNIT_PAGES,
				   "high watermarks and reserves of the allowed zones" },
		[SLOT_FREE] = { "free_pages", UNIT_PAGES,
				"fewest free pages sampled in the allowed zones" },
		[SLOT_FREE_ELSEWHERE] = { "free_elsewhere_pages", UNIT_PAGES,
					  "fewest free pages sampled in the other zones" },
	},
	.expects_oom = true,
	.machine_wide = true,
	.check = global_oom_check,
	.param_needs = global_oom_needs,
	.footprint = global_oom_footprint,
	.seconds = global_oom_seconds,
	.claims = global_oom_claims,
	.prepare = global_oom_prepare,
	.run = global_oom_run,
	.release = global_oom_release,
};
