/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capabilities of kernels that were tried (tests/fixtures/machines, doctor), for tests
 * that make their machine up: initialisers of workload_env.capability.
 */
#ifndef PAGESTORM_TESTS_CAPABILITIES_H
#define PAGESTORM_TESTS_CAPABILITIES_H

#include "workloads/api/workload.h"

/* clang-format off */
#define CAPABILITIES_6_18 {                                                                    \
		[CAPABILITY_ZERO_PAGE] = CAPABILITY_YES,                                       \
		[CAPABILITY_HUGE_ZERO_PAGE] = CAPABILITY_YES,                                  \
		[CAPABILITY_TABLE_CHARGE] = CAPABILITY_YES,                                    \
		[CAPABILITY_POPULATE] = CAPABILITY_YES,                                        \
		[CAPABILITY_PAGEOUT] = CAPABILITY_YES,                                         \
		[CAPABILITY_COLD] = CAPABILITY_YES,                                            \
		[CAPABILITY_LAZY_FREE] = CAPABILITY_YES,                                       \
		[CAPABILITY_COLLAPSE] = CAPABILITY_YES,                                        \
		[CAPABILITY_EXACT_STATUS] = CAPABILITY_YES,                                    \
		[CAPABILITY_EXACT_STATM] = CAPABILITY_YES,                                     \
		[CAPABILITY_EXACT_STAT] = CAPABILITY_NO,                                       \
		[CAPABILITY_TASK_RSS] = CAPABILITY_NO,                                  \
		[CAPABILITY_CACHESTAT] = CAPABILITY_YES,                                \
		[CAPABILITY_DAMON_RECLAIMS] = CAPABILITY_NO,                            \
		[CAPABILITY_PAGE_REPORTING] = CAPABILITY_NO,                            \
		[CAPABILITY_ZSWAP_ON] = CAPABILITY_NO,                                  \
		[CAPABILITY_RECURSIVE_PROTECTION] = CAPABILITY_NO,                      \
		[CAPABILITY_HUGETLB_CHARGE] = CAPABILITY_NO,                            \
		[CAPABILITY_BASE_PAGE_4K] = CAPABILITY_YES,                             \
		[CAPABILITY_HUGE_PAGE_2M] = CAPABILITY_YES,                             \
		[CAPABILITY_SMALL_HUGE_PAGES] = CAPABILITY_YES,                         \
		[CAPABILITY_FRESH_STAT] = CAPABILITY_YES,                               \
		[CAPABILITY_GROUP_PEAK] = CAPABILITY_YES,                               \
		[CAPABILITY_GROUP_RECLAIM] = CAPABILITY_YES,                            \
		[CAPABILITY_RECLAIM_SWAPPINESS] = CAPABILITY_YES,                       \
		[CAPABILITY_GROUP_SWAP_KEYS] = CAPABILITY_YES,                          \
		[CAPABILITY_REFAULT_SPLIT] = CAPABILITY_YES,                            \
		[CAPABILITY_GROUP_PSI] = CAPABILITY_YES,                                \
		[CAPABILITY_HUGE_ZERO_WRITE] = CAPABILITY_YES,                          \
		[CAPABILITY_SPLIT_ZEROS] = CAPABILITY_YES,                              \
		[CAPABILITY_WEIGHTED_INTERLEAVE] = CAPABILITY_YES,                      \
		[CAPABILITY_SWAP_SLOTS] = CAPABILITY_NO,                                \
		[CAPABILITY_NODE_RECLAIM] = CAPABILITY_NO,                              \
		[CAPABILITY_LARGE_READAHEAD] = CAPABILITY_YES,                          \
		[CAPABILITY_KERNEL_CHARGE] = CAPABILITY_YES,                            \
	}
/* clang-format on */

#endif
