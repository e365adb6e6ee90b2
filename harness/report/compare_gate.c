// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parses the conditions of --fail-on and evaluates them against the verdicts.
 */
#include "harness/report/compare_part.h"

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

static bool is_matched(const struct term *t, const struct comparison *r)
{
	return !fnmatch(t->pattern, r->metric->name, 0);
}

static size_t count_matches(const struct compare *c, const struct term *t)
{
	size_t nr = 0;

	for (size_t i = 0; i < c->nr; i++)
		nr += is_matched(t, &c->row[i]);
	return nr;
}

/* ---- a verdict ---- */

/* A term about all is decided by the primary metrics and the failures, where some are named. */
static bool is_needed(const struct compare *c, const struct term *t, const struct comparison *r)
{
	return strcmp(t->pattern, "*") || !c->has_primary || r->family != FAMILY_OTHERS;
}

static enum gate_result weigh_verdict(const struct compare *c, const struct term *t,
				      const struct comparison *r)
{
	if ((r->change == CHANGE_WORSE && t->worse) ||
	    (r->change == CHANGE_BETTER && t->better) ||
	    (r->change == CHANGE_SPREAD && t->worse && t->better))
		return GATE_TRIPPED;
	if (!is_needed(c, t, r))
		return GATE_HOLDS;
	return r->could_show && r->change != CHANGE_TOO_FEW ? GATE_HOLDS : GATE_UNDECIDED;
}

/* ---- a threshold ---- */

/*
 * It trips where all of the interval lies beyond the bound, adjusted for the tests that could
 * each trip it falsely, and holds where none of it does. nr: rows that the term matches.
 */
static int weigh_threshold(const struct compare *c, const struct term *t,
			   const struct comparison *r, size_t nr, enum gate_result *result)
{
	const double bound = 1 + t->change;
	double low, high;
	int ret = compare_interval(c, r, STATS_LEVEL / (double)nr, &low, &high);

	*result = GATE_UNDECIDED;
	if (ret)
		return ret;
	if (t->above ? low > bound || (t->or_equal && low >= bound)
		     : high < bound || (t->or_equal && high <= bound))
		*result = GATE_TRIPPED;
	low = r->contrast.low;
	high = r->contrast.high;
	if (t->above ? high < bound || (!t->or_equal && high <= bound)
		     : low > bound || (!t->or_equal && low >= bound))
		*result = GATE_HOLDS;
	return 0;
}

/* ---- all rows ---- */

static void explain_undecided(const struct term *t, const struct comparison *r,
			      const char *place, struct gate *gate)
{
	if (isnan(r->contrast.low) || !t->has_threshold)
		snprintf(gate->why, sizeof(gate->why),
			 "%s: %s of %s in %s has too few runs (%zu and %zu) to decide", t->text,
			 r->metric->name, r->worker, place, r->contrast.n_a, r->contrast.n_b);
	else
		snprintf(
			gate->why, sizeof(gate->why),
			"%s: %s of %s in %s: the interval %.3f … %.3f has the threshold within it",
			t->text, r->metric->name, r->worker, place, r->contrast.low,
			r->contrast.high);
}

static void explain(const struct term *t, const struct comparison *r, enum gate_result result,
		    struct gate *gate)
{
	const char *place = *r->cell ? r->cell : "the only cell";

	gate->result = result;
	if (result == GATE_UNDECIDED)
		explain_undecided(t, r, place, gate);
	else if (r->change == CHANGE_SPREAD)
		snprintf(gate->why, sizeof(gate->why),
			 "%s: %s of %s in %s differs in spread alone", t->text, r->metric->name,
			 r->worker, place);
	else
		snprintf(gate->why, sizeof(gate->why),
			 "%s: %s of %s in %s %s by a factor of %.3f", t->text, r->metric->name,
			 r->worker, place,
			 r->change == CHANGE_WORSE    ? "is worse"
			 : r->change == CHANGE_BETTER ? "is better"
						      : "differs",
			 r->contrast.ratio);
}

/* Whatever the runs say: of two recordings of the same thing on two days it said so too. */
static bool is_across(const struct compare *c, const struct comparison *r)
{
	return r->across != ACROSS_NOTHING && !c->across_allowed;
}

static void explain_across(const struct term *t, const struct comparison *r, struct gate *gate)
{
	gate->result = GATE_UNDECIDED;
	snprintf(
		gate->why, sizeof(gate->why),
		"%s: A and B were recorded on different %s, which are compared too: record both in turn, or say --across",
		t->text, r->across == ACROSS_MACHINES ? "machines" : "days");
}

static int apply(const struct compare *c, const struct term *t, struct gate *gate,
		 struct error *e)
{
	const size_t nr = count_matches(c, t);

	if (!nr)
		return error_set(
			e, EINVAL,
			"--fail-on %s: %s was not recorded or not compared, so it cannot be decided",
			t->text, t->pattern);
	for (size_t i = 0; i < c->nr && gate->result != GATE_TRIPPED; i++) {
		const struct comparison *r = &c->row[i];
		enum gate_result result = GATE_HOLDS;

		if (!is_matched(t, r))
			continue;
		if (is_across(c, r)) {
			explain_across(t, r, gate);
			return 0;
		}
		if (!t->has_threshold)
			result = weigh_verdict(c, t, r);
		else if (weigh_threshold(c, t, r, nr, &result))
			return error_set(e, ENOMEM, "--fail-on %s: %s", t->text,
					 strerror(ENOMEM));
		if (result == GATE_TRIPPED ||
		    (result == GATE_UNDECIDED && gate->result == GATE_HOLDS))
			explain(t, r, result, gate);
	}
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
