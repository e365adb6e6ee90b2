// SPDX-License-Identifier: GPL-2.0-or-later
#include "harness/validate/session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/plan/plan.h"
#include "harness/base/clock.h"
#include "harness/trial/run.h"

#define LOOK_S 0.01 /* from one look for a sign of the tool to the next */

struct visitor {
	struct session *session;
	struct error *e_tool;
	uint64_t ready_ns; /* when the tool was done at READY */
};

static void path_of(const struct session *s, const char *what, char *path, size_t bytes)
{
	snprintf(path, bytes, "%s/%s.%s", s->said_dir, s->label, what);
}

/* ---- what the placeholders stand for ---- */

/* A file of the worker's own: one below scratch that it has open, or else any there. */
static void find_file(const struct stage *stage, pid_t pid, char *file, size_t bytes)
{
	char folder[64], link[320], target[512];
	struct dirent *entry;
	ssize_t length;
	DIR *dir;

	snprintf(folder, sizeof(folder), "/proc/%d/fd", pid);
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		snprintf(link, sizeof(link), "%s/%s", folder, entry->d_name);
		length = readlink(link, target, sizeof(target) - 1);
		if (length <= 0)
			continue;
		target[length] = '\0';
		if (!strncmp(target, stage->scratch_dir, strlen(stage->scratch_dir)))
			snprintf(file, bytes, "%s", target);
	}
	if (dir)
		closedir(dir);
	dir = *file ? NULL : opendir(stage->scratch_dir);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(file, bytes, "%s/%s", stage->scratch_dir, entry->d_name);
	if (dir)
		closedir(dir);
}

static void learn_names(struct session *s, const struct stage *stage)
{
	const struct actor *actor = &stage->actor[0];
	const struct ledger *ledger = actor->process.ledger;
	struct command_names *n = &s->names;
	size_t length = 0;

	s->pid = actor->process.pid;
	for (int i = 0; i < LEDGER_PROCESSES && length < sizeof(n->pids); i++) {
		int pid = ledger->process[i].pid;

		if (pid)
			length += (size_t)snprintf(n->pids + length, sizeof(n->pids) - length,
						   "%s%d", length ? "," : "", pid);
	}
	if (ledger->process[0].pid)
		s->pid = ledger->process[0].pid;
	snprintf(n->pid, sizeof(n->pid), "%d", s->pid);
	snprintf(n->group, sizeof(n->group), "%s", actor->group.name);
	snprintf(n->group_path, sizeof(n->group_path), "%s", actor->group.path);
	snprintf(n->start, sizeof(n->start), "%lx",
		 (unsigned long)ledger->process[0].map_start);
	snprintf(n->end, sizeof(n->end), "%lx",
		 (unsigned long)(ledger->process[0].map_start + ledger->process[0].map_bytes));
	if (stage->swap)
		snprintf(n->swap, sizeof(n->swap), "%.299s", stage->swap->path);
	if (!n->file[0])
		find_file(stage, s->pid, n->file, sizeof(n->file));
}

/* ---- running the tool ---- */

