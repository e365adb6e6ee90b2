// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "harness/report/contrast.h"
#include "harness/report/stats.h"
#include "tests/unit/noise.h"
#include "workloads/api/arith.h"

static void assert_near(double actual, double expected)
{
	assert_true(fabs(actual - expected) <= 1e-9 * fmax(1, fabs(expected)));
}

/* The contrast of two samples of one block. */
static int stats_contrast(const double *a, size_t n_a, const double *b, size_t n_b,
			  struct contrast *out)
{
	double copy[2][64];
	struct stratum one = { copy[0], copy[1], n_a, n_b };

	assert_true(n_a <= ARRAY_SIZE(copy[0]) && n_b <= ARRAY_SIZE(copy[1]));
	memcpy(copy[0], a, n_a * sizeof(*a));
	memcpy(copy[1], b, n_b * sizeof(*b));
	contrast_sort(&one, 1);
	return contrast_make(&one, 1, out);
}

static void summary_of_nothing_is_absent_not_zero(void **state)
{
	struct summary s;

	(void)state;
	assert_int_equal(stats_summary(NULL, 0, &s), 0);
	assert_true(isnan(s.median) && isnan(s.mad) && isnan(s.low));
	assert_int_equal(s.outliers, 0);
}

static void median_and_mad_of_known_samples(void **state)
{
	static const double even[] = { 4, 1, 3, 2 }, odd[] = { 10, 1, 2, 4, 3 };
	struct summary s;

	(void)state;
	assert_int_equal(stats_summary(even, ARRAY_SIZE(even), &s), 0);
	assert_near(s.median, 2.5);
	assert_near(s.mad, 1);
	assert_near(s.min, 1);
	assert_near(s.max, 4);
	assert_int_equal(stats_summary(odd, ARRAY_SIZE(odd), &s), 0);
	assert_near(s.median, 3);
	assert_near(s.mad, 1);
}

static void no_interval_is_claimed_below_five_values(void **state)
{
	static const double values[] = { 4, 1, 3, 2, 5 };
	struct summary s;

	(void)state;
	assert_int_equal(stats_summary(values, 4, &s), 0);
	assert_true(isnan(s.low) && isnan(s.high));
	assert_int_equal(stats_summary(values, 5, &s), 0);
	assert_near(s.low, 1);
	assert_near(s.high, 5);
}

static void interval_is_the_same_every_time(void **state)
{
	uint32_t seed = 7;
	double values[15];
	struct summary first, second;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		values[i] = noise_run_time(&seed);
	assert_int_equal(stats_summary(values, ARRAY_SIZE(values), &first), 0);
	for (size_t i = 0; i < ARRAY_SIZE(values) / 2; i++) {
		double swap = values[i];

		values[i] = values[ARRAY_SIZE(values) - 1 - i];
		values[ARRAY_SIZE(values) - 1 - i] = swap;
	}
	assert_int_equal(stats_summary(values, ARRAY_SIZE(values), &second), 0);
	assert_true(first.low == second.low && first.high == second.high);
}

/*
 * 95 % less three standard errors of 300 draws. tests/long/test_stats_coverage has ten times as
 * many, and found this median.
 */
