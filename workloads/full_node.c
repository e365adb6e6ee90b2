// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * full_node: allocates memory on a node that is full of clean page cache.
 *
 * Exact: with vm.zone_reclaim_mode=0 the process gets the pages of its node above the low
 *   watermark, the room, and then pages of other nodes; nothing is reclaimed and kswapd is
 *   not woken, because the first pass over the zones, at the low watermark, succeeds on
 *   another node (mm/page_alloc.c, get_page_from_freelist()). With 1 the kernel first reclaims
 *   clean pages of the local node (mm/vmscan.c, node_reclaim()), 32 at a time, and all but a
 *   few pages are local. With the multi-generational LRU of Linux 6.3 and later that reclaim
 *   frees nothing, fails repeatedly (zone_reclaim_failed), and the pages are on other nodes
 *   as with 0.
 * Moves: numa_foreign of the node and numa_miss of the others by the pages on other nodes;
 *   with mode 1 pgsteal_direct, although no allocation stalled.
 * Unchanged: allocstall; with mode 0 pgsteal_direct, and pgsteal_kswapd except for
 *   allocations that the kernel restricts to the node.
 * Caveats: it fills a node, so it is for a guest. Per-CPU lists hold free pages; the claims
 *   require short ones (vm.percpu_pagelist_high_fraction). A node reclaims only for its own
 *   CPUs, and the kernel enables the mode by default only where other nodes are at least 30
 *   away (node_reclaim_distance).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workloads/api/nodes.h"
#include "workloads/api/promise.h"
#include "workloads/act/scratch.h"
#include "workloads/act/worker.h"
#include "workloads/probe/zones.h"

#define MB	    (1ull << 20)
#define STEP_BYTES  MB
#define AHEAD_BYTES (128u << 10) /* default size of readahead */
#define QUERY_PAGES 512
#define FILE_BYTES  (1ull << 40) /* of a sparse file: more than any node */

/*
 * Error of the room: a zone's count of free pages lags by up to 125 pages on each CPU
 * (MAX_THRESHOLD, mm/vmstat.c), and per-CPU lists hold free pages.
 */
#define ZONE_LAG_PAGES 125
#define LIST_PAGES     315 /* four batches of 63, and one in transfer */

struct full_node_params {
	uint64_t size_bytes, home;
};

enum full_node_slot {
	SLOT_ROOM,
	SLOT_CACHE,
	SLOT_HOME,
	SLOT_AWAY,
	SLOT_TAKEN_OVER,
};

#define AT(member) .offset = offsetof(struct full_node_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "16M",
	  .help = "bytes of anonymous memory to allocate, rounded up to whole pages",
	  AT(size_bytes) },
	{ .name = "home",
	  .type = OPTION_COUNT,
	  .fallback = "0",
	  .help = "node that is filled and whose CPUs the worker runs on",
	  AT(home) },
	{ .name = NULL },
};

/* ---- arithmetic ---- */

static uint64_t nr_pages(const struct full_node_params *p, const struct workload_env *env)
{
	return (p->size_bytes + env->page_bytes - 1) / env->page_bytes;
}

static uint64_t bytes_of_node(const struct workload_env *env, uint64_t node)
{
	for (unsigned i = 0; i < env->nr_nodes; i++)
		if (env->nodes[i] == node)
			return env->node_bytes[i];
	return 0;
}

static uint64_t bytes_elsewhere(const struct workload_env *env, uint64_t node)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < env->nr_nodes; i++)
		sum += env->nodes[i] == node ? 0 : env->node_bytes[i];
	return sum;
}

/* Whether the kernel reclaims on the local node before it allocates on another. */
static bool tries(const struct workload_env *env)
{
	return env->zone_reclaim_mode & 7;
}

/*
 * The multi-generational LRU of newer kernels leaves at once where it may neither write nor
 * unmap, as here (mm/vmscan.c, lru_gen_shrink_node()). Measured: 6.1 reclaims, 6.12 does not.
 */
static enum capability_state stays(const struct workload_env *env)
{
	if (!tries(env))
		return CAPABILITY_NO;
	return env->mglru ? env->capability[CAPABILITY_NODE_RECLAIM] : CAPABILITY_YES;
}

