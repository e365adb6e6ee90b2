// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mlock: locks a private anonymous mapping in memory, by mlock(2), by mlock2(2) with
 * MLOCK_ONFAULT, or as far as RLIMIT_MEMLOCK allows; or unlocks it.
 *
 * Exact: mlock(2) faults every page in: VmLck, Locked, Rss and the group's unevictable rise by
 *   the size, minflt by its pages. With MLOCK_ONFAULT VmLck rises by the size at once and the
 *   others by the pages touched since. munlock(2) takes VmLck, Locked and unevictable back and
 *   leaves Rss. Without CAP_IPC_LOCK the page beyond RLIMIT_MEMLOCK is refused: ENOMEM.
 * Moves: the same, and Mlocked, Unevictable and unevictable_pgs_mlocked of the machine.
 * Unchanged: majflt, VmSize (the mapping is made before READY), VmPin.
 * Caveats: a page waits in a list of its CPU before it counts as unevictable, so the worker
 *   stays on one CPU and drains it (workloads/act/lru.h). Other processes lock and unlock too:
 *   nothing is promised of the machine's Mlocked. At exit up to a list of pages per CPU stays
 *   on the unevictable list for a while. Compaction may still move locked pages.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workloads/act/lru.h"
#include "workloads/act/worker.h"
#include "workloads/api/arith.h"
#include "workloads/api/promise.h"
#include "workloads/probe/placement.h"

#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1 /* Linux 4.4, include/uapi/asm-generic/mman-common.h */
#endif

#define OWN_BYTES  (1u << 20)
#define STEP_BYTES (4u << 20) /* between two looks at the stop flag */

struct mlock_params {
	uint64_t size_bytes, limit_bytes;
	int how;
	double touched;
};

enum mlock_how { HOW_MLOCK, HOW_ONFAULT, HOW_UNLOCK };

#define AT(member) .offset = offsetof(struct mlock_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "4K",
	  .help = "bytes to lock, rounded up to whole pages",
	  AT(size_bytes) },
	{ .name = "how",
	  .type = OPTION_CHOICE,
	  .fallback = "mlock",
	  .choices = "mlock|onfault|unlock", /* enum mlock_how, in its order */
	  .help = "mlock(2), mlock2(2) with MLOCK_ONFAULT, or munlock(2)",
	  AT(how) },
	{ .name = "touched",
	  .type = OPTION_RATIO,
	  .fallback = "25%",
	  .min = "0",
	  .max = "1",
	  .help = "share of the pages that are written after how=onfault",
	  AT(touched) },
	{ .name = "limit",
	  .type = OPTION_BYTES,
	  .fallback = "0",
	  .help = "RLIMIT_MEMLOCK, without CAP_IPC_LOCK (0: unlimited)",
	  AT(limit_bytes) },
	{ .name = NULL },
};

/* ---- arithmetic; pure ---- */

static uint64_t held_bytes(const struct mlock_params *p, const struct workload_env *env)
{
	return round_up(p->size_bytes, env->page_bytes);
}

/* What the limit allows of it. */
static uint64_t lockable_bytes(const struct mlock_params *p, const struct workload_env *env)
{
	const uint64_t limit = p->limit_bytes / env->page_bytes * env->page_bytes;

	return p->limit_bytes ? min(limit, held_bytes(p, env)) : held_bytes(p, env);
}

static uint64_t touched_pages(const struct mlock_params *p, const struct workload_env *env)
{
	return (uint64_t)(p->touched * (double)(held_bytes(p, env) / env->page_bytes));
}

/* Bytes that are in memory at HELD. */
static uint64_t mlock_target(const void *params, const struct workload_env *env)
{
	const struct mlock_params *p = params;

	return p->how == HOW_ONFAULT ? touched_pages(p, env) * env->page_bytes
				     : lockable_bytes(p, env);
}

static uint64_t table_bytes(uint64_t bytes, const struct workload_env *env)
{
	return bytes / env_table_reach_bytes(env) * env->page_bytes;
}

static uint64_t mlock_footprint(const void *params, const struct workload_env *env)
{
	const uint64_t bytes = held_bytes(params, env);

	return bytes + table_bytes(bytes, env) + 8 * env->page_bytes + OWN_BYTES;
}

static double mlock_seconds(const void *params, const struct workload_env *env)
{
	const struct mlock_params *p = params;
	const double bytes = (double)held_bytes(p, env);

	return bytes / 1e9 + (p->limit_bytes ? bytes / (double)env->page_bytes / 1e5 : 0);
}

