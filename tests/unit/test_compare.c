// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "harness/report/compare.h"
#include "tests/unit/simulation.h"
#include "workloads/api/arith.h"

/* More rounds, more shapes and the power are in tests/long/test_compare_rates. */
static void two_runs_of_the_same_thing_are_within_noise(void **state)
{
	static const struct {
		unsigned repeats, cells;
	} cases[] = { { 4, 1 }, { 5, 2 }, { 9, 1 } };
	const unsigned rounds = 20;
	uint64_t rng = 20261120;
	struct tally t = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		simulation_compare_alike(cases[i].repeats, cases[i].cells, rounds, &rng, &t);
	print_message("# a false verdict in %u of %zu comparisons\n", t.with_false,
		      rounds * ARRAY_SIZE(cases));
	assert_true(t.with_false <= STATS_LEVEL * rounds * ARRAY_SIZE(cases));
}

static void a_slowdown_of_ten_percent_is_found(void **state)
{
	static const struct search searches[] = {
		{ 10, 9, 1.10, "seconds", "seconds", CHANGE_WORSE },
		{ 10, 9, 1 / 1.10, "seconds", "seconds", CHANGE_BETTER },
		{ 10, 9, 1.10, NULL, "cpu_user_usec", CHANGE_WORSE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(searches); i++)
		assert_true(simulation_found(&searches[i]) >= 8);
}

/* ---- matching, absence, gates: small directories made here ---- */

#define SMALL_COLUMNS                                                                          \
	"schema,run,cell,cell_label,repeat,worker,workload,outcome,seconds,oom_kills"
#define SMALL SMALL_COLUMNS "\n"

/* One cell: n runs of base, base + step … seconds. */
struct small_cell {
	unsigned cell;
	const char *label, *worker, *outcome;
	unsigned n;
	double base;
};

static size_t write_cell(char *out, size_t bytes, const struct small_cell *c)
{
	size_t used = 0;

	for (unsigned i = 1; i <= c->n; i++)
		used += snprintf(out + used, bytes - used, "1,x,%u,%s,%u,%s,w,%s,%.3f,\n",
				 c->cell, c->label, i, c->worker, c->outcome,
				 c->base + 0.001 * i);
	return used;
}

static void write_cells(const char *name, unsigned n, double base)
{
	char text[16384];
	size_t used = snprintf(text, sizeof(text), "%s", SMALL);

	for (unsigned cell = 0; cell < 4; cell++) {
		char label[64];
		const struct small_cell small = {
			cell, label, "hog", "ok", n, base * (1 + cell)
		};

		snprintf(label, sizeof(label), "vm.swappiness=%u;hog.size=%uM", cell / 2 * 60,
			 64 + cell % 2 * 64);
		used += write_cell(text + used, sizeof(text) - used, &small);
	}
	simulation_write(name, text);
}

static void cells_of_one_folder_are_matched_by_their_other_settings(void **state)
{
	struct error e = { "" };
	struct compare c;
	struct side a, b;

	(void)state;
	write_cells("a", 7, 1);
	simulation_open(&a, "a", "vm.swappiness=0");
	simulation_open(&b, "a", "vm.swappiness=60");
	assert_int_equal(simulation_compare(&c, &a, &b, "seconds", &e), 0);
	assert_int_equal(c.nr, 2);
	assert_string_equal(c.row[0].cell, "hog.size=64M");
	assert_string_equal(c.row[1].cell, "hog.size=128M");
	assert_true(fabs(c.row[0].contrast.ratio - 3) < 0.02);
	assert_true(fabs(c.row[1].contrast.ratio - 2) < 0.02);
	assert_int_equal(c.nr_worse, 2);
	compare_release(&c);
	side_release(&a);
	side_release(&b);
}

static void a_selector_matches_whole_settings_only(void **state)
{
	struct error e = { "" };
	struct compare c;
	struct side a, b;

	(void)state;
	write_cells("a", 7, 1);
	simulation_open(&a, "a", "vm.swappiness=6;hog.size=64M");
	simulation_open(&b, "a", "vm.swappiness=0;hog.size=64M");
	assert_int_equal(simulation_compare(&c, &a, &b, NULL, &e), -ENOENT);
	assert_non_null(strstr(e.text, "no cell and worker in common"));
	side_release(&a);
	side_release(&b);
}

static void single_cells_with_different_settings_are_compared(void **state)
{
	struct error e = { "" };
	struct compare c;
	struct side a, b;

	(void)state;
	write_cells("a", 7, 1);
	simulation_open(&a, "a", "vm.swappiness=0;hog.size=64M");
	simulation_open(&b, "a", "hog.size=128M;vm.swappiness=60");
	assert_int_equal(simulation_compare(&c, &a, &b, "seconds", &e), 0);
	assert_int_equal(c.nr, 1);
	assert_non_null(strstr(c.row[0].cell, "→"));
	compare_release(&c);
	side_release(&a);
	side_release(&b);
}

static void a_colon_in_a_folders_name_is_no_selector(void **state)
{
	struct side side;

	(void)state;
	write_cells("d:e", 3, 1);
	simulation_open(&side, "d:e", "");
	assert_string_equal(side.selector, "");
	side_release(&side);
	simulation_open(&side, "d:e", "vm.swappiness=0");
	assert_string_equal(side.selector, "vm.swappiness=0");
	side_release(&side);
}

static enum change verdict_of(unsigned n, double base, const char *outcome, size_t *measured)
{
	const struct small_cell before = { 0, "", "w", "ok", n, 1 };
	const struct small_cell after = { 0, "", "w", outcome, n, base };
	char text[4096];
	size_t used;
	struct error e = { "" };
	enum change change;
	struct compare c;
	struct side a, b;

	used = snprintf(text, sizeof(text), "%s", SMALL);
	write_cell(text + used, sizeof(text) - used, &before);
	simulation_write("a", text);
	write_cell(text + used, sizeof(text) - used, &after);
	simulation_write("b", text);
	simulation_open(&a, "a", "");
	simulation_open(&b, "b", "");
	if (simulation_compare(&c, &a, &b, NULL, &e))
		fail_msg("%s", e.text);
	change = simulation_row(&c, strcmp(outcome, "ok") ? "failed_runs" : "seconds")->change;
	*measured = simulation_row(&c, "seconds")->b.n;
	compare_release(&c);
	side_release(&a);
	side_release(&b);
	return change;
}

static void verdicts_follow_direction_effect_and_number_of_runs(void **state)
{
	static const struct {
		unsigned n;
		double base;
		enum change expected;
	} cases[] = {
		{ 3, 2, CHANGE_TOO_FEW },  { 4, 2, CHANGE_WORSE },
		{ 4, 0.5, CHANGE_BETTER }, { 9, 1.015, CHANGE_NOISE },
		{ 9, 1.03, CHANGE_WORSE }, { 9, 1, CHANGE_NOISE },
	};
	size_t measured;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(verdict_of(cases[i].n, cases[i].base, "ok", &measured),
				 cases[i].expected);
}

static void runs_that_died_are_counted_as_failed_and_not_measured(void **state)
{
	static const struct {
		const char *outcome;
		enum change expected;
		size_t measured;
	} cases[] = {
		{ "unexpected_oom", CHANGE_WORSE, 0 }, { "timeout", CHANGE_WORSE, 0 },
		{ "failed", CHANGE_WORSE, 0 },	       { "broken", CHANGE_WORSE, 0 },
		{ "expected_oom", CHANGE_NOISE, 5 },   { "target_missed", CHANGE_WORSE, 5 },
		{ "skipped", CHANGE_TOO_FEW, 0 },      { "interrupted", CHANGE_TOO_FEW, 0 },
	};
	size_t measured;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(verdict_of(5, 0.1, cases[i].outcome, &measured),
				 cases[i].expected);
		assert_int_equal(measured, cases[i].measured);
	}
}

