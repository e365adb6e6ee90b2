/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel modules for a guest, each after those that it depends on.
 *
 * A package that was only unpacked has no modules.dep, so the dependencies are
 * read from the modules themselves. Compressed ones are stored unpacked: not
 * every kernel can do that itself, and busybox cannot.
 */
#ifndef PAGESTORM_LAB_MODULES_H
#define PAGESTORM_LAB_MODULES_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/error.h"
#include "harness/lab/blob.h"
#include "harness/lab/kernel.h"
#include "harness/lab/words.h"

struct module {
	char *path; /* below the modules directory: kernel/drivers/block/loop.ko */
	struct blob image;
	struct words depends; /* paths, nearest first */
};

struct modules {
	const struct kernel *kernel;
	struct words known;    /* modules.order */
	struct words built_in; /* modules.builtin */
	struct module *item;   /* in loading order */
	size_t nr;
};

/* Reads the lists of `kernel`, which must outlive it. A kernel without modules has empty lists.
 */
int modules_open(struct modules *modules, const struct kernel *kernel, struct error *e);

/*
 * Adds the module `name` ("virtio_blk"; - and _ are alike) after its
 * dependencies. Built in, or already added: nothing to do. A kernel without
 * any modules is taken to have it built in. 0, -ENOENT or -errno.
 */
int modules_add(struct modules *modules, const char *name, struct error *e);

void modules_release(struct modules *modules);

#endif
