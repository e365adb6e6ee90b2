// SPDX-License-Identifier: GPL-2.0-or-later
/* `pagestorm validate`: holds what other tools say against known truth. */
#include "harness/cli/cmd.h"

#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "harness/machine/journal.h"
#include "harness/machine/lock.h"
#include "harness/validate/command.h"
#include "harness/validate/validate.h"

#define TOOLS_MAX 256
#define REPEATS	  3

struct arguments {
	const char *results_dir, *filter, *compare, *replay;
	unsigned repeats, wait_s;
	bool json, quiet, keep, list;
	char *tool[TOOLS_MAX];
	bool owns_tools; /* else they are words of argv */
	unsigned nr_tools;
};

enum { KEY_WAIT = 256, KEY_JSON, KEY_FILTER, KEY_COMPARE, KEY_KEEP, KEY_LIST, KEY_REPLAY };

static const struct argp_option options[] = {
	{ "output", 'o', "DIR", 0, "where the results' folder goes (results)", 0 },
	{ "repeat", 'n', "N", 0, "repeats of each load (default: 3); the median counts", 0 },
	{ "compare", KEY_COMPARE, "CSV", 0,
	  "score a monitor's own CSV (quantity,value,unit) against the run in DIR", 0 },
	{ "filter", KEY_FILTER, "COMMAND", 0,
	  "put what each tool prints through COMMAND first: to see that a lie is found out",
	  0 },
	{ "keep", KEY_KEEP, NULL, 0, "keep the folder of every run, not of one a load", 0 },
	{ "replay", KEY_REPLAY, "DIR", 0, "score again what --keep left in DIR; run nothing",
	  0 },
	{ "list", KEY_LIST, NULL, 0, "the tools that there are adapters for", 0 },
	{ "wait", KEY_WAIT, "SECONDS", 0, "wait so long for another run to end", 0 },
	{ "json", KEY_JSON, NULL, 0, "one JSON document on stdout", 0 },
	{ "quiet", 'q', NULL, 0, "no progress", 0 },
	{ 0 },
};

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
		a->repeats = cmd_whole_number(arg, "--repeat", 1, SCORE_REPEATS_MAX, state);
		break;
	case KEY_COMPARE:
		a->compare = arg;
		break;
	case KEY_FILTER:
		a->filter = arg;
		break;
	case KEY_KEEP:
		a->keep = true;
		break;
	case KEY_REPLAY:
		a->replay = arg;
		break;
	case KEY_LIST:
		a->list = true;
		break;
	case KEY_WAIT:
		a->wait_s = cmd_whole_number(arg, "--wait", 0, CMD_WAIT_MAX_S, state);
		break;
	case KEY_JSON:
		a->json = true;
		break;
	case 'q':
		a->quiet = true;
		break;
	case ARGP_KEY_ARG:
		if (a->nr_tools == TOOLS_MAX)
			argp_error(state, "too many tools");
		a->tool[a->nr_tools++] = arg;
		break;
	case ARGP_KEY_END:
		if (!a->nr_tools && !a->list)
			argp_error(state, "a TOOL is missing; `validate --list` shows them");
		if (a->compare && a->nr_tools != 1)
			argp_error(state, "--compare wants one DIR");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	options,
	parse_option,
	"all|TOOL…\n--compare=CSV DIR",
	"Runs workloads whose numbers are known, runs other tools beside them, and says how "
	"far "
	"what they print is from the truth. A TOOL is the name of an adapter or a path to one "
	"(NAME.ini).\v"
	"Exit status: 0 no tool is wrong; 1 one is; 2 usage; 3 harness error; 4 a tool's "
	"output "
	"could not be read; 5 not fully restored; 75 another run holds the lock; 77 nothing "
	"could run here; 130, 143 interrupted.",
	NULL,
	NULL,
	NULL,
};

/* ---- on the terminal ---- */

static const char *colour(enum score_verdict verdict)
{
	static const char *const colours[] = {
		[SCORE_RIGHT] = "\033[32m",  [SCORE_WITHIN_RESOLUTION] = "\033[32m",
		[SCORE_BIASED] = "\033[33m", [SCORE_NOISE] = "",
		[SCORE_WRONG] = "\033[31m",  [SCORE_UNREAD] = "\033[31m",
		[SCORE_SKIPPED] = "",
	};

	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") ? colours[verdict] : "";
}

static bool has_numbers(const struct score *s)
{
	return s->verdict != SCORE_UNREAD && s->verdict != SCORE_SKIPPED;
}

