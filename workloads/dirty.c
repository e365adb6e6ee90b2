// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dirty: writes the pages of a private file, at a rate or as fast as it may, and leaves
 * them dirty, syncs them, or takes them back.
 *
 * Truth: a clean page that is written is counted once in write_bytes, when it becomes
 *   dirty and not when it reaches the disk; written again while it is dirty it is not
 *   counted again. A dirty page that is truncated is counted in cancelled_write_bytes.
 *   After fsync(2) none of them is dirty or under writeback.
 * Rises: the process's write_bytes; the group's file memory when a file grows, and
 *   its file_dirty (dirty on cgroup v1) until writeback; nr_dirtied and, once synced,
 *   nr_written of the machine; minflt of a mapping, by one for each folio that a store finds
 *   clean.
 * Still: the group's anon; minflt and majflt of write(2); cancelled_write_bytes unless
 *   discarded; file_dirty and file_writeback after fsync.
 * Beware: how long dirty pages stay is the kernel's affair and anybody's who calls
 *   sync(2): a whole amount is promised only where it is far below the threshold of
 *   background writeback and the writing takes less than half of the flusher's interval.
 *   With cgroup v2 a limited group has a threshold of its own, in proportion to its limit.
 *   A folio is dirty as a whole: on file systems with large folios (ext4 from Linux
 *   6.16 on, XFS) 4 KiB written into a clean folio of 64 KiB count as 64 KiB. Here a block
 *   is made and rewritten as a whole, so that folios never reach beyond it. Metadata
 *   (inode, bitmaps, extents) counts as the writer's: a few pages, again with each fsync.
 *   How fast it writes is the disk's, and whose the disk is.
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
#include "workloads/act/fill.h"
#include "workloads/act/pace.h"
#include "workloads/act/pattern.h"
#include "workloads/api/promise.h"
#include "workloads/probe/residency.h"
#include "workloads/act/worker.h"

#define OWN_BYTES	 (2u << 20) /* the worker's own memory, with its tables */
#define BYTES_PER_SECOND 500e6	    /* of a disk, for the plan alone */
#define VMSTAT_LAG_PAGES 125	    /* kept back on each CPU: MAX_THRESHOLD, mm/vmstat.c */
/*
 * Half of dirty_writeback_centisecs as kernels come with it: the flusher wakes that long
 * after a file became dirty and looks whether its share of the threshold is passed.
 */
#define UNDISTURBED_SECONDS 2.5
#define THRESHOLD_SHARE	    4 /* others have dirty pages too */

enum dirty_mode { MODE_APPEND, MODE_REWRITE };
enum dirty_method { METHOD_WRITE, METHOD_MMAP };
enum dirty_finish { FINISH_DIRTY, FINISH_FSYNC, FINISH_DISCARD };

struct dirty_params {
	uint64_t size_bytes, block_bytes, passes, rate, fsync_every, stride;
	char fill[FILL_TEXT_BYTES];
	int mode, method, finish, pattern;
	bool latency;
};

enum dirty_slot {
	SLOT_WRITTEN,
	SLOT_DIRTY,
	SLOT_WRITEBACK,
	SLOT_DISCARDED,
	SLOT_FSYNCS,
	SLOT_FSYNC_NS,
	SLOT_FSYNC_MAX_NS,
	SLOT_FINISH_NS,
	SLOT_LATE,
};

