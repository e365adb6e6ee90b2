// SPDX-License-Identifier: GPL-2.0-or-later
/* The run of one load, and the output that is read when it has ended. */
#include "harness/validate/session_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/plan/plan.h"

static int make_plan(const struct session *s, struct plan *plan, struct error *e)
{
	struct profile profile;
	struct command words;
	int ret = command_make(&words, s->run_words, &s->names, e);

	if (ret)
		return ret;
	profile_init(&profile);
	ret = profile_load(&profile, words.word[0], e);
	for (unsigned i = 1; i < words.nr && !ret; i++)
		ret = profile_override(&profile, words.word[i], e);
	if (!ret)
		ret = profile_override(&profile, "profile.repeats=1", e);
	if (!ret)
		ret = profile_override(&profile, "profile.noise=no", e);
	if (!ret)
		ret = plan_make(plan, &profile, s->host, e);
	if (!ret && plan->risk > RISK_R1 && !s->host->lab[0])
		ret = error_set(e, EPERM, "%s is of risk class R%d: %s", s->run_words,
				plan->risk, plan->risk_why);
	profile_release(&profile);
	command_release(&words);
	return ret;
}

/* Why a worker of the plan cannot run here; "": all can. */
static const char *skip_of(const struct plan *plan)
{
	for (unsigned i = 0; i < plan->cell[0].nr_workers; i++)
		if (plan->cell[0].worker[i].skip[0])
			return plan->cell[0].worker[i].skip;
	return "";
}

/* A wrapper shares our stdout and stderr: between the two calls they are a file. */
static void divert(const struct session *s, int saved[2])
{
	char path[700];
	int fd;

	session_path(s, "printed", path, sizeof(path));
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

static int run(struct session *s, const struct plan *plan, struct error *e_tool,
	       struct error *e)
{
	struct visitor visitor = { .session = s, .e_tool = e_tool };
	struct run_options options = { .results_dir = s->runs_dir,
				       .only_cell = -1,
				       .signal_fd = s->signal_fd,
				       .hook = session_visit,
				       .hook_arg = &visitor };
	struct run_summary summary = { 0 };
	struct command wrapper = { 0 };
	int saved[2] = { -1, -1 }, status, ret = 0;

	if (s->load->visit == VISIT_WRAP) {
		ret = command_make(&wrapper, s->load->command, &s->names, e);
		options.wrapper = wrapper.word;
		divert(s, saved);
	}
	if (!ret)
		ret = run_plan(plan, &options, &summary, e);
	undivert(saved);
	if (!ret || summary.interrupted) {
		snprintf(s->run_path, sizeof(s->run_path), "%s", summary.path);
		s->interrupted = summary.interrupted;
	}
	s->not_restored = summary.not_restored;
	(void)command_stop(&s->across, 1, &status); /* only after a failure is it still there */
	command_release(&wrapper);
	return ret;
}

/* The output of a wrapper, or of a tool with a report of its own. */
static int read_left(struct session *s, struct error *e)
{
	if (s->load->report)
		return session_consult(s, s->load->report, "report", &s->said, e);
	if (s->load->visit == VISIT_WRAP)
		return session_read(s, s->names.out, &s->said, e);
	return 0;
}

int session_live(struct session *s, struct error *e_tool, struct error *e)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	int ret;

	memset(&s->names, 0, sizeof(s->names));
	snprintf(s->names.user, sizeof(s->names.user), "%s", s->load->user);
	session_path(s, "out", s->names.out, sizeof(s->names.out));
	if (!plan)
		return error_set(e, ENOMEM, "out of memory");
	ret = make_plan(s, plan, e);
	if (!ret)
		snprintf(s->skip, sizeof(s->skip), "%s", skip_of(plan));
	if (!ret && !s->skip[0])
		ret = run(s, plan, e_tool, e);
	if (!ret && !s->skip[0] && !e_tool->text[0])
		(void)read_left(s, e_tool); /* it says itself what failed */
	if (!ret && !s->skip[0])
		session_write_names(s, e_tool);
	plan_release(plan);
	free(plan);
	return ret;
}

void session_release(struct session *s)
{
	free(s->ready);
	free(s->said);
	s->ready = NULL;
	s->said = NULL;
}
