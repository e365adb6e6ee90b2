// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A report as one JSON document: the same numbers as the text, unrounded.
 */
#include "harness/report/report.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

/*
 * Text that is not UTF-8 cannot be JSON. Then the list and the document fail: a row must not be
 * missing silently.
 */
static json_t *append(json_t *list, json_t *item)
{
	if (!json_array_append_new(list, item))
		return list;
	json_decref(list);
	return NULL;
}

static json_t *number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *json_metric(const struct report *r, size_t series, size_t metric)
{
	const struct summary *s = report_summary(r, series, metric);
	const struct column *m = r->metrics.at[metric];
	double ratio;
	enum change change = report_change(r, series, metric, &ratio);

	return json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:s?}",
			 "metric", m->name, "unit", m->unit, "better",
			 m->metric.better == BETTER_LOWER ? "lower" : "higher", "n",
			 (json_int_t)s->n, "median", number_or_null(s->median), "mad",
			 number_or_null(s->mad), "low", number_or_null(s->low), "high",
			 number_or_null(s->high), "min", number_or_null(s->min), "max",
			 number_or_null(s->max), "outliers", (json_int_t)s->outliers,
			 "ratio_to_first_cell", number_or_null(ratio), "verdict",
			 isnan(ratio) ? NULL : change_name(change));
}

static json_t *json_cells(const struct report *r)
{
	json_t *cells = json_array();

	for (size_t i = 0; i < r->dir.nr_series; i++) {
		const struct series *s = &r->dir.series[i];
		json_t *list = json_array();

		for (size_t m = 0; m < r->metrics.nr; m++)
			if (report_summary(r, i, m)->n)
				list = append(list, json_metric(r, i, m));
		cells = append(cells,
			       json_pack("{s:I, s:s, s:s, s:s, s:o}", "cell",
					 (json_int_t)s->cell, "label", s->label, "worker",
					 s->worker, "workload", s->workload, "metrics", list));
	}
	return cells;
}

static json_t *json_truth(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->nr_truth; i++) {
		const struct truth_line *t = &r->truth[i];

		list = append(
			list,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, "
				  "s:o, s:o, "
				  "s:o, s:I, s:s?, s:s?, s:s}",
				  "verdict", truth_name(t->verdict), "worker", t->worker,
				  "quantity", t->quantity, "span", t->span, "counter",
				  t->counter, "unit", t->unit, "relation", t->relation, "basis",
				  t->basis, "expected_min", number_or_null(t->expected_min),
				  "expected_max", number_or_null(t->expected_max), "tolerance",
				  number_or_null(result_dir_number(t->tolerance)),
				  "observed_min", number_or_null(t->observed_min),
				  "observed_max", number_or_null(t->observed_max), "noise",
				  number_or_null(t->noise), "n", (json_int_t)t->nr, "cell",
				  t->cell_label, "repeat", t->cell_label ? t->repeat : NULL,
				  "why", t->why));
	}
	return list;
}

static json_t *json_noise(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->nr_noise; i++)
		list = append(list,
			      json_pack("{s:s, s:s, s:s, s:o}", "counter", r->noise[i].counter,
					"span", r->noise[i].span, "unit", r->noise[i].unit,
					"noise", number_or_null(r->noise[i].noise)));
	return list;
}

static json_t *json_unexpected(const struct report *r)
{
	const struct result_dir *f = &r->dir;
	json_t *list = json_array();

	for (size_t i = 0; i < r->nr_unexpected; i++) {
		size_t row = r->unexpected[i];

		list = append(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "outcome",
					      result_dir_run_cell(f, row, "outcome"), "worker",
					      result_dir_run_cell(f, row, "worker"), "cell",
					      result_dir_run_cell(f, row, "cell_label"),
					      "repeat", result_dir_run_cell(f, row, "repeat"),
					      "reason", result_dir_run_cell(f, row, "reason")));
	}
	return list;
}

static json_t *json_tallies(const struct report *r)
{
	json_t *outcomes = json_object(), *claims = json_object();

	for (unsigned i = 0; i < r->nr_outcomes; i++)
		json_object_set_new(outcomes, r->outcome[i].word,
				    json_integer(r->outcome[i].nr));
	for (enum truth t = 0; t < TRUTH_KINDS; t++)
		json_object_set_new(claims, truth_name(t), json_integer(r->claims[t]));
	return json_pack("{s:o, s:o, s:I}", "outcomes", outcomes, "claims", claims, "repeated",
			 (json_int_t)r->dir.repeated);
}

struct json_t *report_json(const struct report *r)
{
	json_t *run = r->dir.run ? json_incref(r->dir.run) : json_null();
	json_t *tallies = json_tallies(r);
	json_t *document = json_pack(
		"{s:i, s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:o}", "schema", 1, "run",
		r->dir.id, "path", r->dir.path, "partial", r->dir.partial, "clean",
		report_is_clean(r), "unexpected", json_unexpected(r), "cells", json_cells(r),
		"truth", json_truth(r), "noise_floor", json_noise(r), "run_json", run);

	if (document)
		json_object_update(document, tallies);
	json_decref(tallies);
	return document;
}
