// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nodes, their CPUs and distances. The only user of hwloc.
 */
#include "harness/machine/host_probe.h"

#include <errno.h>
#include <hwloc.h>
#include <hwloc/distances.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/machine/host_file.h"

#define LOCAL_DISTANCE 10 /* ACPI SLIT: a node to itself */

static int topology_load(hwloc_topology_t *topology, const char *root)
{
	const char *before = getenv("HWLOC_FSROOT");
	char *kept = before ? strdup(before) : NULL;
	hwloc_topology_t t;
	int ret;

	/* hwloc reads it while loading only, and has no call for it. */
	if (*root)
		setenv("HWLOC_FSROOT", root, 1);
	ret = hwloc_topology_init(&t);
	if (!ret) {
		/* x86 asks each CPU in turn by binding to it: slow, and not needed */
		hwloc_topology_set_components(t, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST,
					      "x86");
		/* without groups a node hangs below the machine and takes its CPUs */
		hwloc_topology_set_all_types_filter(t, HWLOC_TYPE_FILTER_KEEP_NONE);
		hwloc_topology_set_type_filter(t, HWLOC_OBJ_GROUP,
					       HWLOC_TYPE_FILTER_KEEP_STRUCTURE);
		hwloc_topology_set_flags(t, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
		ret = hwloc_topology_load(t);
		if (ret)
			hwloc_topology_destroy(t);
	}
	if (*root && kept)
		setenv("HWLOC_FSROOT", kept, 1);
	else if (*root)
		unsetenv("HWLOC_FSROOT");
	free(kept);
	if (ret)
		return -EIO;
	*topology = t;
	return 0;
}

/*
 * The kernel's own list: hwloc gives a node without CPUs those of the nodes that it
 * groups it with by distance.
 */
static void node_cpus(struct host_node *node, hwloc_obj_t object, const char *root)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	char path[64], list[512];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/cpulist", node->id);
	if (set && host_file_read(root, path, list, sizeof(list)))
		hwloc_bitmap_copy(set, object->cpuset);
	else if (set && *list)
		hwloc_bitmap_list_sscanf(set, list);
	if (set && !hwloc_bitmap_iszero(set)) {
		node->nr_cpus = (unsigned)hwloc_bitmap_weight(set);
		hwloc_bitmap_list_snprintf(node->cpus, sizeof(node->cpus), set);
	}
	hwloc_bitmap_free(set);
}

static void node_fill(struct host_node *node, hwloc_obj_t object, const char *root)
{
	node->id = object->os_index;
	node->memory_bytes = object->attr->numanode.local_memory;
	node_cpus(node, object, root);
}

static int by_id(const void *a, const void *b)
{
	const struct host_node *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static struct host_node *node_find(struct host *host, unsigned id)
{
	for (unsigned i = 0; i < host->nr_nodes; i++) {
		if (host->node[i].id == id)
			return &host->node[i];
	}
	return NULL;
}

static void distances_fill(struct host *host, hwloc_topology_t topology)
{
	struct hwloc_distances_s *matrix;
	unsigned nr = 1;

	for (unsigned i = 0; i < host->nr_nodes; i++)
		host->node[i].distance[i] = LOCAL_DISTANCE;
	/* One node has no matrix. */
	if (hwloc_distances_get_by_name(topology, "NUMALatency", &nr, &matrix, 0) || !nr)
		return;
	for (unsigned i = 0; i < matrix->nbobjs; i++) {
		struct host_node *from = node_find(host, matrix->objs[i]->os_index);

		for (unsigned j = 0; from && j < matrix->nbobjs; j++) {
			struct host_node *to = node_find(host, matrix->objs[j]->os_index);

			if (to)
				from->distance[to - host->node] =
					(unsigned)matrix->values[i * matrix->nbobjs + j];
		}
	}
	hwloc_distances_release(topology, matrix);
}

int host_probe_topology(struct host *host, const char *root, struct error *e)
{
	hwloc_topology_t topology;
	hwloc_obj_t object = NULL;

	if (topology_load(&topology, root))
		return error_set(e, EIO, "hwloc cannot read the topology below %s/sys", root);
	host->cpus = (unsigned)hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
	while (host->nr_nodes < ENV_NODES_MAX &&
	       (object = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, object)))
		node_fill(&host->node[host->nr_nodes++], object, root);
	qsort(host->node, host->nr_nodes, sizeof(host->node[0]), by_id);
	distances_fill(host, topology);
	hwloc_topology_destroy(topology);
	return 0;
}
