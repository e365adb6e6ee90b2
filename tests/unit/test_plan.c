// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/plan/plan.h, with the test's workloads in place of the
 * real table, and with constructed machines: one node on v1, two on v2.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "harness/plan/expectation.h"
#include "harness/plan/limits.h"
#include "harness/plan/plan.h"
#include "workloads/api/arith.h"

#define M 1048576ull
#define G (1024 * M)

/* ---- workloads ---- */

struct hold_params {
	uint64_t size, count, rate, wait_ns;
	double share;
	bool flag;
	int mode;
	char text[16];
};

#define AT(member) .offset = offsetof(struct hold_params, member)

static const struct workload_option hold_options[] = {
	{ "size", OPTION_BYTES, "64M", "4K", NULL, NULL, "bytes", AT(size) },
	{ "count", OPTION_COUNT, "2", "1", "8", NULL, "count", AT(count) },
	{ "rate", OPTION_RATE, "0", NULL, NULL, NULL, "rate", AT(rate) },
	{ "wait", OPTION_SECONDS, "0s", NULL, "1h", NULL, "wait", AT(wait_ns) },
	{ "share", OPTION_RATIO, "50%", "0", "1", NULL, "share", AT(share) },
	{ "flag", OPTION_BOOL, "no", NULL, NULL, NULL, "flag", AT(flag) },
	{ "mode", OPTION_CHOICE, "slow", NULL, NULL, "slow|fast", "mode", AT(mode) },
	{ "text", OPTION_TEXT, "abc", NULL, NULL, NULL, "text", AT(text), 16 },
	{ .name = NULL },
};

static const struct workload_option no_options[] = { { .name = NULL } };

static uint64_t hold_footprint(const void *params, const struct workload_env *env)
{
	(void)env;
	return ((const struct hold_params *)params)->size;
}

static double hold_seconds(const void *params, const struct workload_env *env)
{
	(void)env;
	return (double)((const struct hold_params *)params)->wait_ns / 1e9;
}

static void no_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	(void)params;
	(void)env;
	(void)out;
}

/* Records the limit that claims() got. */
static void hold_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	struct claim c = { .quantity = "limit",
			   .scope = "group",
			   .source = "s",
			   .counter = "c",
			   .expected = (int64_t)env->limit_bytes };

	(void)params;
	claims_add(out, &c, "the limit in force");
}

static void wide_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	struct claim c = { .quantity = "q",
			   .scope = "system",
			   .source = "vmstat",
			   .counter = "pgfault",
			   .relation = RELATION_GE,
			   .basis = BASIS_DIRECTION };

	(void)params;
	(void)env;
	claims_add(out, &c, "others move it too");
}

static uint64_t limit_footprint(const void *params, const struct workload_env *env)
{
	(void)params;
	return env->limit_bytes;
}

static uint64_t no_footprint(const void *params, const struct workload_env *env)
{
	(void)params;
	(void)env;
	return 0;
}

static int picky_check(const void *params, const struct workload_env *env, char *reason,
		       size_t reason_bytes)
{
	const struct hold_params *p = params;

	(void)env;
	if (p->count == 7)
		snprintf(reason, reason_bytes, "count=7 contradicts itself");
	if (p->count == 8)
		snprintf(reason, reason_bytes, "eight is more than this machine can count");
	return p->count == 7 ? -EINVAL : p->count == 8 ? -ENODEV : 0;
}

#define HOLD                                                                                   \
	.summary = "s", .options = hold_options, .params_bytes = sizeof(struct hold_params),   \
	.footprint = hold_footprint, .seconds = hold_seconds, .claims = hold_claims

static const struct workload hold = { .name = "hold", HOLD, .target = hold_footprint };
static const struct workload rated = { .name = "rated", HOLD, .rate_metric = true };
static const struct workload take_all = { .name = "take_all", HOLD, .machine_wide = true };
static const struct workload picky = { .name = "picky", HOLD, .check = picky_check };
static const struct workload wide = {
	.name = "wide",
	.summary = "s",
	.options = hold_options,
	.params_bytes = sizeof(struct hold_params),
	.footprint = hold_footprint,
	.seconds = hold_seconds,
	.claims = wide_claims,
};
static const struct workload killed = { .name = "killed",
					.summary = "s",
					.options = no_options,
					.needs = NEED_LIMIT,
					.expects_oom = true,
					.footprint = limit_footprint,
					.claims = no_claims };
static const struct workload far = { .name = "far",
				     .summary = "s",
				     .options = no_options,
				     .needs = NEED_NODES,
				     .footprint = no_footprint,
				     .claims = no_claims };
static const struct workload swapper = { .name = "swapper",
					 .summary = "s",
					 .options = no_options,
					 .needs = NEED_SWAP,
					 .footprint = no_footprint,
					 .claims = no_claims };
static const struct workload thp = { .name = "thp",
				     .summary = "s",
				     .options = no_options,
				     .needs = NEED_THP,
				     .footprint = no_footprint,
				     .claims = no_claims };
extern const struct workload null_workload;

/* Takes the place of the generated table. */
const struct workload *const workloads[] = { &far,   &hold,  &killed,  &null_workload,
					     &picky, &rated, &swapper, &take_all,
					     &thp,   &wide,  NULL };

/* ---- machines ---- */

static struct host v1 = {
	.kernel = "6.18.0",
	.cpus = 2,
	.page_bytes = 4096,
	.pmd_bytes = 2 * M,
	.memory_bytes = 24 * G,
	.available_bytes = 20 * G,
	.commit_limit_bytes = 12 * G,
	.committed_bytes = G,
	.page_cluster = 3,
	.dirty = { .ratio = 20, .background_ratio = 10 },
	.nr_nodes = 1,
	.node = { { .memory_bytes = 24 * G, .nr_cpus = 2, .cpus = "0-1", .distance = { 10 } } },
	.thp = THP_NEVER,
	.cgroup_version = 1,
	.zram = true,
};

static struct host v2_two_nodes;

static int make_hosts(void **state)
{
	(void)state;
	v2_two_nodes = v1;
	v2_two_nodes.cgroup_version = 2;
	v2_two_nodes.nr_nodes = 2;
	v2_two_nodes.cpus = 4;
	v2_two_nodes.thp = THP_MADVISE;
	v2_two_nodes.can_lower_oom_score = true;
	v2_two_nodes.node[0] = (struct host_node){ 0, 12 * G, 2, "0-1", { 10, 20 } };
	v2_two_nodes.node[1] = (struct host_node){ 1, 12 * G, 2, "2-3", { 20, 10 } };
	return 0;
}

static int try_plan(struct plan *plan, const char *text, const struct host *host,
		    struct error *e)
{
	FILE *stream = fmemopen((void *)text, strlen(text), "r");
	struct profile p;
	int ret;

	profile_init(&p);
	ret = profile_read_stream(&p, stream, "p.ini", e);
	fclose(stream);
	if (!ret)
		ret = plan_make(plan, &p, host, e);
	profile_release(&p);
	return ret;
}

static void make_plan(struct plan *plan, const char *text, const struct host *host)
{
	struct error e = { "" };
	int ret = try_plan(plan, text, host, &e);

	assert_string_equal(e.text, "");
	assert_int_equal(ret, 0);
}

static const char *limit(const struct limits *limits, const char *name)
{
	const struct limit *found = limits_find(limits, name);

	return found ? found->value : "none";
}

/* ---- options and limits ---- */

static void options_are_resolved_defaults_included(void **state)
{
	const struct hold_params *p;
	struct plan plan;

	(void)state;
	make_plan(&plan,
		  "[workload a]\ntype = hold\nsize = 193M\nrate = 2M/s\nwait = 1500ms\n"
		  "share = 0.25\nflag = yes\nmode = fast\ntext = x,y\n",
		  &v1);
	p = (const struct hold_params *)plan.cell[0].worker[0].request.params;
	assert_int_equal(p->size, 193 * M);
	assert_int_equal(p->count, 2);
	assert_int_equal(p->rate, 2 * M);
	assert_int_equal(p->wait_ns, 1500000000);
	assert_true(p->share == 0.25);
	assert_true(p->flag);
	assert_int_equal(p->mode, 1);
	assert_string_equal(p->text, "x,y");
	assert_string_equal(plan.cell[0].worker[0].request.params_text,
			    "size=202375168;count=2;rate=2097152/s;wait=1500ms;share=0.25;"
			    "flag=yes;mode=fast;text=x+y");
	assert_int_equal(plan.cell[0].worker[0].prediction.target_bytes, 193 * M);
	plan_release(&plan);
}

static void a_worker_without_a_limit_gets_one_with_room(void **state)
{
	static const struct {
		const char *size;
		uint64_t limit;
	} cases[] = {
		{ "4K", 65 * M },	    { "64M", 128 * M },	 { "193M", 257 * M },
		{ "256M", 320 * M },	    { "400M", 500 * M }, { "1G", 1280 * M },
		{ "1073745920", 1281 * M }, /* rounded up to a MiB */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct plan_worker *w;
		struct plan plan;
		char text[128];

		snprintf(text, sizeof(text), "[workload a]\ntype = hold\nsize = %s\n",
			 cases[i].size);
		make_plan(&plan, text, &v1);
		w = &plan.cell[0].worker[0];
		assert_int_equal(limits_bytes(&w->request.limits, "memory.max"),
				 cases[i].limit);
		assert_true(limits_find(&w->request.limits, "memory.max")->derived);
		/* so that claims know what is in force */
		assert_int_equal(w->env->limit_bytes, cases[i].limit);
		assert_int_equal(w->prediction.claim[0].expected, cases[i].limit);
		plan_release(&plan);
	}
}

