// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/act/heap_model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT    16
#define SIZE_FIELD   8	/* at this offset of a chunk */
#define BLOCK_OFFSET 16 /* of the block in its chunk */
#define CHUNK_MIN    32
#define LINKS_BYTES  48 /* of a free chunk: sizes and four pointers */
#define TRIM_LOOK_BYTES                                                                        \
	(64u << 10)   /* FASTBIN_CONSOLIDATION_THRESHOLD: a merged chunk this large may trim */
#define MAPPED_FLAG 2 /* in the size that is compared with 32 MiB */

enum place { PLACE_HEAP, PLACE_MAPPED, PLACE_FREE, PLACE_UNMAPPED };

struct block {
	uint64_t at; /* offset of its chunk from the heap's first page */
	enum place place;
};

/* Offsets count from the page in which the trimmed top begins. */
struct heap {
	const struct heap_plan *plan;
	uint64_t top, end; /* of the heap; end is the break */
	uint64_t mmap_threshold, trim_threshold;
	uint64_t faults, present; /* pages of the heap */
	uint64_t mapped_pages, mapped_bytes;
	uint64_t blocks; /* of the current cycle */
	uint64_t nr_pages;
	unsigned char *is_present, *before; /* a byte for each page */
	struct block *block;
};

static uint64_t align_up(uint64_t x, uint64_t unit)
{
	return (x + unit - 1) / unit * unit;
}

uint64_t heap_chunk_bytes(uint64_t block_bytes)
{
	uint64_t chunk = align_up(block_bytes + SIZE_FIELD, ALIGNMENT);

	return chunk < CHUNK_MIN ? CHUNK_MIN : chunk;
}

static uint64_t mapped_chunk_bytes(const struct heap_plan *plan)
{
	return align_up(heap_chunk_bytes(plan->block_bytes) + SIZE_FIELD, plan->page_bytes);
}

uint64_t heap_peak_bytes(const struct heap_plan *plan)
{
	uint64_t pad = plan->dynamic ? HEAP_MODEL_THRESHOLD : plan->top_pad;

	return plan->blocks * mapped_chunk_bytes(plan) + pad + 4 * plan->page_bytes;
}

/* ---- pages ---- */

static void touch(struct heap *h, uint64_t at)
{
	unsigned char *page = &h->is_present[at / h->plan->page_bytes];

	h->faults += !*page;
	h->present += !*page;
	*page = 1;
}

static void drop(struct heap *h, uint64_t from, uint64_t to)
{
	const uint64_t page = h->plan->page_bytes;

	for (uint64_t i = from / page; i < to / page; i++) {
		h->present -= h->is_present[i];
		h->is_present[i] = 0;
	}
}

/* Pages of a block that begins at `at`, in addition to that of its size field. */
static void touch_block(struct heap *h, uint64_t at)
{
	const uint64_t page = h->plan->page_bytes, bytes = h->plan->block_bytes;

	if (h->plan->touch == HEAP_TOUCH_NONE)
		return;
	for (uint64_t i = 0; i < bytes; i += page)
		touch(h, at + i);
	if (h->plan->touch == HEAP_TOUCH_BYTES)
		touch(h, at + bytes - 1);
}

/* The same for a mapped chunk, which is page-aligned. */
static uint64_t mapped_block_pages(const struct heap_plan *plan)
{
	const uint64_t page = plan->page_bytes;

	if (plan->touch == HEAP_TOUCH_NONE)
		return 1;
	if (plan->touch == HEAP_TOUCH_WRITE)
		return (plan->block_bytes + page - 1) / page;
	return (BLOCK_OFFSET + plan->block_bytes + page - 1) / page;
}

/* ---- blocks ---- */

static void trim_top(struct heap *h, uint64_t pad)
{
	uint64_t area = h->end - h->top - CHUNK_MIN - 1, extra;

	if (area <= pad)
		return;
	extra = (area - pad) / h->plan->page_bytes * h->plan->page_bytes;
	drop(h, h->end - extra, h->end);
	h->end -= extra;
}

