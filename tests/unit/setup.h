/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters of workloads that are tested by arithmetic in tests/unit and on the running
 * kernel in tests/kernel: both start from the same, after drive_open() or trial_open().
 */
#ifndef PAGESTORM_TESTS_SETUP_H
#define PAGESTORM_TESTS_SETUP_H

#include "tests/unit/drive.h"

static inline void setup_leak(struct drive *d, const char *allocator, uint64_t threads,
			      uint64_t blocks, uint64_t size)
{
	drive_set(d, "size", size);
	drive_set(d, "blocks", blocks);
	drive_set(d, "threads", threads);
	drive_set(d, "chunk", 1 << 20);
	drive_set(d, "interval", 1000000000);
	drive_set(d, "sites", 1);
	drive_set(d, "depth", 5);
	drive_set(d, "align", 64);
	drive_choose(d, "allocator", allocator);
	drive_choose(d, "reach", "lost");
	drive_choose(d, "shape", "linear");
	drive_choose(d, "touch", "bytes");
}

static inline void setup_malloc_churn(struct drive *d, uint64_t size, uint64_t blocks,
				      uint64_t cycles, const char *touch)
{
	drive_set(d, "size", size);
	drive_set(d, "blocks", blocks);
	drive_set(d, "cycles", cycles);
	drive_choose(d, "touch", touch);
	drive_choose(d, "order", "lifo");
	*(bool *)drive_option(d, "dynamic") = true;
	drive_set(d, "mmap_threshold", 128 << 10);
	drive_set(d, "trim_threshold", 128 << 10);
	drive_set(d, "top_pad", 128 << 10);
}

#endif
