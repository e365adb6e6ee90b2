// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "workloads/api/histogram.h"
#include "workloads/api/arith.h"

static struct histogram *histogram_of(const uint64_t *values, size_t nr)
{
	struct histogram *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	for (size_t i = 0; i < nr; i++)
		histogram_add(h, values[i]);
	return h;
}

/* The only bucket that is not empty. */
static unsigned bucket_with(uint64_t value)
{
	struct histogram *h = histogram_of(&value, 1);
	unsigned at = HISTOGRAM_BUCKETS;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (h->bucket[i]) {
			assert_int_equal(at, HISTOGRAM_BUCKETS);
			assert_int_equal(h->bucket[i], 1);
			at = i;
		}
	free(h);
	assert_true(at < HISTOGRAM_BUCKETS);
	return at;
}

static void buckets_follow_each_other_without_gap(void **state)
{
	(void)state;
	assert_int_equal(histogram_low(0), 0);
	for (unsigned i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		assert_int_equal(histogram_high(i), histogram_low(i + 1));
		assert_true(histogram_high(i) > histogram_low(i));
	}
}

static void each_edge_falls_into_its_own_bucket(void **state)
{
	(void)state;
	for (unsigned i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		assert_int_equal(bucket_with(histogram_low(i)), i);
		assert_int_equal(bucket_with(histogram_high(i) - 1), i);
	}
}

static void a_bucket_is_at_most_a_thirty_second_wide(void **state)
{
	(void)state;
	for (unsigned i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		uint64_t low = histogram_low(i), width = histogram_high(i) - low;

		assert_true(width == 1 || width * 32 <= low);
	}
}

static void values_beyond_the_range_land_in_the_last_bucket(void **state)
{
	static const uint64_t huge[] = { UINT64_C(1) << 40, UINT64_C(1) << 50, UINT64_MAX };

	(void)state;
	assert_int_equal(bucket_with((UINT64_C(1) << 40) - 1), HISTOGRAM_BUCKETS - 1);
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
		struct histogram *h = histogram_of(&huge[i], 1);

		assert_int_equal(bucket_with(huge[i]), HISTOGRAM_BUCKETS - 1);
		assert_int_equal(histogram_quantile(h, 0.5),
				 huge[i]); /* the maximum is exact */
		free(h);
	}
}

static void small_values_are_exact(void **state)
{
	struct histogram *h = calloc(1, sizeof(*h));

	(void)state;
	assert_non_null(h);
	for (uint64_t v = 1; v <= 20; v++)
		histogram_add(h, v);
	assert_int_equal(h->count, 20);
	assert_int_equal(h->sum, 210);
	assert_int_equal(h->max, 20);
	assert_int_equal(histogram_quantile(h, 0), 1);
	assert_int_equal(histogram_quantile(h, 0.05), 1);
	assert_int_equal(histogram_quantile(h, 0.5), 10);
	assert_int_equal(histogram_quantile(h, 0.95), 19);
	assert_int_equal(histogram_quantile(h, 1), 20);
	free(h);
}

static void an_empty_histogram_says_nothing(void **state)
{
	struct histogram *h = calloc(1, sizeof(*h));

	(void)state;
	assert_non_null(h);
	assert_int_equal(histogram_quantile(h, 0.5), 0);
	assert_int_equal(histogram_quantile(h, 1), 0);
	free(h);
}

static void a_quantile_is_never_above_the_maximum(void **state)
{
	static const uint64_t values[] = { 1000, 1000, 1001 };
	struct histogram *h = histogram_of(values, ARRAY_SIZE(values));

	(void)state;
	assert_int_equal(histogram_quantile(h, 0.5), 1001);
	assert_int_equal(histogram_quantile(h, 1), 1001);
	free(h);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Against the sorted values themselves, over nine decades. */
static void quantiles_are_within_a_thirty_second_of_the_sorted_truth(void **state)
{
	static const double quantiles[] = { 0.5, 0.9, 0.99, 0.999 };
	enum { VALUES = 20000 };
	uint64_t *values = calloc(VALUES, sizeof(*values)), x = 88172645463325252;
	struct histogram *h;

	(void)state;
	assert_non_null(values);
	for (size_t i = 0; i < VALUES; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		values[i] = 1 + (x >> 32) % (UINT64_C(1) << (x % 30 + 1));
	}
	h = histogram_of(values, VALUES);
	qsort(values, VALUES, sizeof(*values), compare);
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++) {
		uint64_t truth = values[(size_t)(quantiles[i] * VALUES) - 1];
		uint64_t said = histogram_quantile(h, quantiles[i]);

		assert_true(said >= truth && said - truth <= truth / 32);
	}
	assert_int_equal(histogram_quantile(h, 1), values[VALUES - 1]);
	free(h);
	free(values);
}

static void a_late_stall_is_seen_in_its_interval(void **state)
{
	struct histogram *h = calloc(3, sizeof(*h)), *seen = h + 1, *since = h + 2;

	(void)state;
	assert_non_null(h);
	for (unsigned i = 0; i < 100000; i++)
		histogram_add(h, 1000);
	histogram_take(h, seen, since);
	assert_int_equal(since->count, 100000);
	for (unsigned i = 0; i < 10; i++)
		histogram_add(h, 5000000);
	histogram_take(h, seen, since);
	assert_int_equal(since->count, 10);
	assert_true(histogram_quantile(since, 0.99) >= 5000000);
	assert_true(histogram_quantile(h, 0.99) < 1100);
	histogram_take(h, seen, since);
	assert_int_equal(since->count, 0);
	assert_int_equal(histogram_quantile(since, 0.99), 0);
	free(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_follow_each_other_without_gap),
		cmocka_unit_test(each_edge_falls_into_its_own_bucket),
		cmocka_unit_test(a_bucket_is_at_most_a_thirty_second_wide),
		cmocka_unit_test(values_beyond_the_range_land_in_the_last_bucket),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(an_empty_histogram_says_nothing),
		cmocka_unit_test(a_quantile_is_never_above_the_maximum),
		cmocka_unit_test(quantiles_are_within_a_thirty_second_of_the_sorted_truth),
		cmocka_unit_test(a_late_stall_is_seen_in_its_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
