// SPDX-License-Identifier: GPL-2.0-or-later
/* `pagestorm run`: plays a plan and prints what came of it. */
#include "harness/cli/cmd.h"

#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/size.h"
#include "harness/cli/cmd_run_pause.h"
#include "harness/machine/group.h"
#include "harness/machine/journal.h"
#include "harness/machine/lock.h"
#include "harness/trial/resume.h"
#include "harness/trial/run.h"

#define WORDS_MAX	 256
#define LINE_INTERVAL_S	 2.0 /* without a terminal: one line per so many seconds */
#define PROGRESS_COLUMNS 78

struct arguments {
	const char *results_dir;
	char *resume;
	unsigned repeats;
	int cell;
	enum risk allowed;
	unsigned wait_s;
	bool json, quiet, keep_raw;
	struct cmd_pause pause;
	char *word[WORDS_MAX];
	int nr_words;
};

/* What is gathered while the run goes on, to be printed at its end. */
struct report {
	const struct arguments *arguments;
	json_t *rows;
	bool terminal;
	double last_line_s;
	bool line_open; /* a progress line without its newline */
};

enum {
	KEY_RISK = 256,
	KEY_CELL,
	KEY_RESUME,
	KEY_WAIT,
	KEY_JSON,
	KEY_RAW,
	KEY_PAUSE,
	KEY_PAUSE_FD
};

static const struct argp_option options[] = {
	{ "output", 'o', "DIR", 0, "where the run's folder goes (results)", 0 },
	{ "repeat", 'n', "N", 0, "repeats of each cell, in place of the profile's", 0 },
	{ "cell", KEY_CELL, "K", 0, "only cell K of the sweep (see pagestorm plan)", 0 },
	{ "resume", KEY_RESUME, "DIR", 0, "continue DIR.partial, a run that was cut", 0 },
	{ "allow-risk", KEY_RISK, "R2", 0, "allow pressure on all (R2), kills of others (R3)",
	  0 },
	{ "wait", KEY_WAIT, "SECONDS", 0, "wait so long for another run to end", 0 },
	{ "keep-raw", KEY_RAW, NULL, 0, "keep the captured bytes as well, in raw/", 0 },
	{ "pause", KEY_PAUSE, "BARRIERS", 0, "stop at ready,held, each until Enter", 0 },
	{ "pause-fd", KEY_PAUSE_FD, "OUT,IN", 0, "say so on OUT, go on at a line from IN", 0 },
	{ "json", KEY_JSON, NULL, 0, "one JSON document on stdout", 0 },
	{ "quiet", 'q', NULL, 0, "no progress", 0 },
	{ 0 },
};

