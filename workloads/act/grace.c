// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/act/grace.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GRACE_PERIODS 3

/* MEMBARRIER_CMD_GLOBAL is synchronize_rcu() (kernel/sched/membarrier.c). */
void grace_wait(void)
{
	for (unsigned i = 0; i < GRACE_PERIODS; i++)
		if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
			return;
}