#define AT(member) .offset = offsetof(struct dirty_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "4K",
	  .help = "bytes of the file, rounded up to whole blocks",
	  AT(size_bytes) },
	{ .name = "mode",
	  .type = OPTION_CHOICE,
	  .fallback = "append",
	  .choices = "append|rewrite",
	  .help = "let an empty file grow, or write over one that is there and clean",
	  AT(mode) },
	{ .name = "method",
	  .type = OPTION_CHOICE,
	  .fallback = "write",
	  .choices = "write|mmap",
	  .help = "pwrite, or stores into a shared mapping",
	  AT(method) },
	{ .name = "block",
	  .type = OPTION_BYTES,
	  .fallback = "64K",
	  .min = "4K",
	  .max = "64M",
	  .help = "bytes of a write, rounded up to whole pages",
	  AT(block_bytes) },
	{ .name = "pattern",
	  .type = OPTION_CHOICE,
	  .fallback = "sequential",
	  .choices = PATTERN_WALKS,
	  .help = "order of the blocks when they are rewritten",
	  AT(pattern) },
	{ .name = "stride",
	  .type = OPTION_COUNT,
	  .fallback = "16",
	  .min = "1",
	  .help = "blocks from one write to the next, when pattern is stride",
	  AT(stride) },
	{ .name = "passes",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = "1000000",
	  .help = "times to rewrite the file",
	  AT(passes) },
	{ .name = "rate",
	  .type = OPTION_RATE,
	  .fallback = "0",
	  .help = "bytes per second at which blocks fall due (0: as fast as it may)",
	  AT(rate) },
	{ .name = "fsync_every",
	  .type = OPTION_BYTES,
	  .fallback = "0",
	  .help = "fsync after so many bytes, rounded up to whole blocks (0: never)",
	  AT(fsync_every) },
	{ .name = "finish",
	  .type = OPTION_CHOICE,
	  .fallback = "dirty",
	  .choices = "dirty|fsync|discard",
	  .help = "how it is held: dirty, synced, or truncated before it was written back",
	  AT(finish) },
	{ .name = "fill",
	  .type = OPTION_TEXT,
	  .fallback = "random",
	  .help = FILL_HELP,
	  AT(fill),
	  .capacity = FILL_TEXT_BYTES },
	{ .name = "latency",
	  .type = OPTION_BOOL,
	  .fallback = "yes",
	  .help = "time each block with its fsync; with a rate from when it was due",
	  AT(latency) },
	{ .name = NULL },
};

/* ---- arithmetic ---- */

static uint64_t block_bytes(const struct dirty_params *p, const struct workload_env *env)
{
	return round_up(p->block_bytes, env->page_bytes);
}

static uint64_t file_bytes(const struct dirty_params *p, const struct workload_env *env)
{
	return round_up(p->size_bytes, block_bytes(p, env));
}

static uint64_t written_bytes(const struct dirty_params *p, const struct workload_env *env)
{
	return p->passes * file_bytes(p, env);
}

static uint64_t fsync_bytes(const struct dirty_params *p, const struct workload_env *env)
{
	return round_up(p->fsync_every, block_bytes(p, env));
}

/* In the kernel an xa_node of 576 bytes has 64 slots, a page or a larger folio in each. */
static uint64_t index_bytes(uint64_t cached_bytes, const struct workload_env *env)
{
	return cached_bytes / env->page_bytes / 64 * 640 + 16 * env->page_bytes;
}

static uint64_t dirty_footprint(const void *params, const struct workload_env *env)
{
	const struct dirty_params *p = params;
	uint64_t file = file_bytes(p, env);

	return file + index_bytes(file, env) + OWN_BYTES + block_bytes(p, env) +
	       file / env->page_bytes + file / (env->page_bytes / sizeof(uint64_t));
}

static double dirty_seconds(const void *params, const struct workload_env *env)
{
	const struct dirty_params *p = params;
	double bytes = (double)written_bytes(p, env);

	return p->rate ? bytes / (double)p->rate : bytes / BYTES_PER_SECOND;
}

/* Where writeback begins for this group: with version 2 in proportion to what it may use. */
static uint64_t threshold_bytes(const struct workload_env *env)
{
	double share = (double)env->limit_bytes / (double)(env->available_bytes | 1);

	if (env->cgroup_version != 2 || !env->limit_bytes || share >= 1)
		return env->dirty_background_bytes;
	return (uint64_t)((double)env->dirty_background_bytes * share);
}

/* Nobody but this workload writes its pages back before HELD: see Beware. */
static bool undisturbed(const struct dirty_params *p, const struct workload_env *env)
{
	uint64_t most = file_bytes(p, env), every = fsync_bytes(p, env);

	if (every && every < most)
		most = every;
	return most <= threshold_bytes(env) / THRESHOLD_SHARE &&
	       dirty_seconds(p, env) < UNDISTURBED_SECONDS;
}

/*
 * From one write of a page to its next one a whole file is written, so with fsync_every
 * of at most that it is clean again by then.
 */
