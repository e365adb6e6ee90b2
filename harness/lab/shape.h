/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shape of a guest: its NUMA nodes, their memory and CPUs, their distances.
 *
 * One number is a total that is shared out; a list gives each node its own. A
 * node with 0 memory is memoryless, one with 0 CPUs is CPU-less. Nothing is
 * rounded: what cannot be given as asked is an error. Pure.
 */
#ifndef PAGESTORM_LAB_SHAPE_H
#define PAGESTORM_LAB_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/error.h"

#define SHAPE_NODES_MAX	       16
#define SHAPE_CPUS_MAX	       64
#define SHAPE_GRAIN_BYTES      (2u << 20) /* one x86-64 PMD: nodes meet on a huge page */
#define SHAPE_MEMORY_MIN_BYTES ((uint64_t)192 << 20)

struct shape_node {
	uint64_t memory_bytes;
	unsigned nr_cpus; /* numbered upwards through the nodes */
};

struct shape {
	unsigned nr_nodes;
	struct shape_node node[SHAPE_NODES_MAX];
	bool has_distances; /* otherwise the kernel's own: 10 and 20 */
	uint8_t distance[SHAPE_NODES_MAX][SHAPE_NODES_MAX];
};

/* The options as they were typed; NULL: not given. */
struct shape_text {
	const char *nodes;     /* 3 */
	const char *memory;    /* 2G, or 1G,512M,0 */
	const char *cpus;      /* 4, or 2,2,0 */
	const char *distances; /* 30, or 10,30/30,10 */
};

/* Defaults: one node, 1 GiB, two CPUs or one for each node. 0 or -EINVAL. */
int shape_make(const struct shape_text *text, struct shape *shape, struct error *e);

uint64_t shape_memory_bytes(const struct shape *shape);
unsigned shape_nr_cpus(const struct shape *shape);

/*
 * Writes "nodes=2 memory=2147483648 node_memory=1G,1G node_cpus=1,1": what fits
 * into 200 bytes for any shape. Returns what snprintf would.
 */
int shape_format(const struct shape *shape, char *text, size_t size);

#endif
