/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds a kernel for the guest: a path, or the newest of a version such as
 * "6.1" in the cache or in /boot. Fetching unpacks Debian's cloud kernel
 * package into the cache; nothing is installed.
 */
#ifndef PAGESTORM_LAB_KERNEL_H
#define PAGESTORM_LAB_KERNEL_H

#include <limits.h>
#include <stdbool.h>

#include "harness/base/error.h"

struct kernel {
	char image[PATH_MAX];
	char release[128];	/* 6.1.0-56-cloud-amd64 */
	char modules[PATH_MAX]; /* directory of this release; "": none, all is built in */
	unsigned major, minor;
	bool has_cgroup_v1; /* of the memory controller, as far as the config says */
};

/* Whether text names a version ("6.1") rather than a path. */
bool kernel_is_version(const char *text);

/* 0; -ENOENT: no such kernel here; -ENOEXEC: not an x86 kernel image. */
int kernel_find(const char *text, struct kernel *kernel, struct error *e);

/*
 * As kernel_find(), and if the version is nowhere, downloads and unpacks its
 * package with apt-get and dpkg-deb. Needs no root. *fetched tells whether it
 * did. Several processes may call it at once: one downloads, the others wait.
 */
int kernel_fetch(const char *version, struct kernel *kernel, bool *fetched, struct error *e);

/* Where kernel_fetch() puts kernels: $PAGESTORM_CACHE, /var/cache/pagestorm or
 * ~/.cache/pagestorm. */
int kernel_cache(char path[PATH_MAX], struct error *e);

/* Reads "HdrS" and the release out of a bzImage (Documentation/arch/x86/boot.rst). Pure. */
int kernel_release_of(const void *image, unsigned long size, char *release,
		      unsigned long release_size);

#endif
