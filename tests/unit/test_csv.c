// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/tables/csv.h"
#include "workloads/api/arith.h"

struct directory {
	char path[64];
	char file[96];
	int fd;
};

static int make_folder(void **state)
{
	struct directory *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->path, "/tmp/test_csv.XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->fd >= 0);
	snprintf(f->file, sizeof(f->file), "%s/t.csv", f->path);
	*state = f;
	return 0;
}

static int remove_folder(void **state)
{
	struct directory *f = *state;

	(void)unlink(f->file); /* not every test makes it */
	assert_int_equal(rmdir(f->path), 0);
	close(f->fd);
	free(f);
	return 0;
}

static void write_file(const struct directory *f, const char *bytes, size_t length)
{
	FILE *file = fopen(f->file, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static void expect_file(const struct directory *f, const char *expected)
{
	char bytes[4096];
	FILE *file = fopen(f->file, "r");
	size_t n;

	assert_non_null(file);
	n = fread(bytes, 1, sizeof(bytes) - 1, file);
	fclose(file);
	bytes[n] = '\0';
	assert_string_equal(bytes, expected);
}

static void create(const struct directory *f, struct csv_writer *w, const char *header)
{
	struct error e = { "" };

	if (csv_create(w, f->fd, "t.csv", header, &e))
		fail_msg("%s", e.text);
}

static void finish(struct csv_writer *w)
{
	struct error e = { "" };

	if (csv_close(w, &e))
		fail_msg("%s", e.text);
}

static void each_kind_of_cell_is_written_as_the_schema_says(void **state)
{
	struct directory *f = *state;
	struct csv_writer w;

	create(f, &w, "a,b,c");
	csv_text(&w, "x");
	csv_text(&w, NULL);
	csv_text(&w, "");
	csv_end_row(&w);
	csv_int(&w, INT64_MIN);
	csv_uint(&w, UINT64_MAX);
	csv_int(&w, 0);
	csv_end_row(&w);
	csv_number(&w, (struct number){ .value = 25, .decimals = 2 });
	csv_number(&w, (struct number){ .value = -5, .decimals = 2 });
	csv_number(&w, (struct number){ .value = 12345, .decimals = 2 });
	csv_end_row(&w);
	csv_number(&w, (struct number){ .value = INT64_MIN, .decimals = 6 });
	csv_number(&w, (struct number){ .value = 0, .decimals = 2 });
	csv_empty(&w);
	csv_end_row(&w);
	csv_real(&w, 1.0 / 3, 3);
	csv_real(&w, NAN, 3);
	csv_real(&w, -INFINITY, 3);
	csv_end_row(&w);
	finish(&w);
	expect_file(f, "a,b,c\n"
		       "x,,\n"
		       "-9223372036854775808,18446744073709551615,0\n"
		       "0.25,-0.05,123.45\n"
		       "-9223372036854.775808,0.00,\n"
		       "0.333,,\n");
}

static void quotes_stand_where_rfc_4180_wants_them(void **state)
{
	struct directory *f = *state;
	struct csv_writer w;

	create(f, &w, "a,b");
	csv_text(&w, "one, two");
	csv_text(&w, "say \"hi\"");
	csv_end_row(&w);
	csv_text(&w, "two\nlines");
	csv_text(&w, "plain; text");
	csv_end_row(&w);
	finish(&w);
	expect_file(f, "a,b\n\"one, two\",\"say \"\"hi\"\"\"\n\"two\nlines\",plain; text\n");
}

static void the_header_is_there_before_the_first_row(void **state)
{
	struct directory *f = *state;
	struct csv_writer w;

	create(f, &w, "a,b");
	expect_file(f, "a,b\n");
	csv_text(&w, "1");
	csv_text(&w, "2");
	csv_end_row(&w);
	expect_file(f, "a,b\n"); /* rows wait for the flush */
	finish(&w);
	expect_file(f, "a,b\n1,2\n");
}

static void a_file_that_is_there_is_not_overwritten(void **state)
{
	struct directory *f = *state;
	struct csv_writer w = { .fd = -1 };
	struct error e = { "" };

	write_file(f, "precious\n", 9);
	assert_int_equal(csv_create(&w, f->fd, "t.csv", "a", &e), -EEXIST);
	assert_non_null(strstr(e.text, "t.csv"));
	assert_int_equal(w.fd, -1);
	expect_file(f, "precious\n");
}

/* A full disk, simulated by a limit on the file's size: the file ends with a whole row. */
static void a_write_that_fails_leaves_whole_rows(void **state)
{
	struct directory *f = *state;
	struct rlimit old, small = { .rlim_cur = 100 };
	struct csv_writer w;
	struct error e = { "" };
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	int err;

	create(f, &w, "a,b");
	csv_text(&w, "1");
	csv_text(&w, "2");
	csv_end_row(&w);
	assert_int_equal(csv_flush(&w, &e), 0);
	for (unsigned i = 0; i < 40; i++) {
		csv_text(&w, "long");
		csv_text(&w, "row");
		csv_end_row(&w);
	}
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	err = csv_flush(&w, &e);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, handler);
	assert_int_equal(err, -EFBIG);
	assert_non_null(strstr(e.text, "t.csv"));
	expect_file(f, "a,b\n1,2\n");
	finish(&w); /* the rows were kept, and there is room again */
	assert_int_equal(w.fd, -1);
}

struct shape {
	const char *bytes;
	size_t rows;
	const char *first; /* cell a of row 0 */
};

static void all_usual_shapes_are_read(void **state)
{
	static const struct shape shapes[] = {
		{ "a,b\n", 0, NULL },
		{ "a,b", 0, NULL },
		{ "a,b\n1,2\n", 1, "1" },
		{ "a,b\n1,2", 1, "1" },
		{ "a,b\r\n1,2\r\n", 1, "1" },
		{ "\xef\xbb\xbf"
		  "a,b\n1,2\n",
		  1, "1" },
		{ "a,b\n,\n", 1, "" },
		{ "a,b\n\"\",x\n", 1, "" },
		{ "a,b\n\"x,\"\"y\"\"\",z\n", 1, "x,\"y\"" },
		{ "a,b\n\"x\ny\",z\nnext,row\n", 2, "x\ny" },
		{ "\"a\",\"b\"\n1,2\n", 1, "1" },
	};
	struct directory *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct csv_table t;
		struct error e = { "" };

		write_file(f, shapes[i].bytes, strlen(shapes[i].bytes));
		if (csv_read(&t, f->file, &e))
			fail_msg("shape %zu: %s", i, e.text);
		assert_int_equal(t.nr, shapes[i].rows);
		assert_int_equal(csv_column(&t, "a"), 0);
		assert_int_equal(csv_column(&t, "b"), 1);
		assert_int_equal(csv_column(&t, "c"), -1);
		if (shapes[i].first) {
			assert_string_equal(csv_cell(&t, 0, 0), shapes[i].first);
			assert_string_equal(csv_cell(&t, 0, -1), "");
		}
		csv_release(&t);
	}
}

