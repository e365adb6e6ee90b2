// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compare: is B different from A?
 */
#include "harness/cli/cmd.h"

#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "harness/lab/words.h"
#include "harness/report/compare.h"
#include "workloads/api/arith.h"

#define SAME_MAX 64 /* times of one option */

struct arguments {
	struct cmd_words sides;
	struct words metric, fail_on;
	enum compare_format format;
	double least_effect;
	bool across;
};

static int take_format(const struct cmd_option *option, const char *text, void *field,
		       struct error *e)
{
	static const char *const names[] = {
		[COMPARE_TEXT] = "text",
		[COMPARE_MARKDOWN] = "markdown",
		[COMPARE_CSV] = "csv",
		[COMPARE_JSON] = "json",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(text, names[i])) {
			*(enum compare_format *)field = i;
			return 0;
		}
	return error_set(e, EINVAL, "--%s: '%s' is none of text, markdown, csv, json",
			 option->name, text);
}

static int take_json(const struct cmd_option *option, const char *text, void *field,
		     struct error *e)
{
	(void)text; /* the option's name is the format's */
	return take_format(option, option->name, field, e);
}

static int take_percent(const struct cmd_option *option, const char *text, void *field,
			struct error *e)
{
	char *end;
	double percent = strtod(text, &end);

	if (end == text || (*end && strcmp(end, "%")) || !(percent >= 0 && percent < 1000))
		return error_set(e, EINVAL, "--%s: '%s' is not a percentage of 0 or more",
				 option->name, text);
	*(double *)field = percent / 100;
	return 0;
}

/* clang-format off */
static const struct cmd_option options[] = {
	{ .name = "metric", .letter = 'm', .arg = "NAME", .take = cmd_take_list,
	  .offset = offsetof(struct arguments, metric), .most = SAME_MAX,
	  .help = "only this one; latency_* works, and more of -m", .group = 1 },
	{ .name = "fail-on", .arg = "EXPR", .take = cmd_take_list,
	  .offset = offsetof(struct arguments, fail_on), .most = SAME_MAX,
	  .help = "exit 1 on: worse, better, changed, NAME=worse, 'NAME>+5%'; a comma means or", .group = 1 },
	{ .name = "format", .arg = "FORMAT", .take = take_format,
	  .offset = offsetof(struct arguments, format),
	  .help = "text (default), markdown, csv or json", .group = 1 },
	{ .name = "json", .take = take_json,
	  .offset = offsetof(struct arguments, format),
	  .help = "the same as --format=json", .group = 1 },
	{ .name = "least-effect", .arg = "PERCENT", .take = take_percent,
	  .offset = offsetof(struct arguments, least_effect),
	  .help = "a smaller difference is none (2)", .group = 1 },
	{ .name = "across", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, across),
	  .help = "--fail-on decides across days and machines too", .group = 1 },
	{ 0 }
};
/* clang-format on */

static int check(const void *request, struct error *e)
{
	const struct arguments *a = request;

	if (a->sides.nr > 2)
		return error_set(e, EINVAL, "compare takes two sides: '%s' is a third",
				 a->sides.word[2]);
	return a->sides.nr < 2 ? error_set(e, EINVAL, "name two sides, A and B") : 0;
}

/* The metrics' names come from their table. */
static char *list_metrics(int key, const char *text, void *unused)
{
	struct metric_list metrics;
	char *list = NULL;
	size_t bytes;
	FILE *out;

	(void)unused; /* the list is the same for every request */
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	out = open_memstream(&list, &bytes);
	if (!out)
		return (char *)text;
	metric_list_make(&metrics);
	fputs("Metrics:", out);
	for (size_t i = 0; i < metrics.nr; i++)
		fprintf(out, " %s", metrics.at[i]->name);
	fclose(out);
	return list;
}

static const struct cmd_syntax syntax = {
	.name = "pagestorm compare",
	.words = "A B",
	.doc = "Is B different from A? Each is a results directory, or DIR:KEY=VALUE for the cells with that setting.\v"
	       "Exit status: 0; 1 --fail-on tripped; 2 usage, or something is missing; 3 failure; 4 --fail-on is undecided: the runs cannot show it.",
	.options = options,
	.words_offset = offsetof(struct arguments, sides),
	.check = check,
	.help_filter = list_metrics,
};

