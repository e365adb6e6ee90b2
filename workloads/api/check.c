// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a worker can run on this machine: the needs as one table, and what the check() of
 * several workloads share. Reads nothing but struct workload_env.
 */
#include "workloads/api/workload.h"

#include <errno.h>
#include <stdio.h>

#include "workloads/api/arith.h"

static bool has_nodes(const struct workload_env *env)
{
	return env->nr_nodes >= 2;
}

static bool has_hugetlb(const struct workload_env *env)
{
	return env->hugetlb;
}

static bool has_thp(const struct workload_env *env)
{
	return env->thp != THP_ABSENT;
}

static bool has_thp_on(const struct workload_env *env)
{
	return env->thp != THP_NEVER;
}

static bool has_loop(const struct workload_env *env)
{
	return env->loop;
}

static bool has_low_scores(const struct workload_env *env)
{
	return env->can_lower_oom_score;
}

static bool has_huge_faults(const struct workload_env *env)
{
	return has_thp(env) && has_thp_on(env) && env->pmd_bytes;
}

static bool has_frames(const struct workload_env *env)
{
	return !env->no_frames;
}

static bool has_populate(const struct workload_env *env)
{
	return env_has(env, CAPABILITY_POPULATE);
}

/* In the order in which they are reported; a need may have two sentences. */
const struct need_known needs_known[] = {
	/* clang-format off */
	{ NEED_LIMIT, "limit", "a memory.max for its group", NULL, NULL },
	{ NEED_SWAP, "swap", "a swap device of its own ([swap])", NULL, NULL },
	{ NEED_NODES, "nodes", "two NUMA nodes with memory", has_nodes,
	  "needs two NUMA nodes with memory and there is one; pagestorm lab --nodes 2 has them" },
	{ NEED_HUGETLB, "hugetlb", "a hugetlb pool", has_hugetlb,
	  "this kernel has no hugetlb pools" },
	{ NEED_THP, "thp", "transparent huge pages", has_thp,
	  "this kernel has no transparent huge pages" },
	{ NEED_THP, NULL, NULL, has_thp_on,
	  "transparent huge pages are off; add thp.enabled=madvise" },
	{ NEED_LOOP, "loop", "a loop device", has_loop,
	  "no loop device can be made here" },
	{ NEED_FILES, "files", "a disk file system for its file", NULL, NULL },
	{ NEED_LOW_SCORES, NULL, NULL, has_low_scores,
	  "an oom_score_adj below zero needs CAP_SYS_RESOURCE: raise the others instead" },
	{ NEED_FRAMES, NULL, NULL, has_frames,
	  "its page frames can be read by root alone (CAP_SYS_ADMIN for /proc/self/pagemap; /proc/kpageflags)" },
	{ NEED_HUGE_FAULTS, NULL, NULL, has_huge_faults,
	  "transparent huge pages are off: write madvise to /sys/kernel/mm/transparent_hugepage/enabled" },
	{ NEED_POPULATE, NULL, NULL, has_populate,
	  "touch=populate needs MADV_POPULATE_WRITE of Linux 5.14: use touch=write" },
	{ 0 }
	/* clang-format on */
};

const char *need_lacking(unsigned mask, const struct workload_env *env)
{
	for (const struct need_known *n = needs_known; n->need; n++)
		if ((mask & n->need) && n->met && !n->met(env))
			return n->lack;
	return NULL;
}

int check_answer(const char *wrong, const char *lack, char *reason, size_t reason_bytes)
{
	if (wrong || lack)
		snprintf(reason, reason_bytes, "%s", wrong ? wrong : lack);
	return wrong ? -EINVAL : lack ? -ENODEV : 0;
}

int workload_check(const struct workload *workload, const void *params,
		   const struct workload_env *env, char *reason, size_t reason_bytes)
{
	const char *lack = NULL;
	int ret = 0;

	if (workload->check)
		ret = workload->check(params, env, reason, reason_bytes);
	if (ret == -EINVAL)
		return ret;
	if (workload->param_needs)
		lack = need_lacking(workload->param_needs(params, env), env);
	return lack ? check_answer(NULL, lack, reason, reason_bytes) : ret;
}

bool env_fits(const struct workload_env *env, uint64_t bytes)
{
	return (!env->limit_bytes || bytes <= env->limit_bytes) &&
	       (!env->high_bytes || bytes <= env->high_bytes);
}