static void swap_is_off_unless_it_was_asked_for(void **state)
{
	static const struct {
		const char *text, *own, *run;
		uint64_t env;
	} cases[] = {
		{ "[workload a]\ntype = hold\n", "0", "none", 0 },
		{ "[cgroup]\nmemory.max = 1G\n[workload a]\ntype = hold\n", "0", "none", 0 },
		{ "[cgroup]\nmemory.max = 1G\n[workload a]\ntype = hold\n[workload b]\n"
		  "type = hold\n",
		  "none", "0", 0 },
		{ "[workload a]\ntype = hold\nmemory.swap.max = 16M\n", "16777216", "none",
		  16 * M },
		{ "[workload a]\ntype = hold\nmemory.swap.max = max\n", "max", "none",
		  UINT64_MAX },
		{ "[swap]\ntype = zram\nsize = 64M\n[workload a]\ntype = hold\n", "none",
		  "none", UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan plan;

		make_plan(&plan, cases[i].text, &v1);
		assert_string_equal(
			limit(&plan.cell[0].worker[0].request.limits, "memory.swap.max"),
			cases[i].own);
		assert_string_equal(limit(&plan.cell[0].limits, "memory.swap.max"),
				    cases[i].run);
		assert_true(plan.cell[0].worker[0].env->swap_max_bytes == cases[i].env);
		plan_release(&plan);
	}
}

static void the_runs_limits_are_the_only_workers_own(void **state)
{
	struct plan plan;

	(void)state;
	make_plan(&plan,
		  "[cgroup]\nmemory.max = 128M\ncpuset.mems = 0\n"
		  "[workload a]\ntype = hold\nsize = 50%limit\n",
		  &v1);
	assert_string_equal(limit(&plan.cell[0].worker[0].request.limits, "memory.max"),
			    "134217728");
	assert_string_equal(limit(&plan.cell[0].limits, "memory.max"), "none");
	assert_string_equal(limit(&plan.cell[0].limits, "cpuset.mems"), "0");
	assert_int_equal(plan.cell[0].worker[0].prediction.footprint_bytes, 64 * M);
	plan_release(&plan);

	make_plan(&plan,
		  "[cgroup]\nmemory.max = 128M\n[workload a]\ntype = hold\nsize = 50%limit\n"
		  "[workload b]\ntype = hold\nmemory.max = 32M\nsize = 50%limit\n",
		  &v1);
	assert_string_equal(limit(&plan.cell[0].limits, "memory.max"), "134217728");
	assert_string_equal(limit(&plan.cell[0].worker[0].request.limits, "memory.max"),
			    "none");
	assert_int_equal(plan.cell[0].worker[0].env->limit_bytes, 128 * M);
	assert_int_equal(plan.cell[0].worker[0].prediction.footprint_bytes, 64 * M);
	assert_int_equal(plan.cell[0].worker[1].env->limit_bytes, 32 * M);
	assert_int_equal(plan.cell[0].worker[1].prediction.footprint_bytes, 16 * M);
	plan_release(&plan);
}

static void percentages_refer_to_what_they_name(void **state)
{
	struct plan plan;

	(void)state;
	make_plan(&plan,
		  "[workload a]\ntype = hold\nsize = 10%available\nmemory.max = 20%available\n"
		  "memory.high = 50%limit\n",
		  &v2_two_nodes);
	assert_int_equal(plan.cell[0].worker[0].prediction.footprint_bytes, 2 * G);
	assert_int_equal(plan.cell[0].worker[0].env->limit_bytes, 4 * G);
	assert_int_equal(plan.cell[0].worker[0].env->high_bytes, 2 * G);
	plan_release(&plan);
}

static void prewarm_is_for_rates_and_stays_below_the_limit(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{ "type = hold\n", 0 },
		/* beside its 64 MiB, which it may hold by then, and an eighth of 128 MiB */
		{ "type = hold\nprewarm = yes\n", 48 * M },
		{ "type = hold\nmemory.max = 64M\nprewarm = yes\n", 0 },
		{ "type = hold\nmemory.max = max\nprewarm = yes\n", 0 },
		{ "type = rated\nmemory.max = max\n", 64 * M },
		{ "type = hold\nprewarm = 16M\n", 16 * M },
		{ "type = rated\n", 64 * M },
		{ "type = rated\nprewarm = no\n", 0 },
		/* beside the process, and an eighth of the limit */
		{ "type = rated\nmemory.max = 64M\n", 54 * M },
		{ "type = rated\nmemory.max = 128M\n", 64 * M },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan plan;
		char text[256];

		snprintf(text, sizeof(text), "[workload a]\n%s", cases[i].text);
		make_plan(&plan, text, &v1);
		assert_int_equal(plan.cell[0].worker[0].request.prewarm_bytes, cases[i].bytes);
		plan_release(&plan);
	}
}

