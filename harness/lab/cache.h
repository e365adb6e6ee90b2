/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was fetched and may be fetched again: $PAGESTORM_CACHE, or else /var/cache/pagestorm and
 * ~/.cache/pagestorm. What is there is whole: it is made in a scratch directory beside its
 * place and moved there in one step, by one process at a time.
 */
#ifndef PAGESTORM_LAB_CACHE_H
#define PAGESTORM_LAB_CACHE_H

#include <limits.h>

#include "harness/base/error.h"
#include "harness/lab/words.h"

/* Adds where things may lie, the place for new ones first. */
void cache_directories(struct words *list);

/*
 * Makes a directory of the cache ("kernels") and waits for its lock. path: of the directory.
 * The descriptor that holds the lock until it is closed, or -errno.
 */
int cache_lock(const char *part, char path[PATH_MAX], struct error *e);

/* Makes a scratch directory in one that is locked. The caller removes it. 0 or -errno. */
int cache_scratch(const char *path, char scratch[PATH_MAX], struct error *e);

/* A tree with all that is in it, as far as that is possible: it is a cache. */
void cache_remove(const char *tree);

#endif
