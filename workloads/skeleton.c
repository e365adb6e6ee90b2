// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * skeleton: the manual of how to write a workload. It is compiled and tested
 * (tests/unit/test_skeleton.c), but cannot be run, because it is not on the list
 * workload_sources of Makefile.am. Copy it to workloads/NAME.c, add that to the list, and
 * replace this paragraph by one sentence: what the workload does. Above about 600 lines it
 * becomes a directory workloads/NAME/: NAME.c has the options and the description,
 * NAME_check.c what is refused, NAME_truth.c amounts and claims, and the worker has its own
 * file; NAME.h is private to them.
 *
 * The four paragraphs below are part of every workload: read them before you compare a tool
 * with it.
 *
 * Exact: which amounts are exact, in the kernel's terms, and why. Here: one minor fault per
 *   base page, and that many bytes of anonymous memory in the mapping and in the group.
 * Moves: the counters that move: minflt, Rss, the group's anon (rss on cgroup v1) and
 *   pgfault.
 * Unchanged: counters that a reader could expect to move and that do not: majflt, VmSize
 *   (the mapping is made before READY), Swap.
 * Caveats: what differs by kernel, file system or neighbour, with the version or the file in
 *   the kernel's source. Here: VmRSS is a cached sum before Linux 6.17, so nothing is
 *   promised about it.
 *
 * The functions, in the order of a trial:
 *
 *   check param_needs footprint target seconds claims
 *            in the harness, at planning time. Pure: they depend on their two arguments
 *            alone, and read no file, no clock and no global, because claims are made before
 *            the act, and on other machines too (plan, tests).
 *   prepare  in the worker, a separate process in a dedicated cgroup, before READY. It may
 *            open, map, allocate, start threads and write files. None of that is measured,
 *            so it must not touch what is.
 *   run      between GO and HELD: the act. No malloc, no stdio, no new thread, and no file
 *            but those of the act: each would count as the workload's. It keeps what it
 *            takes: the counters are read afterwards.
 *   verify   still before HELD, after the clock of run() has stopped: inspects the result
 *            and counts it, without moving a counter that a claim is about.
 *   release  after BYE, and after a prepare() that failed.
 *
 * A workload includes workloads/api, act and probe, libc and libnuma, and neither the harness
 * nor another workload: tests/unit/test_include_direction checks it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "workloads/act/fill.h"
#include "workloads/act/touch.h"
#include "workloads/act/worker.h"
#include "workloads/api/arith.h"
#include "workloads/api/promise.h"

#define OWN_BYTES (1u << 20) /* the worker's own memory; every number states its origin */

/* ---- options ---- */

/*
 * The harness fills it from the profile, by `offset`, and copies it into the ledger for the
 * worker: no pointers, and at most PARAMS_BYTES_MAX. Names carry their units.
 */
struct skeleton_params {
	uint64_t size_bytes, pause_ns;
	int touch;
	char fill[FILL_TEXT_BYTES];
};

enum skeleton_touch { FIRST_WORD, POPULATED };

#define AT(member) .offset = offsetof(struct skeleton_params, member)

/*
 * The whole description of an option: help, list, the manual page and completion derive from
 * it. A default is text for the same parser. A bound that depends on another option or on the
 * machine belongs in check(). Once released, names and choices are an interface. An option
 * that several workloads share is a macro in the header of workloads/act that uses it, such
 * as FILL_OPTION.
 */
static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "4K",
	  .help = "bytes to hold, rounded up to whole pages",
	  AT(size_bytes) },
	{ .name = "touch",
	  .type = OPTION_CHOICE,
	  .fallback = "write",
	  .choices = "write|populate", /* enum skeleton_touch, in its order */
	  .help = "first touch: a word per page, or populated by madvise",
	  AT(touch) },
	FILL_OPTION("random", AT(fill)),
	{ .name = "pause",
	  .type = OPTION_SECONDS,
	  .fallback = "0s",
	  .max = "1h",
	  .help = "sleep in run() for this long after the first touch",
	  AT(pause_ns) },
	{ .name = NULL },
};

/* ---- arithmetic; pure ---- */

static uint64_t held_bytes(const struct skeleton_params *p, const struct workload_env *env)
{
	return round_up(p->size_bytes, env->page_bytes);
}

/* Page tables: one page per range of a table; the most adds both ends and the upper levels. */
static int64_t tables_least(const struct skeleton_params *p, const struct workload_env *env)
{
	return (int64_t)(held_bytes(p, env) / env_table_reach_bytes(env) * env->page_bytes);
}

static int64_t tables_most(const struct skeleton_params *p, const struct workload_env *env)
{
	const int64_t least = tables_least(p, env);

	return least + least / (int64_t)env_table_entries(env) + 5 * (int64_t)env->page_bytes;
}

