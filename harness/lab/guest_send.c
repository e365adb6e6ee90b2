// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the guest sends to the host: streams and trees of files, each byte counted.
 */
#include "harness/lab/guest_part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void guest_send(struct guest *guest, enum channel_type type, const void *payload, size_t size)
{
	channel_count(&guest->tally, type, size);
	(void)channel_write(guest->port_fd, type, payload, size);
}

bool guest_forward(struct guest *guest, int from_fd, enum channel_type type, const char *name)
{
	char buffer[CHANNEL_PAYLOAD_MAX];
	ssize_t got = TEMP_FAILURE_RETRY(read(from_fd, buffer, sizeof(buffer)));

	if (got < 0)
		error_set(&guest->loss, errno, "cannot read %s: %s", name, strerror(errno));
	if (got <= 0)
		return false;
	guest_send(guest, type, buffer, (size_t)got);
	return true;
}

static void send_file(struct guest *guest, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		error_set(&guest->loss, errno, "cannot open %s: %s", path, strerror(errno));
		return;
	}
	guest_send(guest, CHANNEL_FILE, path, strlen(path));
	while (guest_forward(guest, fd, CHANNEL_CONTENT, path))
		;
	close(fd);
}

static void send_directory(struct guest *guest, const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	bool reported = false;

	if (!directory) {
		error_set(&guest->loss, errno, "cannot open %s: %s", path, strerror(errno));
		return;
	}
	while ((entry = readdir(directory))) {
		char child[PATH_MAX];

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!reported) /* an empty one is the mount point of results that never came */
			guest_send(guest, CHANNEL_DIRECTORY, path, strlen(path));
		reported = true;
		if (snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) <
		    (int)sizeof(child))
			guest_send_tree(guest, child);
		else
			error_set(&guest->loss, ENAMETOOLONG,
				  "%s: the paths below are too long", path);
	}
	closedir(directory);
}

void guest_send_tree(struct guest *guest, const char *path)
{
	struct stat status;

	if (lstat(path, &status))
		return;
	if (S_ISDIR(status.st_mode))
		send_directory(guest, path);
	else if (S_ISREG(status.st_mode))
		send_file(guest, path);
}
