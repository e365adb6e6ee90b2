// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kswapd: the watermarks of the machine by arithmetic, and reclaim between them.
 *
 * Exact: each zone's watermarks follow from vm.min_free_kbytes and
 *   vm.watermark_scale_factor (mm/page_alloc.c, __setup_per_zone_wmarks()):
 *     min  = min_free pages * managed / managed of all zones
 *     gap  = the larger of min / 4 and managed * scale / 10000
 *     low  = min + gap
 *     high = min + 2 * gap
 *   so low = min * 5/4 and high = min * 3/2, as in textbooks, only where min / 4 is the
 *   larger one. A file larger than memory is read once: kswapd reclaims what it takes beyond
 *   the free pages; it wakes when free pages fall below low and continues up to high. With
 *   burst=, the process then allocates faster than kswapd reclaims, and enters direct reclaim.
 * Moves: pgsteal_kswapd, pgsteal_file; with a burst pgsteal_direct and allocstall.
 * Unchanged: read_bytes, as the file is sparse; free pages do not fall below min.
 * Caveats: it uses the whole machine, so it is for a guest. The watermarks of the boot
 *   predate the last change of managed pages: the run must set one of the two settings.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/api/arith.h"
#include "workloads/api/promise.h"
#include "workloads/act/scratch.h"
#include "workloads/act/worker.h"
#include "workloads/probe/zones.h"

#define MB	       (1ull << 20)
#define STEP_BYTES     MB
#define SCALE_UNIT     10000
#define TEXTBOOK_SLACK 1 /* rounding of two integer divisions instead of one */

/*
 * A zone's count of free pages lags by up to 125 pages on each CPU (MAX_THRESHOLD,
 * mm/vmstat.c), and a per-CPU list is refilled by up to 63 at once (zone_batchsize()).
 */
#define ZONE_LAG_PAGES (125 + 63)

#define SETTLE_NS	100000000u
#define SETTLE_MAX	50
#define WAKINGS		64 /* wake-ups of kswapd in a burst, of which one is late */
#define WATERMARK_ZONES 16 /* so that the claims fit */

struct kswapd_params {
	uint64_t size_bytes, burst_bytes, passes;
};

enum kswapd_slot {
	SLOT_PAGES_READ,
	SLOT_FREE_BEFORE,
	SLOT_FREE_LOWEST,
	SLOT_FREE_AFTER,
	SLOT_TAKEN_OVER,
	SLOT_TEXTBOOK_ZONES,
	SLOT_BURST_PAGES,
};

#define AT(member) .offset = offsetof(struct kswapd_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "125%available",
	  .min = "64M",
	  .help = "bytes of the file to read, more than the available memory",
	  AT(size_bytes) },
	{ .name = "passes",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = "1000",
	  .help = "number of reads of the file; the LRU decides what the second pass finds",
	  AT(passes) },
	{ .name = "burst",
	  .type = OPTION_BYTES,
	  .fallback = "0",
	  .help = "bytes of anonymous memory to allocate at once afterwards (0: none)",
	  AT(burst_bytes) },
	{ .name = NULL },
};

/* ---- arithmetic ---- */

struct watermarks {
	uint64_t min, low, high;
	bool textbook; /* min / 4 is the gap */
};

static uint64_t managed_pages(const struct workload_env *env)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < env->nr_zones; i++)
		sum += env->zone[i].managed_pages;
	return sum;
}

static struct watermarks predict(const struct workload_env *env, const struct env_zone *zone)
{
	const uint64_t reserve = env->min_free_kb * 1024 / env->page_bytes;
	const uint64_t min = reserve * zone->managed_pages / managed_pages(env);
	const uint64_t scaled = zone->managed_pages * env->watermark_scale / SCALE_UNIT;
	const uint64_t gap = min / 4 > scaled ? min / 4 : scaled;

	return (struct watermarks){ .min = min,
				    .low = min + gap,
				    .high = min + 2 * gap,
				    .textbook = min / 4 >= scaled };
}

static struct watermarks predict_all(const struct workload_env *env, unsigned *textbook_zones)
{
	struct watermarks sum = { 0 };

	*textbook_zones = 0;
	for (unsigned i = 0; i < env->nr_zones; i++) {
		struct watermarks w = predict(env, &env->zone[i]);

		sum.min += w.min;
		sum.low += w.low;
		sum.high += w.high;
		*textbook_zones += w.textbook;
	}
	return sum;
}

static int64_t lag_pages(const struct workload_env *env)
{
	return (int64_t)ZONE_LAG_PAGES * env->cpus * env->nr_zones;
}

