/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A read-only loop device of the worker's own over a file. It is bound with
 * autoclear, so it is gone with the last descriptor: a killed worker leaves none.
 */
#ifndef PAGESTORM_LOOPDEV_H
#define PAGESTORM_LOOPDEV_H

/*
 * Descriptor of the device, opened for reading; or -errno, -EOPNOTSUPP when the
 * file's file system takes no direct I/O. The device reads the file past the page
 * cache: what is cached is cached once, as the device's. close(2) undoes it.
 */
int loopdev_open(int file_fd);

#endif
