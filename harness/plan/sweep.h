/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [sweep]: which values each swept key takes, and which of them go together.
 *
 *   vm.swappiness = 0, 60, 100         a list
 *   vm.min_free_kbytes = 65536..262144*2   a range by factor
 *   hog.size = 64M..256M+64M           a range by step; both ends included
 *   mode = cartesian | zip             every combination, or the first of each,
 *                                      the second of each …
 */
#ifndef PAGESTORM_SWEEP_H
#define PAGESTORM_SWEEP_H

#include <stdint.h>

#include "harness/base/error.h"
#include "harness/plan/profile.h"

#define SWEEP_KEYS_MAX	 8
#define SWEEP_VALUES_MAX 256
#define SWEEP_CELLS_MAX	 1000

struct sweep_key {
	const struct profile_entry *entry; /* where it was written */
	char section[64], key[64];	   /* what it sets */
	unsigned nr;
	char (*value)[64];
};

struct sweep {
	bool zip;
	unsigned nr_keys;
	struct sweep_key key[SWEEP_KEYS_MAX];
	unsigned nr_cells; /* 1 when nothing is swept */
};

/*
 * Shares of the available memory are brought to bytes. -EINVAL with "file:line:
 * error: …" in *e.
 */
int sweep_make(struct sweep *sweep, const struct profile *profile, uint64_t available_bytes,
	       struct error *e);
void sweep_release(struct sweep *sweep);

/* Which value of key k cell takes: the last key turns fastest. */
const char *sweep_value(const struct sweep *sweep, unsigned cell, unsigned k);

#endif
