// SPDX-License-Identifier: GPL-2.0-or-later
/* Tells whose limit an OOM kill was at, by the groups' own counts. */
#include "harness/machine/blame.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/machine/group_part.h"
#include "workloads/api/arith.h"

#define CHARGE_BATCH 64 /* MEMCG_CHARGE_BATCH, include/linux/memcontrol.h */

static uint64_t hits_of(const struct group *g)
{
	uint64_t hits = 0, more = 0;

	if (g->version == 2) {
		if (group_read_key(g, "memory.events.local", "oom", &hits))
			return 0; /* the root has no such file */
		return hits;
	}
	(void)group_read_number(g, "memory.failcnt", &hits); /* absent: 0 hits are known */
	(void)group_read_number(g, "memory.memsw.failcnt", &more); /* without swapaccount=1 */
	return hits + more;
}

static void level_group(const struct blame *blame, unsigned i, struct group *g)
{
	*g = (struct group){ .version = blame->version };
	snprintf(g->path, sizeof(g->path), "%s", blame->level[i].path);
}

static void note_tightest(struct blame *blame, const struct host_limit *limit)
{
	snprintf(blame->limit_group, sizeof(blame->limit_group), "%s",
		 limit->group[0] ? limit->group : "a group above what is visible");
}

void blame_begin(struct blame *blame, const struct host *host)
{
	const struct host_around *around = &host->around;
	char base[HOST_GROUP_BYTES], *slash = base;

	*blame = (struct blame){ .version = host->cgroup_version };
	/* in place nothing but a count shows that a signal was an OOM kill's */
	if (host->place != CGROUP_IN_PLACE && (around->max.set || around->total.set))
		note_tightest(blame, around->total.set ? &around->total : &around->max);
	snprintf(base, sizeof(base), "%s", host->cgroup_base);
	while (slash && blame->nr < BLAME_LEVELS) {
		const unsigned i = blame->nr++;
		struct group g;

		snprintf(blame->level[i].path, sizeof(blame->level[i].path), "%s%s",
			 host->cgroup_mount, base);
		level_group(blame, i, &g);
		blame->level[i].hits = hits_of(&g);
		slash = strrchr(base, '/');
		if (slash)
			*slash = '\0';
	}
}

/* All but what each CPU's batch of charges can have kept from the group. */
static bool peaked(const struct group *g, const char *peak, const char *limit)
{
	const uint64_t batches = CHARGE_BATCH * (uint64_t)sysconf(_SC_NPROCESSORS_CONF) *
				 (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t most, max;

	return !group_read_number(g, peak, &most) && !group_read_number(g, limit, &max) &&
	       max - min(max, batches) <= most;
}

static bool is_own(const struct group *g)
{
	if (g->version == 2)
		return hits_of(g) > 0;
	return peaked(g, "memory.max_usage_in_bytes", "memory.limit_in_bytes") ||
	       peaked(g, "memory.memsw.max_usage_in_bytes", "memory.memsw.limit_in_bytes");
}

enum blamed blame_find(const struct blame *blame, const struct group *const *groups,
		       unsigned nr, char above[GROUP_PATH_BYTES])
{
	for (unsigned i = 0; i < nr; i++)
		if (groups[i]->version && is_own(groups[i]))
			return BLAME_OWN;
	for (unsigned i = 0; i < blame->nr; i++) {
		struct group g;

		level_group(blame, i, &g);
		if (hits_of(&g) <= blame->level[i].hits)
			continue;
		snprintf(above, GROUP_PATH_BYTES, "%s", g.path);
		return BLAME_ABOVE;
	}
	/* v1 does not count each failed charge of memory and swap together */
	if (blame->version != 1 || !blame->limit_group[0])
		return BLAME_MACHINE;
	snprintf(above, GROUP_PATH_BYTES, "%s", blame->limit_group);
	return BLAME_ABOVE;
}
