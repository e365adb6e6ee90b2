// SPDX-License-Identifier: GPL-2.0-or-later
/* The CSV files of a run, and its results directory from creation to rename. Computes no value.
 */
#include "harness/trial/results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/plainfile.h"
#include "harness/base/trust.h"
#include "harness/trial/capture.h"

void results_init(struct results *r)
{
	*r = (struct results){ .dirfd = -1, .named_cell = -1 };
	for (unsigned i = 0; i < RUN_FILES; i++)
		r->csv[i].fd = -1;
}

static int write_text(int dirfd, const char *name, const char *text, struct error *e)
{
	const size_t length = strlen(text);
	int fd = plainfile_make(dirfd, name), ret = 0;

	if (fd < 0)
		return error_set(e, -fd, "cannot write %s: %s", name, strerror(-fd));
	if (write(fd, text, length) != (ssize_t)length || fsync(fd))
		ret = error_set(e, errno ? errno : EIO, "cannot write %s: %s", name,
				strerror(errno));
	close(fd);
	return ret;
}

/* <UTC>-<profile>; a second run within the same second gets -2, -3 … */
static int make_directory(struct results *r, const char *profile, struct error *e)
{
	char stamp[32], other[640], cell[24] = "";
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	if (r->named_cell >= 0)
		snprintf(cell, sizeof(cell), "-cell%d", r->named_cell);
	for (int i = 1; i < 100; i++) {
		if (i == 1)
			snprintf(r->run, sizeof(r->run), "%s-%s%s", stamp, profile, cell);
		else
			snprintf(r->run, sizeof(r->run), "%s-%s%s-%d", stamp, profile, cell, i);
		snprintf(other, sizeof(other), "%s/%s", r->parent, r->run);
		snprintf(r->path, sizeof(r->path), "%.319s/%.159s.partial", r->parent, r->run);
		if (!access(other, F_OK))
			continue;
		if (!mkdir(r->path, 0755))
			return 0;
		if (errno != EEXIST)
			break;
	}
	return error_set(e, errno,
			 "cannot make the results directory %s: %s; choose another with -o",
			 r->path, strerror(errno));
}

int results_check_place(const char *path, struct error *e)
{
	struct error why = { "" };
	char place[512], *slash;
	int ret;

	if (geteuid())
		return 0;
	snprintf(place, sizeof(place), "%s", path);
	while (access(place, F_OK) && (slash = strrchr(place, '/')))
		slash[slash == place] = '\0';
	ret = trust_path(access(place, F_OK) ? "." : place, &why);
	return ret ? error_set(e, -ret, "others may replace what is written to %s: %s", path,
			       why.text)
		   : 0;
}

static int open_directory(struct results *r, struct error *e)
{
	r->dirfd = open(r->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r->dirfd < 0)
		return error_set(e, errno, "cannot open %s: %s", r->path, strerror(errno));
	return 0;
}

int results_make_parents(const char *path, struct error *e)
{
	char partial[512];

	snprintf(partial, sizeof(partial), "%s/", path);
	for (char *p = partial + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		if (mkdir(partial, 0755) && errno != EEXIST)
			return error_set(e, errno, "cannot make the directory %s: %s", partial,
					 strerror(errno));
		*p = '/';
	}
	return 0;
}

typedef int open_file(struct csv_writer *w, int dirfd, const struct csv_file *file,
		      struct error *e);

static int open_files(struct results *r, open_file *open_one, struct error *e)
{
	int ret = 0;

	for (unsigned i = 0; i < RUN_FILES && !ret; i++)
		if (!run_files[i]->with_first_row)
			ret = open_one(&r->csv[i], r->dirfd, run_files[i], e);
	return ret;
}

/* The files that are made with their first row, of which the cut run had written one. */
static int reopen_others(struct results *r, struct error *e)
{
	int ret = 0;

	for (unsigned i = 0; i < RUN_FILES && !ret; i++)
		if (run_files[i]->with_first_row &&
		    !faccessat(r->dirfd, run_files[i]->name, F_OK, 0))
			ret = column_append(&r->csv[i], r->dirfd, run_files[i], e);
	return ret;
}

