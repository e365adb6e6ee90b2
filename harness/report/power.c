// SPDX-License-Identifier: GPL-2.0-or-later
/* The power of the test of contrast.h. Reads no data. */
#include "harness/report/power.h"

#include <math.h>
#include <stdint.h>

#include "harness/base/splitmix.h"
#include "harness/plan/plan.h"
#include "harness/report/contrast.h"

#define FEW   20		   /* repeats; of more the distribution is taken as normal */
#define DRAWS 2000		   /* a standard error of 1 % */
#define SEED  UINT64_C(0x70616765) /* fixed: the same plan, the same answer */

#define STEPS 400 /* of an integral over 8 standard deviations to each side */
#define REACH 8.

unsigned power_tests(const struct plan *plan)
{
	const unsigned pairs = plan->nr_cells > 1 ? plan->nr_cells - 1 : 1;
	unsigned tests = 0;

	for (unsigned i = 0; i < plan->primary.nr; i++)
		tests += plan->primary.item[i].worker[0] ? 1 : plan->cell[0].nr_workers;
	return tests * pairs;
}

static double normal(double x)
{
	return erfc(-x / M_SQRT2) / 2;
}

/* P(two of one sample are both larger than one of the other), by Simpson's rule. */
static double both_larger(double shift)
{
	const double step = 2 * REACH / STEPS;
	double sum = 0;

	for (unsigned i = 0; i <= STEPS; i++) {
		const double x = -REACH + i * step, above = normal(shift - x);
		const double weight = i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2;

		sum += weight * exp(-x * x / 2) / sqrt(2 * M_PI) * above * above;
	}
	return sum * step / 3;
}

static double draw_normal(uint64_t *state)
{
	const double first = ((double)(splitmix_next(state) >> 11) + 0.5) / 0x1p53;
	const double second = ((double)(splitmix_next(state) >> 11) + 0.5) / 0x1p53;

	return sqrt(-2 * log(first)) * cos(2 * M_PI * second);
}

/* Pairs in disorder in one draw of n and n, where b lies higher by shift. */
static size_t draw_disorder(size_t n, double shift, uint64_t *state)
{
	double a[FEW], b;
	size_t pairs = 0;

	for (size_t i = 0; i < n; i++)
		a[i] = draw_normal(state);
	for (size_t j = 0; j < n; j++) {
		b = draw_normal(state) + shift;
		for (size_t i = 0; i < n; i++)
			pairs += a[i] > b;
	}
	return pairs;
}

/* The distribution is askew where it has little room. */
static double power_of_few(size_t n, double shift, size_t disorder)
{
	uint64_t state = SEED;
	unsigned found = 0;

	for (unsigned i = 0; i < DRAWS; i++)
		found += draw_disorder(n, shift, &state) <= disorder;
	return (double)found / DRAWS;
}

static double power_of_many(size_t n, double shift, size_t disorder)
{
	const double pairs = (double)n * (double)n, larger = normal(shift / M_SQRT2);
	const double both = both_larger(shift) - larger * larger;
	const double variance = pairs * (larger * (1 - larger) + 2 * (double)(n - 1) * both);

	if (!(variance > 1e-12))
		return 1;
	return normal(((double)disorder + 0.5 - pairs * (1 - larger)) / sqrt(variance));
}

double power_of(size_t n, double effect, double noise, double level)
{
	const double shift = log1p(effect) / noise;
	size_t disorder;

	if (n < 2 || contrast_critical(n, level, &disorder))
		return 0;
	return n <= FEW ? power_of_few(n, shift, disorder) : power_of_many(n, shift, disorder);
}

double power_least_effect(size_t n, double noise, double level)
{
	double low = 0, high = expm1(20 * noise);

	if (power_of(n, high, noise, level) < POWER_FOUND)
		return INFINITY;
	for (unsigned i = 0; i < 24; i++) {
		const double middle = (low + high) / 2;

		if (power_of(n, middle, noise, level) < POWER_FOUND)
			low = middle;
		else
			high = middle;
	}
	return high;
}

size_t power_repeats(double effect, double noise, double level)
{
	size_t low = 2, high = POWER_REPEATS_MAX;

	if (power_of(high, effect, noise, level) < POWER_FOUND)
		return 0;
	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (power_of(middle, effect, noise, level) < POWER_FOUND)
			low = middle + 1;
		else
			high = middle;
	}
	return high;
}
