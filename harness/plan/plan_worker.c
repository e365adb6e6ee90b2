// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes one worker of a cell: every key of its section, its limits, amounts and claims,
 * or the reason why it cannot run here.
 */
#include "harness/plan/plan_worker.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/suggest.h"
#include "harness/plan/cell.h"
#include "harness/plan/expectation.h"
#include "harness/plan/limits.h"
#include "harness/plan/option.h"
#include "workloads/api/arith.h"

#define MIB (1ull << 20)

/* A derived limit leaves room above the footprint: what the kernel charges by batches,
 * page tables and the worker's own start, and a workload that forgot something. */
#define DERIVED_ROOM_BYTES (64 * MIB)
#define DERIVED_ROOM_SHARE 4

/* Seconds of run() of a workload that does not say: workload.h promises below one. */
#define SECONDS_UNSAID 0.5

/* What is being made, and from what. */
struct maker {
	struct plan_worker *w;
	struct workload_env *env; /* of the cell, with this worker's limits in it */
	const struct plan_worker_context *c;
	const struct profile_entry *type; /* place of errors that belong to no key */
	struct error *e;
};

static const struct profile_entry *get(const struct maker *m, const char *key)
{
	return profile_get(m->c->profile, m->w->name, key);
}

/* ---- names ---- */

static int type_resolve(struct maker *m)
{
	const char *names[256], *near;
	size_t nr = 0;

	m->type = get(m, "type");
	m->w->workload = workload_find(m->type->value);
	if (m->w->workload) {
		assert(m->w->workload->params_bytes <= sizeof(m->w->request.params));
		return 0;
	}
	for (; nr < ARRAY_SIZE(names) && workloads[nr]; nr++)
		names[nr] = workloads[nr]->name;
	near = suggest(m->type->value, names, nr);
	return profile_error(m->type, m->e, EINVAL, "%s: unknown workload%s%s%s",
			     m->type->value,
			     near ? "; did you mean " : "; `pagestorm list` shows them",
			     near ? near : "", near ? "?" : "");
}

static const char *suggest_key(const struct workload *workload, const char *key)
{
	const char *names[128];
	size_t nr = 0;

	for (const struct workload_option *o = workload->options; o->name && nr < 64; o++)
		names[nr++] = o->name;
	for (const char *const *k = worker_keys; *k; k++)
		names[nr++] = *k;
	for (const char *const *k = cgroup_keys; *k; k++)
		names[nr++] = *k;
	return suggest(key, names, nr);
}

static int keys_check(struct maker *m)
{
	const struct profile *profile = m->c->profile;

	for (size_t i = 0; i < profile->nr; i++) {
		const struct profile_entry *entry = &profile->entry[i];
		const char *near;

		if (strcmp(entry->section, m->w->name) || words_have(worker_keys, entry->key) ||
		    words_have(cgroup_keys, entry->key) ||
		    option_find(m->w->workload, entry->key))
			continue;
		near = suggest_key(m->w->workload, entry->key);
		if (near)
			return profile_error(entry, m->e, EINVAL,
					     "%s: no option of %s; did you mean %s?",
					     entry->key, m->w->workload->name, near);
		return profile_error(entry, m->e, EINVAL,
				     "%s: no option of %s; `pagestorm list %s` shows them",
				     entry->key, m->w->workload->name, m->w->workload->name);
	}
	return 0;
}

/* ---- values of the common keys ---- */

static int bad_value(const struct maker *m, const struct profile_entry *entry,
		     const char *reason)
{
	return profile_error(entry, m->e, EINVAL, "%s: '%s' %s", entry->key, entry->value,
			     reason);
}

static int take_duration(const struct maker *m, const char *key, uint64_t *ns)
{
	const struct profile_entry *entry = get(m, key);
	char reason[128];

	if (!entry)
		return 0;
	if (duration_parse(entry->value, ns, reason, sizeof(reason)))
		return bad_value(m, entry, reason);
	if (*ns > DURATION_MOST_NS)
		return bad_value(m, entry, "exceeds the maximum, 366d");
	return 0;
}

static int take_bool(const struct maker *m, const char *key, bool *value)
{
	const struct profile_entry *entry = get(m, key);
	char reason[128];

	if (entry && bool_parse(entry->value, value, reason, sizeof(reason)))
		return bad_value(m, entry, reason);
	return 0;
}

