// SPDX-License-Identifier: GPL-2.0-or-later
/* What cache promises before it reads. */
#include "workloads/cache/cache.h"

#include <stdio.h>

#include "workloads/api/promise.h"

#define VMSTAT_LAG_PAGES 125 /* kept back on each CPU: MAX_THRESHOLD, mm/vmstat.c */

/*
 * A claim of the misses: a known amount when the whole file is read, and otherwise
 * what the walk through the pages that were there before has counted.
 */
static void claim_misses(const struct cache_params *p, const struct workload_env *env,
			 struct promise row, struct claims *out)
{
	struct claim c = { .quantity = row.quantity,
			   .source = row.source,
			   .counter = row.counter,
			   .unit = row.unit,
			   .relation = row.relation,
			   .basis = row.basis,
			   .expected = row.expected,
			   .tolerance = row.tolerance };

	snprintf(c.scope, sizeof(c.scope), "%s", row.scope);
	if (cache_reads_all(p, env) || p->method == METHOD_DIRECT) {
		uint64_t missed = cache_amounts_of(p, env).missed;

		c.expected +=
			(int64_t)(row.unit == UNIT_BYTES ? missed : missed / env->page_bytes);
		c.slot = "lost_pages";
		c.slot_mul = row.unit == UNIT_BYTES ? (int64_t)env->page_bytes : 1;
	} else {
		c.slot = "miss_pages";
		c.slot_mul = row.unit == UNIT_BYTES ? (int64_t)env->page_bytes : 1;
		if (p->readahead && c.relation == RELATION_EQ)
			c.relation = RELATION_GE;
	}
	claims_add(out, &c, "%s", row.why);
}

static void claim_io(const struct cache_params *p, const struct workload_env *env,
		     struct claims *out)
{
	struct cache_amounts a = cache_amounts_of(p, env);
	const char *why = p->method == METHOD_DIRECT ? "direct I/O reads every byte each time"
			  : p->evict == EVICT_OVERFLOW
				  ? "each page was reclaimed before its turn came again"
				  : "a miss is read once and a hit not at all";
	const struct promise misses = {
		"missed_bytes", "process", "io", "read_bytes", UNIT_BYTES,
		PROMISE_EXACT,	0,	   0,	 why
	};
	const struct promise asked = { "asked_bytes",
				       "process",
				       "io",
				       "rchar",
				       UNIT_BYTES,
				       RELATION_BETWEEN,
				       BASIS_BOUNDED,
				       (int64_t)(p->passes * a.read),
				       (int64_t)env->page_bytes,
				       "what the reads ask for and the word that starts them" };
	const struct promise written = { "written_bytes",
					 "process",
					 "io",
					 "write_bytes",
					 UNIT_BYTES,
					 PROMISE_EXACT,
					 0,
					 0,
					 "the file was written before" };
	const struct promise system = { "system_read",
					"system",
					"vmstat",
					"pgpgin",
					UNIT_BYTES,
					RELATION_GE,
					BASIS_DIRECTION,
					0,
					0,
					"the machine's count includes the worker's" };

	claim_misses(p, env, misses, out);
	if (a.missed)
		claim_misses(p, env, system, out);
	if (p->method != METHOD_MMAP)
		promise_add(out, SPAN_WORK, &asked, 1);
	promise_add(out, SPAN_WORK, &written, 1);
}

