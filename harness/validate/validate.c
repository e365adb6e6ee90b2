// SPDX-License-Identifier: GPL-2.0-or-later
#include "harness/validate/validate.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdarg.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/size.h"
#include "harness/base/clock.h"
#include "harness/validate/evidence.h"
#include "harness/validate/session.h"

#define VERSION_TIMEOUT_S 20

/* What one quantity gathers over the repeats. */
struct gathered {
	struct measure measure[SCORE_REPEATS_MAX];
	double noise[SCORE_REPEATS_MAX];
	size_t nr, nr_noise;
	char unread[400]; /* why there is no number; "": there is one */
};

/* One load of one tool while it is scored. */
struct scoring {
	struct validate *v;
	const struct adapter *adapter;
	const struct load *load;
	const char *version;
	struct gathered *gathered; /* by quantity */
	char run[200];		   /* of the first repeat, below the folder */
	char skip[400];
	char null_run[64];
	bool is_shared, wants_ready;
};

static const char *cell(const struct csv_table *t, size_t row, const char *column)
{
	return csv_cell(t, row, csv_column(t, column));
}

/* ---- folders ---- */

static int make_folder(const char *path, struct error *e)
{
	char partial[512];

	snprintf(partial, sizeof(partial), "%s/", path);
	for (char *p = partial + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(partial, 0755) && errno != EEXIST)
			return error_set(e, errno, "cannot make the folder %s: %s", partial,
					 strerror(errno));
		*p = '/';
	}
	return 0;
}

