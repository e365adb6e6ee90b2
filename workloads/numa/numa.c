// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * numa: memory on chosen nodes, accessed from a CPU on a chosen node. The only user of
 * libnuma.
 *
 * Exact: the pages of the mapping are on the nodes of the policy, to the page, by two
 *   instruments: numa_maps and a move_pages(2) query. Interleaved, each node has the same
 *   number. Migrated, they have left the one node and are on the other.
 * Moves: N<node> of numa_maps, the group's anon of that node, numastat of that node
 *   (other_node for an allocation from a CPU of another node, interleave_hit when
 *   interleaved).
 * Unchanged: N of all other nodes; minor faults when pages are migrated and not touched.
 * Caveats: page tables come from the local node whatever the policy, and numastat counts
 *   them. Automatic NUMA balancing would migrate pages, but leaves a mapping with an explicit
 *   policy alone. MPOL_PREFERRED falls back to other nodes when the preferred one is full.
 */
#include "workloads/numa/numa.h"

#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/act/pattern.h"
#include "workloads/api/nodes.h"

#define LINE_BYTES	64
#define CHASE_BATCH	1024 /* loads between two clock readings */
#define WEIGHTED_POLICY 6    /* MPOL_WEIGHTED_INTERLEAVE, include/uapi/linux/mempolicy.h, 6.9 */

#define AT(member) .offset = offsetof(struct numa_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "32M",
	  .min = "64K",
	  .help = "bytes to place, rounded up to the same number of pages for each node",
	  AT(size_bytes) },
	{ .name = "mode",
	  .type = OPTION_CHOICE,
	  .fallback = "bind",
	  .choices = "bind|prefer|interleave|weighted|touch|move|migrate",
	  .help = "policy that places the pages, or system call that migrates them",
	  AT(mode) },
	{ .name = "spill",
	  .type = OPTION_RATIO,
	  .fallback = "0%",
	  .min = "0",
	  .max = "1",
	  .help = "with mode=prefer: share for which the node, filled first, has no room",
	  AT(spill) },
	{ .name = "cpu",
	  .type = OPTION_TEXT,
	  .fallback = "first",
	  .help = "node whose CPUs it runs on: first, or a number",
	  .capacity = NUMA_TEXT,
	  AT(cpu) },
	{ .name = "memory",
	  .type = OPTION_TEXT,
	  .fallback = "farthest",
	  .help = "node of the memory: local, nearest, farthest (from the CPU), or a number",
	  .capacity = NUMA_TEXT,
	  AT(memory) },
	{ .name = "access",
	  .type = OPTION_CHOICE,
	  .fallback = "none",
	  .choices = "none|latency|bandwidth",
	  .help = "then measure dependent loads, or the bandwidth of reads",
	  AT(access) },
	{ .name = "duration",
	  .type = OPTION_SECONDS,
	  .fallback = "500ms",
	  .min = "1ms",
	  .max = "1h",
	  .help = "duration of the measurement",
	  AT(duration_ns) },
	{ .name = NULL },
};

/* Override libnuma's functions that print and exit; errors are returned in errno. */
void numa_error(char *where)
{
	(void)where;
}

void numa_warn(int number, char *format, ...)
{
	(void)number;
	(void)format;
}

static int node_cpus(int node, cpu_set_t *set)
{
	struct bitmask *mask = numa_allocate_cpumask();
	int ret = numa_node_to_cpus(node, mask) ? -errno : 0;

	CPU_ZERO(set);
	for (unsigned cpu = 0; !ret && cpu < mask->size && cpu < CPU_SETSIZE; cpu++)
		if (numa_bitmask_isbitset(mask, cpu))
			CPU_SET(cpu, set);
	numa_free_cpumask(mask);
	return ret;
}

static int pin(struct worker *w, const cpu_set_t *cpus, int node)
{
	if (!sched_setaffinity(0, sizeof(*cpus), cpus))
		return 0;
	return worker_fail(w, errno, "cannot run on the CPUs of node %d: %s", node,
			   strerror(errno));
}

static int bind_map(struct worker *w, void *map, uint64_t bytes, int policy,
		    struct nodemask nodes)
{
	if (!mbind(map, bytes, policy, nodes.bits, NODEMASK_BITS, 0))
		return 0;
	return worker_fail(w, errno, "mbind to nodes: %s", strerror(errno));
}

static int set_policy(struct worker *w, const struct numa *s, int policy, struct nodemask nodes)
{
	return bind_map(w, s->map, s->pages * s->page_bytes, policy, nodes);
}

int numa_prefer(struct worker *w, void *map, uint64_t bytes, int node)
{
	return bind_map(w, map, bytes, MPOL_PREFERRED, nodemask_of((unsigned)node));
}