static void print_header(void)
{
	printf("%-17s %-22s %16s %16s %12s %8s  %s\n", "tool", "quantity", "truth", "said",
	       "error", "%", "verdict");
}

static void print_row(const struct card_row *row, void *arg)
{
	const struct arguments *a = arg;
	const struct score *s = &row->score;
	const char *on = colour(s->verdict);
	char percent[32] = "";

	if (a->json)
		return;
	if (isatty(STDERR_FILENO) && !a->quiet)
		fputs("\r\033[K", stderr);
	printf("%-17s %-22s ", row->tool, row->quantity);
	if (has_numbers(s)) {
		if (!isnan(s->error_percent))
			snprintf(percent, sizeof(percent), "%.2f", s->error_percent);
		printf("%16.10g %16.10g %12.6g %8s  ", s->median.truth, s->median.said,
		       s->error, percent);
	} else {
		printf("%16s %16s %12s %8s  ", "", "", "", "");
	}
	printf("%s%s%s", on, score_verdict_name(s->verdict), *on ? "\033[0m" : "");
	if (s->verdict != SCORE_RIGHT && row->why[0])
		printf(": %s", row->why);
	putchar('\n');
	fflush(stdout);
}

static void show_progress(const char *tool, const char *load, unsigned run, unsigned runs,
			  double left_s, void *arg)
{
	const struct arguments *a = arg;

	if (a->quiet || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%s, %s: run %u of %u", tool, load, run, runs);
	if (!isnan(left_s))
		fprintf(stderr, ", about %.0f s left", left_s);
	fputs("\033[K", stderr);
}

static json_t *real_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *row_json(const struct card_row *row)
{
	const struct score *s = &row->score;
	bool has = has_numbers(s);

	return json_pack(
		"{s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:i, "
		"s:o, s:o}",
		"tool", row->tool, "version", row->version, "quantity", row->quantity, "unit",
		row->unit, "truth", real_or_null(has ? s->median.truth : NAN), "evidence",
		row->evidence, "said", real_or_null(has ? s->median.said : NAN), "error",
		real_or_null(has ? s->error : NAN), "error_percent",
		real_or_null(has ? s->error_percent : NAN), "verdict",
		score_verdict_name(s->verdict), "why", row->why, "load", row->load, "repeats",
		(int)s->repeats, "resolution", real_or_null(has ? s->median.resolution : NAN),
		"noise", real_or_null(has ? s->noise : NAN));
}

static size_t count_tools(const struct scorecard *card, bool scored)
{
	size_t nr = 0;

	for (size_t i = 0; i < card->nr; i++) {
		bool first = true;

		for (size_t j = 0; j < i && first; j++)
			first = strcmp(card->row[j].tool, card->row[i].tool) ||
				(scored && !has_numbers(&card->row[j].score));
		nr += first && (!scored || has_numbers(&card->row[i].score));
	}
	return nr;
}

static void print_summary(const struct scorecard *card, const char *path,
			  const struct arguments *a, int status)
{
	json_t *rows, *root;

	if (a->json) {
		rows = json_array();
		for (size_t i = 0; i < card->nr; i++)
			json_array_append_new(rows, row_json(&card->row[i]));
		root = json_pack("{s:i, s:s, s:i, s:i, s:o}", "schema", 1, "results", path,
				 "status", status, "tools", (int)count_tools(card, true),
				 "rows", rows);
		json_dumpf(root, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(root);
		return;
	}
	printf("\n%zu of %zu tools scored, %zu quantities:", count_tools(card, true),
	       count_tools(card, false), card->nr);
	for (int v = SCORE_RIGHT; v <= SCORE_SKIPPED; v++)
		printf(" %zu %s%s", scorecard_count(card, (enum score_verdict)v),
		       score_verdict_name((enum score_verdict)v),
		       v < SCORE_SKIPPED ? "," : "\n");
	printf("results: %s\n", path);
}

/* ---- the verb ---- */

static int status_of(const struct scorecard *card)
{
	if (scorecard_count(card, SCORE_WRONG))
		return EXIT_UNMET;
	if (scorecard_count(card, SCORE_UNREAD))
		return EXIT_INVALID;
	return card->nr == scorecard_count(card, SCORE_SKIPPED) ? EXIT_NOTHING_RAN : EXIT_MET;
}

static int by_name(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* In place of `all`: each adapter in the folder. */
static int expand_all(struct arguments *a, struct error *e)
{
	struct dirent *entry;
	char folder[512];
	DIR *dir;
	int ret = adapter_folder(folder, sizeof(folder), e);

	if (ret)
		return ret;
	dir = opendir(folder);
	if (!dir)
		return error_set(e, errno, "cannot read %s: %s", folder, strerror(errno));
	a->nr_tools = 0;
	a->owns_tools = true;
	while ((entry = readdir(dir)) && a->nr_tools < TOOLS_MAX) {
		char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".ini"))
			continue;
		*dot = '\0';
		a->tool[a->nr_tools] = strdup(entry->d_name);
		a->nr_tools += a->tool[a->nr_tools] != NULL;
	}
	closedir(dir);
	qsort(a->tool, a->nr_tools, sizeof(a->tool[0]), by_name);
	return 0;
}

static int no_adapter(const char *name, struct error *e)
{
	struct error unused = { "" };
	char folder[512], *near = NULL;
	int ret;

	if (!adapter_folder(folder, sizeof(folder), &unused))
		near = suggest_file(name, folder);
	ret = error_set(e, ENOENT,
			near ? "%s: no such adapter; did you mean %s?"
			     : "%s: no such adapter; `validate --list` shows them",
			name, near);
	free(near);
	return ret;
}

/* Once for a directory, unless the output is for a program. */
static void tell_source(const struct arguments *a, const char *name, const char *path,
			char told[512], const struct error *skipped)
{
	char directory[512];

	if (a->quiet || a->json || a->list)
		return;
	snprintf(directory, sizeof(directory), "%s", path);
	if (strrchr(directory, '/'))
		*strrchr(directory, '/') = '\0';
	cmd_tell_source(adapter_is_path(name) || !strcmp(directory, told) ? "" : path, skipped);
	snprintf(told, 512, "%s", directory);
}

static int load_adapters(const struct arguments *a, struct adapter *adapters, struct error *e)
{
	char path[512], told[512] = "";
	int ret = 0;

	for (unsigned i = 0; i < a->nr_tools && !ret; i++) {
		struct error skipped = { "" };

		adapter_init(&adapters[i]);
		ret = adapter_find(a->tool[i], path, sizeof(path), &skipped);
		if (ret == -EPERM && skipped.text[0]) {
			(void)error_set(e, EPERM, "%s", skipped.text);
		} else if (ret) {
			ret = no_adapter(a->tool[i], e);
		} else {
			tell_source(a, a->tool[i], path, told, &skipped);
			ret = adapter_read(&adapters[i], path, e);
		}
	}
	return ret;
}

static int list_tools(const struct arguments *a, const struct adapter *adapters)
{
	json_t *list = a->json ? json_array() : NULL;

	for (unsigned i = 0; list && i < a->nr_tools; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b}", "name",
						      adapters[i].name, "summary",
						      adapters[i].summary, "package",
						      adapters[i].package, "installed",
						      command_exists(adapters[i].program)));
	if (list) {
		json_dumpf(list, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(list);
		return EXIT_MET;
	}
	for (unsigned i = 0; i < a->nr_tools; i++)
		printf("%-14s %-58s %s\n", adapters[i].name, adapters[i].summary,
		       command_exists(adapters[i].program) ? "" : adapters[i].package);
	return EXIT_MET;
}

