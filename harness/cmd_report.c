// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report: what result folders say, as text, JSON or one HTML page.
 */
#include "harness/cmd.h"

#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/report.h"

enum {
	KEY_ALL = 256,
	KEY_JSON,
};

struct arguments {
	char **folder;
	int nr;
	bool all, json;
};

static const struct argp_option options[] = {
	{ "all", KEY_ALL, NULL, 0, "every metric that was recorded, not the main ones alone",
	  1 },
	{ "json", KEY_JSON, NULL, 0, "one JSON document on stdout", 1 },
	{ 0 },
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	(void)value; /* no option here takes one */
	switch (key) {
	case KEY_ALL:
		arguments->all = true;
		break;
	case KEY_JSON:
		arguments->json = true;
		break;
	case ARGP_KEY_ARGS:
		arguments->folder = state->argv + state->next;
		arguments->nr = state->argc - state->next;
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "name a result folder");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp parser = {
	.options = options,
	.parser = parse_option,
	.args_doc = "DIR...",
	.doc = "Shows what result folders say: what was run on what machine, how it ended, "
	       "medians and "
	       "intervals, the truth table with failures first, the noise floor.\v"
	       "Exit status: 0; 2 usage, or not a result folder; 3 failure.",
};

static int print_text(const struct report *report, int nr, bool all)
{
	struct screen screen;
	int rc = 0;

	screen_init(&screen, stdout);
	for (int i = 0; !rc && i < nr; i++) {
		fputs(i ? "\n\n" : "", stdout);
		rc = report_print_text(&report[i], stdout, &screen, all);
	}
	return rc;
}

static int print_json(const struct report *report, int nr)
{
	json_t *list = json_array(), *document;
	int rc = 0;

	for (int i = 0; !rc && i < nr; i++)
		rc = json_array_append_new(list, report_json(&report[i])) ? -EILSEQ : 0;
	document = json_pack("{s:i, s:o}", "schema", 1, "reports", list);
	if (!rc && (!document ||
		    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(10))))
		rc = -ENOMEM;
	puts("");
	json_decref(document);
	return rc;
}

static void note_partial(const struct report *report, int nr)
{
	for (int i = 0; i < nr; i++)
		if (report[i].folder.partial)
			fprintf(stderr,
				"pagestorm: note: %s is partial: its run has not ended\n",
				report[i].folder.path);
}

static int show(const struct arguments *arguments, const struct report *report)
{
	struct error e = { "" };
	int rc;

	note_partial(report, arguments->nr);
	if (arguments->json)
		rc = print_json(report, arguments->nr);
	else
		rc = print_text(report, arguments->nr, arguments->all);
	if (!rc && fflush(stdout))
		rc = -errno;
	if (!rc)
		return EXIT_MET;
	error_set(&e, -rc, "writing the report: %s", strerror(-rc));
	cmd_complain(&e);
	return EXIT_HARNESS;
}

int cmd_report(int argc, char **argv)
{
	struct arguments arguments = { .nr = 0 };
	char name[] = "pagestorm report";
	struct report *report;
	struct error e = { "" };
	int status, opened = 0, rc = 0;

	argv[0] = name;
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&parser, argc, argv, 0, NULL, &arguments))
		return EXIT_USAGE;
	report = calloc(arguments.nr, sizeof(*report));
	if (!report)
		rc = error_set(&e, ENOMEM, "report: %s", strerror(ENOMEM));
	while (!rc && opened < arguments.nr) {
		rc = report_open(&report[opened], arguments.folder[opened], &e);
		opened += !rc;
	}
	if (rc) {
		cmd_complain(&e);
		status = rc == -ENOMEM ? EXIT_HARNESS : EXIT_USAGE;
	} else {
		status = show(&arguments, report);
	}
	while (opened)
		report_release(&report[--opened]);
	free(report);
	return status;
}
