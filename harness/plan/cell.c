// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes one cell: settings, swap, limits, environment, workers, and what they come to.
 * Reads no file: struct host describes the machine.
 */
#include "harness/plan/cell.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/plan/limits.h"
#include "harness/plan/plan_worker.h"
#include "harness/machine/setting.h"
#include "workloads/api/arith.h"

#define MIB (1ull << 20)

/* With less left the machine reclaims from all processes; a guest has no others. */
#define RESERVE_SHARE	  10
#define RESERVE_MIN_BYTES (256 * MIB)

#define SWAP_MIN_BYTES	  MIB
#define SWAP_PRIORITY_MAX 32767 /* SWAP_FLAG_PRIO_MASK, man 2 swapon */

/*
 * fork, exec, the flush's calibration, captures and removal of the groups. Measured on two
 * CPUs: 0.05 s a run when they were idle, 0.12 to 0.16 s at a load average of 14. An
 * emulated guest takes longer.
 */
#define OVERHEAD_SECONDS 0.2

uint64_t cell_reserve_bytes(const struct host *host)
{
	uint64_t share = host->available_bytes / RESERVE_SHARE;

	return host->lab[0] ? share : max(share, RESERVE_MIN_BYTES);
}

void cell_release(struct plan_cell *cell)
{
	for (unsigned i = 0; cell->worker && i < cell->nr_workers; i++)
		plan_worker_release(&cell->worker[i]);
	if (cell->null_worker)
		plan_worker_release(cell->null_worker);
	free(cell->env);
	free(cell->worker);
	free(cell->null_worker);
	memset(cell, 0, sizeof(*cell));
}

const struct workload_env *cell_share_env(struct plan_cell *cell,
					  const struct workload_env *env)
{
	struct workload_env *own;

	for (unsigned i = 0; i < cell->nr_envs; i++) {
		/* Padding that differs would cost a copy and no more. */
		/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
		if (!memcmp(&cell->env[i], env, sizeof(*env)))
			return &cell->env[i];
	}
	assert(cell->nr_envs < cell->nr_workers);
	own = &cell->env[cell->nr_envs++];
	memcpy(own, env, sizeof(*own));
	return own;
}

/* ---- settings and swap ---- */

/* The kernel accepts it, and then no process gets a page. */
static int reserve_check(const struct profile_entry *entry, const struct host *host,
			 struct error *e)
{
	const uint64_t most_kb = host->available_bytes / 1024;
	char have[32];

	if (strcmp(entry->key, "vm.min_free_kbytes") ||
	    strtoull(entry->value, NULL, 10) < most_kb)
		return 0;
	size_human(host->available_bytes, have, sizeof(have));
	return profile_error(
		entry, e, EINVAL,
		"vm.min_free_kbytes: %s kB is not below the %s that are available here",
		entry->value, have);
}

static int take_settings(struct plan_cell *cell, const struct profile *profile,
			 const struct host *host, struct error *e)
{
	for (size_t i = 0; i < profile->nr; i++) {
		const struct profile_entry *entry = &profile->entry[i];
		struct setting *setting = &cell->setting[cell->nr_settings];
		struct error clause = { "" };

		if (strcmp(entry->section, "sysctl") && strcmp(entry->section, "setting"))
			continue;
		if (setting_check(entry->key, entry->value, &clause))
			return profile_error(entry, e, EINVAL, "%s", clause.text);
		if (reserve_check(entry, host, e))
			return -EINVAL;
		if (cell->nr_settings == SETTINGS_MAX)
			return profile_error(entry, e, EINVAL, "more than %d settings",
					     SETTINGS_MAX);
		snprintf(setting->name, sizeof(setting->name), "%s", entry->key);
		snprintf(setting->value, sizeof(setting->value), "%s", entry->value);
		cell->nr_settings++;
	}
	return 0;
}

static int swap_type(struct plan_swap *swap, const struct profile_entry *entry, struct error *e)
{
	static const char *const kinds[] = {
		[SWAP_NONE] = "none",
		[SWAP_FILE] = "file",
		[SWAP_ZRAM] = "zram",
		NULL,
	};

	for (int kind = 0; kinds[kind]; kind++) {
		if (strcmp(entry->value, kinds[kind]))
			continue;
		swap->kind = (enum swap_kind)kind;
		return 0;
	}
	return profile_error(entry, e, EINVAL, "type of swap is file, zram or none, not '%s'",
			     entry->value);
}

