// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kmem: takes kernel memory of one kind, in a known number of units: page tables, kernel
 * stacks of threads, pages of pipes, unread datagrams, or names that do not exist.
 *
 * Exact: the pages and datagrams that are unread. Bounded: a page of a pipe is a page of kernel
 *   memory, but for the page that each CPU keeps to charge smaller objects from; a page touched
 *   per range of a table is a table (and up to five upper ones); a thread has a kernel stack of
 * 16 KiB (a page where pages are larger), a datagram of 4096 bytes takes its payload and as
 * much again for its head, a negative dentry one object of the slab cache and a pointer to its
 * group. Moves: memory.kmem.usage_in_bytes (v1), or of memory.stat kernel, pagetables,
 * kernel_stack, slab_reclaimable and slab_unreclaimable (v2), and the group's usage. Unchanged:
 * the group's anon and its file (but for the page that each table requires and for the user
 * stacks of threads); Rss does not show kernel memory. Caveats: where the kernel charges none
 * of it (cgroup.memory=nokmem) the group's counters do not move (CAPABILITY_KERNEL_CHARGE, for
 * tables CAPABILITY_TABLE_CHARGE). Each CPU caches up to two kernel stacks of threads that have
 * exited. The key `kernel` is of Linux 5.18, pagetables of 5.11. A stacked file system
 * (overlayfs) has a dentry of its own beside; one in memory (tmpfs) keeps no negative ones.
 */
#include "workloads/kmem/kmem.h"

#define AT(member) .offset = offsetof(struct kmem_params, member)

static const struct workload_option options[] = {
	{ .name = "kind",
	  .type = OPTION_CHOICE,
	  .fallback = "pipes",
	  .choices = "tables|stacks|pipes|sockets|dentries", /* enum kmem_kind */
	  .help = "page tables, kernel stacks, pages of pipes, unread datagrams of 4096 bytes, or names that do not exist",
	  AT(kind) },
	{ .name = "count",
	  .type = OPTION_COUNT,
	  .fallback = "1000",
	  .min = "1",
	  .max = "1000000",
	  .help = "number of tables, threads, pages, datagrams or names",
	  AT(count) },
	{ .name = NULL },
};

static int kmem_check(const void *params, const struct workload_env *env, char *reason,
		      size_t reason_bytes)
{
	const struct kmem_params *p = params;
	const char *wrong = NULL;

	if (p->kind == KIND_STACKS && p->count > KMEM_THREADS_MAX)
		wrong = "kind=stacks takes at most 4000 threads: lower count";
	else if ((p->kind == KIND_PIPES || p->kind == KIND_SOCKETS) && p->count > 128000)
		wrong = "a process has no more than 8000 pipes or sockets here: lower count to 128000";
	else if (!env_fits(env, kmem_footprint(p, env)))
		wrong = "the kernel memory exceeds the group's limit: raise memory.max";
	return check_answer(wrong, NULL, reason, reason_bytes);
}

static unsigned kmem_needs(const void *params, const struct workload_env *env)
{
	(void)env; /* the same on every machine */
	return ((const struct kmem_params *)params)->kind == KIND_DENTRIES ? NEED_FILES : 0;
}

static double kmem_seconds(const void *params, const struct workload_env *env)
{
	(void)env; /* an estimate for any machine */
	return (double)((const struct kmem_params *)params)->count / 1e4;
}

const struct workload kmem_workload = {
	.name = "kmem",
	.summary = "kernel memory by kind: tables, stacks, pipes, sockets, dentries",
	.truth = "Each page of a pipe and each page table is a page of the group's kernel memory; each thread a kernel stack; unread datagrams and names that do not exist take what their bounds say. Rss shows none of it.",
	.options = options,
	.params_bytes = sizeof(struct kmem_params),
	.slots = {
		[SLOT_UNITS] = { "units", UNIT_COUNT, "units that were taken" },
		[SLOT_UNREAD_UNITS] = { "unread_units", UNIT_COUNT,
					"pages or datagrams that are unread (FIONREAD)" },
		[SLOT_DENTRY_BYTES] = { "dentry_bytes", UNIT_BYTES,
					"size of the objects of the dentry cache that were taken" },
		[SLOT_TAKE_NS] = { "take_ns", UNIT_NSEC, "time of taking them" },
	},
	.check = kmem_check,
	.param_needs = kmem_needs,
	.footprint = kmem_footprint,
	.seconds = kmem_seconds,
	.claims = kmem_claims,
	.prepare = kmem_prepare,
	.run = kmem_run,
	.verify = kmem_verify,
	.release = kmem_release,
};
