/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of undoing share. For undo*.c alone.
 */
#ifndef PAGESTORM_UNDO_PART_H
#define PAGESTORM_UNDO_PART_H

#include <stdbool.h>

#include "harness/machine/undo.h"

/* How often a device that is busy is tried again: 3 s; udev may hold a new one that long. */
#define UNDO_BUSY_TRIES 150

/* Sleeps for one of those tries. */
void undo_pause_busy(void);

/* A sentence to u->say or u->warn, which may be NULL. */
void undo_report(void (*to)(const char *), const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Whether words, separated by spaces, hold this one. */
bool undo_lists(const char *words, const char *word);

/* What undo_act() does for devices. */
int undo_swap(const struct undo *u, struct error *e);
int undo_zram(const struct undo *u, struct error *e);
int undo_loop(const struct undo *u, struct error *e);

#endif
