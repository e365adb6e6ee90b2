// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The power that plan predicts beside that of simulated comparisons, for differences of 0, 5,
 * 10 and 20 % at a noise of 10 %, in log-normal run times.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/report/power.h"
#include "harness/report/stats.h"
#include "tests/unit/simulation.h"
#include "workloads/api/arith.h"

#define ROUNDS 1000
#define NOISE  0.1

static unsigned count_found(unsigned n, double effect, uint64_t *rng)
{
	const struct spread_case slower = {
		.n_a = n, .n_b = n, .sigma_a = NOISE, .sigma_b = NOISE, .factor = 1 + effect
	};
	unsigned found = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		const enum change change = simulation_spread(&slower, rng);

		/* a verdict of two alike is false, whichever it is */
		found += change == CHANGE_WORSE || (effect == 0 && change == CHANGE_BETTER);
	}
	return found;
}

/* Within three standard errors of both, of which the prediction has 2000 draws, and 1 %. */
static void the_power_that_is_predicted_is_seen(void **state)
{
	static const unsigned repeats[] = { 4, 5, 7, 9, 15, 25, 40 };
	static const double effects[] = { 0.05, 0.1, 0.2 };
	uint64_t rng = 20261130;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(repeats); i++)
		for (size_t j = 0; j < ARRAY_SIZE(effects); j++) {
			const double predicted =
				power_of(repeats[i], effects[j], NOISE, STATS_LEVEL);
			const double seen =
				(double)count_found(repeats[i], effects[j], &rng) / ROUNDS;
			const double error =
				sqrt(predicted * (1 - predicted) * (1. / ROUNDS + 1. / 2000));

			print_message(
				"# %2u repeats, %2.0f %%: predicted %5.1f %%, seen %5.1f %%\n",
				repeats[i], 100 * effects[j], 100 * predicted, 100 * seen);
			assert_true(fabs(seen - predicted) <= 3 * error + 0.01);
		}
}

static void two_alike_differ_at_most_at_the_nominal_rate(void **state)
{
	static const unsigned repeats[] = { 4, 5, 7, 9, 15, 25 };
	uint64_t rng = 20261201;
	unsigned all = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(repeats); i++) {
		const unsigned found = count_found(repeats[i], 0, &rng);

		print_message("# %2u repeats, two alike: %.1f %% differ\n", repeats[i],
			      100. * found / ROUNDS);
		all += found;
	}
	assert_true(all <= STATS_LEVEL * ROUNDS * ARRAY_SIZE(repeats));
}

static void the_repeats_that_a_difference_takes_find_it(void **state)
{
	(void)state;
	for (double effect = 0.05; effect < 0.3; effect *= 2) {
		const size_t n = power_repeats(effect, NOISE, STATS_LEVEL);

		assert_true(power_of(n, effect, NOISE, STATS_LEVEL) >= POWER_FOUND);
		assert_true(power_of(n - 1, effect, NOISE, STATS_LEVEL) < POWER_FOUND);
		assert_true(power_least_effect(n, NOISE, STATS_LEVEL) <= effect * 1.001);
	}
	assert_true(isinf(power_least_effect(3, NOISE, STATS_LEVEL)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_power_that_is_predicted_is_seen),
		cmocka_unit_test(two_alike_differ_at_most_at_the_nominal_rate),
		cmocka_unit_test(the_repeats_that_a_difference_takes_find_it),
	};

	return cmocka_run_group_tests(tests, simulation_begin, simulation_end);
}