static int mlock_check(const void *params, const struct workload_env *env, char *reason,
		       size_t reason_bytes)
{
	const struct mlock_params *p = params;
	const char *wrong = NULL;

	if (p->limit_bytes && p->how != HOW_MLOCK)
		wrong = "limit is for how=mlock";
	else if (p->limit_bytes && p->limit_bytes < env->page_bytes)
		wrong = "a limit below a page refuses every lock with EPERM: raise limit";
	else if (!env_fits(env, mlock_footprint(p, env)))
		wrong = "the mapping exceeds the group's limit and locked pages cannot be reclaimed: raise memory.max";
	return check_answer(wrong, NULL, reason, reason_bytes);
}

/* ---- promises ---- */

/* By how much what is locked, and what is in memory, moves. In bytes. */
struct amounts {
	int64_t locked;	  /* VmLck */
	int64_t pinned;	  /* pages that are both locked and in memory */
	int64_t resident; /* Rss */
	int64_t before;	  /* locked and in memory at READY */
};

static struct amounts amounts_of(const struct mlock_params *p, const struct workload_env *env)
{
	const int64_t lockable = (int64_t)lockable_bytes(p, env);
	const int64_t target = (int64_t)mlock_target(p, env);

	if (p->how == HOW_UNLOCK)
		return (struct amounts){ -lockable, -lockable, 0, lockable };
	return (struct amounts){ lockable, target, target, 0 };
}

static const char *pinned_why(const struct mlock_params *p)
{
	static const char *const why[] = {
		[HOW_MLOCK] = "mlock faults every page in",
		[HOW_ONFAULT] = "with MLOCK_ONFAULT a page is locked when it is touched",
		[HOW_UNLOCK] = "munlock takes every lock back",
	};

	return why[p->how];
}

