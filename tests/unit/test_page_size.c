// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Claims of machines with pages of 4, 16 and 64 KiB, whose huge pages are of 2, 32 and 512 MiB:
 * an amount of memory is one of whole pages, and its claims agree with each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/params.h"
#include "workloads/api/arith.h"

#define KIB 1024ull
#define MIB (1024 * KIB)

static const struct machine {
	uint64_t page_bytes, pmd_bytes;
} machines[] = { { 4 * KIB, 2 * MIB }, { 16 * KIB, 32 * MIB }, { 64 * KIB, 512 * MIB } };

extern const struct workload skeleton_workload;

static unsigned char params[PARAMS_BYTES_MAX] __attribute__((aligned(16)));
static struct claims claims;

static struct workload_env env_of(const struct machine *m)
{
	struct workload_env env = params_machine();

	env.page_bytes = m->page_bytes;
	env.pmd_bytes = m->pmd_bytes;
	env.thp_orders_madvise = env.thp_orders_always =
		1u << __builtin_ctzll(m->pmd_bytes / m->page_bytes);
	env.limit_bytes = 2048 * MIB;
	env.memory_bytes = env.available_bytes = 64 * 1024 * MIB;
	env.capability[CAPABILITY_TABLE_CHARGE] = CAPABILITY_YES;
	return env;
}

static int64_t in_bytes(const struct claim *c, const struct workload_env *env)
{
	switch (c->unit) {
	case UNIT_BYTES:
		return c->expected;
	case UNIT_KB:
		return c->expected * 1024;
	case UNIT_PAGES:
		return c->expected * (int64_t)env->page_bytes;
	default:
		return 0;
	}
}

/* Exact amounts: what is bounded may begin anywhere. */
static void check_claims(const char *workload, const char *word, const struct workload_env *env)
{
	for (unsigned i = 0; i < claims.nr; i++) {
		const struct claim *c = &claims.claim[i];

		if (c->basis != BASIS_EXACT || c->slot)
			continue;
		if (in_bytes(c, env) % (int64_t)env->page_bytes)
			fail_msg("%s %s: %s is %lld and pages have %llu bytes", workload, word,
				 c->quantity, (long long)c->expected,
				 (unsigned long long)env->page_bytes);
	}
}

static void every_exact_amount_is_of_whole_pages(void **state)
{
	char word[64], reason[256];

	(void)state;
	for (size_t m = 0; m < ARRAY_SIZE(machines); m++) {
		const struct workload_env env = env_of(&machines[m]);
		unsigned planned = 0;

		for (const struct workload *const *w = workloads; *w; w++)
			for (unsigned n = 0; params_choice(*w, n, params, word, sizeof(word));
			     n++) {
				if (workload_check(*w, params, &env, reason, sizeof(reason)))
					continue;
				claims.nr = 0;
				workload_claims(*w, params, &env, &claims);
				check_claims((*w)->name, word, &env);
				planned++;
			}
		assert_true(planned > 60);
	}
}

static const struct claim *find(const char *scope, const char *source, const char *counter)
{
	for (unsigned i = 0; i < claims.nr; i++) {
		const struct claim *c = &claims.claim[i];

		if (!strcmp(c->scope, scope) && !strcmp(c->source, source) &&
		    !strcmp(c->counter, counter) && c->span == SPAN_WORK)
			return c;
	}
	fail_msg("no claim on %s/%s/%s", scope, source, counter);
	return NULL;
}

static void make_claims(const char *name, const struct workload_env *env)
{
	const struct workload *w = workload_find(name);

	claims.nr = 0;
	workload_claims(w, params, env, &claims);
}

/* 1 GiB: as many faults as pages, and a table for each that the pages need. */
static void faults_bytes_and_tables_agree(void **state)
{
	(void)state;
	for (size_t m = 0; m < ARRAY_SIZE(machines); m++) {
		const struct workload_env env = env_of(&machines[m]);
		const int64_t page = (int64_t)env.page_bytes;
		const int64_t tables = 1024 * (int64_t)MIB / (page / 8 * page);
		const struct claim *c;

		params_default(workload_find("anon"), params);
		params_set(option_find(workload_find("anon"), "size"), params, "1G");
		make_claims("anon", &env);
		assert_int_equal(find("process", "stat", "minflt")->expected * page,
				 1024 * (int64_t)MIB);
		assert_int_equal(in_bytes(find("mapping", "smaps", "Rss"), &env),
				 1024 * (int64_t)MIB);
		assert_int_equal(find("group", "memory.stat", "anon")->expected,
				 1024 * (int64_t)MIB);
		c = find("process", "status", "VmPTE");
		assert_int_equal(in_bytes(c, &env), tables * page);
	}
}

/* A group's charge begins with what is held and its tables, less what a CPU holds back. */
static void tables_are_charged_by_their_reach(void **state)
{
	(void)state;
	for (size_t m = 0; m < ARRAY_SIZE(machines); m++) {
		const struct workload_env env = env_of(&machines[m]);
		const int64_t bytes = 1024 * (int64_t)MIB, page = (int64_t)env.page_bytes;

		params_default(&skeleton_workload, params);
		params_set(option_find(&skeleton_workload, "size"), params, "1G");
		claims.nr = 0;
		workload_claims(&skeleton_workload, params, &env, &claims);
		assert_int_equal(find("group", "memory.current", "memory.current")->expected +
					 env_usage_slack_bytes(&env),
				 bytes + bytes / (page / 8));
	}
}

/*
 * A limit of 96 MiB that one process filled. Beside what it touched and the tables of that, the
 * worker had 148 to 153 of its own with pages of 4 KiB, and 42 with 16 KiB (6.12, arm64).
 */
static void the_memory_of_the_worker_itself_is_known_in_bytes(void **state)
{
	static const struct {
		int64_t seen_least, seen_most, least, most;
	} own[] = { { 148, 153, 64, 192 }, { 42, 42, 16, 60 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		struct workload_env env = env_of(&machines[i]);
		const int64_t slack = env_usage_slack_bytes(&env) / (int64_t)env.page_bytes;
		const struct claim *c = NULL;

		env.limit_bytes = 96 * MIB;
		env.swap = SWAP_NONE;
		env.swap_bytes = env.swap_total_bytes = env.swap_max_bytes = 0;
		params_default(workload_find("oom"), params);
		make_claims("oom", &env);
		for (unsigned k = 0; k < claims.nr && !c; k++)
			if (!strcmp(claims.claim[k].quantity, "touched_pages"))
				c = &claims.claim[k];
		assert_non_null(c);
		assert_string_equal(c->slot, "pages_touched");
		assert_int_equal(c->expected, own[i].least);
		assert_int_equal(c->tolerance, own[i].most - own[i].least + slack + 1);
		assert_in_range(own[i].seen_least, own[i].least, own[i].most);
		assert_in_range(own[i].seen_most, own[i].least, own[i].most);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_exact_amount_is_of_whole_pages),
		cmocka_unit_test(faults_bytes_and_tables_agree),
		cmocka_unit_test(tables_are_charged_by_their_reach),
		cmocka_unit_test(the_memory_of_the_worker_itself_is_known_in_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
