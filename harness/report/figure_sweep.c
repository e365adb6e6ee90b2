// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Figures over a swept setting: the curves of each panel, its scale and its title.
 */
#include "harness/report/figure.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/figure_axis.h"
#include "harness/report/figure_curve.h"

#define LOG_SPAN  20  /* largest over smallest value from which an axis is logarithmic */
#define FROM_ZERO 0.5 /* smallest over largest below which the axis starts at 0 */

/* One worker over one setting. */
struct sweep {
	struct axis axis;
	struct curves curves; /* of the drawing under way */
	char **rest;	      /* the other settings of the labels, each once */
	size_t nr_rests;
};

static const struct swept *find_swept(const struct report *r, const char *key)
{
	for (unsigned i = 0; i < r->nr_swept; i++)
		if (!strcmp(r->swept[i].key, key))
			return &r->swept[i];
	return NULL;
}

/* Whether the metric has a curve in this figure. */
static bool is_drawn(const struct column *m, const struct panel_figure *p)
{
	return m->metric.legend && m->metric.panel == p->panel;
}

/* Where only this setting is swept: all the panel's metrics. */
static int add_metrics(struct sweep *s, const struct panel_figure *p)
{
	const struct metric_list *metrics = &s->curves.report->metrics;
	int ret = 0;

	for (size_t i = 0; !ret && i < metrics->nr; i++)
		if (is_drawn(metrics->at[i], p))
			ret = curves_add(&s->curves, i, s->rest[0],
					 metrics->at[i]->metric.legend);
	return ret;
}

/* One metric, for the other settings: all of them, or a spread from the first to the last. */
static int add_rests(struct sweep *s, size_t metric)
{
	size_t nr = s->nr_rests < FIGURE_CURVES ? s->nr_rests : FIGURE_CURVES;
	int ret = 0;

	for (size_t i = 0; !ret && i < nr; i++) {
		const char *rest = s->rest[i * (s->nr_rests - 1) / (nr - 1)];

		ret = curves_add(&s->curves, metric, rest, rest);
	}
	return ret;
}

static bool is_logarithmic(struct extent x)
{
	return x.low > 0 && x.high > LOG_SPAN * x.low;
}

static void write_y_axis(struct extent x, double divisor, FILE *out)
{
	if (is_logarithmic(x))
		fputs("set logscale y\n", out);
	else if (x.low < FROM_ZERO * x.high)
		fprintf(out, "set yrange [0:%.9g]\n", 1.08 * x.high / divisor);
	else
		fprintf(out, "set yrange [%.9g:%.9g]\n",
			(x.low - 0.08 * (x.high - x.low)) / divisor,
			(x.high + 0.08 * (x.high - x.low)) / divisor);
}

static void name_figure(const struct sweep *s, const char *title, enum measure measure,
			const char *unit, struct figure *figure)
{
	size_t left_out = s->nr_rests > FIGURE_CURVES ? s->nr_rests - FIGURE_CURVES : 0;
	bool pages = measure == MEASURE_PAGES;

	snprintf(figure->title, sizeof(figure->title), "%s%s%s%s", title,
		 *unit || pages ? ", " : "", unit, pages ? (*unit ? " pages" : "pages") : "");
	snprintf(figure->note, sizeof(figure->note), "%s", s->axis.scale);
	if (left_out)
		snprintf(figure->note, sizeof(figure->note),
			 "%s%s%zu more curves are in the table", s->axis.scale,
			 *s->axis.scale ? "; " : "", left_out);
	for (size_t i = 0; s->curves.nr > 1 && i < s->curves.nr; i++)
		figure_add_legend(figure, s->curves.curve[i].legend, i);
}

