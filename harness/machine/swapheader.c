// SPDX-License-Identifier: GPL-2.0-or-later
/* Fills and recognises the first page of a swap area, in memory. */
#include "config.h"

#include "harness/machine/swapheader.h"

#include <errno.h>
#include <string.h>

/* mkswap(8) refuses less than ten pages; the kernel only needs more than one. */
#define PAGES_MIN   10
#define INFO_AT	    SWAPHEADER_TEXT_BYTES
#define MAGIC	    "SWAPSPACE2"
#define MAGIC_BYTES 10

struct swap_info {
	uint32_t version;
	uint32_t last_page; /* the header's own page is 0 */
	uint32_t nr_bad_pages;
	unsigned char uuid[SWAPHEADER_UUID_BYTES];
	char label[16];
};

int swapheader_fill(void *page, size_t page_bytes, uint64_t area_bytes, const char *label,
		    const unsigned char *uuid)
{
	uint64_t nr_pages = area_bytes / page_bytes;
	struct swap_info info = { .version = 1, .last_page = (uint32_t)(nr_pages - 1) };

	if (nr_pages < PAGES_MIN || nr_pages > UINT32_MAX)
		return -EINVAL;
	memcpy(info.label, label, strnlen(label, sizeof(info.label)));
	if (uuid)
		memcpy(info.uuid, uuid, sizeof(info.uuid));
	memset(page, 0, page_bytes);
	memcpy((char *)page + INFO_AT, &info, sizeof(info));
	memcpy((char *)page + page_bytes - MAGIC_BYTES, MAGIC, MAGIC_BYTES);
	return 0;
}

bool swapheader_is(const void *page, size_t page_bytes, const char *label)
{
	struct swap_info info;

	memcpy(&info, (const char *)page + INFO_AT, sizeof(info));
	return !memcmp((const char *)page + page_bytes - MAGIC_BYTES, MAGIC, MAGIC_BYTES) &&
	       !strncmp(info.label, label, sizeof(info.label));
}

void swapheader_uuid(const void *page, unsigned char uuid[SWAPHEADER_UUID_BYTES])
{
	struct swap_info info;

	memcpy(&info, (const char *)page + INFO_AT, sizeof(info));
	memcpy(uuid, info.uuid, sizeof(info.uuid));
}

void swapheader_put_text(void *page, const char *text)
{
	const size_t length = strnlen(text, SWAPHEADER_TEXT_BYTES - 1);

	memset(page, 0, SWAPHEADER_TEXT_BYTES);
	memcpy(page, text, length);
}

const char *swapheader_text(const void *page)
{
	return memchr(page, '\0', SWAPHEADER_TEXT_BYTES) ? page : "";
}
