// SPDX-License-Identifier: GPL-2.0-or-later
/* `pagestorm validate` as text and JSON: rows as they come, then the summary. */
#include "harness/cli/cmd_validate_print.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static const char *verdict_word(enum score_verdict verdict)
{
	return wordlist_word(&score_verdict_words, verdict);
}

static bool has_numbers(const struct score_row *row)
{
	return row->verdict != SCORE_UNREAD && row->verdict != SCORE_SKIPPED;
}

void cmd_validate_print_header(void)
{
	printf("%-17s %-22s %16s %16s %12s %8s  %s\n", "tool", "quantity", "truth", "said",
	       "error", "%", "verdict");
}

void cmd_validate_print_row(const struct score_row *row, void *arg)
{
	const struct cmd_validate_print *p = arg;
	const char *on = colour(row->verdict);
	char percent[32] = "";

	if (p->json)
		return;
	if (isatty(STDERR_FILENO) && !p->quiet)
		fputs("\r\033[K", stderr);
	printf("%-17s %-22s ", row->tool, row->quantity);
	if (has_numbers(row)) {
		if (!isnan(row->error_percent))
			snprintf(percent, sizeof(percent), "%.2f", row->error_percent);
		printf("%16.10g %16.10g %12.6g %8s  ", row->truth, row->said, row->error,
		       percent);
	} else {
		printf("%16s %16s %12s %8s  ", "", "", "", "");
	}
	printf("%s%s%s", on, verdict_word(row->verdict), *on ? "\033[0m" : "");
	if (row->verdict != SCORE_RIGHT && row->why[0])
		printf(": %s", row->why);
	putchar('\n');
	fflush(stdout);
}

void cmd_validate_print_progress(const struct validate_progress *now, void *arg)
{
	const struct cmd_validate_print *p = arg;

	if (p->quiet || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%s, %s: run %u of %u", now->tool, now->load, now->run, now->runs);
	if (!isnan(now->left_s))
		fprintf(stderr, ", about %.0f s left", now->left_s);
	fputs("\033[K", stderr);
}

static json_t *real_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *row_json(const struct score_row *row)
{
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:i, s:o, s:o}",
		"tool", row->tool, "version", row->version, "quantity", row->quantity, "unit",
		row->unit, "truth", real_or_null(row->truth), "evidence", row->evidence, "said",
		real_or_null(row->said), "error", real_or_null(row->error), "error_percent",
		real_or_null(row->error_percent), "verdict", verdict_word(row->verdict), "why",
		row->why, "load", row->load, "repeats", (int)row->repeats, "resolution",
		real_or_null(row->resolution), "noise", real_or_null(row->noise));
}

static size_t count_tools(const struct scorecard *card, bool scored)
{
	size_t nr = 0;

	for (size_t i = 0; i < card->nr; i++) {
		bool first = true;

		for (size_t j = 0; j < i && first; j++)
			first = strcmp(card->row[j].tool, card->row[i].tool) ||
				(scored && !has_numbers(&card->row[j]));
		nr += first && (!scored || has_numbers(&card->row[i]));
	}
	return nr;
}

static void print_document(const struct scorecard *card, const char *path, int status)
{
	json_t *rows = json_array(), *root;

	for (size_t i = 0; i < card->nr; i++)
		json_array_append_new(rows, row_json(&card->row[i]));
	root = json_pack("{s:i, s:s, s:i, s:i, s:o}", "schema", 1, "results", path, "status",
			 status, "tools", (int)count_tools(card, true), "rows", rows);
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

void cmd_validate_print_summary(const struct cmd_validate_print *p,
				const struct scorecard *card, const char *path, int status)
{
	if (p->json) {
		print_document(card, path, status);
		return;
	}
	printf("\n%zu of %zu tools scored, %zu quantities:", count_tools(card, true),
	       count_tools(card, false), card->nr);
	for (int v = SCORE_RIGHT; v <= SCORE_SKIPPED; v++)
		printf(" %zu %s%s", scorecard_count(card, (enum score_verdict)v),
		       verdict_word((enum score_verdict)v), v < SCORE_SKIPPED ? "," : "\n");
	printf("results: %s\n", path);
}