static void interval_holds_the_true_median_as_often_as_it_says(void **state)
{
	static const struct {
		size_t n;
		double least;
	} cases[] = { { 6, 0.912 }, { 9, 0.912 } };
	const double truth = NOISE_TRUE_MEDIAN;
	uint32_t seed = 2463534242;
	struct summary s;
	double values[9];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned held = 0, draws = 300;

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

static void a_stall_is_flagged_and_still_counted(void **state)
{
	static const double values[] = { 100, 101, 99, 102, 100, 98, 300 };
	struct summary s;

	(void)state;
	assert_int_equal(stats_summary(values, ARRAY_SIZE(values), &s), 0);
	assert_int_equal(s.n, 7);
	assert_int_equal(s.outliers, 1);
	assert_near(s.max, 300);
	assert_true(stats_is_outlier(&s, 300));
	assert_false(stats_is_outlier(&s, 102));
}

static void one_page_off_is_no_outlier_where_all_others_agree(void **state)
{
	static const double page[] = { 49408, 49408, 49408, 49408, 49408, 49409 };
	static const double half[] = { 49408, 49408, 49408, 49408, 49408, 24704 };
	struct summary s;

	(void)state;
	assert_int_equal(stats_summary(page, ARRAY_SIZE(page), &s), 0);
	assert_int_equal(s.outliers, 0);
	assert_int_equal(stats_summary(half, ARRAY_SIZE(half), &s), 0);
	assert_int_equal(s.outliers, 1);
}

/* Mann and Whitney, Annals of Mathematical Statistics 18 (1947), and computed manually for
 * ties. */
static void rank_test_gives_the_textbook_p(void **state)
{
	static const struct {
		double a[6], b[6];
		size_t n_a, n_b;
		double p;
	} cases[] = {
		{ { 1, 2, 3 }, { 4, 5, 6 }, 3, 3, 2. / 20 },
		{ { 1, 2, 3, 4 }, { 5, 6, 7, 8 }, 4, 4, 2. / 70 },
		{ { 1, 2, 3, 5 }, { 4, 6, 7, 8 }, 4, 4, 4. / 70 },
		{ { 1, 2, 3, 4, 5 }, { 6, 7, 8, 9, 10 }, 5, 5, 2. / 252 },
		{ { 1, 3 }, { 2 }, 2, 1, 1 },
		{ { 0, 0, 0, 1 }, { 0, 1, 1, 1 }, 4, 4, 34. / 70 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct contrast c;

		assert_int_equal(
			stats_contrast(cases[i].a, cases[i].n_a, cases[i].b, cases[i].n_b, &c),
			0);
		assert_near(c.p, cases[i].p);
	}
}

static void interval_of_the_ratio_agrees_with_the_test(void **state)
{
	uint32_t seed = 521288629;
	unsigned seen = 0;

	(void)state;
	for (unsigned draw = 0; draw < 200; draw++) {
		double a[7], b[6];
		struct contrast c;

		for (size_t i = 0; i < ARRAY_SIZE(a); i++)
			a[i] = noise_run_time(&seed);
		for (size_t i = 0; i < ARRAY_SIZE(b); i++)
			b[i] = 1.05 * noise_run_time(&seed);
		assert_int_equal(stats_contrast(a, ARRAY_SIZE(a), b, ARRAY_SIZE(b), &c), 0);
		assert_true(c.low <= c.ratio && c.ratio <= c.high);
		assert_int_equal(c.p <= STATS_LEVEL, c.low > 1 || c.high < 1);
		seen += c.p <= STATS_LEVEL;
	}
	assert_in_range(seen, 20, 180);
}

static void zeros_give_no_made_up_ratio(void **state)
{
	static const double zero[] = { 0, 0, 0, 0, 0 }, some[] = { 3, 4, 5, 6, 7 };
	struct contrast c;

	(void)state;
	assert_int_equal(stats_contrast(zero, 5, zero, 5, &c), 0);
	assert_true(c.constant);
	assert_near(c.ratio, 1);
	assert_near(c.p, 1);
	assert_int_equal(stats_contrast(zero, 5, some, 5, &c), 0);
	assert_false(c.constant);
	assert_true(isinf(c.ratio));
	assert_near(c.p, 2. / 252);
	assert_int_equal(stats_contrast(zero, 5, some, 0, &c), 0);
	assert_true(isnan(c.ratio));
}

static void too_few_values_are_recognisable(void **state)
{
	static const double a[] = { 1, 2, 3 }, b[] = { 10, 20, 30 };
	struct contrast c;

	(void)state;
	assert_int_equal(stats_contrast(a, 3, b, 3, &c), 0);
	assert_near(c.p_least, 0.1);
	assert_true(isnan(c.low) && isnan(c.high));
	assert_near(c.ratio, 10);
}

/* Beyond the exact range the p of the normal approximation must join on: 20+20 against 21+20.
 */
static void large_samples_continue_the_small_ones(void **state)
{
	uint32_t seed = 362436069;
	double a[21], b[20];
	struct contrast exact, normal_p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(a); i++)
		a[i] = noise_run_time(&seed);
	for (size_t i = 0; i < ARRAY_SIZE(b); i++)
		b[i] = 1.03 * noise_run_time(&seed);
	a[20] = 1.0295;
	assert_int_equal(stats_contrast(a, 20, b, 20, &exact), 0);
	assert_int_equal(stats_contrast(a, 21, b, 20, &normal_p), 0);
	print_message("# exact %.4f, normal %.4f\n", exact.p, normal_p.p);
	assert_true(fabs(exact.p - normal_p.p) < 0.1);
	assert_true(fabs(exact.low - normal_p.low) < 0.02);
	assert_true(fabs(exact.high - normal_p.high) < 0.02);
}

/* Benjamini and Hochberg, Journal of the Royal Statistical Society B 57 (1995), section 3.2. */
static void adjustment_reproduces_the_published_example(void **state)
{
	double p[] = { 0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
		       0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000 };
	unsigned kept = 0;

	(void)state;
	assert_int_equal(stats_adjust(p, ARRAY_SIZE(p)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(p); i++)
		kept += p[i] <= STATS_LEVEL;
	assert_int_equal(kept, 4);
	assert_near(p[0], 0.0015);
	assert_near(p[14], 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(summary_of_nothing_is_absent_not_zero),
		cmocka_unit_test(median_and_mad_of_known_samples),
		cmocka_unit_test(no_interval_is_claimed_below_five_values),
		cmocka_unit_test(interval_is_the_same_every_time),
		cmocka_unit_test(interval_holds_the_true_median_as_often_as_it_says),
		cmocka_unit_test(a_stall_is_flagged_and_still_counted),
		cmocka_unit_test(one_page_off_is_no_outlier_where_all_others_agree),
		cmocka_unit_test(rank_test_gives_the_textbook_p),
		cmocka_unit_test(interval_of_the_ratio_agrees_with_the_test),
		cmocka_unit_test(zeros_give_no_made_up_ratio),
		cmocka_unit_test(too_few_values_are_recognisable),
		cmocka_unit_test(large_samples_continue_the_small_ones),
		cmocka_unit_test(adjustment_reproduces_the_published_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
