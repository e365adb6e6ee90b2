/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds the guest's root in memory: busybox, this program, the shared
 * libraries of both, kernel modules, files of the user. No file is left on the
 * host: the archive is a memfd.
 */
#ifndef PAGESTORM_LAB_INITRAMFS_H
#define PAGESTORM_LAB_INITRAMFS_H

#include "harness/base/error.h"
#include "harness/lab/arch.h"
#include "harness/lab/guest_spec.h"
#include "harness/lab/modules.h"
#include "harness/lab/words.h"

struct initramfs_file {
	const char *host;  /* file or directory */
	const char *guest; /* absolute */
};

struct initramfs_content {
	const struct guest_spec *spec;
	const struct words *argv;	 /* empty: no command */
	const struct words *environment; /* KEY=value */
	const struct words *collect;	 /* absolute paths to bring back */
	const struct modules *modules;
	const struct arch *arch;
	const char *sysroot;	  /* programs and libraries of arch; NULL: this machine's own */
	const char *program;	  /* host path of pagestorm for arch */
	const char *this_program; /* the guest has it under this name too */
	const char *busybox;	  /* host path; for arch, statically linked */
	const char *applets;	  /* host path of a busybox that can list them here */
	const struct initramfs_file *file;
	size_t nr_files;
};

/* A descriptor of the finished archive, or -errno. The caller closes it. */
int initramfs_make(const struct initramfs_content *content, struct error *e);

/*
 * Adds the shared libraries that a program on this host loads, its interpreter
 * among them, as absolute paths. Nothing for what is no dynamic ELF program.
 */
int initramfs_libraries(const char *program, struct words *paths, struct error *e);

/* Picks the paths out of what `ld.so --list` prints. Pure. */
void initramfs_parse_list(const char *text, struct words *paths);

#endif