static int swap_size(struct plan_swap *swap, const struct profile_entry *entry,
		     const struct host *host, struct error *e)
{
	struct size_base base = { .available_bytes = host->available_bytes };
	char reason[128];
	uint64_t bytes;

	if (size_parse(entry->value, &base, &bytes, reason, sizeof(reason)))
		return profile_error(entry, e, EINVAL, "size: '%s' %s", entry->value, reason);
	if (bytes < SWAP_MIN_BYTES || bytes % host->page_bytes)
		return profile_error(entry, e, EINVAL,
				     "size: %s is not a whole number of pages from 1M on",
				     entry->value);
	if (bytes > SIZE_MOST_BYTES)
		return profile_error(entry, e, EINVAL, "size: %s exceeds the maximum, 128T",
				     entry->value);
	swap->size_bytes = bytes;
	return 0;
}

static int swap_priority(struct plan_swap *swap, const struct profile_entry *entry,
			 struct error *e)
{
	char *end;
	long priority = strtol(entry->value, &end, 10);

	if (*end || end == entry->value || priority < -1 || priority > SWAP_PRIORITY_MAX)
		return profile_error(
			entry, e, EINVAL,
			"priority: '%s' is not a number from -1 (the kernel's choice) to %d",
			entry->value, SWAP_PRIORITY_MAX);
	swap->priority = (int)priority;
	return 0;
}

/* A key that the type has no use for is a misunderstanding. */
static int swap_keys_check(const struct plan_swap *swap, const struct profile *profile,
			   struct error *e)
{
	static const struct {
		const char *key;
		bool file, zram;
	} uses[] = {
		{ "size", true, true },
		{ "priority", true, true },
		{ "path", true, false },
		{ "algorithm", false, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		const struct profile_entry *entry = profile_get(profile, "swap", uses[i].key);

		if (!entry || (swap->kind == SWAP_FILE && uses[i].file) ||
		    (swap->kind == SWAP_ZRAM && uses[i].zram))
			continue;
		/* type = none beside a size: swap is switched off for once */
		if (swap->kind == SWAP_NONE && profile_get(profile, "swap", "type"))
			continue;
		return profile_error(entry, e, EINVAL, "%s needs type=%s", entry->key,
				     uses[i].file ? "file" : "zram");
	}
	return 0;
}

static int swap_path(struct plan_swap *swap, const struct profile_entry *entry, struct error *e)
{
	if (entry->value[0] != '/' || strlen(entry->value) >= sizeof(swap->path))
		return profile_error(entry, e, EINVAL, "path: '%s' is not an absolute path",
				     entry->value);
	snprintf(swap->path, sizeof(swap->path), "%s", entry->value);
	return 0;
}

static int swap_algorithm(struct plan_swap *swap, const struct profile_entry *entry,
			  struct error *e)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

	if (strspn(entry->value, plain) != strlen(entry->value) ||
	    strlen(entry->value) >= sizeof(swap->algorithm))
		return profile_error(entry, e, EINVAL,
				     "algorithm: '%s' is not the name of a compressor",
				     entry->value);
	snprintf(swap->algorithm, sizeof(swap->algorithm), "%s", entry->value);
	return 0;
}

static int take_swap(struct plan_swap *swap, const struct profile *profile,
		     const struct host *host, struct error *e)
{
	const struct profile_entry *type = profile_get(profile, "swap", "type");
	const struct profile_entry *size = profile_get(profile, "swap", "size");
	const struct profile_entry *priority = profile_get(profile, "swap", "priority");
	const struct profile_entry *path = profile_get(profile, "swap", "path");
	const struct profile_entry *algorithm = profile_get(profile, "swap", "algorithm");

	swap->priority = -1;
	if ((type && swap_type(swap, type, e)) || swap_keys_check(swap, profile, e) ||
	    (size && swap_size(swap, size, host, e)) ||
	    (priority && swap_priority(swap, priority, e)) ||
	    (path && swap_path(swap, path, e)) ||
	    (algorithm && swap_algorithm(swap, algorithm, e)))
		return -EINVAL;
	if (swap->kind != SWAP_NONE && !size)
		return profile_error(type, e, EINVAL, "[swap] needs a size: add size=256M");
	if (swap->kind == SWAP_NONE)
		*swap = (struct plan_swap){ .priority = -1 };
	return 0;
}

