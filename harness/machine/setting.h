/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which settings of the machine a profile may change, and to which values. Pure: settings.c
 * reads and writes them.
 *
 * A fixed list, so that a name cannot leave /proc/sys/vm or reach another file:
 * vm.swappiness and its neighbours, kernel.numa_balancing, thp.enabled, thp.defrag,
 * mthp.64kB.enabled …, ksm.run, lru_gen.enabled, zswap.enabled, hugepages.2048kB …
 */
#ifndef PAGESTORM_SETTING_H
#define PAGESTORM_SETTING_H

#include <stdbool.h>

#include "harness/base/error.h"

/* A setting of the machine: vm.swappiness, thp.enabled …, see settings_known[] for the names.
 */
struct setting {
	char name[64];
	char value[128];
};

struct setting_known {
	const char *name;    /* vm.swappiness */
	const char *path;    /* /proc/sys/vm/swappiness */
	long long min, max;  /* of a number; min > max: not a number */
	const char *choices; /* always|madvise|never; NULL: a number */
	const char *help;
	bool system_wide_pressure; /* setting it can squeeze the whole machine: risk R2 */
	/*
	 * Values with which it can stop or flood the machine, or that cannot be undone: risk R2
	 * below and from these on. 0: none. What would leave no way back is outside min and
	 * max.
	 */
	long long r2_below, r2_from;
	/*
	 * Another setting for the same thing: the kernel zeroes it when this one is
	 * written (vm.dirty_bytes and vm.dirty_ratio), so it must be saved as well,
	 * and the one of the two that was not 0 is written back. NULL: none.
	 */
	const char *twin;
};

/* Ends with name == NULL. */
extern const struct setting_known settings_known[];

/*
 * Checks a name and a value without touching the machine. -EINVAL with a clause
 * in *e that says what is allowed (the caller prefixes file:line).
 */
int setting_check(const char *name, const char *value, struct error *e);

/* The entry of that name, or NULL. */
const struct setting_known *setting_find(const char *name);

/* Whether this value, which setting_check() has passed, is of risk class R2. */
bool setting_is_r2(const struct setting_known *known, const char *value);

/* True for names of the profile's [sysctl] section (vm.*, kernel.*), false for [setting]'s. */
bool setting_is_sysctl(const char *name);

/* The known name nearest to a misspelt one, or NULL. */
const char *setting_suggest(const char *name);

#endif
