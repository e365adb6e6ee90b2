/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a number should have been: an expression over the results directory of a run.
 * It is read from disk, so that an old run and one of another machine serve as well.
 *
 *	achieved, target, seconds	of runs.csv, summed over the run's workers
 *	slot.pages_touched		what the workers counted themselves
 *	param.size			a parameter of the first worker
 *	promise.minor_faults		what the workload promised beforehand (truth.csv)
 *	[group/memory.stat/anon]	what the kernel counted: the difference over the work;
 *					[…@before], […@after]: one side of it,
 *					[any/zoneinfo/free]: of all zones, nodes, groups …
 *	sites.bytes, sites.blocks	what is live at the end (sites.csv)
 *	page, cpus			of the machine
 *	193M, 0.5			numbers; + - * / and parentheses
 *
 * Counters in kB or sectors come out in bytes, others in their own unit.
 */
#ifndef PAGESTORM_VALIDATE_EVIDENCE_H
#define PAGESTORM_VALIDATE_EVIDENCE_H

#include "harness/base/error.h"
#include "harness/tables/csv.h"

struct evidence {
	char path[512];
	struct csv_table runs, counters, truth, sites;
	int repeat; /* 0: any */
	/* the two states of /proc/vmstat that [beside/…] lies between; "": not kept */
	char vmstat_before[700], vmstat_after[700];
};

void evidence_init(struct evidence *evidence);
void evidence_release(struct evidence *evidence);

/* Opens a run's directory. A file that is missing is empty. */
int evidence_open(struct evidence *evidence, const char *path, struct error *e);

/* -EINVAL with a clause when the expression cannot be read. */
int evidence_check(const char *expression, struct error *e);

/* -ENODATA with a clause when the directory lacks a named amount. */
int evidence_value(const struct evidence *evidence, const char *expression, double *value,
		   struct error *e);

/* The outcome of the first worker that did not end as expected, or NULL. */
const char *evidence_bad_outcome(const struct evidence *evidence);

#endif
