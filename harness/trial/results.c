// SPDX-License-Identifier: GPL-2.0-or-later
/* The CSV files of a run and the life of its folder. Computes no value. */
#include "harness/trial/results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SCHEMA_VERSION 1

static const char counters_header[] =
	"schema,run,profile,cell,repeat,worker,workload,span,scope,"
	"source,counter,kind,unit,before,after,delta";
static const char truth_header[] =
	"schema,run,cell,repeat,worker,workload,quantity,span,counter,"
	"unit,relation,basis,expected,tolerance,observed,noise,verdict,"
	"why";
static const char samples_header[] =
	"schema,run,cell,repeat,worker,phase,t_ms,quantity,unit,value";
static const char latency_header[] = "schema,run,cell,repeat,worker,low_ns,high_ns,count";
static const char events_header[] = "schema,run,cell,repeat,worker,t_ms,event,detail";

static const char sites_header[] = "schema,run,cell,repeat,worker,workload,symbol,offset,depth,"
				   "live_blocks,live_bytes,allocations,frees";

void results_init(struct results *r)
{
	*r = (struct results){ .dirfd = -1 };
	r->counters.fd = r->truth.fd = r->runs.fd = r->samples.fd = r->events.fd = -1;
	r->latency.fd = r->sites.fd = -1;
}

static int write_text(int dirfd, const char *name, const char *text, struct error *e)
{
	const size_t length = strlen(text);
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), err = 0;

	if (fd < 0)
		return error_set(e, errno, "cannot write %s: %s", name, strerror(errno));
	if (write(fd, text, length) != (ssize_t)length || fsync(fd))
		err = error_set(e, errno ? errno : EIO, "cannot write %s: %s", name,
				strerror(errno));
	close(fd);
	return err;
}

/* <UTC>-<profile>; a second run within the same second gets -2, -3 … */
static int make_folder(struct results *r, const char *profile, struct error *e)
{
	char stamp[32], other[640];
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	for (int i = 1; i < 100; i++) {
		if (i == 1)
			snprintf(r->run, sizeof(r->run), "%s-%s", stamp, profile);
		else
			snprintf(r->run, sizeof(r->run), "%s-%s-%d", stamp, profile, i);
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
			 "cannot make the results folder %s: %s; choose another with -o",
			 r->path, strerror(errno));
}

static int make_parents(const char *path, struct error *e)
{
	char partial[512];

	snprintf(partial, sizeof(partial), "%s/", path);
	for (char *p = partial + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		if (mkdir(partial, 0755) && errno != EEXIST)
			return error_set(e, errno, "cannot make the folder %s: %s", partial,
					 strerror(errno));
		*p = '/';
	}
	return 0;
}

static int open_files(struct results *r,
		      int (*open_one)(struct csv_writer *w, int dirfd, const char *name,
				      const char *header, struct error *e),
		      struct error *e)
{
	const struct {
		struct csv_writer *w;
		const char *name, *header;
	} files[] = {
		{ &r->counters, "counters.csv", counters_header },
		{ &r->truth, "truth.csv", truth_header },
		{ &r->runs, "runs.csv", row_header() },
		{ &r->samples, "samples.csv", samples_header },
		{ &r->events, "events.csv", events_header },
		{ &r->latency, "latency.csv", latency_header },
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !err; i++)
		err = open_one(files[i].w, r->dirfd, files[i].name, files[i].header, e);
	return err;
}

int results_open(struct results *r, const char *parent, const struct plan *plan,
		 struct error *e)
{
	int err;

	if (strlen(parent) >= sizeof(r->parent))
		return error_set(e, ENAMETOOLONG,
				 "the folder's path is longer than %zu bytes: choose another "
				 "with -o",
				 sizeof(r->parent) - 1);
	err = make_parents(parent, e);
	snprintf(r->parent, sizeof(r->parent), "%s", parent);
	snprintf(r->profile, sizeof(r->profile), "%s", plan->name);
	if (!err)
		err = make_folder(r, plan->name, e);
	if (err)
		return err;
	r->dirfd = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dirfd < 0)
		return error_set(e, errno, "cannot open %s: %s", r->path, strerror(errno));
	err = write_text(r->dirfd, "profile.ini", plan->profile_text, e);
	return err ? err : open_files(r, csv_create, e);
}

int results_reopen(struct results *r, const char *path, const struct plan *plan,
		   struct error *e)
{
	const size_t tail = strlen(".partial");
	char *absolute = realpath(path, NULL), *slash;
	int err;

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
	r->dirfd = open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dirfd < 0)
		return error_set(e, errno, "cannot open %s: %s", r->path, strerror(errno));
	err = open_files(r, csv_append, e);
	if (!err && !faccessat(r->dirfd, "sites.csv", F_OK, 0))
		err = csv_append(&r->sites, r->dirfd, "sites.csv", sites_header, e);
	return err;
}

static bool is_own(const char *scope)
{
	return !strcmp(scope, "group") || !strncmp(scope, "process", 7) ||
	       !strncmp(scope, "mapping", 7) || !strcmp(scope, "ledger");
}

static void write_side(struct csv_writer *w, bool has, struct number n)
{
	if (has)
		csv_number(w, n);
	else
		csv_empty(w);
}

