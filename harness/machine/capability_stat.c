// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the files of a group offer: fresh_stat, group_peak, group_reclaim,
 * reclaim_swappiness, group_swap_keys, refault_split and group_psi. In the probes' group.
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

#define PUMP_PAGES   512 /* as many as a run touches to have memory.stat flushed */
#define CHARGE_BATCH 64	 /* MEMCG_CHARGE_BATCH, include/linux/memcontrol.h */
#define STAT_BYTES   16384
#define TEXT_BYTES   256

enum capability_state capability_fresh_stat(const struct capability_pumped *p)
{
	const int64_t off = llabs(p->shown - (int64_t)p->pages);

	if (!p->pages || (off && off <= 2)) /* a page or two: another's reclaim */
		return CAPABILITY_UNKNOWN;
	return off ? CAPABILITY_NO : CAPABILITY_YES;
}

enum capability_state capability_asked(int err)
{
	if (!err)
		return CAPABILITY_YES;
	return err == ENOENT || err == EINVAL || err == EOPNOTSUPP ? CAPABILITY_NO
								   : CAPABILITY_UNKNOWN;
}

/* ---- files of the group ---- */

static int open_file(const struct capability_machine *machine, const char *name, int flags)
{
	char path[PROBE_GROUP_BYTES + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", machine->group, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The text of a file from its begin; 0 or -errno. */
static int read_file(const struct capability_machine *machine, const char *name, char *text,
		     size_t bytes)
{
	const int fd = open_file(machine, name, O_RDONLY);
	ssize_t length;
	int ret = 0;

	if (fd < 0)
		return fd;
	length = pread(fd, text, bytes - 1, 0);
	if (length < 0)
		ret = -errno;
	text[length < 0 ? 0 : length] = '\0';
	close(fd);
	return ret;
}

static int write_file(const struct capability_machine *machine, const char *name,
		      const char *text)
{
	const int fd = open_file(machine, name, O_WRONLY);
	int ret;

	if (fd < 0)
		return fd;
	ret = *text && write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* Whether a line of the text begins with the key and a space; its number. */
static bool find_key(const char *text, const char *key, uint64_t *value)
{
	const size_t length = strlen(key);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) || line[length] != ' ')
			continue;
		*value = strtoull(line + length, NULL, 10);
		return true;
	}
	return false;
}

/* ---- memory.stat ---- */

static void touch(char *map, uint64_t page)
{
	for (uint64_t i = 0; i < PUMP_PAGES; i++)
		*(volatile char *)(map + i * page) = 1;
}

/* Often enough to pass the threshold of a flush; ends with the pages held. */
static void pump(char *map, uint64_t page)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const long cycles = 1 + CHARGE_BATCH * (cpus > 0 ? cpus : 1) / PUMP_PAGES;

	for (long i = 0; i < cycles; i++) {
		(void)madvise(map, PUMP_PAGES * page, MADV_DONTNEED); /* our own: taken */
		touch(map, page);
	}
}

static int shown_pages(const struct capability_machine *machine, char *text, int64_t *pages)
{
	uint64_t bytes;
	int ret = read_file(machine, "memory.stat", text, STAT_BYTES);

	if (ret)
		return ret;
	if (!find_key(text, machine->cgroup_version == 1 ? "rss" : "anon", &bytes))
		return -ENODATA;
	*pages = (int64_t)(bytes / machine->page_bytes);
	return 0;
}

/* All that the child copies on the way to its first look is there before the second. */
static int try_stat(const struct capability_machine *machine, void *seen, const char **what)
{
	const uint64_t page = machine->page_bytes, bytes = PUMP_PAGES * page;
	struct capability_pumped *p = seen;
	char *text = probe_map(STAT_BYTES), *first = probe_map(bytes), *map = probe_map(bytes);
	int64_t before = 0, after = 0;
	int ret;

	*what = "map pages to touch";
	if (!text || !first || !map)
		return -errno;
	/* EINVAL: a kernel without transparent huge pages has only small ones. */
	(void)madvise(first, bytes, MADV_NOHUGEPAGE);
	(void)madvise(map, bytes, MADV_NOHUGEPAGE);
	*what = "read memory.stat";
	pump(first, page);
	ret = shown_pages(machine, text, &before);
	pump(first, page);
	if (!ret)
		ret = shown_pages(machine, text, &before);
	pump(map, page);
	if (!ret)
		ret = shown_pages(machine, text, &after);
	p->pages = PUMP_PAGES;
	p->shown = after - before;
	return ret;
}

