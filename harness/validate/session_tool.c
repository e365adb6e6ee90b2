// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs the tool, once or across the work, and reads its output. */
#include "harness/validate/session_part.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define LOOK_S 0.01 /* between two polls for a sign of the tool */

void session_path(const struct session *s, const char *what, char *path, size_t bytes)
{
	snprintf(path, bytes, "%s/%s.%s", s->said_dir, s->label, what);
}

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

/* The output of the tool is kept; the filtered output is a file beside it. */
int session_read(struct session *s, const char *path, char **text, struct error *e)
{
	char to[720];
	struct command_filter filter = { s->filter, path, to };
	int ret = 0;

	if (!s->filter)
		return command_slurp(path, text, e);
	snprintf(to, sizeof(to), "%s/%s.filtered", s->filtered_dir, strrchr(path, '/') + 1);
	ret = command_filter(&filter, &s->names, e);
	return ret ? ret : command_slurp(to, text, e);
}

int session_consult(struct session *s, const char *words, const char *what, char **text,
		    struct error *e)
{
	struct command_run run = { 0 };
	struct command c;
	char path[700];
	int status = 0, ret = command_make(&c, words, &s->names, e);

	if (ret)
		return ret;
	session_path(s, what, path, sizeof(path));
	ret = command_start(&run, &c, path, e);
	if (!ret && command_wait(&run, s->load->timeout_s, &status))
		ret = error_set(e, ETIMEDOUT, "%s did not end within %g s", c.word[0],
				s->load->timeout_s);
	if (!ret)
		ret = complain_status(s, c.word[0], status, e);
	if (!ret)
		ret = session_read(s, path, text, e);
	command_release(&c);
	return ret;
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
	return error_set(e, ETIMEDOUT, "it did not start within %g s", s->load->timeout_s);
}

int session_begin_across(struct session *s, struct error *e)
{
	struct command c;
	char path[600];
	int ret = command_make(&c, s->load->command, &s->names, e);

	if (ret)
		return ret;
	session_path(s, "across", path, sizeof(path));
	ret = command_start(&s->across, &c, path, e);
	if (!ret && s->load->attach != ATTACH_TIME)
		ret = await_attach(s, e);
	if (!ret)
		command_sleep(s->load->settle_s);
	command_release(&c);
	return ret;
}

int session_end_across(struct session *s, struct error *e)
{
	int status, ret;

	if (!s->across.pid)
		return 0;
	if (s->load->ends_itself) {
		ret = command_wait(&s->across, s->load->timeout_s, &status);
	} else {
		command_sleep(s->load->settle_s);
		ret = command_stop(&s->across, s->load->timeout_s, &status);
	}
	if (ret)
		return error_set(e, ETIMEDOUT, "it did not end");
	ret = complain_status(s, "it", status, e);
	return ret || s->load->report ? ret : session_read(s, s->across.path, &s->said, e);
}
