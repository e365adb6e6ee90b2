// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest from its request to its end: a disk, a root, and a boot, which is repeated only where
 * nothing of the request has happened.
 */
#include "harness/lab/lab.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/size.h"
#include "harness/lab/command.h"
#include "harness/lab/lab_part.h"
#include "harness/lab/session.h"

#define SWAP_MIN_BYTES ((uint64_t)1 << 20)

int lab_parse_swap(const char *text, enum guest_swap *kind, uint64_t *bytes, struct error *e)
{
	const char *colon = strchr(text, ':');
	const char *size = colon ? colon + 1 : text;
	enum guest_swap found = GUEST_SWAP_FILE;
	char reason[128];
	uint64_t value = 0;

	if (!strcmp(text, "none")) {
		*kind = GUEST_SWAP_NONE;
		*bytes = 0;
		return 0;
	}
	if (colon) {
		size_t length = (size_t)(colon - text);
		int i;

		for (i = GUEST_SWAP_FILE; guest_swap_names[i]; i++)
			if (strlen(guest_swap_names[i]) == length &&
			    !strncmp(guest_swap_names[i], text, length))
				break;
		if (!guest_swap_names[i])
			return error_set(
				e, EINVAL,
				"--swap=%s: there is no such kind; write file:512M, zram:512M, ram:512M or none",
				text);
		found = (enum guest_swap)i;
	}
	if (size_parse(size, NULL, &value, reason, sizeof(reason)))
		return error_set(e, EINVAL, "--swap=%s: '%s' %s, as in zram:512M", text, size,
				 reason);
	if (value % 4096 || value < SWAP_MIN_BYTES)
		return error_set(
			e, EINVAL,
			"--swap=%s: swap is made of whole pages of 4K and at least 1M; write none for no swap",
			text);
	*kind = found;
	*bytes = value;
	return 0;
}

int lab_describe(const struct lab_request *request, char *text, size_t size)
{
	char shape[256], swap[32] = "none";

	shape_format(&request->shape, shape, sizeof(shape));
	if (request->swap != GUEST_SWAP_NONE)
		snprintf(swap, sizeof(swap), "%s:%" PRIu64, guest_swap_names[request->swap],
			 request->swap_bytes);
	return snprintf(text, size, "%s swap=%s kernel=%s cgroup=%s accel=%s", shape, swap,
			request->kernel.release, guest_cgroup_names[request->cgroup],
			request->kvm ? "kvm" : "tcg");
}

static int make_disk(const struct lab_request *request, int *disk_fd, struct error *e)
{
	uint64_t bytes = lab_disk_bytes(request);
	char path[PATH_MAX];
	struct words argv = { 0 };
	struct blob output = { 0 };
	int fd, ret = 0;

	*disk_fd = -1;
	if (!bytes)
		return 0;
	snprintf(path, sizeof(path), "%s/pagestorm-disk-XXXXXX", lab_disk_directory());
	fd = mkstemp(path);
	if (fd < 0)
		return error_set(e, errno, "cannot make a disk in %s: %s; set TMPDIR",
				 lab_disk_directory(), strerror(errno));
	unlink(path);
	if (ftruncate(fd, (off_t)bytes))
		ret = error_set(e, errno, "cannot make a disk of %" PRIu64 " bytes in %s: %s",
				bytes, lab_disk_directory(), strerror(errno));
	words_add(&argv, "mkfs.ext4");
	words_add(&argv, "-q");
	words_add(&argv, "-F");
	words_add(&argv, "-O"); /* no journal: nothing writes but the workload */
	words_add(&argv, "^has_journal");
	words_add(&argv, "-m"); /* no reserve: the size is the size */
	words_add(&argv, "0");
	words_addf(&argv, "/proc/self/fd/%d", fd);
	if (!ret)
		ret = command_run(&argv, NULL, fd, &output, e);
	blob_release(&output);
	words_release(&argv);
	if (ret)
		close(fd);
	else
		*disk_fd = fd;
	return ret;
}

/* No output of qemu or the guest: nothing of the request has happened. */
static bool never_began(const struct lab_result *result)
{
	return result->end == LAB_DIED && !result->console.size && !result->qemu_output.size;
}

/*
 * Under TCG a machine was once seen to end before its kernel had printed a line, in some
 * 250 boots of Linux 6.1.
 */
#define BOOTS_MAX 3

int lab_run(const struct lab_request *request, struct lab_result *result, struct error *e)
{
	int disk_fd = -1;
	int initramfs_fd = -1;
	int ret = make_disk(request, &disk_fd, e);

	if (!ret) {
		initramfs_fd = lab_make_initramfs(request, disk_fd >= 0, e);
		ret = initramfs_fd < 0 ? initramfs_fd : 0;
	}
	while (!ret && result->nr_boots < BOOTS_MAX) {
		result->nr_boots++;
		ret = session_run(request, initramfs_fd, disk_fd, result, e);
		if (!never_began(result))
			break;
	}
	if (initramfs_fd >= 0)
		close(initramfs_fd);
	if (disk_fd >= 0)
		close(disk_fd);
	return ret;
}

void lab_result_release(struct lab_result *result)
{
	blob_release(&result->console);
	blob_release(&result->qemu_output);
}
