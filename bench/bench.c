// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `make bench`, or bench [PAIRS] [ROW…]: compares the workloads with the limit of this
 * machine. A row is chosen by its name, its number or its letter (a1-2, a1, a). 25 pairs
 * resolve differences of a few per cent between fills of 4 KiB pages.
 *
 * Results are informational: the exit status is 0 if the rows were run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/row.h"
#include "workloads/act/worker.h"
#include "workloads/api/arith.h"

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
	int ret = 0;

	printf("%-8s %-36s %14s %14s  %s\n", "row", "work", "limit", "ours",
	       "ratio (quartiles), target; peers to the limit");
	if (!box->top.version)
		printf("without groups: %s\n", box->no_group.text);
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		for (const struct row *row = groups[g]; row->id && !ret; row++)
			if (is_chosen(row, names, nr))
				ret = row_run(row, box, pairs);
	return ret;
}

int main(int argc, char **argv)
{
	const bool counted = argc > 1 && strspn(argv[1], "0123456789") == strlen(argv[1]);
	const unsigned long pairs = counted ? strtoul(argv[1], NULL, 10) : PAIRS;
	char **names = argv + 1 + counted;
	struct error e = { "" };
	struct box box;
	int ret, ret_close;

	if (argc == 2 && !strcmp(argv[1], "--worker"))
		return worker_main();
	if (!pairs || pairs > PAIRS_MAX) {
		fprintf(stderr, "bench: the number of pairs must be from 1 to %d\n", PAIRS_MAX);
		return 2;
	}
	ret = box_open(&box, &e);
	if (!ret)
		ret = run_rows(&box, (unsigned)pairs, names, argc - 1 - counted);
	ret_close = box_close(&box, &e);
	if (e.text[0])
		fprintf(stderr, "bench: %s\n", e.text);
	return ret || ret_close ? 1 : 0;
}
