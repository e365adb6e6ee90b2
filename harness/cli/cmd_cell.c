// SPDX-License-Identifier: GPL-2.0-or-later
/* Which cell is run, and whether it has been run already. */
#include "harness/cli/cmd_cell.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/cli/cmd.h"
#include "harness/report/merge.h"
#include "harness/trial/results.h"
#include "workloads/api/arith.h"

/*
 * The variables in which engines give a job of an array its number, and what that number is
 * for the array's first job. sbatch(1): --array=0-23 sets SLURM_ARRAY_TASK_ID from 0 on.
 * Kubernetes, Indexed Job: JOB_COMPLETION_INDEX from 0 on. parallel(1): PARALLEL_SEQ counts the
 * jobs from 1 on. bsub(1): indices of an array are 1 or more, and LSB_JOBINDEX is 0 in a job
 * that belongs to none.
 */
static const struct engine {
	const char *variable;
	unsigned first;
} engines[] = {
	{ "SLURM_ARRAY_TASK_ID", 0 },
	{ "JOB_COMPLETION_INDEX", 0 },
	{ "PARALLEL_SEQ", 1 },
	{ "LSB_JOBINDEX", 1 },
};

static const char *engine_index(const struct engine *engine)
{
	const char *text = getenv(engine->variable);

	if (!text || !*text || (engine->first && !strcmp(text, "0")))
		return NULL;
	return text;
}

static int take_auto(struct cmd_cell *cell, struct error *e)
{
	const struct engine *found = NULL;
	char option_name[40];
	struct cmd_option row = { .name = option_name, .most = CMD_CELL_MAX };
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		if (!engine_index(&engines[i]))
			continue;
		if (found)
			return error_set(
				e, EINVAL,
				"--cell=auto: %s and %s are both set: give --cell=K, or unset the one that does not number the cells",
				found->variable, engines[i].variable);
		found = &engines[i];
	}
	if (!found)
		return error_set(
			e, EINVAL,
			"--cell=auto: none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, PARALLEL_SEQ and LSB_JOBINDEX is set: give --cell=K");
	snprintf(option_name, sizeof(option_name), "cell=auto: %s", found->variable);
	row.least = found->first;
	ret = cmd_take_index(&row, engine_index(found), &cell->index, e);
	cell->index -= (int)found->first;
	cell->job = cell->index;
	cell->variable = found->variable;
	return ret;
}

/* "4-7", in place: its second number ends text. */
static int take_range(const struct cmd_option *option, char *text, struct cmd_cell *cell,
		      struct error *e)
{
	char *dash = strchr(text, '-');
	int last, ret;

	*dash = '\0';
	ret = cmd_take_index(option, text, &cell->index, e);
	if (!ret)
		ret = cmd_take_index(option, dash + 1, &last, e);
	if (!ret && last < cell->index)
		ret = error_set(e, EINVAL, "--%s: '%d-%d' ends before it begins", option->name,
				cell->index, last);
	if (!ret)
		cell->more = (unsigned)(last - cell->index);
	return ret;
}

int cmd_take_cell(const struct cmd_option *option, const char *text, void *field,
		  struct error *e)
{
	struct cmd_cell *cell = field;
	char copy[32];

	*cell = (struct cmd_cell)CMD_CELL_EVERY;
	if (!strcmp(text, "auto"))
		return take_auto(cell, e);
	if (*text == '-' || !strchr(text, '-') ||
	    (size_t)snprintf(copy, sizeof(copy), "%s", text) >= sizeof(copy))
		return cmd_take_index(option, text, &cell->index, e);
	return take_range(option, copy, cell, e);
}

void cmd_cells_of_job(unsigned nr, unsigned jobs, unsigned job, struct cmd_cell *cell)
{
	const uint64_t first = (uint64_t)nr * job / jobs;

	cell->index = (int)first;
	cell->more = (unsigned)((uint64_t)nr * (job + 1) / jobs - first - 1);
}

static int check_job(const struct plan *plan, unsigned jobs, struct cmd_cell *cell,
		     struct error *e)
{
	if (cell->job < 0)
		return error_set(e, EINVAL, "--jobs needs --cell=auto");
	jobs = min(jobs, plan->nr_cells);
	if (cell->job >= (int)jobs)
		return error_set(
			e, EINVAL,
			"--cell=auto: %s=%s is for job %d; these are jobs 0 to %u: make an array of %u jobs",
			cell->variable, getenv(cell->variable), cell->job, jobs - 1, jobs);
	cmd_cells_of_job(plan->nr_cells, jobs, (unsigned)cell->job, cell);
	return 0;
}

int cmd_check_cell(const struct plan *plan, unsigned jobs, struct cmd_cell *cell,
		   struct error *e)
{
	const int last = cell->index + (int)cell->more;

	if (jobs)
		return check_job(plan, jobs, cell, e);
	if (last < (int)plan->nr_cells)
		return 0;
	if (cell->variable)
		return error_set(
			e, EINVAL,
			"--cell=auto: %s=%s is for cell %d; the plan has cells 0 to %u: make an array of %u jobs",
			cell->variable, getenv(cell->variable), cell->index, plan->nr_cells - 1,
			plan->nr_cells);
	return error_set(e, EINVAL, "--cell: there is no cell %d; the plan has cells 0 to %u",
			 last, plan->nr_cells - 1);
}

/* ---- has it been run? ---- */

static unsigned count(const json_t *end, const char *name)
{
	return (unsigned)json_integer_value(json_object_get(end, name));
}

static bool is_complete(const json_t *root, const struct cmd_cell *cell)
{
	const json_t *end = json_object_get(root, "end");
	const char *status = json_string_value(json_object_get(end, "status"));
	const json_t *only = json_object_get(end, "only_cell");

	return status && !strcmp(status, "complete") && json_is_integer(only) &&
	       json_integer_value(only) == cell->index &&
	       count(end, "more_cells") == cell->more;
}

/* What decided that run's exit status. */
static void summarize(const json_t *end, struct run_summary *summary)
{
	summary->rows = count(end, "rows");
	summary->claims = count(end, "claims");
	summary->claims_failed = count(end, "claims_failed");
	summary->claims_absent = count(end, "claims_absent");
	summary->unexpected = count(end, "unexpected");
	summary->invalid = count(end, "invalid");
	summary->disturbed = count(end, "disturbed");
	summary->skipped = count(end, "skipped");
}

bool cmd_find_cell(const char *parent, const struct plan *plan, const struct cmd_cell *cell,
		   struct run_summary *summary)
{
	json_t *wanted = results_describe_plan(plan);
	DIR *directory = opendir(parent);
	const struct dirent *entry;
	bool found = false;

	while (directory && !found && (entry = readdir(directory))) {
		const char *tail = strrchr(entry->d_name, '.');
		char path[640];
		json_t *root;

		if (entry->d_name[0] == '.' || (tail && !strcmp(tail, ".partial")) ||
		    (size_t)snprintf(path, sizeof(path), "%s/%s/run.json", parent,
				     entry->d_name) >= sizeof(path))
			continue;
		root = json_load_file(path, 0, NULL);
		found = is_complete(root, cell) &&
			merge_is_same_plan(json_object_get(root, "plan"), wanted);
		if (found) {
			snprintf(summary->path, sizeof(summary->path), "%.*s",
				 (int)(strrchr(path, '/') - path), path);
			summarize(json_object_get(root, "end"), summary);
		}
		json_decref(root);
	}
	if (directory)
		closedir(directory);
	json_decref(wanted);
	return found;
}
