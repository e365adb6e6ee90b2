// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether the kernel's sums of what a process has in memory are exact: exact_status,
 * exact_statm, exact_stat; and how it keeps the parts where they are not: task_rss. In this
 * process, on a mapping that is gone again afterwards.
 */
#include "harness/machine/capability_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXACT_LOOKS 128
#define TASK_LUMP   65 /* TASK_RSS_EVENTS_THRESH and one, mm/memory.c until Linux 6.1 */
#define LUMPS	    3
#define LOOKS_MAX   8192

/* lib/percpu_counter.c, compute_batch_value() */
static uint64_t cpu_lump(const struct capability_looks *l)
{
	return l->cpus > 16 ? 2 * l->cpus : 32;
}

/* Another process may have a page of ours reclaimed, and a fault of our own may join in. */
enum capability_state capability_exact_rss(const struct capability_looks *l)
{
	if (!l->looks)
		return CAPABILITY_UNKNOWN;
	if (l->exact >= l->looks - l->looks / 10)
		return CAPABILITY_YES;
	return l->exact <= l->looks / 2 ? CAPABILITY_NO : CAPABILITY_UNKNOWN;
}

static bool is_near(uint64_t lump, uint64_t known)
{
	return lump + 6 >= known && lump <= known + 6;
}

enum capability_state capability_task_rss(const struct capability_looks *l)
{
	const enum capability_state exact = capability_exact_rss(l);
	const bool task = is_near(l->lump, TASK_LUMP), cpu = is_near(l->lump, cpu_lump(l));

	if (exact != CAPABILITY_NO)
		return exact == CAPABILITY_YES ? CAPABILITY_NO : CAPABILITY_UNKNOWN;
	return task == cpu ? CAPABILITY_UNKNOWN : task ? CAPABILITY_YES : CAPABILITY_NO;
}

/* ---- the sum in each of the three files ---- */

static int64_t of_status(const char *text, uint64_t page)
{
	const char *line = strstr(text, "\nVmRSS:");

	return line ? strtoll(line + 7, NULL, 10) * 1024 / (int64_t)page : -1;
}

static int64_t of_statm(const char *text, uint64_t page)
{
	const char *space = strchr(text, ' ');

	(void)page; /* it is in pages */
	return space ? strtoll(space + 1, NULL, 10) : -1;
}

/* Field 24; the second one is the name, in parentheses. */
static int64_t of_stat(const char *text, uint64_t page)
{
	const char *at = strrchr(text, ')');

	(void)page; /* it is in pages */
	for (unsigned field = 2; at && field < 24; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoll(at + 1, NULL, 10) : -1;
}

struct rss_file {
	const char *path;
	int64_t (*sum)(const char *text, uint64_t page);
};

static const struct rss_file status_file = { "/proc/self/status", of_status };
static const struct rss_file statm_file = { "/proc/self/statm", of_statm };
static const struct rss_file stat_file = { "/proc/self/stat", of_stat };

/* ---- looking ---- */

static int look(int fd, const struct rss_file *file, uint64_t page, int64_t *pages)
{
	char text[4096];
	const ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

	if (length <= 0)
		return length ? -errno : -EIO;
	text[length] = '\0';
	*pages = file->sum(text, page);
	return *pages < 0 ? -ENODATA : 0;
}

/* Before the first page that counts: the looks' own pages are there. */
static int look_at_each(int fd, const struct rss_file *file, char *map,
			const struct capability_machine *machine, struct capability_looks *l)
{
	const uint64_t page = machine->page_bytes;
	int64_t before, after;
	int ret = look(fd, file, page, &before);

	if (!ret)
		ret = look(fd, file, page, &before);
	for (uint64_t i = 0; !ret && i < l->looks; i++) {
		*(volatile char *)(map + i * page) = 1;
		ret = look(fd, file, page, &after);
		if (ret)
			break;
		l->exact += after - before == 1;
		if (after - before > (int64_t)l->lump)
			l->lump = (uint64_t)(after - before);
		before = after;
	}
	return ret;
}

/* 0 or -errno. */
static int look_at(const struct rss_file *file, const struct capability_machine *machine,
		   struct capability_looks *l)
{
	const uint64_t bytes = l->looks * machine->page_bytes;
	const int fd = open(file->path, O_RDONLY | O_CLOEXEC);
	char *map = probe_map(bytes);
	int ret = fd < 0 || !map ? -errno : 0;

	if (!ret) {
		/* EINVAL: a kernel without transparent huge pages has only small ones. */
		(void)madvise(map, bytes, MADV_NOHUGEPAGE);
		ret = look_at_each(fd, file, map, machine, l);
	}
	if (map)
		munmap(map, bytes);
	if (fd >= 0)
		close(fd);
	return ret;
}

static void probe_exact(const struct rss_file *file, const struct capability_machine *machine,
			struct capability_result *out)
{
	struct capability_looks l = { .looks = EXACT_LOOKS };
	const int ret = look_at(file, machine, &l);

	if (ret)
		probe_unknown(out, "cannot look at %s: %s", file->path, strerror(-ret));
	else
		probe_found(out, capability_exact_rss(&l),
			    "%" PRIu64 " of %" PRIu64
			    " pages were counted when they were touched and up to %" PRIu64
			    " at once",
			    l.exact, l.looks, l.lump);
}

void probe_exact_status(const struct capability_machine *machine, struct capability_result *out)
{
	probe_exact(&status_file, machine, out);
}

void probe_exact_statm(const struct capability_machine *machine, struct capability_result *out)
{
	probe_exact(&statm_file, machine, out);
}

void probe_exact_stat(const struct capability_machine *machine, struct capability_result *out)
{
	probe_exact(&stat_file, machine, out);
}

void probe_task_rss(const struct capability_machine *machine, struct capability_result *out)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct capability_looks l = { .cpus = cpus > 0 ? (uint64_t)cpus : 1 };
	const uint64_t lump = cpu_lump(&l) > TASK_LUMP ? cpu_lump(&l) : TASK_LUMP;
	int ret;

	l.looks = LUMPS * lump < LOOKS_MAX ? LUMPS * lump : LOOKS_MAX;
	ret = look_at(&statm_file, machine, &l);
	if (ret)
		probe_unknown(out, "cannot look at %s: %s", statm_file.path, strerror(-ret));
	else
		probe_found(out, capability_task_rss(&l),
			    "%" PRIu64 " pages touched: up to %" PRIu64
			    " counted at once with %" PRIu64 " CPUs",
			    l.looks, l.lump, l.cpus);
}