/* argp_error() ends the program. */
static void parse_pause(struct arguments *a, int key, const char *arg, struct argp_state *state)
{
	struct error e = { "" };
	const int ret = key == KEY_PAUSE ? cmd_pause_barriers(&a->pause, arg, &e)
					 : cmd_pause_descriptors(&a->pause, arg, &e);

	if (ret)
		argp_error(state, "%s", e.text);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'o':
		if (!*arg)
			argp_error(state, "--output: the folder has no name");
		a->results_dir = arg;
		break;
	case 'n':
		a->repeats = cmd_whole_number(arg, "--repeat", 1, 10000, state);
		break;
	case KEY_CELL:
		a->cell = (int)cmd_whole_number(arg, "--cell", 0, CMD_CELL_MAX, state);
		break;
	case KEY_RESUME:
		a->resume = arg;
		break;
	case KEY_RISK:
		if (strcmp(arg, "R0") && strcmp(arg, "R1") && strcmp(arg, "R2") &&
		    strcmp(arg, "R3"))
			argp_error(state, "--allow-risk: '%s' is not one of R0 R1 R2 R3", arg);
		a->allowed = (enum risk)(arg[1] - '0');
		break;
	case KEY_WAIT:
		a->wait_s = cmd_whole_number(arg, "--wait", 0, CMD_WAIT_MAX_S, state);
		break;
	case KEY_JSON:
		a->json = true;
		break;
	case KEY_RAW:
		a->keep_raw = true;
		break;
	case KEY_PAUSE:
	case KEY_PAUSE_FD:
		parse_pause(a, key, arg, state);
		break;
	case 'q':
		a->quiet = true;
		break;
	case ARGP_KEY_ARG:
		if (a->nr_words == WORDS_MAX)
			argp_error(state, "too many key=value words");
		a->word[a->nr_words++] = arg;
		break;
	case ARGP_KEY_END:
		if (a->resume && (a->nr_words || a->repeats))
			argp_error(state, "--resume takes the profile from its folder: give no "
					  "PROFILE, key=value or --repeat");
		if (!a->resume && !a->nr_words)
			argp_error(state,
				   "a PROFILE or a WORKLOAD is missing; see `pagestorm list`");
		if (a->pause.out_fd >= 0 && !a->pause.stage.barriers)
			argp_error(state, "--pause-fd needs --pause=ready,held");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	options,
	parse_option,
	"PROFILE|WORKLOAD [key=value…]\n--resume=DIR",
	"Runs a profile or a single workload inside cgroups of its own, and holds what the "
	"kernel counted against what was promised.\v"
	"key=value takes the profile's own keys: size=193M, hog.size=64M, memory.max=96M, "
	"vm.swappiness=10.\n\n"
	"Exit status: 0 expectations met; 1 an expectation failed; 2 usage; 3 harness error; "
	"4 some cells invalid; 5 not fully restored; 75 another run holds the lock; "
	"77 nothing could run here; 130, 143 interrupted.",
	NULL,
	NULL,
	NULL,
};

/* ---- progress, on stderr ---- */

static void close_line(struct report *report)
{
	if (report->line_open)
		fputs("\r\033[K", stderr);
	report->line_open = false;
}

static void held_text(const struct stage *stage, char *text, size_t bytes)
{
	uint64_t sum = 0, target = 0;
	char now[32], goal[32];

	text[0] = 0;
	for (unsigned i = 0; stage && i < stage->nr_actors; i++) {
		const struct actor *actor = &stage->actor[i];

		if (actor->process.ledger)
			sum += actor->process.ledger->achieved_bytes;
		target += actor->plan->target_bytes;
	}
	size_human(sum, now, sizeof(now));
	size_human(target, goal, sizeof(goal));
	if (target >= sum && target)
		snprintf(text, bytes, ", holds %s of %s", now, goal);
	else if (sum)
		snprintf(text, bytes, ", holds %s", now);
}

static void show_progress(const struct run_progress *p, void *arg)
{
	struct report *report = arg;
	char held[96], line[256];
	double left = p->expected_s - p->elapsed_s;

	if (report->arguments->quiet)
		return;
	if (!report->terminal && p->elapsed_s - report->last_line_s < LINE_INTERVAL_S)
		return;
	report->last_line_s = p->elapsed_s;
	held_text(p->stage, held, sizeof(held));
	snprintf(line, sizeof(line), "[%zu/%zu] %s%srepeat %d: %s%s, %.0f s left", p->step,
		 p->steps, p->cell_label, p->cell_label[0] ? ", " : "", p->repeat, p->phase,
		 held, left > 0 ? left : 0);
	if (!report->terminal) {
		fprintf(stderr, "%s\n", line);
		return;
	}
	fprintf(stderr, "\r%.*s\033[K", PROGRESS_COLUMNS, line);
	report->line_open = true;
}

/* ---- results, on stdout ---- */

static json_t *number_or_null(const struct number *n, bool has)
{
	double scaled = (double)n->value;

	if (!has)
		return json_null();
	if (!n->decimals)
		return json_integer(n->value);
	for (uint8_t i = 0; i < n->decimals; i++)
		scaled /= 10;
	return json_real(scaled);
}

