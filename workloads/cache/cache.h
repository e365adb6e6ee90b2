/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the parts of cache: cache.c (options, description and the reads), cache_file.c
 * (the file and its warm part), cache_check.c (amounts and what is refused) and
 * cache_truth.c (claims).
 */
#ifndef PAGESTORM_CACHE_H
#define PAGESTORM_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/act/crew.h"
#include "workloads/act/fill.h"
#include "workloads/act/pattern.h"
#include "workloads/act/scratch.h"
#include "workloads/probe/residency.h"
#include "workloads/act/worker.h"

#define CACHE_STEP_BYTES (1u << 20) /* of writing and warming the file */
#define CACHE_OWN_BYTES	 (2u << 20) /* the worker's own memory and its page tables */

enum cache_source { SOURCE_FILE, SOURCE_LOOP };
enum cache_method { METHOD_READ, METHOD_MMAP, METHOD_DIRECT };
enum cache_evict { EVICT_FADVISE, EVICT_RECLAIM, EVICT_OVERFLOW };
enum cache_layout { LAYOUT_START, LAYOUT_SPREAD };
enum cache_loads { LOADS_PAGE, LOADS_LINE };

struct cache_params {
	uint64_t size_bytes, block_bytes, stride, passes, threads;
	double warm, share;
	int source, method, evict, layout, loads, pattern;
	bool readahead, latency;
};

/* ---- arithmetic; pure ---- */

/* Whole pages of a block, whole blocks of the file, and how many of them are warm. */
uint64_t cache_block_bytes(const struct cache_params *p, const struct workload_env *env);
uint64_t cache_blocks(const struct cache_params *p, const struct workload_env *env);
uint64_t cache_file_bytes(const struct cache_params *p, const struct workload_env *env);
uint64_t cache_warm_blocks(const struct cache_params *p, const struct workload_env *env);

/* Blocks that one pass reads of `blocks`; at least one. */
uint64_t cache_pass_blocks(const struct cache_params *p, uint64_t blocks);

/* Whether a pass reads the whole file: its misses are known beforehand then. */
bool cache_reads_all(const struct cache_params *p, const struct workload_env *env);

/* Whether readahead may bring pages in that no pass reads. */
bool cache_reads_ahead(const struct cache_params *p, const struct workload_env *env);

/* The amounts of a run in bytes. */
struct cache_amounts {
	uint64_t file, warm, read; /* read: of one pass */
	uint64_t missed;	   /* in all passes, when the whole file is read */
};

struct cache_amounts cache_amounts_of(const struct cache_params *p,
				      const struct workload_env *env);

/*
 * Upper bound of the page cache's index (xarray nodes) for so many cached bytes; with
 * source=loop of their buffer heads too.
 */
uint64_t cache_index_bytes(const struct cache_params *p, uint64_t cached_bytes,
			   const struct workload_env *env);

/* The pure functions of struct workload. */
int cache_check(const void *params, const struct workload_env *env, char *reason,
		size_t reason_bytes);
uint64_t cache_footprint(const void *params, const struct workload_env *env);
double cache_seconds(const void *params, const struct workload_env *env);
void cache_claims(const void *params, const struct workload_env *env, struct claims *out);

/* ---- in the worker ---- */

enum cache_slot {
	SLOT_BEFORE,
	SLOT_AFTER,
	SLOT_CACHESTAT_BEFORE,
	SLOT_CACHESTAT,
	SLOT_TRACES,
	SLOT_PERCENT_BEFORE,
	SLOT_PERCENT_AFTER,
	SLOT_PAGES_READ,
	SLOT_HITS,
	SLOT_MISSES,
	SLOT_LOST,
	SLOT_MISSING,
	SLOT_GONE,
	SLOT_FIRST_NS,
	SLOT_LAST_NS,
	SLOT_FIRST_RATE,
	SLOT_LAST_RATE,
};

struct cache_reader {
	int fd;
	char *buffer; /* NULL: reads the mapping */
};

struct cache_state {
	struct worker *w;
	const struct cache_params *params;
	struct scratch file;
	int source, reclaim; /* source: descriptor of what is read, the file or the device */
	uint64_t bytes, block, blocks;
	struct residency residency;
	uint64_t hits; /* pages that the first pass finds in the cache, as of READY */
	struct permutation scatter; /* which blocks are warm */
	struct fill fill;
	struct cache_reader reader[CREW_MAX];
	struct crew crew;
};

/*
 * The functions below return 0 or -errno (reported through worker_fail()) unless they say
 * otherwise.
 */

/* Makes the file and its readers, and reads the warm part into the cache. */
int cache_prepare(struct worker *w);

/* Reports "cannot WHAT PATH: ERROR"; ret is -errno, and is returned. */
int cache_fail(struct worker *w, int ret, const char *what);

/* Reads all of `bytes` from `at` on. 0 or -errno, not reported. */
int cache_read_bytes(int fd, char *buffer, uint64_t at, uint64_t bytes);

/* One pass over the file in the order of its first thread, without counting. */
int cache_read_through(struct worker *w);

/* Counts by mincore(2) into the two slots, and by cachestat(2). */
int cache_count(struct worker *w, enum cache_slot pages, enum cache_slot percent);
int cache_ask_cachestat(struct worker *w, uint64_t *cached, uint64_t *evicted);

/* Counts the run's hits and misses: its first pass over the pages of cache_count(). */
void cache_count_hits(struct worker *w);

#endif
