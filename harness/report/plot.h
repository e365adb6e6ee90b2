/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One plot, drawn by gnuplot as SVG for the page. gnuplot runs without a shell, reads its
 * commands from memory and is limited in time, memory and output.
 *
 * Colours are codes that the style sheet of the page replaces, so that one drawing fits light
 * mode, dark mode and paper: PLOT_SERIES(0) to PLOT_SERIES(5), PLOT_PHASE(0) to (3).
 */
#ifndef PAGESTORM_PLOT_H
#define PAGESTORM_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "harness/base/error.h"

#define PLOT_WIDTH	    380
#define PLOT_HEIGHT	    236
#define PLOT_SERIES	    6
#define PLOT_PHASES	    4
#define PLOT_GRID	    "#000201"
#define PLOT_FAINT	    "#000202" /* labels within the drawing */
#define PLOT_GRID_SELECTOR  "rgb(  0,   2,   1)"
#define PLOT_FAINT_SELECTOR "rgb(0,2,2)" /* text: gnuplot does not pad */

struct plot {
	FILE *script; /* gnuplot commands are printed here */
	char *text;
	size_t bytes;
};

/* Whether there is a gnuplot in $PATH. */
bool plot_available(void);

/* 0 or -ENOMEM. Writes the terminal, the margins, the grid and the line styles 1 to 6. */
int plot_begin(struct plot *p);

/* A logarithmic axis in seconds, labelled 10 µs, 1 ms. */
void plot_y_in_seconds(const struct plot *p);

/* A gnuplot string: quoted, nothing in it is a command, a variable or markup. */
void plot_text(const struct plot *p, const char *text);

/* The same for the label of a tic, in which gnuplot expands % like printf(3). */
void plot_tic_text(const struct plot *p, const char *text);

/* A "#rrggbb" code as it stands in the script; in the SVG: "rgb(rrr, ggg, bbb)", padded to 3.
 */
void plot_phase_code(unsigned phase, char *out, size_t out_bytes);

/* The attribute's value in the SVG for the same two, as a style sheet must match it. */
void plot_series_selector(unsigned series, char *out, size_t out_bytes);
void plot_phase_selector(unsigned phase, char *out, size_t out_bytes);

/*
 * Draws and releases the plot. *svg is the drawing's inside, malloc'd, to be put into
 * <svg viewBox="0 0 PLOT_WIDTH PLOT_HEIGHT">; its points refer to #gpPt6, which
 * the page defines once. -ENOENT: there is no gnuplot. -ETIME, -EIO with *e.
 */
int plot_end(struct plot *p, char **svg, struct error *e);

/* Releases an unfinished plot. */
void plot_cancel(struct plot *p);

#endif
