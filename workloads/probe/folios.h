/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folios that back a range, by page frame: pagemap has the frame of each page and
 * /proc/kpageflags whether the frame belongs to a compound page
 * (Documentation/admin-guide/mm/pagemap.rst). Unlike AnonHugePages in smaps this counts
 * folios of every order, and huge pages that are mapped by base page entries. Both files
 * require CAP_SYS_ADMIN.
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
	uint64_t large;	      /* large folios whose head page is in the range */
	uint64_t hugetlb;     /* those of them from a hugetlb pool */
	uint64_t large_pages; /* pages in memory that belong to a large folio */
};

/* Called before anything is measured. 0 or -errno; folios_close() is due in both cases. */
int folios_open(struct folios *f);
void folios_close(struct folios *f);

/* start is page-aligned; bytes a multiple of page_bytes. 0 or -errno; -EIO: short read. */
int folios_count(struct folios *f, const void *start, uint64_t bytes, uint64_t page_bytes,
		 struct folio_count *out);

#endif
