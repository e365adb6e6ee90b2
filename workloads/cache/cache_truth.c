// SPDX-License-Identifier: GPL-2.0-or-later
/* The claims of cache. */
#include "workloads/cache/cache.h"

#include <stdio.h>

#include "workloads/api/arith.h"
#include "workloads/api/promise.h"

#define VMSTAT_LAG_PAGES 125 /* not yet added up on each CPU: MAX_THRESHOLD, mm/vmstat.c */

/*
 * At the limit a page may outlive a pass where DAMON pages out: what it isolates and cannot
 * free waits in the LRU batch of its CPU (PAGEVEC_SIZE, include/linux/pagevec.h), where the
 * limit's reclaim does not find it, and is a hit in the next pass and in all that follow.
 * Measured on 6.18, without readahead and with kdamond on the other CPU: in 6 of 45 runs of 3
 * or 4 passes, at most 67 hits where 620 are allowed for.
 */
#define BATCH_PAGES 31

static int64_t outliving_pages(const struct cache_params *p, const struct workload_env *env)
{
	const int64_t passes = (int64_t)min(p->passes, UINT32_MAX);

	if (p->evict != EVICT_OVERFLOW || env_lacks(env, CAPABILITY_DAMON_RECLAIMS))
		return 0;
	return BATCH_PAGES * (int64_t)env->cpus * passes * (passes + 1) / 2;
}

/* An amount of overflow, and by how much less there may be. */
static void allow_outliving(const struct cache_params *p, const struct workload_env *env,
			    struct claim *c)
{
	const int64_t pages = outliving_pages(p, env);

	if (pages && c->basis == BASIS_EXACT)
		c->basis = BASIS_BOUNDED;
	c->tolerance += c->unit == UNIT_BYTES ? pages * (int64_t)env->page_bytes : pages;
}

/*
 * A claim about the misses: a known amount where the whole file is read, otherwise the count
 * of cache_count_hits().
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
	allow_outliving(p, env, &c);
	claims_add(out, &c, "%s", row.why);
}

static void claim_io(const struct cache_params *p, const struct workload_env *env,
		     struct claims *out)
{
	struct cache_amounts a = cache_amounts_of(p, env);
	const char *why = p->method == METHOD_DIRECT
				  ? "direct I/O reads every byte in every pass"
			  : p->evict == EVICT_OVERFLOW
				  ? "each page is reclaimed before it is read again"
				  : "a miss is read from the device once and a hit is not";
	/* clang-format off */
	const struct promise misses = {
		.quantity = "missed_bytes", .scope = "process",
		.source = "io", .counter = "read_bytes", .unit = UNIT_BYTES,
		.why = why,
	};
	const struct promise asked = {
		.quantity = "asked_bytes", .scope = "process",
		.source = "io", .counter = "rchar", .unit = UNIT_BYTES,
		.relation = RELATION_BETWEEN, .basis = BASIS_BOUNDED,
		.expected = (int64_t)(p->passes * a.read),
		.tolerance = (int64_t)env->page_bytes,
		.why = "bytes of all reads and the worker's one-byte command",
	};
	const struct promise written = {
		.quantity = "written_bytes", .scope = "process",
		.source = "io", .counter = "write_bytes", .unit = UNIT_BYTES,
		.why = "the file is written before READY",
	};
	const struct promise system = {
		.quantity = "system_read", .scope = "system",
		.source = "vmstat", .counter = "pgpgin", .unit = UNIT_BYTES,
		.relation = RELATION_GE, .basis = BASIS_DIRECTION,
		.why = "the machine's count includes the worker's",
	};
	/* clang-format on */

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
	const char *one = "without readahead each miss is a major fault";
	/* clang-format off */
	const struct promise exact[] = {
		{ .quantity = "major_faults", .scope = "process",
		  .source = "stat", .counter = "majflt",
		  .why = one },
		{ .quantity = "group_major_faults", .scope = "group",
		  .source = "memory.stat", .counter = "pgmajfault",
		  .why = one },
	};
	const struct promise some = {
		.quantity = "group_major_faults", .scope = "group",
		.source = "memory.stat", .counter = "pgmajfault", .relation = RELATION_BETWEEN,
		.basis = BASIS_BOUNDED, .expected = a.missed > 0,
		.tolerance = (int64_t)(a.missed / env->page_bytes) - (a.missed > 0),
		.why = "the first miss is a major fault and readahead avoids some of the others",
	};
	const struct promise minor = {
		.quantity = "minor_faults", .scope = "process",
		.source = "stat", .counter = "minflt", .relation = RELATION_LE,
		.basis = BASIS_BOUNDED,
		.expected = (int64_t)(p->passes * a.read / env->page_bytes),
		.tolerance = 4 * ((int64_t)p->threads - 1),
		.why = "fault-around maps up to 16 cached pages at a fault",
	};
	/* clang-format on */

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
	const char *why = "a read copies into a buffer that is present";
	/* A thread's first step touches its stack and thread data. */
	int64_t threads = 4 * ((int64_t)p->threads - 1);
	enum basis basis = threads ? BASIS_BOUNDED : BASIS_EXACT;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt", .basis = basis, .tolerance = threads,
		  .why = why },
		{ .quantity = "major_faults", .scope = "process",
		  .source = "stat", .counter = "majflt",
		  .why = why },
		{ .quantity = "group_major_faults", .scope = "group",
		  .source = "memory.stat", .counter = "pgmajfault",
		  .why = why },
	};
	/* clang-format on */

	if (p->method == METHOD_MMAP)
		claim_mapped_faults(p, env, out);
	else if (p->evict != EVICT_OVERFLOW) /* reclaim may take the worker's text */
		PROMISE_ROWS(out, SPAN_WORK, rows);
}

