/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Active swap, anybody's, and how ours is known. Changes nothing.
 */
#ifndef PAGESTORM_SWAPS_H
#define PAGESTORM_SWAPS_H

#include <stdbool.h>
#include <stdint.h>

#define SWAPS_LABEL "pagestorm" /* in the header of each swap area that we make */

/* One line of /proc/swaps. */
struct swap_entry {
	char path[512]; /* unescaped */
	bool file;	/* not a partition */
	uint64_t bytes, used_bytes;
	int priority;
};

/* Calls found() with each active swap, ours or not. Stops and returns what it returned when not
 * 0. */
int swaps_each(int (*found)(const struct swap_entry *swap, void *context), void *context);

/* Whether the device or file carries a swap header with our label. */
bool swaps_is_ours(const char *path);

#endif