int results_open(struct results *r, const char *parent, const struct plan *plan,
		 struct error *e)
{
	int ret;

	if (strlen(parent) >= sizeof(r->parent))
		return error_set(
			e, ENAMETOOLONG,
			"the path of the results directory is longer than %zu bytes: choose another with -o",
			sizeof(r->parent) - 1);
	ret = results_make_parents(parent, e);
	snprintf(r->parent, sizeof(r->parent), "%s", parent);
	snprintf(r->profile, sizeof(r->profile), "%s", plan->name);
	if (!ret)
		ret = make_directory(r, plan->name, e);
	if (!ret)
		ret = open_directory(r, e);
	if (ret)
		return ret;
	ret = write_text(r->dirfd, "profile.ini", plan->profile_text, e);
	return ret ? ret : open_files(r, column_create, e);
}

int results_reopen(struct results *r, const char *path, const struct plan *plan,
		   struct error *e)
{
	const size_t tail = strlen(".partial");
	char *absolute = realpath(path, NULL), *slash;
	int ret;

	if (!absolute)
		return error_set(e, errno, "cannot find %s: %s", path, strerror(errno));
	slash = strrchr(absolute, '/');
	if ((size_t)(slash - absolute) >= sizeof(r->parent) ||
	    strlen(slash + 1) - tail >= sizeof(r->run)) {
		free(absolute);
		return error_set(e, ENAMETOOLONG, "the path of %s is too long", path);
	}
	snprintf(r->path, sizeof(r->path), "%s", absolute);
	snprintf(r->parent, sizeof(r->parent), "%.*s", (int)(slash - absolute), absolute);
	snprintf(r->run, sizeof(r->run), "%.*s", (int)(strlen(slash + 1) - tail), slash + 1);
	snprintf(r->profile, sizeof(r->profile), "%s", plan->name);
	free(absolute);
	ret = open_directory(r, e);
	if (!ret)
		ret = open_files(r, column_append, e);
	return ret ? ret : reopen_others(r, e);
}

/* ---- rows ---- */

static void add_row(struct results *r, enum run_file file, const void *row)
{
	column_write(&r->csv[file], run_files[file], row);
}

static bool is_own(const char *scope)
{
	return !strcmp(scope, "group") || !strncmp(scope, "process", 7) ||
	       !strncmp(scope, "mapping", 7) || !strcmp(scope, "ledger");
}

void results_counters(struct results *r, const struct row_place *place, enum span span,
		      const struct record *record, bool own)
{
	struct counter_row row = {
		.run = r->run, .profile = r->profile, .place = *place, .span = span
	};

	for (size_t i = 0; i < record->nr; i++) {
		const struct counter *c = &record->counter[i];

		if (is_own(c->scope) != own || !(c->has_before || c->has_after) ||
		    !strcmp(c->scope, CAPTURE_AROUND))
			continue;
		row.scope = c->scope;
		row.source = c->source;
		row.counter = c->counter;
		row.kind = c->kind;
		row.unit = c->unit;
		row.before = (struct number_cell){ c->has_before, c->before };
		row.after = (struct number_cell){ c->has_after, c->after };
		row.delta.has = counter_delta(c, &row.delta.number);
		add_row(r, FILE_COUNTERS, &row);
	}
}

void results_truth(struct results *r, const struct row_place *place, const struct judgement *j)
{
	const struct claim *claim = &j->claim;
	struct truth_row row = { .run = r->run,
				 .place = *place,
				 .quantity = claim->quantity,
				 .span = claim->span,
				 .unit = claim->unit,
				 .relation = claim->relation,
				 .basis = claim->basis,
				 .expected = claim->expected,
				 .tolerance = claim->tolerance,
				 .observed = { j->has_observed, j->observed },
				 .noise = { j->has_noise, j->noise },
				 .verdict = j->verdict,
				 .why = claim->why };

	snprintf(row.counter, sizeof(row.counter), "%s/%s/%s", claim->scope, claim->source,
		 claim->counter);
	add_row(r, FILE_TRUTH, &row);
}