int validate_open(struct validate *v, struct error *e)
{
	char stamp[32], path[480];
	time_t now = time(NULL);
	struct tm utc;
	int err;

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
	scorecard_init(&v->card);
	v->start_ns = clock_now_ns();
	snprintf(path, sizeof(path), "%s/runs", v->path);
	err = v->replay ? 0 : make_folder(path, e);
	snprintf(path, sizeof(path), "%s/said", v->path);
	return err ? err : make_folder(path, e);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void drop_run(const char *path)
{
	/* only what a run of ours just wrote; what stays is harmless */
	if (strstr(path, "-validate"))
		(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* ---- the tool ---- */

/* The first version number in what the tool printed. */
static void take_version(const char *text, char *version, size_t bytes)
{
	static const char digits[] = "[0-9]+(\\.[0-9]+)+[0-9A-Za-z.~+-]*";
	regmatch_t match;
	regex_t regex;

	if (regcomp(&regex, digits, REG_EXTENDED))
		return;
	if (!regexec(&regex, text, 1, &match, 0))
		snprintf(version, bytes, "%.*s", (int)(match.rm_eo - match.rm_so),
			 text + match.rm_so);
	regfree(&regex);
}

static void find_version(struct validate *v, const struct adapter *a, char *version,
			 size_t bytes)
{
	const struct command_names none = { .pid = "" };
	char words[256], path[480], *text = NULL;
	struct error ignored = { "" };
	struct command c = { .nr = 0 };
	int status;

	version[0] = '\0';
	snprintf(words, sizeof(words), "%s --version", a->program);
	snprintf(path, sizeof(path), "%.390s/said/%s.version", v->replay ? v->replay : v->path,
		 a->name);
	if (v->replay)
		(void)command_slurp(path, &text, &ignored);
	else if (!command_make(&c, a->version ? a->version : words, &none, &ignored))
		(void)command_capture(&c, path, VERSION_TIMEOUT_S, &text, &status, &ignored);
	if (text)
		take_version(text, version, bytes);
	free(text);
	command_release(&c);
}

/* One word of needs=; false with the reason when the machine has it not. */
static bool has_need(const struct host *host, const char *need, char *reason, size_t bytes)
{
	const struct {
		const char *name, *reason;
		bool met;
	} known[] = {
		{ "root", "wants root", !geteuid() },
		{ "lab", "wants a guest: pagestorm lab -- validate …", host->lab[0] },
		{ "cgroup1", "wants cgroup v1", host->cgroup_version == 1 },
		{ "cgroup2", "wants cgroup v2", host->cgroup_version == 2 },
		{ "zram", "wants zram", host->zram },
		{ "nodes", "wants two NUMA nodes: pagestorm lab --nodes 2 -- validate …",
		  host->nr_nodes > 1 },
		{ "kprobes", "wants kprobes: this kernel has none",
		  !access("/sys/bus/event_source/devices/kprobe", F_OK) },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, need))
			continue;
		if (!known[i].met)
			snprintf(reason, bytes, "%s", known[i].reason);
		return known[i].met;
	}
	if (!access(need, F_OK))
		return true;
	if (!strchr(need, '/') && command_exists(need))
		return true;
	snprintf(reason, bytes, "wants %s", need);
	return false;
}

static bool has_needs(const struct host *host, const char *needs, char *reason, size_t bytes)
{
	char words[256], *rest = words, *word;

	snprintf(words, sizeof(words), "%s", needs ? needs : "");
	while ((word = strsep(&rest, " ")))
		if (*word && !has_need(host, word, reason, bytes))
			return false;
	return true;
}

/* ---- reading ---- */

static int true_sites(const struct evidence *evidence, struct site_list *list)
{
	const struct csv_table *t = &evidence->sites;
	int symbol = csv_column(t, "symbol"), bytes = csv_column(t, "live_bytes");
	int err = 0;

	for (size_t i = 0; i < t->nr && !err; i++) {
		double live = strtod(csv_cell(t, i, bytes), NULL);

		if (live > 0)
			err = site_list_add(list, csv_cell(t, i, symbol), live);
	}
	return err;
}

static double bytes_at(const struct site_list *list, const char *symbol)
{
	for (size_t i = 0; i < list->nr; i++)
		if (!strcmp(list->site[i].symbol, symbol))
			return list->site[i].bytes;
	return 0;
}

/* How many of the places in a are in b, in percent; 100 of none. */
static double share_in(const struct site_list *a, const struct site_list *b)
{
	size_t found = 0;

	for (size_t i = 0; i < a->nr; i++)
		found += bytes_at(b, a->site[i].symbol) > 0;
	return a->nr ? 100.0 * (double)found / (double)a->nr : 100;
}

static double misplaced(const struct site_list *said, const struct site_list *truth)
{
	double sum = 0;

	for (size_t i = 0; i < truth->nr; i++)
		sum += fabs(bytes_at(said, truth->site[i].symbol) - truth->site[i].bytes);
	for (size_t i = 0; i < said->nr; i++)
		if (!bytes_at(truth, said->site[i].symbol))
			sum += said->site[i].bytes;
	return sum;
}

static int measure_sites(const struct quantity *q, const struct session *s,
			 const struct evidence *evidence, struct measure *m, struct error *e)
{
	struct site_list said = { 0 }, truth = { 0 };
	int err = reading_sites_take(&q->record, s->said, &said, e);

	if (!err)
		err = true_sites(evidence, &truth);
	m->truth = q->sites == SITES_BYTES ? 0 : 100;
	if (!err && q->sites == SITES_PRECISION)
		m->said = share_in(&said, &truth);
	else if (!err && q->sites == SITES_RECALL)
		m->said = share_in(&truth, &said);
	else if (!err)
		m->said = misplaced(&said, &truth);
	site_list_release(&said);
	site_list_release(&truth);
	return err;
}

static int read_number(const struct quantity *q, const struct session *s, double *value,
		       double *step, struct error *e)
{
	const struct command_names *n = &s->names;
	const struct reading_name names[] = {
		{ "pid", n->pid },   { "group", n->group }, { "start", n->start },
		{ "file", n->file }, { "swap", n->swap },   { NULL, NULL },
	};
	double before, step_before;
	int err;

	if (!s->said)
		return error_set(e, ENODATA, "it printed nothing");
	err = reading_take_of(&q->reading, s->said, names, value, step, e);
	if (err || !q->is_difference)
		return err;
	if (!s->ready)
		return error_set(e, ENODATA, "it printed nothing at READY");
	err = reading_take_of(&q->reading, s->ready, names, &before, &step_before, e);
	*value -= before;
	return err;
}

/* The bounds that the adapter states in expressions. */
static int measure_bounds(const struct quantity *q, const struct evidence *evidence,
			  struct measure *m, struct error *e)
{
	int err = 0;

	if (q->others)
		err = evidence_value(evidence, q->others, &m->others, e);
	m->others = fabs(m->others);
	if (!err && q->resolution)
		err = evidence_value(evidence, q->resolution, &m->resolution, e);
	if (!err && q->bias)
		err = evidence_value(evidence, q->bias, &m->bias_least, e);
	m->bias_most = m->bias_least;
	if (!err && q->bias_to)
		err = evidence_value(evidence, q->bias_to, &m->bias_most, e);
	if (m->bias_most < m->bias_least) {
		double most = m->bias_least;

		m->bias_least = m->bias_most;
		m->bias_most = most;
	}
	return err;
}

static int measure(const struct quantity *q, const struct session *s,
		   const struct evidence *evidence, struct measure *m, struct error *e)
{
	int err;

	memset(m, 0, sizeof(*m));
	if (q->sites) {
		err = s->said ? measure_sites(q, s, evidence, m, e)
			      : error_set(e, ENODATA, "it printed nothing");
	} else {
		err = read_number(q, s, &m->said, &m->resolution, e);
		if (!err)
			err = evidence_value(evidence, q->truth, &m->truth, e);
	}
	return err ? err : measure_bounds(q, evidence, m, e);
}

/* ---- one load ---- */

static void take_repeat(struct scoring *sc, const struct session *s, const struct error *e_tool)
{
	struct evidence evidence;
	struct error e_open = { "" };
	const char *bad = NULL;
	int err;

	evidence_init(&evidence);
	err = evidence_open(&evidence, s->run_path, &e_open);
	snprintf(evidence.vmstat_before, sizeof(evidence.vmstat_before), "%s/%s.%s",
		 s->said_dir, s->label, SESSION_VMSTAT_BEFORE);
	snprintf(evidence.vmstat_after, sizeof(evidence.vmstat_after), "%s/%s.%s", s->said_dir,
		 s->label, SESSION_VMSTAT_AFTER);
	if (!err)
		bad = evidence_bad_outcome(&evidence);
	for (unsigned i = 0; i < sc->adapter->nr_quantities; i++) {
		const struct quantity *q = &sc->adapter->quantity[i];
		struct gathered *g = &sc->gathered[i];
		struct error e = { "" };

		if (q->load != sc->load)
			continue;
		if (e_tool->text[0])
			snprintf(g->unread, sizeof(g->unread), "%.399s", e_tool->text);
		else if (err)
			snprintf(g->unread, sizeof(g->unread), "%.399s", e_open.text);
		else if (bad)
			snprintf(g->unread, sizeof(g->unread),
				 "the load itself ended %s: there is no truth", bad);
		else if (measure(q, s, &evidence, &g->measure[g->nr], &e))
			snprintf(g->unread, sizeof(g->unread), "%.399s", e.text);
		else
			g->nr++;
	}
	evidence_release(&evidence);
}

/* Beside a null load nothing should move: what does, and no known cause explains. */
static int measure_noise(const struct quantity *q, const struct session *s,
			 const struct evidence *evidence, double *noise)
{
	struct error ignored = { "" };
	struct measure m = { 0 };
	int err = read_number(q, s, &m.said, &m.resolution, &ignored);

	/* a load's own slots are not in a null run: what is stated in them is 0 there */
	if (!err) {
		(void)evidence_value(evidence, q->truth, &m.truth, &ignored);
		(void)measure_bounds(q, evidence, &m, &ignored);
	}
	*noise = score_unexplained(&m);
	return err;
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
			    !measure_noise(q, s, &evidence, &g->noise[g->nr_noise]))
				g->nr_noise++;
		}
	}
	evidence_release(&evidence);
}

