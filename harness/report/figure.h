/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures: one for each panel of metrics over a swept setting, and the timeline of one repeat.
 * Draws through plot.h; writes no HTML.
 */
#ifndef PAGESTORM_FIGURE_H
#define PAGESTORM_FIGURE_H

#include "harness/report/plot.h"
#include "harness/report/report.h"

#define FIGURE_CURVES PLOT_SERIES

struct figure {
	char title[160]; /* with the unit: "refaults, k pages" */
	struct {
		char name[CELL_LABEL_BYTES];
		unsigned series; /* of the colour: PLOT_SERIES */
	} legend[FIGURE_CURVES];
	unsigned nr_legend; /* 0: a single curve, which the title names */
	char note[200];	    /* a remark for the reader; "": none */
	char *svg;	    /* NULL when it could not be drawn */
};

struct figures {
	struct figure *figure;
	size_t nr;
	char failure[256]; /* why some could not be drawn; "": all were */
	bool give_up;	   /* gnuplot is missing or hangs: no further figure is tried */
};

void figures_release(struct figures *f);

/*
 * Finishes the plot and appends its figure. A plot that cannot be drawn is not an error:
 * f->failure gets the reason. 0 or -ENOMEM; releases the plot in any case.
 */
int figures_take(struct figures *f, struct figure *figure, struct plot *p);

/* At most FIGURE_CURVES of them. */
void figure_add_legend(struct figure *figure, const char *name, unsigned series);

/* The metrics of one worker over one swept setting, appended. 0 or -ENOMEM. */
int figures_sweep(struct figures *f, const struct report *r, const char *worker,
		  const char *key);

/*
 * Whether each value of the setting has one cell alone: the settings were swept side by
 * side, and a drawing over any one of them shows all.
 */
bool figure_is_zipped(const struct report *r, const char *worker, const char *key);

/*
 * The timeline of one worker in one repeat of one cell, appended: memory, swap, stall,
 * refaults and latency, as far as they were sampled, with the phases shaded.
 */
int figures_timeline(struct figures *f, const struct report *r, unsigned cell,
		     const char *repeat, const char *worker);

/* The first repeat of the cell that has samples; NULL: none. */
const char *figure_repeat(const struct report *r, unsigned cell);

#endif
