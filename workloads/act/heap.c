// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/act/heap.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "workloads/act/heap_model.h"

#ifdef HEAP_IS_MODELLED

/* Below any threshold, and larger than the chunks that a program's start leaves free. */
#define LARGEST_BYTES (64u << 10)
#define PLUGS_MAX     4096
#define CACHED_MAX    1032 /* bytes of tcache's largest block */

/*
 * Allocates until a request is served from the top: every other one takes a free chunk and
 * is kept. The one from the top is freed and merges with the top again, unless it is so
 * small that the tcache would keep it.
 */
static int use_up(struct heap *heap, size_t bytes, unsigned *plugs)
{
	for (; *plugs < PLUGS_MAX; ++*plugs) {
		size_t top = mallinfo2().keepcost;
		void **block = heap_made(malloc(bytes));

		if (!block)
			return -ENOMEM;
		if (mallinfo2().keepcost != top && bytes > CACHED_MAX) {
			free(block);
			return 0;
		}
		*block = heap->plugs;
		heap->plugs = block;
		if (mallinfo2().keepcost != top)
			return 0;
	}
	return -EPROTO; /* keepcost does not change: not glibc's */
}

static int use_up_all(struct heap *heap, size_t smallest_bytes)
{
	unsigned plugs = 0;
	int ret = 0;

	free(heap_made(malloc(16))); /* creates the heap */
	if (!mallinfo2().keepcost)
		return -EPROTO; /* no top: not glibc's */
	for (size_t bytes = LARGEST_BYTES; bytes > smallest_bytes && !ret; bytes /= 2)
		ret = use_up(heap, bytes, &plugs);
	if (!ret && smallest_bytes <= LARGEST_BYTES)
		ret = use_up(heap, smallest_bytes, &plugs);
	return ret;
}

/* Shrinks a block at the end of the heap so that the top begins at the model's offset. */
static int place_top(struct heap *heap, size_t page_bytes)
{
	char *block = heap_made(malloc(page_bytes + 4096));
	size_t chunk;

	heap->anchor = block;
	if (!block)
		return -ENOMEM;
	chunk = (HEAP_MODEL_TOP_OFFSET - ((uintptr_t)block - 16)) % page_bytes;
	if (chunk < HEAP_MODEL_BLOCK_MIN)
		chunk += page_bytes;
	return heap_made(realloc(block, chunk - 8)) == block ? 0 : -EPROTO;
}

static int fix_thresholds(const struct heap_thresholds *fixed)
{
	if (!fixed)
		return 0;
	if (!mallopt(M_MMAP_THRESHOLD, (int)fixed->mmap) ||
	    !mallopt(M_TRIM_THRESHOLD, (int)fixed->trim) ||
	    !mallopt(M_TOP_PAD, (int)fixed->top_pad))
		return -EINVAL;
	return 0;
}

int heap_prepare(struct heap *heap, size_t page_bytes, size_t smallest_bytes,
		 const struct heap_thresholds *fixed)
{
	int ret = use_up_all(heap, smallest_bytes);

	if (!ret)
		ret = place_top(heap, page_bytes);
	if (!ret)
		ret = fix_thresholds(fixed);
	if (ret)
		return ret;
	malloc_trim(0);
	return mallinfo2().keepcost == page_bytes - HEAP_MODEL_TOP_OFFSET ? 0 : -EPROTO;
}

#else

int heap_prepare(struct heap *heap, size_t page_bytes, size_t smallest_bytes,
		 const struct heap_thresholds *fixed)
{
	(void)heap; /* this allocator is not modelled */
	(void)page_bytes;
	(void)smallest_bytes;
	(void)fixed;
	return -EPROTO;
}

#endif

void heap_release(struct heap *heap)
{
	while (heap->plugs) {
		void **block = heap->plugs;

		heap->plugs = *block;
		free(block);
	}
	free(heap->anchor);
	heap->anchor = NULL;
}