static int kswapd_check(const void *params, const struct workload_env *env, char *reason,
			size_t reason_bytes)
{
	const struct kswapd_params *p = params;
	const char *wrong = NULL, *lack = NULL;

	if (env->limit_bytes && env->limit_bytes < env->memory_bytes)
		wrong = "the group's limit would be hit before the watermarks: set memory.max = max";
	else if (!env->watermarks_fresh)
		wrong = "the watermarks of the boot may be outdated: set vm.min_free_kbytes or vm.watermark_scale_factor";
	else if (p->size_bytes < env->available_bytes)
		wrong = "size is less than the available memory and nothing would be reclaimed: raise size";
	else if (p->burst_bytes > env->memory_bytes / 2)
		wrong = "burst exceeds half of the memory and could cause an OOM kill: lower burst";
	else if (!env->nr_zones || env->nr_zones > WATERMARK_ZONES)
		lack = "requires a machine with 1 to 16 zones";
	return check_answer(wrong, lack, reason, reason_bytes);
}

static uint64_t kswapd_footprint(const void *params, const struct workload_env *env)
{
	(void)params; /* it takes all memory */
	return env->memory_bytes;
}

static double kswapd_seconds(const void *params, const struct workload_env *env)
{
	const struct kswapd_params *p = params;

	return 1 + (double)p->size_bytes * (double)p->passes / (env->in_lab ? 2e8 : 2e9);
}

/* ---- promises ---- */

static void claim_zone(const struct workload_env *env, const struct env_zone *zone,
		       struct claims *out)
{
	const struct watermarks w = predict(env, zone);
	const struct {
		const char *quantity, *counter;
		uint64_t expected, textbook;
	} marks[] = {
		{ "watermark_min", "min", w.min, 0 },
		{ "watermark_low", "low", w.low, w.min * 5 / 4 },
		{ "watermark_high", "high", w.high, w.min * 3 / 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		struct claim c = { .quantity = marks[i].quantity,
				   .source = "zoneinfo",
				   .counter = marks[i].counter,
				   .unit = UNIT_PAGES,
				   .relation = RELATION_EQ,
				   .basis = BASIS_EXACT,
				   .expected = (int64_t)marks[i].expected };

		snprintf(c.scope, sizeof(c.scope), "node%u:%s", zone->node, zone->name);
		if (!marks[i].textbook)
			claims_add(out, &c,
				   "%" PRIu64 " of %" PRIu64
				   " managed pages have this share of min_free_kbytes",
				   zone->managed_pages, managed_pages(env));
		else if (w.textbook)
			claims_add(out, &c,
				   "min / 4 is at least %" PRIu64
				   " / 10000 of the zone: the textbook's %s = %" PRIu64
				   " holds to a page",
				   env->watermark_scale, marks[i].counter, marks[i].textbook);
		else
			claims_add(
				out, &c,
				"%" PRIu64
				" / 10000 of the zone exceeds min / 4: the textbook's %s = %" PRIu64
				" does not hold",
				env->watermark_scale, marks[i].counter, marks[i].textbook);
	}
}

/* Whether the burst takes WAKINGS times what kswapd reclaims per wake-up, from low to high. */
static bool outruns(const struct kswapd_params *p, const struct workload_env *env,
		    const struct watermarks *sum)
{
	return p->burst_bytes / env->page_bytes >= WAKINGS * (sum->high - sum->low);
}

/* With the cache its index is reclaimed, at most a 64th of it, and other slab. */
static void claim_reclaim(const struct kswapd_params *p, const struct workload_env *env,
			  const struct watermarks *sum, struct claims *out)
{
	const bool raced = outruns(p, env, sum);
	struct claim c = { .scope = "system",
			   .source = "vmstat",
			   .unit = UNIT_PAGES,
			   .relation = RELATION_GE,
			   .basis = BASIS_BOUNDED,
			   .tolerance = lag_pages(env),
			   .slot = "taken_over_pages" };

	c.quantity = "file_pages_reclaimed";
	c.counter = "pgsteal_file";
	c.slot_mul = 49;
	c.slot_div = 50;
	claims_add(
		out, &c,
		"pages taken beyond the free ones were page cache; a 50th of them its index and other slab");
	c.quantity = "kswapd_reclaimed";
	c.counter = "pgsteal_kswapd";
	c.slot_mul = p->burst_bytes ? 1 : 9;
	c.slot_div = p->burst_bytes ? 2 : 10;
	claims_add(out, &c,
		   p->burst_bytes
			   ? "kswapd keeps up with a sequential reader; not with every burst"
			   : "kswapd keeps up with one sequential reader");
	c = (struct claim){ .quantity = "direct_reclaims",
			    .scope = "system",
			    .source = "vmstat",
			    .counter = "allocstall_movable",
			    .unit = UNIT_COUNT,
			    .relation = RELATION_GE,
			    .basis = BASIS_BOUNDED,
			    .expected = 1 };
	if (raced)
		claims_add(out, &c,
			   "the burst wakes kswapd %d times or more with %" PRIu64
			   " pages from low to min: at least once too late",
			   WAKINGS, sum->low - sum->min);
}

static void claim_free(const struct workload_env *env, const struct watermarks *sum,
		       struct claims *out)
{
	const int64_t lag = lag_pages(env);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "free_lowest", .scope = "ledger",
		  .source = "ledger", .counter = "free_lowest_pages", .unit = UNIT_PAGES,
		  .relation = RELATION_GE, .basis = BASIS_BOUNDED, .expected = (int64_t)sum->min,
		  .tolerance = lag,
		  .why = "no process gets a page below min; per-CPU lists and counts are the slack" },
		{ .quantity = "free_after", .scope = "ledger",
		  .source = "ledger", .counter = "free_after_pages", .unit = UNIT_PAGES,
		  .relation = RELATION_GE, .basis = BASIS_BOUNDED, .expected = (int64_t)sum->low,
		  .tolerance = lag,
		  .why = "below low kswapd would be awake; per-CPU lists and counts are the slack" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void kswapd_claims(const void *params, const struct workload_env *env,
			  struct claims *out)
{
	const struct kswapd_params *p = params;
	unsigned textbook;
	const struct watermarks sum = predict_all(env, &textbook);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "textbook_zones", .scope = "ledger",
		  .source = "ledger", .counter = "textbook_zones", .expected = textbook,
		  .why = "zones with low = min*5/4 and high = min*3/2 to a page: those where min / 4 is the gap" },
		{ .quantity = "read_bytes", .scope = "process",
		  .source = "io", .counter = "read_bytes", .unit = UNIT_BYTES,
		  .why = "reading a sparse file needs no I/O" },
	};
	/* clang-format on */

