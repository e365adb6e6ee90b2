// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report: results directories as text, JSON or one HTML page.
 */
#include "harness/cli/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/plainfile.h"
#include "harness/report/html.h"
#include "harness/report/report.h"

struct arguments {
	struct cmd_words directories;
	bool all, json, html;
	const char *output;
};

/* clang-format off */
static const struct cmd_option options[] = {
	{ .name = "all", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, all),
	  .help = "every metric that was recorded, not the main ones alone", .group = 1 },
	{ .name = "html", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, html),
	  .help = "one page with drawings, report.html in DIR", .group = 1 },
	{ .name = "output", .letter = 'o', .arg = "FILE", .take = cmd_take_text,
	  .offset = offsetof(struct arguments, output),
	  .help = "with --html: the page goes there; -: to stdout", .group = 1 },
	{ .name = "json", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, json),
	  .help = "one JSON document on stdout", .group = 1 },
	{ 0 }
};
/* clang-format on */

static int check(const void *request, struct error *e)
{
	const struct arguments *a = request;

	if (!a->directories.nr)
		return error_set(e, EINVAL, "name a results directory");
	if (a->html && a->json)
		return error_set(e, EINVAL, "--html and --json: choose one");
	if (a->output && !a->html)
		return error_set(e, EINVAL,
				 "--output is for --html; redirect the text instead");
	if (a->html && a->directories.nr > 1 && !a->output)
		return error_set(e, EINVAL,
				 "--html of several directories: name the page with -o FILE");
	return 0;
}

static const struct cmd_syntax syntax = {
	.name = "pagestorm report",
	.words = "DIR...",
	.doc = "Shows what results directories say: what was run on what machine, how it ended, medians and intervals, the truth table with failures first, the noise floor.\v"
	       "Exit status: 0; 2 usage, or not a results directory; 3 failure.",
	.options = options,
	.words_offset = offsetof(struct arguments, directories),
	.check = check,
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
	int ret, fd;

	if (arguments->output)
		ret = snprintf(path, sizeof(path), "%s", arguments->output);
	else
		ret = snprintf(path, sizeof(path), "%s/report.html", report[0].dir.path);
	if ((size_t)ret >= sizeof(path))
		return error_set(e, ENAMETOOLONG, "%s: the path is too long",
				 report[0].dir.path);
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	fd = plainfile_make(AT_FDCWD, new_path); /* in what may be another user's directory */
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out)
		return error_set(e, fd < 0 ? -fd : errno, "%s: %s", new_path,
				 strerror(fd < 0 ? -fd : errno));
	ret = html_write(report, (int)arguments->directories.nr, out, note, sizeof(note));
	if (ferror(out) | fclose(out))
		ret = -EIO;
	if (!ret && rename(new_path, path))
		ret = -errno;
	if (ret) {
		(void)unlink(new_path); /* the first error is reported */
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
		if (report[i].dir.partial)
			fprintf(stderr,
				"pagestorm: note: %s is partial: its run has not ended\n",
				report[i].dir.path);
}

static int show(const struct arguments *arguments, const struct report *report)
{
	struct error e = { "" };
	int ret;

	note_partial(report, (int)arguments->directories.nr);
	if (arguments->html && arguments->output && !strcmp(arguments->output, "-"))
		ret = print_page(report, (int)arguments->directories.nr);
	else if (arguments->html)
		ret = write_page(arguments, report, &e);
	else if (arguments->json)
		ret = print_json(report, (int)arguments->directories.nr);
	else
		ret = print_text(report, (int)arguments->directories.nr, arguments->all);
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
	struct arguments arguments = { .all = false };
	struct report *report;
	struct error e = { "" };
	unsigned opened = 0;
	int status, ret = 0;

	if (cmd_parse(&syntax, argc, argv, &arguments))
		return EXIT_USAGE;
	report = calloc(arguments.directories.nr, sizeof(*report));
	if (!report)
		ret = error_set(&e, ENOMEM, "report: %s", strerror(ENOMEM));
	while (!ret && opened < arguments.directories.nr) {
		ret = report_open(&report[opened], arguments.directories.word[opened], &e);
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
