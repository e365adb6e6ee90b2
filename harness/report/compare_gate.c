// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parses the conditions of --fail-on and evaluates them against the verdicts.
 */
#include "harness/report/compare.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct term {
	char text[128];
	char pattern[96];   /* of the metric's name */
	bool better, worse; /* which verdicts trip it */
	bool has_threshold;
	bool above, or_equal;
	double change; /* 0.05 for +5% */
};

static bool parse_verdict(const char *word, struct term *t)
{
	t->worse = !strcmp(word, "worse") || !strcmp(word, "changed");
	t->better = !strcmp(word, "better") || !strcmp(word, "changed");
	return t->worse || t->better;
}

/* +5%, -2.5 % */
static bool parse_change(const char *text, double *change)
{
	char *end;

	*change = strtod(text, &end) / 100;
	if (end == text || !isfinite(*change))
		return false;
	end += strspn(end, " ");
	return !strcmp(end, "%");
}

static bool parse_threshold(const char *text, struct term *t)
{
	t->above = *text == '>';
	t->or_equal = text[1] == '=';
	t->better = t->worse = t->has_threshold = true;
	return parse_change(text + 1 + t->or_equal, &t->change);
}

static int parse_term(const char *text, size_t length, struct term *t, struct error *e)
{
	size_t name;
	bool good;

	*t = (struct term){ .pattern = "*" };
	if (length >= sizeof(t->text))
		return error_set(e, EINVAL, "--fail-on: a term has at most %zu characters",
				 sizeof(t->text) - 1);
	memcpy(t->text, text, length);
	if (parse_verdict(t->text, t))
		return 0;
	name = strcspn(t->text, "<>=");
	snprintf(t->pattern, sizeof(t->pattern), "%.*s", (int)name, t->text);
	good = t->text[name] == '=' ? parse_verdict(t->text + name + 1, t)
				    : t->text[name] && parse_threshold(t->text + name, t);
	if (!good)
		return error_set(
			e, EINVAL,
			"--fail-on: cannot read '%s': write worse, better, changed, latency_p99_ns=worse or latency_p99_ns>+5%%",
			t->text);
	if (!metric_is_known(t->pattern))
		return error_set(
			e, EINVAL,
			"--fail-on: no metric is called '%s'; compare --help lists them",
			t->pattern);
	return 0;
}

static bool exceeds(const struct term *t, double ratio)
{
	double bound = 1 + t->change;

	if (t->or_equal && ratio == bound)
		return true;
	return t->above ? ratio > bound : ratio < bound;
}

static bool trips(const struct term *t, const struct comparison *r)
{
	bool verdict = (r->change == CHANGE_WORSE && t->worse) ||
		       (r->change == CHANGE_BETTER && t->better);

	return verdict && (!t->has_threshold || exceeds(t, r->contrast.ratio));
}

static bool is_catch_all(const struct term *t)
{
	return !strcmp(t->pattern, "*");
}

/*
 * A term about one metric must be decided for that metric. A term about all is undecided only
 * where n itself is too small: some metric among many usually requires more repeats.
 */
static bool is_undecided(const struct term *t, const struct comparison *r)
{
	if (r->change != CHANGE_TOO_FEW)
		return false;
	return !is_catch_all(t) || r->contrast.p_least > STATS_LEVEL;
}

static void explain(const struct term *t, const struct comparison *r, struct gate *gate)
{
	const char *cell = *r->cell ? r->cell : "the only cell";

	if (gate->result == GATE_TRIPPED)
		snprintf(gate->why, sizeof(gate->why),
			 "%s: %s of %s in %s is %s by a factor of %.3f", t->text,
			 r->metric->name, r->worker, cell, change_name(r->change),
			 r->contrast.ratio);
	else
		snprintf(gate->why, sizeof(gate->why),
			 "%s: %s of %s in %s has too few runs (%zu and %zu) to decide", t->text,
			 r->metric->name, r->worker, cell, r->contrast.n_a, r->contrast.n_b);
}

static int apply(const struct compare *c, const struct term *t, struct gate *gate,
		 struct error *e)
{
	bool seen = false;

	for (size_t i = 0; i < c->nr; i++) {
		const struct comparison *r = &c->row[i];

		if (fnmatch(t->pattern, r->metric->name, 0))
			continue;
		seen = true;
		if (trips(t, r)) {
			gate->result = GATE_TRIPPED;
			explain(t, r, gate);
			return 0;
		}
		if (gate->result == GATE_HOLDS && is_undecided(t, r)) {
			gate->result = GATE_UNDECIDED;
			explain(t, r, gate);
		}
	}
	if (!seen)
		return error_set(
			e, EINVAL,
			"--fail-on %s: %s was not recorded or not compared, so it cannot be decided",
			t->text, t->pattern);
	return 0;
}

int compare_gate(const struct compare *c, const char *expression, struct gate *gate,
		 struct error *e)
{
	struct gate found = { GATE_HOLDS, "" };
	const char *at = expression;
	bool more = true;

	while (more) {
		size_t length = strcspn(at, ",");
		struct term t;
		int ret = parse_term(at, length, &t, e);

		if (!ret && found.result != GATE_TRIPPED)
			ret = apply(c, &t, &found, e);
		if (ret)
			return ret;
		more = at[length];
		at += length + 1;
	}
	*gate = found;
	return 0;
}
