/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table for a terminal or for markdown: cells are collected, columns aligned,
 * the widest text column narrowed when the screen is. Text comes from files of
 * other machines: control characters are shown as ?, never sent to a terminal.
 */
#ifndef PAGESTORM_TABLE_H
#define PAGESTORM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum style {
	STYLE_PLAIN,
	STYLE_GOOD,
	STYLE_BAD,
	STYLE_UNSURE,
	STYLE_FAINT,
	STYLE_STRONG,
};

struct table_column {
	const char *title; /* NULL ends the list */
	bool right;	   /* a number: aligned right, never shortened */
	bool flexible;	   /* may be shortened with … when the screen is narrow */
};

struct table_cell {
	char *text;
	enum style style;
};

struct table {
	const struct table_column *column;
	unsigned columns;
	struct table_cell *cell;
	size_t nr, capacity; /* cells; a row is complete when nr is a multiple of columns */
	bool failed;	     /* out of memory: printing returns -ENOMEM */
};

struct screen {
	unsigned width; /* columns; 0: unlimited */
	bool colour;
};

/* columns must outlive the table. */
void table_init(struct table *t, const struct table_column *columns);
void table_release(struct table *t);

void table_add(struct table *t, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* 0 or -ENOMEM when an earlier table_add had no memory. indent: spaces before each line. */
int table_print(const struct table *t, FILE *out, const struct screen *screen, unsigned indent);
int table_print_markdown(const struct table *t, FILE *out);

/*
 * Of the terminal behind out: $COLUMNS or its size, without limit when it is none;
 * colour unless NO_COLOR is set, TERM is dumb or out is no terminal.
 */
void screen_init(struct screen *screen, FILE *out);

/* Text with the style's colour around it, when the screen has any. */
void screen_print(const struct screen *screen, FILE *out, enum style style, const char *text);

/* A title on a line of its own, a blank line before it. */
void screen_title(const struct screen *screen, FILE *out, const char *title);

/*
 * Breaks text at spaces to the screen's width. first is printed before it as it is; the
 * lines that follow start below the text, or two columns in when first is "".
 */
void screen_wrap(const struct screen *screen, FILE *out, unsigned indent, const char *first,
		 const char *text);

/* Replaces control characters by ?, in place. */
void text_clean(char *text);

#endif
