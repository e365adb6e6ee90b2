// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Undoes swap, zram and loop devices, each checked first: one without the recorded identity
 * belongs to another process.
 */
#include "harness/machine/undo_part.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#include "harness/machine/identity.h"
#include "harness/machine/swaps.h"
#include "harness/machine/sysfile.h"

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

/* An earlier version noted no UUID: of its swap the label has to do. */
static bool has_our_header(const char *path, const char *uuid)
{
	struct swap_mark mark;

	return !swaps_read_mark(path, &mark) && (!uuid || !strcmp(mark.uuid, uuid));
}

/*
 * swapoff(2) stops midway on a signal, and on a page of a group that is at its limit and has
 * nothing else to reclaim (-ENOMEM), until that group frees some. Each try leaves less.
 */
static int switch_off(const char *what)
{
	int ret = -EINTR;

	for (unsigned try = 0; try < UNDO_BUSY_TRIES && (ret == -EINTR || ret == -ENOMEM);
	     try++) {
		if (ret == -ENOMEM)
			undo_pause_busy();
		ret = swapoff(what) ? -errno : 0;
	}
	return ret;
}

int undo_swap(const struct undo *u, struct error *e)
{
	int ret;

	if (!has_our_header(u->what, u->identity)) {
		if (is_swapping(u->what))
			undo_report(u->warn,
				    "%s is in use as swap but is not the run's: left unchanged",
				    u->what);
		return 0;
	}
	ret = switch_off(u->what);
	/* Not by /proc/swaps, where its path differs once its mount namespace has ended. */
	if (ret == -EINVAL)
		return 0; /* it is not in use */
	if (ret)
		return error_set(e, -ret, "cannot switch off the swap %s: %s", u->what,
				 ret == -ENOMEM
					 ? "its pages do not fit into memory; end what uses it"
					 : strerror(-ret));
	undo_report(u->say, "%s: swap switched off", u->what);
	return 0;
}

/* Writes until the device is idle. */
static int write_idle(const char *path, const char *value)
{
	int ret = -EBUSY;

	for (unsigned try = 0; ret == -EBUSY && try < UNDO_BUSY_TRIES; try++) {
		if (try)
			undo_pause_busy();
		ret = sysfile_write("", path, value);
	}
	return ret;
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

struct zram {
	unsigned number;
	char disksize[32];
	char identity[IDENTITY_BYTES]; /* as recorded; "": an earlier version recorded none */
	char uuid[TOKEN_BYTES];
};

/* false: there is no such device. */
static bool look_at_zram(const struct undo *u, struct zram *z)
{
	char path[128];

	*z = (struct zram){ .number = (unsigned)strtoul(u->what + strlen("/dev/zram"), NULL,
							10) };
	if (u->identity && sscanf(u->identity, "%95s %32s", z->identity, z->uuid) != 2)
		z->identity[0] = '\0';
	snprintf(path, sizeof(path), "/sys/block/zram%u/disksize", z->number);
	return !sysfile_read("", path, z->disksize, sizeof(z->disksize));
}

/* The device itself: made by us, and not another of the same number. */
static bool is_made_zram(const struct undo *u, const struct zram *z)
{
	char now[IDENTITY_BYTES];

	return !strcmp(u->before, "made") && z->identity[0] &&
	       !swaps_identity(u->what, now, sizeof(now)) &&
	       identity_same(z->identity, now, false);
}

/*
 * Our header; or on a device that we have made, as large as we made it and still without
 * any content: killed before the header was written.
 */
static bool holds_our_swap(const struct undo *u, const struct zram *z)
{
	if (has_our_header(u->what, u->identity ? z->uuid : NULL))
		return true;
	return is_made_zram(u, z) && u->after && sysfile_same(z->disksize, u->after) &&
	       !is_swapping(u->what) && is_zero_page(u->what);
}

static int leave_zram(const struct undo *u, const char *why)
{
	undo_report(u->warn, "%s %s: left unchanged", u->what, why);
	return 0;
}

static int reset_zram(const struct undo *u, const struct zram *z, struct error *e)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "/sys/block/zram%u/reset", z->number);
	ret = write_idle(path, "1");
	if (ret)
		return error_set(e, -ret, "cannot reset %s: %s", u->what, strerror(-ret));
	undo_report(u->say, "%s: reset", u->what);
	return 0;
}

static int undo_zram_one(const struct undo *u, struct error *e)
{
	const bool made = !strcmp(u->before, "made");
	bool used, ours;
	struct zram z;
	char number[16];
	int ret;

	if (!look_at_zram(u, &z))
		return 0; /* gone */
	used = strcmp(z.disksize, "0");
	ours = used ? holds_our_swap(u, &z) : is_made_zram(u, &z);
	if (!used && !made)
		return 0; /* found unused, and unused again */
	if (!ours)
		return leave_zram(u, used ? "holds nothing of the run's"
					  : "is not the device that the run made");
	ret = used ? reset_zram(u, &z, e) : 0;
	if (ret || !made)
		return ret;
	snprintf(number, sizeof(number), "%u", z.number);
	ret = write_idle("/sys/class/zram-control/hot_remove", number);
	if (ret && ret != -ENODEV)
		return error_set(e, -ret, "cannot remove %s: %s", u->what, strerror(-ret));
	undo_report(u->say, "%s: removed", u->what);
	return 0;
}

/*
 * The run was killed between hot_add and the entry that names its device. Ours cannot be
 * distinguished from one that another process added meanwhile; unused, it takes no memory.
 */
static int undo_zram_added(const struct undo *u)
{
	char path[64], disksize[32], number[16];

	for (unsigned i = 0; i < 128; i++) {
		snprintf(number, sizeof(number), "%u", i);
		snprintf(path, sizeof(path), "/sys/block/zram%u/disksize", i);
		if (undo_lists(u->before, number) ||
		    sysfile_read("", path, disksize, sizeof(disksize)) || strcmp(disksize, "0"))
			continue;
		undo_report(
			u->warn,
			"/dev/zram%u is new and unused: the killed run may have added it, or another process; left unchanged (echo %u > /sys/class/zram-control/hot_remove removes it)",
			i, i);
	}
	return 0;
}

int undo_zram(const struct undo *u, struct error *e)
{
	return strchr(u->what, '*') ? undo_zram_added(u) : undo_zram_one(u, e);
}

/* No version makes one that outlives its worker: another process attached it. */
int undo_loop(const struct undo *u, struct error *e)
{
	char sysfs[128], now[PATH_MAX];

	(void)e; /* nothing is done that could fail */
	snprintf(sysfs, sizeof(sysfs), "/sys/block/%.32s/loop/backing_file",
		 u->what + strlen("/dev/"));
	if (!sysfile_read("", sysfs, now, sizeof(now)))
		undo_report(
			u->warn,
			"%s is attached to %s, and nothing shows that a run did it: left unchanged",
			u->what, now);
	return 0;
}
