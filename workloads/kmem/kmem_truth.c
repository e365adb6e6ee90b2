// SPDX-License-Identifier: GPL-2.0-or-later
/* The amounts of kmem, and its claims. */
#include "workloads/kmem/kmem.h"

#include "workloads/api/arith.h"
#include "workloads/api/promise.h"

#define OWN_BYTES	  (2u << 20)
#define STACK_BYTES	  (16u << 10) /* THREAD_SIZE of x86-64 and arm64 */
#define CACHED_STACKS	  2	      /* of each CPU: NR_CACHED_STACKS, kernel/fork.c */
#define THREAD_BYTES_MOST (48u << 10) /* stack and task: 23 to 26 KiB on 5.10 to 6.18 */
#define HEAD_BYTES	  1024	      /* of a datagram, beside its payload rounded up */
#define DENTRY_LEAST	  128	      /* below struct dentry of any configuration */
#define DENTRY_MORE	  1024	      /* a dentry of the file system below, and pointers */

/* Of kernel memory, in bytes. */
struct bounds {
	int64_t least, most;
};

static int64_t stack_bytes(const struct workload_env *env)
{
	return (int64_t)max(STACK_BYTES, env->page_bytes);
}

static int64_t cached_stacks(const struct workload_env *env, int64_t count)
{
	const int64_t cached = CACHED_STACKS * (int64_t)env->cpus;

	return cached < count ? cached : count;
}

/* What it takes, whether it is charged or not. */
static struct bounds taken_bytes(const struct kmem_params *p, const struct workload_env *env)
{
	const int64_t page = (int64_t)env->page_bytes, count = (int64_t)p->count;

	switch (p->kind) {
	case KIND_TABLES:
		return (struct bounds){ count * page,
					(count + count / (int64_t)env_table_entries(env) + 5) *
						page };
	case KIND_STACKS:
		return (struct bounds){ (count - cached_stacks(env, count)) * stack_bytes(env),
					count * (int64_t)max(THREAD_BYTES_MOST,
							     2 * env->page_bytes) };
	case KIND_PIPES:
		return (struct bounds){ count * page, count * page };
	case KIND_SOCKETS:
		return (struct bounds){ count * KMEM_DATAGRAM_BYTES,
					count * (2 * KMEM_DATAGRAM_BYTES + HEAD_BYTES) };
	default:
		return (struct bounds){ count * DENTRY_LEAST, count * DENTRY_MORE };
	}
}

/* What of it is charged to the group here. */
static struct bounds charged_bytes(const struct kmem_params *p, const struct workload_env *env)
{
	const enum capability capability =
		p->kind == KIND_TABLES ? CAPABILITY_TABLE_CHARGE : CAPABILITY_KERNEL_CHARGE;
	struct bounds b = taken_bytes(p, env);

	if (!env_has(env, capability))
		b.least = 0;
	if (env_lacks(env, capability))
		b.most = 0;
	return b;
}

uint64_t kmem_footprint(const void *params, const struct workload_env *env)
{
	const struct kmem_params *p = params;
	uint64_t user = 0;

	if (p->kind == KIND_TABLES)
		user = p->count * env->page_bytes;
	else if (p->kind == KIND_STACKS)
		user = p->count * 4 * env->page_bytes;
	else /* inodes, files and sockets: 2 KiB each */
		user = p->count / KMEM_UNITS_EACH * 4096;
	return (uint64_t)taken_bytes(p, env).most + user + OWN_BYTES;
}

/* ---- promises ---- */

static const char *why_of(const struct kmem_params *p)
{
	static const char *const why[NR_KINDS] = {
		[KIND_TABLES] = "one table per page touched and up to five of the upper levels",
		[KIND_STACKS] =
			"a kernel stack and a task per thread; CPUs may have up to two stacks cached",
		[KIND_PIPES] = "each page of a pipe is charged to who writes it",
		[KIND_SOCKETS] =
			"the payload and at most as much again for the head of each datagram",
		[KIND_DENTRIES] =
			"a negative dentry per name and what the file system below keeps",
	};

	return why[p->kind];
}

/* The key of memory.stat on v2 that is about this kind alone; NULL: none. */
static const char *key_of(const struct kmem_params *p)
{
	static const char *const key[NR_KINDS] = {
		[KIND_TABLES] = "pagetables",
		[KIND_STACKS] = "kernel_stack",
		[KIND_SOCKETS] = "slab_unreclaimable",
		[KIND_DENTRIES] = "slab_reclaimable",
	};

	return key[p->kind];
}

/* What is smaller than a page is charged from a page that each CPU keeps (obj_cgroup). */
static void claim_kernel(const struct kmem_params *p, const struct workload_env *env,
			 struct claims *out)
{
	const struct bounds charged = charged_bytes(p, env);
	const bool v1 = env->cgroup_version == 1;
	const char *v1_file = "memory.kmem.usage_in_bytes";
	/* clang-format off */
	const struct promise row = {
		.quantity = "group_kernel_bytes", .scope = "group",
		.source = v1 ? v1_file : "memory.stat", .counter = v1 ? v1_file : "kernel",
		.unit = UNIT_BYTES, .basis = BASIS_BOUNDED, .expected = charged.least,
		.tolerance = (int64_t)(2 * env->cpus * env->page_bytes),
		.why = charged.most ? why_of(p) : "kernel memory is not charged here",
	};
	/* clang-format on */

