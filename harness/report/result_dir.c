// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opens and reads results directories. Judges nothing and writes nothing.
 */
#include "harness/report/result_dir.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "harness/base/plainfile.h"
#include "harness/tables/attempt.h"
#include "workloads/api/arith.h"

#define PARTIAL ".partial"

static bool ends_with(const char *text, const char *tail)
{
	size_t length = strlen(text), tail_length = strlen(tail);

	return length >= tail_length && !strcmp(text + length - tail_length, tail);
}

/* The id is the last component of the real path, so that "." and "x/" have one too. */
static int name_dir(struct result_dir *f, const char *path, struct error *e)
{
	const char *name;
	struct stat st;

	if (!realpath(path, f->path) || stat(f->path, &st))
		return error_set(e, errno, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return error_set(
			e, ENOTDIR,
			"%s is not a directory: name the directory that holds runs.csv", path);
	name = strrchr(f->path, '/') + 1;
	f->partial = ends_with(name, PARTIAL);
	snprintf(f->id, sizeof(f->id), "%.*s",
		 (int)(strlen(name) - (f->partial ? strlen(PARTIAL) : 0)), name);
	return 0;
}

static int file_path(const struct result_dir *f, const char *name, char *path,
		     size_t path_bytes, struct error *e)
{
	if ((size_t)snprintf(path, path_bytes, "%s/%s", f->path, name) >= path_bytes)
		return error_set(e, ENAMETOOLONG, "%s/%s: the path is too long", f->path, name);
	return 0;
}

/* A file that does not exist is an empty table. */
static int read_table(struct result_dir *f, const char *name, struct csv_table *t,
		      struct error *e)
{
	char path[PATH_MAX];
	struct error missing = { "" };
	int ret = file_path(f, name, path, sizeof(path), e);

	if (ret)
		return ret;
	ret = csv_read(t, path, &missing);
	if (ret == -ENOENT)
		return 0;
	return ret ? error_set(e, -ret, "%s", missing.text) : 0;
}

static int read_json(struct result_dir *f, struct error *e)
{
	char path[PATH_MAX];
	json_error_t problem;
	int ret = file_path(f, "run.json", path, sizeof(path), e);
	struct error missing = { "" };
	FILE *file;

	if (ret)
		return ret;
	file = plainfile_stream(path, &ret, &missing);
	if (!file)
		return ret == -ENOENT ? 0 : error_set(e, -ret, "%s", missing.text);
	f->run = json_loadf(file, 0, &problem);
	fclose(file);
	if (!f->run)
		return error_set(e, EBADMSG, "%s:%d: not JSON: %s", path, problem.line,
				 problem.text);
	return 0;
}

static struct series *add_series(struct result_dir *f)
{
	struct series *grown = reallocarray(f->series, f->nr_series + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	f->series = grown;
	grown += f->nr_series++;
	*grown = (struct series){ .cell = 0 };
	return grown;
}

static int add_row(struct series *s, size_t row)
{
	if (s->nr == s->capacity) {
		size_t capacity = s->capacity ? 2 * s->capacity : 8;
		size_t *grown = reallocarray(s->row, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->row = grown;
		s->capacity = capacity;
	}
	s->row[s->nr++] = row;
	return 0;
}

/* A row of runs.csv that belongs to a series. */
struct member {
	unsigned cell;
	const char *worker;
	size_t row;
};

static int by_cell_and_worker(const void *left, const void *right)
{
	const struct member *l = left, *r = right;
	int order;

	if (l->cell != r->cell)
		return l->cell < r->cell ? -1 : 1;
	order = strcmp(l->worker, r->worker);
	return order ? order : (l->row > r->row) - (l->row < r->row);
}

/* A label must not be cut: cells are matched by it. */
static int check_labels(const struct result_dir *f, int label, struct error *e)
{
	for (size_t row = 0; row < f->runs.nr; row++)
		if (strlen(csv_cell(&f->runs, row, label)) >= CELL_LABEL_BYTES)
			return error_set(
				e, EBADMSG,
				"%s/runs.csv: a cell_label exceeds %d bytes: it was not written by pagestorm",
				f->path, CELL_LABEL_BYTES - 1);
	return 0;
}

/* The members in order: those of a series lie together. */
static int make_series(struct result_dir *f, const struct member *member, size_t nr)
{
	const struct csv_table *t = &f->runs;
	int label = csv_column(t, "cell_label"), workload = csv_column(t, "workload");
	struct series *s = NULL;

	for (size_t i = 0; i < nr; i++) {
		if (!s || s->cell != member[i].cell || strcmp(s->worker, member[i].worker))
			s = add_series(f);
		if (!s || add_row(s, member[i].row))
			return -ENOMEM;
		s->cell = member[i].cell;
		s->worker = member[i].worker;
		s->label = csv_cell(t, member[i].row, label);
		s->workload = csv_cell(t, member[i].row, workload);
	}
	return 0;
}

static int group_rows(struct result_dir *f, struct error *e)
{
	const struct csv_table *t = &f->runs;
	int cell = csv_column(t, "cell"), label = csv_column(t, "cell_label");
	int worker = csv_column(t, "worker"), repeat = csv_column(t, "repeat"), ret;
	struct member *member;
	size_t nr = 0;

	if (t->columns && (cell < 0 || label < 0 || worker < 0 || repeat < 0))
		return error_set(
			e, EBADMSG,
			"%s/runs.csv lacks one of the columns cell, cell_label, worker and repeat: it was not written by pagestorm",
			f->path);
	ret = check_labels(f, label, e);
	if (ret)
		return ret;
	member = calloc(t->nr + 1, sizeof(*member));
	for (size_t row = 0; member && row < t->nr; row++) {
		const char *name = csv_cell(t, row, worker);

		if (strcmp(name, "null") && strtol(csv_cell(t, row, repeat), NULL, 10) >= 1)
			member[nr++] =
				(struct member){ strtoul(csv_cell(t, row, cell), NULL, 10),
						 name, row };
	}
	if (nr)
		qsort(member, nr, sizeof(*member), by_cell_and_worker);
	ret = member ? make_series(f, member, nr) : -ENOMEM;
	free(member);
	return ret ? error_set(e, -ret, "%s: %s", f->path, strerror(-ret)) : 0;
}

/* ---- on which machine ---- */

/* What two machines differ in, as text; the memory's size is not the same after each boot. */
static void describe_machine(const json_t *run, char *text, size_t text_bytes)
{
	static const char *const keys[] = { "kernel", "cpu_model", "cpus", "cgroup_version",
					    "lab" };
	const json_t *machine = json_object_get(run, "machine");
	size_t used = 0;

	text[0] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(keys) && used < text_bytes; i++) {
		const json_t *value = json_object_get(machine, keys[i]);
		char *word = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

		if (word)
			used += (size_t)snprintf(text + used, text_bytes - used, "%s%s %s",
						 used ? ", " : "", keys[i], word);
		free(word);
	}
}

/* The origin in a merged directory that the row comes from, else the directory's own run. */
static const json_t *origin_of(const struct result_dir *f, const char *run)
{
	const json_t *merged = json_object_get(f->run, "merged"), *origin;
	size_t i;

	json_array_foreach(merged, i, origin)
	{
		const char *name = json_string_value(json_object_get(origin, "run"));

		if (name && !strcmp(name, run))
			return origin;
	}
	return f->run;
}

static int find_machine(struct result_dir *f, const char *run, unsigned *index)
{
	char text[512], **grown;

	describe_machine(origin_of(f, run), text, sizeof(text));
	for (unsigned i = 0; i < f->nr_machines; i++)
		if (!strcmp(f->machine[i], text)) {
			*index = i;
			return 0;
		}
	grown = reallocarray(f->machine, f->nr_machines + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	f->machine = grown;
	f->machine[f->nr_machines] = strdup(text);
	*index = (unsigned)f->nr_machines;
	return f->machine[f->nr_machines++] ? 0 : -ENOMEM;
}

/* Rows of one run lie together: few are looked up. */
static int place_rows(struct result_dir *f, struct error *e)
{
	const struct csv_table *t = &f->runs;
	const int run = csv_column(t, "run");
	int ret = 0;

	f->machine_of = calloc(t->nr + 1, sizeof(*f->machine_of));
	if (!f->machine_of)
		ret = -ENOMEM;
	for (size_t row = 0; !ret && row < t->nr; row++) {
		const char *name = csv_cell(t, row, run);

		if (row && !strcmp(name, csv_cell(t, row - 1, run)))
			f->machine_of[row] = f->machine_of[row - 1];
		else
			ret = find_machine(f, name, &f->machine_of[row]);
	}
	return ret ? error_set(e, -ret, "%s: %s", f->path, strerror(-ret)) : 0;
}

double result_dir_started(const struct result_dir *f, size_t row)
{
	struct tm utc = { .tm_year = 0 };
	const char *text = result_dir_run_cell(f, row, "started_utc");
	const char *end = strptime(text, "%FT%TZ", &utc);

	return end && !*end ? (double)timegm(&utc) : 0;
}

/* What was repeated is counted, and left out of everything else. */
static int keep_last_attempts(struct result_dir *f, struct error *e)
{
	struct csv_table *tables[] = { &f->truth, &f->samples, &f->events, &f->runs };
	struct attempts attempts = { 0 };

	if (attempts_find(&attempts, &f->runs))
		return error_set(e, ENOMEM, "%s: %s", f->path, strerror(ENOMEM));
	for (size_t i = 0; i < attempts.nr; i++)
		f->repeated += attempts.attempt[i].last - 1;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		attempts_drop(&attempts, tables[i]);
	attempts_release(&attempts);
	return 0;
}

int result_dir_open(struct result_dir *f, const char *path, struct error *e)
{
	struct {
		const char *name;
		struct csv_table *table;
	} files[] = {
		{ "runs.csv", &f->runs },	    { "truth.csv", &f->truth },
		{ "samples.csv", &f->samples },	    { "events.csv", &f->events },
		{ "scorecard.csv", &f->scorecard },
	};
	int ret;

	memset(f, 0, sizeof(*f));
	ret = name_dir(f, path, e);
	for (size_t i = 0; !ret && i < ARRAY_SIZE(files); i++)
		ret = read_table(f, files[i].name, files[i].table, e);
	if (!ret && !f->runs.columns && !f->scorecard.columns)
		ret = error_set(
			e, ENOENT,
			"%s holds neither runs.csv nor scorecard.csv: it is not a results directory",
			path);
	if (!ret)
		ret = read_json(f, e);
	if (!ret)
		ret = keep_last_attempts(f, e);
	if (!ret)
		ret = group_rows(f, e);
	if (!ret)
		ret = place_rows(f, e);
	if (ret)
		result_dir_release(f);
	return ret;
}

void result_dir_release(struct result_dir *f)
{
	for (size_t i = 0; i < f->nr_series; i++)
		free(f->series[i].row);
	free(f->series);
	for (size_t i = 0; i < f->nr_machines; i++)
		free(f->machine[i]);
	free(f->machine);
	free(f->machine_of);
	json_decref(f->run);
	csv_release(&f->scorecard);
	csv_release(&f->events);
	csv_release(&f->samples);
	csv_release(&f->truth);
	csv_release(&f->runs);
	memset(f, 0, sizeof(*f));
}

const char *result_dir_run_cell(const struct result_dir *f, size_t row, const char *column)
{
	return csv_cell(&f->runs, row, csv_column(&f->runs, column));
}

double result_dir_number(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	return end == text || *end || !isfinite(value) ? NAN : value;
}

/*
 * Whether a run of this outcome can be measured: it ended ok or in an OOM kill that was
 * expected, or held less or more than its target. One that was killed, timed out, skipped or
 * interrupted is reported by its outcome; its numbers would compare a part with a whole.
 */
static bool is_measured(const char *word)
{
	unsigned outcome;

	if (!wordlist_find(&outcome_words, word, &outcome))
		return false;
	switch (outcome) {
	case OUTCOME_OK:
	case OUTCOME_EXPECTED_OOM:
	case OUTCOME_MISSING_OOM:
	case OUTCOME_TARGET_MISSED:
		return true;
	default:
		return false;
	}
}

enum ending result_dir_run_ending(const struct result_dir *f, size_t row)
{
	return outcome_ending_of_row(result_dir_run_cell(f, row, "outcome"),
				     result_dir_run_cell(f, row, "expected_outcome"));
}

/* 1: did not end as expected; NaN: says nothing of the subject. */
static double failed_run(const struct result_dir *f, size_t row)
{
	const enum ending ending = result_dir_run_ending(f, row);

	if (ending == ENDING_SKIPPED || ending == ENDING_INTERRUPTED ||
	    ending == ENDING_DISTURBED)
		return NAN;
	return ending != ENDING_EXPECTED;
}

/* The columns of a metric's numbers, looked up once. */
struct value_columns {
	int outcome, value, base;
};

static double value_of(const struct result_dir *f, size_t row, const struct column *m,
		       const struct value_columns *c)
{
	double value, base;

	if (m->metric.counts_endings)
		return failed_run(f, row);
	if (!is_measured(csv_cell(&f->runs, row, c->outcome)))
		return NAN;
	value = result_dir_number(csv_cell(&f->runs, row, c->value));
	if (!m->metric.ratio[0])
		return value;
	base = result_dir_number(csv_cell(&f->runs, row, c->base));
	return base > 0 ? value / base : NAN;
}

void result_dir_series_values(const struct result_dir *f, const struct series *s,
			      const struct column *m, double *value)
{
	const char *const *ratio = m->metric.ratio;
	const struct value_columns c = {
		.outcome = csv_column(&f->runs, "outcome"),
		.value = csv_column(&f->runs, ratio[0] ? ratio[0] : m->name),
		.base = ratio[1] ? csv_column(&f->runs, ratio[1]) : -1,
	};

	for (size_t i = 0; i < s->nr; i++) {
		value[i] = value_of(f, s->row[i], m, &c);
		if (value[i] < 0)
			value[i] = NAN;
	}
}

int result_dir_values(const struct result_dir *f, const struct series *s,
		      const struct column *m, double **values, size_t *nr)
{
	double *value = calloc(s->nr + 1, sizeof(*value));
	size_t n = 0;

	if (!value)
		return -ENOMEM;
	result_dir_series_values(f, s, m, value);
	for (size_t i = 0; i < s->nr; i++)
		if (!isnan(value[i]))
			value[n++] = value[i];
	*values = value;
	*nr = n;
	return 0;
}

const struct json_t *result_dir_json(const struct result_dir *f, const char *path)
{
	const json_t *at = f->run;
	char key[64];

	while (at && *path) {
		size_t length = strcspn(path, ".");

		snprintf(key, sizeof(key), "%.*s", (int)length, path);
		at = json_object_get(at, key);
		path += length + (path[length] == '.');
	}
	return at;
}

bool result_dir_is_worker_first(const struct result_dir *f, size_t series)
{
	for (size_t i = 0; i < series; i++)
		if (!strcmp(f->series[i].worker, f->series[series].worker))
			return false;
	return true;
}
