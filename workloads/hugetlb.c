// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hugetlb: huge pages from a reserved pool: promised, taken, and one too many.
 *
 * Truth: fault takes N pages that were reserved before READY: N faults, the pool's free
 *   and reserved pages fall by N, HugetlbPages and Private_Hugetlb rise by them.
 *   reserve maps and touches nothing: N are reserved and none is taken. noreserve takes
 *   without a promise. beyond reserves, then asks for one page more than the pool has
 *   left, which is refused with ENOMEM, and for all that is left, which is not. With
 *   node= all of it comes from that node's pool and none from the others'; a request for
 *   more than the node has free is refused although other nodes have some. noreserve may
 *   ask for more than the pool has where vm.nr_overcommit_hugepages lets it grow: what it
 *   grows by is surplus, on the node of the policy, and goes when the process does.
 * Rises: minflt, HugetlbPages, Private_Hugetlb; HugePages_Free falls and HugePages_Rsvd
 *   moves: exact in a guest, at least so where others use the pool as well.
 * Still: VmRSS, Rss, Anonymous, the group's anon and its usage: the pool was taken from
 *   the machine when it grew, and no group is charged for it (unless cgroup2 is mounted
 *   with memory_hugetlb_accounting, Linux 6.7).
 * Beware: whoever sums RSS does not see this memory. meminfo tells of the default size
 *   only; the ledger's pool_taken and pool_reserved, from sysfs, of either. A page that
 *   noreserve cannot have is a SIGBUS, not an ENOMEM: the plan refuses that.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workloads/api/arith.h"
#include "workloads/act/fill.h"
#include "workloads/probe/folios.h"
#include "workloads/api/promise.h"
#include "workloads/act/worker.h"

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif

#define MIB (1ull << 20)

enum hugetlb_kind { KIND_FAULT, KIND_RESERVE, KIND_NORESERVE, KIND_BEYOND };
enum hugetlb_page { PAGE_2M, PAGE_1G };
enum hugetlb_touch { FIRST_WORD, EVERY_BYTE };

#define NODE_TEXT 16

struct hugetlb_params {
	uint64_t size_bytes;
	int page, kind, touch;
	char node[NODE_TEXT];
	char fill[FILL_TEXT_BYTES];
};

enum hugetlb_slot {
	SLOT_HUGE_PAGES,
	SLOT_POOL_TAKEN,
	SLOT_POOL_RESERVED,
	SLOT_REFUSED,
	SLOT_GRANTED,
};

#define AT(member) .offset = offsetof(struct hugetlb_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "4K",
	  .help = "bytes to map, rounded up to whole huge pages",
	  AT(size_bytes) },
	{ .name = "page",
	  .type = OPTION_CHOICE,
	  .fallback = "2M",
	  .choices = "2M|1G",
	  .help = "size of the huge pages; each has a pool of its own",
	  AT(page) },
	{ .name = "mode",
	  .type = OPTION_CHOICE,
	  .fallback = "fault",
	  .choices = "fault|reserve|noreserve|beyond",
	  .help = "take what was reserved, only reserve, take unreserved, or ask for too much",
	  AT(kind) },
	{ .name = "node",
	  .type = OPTION_TEXT,
	  .fallback = "any",
	  .help = "node whose pool of 2 MiB it is bound to: a number, or any",
	  .capacity = NODE_TEXT,
	  AT(node) },
	{ .name = "touch",
	  .type = OPTION_CHOICE,
	  .fallback = "bytes",
	  .choices = "word|bytes",
	  .help = "write one word per huge page, or every byte",
	  AT(touch) },
	{ .name = "fill",
	  .type = OPTION_TEXT,
	  .fallback = "random",
	  .help = FILL_HELP,
	  .capacity = FILL_TEXT_BYTES,
	  AT(fill) },
	{ .name = NULL },
};

/* ---- arithmetic ---- */

static uint64_t huge_bytes(const struct hugetlb_params *p)
{
	return p->page == PAGE_1G ? 1024 * MIB : 2 * MIB;
}

