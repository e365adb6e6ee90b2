// SPDX-License-Identifier: GPL-2.0-or-later
/* Shared by all claims(): appending, and names that differ by cgroup version. */
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

/*
 * As the claim counts: each CPU keeps a batch to itself, at READY and again at HELD. A batch
 * is of what the kernel counts, pages or huge pages.
 */
static int64_t stat_lag(const struct workload_env *env, const struct claim *c)
{
	const bool huge = !strcmp(c->counter, "anon_thp") || !strcmp(c->counter, "rss_huge");
	const int64_t batches = 2 * CHARGE_BATCH_PAGES * (int64_t)env->cpus;
	const int64_t bytes = batches * (int64_t)(huge ? env->pmd_bytes : env->page_bytes);

	return c->unit == UNIT_BYTES ? bytes : c->unit == UNIT_KB ? bytes / 1024 : batches;
}

/* The end of a range that is nearer to 0; 0: it holds 0, and promises no amount. */
static int64_t least_of(const struct claim *c)
{
	const int64_t most = c->expected + c->tolerance;

	return c->expected > 0 ? c->expected : most < 0 ? most : 0;
}

static void allow_lag(const struct workload_env *env, struct claim *c)
{
	static const char why[] = "; memory.stat lags by up to 64 pages per CPU here";
	const int64_t lag = stat_lag(env, c);
	const size_t length = strlen(c->why);

	if (strcmp(c->source, "memory.stat") && strcmp(c->source, "memory.numa_stat"))
		return;
	if (c->basis == BASIS_EXACT)
		c->basis = BASIS_BOUNDED;
	if (c->relation == RELATION_BETWEEN && !c->least)
		c->least = least_of(c);
	c->tolerance += lag;
	if (c->relation == RELATION_BETWEEN) {
		c->expected -= lag;
		c->tolerance += lag;
	}
	if (length + sizeof(why) <= sizeof(c->why))
		memcpy(c->why + length, why, sizeof(why));
}

/* A claim on a group is kept, and comes out absent: there is no such counter. */
static void without_group(struct claim *c)
{
	const size_t length = strlen(c->why);

	if (!strcmp(c->scope, "group") || !strcmp(c->scope, "run"))
		snprintf(c->why + length, sizeof(c->why) - length,
			 "; absent in place: there is no group of its own");
}

void workload_claims(const struct workload *workload, const void *params,
		     const struct workload_env *env, struct claims *out)
{
	const unsigned before = out->nr;

	workload->claims(params, env, out);
	for (unsigned i = before; i < out->nr && !env_has(env, CAPABILITY_FRESH_STAT); i++)
		allow_lag(env, &out->claim[i]);
	for (unsigned i = before; i < out->nr && env->in_place; i++)
		without_group(&out->claim[i]);
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

uint64_t env_table_entries(const struct workload_env *env)
{
	return env->page_bytes / sizeof(uint64_t);
}

uint64_t env_table_reach_bytes(const struct workload_env *env)
{
	return env->page_bytes * env_table_entries(env);
}
