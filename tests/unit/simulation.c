// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/simulation.h"

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

#include "workloads/api/arith.h"

static char scratch[] = "/tmp/pagestorm-compare-XXXXXX";

int simulation_begin(void **state)
{
	(void)state;
	return mkdtemp(scratch) ? 0 : -1;
}

static void folder_path(char *path, size_t bytes, const char *name)
{
	snprintf(path, bytes, "%s/%s", scratch, name);
}

static void run_json_path(char *path, size_t bytes, const char *name)
{
	snprintf(path, bytes, "%s/%s/run.json", scratch, name);
}

int simulation_end(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d:e" };
	char path[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s/runs.csv", scratch, names[i]);
		unlink(path);
		run_json_path(path, sizeof(path), names[i]);
		unlink(path);
		folder_path(path, sizeof(path), names[i]);
		rmdir(path);
	}
	return rmdir(scratch);
}

void simulation_looks(const char *metric, unsigned looks)
{
	static const char *const names[] = { "a", "b" };
	char path[300];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		FILE *file;

		run_json_path(path, sizeof(path), names[i]);
		if (!metric) {
			unlink(path);
			continue;
		}
		folder_path(path, sizeof(path), names[i]);
		mkdir(path, 0700);
		run_json_path(path, sizeof(path), names[i]);
		file = fopen(path, "we");
		assert_non_null(file);
		fprintf(file, "{\"plan\": {\"primary\": [\"%s\"]}, \"end\": {\"looks\": %u}}\n",
			metric, looks);
		assert_int_equal(fclose(file), 0);
	}
}

void simulation_primary(const char *metric)
{
	simulation_looks(metric, 0);
}

void simulation_path(const char *name, char *path, size_t path_bytes)
{
	folder_path(path, path_bytes, name);
}

void simulation_write(const char *name, const char *text)
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

void simulation_open(struct side *side, const char *name, const char *selector)
{
	struct error e = { "" };
	char argument[400];

	snprintf(argument, sizeof(argument), "%s/%s%s%s", scratch, name, *selector ? ":" : "",
		 selector);
	if (side_open(side, argument, &e))
		fail_msg("%s", e.text);
}

int simulation_compare(struct compare *c, const struct side *a, const struct side *b,
		       const char *pattern, struct error *e)
{
	const char *const patterns[] = { pattern, NULL };

	*c = (struct compare){
		.a = a, .b = b, .patterns = patterns, .least_effect = COMPARE_LEAST_EFFECT
	};
	return compare_make(c, e);
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

struct simulated {
	unsigned cell, repeat;
	double slow; /* all times are so many times longer */
};

/*
 * One run: a load factor that all times share, each metric's own noise (the tail 10 %,
 * the maximum a factor), counts that are exact, mostly zero, or follow the load. The
 * load follows 2 x 150 touches of 256 MiB, measured on a shared two-core guest: against
 * the median, the lowest tenth 0.97, the highest fifth from 1.05, tenth from 1.11 and
 * 1.32, worst 1.39 and 1.86. That is 2 % and, in one run of five, a stall that stretches
 * it by 15 % on average.
 */
static int write_run(char *out, size_t bytes, const struct simulated *run, uint64_t *rng)
{
	const double slow = run->slow;
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
		run->cell, run->cell * 60, run->repeat, 10 * t, 1e9 / t, 1e5 / t, 1e4 * t,
		bucket(8e3 * t), bucket(2e4 * t * exp(0.03 * normal(rng))), bucket(9e4 * tail),
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
		for (unsigned cell = 0; cell < cells; cell++) {
			const struct simulated run = { cell, repeat, slow };

			used += write_run(text + used, sizeof(text) - used, &run, rng);
		}
	assert_true(used < sizeof(text));
	simulation_write(name, text);
}

void simulation_compare_alike(unsigned repeats, unsigned cells, unsigned rounds, uint64_t *rng,
			      struct tally *tally)
{
	for (unsigned i = 0; i < rounds; i++) {
		struct error e = { "" };
		struct compare c;
		struct side a, b;

		simulate("a", cells, repeats, 1, rng);
		simulate("b", cells, repeats, 1, rng);
		simulation_open(&a, "a", "");
		simulation_open(&b, "b", "");
		assert_int_equal(simulation_compare(&c, &a, &b, NULL, &e), 0);
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

enum change simulation_spread(const struct spread_case *spread, uint64_t *rng)
{
	static const char header[] =
		"schema,run,cell,cell_label,repeat,worker,workload,outcome,seconds\n";
	struct error e = { "" };
	enum change change;
	struct compare c;
	struct side a, b;

	for (unsigned side = 0; side < 2; side++) {
		const unsigned n = side ? spread->n_b : spread->n_a;
		const double sigma = side ? spread->sigma_b : spread->sigma_a;
		const double middle = side && spread->factor > 0 ? spread->factor : 1;
		char text[8192];
		size_t used = snprintf(text, sizeof(text), "%s", header);

		for (unsigned i = 1; i <= n; i++)
			used += snprintf(text + used, sizeof(text) - used,
					 "1,x,0,,%u,w,w,ok,%.6f\n", i,
					 middle * exp(sigma * normal(rng)));
		assert_true(used < sizeof(text));
		simulation_write(side ? "b" : "a", text);
	}
	simulation_open(&a, "a", "");
	simulation_open(&b, "b", "");
	assert_int_equal(simulation_compare(&c, &a, &b, "seconds", &e), 0);
	change = c.row[0].change;
	compare_release(&c);
	side_release(&a);
	side_release(&b);
	return change;
}

const struct comparison *simulation_row(const struct compare *c, const char *metric)
{
	for (size_t i = 0; i < c->nr; i++)
		if (!strcmp(c->row[i].metric->name, metric))
			return &c->row[i];
	fail_msg("no row of %s", metric);
	return NULL;
}

unsigned simulation_found(const struct search *s)
{
	uint64_t rng = 42;
	unsigned found = 0;

	for (unsigned i = 0; i < s->rounds; i++) {
		struct error e = { "" };
		struct compare c;
		struct side a, b;

		simulate("a", 1, s->repeats, 1, &rng);
		simulate("b", 1, s->repeats, s->slow, &rng);
		simulation_open(&a, "a", "");
		simulation_open(&b, "b", "");
		assert_int_equal(simulation_compare(&c, &a, &b, s->pattern, &e), 0);
		found += simulation_row(&c, s->metric)->change == s->expected;
		assert_int_not_equal(simulation_row(&c, s->metric)->change,
				     s->expected == CHANGE_WORSE ? CHANGE_BETTER
								 : CHANGE_WORSE);
		compare_release(&c);
		side_release(&a);
		side_release(&b);
	}
	print_message("# n = %u, factor %.2f, %s of %s: found in %u of %u\n", s->repeats,
		      s->slow, s->metric, s->pattern ? s->pattern : "all", found, s->rounds);
	return found;
}