	promise_add_bounds(out, SPAN_WORK, &row, 1, charged.most - charged.least);
}

/* v2: the kind's own key. */
static void claim_key(const struct kmem_params *p, const struct workload_env *env,
		      struct claims *out)
{
	struct bounds charged = charged_bytes(p, env);
	const int64_t stacks = (int64_t)p->count * stack_bytes(env);

	if (p->kind == KIND_STACKS && charged.most)
		charged.most = stacks;
	/* clang-format off */
	const struct promise row = {
		.quantity = "group_kind_bytes", .scope = "group",
		.source = "memory.stat", .counter = key_of(p), .unit = UNIT_BYTES,
		.expected = charged.least,
		.unless = env->cgroup_version == 1 || !key_of(p) || p->kind == KIND_DENTRIES,
		.why = charged.most ? why_of(p) : "kernel memory is not charged here",
	};
	/* The size of struct dentry is the kernel's configuration: the worker reads it. */
	const struct promise dentries = {
		.quantity = "group_kind_bytes", .scope = "group",
		.source = "memory.stat", .counter = key_of(p), .unit = UNIT_BYTES,
		.relation = RELATION_BETWEEN, .basis = BASIS_BOUNDED,
		.least = charged.least, .slot = "dentry_bytes",
		.tolerance = (int64_t)p->count * DENTRY_MORE,
		.unless = env->cgroup_version == 1 || p->kind != KIND_DENTRIES ||
			  !env_has(env, CAPABILITY_KERNEL_CHARGE),
		.why = "an object of the dentry cache per name and what the file system below keeps",
	};
	/* clang-format on */

	promise_add_bounds(out, SPAN_WORK, &row, 1, charged.most - charged.least);
	promise_add(out, SPAN_WORK, &dentries, 1);
}

static void claim_usage(const struct kmem_params *p, const struct workload_env *env,
			struct claims *out)
{
	const struct bounds charged = charged_bytes(p, env);
	const int64_t touched =
		p->kind == KIND_TABLES ? (int64_t)(p->count * env->page_bytes) : 0;
	const struct promise_usage usage = { .least = touched + charged.least,
					     .most = touched + charged.most,
					     .why = why_of(p) };

	/* The user stacks of threads are charged too: how many pages is up to libc. */
	if (p->kind != KIND_STACKS)
		promise_usage(out, env, &usage);
}

static void claim_process(const struct kmem_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const int64_t page = (int64_t)env->page_bytes, count = (int64_t)p->count;
	const struct bounds taken = taken_bytes(p, env);
	const bool tables = p->kind == KIND_TABLES, stacks = p->kind == KIND_STACKS;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt", .expected = tables ? count : 0,
		  .unless = stacks,
		  .why = tables ? "one page per table" : "kernel memory is not mapped" },
		PROMISE_NO_MAJOR_FAULTS,
		{ .quantity = "process_resident_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Rss", .unit = UNIT_BYTES,
		  .expected = tables ? count * page : 0, .unless = stacks,
		  .why = "Rss does not show kernel memory" },
		{ .quantity = "page_table_bytes", .scope = "process",
		  .source = "status", .counter = "VmPTE", .unit = UNIT_BYTES,
		  .relation = RELATION_BETWEEN, .basis = BASIS_BOUNDED,
		  .expected = taken.least, .tolerance = taken.most - taken.least,
		  .unless = !tables,
		  .why = "counted whether they are charged or not" },
		{ .quantity = "threads", .scope = "process",
		  .source = "status", .counter = "Threads", .expected = stacks ? count : 0,
		  .why = stacks ? "one kernel stack each" : "no thread is started" },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .expected = tables ? count * page : 0, .unless = stacks,
		  .why = "kernel memory is not anonymous memory" },
		{ .quantity = "units", .scope = "ledger",
		  .source = "ledger", .counter = "units", .expected = count,
		  .why = "as the option says" },
		{ .quantity = "unread_units", .scope = "ledger",
		  .source = "ledger", .counter = "unread_units", .expected = count,
		  .unless = p->kind != KIND_PIPES && p->kind != KIND_SOCKETS,
		  .why = "what was written stays unread" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

void kmem_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct kmem_params *p = params;

	claim_process(p, env, out);
	claim_kernel(p, env, out);
	claim_key(p, env, out);
	claim_usage(p, env, out);
	promise_no_files(out, env);
	promise_freed(out, env, 0);
	if (p->kind != KIND_STACKS) /* stacks are freed, and uncharged, a while later */
		promise_uncharged(out, env, 0);
}