int numa_where(void *page)
{
	int node = -ENOENT;

	return move_pages(0, 1, &page, NULL, &node, 0) ? -errno : node;
}

static struct nodemask all_nodes(const struct workload_env *env)
{
	struct nodemask mask = { { 0 } };

	for (unsigned i = 0; i < env->nr_nodes; i++)
		nodemask_add(&mask, env->nodes[i]);
	return mask;
}

/* Weight of a node for weighted interleave in sysfs; 1 where there is none. */
static unsigned node_weight(unsigned node)
{
	char path[96];
	unsigned weight = 1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/mm/mempolicy/weighted_interleave/node%u",
		 node);
	f = fopen(path, "re");
	if (f && fscanf(f, "%u", &weight) != 1)
		weight = 1;
	if (f)
		fclose(f);
	return weight ? weight : 1;
}

/* Sets the slots to what the weights give each node; the sum must divide the pages. */
static int expect_weighted(struct worker *w, const struct numa *s)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < w->env->nr_nodes; i++)
		sum += node_weight(w->env->nodes[i]);
	/* cppcheck-suppress zerodiv ; there is a node, and a weight is 1 or more */
	if (s->pages % sum)
		return worker_fail(
			w, EINVAL,
			"the sum of the weights, %u, does not divide %lu pages: choose another size",
			sum, (unsigned long)s->pages);
	for (unsigned i = 0; i < w->env->nr_nodes && i < NUMA_WEIGHTED_MAX; i++)
		worker_slot_set(w, SLOT_EXPECTED + (int)i,
				s->pages / sum * node_weight(w->env->nodes[i]));
	return 0;
}

static int choose_policy(struct worker *w, const struct numa *s)
{
	const struct numa_params *p = w->params;

	switch ((enum numa_mode)p->mode) {
	case MODE_BIND:
		return set_policy(w, s, MPOL_BIND, nodemask_of((unsigned)s->memory_node));
	case MODE_PREFERRED:
		return set_policy(w, s, MPOL_PREFERRED, nodemask_of((unsigned)s->memory_node));
	case MODE_INTERLEAVE:
		return set_policy(w, s, MPOL_INTERLEAVE, all_nodes(w->env));
	case MODE_WEIGHTED:
		if (expect_weighted(w, s))
			return -EINVAL;
		return set_policy(w, s, WEIGHTED_POLICY, all_nodes(w->env));
	case MODE_FIRST_TOUCH:
	case MODE_MOVE_PAGES:
	case MODE_MIGRATE_PAGES:
		break;
	}
	return 0; /* MPOL_LOCAL, which the worker's frame has set */
}

static void touch(const struct numa *s, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++)
		*(volatile uint64_t *)(s->map + i * s->page_bytes) = i;
}

static int numa_prepare(struct worker *w)
{
	const struct numa_params *p = w->params;
	struct numa *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return worker_fail(w, ENOMEM, "out of memory");
	w->state = s;
	if (numa_available() < 0)
		return worker_fail(w, ENOSYS, "this kernel has no NUMA policies");
	s->page_bytes = w->env->page_bytes;
	s->pages = numa_pages(p, w->env);
	s->cpu_node = numa_cpu_node(p, w->env);
	s->memory_node = numa_memory_node(p, w->env);
	s->rng = w->ledger->seed;
	ret = node_cpus(s->cpu_node, &s->cpus);
	if (!ret)
		ret = node_cpus(s->memory_node, &s->memory_cpus);
	if (ret)
		return worker_fail(w, -ret, "cannot get the CPUs of nodes %d and %d: %s",
				   s->cpu_node, s->memory_node, strerror(-ret));
	s->map = worker_map_measured(w, s->pages * s->page_bytes, s->page_bytes, false);
	if (!s->map)
		return -errno;
	ret = pin(w, &s->cpus, s->cpu_node);
	if (!ret)
		ret = choose_policy(w, s);
	if (!ret && numa_fills(p))
		ret = numa_fill_node(w, s);
	if (!ret && numa_moves(p)) /* present before READY: only the migration is measured */
		touch(s, s->pages);
	return ret;
}

static int move_all(struct worker *w, const struct numa *s, uint64_t pages)
{
	void *page[NUMA_BATCH_PAGES];
	int node[NUMA_BATCH_PAGES], status[NUMA_BATCH_PAGES];

	for (uint64_t first = 0; first < pages && !worker_should_stop(w);
	     first += NUMA_BATCH_PAGES) {
		uint64_t nr =
			pages - first < NUMA_BATCH_PAGES ? pages - first : NUMA_BATCH_PAGES;

		for (uint64_t i = 0; i < nr; i++) {
			page[i] = s->map + (first + i) * s->page_bytes;
			node[i] = s->memory_node;
		}
		if (move_pages(0, nr, page, node, status, MPOL_MF_MOVE) < 0)
			return worker_fail(w, errno, "move_pages to node %d: %s",
					   s->memory_node, strerror(errno));
	}
	return 0;
}

