// SPDX-License-Identifier: GPL-2.0-or-later
/* `pagestorm plan`: what a run would do, in bytes, and why; nothing is touched. */
#include "harness/cli/cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/size.h"
#include "harness/cli/cmd_cell.h"
#include "harness/cli/cmd_plan_json.h"
#include "harness/cli/cmd_plan_power.h"
#include "harness/plan/cell.h"
#include "harness/record/counters.h"
#include "harness/record/judge.h"
#include "workloads/api/arith.h"

#define COLUMNS 78
#define INDENT	15 /* of what belongs to the name at the left */

struct arguments {
	bool json, claims, ini;
	int cell;      /* -1: the first in full, the others on a line each */
	unsigned jobs; /* 0: the plan is printed */
	struct cmd_plan_source source;
};

/* clang-format off */
static const struct cmd_option options[] = {
	{ .name = "json", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, json),
	  .help = "one JSON document, with every cell and every claim" },
	{ .name = "claims", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, claims),
	  .help = "each claim with its reason" },
	{ .name = "cell", .arg = "K", .take = cmd_take_index,
	  .offset = offsetof(struct arguments, cell), .most = CMD_CELL_MAX,
	  .help = "cell K of the sweep in full (default: cell 0)" },
	{ .name = "host", .arg = "DIR", .take = cmd_take_text,
	  .offset = offsetof(struct arguments, source.root),
	  .help = "for the machine whose /proc and /sys lie below DIR" },
	{ .name = "jobs", .arg = "N", .take = cmd_take_number,
	  .offset = offsetof(struct arguments, jobs), .least = 1, .most = CMD_CELL_MAX,
	  .help = "the cells dealt to at most N jobs: a line each, for run --cell" },
	{ .name = "ini", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, ini),
	  .help = "the profile with every default written out" },
	{ 0 }
};
/* clang-format on */

static int check(const void *request, struct error *e)
{
	const struct arguments *a = request;

	return cmd_check_plan_words(&a->source.words, e);
}

static const struct cmd_syntax syntax = {
	.name = "pagestorm plan",
	.words = "PROFILE|WORKLOAD [key=value…]",
	.doc = "Shows what `pagestorm run` with the same words would do: bytes, limits, settings, risk class, duration, and by how much which counters are claimed to move. Nothing on the machine is changed.\v"
	       "Exit status: 0 it could run; 2 usage or profile error; 3 the machine cannot be read; 77 nothing of it could run here.",
	.options = options,
	.words_offset = offsetof(struct arguments, source.words),
	.check = check,
};

/* ---- text ---- */

static void print_settings(const struct plan_cell *cell)
{
	for (unsigned i = 0; i < cell->nr_settings; i++)
		printf("  %-12s %s = %s\n", i ? "" : "settings", cell->setting[i].name,
		       cell->setting[i].value);
}

static void print_swap(const struct plan_swap *swap)
{
	char size[32];

	if (swap->kind == SWAP_NONE)
		return;
	size_human(swap->size_bytes, size, sizeof(size));
	printf("  %-12s %s of %s", "swap", swap->kind == SWAP_ZRAM ? "zram" : "a file", size);
	if (swap->priority >= 0)
		printf(", priority %d", swap->priority);
	puts("");
}

static void print_limits(const char *title, const struct limits *limits)
{
	for (unsigned i = 0; i < limits->nr; i++) {
		const struct limit *limit = &limits->limit[i];
		char *end, human[32];
		unsigned long long bytes = strtoull(limit->value, &end, 10);

		size_human(bytes, human, sizeof(human));
		printf("  %-12s %s = %s", i ? "" : title, limit->name, limit->value);
		if (!strncmp(limit->name, "memory.", 7) && !*end && bytes >= 1024)
			printf(" (%s)", human);
		puts(limit->derived ? ", derived: footprint and room" : "");
	}
}

/* Of the groups that the run's are made below. */
static void print_above(const struct host *host)
{
	const struct host_around *around = &host->around;
	const struct {
		const char *name;
		const struct host_limit *limit;
	} rows[] = { { "memory.max", &around->max },
		     { "memory.high", &around->high },
		     { "memory.swap.max", &around->swap },
		     { "memory and swap together", &around->total } };
	const char *title = "above";

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *group = rows[i].limit->group;
		char human[32];

		if (!rows[i].limit->set)
			continue;
		size_human(rows[i].limit->bytes, human, sizeof(human));
		printf("  %-12s %s = %" PRIu64 " (%s) of %s\n", title, rows[i].name,
		       rows[i].limit->bytes, human,
		       group[0] ? group : "a group above what is visible here");
		title = "";
	}
}

