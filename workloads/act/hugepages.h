/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base pages for a whole process, where a madvise(2) would split or join mappings. */
#ifndef PAGESTORM_HUGEPAGES_H
#define PAGESTORM_HUGEPAGES_H

#include <errno.h>
#include <sys/prctl.h>

/* No fault of this process takes a huge page from now on. 0 or -errno. */
static inline int hugepages_forbid(void)
{
	/* EINVAL: a kernel without transparent huge pages. */
	return prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) && errno != EINVAL ? -errno : 0;
}

#endif
