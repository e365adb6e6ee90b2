// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/act/churn.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/act/hugepages.h"
#include "workloads/probe/placement.h"
#include "workloads/api/promise.h"
#include "workloads/act/worker.h"

#define FLOOR_CYCLES 10000

/* Choices of touch: none, then touch.h's. */
#define TOUCH_NONE 0

#define AT(member) .offset = offsetof(struct churn_params, member)

const struct workload_option churn_options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "1M",
	  .min = "4K",
	  .help = "bytes of a cycle, rounded up to whole pages",
	  AT(size_bytes) },
	{ .name = "cycles",
	  .type = OPTION_COUNT,
	  .fallback = "1000",
	  .min = "1",
	  .help = "number of cycles, when duration is 0",
	  AT(cycles) },
	{ .name = "duration",
	  .type = OPTION_SECONDS,
	  .fallback = "0s",
	  .max = "1d",
	  .help = "run for this long instead (0: count cycles)",
	  AT(duration_ns) },
	{ .name = "touch",
	  .type = OPTION_CHOICE,
	  .fallback = "write",
	  .choices = "none|" TOUCH_CHOICES,
	  .help = "touch of the memory: none, a word or every byte per page, a read, or populated by madvise",
	  AT(touch) },
	PAGES_OPTION(AT(pages)),
	{ .name = NULL },
};

/* ---- arithmetic ---- */

static uint64_t cycle_bytes(const struct churn_params *p, const struct workload_env *env)
{
	return (p->size_bytes + env->page_bytes - 1) / env->page_bytes * env->page_bytes;
}

static uint64_t cycle_pages(const struct churn_params *p, const struct workload_env *env)
{
	return p->touch == TOUCH_NONE ? 0 : cycle_bytes(p, env) / env->page_bytes;
}

static enum touch_kind touch_kind(const struct churn_params *p)
{
	return (enum touch_kind)(p->touch - 1);
}

static bool reads_first(const struct churn_params *p)
{
	return p->touch && (touch_kind(p) == TOUCH_READ || touch_kind(p) == TOUCH_READ_WRITE);
}

/* Equal unless the probe could not tell what a read allocates. */
struct bounds {
	uint64_t least, most;
};

/*
 * One per huge page and one per base page of the rest; where a read maps a zero page, the
 * write after it is one more. check() lets huge pages be read only where that takes them.
 */
static struct bounds cycle_faults(const struct churn_params *p, const struct workload_env *env)
{
	uint64_t base = cycle_pages(p, env), huge = 0;
	struct bounds b;

	if (p->pages == PAGES_HUGE && env->pmd_bytes && base) {
		huge = cycle_bytes(p, env) / env->pmd_bytes;
		base -= huge * (env->pmd_bytes / env->page_bytes);
	}
	b = (struct bounds){ huge + base, huge + base };
	if (p->touch && touch_kind(p) == TOUCH_READ_WRITE) {
		b.least += env_has(env, CAPABILITY_ZERO_PAGE) ? base : 0;
		b.most += env_lacks(env, CAPABILITY_ZERO_PAGE) ? 0 : base;
	}
	return b;
}

uint64_t churn_footprint(const void *params, const struct workload_env *env)
{
	uint64_t bytes = cycle_bytes(params, env);

	return bytes + bytes / 256 + (1u << 20); /* page tables; the worker's own */
}

double churn_seconds(const void *params, const struct workload_env *env)
{
	const struct churn_params *p = params;
	double cycle = 4e-6 + 4e-7 * (double)cycle_faults(p, env).most;

	return p->duration_ns ? (double)p->duration_ns / 1e9 : cycle * (double)p->cycles;
}

static const char *contradiction(const struct churn_params *p, const struct workload_env *env)
{
	uint64_t need = churn_footprint(p, env);

	if (p->pages == PAGES_HUGE && reads_first(p) &&
	    !env_lacks(env, CAPABILITY_HUGE_ZERO_PAGE))
		return "a read maps the zero page in place of a huge page: use pages=4k or touch=write";
	if (!env_fits(env, need))
		return "a cycle exceeds the group's limit and would cause reclaim: raise memory.max or memory.high or lower size";
	return NULL;
}

