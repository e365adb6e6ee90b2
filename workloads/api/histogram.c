// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/api/histogram.h"

#define RELAXED memory_order_relaxed

static unsigned bucket_of(uint64_t value)
{
	const unsigned sub_count = 1u << HISTOGRAM_SUB_BITS;
	unsigned octave, index;

	if (value < sub_count)
		return (unsigned)value;
	octave = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
	index = ((octave + 1) << HISTOGRAM_SUB_BITS) + ((value >> octave) & (sub_count - 1));
	return index < HISTOGRAM_BUCKETS ? index : HISTOGRAM_BUCKETS - 1;
}

uint64_t histogram_low(unsigned i)
{
	unsigned octave = i >> HISTOGRAM_SUB_BITS;
	uint64_t sub = i & ((1u << HISTOGRAM_SUB_BITS) - 1);

	if (!octave)
		return sub;
	return ((1u << HISTOGRAM_SUB_BITS) + sub) << (octave - 1);
}

uint64_t histogram_high(unsigned i)
{
	return histogram_low(i + 1);
}

void histogram_add(struct histogram *h, uint64_t value)
{
	uint64_t max = atomic_load_explicit(&h->max, RELAXED);

	atomic_fetch_add_explicit(&h->bucket[bucket_of(value)], 1, RELAXED);
	atomic_fetch_add_explicit(&h->sum, value, RELAXED);
	atomic_fetch_add_explicit(&h->count, 1, RELAXED);
	while (value > max &&
	       !atomic_compare_exchange_weak_explicit(&h->max, &max, value, RELAXED, RELAXED))
		;
}

uint64_t histogram_quantile(const struct histogram *h, double quantile)
{
	uint64_t total = 0, seen = 0, max = atomic_load(&h->max);

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		total += atomic_load_explicit(&h->bucket[i], RELAXED);
	if (!total)
		return 0;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		seen += atomic_load_explicit(&h->bucket[i], RELAXED);
		if (seen && (double)seen >= quantile * (double)total)
			return histogram_high(i) - 1 < max ? histogram_high(i) - 1 : max;
	}
	return max;
}

void histogram_take(const struct histogram *h, struct histogram *seen, struct histogram *since)
{
	since->count = since->sum = 0;
	since->max = atomic_load_explicit(&h->max, RELAXED);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		const uint64_t now = atomic_load_explicit(&h->bucket[i], RELAXED);

		since->bucket[i] = now - seen->bucket[i];
		since->count += since->bucket[i];
		seen->bucket[i] = now;
	}
}
