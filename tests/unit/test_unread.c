// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A damaged line of a kernel file costs at most the counters of that line: checked for each row
 * of the table of sources, on the files captured in tests/fixtures. Each remaining number is
 * that of the intact file, and each missing counter has a reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "harness/record/counters.h"
#include "tests/unit/fixture.h"
#include "workloads/api/arith.h"

/* An intact file and its counters. */
struct example {
	struct source_text text;
	struct record record;
	char *bytes; /* to be freed */
};

static void parse_text(const struct source_text *text, struct record *record)
{
	struct error e = { "" };

	record_init(record);
	assert_int_equal(counters_parse(record, true, text, &e), 0);
	record_sort(record);
}

/* Of the newest kernel whose file has a number. */
static void example_load(struct example *out, const struct fixture *fixtures, unsigned nr,
			 const struct source *source)
{
	for (unsigned i = 0; i < nr; i++) {
		out->text = fixture_source(&fixtures[i], source);
		out->bytes = (char *)out->text.bytes;
		if (!out->bytes)
			continue;
		parse_text(&out->text, &out->record);
		if (out->record.nr)
			return;
		record_release(&out->record);
		free(out->bytes);
	}
	if (source->format != FORMAT_SINGLE) /* no zswap and no 1 GiB pages there, or "max" */
		fail_msg("%s: no captured file has a number; add one to tests/fixtures",
			 source->name);
	out->bytes = strdup("4096\n");
	out->text = (struct source_text){ source, "group", out->bytes, 5, { 0, 0 } };
	parse_text(&out->text, &out->record);
}

static void example_release(struct example *x)
{
	record_release(&x->record);
	free(x->bytes);
}

/* ---- what a changed file costs ---- */

struct cost {
	unsigned missing; /* counters */
	bool has_reason;
};

/* The file with bytes [at, at + cut) replaced by `by`. */
static struct cost cost_of(const struct example *x, size_t at, size_t cut, const char *by)
{
	const size_t added = strlen(by), length = x->text.length - cut + added;
	char *bytes = malloc(length + 1); /* no NUL behind it: reading past the end is seen */
	struct source_text text = x->text;
	struct cost cost = { 0 };
	struct record now;

	assert_non_null(bytes);
	memcpy(bytes, x->text.bytes, at);
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes of a file are no string */
	memcpy(bytes + at, by, added);
	memcpy(bytes + at + added, x->text.bytes + at + cut, x->text.length - at - cut);
	text.bytes = bytes;
	text.length = length;
	parse_text(&text, &now);
	for (size_t i = 0; i < now.nr; i++) {
		const struct counter *c = &now.counter[i];
		const struct counter *clean =
			record_find(&x->record, c->scope, c->source, c->counter);

		if (c->has_after && (!clean || clean->after.value != c->after.value ||
				     clean->after.decimals != c->after.decimals))
			fail_msg(
				"%s: %s of %s is %lld behind \"%.*s\" for \"%.*s\" at byte %zu",
				c->source, c->counter, c->scope, (long long)c->after.value,
				(int)added, by, (int)cut, x->text.bytes + at, at);
	}
	for (size_t i = 0; i < x->record.nr; i++) {
		const struct counter *clean = &x->record.counter[i];
		const struct counter *c =
			record_find(&now, clean->scope, clean->source, clean->counter);

		if (c && c->has_after)
			continue;
		cost.missing++;
		cost.has_reason = record_loss_of(&now, clean->scope, clean->source) != NULL;
	}
	cost.has_reason = cost.missing ? cost.has_reason : now.nr_losses > 0;
	record_release(&now);
	free(bytes);
	return cost;
}

static void expect_at_most(const struct example *x, size_t at, struct cost cost, unsigned most,
			   const char *what)
{
	if (cost.missing > most)
		fail_msg("%s: %s at byte %zu costs %u counters, and %u are its line's",
			 x->text.source->name, what, at, cost.missing, most);
}

/* Where the line that holds byte `at` ends: behind its newline. */
static size_t line_end(const struct example *x, size_t at)
{
	while (x->text.bytes[at] != '\n')
		at++;
	return at + 1;
}

/* One line is all that these have: another one leaves open which of them is meant. */
static bool is_one_line(const struct example *x)
{
	return x->text.source->format == FORMAT_SINGLE ||
	       x->text.source->format == FORMAT_STATM;
}

static void an_unknown_line(const struct example *x)
{
	static const char *const lines[] = { "?\n", "Brand new line\n", "brand: new\n" };
	const bool text_may_stand = x->text.source->format == FORMAT_STATUS ||
				    x->text.source->format == FORMAT_PID_STAT;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		for (size_t at = 0; at < x->text.length; at = line_end(x, at)) {
			struct cost cost = cost_of(x, at, 0, lines[i]);

			expect_at_most(x, at, cost, is_one_line(x) ? 7 : 0, lines[i]);
			if (!cost.has_reason && !text_may_stand)
				fail_msg("%s: \"%.5s\" is read", x->text.source->name,
					 lines[i]);
		}
	}
}

