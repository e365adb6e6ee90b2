/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of the machine read, and changed through the journal. Which there are
 * and what they may hold is plan/setting.h's.
 */
#ifndef PAGESTORM_SETTINGS_H
#define PAGESTORM_SETTINGS_H

#include <stddef.h>

#include "harness/error.h"
#include "harness/plan/setting.h"
#include "harness/run/journal.h"

/* The value now, as it must be written back ("always [madvise] never" gives madvise). */
int setting_read(const char *name, char *value, size_t value_bytes, struct error *e);

/* Journals the old value, writes, reads back. -EIO when the kernel kept another value. */
int setting_apply(struct journal *j, const char *name, const char *value, struct error *e);

#endif
