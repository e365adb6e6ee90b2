/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads allocation sites from the output of a leak detector: a line with bytes begins a record,
 * lines with a symbol follow. Pure.
 */
#ifndef PAGESTORM_VALIDATE_READING_SITES_H
#define PAGESTORM_VALIDATE_READING_SITES_H

#include <stddef.h>

#include "harness/base/error.h"
#include "harness/validate/amount.h"

struct reading_sites {
	char *record, *frame;
	const struct amount_unit *unit;
};

struct site {
	char symbol[48];
	double bytes;
};

struct site_list {
	struct site *site;
	size_t nr, capacity;
};

/* *e is a clause; the caller has the place. */
int reading_sites_make(struct reading_sites *r, const char *record, const char *frame,
		       const char *unit, struct error *e);
void reading_sites_release(struct reading_sites *r);

/*
 * Bytes by symbol, summed; a record counts for the first frame that matches, records
 * without one are left out. An empty list is an answer. -ENOMEM.
 */
int reading_sites_take(const struct reading_sites *r, const char *text, struct site_list *out,
		       struct error *e);
void site_list_release(struct site_list *list);
int site_list_add(struct site_list *list, const char *symbol, double bytes);

#endif
