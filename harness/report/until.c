// SPDX-License-Identifier: GPL-2.0-or-later
/* Sequential looks at a run. Starts and stops nothing. */
#include "harness/report/until.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "harness/report/compare_part.h"

#define GROWTH 1.4

static double least_p(unsigned n)
{
	return 2 * exp(2 * lgamma(n + 1.) - lgamma(2. * n + 1));
}

static bool make(struct until *u, unsigned first, unsigned bound)
{
	u->nr = 0;
	for (unsigned n = first; n < bound; n = (unsigned)ceil(GROWTH * n)) {
		if (u->nr + 1 == UNTIL_LOOKS_MAX)
			return false;
		u->look[u->nr++] = n;
	}
	u->look[u->nr++] = bound;
	return true;
}

int until_schedule(struct until *u, unsigned tests, unsigned bound)
{
	for (unsigned first = 4; first <= bound; first++) {
		const double level = COMPARE_PRIMARY_PART * STATS_LEVEL / tests;

		if (make(u, first, bound) && least_p(first) <= level / u->nr)
			return 0;
	}
	return -EDOM;
}

unsigned until_number(const struct until *u, unsigned repeats)
{
	for (unsigned i = 0; i < u->nr; i++)
		if (u->look[i] == repeats)
			return i + 1;
	return 0;
}

/* 1: decided; 0; -ENOMEM. */
static int is_decided(const struct compare *c, const struct comparison *r)
{
	const double least = fmax(c->least_effect, r->metric->metric.resolution);
	const double level = STATS_LEVEL * compare_part_of(c, r->family) /
			     (double)(c->nr_of_family[r->family] + 1);
	double low, high;
	int ret;

	if (r->change == CHANGE_BETTER || r->change == CHANGE_WORSE)
		return 1;
	if (!r->could_show)
		return 0;
	if (r->contrast.constant)
		return 1;
	ret = compare_interval(c, r, level, &low, &high);
	return ret ? ret : low >= 1 / (1 + least) && high <= 1 + least;
}

static void explain(const struct comparison *r, struct until_state *state)
{
	if (!state->undecided++)
		snprintf(state->example, sizeof(state->example),
			 "%s of %s at %.200s, between %.3f and %.3f", r->metric->name,
			 r->worker, r->cell, r->contrast.low, r->contrast.high);
}

int until_look(const char *path, struct until_state *state, struct error *e)
{
	struct result_dir dir;
	struct compare c;
	int ret = result_dir_open(&dir, path, e);

	*state = (struct until_state){ .primary = 0 };
	if (ret)
		return ret;
	ret = compare_cells(&c, &dir, COMPARE_LEAST_EFFECT);
	for (size_t i = 0; !ret && i < c.nr; i++) {
		int decided = 1;

		if (c.row[i].family != FAMILY_PRIMARY || c.row[i].same_as)
			continue;
		state->primary++;
		decided = is_decided(&c, &c.row[i]);
		if (!decided)
			explain(&c.row[i], state);
		ret = decided < 0 ? decided : 0;
	}
	if (ret)
		error_set(e, -ret, "%s: %s", path, strerror(-ret));
	compare_release(&c);
	result_dir_release(&dir);
	return ret;
}