/* The next number that stands alone or behind a '='; false when there is none. */
static bool next_number(const struct example *x, size_t *at, size_t *length)
{
	const char *bytes = x->text.bytes;

	for (size_t i = *at + *length; i < x->text.length; i++) {
		size_t n = strspn(bytes + i, "0123456789.");

		if (n && i && strchr(" \t=", bytes[i - 1]) && strchr(" \t\n", bytes[i + n])) {
			*at = i;
			*length = n;
			return true;
		}
		i += n;
	}
	return false;
}

/* A whole file of one number has nothing before it. */
static bool first_number(const struct example *x, size_t *at, size_t *length)
{
	*at = 0;
	*length = strspn(x->text.bytes, "0123456789");
	if (*length && strchr(" \n", x->text.bytes[*length]))
		return true;
	*length = 0;
	return next_number(x, at, length);
}

static void an_odd_value(const struct example *x)
{
	static const char *const values[] = { "odd", "99999999999999999999999", "-", "0x10" };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		unsigned missing = 0;
		size_t at, length;

		for (bool has = first_number(x, &at, &length); has;
		     has = next_number(x, &at, &length)) {
			struct cost cost = cost_of(x, at, length, values[i]);

			expect_at_most(x, at, cost, 1, values[i]);
			missing += cost.missing;
			/* a limit that does not fit is none; status has words as well */
			if (cost.missing && !cost.has_reason && i != 1 &&
			    x->text.source->format != FORMAT_STATUS)
				fail_msg("%s: no reason", x->text.source->name);
		}
		if (!missing)
			fail_msg("%s: %s costs nothing", x->text.source->name, values[i]);
	}
}

/* How many counters a line may have: a word is one at most, and numa_maps leaves zeros out. */
static unsigned counters_of_line(const char *line)
{
	unsigned words = 4;

	for (; *line != '\n'; line++)
		words += *line == ' ' || *line == '\t';
	return words;
}

static void a_line_that_is_there_twice(const struct example *x)
{
	for (size_t at = 0, end; at < x->text.length; at = end) {
		char *line;
		struct cost cost;

		end = line_end(x, at);
		line = strndup(x->text.bytes + at, end - at);
		cost = cost_of(x, at, 0, line);
		expect_at_most(x, at, cost, counters_of_line(line), "the line again");
		if (cost.missing && !cost.has_reason)
			fail_msg("%s: no reason", x->text.source->name);
		free(line);
	}
}

static void a_missing_last_newline(const struct example *x)
{
	const size_t last = x->text.length - 1;
	size_t at = last;
	struct cost cost = cost_of(x, last, 1, "");

	while (at && x->text.bytes[at - 1] != '\n')
		at--;
	expect_at_most(x, last, cost, counters_of_line(x->text.bytes + at), "no newline");
	assert_true(cost.has_reason);
}

/* Cut anywhere within a line: what is still there is true, and the rest has a reason. */
static void a_file_that_is_cut_short(const struct example *x)
{
	const size_t step = x->text.length / 500 + 1;

	for (size_t at = 1; at < x->text.length; at += step) {
		struct cost cost = { 0 };

		if (x->text.bytes[at - 1] != '\n')
			cost = cost_of(x, at, x->text.length - at, "");
		if (cost.missing && !cost.has_reason)
			fail_msg("%s, %zu bytes: no reason", x->text.source->name, at);
	}
}

static void for_each_source(void (*hold)(const struct example *x))
{
	static const struct tree *const trees[] = { &fixture_guest_6_12, &fixture_guest_6_1,
						    &fixture_host };
	struct fixture fixtures[3];

	for (unsigned i = 0; i < 3; i++)
		fixture_load(&fixtures[i], trees[i]);
	for (const struct source *s = sources; s->name; s++) {
		struct example x;

		example_load(&x, fixtures, 3, s);
		hold(&x);
		example_release(&x);
	}
	for (unsigned i = 0; i < 3; i++)
		fixture_release(&fixtures[i]);
}

static void an_unknown_line_costs_no_other_counter(void **state)
{
	(void)state;
	for_each_source(an_unknown_line);
}

static void an_odd_value_costs_its_counter(void **state)
{
	(void)state;
	for_each_source(an_odd_value);
}

static void a_repeated_line_costs_its_counters(void **state)
{
	(void)state;
	for_each_source(a_line_that_is_there_twice);
}

static void a_missing_last_newline_costs_the_last_line(void **state)
{
	(void)state;
	for_each_source(a_missing_last_newline);
}

static void a_cut_gives_no_wrong_number(void **state)
{
	(void)state;
	for_each_source(a_file_that_is_cut_short);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_line_costs_no_other_counter),
		cmocka_unit_test(an_odd_value_costs_its_counter),
		cmocka_unit_test(a_repeated_line_costs_its_counters),
		cmocka_unit_test(a_missing_last_newline_costs_the_last_line),
		cmocka_unit_test(a_cut_gives_no_wrong_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
