/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packages of any suite and architecture of Debian, on a machine that has another: asked for
 * through apt, with sources, lists and caches of its own. The machine's apt is read (which
 * mirror, which proxy) and never changed; its hooks do not run. Nothing is installed. What the
 * archive's keys have not signed is refused.
 */
#ifndef PAGESTORM_LAB_DEBIAN_H
#define PAGESTORM_LAB_DEBIAN_H

#include <limits.h>

#include "harness/base/error.h"
#include "harness/lab/words.h"

struct debian {
	char directory[PATH_MAX]; /* the caller's, who removes it */
	char conf[PATH_MAX];
};

/*
 * Fetches the lists of a suite ("bookworm"; NULL: the one that the machine's own sources name)
 * for an architecture ("amd64") into directory, which exists. 0, -ENOENT: no apt, no Debian
 * mirror or no keys here, or -errno.
 */
int debian_open(struct debian *debian, const char *directory, const char *suite,
		const char *architecture, struct error *e);

/* Adds the names of all packages that begin with prefix. */
int debian_names(const struct debian *debian, const char *prefix, struct words *names,
		 struct error *e);

/* Downloads the packages, alone or with all that they depend on, and unpacks them into tree. */
int debian_unpack(const struct debian *debian, const struct words *packages, const char *tree,
		  struct error *e);
int debian_unpack_closure(const struct debian *debian, const struct words *packages,
			  const char *tree, struct error *e);

/* Picks the mirror and the suite out of apt's targets, lines "URI SUITE". False: none. Pure. */
bool debian_mirror(const char *targets, char *uri, char *suite, size_t size);

#endif
