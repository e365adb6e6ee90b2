// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * numa: memory on chosen nodes, used from a CPU on a chosen node. The only user of libnuma.
 *
 * Truth: the pages of the mapping are on the nodes that the policy names, to the page, by
 *   two instruments: numa_maps and a move_pages(2) query. Interleaved, each node has the
 *   same number. Moved, they are gone from the one node and on the other.
 * Rises: N<node> of numa_maps, the group's anon of that node, numastat of that node
 *   (other_node when no CPU of it asked, interleave_hit when interleaved).
 * Still: N of all other nodes; minor faults when pages are moved and not touched.
 * Beware: page tables come from the local node whatever the policy, and numastat counts
 *   them. Automatic balancing would move pages: the mapping has a policy of its own, which
 *   it respects. preferred spills to other nodes when the wanted one is full.
 */
#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/pattern.h"
#include "workloads/promise.h"
#include "workloads/worker.h"

#define LRU_BATCH_PAGES	   31u /* PAGEVEC_SIZE, include/linux/pagevec.h: 15 or 31 by version */
#define NODE_TEXT	   16
#define LINE_BYTES	   64
#define CHASE_BATCH	   1024 /* loads between two looks at the clock */
#define QUERY_PAGES	   512
#define WEIGHTED_NODES_MAX 8
#define WEIGHTED_POLICY	   6 /* MPOL_WEIGHTED_INTERLEAVE, include/uapi/linux/mempolicy.h, 6.9 */
#define NUMA_MASK_BITS	   (ENV_NODES_MAX + 1) /* the kernel reads one bit less than it is told */

enum numa_mode {
	MODE_BIND,
	MODE_PREFERRED,
	MODE_INTERLEAVE,
	MODE_WEIGHTED,
	MODE_FIRST_TOUCH,
	MODE_MOVE_PAGES,
	MODE_MIGRATE_PAGES,
};

enum numa_access { ACCESS_NONE, ACCESS_LATENCY, ACCESS_BANDWIDTH };

struct numa_params {
	uint64_t size_bytes, duration_ns;
	int mode, access;
	char cpu[NODE_TEXT], memory[NODE_TEXT];
};

enum numa_slot {
	SLOT_PAGES_PLACED,
	SLOT_PAGES_ELSEWHERE,
	SLOT_LATENCY_PS,
	SLOT_BANDWIDTH,
	SLOT_EXPECTED, /* and the next WEIGHTED_NODES_MAX - 1 */
};

struct numa {
	char *map;
	uint64_t pages, page_bytes;
	int cpu_node, memory_node;
	cpu_set_t cpus, memory_cpus; /* of the two nodes */
	uint64_t rng;
};

#define AT(member) .offset = offsetof(struct numa_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "32M",
	  .min = "64K",
	  .help = "bytes to place, rounded up so that every node gets whole pages",
	  AT(size_bytes) },
	{ .name = "mode",
	  .type = OPTION_CHOICE,
	  .fallback = "bind",
	  .choices = "bind|prefer|interleave|weighted|touch|move|migrate",
	  .help = "policy that places the pages, or the system call that moves them",
	  AT(mode) },
	{ .name = "cpu",
	  .type = OPTION_TEXT,
	  .fallback = "first",
	  .help = "node whose CPUs it runs on: first, or a number",
	  .capacity = NODE_TEXT,
	  AT(cpu) },
	{ .name = "memory",
	  .type = OPTION_TEXT,
	  .fallback = "farthest",
	  .help = "node of the memory: local, nearest, farthest (from the CPU), or a number",
	  .capacity = NODE_TEXT,
	  AT(memory) },
	{ .name = "access",
	  .type = OPTION_CHOICE,
	  .fallback = "none",
	  .choices = "none|latency|bandwidth",
	  .help = "then measure dependent loads, or reading all of it",
	  AT(access) },
	{ .name = "duration",
	  .type = OPTION_SECONDS,
	  .fallback = "500ms",
	  .min = "1ms",
	  .max = "1h",
	  .help = "how long to measure",
	  AT(duration_ns) },
	{ .name = NULL },
};

