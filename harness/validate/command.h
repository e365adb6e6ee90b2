/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the command of a tool: split into words like a shell does, executed without a shell, in
 * the C locale, outside the worker's group, with a timeout.
 */
#ifndef PAGESTORM_VALIDATE_COMMAND_H
#define PAGESTORM_VALIDATE_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "harness/base/error.h"

#define COMMAND_WORDS_MAX 30 /* of a wrapper, with the program behind it (process.c: 32) */

/* Values of the placeholders {pid}, {group} …; "": not known yet. */
struct command_names {
	char pid[16];	  /* the worker's */
	char pids[320];	  /* of all its processes, separated by commas */
	char group[1024]; /* the worker's group below the memory hierarchy's mount */
	char group_path[1024];
	char file[512];		 /* the worker's own file */
	char swap[300];		 /* the run's own swap device */
	char out[600];		 /* a file for the output of the tool */
	char start[24], end[24]; /* hex, of the worker's measured mapping */
	char user[64];		 /* no placeholder: whom the command runs as; "": as us */
};

struct command {
	char *word[COMMAND_WORDS_MAX + 1]; /* NULL at the end */
	unsigned nr;
	char user[64]; /* as in names */
};

/* -EINVAL with a sentence: an unterminated quote, an unknown {name}, too many words. */
int command_make(struct command *c, const char *text, const struct command_names *names,
		 struct error *e);
void command_release(struct command *c);

/* A tool that is running; its output goes to a file. */
struct command_run {
	pid_t pid; /* 0: none */
	char path[600];
};

/* Starts it, as its user; stdout and stderr go to the file at path. -EPERM: only root may. */
int command_start(struct command_run *run, const struct command *c, const char *path,
		  struct error *e);

/*
 * Waits for its end until the timeout, then kills it. *status as of waitpid(2). -ETIMEDOUT.
 * What it started and left behind in its process group is killed in any case.
 */
int command_wait(struct command_run *run, double timeout_s, int *status);

/* Sends SIGINT, then does the same. Accepts a command that is not running. */
int command_stop(struct command_run *run, double timeout_s, int *status);

/* Runs it to its end; *text is its output, malloc'd. Ignores the exit status. */
int command_capture(const struct command *c, const char *path, double timeout_s, char **text,
		    struct error *e);

/* The file's bytes with a NUL at the end, malloc'd. NUL bytes within become spaces. */
int command_slurp(const char *path, char **text, struct error *e);

/* A program that rewrites the output of a tool. */
struct command_filter {
	const char *program; /* words, with {names} */
	const char *from, *to;
};

/* Puts the bytes of one file through the program into another, which is replaced. */
int command_filter(const struct command_filter *filter, const struct command_names *names,
		   struct error *e);

/* Whether the program can be found in PATH or, for root's, in /usr/sbin and /sbin. */
bool command_exists(const char *program);

void command_sleep(double seconds);

#endif