/* Other devices of the machine would take what its own cannot, and no kill would come. */
static void before_a_kill_no_more_is_swapped_than_the_own_device_has(void **state)
{
	const char *device =
		"[swap]\ntype = zram\nsize = 64M\n[workload a]\nmemory.max = 96M\n";
	const struct {
		const char *more;
		const char *swap_max;
	} cases[] = {
		{ "type = killed\n", "67108864" },
		{ "type = killed\nmemory.swap.max = 16M\n", "16777216" },
		{ "type = hold\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct limits *limits;
		const struct limit *found;
		struct plan plan;
		char text[256];

		snprintf(text, sizeof(text), "%s%s", device, cases[i].more);
		make_plan(&plan, text, &v1);
		limits = &plan.cell[0].worker[0].request.limits;
		found = limits_find(limits, "memory.swap.max");
		assert_int_equal(!found, !cases[i].swap_max);
		if (found)
			assert_string_equal(found->value, cases[i].swap_max);
		plan_release(&plan);
	}
}

static void common_keys_reach_the_worker(void **state)
{
	const struct plan_worker *w;
	struct plan plan;

	(void)state;
	make_plan(&plan,
		  "[workload a]\ntype = hold\n[workload b]\ntype = hold\ndelay = 1s\n"
		  "hold = 2s\ntimeout = 3s\nbackground = yes\noom_score_adj = -500\n"
		  "inject_shortfall = 1\ncpus = nearest\nmems = 0\n",
		  &v2_two_nodes);
	w = &plan.cell[0].worker[1];
	assert_int_equal(w->request.delay_ns, 1000000000);
	assert_int_equal(w->request.hold_ns, 2000000000);
	assert_int_equal(w->request.timeout_ns, 3000000000);
	assert_true(w->request.background);
	assert_true(w->request.oom_score_adj_set);
	assert_int_equal(w->request.oom_score_adj, -500);
	assert_int_equal(w->request.shortfall_pages, 1);
	assert_string_equal(w->request.cpus, "2-3"); /* nearest to the memory on node 0 */
	assert_string_equal(limit(&w->request.limits, "cpuset.mems"), "0");
	assert_false(plan.cell[0].worker[0].request.oom_score_adj_set);
	plan_release(&plan);

	make_plan(&plan, "[workload a]\ntype = hold\ncpus = 2\nmems = farthest\n",
		  &v2_two_nodes);
	assert_string_equal(plan.cell[0].worker[0].request.cpus, "2");
	assert_string_equal(limit(&plan.cell[0].worker[0].request.limits, "cpuset.mems"), "0");
	plan_release(&plan);
}

static void a_worker_knows_whether_another_one_is_alike(void **state)
{
	struct plan plan;

	(void)state;
	make_plan(&plan,
		  "[workload a]\ntype = hold\n[workload b]\ntype = rated\n"
		  "[workload c]\ntype = hold\n",
		  &v1);
	assert_true(plan.cell[0].worker[0].env->alike);
	assert_false(plan.cell[0].worker[1].env->alike);
	assert_true(plan.cell[0].worker[2].env->alike);
	plan_release(&plan);
}

static void workloads_see_the_machine_as_the_run_sets_it(void **state)
{
	const struct workload_env *env;
	struct plan plan;

	(void)state;
	make_plan(&plan,
		  "[sysctl]\nvm.page-cluster = 0\nvm.dirty_background_bytes = 1048576\n"
		  "vm.min_free_kbytes = 9000\nvm.zone_reclaim_mode = 1\n"
		  "[setting]\nthp.enabled = always\nlru_gen.enabled = 7\n[swap]\ntype = "
		  "file\nsize = 32M\npath = /s\n"
		  "[workload a]\ntype = hold\n",
		  &v1);
	env = plan.cell[0].worker[0].env;
	assert_int_equal(env->page_cluster, 0);
	assert_int_equal(env->dirty_background_bytes, M);
	assert_int_equal(env->thp, THP_ALWAYS);
	assert_true(env->mglru);
	assert_int_equal(env->swap, SWAP_FILE);
	assert_int_equal(env->swap_bytes, 32 * M);
	assert_string_equal(env->swap_path, "/s");
	assert_int_equal(env->cpus, 2);
	assert_int_equal(env->min_free_kb, 9000);
	assert_int_equal(env->zone_reclaim_mode, 1);
	assert_true(env->watermarks_fresh);
	plan_release(&plan);
	make_plan(&plan, "[workload a]\ntype = hold\n", &v1);
	env = plan.cell[0].worker[0].env;
	assert_false(env->watermarks_fresh);
	assert_int_equal(env->page_cluster, 3);
	assert_int_equal(env->dirty_background_bytes, 20 * G / 100 * 10);
	assert_int_equal(env->thp, THP_NEVER);
	assert_false(env->mglru);
	assert_int_equal(env->swap, SWAP_NONE);
	plan_release(&plan);
}

static void workloads_see_the_huge_pages_that_the_run_sets_up(void **state)
{
	const struct workload_env *env;
	struct host host = v1;
	struct plan plan;

	(void)state;
	host.thp = THP_MADVISE;
	host.mthp[4] = MTHP_NEVER;
	host.mthp[9] = MTHP_INHERIT;
	host.hugetlb = true;
	host.hugetlb_2m = (struct hugetlb_pool){ .nr = 10, .left = 4 };
	make_plan(&plan, "[workload a]\ntype = hold\n", &host);
	env = plan.cell[0].worker[0].env;
	assert_int_equal(env->thp_orders_madvise, 1 << 9);
	assert_int_equal(env->thp_orders_always, 0);
	assert_int_equal(env->hugetlb_2m, 4);
	plan_release(&plan);
	make_plan(&plan,
		  "[setting]\nthp.enabled = always\nmthp.64kB.enabled = madvise\n"
		  "hugepages.2048kB = 20\n[workload a]\ntype = hold\n",
		  &host);
	env = plan.cell[0].worker[0].env;
	assert_int_equal(env->thp_orders_madvise, 1 << 9 | 1 << 4);
	assert_int_equal(env->thp_orders_always, 1 << 9);
	assert_int_equal(env->hugetlb_2m, 14);
	assert_int_equal(env->hugetlb_1g, 0);
	assert_int_equal(env->hugetlb_2m_node[0], 0); /* the kernel shares it out */
	plan_release(&plan);
	make_plan(&plan,
		  "[setting]\nhugepages.2048kB.node0 = 20\n[sysctl]\n"
		  "vm.nr_overcommit_hugepages = 3\n[workload a]\ntype = hold\n",
		  &host);
	env = plan.cell[0].worker[0].env;
	assert_int_equal(env->hugetlb_2m_node[0], 20);
	assert_int_equal(env->hugetlb_2m_overcommit, 3);
	plan_release(&plan);
}

static void a_pool_of_huge_pages_must_fit_the_machine(void **state)
{
	struct host host = v1;
	struct error e = { "" };
	struct plan plan;

	(void)state;
	host.hugetlb = true;
	host.hugetlb_2m = (struct hugetlb_pool){ .nr = 10, .left = 4 };
	make_plan(&plan, "[setting]\nhugepages.2048kB = 42\n[workload a]\ntype = hold\n",
		  &host);
	assert_int_equal(plan.peak_bytes, 128 * M); /* 32 pages more, and the worker */
	plan_release(&plan);
	assert_int_equal(try_plan(&plan,
				  "[setting]\nhugepages.2048kB = 9999999999999\n"
				  "[workload a]\ntype = hold\n",
				  &host, &e),
			 -ENOMEM);
	e = (struct error){ "" };
	assert_int_equal(try_plan(&plan,
				  "[sysctl]\nvm.nr_hugepages = 10250\n"
				  "[workload a]\ntype = hold\n",
				  &host, &e),
			 -ENOMEM);
	assert_string_equal(e.text, "p.ini: error: it needs 20.1 GiB at its peak; 20 GiB are "
				    "available here and 2 GiB of them stay untouched");
}

/* ---- errors ---- */

static const struct {
	const char *text;
	int ret;
	const char *error;
} mistakes[] = {
	{ "[profile]\nwhy = x\n", -EINVAL,
	  "p.ini: error: a profile has 1 to 16 [workload NAME] sections; this one has "
	  "0" },
	{ "[workload a]\ntype = hould\n", -EINVAL,
	  "p.ini:2: error: hould: unknown workload; did you mean hold?" },
	{ "[workload a]\ntype = zzzzzz\n", -EINVAL,
	  "p.ini:2: error: zzzzzz: unknown workload; `pagestorm list` shows them" },
	{ "[workload a]\ntype = hold\nsiez = 1M\n", -EINVAL,
	  "p.ini:3: error: siez: no option of hold; did you mean size?" },
	{ "[workload a]\ntype = hold\nmemory.mx = 1M\n", -EINVAL,
	  "p.ini:3: error: memory.mx: no option of hold; did you mean memory.max?" },
	{ "[workload a]\ntype = hold\nqqqqqqq = 1M\n", -EINVAL,
	  "p.ini:3: error: qqqqqqq: no option of hold; `pagestorm list hold` shows "
	  "them" },
	{ "[workload a]\ntype = hold\nsize = 1MB\n", -EINVAL,
	  "p.ini:3: error: size: '1MB' is ambiguous: MB may be 1000 or 1024; write M "
	  "or MiB for 1024" },
	{ "[workload a]\ntype = hold\nsize = 1K\n", -EINVAL,
	  "p.ini:3: error: size: '1K' is below the minimum, 4K" },
	{ "[workload a]\ntype = hold\ncount = 9\n", -EINVAL,
	  "p.ini:3: error: count: '9' exceeds the maximum, 8" },
	{ "[workload a]\ntype = hold\nshare = 101%\n", -EINVAL,
	  "p.ini:3: error: share: '101%' exceeds the maximum, 1" },
	{ "[workload a]\ntype = hold\nmode = fsat\n", -EINVAL,
	  "p.ini:3: error: mode: 'fsat' is not one of slow|fast; did you mean fast?" },
	{ "[workload a]\ntype = hold\ntext = 1234567890123456\n", -EINVAL,
	  "p.ini:3: error: text: '1234567890123456' is longer than 15 bytes" },
	{ "[workload a]\ntype = hold\nsize = 50%limit\n", -EINVAL,
	  "p.ini:3: error: size: '50%limit' is a share of the limit, but there is "
	  "none: set memory.max" },
	{ "[workload a]\ntype = hold\nmemory.max = 1000\n", -EINVAL,
	  "p.ini:3: error: memory.max: 1000 is not a whole number of pages of 4096 "
	  "bytes" },
	{ "[workload a]\ntype = hold\nmemory.max = 0\n", -EINVAL,
	  "p.ini:3: error: memory.max: 0 leaves no memory to run in" },
	{ "[workload a]\ntype = hold\nmemory.max = 32M\n", -ENOMEM,
	  "p.ini:2: error: a needs 64 MiB and its group may have 32 MiB: raise "
	  "memory.max, or expect outcome=oom_kill" },
	{ "[workload a]\ntype = hold\noom_score_adj = 1001\n", -EINVAL,
	  "p.ini:3: error: oom_score_adj: '1001' is not a number from -1000 to 1000" },
	{ "[workload a]\ntype = hold\nhold = 5\n", -EINVAL,
	  "p.ini:3: error: hold: '5' has no known unit of time: write 250ms, 10s, 2m "
	  "or 1h" },
	{ "[workload a]\ntype = hold\nbackground = perhaps\n", -EINVAL,
	  "p.ini:3: error: background: 'perhaps' is neither yes nor no" },
	{ "[workload a]\ntype = hold\nbackground = yes\n", -EINVAL,
	  "p.ini:2: error: each worker is in the background: nothing ends the run" },
	{ "[workload a]\ntype = hold\ncpus = near\n", -EINVAL,
	  "p.ini:3: error: cpus: 'near' is not one of nearest, farthest, local, node1, "
	  "0-3,8" },
	{ "[workload a]\ntype = hold\nmems = 0\ncpuset.mems = 0\n", -EINVAL,
	  "p.ini:3: error: mems and cpuset.mems say the same thing: use one" },
	{ "[workload a]\ntype = hold\ncpus = 1\ncpuset.cpus = 0\n", -EINVAL,
	  "p.ini:3: error: cpus=1 is not within cpuset.cpus=0 of its group" },
	{ "[cgroup]\ncpuset.cpus = 0\n[workload a]\ntype = hold\ncpus = 0-1\n", -EINVAL,
	  "p.ini:5: error: cpus=0-1 is not within cpuset.cpus=0 of its group" },
	{ "[cgroup]\ncpuset.cpus = 0\n[workload a]\ntype = hold\ncpuset.cpus = 1\n"
	  "[workload b]\ntype = hold\n",
	  -EINVAL, "p.ini:5: error: cpuset.cpus=1 is not within cpuset.cpus=0 of its group" },
	{ "[workload a]\ntype = hold\nmemory.max = 64M\nprewarm = 60M\n", -EINVAL,
	  "p.ini:4: error: prewarm: '60M' does not fit the limit with an eighth to "
	  "spare" },
	{ "[workload a]\ntype = killed\n", -EINVAL,
	  "p.ini:2: error: killed needs a limit for its group: add memory.max=96M to "
	  "its section" },
	{ "[workload a]\ntype = swapper\n", -EINVAL,
	  "p.ini:2: error: swapper needs a swap device of its own: add a section "
	  "[swap] with type=zram and size=256M" },
	{ "[workload a]\ntype = picky\ncount = 7\n", -EINVAL,
	  "p.ini:2: error: a: count=7 contradicts itself" },
	{ "[profile]\nrepeats = 0\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: repeats: '0' is not between 1 and 10000" },
	{ "[profile]\nsample = 10us\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: sample: '10us' is less than 1ms; 0 switches it off" },
	{ "[profile]\nreset = dorp_caches\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: reset: 'dorp_caches' is not made of drop_caches, compact "
	  "and swap" },
	{ "[profile]\nrisk = R4\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: risk: 'R4' is not one of R0, R1, R2, R3" },
	{ "[profile]\nname = ../x\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: name: '../x' is not made of letters, digits, _, - and "
	  "points" },
	{ "[sysctl]\nvm.swappiness = 201\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: vm.swappiness takes 0 to 200, not 201" },
	{ "[swap]\ntype = disk\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: type of swap is file, zram or none, not 'disk'" },
	{ "[swap]\ntype = zram\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: [swap] needs a size: add size=256M" },
	{ "[swap]\nsize = 64M\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: size needs type=file" },
	{ "[swap]\ntype = zram\nsize = 64M\npath = /x\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:4: error: path needs type=file" },
	{ "[swap]\ntype = file\nsize = 64M\npath = x\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:4: error: path: 'x' is not an absolute path" },
	{ "[swap]\ntype = zram\nsize = 64M\npriority = x\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:4: error: priority: 'x' is not a number from -1 (the kernel's "
	  "choice) to 32767" },
	{ "[swap]\ntype = zram\nsize = 100K\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:3: error: size: 100K is not a whole number of pages from 1M on" },
	{ "[expect]\noutcome = oom_kil\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: outcome is ok, oom_kill, timeout, target_missed, failed, "
	  "skipped or killed_by_other, not 'oom_kil'; did you mean oom_kill?" },
	{ "[expect]\noutcome = timeout if a.size=1G, ok\n[workload a]\ntype = hold\n", -EINVAL,
	  "line 2 of the profile: error: outcome: the sweep has no cell with a.size=1G" },
	{ "[expect]\noutcome = ok, timeout if a.size=1G\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: outcome: 'timeout if a.size=1G' never holds: what stands before it "
	  "has no `if`" },
	{ "[profile]\nprimary = second\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: primary: no metric is called second; did you mean seconds?" },
	{ "[expect]\nminor_fault = 3\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: minor_fault: no column of runs.csv; did you mean "
	  "minor_faults?" },
	{ "[expect]\nb.outcome = ok\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: b.outcome: no column of runs.csv; did you mean outcome?" },
	{ "[expect]\npswpuot_bytes = 3\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: pswpuot_bytes: no column of runs.csv; did you mean "
	  "pswpout_bytes?" },
	{ "[expect]\ngroup/x = 3\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: group/x: a counter is scope/source/counter" },
	{ "[expect]\nminor_faults = 3ms\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: minor_faults: the unit of '3ms' does not fit" },
	{ "[expect]\nminor_faults = many\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: minor_faults: 'many' is not an expectation: write >=100M, "
	  "<=5ms, =0 or 10..20" },
	{ "[expect]\nminor_faults = 20..10\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: minor_faults: '20..10' is not an expectation: write >=100M, "
	  "<=5ms, =0 or 10..20" },
	{ "[workload a]\ntype = hold\n[sweep]\nsize = 1M, 1M\n", -EINVAL,
	  "p.ini:4: error: size takes 1M twice" },
	{ "[workload a]\ntype = hold\n[sweep]\nmode = zip\nsize = 1M, 1M, 1M\n"
	  "count = 1, 2, 1\n",
	  -EINVAL, "p.ini:5: error: cells 0 and 2 of the sweep are the same" },
	{ "[workload a]\ntype = hold\n[sweep]\nsize = 1M,,2M\n", -EINVAL,
	  "p.ini:4: error: size: a value is missing in '1M,,2M'" },
	{ "[workload a]\ntype = hold\nsize = 1M\n[sweep]\nsize = 1M,2M\n", -EINVAL,
	  "p.ini:5: error: size is swept here and set on line 3" },
	{ "[workload a]\ntype = hold\n[sweep]\nsize = 1M..8M\n", -EINVAL,
	  "p.ini:4: error: size: '1M..8M' is not a range: write 0..100+20 or "
	  "64M..1G*2" },
	{ "[workload a]\ntype = hold\n[sweep]\nsize = 8M..1M+1M\n", -EINVAL,
	  "p.ini:4: error: size: '8M..1M+1M' is not a range: write 0..100+20 or "
	  "64M..1G*2" },
	{ "[workload a]\ntype = hold\n[sweep]\ncount = 1..8+0\n", -EINVAL,
	  "p.ini:4: error: count: '1..8+0' is not a range: write 0..100+20 or "
	  "64M..1G*2" },
	{ "[workload a]\ntype = hold\n[sweep]\ncount = 1..8*1\n", -EINVAL,
	  "p.ini:4: error: count: '1..8*1' is not a range: write 0..100+20 or "
	  "64M..1G*2" },
	{ "[workload a]\ntype = hold\n[sweep]\nseed = 1,2\n", -EINVAL,
	  "p.ini:4: error: seed cannot be swept" },
	{ "[workload a]\ntype = hold\n[sweep]\nmode = random\n", -EINVAL,
	  "p.ini:4: error: mode is cartesian or zip, not 'random'" },
	{ "[workload a]\ntype = hold\n[sweep]\nmode = zip\nsize = 1M,2M\ncount = "
	  "1,2,3\n",
	  -EINVAL, "p.ini:6: error: count takes 3 values and size 2: zip needs as many" },
	{ "[workload a]\ntype = hold\n[sweep]\nvm.swappiness = 0..200+2\n"
	  "size = 4K..400K+4K\n",
	  -EINVAL, "p.ini:5: error: the sweep has more than 1000 cells" },
	/* a value of the sweep is wrong where it is used: the sweep's line */
	{ "[workload a]\ntype = hold\n[sweep]\ncount = 1, 99\n", -EINVAL,
	  "p.ini:4: error: count: '99' exceeds the maximum, 8" },
	{ "[workload a]\ntype = hold\n[sweep]\nvm.swappiness = 1, 999\n", -EINVAL,
	  "p.ini:4: error: vm.swappiness takes 0 to 200, not 999" },
	{ "[workload a]\ntype = hold\n[workload b]\ntype = hold\n[sweep]\nsize = "
	  "1M\n",
	  -EINVAL, "p.ini:6: error: size: whose? Write a.size or b.size" },
	{ "[workload a]\ntype = hold\nsize = 18446744073709551615\n", -EINVAL,
	  "p.ini:3: error: size: '18446744073709551615' exceeds the maximum, 128T" },
	{ "[workload a]\ntype = hold\nmemory.max = 129T\n", -EINVAL,
	  "p.ini:3: error: memory.max: 129T exceeds the maximum, 128T; `max` is without "
	  "a limit" },
	{ "[workload a]\ntype = hold\nhold = 367d\n", -EINVAL,
	  "p.ini:3: error: hold: '367d' exceeds the maximum, 366d" },
	{ "[profile]\ntimeout = 367d\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: timeout: '367d' exceeds the maximum, 366d" },
	{ "[sysctl]\nvm.overcommit_memory = 2\nvm.overcommit_ratio = 4\n"
	  "[workload a]\ntype = hold\n",
	  -EINVAL,
	  "p.ini: error: vm.overcommit_memory=2 would allow 983 MiB to be committed, and 1 GiB are already: "
	  "no process could start any more, restore included" },
	{ "[sysctl]\nvm.overcommit_memory = 2\nvm.overcommit_kbytes = 0\n"
	  "[workload a]\ntype = hold\n",
	  -EINVAL,
	  "p.ini: error: vm.overcommit_memory=2 would allow 0 B to be committed, and 1 GiB are already: "
	  "no process could start any more, restore included" },
	{ "[sysctl]\nvm.min_free_kbytes = 20971520\n[workload a]\ntype = hold\n", -EINVAL,
	  "p.ini:2: error: vm.min_free_kbytes: 20971520 kB is not below the 20 GiB "
	  "that are available here" },
	{ "[workload a]\ntype = hold\nsize = 19G\n", -ENOMEM,
	  "p.ini: error: it needs 19 GiB at its peak; 20 GiB are available here and 2 "
	  "GiB of them stay untouched" },
};

static void each_mistake_has_its_place_and_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		struct error e = { "" };
		struct plan plan = { .seed = 77 };

		assert_int_equal(try_plan(&plan, mistakes[i].text, &v1, &e), mistakes[i].ret);
		assert_string_equal(e.text, mistakes[i].error);
		assert_int_equal(plan.seed, 77); /* untouched */
	}
}

