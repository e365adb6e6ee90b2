// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chooses axes and curves. All amounts come from the report's tables, unrounded.
 */
#include "harness/report/figure.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AXIS_WIDTH   285. /* units of the drawing between the outermost values */
#define LETTER_WIDTH 6.5
#define LABEL_GAP    4
#define LOG_SPAN     20	 /* largest over smallest value from which an axis is logarithmic */
#define FROM_ZERO    0.5 /* smallest over largest below which the axis starts at 0 */
#define POINTS_LEAST 4	 /* of a curve over time: fewer show nothing */
#define METRICS_MAX  3	 /* in one drawing */
#define SAMPLES_MAX                                                                            \
	400 /* points a curve; more are thinned, keeping the largest of each bin               \
	     */

void figures_release(struct figures *f)
{
	for (size_t i = 0; i < f->nr; i++)
		free(f->figure[i].svg);
	free(f->figure);
	*f = (struct figures){ .figure = NULL };
}

/* Takes over the drawing; a failure is noted once, in words. */
static int finish(struct figures *f, struct figure *figure, struct plot *p)
{
	struct figure *grown = reallocarray(f->figure, f->nr + 1, sizeof(*grown));
	struct error e = { "" };
	int rc;

	if (!grown) {
		plot_cancel(p);
		return -ENOMEM;
	}
	f->figure = grown;
	rc = plot_end(p, &figure->svg, &e);
	if (rc) {
		f->give_up = rc == -ENOENT || rc == -ETIME;
		snprintf(f->failure, sizeof(f->failure), "%s", e.text);
		return rc == -ENOMEM ? rc : 0;
	}
	f->figure[f->nr++] = *figure;
	return 0;
}

/* ---- over a swept setting ---- */

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

