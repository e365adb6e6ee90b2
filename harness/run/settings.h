/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of the machine: which may be set, how, and their journalled change.
 *
 * Names are vm.swappiness and its neighbours (a fixed list: a name cannot leave
 * /proc/sys/vm), kernel.numa_balancing, thp.enabled, thp.defrag, thp.khugepaged,
 * mthp.64kB.enabled …, ksm.run, lru_gen.enabled, zswap.enabled,
 * hugepages.2048kB (pool size), block.read_ahead_kb …
 */
#ifndef PAGESTORM_SETTINGS_H
#define PAGESTORM_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/error.h"
#include "harness/run/journal.h"

struct setting_known {
	const char *name; /* vm.swappiness */
	const char *path; /* /proc/sys/vm/swappiness */
	long long min, max; /* of a number; min > max: not a number */
	const char *choices; /* always|madvise|never; NULL: a number */
	const char *help;
	bool system_wide_pressure; /* setting it can squeeze the whole machine: risk R2 */
};

/* Ends with name == NULL. */
extern const struct setting_known settings_known[];

/*
 * Checks a name and a value without touching the machine. -EINVAL with a clause
 * in *e that says what is allowed (the caller prefixes file:line).
 */
int setting_check(const char *name, const char *value, struct error *e);

/* The value now, as it must be written back ("always [madvise] never" gives madvise). */
int setting_read(const char *name, char *value, size_t value_bytes, struct error *e);

/* Journals the old value, writes, reads back. -EIO when the kernel kept another value. */
int setting_apply(struct journal *j, const char *name, const char *value, struct error *e);

#endif