static void an_absent_metric_gives_no_row(void **state)
{
	struct error e = { "" };
	struct compare c;
	struct side a, b;

	(void)state;
	write_cells("a", 5, 1);
	simulation_open(&a, "a", "");
	simulation_open(&b, "a", "");
	assert_int_equal(simulation_compare(&c, &a, &b, "oom_kills", &e), -EINVAL);
	assert_non_null(strstr(e.text, "oom_kills"));
	e.text[0] = 0;
	assert_int_equal(simulation_compare(&c, &a, &b, "no_such", &e), -EINVAL);
	assert_non_null(strstr(e.text, "no_such"));
	side_release(&a);
	side_release(&b);
}

static const struct {
	const char *expression;
	double base;
	unsigned n;
	int ret;
	enum gate_result result;
} gate_cases[] = {
	{ "worse", 1.2, 7, 0, GATE_TRIPPED },
	{ "worse", 0.8, 7, 0, GATE_HOLDS },
	{ "better", 0.8, 7, 0, GATE_TRIPPED },
	{ "changed", 0.8, 7, 0, GATE_TRIPPED },
	{ "worse", 1, 7, 0, GATE_HOLDS },
	{ "worse", 1.2, 3, 0, GATE_UNDECIDED },
	{ "seconds>+5%", 1.2, 7, 0, GATE_TRIPPED },
	{ "seconds>+25%", 1.2, 7, 0, GATE_HOLDS },
	{ "sec*>=5%", 1.2, 7, 0, GATE_TRIPPED },
	{ "seconds<-5%", 0.8, 7, 0, GATE_TRIPPED },
	{ "seconds<-5%", 1.2, 7, 0, GATE_HOLDS },
	{ "seconds=worse", 1.2, 7, 0, GATE_TRIPPED },
	{ "seconds>+1%", 1.2, 3, 0, GATE_UNDECIDED },
	{ "better,seconds>+5%", 1.2, 7, 0, GATE_TRIPPED },
	{ "oom_kills>+5%", 1.2, 7, -EINVAL, 0 },
	{ "second>+5%", 1.2, 7, -EINVAL, 0 },
	{ "seconds>5", 1.2, 7, -EINVAL, 0 },
	{ "seconds", 1.2, 7, -EINVAL, 0 },
	{ "worst", 1.2, 7, -EINVAL, 0 },
	{ "", 1.2, 7, -EINVAL, 0 },
	{ "worse,", 1.2, 7, -EINVAL, 0 },
};

