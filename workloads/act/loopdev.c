// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/act/loopdev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TRIES 16 /* another process may bind the number that LOOP_CTL_GET_FREE returned */

static int bind_to(int device, int file_fd)
{
	struct loop_config config = {
		.fd = (unsigned)file_fd,
		.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO,
	};
	struct loop_info64 info;

	if (ioctl(device, LOOP_CONFIGURE, &config))
		return -errno;
	if (ioctl(device, LOOP_GET_STATUS64, &info))
		return -errno;
	return info.lo_flags & LO_FLAGS_DIRECT_IO ? 0 : -EOPNOTSUPP;
}

int loopdev_open(int file_fd)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), ret = -EBUSY;

	if (control < 0)
		return -errno;
	for (int i = 0; i < TRIES && ret == -EBUSY; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE), device;
		char path[32];

		if (number < 0) {
			ret = -errno;
			break;
		}
		snprintf(path, sizeof(path), "/dev/loop%d", number);
		device = open(path, O_RDONLY | O_CLOEXEC);
		ret = device < 0 ? -errno : bind_to(device, file_fd);
		if (!ret)
			ret = device;
		else if (device >= 0)
			close(device);
	}
	close(control);
	return ret;
}