/* ---- which nodes; pure ---- */

static bool has_memory(const struct workload_env *env, int node)
{
	for (unsigned i = 0; i < env->nr_nodes; i++)
		if ((int)env->nodes[i] == node)
			return true;
	return false;
}

static bool has_cpus(const struct workload_env *env, int node)
{
	return node >= 0 && node < ENV_NODES_MAX && env->cpu_nodes >> node & 1;
}

static int node_number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return end != text && !*end && n >= 0 && n < ENV_NODES_MAX ? (int)n : -1;
}

/* The node of the CPUs; -1: there is none such. */
static int cpu_node(const struct numa_params *p, const struct workload_env *env)
{
	int node = node_number(p->cpu);

	if (strcmp(p->cpu, "first"))
		return has_cpus(env, node) ? node : -1;
	for (unsigned i = 0; i < env->nr_nodes; i++)
		if (has_cpus(env, (int)env->nodes[i]))
			return (int)env->nodes[i];
	return env->cpu_nodes ? __builtin_ctzll(env->cpu_nodes) : -1;
}

/* Of the other nodes with memory the nearest or farthest; the lowest number of equals. */
static int by_distance(const struct workload_env *env, int from, bool farthest)
{
	int best = -1;

	for (unsigned i = 0; i < env->nr_nodes; i++) {
		const int node = (int)env->nodes[i];
		const int distance = env->distance[from][node];

		if (node == from)
			continue;
		if (best < 0 || (farthest ? distance > env->distance[from][best]
					  : distance < env->distance[from][best]))
			best = node;
	}
	return best;
}

/* The node of the memory; -1: there is none such. */
static int memory_node(const struct numa_params *p, const struct workload_env *env)
{
	const int from = cpu_node(p, env);
	int node = node_number(p->memory);

	if (from < 0)
		return -1;
	if (!strcmp(p->memory, "local"))
		node = from;
	else if (!strcmp(p->memory, "nearest") || !strcmp(p->memory, "farthest"))
		node = by_distance(env, from, p->memory[0] == 'f');
	return has_memory(env, node) ? node : -1;
}

static bool moves(const struct numa_params *p)
{
	return p->mode == MODE_MOVE_PAGES || p->mode == MODE_MIGRATE_PAGES;
}

static bool spreads(const struct numa_params *p)
{
	return p->mode == MODE_INTERLEAVE || p->mode == MODE_WEIGHTED;
}

/* Whole pages, and as many for each node. */
static uint64_t numa_pages(const struct numa_params *p, const struct workload_env *env)
{
	const uint64_t unit = env->page_bytes * (env->nr_nodes ? env->nr_nodes : 1);

	return (p->size_bytes + unit - 1) / unit * unit / env->page_bytes;
}

static int numa_check(const void *params, const struct workload_env *env, char *reason,
		      size_t reason_bytes)
{
	const struct numa_params *p = params;
	const int cpu = cpu_node(p, env), memory = memory_node(p, env);

	if (cpu < 0)
		snprintf(reason, reason_bytes, "cpu=%s: no node of that name has CPUs here",
			 p->cpu);
	else if (memory < 0 && node_number(p->memory) < 0 && strcmp(p->memory, "local") &&
		 strcmp(p->memory, "nearest") && strcmp(p->memory, "farthest")) {
		snprintf(reason, reason_bytes,
			 "memory=%s is none of local, nearest, farthest or a node's number",
			 p->memory);
		return -EINVAL;
	} else if (memory < 0)
		snprintf(reason, reason_bytes,
			 "memory=%s: no node of that name has memory here", p->memory);
	else if (p->mode == MODE_FIRST_TOUCH && !has_cpus(env, memory))
		snprintf(reason, reason_bytes, "node %d has no CPU that could touch first",
			 memory);
	else if (moves(p) && !has_memory(env, cpu))
		snprintf(reason, reason_bytes, "node %d has no memory to move pages from", cpu);
	else if (moves(p) && memory == cpu)
		snprintf(reason, reason_bytes,
			 "the pages are on node %d already: name another node", memory);
	else if (p->mode == MODE_WEIGHTED && env->kernel < ENV_KERNEL(6, 9))
		snprintf(reason, reason_bytes, "weighted interleave came with Linux 6.9");
	else
		return 0;
	return -ENODEV;
}

