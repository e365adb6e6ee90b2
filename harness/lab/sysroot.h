/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs and libraries of another architecture than this machine's: what Debian has, in
 * a directory of the cache, unpacked and not installed. With it pagestorm is built for that
 * architecture (./configure --host, --with-sysroot), and a guest has its libraries from it.
 */
#ifndef PAGESTORM_LAB_SYSROOT_H
#define PAGESTORM_LAB_SYSROOT_H

#include <limits.h>

#include "harness/base/error.h"
#include "harness/lab/arch.h"
#include "harness/lab/words.h"

/* 0 or -ENOENT. */
int sysroot_find(const struct arch *arch, char path[PATH_MAX], struct error *e);

/* As sysroot_find(), and if it is nowhere, fetches it. */
int sysroot_fetch(const struct arch *arch, char path[PATH_MAX], struct error *e);

/*
 * Adds the shared libraries of a program of that architecture, its interpreter among them, as
 * paths below the sysroot that begin with /. Nothing for what is no dynamic program of it.
 */
int sysroot_libraries(const char *sysroot, const struct arch *arch, const char *program,
		      struct words *paths, struct error *e);

#endif
