/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Process 1 of a guest in its parts: what guest.c calls in order, and what the parts share.
 * Functions that return int return 0, or -errno with a sentence for the host in *e.
 */
#ifndef PAGESTORM_LAB_GUEST_PART_H
#define PAGESTORM_LAB_GUEST_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/error.h"
#include "harness/lab/channel.h"
#include "harness/lab/guest_spec.h"
#include "harness/lab/words.h"

struct guest {
	struct guest_spec spec;
	struct words argv, environment, collect, modules;
	struct channel_tally tally; /* of what was read, whether or not the port took it */
	struct error loss;	    /* what could not be read */
	int port_fd;
};

/* ---- guest_mount.c ---- */

/* /proc, /sys, /dev and what lies below them. debugfs, tracefs and hugetlbfs may be missing. */
int guest_mount_kernel(struct error *e);

int guest_mount_cgroups(enum guest_cgroup kind, struct error *e);

/* The scratch disk, with the directory of the results on it; nothing without a disk. */
int guest_mount_disk(const struct guest_spec *spec, struct error *e);

/* ---- guest_device.c ---- */

int guest_load_modules(const struct guest *guest, struct error *e);

/* Waits up to 30 s for the node. The descriptor or -errno. */
int guest_open_device(const char *path, int flags, struct error *e);

int guest_add_swap(const struct guest_spec *spec, struct error *e);

/* Writes text to a file of the kernel's. 0 or -errno. */
int guest_write_text(const char *path, const char *text);

/* ---- guest_command.c ---- */

/* *status: as from waitpid(). No process of the command's outlives this. */
int guest_run_command(struct guest *guest, int *status, struct error *e);

int guest_run_shell(struct guest *guest, struct error *e);

/* ---- guest_send.c ---- */

/* Sends and counts. What the port does not take the host misses, as it compares the tallies. */
void guest_send(struct guest *guest, enum channel_type type, const void *payload, size_t size);

/* Sends what can be read now; false at the end of the stream. name is for guest->loss. */
bool guest_forward(struct guest *guest, int from_fd, enum channel_type type, const char *name);

/* A file, or a directory with all below it. A path that does not exist is no loss. */
void guest_send_tree(struct guest *guest, const char *path);

#endif
