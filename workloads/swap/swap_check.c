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

/* What zswap may keep of each byte of the set; headers and rounding are a sixteenth at most. */
static double zswap_share(const struct swap_params *p)
{
	enum fill_kind kind = FILL_RANDOM;
	unsigned random_words = FILL_BLOCK_WORDS;

	(void)fill_parse(p->fill, &kind, &random_words);
	if (kind == FILL_ZERO)
		return 0;
	return (double)(kind == FILL_SAME ? 0 : random_words) / FILL_BLOCK_WORDS + 1.0 / 16;
}

/*
 * Cgroup v2 charges a group for what zswap stores of it (obj_cgroup_charge_zswap(),
 * mm/memcontrol.c). Measured: of 96 MiB whose half is random, 86 % were touched under a limit
 * of 48 MiB when all of them were in zswap and the group was OOM-killed, on 6.12; random pages
 * are stored as well from 6.18 on. And where swap readahead brings pages back from zswap, they
 * fill the limit: on 6.18 the kernel killed a group of 48 MiB that had 38 MiB of them and
 * free swap, in 7 of 8 runs of two to three seconds.
 */
static const char *zswap_lack(const struct swap_params *p, const struct workload_env *env)
{
	const double stored = (double)swap_set_bytes(p, env) * zswap_share(p);

	if (p->mode != MODE_PRESSURE || env_lacks(env, CAPABILITY_ZSWAP_ON))
		return NULL;
	if (env->cgroup_version == 2 &&
	    stored + 2.0 * SWAP_OWN_BYTES > (double)env->limit_bytes)
		return "zswap charges the group for what it stores and the whole set may not fit within memory.max: set zswap.enabled=N or use fill=zero";
	if (env->swap == SWAP_FILE && env->page_cluster && p->duration_ns)
		return "zswap and swap readahead together may cause an OOM kill: set vm.page-cluster=0 or zswap.enabled=N";
	return NULL;
}

int swap_check(const void *params, const struct workload_env *env, char *reason,
	       size_t reason_bytes)
{
	const struct swap_params *p = params;
	const char *wrong = p->mode == MODE_PRESSURE ? pressure_contradiction(p, env)
						     : pageout_contradiction(p, env);
	const char *lack = zswap_lack(p, env);
	if (fill_parse(p->fill, NULL, NULL))
		wrong = FILL_WRONG;
	if (swap_must_drop(p, env) && !reclaim_offered(env))
		lack = "the swap cache of a file is dropped through memory.reclaim of Linux "
		       "5.19: use swap.type=zram";
	if (!env_has(env, CAPABILITY_PAGEOUT))
		lack = "MADV_PAGEOUT needs Linux 5.4";
	return check_answer(wrong, lack, reason, reason_bytes);
}
