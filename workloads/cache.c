// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cache: reads of a private file, or of a private block device, of which a known
 * part is in the page cache beforehand.
 *
 * Truth: a page that is in the cache is a hit and costs no I/O; every other page is a
 *   miss, is read from the device once and is in the cache afterwards: so many bytes
 *   of read_bytes and so many more of the group's file memory, to the page. With a
 *   file larger than the limit, read twice in order, every page misses again and is
 *   a refault. Direct I/O neither looks at the cache nor leaves anything in it.
 * Rises: the process's read_bytes, the group's file (cache on cgroup v1); Buffers when a
 *   block device is read; workingset_refault_file when what is read had been
 *   reclaimed; majflt of a mapping without readahead: one per miss.
 * Still: majflt and minflt of read(2); the group's anon; refaults of a file that
 *   POSIX_FADV_DONTNEED emptied, which leaves no trace of having been there.
 * Beware: a machine that reclaims ahead of need (DAMON, memory.reclaim from outside)
 *   takes pages while nobody looks: those that are gone when a pass begins are counted
 *   as lost_pages, are misses too, and must be few. Only the first toucher is charged.
 * Readahead changes when a page is read and not how many are, as long as the whole file is
 * read. Requests at the device, pgpgin and Cached are moved by whoever else is on the machine.
 * Before Linux 6.17 the process's majflt of a mapping with readahead counts retries as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/crew.h"
#include "workloads/fill.h"
#include "workloads/loopdev.h"
#include "workloads/pattern.h"
#include "workloads/promise.h"
#include "workloads/reclaim.h"
#include "workloads/residency.h"
#include "workloads/worker.h"

#define STEP_BYTES	 (1u << 20) /* of the file's making, and of warming in a row */
#define SYNC_BYTES	 (32u << 20) /* so much may be dirty under a limit that the file exceeds */
#define EVICT_TRIES	 20 /* times EVICT_PAUSE_NS: pages on their way to the LRU lists */
#define EVICT_PAUSE_NS	 20000000u
#define OWN_BYTES	 (2u << 20) /* the worker's own memory, with its tables */
#define LINE_BYTES	 64
#define VMSTAT_LAG_PAGES 125 /* kept back on each CPU: MAX_THRESHOLD, mm/vmstat.c */

enum cache_source { SOURCE_FILE, SOURCE_LOOP };
enum cache_method { METHOD_READ, METHOD_MMAP, METHOD_DIRECT };
enum cache_evict { EVICT_FADVISE, EVICT_RECLAIM, EVICT_OVERFLOW };
enum cache_layout { LAYOUT_START, LAYOUT_SPREAD };
enum cache_loads { LOADS_PAGE, LOADS_LINE };

struct cache_params {
	uint64_t size_bytes, block_bytes, stride, passes, threads;
	double warm, share;
	int source, method, evict, layout, loads, pattern;
	bool readahead, latency;
};

enum cache_slot {
	SLOT_BEFORE,
	SLOT_AFTER,
	SLOT_CACHESTAT,
	SLOT_TRACES,
	SLOT_PERCENT_BEFORE,
	SLOT_PERCENT_AFTER,
	SLOT_PAGES_READ,
	SLOT_HITS,
	SLOT_MISSES,
	SLOT_LOST,
	SLOT_MISSING,
	SLOT_FIRST_NS,
	SLOT_LAST_NS,
	SLOT_FIRST_RATE,
	SLOT_LAST_RATE,
};

