/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scoring of one load of one tool: runs or replays its repeats, collects their numbers and
 * makes rows of them. For validate.c alone.
 */
#ifndef PAGESTORM_VALIDATE_SCORING_H
#define PAGESTORM_VALIDATE_SCORING_H

#include "harness/validate/score.h"
#include "harness/validate/validate.h"

struct scoring {
	/* what the caller gives */
	struct validate *v;
	const struct adapter *adapter;
	const struct load *load;
	const char *version;
	char skip[400]; /* why it cannot run; "": it can */

	/* by quantity of the adapter; zeroed */
	struct gathered gathered[ADAPTER_QUANTITIES_MAX];
	char unread[ADAPTER_QUANTITIES_MAX][400]; /* why there is no number */

	/* what it works with */
	char run[200]; /* of the first repeat, below the directory */
	char null_run[64];
	bool is_shared, wants_ready;
};

/* How many runs the load takes. */
unsigned scoring_steps(const struct validate *v, const struct adapter *a,
		       const struct load *load);

/* Adds the rows of the load to the card. Errors as of validate_tool(). */
int scoring_run(struct scoring *sc, struct error *e);

#endif