/*
 * The peak charge of the group, including the worker's own memory. Where the profile sets no
 * memory.max it is derived from this: if it is too small, the worker is OOM-killed.
 */
static uint64_t skeleton_footprint(const void *params, const struct workload_env *env)
{
	const struct skeleton_params *p = params;

	return held_bytes(p, env) + (uint64_t)tables_most(p, env) + OWN_BYTES;
}

/* The amount that achieved_bytes must reach. NULL for a workload that holds no memory. */
static uint64_t skeleton_target(const void *params, const struct workload_env *env)
{
	return held_bytes(params, env);
}

/* For the plan and the trial's timeout: an estimate, rather too long than too short. */
static double skeleton_seconds(const void *params, const struct workload_env *env)
{
	const struct skeleton_params *p = params;

	return (double)held_bytes(p, env) / 2e9 + (double)p->pause_ns / 1e9;
}

/* ---- check ---- */

/*
 * Parameters that contradict each other, or the group's limits: a profile error (exit 2). A
 * sentence without a full stop that includes the remedy.
 */
static const char *contradiction(const struct skeleton_params *p,
				 const struct workload_env *env)
{
	if (fill_parse(p->fill, NULL, NULL))
		return FILL_WRONG;
	if (!env_fits(env, skeleton_footprint(p, env)))
		return "the mapping exceeds the group's limit and would cause reclaim: raise memory.max";
	return NULL;
}

/* Valid parameters that this machine cannot run: the worker is skipped. */
static const char *missing(const struct skeleton_params *p, const struct workload_env *env)
{
	if (env->memory_bytes && p->size_bytes > env->memory_bytes)
		return "size exceeds the memory of this machine";
	return NULL;
}

static int skeleton_check(const void *params, const struct workload_env *env, char *reason,
			  size_t reason_bytes)
{
	return check_answer(contradiction(params, env), missing(params, env), reason,
			    reason_bytes);
}

/*
 * A requirement that several workloads share is a bit of enum need, with its test and its
 * sentence in workloads/api/check.c: in .needs if it always applies, here if it depends on
 * the parameters.
 */
static unsigned skeleton_needs(const void *params, const struct workload_env *env)
{
	(void)env; /* the same on every machine */
	return ((const struct skeleton_params *)params)->touch == POPULATED ? NEED_POPULATE : 0;
}

/* ---- promises ---- */

/*
 * Each row names a counter that is read before and after, and its movement. Only what follows
 * from arithmetic is exact; a tolerance is derived or measured, and why names its cause; a
 * counter that other processes move too has only a direction. Leave out counters of which
 * nothing is known: a claim that cannot fail proves nothing. Claims keep pointers to
 * quantity, source, counter and slot, which must outlive them; scope and why are copied.
 */
static void skeleton_claims(const void *params, const struct workload_env *env,
			    struct claims *out)
{
	const struct skeleton_params *p = params;
	const int64_t bytes = (int64_t)held_bytes(p, env);
	const int64_t pages = bytes / (int64_t)env->page_bytes;
	const struct promise_usage usage = { .least = bytes,
					     .most = bytes,
					     .tables_least = tables_least(p, env),
					     .tables_most = tables_most(p, env) };
	/* clang-format off */
	const struct promise work[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt", .expected = pages,
		  .why = "one fault per page" },
		PROMISE_NO_MAJOR_FAULTS,
		{ .quantity = "resident_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES, .expected = bytes,
		  .why = "each page is private and written" },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .expected = bytes,
		  .why = "the worker is alone in its group" },
		/* Against a slot: one count of the worker is compared with another. */
		{ .quantity = "pages_filled", .scope = "ledger",
		  .source = "ledger", .counter = "pages_filled", .unit = UNIT_PAGES,
		  .slot = "pages_touched",
		  .why = "each touched page starts with its block of the fill" },
		{ .quantity = "pages_touched", .scope = "ledger",
		  .source = "ledger", .counter = "pages_touched", .unit = UNIT_PAGES,
		  .expected = pages,
		  .why = "each page of the mapping once" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, work); /* HELD - READY */
	promise_freed(out, env, 0);	    /* GONE - READY */
	promise_usage(out, env, &usage);
	promise_no_files(out, env);
}

/* ---- in the worker ---- */

/* Indices of the slots below: the worker's own counts, which survive its SIGKILL. */
enum skeleton_slot {
	SLOT_PAGES_TOUCHED,
	SLOT_PAGES_FILLED,
	SLOT_TOUCH_NS,
};

struct skeleton_state {
	char *map; /* NULL: not mapped */
	uint64_t bytes;
	struct touch touch;
	struct fill fill;
};

