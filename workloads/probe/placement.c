// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/probe/placement.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_SWAPPED (1ULL << 62)
#define BATCH		512 /* entries: 4 KiB of stack, prefaulted by the worker's frame */

int placement_open(void)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int placement_count(int fd, const void *start, uint64_t bytes, uint64_t page_bytes,
		    struct placement *out)
{
	uint64_t page = (uintptr_t)start / page_bytes;
	uint64_t end = page + (bytes + page_bytes - 1) / page_bytes;
	uint64_t entry[BATCH];
	struct placement sum = { 0 };

	while (page < end) {
		uint64_t want = end - page < BATCH ? end - page : BATCH;
		ssize_t got =
			pread(fd, entry, want * sizeof(*entry), (off_t)(page * sizeof(*entry)));

		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		want = (uint64_t)got / sizeof(*entry);
		for (uint64_t i = 0; i < want; i++) {
			sum.present += entry[i] >> 63;
			sum.swapped +=
				!(entry[i] & PAGEMAP_PRESENT) && entry[i] & PAGEMAP_SWAPPED;
		}
		page += want;
	}
	*out = sum;
	return 0;
}
