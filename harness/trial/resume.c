// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds which steps a cut run completed, and cuts its files back to those. Runs nothing. */
#include "harness/trial/resume.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/plainfile.h"
#include "harness/trial/results.h"

#define PARTIAL ".partial"

static json_t *load_json(const char *path)
{
	char name[640];
	json_t *root;
	FILE *file;
	int ret;

	snprintf(name, sizeof(name), "%s/run.json", path);
	file = plainfile_stream(name, &ret, NULL);
	if (!file)
		return NULL;
	root = json_loadf(file, 0, NULL);
	fclose(file);
	return root;
}

unsigned resume_looks(const char *path)
{
	json_t *root = load_json(path);
	const json_t *looks = json_object_get(json_object_get(root, "end"), "looks");
	const unsigned nr = (unsigned)json_integer_value(looks);

	json_decref(root);
	return nr;
}

int resume_only_cell(const char *path, unsigned *more)
{
	json_t *root = load_json(path);
	const json_t *end = json_object_get(root, "end");
	const json_t *cell = json_object_get(end, "only_cell");
	int only = json_is_integer(cell) ? (int)json_integer_value(cell) : -1;

	*more = only < 0 ? 0 : (unsigned)json_integer_value(json_object_get(end, "more_cells"));
	json_decref(root);
	return only;
}

/* ---- is it the same plan? ---- */

static int check_name(const char *path, struct error *e)
{
	const size_t length = strlen(path), tail = strlen(PARTIAL);

	if (length > tail && !strcmp(path + length - tail, PARTIAL))
		return 0;
	return error_set(
		e, EINVAL,
		"%s is not a directory NAME.partial: only a run that was cut can be resumed",
		path);
}

static int check_plan(const char *path, const struct plan *plan, struct error *e)
{
	json_t *root = load_json(path), *now = results_describe_plan(plan);
	const json_t *machine = json_object_get(root, "machine");
	const char *kernel = json_string_value(json_object_get(machine, "kernel"));
	int ret = 0;

	if (!root || !kernel)
		ret = error_set(e, EINVAL,
				"%s has no run.json that says what was run: start it anew",
				path);
	else if (strcmp(kernel, plan->host->kernel))
		ret = error_set(
			e, EINVAL,
			"%s was run on Linux %s and this is %s: their rows would not belong together",
			path, kernel, plan->host->kernel);
	else if (!json_equal(json_object_get(root, "plan"), now))
		ret = error_set(
			e, EINVAL,
			"%s/profile.ini gives another plan on this machine now than when it was begun: start it anew",
			path);
	json_decref(now);
	json_decref(root);
	return ret;
}

/* ---- which steps are done? ---- */

/* A kill within write(2) leaves a row without its end. */
static int drop_torn_row(const char *name, struct error *e)
{
	int fd = plainfile_open(AT_FDCWD, name, O_RDWR, e), ret = 0;
	struct stat st = { 0 };
	off_t end;
	char c = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		ret = -errno;
	for (end = st.st_size; !ret && end > 0; end--) {
		if (pread(fd, &c, 1, end - 1) != 1)
			ret = -EIO;
		if (c == '\n')
			break;
	}
	if (!ret && end < st.st_size && ftruncate(fd, end))
		ret = -errno;
	close(fd);
	return ret ? error_set(e, -ret, "%s: cannot cut its last row: %s", name, strerror(-ret))
		   : 0;
}

static int read_table(const char *path, const char *name, struct csv_table *t, struct error *e)
{
	char full[640];
	int ret;

	snprintf(full, sizeof(full), "%s/%s", path, name);
	ret = drop_torn_row(full, e);
	return ret ? ret : csv_read(t, full, e);
}

/* A disturbed one too, unless it was the last attempt: a kill cut what came after it. */
static bool must_run_again(const struct resume *r, const char *outcome, unsigned long attempt)
{
	return !strcmp(outcome, outcome_name(OUTCOME_INTERRUPTED)) ||
	       !strcmp(outcome, outcome_name(OUTCOME_BROKEN)) ||
	       (!strcmp(outcome, outcome_name(OUTCOME_DISTURBED)) &&
		attempt <= r->plan->retries);
}

/* Rows of runs.csv of a worker in a step's last attempt, or of one that must run again. */
static unsigned count_rows(const struct resume *r, const struct plan_step *step,
			   const char *worker, bool *again)
{
	const struct csv_table *runs = &r->runs;
	const int cell = csv_column(runs, "cell"), repeat = csv_column(runs, "repeat");
	const int name = csv_column(runs, "worker"), outcome = csv_column(runs, "outcome");
	const unsigned long last = attempts_last(&r->attempts, step->cell, step->repeat);
	const int attempt = csv_column(runs, "attempt");
	unsigned nr = 0;

	for (size_t i = 0; i < runs->nr; i++) {
		if (strtoul(csv_cell(runs, i, cell), NULL, 10) != step->cell ||
		    atoi(csv_cell(runs, i, repeat)) != step->repeat ||
		    strtoul(csv_cell(runs, i, attempt), NULL, 10) != last ||
		    strcmp(csv_cell(runs, i, name), worker))
			continue;
		nr++;
		*again |= must_run_again(r, csv_cell(runs, i, outcome), last);
	}
	return nr;
}

