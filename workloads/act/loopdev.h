/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A private read-only loop device over a file. Autoclear removes it with its last
 * descriptor: a killed worker leaves none.
 */
#ifndef PAGESTORM_LOOPDEV_H
#define PAGESTORM_LOOPDEV_H

/*
 * Descriptor of the device, open for reading, or -errno; -EOPNOTSUPP: the file's file system
 * has no direct I/O. The device bypasses the file's page cache, so pages are cached once, as
 * the device's. close(2) removes the device.
 */
int loopdev_open(int file_fd);

#endif