static uint64_t numa_target(const void *params, const struct workload_env *env)
{
	return numa_pages(params, env) * env->page_bytes;
}

static uint64_t numa_footprint(const void *params, const struct workload_env *env)
{
	const uint64_t bytes = numa_target(params, env);

	/* A page that moves is charged twice for a moment, in batches of 512 here. */
	return bytes + bytes / 512 + QUERY_PAGES * env->page_bytes +
	       (uint64_t)env_usage_slack_bytes(env) + 16 * env->page_bytes;
}

static double numa_seconds(const void *params, const struct workload_env *env)
{
	const struct numa_params *p = params;

	(void)env; /* the same on every machine */
	return (double)p->size_bytes / 1e9 +
	       (p->access == ACCESS_NONE ? 0.0 : (double)p->duration_ns / 1e9);
}

/* ---- promises ---- */

/* Claims keep pointers to their counters' names. */
static const char *node_name(int node, bool anon)
{
	static char names[2][ENV_NODES_MAX][12];

	snprintf(names[anon][node], sizeof(names[0][0]), anon ? "anon.N%d" : "N%d", node);
	return names[anon][node];
}

static const char *expected_slot(unsigned i)
{
	static const char *const names[WEIGHTED_NODES_MAX] = {
		"expected_0", "expected_1", "expected_2", "expected_3",
		"expected_4", "expected_5", "expected_6", "expected_7",
	};

	return names[i];
}

static int64_t pages_on(const struct numa_params *p, const struct workload_env *env, int node)
{
	const int64_t pages = (int64_t)numa_pages(p, env);

	if (p->mode == MODE_INTERLEAVE)
		return pages / env->nr_nodes;
	if (node == memory_node(p, env))
		return pages;
	return moves(p) && node == cpu_node(p, env) ? -pages : 0;
}

static void claim_node(const struct numa_params *p, const struct workload_env *env, unsigned i,
		       struct claims *out)
{
	const int node = (int)env->nodes[i];
	const int64_t pages = pages_on(p, env, node);
	struct claim c = { .quantity = "pages_on_node",
			   .scope = "mapping",
			   .source = "numa_maps",
			   .counter = node_name(node, false),
			   .unit = UNIT_PAGES,
			   .relation = RELATION_EQ,
			   .basis = BASIS_EXACT,
			   .expected = pages };

	if (p->mode == MODE_WEIGHTED) {
		if (i >= WEIGHTED_NODES_MAX)
			return;
		c.expected = 0;
		c.slot = expected_slot(i);
		claims_add(out, &c, "the node's weight over the sum of the weights");
		return;
	}
	claims_add(out, &c,
		   p->mode == MODE_INTERLEAVE ? "pages go round the nodes one by one"
		   : moves(p)		      ? "all pages are moved from one node to the other"
					      : "the policy names one node and it has room");
	if (p->mode == MODE_MIGRATE_PAGES) /* the frame's own pages move as well */
		return;
	snprintf(c.scope, sizeof(c.scope), "group");
	c.quantity = "group_anonymous_on_node";
	c.source = "memory.numa_stat";
	c.counter = node_name(node, true);
	if (env->cgroup_version == 1) {
		/* v1 counts LRU lists; each CPU keeps a batch that is on none yet (mm/swap.c).
		 */
		c.basis = BASIS_BOUNDED;
		c.tolerance = LRU_BATCH_PAGES * env->cpus;
		claims_add(out, &c,
			   "cgroup v1 counts what is on an LRU list: up to %u pages of each "
			   "CPU are not there yet",
			   LRU_BATCH_PAGES);
		return;
	}
	claims_add(out, &c, "the worker is alone in its group");
}

