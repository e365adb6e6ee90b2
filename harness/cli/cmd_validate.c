// SPDX-License-Identifier: GPL-2.0-or-later
/* `pagestorm validate`: compares the output of other tools with a known truth. */
#include "harness/cli/cmd.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/cli/cmd_validate_print.h"
#include "harness/cli/cmd_validate_tools.h"
#include "harness/machine/lock.h"
#include "harness/validate/score.h"
#include "harness/validate/validate.h"

#define TOOLS_MAX 256
#define REPEATS	  3

struct arguments {
	const char *results_dir, *filter, *compare, *replay;
	unsigned repeats, wait_s;
	bool keep, list;
	struct cmd_validate_print print;
	struct cmd_words words; /* tools; with --compare, the results directory */
};

/* clang-format off */
static const struct cmd_option options[] = {
	{ .name = "output", .letter = 'o', .arg = "DIR", .take = cmd_take_directory,
	  .offset = offsetof(struct arguments, results_dir),
	  .help = "parent of the results directory (results)" },
	{ .name = "repeat", .letter = 'n', .arg = "N", .take = cmd_take_number,
	  .offset = offsetof(struct arguments, repeats), .least = 1, .most = SCORE_REPEATS_MAX,
	  .help = "repeats of each load (default: 3); the median counts" },
	{ .name = "compare", .arg = "CSV", .take = cmd_take_text,
	  .offset = offsetof(struct arguments, compare),
	  .help = "score a monitor's own CSV (quantity,value,unit) against the run in DIR" },
	{ .name = "filter", .arg = "COMMAND", .take = cmd_take_text,
	  .offset = offsetof(struct arguments, filter),
	  .help = "filter each tool's output through COMMAND first: to see that a lie is detected" },
	{ .name = "keep", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, keep),
	  .help = "keep every run, not one per load" },
	{ .name = "replay", .arg = "DIR", .take = cmd_take_text,
	  .offset = offsetof(struct arguments, replay),
	  .help = "score again what --keep left in DIR; run nothing" },
	{ .name = "list", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, list),
	  .help = "the tools that have an adapter" },
	{ .name = "wait", .arg = "SECONDS", .take = cmd_take_number,
	  .offset = offsetof(struct arguments, wait_s), .most = CMD_WAIT_MAX_S,
	  .help = "wait so long for another run to end" },
	{ .name = "json", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, print.json),
	  .help = "one JSON document on stdout" },
	{ .name = "quiet", .letter = 'q', .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, print.quiet), .help = "no progress" },
	{ 0 }
};
/* clang-format on */

static int check(const void *request, struct error *e)
{
	const struct arguments *a = request;

	if (a->words.nr > TOOLS_MAX)
		return error_set(e, EINVAL, "too many tools");
	if (!a->words.nr && !a->list)
		return error_set(e, EINVAL, "a TOOL is missing; `validate --list` shows them");
	if (a->compare && a->words.nr != 1)
		return error_set(e, EINVAL, "--compare requires one DIR");
	return 0;
}

static const struct cmd_syntax syntax = {
	.name = "pagestorm validate",
	.words = "all|TOOL…\n--compare=CSV DIR",
	.doc = "Runs workloads whose numbers are known, runs other tools beside them, and says how far what they print is from the truth. A TOOL is the name of an adapter or a path to one (NAME.ini).\v"
	       "Exit status: 0 no tool is wrong; 1 one is; 2 usage; 3 harness error; 4 a tool's output could not be read; 5 not fully restored; 75 another run holds the lock; 77 nothing could run here; 130, 143 interrupted.",
	.options = options,
	.words_offset = offsetof(struct arguments, words),
	.check = check,
};

static int status_of(const struct scorecard *card)
{
	if (scorecard_count(card, SCORE_WRONG))
		return EXIT_UNMET;
	if (scorecard_count(card, SCORE_UNREAD))
		return EXIT_INVALID;
	return card->nr == scorecard_count(card, SCORE_SKIPPED) ? EXIT_NOTHING_RAN : EXIT_MET;
}

static int score_all(struct validate *v, const struct arguments *a,
		     const struct cmd_validate_tools *tools, struct error *e)
{
	int ret = validate_open(v, e), ret_close;

	if (ret)
		return ret;
	if (!a->print.json)
		cmd_validate_print_header();
	for (unsigned i = 0; i < tools->nr && !a->replay; i++)
		v->nr_runs += validate_runs(v, &tools->adapter[i]);
	for (unsigned i = 0; i < tools->nr && !ret; i++)
		ret = validate_tool(v, &tools->adapter[i], e);
	ret_close = validate_close(v, e);
	return ret ? ret : ret_close;
}