static void print_claim(const struct claim *c)
{
	char reason[96];

	printf("    %s/%s/%s (%s) %s %" PRId64, c->scope, c->source, c->counter,
	       span_name(c->span), relation_name(c->relation), c->expected);
	if (c->slot)
		printf(" + %s", c->slot);
	if (c->tolerance)
		printf(" tolerance %" PRId64, c->tolerance);
	printf(" %s, %s\n      %s\n", unit_name(c->unit), basis_name(c->basis), c->why);
	if (!c->slot && judge_too_coarse(c)) {
		judge_coarse_reason(c, reason, sizeof(reason));
		printf("      absent: %s\n", reason);
	}
}

static void print_params(const struct plan_worker *w)
{
	char copy[sizeof(w->request.params_text)], *save = NULL;
	int column = 0;

	snprintf(copy, sizeof(copy), "%s", w->request.params_text);
	for (char *word = strtok_r(copy, ";", &save); word; word = strtok_r(NULL, ";", &save)) {
		if (column && column + 1 + (int)strlen(word) > COLUMNS)
			column = 0;
		if (!column && word != copy)
			puts("");
		column += printf("%*s%s", column ? 1 : INDENT, "", word);
	}
	if (column)
		puts("");
}

/* " delay 500ms, hold 1s": what of the common keys is not as usual. */
static void print_common(const struct plan_worker *w)
{
	char text[512] = "", delay[32], hold[32];
	size_t length = 0;

	duration_format(w->request.delay_ns, delay, sizeof(delay));
	duration_format(w->request.hold_ns, hold, sizeof(hold));
	if (w->request.delay_ns)
		length += (size_t)sprintf(text + length, ", delay %s", delay);
	if (w->request.hold_ns)
		length += (size_t)sprintf(text + length, ", hold %s", hold);
	if (w->request.cpus[0])
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   ", CPUs %.300s", w->request.cpus);
	if (w->request.oom_score_adj_set)
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   ", oom_score_adj %d", w->request.oom_score_adj);
	if (w->request.shortfall_pages)
		snprintf(text + length, sizeof(text) - length,
			 ", %" PRIu64 " pages less than claimed", w->request.shortfall_pages);
	if (text[0])
		printf("%*s%s\n", INDENT, "", text + 2);
}

static void print_claim_count(const struct prediction *prediction)
{
	unsigned coarse = 0;

	for (unsigned i = 0; i < prediction->nr_claims; i++)
		coarse += !prediction->claim[i].slot && judge_too_coarse(&prediction->claim[i]);
	printf("  %-12s %u claims", "", prediction->nr_claims);
	if (coarse)
		printf(", %u of them too coarse here", coarse);
	puts("");
}

static void print_worker(const struct plan_worker *w, bool claims)
{
	char target[32], footprint[32];

	printf("  %-12s %s", w->name, w->workload->name);
	if (w->skip[0]) {
		printf(", skipped: %s\n", w->skip);
		print_params(w);
		return;
	}
	size_human(w->prediction.target_bytes, target, sizeof(target));
	size_human(w->prediction.footprint_bytes, footprint, sizeof(footprint));
	if (w->prediction.target_bytes)
		printf(", holds %s (%" PRIu64 " bytes)", target, w->prediction.target_bytes);
	if (w->prediction.footprint_bytes)
		printf(", charges up to %s", footprint);
	if (w->prediction.expected == OUTCOME_EXPECTED_OOM)
		printf(", is to be OOM-killed");
	if (w->request.background)
		printf(", in the background");
	puts("");
	print_params(w);
	print_common(w);
	print_limits("", &w->request.limits);
	print_claim_count(&w->prediction);
	for (unsigned i = 0; i < w->prediction.nr_claims && claims; i++)
		print_claim(&w->prediction.claim[i]);
}

static void print_cell(const struct plan_cell *cell, bool claims)
{
	printf("\ncell %u%s%s\n", cell->index, cell->label[0] ? ": " : "", cell->label);
	print_settings(cell);
	print_swap(&cell->swap);
	print_limits("run's group", &cell->limits);
	for (unsigned i = 0; i < cell->nr_workers; i++)
		print_worker(&cell->worker[i], claims);
	if (cell->null_worker && cell->null_worker->request.hold_ns >= 50000000)
		printf("  %-12s beside it, %.1f s, for the noise floor\n", "null",
		       (double)cell->null_worker->request.hold_ns / 1e9);
	else if (cell->null_worker)
		printf("  %-12s beside it, for the noise floor\n", "null");
}

