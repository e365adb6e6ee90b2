// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every claim of every workload, on many machines and with each choice of each option,
 * against the table of sources and the captured kernels: a claim that cannot be
 * judged, that names a counter which no kernel has, or that cannot fail, is detected here
 * and not in a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "harness/plan/option.h"
#include "harness/record/evidence.h"
#include "harness/record/judge.h"
#include "harness/record/sum.h"
#include "tests/unit/fixture.h"
#include "tests/unit/params.h"
#include "workloads/api/arith.h"

static struct fixture captured[3];
static unsigned nr_claims, nr_different, nr_judged;

static int load_captures(void **state)
{
	(void)state;
	fixture_load(&captured[0], &fixture_host);
	fixture_load(&captured[1], &fixture_guest_6_1);
	fixture_load(&captured[2], &fixture_guest_6_12);
	return 0;
}

static int release_captures(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(captured); i++)
		fixture_release(&captured[i]);
	return 0;
}

/* ---- one claim ---- */

static bool place_fits(const char *scope, enum place place)
{
	if (!strcmp(scope, "group") || !strcmp(scope, "run"))
		return place == PLACE_GROUP;
	if (!strncmp(scope, "process", 7))
		return place == PLACE_PROCESS;
	if (!strncmp(scope, "mapping", 7))
		return place == PLACE_MAPPING;
	if (!strncmp(scope, "node", 4) && !strchr(scope, ':'))
		return place == PLACE_NODE || place == PLACE_SYSTEM;
	return place == PLACE_SYSTEM;
}

static const struct source *claimed_source(const struct claim *c, unsigned version)
{
	for (const struct source *s = sources; s->name; s++)
		if (!strcmp(s->name, c->source) && place_fits(c->scope, s->place) &&
		    (!s->cgroup_version || s->cgroup_version == version))
			return s;
	return NULL;
}

/* Keys that end in a node's number are one key: the v1 capture has one node. */
static bool same_key(const char *a, const char *b)
{
	const char *na = strrchr(a, 'N'), *nb = strrchr(b, 'N');

	if (!na || !nb || !na[1] || !nb[1] || na[1 + strspn(na + 1, "0123456789")] ||
	    nb[1 + strspn(nb + 1, "0123456789")])
		return !strcmp(a, b);
	return na - a == nb - b && !strncmp(a, b, (size_t)(na - a));
}

/* A key that some kernel with this version of cgroups printed. */
static bool key_was_captured(const struct claim *c, const char *key, unsigned version)
{
	for (size_t i = 0; i < ARRAY_SIZE(captured); i++) {
		const struct record *r = &captured[i].record;

		if (captured[i].tree->cgroup_version != version && !strcmp(c->scope, "group"))
			continue;
		for (size_t k = 0; k < r->nr; k++)
			if (!strcmp(r->counter[k].source, c->source) &&
			    same_key(r->counter[k].counter, key))
				return true;
	}
	return false;
}

/* Of a sum one key: no captured kernel has zswap and cgroup v2. */
static bool was_captured(const struct claim *c, unsigned version)
{
	char key[SUM_KEY_BYTES];
	bool subtracted, found = false;

	for (size_t at = 0; sum_next(c->counter, &at, key, &subtracted);)
		found |= key_was_captured(c, key, version);
	return found;
}

static void check_units(const struct workload *w, const struct source *source,
			const struct claim *c)
{
	enum unit unit = UNIT_COUNT;
	char key[SUM_KEY_BYTES];
	bool subtracted;

	for (size_t at = 0; sum_next(c->counter, &at, key, &subtracted);) {
		const struct counter_type type = counters_type(source, key);

		unit = subtracted || at > strlen(key) ? unit : type.unit;
		if (!judge_convertible(type.unit, c->unit))
			fail_msg("%s: %s/%s is in %s, and claimed in %s", w->name, c->source,
				 key, unit_name(type.unit), unit_name(c->unit));
		if (strcmp(key, c->counter) &&
		    (type.kind != KIND_CUMULATIVE || type.unit != unit))
			fail_msg("%s: %s/%s is added up and no event in the same unit", w->name,
				 c->source, key);
	}
}

static void check_words(const char *name, const struct claim *c)
{
	if (!c->quantity || !*c->quantity || !*c->why)
		fail_msg("%s/%s: a claim without a name or a reason", name, c->counter);
	if (strpbrk(c->why, ",\"\n") || strpbrk(c->quantity, ",\"\n "))
		fail_msg("%s/%s: '%s' would need quotes", name, c->counter, c->why);
	if (c->tolerance < 0)
		fail_msg("%s/%s: a negative tolerance", name, c->counter);
	if (c->basis == BASIS_EXACT && c->tolerance)
		fail_msg("%s/%s: exact, and yet with a tolerance", name, c->counter);
	if (c->basis == BASIS_PROFILE)
		fail_msg("%s/%s: only a profile's own claims have that basis", name,
			 c->counter);
}

