/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports as one self-contained page: style and figures are inline, nothing is fetched, no
 * script runs. Every text from a file is escaped. Fits phones, dark mode and paper. Without
 * gnuplot the page has all its tables and a note.
 */
#ifndef PAGESTORM_HTML_H
#define PAGESTORM_HTML_H

#include <stdio.h>

#include "harness/report/report.h"

/*
 * Writes the page. note gets a sentence when drawings are missing, "" otherwise.
 * 0 or -ENOMEM; errors of the stream are the caller's to check.
 */
int html_write(const struct report *reports, size_t nr, FILE *out, char *note,
	       size_t note_bytes);

/* Text between tags or in a quoted attribute. */
void html_text(FILE *out, const char *text);

#endif
