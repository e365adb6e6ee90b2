// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * run --until=decided on simulated runs: how often cells that are alike are said to differ at
 * any look, and how soon a difference is found.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "harness/report/stats.h"
#include "harness/report/until.h"
#include "tests/unit/noise.h"
#include "tests/unit/simulation.h"
#include "workloads/api/arith.h"

#define ROUNDS 1000
#define CELLS  3
#define BOUND  40

/* Run times of all cells for as many repeats as there can be; the last cell is slower. */
static void draw(double (*seconds)[CELLS], double slow, uint32_t *seed)
{
	for (unsigned i = 0; i < BOUND; i++)
		for (unsigned cell = 0; cell < CELLS; cell++)
			seconds[i][cell] =
				noise_run_time(seed) * (cell + 1 == CELLS ? slow : 1);
}

static void write_repeats(double (*seconds)[CELLS], unsigned repeats)
{
	static char text[1 << 14];
	size_t used =
		snprintf(text, sizeof(text),
			 "schema,run,cell,cell_label,repeat,worker,workload,outcome,seconds\n");

	for (unsigned i = 0; i < repeats; i++)
		for (unsigned cell = 0; cell < CELLS; cell++)
			used += snprintf(text + used, sizeof(text) - used,
					 "1,x,%u,size=%u,%u,w,w,ok,%.6f\n", cell, cell, i + 1,
					 seconds[i][cell]);
	assert_true(used < sizeof(text));
	simulation_write("a", text);
}

/* As `run` does; *repeats: at which it stopped. False: the bound was met. */
static bool is_decided(const struct until *u, double (*seconds)[CELLS], unsigned *repeats)
{
	struct until_state state = { .primary = 0 };
	struct error e = { "" };
	char path[300];

	simulation_path("a", path, sizeof(path));
	for (unsigned i = 0; i < u->nr; i++) {
		*repeats = u->look[i];
		write_repeats(seconds, u->look[i]);
		if (until_look(path, &state, &e))
			fail_msg("%s", e.text);
		assert_int_equal(state.primary, CELLS - 1);
		if (!state.undecided)
			return true;
	}
	return false;
}

/* What a report of the directory says of it. */
static unsigned count_verdicts(void)
{
	struct compare c;
	struct side a;
	unsigned nr;

	simulation_open(&a, "a", "");
	assert_int_equal(compare_cells(&c, a.dir, COMPARE_LEAST_EFFECT), 0);
	nr = (unsigned)(c.nr_worse + c.nr_better);
	compare_release(&c);
	side_release(&a);
	return nr;
}

/*
 * A verdict of one metric does not stop the run while another is undecided, so each look is
 * looked at, not the last one alone.
 */
static void cells_alike_are_said_to_differ_at_most_at_the_nominal_rate(void **state)
{
	static double seconds[BOUND][CELLS];
	struct until u;
	uint32_t seed = 2463534242;
	unsigned wrong = 0;

	(void)state;
	assert_int_equal(until_schedule(&u, CELLS - 1, BOUND), 0);
	simulation_looks("seconds", u.nr);
	for (unsigned round = 0; round < ROUNDS; round++) {
		bool differs = false;

		draw(seconds, 1, &seed);
		for (unsigned i = 0; i < u.nr && !differs; i++) {
			write_repeats(seconds, u.look[i]);
			differs = count_verdicts();
		}
		wrong += differs;
	}
	print_message("# %u looks: %u of %u runs of cells alike differ at some look\n", u.nr,
		      wrong, ROUNDS);
	assert_true(wrong <= STATS_LEVEL * ROUNDS);
	simulation_looks(NULL, 0);
}

static void a_difference_stops_a_run_early(void **state)
{
	static const double slower[] = { 1.1, 1.2, 1.5 };
	static double seconds[BOUND][CELLS];
	struct until u;
	uint32_t seed = 88172645;

	(void)state;
	/* of two cells, so that no cell alike keeps it running */
	assert_int_equal(until_schedule(&u, CELLS - 1, BOUND), 0);
	simulation_looks("seconds", u.nr);
	for (size_t i = 0; i < ARRAY_SIZE(slower); i++) {
		unsigned decided = 0, sum = 0;

		for (unsigned round = 0; round < 200; round++) {
			unsigned repeats;

			draw(seconds, slower[i], &seed);
			for (unsigned j = 0; j < BOUND; j++)
				seconds[j][1] *= slower[i];
			decided += is_decided(&u, seconds, &repeats);
			sum += repeats;
		}
		print_message(
			"# two cells slower by %.0f %%: %u of 200 decided, after %.1f of %d "
			"repeats on average\n",
			100 * slower[i] - 100, decided, sum / 200., BOUND);
		assert_true(decided >= 190);
		assert_true(sum / 200. < (slower[i] > 1.15 ? 15 : 30));
	}
	simulation_looks(NULL, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_alike_are_said_to_differ_at_most_at_the_nominal_rate),
		cmocka_unit_test(a_difference_stops_a_run_early),
	};

	return cmocka_run_group_tests(tests, simulation_begin, simulation_end);
}
