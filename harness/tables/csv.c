// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes and reads rows of CSV files. Knows no column by name.
 */
#include "harness/tables/csv.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/plainfile.h"

/* ---- writing ---- */

static bool make_room(struct csv_writer *w, size_t more)
{
	size_t capacity = w->capacity ? w->capacity : 64 * 1024;
	char *buffer;

	if (w->error)
		return false;
	while (capacity - w->length < more)
		capacity *= 2;
	if (capacity == w->capacity)
		return true;
	buffer = realloc(w->buffer, capacity);
	if (!buffer) {
		w->error = -ENOMEM;
		return false;
	}
	w->buffer = buffer;
	w->capacity = capacity;
	return true;
}

static void append(struct csv_writer *w, const char *bytes, size_t length)
{
	if (!make_room(w, length))
		return;
	memcpy(w->buffer + w->length, bytes, length);
	w->length += length;
}

static void begin_cell(struct csv_writer *w)
{
	assert(w->column < w->columns);
	if (w->column++)
		append(w, ",", 1);
}

static void append_quoted(struct csv_writer *w, const char *text)
{
	append(w, "\"", 1);
	for (; *text; text++)
		append(w, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
	append(w, "\"", 1);
}

void csv_text(struct csv_writer *w, const char *text)
{
	begin_cell(w);
	if (!text)
		return;
	if (text[strcspn(text, ",\"\r\n")])
		append_quoted(w, text);
	else
		append(w, text, strlen(text));
}

void csv_empty(struct csv_writer *w)
{
	begin_cell(w);
}

void csv_uint(struct csv_writer *w, uint64_t value)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%" PRIu64, value);

	begin_cell(w);
	append(w, text, (size_t)length);
}

void csv_int(struct csv_writer *w, int64_t value)
{
	csv_number(w, (struct number){ .value = value });
}

void csv_number(struct csv_writer *w, struct number n)
{
	char text[NUMBER_BYTES];
	const char *at = number_format(n, text);

	begin_cell(w);
	append(w, at, strlen(at));
}

void csv_real(struct csv_writer *w, double value, int decimals)
{
	char text[400]; /* the largest double has 309 digits */
	int length;

	begin_cell(w);
	if (!isfinite(value))
		return;
	length = snprintf(text, sizeof(text), "%.*f", decimals, value);
	assert(length > 0 && (size_t)length < sizeof(text));
	append(w, text, (size_t)length);
}

void csv_end_row(struct csv_writer *w)
{
	assert(w->column == w->columns);
	w->column = 0;
	append(w, "\n", 1);
}

/* All of the buffer, or none of it: a file never ends within a row. */
static int write_rows(struct csv_writer *w)
{
	off_t start = lseek(w->fd, 0, SEEK_END);
	size_t done = 0;

	if (start < 0)
		return -errno;
	while (done < w->length) {
		ssize_t n = write(w->fd, w->buffer + done, w->length - done);

		if (n <= 0) {
			int ret = n ? -errno : -EIO;

			/* the file keeps its earlier rows; the write's error is the cause */
			(void)!ftruncate(w->fd, start);
			return ret;
		}
		done += (size_t)n;
	}
	return 0;
}

void csv_write(struct csv_writer *w)
{
	assert(!w->column);
	if (!w->error && w->length)
		w->error = write_rows(w);
	w->length = 0;
}

int csv_flush(struct csv_writer *w, struct error *e)
{
	int ret = w->error;

	assert(!w->column);
	if (!ret && w->length)
		ret = write_rows(w);
	if (ret)
		return error_set(e, -ret, "%s: the rows could not be written: %s", w->path,
				 strerror(-ret));
	w->length = 0;
	if (fsync(w->fd))
		return error_set(e, errno, "%s: fsync failed, rows may be lost: %s", w->path,
				 strerror(errno));
	return 0;
}

static unsigned count_columns(const char *header)
{
	unsigned columns = 1;

	for (; *header; header++)
		columns += *header == ',';
	return columns;
}

int csv_create(struct csv_writer *w, int dirfd, const char *name, const char *header,
	       struct error *e)
{
	struct csv_writer out = { .fd = -1, .columns = count_columns(header) };
	int ret;

