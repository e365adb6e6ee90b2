/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logarithmic histogram of nanoseconds: 32 buckets per octave, so a percentile is within
 * 1/32 (3.2 %) of the true value; the maximum is exact. Fixed size, no pointers: it is
 * part of the ledger and readable after a SIGKILL.
 */
#ifndef PAGESTORM_HISTOGRAM_H
#define PAGESTORM_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

#define HISTOGRAM_SUB_BITS 5
#define HISTOGRAM_OCTAVES  40 /* up to 2^40 ns = 18 minutes; above: the last bucket */
#define HISTOGRAM_BUCKETS  ((HISTOGRAM_OCTAVES - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
	_Atomic uint64_t count, sum, max;
	_Atomic uint64_t bucket[HISTOGRAM_BUCKETS];
};

/* Adds one value; callable from several threads and processes at once. */
void histogram_add(struct histogram *h, uint64_t value);

/* Lowest value of bucket i, and the first value above it. */
uint64_t histogram_low(unsigned i);
uint64_t histogram_high(unsigned i);

/*
 * The upper edge of the bucket at or below which a share `quantile` (0..1) of the
 * values lies, capped at the exact maximum; 0 when empty.
 */
uint64_t histogram_quantile(const struct histogram *h, double quantile);

/*
 * What was added since the call before: *since gets it, and *seen, all zero at first, what has
 * been seen. The maximum is that of all values.
 */
void histogram_take(const struct histogram *h, struct histogram *seen, struct histogram *since);

#endif