static int take_count(const struct maker *m, const char *key, uint64_t *value)
{
	const struct profile_entry *entry = get(m, key);
	char reason[128];

	if (entry && count_parse(entry->value, value, reason, sizeof(reason)))
		return bad_value(m, entry, reason);
	return 0;
}

static int take_oom_score(const struct maker *m)
{
	const struct profile_entry *entry = get(m, "oom_score_adj");
	char *end;
	long adj;

	if (!entry)
		return 0;
	adj = strtol(entry->value, &end, 10);
	if (*end || end == entry->value || adj < -1000 || adj > 1000)
		return bad_value(m, entry, "is not a number from -1000 to 1000");
	m->w->request.oom_score_adj = (int)adj;
	m->w->request.oom_score_adj_set = true;
	m->env->oom_score_adj = (int)adj;
	if (adj < 0 && !m->c->plan->host->can_lower_oom_score)
		snprintf(m->w->skip, sizeof(m->w->skip),
			 "oom_score_adj=%ld needs CAP_SYS_RESOURCE; this process lacks it",
			 adj);
	return 0;
}

static int take_common(const struct maker *m)
{
	struct plan_worker *w = m->w;

	w->request.timeout_ns = m->c->plan->timeout_ns;
	if (take_duration(m, "delay", &w->request.delay_ns) ||
	    take_duration(m, "hold", &w->request.hold_ns) ||
	    take_duration(m, "timeout", &w->request.timeout_ns) ||
	    take_bool(m, "background", &w->request.background) ||
	    take_count(m, "inject_shortfall", &w->request.shortfall_pages))
		return -EINVAL;
	return take_oom_score(m);
}

/* ---- placement ---- */

static bool is_by_topology(const struct profile_entry *entry)
{
	return entry && (entry->value[0] < '0' || entry->value[0] > '9');
}

/* The node that a CPU list begins on, or a node list begins with; -1: none. */
static int first_node(const struct host *host, const char *list, bool cpus)
{
	unsigned first = (unsigned)strtoul(list, NULL, 10);

	if (!*list)
		return -1;
	if (!cpus)
		return (int)first;
	for (unsigned i = 0; i < host->nr_nodes; i++) {
		for (const char *p = host->node[i].cpus; p && *p;) {
			char *end;
			unsigned long low = strtoul(p, &end, 10), high = low;

			if (*end == '-')
				high = strtoul(end + 1, &end, 10);
			if (first >= low && first <= high)
				return (int)host->node[i].id;
			p = *end ? end + 1 : end;
		}
	}
	return -1;
}

static int pick(const struct maker *m, const struct host_pick *from,
		const struct profile_entry *entry, char *list, size_t list_bytes)
{
	struct error clause = { "" };
	int ret;

	if (!entry)
		return 0;
	ret = host_pick(from, entry->value, list, list_bytes, &clause);
	if (ret == -EINVAL)
		return profile_error(entry, m->e, EINVAL, "%s: %s", entry->key, clause.text);
	if (ret)
		snprintf(m->w->skip, sizeof(m->w->skip), "%s=%s: %.160s", entry->key,
			 entry->value, clause.text);
	return 0;
}

/* The one that is given by number is the point from which the other is near or far. */
static int take_placement(const struct maker *m)
{
	const struct profile_entry *cpus = get(m, "cpus"), *mems = get(m, "mems");
	struct limit limit = { .name = "cpuset.mems" };
	const struct host *host = m->c->plan->host;
	struct host_pick of_cpus = { .host = host, .cpus = true, .from_node = -1 };
	struct host_pick of_nodes = { .host = host, .from_node = -1 };
	struct plan_worker *w = m->w;
	int ret;

	if (mems && get(m, "cpuset.mems"))
		return profile_error(mems, m->e, EINVAL,
				     "mems and cpuset.mems say the same thing: use one");
	if (is_by_topology(cpus) && mems && !is_by_topology(mems)) {
		ret = pick(m, &of_nodes, mems, limit.value, sizeof(limit.value));
		of_cpus.from_node = first_node(host, limit.value, false);
		if (!ret)
			ret = pick(m, &of_cpus, cpus, w->request.cpus, sizeof(w->request.cpus));
	} else {
		ret = pick(m, &of_cpus, cpus, w->request.cpus, sizeof(w->request.cpus));
		of_nodes.from_node = first_node(host, w->request.cpus, true);
		if (!ret)
			ret = pick(m, &of_nodes, mems, limit.value, sizeof(limit.value));
	}
	if (!ret && limit.value[0])
		limits_set(&w->request.limits, &limit);
	return ret;
}

