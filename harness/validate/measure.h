/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One number of a tool beside its truth, from the output of a session and the results of its
 * run. struct measure is in score.h.
 */
#ifndef PAGESTORM_VALIDATE_MEASURE_H
#define PAGESTORM_VALIDATE_MEASURE_H

#include "harness/base/error.h"
#include "harness/validate/adapter.h"
#include "harness/validate/evidence.h"
#include "harness/validate/score.h"
#include "harness/validate/session.h"

/* -errno with a clause: the tool's output or the run lacks the number. */
int measure_take(struct measure *m, const struct quantity *q, const struct session *s,
		 const struct evidence *evidence, struct error *e);

/*
 * The movement beside a null load that no known cause explains. -errno: the tool printed no
 * number.
 */
int measure_noise(double *noise, const struct quantity *q, const struct session *s,
		  const struct evidence *evidence);

#endif
