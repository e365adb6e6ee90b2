// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes the directory of a run's top group so that it is provably the run's at every moment.
 * Limits nothing and removes nothing.
 */
#include "harness/machine/group_part.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/machine/groupmark.h"
#include "harness/machine/identity.h"

/*
 * A group cannot be made with its mark on it. It is made with an odd mode instead, drawn for
 * it and journalled first: mkdir(2) sets both at once. Sticky and the owner's rwx stand, the
 * rest is random.
 */
static mode_t odd_mode(const char *token)
{
	const mode_t mask = umask(0);

	(void)umask(mask);
	return (01700 | (strtoul(token + TOKEN_BYTES - 3, NULL, 16) & 077)) & ~mask;
}

static int note(struct journal *j, const char *directory, const char *identity, struct error *e)
{
	const struct journal_act act = { .kind = JOURNAL_GROUP,
					 .what = directory,
					 .identity = identity };

	return journal_note(j, &act, e);
}

static int make_directory(const char *directory, mode_t mode, struct journal *j,
			  struct error *e)
{
	char identity[IDENTITY_BYTES];
	int err;

	snprintf(identity, sizeof(identity), "mode:%o", mode);
	err = note(j, directory, identity, e);
	if (err || !mkdir(directory, mode))
		return err;
	err = errno;
	(void)journal_forget(j, JOURNAL_GROUP, directory, NULL); /* it was not made */
	if (err == EEXIST)
		return error_set(e, err, "the group %s exists and is not this run's",
				 directory);
	if (err == EACCES || err == EPERM)
		return error_set(
			e, EACCES,
			"cannot create the group %s: %s; run as root or in a delegated scope (systemd-run --scope -p Delegate=yes pagestorm …)",
			directory, strerror(err));
	return error_set(e, err, "cannot create the group %s: %s", directory, strerror(err));
}

int group_claim(const char *directory, int *hold, struct journal *j, struct error *e)
{
	char token[TOKEN_BYTES], made[IDENTITY_BYTES], whole[IDENTITY_BYTES + TOKEN_BYTES];
	int err = token_make(token), fd;

	if (err)
		return error_set(e, -err, "cannot draw a token: %s", strerror(-err));
	err = make_directory(directory, odd_mode(token), j, e);
	if (err)
		return err;
	fd = groupmark_hold(directory);
	if (fd < 0)
		return error_set(e, -fd, "cannot lock the group %s: %s", directory,
				 strerror(-fd));
	*hold = fd;
	(void)groupmark_set(fd,
			    token); /* where no mark can be set, the journal alone proves it */
	err = identity_of(fd, "", made, sizeof(made));
	if (err)
		return error_set(e, -err, "cannot look at the group %s: %s", directory,
				 strerror(-err));
	snprintf(whole, sizeof(whole), "%s %s", made, token);
	err = note(j, directory, whole, e);
	if (!err && fchmod(fd, 0755))
		err = error_set(e, errno, "cannot open the group %s to all: %s", directory,
				strerror(errno));
	return err;
}

void group_let_go(struct group *g)
{
	if (g->hold)
		close(g->hold);
	if (g->cpuset_hold)
		close(g->cpuset_hold);
	g->hold = g->cpuset_hold = 0;
}