/* The set that KEY names has to lie within the set AROUND, or the kernel refuses the worker. */
static int within(const struct maker *m, const char *key, const char *list,
		  const struct limit *around)
{
	if (!*list || !around || host_list_within(list, around->value))
		return 0;
	return profile_error(get(m, key), m->e, EINVAL,
			     "%s=%s is not within %s=%s of its group", key, list, around->name,
			     around->value);
}

static int placement_check(const struct maker *m)
{
	static const char *const names[] = { "cpuset.cpus", "cpuset.mems" };
	const struct limits *own = &m->w->request.limits, *run = &m->c->cell->limits;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct limit *asked = limits_find(own, names[i]);
		const char *key = i && get(m, "mems") ? "mems" : names[i];

		if (asked && within(m, key, asked->value, limits_find(run, names[i])))
			return -EINVAL;
	}
	if (within(m, "cpus", m->w->request.cpus, limits_find(own, names[0])))
		return -EINVAL;
	return within(m, "cpus", m->w->request.cpus, limits_find(run, names[0]));
}

/* ---- limits ---- */

/* The tighter of two where 0 is none. */
static uint64_t tighter(uint64_t a, uint64_t b)
{
	if (!a || !b)
		return a + b;
	return min(a, b);
}

static uint64_t asked(const struct maker *m, const char *name)
{
	return tighter(limits_bytes(&m->w->request.limits, name),
		       limits_bytes(&m->c->cell->limits, name));
}

static bool is_unlimited(const struct maker *m)
{
	return !asked(m, "memory.max") && (limits_is_max(&m->w->request.limits, "memory.max") ||
					   limits_is_max(&m->c->cell->limits, "memory.max"));
}

static int take_limits(const struct maker *m)
{
	const struct limit unlimited = { .name = "memory.max", .value = "max" };
	const struct limits *inherited = m->c->inherited;
	const uint64_t around = limits_bytes(&m->c->cell->limits, "memory.max");
	const struct limits_reader reader = {
		.host = m->c->plan->host,
		.base = { .limit_bytes = tighter(around, limits_bytes(inherited, "memory.max")),
			  .available_bytes = m->c->plan->host->available_bytes },
		.skip = m->w->skip,
		.skip_bytes = sizeof(m->w->skip),
		.e = m->e,
	};

	if (limits_read(&reader, m->c->profile, m->w->name, &m->w->request.limits))
		return -EINVAL;
	for (unsigned i = 0; i < inherited->nr; i++)
		limits_set(&m->w->request.limits, &inherited->limit[i]);
	if (m->w->workload->machine_wide &&
	    !limits_find(&m->w->request.limits, unlimited.name) &&
	    !limits_find(&m->c->cell->limits, unlimited.name))
		limits_set(&m->w->request.limits, &unlimited);
	return 0;
}

/*
 * An anon hold must not be swapped and an OOM must come, so no swap unless it was
 * asked for, and before an OOM kill no more than the run's own device has: the machine may
 * have other devices, or get one meanwhile. On v1 that is memory.memsw.limit_in_bytes, which
 * cannot stand below an unlimited memory.limit_in_bytes.
 */
static void default_swap_max(const struct maker *m)
{
	struct limit none = { .name = "memory.swap.max", .value = "0" };
	const struct limits *own = &m->w->request.limits, *run = &m->c->cell->limits;

	if (m->env->in_place || limits_find(own, none.name) || limits_find(run, none.name))
		return;
	if (m->c->cell->swap.kind != SWAP_NONE && !m->w->workload->expects_oom)
		return;
	if (!limits_bytes(own, "memory.max") && m->c->plan->host->cgroup_version == 1)
		return;
	snprintf(none.value, sizeof(none.value), "%" PRIu64, m->c->cell->swap.size_bytes);
	limits_set(&m->w->request.limits, &none);
}

