// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/probe/kills.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 0, or -ENODATA: /proc/vmstat has no oom_kill (before Linux 4.13). */
static int count(struct kills *k, uint64_t *kills)
{
	static const char key[] = "\noom_kill ";
	size_t used = 0;
	const char *line;
	ssize_t got;

	do { /* one read returns a page at most */
		got = pread(k->fd, k->text + used, sizeof(k->text) - 1 - used, (off_t)used);
		used += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	k->text[used] = '\0';
	line = strstr(k->text, key);
	if (!line)
		return -ENODATA;
	*kills = strtoull(line + sizeof(key) - 1, NULL, 10);
	return 0;
}

int kills_open(struct worker *w, struct kills *k)
{
	k->fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	if (k->fd < 0) {
		k->fd = 0;
		return worker_fail(w, errno, "cannot open /proc/vmstat: %s", strerror(errno));
	}
	return count(k, &k->seen) ? worker_fail(w, ENODATA, "/proc/vmstat has no oom_kill") : 0;
}

bool kills_rose(struct kills *k)
{
	uint64_t kills = k->seen;
	bool rose;

	(void)count(k, &kills); /* kills_open() has found the key */
	rose = kills != k->seen;
	k->seen = kills;
	return rose;
}

void kills_close(struct kills *k)
{
	if (k->fd)
		close(k->fd);
	k->fd = 0;
}
