// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arranges a result folder for a reader. Prints nothing.
 */
#include "harness/report/report.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *truth_name(enum truth truth)
{
	static const char *const names[] = {
		[TRUTH_FAIL] = "fail",
		[TRUTH_NOISE] = "noise",
		[TRUTH_ABSENT] = "absent",
		[TRUTH_PASS] = "pass",
	};

	return names[truth];
}

const char *truth_relation_sign(const char *relation)
{
	static const char *const signs[][2] = {
		{ "eq", "=" },
		{ "ge", "≥" },
		{ "le", "≤" },
		{ "between", "from" },
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (!strcmp(signs[i][0], relation))
			return signs[i][1];
	return relation;
}

/* A verdict that this version does not know is shown as a failure, never hidden. */
static enum truth truth_of(const char *word)
{
	for (enum truth t = 0; t < TRUTH_KINDS; t++)
		if (!strcmp(word, truth_name(t)))
			return t;
	return TRUTH_FAIL;
}

static void *grow(void *array, size_t nr, size_t size)
{
	/* Powers of two: amortised without a capacity beside every array. */
	if (nr & (nr - 1))
		return array;
	return reallocarray(array, nr ? 2 * nr : 1, size);
}

/* ---- outcomes ---- */

static int count_word(struct tally *tally, unsigned *words, const char *word, size_t nr)
{
	unsigned i = 0;

	while (i < *words && strcmp(tally[i].word, word))
		i++;
	if (i == OUTCOMES_MAX)
		return -E2BIG;
	if (i == *words)
		tally[(*words)++] = (struct tally){ .word = word };
	tally[i].nr += nr;
	return 0;
}

static int count_outcome(struct report *r, const char *word, size_t nr)
{
	return count_word(r->outcome, &r->nr_outcomes, word, nr);
}

static int count_scores(struct report *r)
{
	const struct csv_table *card = &r->folder.scorecard;
	int verdict = csv_column(card, "verdict");
	int rc = count_word(r->scored, &r->nr_scored, "wrong", 0);

	for (size_t row = 0; !rc && row < card->nr; row++)
		rc = count_word(r->scored, &r->nr_scored, csv_cell(card, row, verdict), 1);
	return rc;
}

static int note_unexpected(struct report *r, size_t row)
{
	size_t *grown = grow(r->unexpected, r->nr_unexpected, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	r->unexpected = grown;
	r->unexpected[r->nr_unexpected++] = row;
	return 0;
}

static int count_outcomes(struct report *r)
{
	const struct folder *f = &r->folder;
	int rc = count_outcome(r, "ok", 0);

	for (size_t i = 0; !rc && i < f->nr_series; i++)
		for (size_t j = 0; !rc && j < f->series[i].nr; j++) {
			const size_t row = f->series[i].row[j];

			rc = count_outcome(r, folder_run_cell(f, row, "outcome"), 1);
			if (!rc && folder_run_ending(f, row) != ENDING_EXPECTED)
				rc = note_unexpected(r, row);
		}
	return rc;
}

/* ---- truth ---- */

struct truth_columns {
	int cell, repeat, worker, quantity, span, counter, unit, relation, basis, expected,
		tolerance, observed, noise, verdict, why;
};

static void find_columns(const struct csv_table *t, struct truth_columns *c)
{
	*c = (struct truth_columns){
		.cell = csv_column(t, "cell"),
		.repeat = csv_column(t, "repeat"),
		.worker = csv_column(t, "worker"),
		.quantity = csv_column(t, "quantity"),
		.span = csv_column(t, "span"),
		.counter = csv_column(t, "counter"),
		.unit = csv_column(t, "unit"),
		.relation = csv_column(t, "relation"),
		.basis = csv_column(t, "basis"),
		.expected = csv_column(t, "expected"),
		.tolerance = csv_column(t, "tolerance"),
		.observed = csv_column(t, "observed"),
		.noise = csv_column(t, "noise"),
		.verdict = csv_column(t, "verdict"),
		.why = csv_column(t, "why"),
	};
}

static const char *label_of_cell(const struct folder *f, unsigned cell)
{
	for (size_t i = 0; i < f->nr_series; i++)
		if (f->series[i].cell == cell)
			return f->series[i].label;
	return "";
}

static bool is_same_claim(const struct truth_line *a, const struct truth_line *b)
{
	return a->verdict == b->verdict && a->verdict != TRUTH_FAIL &&
	       !strcmp(a->quantity, b->quantity) && !strcmp(a->counter, b->counter) &&
	       !strcmp(a->worker, b->worker) && !strcmp(a->span, b->span) &&
	       !strcmp(a->relation, b->relation) && !strcmp(a->basis, b->basis);
}

static void join(struct truth_line *to, const struct truth_line *line)
{
	to->expected_min = fmin(to->expected_min, line->expected_min);
	to->expected_max = fmax(to->expected_max, line->expected_max);
	to->observed_min = fmin(to->observed_min, line->observed_min);
	to->observed_max = fmax(to->observed_max, line->observed_max);
	to->noise = fmax(to->noise, line->noise);
	to->nr++;
}

static int add_truth(struct report *r, const struct truth_line *line)
{
	struct truth_line *grown;

	r->claims[line->verdict]++;
	for (size_t i = 0; i < r->nr_truth; i++)
		if (is_same_claim(&r->truth[i], line)) {
			join(&r->truth[i], line);
			return 0;
		}
	grown = grow(r->truth, r->nr_truth, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	r->truth = grown;
	r->truth[r->nr_truth++] = *line;
	return 0;
}

static int add_noise(struct report *r, const struct truth_line *line)
{
	struct noise_line *grown;

	if (isnan(line->noise))
		return 0;
	for (size_t i = 0; i < r->nr_noise; i++)
		if (!strcmp(r->noise[i].counter, line->counter) &&
		    !strcmp(r->noise[i].span, line->span)) {
			r->noise[i].noise = fmax(r->noise[i].noise, line->noise);
			return 0;
		}
	grown = grow(r->noise, r->nr_noise, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	r->noise = grown;
	r->noise[r->nr_noise++] =
		(struct noise_line){ line->counter, line->span, line->unit, line->noise };
	return 0;
}

static int by_verdict(const void *left, const void *right)
{
	const struct truth_line *l = left, *r = right;
	int order = (int)l->verdict - (int)r->verdict;

	order = order ? order : strcmp(l->worker, r->worker);
	order = order ? order : strcmp(l->quantity, r->quantity);
	order = order ? order : strcmp(l->span, r->span);
	return order ? order : strcmp(l->counter, r->counter);
}

static int by_noise(const void *left, const void *right)
{
	const struct noise_line *l = left, *r = right;
	int order = strcmp(l->unit, r->unit);

	if (order)
		return order;
	if (l->noise != r->noise)
		return l->noise > r->noise ? -1 : 1;
	return strcmp(l->counter, r->counter);
}

static int collect_truth(struct report *r)
{
	const struct csv_table *t = &r->folder.truth;
	struct truth_columns c;
	int rc = 0;

	find_columns(t, &c);
	for (size_t row = 0; !rc && row < t->nr; row++) {
		struct truth_line line = {
			.verdict = truth_of(csv_cell(t, row, c.verdict)),
			.worker = csv_cell(t, row, c.worker),
			.quantity = csv_cell(t, row, c.quantity),
			.span = csv_cell(t, row, c.span),
			.counter = csv_cell(t, row, c.counter),
			.unit = csv_cell(t, row, c.unit),
			.relation = csv_cell(t, row, c.relation),
			.basis = csv_cell(t, row, c.basis),
			.why = csv_cell(t, row, c.why),
			.tolerance = csv_cell(t, row, c.tolerance),
			.expected_min = folder_number(csv_cell(t, row, c.expected)),
			.observed_min = folder_number(csv_cell(t, row, c.observed)),
			.noise = folder_number(csv_cell(t, row, c.noise)),
			.repeat = csv_cell(t, row, c.repeat),
			.nr = 1,
		};

		if (strtol(line.repeat, NULL, 10) < 1)
			continue;
		line.expected_max = line.expected_min;
		line.observed_max = line.observed_min;
		if (line.verdict == TRUTH_FAIL)
			line.cell_label = label_of_cell(
				&r->folder, strtoul(csv_cell(t, row, c.cell), NULL, 10));
		rc = add_truth(r, &line);
		if (!rc)
			rc = add_noise(r, &line);
	}
	if (r->nr_truth)
		qsort(r->truth, r->nr_truth, sizeof(*r->truth), by_verdict);
	if (r->nr_noise)
		qsort(r->noise, r->nr_noise, sizeof(*r->noise), by_noise);
	return rc;
}

/* ---- the sweep ---- */

bool label_value(const char *label, const char *key, char *value, size_t value_bytes)
{
	size_t key_length = strlen(key);

	while (*label) {
		size_t length = strcspn(label, ";");

		if (length > key_length && label[key_length] == '=' &&
		    !strncmp(label, key, key_length)) {
			snprintf(value, value_bytes, "%.*s", (int)(length - key_length - 1),
				 label + key_length + 1);
			return true;
		}
		label += length + (label[length] == ';');
	}
	return false;
}

bool swept_number(const char *text, double *number)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;

	*number = strtod(text, &end);
	if (end == text || !isfinite(*number))
		return false;
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		*number *= exp2(10 * (unit - units + 1));
		end += strcmp(end + 1, "iB") ? 1 : 3;
	}
	return !*end;
}

static int add_value(struct swept *s, const char *text, size_t length)
{
	char *value, **grown;
	double number;

	for (size_t i = 0; i < s->nr; i++)
		if (strlen(s->value[i]) == length && !strncmp(s->value[i], text, length))
			return 0;
	grown = grow(s->value, s->nr, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->value = grown;
	value = strndup(text, length);
	if (!value)
		return -ENOMEM;
	s->value[s->nr++] = value;
	s->numeric = (s->nr == 1 || s->numeric) && swept_number(value, &number);
	return 0;
}

/* Settings beyond SWEPT_MAX get no plot; their cells keep their whole label. */
static int add_setting(struct report *r, const char *text, size_t length)
{
	const char *equals = memchr(text, '=', length);
	size_t key_length = equals ? (size_t)(equals - text) : 0, i = 0;

	if (!key_length || key_length >= sizeof(r->swept[0].key))
		return 0;
	while (i < r->nr_swept &&
	       (strncmp(r->swept[i].key, text, key_length) || r->swept[i].key[key_length]))
		i++;
	if (i == SWEPT_MAX)
		return 0;
	if (i == r->nr_swept) {
		r->nr_swept++;
		snprintf(r->swept[i].key, sizeof(r->swept[i].key), "%.*s", (int)key_length,
			 text);
	}
	return add_value(&r->swept[i], equals + 1, length - key_length - 1);
}

static int by_number(const void *left, const void *right)
{
	double l, r;

	(void)swept_number(*(char *const *)left, &l); /* only numeric values are sorted */
	(void)swept_number(*(char *const *)right, &r);
	return (l > r) - (l < r);
}

static int find_sweep(struct report *r)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < r->folder.nr_series; i++)
		for (const char *at = r->folder.series[i].label; !rc && *at;) {
			size_t length = strcspn(at, ";");

			rc = add_setting(r, at, length);
			at += length + (at[length] == ';');
		}
	for (unsigned i = 0; i < r->nr_swept; i++)
		if (r->swept[i].numeric)
			qsort(r->swept[i].value, r->swept[i].nr, sizeof(char *), by_number);
	return rc;
}

/* The part that belongs to the option: of brk.size, size. */
static const char *option_of(const char *key)
{
	const char *dot = strchr(key, '.');

	return dot ? dot + 1 : key;
}

bool report_common_value(const struct report *r, const char *label, char *out, size_t out_bytes)
{
	const char *option = r->nr_swept > 1 ? option_of(r->swept[0].key) : NULL;
	char first[256], value[256];

	if (!option || !label_value(label, r->swept[0].key, first, sizeof(first)))
		return false;
	for (unsigned i = 1; i < r->nr_swept; i++)
		if (strcmp(option_of(r->swept[i].key), option) ||
		    !label_value(label, r->swept[i].key, value, sizeof(value)) ||
		    strcmp(value, first))
			return false;
	snprintf(out, out_bytes, "%s=%s", option, first);
	return true;
}

void report_cell_name(const struct report *r, const char *label, char *out, size_t out_bytes)
{
	if (r->nr_swept == 1 && label_value(label, r->swept[0].key, out, out_bytes))
		return;
	if (report_common_value(r, label, out, out_bytes))
		return;
	snprintf(out, out_bytes, "%s", *label ? label : "all");
}

/* ---- medians ---- */

static int summarize(struct report *r)
{
	const struct folder *f = &r->folder;
	int rc = 0;

	while (metrics[r->nr_metrics].name)
		r->nr_metrics++;
	r->summary = calloc(f->nr_series * r->nr_metrics + 1, sizeof(*r->summary));
	if (!r->summary)
		return -ENOMEM;
	for (size_t i = 0; !rc && i < f->nr_series; i++)
		for (size_t m = 0; !rc && m < r->nr_metrics; m++) {
			double *values = NULL;
			size_t nr = 0;

			rc = folder_values(f, &f->series[i], &metrics[m], &values, NULL, &nr);
			if (!rc)
				rc = stats_summary(values, nr,
						   &r->summary[i * r->nr_metrics + m]);
			free(values);
		}
	return rc;
}

const struct summary *report_summary(const struct report *r, size_t series, size_t metric)
{
	return &r->summary[series * r->nr_metrics + metric];
}

enum change report_change(const struct report *r, size_t series, const struct metric *m,
			  double *ratio)
{
	const struct series *s = &r->folder.series[series];

	for (size_t i = 0; i < r->cells.nr; i++) {
		const struct comparison *c = &r->cells.row[i];

		if (c->metric == m && !strcmp(c->worker, s->worker) &&
		    !strcmp(c->cell, s->label)) {
			*ratio = c->contrast.ratio;
			return c->change;
		}
	}
	*ratio = NAN;
	return CHANGE_NOISE;
}

/* ---- all of it ---- */

int report_open(struct report *r, const char *path, struct error *e)
{
	int rc;

	memset(r, 0, sizeof(*r));
	rc = folder_open(&r->folder, path, e);
	if (rc)
		return rc;
	rc = count_outcomes(r);
	if (!rc)
		rc = count_scores(r);
	if (!rc)
		rc = collect_truth(r);
	if (!rc)
		rc = find_sweep(r);
	if (!rc)
		rc = summarize(r);
	if (!rc)
		rc = compare_cells(&r->cells, &r->folder, COMPARE_LEAST_EFFECT);
	if (rc) {
		error_set(e, -rc, "%s: %s", path, strerror(-rc));
		report_release(r);
	}
	return rc;
}

void report_release(struct report *r)
{
	compare_release(&r->cells);
	free(r->summary);
	for (unsigned i = 0; i < r->nr_swept; i++) {
		for (size_t j = 0; j < r->swept[i].nr; j++)
			free(r->swept[i].value[j]);
		free(r->swept[i].value);
	}
	free(r->noise);
	free(r->truth);
	free(r->unexpected);
	folder_release(&r->folder);
	memset(r, 0, sizeof(*r));
}

unsigned report_score_pass(const struct report *r, size_t row)
{
	const struct csv_table *card = &r->folder.scorecard;
	const char *verdict = csv_cell(card, row, csv_column(card, "verdict"));

	if (!strcmp(verdict, "wrong"))
		return 0;
	return strcmp(verdict, "skipped") ? 1 : 2;
}

bool report_is_clean(const struct report *r)
{
	return !r->nr_unexpected && !r->claims[TRUTH_FAIL] && !r->scored[0].nr;
}

static const char *text_at(const struct report *r, const char *path)
{
	const char *text = json_string_value(folder_json(&r->folder, path));

	return text ? text : "";
}

static double number_at(const struct report *r, const char *path)
{
	const json_t *value = folder_json(&r->folder, path);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

/* Appends ", " and the text unless one of them is empty. */
static void append(char *out, size_t out_bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *out, size_t out_bytes, const char *format, ...)
{
	size_t used = strlen(out);
	va_list args;

	if (used && used + 2 < out_bytes)
		used += snprintf(out + used, out_bytes - used, ", ");
	va_start(args, format);
	vsnprintf(out + used, out_bytes - used, format, args);
	va_end(args);
}

void report_machine(const struct report *r, char *out, size_t out_bytes)
{
	double cpus = number_at(r, "machine.cpus"),
	       memory = number_at(r, "machine.memory_bytes");
	double version = number_at(r, "machine.cgroup_version");
	size_t nodes = json_array_size(folder_json(&r->folder, "machine.nodes"));
	char text[64];

	out[0] = 0;
	if (*text_at(r, "machine.lab"))
		append(out, out_bytes, "guest: %s", text_at(r, "machine.lab"));
	if (*text_at(r, "machine.kernel"))
		append(out, out_bytes, "Linux %s", text_at(r, "machine.kernel"));
	if (!isnan(cpus))
		append(out, out_bytes, "%.0f CPU%s", cpus, cpus == 1 ? "" : "s");
	if (*text_at(r, "machine.cpu_model"))
		append(out, out_bytes, "%s", text_at(r, "machine.cpu_model"));
	if (!isnan(memory)) {
		metric_format(MEASURE_BYTES, memory, text, sizeof(text));
		append(out, out_bytes, "%s", text);
	}
	if (nodes)
		append(out, out_bytes, "%zu node%s", nodes, nodes == 1 ? "" : "s");
	if (!isnan(version))
		append(out, out_bytes, "cgroup v%.0f", version);
	if (*text_at(r, "machine.thp"))
		append(out, out_bytes, "THP %s", text_at(r, "machine.thp"));
}

static size_t count_cells(const struct report *r)
{
	size_t nr = 0;

	for (size_t i = 0; i < r->folder.nr_series; i++)
		nr += !i || r->folder.series[i].cell != r->folder.series[i - 1].cell;
	return nr;
}

void report_extent(const struct report *r, char *out, size_t out_bytes)
{
	double repeats = number_at(r, "plan.repeats");
	const json_t *seed = folder_json(&r->folder, "plan.seed");
	double seconds = number_at(r, "end.seconds");
	const json_t *restored = folder_json(&r->folder, "end.restored");
	size_t merged = json_array_size(folder_json(&r->folder, "merged"));
	bool different = json_is_true(folder_json(&r->folder, "different_machines"));
	size_t cells = count_cells(r);

	out[0] = 0;
	if (cells)
		append(out, out_bytes, "%zu cell%s", cells, cells == 1 ? "" : "s");
	if (!isnan(repeats))
		append(out, out_bytes, "%.0f repeat%s", repeats, repeats == 1 ? "" : "s");
	if (!isnan(seconds))
		append(out, out_bytes, seconds < 10 ? "%.1f s" : "%.0f s", seconds);
	if (*text_at(r, "plan.risk"))
		append(out, out_bytes, "risk %s", text_at(r, "plan.risk"));
	if (json_is_integer(seed))
		append(out, out_bytes, "seed %" JSON_INTEGER_FORMAT, json_integer_value(seed));
	if (*text_at(r, "end.status"))
		append(out, out_bytes, "%s", text_at(r, "end.status"));
	if (merged > 1)
		append(out, out_bytes, "merged from %zu folders%s", merged,
		       different ? " of DIFFERENT machines" : "");
	if (json_is_false(restored))
		append(out, out_bytes, "the machine's state was NOT fully restored");
}
