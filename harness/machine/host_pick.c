// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chooses CPUs and nodes of a probed machine by their distance. Pure.
 */
#include "harness/machine/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET_MAX HOST_CPU_IDS

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

bool host_list_within(const char *list, const char *around)
{
	struct set inner = { { 0 } }, outer = { { 0 } };

	if (set_add(&inner, list) || set_add(&outer, around))
		return false;
	for (unsigned i = 0; i < SET_MAX; i++) {
		if (inner.has[i] && !outer.has[i])
			return false;
	}
	return true;
}

static bool fits(const struct host_node *node, bool cpus)
{
	return cpus ? node->nr_cpus > 0 : node->memory_bytes > 0;
}

static const struct host_node *from(const struct host_pick *pick)
{
	for (unsigned i = 0; i < pick->host->nr_nodes; i++) {
		const struct host_node *node = &pick->host->node[i];

		if (pick->from_node < 0 ? fits(node, pick->cpus)
					: node->id == (unsigned)pick->from_node)
			return node;
	}
	return NULL;
}

/* NULL: this machine has none. */
static const struct host_node *node_by_word(const struct host_pick *pick, const char *word)
{
	const struct host_node *here = from(pick), *best = NULL;
	bool farthest = !strcmp(word, "farthest");

	if (!here)
		return NULL;
	if (!strcmp(word, "local"))
		return fits(here, pick->cpus) ? here : NULL;
	for (unsigned i = 0; i < pick->host->nr_nodes; i++) {
		const struct host_node *node = &pick->host->node[i];
		unsigned distance = here->distance[i];
		unsigned record = best ? here->distance[best - pick->host->node] : 0;

		if (node == here || !fits(node, pick->cpus))
			continue;
		if (!best || (farthest ? distance > record : distance < record))
			best = node;
	}
	return best;
}

static int put_list(const char *text, char *list, size_t list_bytes, struct error *e)
{
	if (strlen(text) >= list_bytes)
		return error_set(e, EINVAL, "the list is longer than %zu bytes",
				 list_bytes - 1);
	snprintf(list, list_bytes, "%s", text);
	return 0;
}

/* What the cpuset of the groups above leaves; where that is unknown, all. */
static int allowed_check(const struct host_pick *pick, const struct set *asked, struct error *e)
{
	const struct host_around *around = &pick->host->around;
	const char *list = pick->cpus ? around->cpus : around->mems;
	struct set allowed = { { 0 } };

	if (!*list || set_add(&allowed, list))
		return 0;
	for (unsigned i = 0; i < SET_MAX; i++)
		if (asked->has[i] && !allowed.has[i])
			return error_set(e, ENODEV, "the cpuset of %s has no %s %u, only %s",
					 around->cpuset_group, pick->cpus ? "CPU" : "node", i,
					 list);
	return 0;
}

static int list_check(const struct host_pick *pick, const char *text, struct error *e)
{
	static const char *const kind[] = { "node", "CPU" };
	struct set asked = { { 0 } }, there = { { 0 } };

	for (unsigned i = 0; i < pick->host->nr_nodes; i++) {
		const struct host_node *node = &pick->host->node[i];

		if (pick->cpus)
			(void)set_add(&there, node->cpus ? node->cpus : "");
		else if (node->id < SET_MAX)
			there.has[node->id] = 1;
	}
	if (!*text || set_add(&asked, text))
		return error_set(e, EINVAL,
				 "'%s' is not one of nearest, farthest, local, %s0-3,8", text,
				 pick->cpus ? "node1, " : "");
	for (unsigned i = 0; i < SET_MAX; i++) {
		if (asked.has[i] && !there.has[i])
			return error_set(e, ENODEV, "this machine has no %s %u",
					 kind[pick->cpus], i);
	}
	return allowed_check(pick, &asked, e);
}

static int pick_by_word(const struct host_pick *pick, const char *word, char *list,
			size_t list_bytes, struct error *e)
{
	const struct host_node *node = node_by_word(pick, word);
	char number[16];

	if (!node)
		return error_set(e, ENODEV, "this machine has no %s node with %s", word,
				 pick->cpus ? "CPUs" : "memory");
	snprintf(number, sizeof(number), "%u", node->id);
	return put_list(pick->cpus ? node->cpus : number, list, list_bytes, e);
}

int host_pick(const struct host_pick *pick, const char *text, char *list, size_t list_bytes,
	      struct error *e)
{
	struct host_pick there = *pick;
	char picked[HOST_LIST_BYTES];
	unsigned id;
	int ret = 0, end = 0;

	if (pick->cpus && sscanf(text, "node%u%n", &id, &end) == 1 && !text[end]) {
		there.from_node = (int)id;
		ret = pick_by_word(&there, "local", picked, sizeof(picked), e);
	} else if (!strcmp(text, "nearest") || !strcmp(text, "farthest") ||
		   !strcmp(text, "local")) {
		ret = pick_by_word(pick, text, picked, sizeof(picked), e);
	} else {
		snprintf(picked, sizeof(picked), "%.*s", HOST_LIST_BYTES - 1, text);
	}
	if (!ret)
		ret = list_check(pick, picked, e);
	return ret ? ret : put_list(picked, list, list_bytes, e);
}

bool host_has_node(const struct host *host, unsigned id)
{
	struct set allowed = { { 0 } };
	const char *list = host->around.mems;

	return !*list || set_add(&allowed, list) || (id < SET_MAX && allowed.has[id]);
}
