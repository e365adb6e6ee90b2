/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first page of a swap area, version 1 (union swap_header in
 * include/linux/swap.h). Pure.
 */
#ifndef PAGESTORM_LAB_SWAPHEADER_H
#define PAGESTORM_LAB_SWAPHEADER_H

#include <stddef.h>
#include <stdint.h>

/* Fills one page for an area of area_bytes. 0, or -EINVAL: under ten pages, or over 2^32. */
int swapheader_fill(void *page, size_t page_bytes, uint64_t area_bytes);

#endif
