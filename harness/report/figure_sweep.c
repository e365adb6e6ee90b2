// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Figures over a swept setting: chooses panels, curves and axes. All amounts come
 * from the report's tables, unrounded.
 */
#include "harness/report/figure.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AXIS_WIDTH   285. /* units of the drawing between the outermost values */
#define LETTER_WIDTH 6.5
#define LABEL_GAP    4
#define LOG_SPAN     20	 /* largest over smallest value from which an axis is logarithmic */
#define FROM_ZERO    0.5 /* smallest over largest below which the axis starts at 0 */
#define METRICS_MAX  3	 /* in one drawing */

struct panel {
	bool instead; /* drawn, it makes the next one superfluous */
	const char *title;
	const char *metric[METRICS_MAX];
	const char *legend[METRICS_MAX];
};

static const struct panel panels[] = {
	{ true, "throughput", { "bytes_per_second" }, { "" } },
	{ false, "operations", { "ops_per_second" }, { "" } },
	{ false, "run time", { "seconds" }, { "" } },
	{ false,
	  "latency",
	  { "latency_p50_ns", "latency_p99_ns", "latency_p999_ns" },
	  { "p50", "p99", "p99.9" } },
	{ false,
	  "refaults",
	  { "refault_anon_pages", "refault_file_pages" },
	  { "anon", "file" } },
	{ false, "swapped", { "swap_in_bytes", "swap_out_bytes" }, { "in", "out" } },
	{ false, "major faults", { "major_faults" }, { "" } },
	{ false, "minor faults", { "minor_faults" }, { "" } },
	{ false,
	  "memory stall",
	  { "psi_memory_some_usec", "psi_memory_full_usec" },
	  { "some", "full" } },
	{ false, "I/O stall full", { "psi_io_full_usec" }, { "" } },
	{ false,
	  "CPU time",
	  { "cpu_user_usec", "cpu_system_usec", "kswapd_cpu_usec" },
	  { "user", "system", "kswapd" } },
	{ false,
	  "pages scanned",
	  { "kswapd_scan_pages", "direct_scan_pages" },
	  { "kswapd", "direct" } },
	{ false, "allocation stalls", { "allocstall" }, { "" } },
};

#define NR_PANELS (sizeof(panels) / sizeof(panels[0]))

/* One curve: a metric in the cells that differ by nothing but the swept setting. */
struct curve {
	const struct metric *metric;
	size_t index;	  /* of the metric */
	const char *rest; /* the other settings */
	const char *legend;
	size_t *series; /* by position on the axis; SIZE_MAX: no such cell */
};

struct sweep {
	const struct report *report;
	const char *worker;
	const struct swept *axis;
	double *position;  /* of each value of the axis */
	const char *scale; /* what the reader must know of it; "": the true scale */
	struct curve curve[FIGURE_CURVES];
	size_t nr_curves;
	char **rest; /* what the labels hold beside this setting, each once */
	size_t nr_rests;
};

struct extent {
	double low, high;
};

static const struct swept *find_swept(const struct report *r, const char *key)
{
	for (unsigned i = 0; i < r->nr_swept; i++)
		if (!strcmp(r->swept[i].key, key))
			return &r->swept[i];
	return NULL;
}

/* The label without this setting. */
static void label_rest(const char *label, const char *key, char *out, size_t out_bytes)
{
	size_t key_length = strlen(key), used = 0;

	out[0] = 0;
	while (*label) {
		size_t length = strcspn(label, ";");
		bool own = length > key_length && label[key_length] == '=' &&
			   !strncmp(label, key, key_length);

		if (!own && used + length + 2 < out_bytes)
			used += snprintf(out + used, out_bytes - used, "%s%.*s",
					 used ? ";" : "", (int)length, label);
		label += length + (label[length] == ';');
	}
}

static struct extent axis_extent(const struct sweep *s)
{
	struct extent x = { INFINITY, -INFINITY };

	for (size_t i = 0; i < s->axis->nr; i++) {
		x.low = fmin(x.low, s->position[i]);
		x.high = fmax(x.high, s->position[i]);
	}
	return x;
}

static bool ends_with(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length >= tail && !strcmp(text + length - tail, suffix);
}