static const char *machine_text(const struct result_dir *f, const char *key)
{
	const char *text = json_string_value(result_dir_json(f, key));

	return text ? text : "";
}

/*
 * Other differences between the sides, which may be the cause of a changed metric.
 */
static void warn(const struct compare *c)
{
	static const struct {
		const char *key, *what;
	} keys[] = {
		{ "machine.kernel", "kernels" },
		{ "machine.cpu_model", "CPUs" },
		{ "machine.lab", "guests" },
		{ "versions.pagestorm", "versions of pagestorm" },
		{ "plan.name", "profiles" },
	};
	const struct result_dir *a = c->a->dir, *b = c->b->dir;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(machine_text(a, keys[i].key), machine_text(b, keys[i].key)))
			fprintf(stderr, "pagestorm: note: different %s: '%s' and '%s'\n",
				keys[i].what, machine_text(a, keys[i].key),
				machine_text(b, keys[i].key));
	if (c->across != ACROSS_NOTHING)
		fprintf(stderr,
			"pagestorm: note: A and B share no %s: what differs between them is compared too\n",
			c->across == ACROSS_MACHINES ? "machine" : "day");
	if (c->nr_alone)
		fprintf(stderr,
			"pagestorm: note: left out %zu runs of a day or machine that the other side lacks\n",
			c->nr_alone);
	if (a->partial || b->partial)
		fprintf(stderr, "pagestorm: note: %s is partial: its run has not ended\n",
			a->partial ? c->a->name : c->b->name);
	if (c->unmatched_a || c->unmatched_b)
		fprintf(stderr,
			"pagestorm: note: left out what only one side has: %zu of A, %zu of B (worker and cell)\n",
			c->unmatched_a, c->unmatched_b);
}

static int fail(const struct error *e, int ret)
{
	cmd_complain(e);
	return ret == -ENOMEM ? EXIT_HARNESS : EXIT_USAGE;
}

static int apply_gates(const struct compare *c, const struct words *gates, struct error *e)
{
	int status = EXIT_MET;

	for (size_t i = 0; i < gates->nr; i++) {
		struct gate gate;
		int ret = compare_gate(c, gates->item[i], &gate, e);

		if (ret)
			return fail(e, ret);
		if (gate.result == GATE_HOLDS)
			continue;
		fprintf(stderr, "pagestorm: --fail-on %s\n", gate.why);
		if (status != EXIT_UNMET)
			status = gate.result == GATE_TRIPPED ? EXIT_UNMET : EXIT_INVALID;
	}
	return status;
}

static const char *const *patterns_of(const struct words *metric)
{
	static const char *const every[] = { NULL };

	return metric->nr ? (const char *const *)metric->item : every;
}

static int compare(const struct arguments *arguments, const struct side *a,
		   const struct side *b)
{
	struct error e = { "" };
	struct screen screen;
	struct compare c = { .a = a,
			     .b = b,
			     .patterns = patterns_of(&arguments->metric),
			     .least_effect = arguments->least_effect,
			     .across_allowed = arguments->across };
	int status, ret;

	ret = compare_make(&c, &e);
	if (ret)
		return fail(&e, ret);
	screen_init(&screen, stdout);
	warn(&c);
	ret = compare_print(&c, arguments->format, stdout, &screen);
	if (!ret && fflush(stdout))
		ret = -errno;
	if (ret) {
		error_set(&e, -ret, "writing the comparison: %s", strerror(-ret));
		fail(&e, ret);
		status = EXIT_HARNESS;
	} else {
		status = apply_gates(&c, &arguments->fail_on, &e);
	}
	compare_release(&c);
	return status;
}

int cmd_compare(int argc, char **argv)
{
	struct arguments arguments = { .least_effect = COMPARE_LEAST_EFFECT };
	struct side a = { .dir = NULL }, b = { .dir = NULL };
	struct error e = { "" };
	int status, ret;

	if (cmd_parse(&syntax, argc, argv, &arguments))
		return EXIT_USAGE;
	ret = side_open(&a, arguments.sides.word[0], &e);
	if (!ret)
		ret = side_open(&b, arguments.sides.word[1], &e);
	status = ret ? fail(&e, ret) : compare(&arguments, &a, &b);
	side_release(&b);
	side_release(&a);
	words_release(&arguments.metric);
	words_release(&arguments.fail_on);
	return status;
}