	snprintf(out.path, sizeof(out.path), "%s", name);
	out.fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (out.fd < 0)
		return error_set(e, errno, "%s: cannot be created: %s", name, strerror(errno));
	append(&out, header, strlen(header));
	append(&out, "\n", 1);
	ret = csv_flush(&out, e);
	if (ret) {
		free(out.buffer);
		close(out.fd);
		return ret;
	}
	*w = out;
	return 0;
}

static bool has_header(int fd, const char *header)
{
	const size_t length = strlen(header);
	char *text = malloc(length + 1);
	bool same = text && pread(fd, text, length + 1, 0) == (ssize_t)length + 1 &&
		    !memcmp(text, header, length) && text[length] == '\n';

	free(text);
	return same;
}

int csv_append(struct csv_writer *w, int dirfd, const char *name, const char *header,
	       struct error *e)
{
	struct csv_writer out = { .fd = -1, .columns = count_columns(header) };

	snprintf(out.path, sizeof(out.path), "%s", name);
	out.fd = plainfile_open(dirfd, name, O_RDWR, e);
	if (out.fd < 0)
		return out.fd;
	if (!has_header(out.fd, header)) {
		close(out.fd);
		return error_set(e, EINVAL, "%s: its columns are those of another version",
				 name);
	}
	*w = out;
	return 0;
}

void csv_forget(struct csv_writer *w)
{
	w->length = 0;
	w->column = 0;
	w->error = 0;
}

int csv_close(struct csv_writer *w, struct error *e)
{
	int ret = 0;

	if (!w->columns)
		return 0;
	ret = csv_flush(w, e);
	if (close(w->fd) && !ret)
		ret = error_set(e, errno, "%s: close failed, rows may be lost: %s", w->path,
				strerror(errno));
	free(w->buffer);
	*w = (struct csv_writer){ .fd = -1 };
	return ret;
}

/* ---- reading ---- */

struct reader {
	struct csv_table *t;
	const char *path;
	struct error *e;
	char *at; /* cells are unquoted in place, behind the reader */
	unsigned line;
};

static int read_bytes(struct csv_table *t, int fd, const char *path, size_t *length,
		      struct error *e)
{
	size_t capacity = 64 * 1024;
	int ret = 0;
	ssize_t n;

	*length = 0;
	for (;;) {
		char *bytes = t->bytes;

		if (!bytes || capacity - *length < 2) {
			capacity *= bytes ? 2 : 1;
			bytes = realloc(t->bytes, capacity);
			if (!bytes) {
				ret = error_set(e, ENOMEM, "%s: too large for the memory left",
						path);
				break;
			}
			t->bytes = bytes;
		}
		n = read(fd, bytes + *length, capacity - *length - 1);
		if (n < 0)
			ret = error_set(e, errno, "%s: %s", path, strerror(errno));
		if (n <= 0)
			break;
		*length += (size_t)n;
	}
	if (!ret)
		t->bytes[*length] = '\0';
	return ret;
}

static int bad_csv(struct reader *r, unsigned line, const char *reason)
{
	return error_set(r->e, EBADMSG, "%s:%u: error: %s", r->path, line, reason);
}

/*
 * Takes one cell and what ends it: ',' or '\n', or 0 at the end of the file. The
 * cell's NUL is written once its end has been read.
 */
static int take_cell(struct reader *r, char **cell, char *end)
{
	char *from = r->at, *to = r->at, *nul;
	unsigned first_line = r->line;

	*cell = to;
	if (*from == '"') {
		for (from++; *from && (*from != '"' || from[1] == '"'); *to++ = *from++) {
			if (*from == '"')
				from++;
			r->line += *from == '\n';
		}
		if (*from++ != '"')
			return bad_csv(r, first_line, "a quote is not closed");
	} else {
		from += strcspn(from, ",\"\r\n");
		to = from;
	}
	nul = to;
	if (*from == '\r' && from[1] == '\n')
		from++;
	if (*from && *from != ',' && *from != '\n')
		return bad_csv(r, r->line, "a quote or a carriage return within a cell");
	*end = *from;
	r->line += *from == '\n';
	r->at = *from ? from + 1 : from;
	*nul = '\0';
	return 0;
}

