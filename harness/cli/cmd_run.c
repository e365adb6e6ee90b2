// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `pagestorm run`, from the command line to the exit status: makes a plan, takes the machine,
 * runs the plan. What it prints is in cmd_run_print.c, the run itself in harness/trial/run.c.
 */
#include "harness/cli/cmd.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/cli/cmd_cell.h"
#include "harness/cli/cmd_run_pause.h"
#include "harness/cli/cmd_run_print.h"
#include "harness/cli/cmd_run_until.h"
#include "harness/machine/group.h"
#include "harness/machine/lock.h"
#include "harness/trial/results.h"
#include "harness/trial/resume.h"
#include "harness/trial/run.h"
#include "harness/trial/stage.h"

struct arguments {
	const char *results_dir;
	const char *stage; /* where they are written before they are moved there; NULL: there */
	const char *resume; /* NULL: a new run */
	struct cmd_cell cell;
	unsigned jobs; /* 0: a job is a cell */
	enum risk allowed;
	unsigned wait_s;
	bool json, quiet, strict;
	struct cmd_pause pause;
	struct cmd_until until;
	struct cmd_plan_source source;
	struct host host; /* the machine that the plan is for */
};

/* Drops trailing slashes: the finished directory lies beside it, without the suffix. */
static int take_partial(const struct cmd_option *option, const char *text, void *field,
			struct error *e)
{
	char *directory = (char *)text; /* a word of argv, which belongs to the program */
	size_t length = strlen(directory);

	while (length > 1 && directory[length - 1] == '/')
		directory[--length] = 0;
	return cmd_take_text(option, directory, field, e);
}

static int take_risk(const struct cmd_option *option, const char *text, void *field,
		     struct error *e)
{
	if (text[0] != 'R' || text[1] < '0' || text[1] > '3' || text[2])
		return error_set(e, EINVAL, "--%s: '%s' is not one of R0 R1 R2 R3",
				 option->name, text);
	*(enum risk *)field = (enum risk)(text[1] - '0');
	return 0;
}

static int take_until(const struct cmd_option *option, const char *text, void *field,
		      struct error *e)
{
	if (strcmp(text, "decided"))
		return error_set(e, EINVAL, "--%s: '%s' is not decided", option->name, text);
	((struct cmd_until *)field)->on = true;
	return 0;
}

static int take_barriers(const struct cmd_option *option, const char *text, void *field,
			 struct error *e)
{
	(void)option; /* its name is in the sentence */
	return cmd_pause_barriers(field, text, e);
}

static int take_descriptors(const struct cmd_option *option, const char *text, void *field,
			    struct error *e)
{
	(void)option; /* its name is in the sentence */
	return cmd_pause_descriptors(field, text, e);
}

