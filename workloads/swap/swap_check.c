// SPDX-License-Identifier: GPL-2.0-or-later
/* Which parameters swap refuses, and which this machine cannot run. */
#include "workloads/swap/swap.h"

#include "workloads/probe/reclaim.h"

static uint64_t swap_room(const struct workload_env *env)
{
	return env->swap_max_bytes < env->swap_bytes ? env->swap_max_bytes : env->swap_bytes;
}

static const char *pressure_contradiction(const struct swap_params *p,
					  const struct workload_env *env)
{
	if (!env->limit_bytes)
		return "mode=pressure requires a limit to exceed: add memory.max";
	if (p->back == BACK_WILLNEED && p->law.pattern != PATTERN_SEQUENTIAL)
		return "back=willneed with mode=pressure requires access_pattern=sequential";
	if (env->limit_bytes < 2 * (SWAP_OWN_BYTES + p->threads * CREW_STACK_BYTES))
		return "memory.max leaves no room beside the worker's own memory: use at least 32M";
	/* Twice: CPUs hold slots of a device that is nearly full. */
	if (swap_excess_bytes(p, env) + 2 * SWAP_OWN_BYTES > swap_room(env))
		return "what exceeds the limit does not fit on the swap device and the group would be OOM-killed: raise swap.size or lower ratio";
	return NULL;
}

static const char *pageout_contradiction(const struct swap_params *p,
					 const struct workload_env *env)
{
	uint64_t need = swap_footprint(p, env);

	if (!env_fits(env, need))
		return "the mapping exceeds the group's limit and would cause reclaim: raise memory.max or use mode=pressure";
	if (swap_set_bytes(p, env) > swap_room(env))
		return "the mapping does not fit on the swap device: raise swap.size";
	return NULL;
}

int swap_check(const void *params, const struct workload_env *env, char *reason,
	       size_t reason_bytes)
{
	const struct swap_params *p = params;
	const char *wrong = p->mode == MODE_PRESSURE ? pressure_contradiction(p, env)
						     : pageout_contradiction(p, env);
	const char *lack = NULL;

	if (fill_parse(p->fill, NULL, NULL))
		wrong = FILL_WRONG;
	if (swap_must_drop(p, env) && !reclaim_offered(env))
		lack = "the swap cache of a file is dropped through memory.reclaim of Linux "
		       "5.19: use swap.type=zram";
	if (!env_has(env, CAPABILITY_PAGEOUT))
		lack = "MADV_PAGEOUT needs Linux 5.4";
	return check_answer(wrong, lack, reason, reason_bytes);
}