/* ---- the environment that the cell's own settings make ---- */

static const char *setting_value(const struct plan_cell *cell, const char *name)
{
	for (unsigned i = 0; i < cell->nr_settings; i++) {
		if (!strcmp(cell->setting[i].name, name))
			return cell->setting[i].value;
	}
	return NULL;
}

/* The commit limit of mode 2 that the settings leave; vm.rst, overcommit_memory. */
static uint64_t commit_limit(const struct plan_cell *cell, const struct host *host)
{
	const char *kbytes = setting_value(cell, "vm.overcommit_kbytes");
	const char *ratio = setting_value(cell, "vm.overcommit_ratio");
	uint64_t limit;

	if (kbytes)
		limit = __builtin_mul_overflow(strtoull(kbytes, NULL, 10), 1024, &limit)
				? UINT64_MAX / 2
				: limit;
	else if (ratio)
		limit = host->memory_bytes / 100 * strtoull(ratio, NULL, 10);
	else
		return host->commit_limit_bytes;
	return limit + host->swap_total_bytes;
}

#define COMMIT_ROOM_BYTES (64ull << 20) /* for a shell, and a restore beside it */

/* Where nothing can be committed any more no process can start, not even one that undoes it. */
static int commit_check(const struct plan_cell *cell, const struct profile *profile,
			const struct host *host, struct error *e)
{
	const char *mode = setting_value(cell, "vm.overcommit_memory");
	const uint64_t limit = commit_limit(cell, host);
	char most[32], now[32];

	if (!(mode ? !strcmp(mode, "2") : host->strict_overcommit) ||
	    !host->commit_limit_bytes || limit >= host->committed_bytes + COMMIT_ROOM_BYTES)
		return 0;
	size_human(limit, most, sizeof(most));
	size_human(host->committed_bytes, now, sizeof(now));
	return error_set(
		e, EINVAL,
		"%s: error: vm.overcommit_memory=2 would allow %s to be committed, and %s are already: no process could start any more, restore included",
		profile->path[0] ? profile->path : profile_command_line, most, now);
}

/* The sizes of folio that a fault may take, as the cell's settings leave them. */
static void take_thp_orders(struct workload_env *env, const struct plan_cell *cell,
			    const struct host *host)
{
	for (unsigned order = 1; order < HOST_ORDERS; order++) {
		enum mthp_mode mode = host->mthp[order];
		const char *value;
		char name[48];

		snprintf(name, sizeof(name), "mthp.%" PRIu64 "kB.enabled",
			 (env->page_bytes << order) / 1024);
		value = setting_value(cell, name);
		if (value && mode != MTHP_ABSENT)
			mode = mthp_mode(value);
		if (mode == MTHP_ALWAYS || (mode == MTHP_INHERIT && env->thp == THP_ALWAYS))
			env->thp_orders_always |= 1u << order;
		if (mode == MTHP_MADVISE || (mode == MTHP_INHERIT && env->thp == THP_MADVISE))
			env->thp_orders_madvise |= 1u << order;
	}
	env->thp_orders_madvise |= env->thp_orders_always;
}

/* Huge pages that the cell's settings ask for, whole or node by node; false: none do. */
static bool pool_asked(const struct plan_cell *cell, const char *name, uint64_t *nr)
{
	const size_t length = strlen(name);
	bool set = false;

	*nr = 0;
	for (unsigned i = 0; i < cell->nr_settings; i++) {
		const struct setting *s = &cell->setting[i];
		uint64_t pages = strtoull(s->value, NULL, 10);

		if (strncmp(s->name, name, length) ||
		    (s->name[length] && s->name[length] != '.'))
			continue;
		set = true;
		*nr += min(pages, UINT64_MAX - *nr);
	}
	return set;
}

/*
 * Pages that the pool has left once the cell's settings have sized it, whole or node by node:
 * pages in use or reserved now stay so. A node that is not set counts as empty.
 */
