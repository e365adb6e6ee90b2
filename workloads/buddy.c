// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * buddy: fragments free memory into single pages by a known pattern, and merges or compacts
 * it again.
 *
 * Exact: of each pair of buddy page frames that are both the worker's, the even one is freed
 *   and the odd one kept: that many free blocks of order 0, none of which can merge
 *   (mm/page_alloc.c, __free_one_page()). Freeing the odd ones too merges each pair into a
 *   block of order 1 and, with its neighbours, into larger ones: the blocks of order 0 are
 *   gone, and there are as many large blocks as before the allocation. Compaction instead
 *   migrates the kept pages together: the same free pages in large blocks, without a fault
 *   and with every page resident.
 * Moves: order0 of the zone in buddyinfo; with compaction, pgmigrate_success.
 * Unchanged: free pages of the zone during compaction; the process's pages and faults.
 * Caveats: per-CPU lists hold freed pages before they reach the buddy lists, up to `high` of
 *   the pagesets: without vm.percpu_pagelist_high_fraction=1000000 they may hide all.
 * Allocations of other processes move every order, so it is for a quiet guest. Page frame
 * numbers require root.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workloads/api/arith.h"
#include "workloads/api/nodes.h"
#include "workloads/api/promise.h"
#include "workloads/act/worker.h"

#define MB		 (1ull << 20)
#define PAGEMAP_PRESENT	 (1ull << 63) /* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_PFN	 ((1ull << 55) - 1)
#define BUDDYINFO_BYTES	 16384
#define ORDERS		 16
#define LIST_BATCHES	 5 /* `high` is at least four (mm/page_alloc.c), one is in transfer */
#define LIST_BATCH_PAGES 63
#define SETTLE_NS	 200000000u

enum buddy_mode { MODE_FRAGMENT, MODE_MERGE, MODE_COMPACT };

struct buddy_params {
	uint64_t size_bytes;
	int mode;
};

enum buddy_slot {
	SLOT_FRAGMENTS,
	SLOT_KEPT,
	SLOT_LARGE_BEFORE,
	SLOT_LARGE_READY,
	SLOT_LARGE_AFTER,
};

#define AT(member) .offset = offsetof(struct buddy_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "128M",
	  .min = "16M",
	  .help = "bytes of base pages to allocate first",
	  AT(size_bytes) },
	{ .name = "mode",
	  .type = OPTION_CHOICE,
	  .fallback = "fragment",
	  .choices = "fragment|merge|compact",
	  .help = "free each second page; the others too; or compact instead",
	  AT(mode) },
	{ .name = NULL },
};

/* ---- arithmetic ---- */

static uint64_t nr_pages(const struct buddy_params *p, const struct workload_env *env)
{
	return p->size_bytes / env->page_bytes;
}

/* The zone that the pages come from: the largest of the first node with memory. */
static const struct env_zone *home_zone(const struct workload_env *env)
{
	const struct env_zone *best = NULL;

	for (unsigned i = 0; i < env->nr_zones; i++) {
		const struct env_zone *zone = &env->zone[i];

		if (env->nr_nodes && zone->node == env->nodes[0] &&
		    (!best || zone->managed_pages > best->managed_pages))
			best = zone;
	}
	return best;
}

/*
 * Free pages on per-CPU lists: at their shortest where the run sets
 * vm.percpu_pagelist_high_fraction; left to itself Linux 6.7 lets them grow to an eighth of the
 * zone (zone_highsize() in mm/page_alloc.c).
 */
static int64_t lists_pages(const struct workload_env *env)
{
	const struct env_zone *zone = home_zone(env);
	const uint64_t shortest = (uint64_t)LIST_BATCHES * LIST_BATCH_PAGES * env->cpus;

	if (!zone ||
	    (env->list_fraction && zone->managed_pages / env->list_fraction <= shortest))
		return (int64_t)shortest;
	return (int64_t)max(shortest, zone->managed_pages / 8);
}

/* Pages taken from longer lists have no buddy in the mapping. */
static int64_t taken_from_lists(const struct workload_env *env)
{
	const int64_t shortest = (int64_t)LIST_BATCHES * LIST_BATCH_PAGES * env->cpus;

	return lists_pages(env) > shortest ? lists_pages(env) : 0;
}

