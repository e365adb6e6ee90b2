// SPDX-License-Identifier: GPL-2.0-or-later
/* `pagestorm restore`: undoes what a killed run left behind, and says each thing. */
#include "harness/cli/cmd.h"

#include <errno.h>
#include <glob.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/machine/journal.h"
#include "harness/machine/lock.h"
#include "harness/machine/orphan.h"

struct arguments {
	unsigned wait_s;
	struct cmd_words words;
};

/* clang-format off */
static const struct cmd_option options[] = {
	{ .name = "wait", .letter = 'w', .arg = "SECONDS", .take = cmd_take_number,
	  .offset = offsetof(struct arguments, wait_s), .most = CMD_WAIT_MAX_S,
	  .help = "wait so long for a live run to end" },
	{ 0 }
};
/* clang-format on */

static int check(const void *request, struct error *e)
{
	const struct arguments *a = request;

	if (a->words.nr)
		return error_set(e, EINVAL, "'%s': restore takes no arguments",
				 a->words.word[0]);
	return 0;
}

static const struct cmd_syntax syntax = {
	.name = "pagestorm restore",
	.words = "",
	.doc = "Undoes what a killed run left behind: settings, swap, groups and files that its journal lists, then groups, swap and zram devices that carry pagestorm's mark and whose run is dead.\v"
	       "Settings changed by another process since, and things that are only named like pagestorm's, are reported and left unchanged. A run that is alive in another PID namespace counts as alive. A second restore finds nothing to undo.\n\n"
	       "Exit status: 0 nothing is left; 5 something could not be undone; 75 a run is alive.",
	.options = options,
	.words_offset = offsetof(struct arguments, words),
	.check = check,
};

struct tally {
	int status;
	unsigned nr_ours;
};

static void say(const char *sentence)
{
	puts(sentence);
}

static int handle_orphan(const struct orphan *orphan, void *context)
{
	struct undo undo = orphan->undo;
	struct error e = { "" };
	struct tally *tally = context;

	undo.say = say;
	undo.warn = say;
	tally->nr_ours += orphan->state == ORPHAN_OURS;
	if (orphan->state == ORPHAN_UNPROVEN)
		printf("%s is named like pagestorm's, but nothing proves that it is; not touching it\n",
		       undo.what);
	else if (orphan->state == ORPHAN_ALIVE)
		printf("%s: its run is alive, or cannot be seen from here; not touching it\n",
		       undo.what);
	else if (undo_act(&undo, &e))
		tally->status = EXIT_NOT_RESTORED;
	if (e.text[0])
		cmd_complain(&e);
	return 0;
}

/* Unfinished results are listed, never removed. */
static void list_unfinished(void)
{
	glob_t found;

	if (glob("results/*.partial", 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		printf("%s: an unfinished run's results; kept: go on with `pagestorm run --resume=%s`, or delete them\n",
		       found.gl_pathv[i], found.gl_pathv[i]);
	globfree(&found);
}

static int restore(void)
{
	struct tally tally = { EXIT_MET, 0 };
	const bool journal = journal_leftover();
	struct error e = { "" };
	int ret;

	ret = journal_recover(say, &e);
	if (ret) {
		cmd_complain(&e);
		if (ret == -EBUSY)
			return EXIT_LOCKED;
		tally.status = EXIT_NOT_RESTORED;
	} else if (journal) {
		puts("every entry of the killed run's journal is undone");
	}
	ret = orphans_each(handle_orphan, &tally);
	if (ret) {
		fprintf(stderr, "pagestorm: error: cannot search for leftovers: %s\n",
			strerror(-ret));
		tally.status = EXIT_NOT_RESTORED;
	}
	if (!journal && !tally.nr_ours)
		puts("nothing was left behind");
	list_unfinished();
	return tally.status;
}

int cmd_restore(int argc, char **argv)
{
	struct arguments a = { 0 };
	struct error e = { "" };
	struct lock lock;
	int ret, status;

	if (cmd_parse(&syntax, argc, argv, &a))
		return EXIT_USAGE;
	lock_init(&lock);
	ret = lock_take(&lock, a.wait_s, &e);
	if (ret) {
		cmd_complain(&e);
		return ret == -EBUSY ? EXIT_LOCKED : EXIT_HARNESS;
	}
	if (lock.note[0])
		fprintf(stderr, "pagestorm: note: %s\n", lock.note);
	status = restore();
	lock_release(&lock);
	return status;
}
