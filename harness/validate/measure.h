/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One number of a tool beside its truth: out of what a session printed and the run that it
 * left. struct measure is in score.h.
 */
#ifndef PAGESTORM_VALIDATE_MEASURE_H
#define PAGESTORM_VALIDATE_MEASURE_H

#include "harness/base/error.h"
#include "harness/validate/adapter.h"
#include "harness/validate/evidence.h"
#include "harness/validate/score.h"
#include "harness/validate/session.h"

/* -errno with a clause: what the tool printed, or the run, has no such number. */
int measure_take(struct measure *m, const struct quantity *q, const struct session *s,
		 const struct evidence *evidence, struct error *e);

/*
 * Beside a null load nothing should move: what does, and no known cause explains. -errno: the
 * tool printed no number.
 */
int measure_noise(double *noise, const struct quantity *q, const struct session *s,
		  const struct evidence *evidence);

#endif
