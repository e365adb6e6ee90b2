/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of a report as it is made, in this order. For report.c and report_*.c that
 * collect. 0, -ENOMEM or -E2BIG.
 */
#ifndef PAGESTORM_REPORT_PART_H
#define PAGESTORM_REPORT_PART_H

#include "harness/report/report.h"

/* How runs ended and what a scorecard says, counted by word. */
int report_count_outcomes(struct report *r);

/* Claims and noise floor, from truth.csv. */
int report_collect_truth(struct report *r);

/* The swept settings, from the labels of the cells. */
int report_find_sweep(struct report *r);

/* The array with room for one element more; NULL: no memory, and the array is as before. */
void *report_grow(void *array, size_t nr, size_t size);

#endif
