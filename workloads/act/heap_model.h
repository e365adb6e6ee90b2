/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of glibc's malloc for equal blocks that are allocated and freed in cycles: which
 * of them it maps, how far it moves the program break, what it returns to the kernel, and
 * which pages it touches. Pure arithmetic.
 *
 * The rules are those of mallopt(3) and malloc_trim(3); the sizes are those of the
 * chunks that glibc documents in malloc.c ("Vital statistics"), on 64-bit machines:
 *   - a block of n bytes is a chunk of n + 8 rounded up to 16, the first 16 bytes
 *     of which come before the block;
 *   - a chunk that does not fit into the top of the heap is mapped when it reaches
 *     M_MMAP_THRESHOLD; otherwise the break moves up by what is missing and
 *     M_TOP_PAD and 32 bytes more, in whole pages;
 *   - a mapped chunk has 8 bytes more, in whole pages, and freeing it unmaps it; if
 *     it was above the threshold and not above 32 MiB, the threshold becomes its
 *     size and M_TRIM_THRESHOLD twice that, unless mallopt() fixed any of them;
 *   - freed chunks merge with their free neighbours and the top; when the merged chunk
 *     is 64 KiB or more and the top reaches M_TRIM_THRESHOLD, the break moves down to
 *     M_TOP_PAD and 33 bytes above the top, in whole pages;
 *   - malloc_trim(0) does that without a pad, and releases whole pages from the middle
 *     of free chunks, behind the 48 bytes of their links.
 * The model does not cover freed blocks below 2 KiB, which tcache and fast bins keep.
 */
#ifndef PAGESTORM_HEAP_MODEL_H
#define PAGESTORM_HEAP_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "workloads/api/workload.h"

#define HEAP_MODEL_BLOCK_MIN	 2048
#define HEAP_MODEL_THRESHOLD	 (128u << 10) /* defaults of the three, mallopt(3) */
#define HEAP_MODEL_THRESHOLD_MAX (32u << 20)  /* of M_MMAP_THRESHOLD, mallopt(3) */

/* Where the top of the heap begins within its page before the first block. */
#define HEAP_MODEL_TOP_OFFSET 64

enum heap_touch {
	HEAP_TOUCH_NONE,
	HEAP_TOUCH_WRITE, /* a word at the block's start and after each page's length */
	HEAP_TOUCH_BYTES,
};

/* The option `touch` of workloads that take blocks; its choices are enum heap_touch. */
#define HEAP_TOUCH_OPTION(value, at)                                                           \
	{                                                                                      \
		.name = "touch", .type = OPTION_CHOICE, .fallback = value,                     \
		.choices = "none|write|bytes",                                                 \
		.help = "nothing, a word per page, or every byte of a block", at               \
	}

struct heap_plan {
	uint64_t page_bytes;
	uint64_t block_bytes, blocks, cycles;
	uint64_t last_blocks; /* of the last cycle; 0: as many as in the others */
	enum heap_touch touch;
	bool fifo;    /* freed in the order of allocation; otherwise in reverse */
	bool dynamic; /* dynamic thresholds; otherwise the three below */
	uint64_t mmap_threshold, trim_threshold, top_pad;
	uint64_t keep; /* in the last cycle every keep-th block stays; 1: all; 0: none */
	bool trim;     /* malloc_trim(0) at the end */
};

/* Relative to the state before the first block, with a trimmed top. */
struct heap_outcome {
	uint64_t faults;
	uint64_t resident_bytes; /* at the end */
	uint64_t heap_bytes;	 /* rise of the break */
	uint64_t mapped_bytes;	 /* of mapped blocks */
	uint64_t in_use_bytes;	 /* chunks that are not free */
	uint64_t retained_bytes; /* free chunks in the heap */
	uint64_t returned_bytes; /* returned since the last cycle's blocks were allocated */
};

/* Bytes of the chunk of a block. */
uint64_t heap_chunk_bytes(uint64_t block_bytes);

/* Peak of the heap and the mapped blocks together. */
uint64_t heap_peak_bytes(const struct heap_plan *plan);

/* 0 or -ENOMEM. */
int heap_model(const struct heap_plan *plan, struct heap_outcome *out);

#endif