static void a_broken_file_is_named_with_its_line(void **state)
{
	static const struct {
		const char *bytes;
		const char *place, *reason;
	} cases[] = {
		{ "", "t.csv:1: ", "no header" },
		{ "a,b\n1,2\n1\n", "t.csv:3: ", "fewer cells" },
		{ "a,b,a\n1,2,3\n", "t.csv:1: ", "two columns of the same name" },
		{ "a,b\n1,2,3\n", "t.csv:2: ", "more cells" },
		{ "a,b\n1,2\n\n", "t.csv:3: ", "fewer cells" },
		{ "a,b\n\"x\ny\",1\n1\n", "t.csv:4: ", "fewer cells" },
		{ "a,b\n1,\"2\n3,4\n", "t.csv:2: ", "not closed" },
		{ "a,b\n1,\"2\"x\n", "t.csv:2: ", "quote" },
		{ "a,b\n1,2\"\n", "t.csv:2: ", "quote" },
		{ "a,b\n1\r,2\n", "t.csv:2: ", "carriage return" },
	};
	struct directory *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct csv_table t = { 0 };
		struct error e = { "" };

		write_file(f, cases[i].bytes, strlen(cases[i].bytes));
		assert_int_equal(csv_read(&t, f->file, &e), -EBADMSG);
		if (!strstr(e.text, cases[i].place) || !strstr(e.text, cases[i].reason))
			fail_msg("case %zu: %s", i, e.text);
		assert_null(t.bytes); /* untouched on failure */
	}
}

static void a_missing_file_and_a_binary_one_are_told_apart(void **state)
{
	struct directory *f = *state;
	struct csv_table t = { 0 };
	struct error e = { "" };

	assert_int_equal(csv_read(&t, f->file, &e), -ENOENT);
	assert_non_null(strstr(e.text, f->file));
	e.text[0] = '\0';
	write_file(f, "a,b\n1\0,2\n", 9);
	assert_int_equal(csv_read(&t, f->file, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "NUL"));
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Cells of the special characters, at every length from zero up. */
static void random_cell(uint32_t *seed, char *cell)
{
	static const char alphabet[] = "a,\"\n\r 0;\xc3\xa9";
	unsigned length = next_random(seed) % 7;

	for (unsigned i = 0; i < length; i++)
		cell[i] = alphabet[next_random(seed) % (sizeof(alphabet) - 1)];
	cell[length] = '\0';
}

static void whatever_is_written_is_read_back(void **state)
{
	struct directory *f = *state;
	uint32_t seed = 20261120;

	for (unsigned round = 0; round < 200; round++) {
		static const char *const headers[] = { "a", "a,b", "a,b,c,d,e" };
		unsigned shape = round % ARRAY_SIZE(headers),
			 columns = shape == 2 ? 5 : shape + 1;
		unsigned rows = next_random(&seed) % 12;
		char cells[12][5][8];
		struct csv_writer w;
		struct csv_table t;
		struct error e = { "" };

		create(f, &w, headers[shape]);
		for (unsigned r = 0; r < rows; r++) {
			for (unsigned c = 0; c < columns; c++) {
				random_cell(&seed, cells[r][c]);
				csv_text(&w, cells[r][c]);
			}
			csv_end_row(&w);
		}
		finish(&w);
		if (csv_read(&t, f->file, &e))
			fail_msg("round %u: %s", round, e.text);
		assert_int_equal(t.nr, rows);
		assert_int_equal(t.columns, columns);
		for (unsigned r = 0; r < rows; r++)
			for (unsigned c = 0; c < columns; c++)
				assert_string_equal(csv_cell(&t, r, (int)c), cells[r][c]);
		csv_release(&t);
		assert_int_equal(unlink(f->file), 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_kind_of_cell_is_written_as_the_schema_says,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(quotes_stand_where_rfc_4180_wants_them,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(the_header_is_there_before_the_first_row,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_file_that_is_there_is_not_overwritten,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_write_that_fails_leaves_whole_rows,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(all_usual_shapes_are_read, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(a_broken_file_is_named_with_its_line,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_missing_file_and_a_binary_one_are_told_apart,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(whatever_is_written_is_read_back, make_folder,
						remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
