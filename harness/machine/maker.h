/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that made a thing, recorded so that its death can be proved later: a process id
 * alone is reused, and means another process in another PID namespace.
 */
#ifndef PAGESTORM_MAKER_H
#define PAGESTORM_MAKER_H

#include <stdbool.h>
#include <stddef.h>

#define MAKER_BYTES	 160
#define MAKER_BOOT_BYTES 40

struct maker {
	char boot[MAKER_BOOT_BYTES];	/* boot id; "": not recorded */
	unsigned long long pidns;	/* inode of its PID namespace; 0: not recorded */
	int pid;			/* in that namespace */
	unsigned long long start_ticks; /* field 22 of its /proc/PID/stat */
};

enum maker_state {
	MAKER_DEAD,
	MAKER_ALIVE,
	MAKER_UNKNOWN, /* of a PID namespace that cannot be seen from here: it may be alive */
};

/* The calling process. -errno of /proc. */
int maker_self(struct maker *m);

/* One line without its end: "BOOT PIDNS PID TICKS". */
void maker_print(const struct maker *m, char *text, size_t bytes);

/* What maker_print() wrote; false: something else, and *m is untouched. */
bool maker_parse(const char *text, struct maker *m);

/*
 * Whether it lives. The initial PID namespace sees every process (NSpid in
 * /proc/PID/status, Linux 4.1); another sees only its own and those below it.
 */
enum maker_state maker_look(const struct maker *m);

#endif
