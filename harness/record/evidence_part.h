/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of kinds of evidence and what it is read from. For evidence*.c alone.
 */
#ifndef PAGESTORM_EVIDENCE_PART_H
#define PAGESTORM_EVIDENCE_PART_H

#include "harness/record/evidence.h"

#define EVIDENCE_MOVES_MAX 2 /* tables of a kind */

enum evidence_direction {
	DOWN = 1 << 0,
	UP = 1 << 1,
	EITHER = DOWN | UP,
};

/* scope/source/counter, * for any part of it. */
struct evidence_move {
	const char *counter;
	enum evidence_direction direction;
};

/* What the functions of the table look at. */
struct evidence_seen {
	const struct record *record;
	const struct evidence_context *context;
};

/* Kinds that count the same things by several instruments. */
enum evidence_family {
	FAMILY_NONE,	/* nothing else counts them */
	FAMILY_TAKEN,	/* pages taken out of the page cache */
	FAMILY_SWAPPED, /* pages swapped out */
	FAMILY_LATE,	/* time that a CPU did not run the worker */
	NR_FAMILIES,
};

/*
 * Of one family: kinds of the same telling count different things and add up; of two tellings
 * the larger counts, never both.
 */
enum evidence_telling {
	TELLING_CAUSE = 1 << 0, /* what did it */
	TELLING_TRACE = 1 << 1, /* what it left behind in the group */
	TELLING_BACK = 1 << 2,	/* what came back of it */
	TELLINGS_END = 1 << 3,
};

struct evidence_row {
	const char *name, *what; /* "193 pages WHAT" */
	enum unit unit;
	const char *counter; /* how far this one rose; NULL: what the function finds */
	uint64_t (*amount)(const struct evidence_seen *s);
	/* What the worker's group can have had of it; NULL: the amount is the worker's own. */
	uint64_t (*most)(const struct evidence_seen *s);
	unsigned unless; /* enum evidence_own, or-ed */
	bool of_reclaim; /* part of the pages that reclaim took: shares them with other kinds */
	enum evidence_family family;
	unsigned telling; /* enum evidence_telling, or-ed */
	const struct evidence_move *moves[EVIDENCE_MOVES_MAX];
};

extern const struct evidence_row evidence_rows[NR_EVIDENCE];

/* How far a counter (scope/source/counter) rose; 0 where it did not, or is not counted. */
uint64_t evidence_rise(const struct record *record, const char *name);

/* Its value at the end, or where there is none at the beginning; 0 where it has none. */
uint64_t evidence_level(const struct record *record, const char *name, bool after);

#endif