/* What a session that ran, or was read again, is worth. */
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
	/* the null load lasts as long, so that as much can happen beside it */
	snprintf(sc->null_run, sizeof(sc->null_run), "null sleep=%dms",
		 (int)(s->seconds * 1000));
}

static int play_session(struct scoring *sc, struct session *s, bool null, struct error *e)
{
	struct validate *v = sc->v;
	struct error e_tool = { "" };
	bool first = !sc->run[0];
	int err = session_play(s, &e_tool, e);

	v->interrupted = s->interrupted;
	v->not_restored = v->not_restored || s->not_restored;
	if (err)
		return err;
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
	int err = session_replay(s, &e_tool, e);

	if (!err)
		take_session(sc, s, null, &e_tool);
	return err;
}

/* -ENOENT: there is nothing to replay. */
static int play_one(struct scoring *sc, bool null, unsigned repeat, struct error *e)
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
	int err;

	snprintf(runs, sizeof(runs), "%.470s/runs", from);
	snprintf(said, sizeof(said), "%.470s/said", from);
	snprintf(filtered, sizeof(filtered), "%s/said", v->path);
	snprintf(label, sizeof(label), "%s.%s%s.%u", sc->adapter->name, sc->load->name,
		 null ? ".null" : "", repeat);
	err = v->replay ? replay_session(sc, &s, null, e) : play_session(sc, &s, null, e);
	session_release(&s);
	return err;
}

