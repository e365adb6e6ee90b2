// SPDX-License-Identifier: GPL-2.0-or-later
/* Scores the CSV of a monitor. Runs nothing. */
#include "harness/validate/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/tables/csv.h"
#include "harness/validate/evidence.h"
#include "harness/validate/reading.h"
#include "harness/validate/score.h"

/* The CSV and the evidence for all of its rows. */
struct monitor {
	const char *tool; /* the name of the file */
	struct csv_table table;
	struct evidence evidence;
};

static const char *cell_of(const struct monitor *m, size_t row, const char *column)
{
	return csv_cell(&m->table, row, csv_column(&m->table, column));
}

/* The amount of a row and its truth, in the base unit of the row's unit: *base. */
static int measure_row(const struct monitor *m, size_t row, struct measure *measure,
		       const char **base, struct error *e)
{
	const char *unit = cell_of(m, row, "unit"), *truth = cell_of(m, row, "truth");
	const char *resolution = cell_of(m, row, "resolution");
	const struct reading_text text = { .pattern = "([-0-9.]+.*)",
					   .unit = *unit ? unit : "count" };
	struct reading reading = { 0 };
	struct amount amount = { 0, 0 };
	int ret = reading_make(&reading, &text, e);

	if (!ret)
		ret = reading_take(&reading, cell_of(m, row, "value"), NULL, &amount, e);
	measure->said = amount.value;
	measure->resolution = amount.step;
	if (!ret && *resolution)
		ret = evidence_value(&m->evidence, resolution, &measure->resolution, e);
	if (!ret)
		ret = evidence_value(&m->evidence, *truth ? truth : cell_of(m, row, "quantity"),
				     &measure->truth, e);
	if (!ret)
		*base = reading.unit->base;
	reading_release(&reading);
	return ret;
}

static int score_row(const struct monitor *m, size_t row, struct scorecard *card,
		     struct error *e)
{
	const char *quantity = cell_of(m, row, "quantity"), *truth = cell_of(m, row, "truth");
	struct score_row *out = scorecard_add(card);
	struct gathered gathered = { .nr = 1 };
	struct error clause = { "" };
	struct score score;
	const char *base = "";

	if (!out)
		return error_set(e, ENOMEM, "out of memory");
	snprintf(out->tool, sizeof(out->tool), "%s", m->tool);
	snprintf(out->quantity, sizeof(out->quantity), "%s", quantity);
	snprintf(out->evidence, sizeof(out->evidence), "%s", *truth ? truth : quantity);
	snprintf(out->run, sizeof(out->run), "%.199s", m->evidence.path);
	if (!measure_row(m, row, &gathered.measure[0], &base, &clause)) {
		score_make(&score, &gathered, false);
		score_to_row(&score, out);
	}
	snprintf(out->unit, sizeof(out->unit), "%s", base);
	snprintf(out->why, sizeof(out->why), "%.799s", clause.text);
	column_plain(out->quantity);
	column_plain(out->evidence);
	column_plain(out->why);
	return 0;
}

/* The user names it: it may well be a pipe or a link. */
static int read_monitor(struct csv_table *table, const char *csv, struct error *e)
{
	const int fd = open(csv, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return error_set(e, errno, "cannot open %s: %s", csv, strerror(errno));
	ret = csv_read_fd(table, fd, csv, e);
	close(fd);
	return ret;
}

int monitor_score(struct scorecard *card, const char *csv, const char *directory,
		  struct error *e)
{
	const char *slash = strrchr(csv, '/');
	struct monitor m = { .tool = slash ? slash + 1 : csv };
	int ret;

	evidence_init(&m.evidence);
	ret = read_monitor(&m.table, csv, e);
	if (!ret && (csv_column(&m.table, "quantity") < 0 || csv_column(&m.table, "value") < 0))
		ret = error_set(
			e, EINVAL,
			"%s:1: error: the header lacks quantity or value; write quantity,value,unit",
			csv);
	if (!ret)
		ret = evidence_open(&m.evidence, directory, e);
	for (size_t i = 0; i < m.table.nr && !ret; i++)
		ret = score_row(&m, i, card, e);
	evidence_release(&m.evidence);
	csv_release(&m.table);
	return ret;
}