static uint64_t swap_max(const struct maker *m)
{
	const struct limits *both[] = { &m->w->request.limits, &m->c->cell->limits };
	uint64_t max = UINT64_MAX;

	for (int i = 0; i < 2; i++) {
		const struct limit *limit = limits_find(both[i], "memory.swap.max");

		if (limit && strcmp(limit->value, "max"))
			max = min(max, strtoull(limit->value, NULL, 10));
	}
	return max;
}

/*
 * What the groups above leave of it. On v1 their memory and swap together: what is not swap
 * is at most the memory that is asked for.
 */
static uint64_t swap_above(const struct maker *m)
{
	const struct host_around *above = &m->c->plan->host->around;
	uint64_t max = UINT64_MAX, memory;

	if (above->swap.set)
		max = above->swap.bytes;
	memory = tighter(asked(m, "memory.max"), above->max.set ? above->max.bytes : 0);
	if (above->total.set)
		max = min(max, above->total.bytes - min(memory, above->total.bytes));
	return max;
}

static void env_limits(const struct maker *m)
{
	const struct host_limit *high = &m->c->plan->host->around.high;
	const struct limit *oom_group = limits_find(&m->w->request.limits, "memory.oom.group");

	m->env->oom_group = oom_group && !strcmp(oom_group->value, "1");
	m->env->limit_bytes = asked(m, "memory.max");
	m->env->high_bytes = tighter(asked(m, "memory.high"), high->set ? high->bytes : 0);
	m->env->swap_max_bytes = min(swap_max(m), swap_above(m));
}

/* ---- options ---- */

static int take_option(const struct maker *m, const struct workload_option *option,
		       const struct size_base *base)
{
	const struct profile_entry *entry = get(m, option->name);
	const char *text = entry ? entry->value : option->fallback;
	struct error clause = { "" };

	if (!option_parse(option, text, base, m->w->request.params, &clause))
		return 0;
	if (entry)
		return bad_value(m, entry, clause.text);
	return profile_error(m->type, m->e, EINVAL, "%s: its default '%s' %s", option->name,
			     text, clause.text);
}

/* A comma would need quotes in runs.csv. */
static void params_text_add(char *out, size_t out_bytes, const char *name, const char *value)
{
	size_t length = strlen(out);

	snprintf(out + length, out_bytes - length, "%s%s=%s", length ? ";" : "", name, value);
	for (char *comma = out + length; (comma = strchr(comma, ','));)
		*comma = '+';
}

static int take_options(const struct maker *m)
{
	struct size_base base = {
		.limit_bytes = m->env->limit_bytes,
		.available_bytes = m->c->plan->host->available_bytes,
	};

	for (const struct workload_option *o = m->w->workload->options; o->name; o++) {
		char value[512];

		if (take_option(m, o, &base))
			return -EINVAL;
		option_format(o, m->w->request.params, value, sizeof(value));
		params_text_add(m->w->request.params_text, sizeof(m->w->request.params_text),
				o->name, value);
	}
	return 0;
}

/* ---- what the machine and the profile must offer ---- */

static int ask_limit(const struct maker *m)
{
	return profile_error(m->type, m->e, EINVAL,
			     "%s needs a limit for its group: add memory.max=96M%s",
			     m->w->workload->name, m->type->line ? " to its section" : "");
}

static int ask_swap(const struct maker *m)
{
	return profile_error(m->type, m->e, EINVAL, "%s needs a swap device of its own: add %s",
			     m->w->workload->name,
			     m->type->line ? "a section [swap] with type=zram and size=256M"
					   : "swap.type=zram swap.size=256M");
}

static void skip(const struct maker *m, const char *why)
{
	if (!m->w->skip[0])
		snprintf(m->w->skip, sizeof(m->w->skip), "%s", why);
}

/* ---- limits of the groups above ---- */

static void skip_above(const struct maker *m, const char *name, const struct host_limit *above,
		       const char *what)
{
	char size[32];

	size_human(above->bytes, size, sizeof(size));
	if (!m->w->skip[0]) /* the group last: a long path may be cut */
		snprintf(m->w->skip, sizeof(m->w->skip), "%s; the %s of %s is that of %.100s",
			 what, name, size,
			 above->group[0] ? above->group : "a group above what is visible");
}

/* What fills its limit must hit its own: no claim could hold, and the kernel might kill others.
 */