void probe_fresh_stat(const struct capability_machine *machine, struct capability_result *out)
{
	static const struct probe_child child = { try_stat, sizeof(struct capability_pumped) };
	struct capability_pumped seen;

	if (probe_in_group(machine, &child, &seen, out))
		probe_found(out, capability_fresh_stat(&seen),
			    "%" PRIu64 " pages more: memory.stat shows %" PRId64, seen.pages,
			    seen.shown);
}

/* ---- what a file has ---- */

/* Whether *out is done: there is no group. */
static bool has_no_group(const struct capability_machine *machine,
			 struct capability_result *out)
{
	if (!machine->group)
		probe_unknown(out, "%s", machine->no_group);
	return !machine->group;
}

/* Whether memory.stat of the group has all of the keys. */
static void probe_keys(const struct capability_machine *machine, const char *const keys[2],
		       struct capability_result *out)
{
	char text[STAT_BYTES];
	unsigned found = 0;
	uint64_t value;
	int ret;

	if (has_no_group(machine, out))
		return;
	ret = read_file(machine, "memory.stat", text, sizeof(text));
	for (unsigned i = 0; !ret && i < 2; i++)
		found += find_key(text, keys[i], &value);
	if (ret)
		probe_unknown(out, "cannot read memory.stat: %s", strerror(-ret));
	else
		probe_found(out, found == 2 ? CAPABILITY_YES : CAPABILITY_NO,
			    "memory.stat has %s%s and %s", found == 2 ? "" : "not both of ",
			    keys[0], keys[1]);
}

void probe_group_swap_keys(const struct capability_machine *machine,
			   struct capability_result *out)
{
	static const char *const keys[2] = { "pswpin", "pswpout" };

	probe_keys(machine, keys, out);
}

void probe_refault_split(const struct capability_machine *machine,
			 struct capability_result *out)
{
	static const char *const keys[2] = { "workingset_refault_anon",
					     "workingset_refault_file" };

	probe_keys(machine, keys, out);
}

static void probe_readable(const struct capability_machine *machine, const char *name,
			   struct capability_result *out)
{
	char text[TEXT_BYTES] = ""; /* untouched where there is no such file */
	int ret;

	if (has_no_group(machine, out))
		return;
	ret = read_file(machine, name, text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	probe_found(out, capability_asked(-ret), "%s: %.64s", name,
		    ret ? strerror(-ret) : text);
}

void probe_group_peak(const struct capability_machine *machine, struct capability_result *out)
{
	probe_readable(machine,
		       machine->cgroup_version == 1 ? "memory.max_usage_in_bytes"
						    : "memory.peak",
		       out);
}

void probe_group_psi(const struct capability_machine *machine, struct capability_result *out)
{
	probe_readable(machine, "memory.pressure", out);
}

/* ---- reclaim ---- */

/* The text is written where there is one; otherwise the file is only opened for it. */
static void probe_writable(const struct capability_machine *machine, const char *name,
			   const char *text, struct capability_result *out)
{
	int ret;

	if (has_no_group(machine, out))
		return;
	ret = write_file(machine, name, text);
	probe_found(out, capability_asked(-ret), "%s%s%s: %s", name, *text ? " = " : "", text,
		    ret ? strerror(-ret) : "taken");
}

/* memory.force_empty has every CPU empty its lists of pages, and is not written. */
void probe_group_reclaim(const struct capability_machine *machine,
			 struct capability_result *out)
{
	if (machine->cgroup_version == 1)
		probe_writable(machine, "memory.force_empty", "", out);
	else
		probe_writable(machine, "memory.reclaim", "0", out);
}

void probe_reclaim_swappiness(const struct capability_machine *machine,
			      struct capability_result *out)
{
	if (machine->cgroup_version == 1)
		probe_found(out, CAPABILITY_NO, "cgroup v1 has memory.swappiness instead");
	else
		probe_writable(machine, "memory.reclaim", "0 swappiness=0", out);
}