/* A value as it stands on the axis: long numbers of bytes as a profile writes sizes, 512M. */
static void tick(const struct swept *axis, size_t i, char *out, size_t out_bytes)
{
	static const char *const units[] = { "", "K", "M", "G", "T" };
	const char *value = axis->value[i];
	bool kilo = ends_with(axis->key, "_kbytes");
	uint64_t number = strtoull(value, NULL, 10);
	size_t unit = kilo;

	if (!number || strspn(value, "0123456789") != strlen(value) ||
	    !(kilo || ends_with(axis->key, "_bytes"))) {
		snprintf(out, out_bytes, "%s", value);
		return;
	}
	while (number % 1024 == 0 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		number /= 1024;
		unit++;
	}
	snprintf(out, out_bytes, "%" PRIu64 "%s", number, units[unit]);
}

static size_t tick_letters(const struct swept *axis, size_t i)
{
	char text[64];

	tick(axis, i, text, sizeof(text));
	return strlen(text);
}

/* Whether the values' labels stand side by side at these places. */
static bool fits(const struct sweep *s)
{
	struct extent x = axis_extent(s);
	double scale = AXIS_WIDTH / (x.high - x.low);

	for (size_t i = 0; i < s->axis->nr; i++)
		for (size_t j = 0; j < i; j++) {
			size_t letters = tick_letters(s->axis, i) + tick_letters(s->axis, j);

			if (fabs(s->position[i] - s->position[j]) * scale <
			    letters * LETTER_WIDTH / 2 + LABEL_GAP)
				return false;
		}
	return true;
}

/* The true scale if the labels have room there, its logarithm if they have it there. */
static void place(struct sweep *s)
{
	const struct swept *axis = s->axis;
	bool positive = axis->numeric;

	for (size_t i = 0; axis->numeric && i < axis->nr; i++)
		positive = swept_number(axis->value[i], &s->position[i]) &&
			   s->position[i] > 0 && positive;
	if (axis->numeric && fits(s))
		return;
	for (size_t i = 0; positive && i < axis->nr; i++)
		s->position[i] = log2(s->position[i]);
	if (positive && fits(s)) {
		s->scale = "log axis";
		return;
	}
	s->scale = axis->numeric ? "values at equal distances" : "";
	for (size_t i = 0; i < axis->nr; i++)
		s->position[i] = i;
}

static size_t find_cell(const struct sweep *s, const char *value, const char *rest)
{
	const struct folder *f = &s->report->folder;
	char text[256];

	for (size_t i = 0; i < f->nr_series; i++) {
		if (strcmp(f->series[i].worker, s->worker) ||
		    !label_value(f->series[i].label, s->axis->key, text, sizeof(text)) ||
		    strcmp(text, value))
			continue;
		label_rest(f->series[i].label, s->axis->key, text, sizeof(text));
		if (!*rest || !strcmp(text, rest))
			return i;
	}
	return SIZE_MAX;
}

static bool differs(const struct sweep *s, const struct curve *c)
{
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < s->axis->nr; i++)
		if (c->series[i] != SIZE_MAX) {
			const struct summary *v =
				report_summary(s->report, c->series[i], c->index);

			low = fmin(low, v->min);
			high = fmax(high, v->max);
		}
	return low < high;
}

static int add_curve(struct sweep *s, const struct metric *m, const char *rest,
		     const char *legend)
{
	struct curve *c = &s->curve[s->nr_curves];

	*c = (struct curve){
		.metric = m, .index = m - metrics, .rest = rest, .legend = legend
	};
	c->series = calloc(s->axis->nr, sizeof(*c->series));
	if (!c->series)
		return -ENOMEM;
	for (size_t i = 0; i < s->axis->nr; i++)
		c->series[i] = find_cell(s, s->axis->value[i], rest);
	s->nr_curves++;
	return 0;
}

/* Where only this setting is swept: all the panel's metrics. */
static int add_metrics(struct sweep *s, const struct panel *p)
{
	int rc = 0;

	for (size_t m = 0; !rc && m < METRICS_MAX && p->metric[m]; m++)
		rc = add_curve(s, metric_find(p->metric[m]), s->rest[0], p->legend[m]);
	return rc;
}

/* One metric, for the other settings: all of them, or a spread of them from the first to the
 * last. */
static int add_rests(struct sweep *s, const struct metric *m)
{
	size_t nr = s->nr_rests < FIGURE_CURVES ? s->nr_rests : FIGURE_CURVES;
	int rc = 0;

	for (size_t i = 0; !rc && i < nr; i++) {
		const char *rest = s->rest[i * (s->nr_rests - 1) / (nr - 1)];

		rc = add_curve(s, m, rest, rest);
	}
	return rc;
}

