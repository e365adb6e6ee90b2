/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the parts of dirty: dirty.c (options and description), dirty_file.c (the file),
 * dirty_write.c (the worker), dirty_check.c (what is refused) and dirty_truth.c (amounts and
 * claims).
 */
#ifndef PAGESTORM_DIRTY_H
#define PAGESTORM_DIRTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/act/fill.h"
#include "workloads/act/pattern.h"
#include "workloads/act/scratch.h"
#include "workloads/act/worker.h"

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
	SLOT_RECLAIMED,
};

/* ---- arithmetic; pure ---- */

/* A block in whole pages; the file, and what lies between two fsyncs, in whole blocks. */
uint64_t dirty_block_bytes(const struct dirty_params *p, const struct workload_env *env);
uint64_t dirty_file_bytes(const struct dirty_params *p, const struct workload_env *env);
uint64_t dirty_fsync_bytes(const struct dirty_params *p, const struct workload_env *env);

/* Bytes written over all passes. */
uint64_t dirty_written_bytes(const struct dirty_params *p, const struct workload_env *env);

/* The pure functions of struct workload. */
int dirty_check(const void *params, const struct workload_env *env, char *reason,
		size_t reason_bytes);
uint64_t dirty_footprint(const void *params, const struct workload_env *env);
double dirty_seconds(const void *params, const struct workload_env *env);
void dirty_claims(const void *params, const struct workload_env *env, struct claims *out);

/* ---- in the worker ---- */

struct dirty_state {
	uint64_t block, bytes;
	uint64_t evicted_before; /* shadow entries of the file at READY */
	struct scratch file;
	char *buffer; /* a block; NULL when mapped */
	char *map;    /* the whole file; NULL when written */
	struct fill fill;
	struct pattern pattern;
};

/* Reports "cannot WHAT PATH: ERROR" through worker_fail(); ret is -errno, and is returned. */
int dirty_fail(struct worker *w, int ret, const char *what);

/* Writes all of `bytes` at offset `at`. 0 or -errno, not reported. */
int dirty_write_all(int fd, const char *from, uint64_t bytes, uint64_t at);

/* Shadow entries of the file's reclaimed pages; 0 without cachestat(2). 0 or -errno, reported.
 */
int dirty_evicted(struct worker *w, uint64_t *evicted);

/* The functions of struct workload that run in the worker. */
int dirty_prepare(struct worker *w);
int dirty_run(struct worker *w);
int dirty_verify(struct worker *w);
void dirty_release(struct worker *w);

#endif
