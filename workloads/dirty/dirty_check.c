// SPDX-License-Identifier: GPL-2.0-or-later
/* Which parameters dirty refuses. */
#include "workloads/dirty/dirty.h"

static const char *contradiction(const struct dirty_params *p, const struct workload_env *env)
{
	uint64_t need = dirty_footprint(p, env);

	if (fill_parse(p->fill, NULL, NULL))
		return FILL_WRONG;
	if (p->mode == MODE_APPEND && p->passes > 1)
		return "mode=append writes the file once: raise size or use mode=rewrite";
	if (p->mode == MODE_APPEND && p->pattern != PATTERN_SEQUENTIAL)
		return "mode=append writes sequentially: use mode=rewrite for another pattern";
	if (p->mode == MODE_APPEND && p->method == METHOD_MMAP)
		return "stores to a mapping cannot extend the file: use mode=rewrite with method=mmap";
	if (!env_fits(env, need))
		return "the file exceeds the group's limit and reclaim would write it back: raise memory.max or lower size";
	return NULL;
}

int dirty_check(const void *params, const struct workload_env *env, char *reason,
		size_t reason_bytes)
{
	return check_answer(contradiction(params, env), NULL, reason, reason_bytes);
}
