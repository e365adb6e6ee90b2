/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a bench row runs: a child process in a dedicated group with a limit, with a scratch
 * directory and a swap device if it requires them. All of them are journalled like a run's,
 * and therefore removed however the bench ends: at its end, after SIGINT, and after kill -9
 * by `pagestorm restore`.
 *
 * Holds the machine's lock, because a concurrent run would change the measurement.
 */
#ifndef PAGESTORM_BOX_H
#define PAGESTORM_BOX_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/error.h"
#include "harness/machine/host.h"
#include "harness/machine/group.h"
#include "harness/machine/journal.h"
#include "harness/machine/lock.h"
#include "harness/machine/swapdev.h"
#include "workloads/api/workload.h"

struct box {
	struct host host;
	struct lock lock;
	struct journal journal;
	struct group top;      /* version 0: this user can make none */
	struct error no_group; /* why */
	struct swapdev swap;
	char scratch[512];
	unsigned nr_groups; /* made so far: their names */
	bool open;
};

/* Waits up to a minute for the lock. Blocks SIGINT, SIGTERM and SIGHUP: see box_interrupted().
 */
int box_open(struct box *b, struct error *e);

/* Undoes everything, also of a half-open box. */
int box_close(struct box *b, struct error *e);

/* True after one of these signals. */
bool box_interrupted(const struct box *b);

/* A group below the box's with that memory.max; removed by group_remove(). */
int box_group(struct box *b, uint64_t limit_bytes, struct group *g, struct error *e);

/* Makes the scratch directory, next to the results, if it does not exist yet. */
int box_scratch(struct box *b, struct error *e);

/* A private swap device, until box_remove_swap(); bytes as of swapdev_make(). */
int box_make_swap(struct box *b, enum swap_kind kind, uint64_t bytes, struct error *e);
int box_remove_swap(struct box *b, struct error *e);

/* The workloads' environment: the machine, the limit, the swap device and the directory. */
void box_env(const struct box *b, uint64_t limit_bytes, struct workload_env *env);

/*
 * Runs body in a child in a group of limit_bytes (0: no group) and waits. Returns body's
 * value, 0 to 99; -EINTR after a signal, -ECHILD if the child was killed.
 */
int box_run(struct box *b, uint64_t limit_bytes, int (*body)(void *arg), void *arg,
	    struct error *e);

#endif
