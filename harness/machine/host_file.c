// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads files of the probed machine. It knows none by name.
 */
#include "harness/machine/host_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int host_file_read(const char *root, const char *path, char *out, size_t out_bytes)
{
	char full[HOST_PATH_BYTES];
	size_t length;
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "re");
	if (!f)
		return -errno;
	length = fread(out, 1, out_bytes - 1, f);
	fclose(f);
	while (length && out[length - 1] == '\n')
		length--;
	out[length] = '\0';
	return 0;
}

bool host_file_exists(const char *root, const char *path)
{
	char full[HOST_PATH_BYTES];

	snprintf(full, sizeof(full), "%s%s", root, path);
	return !access(full, F_OK);
}

int host_file_lines(const char *root, const char *path, bool (*line)(char *text, void *context),
		    void *context)
{
	char full[HOST_PATH_BYTES], *text = NULL;
	size_t capacity = 0;
	ssize_t length;
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "re");
	if (!f)
		return -errno;
	while ((length = getline(&text, &capacity, f)) > 0) {
		if (text[length - 1] == '\n')
			text[length - 1] = '\0';
		if (!line(text, context))
			break;
	}
	free(text);
	fclose(f);
	return 0;
}