static int64_t lag_pages(const struct workload_env *env)
{
	return (int64_t)(ZONE_LAG_PAGES + LIST_PAGES) * env->cpus;
}

static int full_node_check(const void *params, const struct workload_env *env, char *reason,
			   size_t reason_bytes)
{
	const struct full_node_params *p = params;

	if (!bytes_of_node(env, p->home) || !node_has_cpus(env, (unsigned)p->home))
		snprintf(reason, reason_bytes,
			 "home=%" PRIu64 " is not a node with memory and CPUs", p->home);
	else if (p->size_bytes > bytes_elsewhere(env, p->home) / 2)
		snprintf(
			reason, reason_bytes,
			"size exceeds half of the other nodes' memory: they would be full too");
	else
		return 0;
	return -ENODEV;
}

static uint64_t full_node_target(const void *params, const struct workload_env *env)
{
	return nr_pages(params, env) * env->page_bytes;
}

/* The node's cache and the mapping, with page tables and the cache's index. */
static uint64_t full_node_footprint(const void *params, const struct workload_env *env)
{
	const struct full_node_params *p = params;
	const uint64_t bytes = bytes_of_node(env, p->home) + full_node_target(p, env);

	return bytes + bytes / 32 + 4 * MB;
}

static double full_node_seconds(const void *params, const struct workload_env *env)
{
	return (double)full_node_target(params, env) / (env->in_lab ? 1e8 : 1e9);
}

/* ---- promises ---- */