/*
 * numastat is the machine's: others only add to it. In a quiet guest what they add is the
 * page tables and what the kernel itself takes. alone: nothing else of the process moves.
 */
static void claim_numastat(const struct workload_env *env, int node, const char *counter,
			   int64_t pages, bool alone, struct claims *out)
{
	const bool bounded = env->in_lab && alone;
	struct claim c = { .quantity = counter,
			   .source = "numastat",
			   .counter = counter,
			   .unit = UNIT_PAGES,
			   .relation = bounded ? RELATION_BETWEEN : RELATION_GE,
			   .basis = BASIS_BOUNDED,
			   .expected = pages,
			   .tolerance = bounded ? pages / 512 + 256 : 0 };

	snprintf(c.scope, sizeof(c.scope), "node%d", node);
	claims_add(out, &c,
		   "one allocation a page; page tables and the rest of the machine add to it");
}

static void claim_allocations(const struct numa_params *p, const struct workload_env *env,
			      struct claims *out)
{
	const int memory = memory_node(p, env);
	const int64_t pages = (int64_t)numa_pages(p, env);
	const bool local = p->mode == MODE_FIRST_TOUCH || memory == cpu_node(p, env);

	if (p->mode == MODE_INTERLEAVE)
		for (unsigned i = 0; i < env->nr_nodes; i++)
			claim_numastat(env, (int)env->nodes[i], "interleave_hit",
				       pages / env->nr_nodes, true, out);
	else if (!spreads(p))
		claim_numastat(env, memory, local ? "local_node" : "other_node", pages,
			       p->mode != MODE_MIGRATE_PAGES, out);
}

static void numa_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct numa_params *p = params;
	const int64_t pages = (int64_t)numa_pages(p, env);
	const int64_t bytes = (int64_t)numa_target(p, env);
	const struct promise placed[] = {
		{ "minor_faults", "process", "stat", "minflt", UNIT_COUNT, PROMISE_EXACT,
		  moves(p) ? 0 : pages, 0,
		  moves(p) ? "a moved page is mapped again by the kernel and not by a fault"
			   : "one fault per page" },
		{ "resident_bytes", "mapping", "smaps", "Rss", UNIT_BYTES, PROMISE_EXACT,
		  moves(p) ? 0 : bytes, 0, "each page is written and none is lost on the way" },
		{ "pages_elsewhere", "ledger", "ledger", "pages_elsewhere", UNIT_PAGES,
		  PROMISE_EXACT, 0, 0,
		  "move_pages finds no page on a node that was not promised" },
	};
	const struct promise migrated[] = {
		{ "migrated_pages", "system", "vmstat", "pgmigrate_success", UNIT_PAGES,
		  RELATION_GE, BASIS_BOUNDED, pages, 0, "others may migrate pages as well" },
	};

	/* A plan for a machine with one node is made too, and skipped. */
	if (cpu_node(p, env) < 0 || memory_node(p, env) < 0)
		return;
	for (unsigned i = 0; i < env->nr_nodes; i++)
		claim_node(p, env, i, out);
	PROMISE_ROWS(out, SPAN_WORK, placed);
	if (moves(p))
		PROMISE_ROWS(out, SPAN_WORK, migrated);
	claim_allocations(p, env, out);
}

/* ---- in the worker ---- */

/* libnuma would print and exit; what matters comes back as errno. */
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
	int err = numa_node_to_cpus(node, mask) ? -errno : 0;

	CPU_ZERO(set);
	for (unsigned cpu = 0; !err && cpu < mask->size && cpu < CPU_SETSIZE; cpu++)
		if (numa_bitmask_isbitset(mask, cpu))
			CPU_SET(cpu, set);
	numa_free_cpumask(mask);
	return err;
}

static int pin(struct worker *w, const cpu_set_t *cpus, int node)
{
	if (!sched_setaffinity(0, sizeof(*cpus), cpus))
		return 0;
	return worker_fail(w, errno, "cannot run on the CPUs of node %d: %s", node,
			   strerror(errno));
}

