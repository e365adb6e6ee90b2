/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A real worker, executed in a dedicated group like a run's and driven manually through its
 * barriers: for values that can only be observed from outside.
 */
#ifndef PAGESTORM_HAND_H
#define PAGESTORM_HAND_H

#include "bench/box.h"
#include "harness/trial/process.h"

struct hand {
	struct group group;
	struct process process;
	uint64_t exec_ns; /* when exec had succeeded */
};

/* Makes the group, starts the worker and waits for READY. settings: of the anon workload. */
int hand_start(struct hand *h, struct box *b, const char *settings, struct error *e);

/* GO, until HELD. */
int hand_go(struct hand *h, struct error *e);

/* Ends it and removes the group, also if it did not start. */
void hand_release(struct hand *h);

/* Bytes charged to the group. */
uint64_t hand_usage(const struct hand *h);

/* Resident pages of the worker by its statm, exact since Linux 6.17. */
uint64_t hand_resident_pages(const struct hand *h);

/* kB of a key of its status or smaps_rollup. */
uint64_t hand_kb(const struct hand *h, const char *file, const char *key);

#endif
