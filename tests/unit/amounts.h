/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which values of a counter a set of claims accepts, and parameters from a text.
 */
#ifndef PAGESTORM_TESTS_AMOUNTS_H
#define PAGESTORM_TESTS_AMOUNTS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tests/unit/params.h"
#include "workloads/api/workload.h"

/* "touch=read size=4M" over the defaults. params: PARAMS_BYTES_MAX of them. */
static inline void amounts_params(const struct workload *w, void *params, const char *text)
{
	char copy[128], *save = NULL;

	params_default(w, params);
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		params_set(option_find(w, word), params, value);
	}
}

/* Least and most that a claim accepts, where its slot is `slot`. */
static inline void amounts_accepted(const struct claim *c, int64_t slot, int64_t *least,
				    int64_t *most)
{
	int64_t expected = c->expected;

	if (c->slot)
		expected += slot * (c->slot_mul ? c->slot_mul : 1) /
			    (c->slot_div ? c->slot_div : 1);
	*least = c->relation == RELATION_LE	   ? INT64_MIN
		 : c->relation == RELATION_BETWEEN ? expected
						   : expected - c->tolerance;
	*most = c->relation == RELATION_GE ? INT64_MAX : expected + c->tolerance;
}

/* All claims about the counter of `like` together; false: there is none. */
static inline bool amounts_of(const struct claims *claims, const struct claim *like,
			      int64_t slot, int64_t *least, int64_t *most)
{
	bool found = false;

	*least = INT64_MIN;
	*most = INT64_MAX;
	for (unsigned i = 0; i < claims->nr; i++) {
		const struct claim *c = &claims->claim[i];
		int64_t l, m;

		if (c->span != like->span || strcmp(c->scope, like->scope) ||
		    strcmp(c->source, like->source) || strcmp(c->counter, like->counter))
			continue;
		amounts_accepted(c, slot, &l, &m);
		*least = l > *least ? l : *least;
		*most = m < *most ? m : *most;
		found = true;
	}
	return found;
}

#endif
