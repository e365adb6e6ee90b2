// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * victim: a latency-sensitive worker, to run beside an antagonist.
 *
 * It holds a working set and a file in the page cache, and does small operations one after
 * the other: accesses a page of its memory, allocates and touches, or reads a block of its
 * file. With a rate each operation has an intended start time from which its latency
 * counts: a stall of 50 ms adds up to 50 ms to every operation that was due in it, instead
 * of showing as one slow operation (coordinated omission).
 *
 * Exact: without reclaim, one minor fault per touched page, the working set resident to the
 *   page, and as much of the file in the group's page cache as mincore(2) finds.
 * Moves: minflt, Rss, the group's anon and file; the latency histogram.
 * Unchanged: majflt, as long as the group may not swap.
 * Caveats: an antagonist under the same limit causes reclaim of the victim's file pages,
 *   which refault, and with swap of its memory; then only bounds are promised. With rate=0
 *   operations run back to back, and a stall hides those that it delays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/api/arith.h"
#include "workloads/act/fill.h"
#include "workloads/api/promise.h"
#include "workloads/probe/residency.h"
#include "workloads/act/skew.h"
#include "workloads/act/touch.h"
#include "workloads/act/worker.h"

#define WRITE_BYTES (256 * 1024)
/* Extent blocks, read through the block device and charged to the group as file memory. */
#define META_PAGES 16

struct victim_params {
	uint64_t size_bytes, file_bytes, block_bytes, alloc_bytes;
	double reads, allocs, files; /* weights */
	uint64_t rate, duration_ns;
	int pattern;
	double writes;
	char fill[FILL_TEXT_BYTES];
	struct skew skew;
};

enum victim_slot {
	SLOT_PAGES_TOUCHED,
	SLOT_READS,
	SLOT_ALLOCS,
	SLOT_FILE_READS,
	SLOT_LATE,
	SLOT_FILE_PAGES,
	SLOT_FILE_PAGES_LEFT,
};

struct victim {
	struct fill fill;
	struct touch touch;
	struct access access;
	struct zipf zipf, file_zipf;
	struct pattern file_pattern;
	struct residency residency;
	void *map;
	uint64_t map_bytes, block_bytes;
	int fd; /* -1: no file */
	uint64_t rng;
	double read_below, alloc_below; /* shares of a draw in 0..1 */
	unsigned char buffer[WRITE_BYTES];
};

#define AT(member) .offset = offsetof(struct victim_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "4K",
	  .help = "bytes of the working set, rounded up to whole pages",
	  AT(size_bytes) },
	{ .name = "file",
	  .type = OPTION_BYTES,
	  .fallback = "0",
	  .help = "bytes of the file, read through the page cache (0: none)",
	  AT(file_bytes) },
	{ .name = "block",
	  .type = OPTION_BYTES,
	  .fallback = "4K",
	  .min = "4K",
	  .max = "256K",
	  .help = "bytes of one read of the file, rounded up to whole pages",
	  AT(block_bytes) },
	{ .name = "alloc",
	  .type = OPTION_BYTES,
	  .fallback = "64K",
	  .min = "4K",
	  .help = "bytes of one allocate-and-touch operation",
	  AT(alloc_bytes) },
	{ .name = "reads",
	  .type = OPTION_RATIO,
	  .fallback = "1",
	  .min = "0",
	  .max = "1000",
	  .help = "weight of operations that access a page of the working set",
	  AT(reads) },
	{ .name = "allocs",
	  .type = OPTION_RATIO,
	  .fallback = "0",
	  .min = "0",
	  .max = "1000",
	  .help = "weight of operations that map, touch and unmap",
	  AT(allocs) },
	{ .name = "files",
	  .type = OPTION_RATIO,
	  .fallback = "0",
	  .min = "0",
	  .max = "1000",
	  .help = "weight of operations that read a block of the file",
	  AT(files) },
	{ .name = "writes",
	  .type = OPTION_RATIO,
	  .fallback = "0",
	  .min = "0",
	  .max = "1",
	  .help = "share of the accesses to the working set that write",
	  AT(writes) },
	{ .name = "rate",
	  .type = OPTION_COUNT,
	  .fallback = "1000",
	  .max = "1000000",
	  .help = "operations per second, each with an intended start time (0: back to back)",
	  AT(rate) },
	{ .name = "duration",
	  .type = OPTION_SECONDS,
	  .fallback = "5s",
	  .min = "10ms",
	  .max = "1d",
	  .help = "duration of the operations, after the first touch of the working set",
	  AT(duration_ns) },
	DRAW_OPTION("pattern", "which pages of the working set and of the file", AT(pattern)),
	SKEW_OPTIONS(victim_params, skew, "pattern"),
	FILL_OPTION("random", AT(fill)),
	{ .name = NULL },
};

