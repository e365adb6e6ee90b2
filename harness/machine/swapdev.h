/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A swap device of the run's own: a file or a zram device, made, switched on and
 * journalled. The swap header is written by us (mm/swapfile.c: version 1,
 * "SWAPSPACE2" in the last ten bytes of the first page). Neighbours' swap is never touched.
 */
#ifndef PAGESTORM_SWAPDEV_H
#define PAGESTORM_SWAPDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/error.h"
#include "harness/machine/journal.h"
#include "workloads/api/workload.h"

struct swapdev {
	enum swap_kind kind;
	char path[256]; /* as /proc/swaps names it */
	uint64_t bytes; /* usable */
	int priority;
	bool on;
};

/*
 * kind FILE: path is the file to create, or the directory for it, on a disk file
 * system that can swap; a file's own name, or a folder's above it, says pagestorm or
 * .partial, else -EINVAL; kind ZRAM: path is ignored, algorithm may be "".
 * priority -1: the kernel's choice. -EOPNOTSUPP when this machine cannot.
 */
int swapdev_make(struct swapdev *s, struct journal *j, enum swap_kind kind, const char *path,
		 uint64_t bytes, int priority, const char *algorithm, struct error *e);

/* swapoff and removal; the journal's entries of it are forgotten. Copes with an empty one. */
int swapdev_remove(struct swapdev *s, struct journal *j, struct error *e);

#endif
