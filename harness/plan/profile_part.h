/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reading a file and reading the command line share. For profile*.c alone.
 */
#ifndef PAGESTORM_PROFILE_PART_H
#define PAGESTORM_PROFILE_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/error.h"

/* inih 55 cuts section names and keys to 49 bytes (MAX_SECTION, MAX_NAME in ini.c). */
#define INIH_NAME_MAX 49

/* The fixed sections, NULL at the end. */
extern const char *const profile_sections[];

/* Whether a comment begins at `at`, in a line or value that begins at `start`; as inih sees it.
 */
bool profile_is_comment(const char *start, const char *at);

/*
 * A clause about what would not read back as it is, or NULL: inih takes `key =;x` for a
 * value and `key = ;x` for a comment, and a word of the command line may hold anything.
 */
const char *profile_value_defect(const char *value);

/* The first byte that is not part of well-formed UTF-8 (RFC 3629), or NULL. */
const char *profile_not_utf8(const char *text, size_t length);

/* Whether a fixed section may hold this key. Names only; values are the plan's to check. */
int profile_key_check(const char *section, const char *key, struct error *e);

/* A worker's key by its present name: an old one is accepted for one version (NEWS). */
const char *profile_key_now(const char *key);

/* Notes in p->renamed an old name in a key as it was written, with its worker or without. */
void profile_note_renamed(struct profile *p, const char *key);

/* "NAME: unknown WHAT; did you mean NEAR?"; near may be NULL. Returns -EINVAL. */
int profile_unknown(struct error *e, const char *what, const char *name, const char *near);
int profile_unknown_setting(struct error *e, const char *name);
int profile_unknown_of(struct error *e, const char *what, const char *name,
		       const char *const *known);

#endif
