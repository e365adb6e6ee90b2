/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What finding and fetching a kernel share. */
#ifndef PAGESTORM_LAB_KERNEL_PART_H
#define PAGESTORM_LAB_KERNEL_PART_H

#include <limits.h>
#include <stddef.h>

#include "harness/lab/kernel.h"

/*
 * The image of a release below a root: boot/vmlinuz-RELEASE, or vmlinuz beside its modules.
 * 0 or -ENOENT.
 */
int kernel_image_below(const char *root, const char *release, char path[PATH_MAX]);

/* How the cache calls the release that `newest` was when it was last asked for. */
int kernel_newest_link(const char *kernels, const struct kernel_name *name,
		       char path[PATH_MAX]);

#endif
