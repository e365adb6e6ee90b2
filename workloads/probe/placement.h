/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the pages of a range are in memory or in swap, from the present and swapped bits
 * of /proc/self/pagemap (Documentation/admin-guide/mm/pagemap.rst), which need no
 * privilege. Reading it faults nothing in and charges nothing to the group.
 */
#ifndef PAGESTORM_PLACEMENT_H
#define PAGESTORM_PLACEMENT_H

#include <stdint.h>

struct placement {
	uint64_t present; /* pages in memory; a mapped zero page counts as present */
	uint64_t swapped;
};

/* Descriptor for placement_count(), opened before anything is measured; or -errno. */
int placement_open(void);

/* start is page-aligned; bytes is rounded up to whole pages. 0 or -errno; -EIO: short read. */
int placement_count(int fd, const void *start, uint64_t bytes, uint64_t page_bytes,
		    struct placement *out);

#endif
