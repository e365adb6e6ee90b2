/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel threads, as distinct from processes with such a name: any process may call itself
 * kswapd0 (prctl(2) PR_SET_NAME, or the name of its file).
 */
#ifndef PAGESTORM_KTHREAD_H
#define PAGESTORM_KTHREAD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The name in the text of /proc/PID/stat, when PF_KTHREAD stands in its flags
 * (include/linux/sched.h; proc(5), fields 2 and 9). false: a process, or text that
 * does not parse; name is untouched then.
 */
bool kthread_name(const char *stat, char *name, size_t name_bytes);

#endif
