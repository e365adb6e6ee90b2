/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Touching memory: the first touch that makes pages real, and access to a
 * working set afterwards. Used by every workload that holds memory.
 *
 * First touch, per page of the mapping:
 *   write       one word: one write fault
 *   read        one word read: the zero page is mapped, nothing is allocated
 *   read_write  read, then written: two faults, the second allocates
 *   populate    MADV_POPULATE_WRITE in large steps, then the fill if it is not
 *               zero: the fastest way (Linux 5.14)
 *   bytes       every byte written through real faults
 */
#ifndef PAGESTORM_TOUCH_H
#define PAGESTORM_TOUCH_H

#include <stdbool.h>
#include <stdint.h>

#include "workloads/act/fill.h"
#include "workloads/api/histogram.h"
#include "workloads/act/pattern.h"
#include "workloads/act/skew.h"

#define TOUCH_CHOICES "write|read|read_write|populate|bytes"

enum touch_kind {
	TOUCH_WRITE,
	TOUCH_READ,
	TOUCH_READ_WRITE,
	TOUCH_POPULATE,
	TOUCH_BYTES,
};

/* The option `touch` of workloads that write: some of the above, in their own order. */
#define TOUCH_WRITES "write|populate|bytes"
#define TOUCH_WRITES_OPTION(value, text, at)                                                   \
	{                                                                                      \
		.name = "touch", .type = OPTION_CHOICE, .fallback = value,                     \
		.choices = TOUCH_WRITES, .help = text, at                                      \
	}

/* The kind that a choice of TOUCH_WRITES names. */
enum touch_kind touch_writes_kind(int choice);

/*
 * Bytes per step: the L2 cache still holds what the kernel has just zeroed when
 * the fill comes, and the ledger falls behind by no more than this.
 */
#define TOUCH_STEP_BYTES (256u << 10)
#define TOUCH_STEP_BYTES_BARE                                                                  \
	(1u << 20) /* populate without a fill: 4 % faster than 256 KiB                         \
		    */

struct touch {
	enum touch_kind kind;
	uint64_t page_bytes; /* of base pages */
	uint64_t step_bytes; /* 256 KiB; 1 MiB when nothing is filled; a huge page at least */
	const struct fill *fill;
};

void touch_init(struct touch *t, enum touch_kind kind, uint64_t page_bytes, uint64_t huge_bytes,
		const struct fill *fill);

/*
 * Touches [start, start + bytes) upwards: page-aligned, at most a step is wise.
 * first_block is the number in the fill's stream of its first 4 KiB block.
 * 0, or -errno of madvise(2); when the group runs out of memory the kernel kills
 * the process instead.
 */
int touch_range(const struct touch *t, void *start, uint64_t bytes, uint64_t first_block);

/* The options of access: the draw, the share of reads and the skew; see ACCESS_OPTIONS. */
struct access_law {
	int pattern;
	double reads;
	struct skew skew;
};

/* For the table of a params struct with a `struct access_law law`. */
#define ACCESS_OPTIONS(params)                                                                 \
	DRAW_OPTION("access_pattern", "order of those accesses",                               \
		    .offset = offsetof(struct params, law.pattern)),                           \
		{ .name = "reads",                                                             \
		  .type = OPTION_RATIO,                                                        \
		  .fallback = "50%",                                                           \
		  .min = "0",                                                                  \
		  .max = "1",                                                                  \
		  .help = "share of the accesses that only read",                              \
		  .offset = offsetof(struct params, law.reads) },                              \
		SKEW_OPTIONS(params, law.skew, "access_pattern")

/* Access to pages that are there already: one word in a random cache line of each drawn page.
 */
struct access {
	char *start;
	uint64_t page_bytes;
	uint64_t write_threshold;
	uint64_t rng;
	struct pattern pattern; /* over pages; drawn */
};

/* The pattern is set up afterwards: access_follow(), or pattern_init() over the pages. */
void access_init(struct access *a, void *start, uint64_t page_bytes, double read_share,
		 uint64_t seed);

/*
 * The table that law's pattern draws from, for access_follow(): *zipf stays NULL where it
 * needs none, and is the caller's to free. 0 or -ENOMEM.
 */
int access_zipf(const struct access_law *law, uint64_t nr_pages, struct zipf **zipf);

/* Sets the pattern up as law says, over nr_pages; stride 1. */
void access_follow(struct access *a, const struct access_law *law, uint64_t nr_pages,
		   const struct zipf *zipf, uint64_t seed);

/*
 * Does nr accesses and returns how many were writes. A write stores the value
 * that it read: the page gets dirty and its content keeps its compressibility.
 * latency, when not NULL, gets the time of each.
 */
uint64_t access_run(struct access *a, uint64_t nr, struct histogram *latency);

#endif
