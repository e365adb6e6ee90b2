// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Limits by their cgroup v2 names: which file that is on this version, what is written
 * there, and whether the kernel kept it.
 */
#include "harness/machine/group_part.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workloads/api/arith.h"

static const struct limit_file limit_files[] = {
	{ "memory.max", "memory.limit_in_bytes", false, true },
	{ "memory.swap.max", "memory.memsw.limit_in_bytes", false, true },
	{ "memory.high", NULL, false, true },
	{ "memory.low", NULL, false, true },
	{ "memory.min", NULL, false, true },
	{ "memory.oom.group", NULL, false, false },
	{ "memory.swap.high", NULL, false, true },
	{ "memory.swappiness", "memory.swappiness", false, false },
	{ "cpuset.mems", "cpuset.mems", true, false },
	{ "cpuset.cpus", "cpuset.cpus", true, false },
};

const struct limit_file *limit_file(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(limit_files); i++)
		if (!strcmp(limit_files[i].v2, name))
			return &limit_files[i];
	return NULL;
}

static const struct limit *limit_get(const struct limits *limits, const char *name)
{
	for (unsigned i = 0; limits && i < limits->nr; i++)
		if (!strcmp(limits->limit[i].name, name))
			return &limits->limit[i];
	return NULL;
}

/* memory.max is the part of it that is memory. */
static int memsw_value(const struct limits *limits, const struct limit *swap_max,
		       struct limit *out, struct error *e)
{
	const struct limit *max = limit_get(limits, "memory.max");

	if (!max || !strcmp(max->value, "max"))
		return error_set(
			e, EINVAL,
			"memory.swap.max needs memory.max beside it on cgroup v1, whose memsw limit is memory and swap together");
	snprintf(out->value, sizeof(out->value), "%llu",
		 strtoull(max->value, NULL, 10) + strtoull(swap_max->value, NULL, 10));
	return 0;
}

int limit_translate(const struct group *g, const struct limits *limits,
		    const struct limit *limit, struct limit *out, struct error *e)
{
	const struct limit_file *file = limit_file(limit->name);
	struct limit translated = *limit;
	int ret = 0;

	if (!file || (g->version == 1 && !file->v1))
		return error_set(
			e, EOPNOTSUPP,
			"cgroup v%u has no %s; leave it out or use a guest with the other version (pagestorm lab)",
			g->version, limit->name);
	if (g->version == 1) {
		snprintf(translated.name, sizeof(translated.name), "%s", file->v1);
		if (!strcmp(limit->value, "max"))
			snprintf(translated.value, sizeof(translated.value), "-1");
		else if (!strcmp(limit->name, "memory.swap.max"))
			ret = memsw_value(limits, limit, &translated, e);
	}
	if (!ret)
		*out = translated;
	return ret;
}

/* "0-1" and "0,1" are the same list; the kernel answers with its own spelling. */
static bool same_list(const char *a, const char *b)
{
	bool set_a[HOST_CPU_IDS] = { false }, set_b[HOST_CPU_IDS] = { false };
	const char *const texts[2] = { a, b };
	bool *const sets[2] = { set_a, set_b };

	for (int i = 0; i < 2; i++)
		for (const char *p = texts[i]; isdigit((unsigned char)*p);) {
			char *end;
			unsigned long first = strtoul(p, &end, 10), last = first;

			if (*end == '-')
				last = strtoul(end + 1, &end, 10);
			for (unsigned long n = first; n <= last && n < HOST_CPU_IDS; n++)
				sets[i][n] = true;
			p = *end == ',' ? end + 1 : end;
		}
	return !memcmp(set_a, set_b, sizeof(set_a));
}

static bool same_value(const struct limit_file *file, const char *written, const char *kept)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (file->cpuset)
		return same_list(written, kept);
	if (!strcmp(written, "max") || !strcmp(kept, "max"))
		return !strcmp(written, kept);
	if (!strcmp(written, "-1")) /* v1 answers with the largest page multiple */
		return strtoull(kept, NULL, 10) > INT64_MAX / 2;
	if (file->bytes)
		return strtoull(written, NULL, 10) / page == strtoull(kept, NULL, 10) / page;
	return strtoull(written, NULL, 10) == strtoull(kept, NULL, 10);
}

int limit_read_back(const struct group *g, const struct limit_file *file,
		    const struct limit *written, struct error *e)
{
	char kept[4096];
	int ret = group_read_file(file->cpuset ? g->cpuset_path : g->path, written->name, kept,
				  sizeof(kept));

	if (ret)
		return error_set(e, -ret, "cannot read %s back from %s: %s", written->name,
				 g->path, strerror(-ret));
	kept[strcspn(kept, "\n")] = 0;
	if (same_value(file, written->value, kept))
		return 0;
	return error_set(
		e, EIO,
		"the kernel kept %s = %s where %s was written in %s; the group is not limited as asked and the run was stopped",
		written->name, kept, written->value, g->path);
}
