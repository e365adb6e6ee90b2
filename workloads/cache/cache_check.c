// SPDX-License-Identifier: GPL-2.0-or-later
/* The amounts of cache, and which parameters it refuses. */
#include "workloads/cache/cache.h"

#include "workloads/api/arith.h"
#include "workloads/probe/reclaim.h"

uint64_t cache_block_bytes(const struct cache_params *p, const struct workload_env *env)
{
	return round_up(p->block_bytes, env->page_bytes);
}

uint64_t cache_blocks(const struct cache_params *p, const struct workload_env *env)
{
	return round_up(p->size_bytes, cache_block_bytes(p, env)) / cache_block_bytes(p, env);
}

uint64_t cache_file_bytes(const struct cache_params *p, const struct workload_env *env)
{
	return cache_blocks(p, env) * cache_block_bytes(p, env);
}

static uint64_t rounded_share(uint64_t nr, double share)
{
	uint64_t part = (uint64_t)((double)nr * share + 0.5);

	return part < nr ? part : nr;
}

uint64_t cache_warm_blocks(const struct cache_params *p, const struct workload_env *env)
{
	return rounded_share(cache_blocks(p, env), p->warm);
}

uint64_t cache_pass_blocks(const struct cache_params *p, uint64_t blocks)
{
	uint64_t part = rounded_share(blocks, p->share);

	return part ? part : blocks > 0;
}

bool cache_reads_all(const struct cache_params *p, const struct workload_env *env)
{
	return cache_pass_blocks(p, cache_blocks(p, env)) == cache_blocks(p, env);
}

bool cache_reads_ahead(const struct cache_params *p, const struct workload_env *env)
{
	return p->readahead && p->method != METHOD_DIRECT && !cache_reads_all(p, env);
}

struct cache_amounts cache_amounts_of(const struct cache_params *p,
				      const struct workload_env *env)
{
	uint64_t block = cache_block_bytes(p, env);
	struct cache_amounts a = { .file = cache_file_bytes(p, env),
				   .warm = cache_warm_blocks(p, env) * block,
				   .read = cache_pass_blocks(p, cache_blocks(p, env)) * block };

	if (p->method == METHOD_DIRECT || p->evict == EVICT_OVERFLOW)
		a.missed = p->passes * a.read;
	else
		a.missed = a.file - a.warm;
	return a;
}

/*
 * An xa_node has 576 bytes and 64 slots, with a page or a large folio in each. A page of a
 * block device that is read alone has a buffer head, which is charged (alloc_page_buffers(),
 * fs/buffer.c): 104 bytes, and a pointer to its group.
 */
uint64_t cache_index_bytes(const struct cache_params *p, uint64_t cached_bytes,
			   const struct workload_env *env)
{
	const uint64_t heads = p->source == SOURCE_LOOP ? cached_bytes / env->page_bytes : 0;

	return cached_bytes / env->page_bytes / 64 * 640 + heads * 120 + 16 * env->page_bytes;
}

static uint64_t buffers_bytes(const struct cache_params *p, const struct workload_env *env)
{
	return p->method == METHOD_MMAP ? 0 : p->threads * cache_block_bytes(p, env);
}

uint64_t cache_footprint(const void *params, const struct workload_env *env)
{
	const struct cache_params *p = params;
	uint64_t file = cache_file_bytes(p, env), own;

	own = CACHE_OWN_BYTES + p->threads * CREW_STACK_BYTES + buffers_bytes(p, env) +
	      CACHE_STEP_BYTES + file / env->page_bytes + cache_index_bytes(p, file, env) +
	      file / (env->page_bytes / sizeof(uint64_t));
	if (p->evict == EVICT_OVERFLOW && env->limit_bytes)
		return env->limit_bytes;
	return file + own;
}

/* About 1 GB/s with readahead, and 100 us for each read without; the same again to prepare. */
double cache_seconds(const void *params, const struct workload_env *env)
{
	const struct cache_params *p = params;
	double reads = (double)cache_pass_blocks(p, cache_blocks(p, env)) * (double)p->passes;
	double bytes = reads * (double)cache_block_bytes(p, env);

	return bytes / 1e9 + (p->readahead ? 0 : reads * 1e-4);
}

static const char *overflow_contradiction(const struct cache_params *p,
					  const struct workload_env *env)
{
	if (!env->limit_bytes)
		return "evict=overflow requires a limit to exceed: add memory.max";
	if (cache_file_bytes(p, env) < env->limit_bytes + env->limit_bytes / 4)
		return "evict=overflow requires a file of at least 1.25 times memory.max: raise size";
	if (p->pattern != PATTERN_SEQUENTIAL || p->share < 1 || p->threads > 1)
		return "with evict=overflow the misses are known for one thread that reads the whole file in order: use pattern=sequential and share=100% and threads=1";
	if (p->warm > 0 || p->method != METHOD_READ || p->source != SOURCE_FILE)
		return "with evict=overflow the misses are known for reads of a cold file: use warm=0% and source=file and method=read (reclaim keeps an unknown part of mapped pages)";
	return NULL;
}

static const char *contradiction(const struct cache_params *p, const struct workload_env *env)
{
	uint64_t need = cache_footprint(p, env);

	if (p->evict == EVICT_OVERFLOW)
		return overflow_contradiction(p, env);
	if (!env_fits(env, need))
		return "the file exceeds the group's limit and would cause reclaim: raise memory.max or use evict=overflow";
	if (p->share < 1 && p->threads > 1)
		return "share below 100% requires one thread: use threads=1";
	return NULL;
}

static const char *missing(const struct cache_params *p, const struct workload_env *env)
{
	if (p->evict == EVICT_RECLAIM && !reclaim_offered(env))
		return "evict=reclaim needs memory.reclaim of Linux 5.19: use evict=fadvise";
	if (p->source == SOURCE_LOOP && !env->loop)
		return "source=loop requires a loop device and none can be made here";
	return NULL;
}

int cache_check(const void *params, const struct workload_env *env, char *reason,
		size_t reason_bytes)
{
	const char *wrong = contradiction(params, env), *lack = missing(params, env);

	return check_answer(wrong, lack, reason, reason_bytes);
}
