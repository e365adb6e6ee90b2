// SPDX-License-Identifier: GPL-2.0-or-later
/* Parses /proc/zoneinfo (mm/vmstat.c, zoneinfo_show_print()). */
#include "workloads/probe/zones.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workloads/api/arith.h"

static void take_protection(const char *line, struct zone *zone)
{
	const char *at = strchr(line, '(');
	uint64_t pages;
	int used;

	while (at && sscanf(at, "%*[(, ]%" SCNu64 "%n", &pages, &used) == 1) {
		if (pages > zone->protection)
			zone->protection = pages;
		at += used;
	}
}

/* The pagesets below a zone have a "high:" too, with a colon. */
static void take_line(const char *line, struct zone *zone)
{
	const struct {
		const char *key;
		uint64_t *value;
	} keys[] = {
		{ "pages free", &zone->free }, { "min", &zone->min },
		{ "low", &zone->low },	       { "high", &zone->high },
		{ "managed", &zone->managed },
	};

	line += strspn(line, " ");
	if (!strncmp(line, "protection:", 11))
		take_protection(line, zone);
	if (!strncmp(line, "count:", 6))
		zone->listed += strtoull(line + 6, NULL, 10);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		size_t length = strlen(keys[i].key);

		if (!strncmp(line, keys[i].key, length) && line[length] == ' ')
			(void)sscanf(line + length, "%" SCNu64, keys[i].value); /* stays 0 */
	}
}

static int keep(const struct zone *zone, struct zones *out)
{
	if (!zone->managed)
		return 0;
	if (out->nr == ZONES_MAX)
		return -E2BIG;
	out->zone[out->nr++] = *zone;
	return 0;
}

/* Parses the lines of the text; the last may lack its newline. *zone: the current zone. */
static int take_lines(const char *text, struct zone *zone, struct zones *out)
{
	int ret = 0;

	while (*text && !ret) {
		size_t length = strcspn(text, "\n");
		char line[256]; /* sscanf() would take the length of all the rest of the text */
		struct zone fresh = { 0 };

		snprintf(line, sizeof(line), "%.*s", (int)length, text);
		if (sscanf(line, "Node %u, zone %15s", &fresh.node, fresh.name) == 2) {
			ret = keep(zone, out);
			*zone = fresh;
		} else {
			take_line(line, zone);
		}
		text += length + (text[length] == '\n');
	}
	return ret;
}

static int finish(const struct zone *zone, struct zones *out)
{
	int ret = keep(zone, out);

	return ret || out->nr ? ret : -EBADMSG;
}

int zones_parse(const char *text, struct zones *out)
{
	struct zone zone = { 0 };
	int ret;

	out->nr = 0;
	ret = take_lines(text, &zone, out);
	return ret ? ret : finish(&zone, out);
}

/* Parses the whole lines of the buffer and moves the rest to its start. */
static int take_chunk(char *buffer, size_t *used, struct zone *zone, struct zones *out)
{
	size_t whole = *used;
	char kept;
	int ret;

	while (whole && buffer[whole - 1] != '\n')
		whole--;
	kept = buffer[whole];
	buffer[whole] = '\0';
	ret = take_lines(buffer, zone, out);
	buffer[whole] = kept;
	*used -= whole;
	memmove(buffer, buffer + whole, *used);
	return ret;
}

int zones_read(int fd, char *buffer, size_t bytes, struct zones *out)
{
	struct zone zone = { 0 };
	size_t used = 0;
	off_t at = 0;
	ssize_t got;
	int ret = 0;

	out->nr = 0;
	while (!ret && (got = pread(fd, buffer + used, bytes - 1 - used, at)) > 0) {
		at += got;
		used += (size_t)got;
		ret = take_chunk(buffer, &used, &zone, out);
		if (!ret && used == bytes - 1)
			ret = -E2BIG; /* a line that fills the buffer */
	}
	if (!ret && got < 0)
		ret = -errno;
	if (ret)
		return ret;
	buffer[used] = '\0';
	ret = take_lines(buffer, &zone, out);
	return ret ? ret : finish(&zone, out);
}

int zoneinfo_open(struct worker *w, struct zoneinfo *z)
{
	int fd = open("/proc/zoneinfo", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return worker_fail(w, errno, "cannot open /proc/zoneinfo: %s", strerror(errno));
	z->fd = fd;
	z->text = malloc(ZONEINFO_BYTES);
	if (!z->text)
		return worker_fail(w, ENOMEM, "out of memory");
	memset(z->text, 0, ZONEINFO_BYTES);
	return 0;
}

int zoneinfo_look(struct worker *w, const struct zoneinfo *z, struct zones *out)
{
	int ret = zones_read(z->fd, z->text, ZONEINFO_BYTES, out);

	return ret ? worker_fail(w, -ret, "cannot read /proc/zoneinfo: %s", strerror(-ret)) : 0;
}

void zoneinfo_close(struct zoneinfo *z)
{
	if (z->fd)
		close(z->fd);
	free(z->text);
	*z = (struct zoneinfo){ 0 };
}
