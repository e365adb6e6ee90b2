// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dirty: writes the pages of a private file, at a rate or unpaced, and leaves them dirty,
 * syncs them, or truncates them.
 *
 * Exact: a clean page that is written counts once in write_bytes, when it becomes dirty and
 *   not when it reaches the disk; writing it again while it is dirty does not count. A dirty
 *   page that is truncated counts in cancelled_write_bytes. After fsync(2) no page of the
 *   file is dirty or under writeback.
 * Moves: the process's write_bytes; the group's file memory when the file grows, and its
 *   file_dirty (dirty on cgroup v1) until writeback; nr_dirtied of the machine and, after a
 *   sync, nr_written; minflt of a mapping, by one for each store to a clean folio.
 * Unchanged: the group's anon; minflt and majflt of write(2); cancelled_write_bytes unless
 *   truncated; file_dirty and file_writeback after fsync.
 * Caveats: the flusher, and any process that calls sync(2), write dirty pages back. An exact
 *   amount is promised only where it is far below the threshold of background writeback and
 *   the writes take less than half of the flusher's interval. On cgroup v2 a limited group
 *   has its own threshold, in proportion to its limit. A folio is dirty as a whole: on file
 *   systems with large folios (ext4 from Linux 6.16 on, XFS) 4 KiB written into a clean folio
 *   of 64 KiB count as 64 KiB. Blocks are written as a whole each time, so that no folio
 *   reaches beyond one. Metadata (inode, bitmaps, extents) counts as the writer's: a few
 *   pages, again with each fsync. The speed of the disk is not promised.
 */
#include "workloads/dirty/dirty.h"

#include "workloads/act/pace.h"

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
	  .help = "append to an empty file, or overwrite a clean one",
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
	  .help = "bytes per write, rounded up to whole pages",
	  AT(block_bytes) },
	WALK_OPTION("order of the blocks with mode=rewrite", AT(pattern)),
	STRIDE_OPTION("blocks from one write to the next, when pattern is stride", AT(stride)),
	{ .name = "passes",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = "1000000",
	  .help = "number of times to rewrite the file",
	  AT(passes) },
	RATE_OPTION("bytes per second at which blocks fall due (0: unpaced)", AT(rate)),
	{ .name = "fsync_every",
	  .type = OPTION_BYTES,
	  .fallback = "0",
	  .help = "bytes from one fsync to the next, rounded up to whole blocks (0: none)",
	  AT(fsync_every) },
	{ .name = "finish",
	  .type = OPTION_CHOICE,
	  .fallback = "dirty",
	  .choices = "dirty|fsync|discard",
	  .help = "state of the pages at HELD: dirty, synced, or truncated before writeback",
	  AT(finish) },
	FILL_OPTION("random", AT(fill)),
	LATENCY_OPTION("yes",
		       "time each block with its fsync; with a rate from its due time on",
		       AT(latency)),
	{ .name = NULL },
};

const struct workload dirty_workload = {
	.name = "dirty",
	.summary = "file pages written at a rate; held dirty, synced or discarded",
	.truth = "A page counts in write_bytes when it becomes dirty, to the page, and in cancelled_write_bytes when it is truncated while dirty. The group's dirty memory is what was written, if that is far below the threshold of background writeback, and nothing after an fsync.",
	.needs = NEED_FILES,
	.options = options,
	.params_bytes = sizeof(struct dirty_params),
	.slots = {
		[SLOT_WRITTEN] = { "pages_written", UNIT_PAGES, "pages written, over all passes" },
		[SLOT_DIRTY] = { "dirty_pages", UNIT_PAGES, "pages dirty at HELD, by cachestat" },
		[SLOT_WRITEBACK] = { "writeback_pages", UNIT_PAGES,
				     "pages under writeback at HELD, by cachestat" },
		[SLOT_DISCARDED] = { "discarded_pages", UNIT_PAGES,
				     "pages dirty when truncated, by cachestat" },
		[SLOT_FSYNCS] = { "fsyncs", UNIT_COUNT, "calls of fsync" },
		[SLOT_FSYNC_NS] = { "fsync_ns", UNIT_NSEC, "time in fsync, including the last" },
		[SLOT_FSYNC_MAX_NS] = { "fsync_max_ns", UNIT_NSEC, "the longest fsync" },
		[SLOT_FINISH_NS] = { "finish_ns", UNIT_NSEC,
				     "time of the last fsync or of the truncation" },
		[SLOT_LATE] = { "late", UNIT_COUNT, "blocks started more than a period late" },
		[SLOT_RECLAIMED] = { "reclaimed_pages", UNIT_PAGES,
				     "pages reclaimed since READY and not read again, by cachestat" },
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
