// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The devices of a guest: modules loaded, device nodes awaited, swap made and switched on.
 */
#include "harness/lab/guest_part.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "harness/machine/swapheader.h"

/* A device node appears a little after its module: tens of milliseconds, seconds on a loaded
 * host. */
#define DEVICE_POLL_NS	  (10 * 1000 * 1000)
#define DEVICE_POLL_TIMES 3000

int guest_write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static const char *module_parameters(const struct guest_spec *spec, const char *path,
				     char *text, size_t size)
{
	const char *name = strrchr(path, '/');

	text[0] = '\0';
	if (name && !strncmp(name, "/brd.ko", 7))
		snprintf(text, size, "rd_nr=1 rd_size=%" PRIu64, spec->swap_bytes >> 10);
	return text;
}

int guest_load_modules(const struct guest *guest, struct error *e)
{
	for (size_t i = 0; i < guest->modules.nr; i++) {
		const char *path = guest->modules.item[i];
		char parameters[64];
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		module_parameters(&guest->spec, path, parameters, sizeof(parameters));
		if (fd < 0 || syscall(SYS_finit_module, fd, parameters, 0)) {
			int code = errno;

			if (fd >= 0)
				close(fd);
			if (code != EEXIST)
				return error_set(e, code, "cannot load %s: %s", path,
						 strerror(code));
			continue;
		}
		close(fd);
	}
	return 0;
}

int guest_open_device(const char *path, int flags, struct error *e)
{
	const struct timespec pause = { .tv_nsec = DEVICE_POLL_NS };

	for (int i = 0; i < DEVICE_POLL_TIMES; i++) {
		int fd = open(path, flags | O_CLOEXEC);

		if (fd >= 0)
			return fd;
		if (errno != ENOENT && errno != ENXIO && errno != ENODEV)
			break;
		nanosleep(&pause, NULL);
	}
	return error_set(e, errno, "cannot open %s: %s", path, strerror(errno));
}

static int write_swap_header(int fd, const char *path, uint64_t bytes, struct error *e)
{
	const size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	char *page = malloc(page_bytes);
	int ret = page ? swapheader_fill(page, page_bytes, bytes, "", NULL) : -ENOMEM;

	if (ret)
		ret = error_set(e, -ret, "%s: %" PRIu64 " bytes are no size for swap", path,
				bytes);
	else if (pwrite(fd, page, page_bytes, 0) != (ssize_t)page_bytes || fsync(fd))
		ret = error_set(e, errno, "cannot write the swap header of %s: %s", path,
				strerror(errno));
	free(page);
	return ret;
}

int guest_add_swap(const struct guest_spec *spec, struct error *e)
{
	static const char *const paths[] = {
		[GUEST_SWAP_FILE] = GUEST_SCRATCH_PATH "/swapfile",
		[GUEST_SWAP_ZRAM] = "/dev/zram0",
		[GUEST_SWAP_RAM] = "/dev/ram0",
	};
	const char *path = paths[spec->swap];
	char size[32];
	int ret = 0;
	int fd;

	if (spec->swap == GUEST_SWAP_NONE)
		return 0;
	snprintf(size, sizeof(size), "%" PRIu64, spec->swap_bytes);
	if (spec->swap == GUEST_SWAP_ZRAM)
		ret = guest_write_text("/sys/block/zram0/disksize", size);
	if (ret)
		return error_set(e, -ret, "cannot set the size of zram0: %s", strerror(-ret));
	if (spec->swap == GUEST_SWAP_FILE)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	else
		fd = guest_open_device(path, O_RDWR, e);
	if (fd < 0)
		return error_set(e, errno, "cannot open %s: %s", path, strerror(errno));
	if (spec->swap == GUEST_SWAP_FILE && fallocate(fd, 0, 0, (off_t)spec->swap_bytes))
		ret = error_set(e, errno, "cannot allocate %s: %s", path, strerror(errno));
	if (!ret)
		ret = write_swap_header(fd, path, spec->swap_bytes, e);
	close(fd);
	if (!ret && swapon(path, 0))
		ret = error_set(e, errno, "swapon %s: %s", path, strerror(errno));
	return ret;
}
