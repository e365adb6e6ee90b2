// SPDX-License-Identifier: GPL-2.0-or-later
/* `pagestorm list`: the workloads and their options, from their tables. */
#include "harness/cli/cmd.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "harness/machine/setting.h"
#include "harness/plan/option.h"
#include "harness/plan/profile.h"
#include "harness/record/counters.h"

#define COLUMNS 78

struct arguments {
	bool json;
	struct cmd_words words; /* none: all workloads */
};

/* clang-format off */
static const struct cmd_option options[] = {
	{ .name = "json", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, json), .help = "one JSON document" },
	{ 0 }
};
/* clang-format on */

static int check(const void *request, struct error *e)
{
	const struct arguments *a = request;

	return a->words.nr > 1 ? error_set(e, EINVAL, "one WORKLOAD at a time") : 0;
}

static const struct cmd_syntax syntax = {
	.name = "pagestorm list",
	.words = "[WORKLOAD|settings]",
	.doc = "Lists the workloads, or one workload's promise, options and truth slots, or the settings that a profile may change.\v"
	       "Exit status: 0; 2 there is no such workload.",
	.options = options,
	.words_offset = offsetof(struct arguments, words),
	.check = check,
};

/* ---- text ---- */

static void print_wrapped(const char *text, int indent)
{
	int column = printf("%*s", indent, "");
	bool begun = false;

	for (; *text; text += strspn(text, " ")) {
		int length = (int)strcspn(text, " ");

		if (begun && column + 1 + length > COLUMNS) {
			printf("\n%*s", indent, "");
			column = indent;
		} else if (begun) {
			column += printf(" ");
		}
		column += printf("%.*s", length, text);
		text += length;
		begun = true;
	}
	puts("");
}

/* What an option takes: "bytes, 4K or more", "4k|huge". */
static void range_text(const struct workload_option *o, char *out, size_t out_bytes)
{
	const char *type = option_type_name(o->type);

	if (o->type == OPTION_CHOICE)
		snprintf(out, out_bytes, "%s", o->choices);
	else if (o->min && o->max)
		snprintf(out, out_bytes, "%s, %s to %s", type, o->min, o->max);
	else if (o->min)
		snprintf(out, out_bytes, "%s, from %s", type, o->min);
	else if (o->max)
		snprintf(out, out_bytes, "%s, up to %s", type, o->max);
	else
		snprintf(out, out_bytes, "%s", type);
}

static void print_options(const struct workload *w)
{
	if (w->options->name)
		puts("\nOptions, with their defaults:");
	for (const struct workload_option *o = w->options; o->name; o++) {
		char name[128], range[256];

		snprintf(name, sizeof(name), "%s=%s", o->name, o->fallback);
		range_text(o, range, sizeof(range));
		printf("  %-26s %s\n", name, range);
		print_wrapped(o->help, 6);
	}
}

static void print_slots(const struct workload *w)
{
	if (w->slots[0].name)
		puts("\nCounted by the worker itself:");
	for (int i = 0; i < SLOTS_MAX && w->slots[i].name; i++) {
		printf("  %s (%s)\n", w->slots[i].name, unit_name(w->slots[i].unit));
		print_wrapped(w->slots[i].help, 6);
	}
}

static void print_words(const char *title, const char *const *words)
{
	char text[512];
	size_t length = (size_t)snprintf(text, sizeof(text), "%s", title);

	for (; *words; words++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, " %s", *words);
	print_wrapped(text, 2);
}

static void print_workload(const struct workload *w)
{
	printf("%s: %s\n\n", w->name, w->summary);
	if (w->truth)
		print_wrapped(w->truth, 2);
	for (const struct need_known *n = needs_known; n->need; n++)
		if ((w->needs & n->need) && n->name)
			printf("  Needs %s.\n", n->text);
	print_options(w);
	print_slots(w);
	puts("\nWhat every worker takes as well (see pagestorm-profile(5)):");
	print_words("keys:", worker_keys);
	print_words("limits:", cgroup_keys);
}

