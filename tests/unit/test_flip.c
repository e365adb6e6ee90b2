// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every workload is planned with every capability in each of its three states, beside
 * several machines: nothing asserts; where a capability decides, the table below says so;
 * and where it is unknown no claim is stronger than what both kinds of kernel keep.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "harness/machine/capability.h"
#include "tests/unit/amounts.h"
#include "tests/unit/capabilities.h"
#include "workloads/api/arith.h"

enum effect {
	AMOUNTS, /* of the claims: all of them are made in each state */
	DROPPED, /* some are made in one state alone, and none of these where it is unknown */
	REFUSED, /* some parameters, where it lacks or is unknown, or contradicts them */
};

/* What a workload has of a capability; nothing else may differ with it. */
static const struct {
	enum capability capability;
	const char *workload; /* NULL: any */
	enum effect effect;
} decides[] = {
	/* clang-format off */
	{ CAPABILITY_ZERO_PAGE, "anon", AMOUNTS },
	{ CAPABILITY_ZERO_PAGE, "brk_churn", AMOUNTS },
	{ CAPABILITY_ZERO_PAGE, "mmap_churn", AMOUNTS },
	{ CAPABILITY_HUGE_ZERO_PAGE, "anon", AMOUNTS },
	{ CAPABILITY_HUGE_ZERO_PAGE, "anon", REFUSED },	  /* as huge_zero_write says */
	{ CAPABILITY_TABLE_CHARGE, "anon", AMOUNTS },
	{ CAPABILITY_TABLE_CHARGE, "cache", AMOUNTS },
	{ CAPABILITY_TABLE_CHARGE, "hugetlb", AMOUNTS },
	{ CAPABILITY_TABLE_CHARGE, "kmem", AMOUNTS },
	{ CAPABILITY_TABLE_CHARGE, "leak", AMOUNTS },
	{ CAPABILITY_TABLE_CHARGE, "malloc_churn", AMOUNTS },
	{ CAPABILITY_TABLE_CHARGE, "mlock", AMOUNTS },
	{ CAPABILITY_TABLE_CHARGE, "oom", AMOUNTS },
	{ CAPABILITY_TABLE_CHARGE, "thp", AMOUNTS },
	{ CAPABILITY_POPULATE, "anon", REFUSED },	  /* touch=populate */
	{ CAPABILITY_POPULATE, "brk_churn", REFUSED },
	{ CAPABILITY_POPULATE, "mmap_churn", REFUSED },
	{ CAPABILITY_POPULATE, "oom", REFUSED },
	{ CAPABILITY_PAGEOUT, "lazyfree", REFUSED },	  /* advice=pageout */
	{ CAPABILITY_PAGEOUT, "swap", REFUSED },
	{ CAPABILITY_COLD, "lazyfree", REFUSED },	  /* advice=cold */
	{ CAPABILITY_LAZY_FREE, "lazyfree", REFUSED },	  /* advice=free */
	{ CAPABILITY_COLD, "thp", REFUSED },		  /* mode=split */
	{ CAPABILITY_COLLAPSE, "thp", REFUSED },	  /* mode=collapse */
	{ CAPABILITY_EXACT_STATUS, "anon", AMOUNTS },
	{ CAPABILITY_EXACT_STATUS, "hugetlb", AMOUNTS },
	{ CAPABILITY_EXACT_STATUS, "lazyfree", AMOUNTS },
	{ CAPABILITY_EXACT_STATUS, "swap", AMOUNTS },
	{ CAPABILITY_EXACT_STATM, "anon", AMOUNTS },
	{ CAPABILITY_EXACT_STAT, "anon", AMOUNTS },
	{ CAPABILITY_TASK_RSS, "anon", AMOUNTS },
	{ CAPABILITY_TASK_RSS, "hugetlb", AMOUNTS },
	{ CAPABILITY_TASK_RSS, "lazyfree", AMOUNTS },
	{ CAPABILITY_CACHESTAT, "cache", DROPPED },	  /* what it counts */
	{ CAPABILITY_CACHESTAT, "dirty", DROPPED },
	{ CAPABILITY_DAMON_RECLAIMS, "cache", AMOUNTS },
	{ CAPABILITY_DAMON_RECLAIMS, "dirty", DROPPED }, /* without cachestat */
	{ CAPABILITY_ZSWAP_ON, "swap", REFUSED },	  /* mode=pressure */
	{ CAPABILITY_ZSWAP_ON, "swap", DROPPED },	  /* pswpin or the sum with zswpin */
	{ CAPABILITY_HUGETLB_CHARGE, "hugetlb", AMOUNTS },
	{ CAPABILITY_FRESH_STAT, NULL, AMOUNTS },	  /* all that promise of memory.stat */
	{ CAPABILITY_GROUP_PEAK, "oom", DROPPED },	  /* memory.peak */
	{ CAPABILITY_GROUP_PEAK, "swap", DROPPED },
	{ CAPABILITY_GROUP_RECLAIM, "cache", REFUSED },	  /* evict=reclaim */
	{ CAPABILITY_GROUP_RECLAIM, "lazyfree", REFUSED }, /* reclaim=yes */
	{ CAPABILITY_GROUP_RECLAIM, "swap", REFUSED },	  /* of a file */
	{ CAPABILITY_GROUP_SWAP_KEYS, "swap", DROPPED },  /* pswpout of the group */
	{ CAPABILITY_REFAULT_SPLIT, "cache", DROPPED },	  /* refaults of the group */
	{ CAPABILITY_GROUP_PSI, "swap", DROPPED },	  /* the group's or the machine's */
	{ CAPABILITY_HUGE_ZERO_WRITE, "anon", REFUSED },  /* touch=read_write pages=huge */
	{ CAPABILITY_SPLIT_ZEROS, "oom", REFUSED },	  /* huge pages of zeros, swapped */
	{ CAPABILITY_SPLIT_ZEROS, "thp", AMOUNTS },
	{ CAPABILITY_WEIGHTED_INTERLEAVE, "numa", REFUSED }, /* mode=weighted */
	{ CAPABILITY_SWAP_SLOTS, "swap", AMOUNTS },
	{ CAPABILITY_NODE_RECLAIM, "full_node", DROPPED }, /* at home or away */
	{ CAPABILITY_KERNEL_CHARGE, "kmem", AMOUNTS },
	{ CAPABILITY_KERNEL_CHARGE, "kmem", DROPPED }, /* kind=dentries */
	/* clang-format on */
};