static int place(struct worker *w, const struct numa *s)
{
	const struct numa_params *p = w->params;
	const uint64_t left_out = w->ledger->shortfall_pages;
	const uint64_t pages = s->pages > left_out ? s->pages - left_out : 0;
	const struct nodemask from = nodemask_of((unsigned)s->cpu_node);
	const struct nodemask to = nodemask_of((unsigned)s->memory_node);
	int ret = 0;

	switch ((enum numa_mode)p->mode) {
	case MODE_MOVE_PAGES:
		return move_all(w, s, pages);
	case MODE_MIGRATE_PAGES:
		if (migrate_pages(0, NODEMASK_BITS, from.bits, to.bits) < 0)
			return worker_fail(w, errno, "migrate_pages to node %d: %s",
					   s->memory_node, strerror(errno));
		return 0;
	case MODE_FIRST_TOUCH:
		ret = pin(w, &s->memory_cpus, s->memory_node);
		if (!ret)
			touch(s, pages);
		return ret ? ret : pin(w, &s->cpus, s->cpu_node);
	case MODE_BIND:
	case MODE_PREFERRED:
	case MODE_INTERLEAVE:
	case MODE_WEIGHTED:
		break;
	}
	touch(s, pages);
	return 0;
}

static void count_node(struct worker *w, int node)
{
	for (unsigned i = 0; i < w->env->nr_nodes && i < NUMA_WEIGHTED_MAX; i++)
		if ((int)w->env->nodes[i] == node)
			worker_slot_add(w, SLOT_EXPECTED + (int)i, 1);
}

/* Queries the node of each page: a promised one, or another. */
static int verify(struct worker *w, const struct numa *s)
{
	const bool spread = numa_spreads(w->params);
	const struct nodemask promised =
		spread ? all_nodes(w->env) : nodemask_of((unsigned)s->memory_node);
	uint64_t placed = 0, elsewhere = 0;
	void *page[NUMA_BATCH_PAGES];
	int status[NUMA_BATCH_PAGES];

	for (uint64_t first = 0; first < s->pages; first += NUMA_BATCH_PAGES) {
		uint64_t nr = s->pages - first < NUMA_BATCH_PAGES ? s->pages - first
								  : NUMA_BATCH_PAGES;

		for (uint64_t i = 0; i < nr; i++)
			page[i] = s->map + (first + i) * s->page_bytes;
		if (move_pages(0, nr, page, NULL, status, 0) < 0)
			return worker_fail(w, errno, "cannot get the nodes of the pages: %s",
					   strerror(errno));
		for (uint64_t i = 0; i < nr; i++) {
			if (status[i] < 0) /* -ENOENT: not present */
				continue;
			if (numa_fills(w->params))
				count_node(w, status[i]);
			if (nodemask_has(&promised, status[i]))
				placed++;
			else
				elsewhere++;
		}
	}
	worker_slot_set(w, SLOT_PAGES_PLACED, placed);
	worker_slot_set(w, SLOT_PAGES_ELSEWHERE, elsewhere);
	if (numa_fills(w->params))
		placed += elsewhere;
	worker_achieved(w, (placed + w->ledger->shortfall_pages) * s->page_bytes);
	return 0;
}

/* A random cycle through every cache line: Sattolo's algorithm, in the lines themselves. */
static void link_lines(struct numa *s, uint64_t lines)
{
	uint64_t *next = (uint64_t *)(void *)s->map;
	const uint64_t words = LINE_BYTES / sizeof(*next);

	for (uint64_t i = 0; i < lines; i++)
		next[i * words] = i * words;
	for (uint64_t i = lines - 1; i > 0; i--) {
		uint64_t j = prng_below(&s->rng, i), keep = next[i * words];

		next[i * words] = next[j * words];
		next[j * words] = keep;
	}
}

static void measure_latency(struct worker *w, struct numa *s, uint64_t end_ns)
{
	const volatile uint64_t *next = (const volatile uint64_t *)(void *)s->map;
	uint64_t at = 0, loads = 0, start = worker_now_ns(), before = start, now = start;

	while (now < end_ns && !worker_should_stop(w)) {
		for (unsigned i = 0; i < CHASE_BATCH; i++)
			at = next[at];
		now = worker_now_ns();
		histogram_add(&w->ledger->latency, (now - before) / CHASE_BATCH);
		before = now;
		loads += CHASE_BATCH;
		atomic_store_explicit(&w->ledger->ops, loads, memory_order_relaxed);
	}
	if (loads)
		worker_slot_set(w, SLOT_LATENCY_PS, (now - start) * 1000 / loads);
}