static void allocate_mapped(struct heap *h, struct block *b)
{
	b->place = PLACE_MAPPED;
	h->mapped_bytes += mapped_chunk_bytes(h->plan);
	h->mapped_pages += mapped_block_pages(h->plan);
	h->faults += mapped_block_pages(h->plan);
}

static void allocate(struct heap *h, struct block *b)
{
	const struct heap_plan *plan = h->plan;
	const uint64_t chunk = heap_chunk_bytes(plan->block_bytes);
	const uint64_t pad = plan->dynamic ? HEAP_MODEL_THRESHOLD : plan->top_pad;

	if (h->end - h->top < chunk + CHUNK_MIN) {
		if (chunk >= h->mmap_threshold) {
			allocate_mapped(h, b);
			return;
		}
		h->end +=
			align_up(chunk + pad + CHUNK_MIN - (h->end - h->top), plan->page_bytes);
	}
	b->place = PLACE_HEAP;
	b->at = h->top;
	h->top += chunk;
	touch(h, b->at + SIZE_FIELD);
	touch(h, h->top + SIZE_FIELD);
	touch_block(h, b->at + BLOCK_OFFSET);
}

static void free_mapped(struct heap *h, struct block *b)
{
	const uint64_t bytes = mapped_chunk_bytes(h->plan);

	b->place = PLACE_UNMAPPED;
	h->mapped_bytes -= bytes;
	h->mapped_pages -= mapped_block_pages(h->plan);
	if (!h->plan->dynamic || bytes <= h->mmap_threshold ||
	    (bytes | MAPPED_FLAG) > HEAP_MODEL_THRESHOLD_MAX)
		return;
	h->mmap_threshold = bytes;
	h->trim_threshold = 2 * bytes;
}

static bool is_free(const struct heap *h, uint64_t i)
{
	return i < h->blocks && h->block[i].place == PLACE_FREE;
}

/* Block i merges with its free neighbours; heap order is the order of allocation. */
static void free_heap(struct heap *h, uint64_t i)
{
	const uint64_t chunk = heap_chunk_bytes(h->plan->block_bytes);
	uint64_t first = i, last = i, start, bytes;

	h->block[i].place = PLACE_FREE;
	while (first && is_free(h, first - 1))
		first--;
	while (is_free(h, last + 1) && h->block[last].at + chunk != h->top)
		last++;
	start = h->block[first].at;
	bytes = h->block[last].at + chunk - start;
	touch(h, start + SIZE_FIELD);
	if (h->block[last].at + chunk == h->top) {
		h->top = start;
		bytes = h->end - start;
	} else {
		touch(h, start + LINKS_BYTES - 1);
		touch(h, start + bytes);
	}
	if (bytes >= TRIM_LOOK_BYTES && h->end - h->top >= h->trim_threshold)
		trim_top(h, h->plan->dynamic ? HEAP_MODEL_THRESHOLD : h->plan->top_pad);
}

static void free_block(struct heap *h, uint64_t i)
{
	if (h->block[i].place == PLACE_MAPPED)
		free_mapped(h, &h->block[i]);
	else
		free_heap(h, i);
}

/* malloc_trim(0): releases whole pages within free chunks, then trims the top. */
static void trim(struct heap *h)
{
	const uint64_t page = h->plan->page_bytes;
	const uint64_t chunk = heap_chunk_bytes(h->plan->block_bytes);

	for (uint64_t i = 0, run; i < h->blocks; i = run) {
		uint64_t start, end;

		run = i + 1;
		if (!is_free(h, i) || h->block[i].at >= h->top)
			continue;
		while (is_free(h, run))
			run++;
		start = align_up(h->block[i].at + LINKS_BYTES, page);
		end = (h->block[run - 1].at + chunk) / page * page;
		if (start < end)
			drop(h, start, end);
	}
	trim_top(h, 0);
}