/* clang-format off */
static const struct cmd_option options[] = {
	{ .name = "output", .letter = 'o', .arg = "DIR", .take = cmd_take_directory,
	  .offset = offsetof(struct arguments, results_dir),
	  .help = "where the results directory is made (results)" },
	{ .name = "stage", .arg = "DIR", .take = cmd_take_directory,
	  .offset = offsetof(struct arguments, stage),
	  .help = "write the results in DIR; move them when complete" },
	{ .name = "repeat", .letter = 'n', .arg = "N", .take = cmd_take_number,
	  .offset = offsetof(struct arguments, source.repeats), .least = 1, .most = 10000,
	  .help = "repeats of each cell, in place of the profile's" },
	{ .name = "until", .arg = "decided", .take = take_until,
	  .offset = offsetof(struct arguments, until),
	  .help = "stop when each primary metric is decided" },
	{ .name = "cell", .arg = "K|K-L|auto", .take = cmd_take_cell,
	  .offset = offsetof(struct arguments, cell), .most = CMD_CELL_MAX,
	  .help = "only these cells; auto: those of the array's job" },
	{ .name = "jobs", .arg = "N", .take = cmd_take_number,
	  .offset = offsetof(struct arguments, jobs), .least = 1, .most = CMD_CELL_MAX,
	  .help = "the array's jobs have the cells of plan --jobs=N" },
	{ .name = "resume", .arg = "DIR", .take = take_partial,
	  .offset = offsetof(struct arguments, resume),
	  .help = "continue DIR.partial, a run that was cut" },
	{ .name = "allow-risk", .arg = "R2", .take = take_risk,
	  .offset = offsetof(struct arguments, allowed),
	  .help = "allow system pressure (R2), kills of others (R3)" },
	{ .name = "wait", .arg = "SECONDS", .take = cmd_take_number,
	  .offset = offsetof(struct arguments, wait_s), .most = CMD_WAIT_MAX_S,
	  .help = "wait this long for another run to end" },
	{ .name = "keep-raw", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, source.keep_raw),
	  .help = "keep the captured bytes as well, in raw/" },
	{ .name = "pause", .arg = "BARRIERS", .take = take_barriers,
	  .offset = offsetof(struct arguments, pause),
	  .help = "pause at ready,held, each until Enter" },
	{ .name = "pause-fd", .arg = "OUT,IN", .take = take_descriptors,
	  .offset = offsetof(struct arguments, pause),
	  .help = "announce pauses on OUT, go on at a line from IN" },
	{ .name = "json", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, json),
	  .help = "one JSON document on stdout" },
	{ .name = "strict", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, strict),
	  .help = "a claim that is absent here is a failure" },
	{ .name = "quiet", .letter = 'q', .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, quiet), .help = "no progress" },
	{ 0 }
};
/* clang-format on */

static int check(const void *request, struct error *e)
{
	const struct arguments *a = request;
	const bool is_new = a->source.words.nr || a->source.repeats;

	if (a->resume && is_new)
		return error_set(
			e, EINVAL,
			"--resume takes the profile from its directory: give no PROFILE, key=value or --repeat");
	if (!a->resume && cmd_check_plan_words(&a->source.words, e))
		return -EINVAL;
	if (a->resume && a->stage)
		return error_set(
			e, EINVAL,
			"--resume goes on where the run was cut: give no --stage, and move the directory when it is complete");
	if (a->until.on && (a->resume || a->cell.index >= 0))
		return error_set(
			e, EINVAL,
			"--until=decided compares all cells of a new run: give no --%s",
			a->resume ? "resume" : "cell");
	if (a->pause.out_fd >= 0 && !a->pause.trial.barriers)
		return error_set(e, EINVAL, "--pause-fd needs --pause=ready,held");
	return 0;
}

static const struct cmd_syntax syntax = {
	.name = "pagestorm run",
	.words = "PROFILE|WORKLOAD [key=value…]\n--resume=DIR",
	.doc = "Runs a profile or a workload; compares the kernel's counts with the claims.\v"
	       "key=value takes the profile's own keys: hog.size=64M, memory.max=96M.\n"
	       "Exit status: 0 met; 1 not met; 2 usage; 3 harness; 4 undecided; 5 not restored; 75 locked; 77 nothing could run; 130, 143 interrupted.",
	.options = options,
	.words_offset = offsetof(struct arguments, source.words),
	.check = check,
};

/* ---- from the command line to a plan ---- */

static int check_risk(const struct plan *plan, const struct arguments *a, struct error *e)
{
	if (plan->risk <= a->allowed || plan->host->lab[0])
		return 0;
	return error_set(
		e, EPERM,
		"this plan is of risk class R%d: %s; add --allow-risk=R%d, or run it in a guest with pagestorm lab",
		plan->risk, plan->risk_why, plan->risk);
}

/* A plan for the profile that the cut run wrote: the same one, or it cannot be resumed. */
static int load_resumed(struct plan *plan, struct arguments *a, struct error *e)
{
	char path[640], *word = path;
	const struct cmd_plan_source source = { .root = "", .words = { &word, 1 } };
	int ret;

	snprintf(path, sizeof(path), "%s/profile.ini", a->resume);
	if (access(path, R_OK))
		return error_set(e, EINVAL, "--resume: cannot read %s: %s", path,
				 strerror(errno));
	if (a->cell.index < 0)
		a->cell.index = resume_only_cell(a->resume, &a->cell.more);
	ret = cmd_load_plan(plan, &a->host, &source, e);
	return ret ? ret : resume_check(a->resume, plan, e);
}

