// SPDX-License-Identifier: GPL-2.0-or-later
/* Which parameters hugetlb refuses, and which the pool cannot satisfy. */
#include "workloads/hugetlb/hugetlb.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

int hugetlb_check(const void *params, const struct workload_env *env, char *reason,
		  size_t reason_bytes)
{
	const struct hugetlb_params *p = params;
	const uint64_t pool = hugetlb_pool_pages(p, env), surplus = hugetlb_nr_surplus(p, env);

	if (fill_parse(p->fill, NULL, NULL))
		return check_answer(FILL_WRONG, NULL, reason, reason_bytes);
	if (hugetlb_node_index(p, env) != -1 && p->page == PAGE_1G)
		return check_answer("node= requires page=2M: use node=any", NULL, reason,
				    reason_bytes);
	if (hugetlb_node_index(p, env) == -2) {
		snprintf(reason, reason_bytes, "node=%s is not a node with memory", p->node);
		return -ENODEV;
	}
	if (pool >= hugetlb_nr(p) ||
	    (p->page == PAGE_2M && surplus && surplus <= env->hugetlb_2m_overcommit))
		return 0;
	snprintf(reason, reason_bytes,
		 "requires %" PRIu64 " free huge pages of %s and the pool has %" PRIu64
		 ": add hugepages.%" PRIu64 "kB=%" PRIu64,
		 hugetlb_nr(p), p->page == PAGE_1G ? "1 GiB" : "2 MiB", pool,
		 hugetlb_page_bytes(p) / 1024, hugetlb_nr(p));
	return -ENODEV;
}