static void allocate_all(struct heap *h)
{
	for (uint64_t i = 0; i < h->blocks; i++)
		allocate(h, &h->block[i]);
}

static void free_all(struct heap *h, uint64_t keep)
{
	for (uint64_t n = 0; n < h->blocks; n++) {
		uint64_t i = h->plan->fifo ? n : h->blocks - 1 - n;

		if (!keep || i % keep)
			free_block(h, i);
	}
}

/* ---- cycles ---- */

/* The state at the start of a cycle, with is_present. */
struct beginning {
	uint64_t top, end, mmap_threshold, trim_threshold, present;
};

static struct beginning beginning_of(const struct heap *h)
{
	return (struct beginning){ h->top, h->end, h->mmap_threshold, h->trim_threshold,
				   h->present };
}

/*
 * Simulates cycles until the state repeats; each further one takes the same number of
 * faults. The last cycle, which may keep blocks, is left to simulate().
 */
static void simulate_cycles(struct heap *h)
{
	for (uint64_t done = 1; done < h->plan->cycles; done++) {
		const struct beginning b = beginning_of(h);
		struct beginning now;
		uint64_t faults = h->faults;

		memcpy(h->before, h->is_present, h->nr_pages);
		allocate_all(h);
		free_all(h, 0);
		now = beginning_of(h);
		if (!memcmp(&b, &now, sizeof(b)) &&
		    !memcmp(h->before, h->is_present, h->nr_pages)) {
			h->faults += (h->plan->cycles - 1 - done) * (h->faults - faults);
			break;
		}
	}
}

static void simulate(struct heap *h, struct heap_outcome *out)
{
	const struct heap_plan *plan = h->plan;
	const uint64_t chunk = heap_chunk_bytes(plan->block_bytes);
	uint64_t high, kept = 0;

	simulate_cycles(h);
	if (plan->last_blocks)
		h->blocks = plan->last_blocks;
	allocate_all(h);
	high = h->end + h->mapped_bytes;
	free_all(h, plan->keep);
	if (plan->trim)
		trim(h);
	for (uint64_t i = 0; i < h->blocks; i++)
		kept += h->block[i].place == PLACE_HEAP;
	*out = (struct heap_outcome){
		.faults = h->faults,
		.resident_bytes = (h->present - 1 + h->mapped_pages) * plan->page_bytes,
		.heap_bytes = h->end - plan->page_bytes,
		.mapped_bytes = h->mapped_bytes,
		.in_use_bytes = kept * chunk + h->mapped_bytes,
		.retained_bytes = h->end - plan->page_bytes - kept * chunk,
		.returned_bytes = high - h->end - h->mapped_bytes,
	};
}

int heap_model(const struct heap_plan *plan, struct heap_outcome *out)
{
	struct heap h = { .plan = plan,
			  .top = HEAP_MODEL_TOP_OFFSET,
			  .end = plan->page_bytes,
			  .mmap_threshold =
				  plan->dynamic ? HEAP_MODEL_THRESHOLD : plan->mmap_threshold,
			  .trim_threshold =
				  plan->dynamic ? HEAP_MODEL_THRESHOLD : plan->trim_threshold,
			  .present = 1,
			  .blocks = plan->blocks,
			  .nr_pages = heap_peak_bytes(plan) / plan->page_bytes + 1 };
	int ret = -ENOMEM;

	h.is_present = calloc(h.nr_pages, 1);
	h.before = calloc(h.nr_pages, 1);
	h.block = calloc(plan->blocks, sizeof(*h.block));
	if (h.is_present && h.before && h.block) {
		h.is_present[0] = 1;
		simulate(&h, out);
		ret = 0;
	}
	free(h.is_present);
	free(h.before);
	free(h.block);
	return ret;
}