static void what_is_set_on_the_command_line_and_swept_is_refused(void **state)
{
	struct error e = { "" };
	struct profile p;
	struct plan plan;

	(void)state;
	profile_init(&p);
	assert_int_equal(profile_of_workload(&p, "hold", &e), 0);
	assert_int_equal(profile_override(&p, "sweep.size=1M,2M", &e), 0);
	assert_int_equal(profile_override(&p, "size=3M", &e), 0);
	assert_int_equal(plan_make(&plan, &p, &v1, &e), -EINVAL);
	assert_string_equal(e.text, "command line: error: size is swept: write sweep.size=…");
	profile_release(&p);
}

/* ---- sweeps and order ---- */

static const struct {
	const char *sweep;
	const char *labels; /* one line each */
} sweeps[] = {
	{ "", "\n" },
	{ "vm.swappiness = 0, 60 ,100\n",
	  "vm.swappiness=0\nvm.swappiness=60\nvm.swappiness=100\n" },
	{ "size = 64M..256M+64M\n", "size=64M\nsize=128M\nsize=192M\nsize=256M\n" },
	{ "size = 512K..2M*2\n", "size=512K\nsize=1M\nsize=2M\n" },
	{ "size = 64M..1G*4\n", "size=64M\nsize=256M\nsize=1G\n" },
	{ "vm.min_free_kbytes = 65536..300000*2\n",
	  "vm.min_free_kbytes=65536\nvm.min_free_kbytes=131072\n"
	  "vm.min_free_kbytes=262144\n" },
	{ "share = 0.1..0.5+0.2\n", "share=0.1\nshare=0.3\nshare=0.5\n" },
	{ "share = 10%..50%+20%\n", "share=10%\nshare=30%\nshare=50%\n" },
	{ "count = 1..4*1.5\n", "count=1\ncount=1.5\ncount=2.25\ncount=3.375\n" },
	{ "wait = 0s..1s+500ms\n", "" }, /* not sizes, and not of one unit */
	{ "wait = 0ms..1000ms+500ms\n", "wait=0ms\nwait=500ms\nwait=1000ms\n" },
	{ "a.size = 1M, 2M\ncount = 1..2+1\n",
	  "a.size=1M;count=1\na.size=1M;count=2\na.size=2M;count=1\n"
	  "a.size=2M;count=2\n" },
	{ "mode = zip\nsize = 1M, 2M\ncount = 1..2+1\n", "size=1M;count=1\nsize=2M;count=2\n" },
	{ "mode = zip\nsize = 1M, 1M\ncount = 1, 2\n", "size=1M;count=1\nsize=1M;count=2\n" },
};

