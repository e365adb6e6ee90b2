// SPDX-License-Identifier: GPL-2.0-or-later
#include "harness/validate/score.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of doubles that went through a scale: not of the tool. */
#define EPSILON 1e-6

static const char *const names[] = {
	"right", "within_resolution", "biased", "noise", "wrong", "unread", "skipped"
};

const char *score_verdict_name(enum score_verdict verdict)
{
	return names[verdict];
}

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

void score_make(struct score *score, struct measure *measure, size_t nr, const double *noise,
		size_t nr_noise, bool has_bias)
{
	assert(nr);
	memset(score, 0, sizeof(*score));
	qsort(measure, nr, sizeof(*measure), by_unexplained);
	score->repeats = nr;
	score->median = measure[(nr - 1) / 2];
	score->error = error_of(&score->median);
	score->error_least = score->error_most = score->error;
	for (size_t i = 0; i < nr; i++) {
		score->error_least = fmin(score->error_least, error_of(&measure[i]));
		score->error_most = fmax(score->error_most, error_of(&measure[i]));
	}
	score->error_percent =
		score->median.truth != 0 ? 100 * score->error / fabs(score->median.truth) : NAN;
	score->noise =
		nr_noise ? score_unexplained(&measure[nr - 1]) - score_unexplained(&measure[0])
			 : NAN;
	for (size_t i = 0; i < nr_noise; i++)
		score->noise = fmax(score->noise, fabs(noise[i]));
	if (score->median.others > 0)
		score->noise = fmax(score->noise, score->median.others);
	score->verdict = judge(&score->median, score->noise, has_bias);
}