#define AT(member) .offset = offsetof(struct cache_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "4K",
	  .help = "bytes of the file, rounded up to whole blocks",
	  AT(size_bytes) },
	{ .name = "source",
	  .type = OPTION_CHOICE,
	  .fallback = "file",
	  .choices = "file|loop",
	  .help = "what is read: the file itself, or a loop device over it",
	  AT(source) },
	{ .name = "warm",
	  .type = OPTION_RATIO,
	  .fallback = "0%",
	  .min = "0",
	  .max = "1",
	  .help = "share of the file that is in the cache beforehand: the hit ratio",
	  AT(warm) },
	{ .name = "layout",
	  .type = OPTION_CHOICE,
	  .fallback = "start",
	  .choices = "start|spread",
	  .help = "where that share lies: at the start, or scattered by blocks",
	  AT(layout) },
	{ .name = "evict",
	  .type = OPTION_CHOICE,
	  .fallback = "fadvise",
	  .choices = "fadvise|reclaim|overflow",
	  .help = "how the rest was taken out: POSIX_FADV_DONTNEED, reclaim of the group, or "
		  "by reading a file that exceeds memory.max",
	  AT(evict) },
	{ .name = "method",
	  .type = OPTION_CHOICE,
	  .fallback = "read",
	  .choices = "read|mmap|direct",
	  .help = "how it is read: pread, loads from a mapping, or O_DIRECT past the cache",
	  AT(method) },
	{ .name = "block",
	  .type = OPTION_BYTES,
	  .fallback = "1M",
	  .min = "4K",
	  .max = "64M",
	  .help = "bytes of a read, rounded up to whole pages",
	  AT(block_bytes) },
	{ .name = "pattern",
	  .type = OPTION_CHOICE,
	  .fallback = "sequential",
	  .choices = PATTERN_WALKS,
	  .help = "order of the blocks",
	  AT(pattern) },
	{ .name = "stride",
	  .type = OPTION_COUNT,
	  .fallback = "16",
	  .min = "1",
	  .help = "blocks from one read to the next, when pattern is stride",
	  AT(stride) },
	{ .name = "share",
	  .type = OPTION_RATIO,
	  .fallback = "100%",
	  .min = "0.0001",
	  .max = "1",
	  .help = "share of the blocks that is read, the first ones of the order",
	  AT(share) },
	{ .name = "passes",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = "1000000",
	  .help = "times to read it: the second pass finds what the first one left",
	  AT(passes) },
	{ .name = "readahead",
	  .type = OPTION_BOOL,
	  .fallback = "yes",
	  .help = "let the kernel read ahead; no: POSIX_FADV_RANDOM and MADV_RANDOM",
	  AT(readahead) },
	{ .name = "loads",
	  .type = OPTION_CHOICE,
	  .fallback = "page",
	  .choices = "page|line",
	  .help = "what is loaded from a mapping: a word per page, or one per cache line",
	  AT(loads) },
	{ .name = "threads",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = CREW_MAX_TEXT,
	  .help = "threads, each with its own part of the file and its own readahead",
	  AT(threads) },
	{ .name = "latency",
	  .type = OPTION_BOOL,
	  .fallback = "no",
	  .help = "time each block (adds two clock readings to it)",
	  AT(latency) },
	{ .name = NULL },
};

/* ---- arithmetic ---- */

static uint64_t rounded_up(uint64_t x, uint64_t unit)
{
	return (x + unit - 1) / unit * unit;
}

static uint64_t block_bytes(const struct cache_params *p, const struct workload_env *env)
{
	return rounded_up(p->block_bytes, env->page_bytes);
}

static uint64_t nr_blocks(const struct cache_params *p, const struct workload_env *env)
{
	return rounded_up(p->size_bytes, block_bytes(p, env)) / block_bytes(p, env);
}

static uint64_t file_bytes(const struct cache_params *p, const struct workload_env *env)
{
	return nr_blocks(p, env) * block_bytes(p, env);
}

static uint64_t rounded_share(uint64_t nr, double share)
{
	uint64_t part = (uint64_t)((double)nr * share + 0.5);

	return part < nr ? part : nr;
}

static uint64_t warm_blocks(const struct cache_params *p, const struct workload_env *env)
{
	return rounded_share(nr_blocks(p, env), p->warm);
}

/* Blocks of one pass; one at least. */
static uint64_t pass_blocks(const struct cache_params *p, uint64_t blocks)
{
	uint64_t part = rounded_share(blocks, p->share);

	return part ? part : blocks > 0;
}

static bool whole(const struct cache_params *p, const struct workload_env *env)
{
	return pass_blocks(p, nr_blocks(p, env)) == nr_blocks(p, env);
}

/* What a run is about, in bytes. */
struct amounts {
	uint64_t file, warm, read; /* read: of one pass */
	uint64_t missed;	   /* in all passes, when the whole file is read */
};

static struct amounts amounts_of(const struct cache_params *p, const struct workload_env *env)
{
	uint64_t block = block_bytes(p, env);
	struct amounts a = { .file = file_bytes(p, env),
			     .warm = warm_blocks(p, env) * block,
			     .read = pass_blocks(p, nr_blocks(p, env)) * block };

	if (p->method == METHOD_DIRECT || p->evict == EVICT_OVERFLOW)
		a.missed = p->passes * a.read;
	else
		a.missed = a.file - a.warm;
	return a;
}

/* In the kernel an xa_node of 576 bytes has 64 slots, a page or a larger folio in each. */
static uint64_t index_bytes(uint64_t cached_bytes, const struct workload_env *env)
{
	return cached_bytes / env->page_bytes / 64 * 640 + 16 * env->page_bytes;
}

static uint64_t buffers_bytes(const struct cache_params *p, const struct workload_env *env)
{
	return p->method == METHOD_MMAP ? 0 : p->threads * block_bytes(p, env);
}

static uint64_t cache_footprint(const void *params, const struct workload_env *env)
{
	const struct cache_params *p = params;
	uint64_t file = file_bytes(p, env), own;

	own = OWN_BYTES + p->threads * CREW_STACK_BYTES + buffers_bytes(p, env) + STEP_BYTES +
	      file / env->page_bytes + index_bytes(file, env) +
	      file / (env->page_bytes / sizeof(uint64_t));
	if (p->evict == EVICT_OVERFLOW && env->limit_bytes)
		return env->limit_bytes;
	return file + own;
}

