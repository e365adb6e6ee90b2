// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Common to all figures: taking over a drawing, the legend, release.
 */
#include "harness/report/figure.h"

#include <errno.h>
#include <stdlib.h>

void figures_release(struct figures *f)
{
	for (size_t i = 0; i < f->nr; i++)
		free(f->figure[i].svg);
	free(f->figure);
	*f = (struct figures){ .figure = NULL };
}

int figures_take(struct figures *f, struct figure *figure, struct plot *p)
{
	struct figure *grown = reallocarray(f->figure, f->nr + 1, sizeof(*grown));
	struct error e = { "" };
	int ret;

	if (!grown) {
		plot_cancel(p);
		return -ENOMEM;
	}
	f->figure = grown;
	ret = plot_end(p, &figure->svg, &e);
	if (ret) {
		f->give_up = ret == -ENOENT || ret == -ETIME;
		snprintf(f->failure, sizeof(f->failure), "%.255s", e.text);
		return ret == -ENOMEM ? ret : 0;
	}
	f->figure[f->nr++] = *figure;
	return 0;
}

void figure_add_legend(struct figure *figure, const char *name, unsigned series)
{
	snprintf(figure->legend[figure->nr_legend].name, sizeof(figure->legend[0].name), "%s",
		 name);
	figure->legend[figure->nr_legend++].series = series;
}