static uint64_t pool_left(const struct plan_cell *cell, const struct hugetlb_pool *pool,
			  const char *name)
{
	const uint64_t used = pool->nr > pool->left ? pool->nr - pool->left : 0;
	uint64_t nr;

	if (!pool_asked(cell, name, &nr))
		return pool->left;
	return nr > used ? nr - used : 0;
}

/* Setting one of a pair zeroes the other. */
static void take_pair(const struct plan_cell *cell, const char *bytes_name,
		      const char *ratio_name, uint64_t *bytes, uint64_t *ratio)
{
	const char *in_bytes = setting_value(cell, bytes_name);
	const char *in_percent = setting_value(cell, ratio_name);

	if (in_bytes) {
		*bytes = strtoull(in_bytes, NULL, 10);
		*ratio = 0;
	}
	if (in_percent) {
		*ratio = strtoull(in_percent, NULL, 10);
		*bytes = 0;
	}
}

static void take_dirty(struct workload_env *env, const struct plan_cell *cell,
		       const struct host *host)
{
	struct host_dirty dirty = host->dirty;

	take_pair(cell, "vm.dirty_bytes", "vm.dirty_ratio", &dirty.bytes, &dirty.ratio);
	take_pair(cell, "vm.dirty_background_bytes", "vm.dirty_background_ratio",
		  &dirty.background_bytes, &dirty.background_ratio);
	env->dirty_background_bytes = host_dirty_background(&dirty, host->available_bytes);
}

/* Node by node where the cell sets it so; the kernel distributes a whole pool itself. */
static void take_node_pools(struct workload_env *env, const struct plan_cell *cell)
{
	const char *more = setting_value(cell, "vm.nr_overcommit_hugepages");

	for (unsigned i = 0; i < env->nr_nodes; i++) {
		const char *value;
		char name[48];

		snprintf(name, sizeof(name), "hugepages.2048kB.node%u", env->nodes[i]);
		value = setting_value(cell, name);
		if (value)
			env->hugetlb_2m_node[i] = strtoull(value, NULL, 10);
		else if (setting_value(cell, "hugepages.2048kB"))
			env->hugetlb_2m_node[i] = 0;
	}
	if (more)
		env->hugetlb_2m_overcommit = strtoull(more, NULL, 10);
}

static void take_overcommit(struct workload_env *env, const struct plan_cell *cell)
{
	const char *mode = setting_value(cell, "vm.overcommit_memory");

	if (mode)
		env->overcommit_memory = (unsigned)strtoul(mode, NULL, 10);
}

static void take_watermarks(struct workload_env *env, const struct plan_cell *cell)
{
	const char *min_free = setting_value(cell, "vm.min_free_kbytes");
	const char *scale = setting_value(cell, "vm.watermark_scale_factor");
	const char *mode = setting_value(cell, "vm.zone_reclaim_mode");

	env->watermarks_fresh = min_free || scale;
	if (min_free)
		env->min_free_kb = strtoull(min_free, NULL, 10);
	if (scale)
		env->watermark_scale = strtoull(scale, NULL, 10);
	if (mode)
		env->zone_reclaim_mode = (unsigned)strtoul(mode, NULL, 10);
}

/* The capability was tried with the present setting; the cell's own setting decides. */
static void take_huge_zero_page(struct workload_env *env, const struct plan_cell *cell)
{
	const char *use = setting_value(cell, "thp.use_zero_page");
	enum capability_state *state = &env->capability[CAPABILITY_HUGE_ZERO_PAGE];

	if (use && !strcmp(use, "0"))
		*state = CAPABILITY_NO;
	else if (use && *state != CAPABILITY_YES)
		*state = env->capability[CAPABILITY_ZERO_PAGE];
}

static void take_zswap(struct workload_env *env, const struct plan_cell *cell)
{
	const char *on = setting_value(cell, "zswap.enabled");

	if (on)
		env->capability[CAPABILITY_ZSWAP_ON] =
			strchr("Yy1", *on) ? CAPABILITY_YES : CAPABILITY_NO;
}

