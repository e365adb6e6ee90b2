// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of a score. Decides nothing. */
#include "harness/validate/score_text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void append(char *why, size_t bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *why, size_t bytes, const char *format, ...)
{
	size_t length = strlen(why);
	va_list args;

	va_start(args, format);
	if (length && length + 2 < bytes) {
		memcpy(why + length, "; ", 3);
		length += 2;
	}
	vsnprintf(why + length, bytes - length, format, args);
	va_end(args);
}

/* Names the source of the noise: the larger of the two. */
static void write_noise(const struct score *s, struct score_row *row)
{
	size_t bytes = sizeof(row->why);
	bool are_others = s->median.others >= s->noise;

	if (s->verdict == SCORE_NOISE && are_others)
		append(row->why, bytes,
		       "other processes moved up to %.0f of it meanwhile; that would hide an error of %d %%",
		       s->noise, SCORE_SEES_PERCENT);
	else if (s->verdict == SCORE_NOISE)
		append(row->why, bytes,
		       "the machine's own noise of %.0f would hide an error of %d %%", s->noise,
		       SCORE_SEES_PERCENT);
	else if (are_others)
		append(row->why, bytes,
		       "within the %.0f that other processes moved of it meanwhile", s->noise);
	else
		append(row->why, bytes, "within the machine's noise of %.0f beside a null load",
		       s->noise);
}

void score_text_explain(struct score_row *row, const struct score *s, const struct quantity *q)
{
	size_t bytes = sizeof(row->why);

	if (q->why)
		append(row->why, bytes, "%s", q->why);
	if (s->verdict == SCORE_BIASED)
		append(row->why, bytes, "%s", q->bias_why);
	if (s->verdict == SCORE_NOISE ||
	    (s->verdict == SCORE_WITHIN_RESOLUTION && fabs(s->error) > s->median.resolution))
		write_noise(s, row);
	else if (s->verdict == SCORE_WITHIN_RESOLUTION)
		append(row->why, bytes, "%s",
		       q->resolution_why ? q->resolution_why : "within its last digit");
	if (s->verdict == SCORE_WRONG)
		append(row->why, bytes, "off by more than any known cause explains");
}

static const char *unit_of(const struct quantity *q)
{
	if (q->sites)
		return q->sites == SITES_BYTES ? "bytes" : "percent";
	return q->reading.unit->base;
}

void score_text_describe(struct score_row *row, const struct quantity *q)
{
	snprintf(row->quantity, sizeof(row->quantity), "%s", q->name);
	snprintf(row->unit, sizeof(row->unit), "%s", unit_of(q));
	snprintf(row->load, sizeof(row->load), "%s", q->load->run);
	snprintf(row->evidence, sizeof(row->evidence), "%s%s%s",
		 q->truth ? q->truth : "sites.csv", q->evidence ? ": " : "",
		 q->evidence ? q->evidence : "");
}