/* What decides nothing: harness/machine/capability.h says why it is shown. */
static const enum capability facts[] = {
	CAPABILITY_PAGE_REPORTING,   CAPABILITY_RECURSIVE_PROTECTION,
	CAPABILITY_BASE_PAGE_4K,     CAPABILITY_HUGE_PAGE_2M,
	CAPABILITY_SMALL_HUGE_PAGES, CAPABILITY_RECLAIM_SWAPPINESS,
	CAPABILITY_LARGE_READAHEAD,
};

static bool seen[ARRAY_SIZE(decides)];

/* ---- the machines ---- */

#define NR_MACHINES 6

static struct workload_env machine_number(unsigned nr)
{
	struct workload_env env = params_machine();

	if (nr == 1)
		env.swap = SWAP_FILE;
	if (nr == 2)
		env.cgroup_version = 1;
	if (nr == 3)
		env.limit_bytes = 0;
	if (nr == 4) {
		env.limit_bytes = 0;
		env.in_lab = env.mglru = true;
		env.zone_reclaim_mode = 1;
	}
	if (nr == 5)
		env.swap = SWAP_NONE;
	return env;
}

/* What the other capabilities are: as on 6.18, or all the same. */
#define NR_OTHERS 4

static void set_others(struct workload_env *env, unsigned nr)
{
	for (unsigned i = 0; nr && i < NR_CAPABILITIES; i++)
		env->capability[i] = (enum capability_state)(nr - 1);
}

/* What only several options together bring about. */
static const struct {
	const char *workload, *options;
} together[] = {
	{ "anon", "pages=huge touch=read_write" },
	{ "cache", "evict=overflow size=512M passes=3" },
	{ "cache", "method=mmap evict=reclaim" },
	{ "lazyfree", "reclaim=yes" },
	{ "oom", "victims=100M:0" },
	{ "swap", "mode=pressure stall=50% duration=1s" },
	{ "swap", "back=read cycles=3" },
	{ "thp", "mode=split drop=1 fill=zero" },
};

/* ---- three plans ---- */

struct planned {
	int ret;
	uint64_t target, footprint;
	struct claims claims;
};

static struct planned planned[3]; /* by enum capability_state */

static void plan(const struct workload *w, const void *params, const struct workload_env *env,
		 struct planned *p)
{
	char reason[512] = "";

	memset(p, 0, sizeof(*p));
	p->ret = workload_check(w, params, env, reason, sizeof(reason));
	if (p->ret)
		return;
	p->target = w->target ? w->target(params, env) : 0;
	p->footprint = w->footprint ? w->footprint(params, env) : 0;
	workload_claims(w, params, env, &p->claims);
}

static bool same_claim(const struct claim *a, const struct claim *b)
{
	return a->span == b->span && a->relation == b->relation && a->basis == b->basis &&
	       a->expected == b->expected && a->tolerance == b->tolerance &&
	       a->unit == b->unit && a->slot == b->slot && a->slot_mul == b->slot_mul &&
	       a->slot_div == b->slot_div && !strcmp(a->scope, b->scope) &&
	       !strcmp(a->source, b->source) && !strcmp(a->counter, b->counter);
}

static bool same_plan(const struct planned *a, const struct planned *b)
{
	if (a->ret != b->ret || a->target != b->target || a->footprint != b->footprint ||
	    a->claims.nr != b->claims.nr)
		return false;
	for (unsigned i = 0; i < a->claims.nr; i++)
		if (!same_claim(&a->claims.claim[i], &b->claims.claim[i]))
			return false;
	return true;
}

/* ---- what may differ, and how ---- */