static void append(char *why, size_t bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *why, size_t bytes, const char *format, ...)
{
	size_t length = strlen(why);
	va_list args;

	va_start(args, format);
	if (length && length + 2 < bytes) {
		memcpy(why + length, "; ", 3);
		length += 2;
	}
	vsnprintf(why + length, bytes - length, format, args);
	va_end(args);
}

/* Whose the noise is: of the row's amount, what is known of it best. */
static void write_noise(const struct score *s, struct card_row *row)
{
	size_t bytes = sizeof(row->why);
	bool are_others = s->median.others >= s->noise;

	if (s->verdict == SCORE_NOISE && are_others)
		append(row->why, bytes,
		       "other processes moved up to %.0f of it meanwhile; that would hide an error of %d %%",
		       s->noise, SCORE_SEES_PERCENT);
	else if (s->verdict == SCORE_NOISE)
		append(row->why, bytes,
		       "the machine's own noise of %.0f would hide an error of %d %%", s->noise,
		       SCORE_SEES_PERCENT);
	else if (are_others)
		append(row->why, bytes,
		       "within the %.0f that other processes moved of it meanwhile", s->noise);
	else
		append(row->why, bytes, "within the machine's noise of %.0f beside a null load",
		       s->noise);
}

static void write_why(const struct quantity *q, struct card_row *row)
{
	const struct score *s = &row->score;
	size_t bytes = sizeof(row->why);

	if (q->why)
		append(row->why, bytes, "%s", q->why);
	if (s->verdict == SCORE_BIASED)
		append(row->why, bytes, "%s", q->bias_why);
	if (s->verdict == SCORE_NOISE ||
	    (s->verdict == SCORE_WITHIN_RESOLUTION && fabs(s->error) > s->median.resolution))
		write_noise(s, row);
	else if (s->verdict == SCORE_WITHIN_RESOLUTION)
		append(row->why, bytes, "%s",
		       q->resolution_why ? q->resolution_why : "less than its last digit");
	if (s->verdict == SCORE_WRONG)
		append(row->why, bytes, "off by more than anything known explains");
}

static const char *unit_of(const struct quantity *q)
{
	if (q->sites)
		return q->sites == SITES_BYTES ? "bytes" : "percent";
	return q->reading.unit->base;
}

static int add_row(struct scoring *sc, const struct quantity *q, struct gathered *g)
{
	struct card_row *row = scorecard_add(&sc->v->card);

	if (!row)
		return -ENOMEM;
	snprintf(row->tool, sizeof(row->tool), "%s", sc->adapter->name);
	snprintf(row->version, sizeof(row->version), "%s", sc->version);
	snprintf(row->quantity, sizeof(row->quantity), "%s", q->name);
	snprintf(row->unit, sizeof(row->unit), "%s", unit_of(q));
	snprintf(row->load, sizeof(row->load), "%s", q->load->run);
	snprintf(row->run, sizeof(row->run), "%s", sc->run);
	snprintf(row->evidence, sizeof(row->evidence), "%s%s%s",
		 q->truth ? q->truth : "sites.csv", q->evidence ? ": " : "",
		 q->evidence ? q->evidence : "");
	if (sc->skip[0]) {
		row->score.verdict = SCORE_SKIPPED;
		snprintf(row->why, sizeof(row->why), "%s", sc->skip);
	} else if (!g->nr) {
		row->score.verdict = SCORE_UNREAD;
		snprintf(row->why, sizeof(row->why), "%s", g->unread);
	} else {
		score_make(&row->score, g->measure, g->nr, g->noise, g->nr_noise, q->bias);
		write_why(q, row);
	}
	scorecard_plain(row->load);
	scorecard_plain(row->evidence);
	scorecard_plain(row->why);
	if (sc->v->row)
		sc->v->row(row, sc->v->arg);
	return 0;
}