static void gates_trip_hold_or_say_that_they_cannot_tell(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(gate_cases); i++) {
		struct gate gate = { .result = GATE_HOLDS };
		struct error e = { "" };
		struct compare c;
		struct side a, b;

		write_cells("a", gate_cases[i].n, 1);
		write_cells("b", gate_cases[i].n, gate_cases[i].base);
		simulation_open(&a, "a", "");
		simulation_open(&b, "b", "");
		assert_int_equal(simulation_compare(&c, &a, &b, NULL, &e), 0);
		print_message("# %s at %.2f\n", gate_cases[i].expression, gate_cases[i].base);
		assert_int_equal(compare_gate(&c, gate_cases[i].expression, &gate, &e),
				 gate_cases[i].ret);
		assert_int_equal(gate.result, gate_cases[i].result);
		compare_release(&c);
		side_release(&a);
		side_release(&b);
	}
}

/* ---- gates: what the runs cannot show is undecided ---- */

#define TIMED SMALL_COLUMNS ",started_utc,bytes_per_second\n"

/* One cell of a directory: n runs, each a thousandth of base longer than the one before. */
struct timed_cell {
	unsigned cell, n;
	double base;
	const char *outcome, *day, *run;
};

static size_t write_timed(char *out, size_t bytes, const struct timed_cell *c)
{
	size_t used = 0;

	for (unsigned i = 1; i <= c->n; i++) {
		const double seconds = c->base * (1 + 0.001 * i);

		used += snprintf(out + used, bytes - used,
				 "1,%s,%u,size=%u,%u,w,w,%s,%.6f,,%sT10:%02u:00Z,%.0f\n",
				 c->run, c->cell, c->cell, i, c->outcome, seconds, c->day, i,
				 1e9 / seconds);
	}
	assert_true(used < bytes);
	return used;
}

/* Cells alike, but for one. */
static void write_alike(const char *name, unsigned cells, unsigned n, unsigned other,
			const struct timed_cell *differs)
{
	char text[16384];
	size_t used = snprintf(text, sizeof(text), "%s", TIMED);

	for (unsigned i = 0; i < cells; i++) {
		struct timed_cell c = { i, n, 1, "ok", "2026-11-20", "x" };

		if (i == other)
			c = *differs;
		used += write_timed(text + used, sizeof(text) - used, &c);
	}
	simulation_write(name, text);
}

static enum gate_result gate_of(const char *expression, struct compare *kept)
{
	struct gate gate = { .result = GATE_HOLDS };
	struct error e = { "" };
	struct compare c;
	struct side a, b;