static void check_claim(const struct workload *w, const struct workload_env *env,
			const struct claim *c)
{
	const struct source *source;

	check_words(w->name, c);
	if (c->slot && workload_slot(w, c->slot) < 0)
		fail_msg("%s/%s: no slot %s", w->name, c->counter, c->slot);
	if (!strcmp(c->scope, "ledger")) {
		int slot = workload_slot(w, c->counter);

		if (slot < 0 || !judge_convertible(w->slots[slot].unit, c->unit))
			fail_msg("%s: no slot %s in that unit", w->name, c->counter);
		return;
	}
	source = claimed_source(c, env->cgroup_version);
	if (!source)
		fail_msg("%s: no source %s for scope %s with cgroup v%u", w->name, c->source,
			 c->scope, env->cgroup_version);
	check_units(w, source, c);
	if (!was_captured(c, env->cgroup_version))
		fail_msg("%s: no captured kernel has %s/%s", w->name, c->source, c->counter);
	if (c->span == SPAN_RESIDUE &&
	    (source->place == PLACE_PROCESS || source->place == PLACE_MAPPING))
		fail_msg("%s: %s/%s is gone before its residue is taken", w->name, c->source,
			 c->counter);
}

/* ---- whether it can fail ---- */

#define COUNTED 3584 /* in each slot: what the worker says that it did */

/* Of a sum its first key alone moves. */
static struct judgement judge(const struct workload *w, const struct claim *c, enum kind kind,
			      uint64_t counted, int64_t observed)
{
	uint64_t slot[SLOTS_MAX];
	struct judgement judgement;
	char key[SUM_KEY_BYTES];
	struct record record;
	size_t first = 0;
	bool subtracted;

	for (size_t i = 0; i < SLOTS_MAX; i++)
		slot[i] = counted;
	record_init(&record);
	(void)sum_next(c->counter, &first, key, &subtracted);
	record_put(&record, false, (struct counter_id){ c->scope, c->source, key },
		   (struct counter_type){ kind, c->unit }, (struct number){ 0 });
	record_put(&record, true, (struct counter_id){ c->scope, c->source, key },
		   (struct counter_type){ kind, c->unit },
		   (struct number){ .value = observed });
	judge_claim(c,
		    &(struct judge_facts){ .seen = { &record, &record },
					   .null = { NULL, NULL },
					   .slots = w->slots,
					   .slot = slot,
					   .page_bytes = 4096 },
		    &judgement);
	record_release(&record);
	return judgement;
}

#define NOISE_MUCH (INT64_MAX / 64)

static void put_noise(struct record *record, const char *const *names, size_t nr,
		      const char *scope, const char *source)
{
	for (size_t i = 0; i < nr; i++) {
		const struct counter_id id = { scope, source, names[i] };
		const struct counter_type count = { KIND_CUMULATIVE, UNIT_COUNT };

		record_put(record, false, id, count, (struct number){ 0 });
		record_put(record, true, id, count, (struct number){ .value = NOISE_MUCH });
	}
}

/* What the machine counts is as much as may be, and what the worker's group counts is 0. */
static void put_machine_noise(struct record *record)
{
	static const char *const noisy[] = { "pgsteal_kswapd",	   "pgsteal_direct",
					     "pgsteal_khugepaged", "pswpout",
					     "drop_pagecache",	   "nr_written",
					     "nr_writeback",	   "pgmigrate_success",
					     "compact_isolated",   "cow_ksm",
					     "numa_hint_faults",   "numa_pages_migrated",
					     "pgsteal_proactive" };
	static const char *const damon[] = { "damon_reclaim" }, *const steal[] = {
		"cpu.steal"
	};
	const struct counter_id used = { "swap:/dev/zram0", "swaps", "Used" };

	put_noise(record, noisy, ARRAY_SIZE(noisy), "around", "vmstat");
	put_noise(record, damon, ARRAY_SIZE(damon), "around", "damon_reclaim");
	put_noise(record, steal, ARRAY_SIZE(steal), "system", "stat");
	record_put(record, false, used, (struct counter_type){ KIND_GAUGE, UNIT_KB },
		   (struct number){ .value = NOISE_MUCH }); /* and swapoff */
}