int churn_check(const void *params, const struct workload_env *env, char *reason,
		size_t reason_bytes)
{
	return check_answer(contradiction(params, env), NULL, reason, reason_bytes);
}

unsigned churn_needs(const void *params, const struct workload_env *env)
{
	const struct churn_params *p = params;
	const bool populates = p->touch && touch_kind(p) == TOUCH_POPULATE;

	(void)env; /* the same on every machine */
	return (p->pages == PAGES_HUGE ? NEED_HUGE_FAULTS : 0) |
	       (populates ? NEED_POPULATE : 0);
}

/* ---- promises ---- */

/* Per cycle, of the process and of its group; called twice where only bounds are known. */
static void claim_each_cycle(uint64_t faults, enum relation relation, enum basis basis,
			     const char *why, struct claims *out)
{
	const struct claim process = { .quantity = "minor_faults",
				       .scope = "process",
				       .source = "stat",
				       .counter = "minflt",
				       .relation = relation,
				       .basis = basis,
				       .slot = "cycles",
				       .slot_mul = (int64_t)faults };
	struct claim group = process;

	group.quantity = "group_faults";
	group.source = "memory.stat";
	group.counter = "pgfault";
	snprintf(group.scope, sizeof(group.scope), "group");
	claims_add(out, &process, "%" PRIu64 " in each cycle because %s", faults, why);
	claims_add(out, &group, "the worker is alone in its group");
}

static void claim_faults(const struct churn_params *p, const struct workload_env *env,
			 struct claims *out)
{
	const struct bounds faults = cycle_faults(p, env);
	const char *untried = "it is not known here whether a read maps the zero page";
	/* clang-format off */
	const struct promise major[] = {
		PROMISE_NO_MAJOR_FAULTS,
		PROMISE_NO_GROUP_MAJOR_FAULTS,
	};
	const struct promise none[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt",
		  .why = "untouched memory takes no fault" },
		{ .quantity = "group_faults", .scope = "group",
		  .source = "memory.stat", .counter = "pgfault",
		  .why = "untouched memory takes no fault" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, major);
	if (!faults.most) { /* as a slot's factor 0 would read as 1 */
		PROMISE_ROWS(out, SPAN_WORK, none);
	} else if (faults.least == faults.most) {
		claim_each_cycle(faults.most, RELATION_EQ, BASIS_EXACT,
				 "memory that was given back is mapped anew without pages",
				 out);
	} else {
		claim_each_cycle(faults.least, RELATION_GE, BASIS_BOUNDED, untried, out);
		claim_each_cycle(faults.most, RELATION_LE, BASIS_BOUNDED, untried, out);
	}
}

/*
 * A table at either end, and the two above it, may stay because a neighbouring mapping
 * shares them.
 */
#define TABLES_LEFT_MAX 4

static void claim_nothing_left(const struct workload_env *env, struct claims *out)
{
	uint64_t tables = TABLES_LEFT_MAX * env->page_bytes;
	const char *why = "the last cycle gave back all that it took";
	/* clang-format off */
	const struct promise work[] = {
		{ .quantity = "resident_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Rss", .unit = UNIT_BYTES,
		  .why = why },
		{ .quantity = "anonymous_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Anonymous", .unit = UNIT_BYTES,
		  .why = why },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "status", .counter = "VmSize", .unit = UNIT_BYTES,
		  .why = why },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "statm", .counter = "size", .unit = UNIT_BYTES,
		  .why = why },
		{ .quantity = "data_bytes", .scope = "process",
		  .source = "status", .counter = "VmData", .unit = UNIT_BYTES,
		  .why = why },
		{ .quantity = "swap_bytes", .scope = "process",
		  .source = "status", .counter = "VmSwap", .unit = UNIT_BYTES,
		  .why = "a cycle fits under the limit" },
		{ .quantity = "page_table_bytes", .scope = "process",
		  .source = "status", .counter = "VmPTE", .unit = UNIT_BYTES,
		  .relation = RELATION_BETWEEN, .basis = BASIS_BOUNDED, .tolerance = tables,
		  .why = "neighbouring mappings may share a table at either end and two above" },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .why = why },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, work);
	promise_freed(out, env, 0);
}

