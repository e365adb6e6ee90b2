/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One guest from the start of qemu to its end: passes on its output, keeps
 * the bounds, stops it. The only place of the lab that waits.
 */
#ifndef PAGESTORM_LAB_SESSION_H
#define PAGESTORM_LAB_SESSION_H

#include "harness/base/error.h"
#include "harness/lab/lab.h"

/*
 * Runs qemu with the descriptors of `config` and attends the guest until it
 * has ended. 0 when qemu was started, whatever became of it; -errno when it
 * could not be, or when results could not be written.
 */
int session_run(const struct lab_request *request, int initramfs_fd, int disk_fd,
		struct lab_result *result, struct error *e);

#endif