static void take_env(struct workload_env *env, const struct plan_cell *cell,
		     const struct host *host)
{
	const char *thp = setting_value(cell, "thp.enabled");
	const char *mglru = setting_value(cell, "lru_gen.enabled");
	const char *cluster = setting_value(cell, "vm.page-cluster");
	const char *fraction = setting_value(cell, "vm.percpu_pagelist_high_fraction");

	memset(env, 0, sizeof(*env));
	host_env(host, env);
	env->can_lower_oom_score = host->can_lower_oom_score;
	if (thp && env->thp != THP_ABSENT)
		env->thp = !strcmp(thp, "always")    ? THP_ALWAYS
			   : !strcmp(thp, "madvise") ? THP_MADVISE
						     : THP_NEVER;
	take_thp_orders(env, cell, host);
	take_huge_zero_page(env, cell);
	take_zswap(env, cell);
	env->hugetlb_2m = pool_left(cell, &host->hugetlb_2m, "hugepages.2048kB");
	env->hugetlb_1g = pool_left(cell, &host->hugetlb_1g, "hugepages.1048576kB");
	take_node_pools(env, cell);
	take_watermarks(env, cell);
	take_overcommit(env, cell);
	if (mglru)
		env->mglru = strcmp(mglru, "0");
	if (cluster)
		env->page_cluster = (unsigned)strtoul(cluster, NULL, 10);
	if (fraction)
		env->list_fraction = strtoull(fraction, NULL, 10);
	take_dirty(env, cell, host);
	env->swap = cell->swap.kind;
	env->swap_bytes = cell->swap.size_bytes;
	snprintf(env->swap_path, sizeof(env->swap_path), "%s", cell->swap.path);
}

/* ---- groups and workers ---- */

/*
 * With one worker the run's limits are its own, or its group's counters would stop
 * a little below the limit that the group around it hits. cpuset.* stays: on v1 the
 * parents must have it first.
 */
static void split_limits(struct plan_cell *cell, const struct profile *profile,
			 const char *only, struct limits *inherited)
{
	struct limits all = cell->limits;

	memset(inherited, 0, sizeof(*inherited));
	for (unsigned i = 0; i < all.nr && only; i++) {
		if (!strncmp(all.limit[i].name, "cpuset.", 7) ||
		    profile_get(profile, only, all.limit[i].name))
			continue;
		limits_set(inherited, &all.limit[i]);
		limits_drop(&cell->limits, all.limit[i].name);
	}
}

static void default_swap_max(struct plan_cell *cell)
{
	struct limit none = { .name = "memory.swap.max", .value = "0" };

	if (cell->swap.kind == SWAP_NONE && limits_bytes(&cell->limits, "memory.max") &&
	    !limits_find(&cell->limits, none.name))
		limits_set(&cell->limits, &none);
}

static void missing_of_machine(const struct plan_cell *cell, const struct host *host,
			       char *skip, size_t skip_bytes)
{
	if (cell->swap.kind == SWAP_ZRAM && !host->zram)
		snprintf(skip, skip_bytes, "this kernel has no zram");
	for (unsigned i = 0; i < cell->nr_settings; i++) {
		const char *name = cell->setting[i].name;

		if (!strncmp(name, "thp.", 4) && host->thp == THP_ABSENT)
			snprintf(skip, skip_bytes,
				 "%.64s: this kernel has no transparent huge pages", name);
		if (!strncmp(name, "zswap.", 6) && !host->zswap)
			snprintf(skip, skip_bytes, "%.64s: this kernel has no zswap", name);
		if (!strncmp(name, "hugepages.", 10) && !host->hugetlb)
			snprintf(skip, skip_bytes, "%.64s: this kernel has no hugetlb pools",
				 name);
	}
}

static unsigned workers_count(const struct profile *profile)
{
	const char *name = NULL;
	unsigned nr = 0;

	while ((name = profile_next_worker(profile, name)))
		nr++;
	return nr;
}

static int take_workers(struct plan_cell *cell, const struct plan_worker_context *c,
			struct error *e)
{
	const char *name = NULL;
	bool foreground = false;
	int ret = 0;