static void drop_curves(struct sweep *s)
{
	for (size_t i = 0; i < s->nr_curves; i++)
		free(s->curve[i].series);
	s->nr_curves = 0;
}

static bool any_differs(const struct sweep *s)
{
	for (size_t i = 0; i < s->nr_curves; i++)
		if (differs(s, &s->curve[i]))
			return true;
	return false;
}

static struct extent extent_of(const struct sweep *s)
{
	struct extent x = { INFINITY, -INFINITY };

	for (size_t i = 0; i < s->nr_curves; i++)
		for (size_t j = 0; j < s->axis->nr; j++)
			if (s->curve[i].series[j] != SIZE_MAX) {
				const struct summary *v = report_summary(
					s->report, s->curve[i].series[j], s->curve[i].index);

				x.low = fmin(x.low, v->min);
				x.high = fmax(x.high, v->max);
			}
	return x;
}

/* The median with its interval, or with the range where there is none. */
static void write_curve(const struct sweep *s, const struct curve *c, double divisor, FILE *out,
			size_t number)
{
	fprintf(out, "$curve%zu << EOD\n", number);
	for (size_t i = 0; i < s->axis->nr; i++) {
		const struct summary *v;

		if (c->series[i] == SIZE_MAX)
			continue;
		v = report_summary(s->report, c->series[i], c->index);
		if (v->n)
			fprintf(out, "%.9g %.9g %.9g %.9g\n", s->position[i],
				v->median / divisor,
				(isnan(v->low) ? v->min : v->low) / divisor,
				(isnan(v->high) ? v->max : v->high) / divisor);
	}
	fputs("EOD\n", out);
}

/* Beside the curve, so that the interval does not hide them. */
static int write_runs(const struct sweep *s, const struct curve *c, double divisor, FILE *out,
		      size_t number)
{
	const struct folder *f = &s->report->folder;
	struct extent x = axis_extent(s);
	double aside = 0.018 * (x.high - x.low);
	int rc = 0;

	fprintf(out, "$runs%zu << EOD\n", number);
	for (size_t i = 0; !rc && i < s->axis->nr; i++) {
		double *value = NULL;
		size_t nr = 0;

		if (c->series[i] == SIZE_MAX)
			continue;
		rc = folder_values(f, &f->series[c->series[i]], c->metric, &value, NULL, &nr);
		for (size_t j = 0; j < nr; j++)
			fprintf(out, "%.9g %.9g\n", s->position[i] + aside, value[j] / divisor);
		free(value);
	}
	fputs("NaN NaN\nEOD\n", out); /* never empty: gnuplot refuses a block without points */
	return rc;
}