static bool clean_again(const struct dirty_params *p, const struct workload_env *env)
{
	return p->fsync_every && fsync_bytes(p, env) <= file_bytes(p, env);
}

/* Bytes that are made dirty: between these, which are equal where it is known. */
static void dirtied_bytes(const struct dirty_params *p, const struct workload_env *env,
			  uint64_t *least, uint64_t *most)
{
	*least = file_bytes(p, env);
	*most = written_bytes(p, env);
	if (clean_again(p, env))
		*least = *most;
	else if (undisturbed(p, env) && !p->fsync_every)
		*most = *least;
}

/* A page of a mapping may be written back between two stores to it, and is dirty again. */
static bool rewritten_amid(const struct dirty_params *p, const struct workload_env *env)
{
	return p->method == METHOD_MMAP && !undisturbed(p, env);
}

/* Dirty at HELD: at most; and exactly where nobody else writes them back. */
static uint64_t left_dirty_bytes(const struct dirty_params *p, const struct workload_env *env)
{
	uint64_t every = fsync_bytes(p, env), file = file_bytes(p, env);
	uint64_t since = every ? written_bytes(p, env) % every : file;

	if (p->finish != FINISH_DIRTY)
		return 0;
	return since < file ? since : file;
}

static const char *contradiction(const struct dirty_params *p, const struct workload_env *env)
{
	uint64_t need = dirty_footprint(p, env);

	if (fill_parse(p->fill, NULL, NULL))
		return "fill is zero or same or random or the random share of each page (50%)";
	if (p->mode == MODE_APPEND && p->passes > 1)
		return "what is appended is written once: raise size or use mode=rewrite";
	if (p->mode == MODE_APPEND && p->pattern != PATTERN_SEQUENTIAL)
		return "a file grows at its end: use mode=rewrite for another pattern";
	if (p->mode == MODE_APPEND && p->method == METHOD_MMAP)
		return "stores do not make a file longer: use mode=rewrite with method=mmap";
	if ((env->limit_bytes && need > env->limit_bytes) ||
	    (env->high_bytes && need > env->high_bytes))
		return "the file does not fit under the group's limit and reclaim would write "
		       "it back: raise memory.max or lower size";
	return NULL;
}

static int dirty_check(const void *params, const struct workload_env *env, char *reason,
		       size_t reason_bytes)
{
	const char *wrong = contradiction(params, env);

	if (wrong)
		snprintf(reason, reason_bytes, "%s", wrong);
	return wrong ? -EINVAL : 0;
}

/* ---- promises ---- */

/*
 * The inode, bitmaps and extents are pages of the block device, dirty in the name of
 * who changes them, and charged to whom touches them first: 0 to 5 pages were seen
 * on ext4 for 16 to 512 MiB.
 */
#define METADATA_PAGES	   8
#define METADATA_PER_BYTES (64u << 20) /* a page more for so many */

static int64_t metadata_bytes(const struct dirty_params *p, const struct workload_env *env)
{
	uint64_t pages = METADATA_PAGES + file_bytes(p, env) / METADATA_PER_BYTES;

	return (int64_t)(pages * env->page_bytes);
}

/*
 * Written back in between they become dirty again: 2.3 pages for each fsync of a growing
 * file were seen while vm.dirty_bytes kept the flusher at work, one where it only changes.
 */
static int64_t metadata_dirtied(const struct dirty_params *p, const struct workload_env *env)
{
	uint64_t every = fsync_bytes(p, env), fsyncs = p->finish == FINISH_FSYNC;
	uint64_t each = p->mode == MODE_APPEND ? 4 : 1;

	fsyncs += every ? written_bytes(p, env) / every : 0;
	return metadata_bytes(p, env) + (int64_t)(fsyncs * each * env->page_bytes);
}

static void claim_written(const struct dirty_params *p, const struct workload_env *env,
			  struct claims *out)
{
	int64_t asked = p->method == METHOD_WRITE ? (int64_t)written_bytes(p, env) : 0;
	int64_t page = (int64_t)env->page_bytes;
	uint64_t least, most;

