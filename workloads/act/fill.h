/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The content of pages: seeded, of a stated compressibility.
 *
 *   zero     zeros, written: same-page merging, zram and zswap keep no copy
 *   same     one non-zero word in every page: merges as well, but is not zero
 *   random   incompressible, and no two blocks of a stream are equal
 *   30%,0.3  that share of each block is random, the rest zero
 *
 * A block is 4096 bytes whatever the page size, because zram and zswap compress page by
 * page: each page then has the stated share.
 *
 * Random content is one block from the generator, held in the L1 cache, XORed with a word
 * that differs in every block: it is incompressible to a compressor that sees one page at a
 * time, and costs a load and a store per vector.
 */
#ifndef PAGESTORM_FILL_H
#define PAGESTORM_FILL_H

#include <stdbool.h>
#include <stdint.h>

#include "workloads/api/workload.h"

#define FILL_BLOCK_BYTES 4096
#define FILL_BLOCK_WORDS (FILL_BLOCK_BYTES / 8)
#define FILL_TEXT_BYTES	 16 /* capacity of an OPTION_TEXT named fill */
#define FILL_HELP                                                                              \
	"content of the pages: zero, same, random, or the random share of each page (50%)"

/* The option `fill`; at: AT(fill) of its table, as in all option macros. */
#define FILL_OPTION(value, at)                                                                 \
	{                                                                                      \
		.name = "fill", .type = OPTION_TEXT, .fallback = value, .help = FILL_HELP,     \
		.capacity = FILL_TEXT_BYTES, at                                                \
	}

/* For the check() of a workload where fill_parse() fails. */
#define FILL_WRONG "fill must be zero, same, random or a percentage (50%)"

enum fill_kind {
	FILL_ZERO,
	FILL_SAME,
	FILL_RANDOM,
};

struct fill {
	enum fill_kind kind;
	unsigned random_words; /* leading words of each block that are random */
	uint64_t seed;
	uint64_t block[FILL_BLOCK_WORDS] __attribute__((aligned(64)));
};

/*
 * Parses the option's text. 0, or -EINVAL when it is none of the four; a share is
 * rounded to whole words of a block. Either out-parameter may be NULL.
 */
int fill_parse(const char *text, enum fill_kind *kind, unsigned *random_words);

/* Whether the text names content of zeros only. */
bool fill_is_zero(const char *text);

/* 0 or -EINVAL as fill_parse(). The same text and seed produce the same stream. */
int fill_init(struct fill *fill, const char *text, uint64_t seed);

/*
 * Writes every byte of [start, start + bytes) from block number first_block of the
 * stream on. start is aligned to 8 bytes; a partial last block gets the leading bytes.
 */
void fill_write(const struct fill *fill, void *start, uint64_t bytes, uint64_t first_block);

/* The first word of a block: what a touch of one word per page stores. */
uint64_t fill_word(const struct fill *fill, uint64_t block);

#endif