static void sweeps_expand_in_a_fixed_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sweeps); i++) {
		char text[512], labels[512] = "";
		struct error e = { "" };
		struct plan plan;

		snprintf(text, sizeof(text), "[workload a]\ntype = hold\n[sweep]\n%s",
			 sweeps[i].sweep);
		if (try_plan(&plan, text, &v1, &e)) {
			/* 1.5 of a count is refused where it is used */
			assert_true(!*sweeps[i].labels || strstr(e.text, "is not a count"));
			continue;
		}
		for (unsigned c = 0; c < plan.nr_cells; c++) {
			assert_int_equal(plan.cell[c].index, c);
			strcat(strcat(labels, plan.cell[c].label), "\n");
		}
		assert_string_equal(labels, sweeps[i].labels);
		plan_release(&plan);
	}
}

static void a_swept_value_arrives_in_its_cell(void **state)
{
	struct plan plan;

	(void)state;
	make_plan(&plan,
		  "[workload a]\ntype = hold\nsize = 50%limit\n[sweep]\nmode = zip\n"
		  "memory.max = 64M, 128M\nvm.swappiness = 1, 2\nswap.type = zram, none\n"
		  "[swap]\nsize = 32M\n",
		  &v1);
	assert_int_equal(plan.cell[0].worker[0].prediction.footprint_bytes, 32 * M);
	assert_int_equal(plan.cell[1].worker[0].prediction.footprint_bytes, 64 * M);
	assert_string_equal(plan.cell[0].setting[0].value, "1");
	assert_string_equal(plan.cell[1].setting[0].value, "2");
	assert_int_equal(plan.cell[0].swap.kind, SWAP_ZRAM);
	assert_int_equal(plan.cell[1].swap.kind, SWAP_NONE);
	assert_int_equal(plan.cell[0].worker[0].env->swap_bytes, 32 * M);
	assert_int_equal(plan.cell[1].worker[0].env->swap_bytes, 0);
	plan_release(&plan);
}

static const char nine_cells[] = "[profile]\nrepeats = 3\nwarmup = 2\nseed = %u\n"
				 "[workload a]\ntype = hold\n[sweep]\n"
				 "vm.swappiness = 0, 60, 100\nsize = 1M, 2M, 3M\n";

static void order_text(unsigned seed, char *out)
{
	struct plan plan;
	char text[512];

	snprintf(text, sizeof(text), nine_cells, seed);
	make_plan(&plan, text, &v1);
	assert_int_equal(plan.nr_steps, 45);
	out[0] = '\0';
	for (unsigned block = 0; block < 5; block++) {
		unsigned seen = 0;

		for (unsigned i = 0; i < 9; i++) {
			const struct plan_step *step = &plan.step[9 * block + i];

			assert_int_equal(step->repeat, (int)block - 1);
			seen |= 1u << step->cell;
			sprintf(out + strlen(out), "%u", step->cell);
		}
		assert_int_equal(seen, 0x1ff); /* each cell once a block */
		strcat(out, " ");
	}
	plan_release(&plan);
}

static void the_order_is_shuffled_in_blocks_and_given_by_the_seed(void **state)
{
	char first[64], again[64], other[64];

	(void)state;
	order_text(1, first);
	order_text(1, again);
	order_text(2, other);
	assert_string_equal(first, again);
	assert_string_not_equal(first, other);
	/*
	 * The order is part of the results and must not change from version to version:
	 * computed apart from plan.c with SplitMix64 and a shuffle from the end.
	 */
	assert_string_equal(first, "243068175 837254160 423578610 384615270 705632841 ");
}

/* ---- what cannot run here ---- */

