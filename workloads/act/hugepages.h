/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option `pages`, and transparent huge pages off for a process. */
#ifndef PAGESTORM_HUGEPAGES_H
#define PAGESTORM_HUGEPAGES_H

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "workloads/act/worker.h"

/* Choices of the option `pages`. */
enum pages_kind { PAGES_4K, PAGES_HUGE };

#define PAGES_OPTION(at)                                                                       \
	{                                                                                      \
		.name = "pages", .type = OPTION_CHOICE, .fallback = "4k",                      \
		.choices = "4k|huge",                                                          \
		.help = "base pages only, or transparent huge pages by madvise", at            \
	}

/*
 * No fault of this process allocates a huge page from now on; where a madvise(2) would split
 * or merge mappings. 0 or -errno (reported through worker_fail()).
 */
static inline int hugepages_forbid(struct worker *w)
{
	/* EINVAL: a kernel without transparent huge pages. */
	if (!prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) || errno == EINVAL)
		return 0;
	return worker_fail(w, errno, "cannot switch huge pages off by prctl: %s",
			   strerror(errno));
}

#endif
