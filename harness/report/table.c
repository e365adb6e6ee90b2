// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Aligns and prints tables. Knows nothing of their contents.
 */
#include "harness/report/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GAP	       2
#define FLEXIBLE_LEAST 12

static const char *const styles[] = {
	[STYLE_PLAIN] = "",	     [STYLE_GOOD] = "\033[32m", [STYLE_BAD] = "\033[1;31m",
	[STYLE_UNSURE] = "\033[33m", [STYLE_FAINT] = "\033[2m", [STYLE_STRONG] = "\033[1m",
};

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Columns that a UTF-8 text takes on a terminal. */
static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += !is_continuation(*text);
	return width;
}

void text_clean(char *text)
{
	for (; *text; text++) {
		unsigned char c = *text;
		/* U+0080 to U+009F are control characters too: two bytes, c2 80 to c2 9f. */
		bool c1 = c == 0xc2 && (unsigned char)text[1] >= 0x80 &&
			  (unsigned char)text[1] < 0xa0;

		if (c < 0x20 || c == 0x7f)
			*text = '?';
		if (c1)
			text[0] = text[1] = '?';
	}
}

void table_init(struct table *t, const struct table_column *columns)
{
	*t = (struct table){ .column = columns };
	while (columns[t->columns].title)
		t->columns++;
}

void table_release(struct table *t)
{
	for (size_t i = 0; i < t->nr; i++)
		free(t->cell[i].text);
	free(t->cell);
	*t = (struct table){ .column = t->column, .columns = t->columns };
}

void table_add(struct table *t, enum style style, const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	if (t->nr == t->capacity) {
		size_t capacity = t->capacity ? 2 * t->capacity : 64;
		struct table_cell *grown = reallocarray(t->cell, capacity, sizeof(*grown));

		if (!grown) {
			t->failed = true;
			return;
		}
		t->cell = grown;
		t->capacity = capacity;
	}
	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		t->failed = true;
		return;
	}
	text_clean(text);
	t->cell[t->nr++] = (struct table_cell){ text, style };
}

static size_t natural_width(const struct table *t, unsigned column)
{
	size_t width = text_width(t->column[column].title);

	for (size_t i = column; i < t->nr; i += t->columns) {
		size_t cell = text_width(t->cell[i].text);

		width = cell > width ? cell : width;
	}
	return width;
}

/*
 * Narrows the widest flexible column by one, until the table fits.
 */
static void fit(const struct table *t, size_t *width, size_t room)
{
	size_t total = GAP * (t->columns - 1);

	for (unsigned i = 0; i < t->columns; i++)
		total += width[i];
	for (; total > room; total--) {
		unsigned widest = t->columns;

		for (unsigned i = 0; i < t->columns; i++)
			if (t->column[i].flexible && width[i] > FLEXIBLE_LEAST &&
			    (widest == t->columns || width[i] > width[widest]))
				widest = i;
		if (widest == t->columns)
			return;
		width[widest]--;
	}
}

static void print_padding(FILE *out, size_t n)
{
	fprintf(out, "%*s", (int)n, "");
}

/* Bytes of the first `columns` columns of the text. */
static size_t bytes_of(const char *text, size_t columns)
{
	size_t i = 0;

	for (; text[i]; i++)
		if (!is_continuation(text[i]) && !columns--)
			break;
	return i;
}

static size_t trimmed_length(const char *text)
{
	size_t length = strlen(text);

	while (length && text[length - 1] == ' ')
		length--;
	return length;
}

/* The widths of a table's columns on one terminal. */
struct printer {
	const struct table *table;
	const struct screen *screen;
	FILE *out;
	unsigned indent;
	size_t *width; /* by column */
};

/* last: nothing follows in its line, so that it needs no spaces behind it. */
static void print_cell(const struct printer *p, unsigned column, const struct table_cell *cell,
		       bool last)
{
	size_t needed = text_width(cell->text), width = p->width[column];
	bool coloured = p->screen->colour && cell->style != STYLE_PLAIN;
	bool right = p->table->column[column].right;
	size_t length = last ? trimmed_length(cell->text) : strlen(cell->text);

	if (right && needed < width)
		print_padding(p->out, width - needed);
	fputs(coloured ? styles[cell->style] : "", p->out);
	if (needed > width)
		fprintf(p->out, "%.*s…", (int)bytes_of(cell->text, width - 1), cell->text);
	else
		fprintf(p->out, "%.*s", (int)length, cell->text);
	fputs(coloured ? "\033[0m" : "", p->out);
	if (!right && !last && needed < width)
		print_padding(p->out, width - needed);
	if (!last)
		print_padding(p->out, GAP);
}

