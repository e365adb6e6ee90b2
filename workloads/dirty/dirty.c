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
	WALK_OPTION("order of the blocks when they are rewritten", AT(pattern)),
	STRIDE_OPTION("blocks from one write to the next, when pattern is stride", AT(stride)),
	{ .name = "passes",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = "1000000",
	  .help = "times to rewrite the file",
	  AT(passes) },
	RATE_OPTION("bytes per second at which blocks fall due (0: as fast as it may)",
		    AT(rate)),
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
	FILL_OPTION("random", AT(fill)),
	LATENCY_OPTION("yes",
		       "time each block with its fsync; with a rate from when it was due",
		       AT(latency)),
	{ .name = NULL },
};

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