static void check_documented(const struct workload *w, enum capability capability,
			     enum effect effect, const char *what)
{
	for (size_t i = 0; i < ARRAY_SIZE(decides); i++) {
		if (decides[i].capability != capability || decides[i].effect != effect ||
		    (decides[i].workload && strcmp(decides[i].workload, w->name)))
			continue;
		seen[i] = true;
		return;
	}
	fail_msg("%s differs with %s (%s), of which the table says nothing", w->name,
		 capability_table[capability].name, what);
}

/* Each claim of `of`, when the slots are 1000, is one of `in` as well, and no weaker there. */
static bool is_kept(const struct claims *of, const struct claims *in, const char **counter)
{
	for (unsigned i = 0; i < of->nr; i++) {
		int64_t least, most, l, m;

		*counter = of->claim[i].counter;
		(void)amounts_of(of, &of->claim[i], 1000, &least, &most);
		if (!amounts_of(in, &of->claim[i], 1000, &l, &m) || l < least || m > most)
			return false;
	}
	return true;
}

static bool has_same_amounts(const struct claims *a, const struct claims *b)
{
	int64_t least, most;

	for (unsigned i = 0; i < a->nr; i++)
		if (!amounts_of(b, &a->claim[i], 0, &least, &most))
			return false;
	return true;
}

/* All states may run. */
static void check_claims(const struct workload *w, enum capability capability, const char *what)
{
	const struct planned *unknown = &planned[CAPABILITY_UNKNOWN];
	bool dropped = false;

	for (unsigned s = CAPABILITY_NO; s <= CAPABILITY_YES; s++) {
		const char *counter = "";

		if (!is_kept(&unknown->claims, &planned[s].claims, &counter))
			fail_msg(
				"%s %s: where %s is unknown %s is promised more than where it is %s",
				w->name, what, capability_table[capability].name, counter,
				capability_state_name((enum capability_state)s));
		assert_true(unknown->footprint >= planned[s].footprint);
		assert_true(unknown->target <= planned[s].target);
		dropped |= !has_same_amounts(&planned[s].claims, &unknown->claims);
	}
	check_documented(w, capability, dropped ? DROPPED : AMOUNTS, what);
}

static void check_flip(const struct workload *w, const void *params,
		       const struct workload_env *machine, enum capability capability,
		       const char *what)
{
	struct workload_env env = *machine;
	bool all = true, none = true;

	for (unsigned s = 0; s < 3; s++) {
		env.capability[capability] = (enum capability_state)s;
		plan(w, params, &env, &planned[s]);
		all &= !planned[s].ret;
		none &= planned[s].ret != 0;
	}
	if (none ||
	    (same_plan(&planned[0], &planned[1]) && same_plan(&planned[0], &planned[2])))
		return;
	if (all) {
		check_claims(w, capability, what);
		return;
	}
	if (!planned[CAPABILITY_UNKNOWN].ret)
		fail_msg("%s %s: may run where %s is unknown and not where it is known",
			 w->name, what, capability_table[capability].name);
	check_documented(w, capability, REFUSED, what);
}

static void check_capabilities(const struct workload *w, const void *params, const char *what)
{
	for (unsigned m = 0; m < NR_MACHINES * NR_OTHERS; m++) {
		struct workload_env env = machine_number(m % NR_MACHINES);

		set_others(&env, m / NR_MACHINES);
		for (unsigned c = 0; c < NR_CAPABILITIES; c++) {
			/* v1 has no such file, whatever the state says */
			if (env.cgroup_version == 1 && c == CAPABILITY_GROUP_PSI)
				continue;
			check_flip(w, params, &env, (enum capability)c, what);
		}
	}
}

static void a_plan_differs_with_a_capability_only_as_the_table_says(void **state)
{
	static _Alignas(16) unsigned char params[PARAMS_BYTES_MAX];
	char word[64];

	(void)state;
	for (const struct workload *const *w = workloads; *w; w++) {
		params_default(*w, params);
		check_capabilities(*w, params, "by default");
		for (unsigned n = 0; params_choice(*w, n, params, word, sizeof(word)); n++)
			check_capabilities(*w, params, word);
	}
	for (size_t i = 0; i < ARRAY_SIZE(together); i++) {
		const struct workload *w = workload_find(together[i].workload);

		amounts_params(w, params, together[i].options);
		check_capabilities(w, params, together[i].options);
	}
	for (size_t i = 0; i < ARRAY_SIZE(decides); i++)
		if (!seen[i])
			fail_msg("%s never decides on %s",
				 capability_table[decides[i].capability].name,
				 decides[i].workload ? decides[i].workload : "anything");
}

static void each_capability_decides_or_is_a_fact(void **state)
{
	(void)state;
	for (unsigned c = 0; c < NR_CAPABILITIES; c++) {
		unsigned nr_decides = 0, nr_facts = 0;

		for (size_t i = 0; i < ARRAY_SIZE(decides); i++)
			nr_decides += decides[i].capability == c;
		for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
			nr_facts += facts[i] == c;
		if (nr_facts + !!nr_decides != 1)
			fail_msg("%s decides %u times and is a fact %u times",
				 capability_table[c].name, nr_decides, nr_facts);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_capability_decides_or_is_a_fact),
		cmocka_unit_test(a_plan_differs_with_a_capability_only_as_the_table_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
