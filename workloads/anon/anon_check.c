// SPDX-License-Identifier: GPL-2.0-or-later
/* What anon refuses, and what it lacks on this machine. */
#include "workloads/anon/anon.h"

#include <errno.h>
#include <stdio.h>

#include "workloads/act/touch.h"

static const char *contradiction(const struct anon_params *p, const struct workload_env *env)
{
	if (fill_parse(p->fill, NULL, NULL))
		return "fill is none of zero, same, random and a share such as 50%";
	if (p->touch == TOUCH_READ && p->access_ns && p->reads < 1 && !anon_takes_all(p, env))
		return "touch=read maps the zero page and accesses that write would replace "
		       "it: use reads=100% or another touch";
	if (p->touch == TOUCH_POPULATE && env->swap != SWAP_NONE && !anon_fits(p, env))
		return "populating more than fits ends in an OOM kill though swap is free: use "
		       "touch=bytes or touch=write";
	if (p->touch == TOUCH_READ && p->pages == PAGES_HUGE &&
	    !env_lacks(env, CAPABILITY_HUGE_ZERO_PAGE))
		return "touch=read maps the zero page and takes no huge page: use pages=4k or "
		       "another touch";
	return NULL;
}

static const char *missing(const struct anon_params *p, const struct workload_env *env)
{
	if (p->pages == PAGES_HUGE &&
	    (env->thp == THP_ABSENT || env->thp == THP_NEVER || !env->pmd_bytes))
		return "transparent huge pages are off: write madvise to "
		       "/sys/kernel/mm/transparent_hugepage/enabled";
	if (p->pages == PAGES_HUGE && p->touch == TOUCH_READ_WRITE &&
	    !env_lacks(env, CAPABILITY_HUGE_ZERO_PAGE) && env->kernel < ENV_KERNEL(6, 13))
		return "before Linux 6.13 writing where the huge zero page was read takes base "
		       "pages: use touch=write";
	if (p->touch == TOUCH_POPULATE && env->kernel < ENV_KERNEL(5, 14))
		return "touch=populate needs MADV_POPULATE_WRITE of Linux 5.14: use "
		       "touch=write";
	return NULL;
}

int anon_check(const void *params, const struct workload_env *env, char *reason,
	       size_t reason_bytes)
{
	const char *wrong = contradiction(params, env), *lack = missing(params, env);

	if (wrong || lack)
		snprintf(reason, reason_bytes, "%s", wrong ? wrong : lack);
	return wrong ? -EINVAL : lack ? -ENODEV : 0;
}
