// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/report/compare.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static char scratch[] = "/tmp/pagestorm-compare-XXXXXX";

static int make_scratch(void **state)
{
	(void)state;
	return mkdtemp(scratch) ? 0 : -1;
}

static void folder_path(char *path, size_t bytes, const char *name)
{
	snprintf(path, bytes, "%s/%s", scratch, name);
}

static int remove_scratch(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d:e" };
	char path[300];

	(void)state;
	for (size_t i = 0; i < NR(names); i++) {
		snprintf(path, sizeof(path), "%s/%s/runs.csv", scratch, names[i]);
		unlink(path);
		folder_path(path, sizeof(path), names[i]);
		rmdir(path);
	}
	return rmdir(scratch);
}

static void write_runs(const char *name, const char *text)
{
	char path[300];
	FILE *file;

	folder_path(path, sizeof(path), name);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/runs.csv", scratch, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void open_side(struct side *side, const char *name, const char *selector)
{
	struct error e = { "" };
	char argument[400];

	snprintf(argument, sizeof(argument), "%s/%s%s%s", scratch, name, *selector ? ":" : "",
		 selector);
	if (side_open(side, argument, &e))
		fail_msg("%s", e.text);
}

static int compare_all(struct compare *c, const struct side *a, const struct side *b,
		       const char *pattern, struct error *e)
{
	const char *const patterns[] = { pattern, NULL };

	return compare_make(c, a, b, patterns, COMPARE_LEAST_EFFECT, e);
}

/* ---- simulated runs: the noise of a shared machine, correlated between metrics ---- */

static double uniform(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return ((*state >> 33) + 0.5) / 2147483648.0;
}

static double normal(uint64_t *state)
{
	return sqrt(-2 * log(uniform(state))) * cos(2 * M_PI * uniform(state));
}

/* A percentile as the histogram gives it: upper edges of 32 buckets an octave. */
static double bucket(double value)
{
	double octave = exp2(floor(log2(value)));

	return octave * (1 + ceil((value / octave - 1) * 32) / 32);
}

#define HEADER                                                                                 \
	"schema,run,cell,cell_label,repeat,worker,workload,outcome,seconds,"                   \
	"bytes_per_second,ops_per_second,latency_mean_ns,latency_p50_ns,latency_p90_ns,"       \
	"latency_p99_ns,latency_p999_ns,latency_max_ns,minor_faults,major_faults,"             \
	"cpu_user_usec,cpu_system_usec,swap_in_bytes,swap_out_bytes,refault_anon_pages,"       \
	"refault_file_pages,psi_memory_full_usec,allocstall,kswapd_scan_pages,"                \
	"kswapd_steal_pages,oom_kills,peak_bytes\n"

/*
 * One run: a load factor that all times share, each metric's own noise (the tail 10 %,
 * the maximum a factor), counts that are exact, mostly zero, or follow the load. The
 * load follows 2 x 150 touches of 256 MiB, measured on a shared two-core guest: against
 * the median, the lowest tenth 0.97, the highest fifth from 1.05, tenth from 1.11 and
 * 1.32, worst 1.39 and 1.86. That is 2 % and, in one run of five, a stall that stretches
 * it by 15 % on average.
 */
static int write_run(char *out, size_t bytes, unsigned cell, unsigned repeat, double slow,
		     uint64_t *rng)
{
	double load = exp(0.02 * normal(rng));
	double t, tail, steal, scan = exp(10 + 0.3 * normal(rng));

	if (uniform(rng) < 0.2)
		load *= 1 - 0.15 * log(uniform(rng));
	t = slow * load * exp(0.005 * normal(rng));
	tail = slow * load * exp(0.1 * normal(rng));
	steal = scan * (0.7 + 0.2 * uniform(rng));
	return snprintf(
		out, bytes,
		"1,x,%u,vm.swappiness=%u,%u,victim,victim,ok,%.6f,%.0f,%.0f,%.0f,%.0f,%.0f,"
		"%.0f,%.0f,%.0f,49408,%d,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%.0f,%d,%.0f,%.0f,0,"
		"268435456\n",
		cell, cell * 60, repeat, 10 * t, 1e9 / t, 1e5 / t, 1e4 * t, bucket(8e3 * t),
		bucket(2e4 * t * exp(0.03 * normal(rng))), bucket(9e4 * tail),
		bucket(5e5 * tail * exp(0.2 * normal(rng))), 4e6 * exp(0.8 * normal(rng)),
		(int)(uniform(rng) < 0.2 ? 3 * uniform(rng) : 0),
		8e6 * slow * exp(0.02 * normal(rng)), 1e6 * load * exp(0.05 * normal(rng)),
		4096 * floor(exp(9 + 0.2 * normal(rng))),
		4096 * floor(exp(9 + 0.2 * normal(rng))), exp(7 + 0.3 * normal(rng)),
		exp(8 + 0.3 * normal(rng)), 2e5 * load * load,
		uniform(rng) < 0.5 ? 0 : (int)(20 * uniform(rng)), scan, steal);
}

static void simulate(const char *name, unsigned cells, unsigned repeats, double slow,
		     uint64_t *rng)
{
	static char text[1 << 16];
	size_t used = snprintf(text, sizeof(text), "%s", HEADER);

	for (unsigned repeat = 1; repeat <= repeats; repeat++)
		for (unsigned cell = 0; cell < cells; cell++)
			used += write_run(text + used, sizeof(text) - used, cell, repeat, slow,
					  rng);
	assert_true(used < sizeof(text));
	write_runs(name, text);
}

struct tally {
	unsigned with_false; /* comparisons that hold any better or worse */
	unsigned verdicts, false_verdicts, too_few;
};

static void compare_alike(unsigned repeats, unsigned cells, unsigned rounds, uint64_t *rng,
			  struct tally *tally)
{
	for (unsigned i = 0; i < rounds; i++) {
		struct error e = { "" };
		struct compare c;
		struct side a, b;

		simulate("a", cells, repeats, 1, rng);
		simulate("b", cells, repeats, 1, rng);
		open_side(&a, "a", "");
		open_side(&b, "b", "");
		assert_int_equal(compare_all(&c, &a, &b, NULL, &e), 0);
		assert_true(c.nr_tested >= 15 * cells);
		tally->with_false += c.nr_worse + c.nr_better > 0;
		tally->false_verdicts += c.nr_worse + c.nr_better;
		tally->too_few += c.nr_too_few;
		tally->verdicts += c.nr;
		compare_release(&c);
		side_release(&a);
		side_release(&b);
	}
}

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
	for (size_t i = 0; i < NR(cases); i++) {
		struct tally t = { 0 };

		compare_alike(cases[i].repeats, cases[i].cells, rounds, &rng, &t);
		print_message("# n = %u, %u cells: a false verdict in %u of %u comparisons "
			      "(%u of %u verdicts, %u too few)\n",
			      cases[i].repeats, cases[i].cells, t.with_false, rounds,
			      t.false_verdicts, t.verdicts, t.too_few);
		with_false += t.with_false;
	}
	assert_true(with_false <= STATS_LEVEL * rounds * NR(cases));
}

