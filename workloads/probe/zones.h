/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's zones as /proc/zoneinfo has them: watermarks, reserves and free pages,
 * for workloads that put the whole machine under pressure. Parsing is pure.
 */
#ifndef PAGESTORM_ZONES_H
#define PAGESTORM_ZONES_H

#include <stddef.h>
#include <stdint.h>

#include "workloads/act/worker.h"

#define ZONES_MAX 128 /* on a worker's stack, of which 20 KiB are prefaulted */

/* In pages. */
struct zone {
	unsigned node;
	char name[16];
	uint64_t free, min, low, high, managed;
	uint64_t listed;     /* free pages on per-CPU lists, which `free` does not include */
	uint64_t protection; /* its largest lowmem reserve */
};

struct zones {
	unsigned nr;
	struct zone zone[ZONES_MAX];
};

/* Skips zones without managed pages. 0; -EBADMSG: not zoneinfo; -E2BIG: too many. Pure. */
int zones_parse(const char *text, struct zones *out);

/*
 * Reads fd (open on /proc/zoneinfo) from its start and parses it, at most one buffer at a time;
 * the buffer must hold a line. Allocates nothing. 0 or -errno.
 */
int zones_read(int fd, char *buffer, size_t bytes, struct zones *out);

/*
 * /proc/zoneinfo held open, with the room for its text present, so that a look takes no
 * memory while memory runs out. Empty when zeroed. The functions return 0 or -errno
 * (reported through worker_fail()).
 */
struct zoneinfo {
	int fd;	    /* 0: not open */
	char *text; /* ZONEINFO_BYTES */
};

/* A zone has about 700 bytes, and 80 for each CPU; a longer file is read in parts. */
#define ZONEINFO_BYTES (256 << 10)

int zoneinfo_open(struct worker *w, struct zoneinfo *z);
int zoneinfo_look(struct worker *w, const struct zoneinfo *z, struct zones *out);
void zoneinfo_close(struct zoneinfo *z);

#endif