static int load(struct plan *plan, struct arguments *a, struct error *e)
{
	int ret = a->resume ? load_resumed(plan, a, e)
			    : cmd_load_plan(plan, &a->host, &a->source, e);

	if (!ret)
		ret = cmd_check_cell(plan, a->jobs, &a->cell, e);
	if (!ret && a->until.on)
		ret = cmd_until_prepare(&a->until, plan, e);
	return ret ? ret : check_risk(plan, a, e);
}

/* ---- from a plan to an exit status ---- */

static bool needs_groups(const struct plan *plan)
{
	for (unsigned i = 0; i < plan->nr_cells; i++)
		for (unsigned j = 0; j < plan->cell[i].nr_workers; j++)
			if (!plan->cell[i].worker[j].skip[0])
				return true;
	return false;
}

static int exit_status(const struct run_summary *s, bool strict, int ret)
{
	const bool absent = strict && s->claims_absent;

	if (s->interrupted)
		return 128 + s->interrupted;
	if (s->not_restored)
		return EXIT_NOT_RESTORED;
	if (ret)
		return EXIT_HARNESS;
	if (s->invalid)
		return EXIT_INVALID;
	if (s->claims_failed || s->unexpected || absent)
		return EXIT_UNMET;
	if (s->disturbed)
		return EXIT_INVALID;
	return s->skipped && s->skipped == s->rows ? EXIT_NOTHING_RAN : EXIT_MET;
}

static void note_place(const struct arguments *a)
{
	struct error why = { "" };

	if (!a->quiet && !a->resume && results_check_place(a->results_dir, &why))
		fprintf(stderr, "pagestorm: note: %s\n", why.text);
}

/* A job that is queued again must not run a cell twice: merge takes each once. */
static bool is_done(const struct plan *plan, const struct arguments *a, int *status)
{
	struct run_summary summary = { .rows = 0 };
	struct cmd_run_print print;

	if (!a->cell.variable || a->resume ||
	    !cmd_find_cell(a->results_dir, plan, &a->cell, &summary))
		return false;
	*status = exit_status(&summary, a->strict, 0);
	if (!a->quiet)
		fprintf(stderr,
			"pagestorm: note: cell %d is complete already: nothing is run\n",
			a->cell.index);
	cmd_run_print_init(&print, a->json, a->quiet);
	cmd_run_print_summary(&print, &summary, *status);
	return true;
}

static int move_results(const struct arguments *a, struct run_summary *summary, struct error *e)
{
	char path[sizeof(summary->path)];
	int ret = stage_move(summary->path, a->results_dir, path, sizeof(path), e);

	if (!ret)
		snprintf(summary->path, sizeof(summary->path), "%s", path);
	return ret;
}

/* What the user is to do after it. ret, e: how the run went. */
static void print_what_is_left(const struct run_summary *s, int ret, const struct error *e)
{
	if (s->interrupted && s->path[0])
		fprintf(stderr,
			"pagestorm: interrupted; `pagestorm run --resume=%s` goes on from there\n",
			s->path);
	if ((ret && (ret != -EINTR || !s->interrupted)) || (s->not_restored && e->text[0]))
		cmd_complain(e);
	if (s->not_restored && !ret && s->path[0])
		fprintf(stderr,
			"pagestorm: the results are whole: after `pagestorm restore`, `pagestorm run --resume=%s` completes them\n",
			s->path);
}

/* In place is a way to run as well, and said. */
static int permit_groups(const struct host *host, bool quiet, struct error *e)
{
	int ret = group_permitted(host, e);

	if (ret != -EACCES)
		return ret;
	if (!quiet)
		fprintf(stderr, "pagestorm: %s\n", e->text);
	e->text[0] = '\0';
	return 0;
}

