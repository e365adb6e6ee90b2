// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Figures over time: the samples of one worker in one repeat, thinned without losing a peak,
 * with phases and events.
 */
#include "harness/report/figure.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/api/arith.h"

#define POINTS_LEAST 4 /* of a curve over time: fewer show nothing */

/* Of a curve. More are thinned; the largest of each bin is kept. */
#define POINTS_MAX 400

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
	const char *unless; /* a quantity whose samples are drawn instead; NULL: none */
};

static const struct view views[] = {
	{ .title = "memory",
	  .measure = MEASURE_BYTES,
	  .factor = 1,
	  .trace = { { "group_usage", "used", false },
		     { "group_anon", "anon", false },
		     { "group_file", "file", false },
		     { "group_swap", "swap", false } } },
	{ .title = "swapped",
	  .measure = MEASURE_BYTES_PER_SECOND,
	  .factor = 1,
	  .trace = { { "swap_in", "in", true }, { "swap_out", "out", true } } },
	{ .title = "time stalled on memory",
	  .measure = MEASURE_SHARE,
	  .factor = 1e-6,
	  .trace = { { "psi_memory_some", "some", true },
		     { "psi_memory_full", "full", true } } },
	{ .title = "refaulted pages",
	  .measure = MEASURE_COUNT_PER_SECOND,
	  .factor = 1,
	  .trace = { { "refault_anon", "anon", true }, { "refault_file", "file", true } } },
	{ .title = "latency p99 of each interval",
	  .measure = MEASURE_NANOSECONDS,
	  .factor = 1,
	  .logarithmic = true,
	  .trace = { { "latency_interval_p99", "", false } } },
	/* of earlier versions, whose files have nothing else: a late stall hardly shows */
	{ .title = "latency p99 since GO",
	  .measure = MEASURE_NANOSECONDS,
	  .factor = 1,
	  .logarithmic = true,
	  .trace = { { "latency_p99", "", false } },
	  .unless = "latency_interval_p99" },
	{ .title = "machine's memory",
	  .measure = MEASURE_BYTES,
	  .factor = 1,
	  .trace = { { "mem_available", "available", false }, { "mem_free", "free", false } } },
};

#define VIEWS  (ARRAY_SIZE(views))
#define TRACES ARRAY_SIZE(views[0].trace)

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
	const struct csv_table *s = &t->report->dir.samples;

	return !strcmp(csv_cell(s, row, t->column.cell), t->cell) &&
	       !strcmp(csv_cell(s, row, t->column.repeat), t->repeat) &&
	       !strcmp(csv_cell(s, row, t->column.worker), t->worker);
}

const char *figure_repeat(const struct report *r, unsigned cell)
{
	const struct csv_table *s = &r->dir.samples;
	struct sample_columns c = sample_columns(s);

	for (size_t row = 0; row < s->nr; row++)
		if (strtoul(csv_cell(s, row, c.cell), NULL, 10) == cell &&
		    strtol(csv_cell(s, row, c.repeat), NULL, 10) >= 1)
			return csv_cell(s, row, c.repeat);
	return NULL;
}

static bool has_quantity(const struct timeline *t, const char *quantity)
{
	const struct csv_table *s = &t->report->dir.samples;

	for (size_t row = 0; row < s->nr; row++)
		if (is_here(t, row) && !strcmp(csv_cell(s, row, t->column.quantity), quantity))
			return true;
	return false;
}