static void claim_mapped_faults(const struct cache_params *p, const struct workload_env *env,
				struct claims *out)
{
	struct cache_amounts a = cache_amounts_of(p, env);
	const char *one = "without readahead each miss is a major fault of its own";
	const struct promise exact[] = {
		{ "major_faults", "process", "stat", "majflt", UNIT_COUNT, PROMISE_EXACT, 0, 0,
		  one },
		{ "group_major_faults", "group", "memory.stat", "pgmajfault", UNIT_COUNT,
		  PROMISE_EXACT, 0, 0, one },
	};
	const struct promise some = { "group_major_faults",
				      "group",
				      "memory.stat",
				      "pgmajfault",
				      UNIT_COUNT,
				      RELATION_BETWEEN,
				      BASIS_BOUNDED,
				      a.missed > 0,
				      (int64_t)(a.missed / env->page_bytes) - (a.missed > 0),
				      "the first miss is a major fault and readahead spares "
				      "some of the others" };
	const struct promise minor = { "minor_faults",
				       "process",
				       "stat",
				       "minflt",
				       UNIT_COUNT,
				       RELATION_LE,
				       BASIS_BOUNDED,
				       (int64_t)(p->passes * a.read / env->page_bytes),
				       4 * ((int64_t)p->threads - 1),
				       "one fault maps up to 16 neighbours that are in the "
				       "cache" };

	if (!p->readahead && p->evict != EVICT_OVERFLOW) {
		claim_misses(p, env, exact[0], out);
		claim_misses(p, env, exact[1], out);
	} else if (cache_reads_all(p, env)) {
		promise_add(out, SPAN_WORK, &some, 1);
	}
	promise_add(out, SPAN_WORK, &minor, 1);
}

static void claim_faults(const struct cache_params *p, const struct workload_env *env,
			 struct claims *out)
{
	const char *why = "a read copies into a buffer that is there already";
	/* A thread's first step touches its own stack and thread data. */
	int64_t threads = 4 * ((int64_t)p->threads - 1);
	enum basis basis = threads ? BASIS_BOUNDED : BASIS_EXACT;
	const struct promise rows[] = {
		{ "minor_faults", "process", "stat", "minflt", UNIT_COUNT, RELATION_EQ, basis,
		  0, threads, why },
		{ "major_faults", "process", "stat", "majflt", UNIT_COUNT, PROMISE_EXACT, 0, 0,
		  why },
		{ "group_major_faults", "group", "memory.stat", "pgmajfault", UNIT_COUNT,
		  PROMISE_EXACT, 0, 0, why },
	};

	if (p->method == METHOD_MMAP)
		claim_mapped_faults(p, env, out);
	else if (p->evict != EVICT_OVERFLOW) /* its limit may squeeze out the worker's text */
		PROMISE_ROWS(out, SPAN_WORK, rows);
}

/*
 * A machine that reclaims ahead of need takes pages that lie idle, between READY and GO
 * and between HELD and its capture as well. Measured on such a host, Linux 6.18 with
 * DAMON's pageout: at most 79 of 8192 pages in four seconds.
 */
#define OUTSIDE_SHARE 50

static int64_t outside_pages(const struct workload_env *env, int64_t pages)
{
	return env->reclaims_ahead ? pages / OUTSIDE_SHARE : 0;
}