static int buddy_check(const void *params, const struct workload_env *env, char *reason,
		       size_t reason_bytes)
{
	const struct buddy_params *p = params;
	const struct env_zone *zone = home_zone(env);
	const char *lack = NULL;

	if (!zone)
		lack = "the zones of this machine are not known";
	else if (nr_pages(p, env) > zone->managed_pages / 2)
		lack = "size exceeds half of the zone";
	else if (!env->in_lab)
		lack = "other processes move the buddy lists: use a quiet guest of pagestorm lab";
	return check_answer(NULL, lack, reason, reason_bytes);
}

static uint64_t buddy_target(const void *params, const struct workload_env *env)
{
	const struct buddy_params *p = params;
	const uint64_t half = nr_pages(p, env) / 2 * env->page_bytes;

	return p->mode == MODE_MERGE ? 0 : half;
}

static uint64_t buddy_footprint(const void *params, const struct workload_env *env)
{
	const struct buddy_params *p = params;

	return p->size_bytes + p->size_bytes / 128 + 4 * MB +
	       (uint64_t)env_usage_slack_bytes(env);
}

static double buddy_seconds(const void *params, const struct workload_env *env)
{
	const struct buddy_params *p = params;

	return 0.5 + (double)p->size_bytes / (env->in_lab ? 1e8 : 1e9);
}

/* ---- promises ---- */

struct order_row {
	const char *quantity, *source, *counter;
	enum unit unit;
	enum relation relation;
	int64_t expected, tolerance;
	int64_t fragments; /* percentage of the slot `fragments` to add */
	const char *why;
};

static void claim_orders(const struct workload_env *env, const struct order_row *rows,
			 size_t nr, struct claims *out)
{
	const struct env_zone *zone = home_zone(env);

	for (size_t i = 0; zone && i < nr; i++) {
		struct claim c = { .quantity = rows[i].quantity,
				   .source = rows[i].source,
				   .counter = rows[i].counter,
				   .unit = rows[i].unit,
				   .relation = rows[i].relation,
				   .basis = BASIS_BOUNDED,
				   .expected = rows[i].expected,
				   .tolerance = rows[i].tolerance,
				   .slot = rows[i].fragments ? "fragments" : NULL,
				   .slot_mul = rows[i].fragments,
				   .slot_div = 100 };

		snprintf(c.scope, sizeof(c.scope), "node%u:%s", zone->node, zone->name);
		claims_add(out, &c, "%s", rows[i].why);
	}
}

#define CLAIM_ORDERS(env, rows, out) claim_orders(env, rows, ARRAY_SIZE(rows), out)

static void claim_fragment(const struct workload_env *env, struct claims *out)
{
	const int64_t lists = lists_pages(env);
	const struct order_row rows[] = {
		{ "free_single_pages", "buddyinfo", "order0", UNIT_COUNT, RELATION_EQ, 0, lists,
		  100, "each freed frame has a kept buddy; per-CPU lists hold some" },
		{ "free_pages", "zoneinfo", "free", UNIT_PAGES, RELATION_EQ, 0, lists, 100,
		  "each freed frame is one free page; per-CPU lists hold some" },
	};

	CLAIM_ORDERS(env, rows, out);
}

static void claim_merge(const struct workload_env *env, struct claims *out)
{
	const int64_t lists = lists_pages(env);
	/*
	 * A page on a per-CPU list at HELD leaves its buddy single, and pages that were on one
	 * at READY have become single: the length of the lists, twice.
	 */
	const struct order_row rows[] = {
		{ "free_single_pages", "buddyinfo", "order0", UNIT_COUNT, RELATION_EQ, 0,
		  2 * lists, -100,
		  "each buddy is free too and merges; per-CPU lists hold some" },
	};
	/* clang-format off */
	const struct promise large = {
		.quantity = "large_blocks", .scope = "ledger",
		.source = "ledger", .counter = "large_blocks_after", .relation = RELATION_GE,
		.basis = BASIS_BOUNDED, .tolerance = 4 + lists / 128,
		.slot = "large_blocks_before", .slot_mul = 1, .unless = taken_from_lists(env),
		.why = "freed pages merge into the blocks as large as a huge page that were there before; a page on a per-CPU list prevents one",
	};
	/* clang-format on */

	CLAIM_ORDERS(env, rows, out);
	promise_add(out, SPAN_WORK, &large, 1);
}