/*
 * An outside reclaimer takes idle pages, also between READY and GO and between HELD and its
 * capture. Measured on a host with DAMON's pageout, Linux 6.18: at most 79 of 8192 pages in
 * four seconds.
 */
#define OUTSIDE_SHARE 50

static int64_t outside_pages(const struct workload_env *env, int64_t pages)
{
	return env_lacks(env, CAPABILITY_DAMON_RECLAIMS) ? 0 : pages / OUTSIDE_SHARE;
}

static void claim_outside(const struct cache_params *p, const struct workload_env *env,
			  int64_t pages, struct claims *out)
{
	int64_t few = outside_pages(env, pages);
	enum basis basis = few ? BASIS_BOUNDED : BASIS_EXACT;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "pages_lost", .scope = "ledger",
		  .source = "ledger", .counter = "lost_pages", .unit = UNIT_PAGES,
		  .relation = RELATION_LE, .basis = basis, .tolerance = few,
		  .unless = p->method == METHOD_DIRECT, /* needs none of them */
		  .why = cache_reads_all(p, env) && env_has(env, CAPABILITY_CACHESTAT)
				 ? "pages that cachestat misses before their pass: an outside reclaimer took them"
				 : "pages that mincore misses before their pass: an outside reclaimer took them" },
		{ .quantity = "pages_missing", .scope = "ledger",
		  .source = "ledger", .counter = "missing_pages", .unit = UNIT_PAGES,
		  .relation = RELATION_LE, .basis = basis, .tolerance = few,
		  .why = "a page that was read stays in the cache without an outside reclaimer" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* Counts of the pages, by mincore(2) and by cachestat(2). */
static void claim_pages(const struct cache_params *p, const struct workload_env *env,
			struct claims *out)
{
	const struct cache_amounts a = cache_amounts_of(p, env);
	const uint64_t page = env->page_bytes;
	const bool overflows = p->evict == EVICT_OVERFLOW;
	const int64_t few = outside_pages(env, (int64_t)(a.warm / page));
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "pages_read", .scope = "ledger",
		  .source = "ledger", .counter = "pages_read", .unit = UNIT_PAGES,
		  .expected = (int64_t)(p->passes * a.read / page),
		  .why = "each block once in each pass" },
		{ .quantity = "pages_cached_before", .scope = "ledger",
		  .source = "ledger", .counter = "cached_before", .unit = UNIT_PAGES,
		  .expected = (int64_t)(a.warm / page), .unless = overflows,
		  .why = "mincore after the rest was evicted and the warm part was read" },
		{ .quantity = "pages_cached_before", .scope = "ledger",
		  .source = "ledger", .counter = "cachestat_before", .unit = UNIT_PAGES,
		  .basis = few ? BASIS_BOUNDED : BASIS_EXACT,
		  .expected = (int64_t)(a.warm / page), .tolerance = few,
		  .unless = overflows || !env_has(env, CAPABILITY_CACHESTAT),
		  .why = "cachestat a moment after mincore" },
		{ .quantity = "pages_cached_after", .scope = "ledger",
		  .source = "ledger", .counter = "cachestat_pages", .unit = UNIT_PAGES,
		  .slot = "cached_after", .unless = overflows || !env_has(env, CAPABILITY_CACHESTAT),
		  .why = "cachestat and mincore count the same pages" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
	if (!overflows)
		claim_outside(p, env, (int64_t)(a.file / page), out);
}

/*
 * The two instruments of hits and misses: mincore(2) sees beforehand which of the pages to read
 * are in the cache, and the kernel accounts the I/O of the reads. What neither sees beforehand,
 * readahead of pages that are not read, is no claim.
 */
static void claim_ratio(const struct cache_params *p, const struct workload_env *env,
			struct claims *out)
{
	const int64_t page = (int64_t)env->page_bytes;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "hits", .scope = "process",
		  .source = "io", .counter = "rchar-read_bytes", .unit = UNIT_BYTES,
		  .basis = BASIS_BOUNDED, .tolerance = page,
		  .slot = "hit_pages", .slot_mul = page, .unless = p->method == METHOD_MMAP,
		  .why = "bytes read without I/O are those that mincore has in the cache; and the worker's one-byte command" },
		{ .quantity = "misses", .scope = "process",
		  .source = "io", .counter = "read_bytes", .unit = UNIT_PAGES,
		  .slot = "miss_pages",
		  .why = "pages read by I/O are those that mincore does not have in the cache" },
	};
	/* clang-format on */

	if (p->evict != EVICT_OVERFLOW && !cache_reads_ahead(p, env))
		PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* An outside reclaimer takes pages of the program's text too, which refault. */
