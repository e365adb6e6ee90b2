/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections of the page and the primitives that write them. For html*.c alone.
 */
#ifndef PAGESTORM_HTML_PAGE_H
#define PAGESTORM_HTML_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "harness/report/html.h"
#include "harness/report/report.h"

#define PAGE_FAILURES_MAX 200 /* rows of one kind; those beyond are counted in a line */

struct page {
	FILE *out;
	const struct report *report;
	size_t index; /* of the report, for ids */
	bool no_drawing;
	char *note;
	size_t note_bytes;
};

/* Markup as it is. */
void page_raw(const struct page *p, const char *html);

/* Escaped text between two pieces of markup. */
void page_put(const struct page *p, const char *before, const char *text, const char *after);

void page_heading(const struct page *p, const char *id, const char *title);

/* Titles end with NULL; one that begins with > stands over numbers. */
void page_table_open(const struct page *p, const char *const *titles);
void page_table_close(const struct page *p);

/* Escaped; a line may end behind an underscore. */
void html_name(FILE *out, const char *text);

/* Digits in groups of three, as exact as the file has them; NaN is a dash. */
void html_exact(FILE *out, double value);
void html_range(FILE *out, double low, double high);

/* Sections, each with its heading; nothing where the report has nothing for it. 0 or -ENOMEM.
 */
void page_put_changes_table(const struct page *p);
int page_put_workers(struct page *p);
int page_put_timelines(struct page *p);
void page_put_truth(const struct page *p);
void page_put_scorecard(const struct page *p);
void page_put_noise(const struct page *p);
void page_put_machine(const struct page *p);

/* The drawings of one worker over each swept setting. 0 or -ENOMEM. */
int page_put_sweep_figures(struct page *p, const char *worker);

#endif
