/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What distinguishes a thing from another of the same name: for a file or directory its device,
 * inode and time of birth; for what cannot be asked that, a random token.
 */
#ifndef PAGESTORM_IDENTITY_H
#define PAGESTORM_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#define IDENTITY_BYTES 96
#define TOKEN_BYTES    33 /* 32 hexadecimal digits */

/*
 * "MAJOR:MINOR:INODE:SECONDS.NANOSECONDS" (stat -c '%Hd:%Ld:%i:%.9W') of a path below
 * dirfd, a symbolic link not followed; path "": of the descriptor itself. The time of birth
 * is 0 where the file system keeps none. -errno.
 */
int identity_of(int dirfd, const char *path, char *identity, size_t bytes);

/*
 * Whether both are the same thing. rebooted: device numbers may have changed since, so
 * that inode and birth decide, and without a birth nothing does.
 */
bool identity_same(const char *a, const char *b, bool rebooted);

/* 128 random bits, in hexadecimal. -errno of getrandom(2). */
int token_make(char token[TOKEN_BYTES]);

/* Whether it looks like one. */
bool token_is(const char *text);

#endif