#define TEXT_PAGES 16

static int64_t text_bytes(const struct workload_env *env)
{
	return env_lacks(env, CAPABILITY_DAMON_RECLAIMS)
		       ? 0
		       : (int64_t)(TEXT_PAGES * env->page_bytes);
}

/* Bytes of the file and of text that an outside reclaimer may take. */
static int64_t outside_bytes(const struct cache_params *p, const struct workload_env *env)
{
	int64_t pages = (int64_t)(cache_file_bytes(p, env) / env->page_bytes);

	return outside_pages(env, pages) * (int64_t)env->page_bytes + text_bytes(env);
}

/*
 * With an outside reclaimer (text_bytes) the amount at HELD lies between all that was added
 * and that less what had left the cache at release. No share of the file bounds it: DAMON
 * reclaims by regions of physical memory, and took 128 of 1024 pages at once, and 7169 of
 * 786432 in twelve seconds.
 */
static void claim_amount(const struct promise *row, int64_t outside,
			 const struct workload_env *env, struct claims *out)
{
	struct promise most = *row, least = *row;

	if (!text_bytes(env)) {
		promise_add(out, SPAN_WORK, row, 1);
		return;
	}
	most.basis = least.basis = BASIS_BOUNDED;
	most.tolerance = row->tolerance + text_bytes(env);
	most.relation = RELATION_LE;
	least.tolerance = row->tolerance + outside; /* until verify() counted */
	least.relation = RELATION_GE;
	least.slot = "gone_pages";
	least.slot_mul = -(int64_t)env->page_bytes;
	least.why = "all but the pages that an outside reclaimer took until release";
	promise_add(out, SPAN_WORK, &most, 1);
	promise_add(out, SPAN_WORK, &least, 1);
}

static const char *group_file_why(const struct cache_params *p)
{
	return p->method == METHOD_DIRECT
		       ? "direct I/O adds no page to the cache"
		       : "the worker is the first toucher and alone in its group";
}

/* Where the misses are known beforehand. */
static void claim_grown(const struct cache_params *p, const struct workload_env *env,
			struct claims *out)
{
	const struct cache_amounts a = cache_amounts_of(p, env);
	const uint64_t grown = p->method == METHOD_DIRECT ? 0 : a.missed;
	const bool maps = p->method == METHOD_MMAP && !env_lacks(env, CAPABILITY_TABLE_CHARGE);
	const uint64_t tables =
		maps ? a.file / env_table_entries(env) + 4 * env->page_bytes : 0;
	const int64_t slack = env_usage_slack_bytes(env) +
			      (int64_t)(cache_index_bytes(p, grown, env) + tables);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "group_usage_bytes", .scope = "group",
		  .source = env_group_usage(env), .counter = env_group_usage(env),
		  .unit = UNIT_BYTES, .basis = BASIS_BOUNDED, .expected = (int64_t)grown,
		  .tolerance = slack,
		  .why = maps ? "charges are taken in batches and the file's index and page tables are charged too"
		         : "charges are taken in batches and the file's index is charged too" },
		{ .quantity = "group_file_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_file(env), .unit = UNIT_BYTES,
		  .expected = (int64_t)grown,
		  .why = group_file_why(p) },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		claim_amount(&rows[i], outside_bytes(p, env), env, out);
}