/* About 1 GB/s in a row and 100 us for each read that is not; the same again to prepare. */
static double cache_seconds(const void *params, const struct workload_env *env)
{
	const struct cache_params *p = params;
	double reads = (double)pass_blocks(p, nr_blocks(p, env)) * (double)p->passes;
	double bytes = reads * (double)block_bytes(p, env);

	return bytes / 1e9 + (p->readahead ? 0 : reads * 1e-4);
}

static const char *overflow_contradiction(const struct cache_params *p,
					  const struct workload_env *env)
{
	if (!env->limit_bytes)
		return "evict=overflow needs a limit to exceed: add memory.max";
	if (file_bytes(p, env) < env->limit_bytes + env->limit_bytes / 4)
		return "evict=overflow needs a file of 1.25 times memory.max at least: raise "
		       "size";
	if (p->pattern != PATTERN_SEQUENTIAL || p->share < 1 || p->threads > 1)
		return "evict=overflow knows what misses when one thread reads the whole file "
		       "in order: use pattern=sequential and share=100% and threads=1";
	if (p->warm > 0 || p->method != METHOD_READ || p->source != SOURCE_FILE)
		return "evict=overflow is for reads of a file none of which is warm: use "
		       "warm=0% and source=file and method=read (what is mapped is kept "
		       "longer and nobody knows how much)";
	return NULL;
}

static const char *contradiction(const struct cache_params *p, const struct workload_env *env)
{
	uint64_t need = cache_footprint(p, env);

	if (p->evict == EVICT_OVERFLOW)
		return overflow_contradiction(p, env);
	if ((env->limit_bytes && need > env->limit_bytes) ||
	    (env->high_bytes && need > env->high_bytes))
		return "the file does not fit under the group's limit and reclaim would join "
		       "in: raise memory.max or use evict=overflow";
	if (p->share < 1 && p->threads > 1)
		return "a share of the file is read by one thread: use threads=1";
	return NULL;
}

static const char *missing(const struct cache_params *p, const struct workload_env *env)
{
	if (p->evict == EVICT_RECLAIM && !reclaim_offered(env))
		return "evict=reclaim needs memory.reclaim of Linux 5.19: use evict=fadvise";
	if (p->source == SOURCE_LOOP && !env->loop)
		return "source=loop needs a loop device and none can be made here";
	return NULL;
}

static int cache_check(const void *params, const struct workload_env *env, char *reason,
		       size_t reason_bytes)
{
	const char *wrong = contradiction(params, env), *lack = missing(params, env);

	if (wrong || lack)
		snprintf(reason, reason_bytes, "%s", wrong ? wrong : lack);
	return wrong ? -EINVAL : lack ? -ENODEV : 0;
}

/* ---- promises ---- */

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
	if (whole(p, env) || p->method == METHOD_DIRECT) {
		uint64_t missed = amounts_of(p, env).missed;

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
	struct amounts a = amounts_of(p, env);
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
	struct amounts a = amounts_of(p, env);
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
	} else if (whole(p, env)) {
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
	struct amounts a = amounts_of(p, env);
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
	if (whole(p, env) || p->method == METHOD_DIRECT)
		claim_outside(env, (int64_t)(a.file / page), out);
}

static void claim_ratio(const struct cache_params *p, const struct workload_env *env,
			struct claims *out)
{
	struct amounts a = amounts_of(p, env);
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

	if (p->evict == EVICT_OVERFLOW || !whole(p, env))
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
	int64_t pages = (int64_t)(file_bytes(p, env) / env->page_bytes);

	return outside_pages(env, pages) * (int64_t)env->page_bytes + text_bytes(env);
}

static void claim_group(const struct cache_params *p, const struct workload_env *env,
			struct claims *out)
{
	const char *file = env_group_file(env), *usage = env_group_usage(env);
	struct amounts a = amounts_of(p, env);
	uint64_t grown = p->method == METHOD_DIRECT ? 0 : a.missed;
	uint64_t tables = p->method == METHOD_MMAP ? a.file / 512 + 4 * env->page_bytes : 0;
	int64_t outside = outside_bytes(p, env);
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
				.basis = outside ? BASIS_BOUNDED : BASIS_EXACT,
				.expected = (int64_t)grown,
				.tolerance = outside };
	struct claim total = { .quantity = "group_usage_bytes",
			       .scope = "group",
			       .source = usage,
			       .counter = usage,
			       .unit = UNIT_BYTES,
			       .relation = RELATION_EQ,
			       .basis = BASIS_BOUNDED,
			       .expected = (int64_t)grown,
			       .tolerance = env_usage_slack_bytes(env) + outside +
					    (int64_t)(index_bytes(grown, env) + tables) };

	promise_add(out, SPAN_WORK, &anon, 1);
	if (!whole(p, env) && p->method != METHOD_DIRECT) {
		cached.slot = "miss_pages";
		cached.slot_mul = (int64_t)env->page_bytes;
		cached.expected = 0;
		cached.relation = p->readahead ? RELATION_GE : RELATION_EQ;
	} else {
		claims_add(out, &total,
			   "charges are taken in batches and the file's index and page tables "
			   "are charged too");
	}
	claims_add(out, &cached, "%s",
		   p->method == METHOD_DIRECT
			   ? "direct I/O leaves the cache as it was"
			   : "the worker is the first toucher and alone in its group");
}

