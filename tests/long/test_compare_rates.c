// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rates of false verdicts and of detected changes of compare, on simulated runs, with as
 * many rounds as their distinction requires.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/simulation.h"
#include "workloads/api/arith.h"

/*
 * The nominal rate is that of whole comparisons with any false verdict, over shapes from
 * 4 to 15 repeats. 3000 rounds of a shape, tried once, gave 1.0 % at n = 5, 3.8 % at 7,
 * 3.9 % at 9, 3.8 % at 9 with two cells, 3.7 % at 15.
 */
static void two_runs_of_the_same_thing_are_within_noise(void **state)
{
	static const struct {
		unsigned repeats, cells;
	} cases[] = { { 4, 1 }, { 5, 1 }, { 5, 5 }, { 7, 1 }, { 9, 1 }, { 9, 2 }, { 15, 1 } };
	unsigned rounds = 120, with_false = 0;
	uint64_t rng = 20261120;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tally t = { 0 };

		simulation_compare_alike(cases[i].repeats, cases[i].cells, rounds, &rng, &t);
		print_message("# n = %u, %u cells: a false verdict in %u of %u comparisons "
			      "(%u of %u verdicts, %u too few)\n",
			      cases[i].repeats, cases[i].cells, t.with_false, rounds,
			      t.false_verdicts, t.verdicts, t.too_few);
		with_false += t.with_false;
	}
	assert_true(with_false <= STATS_LEVEL * rounds * ARRAY_SIZE(cases));
}

static void a_slowdown_of_ten_percent_is_found(void **state)
{
	static const struct {
		struct search search;
		unsigned least;
	} cases[] = {
		{ { 100, 9, 1.10, "seconds", "seconds", CHANGE_WORSE }, 80 },
		{ { 100, 15, 1.10, NULL, "seconds", CHANGE_WORSE }, 90 },
		{ { 100, 15, 1.10, NULL, "bytes_per_second", CHANGE_WORSE }, 90 },
		{ { 100, 9, 1 / 1.10, "seconds", "seconds", CHANGE_BETTER }, 80 },
		{ { 100, 9, 1.10, NULL, "cpu_user_usec", CHANGE_WORSE }, 95 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_true(simulation_found(&cases[i].search) >= cases[i].least);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_runs_of_the_same_thing_are_within_noise),
		cmocka_unit_test(a_slowdown_of_ten_percent_is_found),
	};

	return cmocka_run_group_tests(tests, simulation_begin, simulation_end);
}