static void claim_counted(const struct churn_params *p, const struct workload_env *env,
			  struct claims *out)
{
	/* clang-format off */
	const struct promise pages[] = {
		{ .quantity = "pages_present", .scope = "ledger",
		  .source = "ledger", .counter = "pages_present", .unit = UNIT_PAGES,
		  .expected = (int64_t)cycle_pages(p, env),
		  .why = "counted in the page table after the first cycle touched them" },
		{ .quantity = "pages_left", .scope = "ledger",
		  .source = "ledger", .counter = "pages_left", .unit = UNIT_PAGES,
		  .why = "counted in the page table after the first cycle gave them back" },
	};
	const struct promise cycles = {
		.quantity = "cycles", .scope = "ledger",
		.source = "ledger", .counter = "cycles", .expected = (int64_t)p->cycles,
		.why = "the option cycles",
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, pages);
	if (!p->duration_ns)
		promise_add(out, SPAN_WORK, &cycles, 1);
}

/* No claim about the machine's counters: pgfault >= n would add nothing to the group's. */
void churn_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	claim_faults(params, env, out);
	claim_nothing_left(env, out);
	claim_counted(params, env, out);
	promise_no_files(out, env);
}

/* ---- in the worker ---- */

int churn_prepare(struct worker *w)
{
	const struct churn_params *p = w->params;
	struct churn *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	w->state = c;
	c->bytes = cycle_bytes(p, w->env);
	c->huge = p->pages == PAGES_HUGE;
	c->pagemap = placement_open();
	if (c->pagemap < 0)
		return worker_fail(w, -c->pagemap, "cannot open /proc/self/pagemap: %s",
				   strerror(-c->pagemap));
	fill_init(&c->fill, "zero", w->ledger->seed);
	if (p->touch)
		touch_init(&c->touch, touch_kind(p), w->env->page_bytes, 0, &c->fill);
	/*
	 * For the process and not for the mapping: a madvise(2) would split brk's heap, and
	 * a call in each cycle would be part of its latency.
	 */
	return c->huge ? 0 : hugepages_forbid(w);
}

/* Touches all but what the fault injection leaves out. */
static int touch(const struct worker *w, const struct churn *c, void *start)
{
	const struct churn_params *p = w->params;
	uint64_t unit = c->huge ? w->env->pmd_bytes : w->env->page_bytes;
	uint64_t left_out = w->ledger->shortfall_pages * unit;

	if (p->touch == TOUCH_NONE || left_out >= c->bytes)
		return 0;
	return touch_range(&c->touch, start, c->bytes - left_out, 0);
}

static int cycle_fail(struct worker *w, int code, const char *what)
{
	return worker_fail(w, code, "cannot %s %" PRIu64 " bytes: %s", what,
			   ((struct churn *)w->state)->bytes, strerror(code));
}

static int cycle(struct worker *w, const struct churn_method *method)
{
	const struct churn *c = w->state;
	void *start = method->take(w, c->bytes);
	int ret;

	if (!start)
		return cycle_fail(w, errno, "take");
	ret = touch(w, c, start);
	if (ret)
		return cycle_fail(w, -ret, "touch");
	return method->give_back(start, c->bytes) ? cycle_fail(w, errno, "give back") : 0;
}

static int count_pages(struct worker *w, const void *start, enum churn_slot slot)
{
	const struct churn *c = w->state;
	struct placement found;
	int ret = placement_count(c->pagemap, start, c->bytes, w->env->page_bytes, &found);

	if (ret)
		return worker_fail(w, -ret, "cannot read /proc/self/pagemap: %s",
				   strerror(-ret));
	worker_slot_set(w, slot, found.present + found.swapped);
	return 0;
}

