// SPDX-License-Identifier: GPL-2.0-or-later
/* global_oom predicts the victim, and refuses what it cannot predict; zones are read.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/api/workload.h"
#include "workloads/probe/zones.h"
#include "workloads/api/arith.h"

#define MB (1ll << 20)

extern const struct workload global_oom_workload;

static _Alignas(16) unsigned char params[PARAMS_BYTES_MAX];
static struct workload_env env;
static struct claims claims;
static char reason[256];

static void *member(const char *name)
{
	for (const struct workload_option *o = global_oom_workload.options; o->name; o++)
		if (!strcmp(o->name, name))
			return params + o->offset;
	fail_msg("no option %s", name);
	return NULL;
}

/* A guest of two nodes with 512 MiB each. */
static int guest(void **state)
{
	(void)state;
	memset(params, 0, sizeof(params));
	*(uint64_t *)member("node") = 1;
	env = (struct workload_env){ .page_bytes = 4096,
				     .cgroup_version = 2,
				     .cpus = 2,
				     .nr_nodes = 2,
				     .nodes = { 0, 1 },
				     .node_bytes = { 490 * MB, 500 * MB },
				     .memory_bytes = 990 * MB,
				     .available_bytes = 860 * MB,
				     .can_lower_oom_score = true,
				     .in_lab = true };
	return 0;
}

static int check(const char *victims)
{
	strcpy(member("victims"), victims);
	reason[0] = '\0';
	return workload_check(&global_oom_workload, params, &env, reason, sizeof(reason));
}

static const struct claim *find(const char *quantity)
{
	claims.nr = 0;
	global_oom_workload.claims(params, &env, &claims);
	for (unsigned i = 0; i < claims.nr; i++)
		if (!strcmp(claims.claim[i].quantity, quantity))
			return &claims.claim[i];
	return NULL;
}

static void the_victim_is_the_one_with_the_most_points(void **state)
{
	static const struct {
		const char *victims;
		int constraint;
		int adj;
		unsigned victim;
	} rows[] = {
		{ "128M:0", 0, 0, 0 },
		{ "96M:900 128M:0 64M:-1000", 0, 0, 1 },
		{ "16M:200 192M:700", 0, 0, 2 },
		{ "128M:0 64M:-1000", 0, 0, 0 },
		{ "300M", 0, -1000, 1 },
		{ "64M:800 16M:0", 1, 0, 1 },
		{ "16M:0", 2, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		*(int *)member("constraint") = rows[i].constraint;
		env.oom_score_adj = rows[i].adj;
		assert_int_equal(check(rows[i].victims), 0);
		assert_int_equal(find("victim")->expected, rows[i].victim);
	}
}

static void who_dies_is_refused_where_it_cannot_be_said(void **state)
{
	(void)state;
	assert_int_equal(check("400M:0"), -ENODEV);
	assert_non_null(strstr(reason, "cannot be predicted"));
	assert_int_equal(check("40M:2000"), -EINVAL);
	assert_int_equal(check("lots"), -EINVAL);
}

static void a_limit_is_refused(void **state)
{
	(void)state;
	env.limit_bytes = 64 * MB;
	assert_int_equal(check(""), -EINVAL);
	assert_non_null(strstr(reason, "memory.max = max"));
}

static void a_node_that_is_not_there_skips(void **state)
{
	(void)state;
	*(int *)member("constraint") = 1;
	assert_int_equal(check(""), 0);
	*(uint64_t *)member("node") = 7;
	assert_int_equal(check(""), -ENODEV);
	*(uint64_t *)member("node") = 0;
	env.nr_nodes = 1;
	assert_int_equal(check(""), -ENODEV);
}

static void free_memory_elsewhere_is_promised_only_under_a_constraint(void **state)
{
	(void)state;
	assert_null(find("free_elsewhere"));
	assert_string_equal(find("free_before_the_kill")->slot, "reserve_pages");
	*(int *)member("constraint") = 1;
	assert_int_equal(find("free_elsewhere")->expected, 490 * MB / 2 / 4096);
}

static void the_groups_own_limit_is_excluded_on_both_versions(void **state)
{
	(void)state;
	assert_int_equal(find("group_ooms")->expected, 0);
	assert_int_equal(find("limit_hits")->expected, 0);
	env.cgroup_version = 1;
	assert_null(find("group_ooms"));
	assert_string_equal(find("limit_hits")->source, "memory.failcnt");
}

static const char zoneinfo[] = "Node 0, zone      DMA\n"
			       "  per-node stats\n"
			       "      nr_inactive_anon 1\n"
			       "  pages free     3840\n"
			       "        boost    0\n"
			       "        min      30\n"
			       "        low      37\n"
			       "        high     44\n"
			       "        spanned  4095\n"
			       "        managed  3840\n"
			       "        protection: (0, 441, 441, 441, 441)\n"
			       "      nr_free_pages 3840\n"
			       "  pagesets\n"
			       "    cpu: 0\n"
			       "              count: 3\n"
			       "              high:  13\n"
			       "    cpu: 1\n"
			       "              count: 4\n"
			       "              high:  13\n"
			       "Node 0, zone   Normal\n"
			       "  pages free     0\n"
			       "        min      0\n"
			       "        managed  0\n"
			       "Node 1, zone    DMA32\n"
			       "  pages free     123456\n"
			       "        min      1000\n"
			       "        low      1250\n"
			       "        high     1500\n"
			       "        managed  130000\n"
			       "        protection: (0, 0, 0, 0, 0)\n";

static void zones_are_read_as_the_kernel_writes_them(void **state)
{
	struct zones zones;

	(void)state;
	assert_int_equal(zones_parse(zoneinfo, &zones), 0);
	assert_int_equal(zones.nr, 2);
	assert_string_equal(zones.zone[0].name, "DMA");
	assert_int_equal(zones.zone[0].free, 3840);
	assert_int_equal(zones.zone[0].high, 44);
	assert_int_equal(zones.zone[0].protection, 441);
	assert_int_equal(zones.zone[0].listed, 7);
	assert_int_equal(zones.zone[1].listed, 0);
	assert_int_equal(zones.zone[1].node, 1);
	assert_int_equal(zones.zone[1].min, 1000);
	assert_int_equal(zones.zone[1].low, 1250);
	assert_int_equal(zones.zone[1].managed, 130000);
	assert_int_equal(zones_parse("nothing of the kind\n", &zones), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_victim_is_the_one_with_the_most_points, guest),
		cmocka_unit_test_setup(who_dies_is_refused_where_it_cannot_be_said, guest),
		cmocka_unit_test_setup(a_limit_is_refused, guest),
		cmocka_unit_test_setup(a_node_that_is_not_there_skips, guest),
		cmocka_unit_test_setup(
			free_memory_elsewhere_is_promised_only_under_a_constraint, guest),
		cmocka_unit_test_setup(the_groups_own_limit_is_excluded_on_both_versions,
				       guest),
		cmocka_unit_test(zones_are_read_as_the_kernel_writes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