static uint64_t nr_huge(const struct hugetlb_params *p)
{
	return (p->size_bytes + huge_bytes(p) - 1) / huge_bytes(p);
}

static bool touches(const struct hugetlb_params *p)
{
	return p->kind == KIND_FAULT || p->kind == KIND_NORESERVE;
}

/* The mapping is there before READY: what is measured is the faults. */
static bool maps_early(const struct hugetlb_params *p)
{
	return touches(p);
}

/* The node's place in env->nodes; -1: any node; -2: there is no such node. */
static int node_index(const struct hugetlb_params *p, const struct workload_env *env)
{
	char *end;
	unsigned long node = strtoul(p->node, &end, 10);

	if (!p->node[0] || !strcmp(p->node, "any"))
		return -1;
	for (unsigned i = 0; i < env->nr_nodes; i++)
		if (end != p->node && !*end && env->nodes[i] == node)
			return (int)i;
	return -2;
}

/* Free pages of the pool, or of the node's part of it. */
static uint64_t pool_pages(const struct hugetlb_params *p, const struct workload_env *env)
{
	const int node = node_index(p, env);

	if (p->page == PAGE_1G)
		return env->hugetlb_1g;
	return node < 0 ? env->hugetlb_2m : env->hugetlb_2m_node[node];
}

/* Pages by which the pool grows for the process and shrinks after it. */
static uint64_t nr_surplus(const struct hugetlb_params *p, const struct workload_env *env)
{
	const uint64_t pool = pool_pages(p, env);

	return p->kind == KIND_NORESERVE && nr_huge(p) > pool ? nr_huge(p) - pool : 0;
}

static uint64_t hugetlb_target(const void *params, const struct workload_env *env)
{
	const struct hugetlb_params *p = params;

	(void)env; /* the size of a huge page is the parameter's */
	return nr_huge(p) * huge_bytes(p);
}

/* No group is charged for the pool's pages. */
static uint64_t hugetlb_footprint(const void *params, const struct workload_env *env)
{
	(void)params;
	return 2 * MIB + (uint64_t)env_usage_slack_bytes(env);
}

static double hugetlb_seconds(const void *params, const struct workload_env *env)
{
	return (double)hugetlb_target(params, env) / 2e9;
}

static int hugetlb_check(const void *params, const struct workload_env *env, char *reason,
			 size_t reason_bytes)
{
	const struct hugetlb_params *p = params;
	const uint64_t pool = pool_pages(p, env), surplus = nr_surplus(p, env);

	if (fill_parse(p->fill, NULL, NULL)) {
		snprintf(reason, reason_bytes,
			 "fill is none of zero, same, random and a share such as 50%%");
		return -EINVAL;
	}
	if (node_index(p, env) != -1 && p->page == PAGE_1G) {
		snprintf(reason, reason_bytes, "node is for pages of 2M: use node=any");
		return -EINVAL;
	}
	if (node_index(p, env) == -2) {
		snprintf(reason, reason_bytes, "node=%s: no node of that number has memory",
			 p->node);
		return -ENODEV;
	}
	if (pool >= nr_huge(p) ||
	    (p->page == PAGE_2M && surplus && surplus <= env->hugetlb_2m_overcommit))
		return 0;
	snprintf(reason, reason_bytes,
		 "needs %" PRIu64 " free huge pages of %s and the pool has %" PRIu64
		 "; add hugepages.%" PRIu64 "kB=%" PRIu64,
		 nr_huge(p), p->page == PAGE_1G ? "1 GiB" : "2 MiB", pool, huge_bytes(p) / 1024,
		 nr_huge(p));
	return -ENODEV;
}

/* ---- promises ---- */

/*
 * Parts of VmRSS that this kernel may keep to a CPU or a thread: until Linux 6.17, by up
 * to max(32, 2 CPUs) pages on each CPU (lib/percpu_counter.c), before 6.2 by 64 of three
 * counters each (mm/memory.c).
 */
static int64_t rss_lag_bytes(const struct workload_env *env)
{
	const uint64_t batch = env->cpus > 16 ? 2 * env->cpus : 32;
	const uint64_t pages = env->kernel >= ENV_KERNEL(6, 17)	 ? 0
			       : env->kernel >= ENV_KERNEL(6, 2) ? batch * env->cpus
								 : 3 * 64;

	return (int64_t)(pages * env->page_bytes);
}

