// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report: what result folders say, as text, JSON or one HTML page.
 */
#include "harness/cli/cmd.h"

#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/report/html.h"
#include "harness/report/report.h"

enum {
	KEY_ALL = 256,
	KEY_HTML,
	KEY_JSON,
};

struct arguments {
	char **folder;
	int nr;
	bool all, json, html;
	const char *output;
};

static const struct argp_option options[] = {
	{ "all", KEY_ALL, NULL, 0, "every metric that was recorded, not the main ones alone",
	  1 },
	{ "html", KEY_HTML, NULL, 0, "one page with drawings, report.html in DIR", 1 },
	{ "output", 'o', "FILE", 0, "with --html: the page goes there; -: to stdout", 1 },
	{ "json", KEY_JSON, NULL, 0, "one JSON document on stdout", 1 },
	{ 0 },
};

static void check(const struct arguments *arguments, struct argp_state *state)
{
	if (arguments->html && arguments->json)
		argp_error(state, "--html and --json: choose one");
	if (arguments->output && !arguments->html)
		argp_error(state, "--output is for --html; redirect the text instead");
	if (arguments->html && arguments->nr > 1 && !arguments->output)
		argp_error(state, "--html of several folders: name the page with -o FILE");
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case KEY_ALL:
		arguments->all = true;
		break;
	case KEY_HTML:
		arguments->html = true;
		break;
	case KEY_JSON:
		arguments->json = true;
		break;
	case 'o':
		arguments->output = value;
		break;
	case ARGP_KEY_ARGS:
		arguments->folder = state->argv + state->next;
		arguments->nr = state->argc - state->next;
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "name a result folder");
		break;
	case ARGP_KEY_SUCCESS:
		check(arguments, state);
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
	int ret = 0;

	screen_init(&screen, stdout);
	for (int i = 0; !ret && i < nr; i++) {
		fputs(i ? "\n\n" : "", stdout);
		ret = report_print_text(&report[i], stdout, &screen, all);
	}
	return ret;
}

static int print_json(const struct report *report, int nr)
{
	json_t *list = json_array(), *document;
	int ret = 0;

	for (int i = 0; !ret && i < nr; i++)
		ret = json_array_append_new(list, report_json(&report[i])) ? -EILSEQ : 0;
	document = json_pack("{s:i, s:o}", "schema", 1, "reports", list);
	if (!ret && !document)
		ret = -ENOMEM;
	if (!ret && json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(10)))
		ret = errno ? -errno : -EIO;
	fputs(ret ? "" : "\n", stdout);
	json_decref(document);
	return ret;
}

/* Written beside and renamed: a reader sees the old page or the new one. */
static int write_page(const struct arguments *arguments, const struct report *report,
		      struct error *e)
{
	char path[PATH_MAX], new_path[PATH_MAX + 8], note[400];
	FILE *out;
	int ret;

	if (arguments->output)
		ret = snprintf(path, sizeof(path), "%s", arguments->output);
	else
		ret = snprintf(path, sizeof(path), "%s/report.html", report[0].folder.path);
	if ((size_t)ret >= sizeof(path))
		return error_set(e, ENAMETOOLONG, "%s: the path is too long",
				 report[0].folder.path);
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	out = fopen(new_path, "we");
	if (!out)
		return error_set(e, errno, "%s: %s", new_path, strerror(errno));
	ret = html_write(report, arguments->nr, out, note, sizeof(note));
	if (ferror(out) | fclose(out))
		ret = -EIO;
	if (!ret && rename(new_path, path))
		ret = -errno;
	if (ret) {
		(void)unlink(new_path); /* the first error is the one to tell */
		return error_set(e, -ret, "%s: %s", path, strerror(-ret));
	}
	if (*note)
		fprintf(stderr, "pagestorm: note: %s\n", note);
	puts(path);
	return 0;
}

static int print_page(const struct report *report, int nr)
{
	char note[400];
	int ret = html_write(report, nr, stdout, note, sizeof(note));

	if (*note)
		fprintf(stderr, "pagestorm: note: %s\n", note);
	return ret;
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
	int ret;

	note_partial(report, arguments->nr);
	if (arguments->html && arguments->output && !strcmp(arguments->output, "-"))
		ret = print_page(report, arguments->nr);
	else if (arguments->html)
		ret = write_page(arguments, report, &e);
	else if (arguments->json)
		ret = print_json(report, arguments->nr);
	else
		ret = print_text(report, arguments->nr, arguments->all);
	if (!ret && fflush(stdout))
		ret = -errno;
	if (!ret)
		return EXIT_MET;
	error_set(&e, -ret, "writing the report: %s", strerror(-ret));
	cmd_complain(&e);
	return EXIT_HARNESS;
}

int cmd_report(int argc, char **argv)
{
	struct arguments arguments = { .nr = 0 };
	struct report *report;
	struct error e = { "" };
	int status, opened = 0, ret = 0;

	if (cmd_parse("pagestorm report", &parser, argc, argv, 0, &arguments))
		return EXIT_USAGE;
	report = calloc(arguments.nr, sizeof(*report));
	if (!report)
		ret = error_set(&e, ENOMEM, "report: %s", strerror(ENOMEM));
	while (!ret && opened < arguments.nr) {
		ret = report_open(&report[opened], arguments.folder[opened], &e);
		opened += !ret;
	}
	if (ret) {
		cmd_complain(&e);
		status = ret == -ENOMEM ? EXIT_HARNESS : EXIT_USAGE;
	} else {
		status = show(&arguments, report);
	}
	while (opened)
		report_release(&report[--opened]);
	free(report);
	return status;
}
