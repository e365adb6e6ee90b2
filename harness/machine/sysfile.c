// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads and writes one value in one kernel file. It knows no setting by name.
 */
#include "harness/machine/sysfile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workloads/api/arith.h"

static int open_below(const char *root, const char *path, int flags)
{
	char full[PATH_MAX];
	int fd;

	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	fd = open(full, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void squeeze(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		if (!isspace((unsigned char)*in))
			*out++ = *in;
		else if (out > text && out[-1] != ' ')
			*out++ = ' ';
	}
	if (out > text && out[-1] == ' ')
		out--;
	*out = '\0';
}

int sysfile_read(const char *root, const char *path, char *value, size_t value_bytes)
{
	char text[4096], *open_bracket, *close_bracket;
	const char *found = text;
	ssize_t n;
	int fd;

	fd = open_below(root, path, O_RDONLY);
	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0) {
		n = -errno;
		close(fd);
		return (int)n;
	}
	close(fd);
	if ((size_t)n == sizeof(text) - 1)
		return -EOVERFLOW;
	text[n] = '\0';
	squeeze(text);
	open_bracket = strchr(text, '[');
	close_bracket = open_bracket ? strchr(open_bracket, ']') : NULL;
	if (close_bracket) {
		*close_bracket = '\0';
		found = open_bracket + 1;
	}
	if (strlen(found) >= value_bytes)
		return -EOVERFLOW;
	strcpy(value, found);
	return 0;
}

int sysfile_write(const char *root, const char *path, const char *value)
{
	const size_t length = strlen(value);
	ssize_t n;
	int fd;

	fd = open_below(root, path, O_WRONLY | (root[0] ? O_TRUNC : 0));
	if (fd < 0)
		return fd;
	n = write(fd, value, length);
	if (n < 0)
		n = -errno;
	else
		n = (size_t)n == length ? 0 : -EIO;
	close(fd);
	return (int)n;
}

static bool is_number(const char *text, unsigned long long *number)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*number = strtoull(text, &end, 0);
	return !errno && !*end;
}

/* What the kernel's kstrtobool() takes, and prints again as Y, N, 1 or 0. */
static bool is_switch(const char *text, unsigned long long *on)
{
	static const char *const words[][2] = {
		{ "N", "Y" }, { "n", "y" }, { "0", "1" }, { "off", "on" }, { "false", "true" }
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		for (unsigned value = 0; value < 2; value++) {
			if (!strcmp(text, words[i][value])) {
				*on = value;
				return true;
			}
		}
	}
	return false;
}

bool sysfile_same(const char *a, const char *b)
{
	unsigned long long x, y;
	char left[256], right[256];

	if (is_number(a, &x) && is_number(b, &y))
		return x == y;
	if (is_switch(a, &x) && is_switch(b, &y))
		return x == y;
	if (strlen(a) >= sizeof(left) || strlen(b) >= sizeof(right))
		return !strcmp(a, b);
	strcpy(left, a);
	strcpy(right, b);
	squeeze(left);
	squeeze(right);
	return !strcmp(left, right);
}
