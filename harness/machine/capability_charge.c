// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether page tables and other kernel memory are charged to a group: table_charge,
 * kernel_charge. */
#include "harness/machine/capability_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NR_TABLES  512 /* eight batches of charges */
#define PIPE_PAGES 16  /* of a pipe by default, fs/pipe.c */

#define SETTLE_LOOKS 20 /* two milliseconds apart */

enum capability_state capability_table_charge(const struct capability_charge *c)
{
	const int64_t tables = (int64_t)c->tables, above = c->charged - (int64_t)c->pages;

	/* A quarter is two batches: one on the child's CPU before and one after. */
	if (tables < NR_TABLES || above < -tables / 4 || above > tables + tables / 4)
		return CAPABILITY_UNKNOWN;
	if (above >= tables - tables / 4)
		return CAPABILITY_YES;
	return above <= tables / 4 ? CAPABILITY_NO : CAPABILITY_UNKNOWN;
}

static int usage_pages(int fd, uint64_t page, int64_t *pages)
{
	char text[32];
	const ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

	if (length <= 0)
		return length ? -errno : -EIO;
	text[length] = '\0';
	*pages = strtoll(text, NULL, 10) / (int64_t)page;
	return 0;
}

/* Nothing but the touching lies between the two looks at the charge. */
static int measure(uint64_t page, int usage, char *map, struct capability_charge *c)
{
	const uint64_t reach = page / sizeof(uint64_t) * page; /* of one table */
	uint64_t before_kb, after_kb;
	int64_t before, after;
	int ret = probe_own_kb("/proc/self/status", "VmPTE", &before_kb);

	if (!ret)
		ret = usage_pages(usage, page, &before);
	if (ret)
		return ret;
	for (uint64_t i = 0; i < NR_TABLES; i++)
		*(volatile char *)(map + i * reach) = 1;
	ret = usage_pages(usage, page, &after);
	if (!ret)
		ret = probe_own_kb("/proc/self/status", "VmPTE", &after_kb);
	if (ret)
		return ret;
	c->pages = NR_TABLES;
	c->tables = (after_kb - before_kb) * 1024 / page;
	c->charged = after - before;
	return 0;
}

/*
 * Page tables are freed after a grace period of RCU, which membarrier(2) waits for: those of
 * the probe before this one were uncharged in the middle of it, and 512 pages of pipes seemed
 * to be charged as 57 or -8 (5 of 58 probes).
 */
static int settle(int usage, uint64_t page)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	int64_t before = -1, now = 0;
	int ret = 0;

	(void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	for (int i = 0; i < SETTLE_LOOKS && !ret && now != before; i++) {
		before = now;
		(void)nanosleep(&pause, NULL);
		ret = usage_pages(usage, page, &now);
	}
	return ret;
}

/* The descriptor; nothing that was freed before is still to be uncharged. */
static int open_usage(const struct capability_machine *machine)
{
	char path[PROBE_GROUP_BYTES + 32];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s", machine->group,
		 machine->cgroup_version == 1 ? "memory.usage_in_bytes" : "memory.current");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = settle(fd, machine->page_bytes);
	if (ret)
		close(fd);
	return ret ? ret : fd;
}

static int try_charge(const struct capability_machine *machine, void *seen, const char **what)
{
	const uint64_t page = machine->page_bytes;
	const uint64_t bytes = NR_TABLES * (page / sizeof(uint64_t)) * page;
	const int usage = open_usage(machine);
	char *map;

	*what = "read the group's charge";
	if (usage < 0)
		return usage;
	*what = "map addresses for the tables";
	map = probe_map(bytes);
	if (!map)
		return -errno;
	/* EINVAL: a kernel without transparent huge pages has only small ones. */
	(void)madvise(map, bytes, MADV_NOHUGEPAGE);
	*what = "read the group's charge and VmPTE";
	return measure(page, usage, map, seen);
}

void probe_table_charge(const struct capability_machine *machine, struct capability_result *out)
{
	static const struct probe_child child = { try_charge,
						  sizeof(struct capability_charge) };
	struct capability_charge seen;

	if (probe_in_group(machine, &child, &seen, out))
		probe_found(out, capability_table_charge(&seen),
			    "%" PRIu64 " pages written and %" PRIu64
			    " pages of tables: the group is charged %" PRId64 " pages",
			    seen.pages, seen.tables, seen.charged);
}

/* Pipes are filled page by page; they go with the child. */
static int fill_pipes(uint64_t page, int usage, const char *from, struct capability_charge *c)
{
	int end[NR_TABLES / PIPE_PAGES][2];
	int64_t before, after;
	int ret = 0;

	for (unsigned i = 0; i < NR_TABLES / PIPE_PAGES; i++)
		if (pipe2(end[i], O_NONBLOCK | O_CLOEXEC))
			return -errno;
	ret = usage_pages(usage, page, &before);
	for (unsigned i = 0; i < NR_TABLES && !ret; i++)
		if (write(end[i / PIPE_PAGES][1], from, page) != (ssize_t)page)
			ret = -(errno ? errno : EIO);
	if (!ret)
		ret = usage_pages(usage, page, &after);
	if (ret)
		return ret;
	c->tables = NR_TABLES;
	c->charged = after - before;
	return 0;
}

static int try_pipes(const struct capability_machine *machine, void *seen, const char **what)
{
	const uint64_t page = machine->page_bytes;
	const int usage = open_usage(machine);
	char *from;

	*what = "read the group's charge";
	if (usage < 0)
		return usage;
	*what = "map a page to write from";
	from = probe_map(page);
	if (!from)
		return -errno;
	memset(from, 1, page);
	*what = "fill pipes";
	return fill_pipes(page, usage, from, seen);
}

void probe_kernel_charge(const struct capability_machine *machine,
			 struct capability_result *out)
{
	static const struct probe_child child = { try_pipes, sizeof(struct capability_charge) };
	struct capability_charge seen = { 0 };

	if (probe_in_group(machine, &child, &seen, out))
		probe_found(out, capability_table_charge(&seen),
			    "%" PRIu64 " pages written to pipes: the group is charged %" PRId64
			    " pages",
			    seen.tables, seen.charged);
}
