// SPDX-License-Identifier: GPL-2.0-or-later
/* Parses, checks and prints the shape of a guest. */
#include "harness/lab/shape.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/size.h"
#include "harness/lab/words.h"

/* ACPI SLIT: 10 is local, 255 is unreachable; Linux refuses a remote distance of 10 or less. */
#define DISTANCE_LOCAL 10
#define DISTANCE_MAX   254

static int parse_count(const char *text, unsigned max, unsigned *count)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value > max)
		return -EINVAL;
	*count = (unsigned)value;
	return 0;
}

static int list_length_fits(const char *option, const struct words *list, unsigned nr_nodes,
			    struct error *e)
{
	if (list->nr <= 1 || list->nr == nr_nodes)
		return 0;
	return error_set(
		e, EINVAL,
		"%s: it lists %zu nodes, but there are %u; give one value for each node, or one value to be shared",
		option, list->nr, nr_nodes);
}

static int set_nr_nodes(const struct shape_text *text, const struct words *memory,
			const struct words *cpus, struct shape *shape, struct error *e)
{
	size_t nr = 1;
	int ret;

	if (memory->nr > 1)
		nr = memory->nr;
	else if (cpus->nr > 1)
		nr = cpus->nr;
	if (text->nodes) {
		unsigned count;

		if (parse_count(text->nodes, SHAPE_NODES_MAX, &count) || !count)
			return error_set(e, EINVAL,
					 "--nodes=%s: give a whole number from 1 to %d",
					 text->nodes, SHAPE_NODES_MAX);
		nr = count;
	}
	if (nr > SHAPE_NODES_MAX)
		return error_set(e, EINVAL,
				 "--memory, --cpus: %zu nodes are listed; at most %d work", nr,
				 SHAPE_NODES_MAX);
	shape->nr_nodes = (unsigned)nr;
	ret = list_length_fits("--memory", memory, shape->nr_nodes, e);
	return ret ? ret : list_length_fits("--cpus", cpus, shape->nr_nodes, e);
}

static int parse_memory(const char *word, uint64_t *bytes, struct error *e)
{
	char reason[128];

	if (size_parse(word, NULL, bytes, reason, sizeof(reason)))
		return error_set(e, EINVAL,
				 "--memory: '%s' %s; in a list each node has its own: 1G,1G,0",
				 word, reason);
	if (*bytes % SHAPE_GRAIN_BYTES)
		return error_set(e, EINVAL, "--memory: %s is not a multiple of 2M", word);
	if (*bytes > (uint64_t)1 << 40)
		return error_set(e, EINVAL, "--memory: %s is more than 1T", word);
	return 0;
}

static int set_memory(const struct words *list, struct shape *shape, struct error *e)
{
	uint64_t total = (uint64_t)1 << 30;
	uint64_t grains;

	if (list->nr > 1) {
		for (unsigned i = 0; i < shape->nr_nodes; i++) {
			int ret = parse_memory(list->item[i], &shape->node[i].memory_bytes, e);

			if (ret)
				return ret;
		}
	} else {
		int ret = list->nr ? parse_memory(list->item[0], &total, e) : 0;

		if (ret)
			return ret;
		grains = total / SHAPE_GRAIN_BYTES;
		for (unsigned i = 0; i < shape->nr_nodes; i++)
			shape->node[i].memory_bytes =
				SHAPE_GRAIN_BYTES *
				(grains / shape->nr_nodes + (i < grains % shape->nr_nodes));
	}
	if (shape_memory_bytes(shape) < SHAPE_MEMORY_MIN_BYTES)
		return error_set(e, EINVAL,
				 "--memory: a guest needs at least %" PRIu64 "M in all to boot",
				 SHAPE_MEMORY_MIN_BYTES >> 20);
	return 0;
}

static int set_cpus(const struct words *list, struct shape *shape, struct error *e)
{
	unsigned total = shape->nr_nodes > 2 ? shape->nr_nodes : 2;

	for (size_t i = 0; i < list->nr; i++) {
		unsigned count;

		if (parse_count(list->item[i], SHAPE_CPUS_MAX, &count))
			return error_set(
				e, EINVAL,
				"--cpus: '%s' is not a number from 0 to %d; write 4, or a list such as 2,2,0",
				list->item[i], SHAPE_CPUS_MAX);
		if (list->nr > 1)
			shape->node[i].nr_cpus = count;
		else
			total = count;
	}
	if (list->nr <= 1) {
		if (total && total < shape->nr_nodes)
			return error_set(
				e, EINVAL,
				"--cpus=%u: too few for %u nodes; to leave a node without CPUs give a list such as 2,0",
				total, shape->nr_nodes);
		for (unsigned i = 0; i < shape->nr_nodes; i++)
			shape->node[i].nr_cpus =
				total / shape->nr_nodes + (i < total % shape->nr_nodes);
	}
	total = shape_nr_cpus(shape);
	if (!total || total > SHAPE_CPUS_MAX)
		return error_set(e, EINVAL, "--cpus: %u in all; a guest needs 1 to %d", total,
				 SHAPE_CPUS_MAX);
	return 0;
}

static int parse_distance(const char *word, unsigned from, unsigned to, uint8_t *distance,
			  struct error *e)
{
	unsigned value;