static const struct comparison *row_of(const struct compare *c, const char *metric)
{
	for (size_t i = 0; i < c->nr; i++)
		if (!strcmp(c->row[i].metric->name, metric))
			return &c->row[i];
	fail_msg("no row of %s", metric);
	return NULL;
}

static unsigned rounds_found(unsigned repeats, double slow, const char *pattern,
			     const char *metric, enum change expected)
{
	uint64_t rng = 42;
	unsigned found = 0;

	for (unsigned i = 0; i < 100; i++) {
		struct error e = { "" };
		struct compare c;
		struct side a, b;

		simulate("a", 1, repeats, 1, &rng);
		simulate("b", 1, repeats, slow, &rng);
		open_side(&a, "a", "");
		open_side(&b, "b", "");
		assert_int_equal(compare_all(&c, &a, &b, pattern, &e), 0);
		found += row_of(&c, metric)->change == expected;
		assert_int_not_equal(row_of(&c, metric)->change,
				     expected == CHANGE_WORSE ? CHANGE_BETTER : CHANGE_WORSE);
		compare_release(&c);
		side_release(&a);
		side_release(&b);
	}
	print_message("# n = %u, factor %.2f, %s of %s: found in %u of 100\n", repeats, slow,
		      metric, pattern ? pattern : "all", found);
	return found;
}

static void a_slowdown_of_ten_percent_is_found(void **state)
{
	(void)state;
	assert_true(rounds_found(9, 1.10, "seconds", "seconds", CHANGE_WORSE) >= 80);
	assert_true(rounds_found(15, 1.10, NULL, "seconds", CHANGE_WORSE) >= 90);
	assert_true(rounds_found(15, 1.10, NULL, "bytes_per_second", CHANGE_WORSE) >= 90);
	assert_true(rounds_found(9, 1 / 1.10, "seconds", "seconds", CHANGE_BETTER) >= 80);
	assert_true(rounds_found(9, 1.10, NULL, "cpu_user_usec", CHANGE_WORSE) >= 95);
}

/* ---- matching, absence, gates: small folders by hand ---- */

#define SMALL "schema,run,cell,cell_label,repeat,worker,workload,outcome,seconds,oom_kills\n"

/* One cell: n runs of base, base + step … seconds. */
static size_t write_cell(char *out, size_t bytes, unsigned cell, const char *label,
			 const char *worker, unsigned n, double base, const char *outcome)
{
	size_t used = 0;

	for (unsigned i = 1; i <= n; i++)
		used += snprintf(out + used, bytes - used, "1,x,%u,%s,%u,%s,w,%s,%.3f,\n", cell,
				 label, i, worker, outcome, base + 0.001 * i);
	return used;
}

