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

/* Of any length; NULL: the file cannot be read, or no memory. */
static char *read_list(const char *root, unsigned node)
{
	char path[HOST_PATH_BYTES], *list = NULL;
	size_t capacity = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/sys/devices/system/node/node%u/cpulist", root, node);
	f = fopen(path, "re");
	if (f && getline(&list, &capacity, f) < 0) {
		free(list);
		list = NULL;
	}
	if (f)
		fclose(f);
	if (list)
		list[strcspn(list, "\n")] = '\0'; /* hwloc would not take the last CPU */
	return list;
}

/*
 * The kernel's own list: hwloc gives a node without CPUs those of the nodes that it
 * groups it with by distance. NULL without memory.
 */
static char *node_cpus(struct host_node *node, hwloc_obj_t object, const char *root)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	char *list = read_list(root, node->id), *out = NULL;

	if (!set)
		goto out;
	if (!list)
		hwloc_bitmap_copy(set, object->cpuset);
	else if (*list)
		hwloc_bitmap_list_sscanf(set, list);
	node->nr_cpus = hwloc_bitmap_iszero(set) ? 0 : (unsigned)hwloc_bitmap_weight(set);
	if (!node->nr_cpus)
		out = strdup("");
	else if (hwloc_bitmap_list_asprintf(&out, set) < 0)
		out = NULL;
out:
	hwloc_bitmap_free(set);
	free(list);
	return out;
}

/* Appends the node's list to the others; where they begin is set once all are there. */
static int node_fill(struct host *host, hwloc_obj_t object, const char *root, size_t *used)
{
	struct host_node *node = &host->node[host->nr_nodes];
	char *list, *all;
	size_t length;

	node->id = object->os_index;
	node->memory_bytes = object->attr->numanode.local_memory;
	list = node_cpus(node, object, root);
	if (!list)
		return -ENOMEM;
	length = strlen(list) + 1;
	all = realloc(host->cpu_lists, *used + length);
	if (all) {
		memcpy(all + *used, list, length);
		host->cpu_lists = all;
		*used += length;
		host->nr_nodes++;
	}
	free(list);
	return all ? 0 : -ENOMEM;
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

static int nodes_fill(struct host *host, hwloc_topology_t topology, const char *root,
		      struct error *e)
{
	const int nr = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE);
	hwloc_obj_t object = NULL;
	const char *list;
	size_t used = 0;

	if (nr > ENV_NODES_MAX)
		return error_set(
			e, E2BIG,
			"this machine has %d NUMA nodes, and pagestorm handles up to %d: boot with numa=off, or use a guest (pagestorm lab)",
			nr, ENV_NODES_MAX);
	while ((object = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, object))) {
		if (object->os_index >= ENV_NODE_IDS)
			return error_set(e, E2BIG, "node %u: Linux has no more than %d",
					 object->os_index, ENV_NODE_IDS);
		if (node_fill(host, object, root, &used))
			return error_set(e, ENOMEM, "out of memory for the list of CPUs");
	}
	list = host->cpu_lists;
	for (unsigned i = 0; i < host->nr_nodes; i++, list += strlen(list) + 1)
		host->node[i].cpus = list;
	qsort(host->node, host->nr_nodes, sizeof(host->node[0]), by_id);
	return 0;
}

int host_probe_topology(struct host *host, const char *root, struct error *e)
{
	hwloc_topology_t topology;
	int ret;

	if (topology_load(&topology, root))
		return error_set(e, EIO, "hwloc cannot read the topology below %s/sys", root);
	host->cpus = (unsigned)hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
	ret = nodes_fill(host, topology, root, e);
	if (!ret)
		distances_fill(host, topology);
	hwloc_topology_destroy(topology);
	return ret;
}
