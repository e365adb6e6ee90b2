/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The little that the lab must know of ELF files: which program interpreter and
 * libraries a program asks for, and which modules a kernel module depends on. 64-bit
 * little-endian only, like the guests.
 */
#ifndef PAGESTORM_LAB_ELF_H
#define PAGESTORM_LAB_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/lab/words.h"

bool elf_is(const void *image, size_t size);

/* Of its header (EM_X86_64, …), or EM_NONE where it is not ELF. */
uint16_t elf_machine(const void *image, size_t size);

/* Adds the names of the libraries that it asks for. Nothing where it is statically linked. */
void elf_needed(const void *image, size_t size, struct words *names);

/* Points into the image, or NULL: statically linked, or not ELF. */
const char *elf_interpreter(const void *image, size_t size);

/*
 * Adds the names in the `depends=` entry of a module's .modinfo section.
 * 0, -ENOEXEC when it is no module, or -ENOMEM.
 */
int elf_module_depends(const void *image, size_t size, struct words *depends);

#endif
