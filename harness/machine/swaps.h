/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Active swap, ours and others', and how ours is recognised: by the random UUID in its header
 * and by a mark before it. A label alone proves nothing: mkswap(8) writes any. Changes nothing.
 */
#ifndef PAGESTORM_SWAPS_H
#define PAGESTORM_SWAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/machine/identity.h"
#include "harness/machine/maker.h"

#define SWAPS_LABEL "pagestorm" /* in the header of each swap area that we make */

/* One line of /proc/swaps. */
struct swap_entry {
	char path[512]; /* unescaped */
	bool file;	/* not a partition */
	uint64_t bytes, used_bytes;
	int priority;
};

/* Calls found() with each active swap, ours or not, until it returns other than 0, which is
 * returned. */
int swaps_each(int (*found)(const struct swap_entry *swap, void *context), void *context);

/* What the header of a swap area of ours says. */
struct swap_mark {
	char uuid[TOKEN_BYTES];
	char identity[IDENTITY_BYTES]; /* swaps_identity() of where it was written; "": none */
	struct maker maker;	       /* valid with an identity */
};

/* Whether the device or file carries a swap header with our label. */
bool swaps_has_label(const char *path);

/* -ENODATA: no header with our label. A mark that is missing or damaged is an empty identity.
 */
int swaps_read_mark(const char *path, struct swap_mark *mark);
int swaps_read_mark_fd(int fd, struct swap_mark *mark);

/* The mark as it stands in the header, of the calling process. -errno. */
int swaps_print_mark(const char *identity, char *text, size_t bytes);

/* identity_of() a file, or of a device's directory in /sys, which is as new as the device. */
int swaps_identity(const char *path, char *identity, size_t bytes);

#endif
