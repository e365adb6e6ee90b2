// SPDX-License-Identifier: GPL-2.0-or-later
/* `pagestorm run` for a person: progress, rows with the claims that failed, the summary. */
#include "harness/cli/cmd_run_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/base/size.h"
#include "harness/cli/cmd_run_json.h"

#define LINE_INTERVAL_S	 2.0 /* without a terminal: one line per so many seconds */
#define PROGRESS_COLUMNS 78

void cmd_run_print_init(struct cmd_run_print *p, bool json, bool quiet)
{
	*p = (struct cmd_run_print){ .quiet = quiet,
				     .rows = json ? json_array() : NULL,
				     .terminal = isatty(STDERR_FILENO) };
}

/* ---- progress, on stderr ---- */

static void close_line(struct cmd_run_print *p)
{
	if (p->line_open)
		fputs("\r\033[K", stderr);
	p->line_open = false;
}

static void held_text(const struct trial *trial, char *text, size_t bytes)
{
	uint64_t sum = 0, target = 0;
	char now[32], goal[32];

	text[0] = 0;
	for (unsigned i = 0; trial && i < trial->nr_workers; i++) {
		const struct trial_worker *worker = &trial->worker[i];

		if (worker->process.ledger)
			sum += worker->process.ledger->achieved_bytes;
		target += worker->plan->prediction.target_bytes;
	}
	size_human(sum, now, sizeof(now));
	size_human(target, goal, sizeof(goal));
	if (target >= sum && target)
		snprintf(text, bytes, ", holds %s of %s", now, goal);
	else if (sum)
		snprintf(text, bytes, ", holds %s", now);
}

void cmd_run_print_progress(const struct run_progress *progress, void *arg)
{
	struct cmd_run_print *p = arg;
	char held[96], line[256];
	double left = progress->expected_s - progress->elapsed_s;

	if (p->quiet)
		return;
	if (!p->terminal && progress->elapsed_s - p->last_line_s < LINE_INTERVAL_S)
		return;
	p->last_line_s = progress->elapsed_s;
	held_text(progress->trial, held, sizeof(held));
	snprintf(line, sizeof(line), "[%zu/%zu] %s%srepeat %d: %s%s, %.0f s left",
		 progress->step, progress->steps, progress->cell_label,
		 progress->cell_label[0] ? ", " : "", progress->repeat, progress->phase, held,
		 left > 0 ? left : 0);
	if (!p->terminal) {
		fprintf(stderr, "%s\n", line);
		return;
	}
	fprintf(stderr, "\r%.*s\033[K", PROGRESS_COLUMNS, line);
	p->line_open = true;
}

/* ---- results, on stdout ---- */

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

static bool is_missed(const struct judgement *j)
{
	return j->verdict == VERDICT_FAIL || j->verdict == VERDICT_DISTURBED;
}

static void print_row_text(const struct run_row *row, const struct judgement *judgements,
			   unsigned nr)
{
	char achieved[32] = "-", label[80];
	unsigned missed = 0;
	const enum ending ending = outcome_ending(row->outcome, row->expected_outcome);
	const bool bad =
		row->claims_failed || (ending != ENDING_EXPECTED && ending != ENDING_SKIPPED);

	for (unsigned i = 0; i < nr; i++)
		missed += is_missed(&judgements[i]);
	if (row->achieved_bytes != ROW_ABSENT && row->achieved_bytes)
		size_human(row->achieved_bytes, achieved, sizeof(achieved));
	snprintf(label, sizeof(label), "%s%s%s", row->worker, row->cell_label[0] ? " " : "",
		 row->cell_label);
	printf("%-24s %6d  %s%-14s%s %10s %8.3f s  %3u of %3u claims%s\n", label, row->repeat,
	       mark(bad), outcome_name(row->outcome), unmark(), achieved,
	       row->seconds == row->seconds ? row->seconds : 0.0, nr - missed, nr,
	       missed ? " hold" : "");
	if (row->reason[0])
		printf("    %s\n", row->reason);
	for (unsigned i = 0; i < nr; i++)
		if (is_missed(&judgements[i]))
			print_failure(&judgements[i]);
}

void cmd_run_print_row(const struct run_row *row, const struct judgement *judgements,
		       unsigned nr, void *arg)
{
	struct cmd_run_print *p = arg;

	close_line(p);
	if (p->rows)
		json_array_append_new(p->rows, cmd_run_row_json(row, judgements, nr));
	else
		print_row_text(row, judgements, nr);
	fflush(stdout);
}

void cmd_run_print_make_room(void *arg)
{
	close_line(arg);
}

static void print_summary_text(const struct run_summary *s)
{
	if (!s->rows) {
		if (s->path[0])
			printf("results: %s\n", s->path);
		return;
	}
	printf("\n%u claims: %u pass, %s%u fail%s, %u absent, %u below the noise, %u disturbed\n",
	       s->claims,
	       s->claims - s->claims_failed - s->claims_absent - s->claims_noise -
		       s->claims_disturbed,
	       mark(s->claims_failed), s->claims_failed, unmark(), s->claims_absent,
	       s->claims_noise, s->claims_disturbed);
	if (s->unexpected)
		printf("%u worker%s did not end as expected: see the reason below its row\n",
		       s->unexpected, s->unexpected == 1 ? "" : "s");
	if (s->repeated)
		printf("%u disturbed attempt%s repeated\n", s->repeated,
		       s->repeated == 1 ? " was" : "s were");
	if (s->floors_disturbed)
		printf("%u noise floor%s disturbed: a direction may hide below it\n",
		       s->floors_disturbed, s->floors_disturbed == 1 ? " was" : "s were");
	if (s->path[0])
		printf("results: %s\n", s->path);
}

void cmd_run_print_summary(struct cmd_run_print *p, const struct run_summary *s, int status)
{
	json_t *document;

	close_line(p);
	if (!p->rows) {
		print_summary_text(s);
		return;
	}
	document = cmd_run_summary_json(s, status, p->rows);
	json_dumpf(document, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(document);
}
