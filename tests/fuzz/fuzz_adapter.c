// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as an adapter of validate. An error has its place and a sentence. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/validate/adapter.h"
#include "workloads/api/workload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The loads of an adapter are planned later: it is read without any workload. */
const struct workload *const workloads[] = { NULL };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("adapter", 0);
	struct error e = { "" };
	struct adapter a;
	char path[64];
	int ret;

	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	adapter_init(&a);
	ret = adapter_read(&a, path, &e);
	assert(!ret == !e.text[0]);
	if (ret)
		assert(!strncmp(e.text, path, strlen(path)));
	else
		assert(a.summary && a.program && a.nr_loads && a.nr_quantities);
	adapter_release(&a);
	close(fd);
	return 0;
}
