// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rank tests of two samples in strata. Knows nothing of metrics, units or verdicts.
 */
#include "harness/report/contrast.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/stats.h"
#include "workloads/api/arith.h"

#define EXACT_MAX_N 40 /* of all samples together; above: the normal approximation */

static int by_value(const void *left, const void *right)
{
	double l = *(const double *)left, r = *(const double *)right;

	return (l > r) - (l < r);
}

void contrast_sort(struct stratum *stratum, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (stratum[i].n_a)
			qsort(stratum[i].a, stratum[i].n_a, sizeof(double), by_value);
		if (stratum[i].n_b)
			qsort(stratum[i].b, stratum[i].n_b, sizeof(double), by_value);
	}
}

static bool has_both(const struct stratum *s)
{
	return s->n_a && s->n_b;
}

/* ---- the permutation distribution of the sum of ranks ---- */

/* ways[s]: in how many relabellings the ranks of a add up to s. */
struct sums {
	double *ways;
	size_t nr;
};

/*
 * Adding one rank at a time, subsets of k grow out of those of k - 1: the usual dynamic
 * programme. ranks: of the n values; `take` of them are a's.
 */
static int count_sums(const size_t *rank, size_t n, size_t take, struct sums *out)
{
	size_t width = 1, reach = 0;
	double *ways;

	for (size_t i = 0; i < n; i++)
		width += rank[i];
	ways = calloc((take + 1) * width, sizeof(*ways));
	if (!ways)
		return -ENOMEM;
	ways[0] = 1;
	for (size_t i = 0; i < n; i++) {
		reach += rank[i];
		for (size_t k = min(take, i + 1); k > 0; k--)
			for (size_t s = reach + 1; s-- > rank[i];)
				ways[k * width + s] += ways[(k - 1) * width + s - rank[i]];
	}
	memmove(ways, ways + take * width, width * sizeof(*ways));
	*out = (struct sums){ ways, width };
	return 0;
}

/* *all: of the strata so far; takes on one more, which it frees. */
static int add_sums(struct sums *all, struct sums one)
{
	struct sums both = { .nr = all->nr + one.nr - 1 };
	int ret = 0;

	if (!all->ways) {
		*all = one;
		return 0;
	}
	both.ways = calloc(both.nr, sizeof(*both.ways));
	if (both.ways) {
		for (size_t i = 0; i < all->nr; i++)
			for (size_t j = 0; all->ways[i] > 0 && j < one.nr; j++)
				both.ways[i + j] += all->ways[i] * one.ways[j];
		free(all->ways);
		*all = both;
	} else {
		ret = -ENOMEM;
	}
	free(one.ways);
	return ret;
}

static double total(const struct sums *sums)
{
	double all = 0;

	for (size_t s = 0; s < sums->nr; s++)
		all += sums->ways[s];
	return all;
}

/* ---- ranks ---- */

/* The samples of a stratum in one order. */
struct ranking {
	size_t *rank;	  /* of each value in that order, doubled: a mid-rank is whole */
	size_t nr, sum_a; /* values; the doubled ranks of a */
	double ties;	  /* the sum of t^3 - t over the groups of t equal values */
};

static int rank_stratum(const struct stratum *s, struct ranking *out)
{
	struct ranking r = { .nr = s->n_a + s->n_b };
	size_t i = 0, j = 0;

	r.rank = calloc(r.nr, sizeof(*r.rank));
	if (!r.rank)
		return -ENOMEM;
	while (i + j < r.nr) {
		const double value =
			j == s->n_b || (i < s->n_a && s->a[i] < s->b[j]) ? s->a[i] : s->b[j];
		const size_t first = i + j, first_a = i;
		double size;

		while (i < s->n_a && s->a[i] == value)
			i++;
		while (j < s->n_b && s->b[j] == value)
			j++;
		for (size_t at = first; at < i + j; at++)
			r.rank[at] = first + 1 + i + j;
		r.sum_a += (i - first_a) * (first + 1 + i + j);
		size = (double)(i + j - first);
		r.ties += size * size * size - size;
	}
	*out = r;
	return 0;
}

/* Ranks without ties need not be doubled. */
static int untied_sums(size_t n_a, size_t n_b, struct sums *out)
{
	size_t *rank = calloc(n_a + n_b, sizeof(*rank));
	int ret;

	if (!rank)
		return -ENOMEM;
	for (size_t i = 0; i < n_a + n_b; i++)
		rank[i] = i + 1;
	ret = count_sums(rank, n_a + n_b, n_a, out);
	free(rank);
	return ret;
}

/* ---- p ---- */

static double two_sided_normal(double z)
{
	return erfc(fabs(z) / M_SQRT2);
}

