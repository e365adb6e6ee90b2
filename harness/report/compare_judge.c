// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From tests to verdicts: the families, what repeats another metric, the adjustment. Reads no
 * directory but for that.
 */
#include "harness/report/compare_part.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *change_name(enum change change)
{
	static const char *const names[] = {
		[CHANGE_WORSE] = "worse",	   [CHANGE_BETTER] = "better",
		[CHANGE_TOO_FEW] = "too few runs", [CHANGE_SPREAD] = "spread",
		[CHANGE_NOISE] = "within noise",
	};

	return names[change];
}

const char *family_name(enum family family)
{
	static const char *const names[NR_FAMILIES] = {
		[FAMILY_FAILURES] = "failures",
		[FAMILY_PRIMARY] = "primary",
		[FAMILY_OTHERS] = "others",
	};

	return names[family];
}

/* ---- metrics that say the same ---- */

/* The largest relative error of a time of 6 decimals, or of a rate of none. */
static double rounding(const struct comparison *r)
{
	const double least = fmin(r->a.min, r->b.min);

	return (r->metric->metric.pace == PACE_TIME ? 0.5e-6 : 0.5) / least;
}

/*
 * Whether time x rate, or the quotient of two rates, is the same in every run: *amount, once it
 * is known. value: nr of the one and then nr of the other.
 */
static bool is_fixed(const double *value, size_t nr, bool product, double error, double *amount)
{
	for (size_t i = 0; i < nr; i++) {
		const double x = value[i], y = value[nr + i];
		const double now = product ? x * y : x / y;

		if (isnan(x) != isnan(y))
			return false;
		if (isnan(x))
			continue;
		if (isnan(*amount))
			*amount = now;
		if (!(fabs(now / *amount - 1) <= error))
			return false;
	}
	return true;
}

static int is_fixed_in(const struct result_dir *f, const struct series *s,
		       const struct comparison *const row[2], double error, double *amount)
{
	const bool product = row[0]->metric->metric.pace != row[1]->metric->metric.pace;
	double *value = calloc(2 * s->nr + 1, sizeof(*value));
	int ret;

	if (!value)
		return -ENOMEM;
	result_dir_series_values(f, s, row[0]->metric, value);
	result_dir_series_values(f, s, row[1]->metric, value + s->nr);
	ret = is_fixed(value, s->nr, product, error, amount);
	free(value);
	return ret;
}

/* 1: they say the same; 0; -ENOMEM. */
static int is_same(const struct compare *c, const struct comparison *const row[2])
{
	const double error = 2 * (rounding(row[0]) + rounding(row[1])) + 1e-9;
	double amount = NAN;
	int ret = is_fixed_in(c->dir_a, row[0]->series_a, row, error, &amount);

	return ret > 0 ? is_fixed_in(c->dir_b, row[0]->series_b, row, error, &amount) : ret;
}

/* Whether the row can stand for others: it must itself be in a family. */
static bool is_pace(const struct comparison *r)
{
	return r->metric->metric.pace != PACE_NONE && !r->same_as;
}

/* A primary metric stands for others, else the first. */
static bool comes_first(const struct comparison *l, const struct comparison *r)
{
	return l->family != r->family ? l->family == FAMILY_PRIMARY : l < r;
}

/* The rows from first to end are of one cell and worker. */
static int find_same_in(const struct compare *c, struct comparison *first,
			struct comparison *end)
{
	for (struct comparison *r = first; r < end; r++)
		for (struct comparison *other = first; is_pace(r) && other < end; other++) {
			const struct comparison *const both[] = { other, r };
			int ret;

			if (r == other || !is_pace(other) || !comes_first(other, r))
				continue;
			ret = is_same(c, both);
			if (ret < 0)
				return ret;
			r->same_as = ret ? other->metric : NULL;
		}
	return 0;
}

static int find_same(const struct compare *c)
{
	struct comparison *const behind = c->nr ? c->row + c->nr : NULL; /* no row: no array */
	int ret = 0;

	for (struct comparison *r = c->row, *end; c->nr && !ret && r < behind; r = end) {
		for (end = r + 1; end < behind && end->series_a == r->series_a &&
				  end->series_b == r->series_b;)
			end++;
		ret = find_same_in(c, r, end);
	}
	return ret;
}

/* ---- families ---- */

static bool is_tested(const struct comparison *r)
{
	return r->contrast.p_least <= STATS_LEVEL && !r->contrast.constant && !r->same_as;
}

/* Known before any p is looked at. */
double compare_part_of(const struct compare *c, enum family family)
{
	const double failures = c->nr_of_family[FAMILY_FAILURES] ? 0.4 : 0;
	const double others = c->has_primary ? 1 - COMPARE_PRIMARY_PART : 1 - failures;
	const double looks = c->looks ? c->looks : 1;

	switch (family) {
	case FAMILY_FAILURES:
		return 0.4 / looks;
	case FAMILY_PRIMARY:
		return (1 - failures - others) / looks;
	default:
		return others / looks;
	}
}

