// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads /proc/swaps and headers of swap areas.
 */
#include "harness/run/swaps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/run/swapheader.h"

#define PAGE_BYTES_MAX 65536

static void unescape_path(char *path)
{
	char *out = path;

	for (const char *in = path; *in; out++) {
		if (in[0] == '\\' && in[1] && in[2] && in[3]) {
			*out = (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0'));
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
}

int swaps_each(int (*found)(const struct swap_entry *swap, void *context), void *context)
{
	char line[1024], type[32];
	unsigned long long kib, used_kib;
	struct swap_entry swap;
	FILE *swaps;
	int rc = 0;

	swaps = fopen("/proc/swaps", "re");
	if (!swaps)
		return errno == ENOENT ? 0 : -errno;
	while (!rc && fgets(line, sizeof(line), swaps)) {
		if (sscanf(line, "%511s %31s %llu %llu %d", swap.path, type, &kib, &used_kib,
			   &swap.priority) != 5)
			continue; /* the header */
		unescape_path(swap.path);
		swap.file = !strcmp(type, "file");
		swap.bytes = (uint64_t)kib * 1024;
		swap.used_bytes = (uint64_t)used_kib * 1024;
		rc = found(&swap, context);
	}
	fclose(swaps);
	return rc;
}

bool swaps_is_ours(const char *path)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char first[PAGE_BYTES_MAX];
	ssize_t n;
	int fd;

	/* Not to hang on what is no file: a path of a damaged journal may be anything. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || page > sizeof(first)) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	n = pread(fd, first, page, 0);
	close(fd);
	return n == (ssize_t)page && swapheader_is(first, page, SWAPS_LABEL);
}