	cell->worker = calloc(cell->nr_workers, sizeof(*cell->worker));
	cell->env = calloc(cell->nr_workers, sizeof(*cell->env));
	if (!cell->worker || !cell->env)
		return error_set(e, ENOMEM, "no memory for the plan");
	for (unsigned i = 0; i < cell->nr_workers && !ret; i++) {
		name = profile_next_worker(c->profile, name);
		ret = plan_worker_make(&cell->worker[i], name, c, e);
		foreground |= !cell->worker[i].request.background;
	}
	if (!ret && !foreground)
		ret = profile_error(profile_get(c->profile, name, "type"), e, EINVAL,
				    "each worker is in the background: nothing ends the run");
	return ret;
}

static int take_null(struct plan_cell *cell, const struct plan *plan, struct error *e)
{
	int ret;

	if (!plan->noise)
		return 0;
	cell->null_worker = calloc(1, sizeof(*cell->null_worker));
	if (!cell->null_worker)
		return error_set(e, ENOMEM, "no memory for the plan");
	ret = plan_worker_null(cell->null_worker, plan, cell);
	if (ret == -ENOENT) { /* all are skipped: there is nothing to run beside */
		free(cell->null_worker);
		cell->null_worker = NULL;
		return 0;
	}
	if (ret)
		return error_set(e, -ret, "cannot plan the null worker: %s", strerror(-ret));
	return 0;
}

static int take_count(struct plan_cell *cell, const struct profile *profile, struct error *e)
{
	cell->nr_workers = workers_count(profile);
	if (cell->nr_workers && cell->nr_workers <= WORKERS_MAX)
		return 0;
	return error_set(
		e, EINVAL,
		"%s: error: a profile has 1 to %d [workload NAME] sections; this one has %u",
		profile->path[0] ? profile->path : profile->name, WORKERS_MAX,
		cell->nr_workers);
}

int cell_make(struct plan_cell *out, const struct plan *plan, const struct profile *profile,
	      struct error *e)
{
	const struct host *host = plan->host;
	struct plan_cell cell = { .index = out->index };
	struct workload_env env;
	struct limits inherited;
	char skip[256] = "";
	const struct plan_worker_context context = {
		.plan = plan,
		.cell = &cell,
		.profile = profile,
		.env = &env,
		.inherited = &inherited,
		.skip = skip,
	};
	const struct limits_reader reader = {
		.host = host,
		.base = { .available_bytes = host->available_bytes },
		.skip = skip,
		.skip_bytes = sizeof(skip),
		.e = e,
	};
	int ret = -EINVAL;

	memcpy(cell.label, out->label, sizeof(cell.label));
	if (take_count(&cell, profile, e) || take_settings(&cell, profile, host, e) ||
	    commit_check(&cell, profile, host, e) || take_swap(&cell.swap, profile, host, e) ||
	    limits_read(&reader, profile, "cgroup", &cell.limits))
		return ret;
	missing_of_machine(&cell, host, skip, sizeof(skip));
	take_env(&env, &cell, host);
	split_limits(&cell, profile,
		     cell.nr_workers == 1 ? profile_next_worker(profile, NULL) : NULL,
		     &inherited);
	default_swap_max(&cell);
	ret = take_workers(&cell, &context, e);
	if (!ret)
		ret = take_null(&cell, plan, e);
	if (ret)
		cell_release(&cell);
	else
		*out = cell;
	return ret;
}

/* ---- sums ---- */

uint64_t cell_peak_bytes(const struct plan_cell *cell)
{
	uint64_t sum = cell->swap.kind == SWAP_ZRAM ? cell->swap.size_bytes : 0;

	for (unsigned i = 0; i < cell->nr_workers; i++) {
		const struct plan_worker *w = &cell->worker[i];
		uint64_t bytes = w->skip[0] ? 0 : w->prediction.footprint_bytes;

		if (w->env->limit_bytes)
			bytes = min(bytes, w->env->limit_bytes);
		sum += min(bytes, UINT64_MAX - sum);
	}
	return sum;
}

static uint64_t pool_growth(const struct plan_cell *cell, const struct hugetlb_pool *pool,
			    const char *name, uint64_t page_bytes)
{
	uint64_t nr, bytes;

	if (!pool_asked(cell, name, &nr) || nr <= pool->nr)
		return 0;
	return __builtin_mul_overflow(nr - pool->nr, page_bytes, &bytes) ? UINT64_MAX / 4
									 : bytes;
}

