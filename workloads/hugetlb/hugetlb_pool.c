// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the pool of huge pages in sysfs, and binds the worker to a node's part of it. */
#include "workloads/hugetlb/hugetlb.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workloads/api/nodes.h"

int hugetlb_pool_open(struct worker *w, struct pool *pool)
{
	static const char *const names[] = { "free_hugepages", "resv_hugepages",
					     "nr_overcommit_hugepages", "surplus_hugepages" };
	char path[96];

	for (unsigned i = 0; i < POOL_NODE_FREE; i++) {
		snprintf(path, sizeof(path),
			 "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB/%s",
			 hugetlb_page_bytes(w->params) / 1024, names[i]);
		pool->fd[i] = open(path, O_RDONLY | O_CLOEXEC);
		/* The last two may be missing, where this size cannot be overcommitted. */
		if (i < POOL_OVERCOMMIT && pool->fd[i] < 0)
			return worker_fail(w, errno, "cannot open %s: %s", path,
					   strerror(errno));
	}
	return 0;
}

int hugetlb_pool_bind(struct worker *w, struct pool *pool)
{
	const int index = hugetlb_node_index(w->params, w->env);
	const unsigned node = index < 0 ? 0 : w->env->nodes[index];
	const struct nodemask mask = nodemask_of(node);
	char path[112];

	if (index < 0)
		return 0;
	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%u/hugepages/hugepages-2048kB/free_hugepages",
		 node);
	pool->fd[POOL_NODE_FREE] = open(path, O_RDONLY | O_CLOEXEC);
	if (pool->fd[POOL_NODE_FREE] < 0)
		return worker_fail(w, errno, "cannot open %s: %s", path, strerror(errno));
	if (syscall(SYS_set_mempolicy, MPOL_BIND, mask.bits, NODEMASK_BITS))
		return worker_fail(w, errno, "cannot bind to node %u: %s", node,
				   strerror(errno));
	return 0;
}

uint64_t hugetlb_pool_read(const struct pool *pool, enum pool_file file)
{
	char text[32];
	ssize_t n = pool->fd[file] < 0 ? 0 : pread(pool->fd[file], text, sizeof(text) - 1, 0);
	uint64_t value = 0;

	for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	return value;
}

uint64_t hugetlb_pool_left(const struct pool *pool)
{
	const uint64_t more = hugetlb_pool_read(pool, POOL_OVERCOMMIT),
		       surplus = hugetlb_pool_read(pool, POOL_SURPLUS);

	uint64_t left = hugetlb_pool_read(pool, POOL_FREE) -
			hugetlb_pool_read(pool, POOL_RESERVED) +
			(more > surplus ? more - surplus : 0);

	/*
	 * Under a policy a request is also limited by the free pages of its nodes, reserved or
	 * not (mm/hugetlb.c, hugetlb_acct_memory()).
	 */
	if (pool->fd[POOL_NODE_FREE] >= 0) {
		const uint64_t here = hugetlb_pool_read(pool, POOL_NODE_FREE);

		left = here < left ? here : left;
	}
	return left;
}