static void claim_process(const struct hugetlb_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const int64_t taken = touches(p) ? (int64_t)hugetlb_target(p, env) : 0;
	const int64_t faults = touches(p) ? (int64_t)nr_huge(p) : 0;
	const int64_t mapped = maps_early(p) ? 0 : (int64_t)hugetlb_target(p, env);
	const int64_t lag = rss_lag_bytes(env);
	const char *apart = "hugetlb pages are counted apart from resident memory";
	const struct promise rows[] = {
		{ "minor_faults", "process", "stat", "minflt", UNIT_COUNT, PROMISE_EXACT,
		  faults, 0, faults ? "one fault per huge page" : "nothing is touched" },
		{ "major_faults", "process", "stat", "majflt", UNIT_COUNT, PROMISE_EXACT, 0, 0,
		  "the pool is in memory" },
		{ "hugetlb_bytes", "process", "status", "HugetlbPages", UNIT_BYTES,
		  PROMISE_EXACT, taken, 0,
		  taken ? "each page that was touched" : "a reservation is no page yet" },
		{ "virtual_bytes", "process", "status", "VmSize", UNIT_BYTES, PROMISE_EXACT,
		  mapped, 0, mapped ? "mapped in run()" : "mapped before READY" },
		{ "status_resident_bytes", "process", "status", "VmRSS", UNIT_BYTES,
		  RELATION_EQ, lag ? BASIS_BOUNDED : BASIS_EXACT, 0, lag, apart },
		{ "resident_bytes", "process", "smaps_rollup", "Rss", UNIT_BYTES, PROMISE_EXACT,
		  0, 0, apart },
		{ "private_hugetlb_bytes", "process", "smaps_rollup", "Private_Hugetlb",
		  UNIT_BYTES, PROMISE_EXACT, taken, 0, "each page has one mapper" },
		{ "shared_hugetlb_bytes", "process", "smaps_rollup", "Shared_Hugetlb",
		  UNIT_BYTES, PROMISE_EXACT, 0, 0, "each page has one mapper" },
		{ "huge_pages", "ledger", "ledger", "huge_pages", UNIT_COUNT, PROMISE_EXACT,
		  faults, 0, "page frames that begin a hugetlb page" },
	};
	const struct promise mapping[] = {
		{ "mapping_hugetlb_bytes", "mapping", "smaps", "Private_Hugetlb", UNIT_BYTES,
		  PROMISE_EXACT, taken, 0, "each page that was touched" },
		{ "mapping_resident_bytes", "mapping", "smaps", "Rss", UNIT_BYTES,
		  PROMISE_EXACT, 0, 0, apart },
	};

	PROMISE_ROWS(out, SPAN_WORK, rows);
	if (maps_early(p))
		PROMISE_ROWS(out, SPAN_WORK, mapping);
}

static void claim_group(const struct hugetlb_params *p, const struct workload_env *env,
			struct claims *out)
{
	const int64_t faults = touches(p) ? (int64_t)nr_huge(p) : 0;
	const struct promise rows[] = {
		{ "group_faults", "group", "memory.stat", "pgfault", UNIT_COUNT, PROMISE_EXACT,
		  faults, 0, "the worker is alone in its group" },
		{ "group_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, PROMISE_EXACT, 0, 0, "no group is charged for the pool" },
	};
	const struct promise_usage usage = { .tables_most = 4 * (int64_t)env->page_bytes,
					     .why = "no group is charged for the pool" };

	PROMISE_ROWS(out, SPAN_WORK, rows);
	promise_usage(out, env, &usage);
}

/* ---- the pool, which is the machine's ---- */

struct pool_row {
	const char *quantity, *scope, *source, *counter;
	enum span span;
	int64_t expected;
	const char *why;
};

/* Who else takes or reserves pages only makes the movement larger. */
static void claim_pool_row(const struct workload_env *env, const struct pool_row *row,
			   struct claims *out)
{
	struct claim c = { .quantity = row->quantity,
			   .span = row->span,
			   .source = row->source,
			   .counter = row->counter,
			   .unit = UNIT_COUNT,
			   .relation = row->expected < 0 ? RELATION_LE : RELATION_GE,
			   .basis = BASIS_DIRECTION,
			   .expected = row->expected };