static void claim_locked(const struct mlock_params *p, const struct amounts *a,
			 struct claims *out)
{
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "locked_bytes", .scope = "process",
		  .source = "status", .counter = "VmLck", .unit = UNIT_BYTES,
		  .expected = a->locked,
		  .why = p->limit_bytes ? "as many pages as RLIMIT_MEMLOCK allows"
			 : "the kernel counts the whole mapping; touched or not" },
		{ .quantity = "locked_resident_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Locked", .unit = UNIT_BYTES,
		  .expected = a->pinned,
		  .why = "nothing else of the process is locked" },
		{ .quantity = "locked_resident_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Locked", .unit = UNIT_BYTES,
		  .expected = a->pinned,
		  .why = pinned_why(p) },
		{ .quantity = "pinned_bytes", .scope = "process",
		  .source = "status", .counter = "VmPin", .unit = UNIT_BYTES,
		  .why = "a lock is no pin" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_memory(const struct mlock_params *p, const struct workload_env *env,
			 const struct amounts *a, struct claims *out)
{
	const char *why = p->how == HOW_UNLOCK ? "munlock frees nothing" : pinned_why(p);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt",
		  .expected = a->resident / (int64_t)env->page_bytes,
		  .why = p->how == HOW_UNLOCK ? "munlock takes no fault"
			 : "one fault per page that comes to memory; mlock counts its own" },
		PROMISE_NO_MAJOR_FAULTS,
		{ .quantity = "resident_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES,
		  .expected = a->resident,
		  .why = why },
		{ .quantity = "dirty_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Private_Dirty", .unit = UNIT_BYTES,
		  .expected = a->resident,
		  .why = why },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "status", .counter = "VmSize", .unit = UNIT_BYTES,
		  .why = "the mapping is made before READY" },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .expected = a->resident,
		  .why = "the worker is alone in its group" },
		{ .quantity = "group_unevictable_bytes", .scope = "group",
		  .source = "memory.stat", .counter = "unevictable", .unit = UNIT_BYTES,
		  .expected = a->pinned,
		  .why = "locked pages are on the unevictable list" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* Of the events, which only rise: what is locked now others change both ways. */
static void claim_machine(const struct mlock_params *p, const struct workload_env *env,
			  const struct amounts *a, struct claims *out)
{
	const bool unlock = p->how == HOW_UNLOCK;
	/* clang-format off */
	const struct promise row = {
		.quantity = "system_pages_locked", .scope = "system",
		.source = "vmstat",
		.counter = unlock ? "unevictable_pgs_munlocked" : "unevictable_pgs_mlocked",
		.unit = UNIT_PAGES, .relation = RELATION_GE, .basis = BASIS_DIRECTION,
		.expected = (unlock ? -a->pinned : a->pinned) / (int64_t)env->page_bytes,
		.why = "the machine's count includes the worker's",
	};
	/* clang-format on */

	promise_add(out, SPAN_WORK, &row, 1);
}

static void claim_counted(const struct mlock_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const int64_t page = (int64_t)env->page_bytes;
	const int64_t lockable = (int64_t)lockable_bytes(p, env);
	const bool refused = lockable < (int64_t)held_bytes(p, env);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "pages_locked", .scope = "ledger",
		  .source = "ledger", .counter = "pages_locked", .unit = UNIT_PAGES,
		  .expected = lockable / page, .unless = p->how == HOW_UNLOCK,
		  .why = "calls that succeeded" },
		{ .quantity = "pages_present", .scope = "ledger",
		  .source = "ledger", .counter = "pages_present", .unit = UNIT_PAGES,
		  .expected = (int64_t)mlock_target(p, env) / page,
		  .why = "the page table maps every page that is in memory" },
		{ .quantity = "locks_refused", .scope = "ledger",
		  .source = "ledger", .counter = "locks_refused", .expected = refused,
		  .why = refused ? "the first page beyond RLIMIT_MEMLOCK: ENOMEM"
			 : "no limit is reached" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void mlock_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct mlock_params *p = params;
	const struct amounts a = amounts_of(p, env);
	const int64_t tables = (int64_t)table_bytes((uint64_t)a.resident, env);
	const struct promise_usage usage = {
		.least = a.resident,
		.most = a.resident,
		.tables_least = tables,
		.tables_most = a.resident ? tables + 5 * (int64_t)env->page_bytes : 0
	};
	/* clang-format off */
	const struct promise unlocked = {
		.quantity = "left_unevictable_bytes", .scope = "group",
		.source = "memory.stat", .counter = "unevictable", .unit = UNIT_BYTES,
		.relation = RELATION_LE, .basis = BASIS_BOUNDED, .expected = -a.before,
		.tolerance = (int64_t)(LRU_LIST_PAGES * env->cpus * env->page_bytes),
		.why = "a lock does not outlive its process; each CPU may have a list of pages still to move",
	};
	/* clang-format on */

	claim_locked(p, &a, out);
	claim_memory(p, env, &a, out);
	claim_machine(p, env, &a, out);
	claim_counted(p, env, out);
	promise_usage(out, env, &usage);
	promise_no_files(out, env);
	promise_freed(out, env, a.before);
	promise_uncharged(out, env, a.before);
	promise_add(out, SPAN_RESIDUE, &unlocked, 1);
}

/* ---- in the worker ---- */

enum mlock_slot {
	SLOT_PAGES_LOCKED,
	SLOT_PAGES_PRESENT,
	SLOT_LOCKS_REFUSED,
	SLOT_LOCK_NS,
};

struct mlock_state {
	char *map;
	uint64_t bytes, page;
	int pagemap; /* -1: not open */
	struct lru lru;
};

/* RLIMIT_MEMLOCK does not bind a process with CAP_IPC_LOCK (can_do_mlock(), mm/mlock.c). */
static int drop_ipc_lock(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	data[CAP_IPC_LOCK / 32].effective &= ~(1u << CAP_IPC_LOCK % 32);
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

/* To raise the hard limit needs CAP_SYS_RESOURCE. */
static int limit_locks(struct worker *w, uint64_t bytes)
{
	struct rlimit limit = { 0 };
	uint64_t hard;
	int ret = 0;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		ret = -errno;
	hard = limit.rlim_max;
	limit.rlim_cur = bytes;
	limit.rlim_max = max(bytes, hard);
	if (!ret && setrlimit(RLIMIT_MEMLOCK, &limit))
		ret = -errno;
	if (ret == -EPERM)
		return worker_fail(w, EPERM,
				   "limit exceeds the hard RLIMIT_MEMLOCK of %" PRIu64
				   " bytes: use a smaller limit, or raise it (ulimit -H -l)",
				   hard);
	if (!ret)
		ret = drop_ipc_lock();
	return ret ? worker_fail(w, -ret, "cannot limit RLIMIT_MEMLOCK to %" PRIu64 ": %s",
				 bytes, strerror(-ret))
		   : 0;
}

static int lock_failed(struct worker *w)
{
	return worker_fail(
		w, errno,
		"cannot lock memory: %s; raise RLIMIT_MEMLOCK (ulimit -l) or run as root",
		strerror(errno));
}

static int mlock_prepare(struct worker *w)
{
	const struct mlock_params *p = w->params;
	struct mlock_state *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->page = w->env->page_bytes;
	s->bytes = held_bytes(p, w->env);
	s->pagemap = placement_open();
	if (s->pagemap < 0)
		return worker_fail(w, -s->pagemap, "cannot open /proc/self/pagemap: %s",
				   strerror(-s->pagemap));
	ret = lru_open(w, &s->lru);
	if (ret)
		return ret;
	s->map = worker_map_measured(w, s->bytes, env_table_reach_bytes(w->env), false);
	if (!s->map)
		return -errno;
	if (p->how == HOW_UNLOCK && mlock(s->map, s->bytes))
		return lock_failed(w);
	lru_drain(&s->lru);
	return p->limit_bytes ? limit_locks(w, p->limit_bytes) : 0;
}

/* One step; with a limit it is a page, and what is refused ends the loop. */
static int lock_step(struct worker *w, char *start, uint64_t bytes, bool *refused)
{
	const struct mlock_params *p = w->params;
	long ret;

	if (p->how == HOW_UNLOCK)
		ret = munlock(start, bytes);
	else if (p->how == HOW_ONFAULT)
		ret = syscall(SYS_mlock2, start, bytes, MLOCK_ONFAULT);
	else
		ret = mlock(start, bytes);
	if (!ret) {
		worker_slot_add(w, SLOT_PAGES_LOCKED,
				p->how == HOW_UNLOCK ? 0 : bytes / w->env->page_bytes);
		return 0;
	}
	if (!p->limit_bytes || errno != ENOMEM)
		return lock_failed(w);
	*refused = true;
	worker_slot_add(w, SLOT_LOCKS_REFUSED, 1);
	return 0;
}

static int mlock_run(struct worker *w)
{
	const struct mlock_params *p = w->params;
	const struct mlock_state *s = w->state;
	/* Fault injection: the last pages are left out. */
	const uint64_t out = min(w->ledger->shortfall_pages * s->page, s->bytes);
	const uint64_t start_ns = worker_now_ns(), due = s->bytes - out;
	const uint64_t most = p->limit_bytes ? s->page : STEP_BYTES;
	bool refused = false;
	int ret = 0;

	for (uint64_t at = 0; at < due && !ret && !refused && !worker_should_stop(w);
	     at += most)
		ret = lock_step(w, s->map + at, min(most, due - at), &refused);
	worker_slot_set(w, SLOT_LOCK_NS, worker_now_ns() - start_ns);
	for (uint64_t i = 0; p->how == HOW_ONFAULT && i < touched_pages(p, w->env) && !ret &&
			     i * s->page < due && !worker_should_stop(w);
	     i++)
		*(volatile char *)(s->map + i * s->page) = 1;
	lru_drain(&s->lru);
	return ret;
}

static int mlock_verify(struct worker *w)
{
	const struct mlock_state *s = w->state;
	struct placement found;
	int ret = placement_count(s->pagemap, s->map, s->bytes, s->page, &found);

	if (ret)
		return worker_fail(w, -ret, "cannot read /proc/self/pagemap: %s",
				   strerror(-ret));
	worker_slot_set(w, SLOT_PAGES_PRESENT, found.present);
	worker_achieved(w, min(found.present * s->page, mlock_target(w->params, w->env)));
	return 0;
}

static void mlock_release(struct worker *w)
{
	struct mlock_state *s = w->state;

	if (!s)
		return;
	if (s->map)
		munmap(s->map, s->bytes);
	lru_close(&s->lru);
	if (s->pagemap >= 0)
		close(s->pagemap);
	free(s);
	w->state = NULL;
}

const struct workload mlock_workload = {
	.name = "mlock",
	.summary = "memory locked: mlock, MLOCK_ONFAULT, munlock, RLIMIT_MEMLOCK",
	.truth = "VmLck rises by the size; Locked, Rss and the group's unevictable by what mlock faulted in, or by what was touched since with MLOCK_ONFAULT; the page beyond RLIMIT_MEMLOCK is refused.",
	.options = options,
	.params_bytes = sizeof(struct mlock_params),
	.slots = {
		[SLOT_PAGES_LOCKED] = { "pages_locked", UNIT_PAGES, "pages that were locked" },
		[SLOT_PAGES_PRESENT] = { "pages_present", UNIT_PAGES,
					 "pages in memory at the end, by the page table" },
		[SLOT_LOCKS_REFUSED] = { "locks_refused", UNIT_COUNT,
					 "calls that ended in ENOMEM" },
		[SLOT_LOCK_NS] = { "lock_ns", UNIT_NSEC, "time of locking or unlocking" },
	},
	.check = mlock_check,
	.footprint = mlock_footprint,
	.target = mlock_target,
	.seconds = mlock_seconds,
	.claims = mlock_claims,
	.prepare = mlock_prepare,
	.run = mlock_run,
	.verify = mlock_verify,
	.release = mlock_release,
};
