/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the results that a guest sends. It makes directories and replaces
 * files below the requested paths and nowhere else, whatever the
 * guest sends, and follows no symbolic link at the end of a path.
 */
#ifndef PAGESTORM_LAB_COLLECTOR_H
#define PAGESTORM_LAB_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/error.h"
#include "harness/lab/words.h"

struct collector {
	const struct words *roots; /* absolute paths, borrowed */
	int fd;			   /* the file that is being written, or -1 */
	size_t nr_files;
};

void collector_init(struct collector *collector, const struct words *roots);

/* Whether a path from the guest is one of the roots or below one. Pure. */
bool collector_accepts(const struct words *roots, const char *path);

/* 0, -EPERM for a path that was not requested, or -errno. */
int collector_directory(struct collector *collector, const char *path, struct error *e);
int collector_file(struct collector *collector, const char *path, struct error *e);
int collector_content(struct collector *collector, const void *data, size_t size,
		      struct error *e);

void collector_release(struct collector *collector);

#endif
