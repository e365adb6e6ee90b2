// SPDX-License-Identifier: GPL-2.0-or-later
/* A walk visits each unit once; a draw follows the law that it states. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "workloads/act/pattern.h"
#include "workloads/api/arith.h"

static const uint64_t sizes[] = { 1, 2, 3, 5, 8, 17, 64, 1000, 4096, 65537 };
#define NR_SIZES (ARRAY_SIZE(sizes))

static void visit_each_once(struct pattern *p)
{
	unsigned char *seen = calloc(p->nr, 1);

	assert_non_null(seen);
	for (uint64_t i = 0; i < p->nr; i++) {
		uint64_t unit = pattern_walk(p);

		assert_true(unit < p->nr);
		assert_int_equal(seen[unit]++, 0);
	}
	free(seen);
}

static void every_walk_visits_each_unit_once_and_again(void **state)
{
	static const enum pattern_kind kinds[] = { PATTERN_SEQUENTIAL, PATTERN_REVERSE,
						   PATTERN_STRIDE, PATTERN_RANDOM };
	static const uint64_t strides[] = { 1, 2, 7, 64, 5000 };
	struct pattern p;

	(void)state;
	for (unsigned k = 0; k < 4; k++)
		for (unsigned s = 0; s < NR_SIZES; s++)
			for (unsigned t = 0; t < 5; t++) {
				pattern_init(&p, kinds[k], sizes[s], 99 + t);
				pattern_set_stride(&p, strides[t]);
				visit_each_once(&p);
				visit_each_once(&p);
			}
}

static void walks_go_where_they_say(void **state)
{
	struct pattern p;

	(void)state;
	pattern_init(&p, PATTERN_SEQUENTIAL, 100, 1);
	assert_int_equal(pattern_walk(&p), 0);
	assert_int_equal(pattern_walk(&p), 1);
	pattern_init(&p, PATTERN_REVERSE, 100, 1);
	assert_int_equal(pattern_walk(&p), 99);
	assert_int_equal(pattern_walk(&p), 98);
	pattern_init(&p, PATTERN_STRIDE, 100, 1);
	pattern_set_stride(&p, 40);
	assert_int_equal(pattern_walk(&p), 0);
	assert_int_equal(pattern_walk(&p), 40);
	assert_int_equal(pattern_walk(&p), 80);
	assert_int_equal(pattern_walk(&p), 1);
}

/* Neighbours in a shuffle follow each other twice in all, on average. */
static void a_random_walk_has_no_runs(void **state)
{
	struct pattern p;
	unsigned next = 0;
	uint64_t last;

	(void)state;
	pattern_init(&p, PATTERN_RANDOM, 65536, 4);
	last = pattern_walk(&p);
	for (unsigned i = 1; i < 65536; i++) {
		uint64_t unit = pattern_walk(&p);

		next += unit == last + 1 || unit + 1 == last;
		last = unit;
	}
	assert_true(next < 20);
}

/* Sum of squares over 256 bins of 4096 draws each: chi-squared, 255 degrees of freedom. */
static void random_draws_are_uniform(void **state)
{
	static unsigned count[256];
	struct pattern p;
	double chi2 = 0;

	(void)state;
	pattern_init(&p, PATTERN_RANDOM, 256, 5);
	for (unsigned i = 0; i < 256 * 4096; i++)
		count[pattern_draw(&p)]++;
	for (unsigned i = 0; i < 256; i++)
		chi2 += (count[i] - 4096.0) * (count[i] - 4096.0) / 4096;
	assert_true(chi2 > 150 && chi2 < 380);
}

static void hot_pages_take_their_share(void **state)
{
	struct pattern p;
	unsigned hot = 0;

	(void)state;
	pattern_init(&p, PATTERN_HOTCOLD, 1000, 6);
	pattern_set_hot(&p, 0.2, 0.8);
	for (unsigned i = 0; i < 1000000; i++) {
		uint64_t unit = pattern_draw(&p);

		assert_true(unit < 1000);
		hot += unit < 200;
	}
	assert_true(hot > 798000 && hot < 802000);
}

/* Probability of x <= at, read off the table from which draws are made. */
static double zipf_below(const struct zipf *z, double at)
{
	unsigned low = 0, high = ZIPF_KNOTS;

	while (high - low > 1) {
		unsigned middle = (low + high) / 2;

		if (z->knot[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return (low + (at - z->knot[low]) / (z->knot[high] - z->knot[low])) / ZIPF_KNOTS;
}

static void zipf_table_is_within_one_percent_for_every_rank(void **state)
{
	static const double thetas[] = { 0, 0.8, 0.9, 0.99, 1, 1.2 };
	static const uint64_t nrs[] = { 1, 2, 10, 1000, 100000 };
	static struct zipf z;

	(void)state;
	for (unsigned t = 0; t < 6; t++)
		for (unsigned n = 0; n < 5; n++) {
			double total = 0;

			for (uint64_t r = 0; r < nrs[n]; r++)
				total += pow((double)(r + 1), -thetas[t]);
			zipf_init(&z, nrs[n], thetas[t]);
			for (uint64_t r = 0; r < nrs[n]; r++) {
				double want = pow((double)(r + 1), -thetas[t]) / total;
				double have = zipf_below(&z, (double)(r + 1)) -
					      zipf_below(&z, (double)r);

				assert_true(fabs(have / want - 1) < 0.01);
			}
		}
}

static void zipf_draws_follow_the_law_and_stay_in_range(void **state)
{
	static unsigned count[1000];
	static struct zipf z;
	struct pattern p;
	double total = 0;

	(void)state;
	zipf_init(&z, 1000, 0.99);
	pattern_init(&p, PATTERN_ZIPF, 1000, 8);
	pattern_set_zipf(&p, &z);
	for (unsigned i = 0; i < 1000000; i++) {
		uint64_t unit = pattern_draw(&p);

		assert_true(unit < 1000);
		count[unit]++;
	}
	for (unsigned r = 0; r < 1000; r++)
		total += pow(r + 1, -0.99);
	for (unsigned r = 0; r < 10; r++) {
		double want = 1e6 * pow(r + 1, -0.99) / total;

		assert_true(fabs(count[permutation_of(&p.permutation, r)] - want) <
			    5 * sqrt(want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_walk_visits_each_unit_once_and_again),
		cmocka_unit_test(walks_go_where_they_say),
		cmocka_unit_test(a_random_walk_has_no_runs),
		cmocka_unit_test(random_draws_are_uniform),
		cmocka_unit_test(hot_pages_take_their_share),
		cmocka_unit_test(zipf_table_is_within_one_percent_for_every_rank),
		cmocka_unit_test(zipf_draws_follow_the_law_and_stay_in_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