/* Runs the plan, prints rows as they come and the summary. */
static int run_and_print(const struct plan *plan, struct arguments *a, int signal_fd)
{
	struct error e = { "" };
	struct cmd_run_print print;
	const struct run_options how = { .results_dir = a->stage ? a->stage : a->results_dir,
					 .name_cell = a->stage,
					 .resume = a->resume,
					 .only_cell = a->cell.index,
					 .more_cells = a->cell.more,
					 .signal_fd = signal_fd,
					 .pause = &a->pause.trial,
					 .enough = a->until.on ? cmd_until_enough : NULL,
					 .enough_arg = &a->until,
					 .looks = a->until.on ? a->until.schedule.nr
						  : a->resume ? resume_looks(a->resume)
							      : 0,
					 .progress = cmd_run_print_progress,
					 .row = cmd_run_print_row,
					 .arg = &print };
	struct run_summary summary = { .rows = 0 };
	/* That the results can be moved there is checked before the run. */
	int ret = a->stage ? results_make_parents(a->results_dir, &e) : 0;
	int status = ret ? EXIT_HARNESS : EXIT_NOTHING_RAN;

	if (!ret && needs_groups(plan))
		ret = permit_groups(plan->host, a->quiet, &e);
	cmd_run_print_init(&print, a->json, a->quiet);
	a->pause.make_room = cmd_run_print_make_room;
	a->pause.arg = &print;
	if (!ret) {
		ret = run_plan(plan, &how, &summary, &e);
		if (!ret && a->stage)
			ret = move_results(a, &summary, &e);
		status = exit_status(&summary, a->strict, ret);
		cmd_run_print_make_room(&print);
		if (!ret && a->until.on && !cmd_until_report(&a->until) && status == EXIT_MET)
			status = EXIT_INVALID;
	}
	cmd_run_print_summary(&print, &summary, status);
	print_what_is_left(&summary, ret, &e);
	return status;
}

/* ---- taking the machine ---- */

/*
 * The first plan saw the machine while another run may have held it, or before the changes
 * of a killed one were undone: its settings are gone. So the machine is probed and the plan
 * made again.
 */
static int load_again(struct plan *plan, struct arguments *a, int *status)
{
	struct error e = { "" };
	int ret;

	plan_release(plan);
	ret = load(plan, a, &e);
	if (!ret)
		return 0;
	cmd_complain(&e);
	*status = ret == -EIO ? EXIT_HARNESS : EXIT_USAGE;
	return ret;
}

static int run_locked(struct plan *plan, struct arguments *a)
{
	const int signal_fd = cmd_watch_signals();
	struct error e = { "" };
	struct lock lock;
	int status;

	lock_init(&lock);
	status = cmd_take_machine(&lock, a->wait_s, signal_fd, &e);
	if (status == EXIT_MET && !load_again(plan, a, &status) && !is_done(plan, a, &status))
		status = run_and_print(plan, a, signal_fd);
	lock_release(&lock);
	close(signal_fd);
	return status;
}

int cmd_run(int argc, char **argv)
{
	struct arguments a = { .results_dir = "results",
			       .cell = CMD_CELL_EVERY,
			       .allowed = RISK_R1,
			       .source = { .root = "" } };
	struct plan *plan = calloc(1, sizeof(*plan)); /* large */
	struct error e = { "" };
	int ret, status;

	cmd_pause_init(&a.pause);
	if (!plan || cmd_parse(&syntax, argc, argv, &a)) {
		free(plan);
		return EXIT_USAGE;
	}
	if (a.until.on && !a.source.repeats)
		a.source.repeats = CMD_UNTIL_REPEATS;
	/* Mistakes are reported before any wait for the lock. */
	ret = cmd_pause_check(&a.pause, &e);
	if (!ret)
		ret = load(plan, &a, &e);
	if (ret) {
		cmd_complain(&e);
		status = ret == -EIO ? EXIT_HARNESS : EXIT_USAGE;
	} else {
		cmd_note_renamed(plan);
		if (!a.quiet)
			cmd_note_source(plan->source, &plan->skipped);
		note_place(&a);
		if (!is_done(plan, &a, &status))
			status = run_locked(plan, &a);
	}
	plan_release(plan);
	free(plan);
	host_release(&a.host);
	return status;
}
