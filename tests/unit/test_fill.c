// SPDX-License-Identifier: GPL-2.0-or-later
/* Filled pages have the stated content, wholly, and the same seed gives it again. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/act/fill.h"
#include "workloads/api/arith.h"

#define BLOCKS 64
#define WORDS  (BLOCKS * FILL_BLOCK_WORDS)

static uint64_t area[WORDS + 1];

static void fill_area(const char *text, uint64_t seed, uint64_t first_block)
{
	struct fill fill;

	memset(area, 0xee, sizeof(area));
	assert_int_equal(fill_init(&fill, text, seed), 0);
	fill_write(&fill, area, WORDS * sizeof(uint64_t), first_block);
	assert_int_equal(area[WORDS], 0xeeeeeeeeeeeeeeeeULL);
}

static unsigned words_equal_to(uint64_t word)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < WORDS; i++)
		nr += area[i] == word;
	return nr;
}

/* Shannon entropy of single bytes, in bits. */
static double byte_entropy(const void *start, size_t bytes)
{
	unsigned count[256] = { 0 };
	double bits = 0;

	for (size_t i = 0; i < bytes; i++)
		count[((const unsigned char *)start)[i]]++;
	for (unsigned i = 0; i < 256; i++)
		if (count[i])
			bits -= (double)count[i] / (double)bytes *
				log2((double)count[i] / (double)bytes);
	return bits;
}

static void zero_writes_zero_to_every_byte(void **state)
{
	(void)state;
	fill_area("zero", 1, 0);
	assert_int_equal(words_equal_to(0), WORDS);
}

static void same_writes_one_word_that_is_not_zero(void **state)
{
	(void)state;
	fill_area("same", 1, 0);
	assert_int_not_equal(area[0], 0);
	assert_int_equal(words_equal_to(area[0]), WORDS);
}

static void random_has_full_byte_entropy(void **state)
{
	(void)state;
	fill_area("random", 1, 0);
	assert_true(byte_entropy(area, sizeof(area) - 8) > 7.99);
}

/* 4096 ideal random bytes have an entropy of 7.955 +- 0.003 bits by this estimate. */
static void each_random_block_alone_is_incompressible(void **state)
{
	(void)state;
	fill_area("random", 7, 0);
	for (unsigned b = 0; b < BLOCKS; b++)
		assert_true(byte_entropy(&area[b * FILL_BLOCK_WORDS], FILL_BLOCK_BYTES) > 7.93);
}

static void a_random_block_repeats_no_word(void **state)
{
	(void)state;
	fill_area("random", 3, 0);
	for (unsigned i = 0; i < FILL_BLOCK_WORDS; i++)
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(area[i], area[k]);
}

static void no_two_random_blocks_are_equal(void **state)
{
	(void)state;
	fill_area("random", 3, 0);
	for (unsigned i = 0; i < BLOCKS; i++)
		for (unsigned k = 0; k < i; k++)
			assert_memory_not_equal(&area[i * FILL_BLOCK_WORDS],
						&area[k * FILL_BLOCK_WORDS], FILL_BLOCK_BYTES);
}

static void the_seed_decides_the_content(void **state)
{
	uint64_t first[FILL_BLOCK_WORDS];

	(void)state;
	fill_area("random", 5, 0);
	memcpy(first, area, sizeof(first));
	fill_area("random", 5, 0);
	assert_memory_equal(first, area, sizeof(first));
	fill_area("random", 6, 0);
	assert_memory_not_equal(first, area, sizeof(first));
}

/* Slices written by different threads make up the same stream as one thread writes. */
static void a_stream_can_be_written_in_parts(void **state)
{
	uint64_t ninth[FILL_BLOCK_WORDS];

	(void)state;
	fill_area("random", 5, 0);
	memcpy(ninth, &area[9 * FILL_BLOCK_WORDS], sizeof(ninth));
	fill_area("random", 5, 9);
	assert_memory_equal(ninth, area, sizeof(ninth));
}

static void a_share_is_that_share_of_each_block(void **state)
{
	static const struct {
		const char *text;
		unsigned random_words;
	} shares[] = { { "50%", 256 }, { "0.25", 128 }, { "0.5", 256 },
		       { "1%", 5 },    { "100%", 512 }, { "0", 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		fill_area(shares[i].text, 2, 0);
		assert_int_equal(words_equal_to(0), WORDS - BLOCKS * shares[i].random_words);
		for (unsigned b = 0; b < BLOCKS; b++)
			for (unsigned k = 0; k < FILL_BLOCK_WORDS; k++)
				assert_int_equal(area[b * FILL_BLOCK_WORDS + k] != 0,
						 k < shares[i].random_words);
	}
}

static void a_partial_block_is_written_to_its_last_byte(void **state)
{
	static const char *const texts[] = { "zero", "same", "random", "50%" };
	unsigned char *bytes = (unsigned char *)area;
	struct fill fill;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		uint64_t whole[2 * FILL_BLOCK_WORDS];

		assert_int_equal(fill_init(&fill, texts[i], 11), 0);
		fill_write(&fill, whole, sizeof(whole), 4);
		memset(area, 0xee, sizeof(area));
		fill_write(&fill, area, FILL_BLOCK_BYTES + 1001, 4);
		assert_memory_equal(whole, area, FILL_BLOCK_BYTES + 1001);
		assert_int_equal(bytes[FILL_BLOCK_BYTES + 1001], 0xee);
	}
}

static void the_word_of_a_block_is_its_first(void **state)
{
	static const char *const texts[] = { "zero", "same", "random", "50%" };
	struct fill fill;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(fill_init(&fill, texts[i], 11), 0);
		fill_area(texts[i], 11, 4);
		for (unsigned b = 0; b < BLOCKS; b++)
			assert_int_equal(fill_word(&fill, 4 + b), area[b * FILL_BLOCK_WORDS]);
	}
}

static void other_texts_are_refused(void **state)
{
	static const char *const texts[] = { "",     "ones", "50%%", "-1%",    "101%",
					     "1.01", "0.5x", "nan",  "random:" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_true(fill_parse(texts[i], NULL, NULL) < 0);
}

/* 0.05 % of 512 words rounds to none. */
static void a_fill_is_zero_exactly_where_every_byte_is(void **state)
{
	static const char *const texts[] = { "zero", "0",    "0%",    "0.05%",
					     "0.2%", "same", "random" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		fill_area(texts[i], 7, 0);
		assert_int_equal(fill_is_zero(texts[i]), words_equal_to(0) == WORDS);
	}
	assert_false(fill_is_zero("ones"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_writes_zero_to_every_byte),
		cmocka_unit_test(same_writes_one_word_that_is_not_zero),
		cmocka_unit_test(random_has_full_byte_entropy),
		cmocka_unit_test(each_random_block_alone_is_incompressible),
		cmocka_unit_test(a_random_block_repeats_no_word),
		cmocka_unit_test(no_two_random_blocks_are_equal),
		cmocka_unit_test(the_seed_decides_the_content),
		cmocka_unit_test(a_stream_can_be_written_in_parts),
		cmocka_unit_test(a_share_is_that_share_of_each_block),
		cmocka_unit_test(a_partial_block_is_written_to_its_last_byte),
		cmocka_unit_test(the_word_of_a_block_is_its_first),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(a_fill_is_zero_exactly_where_every_byte_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