/* Takes one row into *cells, which grows as the header needs and is fixed after it. */
static int take_row(struct reader *r, char ***cells, unsigned *nr)
{
	struct csv_table *t = r->t;
	unsigned line = r->line, capacity = t->columns;
	char **row = calloc(capacity ? capacity : 1, sizeof(*row));
	unsigned n = 0;
	char end = ',';
	int ret = 0;

	if (!row)
		return error_set(r->e, ENOMEM, "%s: too large for the memory left", r->path);
	while (end == ',') {
		char *cell;

		ret = take_cell(r, &cell, &end);
		if (ret)
			goto out;
		if (t->columns && n == t->columns) {
			ret = bad_csv(r, line, "more cells than the header has columns");
			goto out;
		}
		if (n >= capacity) {
			char **grown = reallocarray(row, 2 * n + 8, sizeof(*row));

			if (!grown) {
				ret = error_set(r->e, ENOMEM,
						"%s: too large for the memory left", r->path);
				goto out;
			}
			row = grown;
			capacity = 2 * n + 8;
		}
		row[n++] = cell;
	}
	if (t->columns && n < t->columns) {
		ret = bad_csv(r, line, "fewer cells than the header has columns");
		goto out;
	}
	*cells = row;
	*nr = n;
	row = NULL;
out:
	free(row);
	return ret;
}

static int check_header(struct reader *r)
{
	const struct csv_table *t = r->t;

	for (unsigned i = 0; i < t->columns; i++)
		if (*t->header[i] && csv_column(t, t->header[i]) != (int)i)
			return bad_csv(r, 1, "two columns of the same name");
	return 0;
}

static int keep_row(struct reader *r, char **cells)
{
	struct csv_table *t = r->t;

	if (t->nr == t->capacity) {
		size_t capacity = t->capacity ? 2 * t->capacity : 256;
		char ***row = reallocarray(t->row, capacity, sizeof(*row));

		if (!row) {
			free(cells);
			return error_set(r->e, ENOMEM, "%s: too large for the memory left",
					 r->path);
		}
		t->row = row;
		t->capacity = capacity;
	}
	t->row[t->nr++] = cells;
	return 0;
}

int csv_read(struct csv_table *t, const char *path, struct error *e)
{
	const int fd = plainfile_open(AT_FDCWD, path, O_RDONLY, e);
	int ret;

	if (fd < 0)
		return fd;
	ret = csv_read_fd(t, fd, path, e);
	close(fd);
	return ret;
}

int csv_read_fd(struct csv_table *t, int fd, const char *path, struct error *e)
{
	struct csv_table out = { 0 };
	struct reader r = { .t = &out, .path = path, .e = e, .line = 1 };
	char **cells;
	unsigned nr;
	size_t length;
	int ret;

	ret = read_bytes(&out, fd, path, &length, e);
	if (ret)
		goto out;
	r.at = out.bytes;
	if (length >= 3 &&
	    !memcmp(r.at, "\xef\xbb\xbf", 3)) /* a byte order mark, from an editor */
		r.at += 3;
	if (memchr(out.bytes, '\0', length)) {
		ret = bad_csv(&r, 1, "a NUL byte: this is not a CSV file");
		goto out;
	}
	if (!*r.at) {
		ret = bad_csv(&r, 1, "no header line");
		goto out;
	}
	ret = take_row(&r, &out.header, &out.columns);
	if (!ret)
		ret = check_header(&r);
	while (!ret && *r.at) {
		ret = take_row(&r, &cells, &nr);
		if (!ret)
			ret = keep_row(&r, cells);
	}
out:
	if (ret)
		csv_release(&out);
	else
		*t = out;
	return ret;
}

void csv_release(struct csv_table *t)
{
	for (size_t i = 0; i < t->nr; i++)
		free(t->row[i]);
	free(t->row);
	free(t->header);
	free(t->bytes);
	*t = (struct csv_table){ 0 };
}

int csv_column(const struct csv_table *t, const char *name)
{
	for (unsigned i = 0; i < t->columns; i++)
		if (!strcmp(t->header[i], name))
			return (int)i;
	return -1;
}

const char *csv_cell(const struct csv_table *t, size_t row, int column)
{
	return column < 0 ? "" : t->row[row][column];
}
