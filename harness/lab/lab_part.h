/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the lab share: lab.c runs, lab_check.c checks, lab_root.c makes the root.
 */
#ifndef PAGESTORM_LAB_LAB_PART_H
#define PAGESTORM_LAB_LAB_PART_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/base/error.h"
#include "harness/lab/lab.h"

/* ---- lab_check.c ---- */

/* Of the scratch disk with a swap file on it; 0: the guest has none. */
uint64_t lab_disk_bytes(const struct lab_request *request);

/* Where the disk is made. */
const char *lab_disk_directory(void);

/* ---- lab_root.c ---- */

/* A static busybox. 0 or -ENOENT. */
int lab_find_busybox(char path[PATH_MAX], struct error *e);

/* A memfd with the guest's root, or -errno. disk: the guest has one. */
int lab_make_initramfs(const struct lab_request *request, bool disk, struct error *e);

#endif