/* z with two_sided_normal(z) == p */
static double normal_quantile(double p)
{
	double low = 0, high = 40;

	for (unsigned i = 0; i < 80; i++) {
		double middle = (low + high) / 2;

		if (two_sided_normal(middle) > p)
			low = middle;
		else
			high = middle;
	}
	return high;
}

static size_t count_values(const struct stratum *stratum, size_t nr)
{
	size_t n = 0;

	for (size_t i = 0; i < nr; i++)
		if (has_both(&stratum[i]))
			n += stratum[i].n_a + stratum[i].n_b;
	return n;
}

/* Of all strata: the doubled rank sum of a, what it is on average, and its variance. */
struct rank_sum {
	double observed, middle, variance;
	struct sums sums; /* where the test is exact */
};

static int add_stratum(struct rank_sum *sum, const struct stratum *s, bool exact)
{
	const double n = (double)(s->n_a + s->n_b);
	const double pairs = (double)s->n_a * (double)s->n_b;
	struct ranking r;
	struct sums one;
	int ret = rank_stratum(s, &r);

	if (ret)
		return ret;
	sum->observed += (double)r.sum_a;
	sum->middle += (double)s->n_a * (n + 1);
	sum->variance += pairs / 12 * (n + 1 - r.ties / (n * (n - 1)));
	if (exact) {
		ret = count_sums(r.rank, r.nr, s->n_a, &one);
		if (!ret)
			ret = add_sums(&sum->sums, one);
	}
	free(r.rank);
	return ret;
}

/* How many relabellings lie at least as far from the middle. */
static int rank_sum_p(const struct stratum *stratum, size_t nr, double *p)
{
	const bool exact = count_values(stratum, nr) <= EXACT_MAX_N;
	struct rank_sum sum = { .observed = 0 };
	double distance, far = 0;
	int ret = 0;

	for (size_t i = 0; !ret && i < nr; i++)
		if (has_both(&stratum[i]))
			ret = add_stratum(&sum, &stratum[i], exact);
	if (ret)
		goto out;
	distance = fabs(sum.observed - sum.middle);
	if (exact) {
		for (size_t s = 0; s < sum.sums.nr; s++)
			if (fabs((double)s - sum.middle) >= distance)
				far += sum.sums.ways[s];
		*p = far / total(&sum.sums);
	} else {
		distance = fmax(distance / 2 - 0.5, 0); /* ranks are doubled; continuity */
		*p = sum.variance > 0 ? two_sided_normal(distance / sqrt(sum.variance)) : 1;
	}
out:
	free(sum.sums.ways);
	return ret;
}

static double log_choose(size_t n, size_t k)
{
	return lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
}

static double least_p(const struct stratum *stratum, size_t nr)
{
	double logarithm = 0;

	for (size_t i = 0; i < nr; i++)
		if (has_both(&stratum[i]))
			logarithm +=
				log_choose(stratum[i].n_a + stratum[i].n_b, stratum[i].n_a);
	return fmin(2 * exp(-logarithm), 1);
}

/* ---- the ratio and its interval ---- */

static double quotient(double b, double a)
{
	if (a == b)
		return 1;
	return b / a; /* a = 0: infinite, in its place in the order */
}

/* Pairs whose quotient is at most t: it grows with b and falls with a. */
static size_t count_quotients(const struct stratum *s, double t)
{
	size_t pairs = 0, j = 0;

	for (size_t i = 0; i < s->n_a; i++) {
		while (j < s->n_b && quotient(s->b[j], s->a[i]) <= t)
			j++;
		pairs += j;
	}
	return pairs;
}

/*
 * The quotient of that rank, from 0, over all strata, without making the list of them: the
 * bits of a double that is not negative, read as a number, are in the order of its value.
 */
static double quotient_of_rank(const struct stratum *stratum, size_t nr, size_t rank)
{
	uint64_t low = 0, high;
	double t = INFINITY;

	memcpy(&high, &t, sizeof(high));
	while (low < high) {
		const uint64_t middle = low + (high - low) / 2;
		size_t pairs = 0;

		memcpy(&t, &middle, sizeof(t));
		for (size_t i = 0; i < nr; i++)
			pairs += has_both(&stratum[i]) ? count_quotients(&stratum[i], t) : 0;
		if (pairs > rank)
			high = middle;
		else
			low = middle + 1;
	}
	memcpy(&t, &low, sizeof(t));
	return t;
}

static double count_pairs(const struct stratum *stratum, size_t nr)
{
	double pairs = 0;

	for (size_t i = 0; i < nr; i++)
		pairs += (double)stratum[i].n_a * (double)stratum[i].n_b;
	return pairs;
}

