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

static int by_error(const void *left, const void *right)
{
	double l = error_of(left), r = error_of(right);

	return (l > r) - (l < r);
}

static enum score_verdict judge(const struct measure *m, double noise, bool has_bias)
{
	double error = error_of(m), slack = m->resolution + (isnan(noise) ? 0 : noise);
	double tiny = EPSILON * (1 + fabs(m->truth));

	if (fabs(error) <= tiny)
		return SCORE_RIGHT;
	if (fabs(error) <= m->resolution + tiny)
		return SCORE_WITHIN_RESOLUTION;
	if (has_bias && error >= m->bias_least - slack - tiny &&
	    error <= m->bias_most + slack + tiny)
		return SCORE_BIASED;
	if (fabs(error) > slack)
		return SCORE_WRONG;
	return noise * 100 > SCORE_SEES_PERCENT * fabs(m->truth) ? SCORE_NOISE
								 : SCORE_WITHIN_RESOLUTION;
}

void score_make(struct score *score, struct measure *measure, size_t nr, const double *noise,
		size_t nr_noise, bool has_bias)
{
	assert(nr);
	memset(score, 0, sizeof(*score));
	qsort(measure, nr, sizeof(*measure), by_error);
	score->repeats = nr;
	score->median = measure[(nr - 1) / 2];
	score->error = error_of(&score->median);
	score->error_least = error_of(&measure[0]);
	score->error_most = error_of(&measure[nr - 1]);
	score->error_percent =
		score->median.truth != 0 ? 100 * score->error / fabs(score->median.truth) : NAN;
	score->noise = nr_noise ? score->error_most - score->error_least : NAN;
	for (size_t i = 0; i < nr_noise; i++)
		score->noise = fmax(score->noise, fabs(noise[i]));
	score->verdict = judge(&score->median, score->noise, has_bias);
}