/* Draws the curves that were added; nothing when they are flat. */
static int draw_curves(struct figures *f, const struct sweep *s, const char *title)
{
	struct extent x = curves_extent(&s->curves);
	struct figure figure = { .svg = NULL };
	struct plot p;
	enum measure measure;
	const char *unit;
	double divisor;
	bool spans_decades;
	int ret;

	if (!curves_differ(&s->curves))
		return 0;
	measure = metric_measure(s->curves.curve[0].metric);
	divisor = metric_scale(measure, x.high, &unit);
	spans_decades = measure == MEASURE_NANOSECONDS && is_logarithmic(x);
	if (spans_decades) {
		unit = "";
		divisor = 1e9;
	}
	name_figure(s, title, measure, unit, &figure);
	ret = plot_begin(&p);
	if (ret)
		return ret;
	axis_write(&s->axis, &p);
	write_y_axis(x, divisor, p.script);
	if (spans_decades)
		plot_y_in_seconds(&p);
	ret = curves_write(&s->curves, &p, divisor);
	if (ret) {
		plot_cancel(&p);
		return ret;
	}
	return figures_take(f, &figure, &p);
}

static int draw_panel(struct figures *f, struct sweep *s, const struct panel_figure *p)
{
	const struct metric_list *metrics = &s->curves.report->metrics;
	char title[160];
	int ret = 0;

	if (s->nr_rests == 1) {
		ret = add_metrics(s, p);
		if (!ret)
			ret = draw_curves(f, s, p->title);
		curves_drop(&s->curves);
		return ret;
	}
	for (size_t i = 0; !ret && i < metrics->nr; i++) {
		const char *legend = metrics->at[i]->metric.legend;

		if (!is_drawn(metrics->at[i], p))
			continue;
		snprintf(title, sizeof(title), "%s%s%s", p->title, *legend ? " " : "", legend);
		ret = add_rests(s, i);
		if (!ret)
			ret = draw_curves(f, s, title);
		curves_drop(&s->curves);
	}
	return ret;
}

bool figure_is_zipped(const struct report *r, const char *worker, const char *key)
{
	const struct swept *axis = find_swept(r, key);
	const struct result_dir *f = &r->dir;
	char value[CELL_LABEL_BYTES];

	for (size_t v = 0; axis && v < axis->nr; v++) {
		size_t cells = 0;

		for (size_t i = 0; i < f->nr_series; i++)
			cells += !strcmp(f->series[i].worker, worker) &&
				 label_value(f->series[i].label, key, value, sizeof(value)) &&
				 !strcmp(value, axis->value[v]);
		if (cells > 1)
			return false;
	}
	return axis != NULL;
}

static int add_rest(struct sweep *s, const char *rest)
{
	char **grown;

	for (size_t i = 0; i < s->nr_rests; i++)
		if (!strcmp(s->rest[i], rest))
			return 0;
	grown = reallocarray(s->rest, s->nr_rests + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->rest = grown;
	s->rest[s->nr_rests] = strdup(rest);
	return s->rest[s->nr_rests++] ? 0 : -ENOMEM;
}

/* The worker's cells that have this setting at all. */
static int find_rests(struct sweep *s)
{
	const struct result_dir *f = &s->curves.report->dir;
	char text[CELL_LABEL_BYTES];
	int ret = 0;

	if (figure_is_zipped(s->curves.report, s->curves.worker, s->axis.swept->key))
		return add_rest(s, ""); /* matches any other settings */
	for (size_t i = 0; !ret && i < f->nr_series; i++) {
		if (strcmp(f->series[i].worker, s->curves.worker) ||
		    !label_value(f->series[i].label, s->axis.swept->key, text, sizeof(text)))
			continue;
		label_rest(f->series[i].label, s->axis.swept->key, text, sizeof(text));
		ret = add_rest(s, text);
	}
	return ret;
}

int figures_sweep(struct figures *f, const struct report *r, const char *worker,
		  const char *key)
{
	const struct swept *swept = find_swept(r, key);
	struct sweep s = { .rest = NULL };
	int ret;

	if (!swept || swept->nr < 2)
		return 0;
	ret = axis_make(&s.axis, swept);
	if (ret)
		return ret;
	s.curves = (struct curves){ .report = r, .worker = worker, .axis = &s.axis };
	ret = find_rests(&s);
	for (const struct panel_figure *p = panel_figures;
	     !ret && s.nr_rests && !f->give_up && p->title; p++) {
		size_t drawn = f->nr;

		ret = draw_panel(f, &s, p);
		p += p->instead && f->nr > drawn;
	}
	for (size_t i = 0; i < s.nr_rests; i++)
		free(s.rest[i]);
	free(s.rest);
	axis_release(&s.axis);
	return ret;
}
