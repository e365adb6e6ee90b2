// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fills a node so that allocations that prefer it spill. Memory that prefers the node fills
 * it until it spills itself; the free pages are then the node's reserve. An eighth is
 * returned, and taken again until the free pages exceed the reserve by the wanted room. Just
 * returning that room would not do: per-CPU lists keep freed pages, up to the low watermark
 * (Documentation/admin-guide/sysctl/vm.rst, percpu_pagelist_high_fraction), which do not
 * count as free. MPOL_PREFERRED falls back to other nodes: nothing is reclaimed and no
 * process is killed.
 */
#include "workloads/numa/numa.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define NUMASTAT_TRIES 100 /* until no other process spills between two reads */

static uint64_t node_bytes(const struct workload_env *env, int node)
{
	for (unsigned i = 0; i < env->nr_nodes; i++)
		if ((int)env->nodes[i] == node)
			return env->node_bytes[i];
	return 0;
}

uint64_t numa_filler_bytes(const struct numa_params *p, const struct workload_env *env)
{
	const uint64_t step = NUMA_BATCH_PAGES * env->page_bytes;

	return numa_fills(p) ? node_bytes(env, numa_memory_node(p, env)) / step * step : 0;
}

/* Touches a batch; the node of its last page, or -errno. */
static int touch_batch(const struct numa *s, uint64_t at)
{
	const uint64_t bytes = NUMA_BATCH_PAGES * s->page_bytes;

	for (uint64_t k = 0; k < bytes; k += s->page_bytes)
		*(volatile uint64_t *)(s->filler + at + k) = k + 1;
	return numa_where(s->filler + at + bytes - s->page_bytes);
}

static int free_bytes(int node, uint64_t *bytes)
{
	unsigned long long kib;
	char path[64], line[128];
	int ret = -ENODATA;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", node);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (ret && fgets(line, sizeof(line), f))
		if (sscanf(line, "Node %*d MemFree: %llu kB", &kib) == 1)
			ret = 0;
	fclose(f);
	*bytes = ret ? 0 : kib << 10;
	return ret;
}

/*
 * Continues to fill from `at` on until the node spills or has no more than *left bytes free;
 * sets *left to its free bytes.
 */
static int fill_up(struct worker *w, struct numa *s, uint64_t at, uint64_t *left)
{
	const uint64_t step = NUMA_BATCH_PAGES * s->page_bytes, enough = *left;
	int node = s->memory_node, ret = free_bytes(node, left);

	while (!ret && node == s->memory_node && *left > enough && !worker_should_stop(w)) {
		if (at >= s->filler_bytes)
			return worker_fail(w, ENOMEM,
					   "node %d did not spill after its own size",
					   s->memory_node);
		node = touch_batch(s, at);
		ret = node < 0 ? node : free_bytes(s->memory_node, left);
		at += step;
	}
	s->filled_bytes = at;
	return ret ? worker_fail(w, -ret, "cannot get the node of a page or the free bytes: %s",
				 strerror(-ret))
		   : 0;
}

static int make_room(struct worker *w, struct numa *s, uint64_t room)
{
	const uint64_t step = NUMA_BATCH_PAGES * s->page_bytes;
	uint64_t left = 0, kept;
	int ret = fill_up(w, s, 0, &left);

	if (ret || worker_should_stop(w))
		return ret;
	kept = (s->filled_bytes - s->filled_bytes / 8) / step * step;
	kept -= room + step < kept ? (room + step) / step * step : kept;
	if (madvise(s->filler + kept, s->filled_bytes - kept, MADV_DONTNEED))
		return worker_fail(w, errno, "cannot return memory of node %d: %s",
				   s->memory_node, strerror(errno));
	left += room;
	return fill_up(w, s, kept, &left);
}

int numa_fill_node(struct worker *w, struct numa *s)
{
	const struct numa_params *p = w->params;
	const uint64_t room = (uint64_t)((1 - p->spill) * (double)s->pages) * s->page_bytes;
	int ret;

	s->filler_bytes = numa_filler_bytes(p, w->env);
	s->filler = worker_map_anon(s->filler_bytes, s->page_bytes, false);
	if (!s->filler)
		return worker_fail(w, errno, "cannot map %" PRIu64 " bytes to fill node %d: %s",
				   s->filler_bytes, s->memory_node, strerror(errno));
	ret = numa_prefer(w, s->filler, s->filler_bytes, s->memory_node);
	return ret ? ret : make_room(w, s, room);
}

/* The sum of one line of numastat over all nodes. */
static int add_up(const struct workload_env *env, const char *key, uint64_t *sum)
{
	char path[64], word[32];
	unsigned long long value;

	*sum = 0;
	for (unsigned i = 0; i < env->nr_nodes; i++) {
		FILE *f;

		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/numastat",
			 env->nodes[i]);
		f = fopen(path, "re");
		if (!f)
			return -errno;
		while (fscanf(f, "%31s %llu", word, &value) == 2)
			*sum += strcmp(word, key) ? 0 : value;
		fclose(f);
	}
	return 0;
}

int numa_count_spilled(struct worker *w, struct numa_spilled *sum)
{
	uint64_t before, after;
	int ret = add_up(w->env, "numa_foreign", &after);

	for (unsigned i = 0; i < NUMASTAT_TRIES && !ret; i++) {
		before = after;
		ret = add_up(w->env, "numa_miss", &sum->miss);
		if (!ret)
			ret = add_up(w->env, "numa_foreign", &after);
		if (!ret && after == before)
			break;
	}
	sum->foreign = after;
	return ret ? worker_fail(w, -ret, "cannot read numastat: %s", strerror(-ret)) : 0;
}