static bool step_is_done(const struct resume *r, const struct plan_step *step)
{
	const struct plan_cell *cell = &r->plan->cell[step->cell];
	bool again = false;

	for (unsigned i = 0; i < cell->nr_workers; i++)
		if (count_rows(r, step, cell->worker[i].name, &again) != 1)
			return false;
	return !again;
}

static int find_done(struct resume *r, struct error *e)
{
	r->done = calloc(r->plan->nr_steps + 1, sizeof(*r->done));
	if (!r->done)
		return error_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < r->plan->nr_steps; i++) {
		r->done[i] = step_is_done(r, &r->plan->step[i]);
		r->nr_done += r->done[i];
	}
	return 0;
}

/* ---- its files, cut back ---- */

static bool row_is_kept(const struct resume *r, const struct csv_table *t, size_t row)
{
	const unsigned long cell = strtoul(csv_cell(t, row, csv_column(t, "cell")), NULL, 10);
	const int repeat = atoi(csv_cell(t, row, csv_column(t, "repeat")));

	for (size_t i = 0; i < r->plan->nr_steps; i++)
		if (r->plan->step[i].cell == cell && r->plan->step[i].repeat == repeat)
			return r->done[i];
	return false;
}

static void drop_rows(const struct resume *r, struct csv_table *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->nr; i++) {
		if (row_is_kept(r, t, i))
			t->row[kept++] = t->row[i];
		else
			free(t->row[i]);
	}
	t->nr = kept;
}

static void header_text(const struct csv_table *t, char *text, size_t bytes)
{
	size_t length = 0;

	for (unsigned i = 0; i < t->columns && length < bytes; i++)
		length += (size_t)snprintf(text + length, bytes - length, "%s%s", i ? "," : "",
					   t->header[i]);
}

/* Written beside and renamed: a kill in between leaves the old file or the new one. */
static int write_table(int dirfd, const char *name, const struct csv_table *t, struct error *e)
{
	struct csv_writer w = { .fd = -1 };
	char other[64], header[4096];
	int ret;

	snprintf(other, sizeof(other), "%s.new", name);
	header_text(t, header, sizeof(header));
	(void)unlinkat(dirfd, other, 0); /* of an earlier attempt */
	ret = csv_create(&w, dirfd, other, header, e);
	if (ret)
		return ret;
	for (size_t i = 0; i < t->nr; i++) {
		for (unsigned c = 0; c < t->columns; c++)
			csv_text(&w, t->row[i][c]);
		csv_end_row(&w);
	}
	ret = csv_close(&w, e);
	if (!ret && renameat(dirfd, other, dirfd, name))
		ret = error_set(e, errno, "cannot rename %s: %s", other, strerror(errno));
	return ret;
}

static int cut_file(struct resume *r, const char *path, int dirfd, const char *name,
		    struct error *e)
{
	struct csv_table own = { 0 }, *t = &own;
	int ret = 0;

	if (faccessat(dirfd, name, F_OK, 0))
		return 0; /* sites.csv, made with its first row */
	if (!strcmp(name, "runs.csv"))
		t = &r->runs;
	else if (!strcmp(name, "truth.csv"))
		t = &r->truth;
	if (t != &r->runs)
		ret = read_table(path, name, t, e);
	if (!ret) {
		drop_rows(r, t);
		ret = write_table(dirfd, name, t, e);
	}
	csv_release(&own);
	return ret;
}

/* runs.csv first: what it no longer lists, another attempt takes out of the others. */
static int cut_files(struct resume *r, const char *path, struct error *e)
{
	int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), ret = 0;

	if (dirfd < 0)
		return error_set(e, errno, "cannot open %s: %s", path, strerror(errno));
	_Static_assert(FILE_RUNS == RUN_FILES - 1, "the last is cut first");
	for (unsigned i = RUN_FILES; i-- > 0 && !ret;)
		ret = cut_file(r, path, dirfd, run_files[i]->name, e);
	close(dirfd);
	return ret;
}

int resume_check(const char *path, const struct plan *plan, struct error *e)
{
	int ret = check_name(path, e);

	return ret ? ret : check_plan(path, plan, e);
}

int resume_load(struct resume *r, const char *path, const struct plan *plan, struct error *e)
{
	int ret;

	*r = (struct resume){ .plan = plan };
	ret = read_table(path, "runs.csv", &r->runs, e);
	if (!ret && attempts_find(&r->attempts, &r->runs))
		ret = error_set(e, ENOMEM, "out of memory");
	if (!ret)
		ret = find_done(r, e);
	if (!ret)
		ret = cut_files(r, path, e);
	if (ret)
		resume_release(r);
	return ret;
}

void resume_release(struct resume *r)
{
	csv_release(&r->runs);
	csv_release(&r->truth);
	attempts_release(&r->attempts);
	free(r->done);
	*r = (struct resume){ 0 };
}
