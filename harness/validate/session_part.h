/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a session. For session*.c alone.
 */
#ifndef PAGESTORM_SESSION_PART_H
#define PAGESTORM_SESSION_PART_H

#include <stdint.h>

#include "harness/trial/run.h"
#include "harness/validate/session.h"

/* What accompanies a run to its barriers. */
struct visitor {
	struct session *session;
	struct error *e_tool;
	uint64_t ready_ns; /* when the tool was done at READY */
};

/* A run's hook; arg is the visitor. A tool that fails is left in e_tool: the run goes on. */
int session_visit(struct trial *trial, enum barrier barrier, void *arg, struct error *e);

/* Of a file that is kept: said_dir/label.what. */
void session_path(const struct session *s, const char *what, char *path, size_t bytes);

/* The text of the file, filtered if there is a filter. */
int session_read(struct session *s, const char *path, char **text, struct error *e);

/* Runs the words to their end and keeps their output as the tool's. */
int session_consult(struct session *s, const char *words, const char *what, char **text,
		    struct error *e);

/* Starts the tool that runs across the work, until it counts; ends it and reads it. */
int session_begin_across(struct session *s, struct error *e);
int session_end_across(struct session *s, struct error *e);

/* Keeps what a replay needs beside the output: the names, the run, and why the tool failed. */
void session_write_names(const struct session *s, const struct error *e_tool);

#endif
