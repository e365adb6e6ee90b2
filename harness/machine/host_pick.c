// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chooses CPUs and nodes of a probed machine by their distance. Pure.
 */
#include "harness/machine/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET_MAX 4096

struct set {
	unsigned char has[SET_MAX];
};

/* "0-3,8"; -EINVAL for anything else. */
static int set_add(struct set *set, const char *list)
{
	while (*list) {
		unsigned long first, last;
		char *end;

		if (*list < '0' || *list > '9')
			return -EINVAL;
		first = last = strtoul(list, &end, 10);
		if (*end == '-') {
			if (end[1] < '0' || end[1] > '9')
				return -EINVAL;
			last = strtoul(end + 1, &end, 10);
		}
		if (first > last || last >= SET_MAX || (*end && (*end != ',' || !end[1])))
			return -EINVAL;
		for (unsigned long i = first; i <= last; i++)
			set->has[i] = 1;
		list = end + (*end == ',');
	}
	return 0;
}

static bool fits(const struct host_node *node, bool cpus)
{
	return cpus ? node->nr_cpus > 0 : node->memory_bytes > 0;
}

static const struct host_node *pick(const struct host *host, const char *word, int from_node,
				    bool cpus)
{
	const struct host_node *from = NULL, *best = NULL;
	bool farthest = !strcmp(word, "farthest");

	for (unsigned i = 0; i < host->nr_nodes && !from; i++) {
		const struct host_node *node = &host->node[i];

		if (from_node < 0 ? fits(node, cpus) : node->id == (unsigned)from_node)
			from = node;
	}
	if (!from)
		return NULL;
	if (!strcmp(word, "local"))
		return fits(from, cpus) ? from : NULL;
	for (unsigned i = 0; i < host->nr_nodes; i++) {
		const struct host_node *node = &host->node[i];
		unsigned here = from->distance[i];
		unsigned record = best ? from->distance[best - host->node] : 0;

		if (node == from || !fits(node, cpus))
			continue;
		if (!best || (farthest ? here > record : here < record))
			best = node;
	}
	return best;
}

static int pick_list(const struct host *host, const char *text, bool cpus, char *list,
		     unsigned list_bytes, struct error *e)
{
	static const char *const kind[] = { "node", "CPU" };
	struct set wanted = { { 0 } }, there = { { 0 } };

	for (unsigned i = 0; i < host->nr_nodes; i++) {
		if (cpus)
			(void)set_add(&there, host->node[i].cpus);
		else if (host->node[i].id < SET_MAX)
			there.has[host->node[i].id] = 1;
	}
	if (!*text || set_add(&wanted, text))
		return error_set(e, EINVAL, "'%s' is none of nearest, farthest, local, %s0-3,8",
				 text, cpus ? "node1, " : "");
	for (unsigned i = 0; i < SET_MAX; i++) {
		if (wanted.has[i] && !there.has[i])
			return error_set(e, ENODEV, "this machine has no %s %u", kind[cpus], i);
	}
	if (strlen(text) >= list_bytes)
		return error_set(e, EINVAL, "the list is longer than %u bytes", list_bytes - 1);
	snprintf(list, list_bytes, "%s", text);
	return 0;
}

static int pick_text(const struct host *host, const char *text, int from_node, bool cpus,
		     char *list, unsigned list_bytes, struct error *e)
{
	const struct host_node *node;
	char number[16];

	if (strcmp(text, "nearest") && strcmp(text, "farthest") && strcmp(text, "local"))
		return pick_list(host, text, cpus, list, list_bytes, e);
	node = pick(host, text, from_node, cpus);
	if (!node)
		return error_set(e, ENODEV, "this machine has no %s node with %s", text,
				 cpus ? "CPUs" : "memory");
	snprintf(number, sizeof(number), "%u", node->id);
	if (strlen(cpus ? node->cpus : number) >= list_bytes)
		return error_set(e, EINVAL, "the list is longer than %u bytes", list_bytes - 1);
	snprintf(list, list_bytes, "%s", cpus ? node->cpus : number);
	return 0;
}

int host_pick_cpus(const struct host *host, const char *text, int from_node, char *list,
		   unsigned list_bytes, struct error *e)
{
	unsigned id;
	int end = 0;

	if (sscanf(text, "node%u%n", &id, &end) == 1 && !text[end])
		return pick_text(host, "local", (int)id, true, list, list_bytes, e);
	return pick_text(host, text, from_node, true, list, list_bytes, e);
}

int host_pick_nodes(const struct host *host, const char *text, int from_node, char *list,
		    unsigned list_bytes, struct error *e)
{
	return pick_text(host, text, from_node, false, list, list_bytes, e);
}
