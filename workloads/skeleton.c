// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * skeleton: the manual of how a workload is written. It is compiled and tested
 * (tests/unit/test_skeleton.c), but no run can have it, because it is not in the list
 * workload_sources of Makefile.am. Copy it to workloads/NAME.c, put that on the list, and
 * replace this paragraph by one sentence: what the workload does. Above about 600 lines it
 * becomes a directory workloads/NAME/: NAME.c describes the workload, NAME_check.c refuses,
 * NAME_truth.c holds arithmetic and promises, and the worker has a file of its own; what they
 * share is in NAME.h, which no other part includes.
 *
 * The four paragraphs below are part of every workload; whoever holds a tool against it reads
 * them first.
 *
 * Truth: what is exact, in the kernel's words, and why. Here: one minor fault for each base
 *   page, and as many bytes of anonymous memory in the mapping and in the group.
 * Rises: the counters that move: minflt, Rss, the group's anon (rss on cgroup v1) and
 *   pgfault.
 * Still: the counters that a reader could expect to move and that do not: majflt, VmSize
 *   (the mapping is made before READY), Swap.
 * Beware: what differs by kernel, file system or neighbour, with the version or the file in
 *   the kernel's source. Here: VmRSS is a cached sum before Linux 6.17, so it is not promised.
 *
 * Which functions run where, in the order of a trial:
 *
 *   check param_needs footprint target seconds claims
 *            in the harness, when it plans. Pure: they read their two arguments and nothing
 *            else, no file, no clock, no global, since the hypothesis is made before the act
 *            and is made on other machines too (plan, tests).
 *   prepare  in the worker, a process of its own in a group of its own, before READY. It may
 *            open, map, allocate, start threads and write files. What it takes is not
 *            measured, so it must not touch what is.
 *   run      between GO and HELD: the act. No malloc, no stdio, no new thread, no file that
 *            is not part of the act: each would be counted as the workload's. What it takes
 *            it keeps, since the counters are read after it.
 *   verify   still before HELD, when the clock of run() has stopped: looks at what is there
 *            and counts it, without moving a counter that is promised.
 *   release  after BYE, and after a prepare() that failed.
 *
 * A workload includes workloads/api, act and probe, libc and libnuma, and neither the harness
 * nor another workload: tests/unit/test_include_direction says so.
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

#define OWN_BYTES (1u << 20) /* the worker's own memory: a number says where it comes from */

/* ---- options ---- */

/*
 * Filled by the harness from the profile, by `offset`, and copied into the ledger for the
 * worker: so no pointers, and at most PARAMS_BYTES_MAX. Units are in the names.
 */
struct skeleton_params {
	uint64_t size_bytes, pause_ns;
	int touch;
	char fill[FILL_TEXT_BYTES];
};

enum skeleton_touch { FIRST_WORD, POPULATED };

#define AT(member) .offset = offsetof(struct skeleton_params, member)

/*
 * Everything that a person sees of an option is here: help, list, the manual page and
 * completion come from it. A default is text and goes through the same parser. A bound that
 * depends on another option or on the machine belongs into check(). Once released, names and
 * choices are an interface. An option that other workloads have too is a macro in the header
 * of workloads/act whose functions take it, such as FILL_OPTION.
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
	  .help = "stay in run() this long after the first touch",
	  AT(pause_ns) },
	{ .name = NULL },
};

/* ---- arithmetic; pure ---- */

static uint64_t held_bytes(const struct skeleton_params *p, const struct workload_env *env)
{
	return round_up(p->size_bytes, env->page_bytes);
}

/* Page tables: a page for each 512 that are mapped; its ends and the levels above. */
static int64_t tables_least(const struct skeleton_params *p, const struct workload_env *env)
{
	return (int64_t)(held_bytes(p, env) / 512 / env->page_bytes * env->page_bytes);
}

static int64_t tables_most(const struct skeleton_params *p, const struct workload_env *env)
{
	const int64_t least = tables_least(p, env);

	return least + least / 512 + 5 * (int64_t)env->page_bytes;
}

/*
 * The peak of what the group is charged for, the worker's own memory included. A memory.max
 * is derived from it where the profile gives none: too little, and the worker is killed.
 */
static uint64_t skeleton_footprint(const void *params, const struct workload_env *env)
{
	const struct skeleton_params *p = params;

	return held_bytes(p, env) + (uint64_t)tables_most(p, env) + OWN_BYTES;
}

