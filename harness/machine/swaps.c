// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads /proc/swaps and headers of swap areas.
 */
#include "harness/machine/swaps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/machine/swapheader.h"

#define PAGE_BYTES_MAX 65536
#define MARK	       "pagestorm-swap"

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
	int ret = 0;

	swaps = fopen("/proc/swaps", "re");
	if (!swaps)
		return errno == ENOENT ? 0 : -errno;
	while (!ret && fgets(line, sizeof(line), swaps)) {
		if (sscanf(line, "%511s %31s %llu %llu %d", swap.path, type, &kib, &used_kib,
			   &swap.priority) != 5)
			continue; /* the header */
		unescape_path(swap.path);
		swap.file = !strcmp(type, "file");
		swap.bytes = (uint64_t)kib * 1024;
		swap.used_bytes = (uint64_t)used_kib * 1024;
		ret = found(&swap, context);
	}
	fclose(swaps);
	return ret;
}

/* "pagestorm-swap IDENTITY MAKER" */
static bool parse_mark(const char *text, struct swap_mark *mark)
{
	char identity[IDENTITY_BYTES];
	int end = 0;

	if (sscanf(text, MARK " %95s %n", identity, &end) != 1 || !end ||
	    !maker_parse(text + end, &mark->maker))
		return false;
	strcpy(mark->identity, identity);
	return true;
}

int swaps_read_mark_fd(int fd, struct swap_mark *mark)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char uuid[SWAPHEADER_UUID_BYTES];
	struct swap_mark read = { .identity = "" };
	char first[PAGE_BYTES_MAX];

	if (page > sizeof(first) || pread(fd, first, page, 0) != (ssize_t)page ||
	    !swapheader_is(first, page, SWAPS_LABEL))
		return -ENODATA;
	swapheader_uuid(first, uuid);
	for (size_t i = 0; i < sizeof(uuid); i++)
		snprintf(read.uuid + 2 * i, 3, "%02x", uuid[i]);
	(void)parse_mark(swapheader_text(first), &read);
	*mark = read;
	return 0;
}

int swaps_read_mark(const char *path, struct swap_mark *mark)
{
	/* O_NONBLOCK: a path of a damaged journal may be a FIFO. */
	int ret, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return -ENODATA;
	ret = swaps_read_mark_fd(fd, mark);
	close(fd);
	return ret;
}

bool swaps_has_label(const char *path)
{
	struct swap_mark unused;

	return !swaps_read_mark(path, &unused);
}

int swaps_print_mark(const char *identity, char *text, size_t bytes)
{
	char maker[MAKER_BYTES];
	struct maker self;
	int ret = maker_self(&self);

	if (ret)
		return ret;
	maker_print(&self, maker, sizeof(maker));
	snprintf(text, bytes, MARK " %s %s\n", identity, maker);
	return 0;
}

int swaps_identity(const char *path, char *identity, size_t bytes)
{
	char sysfs[128];

	if (strncmp(path, "/dev/zram", 9))
		return identity_of(AT_FDCWD, path, identity, bytes);
	snprintf(sysfs, sizeof(sysfs), "/sys/block/%.64s/.", path + strlen("/dev/"));
	return identity_of(AT_FDCWD, sysfs, identity, bytes);
}
