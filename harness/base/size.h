/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Amounts as people write them, to integers. Pure.
 *
 * Sizes: 4096, 64K, 64KiB, 64M, 1GiB (all binary; a bare number is bytes; KB and
 * MB are refused as ambiguous), 60%limit, 60%available: a percentage always names
 * its base and is cut to whole pages of 4096 bytes. Rates: a size with /s. Durations: 250ms,
 * 10s, 2m, 1h, 1d. Ratios: 0.75 or 75%.
 */
#ifndef PAGESTORM_SIZE_H
#define PAGESTORM_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * More than any process can map with four levels of page tables, and any run can
 * last: beyond them the sums over several workers would not fit 64 bits.
 */
#define SIZE_MOST_BYTES	 (128ull << 40)
#define DURATION_MOST_NS (366ull * 86400 * 1000000000)

/* What a percentage may refer to; 0: that base is not known here. */
struct size_base {
	uint64_t limit_bytes;
	uint64_t available_bytes;
};

/*
 * Each fills reason (a clause without subject: "is not a size: write 64M …") and
 * returns -EINVAL or -ERANGE on bad text; *out is untouched then.
 */
int size_parse(const char *text, const struct size_base *base, uint64_t *bytes, char *reason,
	       size_t reason_bytes);
int rate_parse(const char *text, uint64_t *bytes_per_second, char *reason, size_t reason_bytes);
int duration_parse(const char *text, uint64_t *ns, char *reason, size_t reason_bytes);
int ratio_parse(const char *text, double *ratio, char *reason, size_t reason_bytes);
int count_parse(const char *text, uint64_t *count, char *reason, size_t reason_bytes);
int bool_parse(const char *text, bool *value, char *reason, size_t reason_bytes);

/* "193M" when exact in a binary unit, otherwise the plain number: parses back to the same. */
void size_format(uint64_t bytes, char *out, size_t out_bytes);
/* For people: "193 MiB", "1.5 GiB". */
void size_human(uint64_t bytes, char *out, size_t out_bytes);
/* "250ms", "10s": in the largest unit that keeps it whole; parses back to the same. */
void duration_format(uint64_t ns, char *out, size_t out_bytes);

#endif