/* Whether the values' labels stand side by side at these places. */
static bool fits(const struct sweep *s)
{
	struct extent x = axis_extent(s);
	double scale = AXIS_WIDTH / (x.high - x.low);

	for (size_t i = 0; i < s->axis->nr; i++)
		for (size_t j = 0; j < i; j++) {
			size_t letters = strlen(s->axis->value[i]) + strlen(s->axis->value[j]);

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
	fprintf(p->script, "set xrange [%.9g:%.9g]\nset xtics (", x.low - margin,
		x.high + margin);
	for (size_t i = 0; i < s->axis->nr; i++) {
		fputs(i ? ", " : "", p->script);
		plot_text(p, s->axis->value[i]);
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

static void add_legend(struct figure *figure, const char *name, unsigned series)
{
	snprintf(figure->legend[figure->nr_legend].name, sizeof(figure->legend[0].name), "%s",
		 name);
	figure->legend[figure->nr_legend++].series = series;
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
		add_legend(figure, s->curve[i].legend, i);
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
	return finish(f, &figure, &p);
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

/* ---- over time ---- */

struct trace {
	const char *quantity, *legend;
	bool rate; /* drawn as change per second; the file has it cumulative, since GO */
};

struct view {
	const char *title;
	enum measure measure;
	double factor;	  /* from the file's unit (per second, for a rate) to the measure's */
	bool logarithmic; /* only of nanoseconds */
	struct trace trace[4];
};

static const struct view views[] = {
	{ "memory",
	  MEASURE_BYTES,
	  1,
	  false,
	  { { "group_usage", "used", false },
	    { "group_anon", "anon", false },
	    { "group_file", "file", false },
	    { "group_swap", "swap", false } } },
	{ "swapped",
	  MEASURE_BYTES_PER_SECOND,
	  1,
	  false,
	  { { "swap_in", "in", true }, { "swap_out", "out", true } } },
	{ "time stalled on memory",
	  MEASURE_SHARE,
	  1e-6,
	  false,
	  { { "psi_memory_some", "some", true }, { "psi_memory_full", "full", true } } },
	{ "refaulted pages",
	  MEASURE_COUNT_PER_SECOND,
	  1,
	  false,
	  { { "refault_anon", "anon", true }, { "refault_file", "file", true } } },
	{ "latency p99", MEASURE_NANOSECONDS, 1, true, { { "latency_p99", "", false } } },
	{ "machine's memory",
	  MEASURE_BYTES,
	  1,
	  false,
	  { { "mem_available", "available", false }, { "mem_free", "free", false } } },
};

#define VIEWS  (sizeof(views) / sizeof(views[0]))
#define TRACES (sizeof(views[0].trace) / sizeof(views[0].trace[0]))

struct sample {
	double seconds, value;
};

struct line {
	struct sample *sample;
	size_t nr;
};

struct sample_columns {
	int cell, repeat, worker, phase, t_ms, quantity, unit, value;
};

struct timeline {
	const struct report *report;
	struct sample_columns column;
	const char *cell, *repeat, *worker;
	double start, end;
};

static struct sample_columns sample_columns(const struct csv_table *t)
{
	return (struct sample_columns){
		.cell = csv_column(t, "cell"),
		.repeat = csv_column(t, "repeat"),
		.worker = csv_column(t, "worker"),
		.phase = csv_column(t, "phase"),
		.t_ms = csv_column(t, "t_ms"),
		.quantity = csv_column(t, "quantity"),
		.unit = csv_column(t, "unit"),
		.value = csv_column(t, "value"),
	};
}

static bool is_here(const struct timeline *t, size_t row)
{
	const struct csv_table *s = &t->report->folder.samples;

	return !strcmp(csv_cell(s, row, t->column.cell), t->cell) &&
	       !strcmp(csv_cell(s, row, t->column.repeat), t->repeat) &&
	       !strcmp(csv_cell(s, row, t->column.worker), t->worker);
}

const char *figure_repeat(const struct report *r, unsigned cell)
{
	const struct csv_table *s = &r->folder.samples;
	struct sample_columns c = sample_columns(s);

	for (size_t row = 0; row < s->nr; row++)
		if (strtoul(csv_cell(s, row, c.cell), NULL, 10) == cell &&
		    strtol(csv_cell(s, row, c.repeat), NULL, 10) >= 1)
			return csv_cell(s, row, c.repeat);
	return NULL;
}

static int read_line(const struct timeline *t, const char *quantity, struct line *line)
{
	const struct csv_table *s = &t->report->folder.samples;
	size_t capacity = 0;

	*line = (struct line){ .sample = NULL };
	for (size_t row = 0; row < s->nr; row++) {
		struct sample at;

		if (!is_here(t, row) || strcmp(csv_cell(s, row, t->column.quantity), quantity))
			continue;
		at.seconds = folder_number(csv_cell(s, row, t->column.t_ms)) / 1000;
		at.value = folder_number(csv_cell(s, row, t->column.value));
		if (isnan(at.seconds) || isnan(at.value))
			continue;
		if (!strcmp(csv_cell(s, row, t->column.unit), "kB"))
			at.value *= 1024;
		if (line->nr == capacity) {
			struct sample *grown;

			capacity = capacity ? 2 * capacity : 256;
			grown = reallocarray(line->sample, capacity, sizeof(*grown));
			if (!grown) {
				free(line->sample);
				return -ENOMEM;
			}
			line->sample = grown;
		}
		line->sample[line->nr++] = at;
	}
	return 0;
}

/* A rate stands at the end of its interval; a counter that fell (a new group) has none. */
static void differentiate(struct line *line)
{
	size_t nr = 0;

	for (size_t i = 1; i < line->nr; i++) {
		double dt = line->sample[i].seconds - line->sample[i - 1].seconds;
		double dv = line->sample[i].value - line->sample[i - 1].value;

		if (dt > 0 && dv >= 0)
			line->sample[nr++] =
				(struct sample){ line->sample[i].seconds, dv / dt };
	}
	line->nr = nr;
}

/* Keeps the largest of each bin: a peak must not vanish. */
static void thin(struct line *line)
{
	size_t bin = (line->nr + SAMPLES_MAX - 1) / SAMPLES_MAX, nr = 0;

	for (size_t i = 0; bin > 1 && i < line->nr; i += bin) {
		struct sample most = line->sample[i];

		for (size_t j = i + 1; j < i + bin && j < line->nr; j++)
			if (line->sample[j].value > most.value)
				most = line->sample[j];
		line->sample[nr++] = most;
	}
	if (bin > 1)
		line->nr = nr;
}

static unsigned phase_index(const char *phase)
{
	static const char *const names[PLOT_PHASES] = { "ready", "running", "held", "gone" };

	for (unsigned i = 0; i < PLOT_PHASES; i++)
		if (!strcmp(names[i], phase))
			return i;
	return 0;
}

/* A stripe from the first sample of a phase to the first of the next, its name at the top. */
static void write_stripe(const struct plot *p, const struct timeline *t, const char *phase,
			 double from, double to)
{
	char code[16];

	plot_phase_code(phase_index(phase), code, sizeof(code));
	fprintf(p->script,
		"set object rectangle from first %.6g, graph 0 to first %.6g, graph 1 behind "
		"fillcolor rgb '%s' fillstyle solid noborder\n",
		from, to, code);
	if (to - from < 0.1 * (t->end - t->start))
		return;
	fputs("set label ", p->script);
	plot_text(p, phase);
	fprintf(p->script,
		" at first %.6g, graph 0.95 center font ',10' textcolor rgb '" PLOT_FAINT
		"' front\n",
		(from + to) / 2);
}

static void write_phases(const struct plot *p, const struct timeline *t)
{
	const struct csv_table *s = &t->report->folder.samples;
	const char *phase = NULL;
	double from = t->start;

	for (size_t row = 0; row < s->nr; row++) {
		const char *now = csv_cell(s, row, t->column.phase);
		double at = folder_number(csv_cell(s, row, t->column.t_ms)) / 1000;

		if (!is_here(t, row) || isnan(at) || (phase && !strcmp(now, phase)))
			continue;
		if (phase)
			write_stripe(p, t, phase, from, at);
		from = phase ? at : t->start;
		phase = now;
	}
	if (phase)
		write_stripe(p, t, phase, from, t->end);
}

static bool is_marked(const char *event)
{
	static const char *const names[] = { "oom_kill", "timeout", "stopped", "interrupted" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], event))
			return true;
	return false;
}

/* What ended a worker, of whichever worker: its neighbours feel it. */
static void write_events(const struct plot *p, const struct timeline *t)
{
	const struct csv_table *e = &t->report->folder.events;
	int cell = csv_column(e, "cell"), repeat = csv_column(e, "repeat");
	int when = csv_column(e, "t_ms"), name = csv_column(e, "event");
	unsigned shown = 0;

	for (size_t row = 0; row < e->nr; row++) {
		double at = folder_number(csv_cell(e, row, when)) / 1000;

		if (strcmp(csv_cell(e, row, cell), t->cell) ||
		    strcmp(csv_cell(e, row, repeat), t->repeat) || isnan(at) ||
		    !is_marked(csv_cell(e, row, name)))
			continue;
		fprintf(p->script,
			"set arrow from first %.6g, graph 0 to first %.6g, graph 1 nohead ls 6 "
			"front\n"
			"set label ",
			at, at);
		plot_text(p, csv_cell(e, row, name));
		fprintf(p->script, " at first %.6g, graph %.3g offset 0.4,0 font ',10' front\n",
			at, 0.84 - 0.09 * (shown++ % 4));
	}
}

static void find_extent(struct timeline *t)
{
	const struct csv_table *s = &t->report->folder.samples;

	t->start = 0; /* GO */
	t->end = -INFINITY;
	for (size_t row = 0; row < s->nr; row++)
		if (is_here(t, row)) {
			double at = folder_number(csv_cell(s, row, t->column.t_ms)) / 1000;

			t->start = fmin(t->start, at);
			t->end = fmax(t->end, at);
		}
}

static int read_view(const struct timeline *t, const struct view *v, struct line *line)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < TRACES && v->trace[i].quantity; i++) {
		rc = read_line(t, v->trace[i].quantity, &line[i]);
		if (!rc && v->trace[i].rate)
			differentiate(&line[i]);
		thin(&line[i]);
		for (size_t j = 0; j < line[i].nr; j++)
			line[i].sample[j].value *= v->factor;
	}
	return rc;
}

