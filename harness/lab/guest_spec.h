/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The specification of a guest: the host writes it into the initramfs, process 1 of the guest
 * reads it there.
 */
#ifndef PAGESTORM_LAB_GUEST_SPEC_H
#define PAGESTORM_LAB_GUEST_SPEC_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/error.h"

/* Where the initramfs holds the specification; the lists are NUL-separated. */
#define GUEST_SPEC_PATH	   "/lab/spec"
#define GUEST_ARGV_PATH	   "/lab/argv"
#define GUEST_ENVIRON_PATH "/lab/environ"
#define GUEST_COLLECT_PATH "/lab/collect"
#define GUEST_MODULES_PATH "/lab/modules"
#define GUEST_PROGRAM_PATH "/usr/bin/pagestorm"
#define GUEST_SCRATCH_PATH "/scratch"

enum guest_cgroup {
	GUEST_CGROUP_V2,
	GUEST_CGROUP_V2_HUGETLB, /* its huge pages are charged as memory */
	GUEST_CGROUP_V1,
	GUEST_CGROUP_HYBRID, /* v1 controllers, and an empty v2 tree beside them */
};

enum guest_swap {
	GUEST_SWAP_NONE,
	GUEST_SWAP_FILE, /* on the scratch disk */
	GUEST_SWAP_ZRAM,
	GUEST_SWAP_RAM, /* brd */
};

struct guest_spec {
	enum guest_cgroup cgroup;
	enum guest_swap swap;
	uint64_t swap_bytes;
	bool disk;		  /* the first virtio disk is the scratch disk */
	bool shell;		  /* on the console, after the command if there is one */
	char directory[PATH_MAX]; /* where the command starts */
	char results[PATH_MAX];	  /* lies on the scratch disk if there is one: workloads make
				     their files beside the results */
};

/* All controllers are in the v2 hierarchy. Pure. */
bool guest_cgroup_is_v2(enum guest_cgroup kind);

extern const char *const guest_cgroup_names[]; /* by enum, NULL at the end */
extern const char *const guest_swap_names[];

/* A line "key=value" for each member. Returns what snprintf would. Pure. */
int guest_spec_format(const struct guest_spec *spec, char *text, size_t size);

/* 0, or -EINVAL for an unknown key or value. Pure. */
int guest_spec_parse(const char *text, struct guest_spec *spec, struct error *e);

#endif
