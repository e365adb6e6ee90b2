/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first page of a swap area, version 1 (union swap_header in
 * include/linux/swap.h). Pure.
 */
#ifndef PAGESTORM_RUN_SWAPHEADER_H
#define PAGESTORM_RUN_SWAPHEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWAPHEADER_UUID_BYTES 16

/*
 * Fills one page for an area of area_bytes. label: "" for none, cut off after 16 bytes;
 * uuid: NULL for none. 0, or -EINVAL: under ten pages, or over 2^32.
 */
int swapheader_fill(void *page, size_t page_bytes, uint64_t area_bytes, const char *label,
		    const unsigned char *uuid);

/* Whether it is the first page of a swap area of that label. */
bool swapheader_is(const void *page, size_t page_bytes, const char *label);

#endif