static void count_families(struct compare *c)
{
	c->nr_tested = 0;
	memset(c->nr_of_family, 0, sizeof(c->nr_of_family));
	for (size_t i = 0; i < c->nr; i++)
		if (is_tested(&c->row[i])) {
			c->nr_tested++;
			c->nr_of_family[c->row[i].family]++;
		}
}

/* The p of a difference, whatever its kind is, or of one of location. */
static double p_of(const struct comparison *r, bool location)
{
	return location ? fmax(r->contrast.p, r->contrast.p_location) : r->contrast.p;
}

/* adjusted[i]: of row i, to be compared with the whole level. scratch has as many places. */
static int adjust(const struct compare *c, bool location, double *adjusted, double *scratch)
{
	int ret = 0;

	for (enum family family = 0; !ret && family < NR_FAMILIES; family++) {
		size_t nr = 0;

		for (size_t i = 0; i < c->nr; i++)
			if (c->row[i].family == family && is_tested(&c->row[i]))
				scratch[nr++] = p_of(&c->row[i], location);
		ret = stats_adjust(scratch, nr);
		nr = 0;
		for (size_t i = 0; i < c->nr; i++)
			if (c->row[i].family == family)
				adjusted[i] = is_tested(&c->row[i])
						      ? fmin(scratch[nr++] /
								     compare_part_of(c, family),
							     1)
						      : 1;
	}
	return ret;
}

/* ---- verdicts ---- */

/* Whether samples that do not overlap would have been found, and no other row with them. */
static bool could_show(const struct compare *c, const struct comparison *r)
{
	const size_t nr = c->nr_of_family[r->family] + !is_tested(r);

	return r->contrast.p_least * (double)nr <=
	       STATS_LEVEL * compare_part_of(c, r->family) * (1 + 1e-9);
}

static bool is_large_enough(const struct compare *c, const struct comparison *r)
{
	double least = fmax(c->least_effect, r->metric->metric.resolution);

	return fabs(log(r->contrast.ratio)) >= log1p(least);
}

/* The samples are completely separated, yet p cannot pass with this many tests. */
static bool is_starved(const struct comparison *r)
{
	return r->contrast.p <= r->contrast.p_least * (1 + 1e-9) && !r->could_show;
}

/* any: the adjusted p of a difference of whatever kind. */
static enum change judge(const struct compare *c, const struct comparison *r, double any)
{
	const bool higher = r->contrast.ratio > 1;

	if (r->contrast.p_least > STATS_LEVEL)
		return CHANGE_TOO_FEW;
	if (r->contrast.constant)
		return CHANGE_NOISE;
	if (r->p <= STATS_LEVEL && is_large_enough(c, r))
		return higher == (r->metric->metric.better == BETTER_HIGHER) ? CHANGE_BETTER
									     : CHANGE_WORSE;
	if (r->p > STATS_LEVEL && any <= STATS_LEVEL && r->p_spread <= STATS_LEVEL)
		return CHANGE_SPREAD;
	return is_large_enough(c, r) && is_starved(r) ? CHANGE_TOO_FEW : CHANGE_NOISE;
}

/* The metric that it repeats is of the same cell and worker. */
static const struct comparison *find_original(const struct compare *c,
					      const struct comparison *r)
{
	const struct comparison *at = r;

	while (at > c->row && at[-1].series_a == r->series_a && at[-1].series_b == r->series_b)
		at--;
	while (at->metric != r->same_as)
		at++;
	return at;
}

static void follow_originals(struct compare *c)
{
	for (size_t i = 0; i < c->nr; i++) {
		struct comparison *r = &c->row[i];
		const struct comparison *original;

		if (!r->same_as)
			continue;
		original = find_original(c, r);
		r->p = original->p;
		r->could_show = original->could_show;
		r->change = original->change;
	}
}

static void count_changes(struct compare *c)
{
	c->nr_worse = c->nr_better = c->nr_too_few = c->nr_spread = 0;
	for (size_t i = 0; i < c->nr; i++) {
		c->nr_worse += c->row[i].change == CHANGE_WORSE;
		c->nr_better += c->row[i].change == CHANGE_BETTER;
		c->nr_too_few += c->row[i].change == CHANGE_TOO_FEW;
		c->nr_spread += c->row[i].change == CHANGE_SPREAD;
	}
}

int compare_judge(struct compare *c)
{
	double *p = calloc(3 * c->nr + 1, sizeof(*p)), *any = p + c->nr;
	int ret = p ? find_same(c) : -ENOMEM;

	if (ret)
		goto out;
	count_families(c);
	ret = adjust(c, true, p, any + c->nr);
	if (!ret)
		ret = adjust(c, false, any, any + c->nr);
	for (size_t i = 0; !ret && i < c->nr; i++) {
		c->row[i].p = p[i];
		c->row[i].could_show = could_show(c, &c->row[i]);
		c->row[i].change = judge(c, &c->row[i], any[i]);
	}
	follow_originals(c);
	count_changes(c);
out:
	free(p);
	return ret;
}