static json_t *judgement_json(const struct judgement *j)
{
	char counter[160];

	snprintf(counter, sizeof(counter), "%s/%s/%s", j->claim.scope, j->claim.source,
		 j->claim.counter);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:s, s:s}",
			 "quantity", j->claim.quantity, "span", span_name(j->claim.span),
			 "counter", counter, "unit", unit_name(j->claim.unit), "relation",
			 relation_name(j->claim.relation), "basis", basis_name(j->claim.basis),
			 "expected", (json_int_t)j->claim.expected, "tolerance",
			 (json_int_t)j->claim.tolerance, "observed",
			 number_or_null(&j->observed, j->has_observed), "noise",
			 number_or_null(&j->noise, j->has_noise), "verdict",
			 verdict_name(j->verdict), "why", j->claim.why);
}

static json_t *u64_or_null(uint64_t value)
{
	return value == ROW_ABSENT ? json_null() : json_integer((json_int_t)value);
}

static json_t *row_json(const struct run_row *row, const struct judgement *judgements,
			unsigned nr)
{
	json_t *truth = json_array();

	for (unsigned i = 0; i < nr; i++)
		json_array_append_new(truth, judgement_json(&judgements[i]));
	return json_pack("{s:i, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}",
			 "cell", (int)row->cell, "cell_label", row->cell_label, "repeat",
			 row->repeat, "worker", row->worker, "workload", row->workload,
			 "params", row->params, "outcome", outcome_name(row->outcome), "reason",
			 row->reason, "target_bytes", u64_or_null(row->target_bytes),
			 "achieved_bytes", u64_or_null(row->achieved_bytes), "seconds",
			 row->seconds == row->seconds ? json_real(row->seconds) : json_null(),
			 "oom_kills", u64_or_null(row->oom_kills), "truth", truth);
}

static const char *mark(bool bad)
{
	if (!isatty(STDOUT_FILENO) || getenv("NO_COLOR"))
		return "";
	return bad ? "\033[31m" : "\033[32m";
}

static const char *unmark(void)
{
	return *mark(true) ? "\033[0m" : "";
}

static void print_failure(const struct judgement *j)
{
	char text[NUMBER_BYTES];
	const char *observed = j->has_observed ? number_format(j->observed, text) : "absent";

	printf("    %s%s%s %s (%s/%s/%s): promised %s %lld%s%lld %s, observed %s: %s\n",
	       mark(true), verdict_name(j->verdict), unmark(), j->claim.quantity,
	       j->claim.scope, j->claim.source, j->claim.counter,
	       relation_name(j->claim.relation), (long long)j->claim.expected,
	       j->claim.relation == RELATION_BETWEEN ? "+" : "±", (long long)j->claim.tolerance,
	       unit_name(j->claim.unit), observed, j->claim.why);
}

static void print_row(const struct run_row *row, const struct judgement *judgements,
		      unsigned nr)
{
	char achieved[32] = "-", label[80];
	bool bad = row->claims_failed ||
		   !(row->outcome == OUTCOME_OK || row->outcome == OUTCOME_EXPECTED_OOM ||
		     row->outcome == OUTCOME_SKIPPED);

	if (row->achieved_bytes != ROW_ABSENT && row->achieved_bytes)
		size_human(row->achieved_bytes, achieved, sizeof(achieved));
	snprintf(label, sizeof(label), "%s%s%s", row->worker, row->cell_label[0] ? " " : "",
		 row->cell_label);
	printf("%-24s %6d  %s%-14s%s %10s %8.3f s  %3u of %3u claims%s\n", label, row->repeat,
	       mark(bad), outcome_name(row->outcome), unmark(), achieved,
	       row->seconds == row->seconds ? row->seconds : 0.0, nr - row->claims_failed, nr,
	       row->claims_failed ? " hold" : "");
	if (row->reason[0])
		printf("    %s\n", row->reason);
	for (unsigned i = 0; i < nr; i++)
		if (judgements[i].verdict == VERDICT_FAIL)
			print_failure(&judgements[i]);
}

static void take_row(const struct run_row *row, const struct judgement *judgements, unsigned nr,
		     void *arg)
{
	struct report *report = arg;

	close_line(report);
	if (report->rows)
		json_array_append_new(report->rows, row_json(row, judgements, nr));
	else
		print_row(row, judgements, nr);
	fflush(stdout);
}

