// SPDX-License-Identifier: GPL-2.0-or-later
/* What dirty refuses. */
#include "workloads/dirty/dirty.h"

static const char *contradiction(const struct dirty_params *p, const struct workload_env *env)
{
	uint64_t need = dirty_footprint(p, env);

	if (fill_parse(p->fill, NULL, NULL))
		return "fill is zero or same or random or the random share of each page (50%)";
	if (p->mode == MODE_APPEND && p->passes > 1)
		return "what is appended is written once: raise size or use mode=rewrite";
	if (p->mode == MODE_APPEND && p->pattern != PATTERN_SEQUENTIAL)
		return "a file grows at its end: use mode=rewrite for another pattern";
	if (p->mode == MODE_APPEND && p->method == METHOD_MMAP)
		return "stores do not make a file longer: use mode=rewrite with method=mmap";
	if (!env_fits(env, need))
		return "the file does not fit under the group's limit and reclaim would write "
		       "it back: raise memory.max or lower size";
	return NULL;
}

int dirty_check(const void *params, const struct workload_env *env, char *reason,
		size_t reason_bytes)
{
	return check_answer(contradiction(params, env), NULL, reason, reason_bytes);
}