/* And the group had and lost as much: what its counters bound is not bounded by them. */
static void put_group_noise(struct record *record)
{
	static const char *const stat[] = { "workingset_refault_file",
					    "workingset_refault_anon",
					    "pgsteal",
					    "pgsteal_kswapd",
					    "pgpgout",
					    "pgmajfault",
					    "numa_hint_faults",
					    "numa_pages_migrated",
					    "swap" };
	static const char *const levels[] = { "file", "file_dirty" };
	static const char *const io[] = { "read_bytes", "write_bytes" };
	static const char *const evicted[] = { "reclaimed_pages" };
	static const char *const ksm[] = { "ksm_merging_pages" };

	put_noise(record, stat, ARRAY_SIZE(stat), "group", "memory.stat");
	put_noise(record, levels, ARRAY_SIZE(levels), "group", "memory.stat");
	put_noise(record, io, ARRAY_SIZE(io), "process", "io");
	put_noise(record, evicted, ARRAY_SIZE(evicted), "ledger", "ledger");
	put_noise(record, ksm, ARRAY_SIZE(ksm), "process", "ksm_merging_pages");
}

static unsigned own_of(const struct workload *w)
{
	const struct workload_env env = { .capability = {
						  [CAPABILITY_CACHESTAT] = CAPABILITY_YES,
						  [CAPABILITY_FRESH_STAT] = CAPABILITY_YES,
					  } };
	const struct record nothing = { 0 };

	return evidence_own(w, NULL, &env, &nothing);
}

/* The noisiest machine, beside a worker that lost nothing, or as much as can be. */
static void gather_noise(const struct workload *w, bool lost, struct evidence *evidence)
{
	const struct evidence_context context = { .own = own_of(w), .page_bytes = 4096 };
	struct record record;

	record_init(&record);
	record.span_ns = NOISE_MUCH;
	put_machine_noise(&record);
	if (lost)
		put_group_noise(&record);
	record_sort(&record);
	evidence_gather(&record, &context, evidence);
	record_release(&record);
}

/* A failure, whatever other processes did meanwhile. */
static bool is_inexcusable(const struct workload *w, struct judgement judgement, bool lost)
{
	struct evidence_facts facts = { .page_bytes = 4096 };
	struct evidence_use use = { { 0 } };

	if (judgement.verdict != VERDICT_FAIL)
		return false;
	gather_noise(w, lost, &facts.span[SPAN_WORK]);
	return !evidence_explains(&judgement, 1, &facts, &use);
}

/*
 * A worker that does all but a little, more than the claim tolerates: that is a failure as
 * well. Only of a claim of an amount of which something can be left out.
 */
static bool shows_shortfall(const struct workload *w, const struct claim *c, enum kind kind,
			    bool lost)
{
	const int64_t expected = judge(w, c, kind, COUNTED, 0).claim.expected;
	const int64_t least =
		c->relation == RELATION_BETWEEN ? expected : expected - c->tolerance;

	return c->relation != RELATION_LE && least > 0 &&
	       is_inexcusable(w, judge(w, c, kind, COUNTED, least - 1), lost);
}

static enum kind kind_of(const struct claim *c, const struct workload_env *env)
{
	if (!strcmp(c->scope, "ledger"))
		return KIND_GAUGE;
	return counters_type(claimed_source(c, env->cgroup_version), c->counter).kind;
}

/* Only a falling counter has a negative change; a bound below 0 would hold for any other. */
static bool can_be(const struct claim *c, enum kind kind, int64_t value)
{
	return value >= 0 || (kind == KIND_GAUGE && strcmp(c->scope, "ledger"));
}

/* One unit beyond the tolerance is a failure, and at least one side has such a unit. */
static void check_it_can_fail(const struct workload *w, const struct workload_env *env,
			      const struct claim *c)
{
	const enum kind kind = kind_of(c, env);
	const struct judgement idle = judge(w, c, kind, COUNTED, 0);
	const int64_t expected = idle.claim.expected;
	const enum verdict nothing = idle.verdict;
	const bool below = c->relation == RELATION_BETWEEN && expected < 0;
	const int64_t possible = below ? 0 : expected;
	const enum verdict right = judge(w, c, kind, COUNTED, possible).verdict;
	int64_t low, high;
	bool turns = false;

	if (right != VERDICT_PASS && right != VERDICT_ABSENT)
		fail_msg("%s/%s: what is expected does not pass", w->name, c->counter);
	if (right == VERDICT_ABSENT && nothing != VERDICT_ABSENT)
		fail_msg("%s/%s: too coarse, and yet nothing does not pass", w->name,
			 c->counter);
	if (right == VERDICT_PASS && expected && c->relation == RELATION_EQ &&
	    nothing != VERDICT_FAIL)
		fail_msg("%s/%s: nothing passes for an amount", w->name, c->counter);
	low = expected - (c->relation == RELATION_BETWEEN ? 0 : c->tolerance) - 1;
	high = expected + c->tolerance + 1;
	if (c->relation != RELATION_LE && can_be(c, kind, low)) {
		turns = true;
		if (judge(w, c, kind, COUNTED, low).verdict != VERDICT_FAIL)
			fail_msg("%s/%s: too little passes", w->name, c->counter);
	}
	if (c->relation != RELATION_GE) {
		turns = true;
		if (judge(w, c, kind, COUNTED, high).verdict != VERDICT_FAIL)
			fail_msg("%s/%s: too much passes", w->name, c->counter);
	}
	if (!turns && right != VERDICT_ABSENT) /* which is too coarse */
		fail_msg("%s: %s/%s/%s: nothing could make '%s' fail", w->name, c->scope,
			 c->source, c->counter, c->quantity);
}

