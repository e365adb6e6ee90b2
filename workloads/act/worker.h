/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker's frame: calls a workload's prepare(), run(), verify() and release(), and
 * what these use.
 *
 * The harness forks, joins the group and execs this program again with --worker.
 * worker_main() maps the ledger, prepares, prefaults the process's own writable mappings
 * (so that their first writes do not count as the workload's), reports READY, waits for
 * GO, runs, reports HELD, waits for BYE and releases.
 */
#ifndef PAGESTORM_WORKER_H
#define PAGESTORM_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "workloads/api/ledger.h"

/* The option `latency`: whether operations are timed into ledger->latency. */
#define LATENCY_OPTION(value, text, at)                                                        \
	{                                                                                      \
		.name = "latency", .type = OPTION_BOOL, .fallback = value, .help = text, at    \
	}

struct worker {
	const struct workload *workload;
	struct ledger *ledger;
	const void *params; /* the workload's own params struct */
	const struct workload_env *env;
	void *state; /* the workload's own, set in prepare() */
};

/* Entry of `pagestorm --worker`. Returns the exit status. */
int worker_main(void);

/* Entry of `pagestorm --flush-pump` (harness/trial/flush.h). Returns the exit status. */
int worker_pump_main(void);

/* Records the reason and returns -code: `return worker_fail(w, errno, "cannot map …");` */
int worker_fail(struct worker *w, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* True once the harness requests a stop: run() then returns 0 soon. */
static inline bool worker_should_stop(const struct worker *w)
{
	return atomic_load_explicit(&w->ledger->stop, memory_order_relaxed);
}

/* Nanoseconds of CLOCK_MONOTONIC. */
static inline uint64_t worker_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/*
 * Sleeps until the absolute CLOCK_MONOTONIC time, or until the harness requests a stop
 * (checked every 10 ms). True when the time was reached.
 */
bool worker_sleep_until(const struct worker *w, uint64_t deadline_ns);

/* Counting into the ledger, after each step. slot is the index in workload->slots. */
static inline void worker_slot_set(struct worker *w, int slot, uint64_t value)
{
	atomic_store_explicit(&w->ledger->slot[slot], value, memory_order_relaxed);
}

static inline void worker_slot_add(struct worker *w, int slot, uint64_t value)
{
	atomic_fetch_add_explicit(&w->ledger->slot[slot], value, memory_order_relaxed);
}

static inline void worker_achieved(struct worker *w, uint64_t bytes)
{
	atomic_store_explicit(&w->ledger->achieved_bytes, bytes, memory_order_relaxed);
}

/*
 * Sets the measured mapping of process [i] (0: the worker); its smaps and numa_maps
 * entries are captured at READY and at HELD. bytes 0: none.
 */
void worker_mapping(struct worker *w, unsigned i, const void *start, uint64_t bytes);

/*
 * A private anonymous mapping aligned to `align` (a power of two, at least a
 * page), with MADV_HUGEPAGE if huge, MADV_NOHUGEPAGE if not; nothing is
 * touched. NULL on failure, with errno set. Freed with munmap(start, bytes).
 */
void *worker_map_anon(uint64_t bytes, uint64_t align, bool huge);

/*
 * worker_map_anon() as the worker's measured mapping. NULL on failure (reported through
 * worker_fail()), with errno set.
 */
void *worker_map_measured(struct worker *w, uint64_t bytes, uint64_t align, bool huge);

/*
 * Forks child i (1..16) of the workload: it stays in the worker's group, is killed when
 * the worker exits, is entered into ledger->process[i] and runs body(w, i, arg), whose
 * result is its exit status. Returns the pid or -errno, in the worker only.
 */
int worker_fork(struct worker *w, unsigned i,
		int (*body)(struct worker *w, unsigned i, void *arg), void *arg);

/* Kills and reaps the children of worker_fork(); the frame calls it at the end. */
void worker_reap(struct worker *w);

#endif
