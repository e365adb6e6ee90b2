// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In what the machines of a merge differ.
 */
#include "harness/report/merge_part.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/size.h"
#include "workloads/api/arith.h"

/* What tells machines apart whose times do not compare. */
static const struct {
	const char *key, *name;
} facts[] = {
	{ "machine.kernel", "kernel" },
	{ "machine.cpu_model", "CPU" },
	{ "machine.cpus", "CPUs" },
	{ "machine.memory_bytes", "memory" },
	{ "machine.cgroup_version", "cgroup" },
};

bool merge_is_same_machine(const struct result_dir *a, const struct result_dir *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		if (!json_equal(result_dir_json(a, facts[i].key),
				result_dir_json(b, facts[i].key)))
			return false;
	return true;
}

static void print_value(FILE *out, const char *name, const json_t *value)
{
	char bytes[32];

	if (json_is_string(value)) {
		fputs(json_string_value(value), out);
	} else if (json_is_integer(value) && !strcmp(name, "memory")) {
		size_human((uint64_t)json_integer_value(value), bytes, sizeof(bytes));
		fputs(bytes, out);
	} else if (json_is_integer(value)) {
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else {
		fputs("not recorded", out);
	}
}

/* Whether an earlier part has the same value, and so its line. */
static bool is_listed(const struct merging *m, size_t part, const char *key)
{
	for (size_t i = 0; i < part; i++)
		if (json_equal(result_dir_json(m->part[i], key),
			       result_dir_json(m->part[part], key)))
			return true;
	return false;
}

static bool differs(const struct merging *m, const char *key)
{
	for (size_t i = 1; i < m->nr; i++)
		if (!json_equal(result_dir_json(m->part[0], key),
				result_dir_json(m->part[i], key)))
			return true;
	return false;
}

/* "  kernel 6.1.0: run3 and 2 more" */
static void print_group(FILE *out, const struct merging *m, size_t part, size_t fact)
{
	const json_t *value = result_dir_json(m->part[part], facts[fact].key);
	size_t nr = 0;

	for (size_t i = part; i < m->nr; i++)
		nr += json_equal(result_dir_json(m->part[i], facts[fact].key), value) != 0;
	fprintf(out, "  %-7s ", facts[fact].name);
	print_value(out, facts[fact].name, value);
	fprintf(out, ": %s", m->part[part]->id);
	if (nr > 1)
		fprintf(out, " and %zu more", nr - 1);
	fputc('\n', out);
}

int merge_describe_machines(struct merging *m, struct error *e)
{
	size_t length;
	FILE *out = open_memstream(&m->out.machines, &length);

	if (!out)
		return error_set(e, errno, "merge: %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		if (!differs(m, facts[i].key))
			continue;
		for (size_t part = 0; part < m->nr; part++)
			if (!is_listed(m, part, facts[i].key))
				print_group(out, m, part, i);
	}
	return fclose(out) ? error_set(e, ENOMEM, "merge: %s", strerror(ENOMEM)) : 0;
}
