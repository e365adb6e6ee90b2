/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections of a report for a terminal. For report_text*.c alone. A section without contents
 * prints nothing; 0 or -ENOMEM.
 */
#ifndef PAGESTORM_REPORT_TEXT_H
#define PAGESTORM_REPORT_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "harness/report/report.h"

#define TEXT_ROWS_MAX 40 /* failures and unexpected ends shown one by one */

int text_put_workers(const struct report *r, bool all, FILE *out, const struct screen *screen);
int text_put_truth(const struct report *r, FILE *out, const struct screen *screen);
void text_put_failures(const struct report *r, FILE *out, const struct screen *screen);
int text_put_scorecard(const struct report *r, FILE *out, const struct screen *screen);
int text_put_noise(const struct report *r, FILE *out, const struct screen *screen);

#endif