static void print_titles(const struct printer *p)
{
	const struct table *t = p->table;

	print_padding(p->out, p->indent);
	for (unsigned i = 0; i < t->columns; i++) {
		struct table_cell title = { (char *)t->column[i].title, STYLE_FAINT };

		print_cell(p, i, &title, i + 1 == t->columns);
	}
	fputc('\n', p->out);
}

/* Cells that are empty at the end of a row leave no spaces there. */
static void print_row(const struct printer *p, const struct table_cell *row)
{
	unsigned columns = p->table->columns;

	while (columns > 1 && !trimmed_length(row[columns - 1].text))
		columns--;
	print_padding(p->out, p->indent);
	for (unsigned i = 0; i < columns; i++)
		print_cell(p, i, &row[i], i + 1 == columns);
	fputc('\n', p->out);
}

int table_print(const struct table *t, FILE *out, const struct screen *screen, unsigned indent)
{
	struct printer p = { .table = t, .screen = screen, .out = out, .indent = indent };

	p.width = calloc(t->columns, sizeof(*p.width));
	if (!p.width || t->failed) {
		free(p.width);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < t->columns; i++)
		p.width[i] = natural_width(t, i);
	if (screen->width > indent)
		fit(t, p.width, screen->width - indent);
	print_titles(&p);
	for (size_t row = 0; row + t->columns <= t->nr; row += t->columns)
		print_row(&p, &t->cell[row]);
	free(p.width);
	return 0;
}

static void print_markdown_cell(FILE *out, const char *text)
{
	fputs(" ", out);
	for (; *text; text++) {
		if (strchr("|\\`*_<>[]", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
	fputs(" |", out);
}

int table_print_markdown(const struct table *t, FILE *out)
{
	if (t->failed)
		return -ENOMEM;
	fputs("|", out);
	for (unsigned i = 0; i < t->columns; i++)
		print_markdown_cell(out, t->column[i].title);
	fputs("\n|", out);
	for (unsigned i = 0; i < t->columns; i++)
		fputs(t->column[i].right ? "---:|" : "---|", out);
	fputs("\n", out);
	for (size_t row = 0; row + t->columns <= t->nr; row += t->columns) {
		fputs("|", out);
		for (unsigned i = 0; i < t->columns; i++)
			print_markdown_cell(out, t->cell[row + i].text);
		fputs("\n", out);
	}
	return 0;
}

static unsigned columns_of(FILE *out)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (columns && atoi(columns) > 0)
		return atoi(columns);
	if (isatty(fileno(out)) && !ioctl(fileno(out), TIOCGWINSZ, &size))
		return size.ws_col;
	return 0;
}

void screen_init(struct screen *screen, FILE *out)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	screen->width = columns_of(out);
	screen->colour =
		isatty(fileno(out)) && !(no_color && *no_color) && term && strcmp(term, "dumb");
}

void screen_print(const struct screen *screen, FILE *out, enum style style, const char *text)
{
	bool coloured = screen->colour && style != STYLE_PLAIN;

	fprintf(out, "%s%s%s", coloured ? styles[style] : "", text, coloured ? "\033[0m" : "");
}

void screen_title(const struct screen *screen, FILE *out, const char *title)
{
	fputs("\n", out);
	screen_print(screen, out, STYLE_STRONG, title);
	fputs("\n", out);
}

void screen_wrap(const struct screen *screen, FILE *out, unsigned indent, const char *first,
		 const char *text)
{
	size_t next = indent + (*first ? text_width(first) : 2);
	size_t column = indent + text_width(first);
	bool line_start = true;

	print_padding(out, indent);
	fputs(first, out);
	while (*text) {
		size_t length = strcspn(text, " "), width = 0;

		for (size_t i = 0; i < length; i++)
			width += !is_continuation(text[i]);
		if (!line_start && screen->width && column + 1 + width > screen->width) {
			fputc('\n', out);
			print_padding(out, next);
			column = next;
		} else if (!line_start) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", (int)length, text);
		column += width;
		line_start = false;
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}