static double largest(const struct line *line, size_t nr)
{
	double most = 0;

	for (size_t i = 0; i < nr; i++)
		for (size_t j = 0; j < line[i].nr; j++)
			most = fmax(most, line[i].sample[j].value);
	return most;
}

static size_t most_points(const struct line *line)
{
	size_t most = 0;

	for (size_t i = 0; i < TRACES; i++)
		most = line[i].nr > most ? line[i].nr : most;
	return most;
}

static bool is_drawn(const struct line *line)
{
	return largest(line, 1) > 0;
}

static void write_lines(const struct plot *p, const struct line *line, double divisor)
{
	const char *before = "plot ";

	for (size_t i = 0; i < TRACES; i++) {
		fprintf(p->script, "$line%zu << EOD\n", i);
		for (size_t j = 0; j < line[i].nr; j++)
			fprintf(p->script, "%.6g %.6g\n", line[i].sample[j].seconds,
				line[i].sample[j].value / divisor);
		fputs("EOD\n", p->script);
	}
	for (size_t i = 0; i < TRACES; i++) {
		if (!is_drawn(&line[i]))
			continue;
		fprintf(p->script, "%s$line%zu using 1:2 with lines ls %zu notitle", before, i,
			i + 1);
		before = ", ";
	}
	fputs("\n", p->script);
}