static int victim_check(const void *params, const struct workload_env *env, char *reason,
			size_t reason_bytes)
{
	const struct victim_params *p = params;

	const char *wrong = NULL;

	if (fill_parse(p->fill, NULL, NULL))
		wrong = FILL_WRONG;
	else if (p->reads + p->allocs + p->files <= 0)
		wrong = "reads, allocs and files are all 0: set one of these weights";
	else if (p->files > 0 && !p->file_bytes)
		wrong = "files has a weight but there is no file: add file=64M";
	else if (p->file_bytes && round_up(p->block_bytes, env->page_bytes) > p->file_bytes)
		wrong = "block exceeds file: lower block";
	return check_answer(wrong, NULL, reason, reason_bytes);
}

static uint64_t victim_target(const void *params, const struct workload_env *env)
{
	return round_up(((const struct victim_params *)params)->size_bytes, env->page_bytes);
}

static uint64_t victim_footprint(const void *params, const struct workload_env *env)
{
	const struct victim_params *p = params;
	const uint64_t anon = victim_target(p, env) + round_up(p->alloc_bytes, env->page_bytes);

	return anon + anon / env_table_entries(env) + round_up(p->file_bytes, env->page_bytes) +
	       META_PAGES * env->page_bytes + (uint64_t)env_usage_slack_bytes(env);
}

static double victim_seconds(const void *params, const struct workload_env *env)
{
	const struct victim_params *p = params;

	(void)env; /* the same on every machine */
	return (double)p->duration_ns / 1e9 + (double)(p->size_bytes + p->file_bytes) / 1e9;
}

