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
	int ret;

	snprintf(identity, sizeof(identity), "mode:%o", mode);
	ret = note(j, directory, identity, e);
	if (ret || !mkdir(directory, mode))
		return ret;
	ret = errno;
	(void)journal_forget(j, JOURNAL_GROUP, directory, NULL); /* it was not made */
	if (ret == EEXIST)
		return error_set(e, ret, "the group %s exists and is not this run's",
				 directory);
	if (ret == EACCES || ret == EPERM)
		return error_set(
			e, EACCES,
			"cannot create the group %s: %s; pagestorm doctor says what helps",
			directory, strerror(ret));
	return error_set(e, ret, "cannot create the group %s: %s", directory, strerror(ret));
}

int group_claim(const char *directory, int *hold, struct journal *j, struct error *e)
{
	char token[TOKEN_BYTES], made[IDENTITY_BYTES], whole[IDENTITY_BYTES + TOKEN_BYTES];
	int ret = token_make(token), fd;

	if (ret)
		return error_set(e, -ret, "cannot draw a token: %s", strerror(-ret));
	ret = make_directory(directory, odd_mode(token), j, e);
	if (ret)
		return ret;
	fd = groupmark_hold(directory);
	if (fd < 0)
		return error_set(e, -fd, "cannot lock the group %s: %s", directory,
				 strerror(-fd));
	*hold = fd;
	(void)groupmark_set(fd,
			    token); /* where no mark can be set, the journal alone proves it */
	ret = identity_of(fd, "", made, sizeof(made));
	if (ret)
		return error_set(e, -ret, "cannot stat the group %s: %s", directory,
				 strerror(-ret));
	snprintf(whole, sizeof(whole), "%s %s", made, token);
	ret = note(j, directory, whole, e);
	if (!ret && fchmod(fd, 0755))
		ret = error_set(e, errno, "cannot make the group %s readable to all: %s",
				directory, strerror(errno));
	return ret;
}

void group_let_go(struct group *g)
{
	if (g->hold)
		close(g->hold);
	if (g->cpuset_hold)
		close(g->cpuset_hold);
	g->hold = g->cpuset_hold = 0;
}
