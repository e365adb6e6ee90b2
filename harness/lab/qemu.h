/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of qemu for a guest. Pure. */
#ifndef PAGESTORM_LAB_QEMU_H
#define PAGESTORM_LAB_QEMU_H

#include <stdbool.h>

#include "harness/lab/arch.h"
#include "harness/lab/shape.h"
#include "harness/lab/words.h"

/* Descriptors that qemu inherits under the same numbers. */
struct qemu_config {
	const struct arch *arch;
	const struct shape *shape;
	const char *kernel_path;
	const char *append; /* more kernel parameters; NULL: none */
	int initramfs_fd;
	int console_fd; /* socket: the first serial line */
	int channel_fd; /* socket: the virtio port */
	int disk_fd;	/* -1: no disk */
	bool kvm;
};

/* Appends program name and arguments; ask words_error(). */
void qemu_arguments(const struct qemu_config *config, struct words *argv);

#endif