/* safe: nothing can be taken from its memory. */
static void claim_memory(struct claims *out, const struct workload_env *env, int64_t size,
			 bool safe)
{
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "resident_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES, .expected = size,
		  .unless = !safe,
		  .why = "the working set is anonymous and cannot be reclaimed without swap" },
		{ .quantity = "anonymous_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Anonymous", .unit = UNIT_BYTES, .expected = size,
		  .unless = !safe,
		  .why = "each page is private and written" },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .expected = size, .unless = !safe,
		  .why = "other allocations are unmapped at the end of their operation" },
		{ .quantity = "major_faults", .scope = "process",
		  .source = "stat", .counter = "majflt", .unless = !safe,
		  .why = "the file is read by pread and anonymous memory cannot be swapped" },
		{ .quantity = "resident_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES,
		  .relation = RELATION_LE, .expected = size, .unless = safe,
		  .why = "the working set alone; part of it may be swapped out" },
		{ .quantity = "swapped_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Swap", .unit = UNIT_BYTES,
		  .relation = RELATION_LE, .expected = size, .unless = safe,
		  .why = "the mapping bounds what can be swapped out" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* Anonymous memory cannot be reclaimed: the group may not swap, or the run has no swap. */
static bool memory_is_safe(const struct workload_env *env)
{
	return !env->swap_max_bytes || env->swap == SWAP_NONE;
}

static const char *faults_why(const struct workload_env *env)
{
	if (!memory_is_safe(env))
		return "one fault per first touch; a page in the swap cache is one more";
	if (!env->limit_bytes)
		return "one fault per first touch; under global reclaim one more for each access to a page under migration";
	return "one fault per first touch of a page";
}

/*
 * Reclaim shows as fewer bytes or as further faults.
 *
 * mincore counts the file's pages before the capture and after it. Nothing is read in between,
 * but pages may be reclaimed: by kswapd, by DAMON, and at a full limit by any charge, 32 at a
 * time (SWAP_CLUSTER_MAX, include/linux/swap.h). The swap cache counts as file memory
 * (NR_FILE_PAGES, mm/swap_state.c): there is an upper bound without swap only.
 */
static void victim_claims(const void *params, const struct workload_env *env,
			  struct claims *out)
{
	const struct victim_params *p = params;
	const int64_t size = (int64_t)victim_target(params, env), page = env->page_bytes;
	const bool safe = memory_is_safe(env), quiet = safe && env->limit_bytes;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "pages_touched", .scope = "ledger",
		  .source = "ledger", .counter = "pages_touched", .unit = UNIT_PAGES,
		  .relation = p->allocs > 0 ? RELATION_GE : RELATION_EQ, .expected = size / page,
		  .why = "each page of the working set once before the operations" },
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt",
		  .relation = quiet ? RELATION_EQ : RELATION_GE, .slot = "pages_touched",
		  .why = faults_why(env) },
		{ .quantity = "group_file_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_file(env), .unit = UNIT_BYTES,
		  .relation = RELATION_LE, .basis = BASIS_BOUNDED, .tolerance = META_PAGES * (int64_t)env->page_bytes,
		  .slot = "file_pages", .slot_mul = page, .unless = !safe,
		  .why = "the pages of the file that mincore finds in the cache and up to 16 pages of extent blocks" },
		{ .quantity = "group_file_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_file(env), .unit = UNIT_BYTES,
		  .relation = RELATION_GE, .slot = "file_pages_left", .slot_mul = page,
		  .why = safe ? "the pages of the file that mincore still finds after the capture"
			 : "the pages of the file that mincore still finds after the capture; file memory includes the swap cache" },
	};
	/* clang-format on */

	claim_memory(out, env, size, safe);
	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* ---- in the worker ---- */

/* Written to disk and dropped from the page cache: the first access charges its group. */
static int write_file(struct worker *w, struct victim *v, uint64_t bytes)
{
	for (uint64_t done = 0; done < bytes;) {
		uint64_t step = bytes - done < WRITE_BYTES ? bytes - done : WRITE_BYTES;
		ssize_t n;

		fill_write(&v->fill, v->buffer, step, done / FILL_BLOCK_BYTES);
		n = pwrite(v->fd, v->buffer, step, (off_t)done);
		if (n <= 0)
			return worker_fail(w, n ? errno : ENOSPC,
					   "cannot write a file of %lu bytes: %s",
					   (unsigned long)bytes, strerror(n ? errno : ENOSPC));
		done += (uint64_t)n;
	}
	if (fsync(v->fd))
		return worker_fail(w, errno, "cannot fsync the file: %s", strerror(errno));
	return 0;
}

