// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "tests/unit/fixture.h"

const struct tree fixture_host = { "host-6.18-v1", "sys/fs/cgroup/memory/fixture", 1, 1 };
const struct tree fixture_guest_6_1 = { "guest-6.1-v2", "sys/fs/cgroup/fixture", 2, 2 };
const struct tree fixture_guest_6_12 = { "guest-6.12-v2", "sys/fs/cgroup/fixture", 2, 2 };

#define FILE_BYTES_MAX (1 << 20)

char *fixture_bytes(const struct tree *tree, const char *relative, size_t *length)
{
	const char *srcdir = getenv("PAGESTORM_SRCDIR");
	char path[512], *bytes;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/fixtures/%s/%s", srcdir ? srcdir : ".",
		 tree->name, relative);
	f = fopen(path, "r");
	if (!f)
		return NULL;
	bytes = malloc(FILE_BYTES_MAX);
	assert_non_null(bytes);
	*length = fread(bytes, 1, FILE_BYTES_MAX - 1, f);
	bytes[*length] = '\0';
	fclose(f);
	return bytes;
}

static void read_map(struct fixture *f)
{
	size_t length;
	char *bytes = fixture_bytes(f->tree, "map", &length);

	assert_non_null(bytes);
	assert_int_equal(sscanf(bytes, "pid %d map %lx %lu huge %lx %lu", &f->pid,
				&f->map_start, &f->map_bytes, &f->huge_start, &f->huge_bytes),
			 5);
	free(bytes);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Below ready/ or held/. */
static void source_path(const struct fixture *f, const struct source *s, unsigned node,
			char path[256])
{
	switch (s->place) {
	case PLACE_SYSTEM:
		snprintf(path, 256, "%s", s->path + 1);
		break;
	case PLACE_NODE:
		snprintf(path, 256, "sys/devices/system/node/node%u/%s", node, s->name);
		break;
	case PLACE_GROUP:
		snprintf(path, 256, "%s/%s", f->tree->group, s->path);
		break;
	case PLACE_PROCESS:
	case PLACE_MAPPING:
		snprintf(path, 256, "proc/%d/%s", f->pid, s->name);
		break;
	}
}

static const char *scope_of(enum place place)
{
	static const char *const scopes[] = {
		[PLACE_SYSTEM] = "system",   [PLACE_NODE] = "node0",
		[PLACE_GROUP] = "group",     [PLACE_PROCESS] = "process",
		[PLACE_MAPPING] = "mapping",
	};

	return scopes[place];
}

static void load_file(struct fixture *f, bool after, const struct source *s, unsigned node)
{
	char relative[256], path[300], scope[16];
	struct source_text text = { .source = s,
				    .scope = scope_of(s->place),
				    .range = { f->map_start, f->map_bytes } };
	struct error e = { "" };
	double start;
	char *bytes;

	source_path(f, s, node, relative);
	snprintf(path, sizeof(path), "%s/%s", after ? "held" : "ready", relative);
	bytes = fixture_bytes(f->tree, path, &text.length);
	if (!bytes)
		return;
	snprintf(scope, sizeof(scope), "node%u", node);
	if (s->place == PLACE_NODE)
		text.scope = scope;
	text.bytes = bytes;
	start = now_ms();
	if (counters_parse(&f->record, after, &text, &e))
		fail_msg("%s: %s", path, e.text);
	f->parse_ms += now_ms() - start;
	f->nr_files++;
	free(bytes);
}

static void load_source(struct fixture *f, bool after, const struct source *s)
{
	if (s->place == PLACE_GROUP && s->cgroup_version &&
	    s->cgroup_version != f->tree->cgroup_version)
		return;
	for (unsigned node = 0; node < (s->place == PLACE_NODE ? f->tree->nr_nodes : 1); node++)
		load_file(f, after, s, node);
}

struct source_text fixture_source(const struct fixture *f, const struct source *source)
{
	struct source_text text = { .source = source,
				    .scope = scope_of(source->place),
				    .range = { f->map_start, f->map_bytes } };
	char relative[256], path[300];

	source_path(f, source, 0, relative);
	snprintf(path, sizeof(path), "held/%s", relative);
	if (!source->cgroup_version || source->cgroup_version == f->tree->cgroup_version)
		text.bytes = fixture_bytes(f->tree, path, &text.length);
	return text;
}

void fixture_load(struct fixture *f, const struct tree *tree)
{
	static const unsigned nodes[] = { 0, 1 };

	*f = (struct fixture){ .tree = tree };
	record_init(&f->record);
	read_map(f);
	for (int after = 0; after < 2; after++) {
		for (const struct source *s = sources; s->name; s++)
			load_source(f, after, s);
		assert_int_equal(
			counters_numa_zero(&f->record, after, "mapping", nodes, tree->nr_nodes),
			0);
	}
	record_sort(&f->record);
	if (f->record.nr_losses)
		fail_msg("%s: %s", tree->name, f->record.loss[0].why);
}

void fixture_release(struct fixture *f)
{
	record_release(&f->record);
}
