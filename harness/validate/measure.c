// SPDX-License-Identifier: GPL-2.0-or-later
/* Evaluates the tool's number, its truth and the bounds of its adapter. Judges nothing. */
#include "harness/validate/measure.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int true_sites(const struct evidence *evidence, struct site_list *list)
{
	const struct csv_table *t = &evidence->sites;
	int symbol = csv_column(t, "symbol"), bytes = csv_column(t, "live_bytes");
	int ret = 0;

	for (size_t i = 0; i < t->nr && !ret; i++) {
		double live = strtod(csv_cell(t, i, bytes), NULL);

		if (live > 0)
			ret = site_list_add(list, csv_cell(t, i, symbol), live);
	}
	return ret;
}

static double bytes_at(const struct site_list *list, const char *symbol)
{
	for (size_t i = 0; i < list->nr; i++)
		if (!strcmp(list->site[i].symbol, symbol))
			return list->site[i].bytes;
	return 0;
}

/* The percentage of the sites in a that are in b; 100 when a is empty. */
static double share_in(const struct site_list *a, const struct site_list *b)
{
	size_t found = 0;

	for (size_t i = 0; i < a->nr; i++)
		found += bytes_at(b, a->site[i].symbol) > 0;
	return a->nr ? 100.0 * (double)found / (double)a->nr : 100;
}

static double misplaced(const struct site_list *said, const struct site_list *truth)
{
	double sum = 0;

	for (size_t i = 0; i < truth->nr; i++)
		sum += fabs(bytes_at(said, truth->site[i].symbol) - truth->site[i].bytes);
	for (size_t i = 0; i < said->nr; i++)
		if (!bytes_at(truth, said->site[i].symbol))
			sum += said->site[i].bytes;
	return sum;
}

static int measure_sites(const struct quantity *q, const struct session *s,
			 const struct evidence *evidence, struct measure *m, struct error *e)
{
	struct site_list said = { 0 }, truth = { 0 };
	int ret = reading_sites_take(&q->record, s->said, &said, e);

	if (!ret)
		ret = true_sites(evidence, &truth);
	m->truth = q->sites == SITES_BYTES ? 0 : 100;
	if (!ret && q->sites == SITES_PRECISION)
		m->said = share_in(&said, &truth);
	else if (!ret && q->sites == SITES_RECALL)
		m->said = share_in(&truth, &said);
	else if (!ret)
		m->said = misplaced(&said, &truth);
	site_list_release(&said);
	site_list_release(&truth);
	return ret;
}

static int read_number(const struct quantity *q, const struct session *s, struct amount *amount,
		       struct error *e)
{
	const struct command_names *n = &s->names;
	const struct pattern_name names[] = {
		{ "pid", n->pid },   { "group", n->group }, { "start", n->start },
		{ "file", n->file }, { "swap", n->swap },   { NULL, NULL },
	};
	struct amount before = { 0, 0 };
	int ret;

	if (!s->said)
		return error_set(e, ENODATA, "it printed nothing");
	ret = reading_take(&q->reading, s->said, names, amount, e);
	if (ret || !q->is_difference)
		return ret;
	if (!s->ready)
		return error_set(e, ENODATA, "it printed nothing at READY");
	ret = reading_take(&q->reading, s->ready, names, &before, e);
	amount->value -= before.value;
	return ret;
}

/* The bounds, from the expressions of the adapter. */
static int measure_bounds(const struct quantity *q, const struct evidence *evidence,
			  struct measure *m, struct error *e)
{
	int ret = 0;

	if (q->others)
		ret = evidence_value(evidence, q->others, &m->others, e);
	m->others = fabs(m->others);
	if (!ret && q->resolution)
		ret = evidence_value(evidence, q->resolution, &m->resolution, e);
	if (!ret && q->bias)
		ret = evidence_value(evidence, q->bias, &m->bias_least, e);
	m->bias_most = m->bias_least;
	if (!ret && q->bias_to)
		ret = evidence_value(evidence, q->bias_to, &m->bias_most, e);
	if (m->bias_most < m->bias_least) {
		double most = m->bias_least;

		m->bias_least = m->bias_most;
		m->bias_most = most;
	}
	return ret;
}

int measure_take(struct measure *m, const struct quantity *q, const struct session *s,
		 const struct evidence *evidence, struct error *e)
{
	struct amount amount = { 0, 0 };
	int ret;

	memset(m, 0, sizeof(*m));
	if (q->sites) {
		ret = s->said ? measure_sites(q, s, evidence, m, e)
			      : error_set(e, ENODATA, "it printed nothing");
	} else {
		ret = read_number(q, s, &amount, e);
		m->said = amount.value;
		m->resolution = amount.step;
		if (!ret)
			ret = evidence_value(evidence, q->truth, &m->truth, e);
	}
	return ret ? ret : measure_bounds(q, evidence, m, e);
}

int measure_noise(double *noise, const struct quantity *q, const struct session *s,
		  const struct evidence *evidence)
{
	struct error ignored = { "" };
	struct measure m = { 0 };
	struct amount amount = { 0, 0 };
	int ret = read_number(q, s, &amount, &ignored);

	m.said = amount.value;
	m.resolution = amount.step;
	/* a load's own slots are not in a null run: what is stated in them is 0 there */
	if (!ret) {
		(void)evidence_value(evidence, q->truth, &m.truth, &ignored);
		(void)measure_bounds(q, evidence, &m, &ignored);
	}
	*noise = score_unexplained(&m);
	return ret;
}