static void measure_bandwidth(struct worker *w, const struct numa *s, uint64_t end_ns)
{
	const uint64_t bytes = s->pages * s->page_bytes, words = bytes / sizeof(uint64_t);
	const uint64_t *word = (const uint64_t *)(const void *)s->map;
	const uint64_t start = worker_now_ns();
	uint64_t done = 0, now = start;

	while (now < end_ns && !worker_should_stop(w)) {
		uint64_t sum[4] = { 0 };

		for (uint64_t i = 0; i + 4 <= words; i += 4)
			for (unsigned k = 0; k < 4; k++)
				sum[k] += word[i + k];
		__asm__ volatile(
			"" ::"r"(sum[0] + sum[1] + sum[2] + sum[3])); /* keeps the loop */
		done += bytes;
		now = worker_now_ns();
		atomic_store_explicit(&w->ledger->moved_bytes, done, memory_order_relaxed);
	}
	if (now > start)
		worker_slot_set(
			w, SLOT_BANDWIDTH,
			(uint64_t)((unsigned __int128)done * 1000000000u / (now - start)));
}

/* Places the pages on a node with too little room, and counts those that spilled. */
static int place_and_spill(struct worker *w, struct numa *s)
{
	struct numa_spilled after = { 0 };
	int ret = numa_count_spilled(w, &s->before);

	if (!ret)
		ret = place(w, s);
	if (!ret)
		ret = numa_count_spilled(w, &after);
	if (ret)
		return ret;
	worker_slot_set(w, SLOT_MISS, after.miss - s->before.miss);
	worker_slot_set(w, SLOT_FOREIGN, after.foreign - s->before.foreign);
	return 0;
}

static int numa_run(struct worker *w)
{
	const struct numa_params *p = w->params;
	struct numa *s = w->state;
	int ret = numa_fills(p) ? place_and_spill(w, s) : place(w, s);

	if (!ret)
		ret = verify(w, s);
	if (ret || p->access == ACCESS_NONE)
		return ret;
	if (p->access == ACCESS_BANDWIDTH) {
		measure_bandwidth(w, s, worker_now_ns() + p->duration_ns);
		return 0;
	}
	link_lines(s, s->pages * s->page_bytes / LINE_BYTES);
	measure_latency(w, s, worker_now_ns() + p->duration_ns);
	return 0;
}

static void numa_release(struct worker *w)
{
	struct numa *s = w->state;

	if (s && s->map)
		munmap(s->map, s->pages * s->page_bytes);
	if (s && s->filler)
		munmap(s->filler, s->filler_bytes);
	free(s);
	w->state = NULL;
}

#define EXPECTED(n)                                                                            \
	[SLOT_EXPECTED + (n)] = { "expected_" #n, UNIT_PAGES,                                  \
				  "pages of node " #n                                          \
				  " in order, by weight or by where they spilled" }

const struct workload numa_workload = {
	.name = "numa",
	.summary = "memory on chosen nodes, accessed from a CPU on a chosen node",
	.truth = "The pages are on the promised nodes, by numa_maps and by move_pages, to the page: interleaved evenly, migrated completely. Page tables stay local.",
	.needs = NEED_NODES,
	.does = DOES_MIGRATE,
	.options = options,
	.params_bytes = sizeof(struct numa_params),
	.slots = {
		[SLOT_PAGES_PLACED] = { "pages_placed", UNIT_PAGES, "pages on a promised node" },
		[SLOT_PAGES_ELSEWHERE] = { "pages_elsewhere", UNIT_PAGES, "pages on another node" },
		[SLOT_LATENCY_PS] = { "load_latency_ps", UNIT_COUNT,
				      "mean picoseconds of a dependent load" },
		[SLOT_BANDWIDTH] = { "read_bytes_per_second", UNIT_BYTES,
				     "read bandwidth of one CPU" },
		[SLOT_MISS] = { "numa_miss_pages", UNIT_PAGES,
				"numa_miss of all nodes: allocated on a node that was not preferred" },
		[SLOT_FOREIGN] = { "numa_foreign_pages", UNIT_PAGES,
				   "numa_foreign of all nodes: preferred here and allocated elsewhere" },
		EXPECTED(0), EXPECTED(1), EXPECTED(2), EXPECTED(3),
		EXPECTED(4), EXPECTED(5), EXPECTED(6), EXPECTED(7),
	},
	.rate_metric = true,
	.check = numa_check,
	.footprint = numa_footprint,
	.target = numa_target,
	.seconds = numa_seconds,
	.claims = numa_claims,
	.prepare = numa_prepare,
	.run = numa_run,
	.release = numa_release,
};
