// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cache: reads a private file, or a private block device, of which a known part is in the
 * page cache beforehand.
 *
 * Exact: a page in the cache is a hit and needs no I/O; every other page is a miss, is read
 *   from the device once and is in the cache afterwards: read_bytes and the group's file
 *   memory grow by the misses, to the page. With a file larger than the limit, read twice in
 *   order, every page misses again and is a refault. Direct I/O neither uses the cache nor
 *   leaves pages in it.
 * Moves: the process's read_bytes, the group's file (cache on cgroup v1); Buffers when a
 *   block device is read; workingset_refault_file for pages that had been reclaimed; majflt
 *   of a mapping without readahead, by one per miss.
 * Unchanged: majflt and minflt of read(2); the group's anon; refaults of pages that
 *   POSIX_FADV_DONTNEED dropped, which leaves no shadow entries.
 * Caveats: an outside reclaimer (DAMON, memory.reclaim) may take pages before a pass: these
 *   are counted as lost_pages, are misses too, and must be few. Only the first toucher is
 *   charged. mincore(2) says which pages are in the cache, cachestat(2) how many, and the
 *   kernel accounts the I/O: hits and misses are what mincore sees beforehand against that. A
 *   reader of more than the limit stays on one CPU (cache_file.c has the reason).
 *   Readahead changes when pages are read and not how many, as long as the whole file is
 *   read. Other processes move requests at the device, pgpgin and Cached. Before Linux 6.17
 *   the majflt of a mapping with readahead counts retries too.
 */
#include "workloads/cache/cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LINE_BYTES 64

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
	  .help = "source of the reads: the file itself, or a loop device over it",
	  AT(source) },
	{ .name = "warm",
	  .type = OPTION_RATIO,
	  .fallback = "0%",
	  .min = "0",
	  .max = "1",
	  .help = "share of the file in the cache beforehand: the hit ratio",
	  AT(warm) },
	{ .name = "layout",
	  .type = OPTION_CHOICE,
	  .fallback = "start",
	  .choices = "start|spread",
	  .help = "location of that share: the start, or scattered blocks",
	  AT(layout) },
	{ .name = "evict",
	  .type = OPTION_CHOICE,
	  .fallback = "fadvise",
	  .choices = "fadvise|reclaim|overflow",
	  .help = "eviction of the rest: POSIX_FADV_DONTNEED, reclaim of the group, or reading a file that exceeds memory.max",
	  AT(evict) },
	{ .name = "method",
	  .type = OPTION_CHOICE,
	  .fallback = "read",
	  .choices = "read|mmap|direct",
	  .help = "read by pread, by loads from a mapping, or by O_DIRECT past the cache",
	  AT(method) },
	{ .name = "block",
	  .type = OPTION_BYTES,
	  .fallback = "1M",
	  .min = "4K",
	  .max = "64M",
	  .help = "bytes per read, rounded up to whole pages",
	  AT(block_bytes) },
	WALK_OPTION("order of the blocks", AT(pattern)),
	STRIDE_OPTION("blocks from one read to the next, when pattern is stride", AT(stride)),
	{ .name = "share",
	  .type = OPTION_RATIO,
	  .fallback = "100%",
	  .min = "0.0001",
	  .max = "1",
	  .help = "share of the blocks to read: the first ones of the order",
	  AT(share) },
	{ .name = "passes",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = "1000000",
	  .help = "number of reads of the file: the second pass finds what the first left in the cache",
	  AT(passes) },
	{ .name = "readahead",
	  .type = OPTION_BOOL,
	  .fallback = "yes",
	  .help = "kernel readahead; no: POSIX_FADV_RANDOM and MADV_RANDOM",
	  AT(readahead) },
	{ .name = "loads",
	  .type = OPTION_CHOICE,
	  .fallback = "page",
	  .choices = "page|line",
	  .help = "loads from a mapping: a word per page, or one per cache line",
	  AT(loads) },
	THREADS_OPTION("threads, each with its own part of the file and its own readahead",
		       AT(threads)),
	LATENCY_OPTION("no", "time each block (adds two clock readings to it)", AT(latency)),
	{ .name = NULL },
};

int cache_fail(struct worker *w, int ret, const char *what)
{
	const struct cache_state *s = w->state;

	return worker_fail(w, -ret, "cannot %s %s: %s", what, s->file.path, strerror(-ret));
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
	walk->left = cache_pass_blocks(p, blocks) * s->block;
	if (index + 1 == p->threads)
		walk->left -= left_out < walk->left ? left_out : walk->left;
	pattern_init(&walk->order, (enum pattern_kind)p->pattern, blocks + !blocks,
		     s->w->ledger->seed + index);
	pattern_set_stride(&walk->order, p->stride);
}

/* False at the end. The last block may be partial. */
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

int cache_read_bytes(int fd, char *buffer, uint64_t at, uint64_t bytes)
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
	const struct cache_reader *r = &s->reader[index];
	const char *map = s->residency.map;

	if (r->buffer)
		return cache_read_bytes(r->fd, r->buffer, at, bytes);
	if (s->params->loads == LOADS_LINE)
		load_lines(map + at, bytes);
	else
		load_words(map + at, bytes, s->w->env->page_bytes);
	return 0;
}

