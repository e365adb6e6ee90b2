/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of what folios a range is made, by the page frames themselves: pagemap says which
 * frame is behind each page and /proc/kpageflags whether it is part of a larger one
 * (Documentation/admin-guide/mm/pagemap.rst). Unlike AnonHugePages in smaps this sees
 * folios of every size, and huge pages that are mapped page by page.
 * Both need CAP_SYS_ADMIN.
 */
#ifndef PAGESTORM_FOLIOS_H
#define PAGESTORM_FOLIOS_H

#include <stdbool.h>
#include <stdint.h>

#define FOLIOS_BATCH 512 /* entries: a huge page of 2 MiB */

struct folios {
	int pagemap, flags;
	uint64_t entry[FOLIOS_BATCH], flag[FOLIOS_BATCH];
};

struct folio_count {
	uint64_t present;     /* pages in memory */
	uint64_t large;	      /* folios of more than a page whose first page is in the range */
	uint64_t hugetlb;     /* of those, from a hugetlb pool */
	uint64_t large_pages; /* pages in memory that belong to such a folio */
};

/* Before anything is measured. 0 or -errno; folios_close() is due in either case. */
int folios_open(struct folios *f);
void folios_close(struct folios *f);

/* start is page-aligned; bytes a multiple of page_bytes. 0 or -errno; -EIO: cut short. */
int folios_count(struct folios *f, const void *start, uint64_t bytes, uint64_t page_bytes,
		 struct folio_count *out);

#endif
