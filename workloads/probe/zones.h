/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's zones as /proc/zoneinfo tells them: watermarks, reserves and
 * free pages. For workloads that press on the whole machine; parsing is pure.
 */
#ifndef PAGESTORM_ZONES_H
#define PAGESTORM_ZONES_H

#include <stddef.h>
#include <stdint.h>

#define ZONES_MAX 64

/* In pages. */
struct zone {
	unsigned node;
	char name[16];
	uint64_t free, min, low, high, managed;
	uint64_t listed;     /* free pages on lists of CPUs, which `free` leaves out */
	uint64_t protection; /* the most that it keeps from allocations of a higher zone */
};

struct zones {
	unsigned nr;
	struct zone zone[ZONES_MAX];
};

/* Zones without managed pages are left out. 0; -EBADMSG: not zoneinfo; -E2BIG. Pure. */
int zones_parse(const char *text, struct zones *out);

/*
 * Reads fd (open on /proc/zoneinfo) from its start into buffer and parses it:
 * no allocation, so that it can be called while memory runs out. 0 or -errno.
 */
int zones_read(int fd, char *buffer, size_t bytes, struct zones *out);

#endif