static void claim_group(const struct cache_params *p, const struct workload_env *env,
			struct claims *out)
{
	const bool known = cache_reads_all(p, env) || p->method == METHOD_DIRECT;
	const int64_t outside = outside_bytes(p, env);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .why = "page cache is not anonymous" },
		{ .quantity = "group_file_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_file(env), .unit = UNIT_BYTES,
		  .relation = p->readahead ? RELATION_GE : RELATION_EQ,
		  .basis = outside ? BASIS_BOUNDED : BASIS_EXACT, .tolerance = outside,
		  .slot = "miss_pages", .slot_mul = (int64_t)env->page_bytes, .unless = known,
		  .why = group_file_why(p) },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
	if (known)
		claim_grown(p, env, out);
}

/* pages: of the file that were read again; outliving: of them that may have stayed. */
static void claim_at_limit(int64_t pages, int64_t outliving, const struct workload_env *env,
			   struct claims *out)
{
	const bool v2 = env->cgroup_version == 2;
	/* clang-format off */
	const struct promise full = {
		.quantity = "limit_hits", .scope = "group",
		.source = env_group_hits(env), .counter = env_group_hits_key(env),
		.relation = RELATION_GE, .expected = 1,
		.why = "charges hit the limit",
	};
	const struct promise stolen = {
		.quantity = "reclaimed", .scope = "group",
		.source = "memory.stat", .counter = "pgsteal", .unit = UNIT_PAGES,
		.basis = BASIS_BOUNDED, .expected = pages,
		.tolerance = pages / 100 + 64 * (int64_t)env->cpus + outliving,
		.why = "evictions balance insertions at the limit; per-CPU batches are not counted yet",
	};
	/* clang-format on */

	/*
	 * Version 1 charges memory and swap together first: without swap that charge fails,
	 * and Linux 6.18 does not count it (mm/memcontrol.c, track_failcnt).
	 */
	if (v2 || env->swap_max_bytes)
		promise_add(out, SPAN_WORK, &full, 1);
	if (v2)
		promise_add(out, SPAN_WORK, &stolen, 1);
}

/* At the limit evictions balance insertions. */
static void claim_overflow(const struct cache_params *p, const struct workload_env *env,
			   struct claims *out)
{
	int64_t pages = (int64_t)(cache_amounts_of(p, env).missed / env->page_bytes);
	const bool split = env_has(env, CAPABILITY_REFAULT_SPLIT);
	const int64_t outliving = outliving_pages(p, env);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "refaults", .scope = "group",
		  .source = "memory.stat", .counter = "workingset_refault_file",
		  .unit = UNIT_PAGES, .basis = outliving ? BASIS_BOUNDED : BASIS_EXACT,
		  .expected = pages, .tolerance = outliving, .unless = !split,
		  .why = "each page left a shadow entry when it was reclaimed" },
		{ .quantity = "system_refaults", .scope = "system",
		  .source = "vmstat", .counter = "workingset_refault_file", .unit = UNIT_PAGES,
		  .relation = RELATION_GE, .basis = BASIS_DIRECTION, .expected = pages,
		  .tolerance = VMSTAT_LAG_PAGES * (int64_t)env->cpus + outliving, .unless = !split,
		  .why = "the machine's count includes the worker's except for counts that CPUs have not added up yet" },
		{ .quantity = "group_file_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_file(env), .unit = UNIT_BYTES,
		  .relation = RELATION_LE, .expected = (int64_t)env->limit_bytes,
		  .why = "the limit bounds the group's memory" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
	claim_at_limit(pages, outliving, env, out);
}

/*
 * POSIX_FADV_DONTNEED leaves no shadow entries. Reclaim leaves one per page, but the kernel
 * drops them where the group has little memory left (count_shadow_nodes(),
 * mm/workingset.c): cachestat counts them at READY.
 */