	dirtied_bytes(p, env, &least, &most);
	const struct promise rows[] = {
		{ "pages_written", "ledger", "ledger", "pages_written", UNIT_PAGES,
		  PROMISE_EXACT, (int64_t)written_bytes(p, env) / page, 0,
		  "each block once in each pass" },
		{ "asked_bytes", "process", "io", "wchar", UNIT_BYTES, RELATION_BETWEEN,
		  BASIS_BOUNDED, asked, page,
		  "what the writes were given and the word that ends them" },
	};
	const struct promise known = {
		"dirtied_bytes",
		"process",
		"io",
		"write_bytes",
		UNIT_BYTES,
		RELATION_BETWEEN,
		BASIS_BOUNDED,
		(int64_t)least,
		(int64_t)(most - least) + metadata_dirtied(p, env),
		least < most ? "a page counts when it becomes dirty; how often it is written "
			       "back in between is not known; a few pages of metadata"
			     : "a page counts when it becomes dirty and not while it is; a "
			       "few pages of metadata"
	};
	const struct promise stored = {
		"dirtied_bytes",
		"process",
		"io",
		"write_bytes",
		UNIT_BYTES,
		RELATION_GE,
		BASIS_EXACT,
		(int64_t)least,
		0,
		"each page becomes dirty and again when it is written back amid the stores"
	};

	PROMISE_ROWS(out, SPAN_WORK, rows);
	promise_add(out, SPAN_WORK, rewritten_amid(p, env) ? &stored : &known, 1);
}

static void claim_cancelled(const struct dirty_params *p, const struct workload_env *env,
			    struct claims *out)
{
	bool discard = p->finish == FINISH_DISCARD;
	struct claim c = { .quantity = "cancelled_bytes",
			   .scope = "process",
			   .source = "io",
			   .counter = "cancelled_write_bytes",
			   .unit = UNIT_BYTES,
			   .relation = RELATION_EQ,
			   .basis = BASIS_EXACT };

	if (discard && undisturbed(p, env)) {
		c.basis = BASIS_BOUNDED;
		c.expected = (int64_t)file_bytes(p, env);
		if (p->fsync_every)
			c.expected = (int64_t)(written_bytes(p, env) % fsync_bytes(p, env));
	} else if (discard) {
		c.relation = RELATION_LE;
		c.expected = (int64_t)file_bytes(p, env);
	}
	claims_add(out, &c, "%s",
		   discard ? "a page that is truncated while dirty will not be written"
			   : "nothing that was dirty has been truncated");
}

static void claim_faults(const struct dirty_params *p, const struct workload_env *env,
			 struct claims *out)
{
	const int64_t stores = (int64_t)(written_bytes(p, env) / env->page_bytes);
	const struct promise mapped = {
		"minor_faults", "process",
		"stat",		"minflt",
		UNIT_COUNT,	RELATION_BETWEEN,
		BASIS_BOUNDED,	1,
		stores - 1,	"a store faults where its page is clean or not mapped"
	};
	const struct promise minor = { "minor_faults",
				       "process",
				       "stat",
				       "minflt",
				       UNIT_COUNT,
				       PROMISE_EXACT,
				       0,
				       0,
				       "a write copies from a buffer that is there already" };
	const struct promise major = { "major_faults",
				       "process",
				       "stat",
				       "majflt",
				       UNIT_COUNT,
				       PROMISE_EXACT,
				       0,
				       0,
				       "all that is touched is in memory" };

	promise_add(out, SPAN_WORK, p->method == METHOD_MMAP ? &mapped : &minor, 1);
	/* Where others reclaim ahead of need a page of the file may have to be read again. */
	if (p->method == METHOD_WRITE || !env->reclaims_ahead)
		promise_add(out, SPAN_WORK, &major, 1);
}

/*
 * What a counter of dirtiness shows at HELD. The group's has a few pages of metadata
 * besides, cachestat's is of the file alone.
 */
static void claim_state(const struct dirty_params *p, const struct workload_env *env,
			struct promise row, int64_t metadata, struct claims *out)
{
	uint64_t left = left_dirty_bytes(p, env);

