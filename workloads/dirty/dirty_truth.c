// SPDX-License-Identifier: GPL-2.0-or-later
/* The amounts that dirty writes, and its claims. */
#include "workloads/dirty/dirty.h"

#include "workloads/api/arith.h"
#include "workloads/api/promise.h"

#define OWN_BYTES	 (2u << 20) /* the worker's own memory and its page tables */
#define BYTES_PER_SECOND 500e6	    /* of a disk, for the plan alone */
#define VMSTAT_LAG_PAGES 125 /* not yet added up on each CPU: MAX_THRESHOLD, mm/vmstat.c */
/*
 * Half of the default dirty_writeback_centisecs: the flusher wakes 5 s after the first page
 * of a file became dirty.
 */
#define UNDISTURBED_SECONDS 2.5
#define THRESHOLD_SHARE	    4 /* for dirty pages of other processes */

/* ---- arithmetic ---- */

uint64_t dirty_block_bytes(const struct dirty_params *p, const struct workload_env *env)
{
	return round_up(p->block_bytes, env->page_bytes);
}

uint64_t dirty_file_bytes(const struct dirty_params *p, const struct workload_env *env)
{
	return round_up(p->size_bytes, dirty_block_bytes(p, env));
}

uint64_t dirty_written_bytes(const struct dirty_params *p, const struct workload_env *env)
{
	return p->passes * dirty_file_bytes(p, env);
}

uint64_t dirty_fsync_bytes(const struct dirty_params *p, const struct workload_env *env)
{
	return round_up(p->fsync_every, dirty_block_bytes(p, env));
}

/* An xa_node has 576 bytes and 64 slots, with a page or a large folio in each. */
static uint64_t index_bytes(uint64_t cached_bytes, const struct workload_env *env)
{
	return cached_bytes / env->page_bytes / 64 * 640 + 16 * env->page_bytes;
}

uint64_t dirty_footprint(const void *params, const struct workload_env *env)
{
	const struct dirty_params *p = params;
	uint64_t file = dirty_file_bytes(p, env);

	return file + index_bytes(file, env) + OWN_BYTES + dirty_block_bytes(p, env) +
	       file / env->page_bytes + file / (env->page_bytes / sizeof(uint64_t));
}

double dirty_seconds(const void *params, const struct workload_env *env)
{
	const struct dirty_params *p = params;
	double bytes = (double)dirty_written_bytes(p, env);

	return p->rate ? bytes / (double)p->rate : bytes / BYTES_PER_SECOND;
}

/* Where background writeback begins for the group: on v2 in proportion to its limit. */
static uint64_t threshold_bytes(const struct workload_env *env)
{
	double share = (double)env->limit_bytes / (double)(env->available_bytes | 1);

	if (env->cgroup_version != 2 || !env->limit_bytes || share >= 1)
		return env->dirty_background_bytes;
	return (uint64_t)((double)env->dirty_background_bytes * share);
}

/* Whether no page is written back before HELD but by the workload itself: see Caveats. */
static bool undisturbed(const struct dirty_params *p, const struct workload_env *env)
{
	uint64_t most = dirty_file_bytes(p, env), every = dirty_fsync_bytes(p, env);

	if (every && every < most)
		most = every;
	return most <= threshold_bytes(env) / THRESHOLD_SHARE &&
	       dirty_seconds(p, env) < UNDISTURBED_SECONDS;
}

/*
 * Between two writes of a page the whole file is written: with fsync_every of at most that,
 * each page is clean again when it is rewritten.
 */
static bool clean_again(const struct dirty_params *p, const struct workload_env *env)
{
	return p->fsync_every && dirty_fsync_bytes(p, env) <= dirty_file_bytes(p, env);
}

/* Bytes that become dirty: bounds, which are equal where the amount is known. */
static void dirtied_bytes(const struct dirty_params *p, const struct workload_env *env,
			  uint64_t *least, uint64_t *most)
{
	*least = dirty_file_bytes(p, env);
	*most = dirty_written_bytes(p, env);
	if (clean_again(p, env))
		*least = *most;
	else if (undisturbed(p, env) && !p->fsync_every)
		*most = *least;
}

/* Whether a mapped page may be written back between two stores to it and count twice. */
static bool rewritten_amid(const struct dirty_params *p, const struct workload_env *env)
{
	return p->method == METHOD_MMAP && !undisturbed(p, env);
}

/*
 * Bytes dirty before the last fsync or the truncation: an upper bound, and exact where
 * undisturbed(). The file is dirty once however often it was written since the last fsync.
 */
static uint64_t unsynced_bytes(const struct dirty_params *p, const struct workload_env *env)
{
	uint64_t every = dirty_fsync_bytes(p, env), file = dirty_file_bytes(p, env);
	uint64_t since = every ? dirty_written_bytes(p, env) % every : file;

	return since < file ? since : file;
}

/* The same at HELD. */
static uint64_t left_dirty_bytes(const struct dirty_params *p, const struct workload_env *env)
{
	return p->finish == FINISH_DIRTY ? unsynced_bytes(p, env) : 0;
}

