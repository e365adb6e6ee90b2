/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings glibc's main heap into the initial state of heap_model.h: no free chunk that
 * could serve the first block, the top trimmed and at a known offset in its page.
 * Otherwise memory left over from the program's start would hide faults.
 */
#ifndef PAGESTORM_HEAP_H
#define PAGESTORM_HEAP_H

#include <stddef.h>
#include <stdint.h>

/* mallinfo2() came with glibc 2.33; a sanitizer brings an allocator of its own. */
#if defined(__GLIBC_PREREQ) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if __GLIBC_PREREQ(2, 33) && __SIZEOF_POINTER__ == 8
#define HEAP_IS_MODELLED 1
#endif
#endif
#define HEAP_NOT_MODELLED "malloc here is not that of glibc 2.33 or newer on a 64-bit machine"

/* Keeps the compiler from dropping a block that nothing reads. */
static inline void *heap_made(void *block)
{
	__asm__ volatile("" : "+r"(block) : : "memory");
	return block;
}

/* The three of mallopt(3). */
struct heap_thresholds {
	uint64_t mmap, trim, top_pad;
};

struct heap {
	void *plugs;  /* list of allocations that use up free chunks */
	void *anchor; /* the block below the top */
};

/*
 * For blocks of at least smallest_bytes; fixed NULL: glibc's dynamic thresholds.
 * 0; -ENOMEM; -EINVAL when mallopt(3) fails; -EPROTO when another allocator replaces
 * malloc (valgrind's) or the top is not at its place.
 */
int heap_prepare(struct heap *heap, size_t page_bytes, size_t smallest_bytes,
		 const struct heap_thresholds *fixed);

/* Frees what heap_prepare() took; nothing to do for a zeroed one. */
void heap_release(struct heap *heap);

#endif
