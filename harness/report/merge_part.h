/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A merge under way. For merge*.c alone. All return 0 or -errno with a sentence in *e.
 */
#ifndef PAGESTORM_MERGE_PART_H
#define PAGESTORM_MERGE_PART_H

#include "harness/report/merge.h"

#define MERGE_FILES_MAX 32

/* Names of CSV files, each once. */
struct merge_files {
	char name[MERGE_FILES_MAX][64];
	size_t nr;
};

struct merging {
	const struct result_dir **part; /* by their first cells */
	size_t nr;
	bool list_only; /* which cells are missing */
	struct merge_files
		files; /* that any of them has: also those that a later version adds */
	struct merge out;
	char id[256]; /* of the new directory */
	int dirfd;    /* of the new directory; -1: it is not made */
};

/* The cell of a row of runs.csv. */
unsigned merge_cell_of(const struct result_dir *f, size_t row);

/* Whether they are of one plan and no cell is there twice; counts the cells of *m->out. */
int merge_check(struct merging *m, struct error *e);

/* Whether their machines are of one kind. */
bool merge_is_same_machine(const struct result_dir *a, const struct result_dir *b);

/* Writes m->out.machines. */
int merge_describe_machines(struct merging *m, struct error *e);

/* Finds the CSV files; all that have the same name must have the same header. */
int merge_find_files(struct merging *m, struct error *e);

/* Writes them, and the profile, in the new directory. */
int merge_join_files(const struct merging *m, struct error *e);

/* Writes run.json in the new directory. */
int merge_write_json(const struct merging *m, struct error *e);

#endif