static bool fills_limit(const struct maker *m)
{
	return m->w->workload->needs & NEED_LIMIT ||
	       m->w->prediction.expected == OUTCOME_EXPECTED_OOM;
}

/* Before options are checked: what no parameters could change. */
static void above_check(const struct maker *m)
{
	const struct host_around *above = &m->c->plan->host->around;
	const uint64_t own = asked(m, "memory.max");

	if (m->w->workload->machine_wide && !own && above->max.set)
		skip_above(m, "memory.max", &above->max,
			   "a limit above it is hit before the machine's memory is used");
	if (m->w->workload->needs & NEED_SWAP && above->swap.set && !above->swap.bytes)
		skip_above(m, "memory.swap.max", &above->swap, "it cannot swap here");
	if (!fills_limit(m))
		return;
	if (above->max.set && (!own || above->max.bytes <= own))
		skip_above(m, "memory.max", &above->max,
			   "a limit above it is hit before its own: lower its memory.max");
	if (above->high.set && (!own || above->high.bytes <= own))
		skip_above(
			m, "memory.high", &above->high,
			"it is throttled before it hits its own limit: lower its memory.max");
}

/* The tightest limit is for claims(): what it takes must fit. */
static void take_above(const struct maker *m)
{
	const struct host_limit *max = &m->c->plan->host->around.max;

	if (!max->set)
		return;
	if (m->w->prediction.footprint_bytes > max->bytes)
		skip_above(m, "memory.max", max, "it needs more than it may have here");
	m->env->limit_bytes = tighter(m->env->limit_bytes, max->bytes);
}

/* Limits that only a group of its own could have, and amounts that only it could show. */
static void in_place_check(const struct maker *m)
{
	const struct limits *const both[] = { &m->w->request.limits, &m->c->cell->limits };
	const char *why = m->c->plan->host->place_why;

	for (unsigned i = 0; i < ARRAY_SIZE(both); i++)
		for (unsigned j = 0; j < both[i]->nr; j++)
			if (strcmp(both[i]->limit[j].value, "max") && !m->w->skip[0])
				snprintf(m->w->skip, sizeof(m->w->skip),
					 "%s cannot be set in place: %.180s",
					 both[i]->limit[j].name, why);
	if (fills_limit(m) && !m->w->skip[0])
		snprintf(m->w->skip, sizeof(m->w->skip),
			 "in place it would take other processes' memory: %.180s", why);
}

static void needs_of_machine(const struct maker *m)
{
	const char *lack = need_lacking(m->w->workload->needs, m->env);

	skip(m, m->c->skip);
	if (!m->env->cgroup_version)
		skip(m, "no memory cgroup is mounted here; pagestorm doctor says how");
	if (lack)
		skip(m, lack);
}

static int needs_check(const struct maker *m)
{
	char reason[256] = "";
	int ret;

	if (m->env->in_place)
		in_place_check(m);
	if ((m->w->workload->needs & NEED_LIMIT) && !asked(m, "memory.max") &&
	    !m->env->in_place)
		return ask_limit(m);
	if ((m->w->workload->needs & NEED_SWAP) && m->c->cell->swap.kind == SWAP_NONE)
		return ask_swap(m);
	needs_of_machine(m);
	above_check(m);
	if (m->w->skip[0])
		return 0;
	ret = workload_check(m->w->workload, m->w->request.params, m->env, reason,
			     sizeof(reason));
	if (ret == -ENODEV)
		skip(m, reason);
	else if (ret)
		return profile_error(m->type, m->e, EINVAL, "%s: %s", m->w->name, reason);
	return 0;
}

/* ---- amounts ---- */

static void derive_limit(const struct maker *m)
{
	struct limit limit = { .name = "memory.max", .derived = true };
	uint64_t need = m->w->prediction.footprint_bytes;
	uint64_t bytes = need + max(DERIVED_ROOM_BYTES, need / DERIVED_ROOM_SHARE);

	bytes = (bytes + MIB - 1) / MIB * MIB;
	snprintf(limit.value, sizeof(limit.value), "%" PRIu64, bytes);
	limits_set(&m->w->request.limits, &limit);
}

