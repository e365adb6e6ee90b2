/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads the kernel files captured in tests/fixtures (README.md there) into a record:
 * ready/ is the side before, held/ the side after.
 */
#ifndef PAGESTORM_TESTS_FIXTURE_H
#define PAGESTORM_TESTS_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "harness/record/counters.h"

struct tree {
	const char *name;
	const char *group; /* directory of the group */
	unsigned cgroup_version;
	unsigned nr_nodes;
};

extern const struct tree fixture_host, fixture_guest_6_1, fixture_guest_6_12;

struct fixture {
	const struct tree *tree;
	struct record record;
	int pid;
	uint64_t map_start, map_bytes, huge_start, huge_bytes;
	unsigned nr_files;
	double parse_ms;
};

/* Fails the test when a file does not parse. */
void fixture_load(struct fixture *f, const struct tree *tree);
void fixture_release(struct fixture *f);

/* One file of a captured machine, "held/proc/vmstat"; NULL when there is none. To be freed. */
char *fixture_bytes(const struct tree *tree, const char *relative, size_t *length);

/*
 * A source's file at HELD, with its scope and range. bytes is NULL where this machine has no
 * such file; otherwise the caller frees it.
 */
struct source_text fixture_source(const struct fixture *f, const struct source *source);

#endif