/* ---- each of them once ---- */

/*
 * Most machines and choices make the same claims: of 600,000, 1,270 differ. The
 * result for a claim depends only on it, its workload and the version of cgroups.
 */
#define KNOWN_MAX (1u << 14)

struct known {
	uint64_t hash; /* 0: none */
	bool idle_fails, inexcusable;
	bool shows_shortfall[2]; /* where the group lost nothing, and where it lost much */
};

static struct known known[KNOWN_MAX];

static uint64_t hash_of(const struct workload *w, unsigned version, const struct claim *c)
{
	const uint64_t *word = (const void *)c;
	uint64_t hash = (uintptr_t)w + version;

	_Static_assert(sizeof(*c) % sizeof(*word) == 0, "a claim is whole words");
	for (size_t i = 0; i < sizeof(*c) / sizeof(*word); i++) {
		hash = (hash ^ word[i]) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	return hash | 1;
}

static const struct known *judge_once(const struct workload *w, const struct workload_env *env,
				      const struct claim *c)
{
	const uint64_t hash = hash_of(w, env->cgroup_version, c);
	size_t at = hash >> 40;

	while (known[at % KNOWN_MAX].hash && known[at % KNOWN_MAX].hash != hash)
		at++;
	nr_claims++;
	if (known[at % KNOWN_MAX].hash)
		return &known[at % KNOWN_MAX];
	if (++nr_different > KNOWN_MAX / 2)
		fail_msg("more than %u different claims", KNOWN_MAX / 2);
	check_claim(w, env, c);
	check_it_can_fail(w, env, c);
	known[at % KNOWN_MAX] = (struct known){
		.hash = hash,
		.idle_fails = c->span == SPAN_WORK &&
			      judge(w, c, kind_of(c, env), 0, 0).verdict == VERDICT_FAIL,
		.inexcusable = c->span == SPAN_WORK &&
			       is_inexcusable(w, judge(w, c, kind_of(c, env), 0, 0), false),
		.shows_shortfall = { c->span == SPAN_WORK &&
					     shows_shortfall(w, c, kind_of(c, env), false),
				     c->span == SPAN_WORK &&
					     shows_shortfall(w, c, kind_of(c, env), true) },
	};
	return &known[at % KNOWN_MAX];
}

/* ---- all of them ---- */

static void check_workload(const struct workload *w, const struct workload_env *env,
			   const void *params)
{
	static struct claims claims;
	char reason[512] = "";
	unsigned idle_failed = 0, inexcusable = 0, shown[2] = { 0 };

	if (workload_check(w, params, env, reason, sizeof(reason)))
		return; /* this machine cannot, or the choices contradict each other */
	memset(&claims, 0, sizeof(claims));
	workload_claims(w, params, env, &claims);
	for (unsigned i = 0; i < claims.nr; i++) {
		const struct known *k = judge_once(w, env, &claims.claim[i]);

		idle_failed += k->idle_fails;
		inexcusable += k->inexcusable;
		shown[0] += k->shows_shortfall[0];
		shown[1] += k->shows_shortfall[1];
	}
	/* A worker that does nothing, and counts nothing, does not get away with it. */
	if (claims.nr && !idle_failed && strcmp(w->name, "null"))
		fail_msg("%s: a worker that does nothing keeps all of %u promises", w->name,
			 claims.nr);
	if (claims.nr && !inexcusable && strcmp(w->name, "null"))
		fail_msg("%s: other processes may excuse a worker that does nothing", w->name);
	for (unsigned lost = 0; lost < 2; lost++)
		if (claims.nr && !shown[lost] && strcmp(w->name, "null"))
			fail_msg("%s: %s excuses a worker that leaves a little out", w->name,
				 lost ? "a group that others took much from"
				      : "a noisy machine");
	nr_judged += claims.nr > 0;
}

/* The defaults, and then each choice and each switch by itself. */
static void check_choices(const struct workload *w, const struct workload_env *env)
{
	static _Alignas(16) unsigned char params[PARAMS_BYTES_MAX];

	char word[64];

	params_default(w, params);
	check_workload(w, env, params);
	for (const struct workload_option *o = w->options; o && o->name; o++) {
		if (o->type != OPTION_BOOL)
			continue;
		params_default(w, params);
		*(bool *)(params + o->offset) = !*(bool *)(params + o->offset);
		check_workload(w, env, params);
	}
	for (unsigned n = 0; params_choice(w, n, params, word, sizeof(word)); n++)
		check_workload(w, env, params);
}

/* Claims that only a combination of options makes. */
static const struct {
	const char *workload, *options[4];
} together[] = {
	{ "cache", { "warm=50%", "share=50%", "readahead=no" } },
	{ "cache", { "evict=overflow", "size=512M", "passes=3" } },
	{ "cache", { "method=mmap", "readahead=no", "warm=50%" } },
	{ "numa", { "mode=prefer", "spill=50%" } },
	{ "oom", { "victims=160M:0 8M:900" } },
	{ "swap", { "back=read", "cycles=3" } },
	{ "swap", { "mode=pressure", "stall=50%", "ratio=150%" } },
	{ "victim", { "files=1", "file=64M", "allocs=1" } },
};

static unsigned together_judged[ARRAY_SIZE(together)];

static void check_together(const struct workload *w, const struct workload_env *env)
{
	static _Alignas(16) unsigned char params[PARAMS_BYTES_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(together); i++) {
		const unsigned before = nr_judged;

		if (strcmp(w->name, together[i].workload))
			continue;
		params_default(w, params);
		for (size_t k = 0;
		     k < ARRAY_SIZE(together[i].options) && together[i].options[k]; k++) {
			const char *text = together[i].options[k];
			char name[32];

			snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, "="), text);
			params_set(option_find(w, name), params, strchr(text, '=') + 1);
		}
		check_workload(w, env, params);
		together_judged[i] += nr_judged - before;
	}
}