static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN); /* a dead worker's pipe is an error, not death */
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void say(const char *sentence)
{
	fprintf(stderr, "pagestorm: %s\n", sentence);
}

static int score_all(struct validate *v, const struct arguments *a,
		     const struct adapter *adapters, struct error *e)
{
	int ret = validate_open(v, e), err_close;

	if (ret)
		return ret;
	if (!a->json)
		print_header();
	for (unsigned i = 0; i < a->nr_tools && !a->replay; i++)
		v->nr_runs += validate_runs(v, &adapters[i]);
	for (unsigned i = 0; i < a->nr_tools && !ret; i++)
		ret = validate_tool(v, &adapters[i], e);
	err_close = validate_close(v, e);
	return ret ? ret : err_close;
}

static int score_and_print(struct validate *v, const struct arguments *a,
			   const struct adapter *adapters, struct error *e)
{
	int ret = score_all(v, a, adapters, e), status = status_of(&v->card);

	if (ret)
		status = ret == -EINVAL || ret == -EPERM ? EXIT_USAGE : EXIT_HARNESS;
	if (v->not_restored)
		status = EXIT_NOT_RESTORED;
	if (v->interrupted)
		status = 128 + v->interrupted;
	if (v->path[0])
		print_summary(&v->card, v->path, a, status);
	if (ret && !v->interrupted)
		cmd_complain(e);
	scorecard_release(&v->card);
	return status;
}

