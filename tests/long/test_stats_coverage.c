// SPDX-License-Identifier: GPL-2.0-or-later
/* The rate at which the interval of stats_summary() covers the true median, of many draws. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "harness/report/stats.h"
#include "tests/unit/noise.h"
#include "workloads/api/arith.h"

static int by_value(const void *left, const void *right)
{
	double l = *(const double *)left, r = *(const double *)right;

	return (l > r) - (l < r);
}

static double true_median(void)
{
	static double all[400001];
	uint32_t seed = 88172645;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i] = noise_run_time(&seed);
	qsort(all, ARRAY_SIZE(all), sizeof(all[0]), by_value);
	return all[ARRAY_SIZE(all) / 2];
}

/* 95 % less two standard errors of 3000 draws; five values reach 93.75 % at best. */
static void interval_holds_the_true_median_as_often_as_it_says(void **state)
{
	static const struct {
		size_t n;
		double least;
	} cases[] = { { 5, 0.928 },  { 6, 0.942 },  { 7, 0.942 },  { 9, 0.942 },
		      { 15, 0.942 }, { 40, 0.942 }, { 200, 0.942 } };
	const double truth = true_median();
	double values[200];
	uint32_t seed = 2463534242;
	struct summary s;

	(void)state;
	assert_true(fabs(truth - NOISE_TRUE_MEDIAN) < 1e-4);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned held = 0, draws = 3000;

		for (unsigned draw = 0; draw < draws; draw++) {
			for (size_t j = 0; j < cases[i].n; j++)
				values[j] = noise_run_time(&seed);
			assert_int_equal(stats_summary(values, cases[i].n, &s), 0);
			held += s.low <= truth && truth <= s.high;
		}
		print_message("# n = %zu: %.1f %%\n", cases[i].n, 100. * held / draws);
		assert_true(held >= cases[i].least * draws);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(interval_holds_the_true_median_as_often_as_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