int cache_read_through(struct worker *w)
{
	const struct cache_state *s = w->state;
	uint64_t at, bytes;
	struct walk walk;
	int ret = 0;

	walk_init(s, 0, 0, &walk);
	while (!ret && walk_next(s, &walk, &at, &bytes) && !worker_should_stop(w))
		ret = read_block(s, 0, at, bytes);
	return ret ? cache_fail(w, ret, "read") : 0;
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
	uint64_t left_out = s->w->ledger->shortfall_pages * s->w->env->page_bytes, at, bytes;
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

int cache_ask_cachestat(struct worker *w, uint64_t *cached, uint64_t *evicted)
{
	const struct cache_state *s = w->state;
	int ret = 0;

	if (env_has(w->env, CAPABILITY_CACHESTAT))
		ret = residency_cachestat(s->source, cached, evicted);

	return ret ? cache_fail(w, ret, "get the cachestat of") : 0;
}

/* Pages that one pass reads, and how many of them the last residency_count() has. */
static void look_ahead(const struct worker *w, uint64_t *asked, uint64_t *cached)
{
	const struct cache_state *s = w->state;
	uint64_t page = w->env->page_bytes, at, bytes;

	*asked = *cached = 0;
	for (unsigned i = 0; i < s->params->threads; i++) {
		struct walk walk;

		walk_init(s, i, 0, &walk);
		while (walk_next(s, &walk, &at, &bytes)) {
			*asked += bytes / page;
			for (uint64_t k = at / page; k < (at + bytes) / page; k++)
				*cached += s->residency.page[k] & 1;
		}
	}
}

/* By mincore(2), of the pages that the pass reads: page by page. */
static int lost_by_mincore(struct worker *w, uint64_t pass, uint64_t *lost)
{
	struct cache_state *s = w->state;
	uint64_t unused, asked, cached, should;
	int ret = pass && cache_reads_ahead(s->params, w->env)
			  ? residency_settle(&s->residency, w, s->source, &unused)
			  : residency_count(&s->residency, &unused);

	if (ret)
		return cache_fail(w, ret, "count the cached pages of");
	look_ahead(w, &asked, &cached);
	should = pass ? asked : s->hits;
	*lost = should > cached ? should - cached : 0;
	return 0;
}

/* By cachestat(2), where it counts the pages that the pass reads and no others. */
static int lost_by_cachestat(struct worker *w, uint64_t pass, uint64_t *lost)
{
	const struct cache_state *s = w->state;
	uint64_t should = pass ? s->residency.nr_pages : w->ledger->slot[SLOT_BEFORE];
	uint64_t cached = should, evicted;
	int ret = cache_ask_cachestat(w, &cached, &evicted);

	*lost = cached < should ? should - cached : 0;
	return ret;
}

/* Pages expected in the cache at the start of a pass that are missing: they are misses too. */
static int count_lost(struct worker *w, uint64_t pass)
{
	const struct cache_state *s = w->state;
	const bool whole = cache_reads_all(s->params, w->env);
	uint64_t lost = 0;
	int ret;

	if (s->params->evict == EVICT_OVERFLOW || s->params->method == METHOD_DIRECT)
		return 0;
	ret = whole && env_has(w->env, CAPABILITY_CACHESTAT) ? lost_by_cachestat(w, pass, &lost)
							     : lost_by_mincore(w, pass, &lost);
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
	double bytes = (double)(cache_pass_blocks(s->params, s->blocks) * s->block);
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
			return cache_fail(w, ret, "read");
		count_pass(w, pass, worker_now_ns() - start);
	}
	return 0;
}

/* ---- pages in the cache ---- */

int cache_count(struct worker *w, enum cache_slot pages, enum cache_slot percent)
{
	struct cache_state *s = w->state;
	uint64_t cached;
	int ret = residency_count(&s->residency, &cached);

	if (ret)
		return cache_fail(w, ret, "count the cached pages of");
	worker_slot_set(w, pages, cached);
	worker_slot_set(w, percent,
			(100 * cached + s->residency.nr_pages / 2) / s->residency.nr_pages);
	return 0;
}

/* Pages that are expected in the cache after run() and missing in the last residency_count().
 */
static uint64_t missing_pages(const struct worker *w)
{
	const struct cache_state *s = w->state;
	const uint64_t before = w->ledger->slot[SLOT_BEFORE], now = w->ledger->slot[SLOT_AFTER];
	uint64_t asked, cached;

	if (s->params->evict == EVICT_OVERFLOW)
		return 0;
	if (s->params->method == METHOD_DIRECT)
		return before > now ? before - now : 0;
	look_ahead(w, &asked, &cached);
	return asked - cached;
}

