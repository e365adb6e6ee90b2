/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A monitor's own CSV: quantity,value and, where given, unit, resolution, truth.
 */
#ifndef PAGESTORM_VALIDATE_MONITOR_H
#define PAGESTORM_VALIDATE_MONITOR_H

#include "harness/validate/scorecard.h"

/*
 * Scores it against the truth of the run in a directory. -EINVAL: the header lacks a column; a
 * value that cannot be read is an unread row.
 */
int monitor_score(struct scorecard *card, const char *csv, const char *directory,
		  struct error *e);

#endif
