// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Undoes swap, zram and loop devices, each looked at first: what carries no mark of ours
 * is somebody else's.
 */
#include "harness/run/undo_part.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/swap.h>
#include <unistd.h>

#include "harness/run/swaps.h"
#include "harness/run/sysfile.h"

static int match_path(const struct swap_entry *swap, void *context)
{
	return !strcmp(swap->path, context);
}

static bool is_swapping(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	return swaps_each(match_path, copy) == 1;
}

int undo_swap(const struct undo *u, struct error *e)
{
	int rc = 0;

	if (!is_swapping(u->what))
		return 0;
	if (!swaps_is_ours(u->what)) {
		undo_tell(u->warn,
			  "%s is in use as swap but is not pagestorm's any more: left as it is",
			  u->what);
		return 0;
	}
	/* A signal ends swapoff(2) half way; what is left is less each time. */
	for (unsigned try = 0; try < UNDO_BUSY_TRIES; try++) {
		rc = swapoff(u->what) ? -errno : 0;
		if (rc != -EINTR)
			break;
	}
	if (rc)
		return error_set(e, -rc, "cannot switch the swap %s off: %s", u->what,
				 rc == -ENOMEM
					 ? "its pages do not fit into memory; end what uses it"
					 : strerror(-rc));
	undo_tell(u->say, "%s: swap switched off", u->what);
	return 0;
}

/* Writes until the device is idle. */
static int write_idle(const char *path, const char *value)
{
	int rc = -EBUSY;

	for (unsigned try = 0; rc == -EBUSY && try < UNDO_BUSY_TRIES; try++) {
		if (try)
			undo_pause_busy();
		rc = sysfile_write("", path, value);
	}
	return rc;
}

static bool is_zero_page(const char *device)
{
	unsigned char page[4096];
	bool zero = false;
	int fd;

	fd = open(device, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, page, sizeof(page)) == (ssize_t)sizeof(page))
		zero = !page[0] && !memcmp(page, page + 1, sizeof(page) - 1);
	close(fd);
	return zero;
}

/* Ours: our label; or as large as the run made it and killed before the label was written. */
static bool is_our_zram(const struct undo *u, const char *disksize)
{
	if (swaps_is_ours(u->what))
		return true;
	return u->after && sysfile_same(disksize, u->after) && !is_swapping(u->what) &&
	       is_zero_page(u->what);
}

static int undo_zram_one(const struct undo *u, struct error *e)
{
	const unsigned number = (unsigned)strtoul(u->what + strlen("/dev/zram"), NULL, 10);
	char path[128], disksize[32], text[16];
	int rc;

	snprintf(path, sizeof(path), "/sys/block/zram%u/disksize", number);
	rc = sysfile_read("", path, disksize, sizeof(disksize));
	if (rc)
		return 0; /* gone */
	if (strcmp(disksize, "0")) {
		if (!is_our_zram(u, disksize)) {
			undo_tell(u->warn, "%s holds somebody else's data now: left as it is",
				  u->what);
			return 0;
		}
		snprintf(path, sizeof(path), "/sys/block/zram%u/reset", number);
		rc = write_idle(path, "1");
		if (rc)
			return error_set(e, -rc, "cannot reset %s: %s", u->what, strerror(-rc));
		undo_tell(u->say, "%s: reset", u->what);
	}
	if (strcmp(u->before, "made"))
		return 0;
	snprintf(text, sizeof(text), "%u", number);
	rc = write_idle("/sys/class/zram-control/hot_remove", text);
	if (rc && rc != -ENODEV)
		return error_set(e, -rc, "cannot remove %s: %s", u->what, strerror(-rc));
	undo_tell(u->say, "%s: removed", u->what);
	return 0;
}

/* Killed between hot_add and the entry that names its device: an unused one that is new. */
static int undo_zram_added(const struct undo *u, struct error *e)
{
	char path[64], disksize[32], name[32], number[16];
	int rc = 0;

	for (unsigned i = 0; i < 128 && !rc; i++) {
		snprintf(number, sizeof(number), "%u", i);
		snprintf(path, sizeof(path), "/sys/block/zram%u/disksize", i);
		if (undo_lists(u->before, number) ||
		    sysfile_read("", path, disksize, sizeof(disksize)) || strcmp(disksize, "0"))
			continue;
		snprintf(name, sizeof(name), "/dev/zram%u", i);
		rc = undo_zram_one(&(struct undo){ .kind = JOURNAL_ZRAM,
						   .what = name,
						   .before = "made",
						   .say = u->say,
						   .warn = u->warn },
				   e);
	}
	return rc;
}

int undo_zram(const struct undo *u, struct error *e)
{
	return strchr(u->what, '*') ? undo_zram_added(u, e) : undo_zram_one(u, e);
}

static int detach(const char *device, const char *backing)
{
	char now[PATH_MAX];
	int fd, rc = 0;

	fd = open(device, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, LOOP_CLR_FD, 0) && errno != ENXIO)
		rc = -errno;
	close(fd);
	for (unsigned try = 0; !rc && !sysfile_read("", backing, now, sizeof(now)); try++) {
		if (try == UNDO_BUSY_TRIES)
			rc = -EBUSY;
		undo_pause_busy();
	}
	return rc;
}

static int remove_loop(unsigned long number)
{
	int fd, rc = -EBUSY;

	fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (unsigned try = 0; rc == -EBUSY && try < UNDO_BUSY_TRIES; try++) {
		if (try)
			undo_pause_busy();
		rc = ioctl(fd, LOOP_CTL_REMOVE, number) < 0 ? -errno : 0;
	}
	close(fd);
	return rc == -ENODEV ? 0 : rc;
}

int undo_loop(const struct undo *u, struct error *e)
{
	char sysfs[128], now[PATH_MAX];
	int rc;

	snprintf(sysfs, sizeof(sysfs), "/sys/block/%.32s/loop/backing_file",
		 u->what + strlen("/dev/"));
	if (!sysfile_read("", sysfs, now, sizeof(now))) {
		if (strncmp(now, u->before, strlen(u->before))) {
			undo_tell(u->warn,
				  "%s is attached to %s now: somebody else's, left as it is",
				  u->what, now);
			return 0;
		}
		rc = detach(u->what, sysfs);
		if (rc)
			return error_set(e, -rc, "cannot detach %s from %s: %s", u->what,
					 u->before,
					 rc == -EBUSY ? "it is in use" : strerror(-rc));
		undo_tell(u->say, "%s: detached from %s", u->what, u->before);
	}
	if (!u->after || strcmp(u->after, "made"))
		return 0;
	rc = remove_loop(strtoul(u->what + strlen("/dev/loop"), NULL, 10));
	if (rc)
		return error_set(e, -rc, "cannot remove %s: %s", u->what, strerror(-rc));
	return 0;
}