static int add_rows(struct scoring *sc, struct error *e)
{
	int err = 0;

	for (unsigned i = 0; i < sc->adapter->nr_quantities && !err; i++)
		if (sc->adapter->quantity[i].load == sc->load)
			err = add_row(sc, &sc->adapter->quantity[i], &sc->gathered[i]);
	return err ? error_set(e, ENOMEM, "out of memory") : 0;
}

static unsigned repeats_of(const struct validate *v, const struct load *load)
{
	return load->repeats && load->repeats < v->repeats ? load->repeats : v->repeats;
}

/* A null load after each, so that both see the same machine. */
static unsigned steps_of(const struct validate *v, const struct load *load, bool is_shared)
{
	return repeats_of(v, load) * (is_shared ? 2 : 1);
}

static bool has_shared(const struct adapter *a, const struct load *load)
{
	for (unsigned i = 0; i < a->nr_quantities; i++)
		if (a->quantity[i].load == load && a->quantity[i].is_shared)
			return true;
	return false;
}

unsigned validate_runs(const struct validate *v, const struct adapter *a)
{
	char reason[400];
	unsigned nr = 0;

	if (!command_exists(a->program) ||
	    !has_needs(v->host, a->needs, reason, sizeof(reason)))
		return 0;
	for (unsigned i = 0; i < a->nr_loads; i++)
		if (has_needs(v->host, a->load[i].needs, reason, sizeof(reason)))
			nr += steps_of(v, &a->load[i], has_shared(a, &a->load[i]));
	return nr;
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

/* Runs each repeat, and beside a tool of the whole machine a null load after it. */
static int play_load(struct scoring *sc, struct error *e)
{
	struct validate *v = sc->v;
	unsigned turns = sc->is_shared ? 2 : 1;
	unsigned steps = steps_of(v, sc->load, sc->is_shared);
	int err = 0;

	(void)has_needs(v->host, sc->load->needs, sc->skip, sizeof(sc->skip));
	for (unsigned i = 0; i < steps && !err && !sc->skip[0]; i++) {
		if (v->progress) {
			const struct validate_progress now = { .tool = sc->adapter->name,
							       .load = sc->load->name,
							       .run = v->nr_done + 1,
							       .runs = v->nr_runs,
							       .left_s = left_s(v) };

			v->progress(&now, v->arg);
		}
		err = play_one(sc, i % turns, i / turns + 1, e);
		v->nr_done++;
		if (!err && v->interrupted)
			err = -EINTR;
	}
	return err;
}

/* Why the tool did not run then, by the scorecard of that time. */
static void saved_skip(const struct scoring *sc, char *skip, size_t bytes)
{
	struct error ignored = { "" };
	struct csv_table t = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "%.480s/scorecard.csv", sc->v->replay);
	snprintf(skip, bytes, "%.300s holds no output of it", sc->v->replay);
	if (csv_read(&t, path, &ignored))
		return;
	for (size_t i = 0; i < t.nr; i++)
		if (!strcmp(cell(&t, i, "tool"), sc->adapter->name) &&
		    !strcmp(cell(&t, i, "load"), sc->load->run) &&
		    !strcmp(cell(&t, i, "verdict"), "skipped"))
			snprintf(skip, bytes, "%s", cell(&t, i, "why"));
	csv_release(&t);
}

/* Reads as many repeats as there are. */
static int replay_load(struct scoring *sc, struct error *e)
{
	int err = 0;

	for (unsigned repeat = 1; repeat <= SCORE_REPEATS_MAX && !err; repeat++) {
		err = play_one(sc, false, repeat, e);
		if (!err && sc->is_shared)
			err = play_one(sc, true, repeat, e);
	}
	if (!sc->run[0])
		saved_skip(sc, sc->skip, sizeof(sc->skip));
	return err == -ENOENT ? 0 : err;
}

static int score_load(struct scoring *sc, struct error *e)
{
	int err = 0;

	look_ahead(sc);
	sc->run[0] = '\0';
	if (!sc->skip[0])
		err = sc->v->replay ? replay_load(sc, e) : play_load(sc, e);
	return err ? err : add_rows(sc, e);
}