static double median_quotient(const struct stratum *stratum, size_t nr)
{
	const size_t pairs = (size_t)count_pairs(stratum, nr);
	const double low = quotient_of_rank(stratum, nr, (pairs - 1) / 2);
	const double high = pairs % 2 ? low : quotient_of_rank(stratum, nr, pairs / 2);

	return low == high ? low : (low + high) / 2; /* infinities: never inf - inf */
}

/* The number of values k from the least on for which 2 P(sum <= k) is at most miss. */
static size_t tail_length(const struct sums *sums, size_t least, double miss)
{
	const double all = total(sums);
	double below = 0;
	size_t k = 0;

	for (size_t s = least; s < sums->nr; s++, k++) {
		below += sums->ways[s];
		if (2 * below > miss * all * (1 + 1e-12))
			break;
	}
	return k;
}

/*
 * Which of the sorted quotients, counted from either end, from 1, bounds the
 * interval: the largest k with 2 P(U < k) <= miss when nothing is tied. 0: none.
 */
static int interval_index(const struct stratum *stratum, size_t nr, double miss, size_t *index)
{
	struct sums sums = { .ways = NULL }, one;
	size_t least = 0;
	double variance = 0;
	int ret = 0;

	if (count_values(stratum, nr) > EXACT_MAX_N) {
		for (size_t i = 0; i < nr; i++)
			variance += (double)stratum[i].n_a * (double)stratum[i].n_b *
				    (double)(stratum[i].n_a + stratum[i].n_b + 1) / 12;
		*index = (size_t)fmax(count_pairs(stratum, nr) / 2 -
					      normal_quantile(miss) * sqrt(variance),
				      0);
		return 0;
	}
	for (size_t i = 0; !ret && i < nr; i++) {
		if (!has_both(&stratum[i]))
			continue;
		least += stratum[i].n_a * (stratum[i].n_a + 1) / 2;
		ret = untied_sums(stratum[i].n_a, stratum[i].n_b, &one);
		if (!ret)
			ret = add_sums(&sums, one);
	}
	if (!ret)
		*index = tail_length(&sums, least, miss);
	free(sums.ways);
	return ret;
}

int contrast_interval(const struct stratum *stratum, size_t nr, double miss, double *low,
		      double *high)
{
	const size_t pairs = (size_t)count_pairs(stratum, nr);
	size_t index;
	int ret;

	*low = *high = NAN;
	if (!pairs)
		return 0;
	ret = interval_index(stratum, nr, miss, &index);
	if (!ret && index) {
		*low = quotient_of_rank(stratum, nr, index - 1);
		*high = quotient_of_rank(stratum, nr, pairs - index);
	}
	return ret;
}

/* ---- unequal spreads ---- */

/* How many of the sorted values lie below x, those equal to it counting half. */
static double placement(const double *sorted, size_t n, double x)
{
	size_t low = 0, high = n, first;

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (sorted[middle] < x)
			low = middle + 1;
		else
			high = middle;
	}
	first = low;
	for (high = n; low < high;) {
		const size_t middle = (low + high) / 2;

		if (sorted[middle] <= x)
			low = middle + 1;
		else
			high = middle;
	}
	return ((double)first + (double)low) / 2;
}

/* Where the values of one sample lie among those of the other. */
struct placements {
	double sum, scatter; /* n times their variance */
	size_t freedom;
};

static struct placements place(const double *x, size_t n, const double *y, size_t n_y)
{
	struct placements p = { .freedom = n - 1 };
	double squares = 0;

	for (size_t i = 0; i < n; i++)
		p.sum += placement(y, n_y, x[i]);
	for (size_t i = 0; i < n; i++) {
		const double d = placement(y, n_y, x[i]) - p.sum / (double)n;

		squares += d * d;
	}
	p.scatter = n > 1 ? (double)n * squares / (double)(n - 1) : 0;
	return p;
}

/* Its share of the degrees of freedom, by Welch and Satterthwaite. */
static double weight_of(const struct placements *p)
{
	return p->freedom ? p->scatter * p->scatter / (double)p->freedom : 0;
}

/* The regularised incomplete beta function's continued fraction, by Lentz's method. */
static double beta_fraction(double x, double a, double b)
{
	double c = 1, d = 1 / fmax(1 - (a + b) * x / (a + 1), 1e-300), f = d;

	for (unsigned m = 1; m < 300; m++) {
		const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));

		d = 1 / (1 + even * d);
		c = 1 + even / c;
		f *= c * d;
		d = 1 / (1 + odd * d);
		c = 1 + odd / c;
		f *= c * d;
		if (fabs(c * d - 1) < 1e-13)
			break;
	}
	return f;
}