/* A limit that the file exceeds stays full: as many pages go as come. */
static void claim_overflow(const struct cache_params *p, const struct workload_env *env,
			   struct claims *out)
{
	int64_t pages = (int64_t)(amounts_of(p, env).missed / env->page_bytes);
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
	int64_t misses = (int64_t)(amounts_of(p, env).missed / env->page_bytes);
	struct claim none = { .quantity = "refaults",
			      .scope = "group",
			      .source = "memory.stat",
			      .counter = "workingset_refault_file",
			      .unit = UNIT_PAGES,
			      .relation = RELATION_LE,
			      .basis = text_bytes(env) ? BASIS_BOUNDED : BASIS_EXACT,
			      .tolerance = text_bytes(env) / (int64_t)env->page_bytes,
			      .slot = "lost_pages" };
	int64_t few = outside_pages(env, (int64_t)(file_bytes(p, env) / env->page_bytes));
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
	else if (!env->cachestat || !whole(p, env))
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
	int64_t grown = p->method == METHOD_DIRECT ? 0 : (int64_t)amounts_of(p, env).missed;
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

	if (!whole(p, env))
		return;
	if (env->in_lab)
		promise_add(out, SPAN_WORK, &quiet, 1);
	else if (grown)
		promise_add(out, SPAN_WORK, &busy, 1);
}

static void claim_mapping(const struct cache_params *p, const struct workload_env *env,
			  struct claims *out)
{
	struct amounts a = amounts_of(p, env);
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