	snprintf(c.scope, sizeof(c.scope), "%s", row->scope);
	if (env->in_lab) {
		c.relation = RELATION_EQ;
		c.basis = BASIS_EXACT;
	} else if (!row->expected) {
		return; /* others may move it either way */
	}
	claims_add(out, &c, "%s", row->why);
}

static void claim_pool(const struct hugetlb_params *p, const struct workload_env *env,
		       struct claims *out)
{
	const int64_t nr = (int64_t)nr_huge(p), taken = touches(p) ? nr : 0;
	const int64_t reserved = p->kind == KIND_FAULT ? -nr : taken ? 0 : nr;
	const char *free_why = taken ? "what is touched leaves the pool"
				     : "a reservation takes no page from the pool";
	const char *surplus_why = nr_surplus(p, env)
					  ? "the pool grows by what it lacks"
					  : "the pool was grown before and keeps its size";
	const char *reserved_why = reserved < 0	  ? "a fault makes a promise good"
				   : reserved > 0 ? "mmap reserves what it may need"
						  : "MAP_NORESERVE";
	const int64_t surplus = (int64_t)nr_surplus(p, env);
	const struct pool_row both[] = {
		{ "pool_taken", "ledger", "ledger", "pool_taken", SPAN_WORK, taken - surplus,
		  free_why },
		{ "pool_reserved", "ledger", "ledger", "pool_reserved", SPAN_WORK,
		  reserved > 0 ? reserved : 0, reserved_why },
	};
	const struct pool_row in_meminfo[] = {
		{ "pool_free", "system", "meminfo", "HugePages_Free", SPAN_WORK,
		  surplus - taken, free_why },
		{ "pool_reserved", "system", "meminfo", "HugePages_Rsvd", SPAN_WORK, reserved,
		  reserved_why },
		{ "pool_total", "system", "meminfo", "HugePages_Total", SPAN_WORK, surplus,
		  surplus_why },
		{ "pool_surplus", "system", "meminfo", "HugePages_Surp", SPAN_WORK, surplus,
		  surplus_why },
		{ "left_pool_surplus", "system", "meminfo", "HugePages_Surp", SPAN_RESIDUE, 0,
		  "what the pool grew by goes with the process" },
		{ "left_pool_free", "system", "meminfo", "HugePages_Free", SPAN_RESIDUE, 0,
		  "the pages are back in the pool" },
		{ "left_pool_reserved", "system", "meminfo", "HugePages_Rsvd", SPAN_RESIDUE,
		  p->kind == KIND_FAULT ? -nr : 0, "no promise outlives its process" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(both); i++)
		claim_pool_row(env, &both[i], out);
	for (size_t i = 0; p->page == PAGE_2M && i < ARRAY_SIZE(in_meminfo); i++)
		claim_pool_row(env, &in_meminfo[i], out);
}

/* Node by node: the one that is named gives all and the others nothing. */
static void claim_node_pools(const struct hugetlb_params *p, const struct workload_env *env,
			     struct claims *out)
{
	const int home = node_index(p, env);
	const int64_t taken = touches(p) ? (int64_t)nr_huge(p) : 0;
	const int64_t surplus = (int64_t)nr_surplus(p, env);

