// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which runs of two series belong to one block: one machine, and no pause of eight hours
 * between them. Tests nothing.
 */
#include "harness/report/compare_part.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * A machine that worked on is the same as an hour ago; after a night its caches, its
 * fragmentation and its neighbours are others. Not the calendar's day: midnight UTC is within
 * working hours somewhere.
 */
#define PAUSE_S (8 * 3600.)

/* One run of a pair. */
struct moment {
	const char *machine;
	double started;
	bool in_b;
	size_t index; /* in its series */
};

static int by_machine_and_time(const void *left, const void *right)
{
	const struct moment *l = left, *r = right;
	int order = strcmp(l->machine, r->machine);

	return order ? order : (l->started > r->started) - (l->started < r->started);
}

static size_t add_moments(const struct result_dir *f, const struct series *s, bool in_b,
			  struct moment *moment)
{
	for (size_t i = 0; i < s->nr; i++)
		moment[i] = (struct moment){ .machine = f->machine[f->machine_of[s->row[i]]],
					     .started = result_dir_started(f, s->row[i]),
					     .in_b = in_b,
					     .index = i };
	return s->nr;
}

static bool is_next_block(const struct moment *before, const struct moment *m)
{
	return strcmp(before->machine, m->machine) || m->started - before->started > PAUSE_S;
}

static void number_blocks(struct pair *pair, const struct moment *moment, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		unsigned *block = moment[i].in_b ? pair->block_b : pair->block_a;

		pair->nr_blocks += !i || is_next_block(&moment[i - 1], &moment[i]);
		block[moment[i].index] = pair->nr_blocks - 1;
	}
}

/* Runs of each side in a block. */
struct census {
	size_t a, b;
};

static void count_block(const unsigned *block, size_t nr, struct census *census, bool in_b)
{
	for (size_t i = 0; i < nr; i++) {
		census[block[i]].a += !in_b;
		census[block[i]].b += in_b;
	}
}

static bool same_machine(const struct moment *moment, size_t nr)
{
	/* sorted by machine */
	return !nr || !strcmp(moment[0].machine, moment[nr - 1].machine);
}

/* Where no block has both sides they are all that there is to compare. */
static void join_blocks(struct pair *pair, const struct moment *moment, size_t nr)
{
	pair->across = same_machine(moment, nr) ? ACROSS_DAYS : ACROSS_MACHINES;
	pair->nr_blocks = 1;
	memset(pair->block_a, 0, pair->a->nr * sizeof(*pair->block_a));
	memset(pair->block_b, 0, pair->b->nr * sizeof(*pair->block_b));
}

static int weigh_blocks(struct pair *pair, const struct moment *moment, size_t nr)
{
	struct census *census = calloc(pair->nr_blocks + 1, sizeof(*census));
	bool shared = false;

	if (!census)
		return -ENOMEM;
	count_block(pair->block_a, pair->a->nr, census, false);
	count_block(pair->block_b, pair->b->nr, census, true);
	for (unsigned i = 0; i < pair->nr_blocks; i++) {
		shared |= census[i].a && census[i].b;
		pair->nr_alone += census[i].a && census[i].b ? 0 : census[i].a + census[i].b;
	}
	free(census);
	if (!shared && nr) {
		pair->nr_alone = 0;
		join_blocks(pair, moment, nr);
	}
	return 0;
}

/* The cells of one run take turns on the machine; two runs do not, merged or not. */
static bool is_interleaved(const struct pair *pair)
{
	const char *run;

	if (strcmp(pair->dir_a->path, pair->dir_b->path) || pair->across != ACROSS_NOTHING)
		return false;
	run = pair->a->nr ? result_dir_run_cell(pair->dir_a, pair->a->row[0], "run") : "";
	for (size_t i = 0; i < pair->a->nr; i++)
		if (strcmp(result_dir_run_cell(pair->dir_a, pair->a->row[i], "run"), run))
			return false;
	for (size_t i = 0; i < pair->b->nr; i++)
		if (strcmp(result_dir_run_cell(pair->dir_b, pair->b->row[i], "run"), run))
			return false;
	return true;
}

int pair_find_blocks(struct pair *pair)
{
	const size_t nr = pair->a->nr + pair->b->nr;
	struct moment *moment = calloc(nr + 1, sizeof(*moment));
	int ret = -ENOMEM;

	pair->block_a = calloc(pair->a->nr + 1, sizeof(*pair->block_a));
	pair->block_b = calloc(pair->b->nr + 1, sizeof(*pair->block_b));
	if (moment && pair->block_a && pair->block_b) {
		size_t n = add_moments(pair->dir_a, pair->a, false, moment);

		add_moments(pair->dir_b, pair->b, true, moment + n);
		qsort(moment, nr, sizeof(*moment), by_machine_and_time);
		number_blocks(pair, moment, nr);
		ret = weigh_blocks(pair, moment, nr);
	}
	pair->interleaved = !ret && is_interleaved(pair);
	free(moment);
	return ret;
}

void pair_release(struct pair *pair)
{
	free(pair->block_a);
	free(pair->block_b);
	pair->block_a = pair->block_b = NULL;
}

/* Appends the values of one block at *at, and returns how many there are. */
static size_t take_block(const double *value, const unsigned *block, size_t nr, unsigned which,
			 double **at)
{
	size_t n = 0;

	for (size_t i = 0; i < nr; i++)
		if (block[i] == which && !isnan(value[i]))
			(*at)[n++] = value[i];
	*at += n;
	return n;
}

int strata_make(struct strata *strata, const struct pair *pair, const struct column *m)
{
	double *a = calloc(pair->a->nr + 1, sizeof(*a)),
	       *b = calloc(pair->b->nr + 1, sizeof(*b));
	double *at = calloc(pair->a->nr + pair->b->nr + 1, sizeof(*at));

	*strata = (struct strata){ .nr = pair->nr_blocks, .value = at };
	strata->stratum = calloc(pair->nr_blocks + 1, sizeof(*strata->stratum));
	if (!a || !b || !at || !strata->stratum) {
		free(a);
		free(b);
		strata_release(strata);
		return -ENOMEM;
	}
	result_dir_series_values(pair->dir_a, pair->a, m, a);
	result_dir_series_values(pair->dir_b, pair->b, m, b);
	for (unsigned i = 0; i < pair->nr_blocks; i++) {
		struct stratum *s = &strata->stratum[i];

		s->a = at;
		s->n_a = take_block(a, pair->block_a, pair->a->nr, i, &at);
		s->b = at;
		s->n_b = take_block(b, pair->block_b, pair->b->nr, i, &at);
	}
	free(a);
	free(b);
	contrast_sort(strata->stratum, strata->nr);
	return 0;
}

void strata_release(struct strata *strata)
{
	free(strata->stratum);
	free(strata->value);
	*strata = (struct strata){ .nr = 0 };
}

int compare_interval(const struct compare *c, const struct comparison *r, double miss,
		     double *low, double *high)
{
	struct pair pair = {
		.dir_a = c->dir_a, .dir_b = c->dir_b, .a = r->series_a, .b = r->series_b
	};
	struct strata strata = { .nr = 0 };
	int ret = pair_find_blocks(&pair);

	if (!ret)
		ret = strata_make(&strata, &pair, r->metric);
	if (!ret)
		ret = contrast_interval(strata.stratum, strata.nr, miss, low, high);
	strata_release(&strata);
	pair_release(&pair);
	return ret;
}