static void what_cannot_run_here_is_skipped_with_the_reason(void **state)
{
	static const struct {
		const char *text, *skip;
	} cases[] = {
		{ "[workload a]\ntype = far\n",
		  "needs two NUMA nodes with memory and there is one; pagestorm lab --nodes 2 "
		  "has them" },
		{ "[workload a]\ntype = thp\n",
		  "transparent huge pages are off; add thp.enabled=madvise" },
		{ "[workload a]\ntype = thp\n[setting]\nthp.enabled = madvise\n", "" },
		{ "[workload a]\ntype = picky\ncount = 8\n",
		  "eight is more than this machine can count" },
		{ "[workload a]\ntype = hold\nmemory.high = 32M\n",
		  "cgroup v1 has no memory.high" },
		{ "[cgroup]\nmemory.oom.group = yes\n[workload a]\ntype = hold\n",
		  "cgroup v1 has no memory.oom.group" },
		{ "[workload a]\ntype = hold\nmemory.swappiness = 60\n", "" },
		{ "[workload a]\ntype = hold\noom_score_adj = -1\n",
		  "oom_score_adj=-1 needs CAP_SYS_RESOURCE; this process lacks it" },
		{ "[workload a]\ntype = hold\noom_score_adj = 1\n", "" },
		{ "[workload a]\ntype = hold\nmems = 1\n",
		  "mems=1: this machine has no node 1" },
		{ "[workload a]\ntype = hold\ncpus = farthest\n",
		  "cpus=farthest: this machine has no farthest node with CPUs" },
		{ "[setting]\nzswap.enabled = Y\n[workload a]\ntype = hold\n",
		  "zswap.enabled: this kernel has no zswap" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan plan;

		make_plan(&plan, cases[i].text, &v1);
		assert_string_equal(plan.cell[0].worker[0].skip, cases[i].skip);
		assert_int_equal(plan.cell[0].null_worker == NULL, *cases[i].skip != 0);
		plan_release(&plan);
	}
}

/* ---- risk, duration, noise ---- */

static void risk_has_its_class_and_reason(void **state)
{
	static const struct {
		const char *text;
		enum risk risk;
		const char *why;
	} cases[] = {
		{ "", RISK_R0, "all that it does stays within its cgroups" },
		{ "[sysctl]\nvm.swappiness = 1\n", RISK_R1,
		  "changes vm.swappiness and restores it" },
		{ "[swap]\ntype = zram\nsize = 16M\n", RISK_R1,
		  "adds a swap device of its own and takes it away again" },
		{ "[profile]\nreset = drop_caches\n", RISK_R1,
		  "drops the machine's page cache or compacts its memory between runs" },
		{ "[sysctl]\nvm.swappiness = 1\nvm.min_free_kbytes = 100000\n", RISK_R2,
		  "vm.min_free_kbytes can squeeze the whole machine" },
		{ "[sysctl]\nvm.overcommit_memory = 2\nvm.overcommit_ratio = 50\n", RISK_R2,
		  "vm.overcommit_memory can squeeze the whole machine" },
		{ "[sysctl]\nvm.overcommit_ratio = 0\n", RISK_R2,
		  "vm.overcommit_ratio can squeeze the whole machine" },
		{ "[sysctl]\nvm.dirty_bytes = 8192\n", RISK_R2,
		  "vm.dirty_bytes=8192 can stop or flood the machine, or cannot be undone" },
		{ "[sysctl]\nvm.dirty_bytes = 8388608\n", RISK_R1,
		  "changes vm.dirty_bytes and restores it" },
		{ "[cgroup]\nmemory.max = max\n", RISK_R2, "a has no memory limit" },
		{ "[profile]\nrisk = R3\n", RISK_R3, "the profile says so" },
		{ "[profile]\nrisk = R0\n[sysctl]\nvm.swappiness = 1\n", RISK_R1,
		  "changes vm.swappiness and restores it" },
		{ "[cgroup]\nmemory.max = max\n[sweep]\na.size = 1M, 30G\n", RISK_R3,
		  "a has no memory limit and takes more than there is" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan plan;
		char text[512];

		snprintf(text, sizeof(text), "%s[workload a]\ntype = hold\n", cases[i].text);
		make_plan(&plan, text, &v1);
		assert_string_equal(plan.risk_why, cases[i].why);
		assert_int_equal(plan.risk, cases[i].risk);
		plan_release(&plan);
	}
}

static void without_a_limit_none_is_written(void **state)
{
	struct plan plan;

	(void)state;
	make_plan(&plan, "[workload a]\ntype = hold\nmemory.max = max\n", &v1);
	assert_int_equal(plan.cell[0].worker[0].env->limit_bytes, 0);
	assert_string_equal(limit(&plan.cell[0].worker[0].request.limits, "memory.max"), "max");
	/* memsw cannot stand below an unlimited memory limit on v1 */
	assert_string_equal(limit(&plan.cell[0].worker[0].request.limits, "memory.swap.max"),
			    "none");
	plan_release(&plan);
	make_plan(&plan, "[workload a]\ntype = hold\nmemory.max = max\n", &v2_two_nodes);
	assert_string_equal(limit(&plan.cell[0].worker[0].request.limits, "memory.swap.max"),
			    "0");
	plan_release(&plan);
}

static void what_takes_the_machine_has_no_limit_unless_given_one(void **state)
{
	struct plan plan;

	(void)state;
	make_plan(&plan, "[workload a]\ntype = take_all\n", &v2_two_nodes);
	assert_string_equal(limit(&plan.cell[0].worker[0].request.limits, "memory.max"), "max");
	assert_string_equal(limit(&plan.cell[0].worker[0].request.limits, "memory.swap.max"),
			    "0");
	assert_int_equal(plan.risk, RISK_R2);
	plan_release(&plan);
	make_plan(&plan, "[workload a]\ntype = take_all\nmemory.max = 128M\n", &v2_two_nodes);
	assert_int_equal(plan.cell[0].worker[0].env->limit_bytes, 128 << 20);
	assert_int_equal(plan.risk, RISK_R0);
	plan_release(&plan);
}

/* ---- limits of the groups above ---- */

#define IN_POD                                                                                 \
	{                                                                                      \
		.set = true, .bytes = 100 * M, .group = "/cg/pod"                              \
	}

static const struct {
	const char *text;
	struct host_around around;
	const char *skip; /* stands in it; NULL: it runs, with what follows */
	uint64_t limit_bytes, high_bytes, swap_max_bytes;
} below[] = {
	{ "type = hold\nmemory.max = 128M\n", { .max = IN_POD }, NULL, 100 * M, 0, 0 },
	{ "type = hold\nmemory.max = 80M\n", { .max = IN_POD }, NULL, 80 * M, 0, 0 },
	{ "type = hold\nsize = 50M\n", { .max = IN_POD }, NULL, 100 * M, 0, 0 },
	{ "type = hold\nsize = 101M\n", { .max = IN_POD }, "it needs more than", 0, 0, 0 },
	{ "type = hold\nmemory.max = 128M\nmemory.swap.max = max\n",
	  { .high = IN_POD, .swap = { .set = true, .bytes = 4 * M } },
	  NULL,
	  128 * M,
	  100 * M,
	  4 * M },
	{ "type = hold\nmemory.max = 128M\nmemory.swap.max = max\n",
	  { .total = { .set = true, .bytes = 130 * M } },
	  NULL,
	  128 * M,
	  0,
	  2 * M },
	{ "type = killed\nmemory.max = 64M\n", { .max = IN_POD }, NULL, 64 * M, 0, 0 },
	{ "type = killed\nmemory.max = 128M\n",
	  { .max = IN_POD },
	  "hit before its own: lower its memory.max; the memory.max of 100 MiB is that of /cg/pod",
	  0,
	  0,
	  0 },
	{ "type = killed\nmemory.max = 128M\n",
	  { .high = IN_POD },
	  "throttled before it hits its own limit",
	  0,
	  0,
	  0 },
	{ "type = killed\nmemory.max = 128M\n",
	  { .max = { .set = true, .bytes = 100 * M } },
	  "of a group above what is visible",
	  0,
	  0,
	  0 },
	{ "type = take_all\n",
	  { .max = IN_POD },
	  "before the machine's memory is used",
	  0,
	  0,
	  0 },
	{ "type = swapper\nmemory.max = 64M\n[swap]\ntype = zram\nsize = 64M\n",
	  { .swap = { .set = true, .group = "/cg/pod" } },
	  "it cannot swap here; the memory.swap.max of 0 B is that of /cg/pod",
	  0,
	  0,
	  0 },
};

static void limits_of_the_groups_above_count(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(below); i++) {
		struct host host = v2_two_nodes;
		const struct plan_worker *w;
		struct plan plan;
		char text[256];

		host.around = below[i].around;
		snprintf(text, sizeof(text), "[workload a]\n%s", below[i].text);
		make_plan(&plan, text, &host);
		w = &plan.cell[0].worker[0];
		if (below[i].skip ? !strstr(w->skip, below[i].skip) : !!w->skip[0])
			fail_msg("plan %zu: '%s'", i, w->skip);
		if (!below[i].skip && (w->env->limit_bytes != below[i].limit_bytes ||
				       w->env->high_bytes != below[i].high_bytes ||
				       w->env->swap_max_bytes != below[i].swap_max_bytes))
			fail_msg("plan %zu: %" PRIu64 " %" PRIu64 " %" PRIu64, i,
				 w->env->limit_bytes, w->env->high_bytes,
				 w->env->swap_max_bytes);
		plan_release(&plan);
	}
}

static void in_place_a_worker_has_no_group_and_no_limit(void **state)
{
	struct host host = v2_two_nodes;
	const struct plan_worker *w;
	struct plan plan;

	(void)state;
	host.place = CGROUP_IN_PLACE;
	strcpy(host.place_why, "because");
	make_plan(&plan, "[workload a]\ntype = hold\n", &host);
	w = &plan.cell[0].worker[0];
	assert_string_equal(w->skip, "");
	assert_int_equal(w->request.limits.nr, 0);
	assert_int_equal(w->env->limit_bytes, 0);
	assert_non_null(strstr(w->prediction.claim[0].why, "; absent in place"));
	assert_int_equal(plan.risk, RISK_R0);
	plan_release(&plan);

	make_plan(&plan, "[workload a]\ntype = hold\nsize = 11G\n", &host);
	assert_int_equal(plan.risk, RISK_R2);
	plan_release(&plan);
	make_plan(&plan, "[workload a]\ntype = hold\nmemory.max = 128M\n", &host);
	assert_string_equal(plan.cell[0].worker[0].skip,
			    "memory.max cannot be set in place: because");
	plan_release(&plan);
	make_plan(&plan, "[workload a]\ntype = killed\n", &host);
	assert_non_null(
		strstr(plan.cell[0].worker[0].skip, "other processes' memory: because"));
	plan_release(&plan);

	host.around.max = (struct host_limit)IN_POD;
	make_plan(&plan, "[workload a]\ntype = hold\nsize = 50M\n", &host);
	assert_int_equal(plan.cell[0].worker[0].env->limit_bytes, 100 * M);
	plan_release(&plan);
}

static void cpus_and_nodes_outside_of_the_cpuset_above_are_not_used(void **state)
{
	struct host host = v2_two_nodes;
	struct plan plan;

	(void)state;
	strcpy(host.around.cpus, "0-1");
	strcpy(host.around.mems, "0");
	strcpy(host.around.cpuset_group, "/cg/pod");
	make_plan(&plan, "[workload a]\ntype = hold\ncpus = 0-1\n", &host);
	assert_string_equal(plan.cell[0].worker[0].skip, "");
	assert_int_equal(plan.cell[0].worker[0].env->nr_nodes, 1);
	plan_release(&plan);
	make_plan(&plan, "[workload a]\ntype = hold\ncpus = 2\n", &host);
	assert_non_null(strstr(plan.cell[0].worker[0].skip,
			       "the cpuset of /cg/pod has no CPU 2, only 0-1"));
	plan_release(&plan);
	make_plan(&plan, "[workload a]\ntype = hold\nmems = farthest\n", &host);
	assert_non_null(
		strstr(plan.cell[0].worker[0].skip, "the cpuset of /cg/pod has no node 1"));
	plan_release(&plan);
}

static void the_null_run_is_as_long_as_what_others_can_disturb(void **state)
{
	struct plan plan;

	(void)state;
	make_plan(&plan, "[workload a]\ntype = hold\nwait = 5s\nhold = 1s\n", &v1);
	assert_int_equal(plan.cell[0].null_worker->request.hold_ns, 0);
	assert_string_equal(plan.cell[0].null_worker->name, "null");
	assert_string_equal(limit(&plan.cell[0].null_worker->request.limits, "memory.max"),
			    limit(&plan.cell[0].worker[0].request.limits, "memory.max"));
	plan_release(&plan);

	make_plan(&plan, "[workload a]\ntype = wide\nwait = 5s\nhold = 1s\ndelay = 1s\n", &v1);
	assert_int_equal(plan.cell[0].null_worker->request.hold_ns, 7000000000);
	assert_true(plan.seconds > 14 && plan.seconds < 16);
	assert_int_equal(plan.timeout_ns, 130000000000); /* a minute and ten times as long */
	plan_release(&plan);

	/* A run that its timeout ends is no longer. */
	make_plan(&plan, "[workload a]\ntype = wide\nwait = 50s\nhold = 1s\ntimeout = 2s\n",
		  &v1);
	assert_int_equal(plan.cell[0].null_worker->request.hold_ns, 3000000000);
	plan_release(&plan);
	make_plan(&plan, "[profile]\ntimeout = 4s\n[workload a]\ntype = wide\nwait = 50s\n",
		  &v1);
	assert_int_equal(plan.cell[0].null_worker->request.hold_ns, 4000000000);
	plan_release(&plan);

	make_plan(&plan, "[profile]\nnoise = no\n[workload a]\ntype = wide\n", &v1);
	assert_null(plan.cell[0].null_worker);
	plan_release(&plan);
}

static void an_oom_may_be_expected_where_it_is_not_usual(void **state)
{
	static const struct {
		const char *text;
		enum outcome expected;
	} cases[] = {
		{ "[workload a]\ntype = killed\nmemory.max = 16M\n", OUTCOME_EXPECTED_OOM },
		{ "[workload a]\ntype = killed\nmemory.max = 16M\n[expect]\noutcome = ok\n",
		  OUTCOME_OK },
		{ "[workload a]\ntype = hold\nmemory.max = 16M\n[expect]\noutcome = oom_kill\n",
		  OUTCOME_EXPECTED_OOM },
		{ "[workload a]\ntype = hold\nmemory.max = 16M\n[expect]\n"
		  "a.outcome = oom_kill\noutcome = ok\n",
		  OUTCOME_EXPECTED_OOM },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct plan plan;

		make_plan(&plan, cases[i].text, &v1);
		assert_int_equal(plan.cell[0].worker[0].prediction.expected, cases[i].expected);
		plan_release(&plan);
	}
}

static void with_swap_of_its_own_more_than_the_limit_fits(void **state)
{
	struct error e = { "" };
	struct plan plan;

	(void)state;
	make_plan(&plan,
		  "[swap]\ntype = zram\nsize = 64M\n[workload a]\ntype = hold\n"
		  "memory.max = 100M\nsize = 140%limit\n",
		  &v1);
	assert_int_equal(plan.cell[0].worker[0].prediction.footprint_bytes, 140 * M);
	assert_int_equal(plan.peak_bytes, 164 * M); /* the limit, and zram's own */
	plan_release(&plan);
	assert_int_equal(try_plan(&plan,
				  "[swap]\ntype = zram\nsize = 32M\n[workload a]\n"
				  "type = hold\nmemory.max = 100M\nsize = 140%limit\n",
				  &v1, &e),
			 -ENOMEM);
	assert_string_equal(e.text,
			    "p.ini:5: error: a needs 140 MiB and its group may have 132 MiB: "
			    "raise memory.max, or expect outcome=oom_kill");
}

/* ---- [expect] ---- */

static const struct {
	const char *text, *worker, *key;
	enum relation relation;
	int64_t value, tolerance;
	enum unit unit;
} expectation_cases[] = {
	{ "minor_faults = 3", "", "minor_faults", RELATION_EQ, 3, 0, UNIT_COUNT },
	{ "minor_faults = =3", "", "minor_faults", RELATION_EQ, 3, 0, UNIT_COUNT },
	{ "minor_faults = > 3", "", "minor_faults", RELATION_GE, 4, 0, UNIT_COUNT },
	{ "minor_faults = <3", "", "minor_faults", RELATION_LE, 2, 0, UNIT_COUNT },
	{ "a.minor_faults = 3..5", "a", "minor_faults", RELATION_BETWEEN, 3, 2, UNIT_COUNT },
	{ "pswpout_bytes = >=100M", "", "swap_out_bytes", RELATION_GE, 100 * M, 0, UNIT_BYTES },
	{ "achieved_bytes = 0..1M", "", "achieved_bytes", RELATION_BETWEEN, 0, M, UNIT_BYTES },
	{ "latency_p99_ns = <=5ms", "", "latency_p99_ns", RELATION_LE, 5000000, 0, UNIT_NSEC },
	{ "psi_memory_full_usec = >=10s", "", "psi_memory_full_usec", RELATION_GE, 10000000, 0,
	  UNIT_USEC },
	{ "psi_memory_full_usec = <5ms", "", "psi_memory_full_usec", RELATION_LE, 4999, 0,
	  UNIT_USEC },
	{ "seconds = <=10s", "", "seconds", RELATION_LE, 10000000000, 0, UNIT_NSEC },
	{ "seconds = <1", "", "seconds", RELATION_LE, 999999999, 0, UNIT_NSEC },
	{ "seconds = >0", "", "seconds", RELATION_GE, 1, 0, UNIT_NSEC },
	{ "seconds = 500ms..2s", "", "seconds", RELATION_BETWEEN, 500000000, 1500000000,
	  UNIT_NSEC },
	{ "seconds = 1..2", "", "seconds", RELATION_BETWEEN, 1000000000, 1000000000,
	  UNIT_NSEC },
	{ "a.group/memory.stat/pgfault = 100..200", "a", "group/memory.stat/pgfault",
	  RELATION_BETWEEN, 100, 100, UNIT_COUNT },
	{ "system/pressure/memory/x = >=1", "", "system/pressure/memory/x", RELATION_GE, 1, 0,
	  UNIT_COUNT },
	{ "outcome = timeout", "", "outcome", RELATION_EQ, OUTCOME_TIMEOUT, 0, UNIT_COUNT },
};

static void expectations_are_numbers_in_the_columns_unit(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expectation_cases); i++) {
		const struct expectation *x;
		struct plan plan;
		char text[256];

		snprintf(text, sizeof(text), "[workload a]\ntype = hold\n[expect]\n%s\n",
			 expectation_cases[i].text);
		make_plan(&plan, text, &v1);
		x = &plan.expectation[0];
		assert_int_equal(plan.nr_expectations, 1);
		assert_string_equal(x->worker, expectation_cases[i].worker);
		assert_string_equal(x->key, expectation_cases[i].key);
		assert_int_equal(x->relation, expectation_cases[i].relation);
		assert_int_equal(x->value, expectation_cases[i].value);
		assert_int_equal(x->tolerance, expectation_cases[i].tolerance);
		assert_int_equal(x->unit, expectation_cases[i].unit);
		assert_int_equal(x->line, 4);
		plan_release(&plan);
	}
}