	if (parse_count(word, DISTANCE_MAX, &value))
		return error_set(e, EINVAL, "--distances: '%s' is not a number from %d to %d",
				 word, DISTANCE_LOCAL, DISTANCE_MAX);
	if (from == to ? value != DISTANCE_LOCAL : value <= DISTANCE_LOCAL)
		return error_set(
			e, EINVAL,
			"--distances: node %u to node %u is %u; a node is %d from itself and more than %d from others",
			from, to, value, DISTANCE_LOCAL, DISTANCE_LOCAL);
	*distance = (uint8_t)value;
	return 0;
}

static int set_distance_row(const char *row, unsigned from, struct shape *shape,
			    struct error *e)
{
	struct words word = { 0 };
	int ret;

	words_split(&word, row, ',');
	ret = words_error(&word);
	if (!ret && word.nr != shape->nr_nodes)
		ret = error_set(
			e, EINVAL,
			"--distances: row %u has %zu numbers for %u nodes; write rows with / between, as in 10,30/30,10",
			from, word.nr, shape->nr_nodes);
	for (unsigned to = 0; !ret && to < shape->nr_nodes; to++)
		ret = parse_distance(word.item[to], from, to, &shape->distance[from][to], e);
	words_release(&word);
	return ret;
}

static int set_distance_for_all(const char *word, struct shape *shape, struct error *e)
{
	uint8_t remote = 0;
	int ret = parse_distance(word, 0, 1, &remote, e);

	if (ret)
		return ret;
	for (unsigned from = 0; from < shape->nr_nodes; from++)
		for (unsigned to = 0; to < shape->nr_nodes; to++)
			shape->distance[from][to] = from == to ? DISTANCE_LOCAL : remote;
	return 0;
}

static int set_distances(const char *text, struct shape *shape, struct error *e)
{
	struct words row = { 0 };
	int ret;

	if (!text)
		return 0;
	shape->has_distances = true;
	if (!strpbrk(text, ",/"))
		return set_distance_for_all(text, shape, e);
	words_split(&row, text, '/');
	ret = words_error(&row);
	if (!ret && row.nr != shape->nr_nodes)
		ret = error_set(
			e, EINVAL,
			"--distances: %zu rows for %u nodes; write one row for each node with / between, as in 10,30/30,10",
			row.nr, shape->nr_nodes);
	for (unsigned from = 0; !ret && from < shape->nr_nodes; from++)
		ret = set_distance_row(row.item[from], from, shape, e);
	words_release(&row);
	return ret;
}

static int check_nodes(const struct shape *shape, struct error *e)
{
	for (unsigned i = 0; i < shape->nr_nodes; i++)
		if (!shape->node[i].memory_bytes && !shape->node[i].nr_cpus)
			return error_set(
				e, EINVAL,
				"--memory, --cpus: node %u has neither memory nor a CPU; give it one of them, or ask for fewer nodes",
				i);
	return 0;
}

int shape_make(const struct shape_text *text, struct shape *out, struct error *e)
{
	struct shape shape = { 0 };
	struct words memory = { 0 };
	struct words cpus = { 0 };
	int ret;

	words_split(&memory, text->memory ? text->memory : "", ',');
	words_split(&cpus, text->cpus ? text->cpus : "", ',');
	ret = words_error(&memory);
	if (!ret)
		ret = words_error(&cpus);
	if (!ret && text->memory && !memory.nr)
		ret = error_set(e, EINVAL, "--memory: it is empty; write 2G, or 1G,1G,0");
	if (!ret && text->cpus && !cpus.nr)
		ret = error_set(e, EINVAL, "--cpus: it is empty; write 4, or 2,2,0");
	if (!ret)
		ret = set_nr_nodes(text, &memory, &cpus, &shape, e);
	if (!ret)
		ret = set_memory(&memory, &shape, e);
	if (!ret)
		ret = set_cpus(&cpus, &shape, e);
	if (!ret)
		ret = set_distances(text->distances, &shape, e);
	if (!ret)
		ret = check_nodes(&shape, e);
	if (!ret)
		*out = shape;
	words_release(&cpus);
	words_release(&memory);
	return ret;
}

uint64_t shape_memory_bytes(const struct shape *shape)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < shape->nr_nodes; i++)
		total += shape->node[i].memory_bytes;
	return total;
}

unsigned shape_nr_cpus(const struct shape *shape)
{
	unsigned total = 0;

	for (unsigned i = 0; i < shape->nr_nodes; i++)
		total += shape->node[i].nr_cpus;
	return total;
}

int shape_format(const struct shape *shape, char *text, size_t size)
{
	char memory[SHAPE_NODES_MAX * 16] = "";
	char cpus[SHAPE_NODES_MAX * 4] = "";
	size_t m = 0, c = 0;

	for (unsigned i = 0; i < shape->nr_nodes; i++) {
		char amount[16];

		size_format(shape->node[i].memory_bytes, amount, sizeof(amount));
		m += (size_t)snprintf(memory + m, sizeof(memory) - m, "%s%s", i ? "," : "",
				      amount);
		c += (size_t)snprintf(cpus + c, sizeof(cpus) - c, "%s%u", i ? "," : "",
				      shape->node[i].nr_cpus);
	}
	return snprintf(text, size, "nodes=%u memory=%" PRIu64 " node_memory=%s node_cpus=%s",
			shape->nr_nodes, shape_memory_bytes(shape), memory, cpus);
}
