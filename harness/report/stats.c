// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rank statistics of small samples. Knows nothing of metrics, units or verdicts.
 */
#include "harness/report/stats.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/splitmix.h"

#define RESAMPLES      2000
#define SEED	       UINT64_C(0x70616765) /* fixed: the same data, the same interval */
#define OUTLIER_SCORE  3.5
#define MAD_TO_SIGMA   1.4826	/* of a normal distribution */
#define MEAN_TO_SIGMA  1.253314 /* mean absolute deviation, likewise */
#define OUTLIER_LEAST  0.01
#define INTERVAL_MIN_N 5
#define EXACT_MAX_N    40 /* of both samples together; above: the normal approximation */

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

/* The value of rank `rank`, from 0, in a resample that holds sorted[i] drawn[i] times. */
static double drawn_value(const double *sorted, const unsigned *drawn, size_t rank)
{
	size_t i = 0, seen = drawn[0];

	while (seen <= rank)
		seen += drawn[++i];
	return sorted[i];
}

static int bootstrap(const double *sorted, size_t n, struct summary *s)
{
	double *medians = malloc(RESAMPLES * sizeof(*medians));
	unsigned *drawn = malloc(n * sizeof(*drawn));
	uint64_t state = SEED;
	int ret = -ENOMEM;

	if (!medians || !drawn)
		goto out;
	for (size_t i = 0; i < RESAMPLES; i++) {
		memset(drawn, 0, n * sizeof(*drawn));
		for (size_t j = 0; j < n; j++)
			drawn[splitmix_next(&state) % n]++;
		medians[i] = (drawn_value(sorted, drawn, (n - 1) / 2) +
			      drawn_value(sorted, drawn, n / 2)) /
			     2;
	}
	sort(medians, RESAMPLES);
	s->low = medians[(size_t)(RESAMPLES * STATS_LEVEL / 2)];
	s->high = medians[RESAMPLES - 1 - (size_t)(RESAMPLES * STATS_LEVEL / 2)];
	ret = 0;
out:
	free(drawn);
	free(medians);
	return ret;
}

/* Probability that the median lies outside [x(k), x(n+1-k)], k from 1: 2 P(Bin(n, 1/2) < k). */
static double sign_test_miss(size_t n, size_t k)
{
	double sum = 0;

	for (size_t i = 0; i < k; i++)
		sum += exp(lgamma(n + 1.) - lgamma(i + 1.) - lgamma(n - i + 1.) - n * M_LN2);
	return 2 * sum;
}

/* Hettmansperger and Sheather: between the last k that holds 95 % and the first that does not.
 */
static void widen_to_sign_test(const double *sorted, size_t n, struct summary *s)
{
	size_t k = 1;
	double miss, next, share, weight, low = sorted[0], high = sorted[n - 1];

	if (sign_test_miss(n, 1) <= STATS_LEVEL) {
		while (sign_test_miss(n, k + 1) <= STATS_LEVEL)
			k++;
		miss = sign_test_miss(n, k);
		next = sign_test_miss(n, k + 1);
		share = (STATS_LEVEL - miss) / (next - miss);
		weight = (n - k) * share / (k + ((double)n - 2. * k) * share);
		low = (1 - weight) * sorted[k - 1] + weight * sorted[k];
		high = (1 - weight) * sorted[n - k] + weight * sorted[n - k - 1];
	}
	s->low = fmin(s->low, low);
	s->high = fmax(s->high, high);
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
		ret = bootstrap(sorted, n, &s);
		if (ret)
			goto out;
		widen_to_sign_test(sorted, n, &s);
	}
	for (size_t i = 0; i < n; i++)
		s.outliers += stats_is_outlier(&s, sorted[i]);
out:
	free(sorted);
	if (!ret)
		*out = s;
	return ret;
}

struct ranked {
	double value;
	bool in_a;
	size_t rank; /* doubled, so that a mid-rank is a whole number */
};

static int by_ranked_value(const void *left, const void *right)
{
	return by_value(&((const struct ranked *)left)->value,
			&((const struct ranked *)right)->value);
}

/* Sorts and ranks; returns the sum of t^3 - t over the groups of t equal values. */
static double rank_all(struct ranked *r, size_t n)
{
	double ties = 0;

	qsort(r, n, sizeof(*r), by_ranked_value);
	for (size_t first = 0, next; first < n; first = next) {
		double size;

		for (next = first + 1; next < n && r[next].value == r[first].value;)
			next++;
		for (size_t i = first; i < next; i++)
			r[i].rank = first + 1 + next;
		size = next - first;
		ties += size * size * size - size;
	}
	return ties;
}

/*
 * ways[s] = number of subsets of `take` of the n ranks whose sum is s. Adding one
 * rank at a time, subsets of k grow out of those of k - 1: the usual dynamic
 * programme. The caller frees it; NULL when memory is short.
 */