/*
 * Sets w->state first: release() is called in any case. All randomness comes from
 * ledger->seed, so that a trial can be repeated.
 */
static int skeleton_prepare(struct worker *w)
{
	const struct skeleton_params *p = w->params;
	struct skeleton_state *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->bytes = held_bytes(p, w->env);
	fill_init(&s->fill, p->fill, w->ledger->seed);
	touch_init(&s->touch, p->touch == POPULATED ? TOUCH_POPULATE : TOUCH_WRITE,
		   w->env->page_bytes, 0, &s->fill);
	s->map = worker_map_measured(w, s->bytes, w->env->page_bytes, false);
	return s->map ? 0 : -errno;
}

/*
 * Fault injection, which proves that claims can fail: the act leaves out this many units, and
 * some claim must fail then. Every workload implements it.
 */
static uint64_t due_bytes(const struct worker *w)
{
	const struct skeleton_state *s = w->state;
	const uint64_t left_out = w->ledger->shortfall_pages * w->env->page_bytes;

	return s->bytes - min(left_out, s->bytes);
}

/*
 * In steps: between two of them it checks whether it must stop (and returns 0), and it counts
 * after each step, so that the count of a worker that is killed is a lower bound.
 */
static int skeleton_run(struct worker *w)
{
	const struct skeleton_params *p = w->params;
	const struct skeleton_state *s = w->state;
	const uint64_t start_ns = worker_now_ns(), due = due_bytes(w);
	uint64_t step;
	int ret;

	for (uint64_t at = 0; at < due && !worker_should_stop(w); at += step) {
		step = min(due - at, s->touch.step_bytes);
		ret = touch_range(&s->touch, s->map + at, step, at / FILL_BLOCK_BYTES);
		if (ret)
			return worker_fail(w, -ret, "cannot touch the mapping: %s",
					   strerror(-ret));
		worker_slot_add(w, SLOT_PAGES_TOUCHED, step / w->env->page_bytes);
		atomic_fetch_add_explicit(&w->ledger->moved_bytes, step, memory_order_relaxed);
	}
	worker_slot_set(w, SLOT_TOUCH_NS, worker_now_ns() - start_ns);
	if (p->pause_ns)
		worker_sleep_until(w, worker_now_ns() + p->pause_ns);
	return 0;
}

/* Reads the touched pages only: a read would fault in any other. */
static int skeleton_verify(struct worker *w)
{
	const struct skeleton_state *s = w->state;
	const uint64_t page = w->env->page_bytes;
	const uint64_t touched = w->ledger->slot[SLOT_PAGES_TOUCHED] * page;
	uint64_t filled = 0;

	for (uint64_t at = 0; at < touched; at += page)
		filled += *(const volatile uint64_t *)(s->map + at) ==
			  fill_word(&s->fill, at / FILL_BLOCK_BYTES);
	worker_slot_set(w, SLOT_PAGES_FILLED, filled);
	worker_achieved(w, filled * page);
	return 0;
}

/* Also after a prepare() that failed halfway. The worker's frame reaps children. */
static void skeleton_release(struct worker *w)
{
	struct skeleton_state *s = w->state;

	if (!s)
		return;
	if (s->map)
		munmap(s->map, s->bytes);
	free(s);
	w->state = NULL;
}

/*
 * The only external symbol: NAME_workload, whose .name is NAME. Not used here:
 *   .needs         enum need that applies to all parameters: NEED_SWAP | NEED_FILES
 *   .late_slots    a bit per slot that release() counts: read after GONE
 *   .expects_oom   the expected outcome is an OOM kill
 *   .machine_wide  uses the whole machine's memory: no memory.max is derived
 */
const struct workload skeleton_workload = {
	.name = "skeleton",
	.summary = "private anonymous memory, touched and held: how a workload is written",
	.truth = "One minor fault per page and that many bytes of anonymous memory, exact to the page in the mapping and in the group.",
	.options = options,
	.params_bytes = sizeof(struct skeleton_params),
	.slots = {
		[SLOT_PAGES_TOUCHED] = { "pages_touched", UNIT_PAGES, "base pages touched" },
		[SLOT_PAGES_FILLED] = { "pages_filled", UNIT_PAGES,
					"those of them whose first word is the one written" },
		[SLOT_TOUCH_NS] = { "touch_ns", UNIT_NSEC, "time of the first touch alone" },
	},
	.rate_metric = true, /* touch_ns: free pages are faulted and freed before READY */
	.check = skeleton_check,
	.param_needs = skeleton_needs,
	.footprint = skeleton_footprint,
	.target = skeleton_target,
	.seconds = skeleton_seconds,
	.claims = skeleton_claims,
	.prepare = skeleton_prepare,
	.run = skeleton_run,
	.verify = skeleton_verify,
	.release = skeleton_release,
};
