// SPDX-License-Identifier: GPL-2.0-or-later
/* Promises of harness/lab/cpio.h. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/lab/blob.h"
#include "harness/lab/cpio.h"

struct archive {
	struct cpio cpio;
	struct blob bytes;
};

static void archive_open(struct archive *archive)
{
	memset(archive, 0, sizeof(*archive));
	cpio_init(&archive->cpio, memfd_create("cpio", MFD_CLOEXEC));
	assert_true(archive->cpio.fd >= 0);
}

static void archive_read(struct archive *archive)
{
	assert_int_equal(cpio_finish(&archive->cpio), 0);
	lseek(archive->cpio.fd, 0, SEEK_SET);
	assert_int_equal(blob_read_fd(&archive->bytes, archive->cpio.fd), 0);
}

static void archive_close(struct archive *archive)
{
	close(archive->cpio.fd);
	cpio_release(&archive->cpio);
	blob_release(&archive->bytes);
}

static unsigned long field(const char *header, int index)
{
	char text[9] = "";

	memcpy(text, header + 6 + 8 * index, 8);
	return strtoul(text, NULL, 16);
}

/* Reads the format by its description: fields 1 mode, 6 filesize, 11 namesize. */
static const char *find(const struct archive *archive, const char *name, unsigned long *mode,
			size_t *size)
{
	size_t at = 0;

	while (at + 110 <= archive->bytes.size) {
		const char *header = archive->bytes.data + at;
		size_t name_size = field(header, 11);
		size_t file_size = field(header, 6);
		size_t data = (at + 110 + name_size + 3) & ~(size_t)3;

		assert_memory_equal(header, "070701", 6);
		if (!strcmp(header + 110, name)) {
			*mode = field(header, 1);
			*size = file_size;
			return archive->bytes.data + data;
		}
		at = (data + file_size + 3) & ~(size_t)3;
	}
	return NULL;
}

static void a_file_is_found_with_its_mode_and_bytes(void **state)
{
	struct archive archive;
	unsigned long mode;
	size_t size;
	const char *data;

	(void)state;
	archive_open(&archive);
	cpio_data(&archive.cpio, "/etc/deep/name", 0750, "hello", 5);
	cpio_data(&archive.cpio, "/after", 0600, "x", 1);
	archive_read(&archive);
	data = find(&archive, "etc/deep/name", &mode, &size);
	assert_non_null(data);
	assert_int_equal(mode, 0100750);
	assert_int_equal(size, 5);
	assert_memory_equal(data, "hello", 5);
	assert_non_null(find(&archive, "after", &mode, &size));
	archive_close(&archive);
}

static void directories_above_an_entry_are_made_once(void **state)
{
	struct archive archive;
	unsigned long mode;
	size_t size;

	(void)state;
	archive_open(&archive);
	cpio_data(&archive.cpio, "/a/b/one", 0644, "", 0);
	cpio_data(&archive.cpio, "/a/b/two", 0644, "", 0);
	archive_read(&archive);
	assert_int_equal(archive.cpio.nr_entries, 5); /* a, a/b, two files, trailer */
	assert_non_null(find(&archive, "a/b", &mode, &size));
	assert_int_equal(mode, 040755);
	archive_close(&archive);
}

static void links_and_devices_are_what_they_are(void **state)
{
	struct archive archive;
	unsigned long mode;
	size_t size;

	(void)state;
	archive_open(&archive);
	cpio_symlink(&archive.cpio, "/bin/sh", "/bin/busybox");
	cpio_character_device(&archive.cpio, "/dev/console", 0600, 5, 1);
	archive_read(&archive);
	assert_memory_equal(find(&archive, "bin/sh", &mode, &size), "/bin/busybox", 12);
	assert_int_equal(mode, 0120777);
	assert_non_null(find(&archive, "dev/console", &mode, &size));
	assert_int_equal(mode, 020600);
	archive_close(&archive);
}

static void it_ends_with_the_trailer_on_a_word(void **state)
{
	struct archive archive;
	unsigned long mode;
	size_t size;

	(void)state;
	archive_open(&archive);
	cpio_data(&archive.cpio, "/x", 0644, "123", 3);
	archive_read(&archive);
	assert_non_null(find(&archive, "TRAILER!!!", &mode, &size));
	assert_int_equal(archive.bytes.size % 4, 0);
	archive_close(&archive);
}

static void the_first_error_is_kept(void **state)
{
	struct archive archive;

	(void)state;
	archive_open(&archive);
	assert_int_equal(cpio_file(&archive.cpio, "/x", "/no/such/file"), -ENOENT);
	assert_int_equal(cpio_data(&archive.cpio, "/y", 0644, "", 0), -ENOENT);
	assert_int_equal(cpio_finish(&archive.cpio), -ENOENT);
	archive_close(&archive);
}

/* GNU cpio is the second instrument; without it only find() reads the format. */
static void gnu_cpio_agrees(void **state)
{
	struct archive archive;
	char command[128], line[64] = "";
	FILE *list;

	(void)state;
	if (system("command -v cpio >/dev/null 2>&1")) {
		print_message("cpio is not installed\n");
		skip();
	}
	archive_open(&archive);
	cpio_data(&archive.cpio, "/one", 0644, "1", 1);
	cpio_data(&archive.cpio, "/two/three", 0644, "22", 2);
	archive_read(&archive);
	snprintf(command, sizeof(command), "cpio -t --quiet </proc/%d/fd/%d | tr '\\n' ' '",
		 getpid(), archive.cpio.fd);
	list = popen(command, "r");
	assert_non_null(list);
	assert_non_null(fgets(line, sizeof(line), list));
	assert_int_equal(pclose(list), 0);
	assert_string_equal(line, "one two two/three ");
	archive_close(&archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_found_with_its_mode_and_bytes),
		cmocka_unit_test(directories_above_an_entry_are_made_once),
		cmocka_unit_test(links_and_devices_are_what_they_are),
		cmocka_unit_test(it_ends_with_the_trailer_on_a_word),
		cmocka_unit_test(the_first_error_is_kept),
		cmocka_unit_test(gnu_cpio_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
