/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The architectures of guests: what qemu, Debian, the loader and a kernel's image call each.
 * One that is not this machine's is emulated, and requires a pagestorm and libraries of its
 * own.
 */
#ifndef PAGESTORM_LAB_ARCH_H
#define PAGESTORM_LAB_ARCH_H

#include <stddef.h>
#include <stdint.h>

#define ARCH_FLAVOURS_MAX 3

struct arch_image {
	char release[128];   /* 6.1.0-56-cloud-amd64 */
	unsigned page_bytes; /* 0: the image does not say */
};

struct arch {
	const char *name;   /* arm64 */
	const char *debian; /* as in amd64, the end of a package's or a kernel's name */
	const char *host;   /* for ./configure --host, and the directory of libraries */
	uint16_t elf_machine;
	/* How --kernel names the kinds of kernels that Debian has, and how Debian does; the
	 * first is the default. */
	struct arch_flavour {
		const char *suffix, *flavour;
	} flavour[ARCH_FLAVOURS_MAX];

	const char *qemu, *qemu_package;
	const char *machine, *tcg_cpu, *kvm_cpu;
	const char *console; /* the kernel's name of the first serial line */
	const char
		*boot_words; /* of the kernel's command line, beside those of each; "": none */

	/* Reads a kernel's image. 0, or -ENOEXEC: not one of this architecture. Pure. */
	int (*image)(const void *image, size_t size, struct arch_image *read);
};

/* Each, NULL at the end; the first is this machine's. */
extern const struct arch *const arch_known[];

/* NULL: not known. */
const struct arch *arch_named(const char *name);

/* This program's own. */
const struct arch *arch_here(void);

#endif
