/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moves a complete results directory from where it was written, a local disk, to where it is
 * wanted, a file system that machines share: there it appears whole or not at all.
 */
#ifndef PAGESTORM_STAGE_H
#define PAGESTORM_STAGE_H

#include <stddef.h>

#include "harness/base/error.h"

/*
 * from: the directory; parent: the directory that it is to be in, made when missing. path, of
 * path_bytes, receives where it is then. Within a file system it is renamed; between two it is
 * copied as NAME.partial, synced, renamed, and then removed here. Never replaces anything:
 * -EEXIST. Refuses what is neither a file nor a directory. After an error the directory is
 * where it was, with the reason in *e, and no copy is left.
 */
int stage_move(const char *from, const char *parent, char *path, size_t path_bytes,
	       struct error *e);

#endif
