/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The subcommands. Each parses its own arguments (cmd_parse.h), prints results on stdout
 * and messages for people on stderr, and returns the exit status.
 */
#ifndef PAGESTORM_CMD_H
#define PAGESTORM_CMD_H

#include <stdbool.h>

#include "harness/base/error.h"
#include "harness/cli/cmd_parse.h"
#include "harness/plan/plan.h"

/* Exit statuses: interface, see pagestorm(1). 130 and 143: interrupted. */
enum {
	EXIT_MET = 0,	       /* expectations met */
	EXIT_UNMET = 1,	       /* an expectation failed */
	EXIT_USAGE = 2,	       /* usage or profile error; nothing was changed */
	EXIT_HARNESS = 3,      /* pagestorm or the machine failed */
	EXIT_INVALID = 4,      /* some cells are invalid or disturbed */
	EXIT_NOT_RESTORED = 5, /* the machine's state is not fully restored */
	EXIT_LOCKED = 75,      /* another run holds the lock */
	EXIT_NOTHING_RAN = 77, /* nothing could run here */
};

int cmd_doctor(int argc, char **argv);
int cmd_lab(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_merge(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_validate(int argc, char **argv);

/* What `run` and `plan` make a plan from. */
struct cmd_plan_source {
	const char *root; /* below which the machine's /proc and /sys lie; "": this one's */
	struct cmd_words words; /* PROFILE|WORKLOAD [key=value…] */
	unsigned repeats;	/* 0: the profile's own */
	bool keep_raw;
};

/*
 * Probes the machine into *host, which is to outlive the plan, and makes its plan. *e is ready
 * to print; what it returns below zero is exit 2 but for -EIO (the host could not be probed).
 */
int cmd_load_plan(struct plan *plan, struct host *host, const struct cmd_plan_source *source,
		  struct error *e);

/* Whether there are words for a plan, and no more than a command line should have. -EINVAL. */
int cmd_check_plan_words(const struct cmd_words *words, struct error *e);

/*
 * Notes on stderr: which file was taken for a name, when it is not the installed one ("": none
 * was), and what was passed over (trust.h).
 */
void cmd_note_source(const char *source, const struct error *skipped);

/* A note on stderr where the plan's profile or command line has a key by its old name. */
void cmd_note_renamed(const struct plan *plan);

#define CMD_WAIT_MAX_S 86400
#define CMD_CELL_MAX   1000000 /* more than a sweep can have */

/* Blocks INT, TERM and HUP and ignores PIPE. A descriptor that does not block, for struct
 * run_options; -1: none. */
int cmd_watch_signals(void);

struct lock;

/*
 * Takes the lock and undoes what a killed run left. EXIT_MET, or the exit status after a
 * sentence on stderr: 128 and the signal's number when one of signal_fd's came while waiting.
 */
int cmd_take_machine(struct lock *lock, unsigned wait_s, int signal_fd, struct error *e);

/* For journal_recover(): the sentence on stderr. */
void cmd_say(const char *sentence);

/* Prints "pagestorm: error: …" unless the text carries its place already. */
void cmd_complain(const struct error *e);

#endif
