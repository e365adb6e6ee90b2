/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Touching memory: the first touch, which allocates pages, and later access to a working
 * set.
 *
 * First touch, per page of the mapping:
 *   write       writes one word: one write fault
 *   read        reads one word: the zero page is mapped, nothing is allocated
 *   read_write  reads, then writes: two faults, the second allocates
 *   populate    MADV_POPULATE_WRITE in large steps, then the fill if it is not zero: the
 *               fastest way (Linux 5.14)
 *   bytes       writes every byte: the pages are faulted in one by one
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

/* The option `touch` of workloads that only write: a subset, in its own order. */
#define TOUCH_WRITES "write|populate|bytes"
#define TOUCH_WRITES_OPTION(value, text, at)                                                   \
	{                                                                                      \
		.name = "touch", .type = OPTION_CHOICE, .fallback = value,                     \
		.choices = TOUCH_WRITES, .help = text, at                                      \
	}

/* The kind of a choice of TOUCH_WRITES. */
enum touch_kind touch_writes_kind(int choice);

/*
 * Bytes per step: small enough that the L2 cache still holds the zeroed pages when they are
 * filled, and the most by which the ledger lags.
 */
#define TOUCH_STEP_BYTES      (256u << 10)
#define TOUCH_STEP_BYTES_BARE (1u << 20) /* populate without a fill: 4 % faster */

struct touch {
	enum touch_kind kind;
	uint64_t page_bytes; /* of base pages */
	uint64_t step_bytes; /* 256 KiB; 1 MiB when nothing is filled; a huge page at least */
	const struct fill *fill;
};

void touch_init(struct touch *t, enum touch_kind kind, uint64_t page_bytes, uint64_t huge_bytes,
		const struct fill *fill);

/*
 * Touches [start, start + bytes), page-aligned, in ascending order; step_bytes at a time
 * keep the ledger current. first_block is the number in the fill's stream of its first
 * 4 KiB block. 0 or -errno of madvise(2).
 */
int touch_range(const struct touch *t, void *start, uint64_t bytes, uint64_t first_block);

/* How pages are accessed, as the options say: the draw, the share of reads, the skew. */
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

/* Access to present pages: one word in a random cache line of each drawn page. */
struct access {
	char *start;
	uint64_t page_bytes;
	uint64_t write_threshold;
	uint64_t rng;
	struct pattern pattern; /* over pages; drawn */
};

/* The caller then initialises the pattern: access_follow(), or pattern_init(). */
void access_init(struct access *a, void *start, uint64_t page_bytes, double read_share,
		 uint64_t seed);

/*
 * Allocates the table that access_follow() requires where law's pattern is zipf; *zipf stays
 * unchanged otherwise. The caller frees it. 0 or -ENOMEM.
 */
int access_zipf(const struct access_law *law, uint64_t nr_pages, struct zipf **zipf);

/* Initialises the pattern by law over nr_pages; stride 1. */
void access_follow(struct access *a, const struct access_law *law, uint64_t nr_pages,
		   const struct zipf *zipf, uint64_t seed);

/*
 * Does nr accesses and returns how many were writes. A write stores the value that it
 * read: the page becomes dirty and keeps its compressibility. latency, if not NULL,
 * records the time of each.
 */
uint64_t access_run(struct access *a, uint64_t nr, struct histogram *latency);

#endif