	for (unsigned i = 0; home >= 0 && i < env->nr_nodes; i++) {
		const bool here = (int)i == home;
		char scope[16];
		const struct pool_row rows[] = {
			{ "node_pool_free", scope, "meminfo", "HugePages_Free", SPAN_WORK,
			  here ? surplus - taken : 0,
			  here ? "the policy names this node"
			       : "the policy names another node" },
			{ "node_pool_surplus", scope, "meminfo", "HugePages_Surp", SPAN_WORK,
			  here ? surplus : 0, "the pool grows where the policy says" },
			{ "node_pool_total", scope, "meminfo", "HugePages_Total", SPAN_WORK,
			  here ? surplus : 0, "the pool's own pages and the surplus" },
			{ "left_node_pool_free", scope, "meminfo", "HugePages_Free",
			  SPAN_RESIDUE, 0, "the pages are back in their node's pool" },
		};

		snprintf(scope, sizeof(scope), "node%u", env->nodes[i]);
		for (size_t k = 0; k < ARRAY_SIZE(rows); k++)
			claim_pool_row(env, &rows[k], out);
	}
}

static void claim_node_maps(const struct hugetlb_params *p, const struct workload_env *env,
			    struct claims *out)
{
	static char names[ENV_NODES_MAX][16]; /* claims keep pointers to their counters */
	const int home = node_index(p, env);