static int set_policy(struct worker *w, const struct numa *s, int policy, unsigned long nodes)
{
	if (!mbind(s->map, s->pages * s->page_bytes, policy, &nodes, NUMA_MASK_BITS, 0))
		return 0;
	return worker_fail(w, errno, "mbind to nodes 0x%lx: %s", nodes, strerror(errno));
}

static unsigned long all_nodes(const struct workload_env *env)
{
	unsigned long mask = 0;

	for (unsigned i = 0; i < env->nr_nodes; i++)
		mask |= 1ul << env->nodes[i];
	return mask;
}

/* Weight of a node for weighted interleave, as the machine has it; 1 when it says nothing. */
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

/* What the weights promise, into the slots; the sum must divide the pages. */
static int expect_weighted(struct worker *w, const struct numa *s)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < w->env->nr_nodes; i++)
		sum += node_weight(w->env->nodes[i]);
	if (s->pages % sum)
		return worker_fail(
			w, EINVAL,
			"the weights add up to %u which does not divide %lu pages: choose "
			"another size",
			sum, (unsigned long)s->pages);
	for (unsigned i = 0; i < w->env->nr_nodes && i < WEIGHTED_NODES_MAX; i++)
		worker_slot_set(w, SLOT_EXPECTED + (int)i,
				s->pages / sum * node_weight(w->env->nodes[i]));
	return 0;
}