static int counted_cycle(struct worker *w, const struct churn_method *method)
{
	const struct churn *c = w->state;
	void *start = method->take(w, c->bytes);
	int ret;

	if (!start)
		return cycle_fail(w, errno, "take");
	ret = touch(w, c, start);
	if (ret)
		return cycle_fail(w, -ret, "touch");
	ret = count_pages(w, start, CHURN_SLOT_PAGES_PRESENT);
	if (!ret && method->give_back(start, c->bytes))
		ret = cycle_fail(w, errno, "give back");
	return ret ? ret : count_pages(w, start, CHURN_SLOT_PAGES_LEFT);
}

/* This process is the only writer of the ledger: plain stores are enough. */
static void count_cycle(struct worker *w, uint64_t cycles, uint64_t touched_bytes)
{
	struct ledger *l = w->ledger;

	worker_slot_set(w, CHURN_SLOT_CYCLES, cycles);
	atomic_store_explicit(&l->ops, cycles, memory_order_relaxed);
	atomic_store_explicit(&l->moved_bytes, cycles * touched_bytes, memory_order_relaxed);
}

/* The loop of churn_run() without a cycle in it. */
static void measure_floor(struct worker *w)
{
	struct churn *c = w->state;
	uint64_t start = worker_now_ns(), before = start;

	for (int i = 0; i < FLOOR_CYCLES && !worker_should_stop(w); i++) {
		uint64_t after = worker_now_ns();

		histogram_add(&c->floor, after - before);
		before = after;
		count_cycle(w, 0, 0);
	}
	worker_slot_set(w, CHURN_SLOT_CLOCK_NS, (before - start) / FLOOR_CYCLES);
}

/* Mean of the fastest nine in ten: interrupts and other tasks are in the slowest. */
static uint64_t usual_ns(const struct histogram *h)
{
	uint64_t left = h->count / 10 * 9 + h->count % 10, nr = left;
	double sum = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS && left; i++) {
		uint64_t here = h->bucket[i] < left ? h->bucket[i] : left;

		sum += (double)here * (double)(histogram_low(i) + histogram_high(i) - 1) / 2;
		left -= here;
	}
	return nr ? (uint64_t)(sum / (double)nr) : 0;
}

static void count_net(struct worker *w)
{
	uint64_t floor = w->ledger->slot[CHURN_SLOT_CLOCK_NS];
	uint64_t usual = usual_ns(&w->ledger->latency);

	worker_slot_set(w, CHURN_SLOT_CYCLE_NS, usual > floor ? usual - floor : 0);
}

/* With touch=none there is no touch to leave out: the fault injection keeps memory mapped. */
static int leave_out(struct worker *w, const struct churn_method *method)
{
	const struct churn_params *p = w->params;
	uint64_t bytes = w->ledger->shortfall_pages * w->env->page_bytes;

	if (p->touch == TOUCH_NONE && bytes && !method->take(w, bytes))
		return cycle_fail(w, errno, "take");
	return 0;
}

int churn_run(struct worker *w, const struct churn_method *method)
{
	const struct churn_params *p = w->params;
	uint64_t touched = p->touch == TOUCH_NONE ? 0 : ((struct churn *)w->state)->bytes;
	uint64_t goal = p->duration_ns ? UINT64_MAX : p->cycles, end_ns, done, before;
	int ret;

	measure_floor(w);
	ret = counted_cycle(w, method);
	before = worker_now_ns();
	end_ns = p->duration_ns ? before + p->duration_ns : UINT64_MAX;
	for (done = !ret; !ret && done < goal && before < end_ns && !worker_should_stop(w);) {
		uint64_t after;

		ret = cycle(w, method);
		if (ret)
			break;
		after = worker_now_ns(); /* the end of one cycle and the start of the next */
		histogram_add(&w->ledger->latency, after - before);
		before = after;
		count_cycle(w, ++done, touched);
	}
	count_cycle(w, done, touched);
	count_net(w);
	return ret ? ret : leave_out(w, method);
}

void churn_release(struct worker *w)
{
	struct churn *c = w->state;

	if (!c)
		return;
	if (c->pagemap >= 0)
		close(c->pagemap);
	free(c);
	w->state = NULL;
}