static void write_x_axis(const struct sweep *s, const struct plot *p)
{
	struct extent x = axis_extent(s);
	double margin = 0.05 * (x.high - x.low);
	char text[64];

	fprintf(p->script, "set xrange [%.9g:%.9g]\nset xtics (", x.low - margin,
		x.high + margin);
	for (size_t i = 0; i < s->axis->nr; i++) {
		fputs(i ? ", " : "", p->script);
		tick(s->axis, i, text, sizeof(text));
		plot_text(p, text);
		fprintf(p->script, " %.9g", s->position[i]);
	}
	fputs(")\n", p->script);
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

static int write_sweep(const struct sweep *s, struct plot *p, double divisor)
{
	FILE *out = p->script;
	int rc = 0;

	for (size_t i = 0; !rc && i < s->nr_curves; i++) {
		write_curve(s, &s->curve[i], divisor, out, i);
		rc = write_runs(s, &s->curve[i], divisor, out, i);
	}
	fputs("plot ", out);
	for (size_t i = 0; i < s->nr_curves; i++)
		fprintf(out, "%s$runs%zu using 1:2 with points ls %zu ps 0.28 notitle",
			i ? ", " : "", i, i + 1);
	for (size_t i = 0; i < s->nr_curves; i++)
		fprintf(out, ", $curve%zu using 1:2:3:4 with %s ls %zu notitle", i,
			s->axis->numeric ? "yerrorlines" : "yerrorbars", i + 1);
	fputs("\n", out);
	return rc;
}

static void name_figure(const struct sweep *s, const char *title, enum measure measure,
			const char *unit, struct figure *figure)
{
	size_t left_out = s->nr_rests > FIGURE_CURVES ? s->nr_rests - FIGURE_CURVES : 0;
	bool pages = measure == MEASURE_PAGES;

	snprintf(figure->title, sizeof(figure->title), "%s%s%s%s", title,
		 *unit || pages ? ", " : "", unit, pages ? (*unit ? " pages" : "pages") : "");
	snprintf(figure->note, sizeof(figure->note), "%s", s->scale);
	if (left_out)
		snprintf(figure->note, sizeof(figure->note),
			 "%s%s%zu more curves are in the table", s->scale,
			 *s->scale ? "; " : "", left_out);
	for (size_t i = 0; s->nr_curves > 1 && i < s->nr_curves; i++)
		figure_add_legend(figure, s->curve[i].legend, i);
}

/* Draws the curves that were added and drops them; nothing when they are flat. */
static int draw_curves(struct figures *f, struct sweep *s, const char *title)
{
	enum measure measure = s->curve[0].metric->measure;
	struct extent x = extent_of(s);
	struct figure figure = { .svg = NULL };
	struct plot p;
	const char *unit;
	double divisor = metric_scale(measure, x.high, &unit);
	bool spans_decades = measure == MEASURE_NANOSECONDS && is_logarithmic(x);
	int rc;

	if (!any_differs(s))
		return 0;
	if (spans_decades) {
		unit = "";
		divisor = 1e9;
	}
	name_figure(s, title, measure, unit, &figure);
	rc = plot_begin(&p);
	if (rc)
		return rc;
	write_x_axis(s, &p);
	write_y_axis(x, divisor, p.script);
	if (spans_decades)
		plot_y_in_seconds(&p);
	rc = write_sweep(s, &p, divisor);
	if (rc) {
		plot_cancel(&p);
		return rc;
	}
	return figures_take(f, &figure, &p);
}

static int draw_panel(struct figures *f, struct sweep *s, const struct panel *p)
{
	char title[160];
	int rc = 0;

	if (s->nr_rests == 1) {
		rc = add_metrics(s, p);
		if (!rc)
			rc = draw_curves(f, s, p->title);
		drop_curves(s);
		return rc;
	}
	for (size_t m = 0; !rc && m < METRICS_MAX && p->metric[m]; m++) {
		snprintf(title, sizeof(title), "%s%s%s", p->title, *p->legend[m] ? " " : "",
			 p->legend[m]);
		rc = add_rests(s, metric_find(p->metric[m]));
		if (!rc)
			rc = draw_curves(f, s, title);
		drop_curves(s);
	}
	return rc;
}

bool figure_is_zipped(const struct report *r, const char *worker, const char *key)
{
	const struct swept *axis = find_swept(r, key);
	const struct folder *f = &r->folder;
	char value[256];

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
	const struct folder *f = &s->report->folder;
	char text[256];
	int rc = 0;

	if (figure_is_zipped(s->report, s->worker, s->axis->key))
		return add_rest(s, ""); /* matches whatever the others are */
	for (size_t i = 0; !rc && i < f->nr_series; i++) {
		if (strcmp(f->series[i].worker, s->worker) ||
		    !label_value(f->series[i].label, s->axis->key, text, sizeof(text)))
			continue;
		label_rest(f->series[i].label, s->axis->key, text, sizeof(text));
		rc = add_rest(s, text);
	}
	return rc;
}

int figures_sweep(struct figures *f, const struct report *r, const char *worker,
		  const char *key)
{
	struct sweep s = {
		.report = r, .worker = worker, .axis = find_swept(r, key), .scale = ""
	};
	int rc;

	if (!s.axis || s.axis->nr < 2)
		return 0;
	s.position = calloc(s.axis->nr, sizeof(*s.position));
	if (!s.position)
		return -ENOMEM;
	place(&s);
	rc = find_rests(&s);
	for (size_t i = 0; !rc && s.nr_rests && !f->give_up && i < NR_PANELS; i++) {
		size_t drawn = f->nr;

		rc = draw_panel(f, &s, &panels[i]);
		i += panels[i].instead && f->nr > drawn;
	}
	for (size_t i = 0; i < s.nr_rests; i++)
		free(s.rest[i]);
	free(s.rest);
	free(s.position);
	return rc;
}
