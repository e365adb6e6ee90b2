// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks whether directories are parts of one run. Writes nothing.
 */
#include "harness/report/merge_part.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/api/arith.h"

/* The parts of a plan that decide what is measured; claims and skips depend on the machine. */
static json_t *plan_identity(const struct result_dir *f)
{
	static const char *const keys[] = { "name", "seed", "repeats", "warmup", "order" };
	static const char *const keys_of_worker[] = { "name", "workload", "params", "limits" };
	json_t *identity = json_object(), *cells = json_array(), *cell, *worker;
	const json_t *plan = result_dir_json(f, "plan");
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		json_object_set(identity, keys[i], json_object_get(plan, keys[i]));
	json_array_foreach(json_object_get(plan, "cells"), i, cell)
	{
		json_t *copy = json_object(), *workers = json_array();

		json_object_set(copy, "cell", json_object_get(cell, "cell"));
		json_object_set(copy, "label", json_object_get(cell, "label"));
		json_object_set(copy, "settings", json_object_get(cell, "settings"));
		json_array_foreach(json_object_get(cell, "workers"), j, worker)
		{
			json_t *part = json_object();

			for (size_t k = 0; k < ARRAY_SIZE(keys_of_worker); k++)
				json_object_set(part, keys_of_worker[k],
						json_object_get(worker, keys_of_worker[k]));
			json_array_append_new(workers, part);
		}
		json_object_set_new(copy, "workers", workers);
		json_array_append_new(cells, copy);
	}
	json_object_set_new(identity, "cells", cells);
	return identity;
}

/* Which part of the plan differs, for the message. */
static const char *difference(const json_t *a, const json_t *b)
{
	static const char *const names[][2] = {
		{ "name", "their profiles" },
		{ "seed", "their seeds" },
		{ "repeats", "the numbers of their repeats" },
		{ "warmup", "their warm-ups" },
		{ "cells", "their cells, or what is run in them," },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!json_equal(json_object_get(a, names[i][0]),
				json_object_get(b, names[i][0])))
			return names[i][1];
	return "the orders of their steps";
}

static int check_plan(const struct result_dir *f, const struct result_dir *first,
		      struct error *e)
{
	json_t *own = plan_identity(f), *expected = plan_identity(first);
	int ret = 0;

	if (!json_equal(own, expected))
		ret = error_set(
			e, EINVAL,
			"%s and %s are not of the same plan: %s differ; merge what `run --cell` wrote for one profile",
			first->id, f->id, difference(expected, own));
	json_decref(expected);
	json_decref(own);
	return ret;
}

static int check_dir(const struct result_dir *f, struct error *e)
{
	if (f->partial)
		return error_set(e, EINVAL,
				 "%s is partial: its run has not ended; run its cell again",
				 f->id);
	if (!result_dir_json(f, "plan.cells"))
		return error_set(
			e, EINVAL,
			"%s/run.json has no plan: the directory cannot be matched with the others",
			f->path);
	if (!f->runs.nr)
		return error_set(e, EINVAL, "%s has no runs", f->id);
	return 0;
}

unsigned merge_cell_of(const struct result_dir *f, size_t row)
{
	return strtoul(result_dir_run_cell(f, row, "cell"), NULL, 10);
}

static bool has_cell(const struct result_dir *f, unsigned cell)
{
	for (size_t row = 0; row < f->runs.nr; row++)
		if (merge_cell_of(f, row) == cell)
			return true;
	return false;
}

static int check_duplicates(const struct merging *m, unsigned cell, struct error *e)
{
	const struct result_dir *first = NULL;

	for (size_t i = 0; i < m->nr; i++) {
		if (!has_cell(m->part[i], cell))
			continue;
		if (first)
			return error_set(e, EINVAL,
					 "cell %u is in %s and in %s: leave one of them out",
					 cell, first->id, m->part[i]->id);
		first = m->part[i];
	}
	return 0;
}

/* Cells that no directory has are no error, but named. */
static void note_missing(struct merge *out, unsigned cell)
{
	size_t used = strlen(out->missing);

	if (used + 1 < sizeof(out->missing))
		snprintf(out->missing + used, sizeof(out->missing) - used, "%s%u",
			 used ? ", " : "", cell);
}

static bool is_same_machine(const struct result_dir *a, const struct result_dir *b)
{
	static const char *const keys[] = { "machine.kernel", "machine.cpu_model",
					    "machine.cpus", "machine.memory_bytes",
					    "machine.cgroup_version" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!json_equal(result_dir_json(a, keys[i]), result_dir_json(b, keys[i])))
			return false;
	return true;
}

int merge_check(struct merging *m, struct error *e)
{
	size_t cells;
	int ret = 0;

	for (size_t i = 0; !ret && i < m->nr; i++) {
		ret = check_dir(m->part[i], e);
		if (!ret)
			ret = check_plan(m->part[i], m->part[0], e);
	}
	if (ret)
		return ret;
	cells = json_array_size(result_dir_json(m->part[0], "plan.cells"));
	m->out.of_cells = cells;
	for (unsigned cell = 0; !ret && cell < cells; cell++) {
		size_t i = 0;

		ret = check_duplicates(m, cell, e);
		while (i < m->nr && !has_cell(m->part[i], cell))
			i++;
		if (i < m->nr)
			m->out.cells++;
		else
			note_missing(&m->out, cell);
	}
	for (size_t i = 1; i < m->nr; i++)
		m->out.different_machines |= !is_same_machine(m->part[0], m->part[i]);
	return ret;
}