/* ---- the expanded profile ---- */

static void workers_share_an_environment_that_is_the_same(void **state)
{
	const struct plan_cell *cell;
	struct plan plan;

	(void)state;
	make_plan(&plan,
		  "[workload a]\ntype = hold\nmemory.max = 64M\n"
		  "[workload b]\ntype = hold\nmemory.max = 64M\n"
		  "[workload c]\ntype = hold\nmemory.max = 65M\n",
		  &v1);
	cell = &plan.cell[0];
	assert_ptr_equal(cell->worker[0].env, cell->worker[1].env);
	assert_ptr_equal(cell->worker[0].env, cell->null_worker->env);
	assert_ptr_not_equal(cell->worker[0].env, cell->worker[2].env);
	assert_int_equal(cell->worker[2].env->limit_bytes, 65 << 20);
	assert_int_equal(cell->nr_envs, 2);
	assert_ptr_equal(plan.host, &v1);
	plan_release(&plan);
}

static void same_worker(const struct plan_worker *a, const struct plan_worker *b)
{
	assert_string_equal(a->name, b->name);
	assert_ptr_equal(a->workload, b->workload);
	assert_memory_equal(a->request.params, b->request.params, sizeof(a->request.params));
	assert_string_equal(a->request.params_text, b->request.params_text);
	assert_memory_equal(&a->request.limits, &b->request.limits, sizeof(a->request.limits));
	assert_memory_equal(a->env, b->env, sizeof(*a->env));
	assert_int_equal(a->prediction.footprint_bytes, b->prediction.footprint_bytes);
	assert_int_equal(a->prediction.target_bytes, b->prediction.target_bytes);
	assert_int_equal(a->request.delay_ns, b->request.delay_ns);
	assert_int_equal(a->request.hold_ns, b->request.hold_ns);
	assert_int_equal(a->request.timeout_ns, b->request.timeout_ns);
	assert_int_equal(a->request.background, b->request.background);
	assert_int_equal(a->request.oom_score_adj_set, b->request.oom_score_adj_set);
	assert_int_equal(a->request.oom_score_adj, b->request.oom_score_adj);
	assert_string_equal(a->request.cpus, b->request.cpus);
	assert_int_equal(a->request.prewarm_bytes, b->request.prewarm_bytes);
	assert_int_equal(a->request.shortfall_pages, b->request.shortfall_pages);
	assert_int_equal(a->prediction.expected, b->prediction.expected);
	assert_string_equal(a->skip, b->skip);
	assert_int_equal(a->prediction.nr_claims, b->prediction.nr_claims);
}

static void same_cell(const struct plan_cell *a, const struct plan_cell *b)
{
	assert_string_equal(a->label, b->label);
	assert_int_equal(a->nr_settings, b->nr_settings);
	assert_memory_equal(a->setting, b->setting, sizeof(a->setting));
	assert_memory_equal(&a->limits, &b->limits, sizeof(a->limits));
	assert_memory_equal(&a->swap, &b->swap, sizeof(a->swap));
	assert_int_equal(a->nr_workers, b->nr_workers);
	for (unsigned i = 0; i < a->nr_workers; i++)
		same_worker(&a->worker[i], &b->worker[i]);
	assert_int_equal(!a->null_worker, !b->null_worker);
	if (a->null_worker)
		same_worker(a->null_worker, b->null_worker);
}

