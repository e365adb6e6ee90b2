// SPDX-License-Identifier: GPL-2.0-or-later
/* Which parameters anon refuses, and which this machine cannot run. */
#include "workloads/anon/anon.h"

#include "workloads/act/touch.h"

static const char *contradiction(const struct anon_params *p, const struct workload_env *env)
{
	if (fill_parse(p->fill, NULL, NULL))
		return FILL_WRONG;
	if (p->touch == TOUCH_READ && p->access_ns && p->law.reads < 1 &&
	    !anon_takes_all(p, env))
		return "touch=read maps the zero page and accesses that write would replace it: use reads=100% or another touch";
	if (p->touch == TOUCH_POPULATE && env->swap != SWAP_NONE && !anon_fits(p, env))
		return "populating more than fits under the limit ends in an OOM kill even with free swap: use touch=bytes or touch=write";
	if (p->touch == TOUCH_READ && p->pages == PAGES_HUGE &&
	    !env_lacks(env, CAPABILITY_HUGE_ZERO_PAGE))
		return "touch=read maps the zero page and takes no huge page: use pages=4k or "
		       "another touch";
	return NULL;
}

static const char *missing(const struct anon_params *p, const struct workload_env *env)
{
	if (p->pages == PAGES_HUGE && p->touch == TOUCH_READ_WRITE &&
	    !env_lacks(env, CAPABILITY_HUGE_ZERO_PAGE) &&
	    !env_has(env, CAPABILITY_HUGE_ZERO_WRITE))
		return "writing where the huge zero page was read takes base pages here (before Linux 6.13): use touch=write";
	return NULL;
}

int anon_check(const void *params, const struct workload_env *env, char *reason,
	       size_t reason_bytes)
{
	const char *wrong = contradiction(params, env), *lack = missing(params, env);

	return check_answer(wrong, lack, reason, reason_bytes);
}

unsigned anon_needs(const void *params, const struct workload_env *env)
{
	const struct anon_params *p = params;

	(void)env; /* the same on every machine */
	return (p->pages == PAGES_HUGE ? NEED_HUGE_FAULTS : 0) |
	       (p->touch == TOUCH_POPULATE ? NEED_POPULATE : 0);
}
