// SPDX-License-Identifier: GPL-2.0-or-later
/* The identity of files, by which they are distinguished from others. Changes nothing. */
#include "harness/machine/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

struct parts {
	unsigned major, minor;
	unsigned long long inode, seconds;
	unsigned nanoseconds;
};

int identity_of(int dirfd, const char *path, char *identity, size_t bytes)
{
	struct statx st;

	if (statx(dirfd, path, AT_SYMLINK_NOFOLLOW | (*path ? 0 : AT_EMPTY_PATH),
		  STATX_INO | STATX_BTIME, &st))
		return -errno;
	if (!(st.stx_mask & STATX_BTIME))
		st.stx_btime = (struct statx_timestamp){ .tv_sec = 0 };
	snprintf(identity, bytes, "%u:%u:%llu:%lld.%09u", st.stx_dev_major, st.stx_dev_minor,
		 (unsigned long long)st.stx_ino, (long long)st.stx_btime.tv_sec,
		 st.stx_btime.tv_nsec);
	return 0;
}

static bool take_apart(const char *text, struct parts *p)
{
	int end = 0;

	return sscanf(text, "%u:%u:%llu:%llu.%9u%n", &p->major, &p->minor, &p->inode,
		      &p->seconds, &p->nanoseconds, &end) == 5 &&
	       !text[end];
}

bool identity_same(const char *a, const char *b, bool rebooted)
{
	struct parts x, y;

	if (!take_apart(a, &x) || !take_apart(b, &y) || x.inode != y.inode ||
	    x.seconds != y.seconds || x.nanoseconds != y.nanoseconds)
		return false;
	if (rebooted)
		return x.seconds || x.nanoseconds;
	return x.major == y.major && x.minor == y.minor;
}

int token_make(char token[TOKEN_BYTES])
{
	unsigned char random[(TOKEN_BYTES - 1) / 2];
	const ssize_t n = getrandom(random, sizeof(random), 0);

	if (n != (ssize_t)sizeof(random))
		return n < 0 ? -errno : -EIO; /* up to 256 bytes come whole, random(4) */
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(token + 2 * i, 3, "%02x", random[i]);
	return 0;
}

bool token_is(const char *text)
{
	return strlen(text) == TOKEN_BYTES - 1 &&
	       strspn(text, "0123456789abcdef") == TOKEN_BYTES - 1;
}