static int draw_view(struct figures *f, const struct timeline *t, const struct view *v,
		     const struct line *line)
{
	struct figure figure = { .svg = NULL };
	double most = largest(line, TRACES), divisor;
	const char *unit = "";
	struct plot p;
	int rc;

	if (!(most > 0) || most_points(line) < POINTS_LEAST)
		return 0;
	divisor = v->logarithmic ? 1e9 : metric_scale(v->measure, most, &unit);
	snprintf(figure.title, sizeof(figure.title), "%s%s%s", v->title, *unit ? ", " : "",
		 unit);
	rc = plot_begin(&p);
	if (rc)
		return rc;
	fprintf(p.script, "set xrange [%.6g:%.6g]\nset format x '%%g s'\n", t->start, t->end);
	for (unsigned i = 0; i < TRACES && v->trace[i].quantity && *v->trace[i].legend; i++)
		if (is_drawn(&line[i]))
			add_legend(&figure, v->trace[i].legend, i);
	if (v->logarithmic) {
		fputs("set logscale y\n", p.script);
		plot_y_in_seconds(&p);
	} else {
		fprintf(p.script, "set yrange [0:%.6g]\n", 1.15 * most / divisor);
	}
	write_phases(&p, t);
	write_events(&p, t);
	write_lines(&p, line, divisor);
	return finish(f, &figure, &p);
}

int figures_timeline(struct figures *f, const struct report *r, unsigned cell,
		     const char *repeat, const char *worker)
{
	char number[16];
	struct timeline t = { .report = r,
			      .column = sample_columns(&r->folder.samples),
			      .cell = number,
			      .repeat = repeat,
			      .worker = worker };
	int rc = 0;

	snprintf(number, sizeof(number), "%u", cell);
	find_extent(&t);
	for (size_t i = 0; !rc && !f->give_up && i < VIEWS; i++) {
		struct line line[TRACES] = { { NULL, 0 } };

		rc = read_view(&t, &views[i], line);
		if (!rc)
			rc = draw_view(f, &t, &views[i], line);
		for (size_t j = 0; j < TRACES; j++)
			free(line[j].sample);
	}
	return rc;
}
