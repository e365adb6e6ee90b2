/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first page of a swap area, version 1 (union swap_header in
 * include/linux/swap.h). Pure.
 */
#ifndef PAGESTORM_SWAPHEADER_H
#define PAGESTORM_SWAPHEADER_H

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

/* The UUID of a header that swapheader_is() takes for one. */
void swapheader_uuid(const void *page, unsigned char uuid[SWAPHEADER_UUID_BYTES]);

/*
 * A text in the first 1024 bytes, which the kernel and mkswap(8) leave to a boot block; what
 * is longer than that is cut off. Read: up to the first zero byte; "" when there is none.
 */
#define SWAPHEADER_TEXT_BYTES 1024
void swapheader_put_text(void *page, const char *text);
const char *swapheader_text(const void *page);

#endif