static double *count_sums(const struct ranked *r, size_t n, size_t take, size_t *sums)
{
	size_t width = 0;
	double *ways, *last;

	for (size_t i = 0; i < n; i++)
		width += r[i].rank;
	width++;
	ways = calloc((take + 1) * width, sizeof(*ways));
	if (!ways)
		return NULL;
	ways[0] = 1;
	for (size_t i = 0; i < n; i++)
		for (size_t k = take < i + 1 ? take : i + 1; k > 0; k--)
			for (size_t s = width; s-- > r[i].rank;)
				ways[k * width + s] += ways[(k - 1) * width + s - r[i].rank];
	last = ways + take * width;
	memmove(ways, last, width * sizeof(*ways));
	*sums = width;
	return ways;
}

static double choose(size_t n, size_t k)
{
	return exp(lgamma(n + 1.) - lgamma(k + 1.) - lgamma(n - k + 1.));
}

static double two_sided_normal(double z)
{
	return erfc(fabs(z) / M_SQRT2);
}

/* p of the observed rank sum: how many relabellings lie at least as far from the middle. */
static int rank_sum_p(const struct ranked *r, size_t n_a, size_t n_b, double ties, double *p)
{
	size_t n = n_a + n_b, observed = 0, sums;
	double middle = (double)n_a * (n + 1), distance, all = 0, far = 0, *ways;

	for (size_t i = 0; i < n; i++)
		observed += r[i].in_a ? r[i].rank : 0;
	distance = fabs((double)observed - middle);
	if (n > EXACT_MAX_N) {
		double variance =
			(double)n_a * n_b / 12 * (n + 1 - ties / ((double)n * (n - 1)));

		distance = fmax(distance / 2 - 0.5, 0); /* ranks are doubled; continuity */
		*p = variance > 0 ? two_sided_normal(distance / sqrt(variance)) : 1;
		return 0;
	}
	ways = count_sums(r, n, n_a, &sums);
	if (!ways)
		return -ENOMEM;
	for (size_t s = 0; s < sums; s++) {
		all += ways[s];
		if (fabs((double)s - middle) >= distance)
			far += ways[s];
	}
	free(ways);
	*p = far / all;
	return 0;
}

/*
 * Which of the sorted quotients, counted from either end, from 1, bounds the
 * interval: the largest k with 2 P(U < k) <= 5 % when nothing is tied. 0: none.
 */
static int interval_index(size_t n_a, size_t n_b, size_t *index)
{
	size_t n = n_a + n_b, least = n_a * (n_a + 1), sums, k = 0;
	double all = choose(n, n_a), below = 0, *ways;
	struct ranked *r;

	if (n > EXACT_MAX_N) {
		double z = 1.959964, sigma = sqrt((double)n_a * n_b * (n + 1) / 12);

		*index = fmax((double)n_a * n_b / 2 - z * sigma, 0);
		return 0;
	}
	r = calloc(n, sizeof(*r));
	if (!r)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		r[i].rank = 2 * (i + 1);
	ways = count_sums(r, n, n_a, &sums);
	free(r);
	if (!ways)
		return -ENOMEM;
	for (size_t s = least; s < sums; s += 2) {
		below += ways[s];
		if (2 * below > STATS_LEVEL * all)
			break;
		k++;
	}
	free(ways);
	*index = k;
	return 0;
}

static double quotient(double b, double a)
{
	if (a == b)
		return 1;
	return b / a; /* a = 0: infinite, in its place in the order */
}

static int effect(const double *a, const double *b, struct contrast *c)
{
	size_t n = c->n_a * c->n_b, index;
	double *q = malloc(n * sizeof(*q));
	int ret = -ENOMEM;

	if (!q)
		goto out;
	ret = interval_index(c->n_a, c->n_b, &index);
	if (ret)
		goto out;
	for (size_t i = 0; i < n; i++)
		q[i] = quotient(b[i % c->n_b], a[i / c->n_b]);
	sort(q, n);
	c->ratio = median_of_sorted(q, n);
	if (index) {
		c->low = q[index - 1];
		c->high = q[n - index];
	}
out:
	free(q);
	return ret;
}

int stats_contrast(const double *a, size_t n_a, const double *b, size_t n_b,
		   struct contrast *out)
{
	struct contrast c = { .n_a = n_a,
			      .n_b = n_b,
			      .ratio = NAN,
			      .low = NAN,
			      .high = NAN,
			      .p = 1,
			      .p_least = 1 };
	struct ranked *r = NULL;
	double ties;
	int ret = 0;

	if (!n_a || !n_b)
		goto done;
	r = calloc(n_a + n_b, sizeof(*r));
	if (!r)
		return -ENOMEM;
	for (size_t i = 0; i < n_a + n_b; i++)
		r[i] = (struct ranked){ .value = i < n_a ? a[i] : b[i - n_a], .in_a = i < n_a };
	ties = rank_all(r, n_a + n_b);
	c.constant = r[0].value == r[n_a + n_b - 1].value;
	c.p_least = fmin(2 / choose(n_a + n_b, n_a), 1);
	ret = rank_sum_p(r, n_a, n_b, ties, &c.p);
	if (!ret)
		ret = effect(a, b, &c);
	free(r);
	if (ret)
		return ret;
done:
	*out = c;
	return 0;
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
