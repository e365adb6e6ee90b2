// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * anon: a private anonymous mapping of a known size, touched, then held.
 *
 * Truth: one minor fault per page (4 KiB or huge) and as many bytes of resident,
 *   anonymous, dirty memory, to the page: in the process, in its mapping and in
 *   its group. Reading maps the zero page: faults without memory; where the kernel has
 *   no zero page (CAPABILITY_ZERO_PAGE), reading takes memory as writing does.
 * Rises: minflt, Rss, Anonymous, Private_Dirty, the group's anon (rss on cgroup
 *   v1) and pgfault exactly; the group's usage by page tables and charge batches
 *   more.
 * Still: majflt, Swap, VmSize (the mapping is made before READY); AnonHugePages
 *   with pages=4k, whatever the machine's huge page setting.
 * Beware: VmRSS is a cached sum before Linux 6.17 and field 24 of stat is one
 *   everywhere. Read before written, a huge page is the huge zero page first, which
 *   Linux 6.13 and later replace by a huge page and earlier ones by 512 base pages
 *   (do_huge_zero_wp_pmd() in mm/huge_memory.c). MemFree is moved by whoever else is on
 *   the machine. When the size does not fit under memory.max, only what still holds is
 *   promised; MADV_POPULATE_WRITE of more than fits was OOM-killed on 6.18 with most of
 *   the swap free, where touching the same pages one by one was not.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/api/arith.h"
#include "workloads/act/crew.h"
#include "workloads/act/pace.h"
#include "workloads/probe/placement.h"
#include "workloads/api/promise.h"
#include "workloads/act/skew.h"
#include "workloads/act/touch.h"
#include "workloads/act/worker.h"

#define ACCESS_BATCH 64 /* accesses between looks at the clock */

enum anon_pages { PAGES_4K, PAGES_HUGE };

struct anon_params {
	uint64_t size_bytes;
	char fill[FILL_TEXT_BYTES];
	int pages, touch, pattern, access_pattern;
	uint64_t stride, threads, rate;
	uint64_t access_ns;
	double reads;
	bool latency;
	struct skew skew;
};

enum anon_slot {
	SLOT_PAGES_TOUCHED,
	SLOT_PAGES_PRESENT,
	SLOT_PAGES_SWAPPED,
	SLOT_PAGES_FILLED,
	SLOT_FILL_NS,
	SLOT_READS,
	SLOT_WRITES,
};

#define AT(member) .offset = offsetof(struct anon_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "4K",
	  .help = "bytes to hold, rounded up to whole pages",
	  AT(size_bytes) },
	{ .name = "pages",
	  .type = OPTION_CHOICE,
	  .fallback = "4k",
	  .choices = "4k|huge",
	  .help = "base pages only, or transparent huge pages by madvise",
	  AT(pages) },
	{ .name = "touch",
	  .type = OPTION_CHOICE,
	  .fallback = "bytes",
	  .choices = TOUCH_CHOICES,
	  .help = "first touch: a word or every byte per page, a read, or populated by madvise",
	  AT(touch) },
	{ .name = "fill",
	  .type = OPTION_TEXT,
	  .fallback = "random",
	  .help = FILL_HELP,
	  .capacity = FILL_TEXT_BYTES,
	  AT(fill) },
	{ .name = "pattern",
	  .type = OPTION_CHOICE,
	  .fallback = "sequential",
	  .choices = PATTERN_WALKS,
	  .help = "order of the first touch",
	  AT(pattern) },
	{ .name = "stride",
	  .type = OPTION_COUNT,
	  .fallback = "16",
	  .min = "1",
	  .help = "pages from one touch to the next, when a pattern is stride",
	  AT(stride) },
	{ .name = "threads",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = CREW_MAX_TEXT,
	  .help = "threads, each with its own slice",
	  AT(threads) },
	{ .name = "rate",
	  .type = OPTION_RATE,
	  .fallback = "0",
	  .help = "bytes per second of the first touch, all threads together (0: unpaced)",
	  AT(rate) },
	{ .name = "access",
	  .type = OPTION_SECONDS,
	  .fallback = "0s",
	  .max = "1d",
	  .help = "go on accessing the pages this long after the first touch",
	  AT(access_ns) },
	{ .name = "access_pattern",
	  .type = OPTION_CHOICE,
	  .fallback = "random",
	  .choices = PATTERN_DRAWS,
	  .help = "order of those accesses",
	  AT(access_pattern) },
	{ .name = "reads",
	  .type = OPTION_RATIO,
	  .fallback = "50%",
	  .min = "0",
	  .max = "1",
	  .help = "share of the accesses that only read",
	  AT(reads) },
	SKEW_OPTIONS(anon_params, "access_pattern"),
	{ .name = "latency",
	  .type = OPTION_BOOL,
	  .fallback = "no",
	  .help = "time each access (adds two clock readings to it)",
	  AT(latency) },
	{ .name = NULL },
};