static int make_file(struct worker *w, struct victim *v, uint64_t bytes)
{
	int ret;

	v->fd = open(w->env->scratch_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (v->fd < 0)
		return worker_fail(w, errno, "cannot make a file in %s: %s",
				   w->env->scratch_dir, strerror(errno));
	ret = write_file(w, v, bytes);
	if (ret)
		return ret;
	/* Readahead would read pages that no operation requests; advice only. */
	(void)posix_fadvise(v->fd, 0, 0, POSIX_FADV_RANDOM);
	return residency_open_cold(w, &v->residency, v->fd, bytes);
}

static void set_pattern(const struct victim_params *p, struct pattern *pattern,
			struct zipf *zipf, uint64_t nr, uint64_t seed)
{
	const enum pattern_kind kind =
		(enum pattern_kind)p->pattern; /* PATTERN_DRAWS is its order */

	pattern_init(pattern, kind, nr, seed);
	skew_set(pattern, &p->skew, zipf);
	if (kind == PATTERN_ZIPF)
		zipf_init(zipf, nr, p->skew.zipf_theta);
}

/* Not those that the fault injection leaves untouched: an access would touch them. */
static uint64_t pages_to_access(const struct worker *w, const struct victim *v)
{
	const uint64_t pages = v->map_bytes / w->env->page_bytes;
	const uint64_t left_out = w->ledger->shortfall_pages;

	return pages > left_out ? pages - left_out : 1;
}

static int victim_prepare(struct worker *w)
{
	const struct victim_params *p = w->params;
	const uint64_t page = w->env->page_bytes, file = round_up(p->file_bytes, page);
	const double all = p->reads + p->allocs + p->files;
	struct victim *v = mmap(NULL, sizeof(*v), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int ret = 0;

	if (v == MAP_FAILED)
		return worker_fail(w, errno, "cannot map its state: %s", strerror(errno));
	w->state = v;
	v->fd = -1;
	v->rng = w->ledger->seed;
	v->read_below = p->reads / all;
	v->alloc_below = (p->reads + p->allocs) / all;
	if (fill_init(&v->fill, p->fill, w->ledger->seed))
		return worker_fail(w, EINVAL, "fill=%s is not known", p->fill);
	touch_init(&v->touch, TOUCH_BYTES, page, 0, &v->fill);
	v->map_bytes = victim_target(p, w->env);
	v->map = worker_map_measured(w, v->map_bytes, page, false);
	if (!v->map)
		return -errno;
	access_init(&v->access, v->map, page, 1 - p->writes, w->ledger->seed);
	set_pattern(p, &v->access.pattern, &v->zipf, pages_to_access(w, v), w->ledger->seed);
	if (file) {
		v->block_bytes = round_up(p->block_bytes, page);
		set_pattern(p, &v->file_pattern, &v->file_zipf, file / v->block_bytes,
			    w->ledger->seed + 1);
		ret = make_file(w, v, file);
	}
	return ret;
}

/* The working set, less what the fault injection leaves out. */
static int touch_set(struct worker *w, struct victim *v)
{
	const uint64_t page = w->env->page_bytes, left_out = w->ledger->shortfall_pages * page;
	const uint64_t bytes = v->map_bytes > left_out ? v->map_bytes - left_out : 0;

	for (uint64_t done = 0; done < bytes && !worker_should_stop(w);) {
		uint64_t step =
			bytes - done < v->touch.step_bytes ? bytes - done : v->touch.step_bytes;
		int ret = touch_range(&v->touch, (char *)v->map + done, step, done / 4096);

		if (ret)
			return worker_fail(w, -ret, "cannot touch its memory: %s",
					   strerror(-ret));
		done += step;
		worker_achieved(w, done + left_out);
		worker_slot_set(w, SLOT_PAGES_TOUCHED, (done + left_out) / page);
	}
	return 0;
}

static int do_alloc(struct worker *w)
{
	const uint64_t page = w->env->page_bytes;
	const uint64_t bytes =
		round_up(((const struct victim_params *)w->params)->alloc_bytes, page);
	volatile char *map = worker_map_anon(bytes, page, false);

	if (!map)
		return worker_fail(w, errno, "cannot map %lu bytes: %s", (unsigned long)bytes,
				   strerror(errno));
	for (uint64_t at = 0; at < bytes; at += page)
		map[at] = 1;
	munmap((void *)map, bytes);
	worker_slot_add(w, SLOT_PAGES_TOUCHED, bytes / page);
	worker_slot_add(w, SLOT_ALLOCS, 1);
	atomic_fetch_add_explicit(&w->ledger->moved_bytes, bytes, memory_order_relaxed);
	return 0;
}

static int do_file(struct worker *w, struct victim *v)
{
	const uint64_t bytes = v->block_bytes;
	const uint64_t at = pattern_draw(&v->file_pattern) * bytes;

	if (pread(v->fd, v->buffer, bytes, (off_t)at) != (ssize_t)bytes)
		return worker_fail(w, errno ? errno : EIO, "cannot read the file: %s",
				   strerror(errno ? errno : EIO));
	worker_slot_add(w, SLOT_FILE_READS, 1);
	atomic_fetch_add_explicit(&w->ledger->moved_bytes, bytes, memory_order_relaxed);
	return 0;
}

static int operate(struct worker *w, struct victim *v)
{
	const double draw = prng_unit(&v->rng);

	if (draw >= v->alloc_below)
		return do_file(w, v);
	if (draw >= v->read_below)
		return do_alloc(w);
	(void)access_run(&v->access, 1, NULL); /* the number of writes is not counted */
	worker_slot_add(w, SLOT_READS, 1);
	return 0;
}

static int operate_until(struct worker *w, struct victim *v, uint64_t end_ns)
{
	const uint64_t rate = ((const struct victim_params *)w->params)->rate;
	const uint64_t start_ns = worker_now_ns();
	uint64_t nr = 0, now = start_ns;
	int ret = 0;

	while (!ret && now < end_ns && !worker_should_stop(w)) {
		uint64_t intended =
			rate ? start_ns + (uint64_t)((unsigned __int128)nr * 1000000000u / rate)
			     : now;

		if (intended >= end_ns)
			break;
		if (intended > now)
			worker_sleep_until(w, intended);
		else if (rate && now > intended + 1000000000u / rate)
			worker_slot_add(w, SLOT_LATE, 1);
		ret = operate(w, v);
		now = worker_now_ns();
		histogram_add(&w->ledger->latency, now - intended);
		atomic_store_explicit(&w->ledger->ops, ++nr, memory_order_relaxed);
	}
	return ret;
}

static int victim_run(struct worker *w)
{
	const struct victim_params *p = w->params;
	struct victim *v = w->state;
	uint64_t resident = 0;
	int ret = touch_set(w, v);

	if (!ret)
		ret = operate_until(w, v, worker_now_ns() + p->duration_ns);
	if (!ret && v->fd >= 0) {
		ret = residency_count(&v->residency, &resident);
		if (ret)
			return worker_fail(w, -ret,
					   "cannot count the file's pages in the cache: %s",
					   strerror(-ret));
	}
	worker_slot_set(w, SLOT_FILE_PAGES, resident);
	return ret;
}

static void victim_release(struct worker *w)
{
	struct victim *v = w->state;
	uint64_t left;

	if (!v)
		return;
	if (v->residency.page && !residency_count(&v->residency, &left))
		worker_slot_set(w, SLOT_FILE_PAGES_LEFT, left);
	residency_close(&v->residency);
	if (v->fd >= 0)
		close(v->fd);
	if (v->map)
		munmap(v->map, v->map_bytes);
	munmap(v, sizeof(*v));
	w->state = NULL;
}

const struct workload victim_workload = {
	.name = "victim",
	.summary = "a latency-sensitive worker, to run beside an antagonist",
	.truth = "While the group may not swap, the working set is resident to the page and takes one minor fault per page; the file's pages in the group's cache are those that mincore finds. Latencies count from the intended start of each operation.",
	.needs = NEED_FILES,
	.options = options,
	.params_bytes = sizeof(struct victim_params),
	.slots = {
		[SLOT_PAGES_TOUCHED] = { "pages_touched", UNIT_PAGES, "first touches of a page" },
		[SLOT_READS] = { "reads", UNIT_COUNT, "accesses to the working set" },
		[SLOT_ALLOCS] = { "allocs", UNIT_COUNT, "allocate-and-touch operations" },
		[SLOT_FILE_READS] = { "file_reads", UNIT_COUNT, "blocks of the file read" },
		[SLOT_LATE] = { "late", UNIT_COUNT, "operations started more than a period late" },
		[SLOT_FILE_PAGES] = { "file_pages", UNIT_PAGES, "pages of the file in the cache at the end" },
		[SLOT_FILE_PAGES_LEFT] = { "file_pages_left", UNIT_PAGES,
					   "those of them in the cache after the capture" },
	},
	.late_slots = 1 << SLOT_FILE_PAGES_LEFT,
	.rate_metric = true,
	.check = victim_check,
	.footprint = victim_footprint,
	.target = victim_target,
	.seconds = victim_seconds,
	.claims = victim_claims,
	.prepare = victim_prepare,
	.run = victim_run,
	.release = victim_release,
};