/* What may be charged or swapped out: the limit, and the swap that the run brings. */
static uint64_t room_bytes(const struct workload_env *env)
{
	uint64_t swap = env->swap_max_bytes;

	if (env->swap != SWAP_NONE)
		swap = min(swap, env->swap_bytes);
	else if (swap == UINT64_MAX)
		swap = 0;
	return env->limit_bytes + min(swap, UINT64_MAX - env->limit_bytes);
}

static int fit_check(const struct maker *m)
{
	const struct workload_env *env = m->env;
	char need[32], room[32];

	if (!env->limit_bytes || m->w->prediction.expected == OUTCOME_EXPECTED_OOM ||
	    m->w->prediction.footprint_bytes <= room_bytes(env))
		return 0;
	size_human(m->w->prediction.footprint_bytes, need, sizeof(need));
	size_human(room_bytes(env), room, sizeof(room));
	return profile_error(
		m->type, m->e, ENOMEM,
		"%s needs %s and its group may have %s: raise memory.max, or expect outcome=oom_kill",
		m->w->name, need, room);
}

#define PROCESS_BYTES (2u << 20) /* a worker that will hold nothing; 0.6 MiB on 6.18 */

/*
 * What is faulted and freed before READY, under the same limit and beside what the worker
 * has by then: all but its target, which it holds only later; one that measures no rate may
 * hold that at READY. An eighth stays free.
 */
static uint64_t prewarm_most(const struct maker *m)
{
	const struct prediction *of = &m->w->prediction;
	const uint64_t limit = m->env->limit_bytes, room = limit - limit / 8;
	uint64_t own = PROCESS_BYTES;

	if (!limit)
		return m->w->workload->rate_metric ? of->footprint_bytes : 0;
	if (!m->w->workload->rate_metric)
		own = of->footprint_bytes;
	else if (of->target_bytes && of->footprint_bytes > of->target_bytes)
		own = of->footprint_bytes - of->target_bytes;
	return room > own ? min(of->footprint_bytes, room - own) : 0;
}

static int take_prewarm(const struct maker *m)
{
	const struct profile_entry *entry = get(m, "prewarm");
	uint64_t limit = m->env->limit_bytes;
	struct size_base base = { limit, m->c->plan->host->available_bytes };
	bool yes = m->w->workload->rate_metric;
	char reason[128];

	if (!entry || !bool_parse(entry->value, &yes, reason, sizeof(reason))) {
		m->w->request.prewarm_bytes = yes ? prewarm_most(m) : 0;
		return 0;
	}
	if (size_parse(entry->value, &base, &m->w->request.prewarm_bytes, reason,
		       sizeof(reason)))
		return bad_value(m, entry, reason);
	if (limit && m->w->request.prewarm_bytes > limit - limit / 8)
		return bad_value(m, entry, "does not fit the limit with an eighth to spare");
	if (m->w->request.prewarm_bytes > SIZE_MOST_BYTES)
		return bad_value(m, entry, "exceeds the maximum, 128T");
	return 0;
}

static void note_alike(const struct maker *m)
{
	const struct profile_entry *type;
	const char *name = NULL;
	unsigned nr = 0;

	while ((name = profile_next_worker(m->c->profile, name))) {
		type = profile_get(m->c->profile, name, "type");
		nr += type && !strcmp(type->value, m->type->value);
	}
	m->env->alike = nr > 1;
}

static void take_expectation(const struct maker *m)
{
	enum outcome usual = m->w->workload->expects_oom ? OUTCOME_EXPECTED_OOM : OUTCOME_OK;

	m->w->prediction.expected =
		expectation_outcome(m->c->plan, m->c->cell->label, m->w->name, usual);
}

static int take_amounts(const struct maker *m)
{
	struct plan_worker *w = m->w;

	w->prediction.footprint_bytes = w->workload->footprint(w->request.params, m->env);
	if (w->workload->target)
		w->prediction.target_bytes = w->workload->target(w->request.params, m->env);
	if (fit_check(m))
		return -ENOMEM;
	if (!m->env->limit_bytes && !is_unlimited(m) && !m->env->in_place) {
		derive_limit(m);
		default_swap_max(m);
		env_limits(m);
	}
	take_above(m);
	return take_prewarm(m);
}

