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

/* Where what a guest runs lies on this machine. */
struct lab_programs {
	char pagestorm[PATH_MAX], busybox[PATH_MAX];
	char sysroot[PATH_MAX]; /* "": this machine's own libraries */
	char this_program[PATH_MAX], applets[PATH_MAX];
};

/* A static busybox for this machine. 0 or -ENOENT. */
int lab_find_busybox(char path[PATH_MAX], struct error *e);

/* 0, or -errno: what is missing for the guest's architecture, and how to come by it. */
int lab_find_programs(const struct lab_request *request, struct lab_programs *programs,
		      struct error *e);

/* A memfd with the guest's root, or -errno. disk: the guest has one. */
int lab_make_initramfs(const struct lab_request *request, bool disk, struct error *e);

#endif