static int complain_status(const struct session *s, const char *program, int status,
			   struct error *e)
{
	if (WIFEXITED(status) && (!WEXITSTATUS(status) || s->load->fails))
		return 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
		return 0;
	return error_set(e, EIO, "%s ended with %s %d", program,
			 WIFEXITED(status) ? "status" : "signal",
			 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* What the tool printed stays as it is; the filter's words lie beside it. */
static int read_said(struct session *s, const char *path, char **text, struct error *e)
{
	char to[720];
	struct command_filter filter = { s->filter, path, to };
	int err = 0;

	if (!s->filter)
		return command_slurp(path, text, e);
	snprintf(to, sizeof(to), "%s/%s.filtered", s->filtered_dir, strrchr(path, '/') + 1);
	err = command_filter(&filter, &s->names, e);
	return err ? err : command_slurp(to, text, e);
}

/* Runs the words to their end and keeps what they print, as the tool's word at this time. */
static int consult(struct session *s, const char *words, const char *what, char **text,
		   struct error *e)
{
	struct command_run run = { 0 };
	struct command c;
	char path[700];
	int status = 0, err = command_make(&c, words, &s->names, e);

	if (err)
		return err;
	path_of(s, what, path, sizeof(path));
	err = command_start(&run, &c, path, e);
	if (!err && command_wait(&run, s->load->timeout_s, &status))
		err = error_set(e, ETIMEDOUT, "%s did not end within %g s", c.word[0],
				s->load->timeout_s);
	if (!err)
		err = complain_status(s, c.word[0], status, e);
	if (!err)
		err = read_said(s, path, text, e);
	command_release(&c);
	return err;
}

static bool is_traced(pid_t pid)
{
	char path[64], line[256];
	int tracer = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	if (status)
		fclose(status);
	return tracer;
}

static bool has_output(const char *path)
{
	struct stat st;

	return !stat(path, &st) && st.st_size;
}

static int await_attach(const struct session *s, struct error *e)
{
	for (double waited = 0; waited < s->load->timeout_s; waited += LOOK_S) {
		if (s->load->attach == ATTACH_TRACER ? is_traced(s->pid)
						     : has_output(s->across.path))
			return 0;
		command_sleep(LOOK_S);
	}
	return error_set(e, ETIMEDOUT, "it did not begin within %g s", s->load->timeout_s);
}

static int begin_across(struct session *s, struct error *e)
{
	struct command c;
	char path[600];
	int err = command_make(&c, s->load->command, &s->names, e);

	if (err)
		return err;
	path_of(s, "across", path, sizeof(path));
	err = command_start(&s->across, &c, path, e);
	if (!err && s->load->attach != ATTACH_TIME)
		err = await_attach(s, e);
	if (!err)
		command_sleep(s->load->settle_s);
	command_release(&c);
	return err;
}

static int end_across(struct session *s, struct error *e)
{
	int status, err;

	if (!s->across.pid)
		return 0;
	if (s->load->ends_itself) {
		err = command_wait(&s->across, s->load->timeout_s, &status);
	} else {
		command_sleep(s->load->settle_s);
		err = command_stop(&s->across, s->load->timeout_s, &status);
	}
	if (err)
		return error_set(e, ETIMEDOUT, "it did not end");
	err = complain_status(s, "it", status, e);
	return err || s->load->report ? err : read_said(s, s->across.path, &s->said, e);
}

/* ---- the barriers ---- */

static int at_ready(struct session *s, struct error *e)
{
	if (s->load->visit == VISIT_DURING)
		return begin_across(s, e);
	if (s->wants_ready && s->load->visit != VISIT_WRAP)
		return consult(s, s->load->command, "ready", &s->ready, e);
	return 0;
}

static int at_held(struct session *s, struct error *e)
{
	if (s->load->visit == VISIT_DURING)
		return end_across(s, e);
	if (s->load->visit == VISIT_HELD)
		return consult(s, s->load->command, "held", &s->said, e);
	return 0;
}

/*
 * The machine's running totals around everything that the tool reads: whatever another
 * process moved meanwhile is between the two. Without them nothing is known of it.
 */
static void keep_vmstat(const struct session *s, const char *what)
{
	struct error ignored = { "" };
	char path[700], *text = NULL;
	FILE *out;

	if (command_slurp("/proc/vmstat", &text, &ignored))
		return;
	path_of(s, what, path, sizeof(path));
	out = fopen(path, "we");
	if (out) {
		fputs(text, out);
		fclose(out);
	}
	free(text);
}

static int visit(struct stage *stage, enum barrier barrier, void *arg, struct error *e)
{
	struct visitor *v = arg;
	struct session *s = v->session;
	int err = 0;

	(void)e; /* a tool that fails is a finding, and the run goes on */
	if (v->e_tool->text[0])
		return 0;
	if (barrier != BARRIER_GONE)
		learn_names(s, stage);
	if (barrier == BARRIER_READY) {
		keep_vmstat(s, SESSION_VMSTAT_BEFORE);
		err = at_ready(s, v->e_tool);
		v->ready_ns = clock_now_ns();
	} else if (barrier == BARRIER_HELD) {
		s->seconds = (double)(clock_now_ns() - v->ready_ns) / 1e9;
		err = at_held(s, v->e_tool);
	}
	if (barrier == BARRIER_GONE && s->load->visit == VISIT_GONE)
		err = consult(s, s->load->command, "gone", &s->said, v->e_tool);
	else if (barrier == BARRIER_GONE) /* a worker that was killed was never HELD */
		err = end_across(s, v->e_tool);
	if (barrier == BARRIER_HELD ||
	    (barrier == BARRIER_GONE && s->load->visit == VISIT_GONE))
		keep_vmstat(s, SESSION_VMSTAT_AFTER);
	if (err && !v->e_tool->text[0])
		error_set(v->e_tool, -err, "%s", strerror(-err));
	return 0;
}

/* ---- the run ---- */

static int make_plan(const struct session *s, struct plan *plan, struct error *e)
{
	struct profile profile;
	struct command words;
	int err = command_make(&words, s->run_words, &s->names, e);

	if (err)
		return err;
	profile_init(&profile);
	err = profile_load(&profile, words.word[0], e);
	for (unsigned i = 1; i < words.nr && !err; i++)
		err = profile_override(&profile, words.word[i], e);
	if (!err)
		err = profile_override(&profile, "profile.repeats=1", e);
	if (!err)
		err = profile_override(&profile, "profile.noise=no", e);
	if (!err)
		err = plan_make(plan, &profile, s->host, e);
	if (!err && plan->risk > RISK_R1 && !s->host->lab[0])
		err = error_set(e, EPERM, "%s is of risk class R%d: %s", s->run_words,
				plan->risk, plan->risk_why);
	profile_release(&profile);
	command_release(&words);
	return err;
}

/* Where a worker of the plan cannot run here. */
static const char *skip_of(const struct plan *plan)
{
	for (unsigned i = 0; i < plan->cell[0].nr_workers; i++)
		if (plan->cell[0].worker[i].skip[0])
			return plan->cell[0].worker[i].skip;
	return "";
}

/* A wrapper prints where we do: between the two calls that is a file. */
static void divert(const struct session *s, int saved[2])
{
	char path[700];
	int fd;

	path_of(s, "printed", path, sizeof(path));
	fflush(stdout);
	fflush(stderr);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	for (int i = 0; i < 2; i++) {
		saved[i] = fcntl(1 + i, F_DUPFD_CLOEXEC, 10);
		if (fd >= 0)
			dup2(fd, 1 + i);
	}
	if (fd >= 0)
		close(fd);
}

static void undivert(const int saved[2])
{
	for (int i = 0; i < 2; i++) {
		if (saved[i] < 0)
			continue;
		dup2(saved[i], 1 + i);
		close(saved[i]);
	}
}

static int play(struct session *s, const struct plan *plan, struct error *e_tool,
		struct error *e)
{
	struct visitor visitor = { .session = s, .e_tool = e_tool };
	struct run_options options = { .results_dir = s->runs_dir,
				       .only_cell = -1,
				       .signal_fd = s->signal_fd,
				       .hook = visit,
				       .hook_arg = &visitor };
	struct run_summary summary = { 0 };
	struct command wrapper = { 0 };
	int saved[2] = { -1, -1 }, status, err = 0;

	if (s->load->visit == VISIT_WRAP) {
		err = command_make(&wrapper, s->load->command, &s->names, e);
		options.wrapper = wrapper.word;
		divert(s, saved);
	}
	if (!err)
		err = run_plan(plan, &options, &summary, e);
	undivert(saved);
	if (!err || err == -EINTR) {
		snprintf(s->run_path, sizeof(s->run_path), "%s", summary.path);
		s->interrupted = summary.interrupted;
	}
	s->not_restored = summary.not_restored;
	(void)command_stop(&s->across, 1, &status); /* only after a failure is it still there */
	command_release(&wrapper);
	return err;
}

/* What a wrapper, or a tool with a report of its own, left to be read. */
static int read_left(struct session *s, struct error *e)
{
	if (s->load->report)
		return consult(s, s->load->report, "report", &s->said, e);
	if (s->load->visit == VISIT_WRAP)
		return read_said(s, s->names.out, &s->said, e);
	return 0;
}

/* ---- kept and read again ---- */

/* The first five are what a pattern can name (validate.c). */
static const struct {
	const char *name;
	size_t offset, bytes;
} kept[] = {
#define KEPT(name)                                                                             \
	{                                                                                      \
#name, offsetof(struct command_names, name),                                   \
			sizeof(((struct command_names *)0)->name)                              \
	}
	KEPT(pid),  KEPT(group),      KEPT(start), KEPT(file), KEPT(swap),
	KEPT(pids), KEPT(group_path), KEPT(out),   KEPT(end),
#undef KEPT
};

static void write_names(const struct session *s, const struct error *e_tool)
{
	char path[700];
	FILE *out;

	path_of(s, "names", path, sizeof(path));
	out = fopen(path, "we");
	if (!out)
		return; /* a replay says that there is none */
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		fprintf(out, "%s=%s\n", kept[i].name, (const char *)&s->names + kept[i].offset);
	fprintf(out, "run=%s\n", strrchr(s->run_path, '/') + 1);
	if (e_tool->text[0])
		fprintf(out, "failed=%s\n", e_tool->text);
	fclose(out);
}

static void take_name(struct session *s, char *line, struct error *e_tool)
{
	char *value = strchr(line, '=');

	line[strcspn(line, "\n")] = '\0';
	if (!value)
		return;
	*value++ = '\0';
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (!strcmp(kept[i].name, line))
			snprintf((char *)&s->names + kept[i].offset, kept[i].bytes, "%s",
				 value);
	if (!strcmp(line, "run"))
		snprintf(s->run_path, sizeof(s->run_path), "%.300s/%.200s", s->runs_dir, value);
	if (!strcmp(line, "failed"))
		error_set(e_tool, EIO, "%s", value);
}

static int read_names(struct session *s, struct error *e_tool, struct error *e)
{
	char path[700], *line = NULL;
	size_t bytes = 0;
	FILE *in;

	path_of(s, "names", path, sizeof(path));
	in = fopen(path, "re");
	if (!in)
		return -ENOENT;
	while (getline(&line, &bytes, in) > 0)
		take_name(s, line, e_tool);
	free(line);
	fclose(in);
	if (!s->run_path[0])
		return error_set(e, EINVAL, "%s names no run: it cannot be replayed", path);
	if (access(s->run_path, F_OK))
		return error_set(
			e, EINVAL,
			"%s is not there: only what validate --keep wrote can be replayed",
			s->run_path);
	return 0;
}

static const char *kept_as(const struct load *load)
{
	static const char *const names[] = {
		[VISIT_HELD] = "held",
		[VISIT_GONE] = "gone",
		[VISIT_DURING] = "across",
		[VISIT_WRAP] = "out",
	};

	return load->report ? "report" : names[load->visit];
}

int session_replay(struct session *s, struct error *e_tool, struct error *e)
{
	char path[700];
	int err;

	memset(&s->names, 0, sizeof(s->names));
	err = read_names(s, e_tool, e);
	if (err || e_tool->text[0])
		return err;
	path_of(s, "ready", path, sizeof(path));
	if (s->wants_ready && !access(path, F_OK))
		err = read_said(s, path, &s->ready, e_tool);
	path_of(s, kept_as(s->load), path, sizeof(path));
	if (!err)
		(void)read_said(s, path, &s->said, e_tool); /* a finding about the tool */
	return 0;
}

/* ---- */

int session_play(struct session *s, struct error *e_tool, struct error *e)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	int err = plan ? 0 : error_set(e, ENOMEM, "out of memory");

	memset(&s->names, 0, sizeof(s->names));
	path_of(s, "out", s->names.out, sizeof(s->names.out));
	if (!err)
		err = make_plan(s, plan, e);
	if (!err)
		snprintf(s->skip, sizeof(s->skip), "%s", skip_of(plan));
	if (!err && !s->skip[0])
		err = play(s, plan, e_tool, e);
	if (!err && !s->skip[0] && !e_tool->text[0])
		(void)read_left(s, e_tool); /* it says itself what failed */
	if (!err && !s->skip[0])
		write_names(s, e_tool);
	if (plan)
		plan_release(plan);
	free(plan);
	return err;
}

void session_release(struct session *s)
{
	free(s->ready);
	free(s->said);
	s->ready = NULL;
	s->said = NULL;
}