void results_counters(struct results *r, const struct row_place *place, enum span span,
		      const struct record *record, bool own)
{
	struct csv_writer *w = &r->counters;

	for (size_t i = 0; i < record->nr; i++) {
		const struct counter *c = &record->counter[i];
		struct number delta = { 0 };
		bool has_delta;

		if (is_own(c->scope) != own)
			continue;
		has_delta = counter_delta(c, &delta);
		csv_uint(w, SCHEMA_VERSION);
		csv_text(w, r->run);
		csv_text(w, r->profile);
		csv_uint(w, place->cell);
		csv_int(w, place->repeat);
		csv_text(w, place->worker);
		csv_text(w, place->workload);
		csv_text(w, span_name(span));
		csv_text(w, c->scope);
		csv_text(w, c->source);
		csv_text(w, c->counter);
		csv_text(w, kind_name(c->kind));
		csv_text(w, unit_name(c->unit));
		write_side(w, c->has_before, c->before);
		write_side(w, c->has_after, c->after);
		write_side(w, has_delta, delta);
		csv_end_row(w);
	}
}

/* The cells with which rows of all files but counters.csv and runs.csv begin. */
static void begin_row(struct csv_writer *w, const struct results *r,
		      const struct row_place *place)
{
	csv_uint(w, SCHEMA_VERSION);
	csv_text(w, r->run);
	csv_uint(w, place->cell);
	csv_int(w, place->repeat);
	csv_text(w, place->worker);
}

void results_truth(struct results *r, const struct row_place *place, const struct judgement *j)
{
	struct csv_writer *w = &r->truth;
	char counter[160];

	snprintf(counter, sizeof(counter), "%s/%s/%s", j->claim.scope, j->claim.source,
		 j->claim.counter);
	begin_row(w, r, place);
	csv_text(w, place->workload);
	csv_text(w, j->claim.quantity);
	csv_text(w, span_name(j->claim.span));
	csv_text(w, counter);
	csv_text(w, unit_name(j->claim.unit));
	csv_text(w, relation_name(j->claim.relation));
	csv_text(w, basis_name(j->claim.basis));
	csv_int(w, j->claim.expected);
	csv_int(w, j->claim.tolerance);
	write_side(w, j->has_observed, j->observed);
	write_side(w, j->has_noise, j->noise);
	csv_text(w, verdict_name(j->verdict));
	csv_text(w, j->claim.why);
	csv_end_row(w);
}

void results_sample(struct results *r, const struct row_place *place, const char *phase,
		    uint64_t t_ms, const char *quantity, const char *unit, int64_t value)
{
	struct csv_writer *w = &r->samples;

	begin_row(w, r, place);
	csv_text(w, phase);
	csv_uint(w, t_ms);
	csv_text(w, quantity);
	csv_text(w, unit);
	csv_int(w, value);
	csv_end_row(w);
}

void results_event(struct results *r, const struct row_place *place, uint64_t t_ms,
		   const char *event, const char *detail)
{
	struct csv_writer *w = &r->events;
	char plain[512];

	snprintf(plain, sizeof(plain), "%s", detail ? detail : "");
	for (char *p = plain; *p; p++)
		if (*p == ',' || *p == '\n' || *p == '"')
			*p = *p == ',' ? ';' : ' ';
	begin_row(w, r, place);
	csv_uint(w, t_ms);
	csv_text(w, event);
	csv_text(w, plain);
	csv_end_row(w);
}

void results_latency(struct results *r, const struct row_place *place,
		     const struct histogram *h)
{
	struct csv_writer *w = &r->latency;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t count = h->bucket[i];

		if (!count)
			continue;
		begin_row(w, r, place);
		csv_uint(w, histogram_low(i));
		csv_uint(w, histogram_high(i));
		csv_uint(w, count);
		csv_end_row(w);
	}
}

static void write_site(struct results *r, const struct row_place *place,
		       const struct ledger_site *site)
{
	struct csv_writer *w = &r->sites;

	begin_row(w, r, place);
	csv_text(w, place->workload);
	csv_text(w, site->symbol);
	csv_uint(w, site->offset);
	csv_uint(w, site->depth);
	csv_uint(w, site->live_blocks);
	csv_uint(w, site->live_bytes);
	csv_uint(w, site->allocations);
	csv_uint(w, site->frees);
	csv_end_row(w);
}

int results_sites(struct results *r, const struct row_place *place, const struct ledger *ledger,
		  struct error *e)
{
	int err = 0;

	for (unsigned i = 0; i < LEDGER_SITES && ledger->site[i].symbol[0] && !err; i++) {
		if (r->sites.fd < 0)
			err = csv_create(&r->sites, r->dirfd, "sites.csv", sites_header, e);
		if (!err)
			write_site(r, place, &ledger->site[i]);
	}
	return err;
}

int results_flush(struct results *r, struct error *e)
{
	int err = csv_flush(&r->counters, e);

	if (!err)
		err = csv_flush(&r->truth, e);
	if (!err)
		err = csv_flush(&r->samples, e);
	if (!err)
		err = csv_flush(&r->events, e);
	if (!err && r->sites.fd >= 0)
		err = csv_flush(&r->sites, e);
	if (!err)
		err = csv_flush(&r->latency, e);
	if (!err)
		err = csv_flush(&r->runs,
				e); /* last: a row there says that its others are complete */
	return err;
}

int results_close(struct results *r, bool complete, struct error *e)
{
	struct csv_writer *const all[] = { &r->counters, &r->truth,   &r->runs, &r->samples,
					   &r->events,	 &r->latency, &r->sites };
	char path[512];
	int err = 0;

	json_decref(r->settings_before);
	r->settings_before = NULL;
	if (r->dirfd < 0)
		return 0;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int one;

		if (!complete)
			csv_forget(all[i]);
		one = all[i]->fd >= 0 ? csv_close(all[i], e) : 0;
		err = err ? err : one;
	}
	close(r->dirfd);
	r->dirfd = -1;
	if (err || !complete)
		return err;
	snprintf(path, sizeof(path), "%.319s/%.159s", r->parent, r->run);
	if (rename(r->path, path))
		return error_set(e, errno, "cannot rename %s: %s", r->path, strerror(errno));
	snprintf(r->path, sizeof(r->path), "%s", path);
	return 0;
}
