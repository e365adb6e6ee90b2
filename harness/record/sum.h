/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counter that a claim is about: one key of a file, or a sum of keys where the kernel
 * counts one event under several names, as "zswpout+pswpout-zswpwb", or a difference, as
 * "rchar-read_bytes". Pure.
 */
#ifndef PAGESTORM_SUM_H
#define PAGESTORM_SUM_H

#include "harness/record/record.h"
#include "workloads/api/workload.h"

#define SUM_KEY_BYTES 64

/*
 * The claimed counter of the record; NULL: there is none. A key that the record has
 * whole is no sum; a sum is made in *room. Its first key must be there. A further key that the
 * kernel does not have counts nothing of its own there, and adds nothing; one that was lost on
 * one side, or whose line was not understood, leaves that side of the sum without a number. All
 * are of one kind and unit, without decimals: tests/unit/test_claims.c holds that of each
 * workload.
 */
const struct counter *sum_find(const struct record *record, const struct claim *claim,
			       struct counter *room);

/*
 * Copies the key of a claim's counter that begins at *at (0: the first) into key, moves *at
 * behind it, and says whether it is subtracted. False at the end.
 */
bool sum_next(const char *counter, size_t *at, char key[SUM_KEY_BYTES], bool *subtracted);

#endif
