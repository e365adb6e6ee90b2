// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One sample, and the adjustment of many tests. Knows nothing of metrics, units or verdicts.
 */
#include "harness/report/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define OUTLIER_SCORE  3.5
#define MAD_TO_SIGMA   1.4826	/* of a normal distribution */
#define MEAN_TO_SIGMA  1.253314 /* mean absolute deviation, likewise */
#define OUTLIER_LEAST  0.01
#define INTERVAL_MIN_N 5

static int by_value(const void *left, const void *right)
{
	double l = *(const double *)left, r = *(const double *)right;

	return (l > r) - (l < r);
}

static void sort(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
}

static double median_of_sorted(const double *values, size_t n)
{
	double low = values[(n - 1) / 2], high = values[n / 2];

	return low == high ? low : (low + high) / 2; /* infinities: never inf - inf */
}

/*
 * Hettmansperger and Sheather's interpolation between the last k for which
 * [x(k), x(n+1-k)], k from 1, holds the median with 95 % and the first for which it does not.
 * It misses the median with 2 P(Bin(n, 1/2) < k).
 */
static void sign_test_interval(const double *sorted, size_t n, struct summary *s)
{
	double miss = 2 * exp(-(double)n * M_LN2), next = miss, share, weight;
	size_t k = 1;

	s->low = sorted[0];
	s->high = sorted[n - 1];
	if (miss > STATS_LEVEL)
		return;
	for (;; k++) {
		next = miss + 2 * exp(lgamma(n + 1.) - lgamma(k + 1.) - lgamma(n - k + 1.) -
				      n * M_LN2);
		if (next > STATS_LEVEL)
			break;
		miss = next;
	}
	share = (STATS_LEVEL - miss) / (next - miss);
	weight = (n - k) * share / (k + ((double)n - 2. * k) * share);
	s->low = (1 - weight) * sorted[k - 1] + weight * sorted[k];
	s->high = (1 - weight) * sorted[n - k] + weight * sorted[n - k - 1];
}

/* P(Bin(n, share) >= least) */
static double binomial_tail(size_t n, double share, size_t least)
{
	double sum = 0;

	for (size_t i = least; share < 1 && i <= n; i++)
		sum += exp(lgamma(n + 1.) - lgamma(i + 1.) - lgamma(n - i + 1.) +
			   i * log(share) + (n - i) * log1p(-share));
	return share < 1 ? sum : 1;
}

/*
 * The percentile bootstrap, without drawing: the median of a resample is at most x(k) where
 * more than half of its values are, each of which is with probability k/n. Of an even n the
 * lower of the two in the middle bounds below, and the upper one above.
 */
static void widen_to_bootstrap(const double *sorted, size_t n, struct summary *s)
{
	size_t low = 1, high = n;

	while (low < high) {
		const size_t k = (low + high) / 2;

		if (binomial_tail(n, (double)k / (double)n, (n + 1) / 2) >= STATS_LEVEL / 2)
			high = k;
		else
			low = k + 1;
	}
	s->low = fmin(s->low, sorted[low - 1]);
	s->high = fmax(s->high, sorted[n - low]);
}

bool stats_is_outlier(const struct summary *s, double value)
{
	double distance = fabs(value - s->median);

	return s->n >= INTERVAL_MIN_N && distance > OUTLIER_SCORE * s->scale &&
	       distance > OUTLIER_LEAST * fabs(s->median);
}

/* scratch has room for n values. */
static void spread(const double *sorted, size_t n, double *scratch, struct summary *s)
{
	double sum = 0, total = 0;

	for (size_t i = 0; i < n; i++) {
		total += sorted[i];
		scratch[i] = fabs(sorted[i] - s->median);
		sum += scratch[i];
	}
	s->mean = total / n;
	sort(scratch, n);
	s->mad = median_of_sorted(scratch, n);
	s->scale = s->mad > 0 ? MAD_TO_SIGMA * s->mad : MEAN_TO_SIGMA * sum / n;
}

int stats_summary(const double *values, size_t n, struct summary *out)
{
	struct summary s = { .n = n,
			     .median = NAN,
			     .mad = NAN,
			     .mean = NAN,
			     .min = NAN,
			     .max = NAN,
			     .scale = NAN,
			     .low = NAN,
			     .high = NAN };
	double *sorted = NULL;
	int ret = 0;

	if (!n)
		goto out;
	sorted = malloc(2 * n * sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, values, n * sizeof(*values));
	sort(sorted, n);
	s.median = median_of_sorted(sorted, n);
	s.min = sorted[0];
	s.max = sorted[n - 1];
	spread(sorted, n, sorted + n, &s);
	if (n >= INTERVAL_MIN_N) {
		sign_test_interval(sorted, n, &s);
		widen_to_bootstrap(sorted, n, &s);
	}
	for (size_t i = 0; i < n; i++)
		s.outliers += stats_is_outlier(&s, sorted[i]);
out:
	free(sorted);
	if (!ret)
		*out = s;
	return ret;
}

struct place {
	double p;
	size_t index;
};

static int by_p(const void *left, const void *right)
{
	return by_value(&((const struct place *)left)->p, &((const struct place *)right)->p);
}

int stats_adjust(double *p, size_t n)
{
	struct place *place;
	double least = 1;

	if (!n)
		return 0;
	place = calloc(n, sizeof(*place));
	if (!place)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		place[i] = (struct place){ p[i], i };
	qsort(place, n, sizeof(*place), by_p);
	for (size_t i = n; i-- > 0;) {
		least = fmin(least, place[i].p * n / (i + 1));
		p[place[i].index] = least;
	}
	free(place);
	return 0;
}