/* ---- arithmetic ---- */

static uint64_t held_bytes(const struct anon_params *p, const struct workload_env *env)
{
	return round_up(p->size_bytes, env->page_bytes);
}

static uint64_t huge_pages(const struct anon_params *p, const struct workload_env *env)
{
	return p->pages == PAGES_HUGE ? held_bytes(p, env) / env->pmd_bytes : 0;
}

static uint64_t huge_bytes(const struct anon_params *p, const struct workload_env *env)
{
	return huge_pages(p, env) * env->pmd_bytes;
}

/* Base pages beside the huge ones. */
static uint64_t base_pages(const struct anon_params *p, const struct workload_env *env)
{
	return (held_bytes(p, env) - huge_bytes(p, env)) / env->page_bytes;
}

/* Both the same but where it could not be tried what a read takes. */
struct bounds {
	uint64_t least, most;
};

/* One per huge page and one per base page of the tail; where a read maps a zero page, the
 * write after it is one more.
 */
static struct bounds first_faults(const struct anon_params *p, const struct workload_env *env)
{
	uint64_t huge = huge_pages(p, env), base = base_pages(p, env);
	struct bounds b = { huge + base, huge + base };

	if (p->touch != TOUCH_READ_WRITE)
		return b;
	b.least += env_has(env, CAPABILITY_HUGE_ZERO_PAGE) ? huge : 0;
	b.least += env_has(env, CAPABILITY_ZERO_PAGE) ? base : 0;
	b.most += env_lacks(env, CAPABILITY_HUGE_ZERO_PAGE) ? 0 : huge;
	b.most += env_lacks(env, CAPABILITY_ZERO_PAGE) ? 0 : base;
	return b;
}

/* Bytes of memory that the first touch takes. */
static struct bounds taken_bytes(const struct anon_params *p, const struct workload_env *env)
{
	uint64_t huge = huge_bytes(p, env), base = base_pages(p, env) * env->page_bytes;
	struct bounds b = { huge + base, huge + base };

	if (p->touch != TOUCH_READ)
		return b;
	b.least = env_lacks(env, CAPABILITY_HUGE_ZERO_PAGE) ? huge : 0;
	b.least += env_lacks(env, CAPABILITY_ZERO_PAGE) ? base : 0;
	b.most = env_has(env, CAPABILITY_HUGE_ZERO_PAGE) ? 0 : huge;
	b.most += env_has(env, CAPABILITY_ZERO_PAGE) ? 0 : base;
	return b;
}

/* Nothing is left that maps a zero page. */
static bool takes_all(const struct anon_params *p, const struct workload_env *env)
{
	return taken_bytes(p, env).least == held_bytes(p, env);
}

/*
 * Bottom-level tables; a huge page has one set aside for the day it is split. The
 * mapping begins where a table begins, but the table of its end may be shared
 * with the mapping above.
 */
static int64_t tables_min(const struct anon_params *p, const struct workload_env *env)
{
	uint64_t entries = env->page_bytes / sizeof(uint64_t);

	return (int64_t)(held_bytes(p, env) / (env->page_bytes * entries) * env->page_bytes);
}

/* The table of the end, and the levels above: one in 512, and one of each level. */
static int64_t tables_slack(const struct anon_params *p, const struct workload_env *env)
{
	uint64_t entries = env->page_bytes / sizeof(uint64_t);

	return tables_min(p, env) / (int64_t)entries + 4 * (int64_t)env->page_bytes;
}

static uint64_t anon_footprint(const void *params, const struct workload_env *env)
{
	const struct anon_params *p = params;
	uint64_t tables = (uint64_t)(tables_min(p, env) + tables_slack(p, env));
	uint64_t own = (1u << 20) + p->threads * (CREW_STACK_BYTES + 16 * env->page_bytes);

	return taken_bytes(p, env).most + tables + own;
}

static uint64_t anon_target(const void *params, const struct workload_env *env)
{
	return taken_bytes(params, env).least;
}

