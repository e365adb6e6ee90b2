/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a cpio archive in the "newc" format that the kernel unpacks into its
 * root (Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * Paths are absolute; the directories above an entry are made when they are
 * first needed. A later entry replaces an earlier one of the same path. The
 * first error is kept and returned by each later call, so that only
 * cpio_finish() has to be checked. Times and inode numbers do not depend on
 * the host: the same input gives the same bytes.
 */
#ifndef PAGESTORM_LAB_CPIO_H
#define PAGESTORM_LAB_CPIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "harness/lab/words.h"

struct cpio {
	int fd; /* borrowed */
	uint64_t written_bytes;
	uint32_t nr_entries;
	struct words directory;
	int error;
};

void cpio_init(struct cpio *cpio, int fd);

/* Notes a failure of what is to be archived; the first one stays. ret: 0 or -errno. */
void cpio_fail(struct cpio *cpio, int ret);

int cpio_directory(struct cpio *cpio, const char *path);
int cpio_data(struct cpio *cpio, const char *path, mode_t permissions, const void *data,
	      size_t size);
int cpio_symlink(struct cpio *cpio, const char *path, const char *target);
int cpio_character_device(struct cpio *cpio, const char *path, mode_t permissions,
			  unsigned major, unsigned minor);

/* Stores the content of a host file, or of a host directory with all in it. */
int cpio_file(struct cpio *cpio, const char *path, const char *host_path);
int cpio_tree(struct cpio *cpio, const char *path, const char *host_path);

/* Writes the trailer; 0 or the first error. */
int cpio_finish(struct cpio *cpio);

void cpio_release(struct cpio *cpio);

#endif