/* ---- promises ---- */

/*
 * The inode, bitmaps and extents are pages of the block device. They count as dirtied by the
 * writer and are charged to their first toucher: 0 to 5 pages were measured on ext4 for 16 to
 * 512 MiB.
 */
#define METADATA_PAGES	   8
#define METADATA_PER_BYTES (64u << 20) /* bytes of the file per further page */

static int64_t metadata_bytes(const struct dirty_params *p, const struct workload_env *env)
{
	uint64_t pages = METADATA_PAGES + dirty_file_bytes(p, env) / METADATA_PER_BYTES;

	return (int64_t)(pages * env->page_bytes);
}

/*
 * After writeback they become dirty again: 2.3 pages per fsync of a growing file were
 * measured while vm.dirty_bytes kept the flusher busy, one of a file of constant size.
 */
static int64_t metadata_dirtied(const struct dirty_params *p, const struct workload_env *env)
{
	uint64_t every = dirty_fsync_bytes(p, env), fsyncs = p->finish == FINISH_FSYNC;
	uint64_t each = p->mode == MODE_APPEND ? 4 : 1;

	fsyncs += every ? dirty_written_bytes(p, env) / every : 0;
	return metadata_bytes(p, env) + (int64_t)(fsyncs * each * env->page_bytes);
}

static void claim_written(const struct dirty_params *p, const struct workload_env *env,
			  struct claims *out)
{
	int64_t asked = p->method == METHOD_WRITE ? (int64_t)dirty_written_bytes(p, env) : 0;
	int64_t page = (int64_t)env->page_bytes;
	uint64_t least, most;

	dirtied_bytes(p, env, &least, &most);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "pages_written", .scope = "ledger",
		  .source = "ledger", .counter = "pages_written", .unit = UNIT_PAGES,
		  .expected = (int64_t)dirty_written_bytes(p, env) / page,
		  .why = "each block once in each pass" },
		{ .quantity = "asked_bytes", .scope = "process",
		  .source = "io", .counter = "wchar", .unit = UNIT_BYTES,
		  .relation = RELATION_BETWEEN, .basis = BASIS_BOUNDED, .expected = asked,
		  .tolerance = page,
		  .why = "bytes of all writes and the worker's one-byte report" },
	};
	const struct promise known = {
		.quantity = "dirtied_bytes", .scope = "process",
		.source = "io", .counter = "write_bytes", .unit = UNIT_BYTES,
		.relation = RELATION_BETWEEN, .basis = BASIS_BOUNDED,
		.expected = (int64_t)least,
		.tolerance = (int64_t)(most - least) + metadata_dirtied(p, env),
		.why = least < most ? "a page counts each time that it becomes dirty; writeback in between is not known; a few pages of metadata"
		       : "a page counts when it becomes dirty and not while it is dirty; a few pages of metadata",
	};
	const struct promise stored = {
		.quantity = "dirtied_bytes", .scope = "process",
		.source = "io", .counter = "write_bytes", .unit = UNIT_BYTES,
		.relation = RELATION_GE, .expected = (int64_t)least,
		.why = "each page becomes dirty at least once; writeback between stores makes it dirty again",
	};
	/* clang-format on */

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
		c.expected = (int64_t)unsynced_bytes(p, env);
	} else if (discard) {
		c.relation = RELATION_LE;
		c.expected = (int64_t)dirty_file_bytes(p, env);
	}
	claims_add(out, &c, "%s",
		   discard ? "a page that is truncated while dirty is not written back"
			   : "no dirty page is truncated");
}

/*
 * A store to a clean page of a mapping drops mmap_lock and is retried (do_page_mkwrite(),
 * mm/memory.c), and until Linux 5.10 at least the task's count of a fault that was retried is
 * majflt: 2048 major and no minor faults were seen for 2048 pages. The group's pgmajfault
 * counts only those with I/O.
 */
static void claim_faults(const struct dirty_params *p, const struct workload_env *env,
			 struct claims *out)
{
	const int64_t stores = (int64_t)(dirty_written_bytes(p, env) / env->page_bytes);
	/* clang-format off */
	const struct promise mapped[] = {
		{ .quantity = "faults", .scope = "process",
		  .source = "stat", .counter = "minflt+majflt", .relation = RELATION_BETWEEN,
		  .basis = BASIS_BOUNDED, .expected = 1, .tolerance = stores - 1, .least = 1,
		  .why = "a store faults if its page is clean or not mapped; some kernels count a fault that was retried as major" },
		{ .quantity = "group_major_faults", .scope = "group",
		  .source = "memory.stat", .counter = "pgmajfault",
		  .unless = !env_lacks(env, CAPABILITY_DAMON_RECLAIMS),
		  .why = "the file is in memory and needs no I/O" },
	};
	const struct promise minor = {
		.quantity = "minor_faults", .scope = "process",
		.source = "stat", .counter = "minflt",
		.why = "a write copies from a buffer that is present",
	};
	const struct promise major = {
		.quantity = "major_faults", .scope = "process",
		.source = "stat", .counter = "majflt",
		.why = "the file and the buffer are in memory",
	};
	/* clang-format on */