static void claim_compact(const struct workload_env *env, struct claims *out)
{
	const int64_t lists = lists_pages(env);
	const struct order_row rows[] = {
		{ "free_single_pages", "buddyinfo", "order0", UNIT_COUNT, RELATION_LE, 0, lists,
		  -80, "kept pages migrate into single free frames and use up four of five" },
		{ "free_pages", "zoneinfo", "free", UNIT_PAGES, RELATION_EQ, 0, 2 * lists, 0,
		  "a migrated page takes one frame and frees one" },
	};
	/* clang-format off */
	const struct promise moved[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt",
		  .why = "migration maps the page again without a fault" },
		{ .quantity = "large_blocks", .scope = "ledger",
		  .source = "ledger", .counter = "large_blocks_after", .relation = RELATION_GE,
		  .basis = BASIS_BOUNDED, .expected = 1, .slot = "large_blocks_ready",
		  .slot_mul = 1, .unless = taken_from_lists(env),
		  .why = "compaction forms blocks as large as a huge page from single pages" },
		{ .quantity = "migrated_pages", .scope = "system",
		  .source = "vmstat", .counter = "pgmigrate_success", .unit = UNIT_PAGES,
		  .relation = RELATION_GE, .basis = BASIS_BOUNDED, .slot = "fragments",
		  .slot_mul = 1, .slot_div = 4, .unless = taken_from_lists(env),
		  .why = "emptying half of the blocks migrates half of the kept pages; at least half of that" },
	};
	/* clang-format on */

	CLAIM_ORDERS(env, rows, out);
	PROMISE_ROWS(out, SPAN_WORK, moved);
}

static void buddy_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	static void (*const by_mode[])(const struct workload_env *, struct claims *) = {
		[MODE_FRAGMENT] = claim_fragment,
		[MODE_MERGE] = claim_merge,
		[MODE_COMPACT] = claim_compact,
	};
	const struct buddy_params *p = params;
	const bool lists = taken_from_lists(env) > 0;
	/* clang-format off */
	const struct promise pairs = {
		.quantity = "fragments", .scope = "ledger",
		.source = "ledger", .counter = "fragments", .unit = UNIT_PAGES,
		.relation = RELATION_GE, .basis = BASIS_BOUNDED,
		.expected = lists ? 1 : (int64_t)(nr_pages(p, env) * 2 / 5),
		.why = lists ? "pages taken from long per-CPU lists need not have their buddy in the mapping"
			     : "a quiet kernel allocates from whole blocks: four of five pages have their buddy in the mapping",
	};
	/* clang-format on */

	promise_add(out, SPAN_WORK, &pairs, 1);
	by_mode[p->mode](env, out);
}

/* ---- in the worker ---- */

struct buddy {
	char *map;
	uint64_t nr, page_bytes;
	uint64_t
		*pfn; /* frame of each page of the mapping; 0: freed, or without a buddy here */
	char *text;
	int buddyinfo, compact;
};

/* Of a block as large as the range of a page table: 9 and 2 MiB with pages of 4 KiB. */
static unsigned large_order(const struct workload_env *env)
{
	return (unsigned)__builtin_ctzll(env_table_entries(env));
}

/* Sum of the blocks of a line from the large order on, in units of that order. */
static uint64_t large_of(const char *numbers, unsigned large_order)
{
	uint64_t large = 0, blocks;
	int used;

	for (unsigned order = 0; order < ORDERS && *numbers != '\n'; order++) {
		if (sscanf(numbers, " %" SCNu64 "%n", &blocks, &used) != 1)
			break;
		numbers += used + (int)strspn(numbers + used, " ");
		if (order >= large_order)
			large += blocks << (order - large_order);
	}
	return large;
}

/* Free memory of the home zone in large blocks. */
static int count_large(struct worker *w, uint64_t *large)
{
	const struct env_zone *zone = home_zone(w->env);
	const struct buddy *s = w->state;
	ssize_t got = pread(s->buddyinfo, s->text, BUDDYINFO_BYTES - 1, 0);

	if (got <= 0)
		return worker_fail(w, got ? errno : EIO, "cannot read /proc/buddyinfo");
	s->text[got] = '\0';
	for (const char *at = s->text, *end; *at; at = end + (*end == '\n')) {
		char name[16];
		unsigned node;
		int used;

		end = at + strcspn(at, "\n");
		if (sscanf(at, "Node %u, zone %15s%n", &node, name, &used) == 2 &&
		    node == zone->node && !strcmp(name, zone->name)) {
			*large = large_of(at + used, large_order(w->env));
			return 0;
		}
	}
	return worker_fail(w, ENODATA, "/proc/buddyinfo has no zone %s of node %u", zone->name,
			   zone->node);
}