static void claim_placement(const struct full_node_params *p, const struct workload_env *env,
			    struct claims *out)
{
	const int64_t nr = (int64_t)nr_pages(p, env),
		      slack = lag_pages(env) + nr / (int64_t)env_table_entries(env);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "pages_away", .scope = "ledger",
		  .source = "ledger", .counter = "away_pages", .unit = UNIT_PAGES,
		  .relation = RELATION_LE, .basis = BASIS_BOUNDED, .expected = nr / 50,
		  .unless = stays(env) != CAPABILITY_YES,
		  .why = "node_reclaim() reclaims clean pages of the local node; measured: 98 to 100 of 100 pages are local" },
		{ .quantity = "pages_away", .scope = "ledger",
		  .source = "ledger", .counter = "away_pages", .unit = UNIT_PAGES,
		  .basis = BASIS_BOUNDED, .expected = nr, .tolerance = slack,
		  .slot = "room_pages", .slot_mul = -1,
		  .unless = stays(env) != CAPABILITY_NO,
		  .why = "the node gives its pages above low and other nodes the rest; page tables and per-CPU lists are the slack" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_numastat(const struct full_node_params *p, const struct workload_env *env,
			   struct claims *out)
{
	const int64_t nr = (int64_t)nr_pages(p, env);
	struct claim c = { .quantity = "numa_foreign",
			   .source = "numastat",
			   .counter = "numa_foreign",
			   .unit = UNIT_PAGES,
			   .relation = RELATION_BETWEEN,
			   .basis = BASIS_BOUNDED,
			   .tolerance = nr / (int64_t)env_table_entries(env) + 256,
			   .slot = "away_pages" };

	snprintf(c.scope, sizeof(c.scope), "node%" PRIu64, p->home);
	claims_add(
		out, &c,
		"each page preferred here and allocated elsewhere; page tables and the rest of the guest add to it");
}

static void claim_reclaim(const struct full_node_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const bool quiet = !tries(env), local = stays(env) == CAPABILITY_YES;
	const bool futile = !quiet && stays(env) == CAPABILITY_NO;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "allocation_stalls", .scope = "system",
		  .source = "vmstat", .counter = "allocstall_movable",
		  .why = "node_reclaim() does not count as a stall" },
		{ .quantity = "kswapd_reclaimed", .scope = "system",
		  .source = "vmstat", .counter = "pgsteal_kswapd", .unit = UNIT_PAGES,
		  .relation = RELATION_LE, .basis = BASIS_BOUNDED,
		  .expected = (int64_t)nr_pages(p, env) / 16, .unless = !quiet,
		  .why = "the first pass over the zones succeeds on another node; only allocations restricted to this node wake kswapd" },
		{ .quantity = "direct_reclaimed", .scope = "system",
		  .source = "vmstat", .counter = "pgsteal_direct", .unit = UNIT_PAGES,
		  .unless = !quiet,
		  .why = "no allocation requires reclaim" },
		{ .quantity = "zone_reclaim_failed", .scope = "system",
		  .source = "vmstat", .counter = "zone_reclaim_failed", .unless = !quiet,
		  .why = "vm.zone_reclaim_mode=0 does not call node_reclaim()" },
		{ .quantity = "zone_reclaim_failed", .scope = "system",
		  .source = "vmstat", .counter = "zone_reclaim_failed", .relation = RELATION_GE,
		  .expected = 1, .unless = !futile,
		  .why = "with the multi-generational LRU node_reclaim() frees nothing" },
		{ .quantity = "direct_reclaimed", .scope = "system",
		  .source = "vmstat", .counter = "pgsteal_direct", .unit = UNIT_PAGES,
		  .relation = RELATION_GE, .expected = 1, .unless = !local,
		  .why = "node_reclaim() runs in the process and counts as direct reclaim" },
		{ .quantity = "file_pages_reclaimed", .scope = "system",
		  .source = "vmstat", .counter = "pgsteal_file", .unit = UNIT_PAGES,
		  .relation = RELATION_GE, .basis = BASIS_BOUNDED, .tolerance = lag_pages(env),
		  .slot = "taken_over_pages", .slot_mul = 49, .slot_div = 50, .unless = !local,
		  .why = "local pages beyond the room were page cache; a 50th of them its index and other slab" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void full_node_claims(const void *params, const struct workload_env *env,
			     struct claims *out)
{
	const struct full_node_params *p = params;
	const int64_t nr = (int64_t)nr_pages(p, env);
	struct claim home = { .quantity = "pages_home",
			      .scope = "ledger",
			      .source = "ledger",
			      .counter = "home_pages",
			      .unit = UNIT_PAGES,
			      .relation = RELATION_EQ,
			      .basis = BASIS_EXACT,
			      .expected = nr,
			      .slot = "away_pages",
			      .slot_mul = -1 };
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt", .relation = RELATION_BETWEEN,
		  .basis = BASIS_BOUNDED, .expected = nr, .tolerance = 64,
		  .why = "one fault per page on any node; program text that reclaim unmaps faults in again" },
		{ .quantity = "resident_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES,
		  .expected = nr * (int64_t)env->page_bytes,
		  .why = "every page is resident" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
	claims_add(out, &home, "each page is on this node or on another");
	claim_placement(p, env, out);
	claim_numastat(p, env, out);
	if (env->in_lab) /* elsewhere other processes cause reclaim too */
		claim_reclaim(p, env, out);
}

/* ---- in the worker ---- */

struct full_node {
	struct zoneinfo zoneinfo;
	struct scratch file;
	char *map;
	uint64_t nr;
};

/* nodes: NULL where the policy names none. */
static int set_policy(struct worker *w, int policy, const struct nodemask *nodes)
{
	if (!syscall(SYS_set_mempolicy, policy, nodes ? nodes->bits : NULL,
		     nodes ? NODEMASK_BITS : 0))
		return 0;
	return worker_fail(w, errno, "set_mempolicy: %s", strerror(errno));
}

/* Parses "0-1,4" of sysfs. */
static int node_cpus(uint64_t node, cpu_set_t *set)
{
	char path[80], text[8 * CPU_SETSIZE]; /* cpu_set_t has no CPUs beyond it */
	char *at = text, *comma;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%" PRIu64 "/cpulist", node);
	f = fopen(path, "re");
	if (!f || !fgets(text, sizeof(text), f))
		text[0] = '\0';
	if (f)
		fclose(f);
	comma = strchr(text, '\n') ? NULL : strrchr(text, ',');
	if (comma)
		*comma = '\0';
	CPU_ZERO(set);
	while (*at >= '0' && *at <= '9') {
		unsigned long first = strtoul(at, &at, 10), last = first;

		if (*at == '-')
			last = strtoul(at + 1, &at, 10);
		for (; first <= last && first < CPU_SETSIZE; first++)
			CPU_SET(first, set);
		at += *at == ',';
	}
	return CPU_COUNT(set) ? 0 : -ENODEV;
}

static int stay_home(struct worker *w)
{
	const struct full_node_params *p = w->params;
	cpu_set_t cpus;
	int ret = node_cpus(p->home, &cpus);

	if (!ret && sched_setaffinity(0, sizeof(cpus), &cpus))
		ret = -errno;
	return ret ? worker_fail(w, -ret, "cannot run on the CPUs of node %" PRIu64 ": %s",
				 p->home, strerror(-ret))
		   : 0;
}

static int look(struct worker *w, struct zones *zones)
{
	const struct full_node *s = w->state;

	return zoneinfo_look(w, &s->zoneinfo, zones);
}

static uint64_t above(uint64_t pages, uint64_t mark)
{
	return pages > mark ? pages - mark : 0;
}

/* What the node gives before other nodes: its zones' pages above low and protection. */
static int room_of_home(struct worker *w, uint64_t *pages)
{
	const struct full_node_params *p = w->params;
	struct zones zones;
	int ret = look(w, &zones);

	*pages = 0;
	for (unsigned i = 0; !ret && i < zones.nr; i++)
		if (zones.zone[i].node == p->home)
			*pages += above(zones.zone[i].free,
					zones.zone[i].low + zones.zone[i].protection);
	return ret;
}

/*
 * Pages of the node's largest zone above high. Lower zones are not filled: with mode 1 the
 * kernel reclaims rather than allocating from them.
 */
static int left_to_fill(struct worker *w, uint64_t *pages)
{
	const struct full_node_params *p = w->params;
	const struct zone *largest = NULL;
	struct zones zones;
	int ret = look(w, &zones);

	for (unsigned i = 0; !ret && i < zones.nr; i++)
		if (zones.zone[i].node == p->home &&
		    (!largest || zones.zone[i].managed > largest->managed))
			largest = &zones.zone[i];
	*pages = largest ? above(largest->free, largest->high) : 0;
	return ret;
}

/* Reads a sparse file ahead until the node is within 2 MiB of its high watermark. */
static int fill_node(struct worker *w)
{
	const struct full_node_params *p = w->params;
	const struct full_node *s = w->state;
	const uint64_t enough = 2 * bytes_of_node(w->env, p->home);
	uint64_t left = 0, at = 0;
	int ret = left_to_fill(w, &left);

	while (!ret && left > 2 * STEP_BYTES / w->env->page_bytes) {
		for (uint64_t end = at + STEP_BYTES; !ret && at < end; at += AHEAD_BYTES)
			ret = posix_fadvise(s->file.fd, (off_t)at, AHEAD_BYTES,
					    POSIX_FADV_WILLNEED);
		if (ret)
			return worker_fail(w, ret, "cannot read %s ahead: %s", s->file.path,
					   strerror(ret));
		if (at > enough)
			return worker_fail(
				w, EBUSY,
				"node %" PRIu64
				" does not fill: its page cache is reclaimed meanwhile",
				p->home);
		worker_slot_add(w, SLOT_CACHE, STEP_BYTES / w->env->page_bytes);
		ret = worker_should_stop(w) ? -EINTR : left_to_fill(w, &left);
	}
	return ret;
}

static int open_all(struct worker *w)
{
	struct full_node *s = w->state;
	int ret = zoneinfo_open(w, &s->zoneinfo);

	if (!ret)
		ret = scratch_create(w, &s->file);
	if (ret)
		return ret;
	if (ftruncate(s->file.fd, FILE_BYTES))
		return worker_fail(w, errno, "cannot make %s: %s", s->file.path,
				   strerror(errno));
	s->map = worker_map_measured(w, s->nr * w->env->page_bytes, w->env->page_bytes, false);
	return s->map ? 0 : -errno;
}

static int full_node_prepare(struct worker *w)
{
	const struct full_node_params *p = w->params;
	struct full_node *s = calloc(1, sizeof(*s));
	struct nodemask home;
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->file.fd = -1;
	s->nr = nr_pages(p, w->env);
	home = nodemask_of((unsigned)p->home);
	ret = stay_home(w);
	if (!ret)
		ret = open_all(w);
	if (!ret)
		ret = set_policy(w, MPOL_BIND, &home);
	if (!ret)
		ret = fill_node(w);
	/* As the worker's frame sets it: exempt from automatic NUMA balancing. */
	return ret ? ret : set_policy(w, MPOL_LOCAL, NULL);
}

static int count_nodes(struct worker *w)
{
	const struct full_node_params *p = w->params;
	const struct full_node *s = w->state;
	void *page[QUERY_PAGES];
	int status[QUERY_PAGES];

	for (uint64_t first = 0; first < s->nr; first += QUERY_PAGES) {
		const uint64_t nr = s->nr - first < QUERY_PAGES ? s->nr - first : QUERY_PAGES;

		for (uint64_t i = 0; i < nr; i++)
			page[i] = s->map + (first + i) * w->env->page_bytes;
		if (syscall(SYS_move_pages, 0, nr, page, NULL, status, 0) < 0)
			return worker_fail(w, errno, "cannot get the nodes of the pages: %s",
					   strerror(errno));
		for (uint64_t i = 0; i < nr; i++)
			if (status[i] >= 0) /* -ENOENT: not present */
				worker_slot_add(w,
						(uint64_t)status[i] == p->home ? SLOT_HOME
									       : SLOT_AWAY,
						1);
	}
	return 0;
}

static int full_node_run(struct worker *w)
{
	const struct full_node *s = w->state;
	const uint64_t left_out = w->ledger->shortfall_pages;
	uint64_t room;
	int ret = room_of_home(w, &room);

	if (ret)
		return ret;
	worker_slot_set(w, SLOT_ROOM, room);
	for (uint64_t i = left_out; i < s->nr && !worker_should_stop(w); i++)
		*(volatile uint64_t *)(void *)(s->map + i * w->env->page_bytes) = i;
	ret = count_nodes(w);
	if (w->ledger->slot[SLOT_HOME] > room)
		worker_slot_set(w, SLOT_TAKEN_OVER, w->ledger->slot[SLOT_HOME] - room);
	worker_achieved(w, (w->ledger->slot[SLOT_HOME] + w->ledger->slot[SLOT_AWAY]) *
				   w->env->page_bytes);
	return ret;
}

static void full_node_release(struct worker *w)
{
	struct full_node *s = w->state;

	if (!s)
		return;
	if (s->map)
		munmap(s->map, s->nr * w->env->page_bytes);
	zoneinfo_close(&s->zoneinfo);
	scratch_remove(&s->file);
	free(s);
	w->state = NULL;
}

const struct workload full_node_workload = {
	.name = "full_node",
	.summary = "allocations on a node that is full of page cache (for a guest)",
	.truth = "With zone_reclaim_mode=0 the node gives its pages above low and other nodes the rest, predicted to a few hundred pages; with 1 the node's clean cache is reclaimed and the memory is local, but not with the multi-generational LRU of Linux 6.3 and later.",
	.needs = NEED_NODES | NEED_FILES,
	.does = DOES_RECLAIM | DOES_MIGRATE,
	.options = options,
	.params_bytes = sizeof(struct full_node_params),
	.slots = {
		[SLOT_ROOM] = { "room_pages", UNIT_PAGES,
				"free pages of the node above low at the start of run()" },
		[SLOT_CACHE] = { "cache_pages", UNIT_PAGES,
				 "pages of the file that fill the node" },
		[SLOT_HOME] = { "home_pages", UNIT_PAGES, "pages on the node" },
		[SLOT_AWAY] = { "away_pages", UNIT_PAGES, "pages on other nodes" },
		[SLOT_TAKEN_OVER] = { "taken_over_pages", UNIT_PAGES,
				      "pages on the node beyond its room" },
	},
	.check = full_node_check,
	.footprint = full_node_footprint,
	.target = full_node_target,
	.seconds = full_node_seconds,
	.claims = full_node_claims,
	.prepare = full_node_prepare,
	.run = full_node_run,
	.release = full_node_release,
};