/* P(|T| >= t) of Student's distribution; freedom need not be whole. */
static double two_sided_student(double t, double freedom)
{
	const double x = freedom / (freedom + t * t), a = freedom / 2, b = 0.5;
	const double front =
		exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));

	if (!(t != 0) || x >= 1)
		return 1;
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(x, a, b) / a;
	return 1 - front * beta_fraction(1 - x, b, a) / b;
}

static double location_p(const struct stratum *stratum, size_t nr)
{
	double difference = 0, variance = 0, weights = 0;

	for (size_t i = 0; i < nr; i++) {
		const struct stratum *s = &stratum[i];
		struct placements a, b;

		if (!has_both(s))
			continue;
		a = place(s->a, s->n_a, s->b, s->n_b);
		b = place(s->b, s->n_b, s->a, s->n_a);
		difference += a.sum - (double)s->n_a * (double)s->n_b / 2;
		variance += a.scatter + b.scatter;
		weights += weight_of(&a) + weight_of(&b);
	}
	if (!(variance > 0))
		return difference != 0 ? 0 : 1; /* completely separated, or all the same */
	return two_sided_student(difference / sqrt(variance), variance * variance / weights);
}

/* Distances from the median, as factors where that is possible; *to is sorted. */
static void distances(const double *sorted, size_t n, double *to)
{
	const double middle = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
	const bool factors = sorted[0] > 0;

	for (size_t i = 0; i < n; i++)
		to[i] = factors ? fabs(log(sorted[i] / middle)) : fabs(sorted[i] - middle);
	qsort(to, n, sizeof(*to), by_value);
}

int contrast_spread(const struct stratum *stratum, size_t nr, double *p)
{
	double *values = calloc(count_values(stratum, nr) + 1, sizeof(*values)), *at = values;
	struct stratum *far = calloc(nr + 1, sizeof(*far));
	int ret = -ENOMEM;

	if (!values || !far)
		goto out;
	for (size_t i = 0; i < nr; i++) {
		if (!has_both(&stratum[i]))
			continue;
		far[i] = (struct stratum){ at, at + stratum[i].n_a, stratum[i].n_a,
					   stratum[i].n_b };
		distances(stratum[i].a, stratum[i].n_a, far[i].a);
		distances(stratum[i].b, stratum[i].n_b, far[i].b);
		at += stratum[i].n_a + stratum[i].n_b;
	}
	ret = rank_sum_p(far, nr, p);
out:
	free(far);
	free(values);
	return ret;
}

/* ---- all of it ---- */

static bool is_constant(const struct stratum *stratum, size_t nr)
{
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < nr; i++)
		if (has_both(&stratum[i])) {
			low = fmin(low, fmin(stratum[i].a[0], stratum[i].b[0]));
			high = fmax(high, fmax(stratum[i].a[stratum[i].n_a - 1],
					       stratum[i].b[stratum[i].n_b - 1]));
		}
	return low == high;
}

int contrast_make(const struct stratum *stratum, size_t nr, struct contrast *out)
{
	struct contrast c = {
		.ratio = NAN, .low = NAN, .high = NAN, .p = 1, .p_location = 1, .p_least = 1
	};
	int ret;

	for (size_t i = 0; i < nr; i++)
		if (has_both(&stratum[i])) {
			c.n_a += stratum[i].n_a;
			c.n_b += stratum[i].n_b;
		}
	if (c.n_a) {
		c.constant = is_constant(stratum, nr);
		c.p_least = least_p(stratum, nr);
		ret = c.constant ? 0 : rank_sum_p(stratum, nr, &c.p);
		if (!ret)
			ret = contrast_interval(stratum, nr, STATS_LEVEL, &c.low, &c.high);
		if (ret)
			return ret;
		c.ratio = median_quotient(stratum, nr);
		/* Above the level nothing is decided by it. */
		if (c.p <= STATS_LEVEL)
			c.p_location = location_p(stratum, nr);
	}
	*out = c;
	return 0;
}

int contrast_critical(size_t n, double level, size_t *disorder)
{
	const double pairs = (double)n * (double)n;
	struct sums sums;
	int ret;

	if (2 * n > EXACT_MAX_N) {
		*disorder = (size_t)fmax(pairs / 2 - 0.5 -
						 normal_quantile(level) *
							 sqrt(pairs * (double)(2 * n + 1) / 12),
					 0);
		return 0;
	}
	ret = untied_sums(n, n, &sums);
	if (ret)
		return ret;
	*disorder = tail_length(&sums, n * (n + 1) / 2, level);
	free(sums.ways);
	if (!*disorder)
		return -EDOM;
	(*disorder)--;
	return 0;
}
