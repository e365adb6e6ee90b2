/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lab: boots a guest of a chosen shape in qemu, runs one command in it and
 * brings back what it printed, its status and its results.
 *
 * It leaves nothing behind, however it ends: the initramfs is a memfd, the disk
 * an unlinked file, the channels are socket pairs, and qemu dies with its
 * parent. It never touches the host's kernel settings.
 */
#ifndef PAGESTORM_LAB_LAB_H
#define PAGESTORM_LAB_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/error.h"
#include "harness/lab/arch.h"
#include "harness/lab/blob.h"
#include "harness/lab/guest_spec.h"
#include "harness/lab/initramfs.h"
#include "harness/lab/kernel.h"
#include "harness/lab/shape.h"
#include "harness/lab/words.h"

struct lab_request {
	const struct arch *arch;
	const char *program; /* pagestorm for arch; NULL: this one */
	struct shape shape;
	enum guest_cgroup cgroup;
	enum guest_swap swap;
	uint64_t swap_bytes;
	uint64_t disk_bytes; /* of the scratch disk, beside a swap file; 0: none */
	struct kernel kernel;
	const char *append; /* NULL: none */
	bool kvm;
	bool shell;
	bool show_console;	  /* copy the console to err_fd */
	unsigned boot_seconds;	  /* bound until the command starts */
	unsigned timeout_seconds; /* for the command; 0: none */
	struct words argv;	  /* the command, item[0] a path in the guest; empty: none */
	struct words
		collect; /* absolute paths to bring back; the first: the results directory */
	struct initramfs_file *file;
	size_t nr_files;
	int out_fd, err_fd; /* where the guest's output goes */
};

enum lab_end {
	LAB_ENDED,	 /* the command ended: status is from waitpid() */
	LAB_FAILED,	 /* the guest could not be set up: see the error */
	LAB_INCOMPLETE,	 /* not all arrived that the guest had to send: see the error */
	LAB_DIED,	 /* panic, or qemu ended on its own */
	LAB_TIMED_OUT,	 /* the guest was stopped at the bound */
	LAB_INTERRUPTED, /* a signal came and the guest did not end in time */
};

struct lab_result {
	enum lab_end end;
	int status;
	int signal;		 /* LAB_INTERRUPTED, or 0 */
	struct blob console;	 /* the last part of what the kernel printed */
	struct blob qemu_output; /* qemu's own messages */
	int qemu_status;	 /* from waitpid(2); SIGKILL is also how a session ends it */
	double boot_seconds;
	unsigned nr_boots; /* more than 1: a guest ended without any output */
	size_t nr_files_collected;
};

/*
 * 0 when a guest was started: result has how it ended. -errno and a sentence
 * when none could be. Signals INT, TERM and HUP are taken while it runs.
 */
int lab_run(const struct lab_request *request, struct lab_result *result, struct error *e);

void lab_result_release(struct lab_result *result);

/*
 * Checks what can be known before a boot: sizes against the host's memory and
 * disk, swap against its device, the cgroup version against the kernel. 0 or
 * -EINVAL.
 */
int lab_check(const struct lab_request *request, struct error *e);

/* "512M", "zram:512M", "ram:256M", "file:1G", "none". 0 or -EINVAL. Pure. */
int lab_parse_swap(const char *text, enum guest_swap *kind, uint64_t *bytes, struct error *e);

/*
 * What the command in the guest finds in PAGESTORM_LAB: "nodes=2
 * memory=2147483648 node_memory=1G,1G node_cpus=1,1 swap=file:536870912
 * kernel=6.1.0-56-cloud-amd64 cgroup=v2 accel=tcg".
 */
int lab_describe(const struct lab_request *request, char *text, size_t size);

/* One line of what the lab requires on this host, for `lab --check` and doctor. */
struct lab_requirement {
	const char *name;
	bool found;
	char detail[256]; /* what was found */
	char fix[128];	  /* a command, when it was not */
};

#define LAB_REQUIREMENTS_MAX 8

/* Fills at most LAB_REQUIREMENTS_MAX; returns how many. */
size_t lab_requirements(const struct arch *arch,
			struct lab_requirement list[LAB_REQUIREMENTS_MAX]);

#endif