static void claim_outside(const struct workload_env *env, int64_t pages, struct claims *out)
{
	int64_t few = outside_pages(env, pages);
	enum basis basis = few ? BASIS_BOUNDED : BASIS_EXACT;
	const struct promise rows[] = {
		{ "pages_lost", "ledger", "ledger", "lost_pages", UNIT_PAGES, RELATION_LE,
		  basis, 0, few, "pages that somebody else had reclaimed before their pass" },
		{ "pages_missing", "ledger", "ledger", "missing_pages", UNIT_PAGES, RELATION_LE,
		  basis, 0, few,
		  "what has been read is in the cache unless somebody else reclaims" },
	};

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* What a count of the pages themselves shows, by mincore(2) and by cachestat(2). */
static void claim_pages(const struct cache_params *p, const struct workload_env *env,
			struct claims *out)
{
	struct cache_amounts a = cache_amounts_of(p, env);
	uint64_t page = env->page_bytes;
	const struct promise read = { "pages_read",
				      "ledger",
				      "ledger",
				      "pages_read",
				      UNIT_PAGES,
				      PROMISE_EXACT,
				      (int64_t)(p->passes * a.read / page),
				      0,
				      "each block once in each pass" };
	const struct promise before = {
		"pages_cached_before",
		"ledger",
		"ledger",
		"cached_before",
		UNIT_PAGES,
		PROMISE_EXACT,
		(int64_t)(a.warm / page),
		0,
		"mincore after what is warm had been read and the rest evicted"
	};
	struct claim agree = { .quantity = "pages_cached_after",
			       .scope = "ledger",
			       .source = "ledger",
			       .counter = "cachestat_pages",
			       .unit = UNIT_PAGES,
			       .relation = RELATION_EQ,
			       .basis = BASIS_EXACT,
			       .slot = "cached_after" };

	promise_add(out, SPAN_WORK, &read, 1);
	if (p->evict == EVICT_OVERFLOW)
		return;
	promise_add(out, SPAN_WORK, &before, 1);
	if (env->cachestat)
		claims_add(out, &agree, "cachestat and mincore see the same pages");
	if (cache_reads_all(p, env) || p->method == METHOD_DIRECT)
		claim_outside(env, (int64_t)(a.file / page), out);
}

static void claim_ratio(const struct cache_params *p, const struct workload_env *env,
			struct claims *out)
{
	struct cache_amounts a = cache_amounts_of(p, env);
	int64_t missed = (int64_t)(a.missed / env->page_bytes);
	struct claim hits = { .quantity = "hits",
			      .scope = "ledger",
			      .source = "ledger",
			      .counter = "hit_pages",
			      .unit = UNIT_PAGES,
			      .relation = RELATION_EQ,
			      .basis = BASIS_EXACT,
			      .expected =
				      (int64_t)(p->passes * a.read / env->page_bytes) - missed,
			      .slot = "lost_pages",
			      .slot_mul = -1 };
	const struct promise misses = { "misses",
					"ledger",
					"ledger",
					"miss_pages",
					UNIT_PAGES,
					PROMISE_EXACT,
					0,
					0,
					"pages asked for that were not there" };

	if (p->evict == EVICT_OVERFLOW || !cache_reads_all(p, env))
		return;
	claims_add(out, &hits, "pages asked for that were there before");
	claim_misses(p, env, misses, out);
}

/* It takes pages of the program's text too, which come back when they are used. */
#define TEXT_PAGES 16

static int64_t text_bytes(const struct workload_env *env)
{
	return env->reclaims_ahead ? (int64_t)(TEXT_PAGES * env->page_bytes) : 0;
}

/* Of the file and the text. */
static int64_t outside_bytes(const struct cache_params *p, const struct workload_env *env)
{
	int64_t pages = (int64_t)(cache_file_bytes(p, env) / env->page_bytes);

	return outside_pages(env, pages) * (int64_t)env->page_bytes + text_bytes(env);
}

/*
 * Where somebody else reclaims (text_bytes), what is there at HELD lies between all that
 * grew and that less what was gone when the worker looked for the last time. A share of
 * the file cannot bound it: DAMON goes by regions of physical memory, and took 128 of 1024
 * pages at once, and 7169 of 786432 in twelve seconds.
 */
static void claim_amount(const struct claim *c, int64_t outside, const struct workload_env *env,
			 const char *why, struct claims *out)
{
	struct claim most = *c, least = *c;

	if (!text_bytes(env)) {
		claims_add(out, c, "%s", why);
		return;
	}
	most.basis = least.basis = BASIS_BOUNDED;
	most.tolerance = c->tolerance + text_bytes(env);
	least.tolerance = c->tolerance + outside; /* until verify() counted */
	most.relation = RELATION_LE;
	claims_add(out, &most, "%s", why);
	least.relation = RELATION_GE;
	least.slot = "gone_pages";
	least.slot_mul = -(int64_t)env->page_bytes;
	claims_add(out, &least, "all but what somebody else reclaimed until the worker left");
}

static void claim_group(const struct cache_params *p, const struct workload_env *env,
			struct claims *out)
{
	const char *file = env_group_file(env), *usage = env_group_usage(env);
	struct cache_amounts a = cache_amounts_of(p, env);
	uint64_t grown = p->method == METHOD_DIRECT ? 0 : a.missed;
	bool maps = p->method == METHOD_MMAP && !env_lacks(env, CAPABILITY_TABLE_CHARGE);
	uint64_t tables = maps ? a.file / 512 + 4 * env->page_bytes : 0;
	int64_t outside = outside_bytes(p, env);
	const char *why = p->method == METHOD_DIRECT
				  ? "direct I/O leaves the cache as it was"
				  : "the worker is the first toucher and alone in its group";
	const struct promise anon = { "group_anonymous_bytes",
				      "group",
				      "memory.stat",
				      env_group_anon(env),
				      UNIT_BYTES,
				      PROMISE_EXACT,
				      0,
				      0,
				      "page cache is not anonymous" };
	struct claim cached = { .quantity = "group_file_bytes",
				.scope = "group",
				.source = "memory.stat",
				.counter = file,
				.unit = UNIT_BYTES,
				.relation = RELATION_EQ,
				.basis = BASIS_EXACT,
				.expected = (int64_t)grown };
	const struct claim total = { .quantity = "group_usage_bytes",
				     .scope = "group",
				     .source = usage,
				     .counter = usage,
				     .unit = UNIT_BYTES,
				     .relation = RELATION_EQ,
				     .basis = BASIS_BOUNDED,
				     .expected = (int64_t)grown,
				     .tolerance = env_usage_slack_bytes(env) +
						  (int64_t)(cache_index_bytes(grown, env) +
							    tables) };

	promise_add(out, SPAN_WORK, &anon, 1);
	if (cache_reads_all(p, env) || p->method == METHOD_DIRECT) {
		claim_amount(&total, outside, env,
			     maps ? "charges are taken in batches and the file's index and "
				    "page tables are charged too"
				  : "charges are taken in batches and the file's index is "
				    "charged too",
			     out);
		claim_amount(&cached, outside, env, why, out);
		return;
	}
	cached.basis = outside ? BASIS_BOUNDED : BASIS_EXACT;
	cached.tolerance = outside;
	cached.slot = "miss_pages";
	cached.slot_mul = (int64_t)env->page_bytes;
	cached.expected = 0;
	cached.relation = p->readahead ? RELATION_GE : RELATION_EQ;
	claims_add(out, &cached, "%s", why);
}

/* A limit that the file exceeds stays full: as many pages go as come. */
static void claim_overflow(const struct cache_params *p, const struct workload_env *env,
			   struct claims *out)
{
	int64_t pages = (int64_t)(cache_amounts_of(p, env).missed / env->page_bytes);
	bool v2 = env->cgroup_version == 2;
	const char *hits = v2 ? "memory.events" : "memory.failcnt";
	const struct promise rows[] = {
		{ "refaults", "group", "memory.stat", "workingset_refault_file", UNIT_PAGES,
		  PROMISE_EXACT, pages, 0,
		  "each page had been here before and left a trace when it was reclaimed" },
		{ "system_refaults", "system", "vmstat", "workingset_refault_file", UNIT_PAGES,
		  RELATION_GE, BASIS_DIRECTION, pages, VMSTAT_LAG_PAGES * (int64_t)env->cpus,
		  "the machine's count includes the worker's but for what CPUs keep back" },
		{ "group_file_bytes", "group", "memory.stat", env_group_file(env), UNIT_BYTES,
		  RELATION_LE, BASIS_EXACT, (int64_t)env->limit_bytes, 0,
		  "no more than the limit is in memory" },
	};
	const struct promise full = { "limit_hits",	     "group",	 hits,
				      v2 ? "max" : hits,     UNIT_COUNT, RELATION_GE,
				      BASIS_EXACT,	     1,		 0,
				      "the limit stays full" };
	const struct promise stolen = { "reclaimed",
					"group",
					"memory.stat",
					"pgsteal",
					UNIT_PAGES,
					PROMISE_BOUNDED,
					pages,
					pages / 100 + 64 * (int64_t)env->cpus,
					"as many pages go as come and what is in per-CPU "
					"batches is not yet counted" };

	PROMISE_ROWS(out, SPAN_WORK, rows);
	/*
	 * Version 1 charges memory and swap together first: without swap it is that limit
	 * which fails, and Linux 6.18 does not count it (mm/memcontrol.c, track_failcnt).
	 */
	if (v2 || env->swap_max_bytes)
		promise_add(out, SPAN_WORK, &full, 1);
	if (v2)
		promise_add(out, SPAN_WORK, &stolen, 1);
}

/*
 * POSIX_FADV_DONTNEED leaves no trace in the file's index. Reclaim leaves one per
 * page, but a group whose memory is nearly all gone may lose them again
 * (count_shadow_nodes(), mm/workingset.c): how many are left is looked up at READY.
 */
static void claim_traces(const struct cache_params *p, const struct workload_env *env,
			 struct claims *out)
{
	bool cached = p->method != METHOD_DIRECT;
	int64_t misses = (int64_t)(cache_amounts_of(p, env).missed / env->page_bytes);
	struct claim none = { .quantity = "refaults",
			      .scope = "group",
			      .source = "memory.stat",
			      .counter = "workingset_refault_file",
			      .unit = UNIT_PAGES,
			      .relation = RELATION_LE,
			      .basis = text_bytes(env) ? BASIS_BOUNDED : BASIS_EXACT,
			      .tolerance = text_bytes(env) / (int64_t)env->page_bytes,
			      .slot = "lost_pages" };
	int64_t few = outside_pages(env, (int64_t)(cache_file_bytes(p, env) / env->page_bytes));
	const struct promise no_traces = { "pages_remembered",
					   "ledger",
					   "ledger",
					   "evicted_pages",
					   UNIT_PAGES,
					   RELATION_LE,
					   few ? BASIS_BOUNDED : BASIS_EXACT,
					   0,
					   few,
					   "what fadvise takes out leaves no trace" };
	const struct promise at_most = { "refaults",
					 "group",
					 "memory.stat",
					 "workingset_refault_file",
					 UNIT_PAGES,
					 RELATION_LE,
					 BASIS_EXACT,
					 misses,
					 0,
					 "a refault is a miss whose reclaim is remembered" };
	struct claim remembered = { .quantity = "refaults",
				    .scope = "group",
				    .source = "memory.stat",
				    .counter = "workingset_refault_file",
				    .unit = UNIT_PAGES,
				    .relation = RELATION_EQ,
				    .basis = BASIS_EXACT,
				    .slot = "evicted_pages" };

	if (p->evict == EVICT_FADVISE && env->cachestat)
		promise_add(out, SPAN_WORK, &no_traces, 1);
	if (p->evict == EVICT_FADVISE || !cached)
		claims_add(out, &none, "%s",
			   cached ? "what fadvise takes out leaves no trace and is no refault"
				  : "direct I/O finds nothing because it does not look");
	else if (!env->cachestat || !cache_reads_all(p, env))
		promise_add(out, SPAN_WORK, &at_most, 1);
	else
		claims_add(out, &remembered,
			   "as many as cachestat finds traces of: the kernel drops some when "
			   "the group has little left");
}

/* Other people's metadata is in Buffers as well; a guest of our own is quiet. */
#define QUIET_BUFFERS_BYTES (512u << 10)

static void claim_buffers(const struct cache_params *p, const struct workload_env *env,
			  struct claims *out)
{
	int64_t grown =
		p->method == METHOD_DIRECT ? 0 : (int64_t)cache_amounts_of(p, env).missed;
	const struct promise quiet = { "buffers_bytes",
				       "system",
				       "meminfo",
				       "Buffers",
				       UNIT_BYTES,
				       PROMISE_BOUNDED,
				       grown,
				       QUIET_BUFFERS_BYTES,
				       "the pages of a block device are Buffers and so is the "
				       "metadata of the results' file system" };
	const struct promise busy = { "buffers_bytes",
				      "system",
				      "meminfo",
				      "Buffers",
				      UNIT_BYTES,
				      RELATION_GE,
				      BASIS_DIRECTION,
				      grown / 2,
				      0,
				      "the pages of a block device are Buffers: half of them "
				      "because others come and go" };

	if (!cache_reads_all(p, env))
		return;
	if (env->in_lab)
		promise_add(out, SPAN_WORK, &quiet, 1);
	else if (grown)
		promise_add(out, SPAN_WORK, &busy, 1);
}

static void claim_mapping(const struct cache_params *p, const struct workload_env *env,
			  struct claims *out)
{
	struct cache_amounts a = cache_amounts_of(p, env);
	bool mapped = p->method == METHOD_MMAP;
	struct claim resident = { .quantity = "mapped_bytes",
				  .scope = "mapping",
				  .source = "smaps",
				  .counter = "Rss",
				  .unit = UNIT_BYTES,
				  .relation = RELATION_EQ,
				  .basis = mapped && outside_bytes(p, env) ? BASIS_BOUNDED
									   : BASIS_EXACT,
				  .tolerance = mapped ? outside_bytes(p, env) : 0 };
	const struct promise dirty = {
		"dirty_bytes", "mapping", "smaps", "Private_Dirty",	      UNIT_BYTES,
		PROMISE_EXACT, 0,	  0,	   "loads make nothing dirty"
	};

	if (!cache_reads_all(p, env))
		return;
	if (mapped)
		resident.expected = (int64_t)a.file;
	claims_add(out, &resident, "%s",
		   mapped ? "each page was loaded from" : "read leaves nothing mapped");
	promise_add(out, SPAN_WORK, &dirty, 1);
}

static void claim_residue(const struct cache_params *p, const struct workload_env *env,
			  struct claims *out)
{
	int64_t warm = (int64_t)cache_amounts_of(p, env).warm;
	const char *why = "the file is removed and its cache with it";
	/* Reclaim takes text of the program as well, and leaving brings it back. */
	const struct promise file[] = {
		[EVICT_FADVISE] = { "left_file_bytes", "group", "memory.stat",
				    env_group_file(env), UNIT_BYTES, RELATION_EQ,
				    text_bytes(env) ? BASIS_BOUNDED : BASIS_EXACT, -warm,
				    text_bytes(env), why },
		[EVICT_RECLAIM] = { "left_file_bytes", "group", "memory.stat",
				    env_group_file(env), UNIT_BYTES, PROMISE_BOUNDED, -warm,
				    CACHE_OWN_BYTES,
				    "the file is removed and only the program's text that "
				    "reclaim took comes back" },
		[EVICT_OVERFLOW] = { "left_file_bytes", "group", "memory.stat",
				     env_group_file(env), UNIT_BYTES, RELATION_LE, BASIS_EXACT,
				     0, 0, why },
	};
	const struct promise rows[] = {
		file[p->evict],
		{ "left_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, RELATION_LE, BASIS_EXACT, 0, 0,
		  "the worker has exited and its memory with it" },
	};

	PROMISE_ROWS(out, SPAN_RESIDUE, rows);
}

void cache_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct cache_params *p = params;

	claim_io(p, env, out);
	claim_faults(p, env, out);
	claim_pages(p, env, out);
	claim_ratio(p, env, out);
	claim_mapping(p, env, out);
	claim_residue(p, env, out);
	if (p->evict == EVICT_OVERFLOW) {
		claim_overflow(p, env, out);
		return;
	}
	claim_group(p, env, out);
	claim_traces(p, env, out);
	if (p->source == SOURCE_LOOP)
		claim_buffers(p, env, out);
}