	simulation_open(&a, "a", "");
	simulation_open(&b, "b", "");
	if (simulation_compare(&c, &a, &b, NULL, &e) || compare_gate(&c, expression, &gate, &e))
		fail_msg("%s", e.text);
	print_message("# %s: %s\n", expression, gate.why);
	if (kept)
		*kept = c; /* but for its rows */
	compare_release(&c);
	side_release(&a);
	side_release(&b);
	return gate.result;
}

static void a_doubled_time_that_the_adjustment_starves_is_undecided(void **state)
{
	const struct timed_cell alike = { 0, 5, 1, "ok", "2026-11-20", "x" };
	const struct timed_cell doubled = { 0, 5, 2, "ok", "2026-11-20", "x" };

	(void)state;
	write_alike("a", 8, 5, 0, &alike);
	write_alike("b", 8, 5, 0, &doubled);
	assert_int_equal(gate_of("worse", NULL), GATE_UNDECIDED);
	assert_int_equal(gate_of("seconds=worse", NULL), GATE_UNDECIDED);
	/* nor is it known of cells that are alike that no difference would be found */
	write_alike("b", 8, 5, 0, &alike);
	assert_int_equal(gate_of("worse", NULL), GATE_UNDECIDED);
}

static void failures_of_runs_are_tested_by_themselves(void **state)
{
	const struct timed_cell alike = { 3, 5, 1, "ok", "2026-11-20", "x" };
	const struct timed_cell dies = { 3, 5, 1, "failed", "2026-11-20", "x" };

	(void)state;
	write_alike("a", 8, 5, 3, &alike);
	write_alike("b", 8, 5, 3, &dies);
	assert_int_equal(gate_of("worse", NULL), GATE_TRIPPED);
}

static void a_threshold_within_the_interval_is_undecided(void **state)
{
	static const double factor[] = { 0.97, 0.98, 0.99, 1, 1.01, 1.02, 1.03 };
	char text[2][2048];

	(void)state;
	for (unsigned side = 0; side < 2; side++) {
		size_t used = snprintf(text[side], sizeof(text[side]), "%s", TIMED);

		for (unsigned i = 0; i < ARRAY_SIZE(factor); i++) {
			const struct timed_cell c = {
				0, 1, factor[i] * (side ? 1.06 : 1), "ok", "2026-11-20", "x"
			};

			used += write_timed(text[side] + used, sizeof(text[side]) - used, &c);
		}
		simulation_write(side ? "b" : "a", text[side]);
	}
	assert_int_equal(gate_of("seconds>+1%", NULL), GATE_TRIPPED);
	assert_int_equal(gate_of("seconds>+5%", NULL), GATE_UNDECIDED);
	assert_int_equal(gate_of("seconds>+15%", NULL), GATE_HOLDS);
}

static void a_metric_is_once_in_the_family(void **state)
{
	const struct timed_cell slow = { 0, 5, 1.5, "ok", "2026-11-20", "x" };
	struct compare c;

	(void)state;
	write_alike("a", 1, 5, 1, &slow);
	write_alike("b", 1, 5, 0, &slow);
	assert_int_equal(gate_of("bytes_per_second=worse", &c), GATE_TRIPPED);
	assert_int_equal(c.nr_tested, 1);
	assert_int_equal(c.nr_worse, 2);
}

/* Two days, the second slower by a third, and B has most of its runs there. */
static void a_day_that_is_slower_is_no_difference(void **state)
{
	static const struct timed_cell days[2][2] = {
		{ { 0, 9, 1, "ok", "2026-11-20", "x" },
		  { 0, 2, 1.3, "ok", "2026-11-21", "x" } },
		{ { 0, 2, 1, "ok", "2026-11-20", "x" },
		  { 0, 9, 1.3, "ok", "2026-11-21", "x" } },
	};
	struct compare c;

	(void)state;
	for (unsigned side = 0; side < 2; side++) {
		char text[4096];
		size_t used = snprintf(text, sizeof(text), "%s", TIMED);

		for (size_t day = 0; day < 2; day++)
			used += write_timed(text + used, sizeof(text) - used, &days[side][day]);
		simulation_write(side ? "b" : "a", text);
	}
	assert_int_equal(gate_of("changed", &c), GATE_HOLDS);
	assert_int_equal(c.nr_blocks, 2);
	assert_int_equal(gate_of("seconds>+10%", NULL), GATE_HOLDS);
}