static void print_settings(void)
{
	for (const struct setting_known *s = settings_known; s->name; s++) {
		char range[128];

		if (s->choices)
			snprintf(range, sizeof(range), "%s", s->choices);
		else if (s->max >= INT_MAX)
			snprintf(range, sizeof(range), "from %lld", s->min);
		else
			snprintf(range, sizeof(range), "%lld to %lld", s->min, s->max);
		printf("%s: %s", s->name, range);
		if (s->system_wide_pressure)
			printf(" (R2)");
		if (s->r2_below)
			printf(" (R2 below %lld)", s->r2_below);
		if (s->r2_from)
			printf(" (R2 from %lld)", s->r2_from);
		putchar('\n');
		print_wrapped(s->help, 6);
	}
}

/* ---- JSON ---- */

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *option_json(const struct workload_option *o)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "name", o->name, "type",
			 option_type_name(o->type), "default", o->fallback, "min",
			 text_or_null(o->min), "max", text_or_null(o->max), "choices",
			 text_or_null(o->choices), "help", o->help);
}

static json_t *workload_json(const struct workload *w)
{
	json_t *list = json_array(), *slots = json_array(), *needed = json_array();

	for (const struct workload_option *o = w->options; o->name; o++)
		json_array_append_new(list, option_json(o));
	for (int i = 0; i < SLOTS_MAX && w->slots[i].name; i++)
		json_array_append_new(slots,
				      json_pack("{s:s, s:s, s:s}", "name", w->slots[i].name,
						"unit", unit_name(w->slots[i].unit), "help",
						w->slots[i].help));
	for (const struct need_known *n = needs_known; n->need; n++)
		if ((w->needs & n->need) && n->name)
			json_array_append_new(needed, json_string(n->name));
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "name", w->name, "summary",
			 w->summary, "truth", text_or_null(w->truth), "needs", needed,
			 "options", list, "slots", slots);
}

static json_t *setting_json(const struct setting_known *s)
{
	json_t *json =
		json_pack("{s:s, s:s, s:s, s:s}", "name", s->name, "path", s->path, "help",
			  s->help, "risk", s->system_wide_pressure ? "R2" : "R1");

	if (s->choices) {
		json_object_set_new(json, "choices", json_string(s->choices));
	} else {
		json_object_set_new(json, "min", json_integer(s->min));
		json_object_set_new(json, "max", json_integer(s->max));
	}
	return json;
}

static void print_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	json_decref(json);
	puts("");
}

static json_t *all_json(void)
{
	json_t *all = json_array();

	for (const struct workload *const *w = workloads; *w; w++)
		json_array_append_new(all, workload_json(*w));
	return all;
}

static json_t *settings_json(void)
{
	json_t *all = json_array();

	for (const struct setting_known *s = settings_known; s->name; s++)
		json_array_append_new(all, setting_json(s));
	return all;
}

/* ---- the subcommand ---- */

static int list_one(const char *name, bool json)
{
	const struct workload *found = workload_find(name);
	struct profile profile;
	struct error e = { "" };

	if (found && json)
		print_json(workload_json(found));
	else if (found)
		print_workload(found);
	if (found)
		return EXIT_MET;
	profile_init(&profile);
	profile_of_workload(&profile, name, &e); /* for its sentence */
	profile_release(&profile);
	cmd_complain(&e);
	return EXIT_USAGE;
}

int cmd_list(int argc, char **argv)
{
	struct arguments a = { .json = false };
	const char *name;

	if (cmd_parse(&syntax, argc, argv, &a))
		return EXIT_USAGE;
	name = a.words.nr ? a.words.word[0] : NULL;
	if (name && strcmp(name, "settings"))
		return list_one(name, a.json);
	if (a.json) {
		print_json(name ? settings_json() : all_json());
	} else if (name) {
		print_settings();
	} else {
		for (const struct workload *const *w = workloads; *w; w++)
			printf("%-13s %s\n", (*w)->name, (*w)->summary);
	}
	return EXIT_MET;
}
