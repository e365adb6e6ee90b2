// SPDX-License-Identifier: GPL-2.0-or-later
/* The architectures of guests, and how the images of their kernels are read. */
#include "harness/lab/arch.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

/* Documentation/arch/x86/boot.rst: the header's magic, and a pointer less 0x200 to the version.
 */
#define BZIMAGE_MAGIC_AT   0x202
#define BZIMAGE_VERSION_AT 0x20e

/* Documentation/arch/arm64/booting.rst: the magic, and the page size in bits 1 and 2 of flags.
 */
#define ARM64_FLAGS_AT 24
#define ARM64_MAGIC_AT 56
#define ARM64_MAGIC    "ARM\x64"

/* The first word of text, which ends in the image. */
static int take_release(const char *image, size_t size, size_t at, struct arch_image *read)
{
	size_t length;

	if (at >= size || !memchr(image + at, '\0', size - at))
		return -ENOEXEC;
	length = strcspn(image + at, " ");
	if (!length || length >= sizeof(read->release))
		return -ENOEXEC;
	memcpy(read->release, image + at, length);
	read->release[length] = '\0';
	return 0;
}

static int x86_image(const void *image, size_t size, struct arch_image *read)
{
	const char *head = image;
	uint16_t pointer;

	if (size < BZIMAGE_VERSION_AT + sizeof(pointer) ||
	    memcmp(head + BZIMAGE_MAGIC_AT, "HdrS", 4) != 0)
		return -ENOEXEC;
	memcpy(&pointer, head + BZIMAGE_VERSION_AT, sizeof(pointer));
	read->page_bytes = 4096;
	return take_release(head, size, (size_t)pointer + 0x200, read);
}

/* The banner of init/version.c stands in the image as it is. */
static int arm64_image(const void *image, size_t size, struct arch_image *read)
{
	static const char banner[] = "Linux version ";
	static const unsigned page_bytes[] = { 0, 4096, 16384, 65536 };
	const char *head = image, *found;
	uint64_t flags;

	if (size < ARM64_MAGIC_AT + 4 || memcmp(head + ARM64_MAGIC_AT, ARM64_MAGIC, 4) != 0)
		return -ENOEXEC;
	memcpy(&flags, head + ARM64_FLAGS_AT, sizeof(flags));
	read->page_bytes = page_bytes[(flags >> 1) & 3];
	found = memmem(image, size, banner, sizeof(banner) - 1);
	if (!found)
		return -ENOEXEC;
	return take_release(head, size, (size_t)(found - head) + sizeof(banner) - 1, read);
}

static const struct arch x86_64 = {
	.name = "x86_64",
	.debian = "amd64",
	.host = "x86_64-linux-gnu",
	.elf_machine = EM_X86_64,
	.flavour = { { "", "cloud-amd64" }, { "-full", "amd64" } },
	.qemu = "qemu-system-x86_64",
	.qemu_package = "qemu-system-x86",
	.machine = "pc",
	.tcg_cpu = "max",
	.kvm_cpu = "host,arch-capabilities=off",
	.console = "ttyS0",
	/*
	 * The kernel panics ("IO-APIC + timer doesn't work!") unless it counts five timer
	 * interrupts within ten ticks of the TSC (timer_irq_works(), arch/x86/kernel/apic/
	 * io_apic.c). qemu's timer thread may be starved for longer on a busy host. A KVM guest
	 * skips the check by itself (arch/x86/kernel/kvm.c).
	 */
	.boot_words = " no_timer_check",
	.image = x86_image,
};

/* The architecture's own algorithm of pointer authentication is slow to emulate (qemu's
 * docs/system/arm/cpu-features.rst); a guest of the lab has no use for it. */
static const struct arch arm64 = {
	.name = "arm64",
	.debian = "arm64",
	.host = "aarch64-linux-gnu",
	.elf_machine = EM_AARCH64,
	.flavour = { { "", "cloud-arm64" }, { "-full", "arm64" }, { "-16k", "arm64-16k" } },
	.qemu = "qemu-system-aarch64",
	.qemu_package = "qemu-system-arm",
	.machine = "virt,gic-version=3",
	.tcg_cpu = "max,pauth-impdef=on",
	.kvm_cpu = "host",
	.console = "ttyAMA0",
	.boot_words = "",
	.image = arm64_image,
};

#ifdef __aarch64__
const struct arch *const arch_known[] = { &arm64, &x86_64, NULL };
#else
const struct arch *const arch_known[] = { &x86_64, &arm64, NULL };
#endif

const struct arch *arch_here(void)
{
	return arch_known[0];
}

const struct arch *arch_named(const char *name)
{
	for (size_t i = 0; arch_known[i]; i++)
		if (!strcmp(arch_known[i]->name, name))
			return arch_known[i];
	return NULL;
}