static double anon_seconds(const void *params, const struct workload_env *env)
{
	const struct anon_params *p = params;
	double fill = p->rate ? (double)held_bytes(p, env) / (double)p->rate
			      : (double)held_bytes(p, env) / 2e9;

	return fill + (double)p->access_ns / 1e9;
}

/* Reclaim takes pages away when they do not all fit. */
static bool fits(const struct anon_params *p, const struct workload_env *env)
{
	uint64_t need = anon_footprint(p, env);

	return (!env->limit_bytes || need <= env->limit_bytes) &&
	       (!env->high_bytes || need <= env->high_bytes);
}

static const char *contradiction(const struct anon_params *p, const struct workload_env *env)
{
	if (fill_parse(p->fill, NULL, NULL))
		return "fill is none of zero, same, random and a share such as 50%";
	if (p->touch == TOUCH_READ && p->access_ns && p->reads < 1 && !takes_all(p, env))
		return "touch=read maps the zero page and accesses that write would replace "
		       "it: use reads=100% or another touch";
	if (p->touch == TOUCH_POPULATE && env->swap != SWAP_NONE && !fits(p, env))
		return "populating more than fits ends in an OOM kill though swap is free: use "
		       "touch=bytes or touch=write";
	if (p->touch == TOUCH_READ && p->pages == PAGES_HUGE &&
	    !env_lacks(env, CAPABILITY_HUGE_ZERO_PAGE))
		return "touch=read maps the zero page and takes no huge page: use pages=4k or "
		       "another touch";
	return NULL;
}

static const char *missing(const struct anon_params *p, const struct workload_env *env)
{
	if (p->pages == PAGES_HUGE &&
	    (env->thp == THP_ABSENT || env->thp == THP_NEVER || !env->pmd_bytes))
		return "transparent huge pages are off: write madvise to "
		       "/sys/kernel/mm/transparent_hugepage/enabled";
	if (p->pages == PAGES_HUGE && p->touch == TOUCH_READ_WRITE &&
	    !env_lacks(env, CAPABILITY_HUGE_ZERO_PAGE) && env->kernel < ENV_KERNEL(6, 13))
		return "before Linux 6.13 writing where the huge zero page was read takes base "
		       "pages: use touch=write";
	if (p->touch == TOUCH_POPULATE && env->kernel < ENV_KERNEL(5, 14))
		return "touch=populate needs MADV_POPULATE_WRITE of Linux 5.14: use "
		       "touch=write";
	return NULL;
}

static int anon_check(const void *params, const struct workload_env *env, char *reason,
		      size_t reason_bytes)
{
	const char *wrong = contradiction(params, env), *lack = missing(params, env);

	if (wrong || lack)
		snprintf(reason, reason_bytes, "%s", wrong ? wrong : lack);
	return wrong ? -EINVAL : lack ? -ENODEV : 0;
}

/* ---- promises ---- */

static const char *faults_why(const struct anon_params *p, const struct workload_env *env)
{
	const struct bounds faults = first_faults(p, env);

	if (faults.least != faults.most)
		return "one fault per page and where a read maps the zero page a second one; "
		       "which could not be tried";
	if (faults.least > huge_pages(p, env) + base_pages(p, env))
		return "a fault maps the zero page and a second one replaces it";
	if (p->touch == TOUCH_READ_WRITE)
		return "without a zero page the read takes the page and the write finds it";
	return p->pages == PAGES_HUGE ? "one fault per huge page and one per page of the rest"
				      : "one fault per page";
}

static void claim_faults(const struct anon_params *p, const struct workload_env *env,
			 struct claims *out)
{
	const struct bounds faults = first_faults(p, env);
	const int64_t least = (int64_t)faults.least;
	const struct promise taken[] = {
		{ "minor_faults", "process", "stat", "minflt", UNIT_COUNT, PROMISE_EXACT, least,
		  0, faults_why(p, env) },
		{ "group_faults", "group", "memory.stat", "pgfault", UNIT_COUNT, PROMISE_EXACT,
		  least, 0, "the worker is alone in its group" },
	};
	const struct promise rows[] = {
		{ "major_faults", "process", "stat", "majflt", UNIT_COUNT, PROMISE_EXACT, 0, 0,
		  "first touch of anonymous memory needs no I/O" },
		{ "group_major_faults", "group", "memory.stat", "pgmajfault", UNIT_COUNT,
		  PROMISE_EXACT, 0, 0, "first touch of anonymous memory needs no I/O" },
		{ "system_faults", "system", "vmstat", "pgfault", UNIT_COUNT, RELATION_GE,
		  BASIS_DIRECTION, least, 0, "the machine's count includes the worker's" },
	};

