/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text columns of a row of the scorecard.
 */
#ifndef PAGESTORM_SCORE_TEXT_H
#define PAGESTORM_SCORE_TEXT_H

#include "harness/validate/adapter.h"
#include "harness/validate/score.h"

/* The columns that the adapter alone decides: quantity, unit, load, evidence. */
void score_text_describe(struct score_row *row, const struct quantity *q);

/* Appends the reason of the verdict to the row's why. */
void score_text_explain(struct score_row *row, const struct score *s, const struct quantity *q);

#endif