	if (!whole(p, env))
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
	int64_t warm = (int64_t)amounts_of(p, env).warm;
	const char *why = "the file is removed and its cache with it";
	/* Reclaim takes text of the program as well, and leaving brings it back. */
	const struct promise file[] = {
		[EVICT_FADVISE] = { "left_file_bytes", "group", "memory.stat",
				    env_group_file(env), UNIT_BYTES, RELATION_EQ,
				    text_bytes(env) ? BASIS_BOUNDED : BASIS_EXACT, -warm,
				    text_bytes(env), why },
		[EVICT_RECLAIM] = { "left_file_bytes", "group", "memory.stat",
				    env_group_file(env), UNIT_BYTES, PROMISE_BOUNDED, -warm,
				    OWN_BYTES,
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

static void cache_claims(const void *params, const struct workload_env *env, struct claims *out)
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

/* ---- in the worker ---- */

struct reader {
	int fd;
	char *buffer; /* NULL: the mapping is read */
};

struct cache_state {
	struct worker *w;
	const struct cache_params *params;
	char path[sizeof(((struct workload_env *)0)->scratch_dir) + 96];
	int file, source, reclaim; /* source: what is read, the file or the device */
	uint64_t bytes, block, blocks;
	struct residency residency;
	struct permutation scatter; /* which blocks are warm */
	struct fill fill;
	struct reader reader[CREW_MAX];
	struct crew crew;
};

static int fail(struct worker *w, int ret, const char *what)
{
	const struct cache_state *s = w->state;

	return worker_fail(w, -ret, "cannot %s %s: %s", what, s->path, strerror(-ret));
}

static bool is_warm(const struct cache_state *s, uint64_t block)
{
	if (s->params->layout == LAYOUT_SPREAD)
		block = permutation_of(&s->scatter, block);
	return block < warm_blocks(s->params, s->w->env);
}

/* ---- the order of one thread's part ---- */

struct walk {
	struct pattern order;
	uint64_t first; /* block */
	uint64_t left;	/* bytes */
};

static void walk_init(const struct cache_state *s, unsigned index, uint64_t left_out,
		      struct walk *walk)
{
	const struct cache_params *p = s->params;
	uint64_t end = s->blocks * (index + 1) / p->threads, blocks;

	walk->first = s->blocks * index / p->threads;
	blocks = end - walk->first;
	walk->left = pass_blocks(p, blocks) * s->block;
	if (index + 1 == p->threads)
		walk->left -= left_out < walk->left ? left_out : walk->left;
	pattern_init(&walk->order, (enum pattern_kind)p->pattern, blocks + !blocks,
		     s->w->ledger->seed + index);
	pattern_set_stride(&walk->order, p->stride);
}

/* False at the end. The last one is cut short by what is left out. */
static bool walk_next(const struct cache_state *s, struct walk *walk, uint64_t *at,
		      uint64_t *bytes)
{
	if (!walk->left)
		return false;
	*at = (walk->first + pattern_walk(&walk->order)) * s->block;
	*bytes = walk->left < s->block ? walk->left : s->block;
	walk->left -= *bytes;
	return true;
}

/* ---- reading ---- */

static int read_bytes(int fd, char *buffer, uint64_t at, uint64_t bytes)
{
	while (bytes) {
		ssize_t n = pread(fd, buffer, bytes, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		buffer += n;
		at += (uint64_t)n;
		bytes -= (uint64_t)n;
	}
	return 0;
}

static void load_words(const char *start, uint64_t bytes, uint64_t step)
{
	for (const char *at = start; at < start + bytes; at += step)
		(void)*(const volatile uint64_t *)at;
}

static void load_lines(const char *start, uint64_t bytes)
{
	for (const char *at = start; at < start + bytes; at += 4 * LINE_BYTES) {
		(void)*(const volatile uint64_t *)at;
		(void)*(const volatile uint64_t *)(at + LINE_BYTES);
		(void)*(const volatile uint64_t *)(at + 2 * LINE_BYTES);
		(void)*(const volatile uint64_t *)(at + 3 * LINE_BYTES);
	}
}

static int read_block(const struct cache_state *s, unsigned index, uint64_t at, uint64_t bytes)
{
	const struct reader *r = &s->reader[index];
	const char *map = s->residency.map;

	if (r->buffer)
		return read_bytes(r->fd, r->buffer, at, bytes);
	if (s->params->loads == LOADS_LINE)
		load_lines(map + at, bytes);
	else
		load_words(map + at, bytes, s->w->env->page_bytes);
	return 0;
}

static void count_read(const struct cache_state *s, uint64_t bytes)
{
	struct ledger *l = s->w->ledger;

	worker_slot_add(s->w, SLOT_PAGES_READ, bytes / s->w->env->page_bytes);
	atomic_fetch_add_explicit(&l->moved_bytes, bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&l->ops, 1, memory_order_relaxed);
}

static int read_part(void *arg, unsigned index)
{
	struct cache_state *s = arg;
	uint64_t left_out = s->w->ledger->sabotage_pages * s->w->env->page_bytes, at, bytes;
	struct walk walk;
	int ret = 0;

	walk_init(s, index, left_out, &walk);
	while (!ret && walk_next(s, &walk, &at, &bytes) && !worker_should_stop(s->w)) {
		uint64_t before = s->params->latency ? worker_now_ns() : 0;

		ret = read_block(s, index, at, bytes);
		if (s->params->latency)
			histogram_add(&s->w->ledger->latency, worker_now_ns() - before);
		if (!ret)
			count_read(s, bytes);
	}
	return ret;
}

static int ask_cachestat(struct worker *w, uint64_t *cached, uint64_t *evicted)
{
	const struct cache_state *s = w->state;
	int ret = w->env->cachestat ? residency_cachestat(s->source, cached, evicted) : 0;

	return ret ? fail(w, ret, "ask cachestat about") : 0;
}

/* Pages that should be there when a pass begins and are not: misses as well. */
static int count_lost(struct worker *w, uint64_t pass)
{
	const struct cache_state *s = w->state;
	uint64_t should = pass ? s->residency.nr_pages : w->ledger->slot[SLOT_BEFORE];
	uint64_t cached = should, evicted, lost;
	int ret;

	if (s->params->evict == EVICT_OVERFLOW || s->params->method == METHOD_DIRECT ||
	    !whole(s->params, w->env))
		return 0;
	ret = ask_cachestat(w, &cached, &evicted);
	lost = cached < should ? should - cached : 0;
	if (!ret && lost) {
		worker_slot_add(w, SLOT_LOST, lost);
		worker_slot_add(w, SLOT_MISSES, lost);
		worker_slot_set(w, SLOT_HITS, w->ledger->slot[SLOT_HITS] - lost);
	}
	return ret;
}

static void count_pass(struct worker *w, uint64_t pass, uint64_t ns)
{
	const struct cache_state *s = w->state;
	double bytes = (double)(pass_blocks(s->params, s->blocks) * s->block);
	uint64_t rate = (uint64_t)(bytes * 1e9 / (double)(ns + !ns));

	if (!pass) {
		worker_slot_set(w, SLOT_FIRST_NS, ns);
		worker_slot_set(w, SLOT_FIRST_RATE, rate);
	}
	worker_slot_set(w, SLOT_LAST_NS, ns);
	worker_slot_set(w, SLOT_LAST_RATE, rate);
}

static int cache_run(struct worker *w)
{
	struct cache_state *s = w->state;
	int ret = 0;

	for (uint64_t pass = 0; pass < s->params->passes && !worker_should_stop(w); pass++) {
		uint64_t start;

		ret = count_lost(w, pass);
		if (ret)
			return ret;
		start = worker_now_ns();
		ret = crew_run(&s->crew, read_part, s);
		if (ret)
			return fail(w, ret, "read");
		count_pass(w, pass, worker_now_ns() - start);
	}
	return 0;
}

/* ---- what is in the cache ---- */

static int count_cached(struct worker *w, enum cache_slot pages, enum cache_slot percent)
{
	struct cache_state *s = w->state;
	uint64_t cached;
	int ret = residency_count(&s->residency, &cached);

	if (ret)
		return fail(w, ret, "ask mincore about");
	worker_slot_set(w, pages, cached);
	worker_slot_set(w, percent,
			(100 * cached + s->residency.nr_pages / 2) / s->residency.nr_pages);
	return 0;
}

/* What should be there now: what was, or all of it. */
static uint64_t due_pages(const struct worker *w)
{
	const struct cache_state *s = w->state;

	if (s->params->method == METHOD_DIRECT)
		return w->ledger->slot[SLOT_BEFORE];
	return s->params->evict != EVICT_OVERFLOW && whole(s->params, w->env)
		       ? s->residency.nr_pages
		       : 0;
}

static int cache_verify(struct worker *w)
{
	uint64_t cached = 0, evicted = 0, due = due_pages(w);
	int ret = count_cached(w, SLOT_AFTER, SLOT_PERCENT_AFTER);

	if (!ret)
		ret = ask_cachestat(w, &cached, &evicted);
	if (ret)
		return ret;
	worker_slot_set(w, SLOT_CACHESTAT, cached);
	cached = w->ledger->slot[SLOT_AFTER];
	worker_slot_set(w, SLOT_MISSING, due > cached ? due - cached : 0);
	worker_achieved(w, cached * w->env->page_bytes);
	return 0;
}

/* Walks the first pass over the pages that were there before it. */
static void count_hits(struct worker *w)
{
	const struct cache_state *s = w->state;
	const struct cache_params *p = s->params;
	uint64_t page = w->env->page_bytes, at, bytes, hits = 0, asked = 0;

	for (unsigned i = 0; i < p->threads; i++) {
		struct walk walk;

		walk_init(s, i, 0, &walk);
		while (walk_next(s, &walk, &at, &bytes)) {
			asked += bytes / page;
			for (uint64_t k = at / page; k < (at + bytes) / page; k++)
				hits += s->residency.page[k] & 1;
		}
	}
	if (p->method == METHOD_DIRECT)
		hits = 0;
	else
		worker_slot_set(w, SLOT_HITS, hits + (p->passes - 1) * asked);
	worker_slot_set(w, SLOT_MISSES,
			p->method == METHOD_DIRECT ? p->passes * asked : asked - hits);
}

/* ---- making the file, and making it cold and warm ---- */

static int write_step(const struct cache_state *s, char *buffer, uint64_t at)
{
	uint64_t bytes = s->bytes - at < STEP_BYTES ? s->bytes - at : STEP_BYTES, done = 0;

	fill_write(&s->fill, buffer, bytes, at / FILL_BLOCK_BYTES);
	while (done < bytes) {
		ssize_t n = pwrite(s->file, buffer + done, bytes - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		done += (uint64_t)n;
	}
	return 0;
}

/* What is dirty cannot be evicted, and under a limit that it exceeds it must not pile up. */
static int write_file(struct worker *w, char *buffer)
{
	const struct cache_state *s = w->state;
	bool pile = s->params->evict != EVICT_OVERFLOW;
	int ret = 0;

	for (uint64_t at = 0; at < s->bytes && !ret; at += STEP_BYTES) {
		ret = write_step(s, buffer, at);
		if (!ret && !pile && at % SYNC_BYTES == SYNC_BYTES - STEP_BYTES) {
			ret = fdatasync(s->file) ? -errno : 0;
			(void)posix_fadvise(s->file, 0, 0, POSIX_FADV_DONTNEED); /* below */
		}
		if (worker_should_stop(w))
			return -EINTR;
	}
	if (!ret && fsync(s->file))
		ret = -errno;
	return ret ? fail(w, ret, "write") : 0;
}

static int make_file(struct worker *w, char *buffer)
{
	struct cache_state *s = w->state;

	if (!w->env->scratch_dir[0])
		return worker_fail(w, ENOENT, "there is no folder for the file");
	if (fill_init(&s->fill, "random", w->ledger->seed))
		return -EINVAL;
	snprintf(s->path, sizeof(s->path), "%s/cache-%s", w->env->scratch_dir,
		 w->ledger->worker[0] ? w->ledger->worker : "worker");
	s->file = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->file < 0)
		return fail(w, -errno, "make");
	return write_file(w, buffer);
}

static int open_source(struct worker *w)
{
	struct cache_state *s = w->state;

	s->source = s->params->source == SOURCE_LOOP ? loopdev_open(s->file)
						     : fcntl(s->file, F_DUPFD_CLOEXEC, 16);
	if (s->source == -EOPNOTSUPP)
		return worker_fail(w, EOPNOTSUPP,
				   "the file system of %s takes no direct I/O and a loop "
				   "device would cache its pages twice",
				   s->path);
	return s->source < 0 ? fail(w, s->source, "make a loop device over") : 0;
}

/* The file's own cache goes as well where a device lies over it. */
static int evict_once(struct worker *w)
{
	const struct cache_state *s = w->state;

	if (s->params->evict == EVICT_RECLAIM && s->source >= 0)
		return reclaim_now(w->env, s->reclaim, s->bytes);
	return -posix_fadvise(s->source >= 0 ? s->source : s->file, 0, 0, POSIX_FADV_DONTNEED);
}

/* Pages in per-CPU batches are not found at once. */
static int evict(struct worker *w)
{
	struct cache_state *s = w->state;
	uint64_t cached = 1;
	int ret = 0;

	for (unsigned i = 0; i < EVICT_TRIES && cached && !ret; i++) {
		if (i)
			worker_sleep_until(w, worker_now_ns() + EVICT_PAUSE_NS);
		ret = evict_once(w);
		if (!ret)
			ret = residency_count(&s->residency, &cached);
	}
	if (ret)
		return fail(w, ret, "evict");
	if (cached)
		return worker_fail(w, EBUSY, "%" PRIu64 " pages of %s stay in the page cache",
				   cached, s->path);
	return 0;
}

static int warm(struct worker *w, char *buffer)
{
	const struct cache_state *s = w->state;
	uint64_t step = s->block < STEP_BYTES ? s->block : STEP_BYTES;
	int ret = -posix_fadvise(s->source, 0, 0, POSIX_FADV_RANDOM);

	for (uint64_t block = 0; block < s->blocks && !ret; block++) {
		if (!is_warm(s, block))
			continue;
		for (uint64_t at = 0; at < s->block && !ret; at += step) {
			uint64_t bytes = s->block - at < step ? s->block - at : step;

			ret = read_bytes(s->source, buffer, block * s->block + at, bytes);
		}
		if (worker_should_stop(w))
			return -EINTR;
	}
	return ret ? fail(w, ret, "read") : 0;
}

/* A first time through, after which the limit is full and the rest is remembered. */
static int overflow(struct worker *w)
{
	const struct cache_state *s = w->state;
	uint64_t at, bytes;
	struct walk walk;
	int ret = 0;

	walk_init(s, 0, 0, &walk);
	while (!ret && walk_next(s, &walk, &at, &bytes) && !worker_should_stop(w))
		ret = read_block(s, 0, at, bytes);
	return ret ? fail(w, ret, "read") : 0;
}

static int settle(struct worker *w, char *buffer)
{
	struct cache_state *s = w->state;
	int ret;

	if (s->params->evict == EVICT_RECLAIM) {
		s->reclaim = reclaim_open(w->env);
		if (s->reclaim < 0)
			return worker_fail(w, -s->reclaim,
					   "cannot ask for reclaim of the own group: %s",
					   strerror(-s->reclaim));
	}
	ret = evict(w);
	if (ret)
		return ret;
	ret = s->params->evict == EVICT_OVERFLOW ? overflow(w) : 0;
	/* Again, where somebody else's reclaim took a page meanwhile. */
	for (unsigned i = 0; i < EVICT_TRIES && !ret; i++) {
		if (s->params->evict != EVICT_OVERFLOW)
			ret = warm(w, buffer);
		if (!ret)
			ret = count_cached(w, SLOT_BEFORE, SLOT_PERCENT_BEFORE);
		if (s->params->evict == EVICT_OVERFLOW ||
		    w->ledger->slot[SLOT_BEFORE] * w->env->page_bytes >=
			    warm_blocks(s->params, w->env) * s->block)
			break;
	}
	return ret;
}

/* ---- who reads ---- */

/* Each thread has a description of its own: readahead keeps its place there. */
static int open_reader(struct worker *w, struct reader *r)
{
	const struct cache_state *s = w->state;
	const struct cache_params *p = s->params;
	char path[32];

	if (p->method == METHOD_MMAP)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->source);
	r->fd = open(path, O_RDONLY | O_CLOEXEC | (p->method == METHOD_DIRECT ? O_DIRECT : 0));
	if (r->fd < 0)
		return fail(w, -errno,
			    p->method == METHOD_DIRECT ? "open for direct I/O" : "open");
	r->buffer = mmap(NULL, s->block, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (r->buffer == MAP_FAILED) {
		r->buffer = NULL;
		return fail(w, -errno, "map a buffer for");
	}
	return p->readahead ? 0 : -posix_fadvise(r->fd, 0, 0, POSIX_FADV_RANDOM);
}

static int open_readers(struct worker *w)
{
	struct cache_state *s = w->state;
	int ret = 0;

	for (unsigned i = 0; i < s->params->threads && !ret; i++)
		ret = open_reader(w, &s->reader[i]);
	if (!ret && !s->params->readahead && madvise(s->residency.map, s->bytes, MADV_RANDOM))
		ret = fail(w, -errno, "advise about");
	if (!ret) {
		ret = crew_start(&s->crew, (unsigned)s->params->threads);
		if (ret)
			worker_fail(w, -ret, "cannot start threads: %s", strerror(-ret));
	}
	return ret;
}

static int prepare(struct worker *w, char *buffer)
{
	struct cache_state *s = w->state;
	uint64_t cached = 0, traces = 0;
	int ret = make_file(w, buffer);

	/* Dropped from the file's own cache first: a device over it reads past that. */
	if (!ret)
		ret = s->params->source == SOURCE_LOOP ? evict_once(w) : 0;
	if (!ret)
		ret = open_source(w);
	if (!ret) {
		ret = residency_open(&s->residency, s->source, s->bytes, w->env->page_bytes);
		if (ret)
			return fail(w, ret, "map");
	}
	if (!ret)
		worker_mapping(w, 0, s->residency.map, s->bytes);
	if (!ret)
		ret = open_readers(w);
	if (!ret)
		ret = settle(w, buffer);
	if (!ret)
		ret = ask_cachestat(w, &cached, &traces);
	if (ret)
		return ret;
	worker_slot_set(w, SLOT_TRACES, traces);
	if (s->params->evict != EVICT_OVERFLOW)
		count_hits(w);
	return ret;
}

static int cache_prepare(struct worker *w)
{
	const struct cache_params *p = w->params;
	struct cache_state *s = calloc(1, sizeof(*s));
	char *buffer;
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->w = w;
	s->params = p;
	s->file = s->source = s->reclaim = -1;
	for (unsigned i = 0; i < CREW_MAX; i++)
		s->reader[i].fd = -1;
	s->block = block_bytes(p, w->env);
	s->blocks = nr_blocks(p, w->env);
	s->bytes = file_bytes(p, w->env);
	permutation_init(&s->scatter, s->blocks, w->ledger->seed);
	buffer = mmap(NULL, STEP_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (buffer == MAP_FAILED)
		return -errno;
	ret = prepare(w, buffer);
	munmap(buffer, STEP_BYTES);
	return ret;
}

static void close_one(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void cache_release(struct worker *w)
{
	struct cache_state *s = w->state;

	if (!s)
		return;
	crew_stop(&s->crew);
	for (unsigned i = 0; i < CREW_MAX; i++) {
		close_one(s->reader[i].fd);
		if (s->reader[i].buffer)
			munmap(s->reader[i].buffer, s->block);
	}
	residency_close(&s->residency);
	close_one(s->source);
	close_one(s->reclaim);
	close_one(s->file);
	if (s->path[0])
		unlink(s->path);
	free(s);
	w->state = NULL;
}

const struct workload cache_workload = {
	.name = "cache",
	.summary = "page-cache reads with a known hit ratio: cold, warm and between",
	.truth = "A page in the cache is a hit and costs no I/O; every other page is read "
		 "from the device once: read_bytes and the group's file memory grow by the "
		 "misses, to the page. mincore and cachestat count the same pages.",
	.needs = NEED_FILES,
	.options = options,
	.params_bytes = sizeof(struct cache_params),
	.slots = {
		[SLOT_BEFORE] = { "cached_before", UNIT_PAGES,
				  "pages in the cache at READY by mincore" },
		[SLOT_AFTER] = { "cached_after", UNIT_PAGES,
				 "pages in the cache at HELD by mincore" },
		[SLOT_CACHESTAT] = { "cachestat_pages", UNIT_PAGES,
				     "pages in the cache at HELD by cachestat" },
		[SLOT_TRACES] = { "evicted_pages", UNIT_PAGES,
				  "pages whose reclaim is remembered at READY" },
		[SLOT_PERCENT_BEFORE] = { "cached_percent_before", UNIT_PERCENT,
					  "share of the file in the cache at READY" },
		[SLOT_PERCENT_AFTER] = { "cached_percent_after", UNIT_PERCENT,
					 "share of the file in the cache at HELD" },
		[SLOT_PAGES_READ] = { "pages_read", UNIT_PAGES, "pages asked for and got" },
		[SLOT_HITS] = { "hit_pages", UNIT_PAGES,
				"pages to be asked for that are in the cache by then" },
		[SLOT_MISSES] = { "miss_pages", UNIT_PAGES,
				  "pages to be asked for that are not" },
		[SLOT_LOST] = { "lost_pages", UNIT_PAGES,
				"pages that others had reclaimed when a pass began" },
		[SLOT_MISSING] = { "missing_pages", UNIT_PAGES,
				   "pages that should be in the cache at HELD and are not" },
		[SLOT_FIRST_NS] = { "first_pass_ns", UNIT_NSEC, "time of the first pass" },
		[SLOT_LAST_NS] = { "last_pass_ns", UNIT_NSEC, "time of the last pass" },
		[SLOT_FIRST_RATE] = { "first_pass_rate", UNIT_BYTES,
				      "bytes per second of the first pass" },
		[SLOT_LAST_RATE] = { "last_pass_rate", UNIT_BYTES,
				     "bytes per second of the last pass" },
	},
	.check = cache_check,
	.footprint = cache_footprint,

	.seconds = cache_seconds,
	.claims = cache_claims,
	.prepare = cache_prepare,
	.run = cache_run,
	.verify = cache_verify,
	.release = cache_release,
};