static void find_skip(const struct validate *v, const struct adapter *a, char *skip,
		      size_t bytes)
{
	skip[0] = '\0';
	if (v->replay)
		return;
	if (!command_exists(a->program))
		snprintf(skip, bytes, "%s is not installed; package %s", a->program,
			 a->package);
	else
		(void)has_needs(v->host, a->needs, skip, bytes);
}

int validate_tool(struct validate *v, const struct adapter *a, struct error *e)
{
	struct scoring sc = { .v = v, .adapter = a };
	char version[64] = "", skip[400];
	int err = 0;

	find_skip(v, a, skip, sizeof(skip));
	if (!skip[0])
		find_version(v, a, version, sizeof(version));
	sc.version = version;
	sc.gathered = calloc(ADAPTER_QUANTITIES_MAX, sizeof(*sc.gathered));
	if (!sc.gathered)
		return error_set(e, ENOMEM, "out of memory");
	for (unsigned i = 0; i < a->nr_loads && !err; i++) {
		sc.load = &a->load[i];
		snprintf(sc.skip, sizeof(sc.skip), "%s", skip);
		err = score_load(&sc, e);
	}
	free(sc.gathered);
	return err;
}

int validate_close(struct validate *v, struct error *e)
{
	return v->card.nr ? scorecard_write(&v->card, v->path, e) : 0;
}

/* ---- a monitor's own CSV ---- */

static int compare_row(struct scorecard *card, const struct evidence *evidence,
		       const struct csv_table *t, size_t i, const char *tool, struct error *e)
{
	const char *quantity = cell(t, i, "quantity"), *truth = cell(t, i, "truth");
	const struct reading_text text = { .pattern = "([-0-9.]+.*)",
					   .unit = *cell(t, i, "unit") ? cell(t, i, "unit")
								       : "count" };
	struct card_row *row = scorecard_add(card);
	struct reading reading = { 0 };
	struct measure m = { 0 };
	struct error clause = { "" };
	int err;

	if (!row)
		return error_set(e, ENOMEM, "out of memory");
	truth = *truth ? truth : quantity;
	snprintf(row->tool, sizeof(row->tool), "%s", tool);
	snprintf(row->quantity, sizeof(row->quantity), "%s", quantity);
	snprintf(row->evidence, sizeof(row->evidence), "%s", truth);
	snprintf(row->run, sizeof(row->run), "%.199s", evidence->path);
	err = reading_make(&reading, &text, &clause);
	if (!err)
		err = reading_take(&reading, cell(t, i, "value"), &m.said, &m.resolution,
				   &clause);
	if (!err && *cell(t, i, "resolution"))
		err = evidence_value(evidence, cell(t, i, "resolution"), &m.resolution,
				     &clause);
	if (!err)
		err = evidence_value(evidence, truth, &m.truth, &clause);
	row->score.verdict = SCORE_UNREAD;
	if (!err) {
		snprintf(row->unit, sizeof(row->unit), "%s", reading.unit->base);
		score_make(&row->score, &m, 1, NULL, 0, false);
	}
	snprintf(row->why, sizeof(row->why), "%.799s", clause.text);
	scorecard_plain(row->quantity);
	scorecard_plain(row->evidence);
	scorecard_plain(row->why);
	reading_release(&reading);
	return 0;
}

int validate_compare(struct scorecard *card, const char *csv, const char *folder,
		     struct error *e)
{
	const char *tool = strrchr(csv, '/') ? strrchr(csv, '/') + 1 : csv;
	struct csv_table t = { 0 };
	struct evidence evidence;
	int err;

	evidence_init(&evidence);
	err = csv_read(&t, csv, e);
	if (err == -ENOENT)
		error_set(e, ENOENT, "cannot open %s: %s", csv, strerror(ENOENT));
	if (!err && (csv_column(&t, "quantity") < 0 || csv_column(&t, "value") < 0))
		err = error_set(e, EINVAL,
				"%s:1: error: the header lacks quantity or value; write "
				"quantity,value,unit",
				csv);
	if (!err)
		err = evidence_open(&evidence, folder, e);
	for (size_t i = 0; i < t.nr && !err; i++)
		err = compare_row(card, &evidence, &t, i, tool, e);
	evidence_release(&evidence);
	csv_release(&t);
	return err;
}
