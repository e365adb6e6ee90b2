// SPDX-License-Identifier: GPL-2.0-or-later
/* Shared by the claims() of all workloads: appending, and names that differ by cgroup version.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "workloads/api/arith.h"
#include "workloads/api/workload.h"

#define CHARGE_BATCH_PAGES 64 /* MEMCG_CHARGE_BATCH, include/linux/memcontrol.h */

void claims_add(struct claims *claims, const struct claim *c, const char *why, ...)
{
	struct claim *slot;
	va_list args;

	assert(claims->nr < CLAIMS_MAX);
	slot = &claims->claim[claims->nr++];
	*slot = *c;
	va_start(args, why);
	vsnprintf(slot->why, sizeof(slot->why), why, args);
	va_end(args);
	assert(!strpbrk(slot->why, ",\"\n"));
}

bool env_has(const struct workload_env *env, enum capability capability)
{
	return env->capability[capability] == CAPABILITY_YES;
}

bool env_lacks(const struct workload_env *env, enum capability capability)
{
	return env->capability[capability] == CAPABILITY_NO;
}

const char *env_group_anon(const struct workload_env *env)
{
	return env->cgroup_version == 1 ? "rss" : "anon";
}

const char *env_group_file(const struct workload_env *env)
{
	return env->cgroup_version == 1 ? "cache" : "file";
}

const char *env_group_usage(const struct workload_env *env)
{
	return env->cgroup_version == 1 ? "memory.usage_in_bytes" : "memory.current";
}

const char *env_group_peak(const struct workload_env *env)
{
	return env->cgroup_version == 1 ? "memory.max_usage_in_bytes" : "memory.peak";
}

const char *env_group_kills(const struct workload_env *env)
{
	return env->cgroup_version == 1 ? "memory.oom_control" : "memory.events";
}

const char *env_group_hits(const struct workload_env *env)
{
	return env->cgroup_version == 1 ? "memory.failcnt" : "memory.events";
}

const char *env_group_hits_key(const struct workload_env *env)
{
	return env->cgroup_version == 1 ? "memory.failcnt" : "max";
}

int64_t env_usage_slack_bytes(const struct workload_env *env)
{
	return (int64_t)(CHARGE_BATCH_PAGES * env->cpus * env->page_bytes);
}

uint64_t env_percpu_lag_pages(const struct workload_env *env)
{
	uint64_t batch = env->cpus > 16 ? 2 * env->cpus : 32;

	return 2 * (batch - 1) * env->cpus;
}

uint64_t env_rss_lag_pages(const struct workload_env *env, enum capability exact,
			   uint64_t threads)
{
	const uint64_t by_task = env_lacks(env, CAPABILITY_TASK_RSS) ? 0 : 3 * 64 * threads;
	const uint64_t by_cpu =
		env_has(env, CAPABILITY_TASK_RSS) ? 0 : env_percpu_lag_pages(env);

	return env_has(env, exact) ? 0 : max(by_task, by_cpu);
}
