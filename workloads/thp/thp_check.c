// SPDX-License-Identifier: GPL-2.0-or-later
/* Which parameters thp refuses, and which this machine cannot run. */
#include "workloads/thp/thp.h"

#define VMAS_MAX 60000 /* vm.max_map_count is 65530; the process has other mappings */

static const char *contradiction(const struct thp_params *p, const struct workload_env *env)
{
	if (fill_parse(p->fill, NULL, NULL))
		return FILL_WRONG;
	if (p->offset_bytes % env->page_bytes ||
	    (env->pmd_bytes && p->offset_bytes >= env->pmd_bytes))
		return "offset must be a multiple of the base page and less than a huge page (12K)";
	if (thp_breaks_up(p) && p->accesses)
		return "accesses would fault the dropped pages in again: use mode=madvise or collapse";
	if (env->pmd_bytes && p->drop >= env->pmd_bytes / env->page_bytes)
		return "drop must be less than the base pages of a huge page";
	if (env->pmd_bytes && p->kind != KIND_BASE && !thp_room_for_huge(p, env))
		return "no huge page fits into the mapping: raise size";
	if (p->kind == KIND_MUNMAP && env->pmd_bytes && thp_room_for_huge(p, env) > VMAS_MAX)
		return "the mappings would exceed vm.max_map_count: lower size";
	if (!env_fits(env, thp_footprint(p, env)))
		return "the mapping exceeds the group's limit and would cause reclaim: raise memory.max or memory.high or lower size";
	return NULL;
}

static const char *missing(const struct thp_params *p, const struct workload_env *env)
{
	if (p->kind == KIND_ALWAYS && !env->thp_orders_always)
		return "huge pages are not for all here; add thp.enabled=always";
	if (p->kind == KIND_MADVISE && !env->thp_orders_madvise)
		return "no size of huge page is enabled; add thp.enabled=madvise";
	if (thp_breaks_up(p) && !(env->thp_orders_madvise >> thp_pmd_order(env) & 1))
		return "huge pages of the full size are off; add thp.enabled=madvise";
	if (p->kind == KIND_COLLAPSE && !env_has(env, CAPABILITY_COLLAPSE))
		return "mode=collapse needs MADV_COLLAPSE of Linux 6.1";
	if (p->kind == KIND_SPLIT && !env_has(env, CAPABILITY_COLD))
		return "mode=split needs MADV_COLD of Linux 5.4";
	return NULL;
}

int thp_check(const void *params, const struct workload_env *env, char *reason,
	      size_t reason_bytes)
{
	const char *wrong = contradiction(params, env), *lack = missing(params, env);

	return check_answer(wrong, lack, reason, reason_bytes);
}
