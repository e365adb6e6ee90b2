/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a row of the scorecard says of a score, in words and for a person.
 */
#ifndef PAGESTORM_CARD_ROW_H
#define PAGESTORM_CARD_ROW_H

#include "harness/validate/adapter.h"
#include "harness/validate/scorecard.h"

/* The columns that the adapter alone decides: quantity, unit, load, evidence. */
void card_row_describe(struct card_row *row, const struct quantity *q);

/* Appends to the row's why: what its score rests on. */
void card_row_explain(struct card_row *row, const struct quantity *q);

#endif
