// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/act/touch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define CACHE_LINE_BYTES 64

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; Debian 12's C library has it */
#endif

void touch_init(struct touch *t, enum touch_kind kind, uint64_t page_bytes, uint64_t huge_bytes,
		const struct fill *fill)
{
	bool bare = kind == TOUCH_POPULATE && fill->kind == FILL_ZERO;
	uint64_t step_bytes = bare ? TOUCH_STEP_BYTES_BARE : TOUCH_STEP_BYTES;

	t->kind = kind;
	t->page_bytes = page_bytes;
	t->step_bytes = huge_bytes > step_bytes ? huge_bytes : step_bytes;
	t->fill = fill;
}

enum touch_kind touch_writes_kind(int choice)
{
	static const enum touch_kind kinds[] = { TOUCH_WRITE, TOUCH_POPULATE, TOUCH_BYTES };

	return kinds[choice];
}

static void write_words(const struct touch *t, char *start, uint64_t bytes, uint64_t block)
{
	for (uint64_t at = 0; at < bytes; at += t->page_bytes)
		*(volatile uint64_t *)(start + at) =
			fill_word(t->fill, block + at / FILL_BLOCK_BYTES);
}

static void read_words(const struct touch *t, const char *start, uint64_t bytes)
{
	for (uint64_t at = 0; at < bytes; at += t->page_bytes)
		(void)*(const volatile uint64_t *)(start + at);
}

static int populate(void *start, uint64_t bytes)
{
	int ret;

	do {
		ret = madvise(start, bytes, MADV_POPULATE_WRITE);
	} while (ret && (errno == EINTR || errno == EAGAIN));
	return ret ? -errno : 0;
}

int touch_range(const struct touch *t, void *start, uint64_t bytes, uint64_t first_block)
{
	int ret = 0;

	switch (t->kind) {
	case TOUCH_READ_WRITE:
		read_words(t, start, bytes);
		write_words(t, start, bytes, first_block);
		break;
	case TOUCH_READ:
		read_words(t, start, bytes);
		break;
	case TOUCH_WRITE:
		write_words(t, start, bytes, first_block);
		break;
	case TOUCH_POPULATE:
		ret = populate(start, bytes);
		if (!ret && t->fill->kind != FILL_ZERO)
			fill_write(t->fill, start, bytes, first_block);
		break;
	case TOUCH_BYTES:
		fill_write(t->fill, start, bytes, first_block);
		break;
	}
	return ret;
}

void access_init(struct access *a, void *start, uint64_t page_bytes, double read_share,
		 uint64_t seed)
{
	double write_share = 1 - read_share;

	a->start = start;
	a->page_bytes = page_bytes;
	a->rng = prng_mix(~seed);
	a->write_threshold = write_share >= 1 ? UINT64_MAX : (uint64_t)(write_share * 0x1p64);
}

int access_zipf(const struct access_law *law, uint64_t nr_pages, struct zipf **zipf)
{
	if (law->pattern != PATTERN_ZIPF)
		return 0;
	*zipf = malloc(sizeof(**zipf));
	if (!*zipf)
		return -ENOMEM;
	zipf_init(*zipf, nr_pages, law->skew.zipf_theta);
	return 0;
}

void access_follow(struct access *a, const struct access_law *law, uint64_t nr_pages,
		   const struct zipf *zipf, uint64_t seed)
{
	/* The choices are in the order of the enum. */
	pattern_init(&a->pattern, (enum pattern_kind)law->pattern, nr_pages, seed);
	skew_set(&a->pattern, &law->skew, zipf);
}

static inline uint64_t access_one(struct access *a)
{
	uint64_t r = prng_next(&a->rng);
	uint64_t line = (r & (a->page_bytes - 1)) & ~(uint64_t)(CACHE_LINE_BYTES - 1);
	volatile uint64_t *word =
		(volatile uint64_t *)(a->start + pattern_draw(&a->pattern) * a->page_bytes +
				      line);
	uint64_t value = *word;

	if (r >= a->write_threshold)
		return 0;
	*word = value;
	return 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t access_run(struct access *a, uint64_t nr, struct histogram *latency)
{
	uint64_t writes = 0;

	if (!latency) {
		while (nr--)
			writes += access_one(a);
		return writes;
	}
	while (nr--) {
		uint64_t before = now_ns();

		writes += access_one(a);
		histogram_add(latency, now_ns() - before);
	}
	return writes;
}
