/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One row of `make bench`: a limit loop and the workload's own code, alternating in
 * one process, so that a slow period of the machine slows both; the median of the
 * paired ratios with their quartiles; and peers, if they are installed.
 */
#ifndef PAGESTORM_BENCH_ROW_H
#define PAGESTORM_BENCH_ROW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "bench/box.h"
#include "bench/engine.h"

#define MB	  ((uint64_t)1 << 20)
#define PAIRS_MAX 101

struct row;

/* A row being measured, in its own process. */
struct job {
	const struct row *row;
	struct box *box;
	struct workload_env env;
	unsigned pairs;
	struct engine engine; /* of rows that keep one from begin() to end() */
	void *state;	      /* a row's own, set in begin() */
	char path[768];	      /* the file of rows that read one */
};

enum shown {
	SHOWN_BYTES, /* GiB/s */
	SHOWN_CALLS, /* thousands a second */
	SHOWN_PAGES, /* the same, of base pages; amount in bytes */
	SHOWN_TIME,  /* microseconds each */
};

struct peer {
	const char *name, *package;
	/* ns for the row's amount; 0 with errno, ENOENT: not installed. */
	double (*ns)(struct job *j);
};

#define PEERS_MAX 3

struct row {
	const char *id, *work;
	/* ns of the row's amount of work; 0 with errno when it cannot. ours NULL: the limit
	 * alone. */
	double (*limit)(struct job *j);
	double (*ours)(struct job *j);
	int (*begin)(struct job *j); /* not timed; 0 or -errno */
	void (*end)(struct job *j);  /* also after a begin() that failed */
	/* Rows that are no ratio: measures and prints; 0 or -errno. In the bench's own process.
	 */
	int (*show)(struct job *j, struct error *e);

	const char *workload; /* behind ours */
	const char *settings, *limit_settings;
	uint64_t amount; /* bytes or calls */
	enum shown shown;
	bool huge;
	double target;	/* ratio of ours to the limit; 0: none */
	double minimum; /* of the smallest ratio; 0: none */
	unsigned pairs; /* at most so many; 0: as many as asked for */

	uint64_t group_bytes; /* memory.max of its group; 0: GROUP_BYTES */
	enum swap_kind swap;
	uint64_t swap_bytes;
	bool outside;	     /* makes its groups itself */
	bool scratch;	     /* requires the directory */
	unsigned huge_pages; /* needs so many in the 2 MiB pool */
	struct peer peer[PEERS_MAX];
};

/* 1 GiB: every row's memory with its prewarming and its peer's. */
#define GROUP_BYTES (1024 * MB)

/* The groups of rows; each ends with id == NULL. */
extern const struct row touch_rows[], churn_rows[], file_rows[], swap_rows[], hugetlb_rows[],
	reading_rows[], holding_rows[], worker_rows[];

/* Runs one row and prints its line or its reason. 0, or -EINTR. */
int row_run(const struct row *row, struct box *box, unsigned pairs);

/* "a1-2" is picked by itself, by a1 and by a. */
bool row_is_named(const struct row *row, const char *name);

/* Sorts; share 0.5 is the median. */
double quantile(double *values, unsigned nr, double share);

/*
 * Runs a program with its output thrown away; ns from fork to exit, and its rusage unless
 * NULL. 0 with errno ENOENT when it is not installed, ECHILD when it failed or was killed.
 */
double peer_run(const char *const argv[], struct rusage *usage);

#endif
