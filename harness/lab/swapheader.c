// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.h"

#include "harness/lab/swapheader.h"

#include <errno.h>
#include <string.h>

/* mkswap(8) refuses less than ten pages; the kernel only needs more than one. */
#define PAGES_MIN   10
#define INFO_AT	    1024 /* the boot block is left alone */
#define MAGIC	    "SWAPSPACE2"
#define MAGIC_BYTES 10

int swapheader_fill(void *page, size_t page_bytes, uint64_t area_bytes)
{
	uint64_t nr_pages = area_bytes / page_bytes;
	struct {
		uint32_t version;
		uint32_t last_page; /* the header's own page is 0 */
		uint32_t nr_badpages;
	} info = { .version = 1, .last_page = (uint32_t)(nr_pages - 1) };

	if (nr_pages < PAGES_MIN || nr_pages > UINT32_MAX)
		return -EINVAL;
	memset(page, 0, page_bytes);
	memcpy((char *)page + INFO_AT, &info, sizeof(info));
	memcpy((char *)page + page_bytes - MAGIC_BYTES, MAGIC, MAGIC_BYTES);
	return 0;
}
