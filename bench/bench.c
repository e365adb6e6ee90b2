// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `make bench`, or bench [PAIRS] [ROW…]: how near the workloads come to what this machine
 * can do. A row is picked by its name, its number or its letter (a1-2, a1, a). 25 pairs
 * tell 4 KiB fills apart to a few per cent.
 *
 * Speeds are told and never fail: the exit status is 0 when the rows were run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/row.h"
#include "workloads/act/worker.h"

#define PAIRS 25

static const struct row *const groups[] = { touch_rows,	  churn_rows,	file_rows,
					    swap_rows,	  hugetlb_rows, reading_rows,
					    holding_rows, worker_rows };

static bool is_chosen(const struct row *row, char **names, int nr)
{
	for (int i = 0; i < nr; i++)
		if (row_is_named(row, names[i]))
			return true;
	return !nr;
}

static int run_rows(struct box *box, unsigned pairs, char **names, int nr)
{
	int err = 0;

	printf("%-8s %-36s %14s %14s  %s\n", "row", "work", "limit", "ours",
	       "ratio (quartiles), target; peers to the limit");
	if (!box->top.version)
		printf("without groups: %s\n", box->no_group.text);
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (const struct row *row = groups[g]; row->id && !err; row++)
			if (is_chosen(row, names, nr))
				err = row_run(row, box, pairs);
	return err;
}

int main(int argc, char **argv)
{
	const bool counted = argc > 1 && strspn(argv[1], "0123456789") == strlen(argv[1]);
	const unsigned long pairs = counted ? strtoul(argv[1], NULL, 10) : PAIRS;
	char **names = argv + 1 + counted;
	struct error e = { "" };
	struct box box;
	int err, err_close;

	if (argc == 2 && !strcmp(argv[1], "--worker"))
		return worker_main();
	if (!pairs || pairs > PAIRS_MAX) {
		fprintf(stderr, "bench: pairs is from 1 to %d\n", PAIRS_MAX);
		return 2;
	}
	err = box_open(&box, &e);
	if (!err)
		err = run_rows(&box, (unsigned)pairs, names, argc - 1 - counted);
	err_close = box_close(&box, &e);
	if (e.text[0])
		fprintf(stderr, "bench: %s\n", e.text);
	return err || err_close ? 1 : 0;
}
