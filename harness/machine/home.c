// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Moves the processes of a group into a leaf and back. Enables no controller and kills nothing.
 */
#include "harness/machine/home.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/machine/cgtree.h"
#include "harness/machine/identity.h"

#define ROUNDS_MAX 100 /* what forks meanwhile is found in the next one */

static int move_one(const char *to, int pid)
{
	char path[PATH_MAX];
	int fd, ret = 0;

	if (pid <= 0)
		return -ESRCH; /* of another PID namespace: it has no number here */
	snprintf(path, sizeof(path), "%.4000s/cgroup.procs", to);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (dprintf(fd, "%d", pid) < 0 && errno != ESRCH) /* ESRCH: it ended meanwhile */
		ret = -errno;
	close(fd);
	return ret;
}

/* One look at the list. *seen: processes that were in it. */
static int move_listed(const char *from, const char *to, unsigned *seen)
{
	char path[PATH_MAX];
	int pid, ret = 0;
	FILE *procs;

	*seen = 0;
	snprintf(path, sizeof(path), "%.4000s/cgroup.procs", from);
	procs = fopen(path, "re");
	if (!procs)
		return -errno;
	while (!ret && fscanf(procs, "%d", &pid) == 1) {
		(*seen)++;
		ret = move_one(to, pid);
	}
	fclose(procs);
	return ret;
}

static int move_all(const char *from, const char *to, unsigned *moved)
{
	unsigned seen = 0;
	int ret = 0;

	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		ret = move_listed(from, to, &seen);
		if (ret || !seen)
			return ret;
		*moved += seen;
	}
	return -EBUSY;
}

static int make_leaf(const char *directory, char *leaf, size_t bytes, struct journal *j,
		     struct error *e)
{
	char token[TOKEN_BYTES], identity[TOKEN_BYTES + 8];
	const struct journal_act act = { .kind = JOURNAL_HOME,
					 .what = leaf,
					 .identity = identity };
	int ret = token_make(token);

	if (ret)
		return error_set(e, -ret, "cannot draw a token: %s", strerror(-ret));
	snprintf(identity, sizeof(identity), "token:%s", token);
	if (snprintf(leaf, bytes, "%s/" CGTREE_PREFIX "-home-%d-%s", directory, (int)getpid(),
		     token) >= (int)bytes)
		return error_set(e, ENAMETOOLONG, "the path of our own group %s is too long",
				 directory);
	ret = journal_note(j, &act, e);
	if (ret || !mkdir(leaf, 0755))
		return ret;
	ret = errno;
	(void)journal_forget(j, JOURNAL_HOME, leaf, NULL); /* it was not made */
	return error_set(e, ret, "cannot create the group %s: %s", leaf, strerror(ret));
}

int home_leave(const char *directory, struct journal *j, struct error *e)
{
	char leaf[PATH_MAX - 64];
	unsigned moved = 0;
	int ret = make_leaf(directory, leaf, sizeof(leaf), j, e);

	if (ret)
		return ret;
	ret = move_all(directory, leaf, &moved);
	if (!ret)
		return 0;
	(void)error_set(e, -ret, "cannot move the processes of %s into %s: %s", directory, leaf,
			strerror(-ret));
	(void)journal_undo_one(j, JOURNAL_HOME, leaf, NULL); /* *e has the first error */
	return ret;
}

int home_return(const char *leaf, unsigned *moved, struct error *e)
{
	char above[PATH_MAX];
	int ret;

	snprintf(above, sizeof(above), "%s", leaf);
	*strrchr(above, '/') = '\0';
	ret = move_all(leaf, above, moved);
	if (ret)
		return error_set(
			e, -ret,
			"cannot move the processes of %s back to %s: %s; they stay there, under the same limits",
			leaf, above, strerror(-ret));
	return cgtree_rmdir(leaf, e);
}