/* The same in each run of the test, and of no pattern that two capabilities share. */
static enum capability_state drawn_state(unsigned machine, unsigned capability)
{
	uint64_t hash = (uint64_t)machine << 32 | capability;

	hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return (enum capability_state)((hash ^ hash >> 33) % 3);
}

static void every_claim_can_be_judged_and_fail_on_the_kernels_it_is_made_for(void **state)
{
	static const enum swap_kind swaps[] = { SWAP_NONE, SWAP_FILE, SWAP_ZRAM };

	(void)state;
	for (const struct workload *const *w = workloads; *w; w++) {
		nr_judged = 0;
		for (unsigned i = 0; i < 2 * 3 * ARRAY_SIZE(swaps) * 2; i++) {
			unsigned nodes = i & 1 ? 2 : 1, version = i >> 1 & 1 ? 2 : 1;
			struct workload_env env = params_machine();

			env.cgroup_version = version;
			env.nr_nodes = nodes;
			env.memory_bytes = nodes * (1ull << 30);
			env.swap = swaps[(i >> 2) / 3 % ARRAY_SIZE(swaps)];
			/* each state of each capability, beside each of the others' */
			for (unsigned k = 0; k < NR_CAPABILITIES; k++)
				env.capability[k] = drawn_state(i, k);
			if (version == 1) /* which has no such file */
				env.capability[CAPABILITY_GROUP_PSI] = CAPABILITY_NO;
			env.swap_bytes = env.swap ? 512 << 20 : 0;
			check_choices(*w, &env);
			check_together(*w, &env);
			env.limit_bytes = 0;
			if ((*w)->needs & NEED_LIMIT)
				continue;
			check_choices(*w, &env);
			check_together(*w, &env);
			env.in_lab = true;
			for (unsigned k = 0; k < 4; k++) {
				env.zone_reclaim_mode = k & 1;
				env.mglru = k & 2;
				check_choices(*w, &env);
			}
		}
		if (!nr_judged)
			fail_msg("%s never came to make a claim", (*w)->name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(together); i++)
		if (!together_judged[i])
			fail_msg("%s with %s never came to make a claim", together[i].workload,
				 together[i].options[0]);
	print_message("# %u claims, %u of them different\n", nr_claims, nr_different);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_claim_can_be_judged_and_fail_on_the_kernels_it_is_made_for),
	};

	return cmocka_run_group_tests(tests, load_captures, release_captures);
}