/* What achieved_bytes has to reach. NULL where a workload holds nothing. */
static uint64_t skeleton_target(const void *params, const struct workload_env *env)
{
	return held_bytes(params, env);
}

/* For the plan, and for the bound on the trial: roughly, and rather too long. */
static double skeleton_seconds(const void *params, const struct workload_env *env)
{
	const struct skeleton_params *p = params;

	return (double)held_bytes(p, env) / 2e9 + (double)p->pause_ns / 1e9;
}

/* ---- what is refused ---- */

/*
 * The parameters contradict each other, or the limits of the group: the profile is wrong
 * (exit 2). A sentence without a full stop that says the way out.
 */
static const char *contradiction(const struct skeleton_params *p,
				 const struct workload_env *env)
{
	if (fill_parse(p->fill, NULL, NULL))
		return FILL_WRONG;
	if (!env_fits(env, skeleton_footprint(p, env)))
		return "the mapping does not fit under the group's limit and reclaim would join in: raise memory.max";
	return NULL;
}

/* The parameters are right, but not for this machine: the worker is skipped. */
static const char *missing(const struct skeleton_params *p, const struct workload_env *env)
{
	if (env->memory_bytes && p->size_bytes > env->memory_bytes)
		return "size is more than the memory of this machine";
	return NULL;
}

static int skeleton_check(const void *params, const struct workload_env *env, char *reason,
			  size_t reason_bytes)
{
	return check_answer(contradiction(params, env), missing(params, env), reason,
			    reason_bytes);
}

/*
 * A condition that other workloads have too is a bit of enum need, with its test and its
 * sentence in workloads/api/check.c: in .needs where it always holds, here where it depends on
 * the parameters.
 */
static unsigned skeleton_needs(const void *params, const struct workload_env *env)
{
	(void)env; /* the same on every machine */
	return ((const struct skeleton_params *)params)->touch == POPULATED ? NEED_POPULATE : 0;
}

/* ---- promises ---- */

/*
 * Each row is a counter that is read before and after, and by how much it moves. Only what
 * follows from arithmetic is exact; a slack is derived or measured, and why says what it is
 * made of; what others move as well has only a direction. A counter of which nothing is known
 * is left out: a promise that cannot fail proves nothing. Claims keep pointers to quantity,
 * source, counter and slot, which must outlive them; scope and why are copied.
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
		/* Against a slot: what the worker has counted, held against what it has seen. */
		{ .quantity = "pages_filled", .scope = "ledger",
		  .source = "ledger", .counter = "pages_filled", .unit = UNIT_PAGES,
		  .slot = "pages_touched",
		  .why = "each page that was touched begins with its part of the stream" },
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

/* Numbers of the slots below; a worker's own counts, which outlive its SIGKILL. */
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
 * w->state is set first: release() follows whatever happens. Randomness comes from
 * ledger->seed alone, so that a trial can be repeated.
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
 * The hook by which tests prove that a claim can fail: so many units are left out of the act,
 * and some promise must be broken then. Every workload honours it.
 */
static uint64_t due_bytes(const struct worker *w)
{
	const struct skeleton_state *s = w->state;
	const uint64_t left_out = w->ledger->shortfall_pages * w->env->page_bytes;

	return s->bytes - min(left_out, s->bytes);
}

/*
 * In steps: between two of them it looks whether it has to stop (then it returns 0, soon), and
 * it counts after the act and never before, so that a worker that is killed has understated.
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

/* Of the touched pages alone: a look at another one would make it present. */
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

/* Takes what prepare() has left, all or half of it or nothing. Its children the frame reaps. */
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
 * The only name that leaves this file: NAME_workload, and .name is NAME. Not used here:
 *   .needs         enum need that holds whatever the parameters: NEED_SWAP | NEED_FILES
 *   .late_slots    a bit for each slot that release() counts: read after GONE
 *   .expects_oom   the outcome that is promised is an OOM kill
 *   .machine_wide  takes the machine's memory: no memory.max is derived
 */
const struct workload skeleton_workload = {
	.name = "skeleton",
	.summary = "private anonymous memory, touched and held: how a workload is written",
	.truth = "One minor fault per page and as many bytes of anonymous memory, exact to the "
		 "page in the mapping and in the group.",
	.options = options,
	.params_bytes = sizeof(struct skeleton_params),
	.slots = {
		[SLOT_PAGES_TOUCHED] = { "pages_touched", UNIT_PAGES, "base pages touched" },
		[SLOT_PAGES_FILLED] = { "pages_filled", UNIT_PAGES,
					"of these: begin with what was written" },
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