/* vm.nr_hugepages is taken to be the pool of 2 MiB pages, the default unless booted with
 * another. */
uint64_t cell_pool_bytes(const struct plan_cell *cell, const struct host *host)
{
	static const struct hugetlb_pool unknown; /* as if it were empty now */
	const uint64_t some = pool_growth(cell, &host->hugetlb_2m, "hugepages.2048kB", 2 * MIB);
	const uint64_t same = pool_growth(cell, &host->hugetlb_2m, "vm.nr_hugepages", 2 * MIB);

	if (!host->hugetlb)
		return 0;
	return max(some, same) +
	       pool_growth(cell, &host->hugetlb_1g, "hugepages.1048576kB", 1024 * MIB) +
	       pool_growth(cell, &unknown, "hugepages.64kB", MIB / 16) +
	       pool_growth(cell, &unknown, "hugepages.32768kB", 32 * MIB);
}

double cell_seconds(const struct plan_cell *cell)
{
	double seconds = 0;
	uint64_t longest_ns = 0;

	for (unsigned i = 0; i < cell->nr_workers; i++) {
		longest_ns = max(longest_ns, plan_worker_expected_ns(&cell->worker[i]));
		if (!cell->worker[i].skip[0])
			seconds = OVERHEAD_SECONDS;
	}
	if (cell->null_worker)
		seconds += OVERHEAD_SECONDS + (double)cell->null_worker->request.hold_ns / 1e9;
	return seconds + (double)longest_ns / 1e9;
}

static enum risk risk_raise(enum risk now, enum risk to, char *why, size_t why_bytes,
			    const char *reason)
{
	if (to <= now)
		return now;
	snprintf(why, why_bytes, "%s", reason);
	return to;
}

static enum risk setting_risk(enum risk risk, const struct setting *setting, char *why,
			      size_t why_bytes)
{
	const struct setting_known *known = setting_find(setting->name);
	const bool r2 = setting_is_r2(known, setting->value);
	char reason[200];

	if (r2 && !known->system_wide_pressure)
		snprintf(reason, sizeof(reason),
			 "%.64s=%.32s can stop or flood the machine, or cannot be undone",
			 setting->name, setting->value);
	else
		snprintf(reason, sizeof(reason),
			 r2 ? "%.64s can squeeze the whole machine"
			    : "changes %.64s and restores it",
			 setting->name);
	return risk_raise(risk, r2 ? RISK_R2 : RISK_R1, why, why_bytes, reason);
}

static enum risk worker_risk(enum risk risk, const struct plan_worker *w,
			     const struct host *host, char *why, size_t why_bytes)
{
	char reason[200];

	if (w->skip[0] || w->env->limit_bytes)
		return risk;
	if (host->place == CGROUP_IN_PLACE && !w->workload->machine_wide &&
	    w->prediction.footprint_bytes < host->available_bytes / 2)
		return risk;
	snprintf(reason, sizeof(reason), "%.64s has no memory limit", w->name);
	risk = risk_raise(risk, RISK_R2, why, why_bytes, reason);
	if (w->prediction.expected != OUTCOME_EXPECTED_OOM &&
	    w->prediction.footprint_bytes < host->available_bytes)
		return risk;
	snprintf(reason, sizeof(reason),
		 "%.64s has no memory limit and takes more than there is", w->name);
	return risk_raise(risk, RISK_R3, why, why_bytes, reason);
}

enum risk cell_risk(const struct plan_cell *cell, const struct host *host, char *why,
		    size_t why_bytes)
{
	enum risk risk = RISK_R0;

	snprintf(why, why_bytes, "%s",
		 host->place == CGROUP_IN_PLACE
			 ? "in place: each worker takes less than half of what is available"
			 : "all that it does stays within its cgroups");
	if (cell->swap.kind != SWAP_NONE)
		risk = risk_raise(risk, RISK_R1, why, why_bytes,
				  "adds a swap device of its own and takes it away again");
	for (unsigned i = 0; i < cell->nr_settings; i++)
		risk = setting_risk(risk, &cell->setting[i], why, why_bytes);
	for (unsigned i = 0; i < cell->nr_workers; i++)
		risk = worker_risk(risk, &cell->worker[i], host, why, why_bytes);
	return risk;
}
