// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/act/fill.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/act/prng.h"

#define SAME_WORD 0xa5a5a5a5a5a5a5a5ULL

typedef uint64_t vector __attribute__((vector_size(32), may_alias, aligned(8)));

static int parse_share(const char *text, double *share)
{
	char *end;

	errno = 0;
	*share = strtod(text, &end);
	if (end == text || errno)
		return -EINVAL;
	if (*end == '%') {
		*share /= 100;
		end++;
	}
	return *end == '\0' && *share >= 0 && *share <= 1 ? 0 : -EINVAL;
}

int fill_parse(const char *text, enum fill_kind *kind, unsigned *random_words)
{
	enum fill_kind k = FILL_RANDOM;
	double share = 1;

	if (!strcmp(text, "zero"))
		k = FILL_ZERO;
	else if (!strcmp(text, "same"))
		k = FILL_SAME;
	else if (strcmp(text, "random") && parse_share(text, &share))
		return -EINVAL;
	if (k == FILL_RANDOM && share == 0)
		k = FILL_ZERO;
	if (kind)
		*kind = k;
	if (random_words)
		*random_words =
			k == FILL_RANDOM ? (unsigned)(share * FILL_BLOCK_WORDS + 0.5) : 0;
	return 0;
}

bool fill_is_zero(const char *text)
{
	enum fill_kind kind;
	unsigned random_words;

	return !fill_parse(text, &kind, &random_words) &&
	       (kind == FILL_ZERO || (kind == FILL_RANDOM && !random_words));
}

int fill_init(struct fill *fill, const char *text, uint64_t seed)
{
	uint64_t state = prng_mix(seed);
	int ret = fill_parse(text, &fill->kind, &fill->random_words);

	if (ret)
		return ret;
	fill->seed = seed;
	for (unsigned i = 0; i < FILL_BLOCK_WORDS; i++)
		fill->block[i] = prng_next(&state);
	return 0;
}

/* A bijection of the block's number, so that no two blocks get the same word. */
static uint64_t block_key(const struct fill *fill, uint64_t block)
{
	return prng_mix(fill->seed + (block + 1) * PRNG_STEP);
}

uint64_t fill_word(const struct fill *fill, uint64_t block)
{
	if (fill->kind == FILL_SAME)
		return SAME_WORD;
	if (fill->kind == FILL_RANDOM && fill->random_words)
		return fill->block[0] ^ block_key(fill, block);
	return 0;
}

/* Keeps the compiler from dropping stores that nothing reads. */
static inline void keep(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

static inline __attribute__((always_inline)) void
random_block(const struct fill *fill, char *to, uint64_t key, unsigned words)
{
	const unsigned per_vector = sizeof(vector) / sizeof(key);
	const vector *from = (const vector *)fill->block;
	vector keys = { key, key, key, key }, *out = (vector *)to;
	unsigned i;

	for (i = 0; i < words / per_vector; i++)
		out[i] = from[i] ^ keys;
	for (i *= per_vector; i < words; i++)
		((uint64_t *)to)[i] = fill->block[i] ^ key;
}

static inline __attribute__((always_inline)) void
random_blocks(const struct fill *fill, char *to, uint64_t nr, uint64_t block)
{
	const unsigned words = fill->random_words;

	for (; nr; nr--, to += FILL_BLOCK_BYTES) {
		uint64_t key = block_key(fill, block++);

		if (words == FILL_BLOCK_WORDS) {
			random_block(fill, to, key, FILL_BLOCK_WORDS);
		} else {
			random_block(fill, to, key, words);
			memset(to + words * sizeof(key), 0,
			       FILL_BLOCK_BYTES - words * sizeof(key));
		}
		keep(to);
	}
}

static void random_blocks_any(const struct fill *fill, char *to, uint64_t nr, uint64_t block)
{
	random_blocks(fill, to, nr, block);
}

#if defined(__x86_64__)
/* 112 GB/s, 46 with the SSE2 that every x86-64 has (Zen 4, in the L2 cache). */
__attribute__((target("avx2"))) static void
random_blocks_avx2(const struct fill *fill, char *to, uint64_t nr, uint64_t block)
{
	random_blocks(fill, to, nr, block);
}

#define COPIED_BLOCKS 16 /* from this many on an aligned copy of the block pays off */

typedef uint64_t line __attribute__((vector_size(64), may_alias, aligned(8)));

/*
 * Stores of a whole cache line: on a huge page, which no longer fits the L2 cache when it is
 * filled, 1.10 times as fast as halves (Zen 5).
 */
__attribute__((target("avx512f"))) static void
random_lines_avx512(const struct fill *fill, char *to, uint64_t nr, uint64_t block)
{
	line from[FILL_BLOCK_BYTES / sizeof(line)] __attribute__((aligned(64)));

	/* malloc aligns to 16 bytes whatever the struct says: each load would cross a line. */
	memcpy(from, fill->block, sizeof(from));
	for (; nr; nr--, to += FILL_BLOCK_BYTES) {
		uint64_t key = block_key(fill, block++);
		line keys = { key, key, key, key, key, key, key, key }, *out = (line *)to;

		for (unsigned i = 0; i < FILL_BLOCK_BYTES / sizeof(line); i++)
			out[i] = from[i] ^ keys;
		keep(to);
	}
}
#endif

static void write_random(const struct fill *fill, char *to, uint64_t nr, uint64_t block)
{
#if defined(__x86_64__)
	if (nr >= COPIED_BLOCKS && fill->random_words == FILL_BLOCK_WORDS &&
	    __builtin_cpu_supports("avx512f")) {
		random_lines_avx512(fill, to, nr, block);
		return;
	}
	if (__builtin_cpu_supports("avx2")) {
		random_blocks_avx2(fill, to, nr, block);
		return;
	}
#endif
	random_blocks_any(fill, to, nr, block);
}

static void write_blocks(const struct fill *fill, char *to, uint64_t nr, uint64_t block)
{
	switch (fill->kind) {
	case FILL_ZERO:
	case FILL_SAME:
		memset(to, fill->kind == FILL_SAME ? (int)(SAME_WORD & 0xff) : 0,
		       nr * FILL_BLOCK_BYTES);
		keep(to);
		break;
	case FILL_RANDOM:
		write_random(fill, to, nr, block);
		break;
	}
}

void fill_write(const struct fill *fill, void *start, uint64_t bytes, uint64_t first_block)
{
	uint64_t nr = bytes / FILL_BLOCK_BYTES, tail = bytes % FILL_BLOCK_BYTES;
	uint64_t last[FILL_BLOCK_WORDS];

	write_blocks(fill, start, nr, first_block);
	if (!tail)
		return;
	write_blocks(fill, (char *)last, 1, first_block + nr);
	memcpy((char *)start + nr * FILL_BLOCK_BYTES, last, tail);
	keep(start);
}