	for (unsigned i = 0; i < env->nr_zones && i < WATERMARK_ZONES; i++)
		claim_zone(env, &env->zone[i], out);
	PROMISE_ROWS(out, SPAN_WORK, rows);
	claim_reclaim(p, env, &sum, out);
	claim_free(env, &sum, out);
}

/* ---- in the worker ---- */

struct kswapd {
	struct zoneinfo zoneinfo;
	struct scratch file;
	char *buffer, *burst;
};

static uint64_t listed_pages(const struct zones *zones)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < zones->nr; i++)
		sum += zones->zone[i].listed;
	return sum;
}

static int sample(struct worker *w, struct zones *zones, uint64_t *free_pages)
{
	const struct kswapd *s = w->state;
	int ret = zoneinfo_look(w, &s->zoneinfo, zones);

	if (ret)
		return ret;
	*free_pages = 0;
	for (unsigned i = 0; i < zones->nr; i++)
		*free_pages += zones->zone[i].free;
	return 0;
}

static bool near(uint64_t a, uint64_t b)
{
	return a <= b + TEXTBOOK_SLACK && b <= a + TEXTBOOK_SLACK;
}

static void count_textbook(struct worker *w, const struct zones *zones)
{
	for (unsigned i = 0; i < zones->nr; i++) {
		const struct zone *z = &zones->zone[i];

		if (near(z->low, z->min * 5 / 4) && near(z->high, z->min * 3 / 2))
			worker_slot_add(w, SLOT_TEXTBOOK_ZONES, 1);
	}
}

static int kswapd_prepare(struct worker *w)
{
	const struct kswapd_params *p = w->params;
	struct kswapd *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->file.fd = -1;
	ret = zoneinfo_open(w, &s->zoneinfo);
	if (ret)
		return ret;
	s->buffer = malloc(STEP_BYTES);
	if (p->burst_bytes)
		s->burst = worker_map_anon(p->burst_bytes, w->env->page_bytes, false);
	if (!s->buffer || (p->burst_bytes && !s->burst))
		return worker_fail(w, ENOMEM, "out of memory");
	memset(s->buffer, 0, STEP_BYTES); /* present before memory is short */
	ret = scratch_create(w, &s->file);
	if (!ret && ftruncate(s->file.fd, (off_t)p->size_bytes))
		ret = worker_fail(w, errno, "cannot make %s: %s", s->file.path,
				  strerror(errno));
	return ret;
}

static int record_lowest(struct worker *w)
{
	struct zones zones;
	uint64_t now;
	int ret = sample(w, &zones, &now);

	if (!ret && now < w->ledger->slot[SLOT_FREE_LOWEST])
		worker_slot_set(w, SLOT_FREE_LOWEST, now);
	return ret;
}