	row.expected = (int64_t)(row.unit == UNIT_BYTES ? left : left / env->page_bytes);
	row.tolerance = metadata;
	row.basis = BASIS_BOUNDED;
	if (!left) {
		row.relation = metadata ? RELATION_BETWEEN : RELATION_EQ;
		row.basis = metadata ? BASIS_BOUNDED : BASIS_EXACT;
		row.why =
			p->finish == FINISH_DISCARD
				? "what is truncated is no longer dirty; metadata may be"
				: "fsync returns when all is on the disk; metadata may not be";
	} else if (undisturbed(p, env)) {
		row.relation = RELATION_BETWEEN;
		row.why = "far below the threshold and too young for the flusher: only sync(2) "
			  "would write it back";
	} else {
		row.relation = RELATION_LE;
		row.why = "no more can be dirty than was written since the last fsync";
	}
	promise_add(out, SPAN_WORK, &row, 1);
}

static void claim_dirty(const struct dirty_params *p, const struct workload_env *env,
			struct claims *out)
{
	bool v2 = env->cgroup_version == 2;
	bool settled = !left_dirty_bytes(p, env) || undisturbed(p, env);
	const char *dirty = v2 ? "file_dirty" : "dirty";
	const char *writeback = v2 ? "file_writeback" : "writeback";
	int64_t metadata = metadata_bytes(p, env);
	const struct promise group = { .quantity = "group_dirty_bytes",
				       .scope = "group",
				       .source = "memory.stat",
				       .counter = dirty,
				       .unit = UNIT_BYTES };
	const struct promise pages = { .quantity = "pages_dirty",
				       .scope = "ledger",
				       .source = "ledger",
				       .counter = "dirty_pages",
				       .unit = UNIT_PAGES };
	const struct promise none = { "group_writeback_bytes",
				      "group",
				      "memory.stat",
				      writeback,
				      UNIT_BYTES,
				      RELATION_LE,
				      BASIS_BOUNDED,
				      0,
				      metadata,
				      "nothing of the file is on its way to the disk" };
	const struct promise gone[] = {
		{ "group_dirty_bytes", "group", "memory.stat", dirty, UNIT_BYTES, RELATION_LE,
		  BASIS_BOUNDED, 0, metadata,
		  "the file is gone and only metadata is left to be written" },
		{ "group_writeback_bytes", "group", "memory.stat", writeback, UNIT_BYTES,
		  RELATION_LE, BASIS_BOUNDED, 0, metadata,
		  "the file is gone and only metadata may be on its way" },
	};

	claim_state(p, env, group, metadata, out);
	if (env->cachestat)
		claim_state(p, env, pages, 0, out);
	if (settled)
		promise_add(out, SPAN_WORK, &none, 1);
	PROMISE_ROWS(out, SPAN_RESIDUE, gone);
}

/* Clean pages may go where others reclaim ahead of need: see OUTSIDE_SHARE in cache.c. */
#define OUTSIDE_SHARE 50

static void claim_group(const struct dirty_params *p, const struct workload_env *env,
			struct claims *out)
{
	bool grows = p->mode == MODE_APPEND && p->finish != FINISH_DISCARD;
	bool shrinks = p->mode == MODE_REWRITE && p->finish == FINISH_DISCARD;
	int64_t file = (int64_t)file_bytes(p, env), outside = metadata_bytes(p, env);
	int64_t grown = grows ? file : shrinks ? -file : 0;