static int play(const struct arguments *a, const struct adapter *adapters, int signal_fd,
		struct error *e)
{
	struct host *host = calloc(1, sizeof(*host)); /* large */
	struct validate v = { .host = host,
			      .results_dir = a->results_dir,
			      .repeats = a->repeats,
			      .filter = a->filter,
			      .keep = a->keep,
			      .signal_fd = signal_fd,
			      .progress = show_progress,
			      .row = print_row,
			      .arg = (void *)a };
	int ret = host ? host_probe(host, "", e) : error_set(e, ENOMEM, "out of memory");
	int status = EXIT_HARNESS;

	if (ret)
		cmd_complain(e);
	else
		status = score_and_print(&v, a, adapters, e);
	free(host);
	return status;
}

/* Nothing runs, so neither the lock nor the machine is needed. */
static int replay(const struct arguments *a, const struct adapter *adapters, struct error *e)
{
	struct validate v = { .results_dir = a->results_dir,
			      .filter = a->filter,
			      .replay = a->replay,
			      .signal_fd = -1,
			      .row = print_row,
			      .arg = (void *)a };
	char said[512];

	snprintf(said, sizeof(said), "%.480s/said", a->replay);
	if (access(said, F_OK)) {
		error_set(e, ENOENT, "cannot replay %s: it is not a directory of validate's",
			  a->replay);
		cmd_complain(e);
		return EXIT_USAGE;
	}
	return score_and_print(&v, a, adapters, e);
}

static int play_locked(const struct arguments *a, const struct adapter *adapters,
		       struct error *e)
{
	int signal_fd = watch_signals(), status, ret;
	struct lock lock;

	lock_init(&lock);
	ret = lock_take(&lock, a->wait_s, e);
	if (ret) {
		cmd_complain(e);
		status = ret == -EBUSY ? EXIT_LOCKED : EXIT_HARNESS;
	} else if (journal_leftover() && (ret = journal_recover(say, e))) {
		cmd_complain(e);
		status = ret == -EBUSY ? EXIT_LOCKED : EXIT_NOT_RESTORED;
	} else {
		status = play(a, adapters, signal_fd, e);
	}
	lock_release(&lock);
	close(signal_fd);
	return status;
}

static int compare(const struct arguments *a, struct error *e)
{
	struct scorecard card;
	int status, ret;

	scorecard_init(&card);
	ret = validate_compare(&card, a->compare, a->tool[0], e);
	if (!ret)
		ret = scorecard_write(&card, a->tool[0], e);
	status = ret ? EXIT_USAGE : status_of(&card);
	if (!ret && !a->json) {
		print_header();
		for (size_t i = 0; i < card.nr; i++)
			print_row(&card.row[i], (void *)a);
	}
	if (!ret)
		print_summary(&card, a->tool[0], a, status);
	else
		cmd_complain(e);
	scorecard_release(&card);
	return status;
}

int cmd_validate(int argc, char **argv)
{
	struct arguments a = { .results_dir = "results", .repeats = REPEATS };
	struct adapter *adapters = NULL;
	struct error e = { "" };
	int ret = 0, status;

	if (cmd_parse_argp("pagestorm validate", &argp, argc, argv, 0, &a))
		return EXIT_USAGE;
	if (a.compare)
		return compare(&a, &e);
	if (a.list || (a.nr_tools == 1 && !strcmp(a.tool[0], "all")))
		ret = expand_all(&a, &e);
	adapters = calloc(a.nr_tools + 1, sizeof(*adapters));
	if (!ret)
		ret = adapters ? load_adapters(&a, adapters, &e)
			       : error_set(&e, ENOMEM, "out of memory");
	if (ret) {
		cmd_complain(&e);
		status = EXIT_USAGE;
	} else {
		status = a.list	    ? list_tools(&a, adapters)
			 : a.replay ? replay(&a, adapters, &e)
				    : play_locked(&a, adapters, &e);
	}
	for (unsigned i = 0; adapters && i < a.nr_tools; i++)
		adapter_release(&adapters[i]);
	for (unsigned i = 0; a.owns_tools && i < a.nr_tools; i++)
		free(a.tool[i]);
	free(adapters);
	return status;
}
