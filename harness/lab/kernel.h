/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds a kernel for the guest: a path, or the newest of a name such as "6.1" in the cache or
 * in /boot. Fetching unpacks Debian's kernel packages into the cache; nothing is installed.
 */
#ifndef PAGESTORM_LAB_KERNEL_H
#define PAGESTORM_LAB_KERNEL_H

#include <limits.h>
#include <stdbool.h>

#include "harness/base/error.h"
#include "harness/lab/arch.h"

struct kernel {
	char image[PATH_MAX];
	char release[128];	/* 6.1.0-56-cloud-amd64 */
	char modules[PATH_MAX]; /* directory of this release; "": none */
	char config[PATH_MAX];	/* what it was built with; "": not known */
	unsigned major, minor;
	unsigned page_bytes; /* 0: not known */
	bool has_cgroup_v1;  /* of the memory controller, as far as the config says */
};

/* "6.1", "6.12-full", "newest-16k": what --kernel names rather than a path. */
struct kernel_name {
	const struct arch *arch;
	char version[16];    /* "": the newest that Debian has */
	const char *flavour; /* how Debian's package names end: "cloud-amd64" */
	bool any_flavour;    /* none was asked for: one in /boot will do as well */
};

/* 0, or -EINVAL for what is no name, and so a path. Pure. */
int kernel_name_parse(const char *text, const struct arch *arch, struct kernel_name *name);

/* Whether a release is of that version and flavour: "6.12.9+deb13-cloud-amd64" is not
 * "6.12-full". Pure. */
bool kernel_name_fits(const struct kernel_name *name, const char *release);

/* The suite of Debian with that version ("bookworm"), or NULL. Pure. */
const char *kernel_name_suite(const struct kernel_name *name);

/* 0; -ENOENT: no such kernel here; -ENOEXEC: not a kernel image of that architecture. */
int kernel_find(const char *text, const struct arch *arch, struct kernel *kernel,
		struct error *e);

/*
 * As kernel_find(), and if the kernel is nowhere, fetches and unpacks its packages. `newest` is
 * always asked for again. Needs no root. Several processes may call it at once: one downloads,
 * the others wait.
 */
int kernel_fetch(const char *text, const struct arch *arch, struct kernel *kernel,
		 struct error *e);

/* Whether the config says that the kernel has "VIRTIO_PCI" without a module. */
bool kernel_has_built_in(const struct kernel *kernel, const char *symbol);

#endif
