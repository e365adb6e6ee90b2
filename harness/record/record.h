/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record: every counter of one worker (or of the system) over one span, as
 * parsed numbers with their before and after. Built from captured bytes; pure.
 *
 * Absent is not zero: a counter that was missing on either side keeps
 * has_before or has_after false, and its cell in the CSV stays empty. A value that was
 * not understood is absent too, and the record keeps the reason.
 */
#ifndef PAGESTORM_RECORD_H
#define PAGESTORM_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/error.h"
#include "workloads/api/workload.h"

enum kind {
	KIND_GAUGE,	 /* goes up and down: Rss, nr_free_pages */
	KIND_CUMULATIVE, /* only rises: pgfault, oom_kill */
	KIND_PEAK,	 /* a high-water mark: memory.peak */
	KIND_INFO,	 /* settings and limits: kept, never judged as change */
};

/* A fixed-point number: value / 10^decimals (PSI's avg10=0.25 is 25 with 2 decimals). */
struct number {
	int64_t value;
	uint8_t decimals;
};

#define NUMBER_BYTES 32

/* "-0.25", as in the CSV: with all its decimals, never rounded. Points into text. */
const char *number_format(struct number n, char text[NUMBER_BYTES]);

/* Which counter: the strings of a struct counter. */
struct counter_id {
	const char *scope, *source, *counter;
};

/* What a counter's numbers are. */
struct counter_type {
	enum kind kind;
	enum unit unit;
};

struct counter {
	const char *scope;   /* system, node0, node0:Normal, disk:vda, swap:/dev/zram1, run,
				group,   process, process1…, mapping…, own_swap, ledger */
	const char *source;  /* file: vmstat, memory.stat, smaps … */
	const char *counter; /* the kernel's key, verbatim */
	enum kind kind;
	enum unit unit;
	bool has_before, has_after;
	bool unread_before, unread_after; /* the kernel's line was not understood: no number */
	struct number before, after;
};

/* Lines of one file that were not understood. */
struct record_loss {
	const char *scope, *source; /* scope "": the file's lines have scopes of their own */
	const char *why;	    /* a sentence about the first of them */
	unsigned lines;
};

/*
 * Counters, sorted by (scope, source, counter) once record_sort() has run; the
 * strings belong to the record. Pointers to counters hold until the next put or sort.
 */
struct record {
	struct counter *counter;
	size_t nr, capacity;
	struct record_loss *loss; /* one for each file that has any, in the order of reading */
	size_t nr_losses;
	struct record_text *text; /* string storage, private to record.c */
	uint64_t span_ns;	  /* from before to after; 0: unknown */
};

void record_init(struct record *record);
void record_release(struct record *record);

/*
 * Sets the before (after = false) or after side of one counter, adding it when
 * new. -EEXIST when that side was set already (a duplicate key in one file);
 * -ENOMEM. The type is that of the first put; the strings are copied. A side that
 * record_lose() marked stays without a number: 0.
 */
int record_put(struct record *record, bool after, struct counter_id id,
	       struct counter_type type, struct number n);

/* Marks one side of a counter, adding it when new, as unread and drops its number. 0, -ENOMEM.
 */
int record_lose(struct record *record, bool after, struct counter_id id,
		struct counter_type type);

/* Counts a line that was not understood; the strings are copied. 0 or -ENOMEM. */
int record_add_loss(struct record *record, const char *scope, const char *source,
		    const char *why);

/* The loss of the file that this scope's counters of the source come from; NULL: none. */
const struct record_loss *record_loss_of(const struct record *record, const char *scope,
					 const char *source);

/* Sorts by (scope, source, counter): the order in which rows are written. */
void record_sort(struct record *record);

/* NULL when there is none. */
const struct counter *record_find(const struct record *record, const char *scope,
				  const char *source, const char *counter);

/*
 * True and *delta = after - before, in the counter's own unit, when both sides
 * are there and the difference fits.
 */
bool counter_delta(const struct counter *counter, struct number *delta);

#endif
