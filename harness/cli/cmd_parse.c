// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parses any subcommand's command line by its table: -h and --help within a screen, an
 * unknown option reported with the one that was meant, and exit status 2.
 */
#include "harness/cli/cmd_parse.h"

#include <argp.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/suggest.h"
#include "harness/cli/cmd.h"

#define OPTIONS_MAX 32

enum {
	KEY_FIRST = 256, /* of a row without a letter: the first row's */
	KEY_USAGE = KEY_FIRST + OPTIONS_MAX,
};

static const struct argp_option common[] = {
	{ "help", 'h', NULL, 0, "this text", -1 },
	{ "usage", KEY_USAGE, NULL, OPTION_HIDDEN, NULL, -1 },
	{ NULL, '?', NULL, OPTION_HIDDEN, NULL, -1 },
	{ 0 },
};

static error_t parse_common(int key, char *text, struct argp_state *state)
{
	(void)text; /* none of them takes one */
	switch (key) {
	case 'h':
	case '?':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		break;
	case KEY_USAGE:
		argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		break;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->input;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* argp's note on arguments of short and long options says what every user knows. */
static char *filter_help(int key, const char *text, void *input)
{
	(void)input;
	return key == ARGP_KEY_HELP_DUP_ARGS_NOTE ? NULL : (char *)text;
}

/* ---- a table's rows ---- */

struct parse {
	const struct cmd_syntax *syntax;
	void *request;
};

static int key_of(const struct cmd_syntax *syntax, const struct cmd_option *option)
{
	return option->letter ? option->letter : KEY_FIRST + (int)(option - syntax->options);
}

static const struct cmd_option *find_option(const struct cmd_syntax *syntax, int key)
{
	for (const struct cmd_option *o = syntax->options; o->name; o++)
		if (key_of(syntax, o) == key)
			return o;
	return NULL;
}

static int take_option(const struct parse *parse, int key, const char *text, struct error *e)
{
	const struct cmd_option *option = find_option(parse->syntax, key);

	if (!option)
		return ARGP_ERR_UNKNOWN;
	return option->take(option, text, (char *)parse->request + option->offset, e);
}

static void take_words(const struct parse *parse, const struct argp_state *state)
{
	struct cmd_words *words =
		(void *)((char *)parse->request + parse->syntax->words_offset);

	words->word = state->argv + state->next;
	words->nr = (unsigned)(state->argc - state->next);
}

static error_t parse_row(int key, char *text, struct argp_state *state)
{
	const struct parse *parse = state->input;
	struct error e = { "" };
	int ret = 0;

	switch (key) {
	case ARGP_KEY_ARGS:
		take_words(parse, state);
		break;
	case ARGP_KEY_END:
		ret = parse->syntax->check ? parse->syntax->check(parse->request, &e) : 0;
		break;
	default:
		ret = take_option(parse, key, text, &e);
	}
	if (ret < 0)
		argp_error(state, "%s", e.text);
	return ret;
}

static void rows_to_argp(const struct cmd_syntax *syntax,
			 struct argp_option options[OPTIONS_MAX + 1])
{
	size_t nr = 0;

	for (const struct cmd_option *o = syntax->options; o->name; o++) {
		assert(nr < OPTIONS_MAX);
		options[nr++] = (struct argp_option){
			.name = o->name,
			.key = key_of(syntax, o),
			.arg = o->arg,
			.flags = o->hidden ? OPTION_HIDDEN : 0,
			.doc = o->help,
			.group = o->group,
		};
	}
	options[nr] = (struct argp_option){ 0 };
}

/* ---- unknown options ---- */

/* Every long name: two more than there are rows. */
static size_t long_names(const struct cmd_syntax *syntax, const char *names[OPTIONS_MAX + 2])
{
	size_t nr = 0;

	for (const struct cmd_option *o = syntax->options; o->name; o++)
		names[nr++] = o->name;
	names[nr++] = "help";
	names[nr++] = "usage";
	return nr;
}

/* -o DIR or --output DIR: the word after it is no option, whatever it looks like. */
static bool takes_next(const struct cmd_syntax *syntax, const char *word)
{
	for (const struct cmd_option *o = syntax->options; o->name; o++) {
		if (!o->arg)
			continue;
		if (word[1] == '-' ? !strcmp(word + 2, o->name)
				   : word[1] == o->letter && !word[2])
			return true;
	}
	return false;
}

/* getopt takes any beginning of a name that is clear; it complains itself when it is not. */
static bool is_known(const struct cmd_syntax *syntax, const char *name)
{
	const size_t length = strcspn(name, "=");
	const char *names[OPTIONS_MAX + 2];
	const size_t nr = long_names(syntax, names);

	for (size_t i = 0; i < nr; i++)
		if (!strncmp(names[i], name, length))
			return true;
	return false;
}

static const char *find_unknown(const struct cmd_syntax *syntax, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		const char *word = argv[i];

		if (word[0] != '-' || !word[1]) {
			if (syntax->in_order)
				break;
			continue;
		}
		if (word[1] == '-' && !is_known(syntax, word + 2))
			return word;
		i += takes_next(syntax, word);
	}
	return NULL;
}

static int refuse_unknown(const struct cmd_syntax *syntax, int argc, char **argv)
{
	const char *names[OPTIONS_MAX + 2], *word, *near;
	char name[64];

	word = find_unknown(syntax, argc, argv);
	if (!word)
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	near = suggest(name, names, long_names(syntax, names));
	if (near)
		fprintf(stderr, "%s: error: no option --%s; did you mean --%s?\n", syntax->name,
			name, near);
	else
		fprintf(stderr, "%s: error: no option --%s; see %s --help\n", syntax->name,
			name, syntax->name);
	return EXIT_USAGE;
}

int cmd_parse(const struct cmd_syntax *syntax, int argc, char **argv, void *request)
{
	struct argp_option options[OPTIONS_MAX + 1];
	const struct argp rows = { .options = options,
				   .parser = parse_row,
				   .help_filter = syntax->help_filter };
	const struct argp_child children[] = { { &rows, 0, NULL, 0 }, { 0 } };
	const struct argp whole = { .options = common,
				    .parser = parse_common,
				    .args_doc = syntax->words,
				    .doc = syntax->doc,
				    .children = children,
				    .help_filter = filter_help };
	struct parse parse = { syntax, request };

	rows_to_argp(syntax, options);
	argv[0] = (char *)syntax->name; /* argp prints it and does not write to it */
	argp_err_exit_status = EXIT_USAGE;
	if (refuse_unknown(syntax, argc, argv) ||
	    argp_parse(&whole, argc, argv,
		       ARGP_NO_HELP | (syntax->in_order ? ARGP_IN_ORDER : 0), NULL, &parse))
		return EXIT_USAGE;
	return 0;
}
