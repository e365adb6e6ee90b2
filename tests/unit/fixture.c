// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
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

__attribute__((format(printf, 5, 6))) static void load_file(struct fixture *f, bool after,
							    const struct source *source,
							    const char *scope,
							    const char *format, ...)
{
	char path[256], *bytes;
	struct error e = { "" };
	size_t length, side;
	va_list args;
	double start;

	side = (size_t)snprintf(path, sizeof(path), "%s/", after ? "held" : "ready");
	va_start(args, format);
	vsnprintf(path + side, sizeof(path) - side, format, args);
	va_end(args);
	bytes = fixture_bytes(f->tree, path, &length);
	if (!bytes)
		return;
	start = now_ms();
	if (counters_parse(
		    &f->record, after,
		    &(struct source_text){
			    source, scope, bytes, length, { f->map_start, f->map_bytes } },
		    &e))
		fail_msg("%s: %s", path, e.text);
	f->parse_ms += now_ms() - start;
	f->nr_files++;
	free(bytes);
}

static void load_source(struct fixture *f, bool after, const struct source *s)
{
	char scope[16];

	switch (s->place) {
	case PLACE_SYSTEM:
		load_file(f, after, s, "system", "%s", s->path + 1);
		break;
	case PLACE_NODE:
		for (unsigned node = 0; node < f->tree->nr_nodes; node++) {
			snprintf(scope, sizeof(scope), "node%u", node);
			load_file(f, after, s, scope, "sys/devices/system/node/node%u/%s", node,
				  s->name);
		}
		break;
	case PLACE_GROUP:
		if (!s->cgroup_version || s->cgroup_version == f->tree->cgroup_version)
			load_file(f, after, s, "group", "%s/%s", f->tree->group, s->path);
		break;
	case PLACE_PROCESS:
		load_file(f, after, s, "process", "proc/%d/%s", f->pid, s->name);
		break;
	case PLACE_MAPPING:
		load_file(f, after, s, "mapping", "proc/%d/%s", f->pid, s->name);
		break;
	}
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
}

void fixture_release(struct fixture *f)
{
	record_release(&f->record);
}
