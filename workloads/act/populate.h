/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages made present beforehand: by MADV_POPULATE_READ or _WRITE, and byte by byte on a
 * kernel without them (before Linux 5.14, where the one or the other was not backported).
 */
#ifndef PAGESTORM_POPULATE_H
#define PAGESTORM_POPULATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Of a mapping that may be read, and where `write` is set written: each byte keeps its
 * value. Whole pages. 0, or -errno where the kernel refuses this mapping.
 */
int populate_pages(void *start, uint64_t bytes, bool write);

#endif
