// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/act/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int scratch_create(struct worker *w, struct scratch *s)
{
	const struct ledger *l = w->ledger;

	s->fd = -1;
	if (!w->env->scratch_dir[0])
		return worker_fail(w, ENOENT, "there is no directory for the file");
	snprintf(s->path, sizeof(s->path), "%s/%s-%s", w->env->scratch_dir, w->workload->name,
		 l->worker[0] ? l->worker : "worker");
	(void)unlink(s->path); /* there is none but after a kill */
	s->fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->fd < 0)
		return worker_fail(w, errno, "cannot make %s: %s", s->path, strerror(errno));
	return 0;
}

void scratch_remove(struct scratch *s)
{
	if (s->fd < 0)
		return;
	unlink(s->path);
	close(s->fd);
	s->fd = -1;
}