static int read_once(struct worker *w)
{
	const struct kswapd_params *p = w->params;
	const struct kswapd *s = w->state;
	uint64_t at = 0;

	while (at < p->size_bytes && !worker_should_stop(w)) {
		ssize_t got = pread(s->file.fd, s->buffer, STEP_BYTES, (off_t)at);
		int ret;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return worker_fail(w, got ? errno : EIO, "cannot read %s: %s",
					   s->file.path, got ? strerror(errno) : "it is short");
		at += (uint64_t)got;
		worker_slot_add(w, SLOT_PAGES_READ, (uint64_t)got / w->env->page_bytes);
		ret = record_lowest(w);
		if (ret)
			return ret;
	}
	return 0;
}

static void take_burst(struct worker *w)
{
	const struct kswapd_params *p = w->params;
	const struct kswapd *s = w->state;

	for (uint64_t at = 0; s->burst && at < p->burst_bytes && !worker_should_stop(w);
	     at += w->env->page_bytes) {
		*(volatile char *)(s->burst + at) = 1;
		worker_slot_add(w, SLOT_BURST_PAGES, 1);
	}
}

/* Until kswapd sleeps: two samples of the free pages are equal. */
static int settle(struct worker *w, struct zones *zones, uint64_t *free_pages)
{
	uint64_t before = 0;
	int ret = 0;

	for (int i = 0; i < SETTLE_MAX && !ret; i++) {
		worker_sleep_until(w, worker_now_ns() + SETTLE_NS);
		ret = sample(w, zones, free_pages);
		if (i && *free_pages == before)
			break;
		before = *free_pages;
	}
	return ret;
}

/* Only the first pass counts as taken: later ones may find pages in the cache. */
static int kswapd_run(struct worker *w)
{
	const struct kswapd_params *p = w->params;
	struct zones zones;
	uint64_t before, after, taken = 0;
	int ret = sample(w, &zones, &before);

	if (ret)
		return ret;
	count_textbook(w, &zones);
	worker_slot_set(w, SLOT_FREE_BEFORE, before);
	worker_slot_set(w, SLOT_FREE_LOWEST, before);
	before += listed_pages(&zones);
	for (uint64_t pass = 0; !ret && pass < p->passes && !worker_should_stop(w); pass++) {
		ret = read_once(w);
		taken = pass ? taken : w->ledger->slot[SLOT_PAGES_READ];
	}
	if (!ret)
		take_burst(w);
	if (!ret)
		ret = record_lowest(w);
	if (!ret)
		ret = settle(w, &zones, &after);
	if (ret)
		return ret;
	worker_slot_set(w, SLOT_FREE_AFTER, after);
	after += listed_pages(&zones);
	taken += w->ledger->slot[SLOT_BURST_PAGES] + after;
	worker_slot_set(w, SLOT_TAKEN_OVER, taken > before ? taken - before : 0);
	worker_achieved(w, w->ledger->slot[SLOT_PAGES_READ] * w->env->page_bytes);
	return 0;
}

static void kswapd_release(struct worker *w)
{
	struct kswapd *s = w->state;
	const struct kswapd_params *p = w->params;

	if (!s)
		return;
	if (s->burst)
		munmap(s->burst, p->burst_bytes);
	free(s->buffer);
	zoneinfo_close(&s->zoneinfo);
	scratch_remove(&s->file);
	free(s);
	w->state = NULL;
}

const struct workload kswapd_workload = {
	.name = "kswapd",
	.summary = "watermarks by arithmetic, and reclaim between them (for a guest)",
	.truth = "Each zone's min, low and high follow from min_free_kbytes and watermark_scale_factor, to the page. A file larger than memory is read: kswapd reclaims what it takes beyond the free pages, which end above low.",
	.needs = NEED_FILES,
	.options = options,
	.params_bytes = sizeof(struct kswapd_params),
	.slots = {
		[SLOT_PAGES_READ] = { "pages_read", UNIT_PAGES, "pages of the file read" },
		[SLOT_FREE_BEFORE] = { "free_before_pages", UNIT_PAGES,
				       "free pages of all zones at the start" },
		[SLOT_FREE_LOWEST] = { "free_lowest_pages", UNIT_PAGES,
				       "fewest free pages, sampled once a MiB" },
		[SLOT_FREE_AFTER] = { "free_after_pages", UNIT_PAGES,
				      "free pages once kswapd sleeps again" },
		[SLOT_TAKEN_OVER] = { "taken_over_pages", UNIT_PAGES,
				      "pages taken that were not free at the start" },
		[SLOT_TEXTBOOK_ZONES] = { "textbook_zones", UNIT_COUNT,
					  "zones with low = min*5/4 and high = min*3/2" },
		[SLOT_BURST_PAGES] = { "burst_pages", UNIT_PAGES,
				       "touched pages of the burst" },
	},
	.machine_wide = true,
	.check = kswapd_check,
	.footprint = kswapd_footprint,
	.seconds = kswapd_seconds,
	.claims = kswapd_claims,
	.prepare = kswapd_prepare,
	.run = kswapd_run,
	.release = kswapd_release,
};
