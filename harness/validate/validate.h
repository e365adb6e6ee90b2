/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scores tools: runs each beside the loads of its adapter, repeatedly, and compares its numbers
 * with the truth of those runs. Prints nothing.
 */
#ifndef PAGESTORM_VALIDATE_H
#define PAGESTORM_VALIDATE_H

#include <stdint.h>

#include "harness/base/error.h"
#include "harness/machine/host.h"
#include "harness/validate/adapter.h"
#include "harness/validate/scorecard.h"

/* What begins now. */
struct validate_progress {
	const char *tool, *load;
	unsigned run, runs; /* run counts from 1 */
	double left_s;	    /* NaN: not known yet */
};

struct validate {
	/* what the caller gives */
	const struct host *host;
	const char *results_dir; /* below which the results directory is made */
	unsigned repeats;
	const char *filter; /* see session.h */
	bool keep;	    /* the directory of every run, not of one a load */
	const char *replay; /* read what this results directory holds, run nothing; NULL */
	int signal_fd;
	void (*progress)(const struct validate_progress *now, void *arg); /* before each run */
	unsigned nr_runs; /* of all tools: the sum of validate_runs() */
	void (*row)(const struct score_row *row, void *arg);
	void *arg;

	/* what comes of it */
	char path[400]; /* the results directory: scorecard.csv, runs/, said/ */
	struct scorecard card;
	unsigned nr_done;
	uint64_t start_ns;
	int interrupted;
	bool not_restored;
};

/* Makes the results directory. */
int validate_open(struct validate *v, struct error *e);

/* The number of runs that scoring one tool takes; 0: it is not installed. */
unsigned validate_runs(const struct validate *v, const struct adapter *a);

/*
 * Scores one tool; rows are added to the card. A tool that is missing is a row too.
 * -EINTR after a signal; -EINVAL: the adapter names a load that cannot be planned, or
 * what is replayed is not whole.
 */
int validate_tool(struct validate *v, const struct adapter *a, struct error *e);

/* Writes scorecard.csv. */
int validate_close(struct validate *v, struct error *e);

/*
 * In place of all these: scores what a monitor wrote itself against the results of a run, which
 * are read only, and writes scorecard.csv in a results directory of its own. -EINVAL, -ENOENT:
 * one of the two cannot be read; nothing was written.
 */
int validate_monitor(struct validate *v, const char *csv, const char *run, struct error *e);

#endif
