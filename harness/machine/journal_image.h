/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal's text as read: entries in order, each live, undone or unclear. For
 * journal*.c alone.
 */
#ifndef PAGESTORM_JOURNAL_IMAGE_H
#define PAGESTORM_JOURNAL_IMAGE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "harness/machine/maker.h"
#include "harness/machine/journal.h"

#define JOURNAL_MAGIC	  "pagestorm-journal 2"
#define JOURNAL_MAGIC_OLD "pagestorm-journal 1" /* without identities */

extern const char *const journal_kind_names[];

/* A line of it. */
struct entry {
	enum journal_kind kind;
	char *what, *before, *after, *identity; /* into the image's text */
	off_t end;				/* just behind its line */
	bool undone, unclear;			/* unclear: a line that cannot be understood */
	unsigned line;
};

/* A journal as read. Entries point into text. */
struct image {
	char *text;
	bool empty;    /* killed before its header was whole: nothing was done */
	bool rebooted; /* since it was written */
	bool made;     /* its directory was made for it */
	char run[128];
	bool locked; /* of a version whose live runs hold a lock on it */
	struct maker maker;
	size_t nr, capacity;
	struct entry *entry;
	off_t header_end;
};

/*
 * Reads the whole file behind fd. -EPROTO: not a journal of this version; -EFBIG, -ENOMEM
 * or what pread(2) says. To be released in any case.
 */
int image_read(struct image *image, int fd);
void image_release(struct image *image);

bool entry_is_live(const struct entry *entry);
size_t image_count_live(const struct image *image);
size_t image_count_unclear(const struct image *image);

/* Index of the first entry that lies behind `keep` live ones. */
size_t image_first_behind(const struct image *image, size_t keep);

/* Index of the newest live entry of that kind and name, or image->nr. */
size_t image_newest(const struct image *image, enum journal_kind kind, const char *what);

/* One field as the journal has it: control bytes and the backslash as \ooo, NULL as \-. */
void journal_escape(FILE *out, const char *text);

#endif