	if (env->reclaims_ahead)
		outside += file / OUTSIDE_SHARE + 16 * (int64_t)env->page_bytes;
	const struct promise rows[] = {
		{ "group_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, PROMISE_EXACT, 0, 0, "page cache is not anonymous" },
		{ "group_file_bytes", "group", "memory.stat", env_group_file(env), UNIT_BYTES,
		  PROMISE_BOUNDED, grown, outside,
		  "what is written stays in the cache; what is truncated does not; a few pages "
		  "of metadata" },
	};

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_system(const struct dirty_params *p, const struct workload_env *env,
			 struct claims *out)
{
	const int64_t lag = VMSTAT_LAG_PAGES * (int64_t)env->cpus;
	bool synced = p->finish == FINISH_FSYNC || p->fsync_every;
	uint64_t least, most;

	dirtied_bytes(p, env, &least, &most);
	int64_t pages = (int64_t)(least / env->page_bytes);
	int64_t written = (int64_t)((least - left_dirty_bytes(p, env)) / env->page_bytes);
	const struct promise dirtied = { "system_dirtied",
					 "system",
					 "vmstat",
					 "nr_dirtied",
					 UNIT_PAGES,
					 RELATION_GE,
					 BASIS_DIRECTION,
					 pages,
					 lag,
					 "the machine's count includes the worker's but for "
					 "what CPUs keep back" };
	const struct promise out_rows = { "system_written",
					  "system",
					  "vmstat",
					  "nr_written",
					  UNIT_PAGES,
					  RELATION_GE,
					  BASIS_DIRECTION,
					  written,
					  lag,
					  "what was synced was written by somebody" };

	promise_add(out, SPAN_WORK, &dirtied, 1);
	if (synced && p->finish != FINISH_DISCARD)
		promise_add(out, SPAN_WORK, &out_rows, 1);
}

static void dirty_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	claim_written(params, env, out);
	claim_cancelled(params, env, out);
	claim_faults(params, env, out);
	claim_dirty(params, env, out);
	claim_group(params, env, out);
	claim_system(params, env, out);
}

/* ---- the act ---- */

struct dirty_state {
	uint64_t block, bytes;
	int file;
	char *buffer; /* a block; NULL when mapped */
	char *map;    /* the whole file; NULL when written */
	struct fill fill;
	struct pattern pattern;
	char path[sizeof(((struct workload_env *)0)->scratch_dir) +
		  sizeof(((struct ledger *)0)->worker) + 16];
};

static int fail(struct worker *w, int ret, const char *act)
{
	const struct dirty_state *s = w->state;

	return worker_fail(w, -ret, "cannot %s %s: %s", act, s->path, strerror(-ret));
}

static int write_all(int fd, const char *from, uint64_t bytes, uint64_t at)
{
	while (bytes) {
		ssize_t n = pwrite(fd, from, bytes, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		from += n;
		at += (uint64_t)n;
		bytes -= (uint64_t)n;
	}
	return 0;
}

static int write_block(const struct dirty_state *s, uint64_t at, uint64_t bytes)
{
	uint64_t first = at / FILL_BLOCK_BYTES;

	if (s->map) {
		fill_write(&s->fill, s->map + at, bytes, first);
		return 0;
	}
	fill_write(&s->fill, s->buffer, bytes, first);
	return write_all(s->file, s->buffer, bytes, at);
}

static int sync_now(struct worker *w)
{
	const struct dirty_state *s = w->state;
	uint64_t start = worker_now_ns(), ns;

	if (fsync(s->file))
		return fail(w, -errno, "sync");
	ns = worker_now_ns() - start;
	worker_slot_add(w, SLOT_FSYNCS, 1);
	worker_slot_add(w, SLOT_FSYNC_NS, ns);
	if (ns > w->ledger->slot[SLOT_FSYNC_MAX_NS])
		worker_slot_set(w, SLOT_FSYNC_MAX_NS, ns);
	return 0;
}

/* Bytes of block number nr, of which sabotage leaves out the file's last pages. */
static uint64_t due_bytes(const struct worker *w, uint64_t at)
{
	const struct dirty_state *s = w->state;
	uint64_t left_out = w->ledger->sabotage_pages * w->env->page_bytes;
	uint64_t end = s->bytes > left_out ? s->bytes - left_out : 0;

	if (at >= end)
		return 0;
	return end - at < s->block ? end - at : s->block;
}

static int put_block(struct worker *w, uint64_t nr)
{
	const struct dirty_params *p = w->params;
	struct dirty_state *s = w->state;
	uint64_t at = pattern_walk(&s->pattern) * s->block, bytes = due_bytes(w, at);
	uint64_t every = fsync_bytes(p, w->env) / s->block;
	int ret = bytes ? write_block(s, at, bytes) : 0;

	if (ret)
		return fail(w, ret, "write");
	worker_slot_add(w, SLOT_WRITTEN, bytes / w->env->page_bytes);
	atomic_fetch_add_explicit(&w->ledger->moved_bytes, bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&w->ledger->ops, 1, memory_order_relaxed);
	return every && (nr + 1) % every == 0 ? sync_now(w) : 0;
}

/* When the block falls due, at which it may be too late already. */
static uint64_t wait_until_due(struct worker *w, const struct pace *pace, uint64_t start,
			       uint64_t nr)
{
	const struct dirty_state *s = w->state;
	uint64_t due = start + pace_when(pace, nr * s->block), now = worker_now_ns();

	if (!pace->rate)
		return now;
	if (due > now)
		worker_sleep_until(w, due);
	else if (now > start + pace_when(pace, (nr + 1) * s->block))
		worker_slot_add(w, SLOT_LATE, 1);
	return due;
}

static int put_all(struct worker *w)
{
	const struct dirty_params *p = w->params;
	const struct dirty_state *s = w->state;
	const struct pace pace = { .shape = PACE_LINEAR, .rate = p->rate };
	uint64_t nr = written_bytes(p, w->env) / s->block, start = worker_now_ns();
	int ret = 0;

	for (uint64_t i = 0; i < nr && !ret && !worker_should_stop(w); i++) {
		uint64_t due = p->latency || p->rate ? wait_until_due(w, &pace, start, i) : 0;

		ret = put_block(w, i);
		if (p->latency)
			histogram_add(&w->ledger->latency, worker_now_ns() - due);
	}
	return ret;
}

/* 0 each on a kernel without cachestat(2). */
static int count_dirty(struct worker *w, uint64_t *dirty, uint64_t *writeback)
{
	const struct dirty_state *s = w->state;
	int ret;

	*dirty = *writeback = 0;
	ret = w->env->cachestat ? residency_unclean(s->file, dirty, writeback) : 0;
	return ret ? fail(w, ret, "ask cachestat about") : 0;
}

static int discard(struct worker *w)
{
	const struct dirty_state *s = w->state;
	uint64_t dirty, writeback;
	int ret = count_dirty(w, &dirty, &writeback);

	if (ret)
		return ret;
	if (ftruncate(s->file, 0))
		return fail(w, -errno, "truncate");
	worker_slot_set(w, SLOT_DISCARDED, dirty);
	return 0;
}

static int dirty_run(struct worker *w)
{
	const struct dirty_params *p = w->params;
	int ret = put_all(w);
	uint64_t start = worker_now_ns();

	if (!ret && p->finish == FINISH_FSYNC)
		ret = sync_now(w);
	else if (!ret && p->finish == FINISH_DISCARD)
		ret = discard(w);
	worker_slot_set(w, SLOT_FINISH_NS, worker_now_ns() - start);
	return ret;
}

static int dirty_verify(struct worker *w)
{
	uint64_t dirty, writeback;
	int ret = count_dirty(w, &dirty, &writeback);

	if (ret)
		return ret;
	worker_slot_set(w, SLOT_DIRTY, dirty);
	worker_slot_set(w, SLOT_WRITEBACK, writeback);
	worker_achieved(w, dirty * w->env->page_bytes);
	return 0;
}

/* ---- the file ---- */

static int make_file(struct worker *w)
{
	struct dirty_state *s = w->state;

	if (!w->env->scratch_dir[0])
		return worker_fail(w, ENOENT, "there is no folder for the file");
	snprintf(s->path, sizeof(s->path), "%s/dirty-%s", w->env->scratch_dir,
		 w->ledger->worker[0] ? w->ledger->worker : "worker");
	s->file = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return s->file < 0 ? fail(w, -errno, "make") : 0;
}

/* The file as it is before it is rewritten: whole, in the cache and clean. */
static int write_first(struct worker *w)
{
	const struct dirty_state *s = w->state;
	int ret = 0;

	for (uint64_t at = 0; at < s->bytes && !ret; at += s->block) {
		if (worker_should_stop(w))
			return -EINTR;
		fill_write(&s->fill, s->buffer, s->block, at / FILL_BLOCK_BYTES + 1);
		ret = write_all(s->file, s->buffer, s->block, at);
	}
	if (!ret && fsync(s->file))
		ret = -errno;
	return ret ? fail(w, ret, "write") : 0;
}

static int map_file(struct worker *w)
{
	struct dirty_state *s = w->state;
	void *map = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->file, 0);

	if (map == MAP_FAILED)
		return fail(w, -errno, "map");
	s->map = map;
	return 0;
}

/*
 * Free memory may have gone back to the host of a virtual machine: what a file that grows
 * will take is taken and given back first. The frame's own prewarming would push a file
 * that is there already over the limit.
 */
static void prewarm(uint64_t bytes)
{
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (map != MAP_FAILED)
		munmap(map, bytes);
}

/* An inode that is new is made durable first: its metadata is not the workload's. */
static int prepare(struct worker *w)
{
	const struct dirty_params *p = w->params;
	const struct dirty_state *s = w->state;
	int ret;

	if (p->mode == MODE_APPEND)
		prewarm(s->bytes);
	ret = make_file(w);
	if (!ret && p->mode == MODE_REWRITE)
		ret = write_first(w);
	else if (!ret && fsync(s->file))
		ret = fail(w, -errno, "sync");
	if (!ret && p->method == METHOD_MMAP)
		ret = map_file(w);
	return ret;
}

static int dirty_prepare(struct worker *w)
{
	const struct dirty_params *p = w->params;
	struct dirty_state *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->file = -1;
	s->block = block_bytes(p, w->env);
	s->bytes = file_bytes(p, w->env);
	if (fill_init(&s->fill, p->fill, w->ledger->seed))
		return -EINVAL;
	pattern_init(&s->pattern, (enum pattern_kind)p->pattern, s->bytes / s->block,
		     w->ledger->seed);
	pattern_set_stride(&s->pattern, p->stride);
	s->buffer = mmap(NULL, s->block, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (s->buffer == MAP_FAILED) {
		s->buffer = NULL;
		return -errno;
	}
	return prepare(w);
}

static void dirty_release(struct worker *w)
{
	struct dirty_state *s = w->state;

	if (!s)
		return;
	if (s->map)
		munmap(s->map, s->bytes);
	if (s->buffer)
		munmap(s->buffer, s->block);
	/* Unlinked first: what is still dirty when it is closed need not be written. */
	if (s->file >= 0) {
		unlink(s->path);
		close(s->file);
	}
	free(s);
	w->state = NULL;
}

const struct workload dirty_workload = {
	.name = "dirty",
	.summary = "file pages written at a rate; held dirty, synced or discarded",
	.truth = "A page counts in write_bytes when it becomes dirty, to the page, and in "
		 "cancelled_write_bytes when it is truncated while dirty. The group's dirty "
		 "memory is what was written, where that is far below the threshold of background "
		 "writeback, and nothing after an fsync.",
	.needs = NEED_FILES,
	.options = options,
	.params_bytes = sizeof(struct dirty_params),
	.slots = {
		[SLOT_WRITTEN] = { "pages_written", UNIT_PAGES, "pages written, each time" },
		[SLOT_DIRTY] = { "dirty_pages", UNIT_PAGES, "dirty at HELD by cachestat" },
		[SLOT_WRITEBACK] = { "writeback_pages", UNIT_PAGES,
				     "under writeback at HELD by cachestat" },
		[SLOT_DISCARDED] = { "discarded_pages", UNIT_PAGES,
				     "dirty when they were truncated, by cachestat" },
		[SLOT_FSYNCS] = { "fsyncs", UNIT_COUNT, "calls of fsync" },
		[SLOT_FSYNC_NS] = { "fsync_ns", UNIT_NSEC, "time in fsync, the last one's too" },
		[SLOT_FSYNC_MAX_NS] = { "fsync_max_ns", UNIT_NSEC, "the longest fsync" },
		[SLOT_FINISH_NS] = { "finish_ns", UNIT_NSEC,
				     "time of the last fsync, or of truncating" },
		[SLOT_LATE] = { "late", UNIT_COUNT, "blocks begun more than a period late" },
	},
	.check = dirty_check,
	.footprint = dirty_footprint,
	.seconds = dirty_seconds,
	.claims = dirty_claims,
	.prepare = dirty_prepare,
	.run = dirty_run,
	.verify = dirty_verify,
	.release = dirty_release,
};