void results_run(struct results *r, const struct run_row *row)
{
	add_row(r, FILE_RUNS, row);
}

void results_sample(struct results *r, struct sample_row row)
{
	row.run = r->run;
	add_row(r, FILE_SAMPLES, &row);
}

void results_sampled(struct results *r)
{
	csv_write(&r->csv[FILE_SAMPLES]);
}

void results_event(struct results *r, const struct row_place *place, uint64_t t_ms,
		   const char *event, const char *detail)
{
	const struct event_row row = {
		.run = r->run, .place = *place, .t_ms = t_ms, .event = event, .detail = detail
	};

	add_row(r, FILE_EVENTS, &row);
}

void results_losses(struct results *r, const struct row_place *place, uint64_t t_ms,
		    const struct record *record, const struct record *reported)
{
	for (size_t i = 0; i < record->nr_losses; i++) {
		const struct record_loss *loss = &record->loss[i];
		char detail[1200];

		if (is_own(loss->scope) != (place->worker[0] != '\0') ||
		    (reported && record_loss_of(reported, loss->scope, loss->source)))
			continue;
		snprintf(detail, sizeof(detail), "%s%s", loss->why,
			 loss->lines > 1 ? "; other lines of the file are lost too" : "");
		results_event(r, place, t_ms, "unread", detail);
	}
}

void results_latency(struct results *r, const struct row_place *place,
		     const struct histogram *h)
{
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		const struct latency_row row = { .run = r->run,
						 .place = *place,
						 .low_ns = histogram_low(i),
						 .high_ns = histogram_high(i),
						 .count = h->bucket[i] };

		if (row.count)
			add_row(r, FILE_LATENCY, &row);
	}
}

static void write_site(struct results *r, const struct row_place *place,
		       const struct ledger_site *site)
{
	const struct site_row row = { .run = r->run,
				      .place = *place,
				      .symbol = site->symbol,
				      .offset = site->offset,
				      .depth = site->depth,
				      .live_blocks = site->live_blocks,
				      .live_bytes = site->live_bytes,
				      .allocations = site->allocations,
				      .frees = site->frees };

	add_row(r, FILE_SITES, &row);
}

int results_sites(struct results *r, const struct row_place *place, const struct ledger *ledger,
		  struct error *e)
{
	struct csv_writer *w = &r->csv[FILE_SITES];
	int ret = 0;

	for (unsigned i = 0; i < LEDGER_SITES && ledger->site[i].symbol[0] && !ret; i++) {
		if (w->fd < 0)
			ret = column_create(w, r->dirfd, run_files[FILE_SITES], e);
		if (!ret)
			write_site(r, place, &ledger->site[i]);
	}
	return ret;
}

int results_flush(struct results *r, struct error *e)
{
	int ret = 0;

	/* In the order of run_files[], runs.csv last: see resume.h. */
	for (unsigned i = 0; i < RUN_FILES && !ret; i++)
		if (r->csv[i].fd >= 0)
			ret = csv_flush(&r->csv[i], e);
	return ret;
}

int results_close(struct results *r, bool complete, struct error *e)
{
	char path[512];
	int ret = 0;

	json_decref(r->settings_before);
	r->settings_before = NULL;
	if (r->dirfd < 0)
		return 0;
	for (unsigned i = 0; i < RUN_FILES; i++) {
		int one;

		if (!complete)
			csv_forget(&r->csv[i]);
		one = r->csv[i].fd >= 0 ? csv_close(&r->csv[i], e) : 0;
		ret = ret ? ret : one;
	}
	close(r->dirfd);
	r->dirfd = -1;
	if (ret || !complete)
		return ret;
	snprintf(path, sizeof(path), "%.319s/%.159s", r->parent, r->run);
	ret = plainfile_rename(r->path, path);
	if (ret)
		return error_set(e, -ret, "cannot rename %s to %s: %s", r->path, path,
				 strerror(-ret));
	snprintf(r->path, sizeof(r->path), "%s", path);
	return 0;
}
