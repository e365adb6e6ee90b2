/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of a subcommand as a table: each option is one row that says how it is
 * written and where its value goes, and one parser serves all of them. What is true of
 * several options together, or of the words, is checked after all of them are taken.
 */
#ifndef PAGESTORM_CMD_PARSE_H
#define PAGESTORM_CMD_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/error.h"

/*
 * One option. take() puts text (NULL where arg is) into field, a member of the request, or
 * returns -errno with the sentence that follows the subcommand's name. A later value of the
 * same option is taken as well.
 */
struct cmd_option {
	const char *name; /* NULL: the row that ends a table */
	const char *arg;  /* its value, as --help writes it; NULL: it takes none */
	const char *help;
	int (*take)(const struct cmd_option *option, const char *text, void *field,
		    struct error *e);
	size_t offset;	      /* of the field in the request */
	unsigned least, most; /* of a number; most: of a list, how many */
	int group;	      /* --help lists the options by group, then by name */
	char letter;	      /* 0: it has no short form */
	bool hidden;	      /* not in --help */
};

/* The words that are no options, a part of argv: word[nr] of the last ones is NULL. */
struct cmd_words {
	char **word;
	unsigned nr;
};

struct cmd_syntax {
	const char *name;  /* "pagestorm SUBCOMMAND" */
	const char *words; /* as --help writes them */
	const char *doc;   /* what --help says before the options; behind \v: after them */
	const struct cmd_option *options;
	size_t words_offset; /* of a struct cmd_words in the request */
	bool in_order;	     /* the first word ends the options */
	/* Conditions between options and words: 0, or -errno as take() returns it. */
	int (*check)(const void *request, struct error *e);
	/* As in struct argp, for text that is known at run time; NULL: none. */
	char *(*help_filter)(int key, const char *text, void *unused);
};

/*
 * Fills the request, whose defaults the caller has set. 0 or EXIT_USAGE: it has complained.
 * A refused value and --help end the program, as with argp.
 */
int cmd_parse(const struct cmd_syntax *syntax, int argc, char **argv, void *request);

/* ---- what a row can take; field is a … ---- */

/* bool, set. */
int cmd_take_flag(const struct cmd_option *option, const char *text, void *field,
		  struct error *e);

/* const char *, which stays in argv. */
int cmd_take_text(const struct cmd_option *option, const char *text, void *field,
		  struct error *e);

/* const char *: a directory's name, not empty. */
int cmd_take_directory(const struct cmd_option *option, const char *text, void *field,
		       struct error *e);

/* unsigned, a whole number from option->least to option->most. */
int cmd_take_number(const struct cmd_option *option, const char *text, void *field,
		    struct error *e);

/* int, as above: a default of -1 is that none was given. */
int cmd_take_index(const struct cmd_option *option, const char *text, void *field,
		   struct error *e);

/* struct words: each use of the option adds one, up to option->most (0: any number). */
int cmd_take_list(const struct cmd_option *option, const char *text, void *field,
		  struct error *e);

#endif