static int choose_policy(struct worker *w, const struct numa *s)
{
	const struct numa_params *p = w->params;

	switch ((enum numa_mode)p->mode) {
	case MODE_BIND:
		return set_policy(w, s, MPOL_BIND, 1ul << s->memory_node);
	case MODE_PREFERRED:
		return set_policy(w, s, MPOL_PREFERRED, 1ul << s->memory_node);
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
	return 0; /* local, as the frame has set it for the process */
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
	int err;

	if (!s)
		return worker_fail(w, ENOMEM, "out of memory");
	w->state = s;
	if (numa_available() < 0)
		return worker_fail(w, ENOSYS, "this kernel has no NUMA policies");
	s->page_bytes = w->env->page_bytes;
	s->pages = numa_pages(p, w->env);
	s->cpu_node = cpu_node(p, w->env);
	s->memory_node = memory_node(p, w->env);
	s->rng = w->ledger->seed;
	err = node_cpus(s->cpu_node, &s->cpus);
	if (!err)
		err = node_cpus(s->memory_node, &s->memory_cpus);
	if (err)
		return worker_fail(w, -err, "cannot tell the CPUs of nodes %d and %d: %s",
				   s->cpu_node, s->memory_node, strerror(-err));
	s->map = worker_map_anon(s->pages * s->page_bytes, s->page_bytes, false);
	if (!s->map)
		return worker_fail(w, errno, "cannot map %lu pages: %s",
				   (unsigned long)s->pages, strerror(errno));
	worker_mapping(w, 0, s->map, s->pages * s->page_bytes);
	err = pin(w, &s->cpus, s->cpu_node);
	if (!err)
		err = choose_policy(w, s);
	if (!err && moves(p)) /* there before READY: what is measured is the move */
		touch(s, s->pages);
	return err;
}

static int move_all(struct worker *w, const struct numa *s, uint64_t pages)
{
	void *page[QUERY_PAGES];
	int node[QUERY_PAGES], status[QUERY_PAGES];

	for (uint64_t first = 0; first < pages && !worker_should_stop(w);
	     first += QUERY_PAGES) {
		uint64_t nr = pages - first < QUERY_PAGES ? pages - first : QUERY_PAGES;

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
	const uint64_t left_out = w->ledger->sabotage_pages;
	const uint64_t pages = s->pages > left_out ? s->pages - left_out : 0;
	unsigned long from = 1ul << s->cpu_node, to = 1ul << s->memory_node;
	int err = 0;

	switch ((enum numa_mode)p->mode) {
	case MODE_MOVE_PAGES:
		return move_all(w, s, pages);
	case MODE_MIGRATE_PAGES:
		if (migrate_pages(0, NUMA_MASK_BITS, &from, &to) < 0)
			return worker_fail(w, errno, "migrate_pages to node %d: %s",
					   s->memory_node, strerror(errno));
		return 0;
	case MODE_FIRST_TOUCH:
		err = pin(w, &s->memory_cpus, s->memory_node);
		if (!err)
			touch(s, pages);
		return err ? err : pin(w, &s->cpus, s->cpu_node);
	case MODE_BIND:
	case MODE_PREFERRED:
	case MODE_INTERLEAVE:
	case MODE_WEIGHTED:
		break;
	}
	touch(s, pages);
	return 0;
}

/* Asks the kernel where each page is: placed, or elsewhere. */
static int verify(struct worker *w, const struct numa *s)
{
	const bool spread = spreads(w->params);
	const unsigned long promised = spread ? all_nodes(w->env) : 1ul << s->memory_node;
	uint64_t placed = 0, elsewhere = 0;
	void *page[QUERY_PAGES];
	int status[QUERY_PAGES];

	for (uint64_t first = 0; first < s->pages; first += QUERY_PAGES) {
		uint64_t nr = s->pages - first < QUERY_PAGES ? s->pages - first : QUERY_PAGES;

		for (uint64_t i = 0; i < nr; i++)
			page[i] = s->map + (first + i) * s->page_bytes;
		if (move_pages(0, nr, page, NULL, status, 0) < 0)
			return worker_fail(w, errno, "cannot ask where the pages are: %s",
					   strerror(errno));
		for (uint64_t i = 0; i < nr; i++) {
			if (status[i] < 0) /* -ENOENT: not there */
				continue;
			if (promised >> status[i] & 1)
				placed++;
			else
				elsewhere++;
		}
	}
	worker_slot_set(w, SLOT_PAGES_PLACED, placed);
	worker_slot_set(w, SLOT_PAGES_ELSEWHERE, elsewhere);
	worker_achieved(w, (placed + w->ledger->sabotage_pages) * s->page_bytes);
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
		__asm__ volatile("" ::"r"(sum[0] + sum[1] + sum[2] + sum[3])); /* it is used */
		done += bytes;
		now = worker_now_ns();
		atomic_store_explicit(&w->ledger->moved_bytes, done, memory_order_relaxed);
	}
	if (now > start)
		worker_slot_set(
			w, SLOT_BANDWIDTH,
			(uint64_t)((unsigned __int128)done * 1000000000u / (now - start)));
}

static int numa_run(struct worker *w)
{
	const struct numa_params *p = w->params;
	struct numa *s = w->state;
	int err = place(w, s);

	if (!err)
		err = verify(w, s);
	if (err || p->access == ACCESS_NONE)
		return err;
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
	free(s);
	w->state = NULL;
}

#define EXPECTED(n)                                                                            \
	[SLOT_EXPECTED + (n)] = { "expected_" #n, UNIT_PAGES,                                  \
				  "of node " #n " in order, by the weights" }

const struct workload numa_workload = {
	.name = "numa",
	.summary = "memory on chosen nodes, used from a CPU on a chosen node",
	.truth = "The pages are on the promised nodes, by numa_maps and by move_pages, to the page; "
		 "interleaved evenly, moved completely. Page tables stay local.",
	.needs = NEED_NODES,
	.options = options,
	.params_bytes = sizeof(struct numa_params),
	.slots = {
		[SLOT_PAGES_PLACED] = { "pages_placed", UNIT_PAGES, "found on a promised node" },
		[SLOT_PAGES_ELSEWHERE] = { "pages_elsewhere", UNIT_PAGES, "found on another node" },
		[SLOT_LATENCY_PS] = { "load_latency_ps", UNIT_COUNT,
				      "picoseconds of a dependent load, on average" },
		[SLOT_BANDWIDTH] = { "read_bytes_per_second", UNIT_BYTES, "of one reading CPU" },
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