	/* After outside reclaim a store may have to read its page again. */
	if (p->method == METHOD_MMAP) {
		PROMISE_ROWS(out, SPAN_WORK, mapped);
		return;
	}
	promise_add(out, SPAN_WORK, &minor, 1);
	promise_add(out, SPAN_WORK, &major, 1);
}

/*
 * A counter of dirty pages at HELD. The group's includes a few pages of metadata, cachestat's
 * is of the file alone.
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
				? "truncated pages are no longer dirty; metadata may be"
				: "fsync returns when all pages are on the disk; metadata may be dirty";
	} else if (undisturbed(p, env)) {
		row.relation = RELATION_BETWEEN;
		row.why =
			"far below the threshold and too young for the flusher: only sync(2) would write it back";
	} else {
		row.relation = RELATION_LE;
		row.why = "the bytes written since the last fsync bound what can be dirty";
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
	/* clang-format off */
	const struct promise group = {
		.quantity = "group_dirty_bytes", .scope = "group",
		.source = "memory.stat", .counter = dirty, .unit = UNIT_BYTES,
	};
	const struct promise pages = {
		.quantity = "pages_dirty", .scope = "ledger",
		.source = "ledger", .counter = "dirty_pages", .unit = UNIT_PAGES,
	};
	const struct promise none = {
		.quantity = "group_writeback_bytes", .scope = "group",
		.source = "memory.stat", .counter = writeback, .unit = UNIT_BYTES,
		.relation = RELATION_LE, .basis = BASIS_BOUNDED, .tolerance = metadata,
		.why = "no page of the file is under writeback",
	};
	const struct promise gone[] = {
		{ .quantity = "group_dirty_bytes", .scope = "group",
		  .source = "memory.stat", .counter = dirty, .unit = UNIT_BYTES,
		  .relation = RELATION_LE, .basis = BASIS_BOUNDED, .tolerance = metadata,
		  .why = "the file is removed and only metadata may be dirty" },
		{ .quantity = "group_writeback_bytes", .scope = "group",
		  .source = "memory.stat", .counter = writeback, .unit = UNIT_BYTES,
		  .relation = RELATION_LE, .basis = BASIS_BOUNDED, .tolerance = metadata,
		  .why = "the file is removed and only metadata may be under writeback" },
	};
	/* clang-format on */

	claim_state(p, env, group, metadata, out);
	if (env_has(env, CAPABILITY_CACHESTAT))
		claim_state(p, env, pages, 0, out);
	if (settled)
		promise_add(out, SPAN_WORK, &none, 1);
	PROMISE_ROWS(out, SPAN_RESIDUE, gone);
}

/*
 * What an outside reclaimer takes shows in refaults and in shadow entries. Without cachestat(2)
 * neither can be told from the worker's own, and nothing is promised where DAMON may reclaim.
 */
static bool losses_show(const struct workload_env *env)
{
	return env_has(env, CAPABILITY_CACHESTAT) || env_lacks(env, CAPABILITY_DAMON_RECLAIMS);
}

static void claim_group(const struct dirty_params *p, const struct workload_env *env,
			struct claims *out)
{
	bool grows = p->mode == MODE_APPEND && p->finish != FINISH_DISCARD;
	bool shrinks = p->mode == MODE_REWRITE && p->finish == FINISH_DISCARD;
	const int64_t file = (int64_t)dirty_file_bytes(p, env);
	const int64_t grown = grows ? file : shrinks ? -file : 0;

	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .why = "page cache is not anonymous" },
		{ .quantity = "group_file_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_file(env), .unit = UNIT_BYTES,
		  .basis = BASIS_BOUNDED, .expected = grown,
		  .tolerance = metadata_bytes(p, env), .unless = !losses_show(env),
		  .why = "written pages stay in the cache and truncated ones do not; a few pages of metadata" },
	};
	/* clang-format on */

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
	/* clang-format off */
	const struct promise dirtied = {
		.quantity = "system_dirtied", .scope = "system",
		.source = "vmstat", .counter = "nr_dirtied", .unit = UNIT_PAGES,
		.relation = RELATION_GE, .basis = BASIS_DIRECTION, .expected = pages,
		.tolerance = lag,
		.why = "the machine's count includes the worker's except for counts that CPUs have not added up yet",
	};
	const struct promise out_rows = {
		.quantity = "system_written", .scope = "system",
		.source = "vmstat", .counter = "nr_written", .unit = UNIT_PAGES,
		.relation = RELATION_GE, .basis = BASIS_DIRECTION, .expected = written,
		.tolerance = lag,
		.why = "synced pages have been written back",
	};
	/* clang-format on */

	promise_add(out, SPAN_WORK, &dirtied, 1);
	if (synced && p->finish != FINISH_DISCARD)
		promise_add(out, SPAN_WORK, &out_rows, 1);
}

void dirty_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	claim_written(params, env, out);
	claim_cancelled(params, env, out);
	claim_faults(params, env, out);
	claim_dirty(params, env, out);
	claim_group(params, env, out);
	claim_system(params, env, out);
}