static int score_and_print(struct validate *v, const struct arguments *a,
			   const struct cmd_validate_tools *tools, struct error *e)
{
	int ret = score_all(v, a, tools, e), status = status_of(&v->card);

	if (ret)
		status = ret == -EINVAL || ret == -EPERM ? EXIT_USAGE : EXIT_HARNESS;
	if (v->not_restored)
		status = EXIT_NOT_RESTORED;
	if (v->interrupted)
		status = 128 + v->interrupted;
	if (v->path[0])
		cmd_validate_print_summary(&a->print, &v->card, v->path, status);
	if ((ret && !v->interrupted) || (v->not_restored && e->text[0]))
		cmd_complain(e);
	scorecard_release(&v->card);
	return status;
}

static int score_live(const struct arguments *a, const struct cmd_validate_tools *tools,
		      int signal_fd, struct error *e)
{
	struct host *host = calloc(1, sizeof(*host)); /* large */
	struct validate v = { .host = host,
			      .results_dir = a->results_dir,
			      .repeats = a->repeats,
			      .filter = a->filter,
			      .keep = a->keep,
			      .signal_fd = signal_fd,
			      .progress = cmd_validate_print_progress,
			      .row = cmd_validate_print_row,
			      .arg = (void *)&a->print };
	int ret = host ? host_probe(host, "", e) : error_set(e, ENOMEM, "out of memory");
	int status = EXIT_HARNESS;

	if (ret)
		cmd_complain(e);
	else
		status = score_and_print(&v, a, tools, e);
	if (host)
		host_release(host);
	free(host);
	return status;
}

/* Nothing runs, so neither the lock nor the machine is needed. */
static int replay(const struct arguments *a, const struct cmd_validate_tools *tools,
		  struct error *e)
{
	struct validate v = { .results_dir = a->results_dir,
			      .filter = a->filter,
			      .replay = a->replay,
			      .signal_fd = -1,
			      .row = cmd_validate_print_row,
			      .arg = (void *)&a->print };
	char said[512];

	snprintf(said, sizeof(said), "%.480s/said", a->replay);
	if (access(said, F_OK)) {
		error_set(e, ENOENT,
			  "cannot replay %s: it is not a results directory of validate",
			  a->replay);
		cmd_complain(e);
		return EXIT_USAGE;
	}
	return score_and_print(&v, a, tools, e);
}

static int score_locked(const struct arguments *a, const struct cmd_validate_tools *tools,
			struct error *e)
{
	int signal_fd = cmd_watch_signals(), status;
	struct lock lock;

	lock_init(&lock);
	status = cmd_take_machine(&lock, a->wait_s, signal_fd, e);
	if (status == EXIT_MET)
		status = score_live(a, tools, signal_fd, e);
	lock_release(&lock);
	close(signal_fd);
	return status;
}

static int compare(const struct arguments *a, struct error *e)
{
	struct validate v = { .results_dir = a->results_dir };
	int ret = validate_monitor(&v, a->compare, a->words.word[0], e);
	int status = status_of(&v.card);

	if (ret)
		status = v.path[0] ? EXIT_HARNESS
				   : EXIT_USAGE; /* it could not be written, or read */
	if (!ret && !a->print.json) {
		cmd_validate_print_header();
		for (size_t i = 0; i < v.card.nr; i++)
			cmd_validate_print_row(&v.card.row[i], (void *)&a->print);
	}
	if (!ret)
		cmd_validate_print_summary(&a->print, &v.card, v.path, status);
	else
		cmd_complain(e);
	scorecard_release(&v.card);
	return status;
}

int cmd_validate(int argc, char **argv)
{
	struct arguments a = { .results_dir = "results", .repeats = REPEATS };
	struct cmd_validate_tools tools = { .nr = 0 };
	struct error e = { "" };
	int status = EXIT_MET;

	if (cmd_parse(&syntax, argc, argv, &a))
		return EXIT_USAGE;
	if (a.compare)
		return compare(&a, &e);
	if (a.list)
		a.words.nr = 0; /* all of them, whatever is named */
	if (cmd_validate_tools_load(&tools, &a.words, a.print.quiet || a.print.json || a.list,
				    &e)) {
		cmd_complain(&e);
		status = EXIT_USAGE;
	} else if (a.list) {
		cmd_validate_tools_print(&tools, a.print.json);
	} else {
		status = a.replay ? replay(&a, &tools, &e) : score_locked(&a, &tools, &e);
	}
	cmd_validate_tools_release(&tools);
	return status;
}
