/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The profile as it is run, with every default and override written out, for
 * profile.ini. It reads back to the same plan. A share of the available memory is
 * written as bytes; a share of the limit stays a share, for a sweep may move the limit.
 */
#ifndef PAGESTORM_EXPAND_H
#define PAGESTORM_EXPAND_H

#include "harness/plan/plan.h"
#include "harness/plan/sweep.h"

/* *text is malloc'd. */
int expand_profile(const struct plan *plan, const struct profile *profile,
		   const struct sweep *sweep, char **text, struct error *e);

#endif