static void runs_without_a_common_day_decide_nothing(void **state)
{
	const struct timed_cell slow = { 0, 9, 1.3, "ok", "2026-11-22", "x" };
	struct compare c;

	(void)state;
	write_alike("a", 1, 9, 1, &slow);
	write_alike("b", 1, 9, 0, &slow);
	assert_int_equal(gate_of("worse", &c), GATE_UNDECIDED);
	assert_int_equal(c.across, ACROSS_DAYS);
	assert_int_equal(c.nr_worse, 2); /* of these recordings, and it is said of what */
	assert_false(c.interleaved);
}

/* 24 metrics are too many for five repeats, and the one that the profile names is not. */
static void a_primary_metric_does_not_pay_for_the_others(void **state)
{
	struct tally t = { 0 };
	uint64_t rng = 5;
	struct compare c;

	(void)state;
	simulation_compare_alike(5, 1, 1, &rng, &t); /* leaves a and b */
	assert_int_equal(gate_of("worse", NULL), GATE_UNDECIDED);
	simulation_primary("latency_p99_ns");
	assert_int_equal(gate_of("worse", &c), GATE_HOLDS);
	assert_true(c.has_primary);
	assert_int_equal(c.nr_of_family[FAMILY_PRIMARY], 1);
	simulation_primary("another.latency_p99_ns");
	assert_int_equal(gate_of("worse", NULL), GATE_UNDECIDED);
	simulation_primary(NULL);
}

/* The same median, and ten times the spread in the smaller sample. */
static void a_difference_of_spread_alone_is_not_worse(void **state)
{
	const unsigned rounds = 300;
	unsigned changed = 0, spread = 0;
	uint64_t rng = 7;

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		const struct spread_case wide = { 15, 6, 0.02, 0.2, 1 };

		switch (simulation_spread(&wide, &rng)) {
		case CHANGE_WORSE:
		case CHANGE_BETTER:
			changed++;
			break;
		case CHANGE_SPREAD:
			spread++;
			break;
		default:
			break;
		}
	}
	print_message("# %u worse or better and %u in spread of %u\n", changed, spread, rounds);
	assert_true(changed <= STATS_LEVEL * rounds);
	assert_true(spread > 0);
}

static void warm_up_and_the_null_worker_are_left_out(void **state)
{
	struct side side;

	(void)state;
	simulation_write("a",
			 SMALL "1,x,0,,0,w,w,ok,9,\n1,x,0,,-1,w,w,ok,9,\n1,x,0,,1,w,w,ok,1,\n"
			       "1,x,0,,1,null,null,ok,5,\n1,x,0,,2,w,w,ok,2,\n");
	simulation_open(&side, "a", "");
	assert_int_equal(side.dir->nr_series, 1);
	assert_int_equal(side.dir->series[0].nr, 2);
	side_release(&side);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_runs_of_the_same_thing_are_within_noise),
		cmocka_unit_test(a_slowdown_of_ten_percent_is_found),
		cmocka_unit_test(cells_of_one_folder_are_matched_by_their_other_settings),
		cmocka_unit_test(a_selector_matches_whole_settings_only),
		cmocka_unit_test(single_cells_with_different_settings_are_compared),
		cmocka_unit_test(a_colon_in_a_folders_name_is_no_selector),
		cmocka_unit_test(verdicts_follow_direction_effect_and_number_of_runs),
		cmocka_unit_test(runs_that_died_are_counted_as_failed_and_not_measured),
		cmocka_unit_test(an_absent_metric_gives_no_row),
		cmocka_unit_test(gates_trip_hold_or_say_that_they_cannot_tell),
		cmocka_unit_test(a_doubled_time_that_the_adjustment_starves_is_undecided),
		cmocka_unit_test(failures_of_runs_are_tested_by_themselves),
		cmocka_unit_test(a_threshold_within_the_interval_is_undecided),
		cmocka_unit_test(a_metric_is_once_in_the_family),
		cmocka_unit_test(a_day_that_is_slower_is_no_difference),
		cmocka_unit_test(runs_without_a_common_day_decide_nothing),
		cmocka_unit_test(a_primary_metric_does_not_pay_for_the_others),
		cmocka_unit_test(a_difference_of_spread_alone_is_not_worse),
		cmocka_unit_test(warm_up_and_the_null_worker_are_left_out),
	};

	return cmocka_run_group_tests(tests, simulation_begin, simulation_end);
}