static int record_large(struct worker *w, enum buddy_slot slot)
{
	uint64_t large;
	int ret = count_large(w, &large);

	if (!ret)
		worker_slot_set(w, slot, large);
	return ret;
}

static int read_frames(struct worker *w)
{
	const struct buddy *s = w->state;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	const off_t at = (off_t)((uintptr_t)s->map / s->page_bytes * sizeof(uint64_t));
	const size_t bytes = s->nr * sizeof(uint64_t);
	ssize_t got = fd < 0 ? -1 : pread(fd, s->pfn, bytes, at);

	if (fd >= 0)
		close(fd);
	if (got != (ssize_t)bytes)
		return worker_fail(w, errno ? errno : EIO, "cannot read /proc/self/pagemap: %s",
				   strerror(errno));
	for (uint64_t i = 0; i < s->nr; i++)
		s->pfn[i] = s->pfn[i] & PAGEMAP_PRESENT ? s->pfn[i] & PAGEMAP_PFN : 0;
	return 0;
}

static int compare_frames(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Marks the pages whose buddy frame is also in the mapping. */
static int mark_pairs(struct worker *w, bool *pair)
{
	const struct buddy *s = w->state;
	const size_t bytes = s->nr * sizeof(uint64_t);
	uint64_t *sorted = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (sorted == MAP_FAILED)
		return worker_fail(w, ENOMEM, "out of memory");
	memcpy(sorted, s->pfn, bytes);
	qsort(sorted, s->nr, sizeof(*sorted), compare_frames);
	for (uint64_t i = 0; i < s->nr; i++) {
		const uint64_t buddy = s->pfn[i] ^ 1;

		pair[i] = s->pfn[i] &&
			  bsearch(&buddy, sorted, s->nr, sizeof(*sorted), compare_frames);
	}
	munmap(sorted, bytes);
	return 0;
}

/* Frees the pages of one parity that are part of a pair, but for the first `spare`. */
static int free_pages(struct worker *w, uint64_t parity, uint64_t spare, uint64_t *given)
{
	const struct buddy *s = w->state;

	*given = 0;
	for (uint64_t i = 0; i < s->nr; i++) {
		if (!s->pfn[i] || (s->pfn[i] & 1) != parity)
			continue;
		if (spare) {
			spare--;
			continue;
		}
		if (madvise(s->map + i * s->page_bytes, s->page_bytes, MADV_DONTNEED))
			return worker_fail(w, errno, "cannot free a page: %s", strerror(errno));
		++*given;
	}
	return 0;
}

static int take_and_pair(struct worker *w)
{
	struct buddy *s = w->state;
	bool *pair = mmap(NULL, s->nr, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	uint64_t pairs = 0;
	int ret;

	if (pair == MAP_FAILED)
		return worker_fail(w, ENOMEM, "out of memory");
	memset(s->map, 1, s->nr * s->page_bytes);
	ret = read_frames(w);
	if (!ret)
		ret = mark_pairs(w, pair);
	for (uint64_t i = 0; i < s->nr && !ret; i++) {
		if (!pair[i])
			s->pfn[i] = 0;
		pairs += pair[i];
	}
	munmap(pair, s->nr);
	if (ret)
		return ret;
	/* The intended pattern, of which the fault injection leaves pages out. */
	worker_slot_set(w, SLOT_FRAGMENTS, pairs / 2);
	worker_slot_set(w, SLOT_KEPT, s->nr - pairs / 2);
	return 0;
}

static int open_all(struct worker *w)
{
	const struct buddy_params *p = w->params;
	struct buddy *s = w->state;
	const struct nodemask home = nodemask_of(w->env->nodes[0]);

	s->buddyinfo = open("/proc/buddyinfo", O_RDONLY | O_CLOEXEC);
	if (s->buddyinfo < 0)
		return worker_fail(w, errno, "cannot open /proc/buddyinfo: %s",
				   strerror(errno));
	if (p->mode == MODE_COMPACT) {
		s->compact = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
		if (s->compact < 0)
			return worker_fail(w, errno, "cannot open compact_memory: %s",
					   strerror(errno));
	}
	s->text = malloc(BUDDYINFO_BYTES);
	s->pfn = mmap(NULL, s->nr * sizeof(*s->pfn), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	s->map = worker_map_anon(s->nr * s->page_bytes, s->page_bytes, false);
	if (!s->text || s->pfn == MAP_FAILED || !s->map)
		return worker_fail(w, ENOMEM, "out of memory");
	if (w->env->nr_nodes > 1 &&
	    syscall(SYS_set_mempolicy, MPOL_BIND, home.bits, NODEMASK_BITS))
		return worker_fail(w, errno, "set_mempolicy: %s", strerror(errno));
	worker_mapping(w, 0, s->map, s->nr * s->page_bytes);
	return 0;
}

static int buddy_prepare(struct worker *w)
{
	const struct buddy_params *p = w->params;
	struct buddy *s = calloc(1, sizeof(*s));
	uint64_t given;
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->buddyinfo = s->compact = -1;
	s->page_bytes = w->env->page_bytes;
	s->nr = nr_pages(p, w->env);
	ret = open_all(w);
	if (!ret)
		ret = record_large(w, SLOT_LARGE_BEFORE);
	if (!ret)
		ret = take_and_pair(w);
	if (!ret && p->mode != MODE_FRAGMENT)
		ret = free_pages(w, 0, 0, &given);
	worker_sleep_until(w, worker_now_ns() + SETTLE_NS);
	return ret ? ret : record_large(w, SLOT_LARGE_READY);
}

/* Pages that are not part of a pair stay allocated in every mode. */
static int buddy_run(struct worker *w)
{
	const struct buddy_params *p = w->params;
	const struct buddy *s = w->state;
	uint64_t given = 0;
	int ret = 0;

	if (p->mode == MODE_FRAGMENT)
		ret = free_pages(w, 0, w->ledger->shortfall_pages, &given);
	else if (p->mode == MODE_MERGE)
		ret = free_pages(w, 1, w->ledger->shortfall_pages, &given);
	else if (p->mode == MODE_COMPACT && !w->ledger->shortfall_pages &&
		 write(s->compact, "1", 1) != 1)
		ret = worker_fail(w, errno, "cannot compact: %s", strerror(errno));
	worker_sleep_until(w, worker_now_ns() + SETTLE_NS);
	if (!ret)
		ret = record_large(w, SLOT_LARGE_AFTER);
	worker_achieved(w, buddy_target(p, w->env));
	return ret;
}

static void buddy_release(struct worker *w)
{
	struct buddy *s = w->state;

	if (!s)
		return;
	if (s->map)
		munmap(s->map, s->nr * s->page_bytes);
	if (s->pfn && s->pfn != MAP_FAILED)
		munmap(s->pfn, s->nr * sizeof(*s->pfn));
	if (s->buddyinfo >= 0)
		close(s->buddyinfo);
	if (s->compact >= 0)
		close(s->compact);
	free(s->text);
	free(s);
	w->state = NULL;
}

/* It picks pages by their frames. */
static unsigned buddy_needs(const void *params, const struct workload_env *env)
{
	(void)params;
	(void)env;
	return NEED_FRAMES;
}

const struct workload buddy_workload = {
	.name = "buddy",
	.summary = "free memory fragmented, merged or compacted (for a guest)",
	.truth = "One page of each pair of buddies is freed: that many more free blocks of order 0. Freeing the others too merges them into the large blocks that were there before; compaction forms large blocks by migrating the kept pages.",
	.does = DOES_MIGRATE,
	.options = options,
	.params_bytes = sizeof(struct buddy_params),
	.slots = {
		[SLOT_FRAGMENTS] = { "fragments", UNIT_PAGES,
				     "pairs of buddies that are both in the mapping" },
		[SLOT_KEPT] = { "kept_pages", UNIT_PAGES,
				"pages that stay after one of each pair is freed" },
		[SLOT_LARGE_BEFORE] = { "large_blocks_before", UNIT_COUNT,
					"free blocks as large as a huge page before the allocation" },
		[SLOT_LARGE_READY] = { "large_blocks_ready", UNIT_COUNT,
				       "free blocks as large as a huge page at READY" },
		[SLOT_LARGE_AFTER] = { "large_blocks_after", UNIT_COUNT,
				       "free blocks as large as a huge page at HELD" },
	},
	.check = buddy_check,
	.param_needs = buddy_needs,
	.footprint = buddy_footprint,
	.target = buddy_target,
	.seconds = buddy_seconds,
	.claims = buddy_claims,
	.prepare = buddy_prepare,
	.run = buddy_run,
	.release = buddy_release,
};