static void claim_traces(const struct cache_params *p, const struct workload_env *env,
			 struct claims *out)
{
	const bool cached = p->method != METHOD_DIRECT, traceless = p->evict == EVICT_FADVISE;
	const bool none = traceless || !cached, split = env_has(env, CAPABILITY_REFAULT_SPLIT);
	const bool counted = env_has(env, CAPABILITY_CACHESTAT) && cache_reads_all(p, env);
	const int64_t page = (int64_t)env->page_bytes, text = text_bytes(env);
	const int64_t few = outside_pages(env, (int64_t)cache_file_bytes(p, env) / page);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "pages_remembered", .scope = "ledger",
		  .source = "ledger", .counter = "evicted_pages", .unit = UNIT_PAGES,
		  .relation = RELATION_LE, .basis = few ? BASIS_BOUNDED : BASIS_EXACT,
		  .tolerance = few, .unless = !traceless || !env_has(env, CAPABILITY_CACHESTAT),
		  .why = "POSIX_FADV_DONTNEED leaves no shadow entry" },
		{ .quantity = "refaults", .scope = "group",
		  .source = "memory.stat", .counter = "workingset_refault_file",
		  .unit = UNIT_PAGES, .relation = RELATION_LE,
		  .basis = text ? BASIS_BOUNDED : BASIS_EXACT, .tolerance = text / page,
		  .slot = "lost_pages", .unless = !none || !split,
		  .why = cached ? "POSIX_FADV_DONTNEED leaves no shadow entry: a miss is no refault"
		         : "direct I/O does not use the cache" },
		{ .quantity = "refaults", .scope = "group",
		  .source = "memory.stat", .counter = "workingset_refault_file",
		  .unit = UNIT_PAGES, .relation = RELATION_LE,
		  .expected = (int64_t)cache_amounts_of(p, env).missed / page,
		  .unless = none || counted || !split,
		  .why = "a refault is a miss with a shadow entry" },
		{ .quantity = "refaults", .scope = "group",
		  .source = "memory.stat", .counter = "workingset_refault_file",
		  .unit = UNIT_PAGES, .slot = "evicted_pages", .unless = none || !counted || !split,
		  .why = "one per shadow entry that cachestat counts; the kernel drops some in a group with little memory" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* Buffers include the metadata of other file systems, little of it in a lab guest. */
#define QUIET_BUFFERS_BYTES (512u << 10)

static void claim_buffers(const struct cache_params *p, const struct workload_env *env,
			  struct claims *out)
{
	int64_t grown =
		p->method == METHOD_DIRECT ? 0 : (int64_t)cache_amounts_of(p, env).missed;
	/* clang-format off */
	const struct promise quiet = {
		.quantity = "buffers_bytes", .scope = "system",
		.source = "meminfo", .counter = "Buffers", .unit = UNIT_BYTES,
		.basis = BASIS_BOUNDED, .expected = grown, .tolerance = QUIET_BUFFERS_BYTES,
		.why = "Buffers are the pages of block devices: the loop device's and file system metadata",
	};
	const struct promise busy = {
		.quantity = "buffers_bytes", .scope = "system",
		.source = "meminfo", .counter = "Buffers", .unit = UNIT_BYTES,
		.relation = RELATION_GE, .basis = BASIS_DIRECTION, .expected = grown / 2,
		.why = "Buffers are the pages of block devices; half of the amount as other pages are dropped",
	};
	/* clang-format on */

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
	const bool mapped = p->method == METHOD_MMAP;
	const int64_t file = mapped ? (int64_t)cache_amounts_of(p, env).file : 0;
	const int64_t outside = mapped ? outside_bytes(p, env) : 0;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "mapped_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES,
		  .basis = outside ? BASIS_BOUNDED : BASIS_EXACT, .expected = file,
		  .tolerance = outside,
		  .why = mapped ? "a load maps its page" : "read(2) maps no page" },
		{ .quantity = "dirty_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Private_Dirty", .unit = UNIT_BYTES,
		  .why = "loads make no page dirty" },
	};
	/* clang-format on */

	if (cache_reads_all(p, env))
		PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_residue(const struct cache_params *p, const struct workload_env *env,
			  struct claims *out)
{
	int64_t warm = (int64_t)cache_amounts_of(p, env).warm;
	const char *why = "removing the file drops its pages from the cache";
	/* Reclaim takes program text too, which the exit faults in again. */
	/* clang-format off */
	const struct promise file[] = {
		[EVICT_FADVISE] = { .quantity = "left_file_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_file(env), .unit = UNIT_BYTES,
		  .basis = text_bytes(env) ? BASIS_BOUNDED : BASIS_EXACT, .expected = -warm,
		  .tolerance = text_bytes(env),
		  .why = why },
		[EVICT_RECLAIM] = { .quantity = "left_file_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_file(env), .unit = UNIT_BYTES,
		  .basis = BASIS_BOUNDED, .expected = -warm, .tolerance = CACHE_OWN_BYTES,
		  .why = "removing the file drops its pages; reclaimed program text is read again" },
		[EVICT_OVERFLOW] = { .quantity = "left_file_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_file(env), .unit = UNIT_BYTES,
		  .relation = RELATION_LE,
		  .why = why },
	};
	/* clang-format on */

	promise_add(out, SPAN_RESIDUE, &file[p->evict], 1);
	promise_freed(out, env, 0);
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
