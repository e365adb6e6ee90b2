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
static json_t *plan_identity(const json_t *plan)
{
	static const char *const keys[] = { "name", "seed", "repeats", "warmup", "order" };
	static const char *const keys_of_worker[] = { "name", "workload", "params", "limits" };
	json_t *identity = json_object(), *cells = json_array(), *cell, *worker;
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

bool merge_is_same_plan(const json_t *a, const json_t *b)
{
	json_t *left = plan_identity(a), *right = plan_identity(b);
	const bool same = json_equal(left, right);

	json_decref(left);
	json_decref(right);
	return same;
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
	json_t *own = plan_identity(result_dir_json(f, "plan"));
	json_t *expected = plan_identity(result_dir_json(first, "plan"));
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

/* Which part has each cell: one more than its index, 0 for none. */
static int find_owners(const struct merging *m, size_t *owner, size_t cells, struct error *e)
{
	for (size_t i = 0; i < m->nr; i++) {
		const struct result_dir *f = m->part[i];

		for (size_t row = 0; row < f->runs.nr; row++) {
			const unsigned cell = merge_cell_of(f, row);

			if (cell >= cells || owner[cell] == i + 1)
				continue;
			if (owner[cell])
				return error_set(
					e, EINVAL,
					"cell %u is in %s and in %s: leave one of them out",
					cell, m->part[owner[cell] - 1]->id, f->id);
			owner[cell] = i + 1;
		}
	}
	return 0;
}

/* Cells that no directory has are no error, but listed. */
static int count_cells(struct merging *m, struct error *e)
{
	const size_t cells = json_array_size(result_dir_json(m->part[0], "plan.cells"));
	size_t *owner = calloc(cells + 1, sizeof(*owner));
	int ret;

	m->out.of_cells = cells;
	m->out.missing = calloc(cells + 1, sizeof(*m->out.missing));
	ret = owner && m->out.missing ? find_owners(m, owner, cells, e)
				      : error_set(e, ENOMEM, "merge: %s", strerror(ENOMEM));
	for (unsigned cell = 0; !ret && cell < cells; cell++) {
		if (owner[cell])
			m->out.cells++;
		else
			m->out.missing[m->out.nr_missing++] = cell;
	}
	free(owner);
	return ret;
}

/* Whether a directory was for the same cells as a partial one; one of all has no part. */
static bool is_for_same_cells(const struct result_dir *a, const struct result_dir *b)
{
	const json_t *first = result_dir_json(a, "end.only_cell");

	return json_is_integer(first) && json_integer_value(first) >= 0 &&
	       json_equal(first, result_dir_json(b, "end.only_cell")) &&
	       json_integer_value(result_dir_json(a, "end.more_cells")) ==
		       json_integer_value(result_dir_json(b, "end.more_cells"));
}

static bool is_complete_elsewhere(const struct merging *m, const struct result_dir *f)
{
	for (size_t i = 0; i < m->nr; i++)
		if (!m->part[i]->partial && is_for_same_cells(m->part[i], f))
			return true;
	return false;
}

/*
 * A job that was killed leaves a partial directory, and the job that was queued in its place a
 * complete one. all: partial ones go even if nothing has their cells.
 */
static void leave_out_partial(struct merging *m, bool all)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->nr; i++) {
		const struct result_dir *f = m->part[i];

		if (f->partial && (all || is_complete_elsewhere(m, f)))
			m->out.left_out++;
		else
			m->part[kept++] = f;
	}
	m->nr = kept;
}

int merge_check(struct merging *m, struct error *e)
{
	int ret = 0;

	leave_out_partial(m, m->list_only);
	if (!m->nr)
		return error_set(
			e, EINVAL,
			"every directory is partial: no run has ended that could be merged");
	for (size_t i = 0; !ret && i < m->nr; i++) {
		ret = check_dir(m->part[i], e);
		if (!ret)
			ret = check_plan(m->part[i], m->part[0], e);
	}
	if (!ret)
		ret = count_cells(m, e);
	for (size_t i = 1; !ret && i < m->nr; i++)
		m->out.different_machines |= !merge_is_same_machine(m->part[0], m->part[i]);
	return ret;
}