/* Keeps only the claims that were made: a plan may have thousands of cells. */
static int predict_claims(struct plan_worker *w, const struct workload_env *env)
{
	struct claims *all = calloc(1, sizeof(*all));
	struct claim *claim;

	if (!all)
		return -ENOMEM;
	workload_claims(w->workload, w->request.params, env, all);
	claim = calloc(max(all->nr, 1u), sizeof(*claim));
	if (claim) {
		memcpy(claim, all->claim, all->nr * sizeof(*claim));
		w->prediction.claim = claim;
		w->prediction.nr_claims = all->nr;
	}
	free(all);
	return claim ? 0 : -ENOMEM;
}

static int predict(const struct maker *m)
{
	const struct workload *workload = m->w->workload;
	struct prediction *prediction = &m->w->prediction;

	prediction->seconds = SECONDS_UNSAID;
	if (workload->seconds)
		prediction->seconds = workload->seconds(m->w->request.params, m->env);
	if (predict_claims(m->w, m->env))
		return error_set(m->e, ENOMEM, "no memory for the plan");
	return 0;
}

static int make(struct maker *m)
{
	int ret;

	if (type_resolve(m) || keys_check(m))
		return -EINVAL;
	note_alike(m);
	take_expectation(m);
	if (take_limits(m) || take_common(m) || take_placement(m) || placement_check(m))
		return -EINVAL;
	default_swap_max(m);
	env_limits(m);
	if (take_options(m) || needs_check(m))
		return -EINVAL;
	if (m->w->skip[0])
		return 0;
	ret = take_amounts(m);
	return ret || m->w->skip[0] ? ret : predict(m);
}

int plan_worker_make(struct plan_worker *worker, const char *name,
		     const struct plan_worker_context *context, struct error *e)
{
	struct workload_env env = *context->env;
	struct maker m = { .w = worker, .env = &env, .c = context, .e = e };
	int ret;

	snprintf(worker->name, sizeof(worker->name), "%s", name);
	ret = make(&m);
	if (!ret)
		worker->env = cell_share_env(context->cell, &env);
	return ret;
}

void plan_worker_release(struct plan_worker *worker)
{
	free(worker->prediction.claim);
	worker->prediction.claim = NULL;
	worker->prediction.nr_claims = 0;
}

uint64_t plan_worker_expected_ns(const struct plan_worker *worker)
{
	uint64_t run_ns = (uint64_t)(worker->prediction.seconds * 1e9);

	if (worker->skip[0] || worker->request.background)
		return 0;
	if (worker->request.timeout_ns)
		run_ns = min(run_ns, worker->request.timeout_ns);
	return worker->request.delay_ns + run_ns + worker->request.hold_ns;
}

/* Only counters that others move too need a null run as long as the run itself. */
static bool is_noisy(const struct prediction *prediction)
{
	for (unsigned i = 0; i < prediction->nr_claims; i++) {
		const struct claim *c = &prediction->claim[i];

		if (c->basis == BASIS_DIRECTION || !strncmp(c->scope, "system", 6) ||
		    !strncmp(c->scope, "node", 4) || !strncmp(c->scope, "disk", 4))
			return true;
	}
	return false;
}

int plan_worker_null(struct plan_worker *null, const struct plan *plan,
		     const struct plan_cell *cell)
{
	const struct plan_worker *first = NULL;
	uint64_t longest_ns = 0;

	for (unsigned i = 0; i < cell->nr_workers; i++) {
		const struct plan_worker *w = &cell->worker[i];

		if (w->skip[0])
			continue;
		first = first ? first : w;
		if (is_noisy(&w->prediction))
			longest_ns = max(longest_ns, plan_worker_expected_ns(w));
	}
	null->workload = workload_find("null");
	if (!first || !null->workload)
		return -ENOENT;
	snprintf(null->name, sizeof(null->name), "null");
	null->request.limits = first->request.limits;
	null->env = first->env;
	null->request.timeout_ns = plan->timeout_ns;
	null->request.hold_ns = longest_ns;
	snprintf(null->request.cpus, sizeof(null->request.cpus), "%s", first->request.cpus);
	for (const struct workload_option *o = null->workload->options; o->name; o++) {
		struct error unused = { "" };
		char value[128];

		if (option_parse(o, o->fallback, NULL, null->request.params, &unused))
			return -EINVAL;
		option_format(o, null->request.params, value, sizeof(value));
		params_text_add(null->request.params_text, sizeof(null->request.params_text),
				o->name, value);
	}
	return predict_claims(null, null->env);
}