static int cache_verify(struct worker *w)
{
	struct cache_state *s = w->state;
	uint64_t cached = 0, evicted = 0;
	int ret = 0;

	if (cache_reads_ahead(s->params, w->env))
		ret = residency_settle(&s->residency, w, s->source, &cached);
	if (ret)
		return cache_fail(w, ret, "count the cached pages of");
	ret = cache_count(w, SLOT_AFTER, SLOT_PERCENT_AFTER);
	if (!ret)
		ret = cache_ask_cachestat(w, &cached, &evicted);
	if (ret)
		return ret;
	worker_slot_set(w, SLOT_CACHESTAT, cached);
	worker_slot_set(w, SLOT_MISSING, missing_pages(w));
	worker_achieved(w, w->ledger->slot[SLOT_AFTER] * w->env->page_bytes);
	return 0;
}

void cache_count_hits(struct worker *w)
{
	struct cache_state *s = w->state;
	const struct cache_params *p = s->params;
	uint64_t asked;

	look_ahead(w, &asked, &s->hits);
	if (p->method == METHOD_DIRECT)
		s->hits = 0;
	else
		worker_slot_set(w, SLOT_HITS, s->hits + (p->passes - 1) * asked);
	worker_slot_set(w, SLOT_MISSES,
			p->method == METHOD_DIRECT ? p->passes * asked : asked - s->hits);
}

static void close_one(int fd)
{
	if (fd >= 0)
		close(fd);
}

/*
 * An outside reclaimer may take pages between the count of verify() and the capture; the
 * number after both is an upper bound of that.
 */
static void count_gone(struct worker *w)
{
	struct cache_state *s = w->state;
	uint64_t now, held = w->ledger->slot[SLOT_AFTER];

	if (held && !residency_count(&s->residency, &now))
		worker_slot_set(w, SLOT_GONE, held > now ? held - now : 0);
}

static void cache_release(struct worker *w)
{
	struct cache_state *s = w->state;

	if (!s)
		return;
	crew_stop(&s->crew);
	count_gone(w);
	for (unsigned i = 0; i < CREW_MAX; i++) {
		close_one(s->reader[i].fd);
		if (s->reader[i].buffer)
			munmap(s->reader[i].buffer, s->block);
	}
	residency_close(&s->residency);
	close_one(s->source);
	close_one(s->reclaim);
	scratch_remove(&s->file);
	free(s);
	w->state = NULL;
}

const struct workload cache_workload = {
	.name = "cache",
	.summary = "page-cache reads with a known hit ratio: cold, warm and between",
	.truth = "A page in the cache is a hit and needs no I/O; every other page is read from the device once: read_bytes and the group's file memory grow by the misses, to the page. mincore and cachestat count the same pages.",
	.needs = NEED_FILES,
	.options = options,
	.params_bytes = sizeof(struct cache_params),
	.slots = {
		[SLOT_BEFORE] = { "cached_before", UNIT_PAGES,
				  "pages in the cache at READY by mincore" },
		[SLOT_AFTER] = { "cached_after", UNIT_PAGES,
				 "pages in the cache at HELD by mincore" },
		[SLOT_CACHESTAT_BEFORE] = { "cachestat_before", UNIT_PAGES,
					    "pages in the cache at READY by cachestat" },
		[SLOT_CACHESTAT] = { "cachestat_pages", UNIT_PAGES,
				     "pages in the cache at HELD by cachestat" },
		[SLOT_TRACES] = { "evicted_pages", UNIT_PAGES,
				  "pages with a shadow entry at READY, by cachestat" },
		[SLOT_PERCENT_BEFORE] = { "cached_percent_before", UNIT_PERCENT,
					  "share of the file in the cache at READY" },
		[SLOT_PERCENT_AFTER] = { "cached_percent_after", UNIT_PERCENT,
					 "share of the file in the cache at HELD" },
		[SLOT_PAGES_READ] = { "pages_read", UNIT_PAGES, "pages read" },
		[SLOT_HITS] = { "hit_pages", UNIT_PAGES,
				"pages to read that mincore has in the cache, less those lost" },
		[SLOT_MISSES] = { "miss_pages", UNIT_PAGES,
				  "pages to read that it has not, and those lost" },
		[SLOT_LOST] = { "lost_pages", UNIT_PAGES,
				"pages reclaimed from outside before a pass, by cachestat or mincore" },
		[SLOT_MISSING] = { "missing_pages", UNIT_PAGES,
				   "pages expected in the cache at HELD that are missing" },
		[SLOT_GONE] = { "gone_pages", UNIT_PAGES,
				"pages in the cache at HELD that have left it at release" },
		[SLOT_FIRST_NS] = { "first_pass_ns", UNIT_NSEC, "time of the first pass" },
		[SLOT_LAST_NS] = { "last_pass_ns", UNIT_NSEC, "time of the last pass" },
		[SLOT_FIRST_RATE] = { "first_pass_rate", UNIT_BYTES,
				      "bytes per second of the first pass" },
		[SLOT_LAST_RATE] = { "last_pass_rate", UNIT_BYTES,
				     "bytes per second of the last pass" },
	},
	.late_slots = 1 << SLOT_GONE,
	.check = cache_check,
	.footprint = cache_footprint,
	.seconds = cache_seconds,
	.claims = cache_claims,
	.prepare = cache_prepare,
	.run = cache_run,
	.verify = cache_verify,
	.release = cache_release,
};