static bool cell_is_skipped(const struct plan_cell *cell)
{
	for (unsigned i = 0; i < cell->nr_workers; i++) {
		if (!cell->worker[i].skip[0])
			return false;
	}
	return true;
}

static void print_cell_line(const struct plan_cell *cell)
{
	char peak[32];

	size_human(cell_peak_bytes(cell), peak, sizeof(peak));
	if (cell_is_skipped(cell))
		printf("cell %u: %s, skipped: %s\n", cell->index, cell->label,
		       cell->worker[0].skip);
	else
		printf("cell %u: %s, %s, %.1f s\n", cell->index, cell->label, peak,
		       cell_seconds(cell));
}

static void print_plan(const struct plan *plan, const struct arguments *a)
{
	unsigned shown = a->cell < 0 ? 0 : (unsigned)a->cell;
	char peak[32], available[32];

	size_human(plan->peak_bytes, peak, sizeof(peak));
	size_human(plan->host->available_bytes, available, sizeof(available));
	printf("%s%s%s\n", plan->name, plan->why[0] ? ": " : "", plan->why);
	printf("  %-12s %s, %s%s\n", "risk", risk_name(plan->risk), plan->risk_why,
	       plan->risk >= RISK_R2 ? "; run it with --allow-risk" : "");
	printf("  %-12s %.1f s: %u cell%s, %u repeat%s, %u warm-up, seed %" PRIu64 "\n",
	       "duration", plan->seconds, plan->nr_cells, plan->nr_cells == 1 ? "" : "s",
	       plan->repeats, plan->repeats == 1 ? "" : "s", plan->warmup, plan->seed);
	printf("  %-12s %s of %s available\n", "peak", peak, available);
	print_above(plan->host);
	for (unsigned i = 0; i < plan->nr_expectations; i++) {
		const struct expectation *x = &plan->expectation[i];

		printf("  %-12s %s%s%s %s\n", i ? "" : "expected", x->worker,
		       x->worker[0] ? "." : "", x->key, x->text);
	}
	cmd_plan_print_power(plan);
	print_cell(&plan->cell[shown], a->claims);
	if (plan->nr_cells > 1)
		puts("");
	for (unsigned i = 0; i < plan->nr_cells && plan->nr_cells > 1; i++) {
		if (i != shown)
			print_cell_line(&plan->cell[i]);
	}
}

static void print_jobs(const struct plan *plan, unsigned jobs)
{
	struct cmd_cell cell = CMD_CELL_EVERY;

	jobs = min(jobs, plan->nr_cells);
	for (unsigned job = 0; job < jobs; job++) {
		cmd_cells_of_job(plan->nr_cells, jobs, job, &cell);
		printf("%d", cell.index);
		if (cell.more)
			printf("-%u", (unsigned)cell.index + cell.more);
		puts("");
	}
}

static int print_json(const struct plan *plan, struct error *e)
{
	json_t *json = plan_json(plan);

	if (!json)
		return error_set(e, ENOMEM, "out of memory for the plan as JSON");
	/* What could not be written main() finds on stdout. */
	(void)json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	puts("");
	json_decref(json);
	return 0;
}

static int status_of(const struct plan *plan)
{
	for (unsigned i = 0; i < plan->nr_cells; i++) {
		if (!cell_is_skipped(&plan->cell[i]))
			return EXIT_MET;
	}
	return EXIT_NOTHING_RAN;
}

int cmd_plan(int argc, char **argv)
{
	struct arguments a = { .cell = -1, .source = { .root = "" } };
	struct error e = { "" };
	struct host host = { .nr_nodes = 0 };
	struct plan plan;
	int status, ret;

	if (cmd_parse(&syntax, argc, argv, &a))
		return EXIT_USAGE;
	ret = cmd_load_plan(&plan, &host, &a.source, &e);
	if (ret) {
		cmd_complain(&e);
		host_release(&host);
		return ret == -EIO ? EXIT_HARNESS : EXIT_USAGE;
	}
	cmd_note_renamed(&plan);
	status = status_of(&plan);
	if (a.cell >= (int)plan.nr_cells) {
		error_set(&e, EINVAL, "--cell: there is no cell %d; they are 0 to %u", a.cell,
			  plan.nr_cells - 1);
		cmd_complain(&e);
		status = EXIT_USAGE;
	} else if (a.jobs) {
		print_jobs(&plan, a.jobs);
	} else if (a.ini) {
		fputs(plan.profile_text, stdout);
	} else if (a.json) {
		if (print_json(&plan, &e)) {
			cmd_complain(&e);
			status = EXIT_HARNESS;
		}
	} else {
		print_plan(&plan, &a);
	}
	plan_release(&plan);
	host_release(&host);
	return status;
}