static void same_plan(const struct plan *a, const struct plan *b)
{
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->why, b->why);
	assert_int_equal(a->repeats, b->repeats);
	assert_int_equal(a->warmup, b->warmup);
	assert_int_equal(a->seed, b->seed);
	assert_int_equal(a->sample_ns, b->sample_ns);
	assert_int_equal(a->timeout_ns, b->timeout_ns);
	assert_int_equal(a->grace_ns, b->grace_ns);
	assert_int_equal(a->reset, b->reset);
	assert_int_equal(a->keep_raw, b->keep_raw);
	assert_int_equal(a->noise, b->noise);
	assert_int_equal(a->risk, b->risk);
	assert_string_equal(a->risk_why, b->risk_why);
	assert_true(a->seconds == b->seconds);
	assert_int_equal(a->peak_bytes, b->peak_bytes);
	assert_int_equal(a->nr_cells, b->nr_cells);
	for (unsigned i = 0; i < a->nr_cells; i++)
		same_cell(&a->cell[i], &b->cell[i]);
	assert_int_equal(a->nr_steps, b->nr_steps);
	assert_memory_equal(a->step, b->step, a->nr_steps * sizeof(*a->step));
	assert_int_equal(a->primary.nr, b->primary.nr);
	for (unsigned i = 0; i < a->primary.nr; i++) {
		assert_string_equal(a->primary.item[i].worker, b->primary.item[i].worker);
		assert_ptr_equal(a->primary.item[i].metric, b->primary.item[i].metric);
	}
	assert_int_equal(a->nr_expectations, b->nr_expectations);
	for (unsigned i = 0; i < a->nr_expectations; i++) {
		assert_string_equal(a->expectation[i].key, b->expectation[i].key);
		assert_int_equal(a->expectation[i].value, b->expectation[i].value);
	}
}

static void an_expectation_may_differ_by_cell(void **state)
{
	static const enum outcome expected[] = { OUTCOME_TIMEOUT, OUTCOME_OK, OUTCOME_OK,
						 OUTCOME_TARGET_MISSED };
	struct plan plan;

	(void)state;
	make_plan(
		&plan,
		"[workload a]\ntype = hold\n[sweep]\na.size = 64M, 128M\nvm.swappiness = 0, 60\n"
		"[expect]\noutcome = timeout if vm.swappiness=0;a.size=64M, ok if a.size=64M, "
		"ok if vm.swappiness=0, target_missed\nminor_faults = >5 if a.size=64M\n",
		&v2_two_nodes);
	assert_int_equal(plan.nr_cells, ARRAY_SIZE(expected));
	for (unsigned i = 0; i < plan.nr_cells; i++) {
		print_message("# %s\n", plan.cell[i].label);
		assert_int_equal(plan.cell[i].worker[0].prediction.expected, expected[i]);
		assert_int_equal(expectation_applies(&plan, plan.nr_expectations - 1,
						     plan.cell[i].label),
				 strstr(plan.cell[i].label, "a.size=64M") != NULL);
	}
	plan_release(&plan);
}

static void the_expanded_profile_gives_the_same_plan(void **state)
{
	static const char *const texts[] = {
		"[workload a]\ntype = hold\n",
		"[profile]\nname = n\nwhy = because\nrepeats = 2\nwarmup = 1\nseed = 9\n"
		"sample = 50ms\ngrace = 1s\nreset = drop_caches swap\nkeep_raw = yes\n"
		"noise = no\nrisk = R2\n[workload a]\ntype = rated\nwait = 3s\n",
		"[cgroup]\nmemory.max = 10%available\n[workload a]\n"
		"type = hold\nsize = 40%limit\n",
		"[workload a]\ntype = hold\nsize = 5%available\nrate = 5M/s\nmode = fast\n"
		"share = 1%\nflag = 1\ninject_shortfall = 3\nprewarm = 1M\noom_score_adj = 5\n",
		"[cgroup]\nmemory.max = 1G\n[workload a]\ntype = hold\n[workload b]\n"
		"type = hold\nmemory.max = 128M\ndelay = 1s\nbackground = yes\n"
		"cpus = local\nmems = 0\n[expect]\na.outcome = ok\n"
		"b.minor_faults = 3..5\n",
		"[swap]\ntype = zram\nsize = 64M\nalgorithm = lz4\n[sysctl]\n"
		"vm.page-cluster = 0\n[setting]\nthp.enabled = madvise\n[workload a]\n"
		"type = swapper\n",
		"[workload a]\ntype = killed\nmemory.max = 96M\n",
		"[workload a]\ntype = far\n",
		"[profile]\nprimary = seconds, a.minor_faults\n[workload a]\ntype = far\n",
		"[profile]\nrepeats = 3\n[workload a]\ntype = hold\nsize = 50%limit\n"
		"[sweep]\nmode = zip\nmemory.max = 5%available, 64M, 128M\n"
		"vm.swappiness = 0..100+50\n",
		"[workload a]\ntype = wide\n[sweep]\nwait = 1s, 2s\nhold = 0s, 5s\n"
		"swap.type = none, zram\n[swap]\nsize = 16M\n",
		"[workload a]\ntype = hold\nmemory.max = max\n",
		"[workload a]\ntype = hold\n[sweep]\na.size = 64M, 128M\n[expect]\n"
		"a.outcome = timeout if a.size=64M, ok\n",
		"[workload a]\ntype = hold\n[sweep]\nvm.swappiness = 0..200+1\n",
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(texts); i++) {
		const struct host *host = i & 1 ? &v1 : &v2_two_nodes;
		struct plan plan, again;

		make_plan(&plan, texts[i / 2], host);
		make_plan(&again, plan.profile_text, host);
		if (!strstr(texts[i / 2], "name ="))
			assert_string_equal(plan.name, "p");
		same_plan(&plan, &again);
		assert_string_equal(again.profile_text, plan.profile_text);
		plan_release(&plan);
		plan_release(&again);
	}
}

static void the_expanded_profile_keeps_nothing_back(void **state)
{
	struct plan plan;

	(void)state;
	make_plan(&plan, "[workload a]\ntype = hold\nsize = 10%available\n", &v1);
	assert_string_equal(plan.profile_text, "[profile]\n"
					       "name = p\n"
					       "repeats = 1\n"
					       "warmup = 0\n"
					       "retries = 2\n"
					       "seed = 1\n"
					       "sample = 100ms\n"
					       "timeout = 1m\n"
					       "grace = 5s\n"
					       "reset = none\n"
					       "keep_raw = no\n"
					       "noise = yes\n"
					       "risk = R0\n"
					       "\n"
					       "[swap]\n"
					       "type = none\n"
					       "\n"
					       "[workload a]\n"
					       "type = hold\n"
					       "size = 2147483648\n"
					       "count = 2\n"
					       "rate = 0\n"
					       "wait = 0s\n"
					       "share = 0.5\n"
					       "flag = no\n"
					       "mode = slow\n"
					       "text = abc\n"
					       "delay = 0s\n"
					       "hold = 0s\n"
					       "timeout = 1m\n"
					       "background = no\n"
					       "inject_shortfall = 0\n"
					       "prewarm = no\n"
					       "memory.swap.max = 0\n");
	plan_release(&plan);
}

static void outcomes_and_risks_have_the_names_of_the_schema(void **state)
{
	(void)state;
	assert_string_equal(outcome_name(OUTCOME_OK), "ok");
	assert_string_equal(outcome_name(OUTCOME_EXPECTED_OOM), "expected_oom");
	assert_string_equal(outcome_name(OUTCOME_BROKEN), "broken");
	assert_string_equal(risk_name(RISK_R3), "R3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_resolved_defaults_included),
		cmocka_unit_test(a_worker_without_a_limit_gets_one_with_room),
		cmocka_unit_test(swap_is_off_unless_it_was_asked_for),
		cmocka_unit_test(the_runs_limits_are_the_only_workers_own),
		cmocka_unit_test(percentages_refer_to_what_they_name),
		cmocka_unit_test(prewarm_is_for_rates_and_stays_below_the_limit),
		cmocka_unit_test(before_a_kill_no_more_is_swapped_than_the_own_device_has),
		cmocka_unit_test(common_keys_reach_the_worker),
		cmocka_unit_test(a_worker_knows_whether_another_one_is_alike),
		cmocka_unit_test(workloads_see_the_machine_as_the_run_sets_it),
		cmocka_unit_test(workloads_see_the_huge_pages_that_the_run_sets_up),
		cmocka_unit_test(a_pool_of_huge_pages_must_fit_the_machine),
		cmocka_unit_test(each_mistake_has_its_place_and_sentence),
		cmocka_unit_test(what_is_set_on_the_command_line_and_swept_is_refused),
		cmocka_unit_test(sweeps_expand_in_a_fixed_order),
		cmocka_unit_test(a_swept_value_arrives_in_its_cell),
		cmocka_unit_test(the_order_is_shuffled_in_blocks_and_given_by_the_seed),
		cmocka_unit_test(what_cannot_run_here_is_skipped_with_the_reason),
		cmocka_unit_test(risk_has_its_class_and_reason),
		cmocka_unit_test(without_a_limit_none_is_written),
		cmocka_unit_test(what_takes_the_machine_has_no_limit_unless_given_one),
		cmocka_unit_test(limits_of_the_groups_above_count),
		cmocka_unit_test(in_place_a_worker_has_no_group_and_no_limit),
		cmocka_unit_test(cpus_and_nodes_outside_of_the_cpuset_above_are_not_used),
		cmocka_unit_test(the_null_run_is_as_long_as_what_others_can_disturb),
		cmocka_unit_test(an_oom_may_be_expected_where_it_is_not_usual),
		cmocka_unit_test(with_swap_of_its_own_more_than_the_limit_fits),
		cmocka_unit_test(expectations_are_numbers_in_the_columns_unit),
		cmocka_unit_test(an_expectation_may_differ_by_cell),
		cmocka_unit_test(the_expanded_profile_gives_the_same_plan),
		cmocka_unit_test(the_expanded_profile_keeps_nothing_back),
		cmocka_unit_test(outcomes_and_risks_have_the_names_of_the_schema),
		cmocka_unit_test(workers_share_an_environment_that_is_the_same),
	};

	return cmocka_run_group_tests(tests, make_hosts, NULL);
}
