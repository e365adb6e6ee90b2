// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * At the barriers of a run: collects the values of the placeholders, and runs the tool as its
 * adapter says.
 */
#include "harness/validate/session_part.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/clock.h"

/* ---- what the placeholders stand for ---- */

/* A file of the worker's own: one below scratch that it has open, or else any there. */
static void find_file(const struct trial *trial, pid_t pid, char *file, size_t bytes)
{
	char directory[64], link[320], target[512];
	struct dirent *entry;
	ssize_t length;
	DIR *dir;

	snprintf(directory, sizeof(directory), "/proc/%d/fd", pid);
	dir = opendir(directory);
	while (dir && (entry = readdir(dir))) {
		snprintf(link, sizeof(link), "%s/%s", directory, entry->d_name);
		length = readlink(link, target, sizeof(target) - 1);
		if (length <= 0)
			continue;
		target[length] = '\0';
		if (!strncmp(target, trial->scratch_dir, strlen(trial->scratch_dir)))
			snprintf(file, bytes, "%s", target);
	}
	if (dir)
		closedir(dir);
	dir = *file ? NULL : opendir(trial->scratch_dir);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(file, bytes, "%s/%s", trial->scratch_dir, entry->d_name);
	if (dir)
		closedir(dir);
}

static void learn_names(struct session *s, const struct trial *trial)
{
	const struct trial_worker *worker = &trial->worker[0];
	const struct ledger *ledger = worker->process.ledger;
	struct command_names *n = &s->names;
	size_t length = 0;

	s->pid = worker->process.pid;
	for (int i = 0; i < LEDGER_PROCESSES && length < sizeof(n->pids); i++) {
		int pid = ledger->process[i].pid;

		if (pid)
			length += (size_t)snprintf(n->pids + length, sizeof(n->pids) - length,
						   "%s%d", length ? "," : "", pid);
	}
	if (ledger->process[0].pid)
		s->pid = ledger->process[0].pid;
	snprintf(n->pid, sizeof(n->pid), "%d", s->pid);
	snprintf(n->group, sizeof(n->group), "%s", worker->group.name);
	snprintf(n->group_path, sizeof(n->group_path), "%s", worker->group.path);
	snprintf(n->start, sizeof(n->start), "%lx",
		 (unsigned long)ledger->process[0].map_start);
	snprintf(n->end, sizeof(n->end), "%lx",
		 (unsigned long)(ledger->process[0].map_start + ledger->process[0].map_bytes));
	if (trial->swap)
		snprintf(n->swap, sizeof(n->swap), "%.299s", trial->swap->path);
	if (!n->file[0])
		find_file(trial, s->pid, n->file, sizeof(n->file));
}

/* ---- the barriers ---- */

static int at_ready(struct session *s, struct error *e)
{
	if (s->load->visit == VISIT_DURING)
		return session_begin_across(s, e);
	if (s->wants_ready && s->load->visit != VISIT_WRAP)
		return session_consult(s, s->load->command, "ready", &s->ready, e);
	return 0;
}

static int at_held(struct session *s, struct error *e)
{
	if (s->load->visit == VISIT_DURING)
		return session_end_across(s, e);
	if (s->load->visit == VISIT_HELD)
		return session_consult(s, s->load->command, "held", &s->said, e);
	return 0;
}

/*
 * The counters of the machine around everything that the tool reads: the activity of other
 * processes is between the two. Without them it is unknown.
 */
static void keep_vmstat(const struct session *s, const char *what)
{
	struct error ignored = { "" };
	char path[700], *text = NULL;
	FILE *out;

	if (command_slurp("/proc/vmstat", &text, &ignored))
		return;
	session_path(s, what, path, sizeof(path));
	out = fopen(path, "we");
	if (out) {
		fputs(text, out);
		fclose(out);
	}
	free(text);
}

int session_visit(struct trial *trial, enum barrier barrier, void *arg, struct error *e)
{
	struct visitor *v = arg;
	struct session *s = v->session;
	int ret = 0;

	(void)e; /* a tool that fails is a finding, and the run goes on */
	if (v->e_tool->text[0])
		return 0;
	if (barrier != BARRIER_GONE)
		learn_names(s, trial);
	if (barrier == BARRIER_READY) {
		keep_vmstat(s, SESSION_VMSTAT_BEFORE);
		ret = at_ready(s, v->e_tool);
		v->ready_ns = clock_now_ns();
	} else if (barrier == BARRIER_HELD) {
		s->seconds = (double)(clock_now_ns() - v->ready_ns) / 1e9;
		ret = at_held(s, v->e_tool);
	}
	if (barrier == BARRIER_GONE && s->load->visit == VISIT_GONE)
		ret = session_consult(s, s->load->command, "gone", &s->said, v->e_tool);
	else if (barrier == BARRIER_GONE) /* a worker that was killed was never HELD */
		ret = session_end_across(s, v->e_tool);
	if (barrier == BARRIER_HELD ||
	    (barrier == BARRIER_GONE && s->load->visit == VISIT_GONE))
		keep_vmstat(s, SESSION_VMSTAT_AFTER);
	if (ret && !v->e_tool->text[0])
		error_set(v->e_tool, -ret, "%s", strerror(-ret));
	return 0;
}
