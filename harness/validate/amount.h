/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A number as a tool prints it, with its unit: 1,234.5 or 40.96K.
 */
#ifndef PAGESTORM_VALIDATE_AMOUNT_H
#define PAGESTORM_VALIDATE_AMOUNT_H

#include <stddef.h>

#include "harness/base/error.h"

struct amount_unit {
	const char *name;
	double scale;	  /* of one printed unit, in bytes, pages or whatever is counted */
	double factor;	  /* of a suffix K, M, G: 1000, 1024, 0: none is read */
	const char *base; /* bytes, pages, count, percent, seconds … */
};

/* In the unit's base. */
struct amount {
	double value;
	double step; /* one of the last printed digit; 0: printed one by one */
};

/* NULL: there is no unit of that name. */
const struct amount_unit *amount_unit(const char *name);

/* -EINVAL with a clause: not a number. */
int amount_parse(struct amount *amount, const char *text, size_t length,
		 const struct amount_unit *unit, struct error *e);

#endif
