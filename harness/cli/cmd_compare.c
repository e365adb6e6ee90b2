// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compare: is B different from A?
 */
#include "harness/cli/cmd.h"

#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/compare.h"

enum {
	KEY_FAIL_ON = 256,
	KEY_FORMAT,
	KEY_JSON,
	KEY_LEAST,
};

#define WORDS_MAX 64

struct words {
	const char *word[WORDS_MAX + 1]; /* ends with NULL */
	unsigned nr;
};

struct arguments {
	const char *side[2];
	struct words metric, fail_on;
	enum compare_format format;
	double least_effect;
};

static const struct argp_option options[] = {
	{ "metric", 'm', "NAME", 0, "only this one; latency_* works, and more of -m", 1 },
	{ "fail-on", KEY_FAIL_ON, "EXPR", 0,
	  "exit 1 on: worse, better, changed, NAME=worse, 'NAME>+5%'; a comma means or", 1 },
	{ "format", KEY_FORMAT, "FORMAT", 0, "text (default), markdown, csv or json", 1 },
	{ "json", KEY_JSON, NULL, 0, "the same as --format=json", 1 },
	{ "least-effect", KEY_LEAST, "PERCENT", 0, "a smaller difference is none (2)", 1 },
	{ 0 },
};

static int parse_format(const char *text, enum compare_format *format)
{
	static const char *const names[] = {
		[COMPARE_TEXT] = "text",
		[COMPARE_MARKDOWN] = "markdown",
		[COMPARE_CSV] = "csv",
		[COMPARE_JSON] = "json",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(text, names[i])) {
			*format = i;
			return 0;
		}
	return -EINVAL;
}

static void add_word(struct words *words, const char *word, struct argp_state *state)
{
	if (words->nr == WORDS_MAX)
		argp_error(state, "at most %d times the same option", WORDS_MAX);
	words->word[words->nr++] = word;
}

static double parse_percent(const char *text, struct argp_state *state)
{
	char *end;
	double percent = strtod(text, &end);

	if (end == text || (*end && strcmp(end, "%")) || !(percent >= 0 && percent < 1000))
		argp_error(state, "--least-effect: '%s' is no percentage from 0 up", text);
	return percent / 100;
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'm':
		add_word(&arguments->metric, value, state);
		break;
	case KEY_FAIL_ON:
		add_word(&arguments->fail_on, value, state);
		break;
	case KEY_FORMAT:
		if (parse_format(value, &arguments->format))
			argp_error(state, "--format: '%s' is none of text, markdown, csv, json",
				   value);
		break;
	case KEY_JSON:
		arguments->format = COMPARE_JSON;
		break;
	case KEY_LEAST:
		arguments->least_effect = parse_percent(value, state);
		break;
	case ARGP_KEY_ARG:
		if (state->arg_num >= 2)
			argp_error(state, "two sides only: '%s' is one too many", value);
		arguments->side[state->arg_num] = value;
		break;
	case ARGP_KEY_END:
		if (state->arg_num < 2)
			argp_error(state, "name two sides, A and B");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* The metrics' names come from their table. */
static char *list_metrics(int key, const char *text, void *input)
{
	char *list = NULL;
	size_t bytes;
	FILE *out;

	(void)input; /* the list is the same for all */
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	out = open_memstream(&list, &bytes);
	if (!out)
		return (char *)text;
	fprintf(out, "%s\n\nMetrics:", text);
	for (const struct metric *m = metrics; m->name; m++)
		fprintf(out, " %s", m->name);
	fclose(out);
	return list;
}

static const struct argp parser = {
	.options = options,
	.parser = parse_option,
	.args_doc = "A B",
	.doc = "Is B different from A? Each is a result folder, or DIR:KEY=VALUE for the cells "
	       "with "
	       "that setting.\v"
	       "Exit status: 0; 1 --fail-on tripped; 2 usage, or something is missing; 3 "
	       "failure; "
	       "4 --fail-on cannot tell, too few runs.",
	.help_filter = list_metrics,
};

static const char *machine_text(const struct folder *f, const char *key)
{
	const char *text = json_string_value(folder_json(f, key));

	return text ? text : "";
}

/* What else differs between the sides, so that a difference is not blamed on the wrong thing.
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
	const struct folder *a = c->a->folder, *b = c->b->folder;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(machine_text(a, keys[i].key), machine_text(b, keys[i].key)))
			fprintf(stderr, "pagestorm: note: different %s: '%s' and '%s'\n",
				keys[i].what, machine_text(a, keys[i].key),
				machine_text(b, keys[i].key));
	if (a->partial || b->partial)
		fprintf(stderr, "pagestorm: note: %s is partial: its run has not ended\n",
			a->partial ? c->a->name : c->b->name);
	if (c->unmatched_a || c->unmatched_b)
		fprintf(stderr,
			"pagestorm: note: left out what only one side has: %zu of A, %zu of B "
			"(worker and cell)\n",
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

	for (unsigned i = 0; i < gates->nr; i++) {
		enum gate_result result;
		char why[512];
		int ret = compare_gate(c, gates->word[i], &result, why, sizeof(why), e);

		if (ret)
			return fail(e, ret);
		if (result == GATE_HOLDS)
			continue;
		fprintf(stderr, "pagestorm: --fail-on %s\n", why);
		if (status != EXIT_UNMET)
			status = result == GATE_TRIPPED ? EXIT_UNMET : EXIT_INVALID;
	}
	return status;
}

static int compare(const struct arguments *arguments, const struct side *a,
		   const struct side *b)
{
	struct error e = { "" };
	struct screen screen;
	struct compare c;
	int status, ret;

	ret = compare_make(&c, a, b, arguments->metric.word, arguments->least_effect, &e);
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
	struct side a = { .folder = NULL }, b = { .folder = NULL };
	struct error e = { "" };
	int status, ret;

	if (cmd_parse("pagestorm compare", &parser, argc, argv, 0, &arguments))
		return EXIT_USAGE;
	ret = side_open(&a, arguments.side[0], &e);
	if (!ret)
		ret = side_open(&b, arguments.side[1], &e);
	status = ret ? fail(&e, ret) : compare(&arguments, &a, &b);
	side_release(&b);
	side_release(&a);
	return status;
}
