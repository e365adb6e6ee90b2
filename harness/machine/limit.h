/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The limits of a group, as the plan has decided them. */
#ifndef PAGESTORM_LIMIT_H
#define PAGESTORM_LIMIT_H

#include <stdbool.h>

/* One file of a group to be written and read back, in v2 names; see group.h for the mapping. */
struct limit {
	char name[40];	/* memory.max, memory.high, memory.swap.max, memory.oom.group,
			   cpuset.mems … */
	char value[64]; /* bytes as a number, or max, or a list */
	bool derived;	/* by the plan, so that the worker is contained; not asked for */
};

#define LIMITS_MAX 12

struct limits {
	unsigned nr;
	struct limit limit[LIMITS_MAX];
};

#endif