static int read_line(const struct timeline *t, const char *quantity, struct line *line)
{
	const struct csv_table *s = &t->report->dir.samples;
	size_t capacity = 0;

	*line = (struct line){ .sample = NULL };
	for (size_t row = 0; row < s->nr; row++) {
		struct sample at;

		if (!is_here(t, row) || strcmp(csv_cell(s, row, t->column.quantity), quantity))
			continue;
		at.seconds = result_dir_number(csv_cell(s, row, t->column.t_ms)) / 1000;
		at.value = result_dir_number(csv_cell(s, row, t->column.value));
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

/* A rate is placed at the end of its interval; a counter that fell (a new group) has none. */
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
	size_t bin = (line->nr + POINTS_MAX - 1) / POINTS_MAX, nr = 0;

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
	const struct csv_table *s = &t->report->dir.samples;
	const char *phase = NULL;
	double from = t->start;

	for (size_t row = 0; row < s->nr; row++) {
		const char *now = csv_cell(s, row, t->column.phase);
		double at = result_dir_number(csv_cell(s, row, t->column.t_ms)) / 1000;

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

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], event))
			return true;
	return false;
}

/* Events that ended any worker of the cell: they affect the others. */
static void write_events(const struct plot *p, const struct timeline *t)
{
	const struct csv_table *e = &t->report->dir.events;
	int cell = csv_column(e, "cell"), repeat = csv_column(e, "repeat");
	int when = csv_column(e, "t_ms"), name = csv_column(e, "event");
	unsigned shown = 0;

	for (size_t row = 0; row < e->nr; row++) {
		double at = result_dir_number(csv_cell(e, row, when)) / 1000;

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
	const struct csv_table *s = &t->report->dir.samples;

	t->start = 0; /* GO */
	t->end = -INFINITY;
	for (size_t row = 0; row < s->nr; row++)
		if (is_here(t, row)) {
			double at = result_dir_number(csv_cell(s, row, t->column.t_ms)) / 1000;

			t->start = fmin(t->start, at);
			t->end = fmax(t->end, at);
		}
}

static int read_view(const struct timeline *t, const struct view *v, struct line *line)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < TRACES && v->trace[i].quantity; i++) {
		ret = read_line(t, v->trace[i].quantity, &line[i]);
		if (!ret && v->trace[i].rate)
			differentiate(&line[i]);
		thin(&line[i]);
		for (size_t j = 0; j < line[i].nr; j++)
			line[i].sample[j].value *= v->factor;
	}
	return ret;
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
	int ret;

	if (!(most > 0) || most_points(line) < POINTS_LEAST)
		return 0;
	divisor = v->logarithmic ? 1e9 : metric_scale(v->measure, most, &unit);
	snprintf(figure.title, sizeof(figure.title), "%s%s%s", v->title, *unit ? ", " : "",
		 unit);
	ret = plot_begin(&p);
	if (ret)
		return ret;
	fprintf(p.script, "set xrange [%.6g:%.6g]\nset format x '%%g s'\n", t->start, t->end);
	for (unsigned i = 0; i < TRACES && v->trace[i].quantity && *v->trace[i].legend; i++)
		if (is_drawn(&line[i]))
			figure_add_legend(&figure, v->trace[i].legend, i);
	if (v->logarithmic) {
		fputs("set logscale y\n", p.script);
		plot_y_in_seconds(&p);
	} else {
		fprintf(p.script, "set yrange [0:%.6g]\n", 1.15 * most / divisor);
	}
	write_phases(&p, t);
	write_events(&p, t);
	write_lines(&p, line, divisor);
	return figures_take(f, &figure, &p);
}

int figures_timeline(struct figures *f, const struct report *r, unsigned cell,
		     const char *repeat, const char *worker)
{
	char number[16];
	struct timeline t = { .report = r,
			      .column = sample_columns(&r->dir.samples),
			      .cell = number,
			      .repeat = repeat,
			      .worker = worker };
	int ret = 0;

	snprintf(number, sizeof(number), "%u", cell);
	find_extent(&t);
	for (size_t i = 0; !ret && !f->give_up && i < VIEWS; i++) {
		struct line line[TRACES] = { { NULL, 0 } };

		if (views[i].unless && has_quantity(&t, views[i].unless))
			continue;
		ret = read_view(&t, &views[i], line);
		if (!ret)
			ret = draw_view(f, &t, &views[i], line);
		for (size_t j = 0; j < TRACES; j++)
			free(line[j].sample);
	}
	return ret;
}
