// SPDX-License-Identifier: GPL-2.0-or-later
/* The results directory, and one tool after the other, load by load. */
#include "harness/validate/validate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/trial/results.h"
#include "harness/validate/monitor.h"
#include "harness/validate/scoring.h"
#include "harness/validate/tool.h"

static int make_directory(const char *path, struct error *e)
{
	char partial[512];

	snprintf(partial, sizeof(partial), "%s/", path);
	for (char *p = partial + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(partial, 0755) && errno != EEXIST)
			return error_set(e, errno, "cannot make the directory %s: %s", partial,
					 strerror(errno));
		*p = '/';
	}
	return 0;
}

/* One that is not there yet. */
static void name_directory(struct validate *v)
{
	time_t now = time(NULL);
	char stamp[32];
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	for (int i = 1; i < 100; i++) {
		snprintf(v->path, sizeof(v->path), "%.300s/%s-validate", v->results_dir, stamp);
		if (i > 1)
			snprintf(v->path, sizeof(v->path), "%.300s/%s-validate-%d",
				 v->results_dir, stamp, i);
		if (access(v->path, F_OK))
			break;
	}
}

int validate_open(struct validate *v, struct error *e)
{
	char path[480];
	int ret;

	name_directory(v);
	scorecard_init(&v->card);
	v->start_ns = clock_now_ns();
	ret = results_check_place(v->results_dir, e);
	snprintf(path, sizeof(path), "%s/runs", v->path);
	if (!ret && !v->replay)
		ret = make_directory(path, e);
	snprintf(path, sizeof(path), "%s/said", v->path);
	return ret ? ret : make_directory(path, e);
}

int validate_monitor(struct validate *v, const char *csv, const char *run, struct error *e)
{
	int ret;

	scorecard_init(&v->card);
	ret = monitor_score(&v->card, csv, run, e);
	if (ret)
		return ret;
	name_directory(v);
	ret = results_check_place(v->results_dir, e);
	if (!ret)
		ret = make_directory(v->path, e);
	return ret ? ret : scorecard_write(&v->card, v->path, e);
}

unsigned validate_runs(const struct validate *v, const struct adapter *a)
{
	char reason[400];
	unsigned nr = 0;

	if (!tool_is_here(a, v->host, reason, sizeof(reason)))
		return 0;
	for (unsigned i = 0; i < a->nr_loads; i++)
		if (tool_has_needs(v->host, a->load[i].needs, reason, sizeof(reason)))
			nr += scoring_steps(v, a, &a->load[i]);
	return nr;
}

static void find_version(const struct validate *v, const struct adapter *a, char *version,
			 size_t bytes)
{
	char path[480];

	snprintf(path, sizeof(path), "%.390s/said/%s.version", v->replay ? v->replay : v->path,
		 a->name);
	if (v->replay)
		tool_version_then(path, version, bytes);
	else
		tool_version(a, path, version, bytes);
}

int validate_tool(struct validate *v, const struct adapter *a, struct error *e)
{
	struct scoring *sc = calloc(1, sizeof(*sc));
	char version[64] = "", skip[400] = "";
	int ret = 0;

	if (!sc)
		return error_set(e, ENOMEM, "out of memory");
	if (v->replay || tool_is_here(a, v->host, skip, sizeof(skip)))
		find_version(v, a, version, sizeof(version));
	sc->v = v;
	sc->adapter = a;
	sc->version = version;
	for (unsigned i = 0; i < a->nr_loads && !ret; i++) {
		sc->load = &a->load[i];
		snprintf(sc->skip, sizeof(sc->skip), "%s", skip);
		ret = scoring_run(sc, e);
	}
	free(sc);
	return ret;
}

int validate_close(struct validate *v, struct error *e)
{
	return v->card.nr ? scorecard_write(&v->card, v->path, e) : 0;
}
