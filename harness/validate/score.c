// SPDX-License-Identifier: GPL-2.0-or-later
/* From measures to a verdict. Pure. */
#include "harness/validate/score.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rounding of scaled doubles, not an error of the tool. */
#define EPSILON 1e-6

static double error_of(const struct measure *m)
{
	return m->said - m->truth;
}

double score_unexplained(const struct measure *m)
{
	double error = error_of(m);

	return error - fmin(fmax(error, m->bias_least), m->bias_most);
}

static int by_unexplained(const void *left, const void *right)
{
	double l = score_unexplained(left), r = score_unexplained(right);

	return (l > r) - (l < r);
}

static enum score_verdict judge(const struct measure *m, double noise, bool has_bias)
{
	double error = error_of(m), tiny = EPSILON * (1 + fabs(m->truth));
	double slack = m->resolution + (isnan(noise) ? 0 : noise) + tiny;
	bool is_explained = has_bias && fabs(score_unexplained(m)) <= slack;

	if (fabs(error) <= tiny)
		return SCORE_RIGHT;
	if (fabs(error) <= m->resolution + tiny)
		return SCORE_WITHIN_RESOLUTION;
	if (m->others * 100 > SCORE_SEES_PERCENT * fabs(m->truth))
		return SCORE_NOISE;
	if (fabs(error) > slack && !is_explained)
		return SCORE_WRONG;
	if (noise * 100 > SCORE_SEES_PERCENT * fabs(m->truth))
		return SCORE_NOISE;
	return fabs(error) <= slack ? SCORE_WITHIN_RESOLUTION : SCORE_BIASED;
}

/* The largest of: null loads, spread of the repeats, other processes; NaN: none is known. */
static double noise_of(const struct gathered *g, const struct measure *median)
{
	double noise = NAN;

	if (g->nr_noise)
		noise = score_unexplained(&g->measure[g->nr - 1]) -
			score_unexplained(&g->measure[0]);
	for (size_t i = 0; i < g->nr_noise; i++)
		noise = fmax(noise, fabs(g->noise[i]));
	return median->others > 0 ? fmax(noise, median->others) : noise;
}

void score_make(struct score *score, struct gathered *g, bool has_bias)
{
	double truth;

	assert(g->nr);
	memset(score, 0, sizeof(*score));
	qsort(g->measure, g->nr, sizeof(*g->measure), by_unexplained);
	score->repeats = g->nr;
	score->median = g->measure[(g->nr - 1) / 2];
	score->error = error_of(&score->median);
	score->error_least = score->error_most = score->error;
	for (size_t i = 0; i < g->nr; i++) {
		score->error_least = fmin(score->error_least, error_of(&g->measure[i]));
		score->error_most = fmax(score->error_most, error_of(&g->measure[i]));
	}
	truth = score->median.truth;
	score->error_percent = truth != 0 ? 100 * score->error / fabs(truth) : NAN;
	score->noise = noise_of(g, &score->median);
	score->verdict = judge(&score->median, score->noise, has_bias);
}

void score_to_row(const struct score *score, struct score_row *row)
{
	row->truth = score->median.truth;
	row->said = score->median.said;
	row->error = score->error;
	row->error_percent = score->error_percent;
	row->verdict = score->verdict;
	row->repeats = score->repeats;
	row->error_least = score->error_least;
	row->error_most = score->error_most;
	row->resolution = score->median.resolution;
	row->noise = score->noise;
}
