// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What all verbs' command lines have in common: -h and --help within a screen, an
 * unknown option told with the one that was meant, and exit status 2.
 */
#include "harness/cli/cmd.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/suggest.h"
#include "harness/plan/profile.h"

#define OPTIONS_MAX 64

enum { KEY_USAGE = 1000 };

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

/* argp's note on arguments of short and long options says what everybody knows. */
static char *filter_help(int key, const char *text, void *input)
{
	(void)input;
	return key == ARGP_KEY_HELP_DUP_ARGS_NOTE ? NULL : (char *)text;
}

static bool is_end(const struct argp_option *o)
{
	return !o->name && !o->key && !o->doc && !o->group;
}

static size_t long_names(const struct argp *argp, const char **names)
{
	size_t nr = 0;

	for (const struct argp_option *o = argp->options; !is_end(o); o++)
		if (o->name && nr < OPTIONS_MAX - 2)
			names[nr++] = o->name;
	names[nr++] = "help";
	names[nr++] = "usage";
	return nr;
}

/* -o DIR or --output DIR: the word after it is no option, whatever it looks like. */
static bool wants_next(const struct argp *argp, const char *word)
{
	for (const struct argp_option *o = argp->options; !is_end(o); o++) {
		if (!o->arg)
			continue;
		if (word[1] == '-' ? o->name && !strcmp(word + 2, o->name)
				   : word[1] == o->key && !word[2])
			return true;
	}
	return false;
}

/* getopt takes any beginning of a name that is clear; it complains itself when it is not. */
static bool is_known(const char *name, size_t length, const char *const *names, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!strncmp(names[i], name, length))
			return true;
	return false;
}

static const char *find_unknown(const struct argp *argp, int argc, char **argv, bool in_order,
				const char *const *names, size_t nr)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		const char *word = argv[i];

		if (word[0] != '-' || !word[1]) {
			if (in_order)
				break;
			continue;
		}
		if (word[1] == '-' && !is_known(word + 2, strcspn(word + 2, "="), names, nr))
			return word;
		i += wants_next(argp, word);
	}
	return NULL;
}

static int refuse_unknown(const struct argp *argp, int argc, char **argv, bool in_order)
{
	const char *names[OPTIONS_MAX], *word, *near;
	const size_t nr = long_names(argp, names);
	char name[64];

	word = find_unknown(argp, argc, argv, in_order, names, nr);
	if (!word)
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	near = suggest(name, names, nr);
	if (near)
		fprintf(stderr, "%s: error: no option --%s; did you mean --%s?\n", argv[0],
			name, near);
	else
		fprintf(stderr, "%s: error: no option --%s; see %s --help\n", argv[0], name,
			argv[0]);
	return EXIT_USAGE;
}

int cmd_parse_argp(const char *name, const struct argp *argp, int argc, char **argv,
		   unsigned flags, void *input)
{
	struct argp inner = *argp;
	const struct argp_child children[] = { { &inner, 0, NULL, 0 }, { 0 } };
	const struct argp whole = { .options = common,
				    .parser = parse_common,
				    .args_doc = argp->args_doc,
				    .doc = argp->doc,
				    .children = children,
				    .help_filter = filter_help };

	inner.args_doc = inner.doc = NULL;
	argv[0] = (char *)name; /* argp prints it and does not write to it */
	argp_err_exit_status = EXIT_USAGE;
	if (refuse_unknown(argp, argc, argv, flags & ARGP_IN_ORDER) ||
	    argp_parse(&whole, argc, argv, flags | ARGP_NO_HELP, NULL, input))
		return EXIT_USAGE;
	return 0;
}

unsigned cmd_whole_number(const char *text, const char *option, unsigned least, unsigned most,
			  struct argp_state *state)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || n < least || n > most)
		argp_error(state, "%s: '%s' is not a whole number from %u to %u", option, text,
			   least, most);
	return (unsigned)n;
}
