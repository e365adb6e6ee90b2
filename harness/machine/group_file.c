// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads and writes files of a group's directory. libcgroup's own readers cut values to
 * 100 bytes and take a missing key for the one before.
 */
#include "harness/machine/group_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int group_read_file(const char *directory, const char *file, char *text, size_t bytes)
{
	char path[GROUP_PATH_BYTES + 64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, bytes - 1);
	if (n < 0) {
		n = -errno;
		close(fd);
		return (int)n;
	}
	close(fd);
	if ((size_t)n == bytes - 1)
		return -EOVERFLOW;
	text[n] = 0;
	return 0;
}

int group_write_file(const char *directory, const char *file, const char *text)
{
	char path[GROUP_PATH_BYTES + 64];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int group_read_number(const struct group *g, const char *file, uint64_t *value)
{
	char text[64], *end;
	unsigned long long v;
	int ret = group_read_file(g->path, file, text, sizeof(text));

	if (ret)
		return ret;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (end == text || errno)
		return -EINVAL;
	*value = v;
	return 0;
}

int group_read_key(const struct group *g, const char *file, const char *key, uint64_t *value)
{
	char text[16384];
	const size_t length = strlen(key);
	int ret = group_read_file(g->path, file, text, sizeof(text));

	if (ret)
		return ret;
	for (char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, length) && line[length] == ' ') {
			*value = strtoull(line + length + 1, NULL, 10);
			return 0;
		}
	}
	return -ENOENT;
}

int group_oom_kills(const struct group *g, uint64_t *kills)
{
	if (g->version == 1)
		return group_read_key(g, "memory.oom_control", "oom_kill", kills);
	if (!group_read_key(g, "memory.events.local", "oom_kill", kills))
		return 0;
	return group_read_key(g, "memory.events", "oom_kill", kills);
}
