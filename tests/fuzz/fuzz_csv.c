// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes through the reader. A table that was read can be written and read again. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/tables/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_fd(int fd, struct csv_table *t)
{
	struct error e = { "" };
	const char *path = "memory";
	int ret;

	assert(lseek(fd, 0, SEEK_SET) == 0);
	ret = csv_read_fd(t, fd, path, &e);
	assert(!ret || (ret == -EBADMSG && !strncmp(e.text, path, strlen(path))));
	return ret;
}

/* The writer without its file: every column of the table, and its rows. */
static void write_table(const struct csv_table *t, int fd)
{
	struct csv_writer w = { .fd = fd, .path = "memory", .columns = t->columns };
	struct error e = { "" };

	for (unsigned c = 0; c < t->columns; c++)
		csv_text(&w, t->header[c]);
	csv_end_row(&w);
	for (size_t r = 0; r < t->nr; r++) {
		for (unsigned c = 0; c < t->columns; c++)
			csv_text(&w, csv_cell(t, r, (int)c));
		csv_end_row(&w);
	}
	assert(csv_flush(&w, &e) == 0);
	free(w.buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int in = memfd_create("in", 0), out = memfd_create("out", 0);
	struct csv_table a, b;

	assert(in >= 0 && out >= 0 && write(in, data, size) == (ssize_t)size);
	if (!read_fd(in, &a)) {
		write_table(&a, out);
		/* a header that begins like a byte order mark loses it: not one of our tables
		 */
		if (strncmp(a.header[0], "\xef\xbb\xbf", 3)) {
			assert(read_fd(out, &b) == 0);
			assert(b.nr == a.nr && b.columns == a.columns);
			for (size_t r = 0; r < a.nr; r++)
				for (int c = 0; c < (int)a.columns; c++)
					assert(!strcmp(csv_cell(&a, r, c), csv_cell(&b, r, c)));
			csv_release(&b);
		}
		csv_release(&a);
	}
	close(in);
	close(out);
	return 0;
}
