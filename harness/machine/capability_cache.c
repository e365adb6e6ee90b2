// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether cachestat(2) counts pages of a file: cachestat. On a memfd. */
#include "harness/machine/capability_probe.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_cachestat
#define SYS_cachestat 451 /* include/uapi/asm-generic/unistd.h, the same everywhere */
#endif

#define CACHED_PAGES 8

/* include/uapi/linux/mman.h */
struct cachestat_range {
	uint64_t off, len;
};

struct cachestat {
	uint64_t nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted;
};

enum capability_state capability_cachestat(const struct capability_cached *c)
{
	if (c->err)
		return c->err == ENOSYS || c->err == EPERM || c->err == EOPNOTSUPP
			       ? CAPABILITY_NO
			       : CAPABILITY_UNKNOWN;
	return c->pages && c->cached == c->pages ? CAPABILITY_YES : CAPABILITY_UNKNOWN;
}

/* 0 or -errno where the file could not be made. */
static int fill(int fd, uint64_t pages, uint64_t page)
{
	for (uint64_t i = 0; i < pages; i++)
		if (pwrite(fd, "", 1, (off_t)(i * page)) != 1)
			return errno ? -errno : -EIO;
	return 0;
}

void probe_cachestat(const struct capability_machine *machine, struct capability_result *out)
{
	struct cachestat_range all = { 0, 0 }; /* of length 0: to the end */
	struct capability_cached c = { .pages = CACHED_PAGES };
	const int fd = memfd_create("pagestorm-probe", MFD_CLOEXEC);
	struct cachestat stat = { 0 };
	int ret = fd < 0 ? -errno : fill(fd, c.pages, machine->page_bytes);

	if (!ret) {
		c.err = syscall(SYS_cachestat, fd, &all, &stat, 0) ? errno : 0;
		c.cached = stat.nr_cache;
		probe_found(out, capability_cachestat(&c),
			    "%s: %" PRIu64 " of %" PRIu64 " pages",
			    c.err ? strerror(c.err) : "taken", c.cached, c.pages);
	} else {
		probe_unknown(out, "cannot make a memfd: %s", strerror(-ret));
	}
	if (fd >= 0)
		close(fd);
}