	PROMISE_BOUNDS(out, SPAN_WORK, taken, (int64_t)(faults.most - faults.least));
	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* Why the pages are in memory or not. */
static const char *taken_why(const struct anon_params *p, const struct workload_env *env)
{
	const struct bounds taken = taken_bytes(p, env);

	if (p->touch != TOUCH_READ)
		return "each page is private and written";
	if (taken.least != taken.most)
		return "nothing where a read maps the shared zero page; which could not be "
		       "tried";
	return taken.most ? "without a zero page a read takes a private page"
			  : "the shared zero page is neither charged nor counted in Rss";
}

static void claim_mapping(const struct anon_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const struct bounds taken = taken_bytes(p, env);
	int64_t bytes = (int64_t)taken.least, huge = (int64_t)huge_bytes(p, env);
	const char *why = taken_why(p, env);
	const struct promise amounts[] = {
		{ "resident_bytes", "mapping", "smaps", "Rss", UNIT_BYTES, PROMISE_EXACT, bytes,
		  0, why },
		{ "proportional_bytes", "mapping", "smaps", "Pss", UNIT_BYTES, PROMISE_EXACT,
		  bytes, 0, why },
		{ "anonymous_bytes", "mapping", "smaps", "Anonymous", UNIT_BYTES, PROMISE_EXACT,
		  bytes, 0, why },
		{ "dirty_bytes", "mapping", "smaps", "Private_Dirty", UNIT_BYTES, PROMISE_EXACT,
		  bytes, 0, why },
	};
	const struct promise rows[] = {
		{ "huge_bytes", "mapping", "smaps", "AnonHugePages", UNIT_BYTES, PROMISE_EXACT,
		  huge, 0,
		  huge ? "MADV_HUGEPAGE on an aligned mapping; less when the kernel finds no "
			 "huge page"
		       : "MADV_NOHUGEPAGE" },
		{ "swapped_bytes", "mapping", "smaps", "Swap", UNIT_BYTES, PROMISE_EXACT, 0, 0,
		  "all of it fits" },
	};

	PROMISE_BOUNDS(out, SPAN_WORK, amounts, (int64_t)(taken.most - taken.least));
	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* The process's own sums; what they lag by is known. */
static void claim_sums(const struct anon_params *p, const struct workload_env *env,
		       struct claims *out)
{
	const struct bounds taken = taken_bytes(p, env);
	int64_t bytes = (int64_t)taken.least;
	uint64_t lag = env_status_lag_pages(env, p->threads) * env->page_bytes;
	uint64_t stat_lag = max(env_percpu_lag_pages(env), lag / env->page_bytes);
	enum basis basis = lag ? BASIS_BOUNDED : BASIS_EXACT;
	const char *why = lag ? "this kernel caches parts of the sum per CPU or per thread"
			      : "summed precisely since Linux 6.17";
	const struct promise rows[] = {
		{ "process_resident_bytes", "process", "smaps_rollup", "Rss", UNIT_BYTES,
		  PROMISE_EXACT, bytes, 0, "nothing else of the process is touched" },
		{ "process_anonymous_bytes", "process", "smaps_rollup", "Anonymous", UNIT_BYTES,
		  PROMISE_EXACT, bytes, 0, "nothing else of the process is touched" },
		{ "status_resident_bytes", "process", "status", "VmRSS", UNIT_BYTES,
		  RELATION_EQ, basis, bytes, lag, why },
		{ "status_anonymous_bytes", "process", "status", "RssAnon", UNIT_BYTES,
		  RELATION_EQ, basis, bytes, lag, why },
		{ "statm_resident_bytes", "process", "statm", "resident", UNIT_BYTES,
		  RELATION_EQ, basis, bytes, lag, why },
		{ "stat_resident_bytes", "process", "stat", "rss", UNIT_BYTES, PROMISE_BOUNDED,
		  bytes, stat_lag * env->page_bytes, "field 24 is never summed precisely" },
	};

	PROMISE_BOUNDS(out, SPAN_WORK, rows, (int64_t)(taken.most - taken.least));
}

static void claim_process(const struct anon_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const char *still = "the mapping is made before READY";
	const struct promise rows[] = {
		{ "swap_bytes", "process", "status", "VmSwap", UNIT_BYTES, PROMISE_EXACT, 0, 0,
		  "all of it fits" },
		{ "virtual_bytes", "process", "status", "VmSize", UNIT_BYTES, PROMISE_EXACT, 0,
		  0, still },
		{ "virtual_bytes", "process", "statm", "size", UNIT_BYTES, PROMISE_EXACT, 0, 0,
		  still },
		{ "page_table_bytes", "process", "status", "VmPTE", UNIT_BYTES,
		  RELATION_BETWEEN, BASIS_BOUNDED, tables_min(p, env), tables_slack(p, env),
		  "tables of 512 pages each and up to four more for the end and above" },
	};

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* memory.stat counts the tables that are charged and no others. */
static void claim_group_tables(const struct anon_params *p, const struct workload_env *env,
			       struct claims *out)
{
	const bool none = env_lacks(env, CAPABILITY_TABLE_CHARGE);
	const bool charged = env_has(env, CAPABILITY_TABLE_CHARGE);
	const int64_t least = charged ? tables_min(p, env) : 0;
	const int64_t most = none ? 0 : tables_min(p, env) + tables_slack(p, env);
	const struct promise row = {
		"group_page_table_bytes",
		"group",
		"memory.stat",
		"pagetables",
		UNIT_BYTES,
		PROMISE_EXACT,
		least,
		0,
		charged ? "one page of table for each 512 pages and up to three above"
		: none	? "page tables are not charged here"
			: "page tables may be charged or not; which could not be tried"
	};

	promise_add_bounds(out, SPAN_WORK, &row, 1, most - least);
}

static void claim_group(const struct anon_params *p, const struct workload_env *env,
			struct claims *out)
{
	const struct bounds taken = taken_bytes(p, env);
	const bool v2 = env->cgroup_version == 2;
	const struct promise anonymous = {
		"group_anonymous_bytes", "group",    "memory.stat",
		env_group_anon(env),	 UNIT_BYTES, PROMISE_EXACT,
		(int64_t)taken.least,	 0,	     "the worker is alone in its group"
	};
	const struct promise huge = {
		"group_huge_bytes",	      "group",	  "memory.stat",
		v2 ? "anon_thp" : "rss_huge", UNIT_BYTES, PROMISE_EXACT,
		(int64_t)huge_bytes(p, env),  0,	  "the worker is alone in its group"
	};
	const struct promise_usage usage = { .least = (int64_t)taken.least,
					     .most = (int64_t)taken.most,
					     .tables_least = tables_min(p, env),
					     .tables_most = tables_min(p, env) +
							    tables_slack(p, env) };

	promise_add_bounds(out, SPAN_WORK, &anonymous, 1, (int64_t)(taken.most - taken.least));
	promise_add(out, SPAN_WORK, &huge, 1);
	promise_usage(out, env, &usage);
	if (v2)
		claim_group_tables(p, env, out);
}

/* What the worker says of itself, so that it cannot say more than the page table does. */
static void claim_counted(const struct anon_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const int64_t pages = (int64_t)(held_bytes(p, env) / env->page_bytes);
	const struct promise touched = {
		"pages_touched", "ledger",   "ledger",
		"pages_touched", UNIT_PAGES, PROMISE_EXACT,
		pages,		 0,	     "each page of the mapping once"
	};
	const struct claim present = { .quantity = "pages_present",
				       .span = SPAN_WORK,
				       .scope = "ledger",
				       .source = "ledger",
				       .counter = "pages_present",
				       .unit = UNIT_PAGES,
				       .relation = RELATION_EQ,
				       .basis = BASIS_EXACT,
				       .expected = pages,
				       .slot = "pages_swapped",
				       .slot_mul = -1 };

	promise_add(out, SPAN_WORK, &touched, 1);
	claims_add(out, &present, "in the page table of the worker but for what is in swap");
}

/* Of what is in memory; accesses may have written since. */
static void claim_content(const struct anon_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const struct promise filled = { "pages_filled",
					"ledger",
					"ledger",
					"pages_filled",
					UNIT_PAGES,
					PROMISE_EXACT,
					(int64_t)(held_bytes(p, env) / env->page_bytes),
					0,
					"each page begins with its part of the stream" };

	if (p->touch != TOUCH_READ && !p->access_ns)
		promise_add(out, SPAN_WORK, &filled, 1);
}

static void claim_residue(const struct workload_env *env, struct claims *out)
{
	const struct promise rows[] = {
		{ "left_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, RELATION_LE, BASIS_EXACT, 0, 0,
		  "the worker has exited and its memory with it" },
		{ "left_usage_bytes", "group", env_group_usage(env), env_group_usage(env),
		  UNIT_BYTES, RELATION_LE, BASIS_BOUNDED, 0, env_usage_slack_bytes(env),
		  "a batch of 64 pages per CPU may stay charged" },
	};

	PROMISE_ROWS(out, SPAN_RESIDUE, rows);
}

/* What still holds when reclaim takes part of the pages away. */
static void claim_pressed(const struct anon_params *p, const struct workload_env *env,
			  struct claims *out)
{
	int64_t bytes = (int64_t)anon_target(p, env), limit = env->limit_bytes;
	const struct promise faults = { "minor_faults",
					"process",
					"stat",
					"minflt",
					UNIT_COUNT,
					RELATION_GE,
					BASIS_EXACT,
					(int64_t)first_faults(p, env).least,
					0,
					"the first touch of each page is a minor fault" };
	const struct promise limited[] = {
		{ "group_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, RELATION_LE, BASIS_EXACT, limit, 0,
		  "no more than the limit is in memory" },
		{ "swapped_bytes", "mapping", "smaps", "Swap", UNIT_BYTES, RELATION_GE,
		  BASIS_EXACT, bytes > limit ? bytes - limit : 0, 0,
		  "what does not fit under the limit is in swap" },
	};

	if (p->pages == PAGES_4K)
		promise_add(out, SPAN_WORK, &faults, 1);
	if (limit)
		PROMISE_ROWS(out, SPAN_WORK, limited);
}

static void anon_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct anon_params *p = params;
	int64_t huge = (int64_t)huge_pages(p, env);
	const struct promise huge_row = { "huge_faults",
					  "system",
					  "vmstat",
					  "thp_fault_alloc",
					  UNIT_COUNT,
					  RELATION_GE,
					  BASIS_DIRECTION,
					  huge,
					  0,
					  "the machine's count includes the worker's" };

	claim_residue(env, out);
	claim_counted(p, env, out);
	promise_no_files(out, env);
	if (!fits(p, env)) {
		claim_pressed(p, env, out);
		return;
	}
	claim_faults(p, env, out);
	claim_mapping(p, env, out);
	claim_sums(p, env, out);
	claim_process(p, env, out);
	claim_group(p, env, out);
	claim_content(p, env, out);
	if (huge)
		promise_add(out, SPAN_WORK, &huge_row, 1);
}

/* ---- in the worker ---- */

struct anon_state {
	struct worker *w;
	const struct anon_params *params;
	char *map;
	uint64_t bytes, unit_bytes, units; /* a unit is what one touch makes real */
	bool counts; /* what is touched is memory, and towards the target */
	int pagemap;
	uint64_t start_ns;
	struct touch touch;
	struct fill fill;
	struct zipf *zipf; /* NULL: not drawn from */
	struct crew crew;
};

static int anon_prepare(struct worker *w)
{
	const struct anon_params *p = w->params;
	struct anon_state *s = calloc(1, sizeof(*s));
	bool huge = p->pages == PAGES_HUGE;
	uint64_t align = w->env->pmd_bytes ? w->env->pmd_bytes : 2u << 20;
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->w = w;
	s->params = p;
	s->bytes = held_bytes(p, w->env);
	s->counts = anon_target(p, w->env) > 0;
	s->unit_bytes = huge ? w->env->pmd_bytes : w->env->page_bytes;
	s->units = round_up(s->bytes, s->unit_bytes) / s->unit_bytes;
	s->pagemap = placement_open();
	if (s->pagemap < 0)
		return worker_fail(w, -s->pagemap, "cannot open /proc/self/pagemap: %s",
				   strerror(-s->pagemap));
	s->map = worker_map_anon(s->bytes, align, huge);
	if (!s->map)
		return worker_fail(w, errno, "cannot map %" PRIu64 " bytes: %s", s->bytes,
				   strerror(errno));
	worker_mapping(w, 0, s->map, s->bytes);
	fill_init(&s->fill, p->fill, w->ledger->seed);
	touch_init(&s->touch, (enum touch_kind)p->touch, w->env->page_bytes,
		   huge ? w->env->pmd_bytes : 0, &s->fill);
	if (p->access_ns && p->access_pattern == PATTERN_ZIPF) {
		s->zipf = malloc(sizeof(*s->zipf));
		if (!s->zipf)
			return -ENOMEM;
		zipf_init(s->zipf, s->bytes / w->env->page_bytes, p->skew.zipf_theta);
	}
	ret = crew_start(&s->crew, (unsigned)p->threads);
	if (ret)
		return worker_fail(w, -ret, "cannot start %" PRIu64 " threads: %s", p->threads,
				   strerror(-ret));
	return 0;
}

static void count_touched(const struct anon_state *s, uint64_t bytes)
{
	struct ledger *l = s->w->ledger;

	if (s->counts)
		atomic_fetch_add_explicit(&l->achieved_bytes, bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&l->moved_bytes, bytes, memory_order_relaxed);
	worker_slot_add(s->w, SLOT_PAGES_TOUCHED, bytes / s->w->env->page_bytes);
}

/* A thread's part of the mapping, in units. */
struct slice {
	char *start;
	uint64_t bytes, block; /* block: number of its first one in the fill's stream */
	struct pattern order;
	struct pace pace;
};

static void slice_init(const struct anon_state *s, unsigned index, struct slice *slice)
{
	const struct anon_params *p = s->params;
	uint64_t from = s->units * index / p->threads * s->unit_bytes;
	uint64_t to = s->units * (index + 1) / p->threads * s->unit_bytes;
	uint64_t left_out = 0;

	if (index + 1 == p->threads) {
		to = s->bytes;
		left_out = s->w->ledger->sabotage_pages * s->unit_bytes;
	}
	slice->start = s->map + from;
	slice->bytes = to - from > left_out ? to - from - left_out : 0;
	slice->block = from / FILL_BLOCK_BYTES;
	slice->pace = (struct pace){ .shape = PACE_LINEAR };
	if (p->rate)
		slice->pace.rate =
			(uint64_t)((unsigned __int128)p->rate * (to - from) / s->bytes);
	pattern_init(&slice->order, (enum pattern_kind)p->pattern,
		     round_up(slice->bytes, s->unit_bytes) / s->unit_bytes + !slice->bytes,
		     s->w->ledger->seed + index);
	pattern_set_stride(&slice->order, p->stride);
}

/* Touches about `bytes` more of the slice, at least a unit; adds what it did to *done. */
static int touch_step(const struct anon_state *s, struct slice *slice, uint64_t bytes,
		      uint64_t *done)
{
	uint64_t touched = 0;
	int ret = 0;

	bytes = min(bytes, s->touch.step_bytes);
	if (slice->order.kind == PATTERN_SEQUENTIAL) {
		ret = touch_range(&s->touch, slice->start + *done, bytes,
				  slice->block + *done / FILL_BLOCK_BYTES);
		touched = bytes;
	}
	while (touched < bytes && !ret) {
		uint64_t at = pattern_walk(&slice->order) * s->unit_bytes;
		uint64_t length = min(s->unit_bytes, slice->bytes - at);

		ret = touch_range(&s->touch, slice->start + at, length,
				  slice->block + at / FILL_BLOCK_BYTES);
		touched += length;
	}
	if (ret)
		return ret;
	*done += touched;
	count_touched(s, touched);
	return 0;
}

static uint64_t slice_due(const struct anon_state *s, const struct slice *slice)
{
	uint64_t due = pace_due(&slice->pace, worker_now_ns() - s->start_ns);

	return due >= slice->bytes ? slice->bytes : due / s->unit_bytes * s->unit_bytes;
}

static int touch_slice(void *arg, unsigned index)
{
	struct anon_state *s = arg;
	struct slice slice;
	uint64_t done = 0;
	int ret = 0;

	slice_init(s, index, &slice);
	while (done < slice.bytes && !ret && !worker_should_stop(s->w)) {
		uint64_t due = slice_due(s, &slice);

		while (done < due && !ret && !worker_should_stop(s->w))
			ret = touch_step(s, &slice, due - done, &done);
		if (due < slice.bytes && !ret)
			worker_sleep_until(
				s->w, s->start_ns + pace_wake(&slice.pace, done, s->unit_bytes,
							      slice.bytes,
							      worker_now_ns() - s->start_ns));
	}
	return ret;
}

static int access_pages(void *arg, unsigned index)
{
	const struct anon_state *s = arg;
	const struct anon_params *p = s->params;
	struct histogram *latency = p->latency ? &s->w->ledger->latency : NULL;
	uint64_t page = s->w->env->page_bytes, seed = s->w->ledger->seed ^ (index + 1);
	uint64_t end_ns = s->start_ns + p->access_ns;
	struct access a;

	access_init(&a, s->map, page, p->reads, seed);
	pattern_init(&a.pattern, (enum pattern_kind)p->access_pattern, s->bytes / page, seed);
	pattern_set_stride(&a.pattern, p->stride);
	skew_set(&a.pattern, &p->skew, s->zipf);
	while (worker_now_ns() < end_ns && !worker_should_stop(s->w)) {
		uint64_t writes = access_run(&a, ACCESS_BATCH, latency);

		worker_slot_add(s->w, SLOT_WRITES, writes);
		worker_slot_add(s->w, SLOT_READS, ACCESS_BATCH - writes);
		atomic_fetch_add_explicit(&s->w->ledger->ops, ACCESS_BATCH,
					  memory_order_relaxed);
	}
	return 0;
}

/*
 * Pages that begin with the word that was to be written there. Only of what is all
 * present: looking would make a page present, and hide that it was not.
 */
static uint64_t pages_filled(const struct anon_state *s, uint64_t page_bytes)
{
	uint64_t filled = 0;

	for (uint64_t at = 0; at < s->bytes; at += page_bytes)
		filled += *(const volatile uint64_t *)(s->map + at) ==
			  fill_word(&s->fill, at / FILL_BLOCK_BYTES);
	return filled;
}

/* What the page table says replaces what the loop counted. */
static int anon_verify(struct worker *w)
{
	const struct anon_state *s = w->state;
	const uint64_t page = w->env->page_bytes;
	struct placement found;
	int ret = placement_count(s->pagemap, s->map, s->bytes, page, &found);

	if (ret)
		return worker_fail(w, -ret, "cannot read /proc/self/pagemap: %s",
				   strerror(-ret));
	worker_slot_set(w, SLOT_PAGES_PRESENT, found.present);
	worker_slot_set(w, SLOT_PAGES_SWAPPED, found.swapped);
	if (s->counts)
		worker_achieved(w, min((found.present + found.swapped) * page,
				       anon_target(s->params, w->env)));
	if (found.present * page == s->bytes)
		worker_slot_set(w, SLOT_PAGES_FILLED, pages_filled(s, page));
	return 0;
}

static int anon_run(struct worker *w)
{
	struct anon_state *s = w->state;
	int ret;

	s->start_ns = worker_now_ns();
	ret = crew_run(&s->crew, touch_slice, s);
	worker_slot_set(w, SLOT_FILL_NS, worker_now_ns() - s->start_ns);
	if (ret)
		return worker_fail(w, -ret, "cannot touch the mapping: %s", strerror(-ret));
	if (s->params->access_ns && !worker_should_stop(w)) {
		s->start_ns = worker_now_ns();
		crew_run(&s->crew, access_pages, s);
	}
	return 0;
}

static void anon_release(struct worker *w)
{
	struct anon_state *s = w->state;

	if (!s)
		return;
	crew_stop(&s->crew);
	if (s->map)
		munmap(s->map, s->bytes);
	if (s->pagemap >= 0)
		close(s->pagemap);
	free(s->zipf);
	free(s);
	w->state = NULL;
}

const struct workload anon_workload = {
	.name = "anon",
	.summary = "private anonymous memory: an exact amount, touched and held",
	.truth = "One minor fault per page and as many bytes of resident, anonymous and dirty "
		 "memory, exact to the page in the process, its mapping and its group.",
	.options = options,
	.params_bytes = sizeof(struct anon_params),
	.slots = {
		[SLOT_PAGES_TOUCHED] = { "pages_touched", UNIT_PAGES, "base pages touched" },
		[SLOT_PAGES_PRESENT] = { "pages_present", UNIT_PAGES,
					 "base pages present in the page table after the touch" },
		[SLOT_PAGES_SWAPPED] = { "pages_swapped", UNIT_PAGES,
					 "base pages that the page table has in swap" },
		[SLOT_PAGES_FILLED] = { "pages_filled", UNIT_PAGES,
					"base pages that begin with what was written" },
		[SLOT_FILL_NS] = { "fill_ns", UNIT_NSEC, "time of the first touch alone" },
		[SLOT_READS] = { "reads", UNIT_COUNT, "accesses that read" },
		[SLOT_WRITES] = { "writes", UNIT_COUNT, "accesses that wrote" },
	},
	.rate_metric = true,
	.footprint = anon_footprint,
	.target = anon_target,
	.check = anon_check,
	.seconds = anon_seconds,
	.claims = anon_claims,
	.prepare = anon_prepare,
	.run = anon_run,
	.verify = anon_verify,
	.release = anon_release,
};