static void write_cells(const char *name, unsigned n, double base)
{
	char text[16384];
	size_t used = snprintf(text, sizeof(text), "%s", SMALL);

	for (unsigned cell = 0; cell < 4; cell++) {
		char label[64];

		snprintf(label, sizeof(label), "vm.swappiness=%u;hog.size=%uM", cell / 2 * 60,
			 64 + cell % 2 * 64);
		used += write_cell(text + used, sizeof(text) - used, cell, label, "hog", n,
				   base * (1 + cell), "ok");
	}
	write_runs(name, text);
}

static void cells_of_one_folder_are_matched_by_their_other_settings(void **state)
{
	struct error e = { "" };
	struct compare c;
	struct side a, b;

	(void)state;
	write_cells("a", 7, 1);
	open_side(&a, "a", "vm.swappiness=0");
	open_side(&b, "a", "vm.swappiness=60");
	assert_int_equal(compare_all(&c, &a, &b, "seconds", &e), 0);
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
	open_side(&a, "a", "vm.swappiness=6;hog.size=64M");
	open_side(&b, "a", "vm.swappiness=0;hog.size=64M");
	assert_int_equal(compare_all(&c, &a, &b, NULL, &e), -ENOENT);
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
	open_side(&a, "a", "vm.swappiness=0;hog.size=64M");
	open_side(&b, "a", "hog.size=128M;vm.swappiness=60");
	assert_int_equal(compare_all(&c, &a, &b, "seconds", &e), 0);
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
	open_side(&side, "d:e", "");
	assert_string_equal(side.selector, "");
	side_release(&side);
	open_side(&side, "d:e", "vm.swappiness=0");
	assert_string_equal(side.selector, "vm.swappiness=0");
	side_release(&side);
}

static enum change verdict_of(unsigned n, double base, const char *outcome, size_t *measured)
{
	char text[4096];
	size_t used;
	struct error e = { "" };
	enum change change;
	struct compare c;
	struct side a, b;

	used = snprintf(text, sizeof(text), "%s", SMALL);
	write_cell(text + used, sizeof(text) - used, 0, "", "w", n, 1, "ok");
	write_runs("a", text);
	write_cell(text + used, sizeof(text) - used, 0, "", "w", n, base, outcome);
	write_runs("b", text);
	open_side(&a, "a", "");
	open_side(&b, "b", "");
	if (compare_all(&c, &a, &b, NULL, &e))
		fail_msg("%s", e.text);
	change = row_of(&c, strcmp(outcome, "ok") ? "failed_runs" : "seconds")->change;
	*measured = row_of(&c, "seconds")->b.n;
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
	for (size_t i = 0; i < NR(cases); i++)
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
	for (size_t i = 0; i < NR(cases); i++) {
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
	open_side(&a, "a", "");
	open_side(&b, "a", "");
	assert_int_equal(compare_all(&c, &a, &b, "oom_kills", &e), -EINVAL);
	assert_non_null(strstr(e.text, "oom_kills"));
	e.text[0] = 0;
	assert_int_equal(compare_all(&c, &a, &b, "no_such", &e), -EINVAL);
	assert_non_null(strstr(e.text, "no_such"));
	side_release(&a);
	side_release(&b);
}

static void gates_trip_hold_or_say_that_they_cannot_tell(void **state)
{
	static const struct {
		const char *expression;
		double base;
		unsigned n;
		int rc;
		enum gate_result result;
	} cases[] = {
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

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		enum gate_result result = GATE_HOLDS;
		struct error e = { "" };
		struct compare c;
		struct side a, b;
		char why[512];

		write_cells("a", cases[i].n, 1);
		write_cells("b", cases[i].n, cases[i].base);
		open_side(&a, "a", "");
		open_side(&b, "b", "");
		assert_int_equal(compare_all(&c, &a, &b, NULL, &e), 0);
		print_message("# %s at %.2f\n", cases[i].expression, cases[i].base);
		assert_int_equal(
			compare_gate(&c, cases[i].expression, &result, why, sizeof(why), &e),
			cases[i].rc);
		assert_int_equal(result, cases[i].result);
		compare_release(&c);
		side_release(&a);
		side_release(&b);
	}
}

static void warm_up_and_the_null_worker_are_left_out(void **state)
{
	struct side side;

	(void)state;
	write_runs("a", SMALL "1,x,0,,0,w,w,ok,9,\n1,x,0,,-1,w,w,ok,9,\n1,x,0,,1,w,w,ok,1,\n"
			      "1,x,0,,1,null,null,ok,5,\n1,x,0,,2,w,w,ok,2,\n");
	open_side(&side, "a", "");
	assert_int_equal(side.folder->nr_series, 1);
	assert_int_equal(side.folder->series[0].nr, 2);
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
		cmocka_unit_test(warm_up_and_the_null_worker_are_left_out),
	};

	return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
