// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs the repeats of one load, collects their measures and adds its rows. */
#include "harness/validate/scoring.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/tables/csv.h"
#include "harness/validate/evidence.h"
#include "harness/validate/measure.h"
#include "harness/validate/score_text.h"
#include "harness/validate/session.h"
#include "harness/validate/tool.h"

/* ---- one repeat ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void drop_run(const char *path)
{
	/* only what this run just wrote; leftovers are harmless */
	if (strstr(path, "-validate"))
		(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void take_repeat(struct scoring *sc, const struct session *s, const struct error *e_tool)
{
	struct evidence evidence;
	struct error e_open = { "" };
	const char *bad = NULL;
	int ret;

	evidence_init(&evidence);
	ret = evidence_open(&evidence, s->run_path, &e_open);
	snprintf(evidence.vmstat_before, sizeof(evidence.vmstat_before), "%s/%s.%s",
		 s->said_dir, s->label, SESSION_VMSTAT_BEFORE);
	snprintf(evidence.vmstat_after, sizeof(evidence.vmstat_after), "%s/%s.%s", s->said_dir,
		 s->label, SESSION_VMSTAT_AFTER);
	if (!ret)
		bad = evidence_bad_outcome(&evidence);
	for (unsigned i = 0; i < sc->adapter->nr_quantities; i++) {
		const struct quantity *q = &sc->adapter->quantity[i];
		struct gathered *g = &sc->gathered[i];
		char *unread = sc->unread[i];
		struct error e = { "" };

		if (q->load != sc->load)
			continue;
		if (e_tool->text[0])
			snprintf(unread, sizeof(sc->unread[i]), "%.399s", e_tool->text);
		else if (ret)
			snprintf(unread, sizeof(sc->unread[i]), "%.399s", e_open.text);
		else if (bad)
			snprintf(unread, sizeof(sc->unread[i]),
				 "the load itself ended %s: there is no truth", bad);
		else if (measure_take(&g->measure[g->nr], q, s, &evidence, &e))
			snprintf(unread, sizeof(sc->unread[i]), "%.399s", e.text);
		else
			g->nr++;
	}
	evidence_release(&evidence);
}

static void take_noise(struct scoring *sc, const struct session *s)
{
	struct error ignored = { "" };
	struct evidence evidence;

	evidence_init(&evidence);
	if (!evidence_open(&evidence, s->run_path, &ignored)) {
		for (unsigned i = 0; i < sc->adapter->nr_quantities; i++) {
			const struct quantity *q = &sc->adapter->quantity[i];
			struct gathered *g = &sc->gathered[i];

			if (q->load == sc->load && q->is_shared && !q->sites &&
			    !measure_noise(&g->noise[g->nr_noise], q, s, &evidence))
				g->nr_noise++;
		}
	}
	evidence_release(&evidence);
}

/* Takes the measures of a session that ran or was replayed. */
static void take_session(struct scoring *sc, const struct session *s, bool null,
			 const struct error *e_tool)
{
	const struct validate *v = sc->v;

	if (null) {
		take_noise(sc, s);
		return;
	}
	take_repeat(sc, s, e_tool);
	if (sc->run[0])
		return;
	snprintf(sc->run, sizeof(sc->run), "%.199s",
		 v->replay ? s->run_path : s->run_path + strlen(v->path) + 1);
	/* the null load takes as long: the same exposure to other processes */
	snprintf(sc->null_run, sizeof(sc->null_run), "null sleep=%dms",
		 (int)(s->seconds * 1000));
}

static int run_session(struct scoring *sc, struct session *s, bool null, struct error *e)
{
	struct validate *v = sc->v;
	struct error e_tool = { "" };
	bool first = !sc->run[0];
	int ret = session_live(s, &e_tool, e);

	v->interrupted = s->interrupted;
	v->not_restored = v->not_restored || s->not_restored;
	if (ret)
		return ret;
	if (s->skip[0])
		snprintf(sc->skip, sizeof(sc->skip), "%s", s->skip);
	else
		take_session(sc, s, null, &e_tool);
	if (!v->keep && s->run_path[0] && (null || !first))
		drop_run(s->run_path);
	return 0;
}

static int replay_session(struct scoring *sc, struct session *s, bool null, struct error *e)
{
	struct error e_tool = { "" };
	int ret = session_replay(s, &e_tool, e);

	if (!ret)
		take_session(sc, s, null, &e_tool);
	return ret;
}

/* -ENOENT: there is nothing to replay. */
static int take_one(struct scoring *sc, bool null, unsigned repeat, struct error *e)
{
	struct validate *v = sc->v;
	const char *from = v->replay ? v->replay : v->path;
	char label[200], runs[480], said[480], filtered[480];
	struct session s = { .adapter = sc->adapter,
			     .load = sc->load,
			     .run_words = null ? sc->null_run : sc->load->run,
			     .host = v->host,
			     .runs_dir = runs,
			     .said_dir = said,
			     .label = label,
			     .filter = v->filter,
			     .filtered_dir = filtered,
			     .signal_fd = v->signal_fd,
			     .wants_ready = sc->wants_ready };
	int ret;

	snprintf(runs, sizeof(runs), "%.470s/runs", from);
	snprintf(said, sizeof(said), "%.470s/said", from);
	snprintf(filtered, sizeof(filtered), "%s/said", v->path);
	snprintf(label, sizeof(label), "%s.%s%s.%u", sc->adapter->name, sc->load->name,
		 null ? ".null" : "", repeat);
	ret = v->replay ? replay_session(sc, &s, null, e) : run_session(sc, &s, null, e);
	session_release(&s);
	return ret;
}

/* ---- all repeats ---- */

static int add_row(struct scoring *sc, unsigned quantity)
{
	const struct quantity *q = &sc->adapter->quantity[quantity];
	struct gathered *g = &sc->gathered[quantity];
	struct score_row *row = scorecard_add(&sc->v->card);
	struct score score;

	if (!row)
		return -ENOMEM;
	score_text_describe(row, q);
	snprintf(row->tool, sizeof(row->tool), "%s", sc->adapter->name);
	snprintf(row->version, sizeof(row->version), "%s", sc->version);
	snprintf(row->run, sizeof(row->run), "%s", sc->run);
	if (sc->skip[0]) {
		row->verdict = SCORE_SKIPPED;
		snprintf(row->why, sizeof(row->why), "%s", sc->skip);
	} else if (!g->nr) {
		row->verdict = SCORE_UNREAD;
		snprintf(row->why, sizeof(row->why), "%s", sc->unread[quantity]);
	} else {
		score_make(&score, g, q->bias);
		score_to_row(&score, row);
		score_text_explain(row, &score, q);
	}
	column_plain(row->load);
	column_plain(row->evidence);
	column_plain(row->why);
	if (sc->v->row)
		sc->v->row(row, sc->v->arg);
	return 0;
}

static int add_rows(struct scoring *sc, struct error *e)
{
	int ret = 0;

	for (unsigned i = 0; i < sc->adapter->nr_quantities && !ret; i++)
		if (sc->adapter->quantity[i].load == sc->load)
			ret = add_row(sc, i);
	return ret ? error_set(e, ENOMEM, "out of memory") : 0;
}

static unsigned repeats_of(const struct validate *v, const struct load *load)
{
	return load->repeats && load->repeats < v->repeats ? load->repeats : v->repeats;
}

static bool has_shared(const struct adapter *a, const struct load *load)
{
	for (unsigned i = 0; i < a->nr_quantities; i++)
		if (a->quantity[i].load == load && a->quantity[i].is_shared)
			return true;
	return false;
}

/* A null load after each, so that both see the same machine. */
unsigned scoring_steps(const struct validate *v, const struct adapter *a,
		       const struct load *load)
{
	return repeats_of(v, load) * (has_shared(a, load) ? 2 : 1);
}

static void look_ahead(struct scoring *sc)
{
	sc->is_shared = has_shared(sc->adapter, sc->load);
	sc->wants_ready = false;
	for (unsigned i = 0; i < sc->adapter->nr_quantities; i++) {
		const struct quantity *q = &sc->adapter->quantity[i];

		sc->wants_ready |= q->load == sc->load && q->is_difference;
	}
}

static double left_s(const struct validate *v)
{
	double passed_s = (double)(clock_now_ns() - v->start_ns) / 1e9;

	if (!v->nr_done || v->nr_done > v->nr_runs)
		return NAN;
	return passed_s * (v->nr_runs - v->nr_done) / v->nr_done;
}

/* Runs each repeat; for a tool that reads the whole machine, a null load after each. */
static int run_load(struct scoring *sc, struct error *e)
{
	struct validate *v = sc->v;
	unsigned turns = sc->is_shared ? 2 : 1;
	unsigned steps = scoring_steps(v, sc->adapter, sc->load);
	int ret = 0;

	(void)tool_has_needs(v->host, sc->load->needs, sc->skip, sizeof(sc->skip));
	for (unsigned i = 0; i < steps && !ret && !sc->skip[0]; i++) {
		if (v->progress) {
			const struct validate_progress now = { .tool = sc->adapter->name,
							       .load = sc->load->name,
							       .run = v->nr_done + 1,
							       .runs = v->nr_runs,
							       .left_s = left_s(v) };

			v->progress(&now, v->arg);
		}
		ret = take_one(sc, i % turns, i / turns + 1, e);
		v->nr_done++;
		if (!ret && v->interrupted)
			ret = -EINTR;
	}
	return ret;
}

static const char *cell_of(const struct csv_table *t, size_t row, const char *column)
{
	return csv_cell(t, row, csv_column(t, column));
}

/* Why the tool did not run, from the scorecard of the replayed directory. */
static void saved_skip(const struct scoring *sc, char *skip, size_t bytes)
{
	const char *skipped = wordlist_word(&score_verdict_words, SCORE_SKIPPED);
	struct error ignored = { "" };
	struct csv_table t = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "%.480s/scorecard.csv", sc->v->replay);
	snprintf(skip, bytes, "%.300s holds no output of it", sc->v->replay);
	if (csv_read(&t, path, &ignored))
		return;
	for (size_t i = 0; i < t.nr; i++)
		if (!strcmp(cell_of(&t, i, "tool"), sc->adapter->name) &&
		    !strcmp(cell_of(&t, i, "load"), sc->load->run) &&
		    !strcmp(cell_of(&t, i, "verdict"), skipped))
			snprintf(skip, bytes, "%s", cell_of(&t, i, "why"));
	csv_release(&t);
}

/* Reads as many repeats as there are. */
static int replay_load(struct scoring *sc, struct error *e)
{
	int ret = 0;

	for (unsigned repeat = 1; repeat <= SCORE_REPEATS_MAX && !ret; repeat++) {
		ret = take_one(sc, false, repeat, e);
		if (!ret && sc->is_shared)
			ret = take_one(sc, true, repeat, e);
	}
	if (!sc->run[0])
		saved_skip(sc, sc->skip, sizeof(sc->skip));
	return ret == -ENOENT ? 0 : ret;
}

int scoring_run(struct scoring *sc, struct error *e)
{
	int ret = 0;

	look_ahead(sc);
	sc->run[0] = '\0';
	if (!sc->skip[0])
		ret = sc->v->replay ? replay_load(sc, e) : run_load(sc, e);
	return ret ? ret : add_rows(sc, e);
}