static void print_summary(const struct run_summary *s, struct report *report, int status)
{
	if (report->rows) {
		json_t *root = json_pack(
			"{s:i, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o}", "schema", 1,
			"results", s->path, "status", status, "claims", (int)s->claims,
			"claims_failed", (int)s->claims_failed, "claims_absent",
			(int)s->claims_absent, "claims_noise", (int)s->claims_noise,
			"unexpected", (int)s->unexpected, "invalid", (int)s->invalid, "skipped",
			(int)s->skipped, "rows", report->rows);

		json_dumpf(root, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(root);
		return;
	}
	if (!s->rows) {
		if (s->path[0])
			printf("results: %s\n", s->path);
		return;
	}
	printf("\n%u claims: %u pass, %s%u fail%s, %u absent on this kernel, %u below the "
	       "noise\n",
	       s->claims, s->claims - s->claims_failed - s->claims_absent - s->claims_noise,
	       mark(s->claims_failed), s->claims_failed, unmark(), s->claims_absent,
	       s->claims_noise);
	if (s->path[0])
		printf("results: %s\n", s->path);
}

/* ---- the verb ---- */

static int exit_status(const struct run_summary *s, int ret)
{
	if (s->interrupted)
		return 128 + s->interrupted;
	if (s->not_restored)
		return EXIT_NOT_RESTORED;
	if (ret)
		return EXIT_HARNESS;
	if (s->invalid)
		return EXIT_INVALID;
	if (s->claims_failed || s->unexpected)
		return EXIT_UNMET;
	return s->skipped && s->skipped == s->rows ? EXIT_NOTHING_RAN : EXIT_MET;
}

static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE,
	       SIG_IGN); /* a dead worker's pipe and a closed stdout are errors, not death */
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The signal that is waiting to be read; SIGTERM when it cannot be told. */
static int signal_number(int signal_fd)
{
	struct signalfd_siginfo info;

	return read(signal_fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo
								    : SIGTERM;
}

static void say(const char *sentence)
{
	fprintf(stderr, "pagestorm: %s\n", sentence);
}

static int check_risk(const struct plan *plan, const struct arguments *a, struct error *e)
{
	if (plan->risk <= a->allowed || plan->host.lab[0])
		return 0;
	return error_set(
		e, EPERM,
		"this plan is of risk class R%d: %s; add --allow-risk=R%d, or run it in a "
		"guest with pagestorm lab",
		plan->risk, plan->risk_why, plan->risk);
}

static int check_cell(const struct plan *plan, const struct arguments *a, struct error *e)
{
	if (a->cell < (int)plan->nr_cells)
		return 0;
	return error_set(e, EINVAL, "--cell: there is no cell %d; the plan has cells 0 to %u",
			 a->cell, plan->nr_cells - 1);
}

static bool needs_groups(const struct plan *plan)
{
	for (unsigned i = 0; i < plan->nr_cells; i++)
		for (unsigned j = 0; j < plan->cell[i].nr_workers; j++)
			if (!plan->cell[i].worker[j].skip[0])
				return true;
	return false;
}

static void make_room(void *arg)
{
	close_line(arg);
}

static int play(const struct plan *plan, struct arguments *a, int signal_fd, struct error *e)
{
	struct report report = { .arguments = a,
				 .rows = a->json ? json_array() : NULL,
				 .terminal = isatty(STDERR_FILENO) };
	const struct run_options how = { .results_dir = a->results_dir,
					 .resume = a->resume,
					 .only_cell = a->cell,
					 .signal_fd = signal_fd,
					 .pause = &a->pause.stage,
					 .progress = show_progress,
					 .row = take_row,
					 .arg = &report };
	struct run_summary summary = { .rows = 0 };
	int ret = needs_groups(plan) ? group_permitted(&plan->host, e) : 0, status;

	a->pause.make_room = make_room;
	a->pause.arg = &report;
	if (ret) {
		status = EXIT_NOTHING_RAN;
	} else {
		ret = run_plan(plan, &how, &summary, e);
		status = exit_status(&summary, ret);
	}
	close_line(&report);
	print_summary(&summary, &report, status);
	if (summary.interrupted && summary.path[0])
		fprintf(stderr,
			"pagestorm: interrupted; `pagestorm run --resume=%s` goes on from "
			"there\n",
			summary.path);
	if (ret && ret != -EINTR)
		cmd_complain(e);
	return status;
}

/* The plan is made anew from the profile that the cut run wrote. */
static int load_resumed(struct plan *plan, struct arguments *a, struct error *e)
{
	char path[640], *word = path;
	size_t length = strlen(a->resume);
	int ret;

	while (length > 1 && a->resume[length - 1] == '/')
		a->resume[--length] = 0;
	snprintf(path, sizeof(path), "%s/profile.ini", a->resume);
	if (access(path, R_OK))
		return error_set(e, EINVAL, "--resume: cannot read %s: %s", path,
				 strerror(errno));
	if (a->cell < 0)
		a->cell = resume_only_cell(a->resume);
	ret = cmd_load_plan(plan,
			    &(struct cmd_plan_source){ .root = "", .words = { &word, 1 } }, e);
	return ret ? ret : resume_check(a->resume, plan, e);
}

static int load(struct plan *plan, struct arguments *a, struct error *e)
{
	int ret = a->resume ? load_resumed(plan, a, e)
			    : cmd_load_plan(plan,
					    &(struct cmd_plan_source){
						    .root = "",
						    .words = { a->word, (unsigned)a->nr_words },
						    .repeats = a->repeats },
					    e);

	if (!ret)
		ret = check_cell(plan, a, e);
	return ret ? ret : check_risk(plan, a, e);
}

/*
 * The plan is made again once the machine is ours: while another run had the lock, or
 * before a killed one's changes were undone, the probe saw settings that are gone.
 */
static int play_anew(struct arguments *a, struct plan *plan, int signal_fd, struct error *e)
{
	int ret;

	plan_release(plan);
	ret = load(plan, a, e);
	if (!ret)
		return play(plan, a, signal_fd, e);
	cmd_complain(e);
	return ret == -EIO ? EXIT_HARNESS : EXIT_USAGE;
}

static int run_locked(struct arguments *a, struct plan *plan, struct error *e)
{
	int signal_fd = watch_signals();
	struct lock lock;
	int ret, status;

	lock_init(&lock);
	ret = lock_take(&lock, a->wait_s, e);
	if (ret) {
		cmd_complain(e);
		if (ret == -EINTR)
			status = 128 + signal_number(signal_fd);
		else
			status = ret == -EBUSY ? EXIT_LOCKED : EXIT_HARNESS;
		close(signal_fd);
		return status;
	}
	ret = journal_leftover() ? journal_recover(say, e) : 0;
	if (ret) {
		cmd_complain(e);
		status = ret == -EBUSY ? EXIT_LOCKED : EXIT_NOT_RESTORED;
	} else {
		status = play_anew(a, plan, signal_fd, e);
	}
	lock_release(&lock);
	close(signal_fd);
	return status;
}

int cmd_run(int argc, char **argv)
{
	struct arguments a = { .results_dir = "results", .cell = -1, .allowed = RISK_R1 };
	struct plan *plan = calloc(1, sizeof(*plan)); /* large */
	struct error e = { "" };
	int ret, status;

	cmd_pause_init(&a.pause);
	if (!plan || cmd_parse_argp("pagestorm run", &argp, argc, argv, 0, &a)) {
		free(plan);
		return EXIT_USAGE;
	}
	if (a.keep_raw && a.nr_words < WORDS_MAX)
		a.word[a.nr_words++] = (char *)"profile.keep_raw=yes";
	ret = cmd_pause_check(&a.pause, &e);
	if (!ret)
		ret = load(plan, &a, &e);
	if (ret) {
		cmd_complain(&e);
		status = ret == -EIO ? EXIT_HARNESS : EXIT_USAGE;
	} else {
		if (!a.quiet)
			cmd_tell_source(plan->source, &plan->skipped);
		status = run_locked(&a, plan, &e);
	}
	plan_release(plan);
	free(plan);
	return status;
}