	for (unsigned i = 0; home >= 0 && touches(p) && i < env->nr_nodes; i++) {
		const struct promise row = { "huge_pages_on_node",
					     "mapping",
					     "numa_maps",
					     names[i],
					     UNIT_COUNT,
					     PROMISE_EXACT,
					     (int)i == home ? (int64_t)nr_huge(p) : 0,
					     0,
					     "the policy names one node" };

		snprintf(names[i], sizeof(names[i]), "N%u", env->nodes[i]);
		promise_add(out, SPAN_WORK, &row, 1);
	}
}

static void claim_beyond(struct claims *out)
{
	const struct promise rows[] = {
		{ "requests_refused", "ledger", "ledger", "refused", UNIT_COUNT, PROMISE_EXACT,
		  1, 0, "one page more than the pool has left: ENOMEM" },
		{ "requests_granted", "ledger", "ledger", "granted", UNIT_COUNT, PROMISE_EXACT,
		  1, 0, "all that the pool has left" },
	};

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void hugetlb_claims(const void *params, const struct workload_env *env,
			   struct claims *out)
{
	const struct hugetlb_params *p = params;

	claim_process(p, env, out);
	claim_group(p, env, out);
	claim_pool(p, env, out);
	claim_node_pools(p, env, out);
	claim_node_maps(p, env, out);
	if (p->kind == KIND_BEYOND)
		claim_beyond(out);
}

/* ---- in the worker ---- */

enum pool_file {
	POOL_FREE,
	POOL_RESERVED,
	POOL_OVERCOMMIT,
	POOL_SURPLUS,
	POOL_NODE_FREE,
	NR_POOL_FILES,
};

struct pool {
	int fd[NR_POOL_FILES];
};

struct hugetlb {
	char *map;
	uint64_t bytes, left_out; /* left_out: huge pages; the test hook */
	uint64_t free_before, reserved_before;
	struct pool pool;
	struct folios folios;
	struct fill fill;
};

static int pool_open(struct worker *w, struct pool *pool)
{
	static const char *const names[] = { "free_hugepages", "resv_hugepages",
					     "nr_overcommit_hugepages", "surplus_hugepages" };
	char path[96];

	for (unsigned i = 0; i < POOL_NODE_FREE; i++) {
		snprintf(path, sizeof(path),
			 "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB/%s",
			 huge_bytes(w->params) / 1024, names[i]);
		pool->fd[i] = open(path, O_RDONLY | O_CLOEXEC);
		/* A size that the boot did not set up cannot be overcommitted: no file. */
		if (i < POOL_OVERCOMMIT && pool->fd[i] < 0)
			return worker_fail(w, errno, "cannot open %s: %s", path,
					   strerror(errno));
	}
	return 0;
}

/* Every request and every fault of the process goes to the node's pool from now on. */
static int bind_to_node(struct worker *w, struct pool *pool)
{
	const int index = node_index(w->params, w->env);
	const unsigned node = index < 0 ? 0 : w->env->nodes[index];
	const unsigned long mask = 1ul << node;
	char path[112];

	if (index < 0)
		return 0;
	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%u/hugepages/hugepages-2048kB/free_hugepages",
		 node);
	pool->fd[POOL_NODE_FREE] = open(path, O_RDONLY | O_CLOEXEC);
	if (pool->fd[POOL_NODE_FREE] < 0)
		return worker_fail(w, errno, "cannot open %s: %s", path, strerror(errno));
	if (syscall(SYS_set_mempolicy, MPOL_BIND, &mask, ENV_NODES_MAX + 1))
		return worker_fail(w, errno, "cannot bind to node %u: %s", node,
				   strerror(errno));
	return 0;
}

static uint64_t pool_read(const struct pool *pool, enum pool_file file)
{
	char text[32];
	ssize_t n = pool->fd[file] < 0 ? 0 : pread(pool->fd[file], text, sizeof(text) - 1, 0);
	uint64_t value = 0;

	for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	return value;
}

/* Pages that a request may still have. */
static uint64_t pool_left(const struct pool *pool)
{
	const uint64_t more = pool_read(pool, POOL_OVERCOMMIT),
		       surplus = pool_read(pool, POOL_SURPLUS);

	uint64_t left = pool_read(pool, POOL_FREE) - pool_read(pool, POOL_RESERVED) +
			(more > surplus ? more - surplus : 0);

	/*
	 * Under a policy a request is also held against what its nodes have free, promised
	 * or not (mm/hugetlb.c, hugetlb_acct_memory()).
	 */
	if (pool->fd[POOL_NODE_FREE] >= 0) {
		const uint64_t here = pool_read(pool, POOL_NODE_FREE);

		left = here < left ? here : left;
	}
	return left;
}

static void *map_huge(const struct worker *w, uint64_t bytes)
{
	const struct hugetlb_params *p = w->params;
	const int shift = __builtin_ctzll(huge_bytes(p));
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | shift << MAP_HUGE_SHIFT;

	if (p->kind == KIND_NORESERVE)
		flags |= MAP_NORESERVE;
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
}

static int map_all(struct worker *w, struct hugetlb *h, uint64_t bytes)
{
	void *map = bytes ? map_huge(w, bytes) : NULL;

	if (map == MAP_FAILED)
		return worker_fail(w, errno,
				   "cannot map %" PRIu64
				   " bytes of huge pages: %s; the pool has "
				   "%" PRIu64 " left",
				   bytes, strerror(errno), pool_left(&h->pool));
	h->map = map;
	h->bytes = bytes;
	return 0;
}

static int hugetlb_prepare(struct worker *w)
{
	const struct hugetlb_params *p = w->params;
	struct hugetlb *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return -ENOMEM;
	w->state = h;
	memset(h->pool.fd, -1, sizeof(h->pool.fd));
	h->left_out = w->ledger->sabotage_pages;
	err = folios_open(&h->folios);
	if (err)
		return worker_fail(w, -err,
				   "cannot see page frames (/proc/kpageflags): %s; run as root",
				   strerror(-err));
	fill_init(&h->fill, p->fill, w->ledger->seed);
	err = pool_open(w, &h->pool);
	if (!err)
		err = bind_to_node(w, &h->pool);
	if (err || !maps_early(p))
		return err;
	err = map_all(w, h, hugetlb_target(p, w->env));
	if (!err)
		worker_mapping(w, 0, h->map, h->bytes);
	return err;
}

static void touch_all(struct worker *w, const struct hugetlb *h)
{
	const struct hugetlb_params *p = w->params;
	const uint64_t huge = huge_bytes(p), nr = h->bytes / huge;

	for (uint64_t i = h->left_out; i < nr && !worker_should_stop(w); i++) {
		char *at = h->map + (i - h->left_out) * huge;

		fill_write(&h->fill, at, p->touch == EVERY_BYTE ? huge : sizeof(uint64_t),
			   i * (huge / FILL_BLOCK_BYTES));
		atomic_fetch_add_explicit(&w->ledger->moved_bytes, huge, memory_order_relaxed);
	}
}

/* A request of so many pages, undone at once when it is granted. */
static bool pool_grants(const struct worker *w, uint64_t nr)
{
	const uint64_t bytes = nr * huge_bytes(w->params);
	void *map = nr ? map_huge(w, bytes) : NULL;

	if (map == MAP_FAILED)
		return false;
	if (map)
		munmap(map, bytes);
	return true;
}

static void ask_for_too_much(struct worker *w, const struct hugetlb *h)
{
	const uint64_t left = pool_left(&h->pool);

	worker_slot_set(
		w, SLOT_REFUSED,
		!pool_grants(w, left + 1 - (h->left_out <= left ? h->left_out : left)) &&
			errno == ENOMEM);
	worker_slot_set(w, SLOT_GRANTED, pool_grants(w, left));
}

static uint64_t above(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* The pool, and what the page frames say of the mapping. */
static int hugetlb_verify(struct worker *w)
{
	struct hugetlb *h = w->state;
	struct folio_count found = { 0 };
	const uint64_t reserved = pool_read(&h->pool, POOL_RESERVED);
	const uint64_t available = pool_read(&h->pool, POOL_FREE);
	int err = folios_count(&h->folios, h->map, h->bytes, w->env->page_bytes, &found);

	if (err)
		return worker_fail(w, -err, "cannot see page frames: %s; run as root",
				   strerror(-err));
	worker_slot_set(w, SLOT_HUGE_PAGES, found.hugetlb);
	worker_slot_set(w, SLOT_POOL_TAKEN, above(h->free_before, available));
	worker_slot_set(w, SLOT_POOL_RESERVED, above(reserved, h->reserved_before));
	worker_achieved(w,
			touches(w->params) ? found.hugetlb * huge_bytes(w->params) : h->bytes);
	return 0;
}

static int hugetlb_run(struct worker *w)
{
	const struct hugetlb_params *p = w->params;
	struct hugetlb *h = w->state;
	int err = 0;

	h->free_before = pool_read(&h->pool, POOL_FREE);
	h->reserved_before = pool_read(&h->pool, POOL_RESERVED);
	if (!maps_early(p))
		err = map_all(w, h,
			      above(nr_huge(p), p->kind == KIND_RESERVE ? h->left_out : 0) *
				      huge_bytes(p));
	if (!err && touches(p))
		touch_all(w, h);
	if (!err && p->kind == KIND_BEYOND)
		ask_for_too_much(w, h);
	return err;
}

static void hugetlb_release(struct worker *w)
{
	struct hugetlb *h = w->state;

	if (!h)
		return;
	if (h->map)
		munmap(h->map, h->bytes);
	for (unsigned i = 0; i < NR_POOL_FILES; i++)
		if (h->pool.fd[i] >= 0)
			close(h->pool.fd[i]);
	folios_close(&h->folios);
	free(h);
	w->state = NULL;
}

const struct workload hugetlb_workload = {
	.name = "hugetlb",
	.summary = "huge pages from a reserved pool: promised, taken, and one too many",
	.truth = "N faults take N pages: HugePages_Free falls by them, HugetlbPages and "
		 "Private_Hugetlb rise by them, and neither RSS nor any memory group sees a byte. "
		 "A page beyond the pool is refused with ENOMEM.",
	.needs = NEED_HUGETLB,
	.options = options,
	.params_bytes = sizeof(struct hugetlb_params),
	.slots = {
		[SLOT_HUGE_PAGES] = { "huge_pages", UNIT_COUNT,
				      "hugetlb pages in the mapping, by their page frames" },
		[SLOT_POOL_TAKEN] = { "pool_taken", UNIT_COUNT,
				      "by how many the pool's free pages fell" },
		[SLOT_POOL_RESERVED] = { "pool_reserved", UNIT_COUNT,
					 "by how many the pool's reserved pages rose" },
		[SLOT_REFUSED] = { "refused", UNIT_COUNT,
				   "requests for a page more than is left that got ENOMEM" },
		[SLOT_GRANTED] = { "granted", UNIT_COUNT,
				   "requests for all that is left that succeeded" },
	},
	.check = hugetlb_check,
	.footprint = hugetlb_footprint,
	.target = hugetlb_target,
	.seconds = hugetlb_seconds,
	.claims = hugetlb_claims,
	.prepare = hugetlb_prepare,
	.run = hugetlb_run,
	.verify = hugetlb_verify,
	.release = hugetlb_release,
};
