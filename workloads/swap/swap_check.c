// SPDX-License-Identifier: GPL-2.0-or-later
/* How many pages a run of swap is about, and what cannot be. */
#include "workloads/swap/swap.h"

#include <errno.h>
#include <stdio.h>

#include "workloads/act/crew.h"
#include "workloads/probe/reclaim.h"

#define OWN_BYTES (8u << 20) /* the worker's own memory, which is locked, and its tables */

uint64_t swap_set_bytes(const struct swap_params *p, const struct workload_env *env)
{
	uint64_t bytes = p->size_bytes;

	if (p->mode == MODE_PRESSURE)
		bytes = (uint64_t)((double)env->limit_bytes * p->ratio);
	return (bytes + env->page_bytes - 1) / env->page_bytes * env->page_bytes;
}

uint64_t swap_set_pages(const struct swap_params *p, const struct workload_env *env)
{
	return swap_set_bytes(p, env) / env->page_bytes;
}

uint64_t swap_excess_bytes(const struct swap_params *p, const struct workload_env *env)
{
	uint64_t set = swap_set_bytes(p, env);

	return set > env->limit_bytes ? set - env->limit_bytes : 0;
}

uint64_t swap_footprint(const void *params, const struct workload_env *env)
{
	const struct swap_params *p = params;
	uint64_t set = swap_set_bytes(p, env);

	return set + set / 512 + OWN_BYTES + p->threads * CREW_STACK_BYTES;
}

uint64_t swap_target(const void *params, const struct workload_env *env)
{
	return swap_set_bytes(params, env);
}

double swap_seconds(const void *params, const struct workload_env *env)
{
	const struct swap_params *p = params;
	double moves = (double)swap_set_pages(p, env) * (p->back == BACK_NONE ? 1 : 2);

	if (p->mode == MODE_PRESSURE)
		return moves / 1e5 + (double)p->duration_ns / 1e9;
	return moves / 1e5 * (double)p->cycles;
}

static uint64_t swap_room(const struct workload_env *env)
{
	return env->swap_max_bytes < env->swap_bytes ? env->swap_max_bytes : env->swap_bytes;
}

static const char *pressure_contradiction(const struct swap_params *p,
					  const struct workload_env *env)
{
	if (!env->limit_bytes)
		return "mode=pressure needs a limit to exceed: add memory.max";
	if (p->back == BACK_WILLNEED && p->access_pattern != PATTERN_SEQUENTIAL)
		return "back=willneed with mode=pressure knows what comes next only with "
		       "access_pattern=sequential";
	if (env->limit_bytes < 2 * (OWN_BYTES + p->threads * CREW_STACK_BYTES))
		return "memory.max leaves no room beside the worker's own memory: use 32M at "
		       "least";
	/* What the kernel keeps back for itself, per CPU, of a device that is nearly full. */
	if (swap_excess_bytes(p, env) + 2 * OWN_BYTES > swap_room(env))
		return "what exceeds the limit does not fit the swap device and the group "
		       "would be killed: raise swap.size or lower ratio";
	return NULL;
}

static const char *pageout_contradiction(const struct swap_params *p,
					 const struct workload_env *env)
{
	uint64_t need = swap_footprint(p, env);

	if ((env->limit_bytes && need > env->limit_bytes) ||
	    (env->high_bytes && need > env->high_bytes))
		return "the mapping does not fit under the group's limit and reclaim would "
		       "join in: raise memory.max or use mode=pressure";
	if (swap_set_bytes(p, env) > swap_room(env))
		return "the mapping does not fit the swap device: raise swap.size";
	return NULL;
}

bool swap_must_drop(const struct swap_params *p, const struct workload_env *env)
{
	return p->mode == MODE_PAGEOUT && env->swap == SWAP_FILE;
}

int swap_check(const void *params, const struct workload_env *env, char *reason,
	       size_t reason_bytes)
{
	const struct swap_params *p = params;
	const char *wrong = p->mode == MODE_PRESSURE ? pressure_contradiction(p, env)
						     : pageout_contradiction(p, env);
	const char *lack = NULL;

	if (fill_parse(p->fill, NULL, NULL))
		wrong = "fill is none of zero, same, random and a share such as 50%";
	if (swap_must_drop(p, env) && !reclaim_offered(env))
		lack = "the swap cache of a file is dropped through memory.reclaim of Linux "
		       "5.19: use swap.type=zram";
	if (env->kernel < ENV_KERNEL(5, 4))
		lack = "MADV_PAGEOUT needs Linux 5.4";
	if (wrong || lack)
		snprintf(reason, reason_bytes, "%s", wrong ? wrong : lack);
	return wrong ? -EINVAL : lack ? -ENODEV : 0;
}
