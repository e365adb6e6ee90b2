// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/act/populate.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22 /* include/uapi/asm-generic/mman-common.h */
#define MADV_POPULATE_WRITE 23
#endif

static void touch_each(volatile char *start, uint64_t bytes, bool write)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	for (uint64_t at = 0; at < bytes; at += page) {
		const char byte = start[at];

		if (write)
			start[at] = byte;
	}
}

/* EINVAL is also the answer for a range that is no whole pages: then of no bytes as well. */
static bool is_known(int advice)
{
	return !madvise(NULL, 0, advice);
}

int populate_pages(void *start, uint64_t bytes, bool write)
{
	const int advice = write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
	const int err = madvise(start, bytes, advice) ? errno : 0;

	if (err != EINVAL || is_known(advice))
		return -err;
	touch_each(start, bytes, write);
	return 0;
}
