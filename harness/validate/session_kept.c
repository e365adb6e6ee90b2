// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes what a replay requires beside the output, and replays a session. Runs nothing. */
#include "harness/validate/session_part.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/plainfile.h"
#include "workloads/api/arith.h"

/* The first five are what a pattern can name (measure.c). */
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

void session_write_names(const struct session *s, const struct error *e_tool)
{
	char path[700];
	FILE *out;

	session_path(s, "names", path, sizeof(path));
	out = fopen(path, "we");
	if (!out)
		return; /* a replay says that there is none */
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
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
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
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
	struct error e_open = { "" };
	size_t bytes = 0;
	FILE *in;
	int ret;

	session_path(s, "names", path, sizeof(path));
	in = plainfile_stream(path, &ret, &e_open);
	if (!in)
		return ret == -ENOENT ? ret : error_set(e, EINVAL, "%s", e_open.text);
	while (getline(&line, &bytes, in) > 0)
		take_name(s, line, e_tool);
	free(line);
	fclose(in);
	if (!s->run_path[0])
		return error_set(e, EINVAL, "%s names no run: it cannot be replayed", path);
	if (access(s->run_path, F_OK))
		return error_set(
			e, EINVAL,
			"%s does not exist: only what validate --keep wrote can be replayed",
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
	int ret;

	memset(&s->names, 0, sizeof(s->names));
	ret = read_names(s, e_tool, e);
	if (ret || e_tool->text[0])
		return ret;
	session_path(s, "ready", path, sizeof(path));
	if (s->wants_ready && !access(path, F_OK))
		ret = session_read(s, path, &s->ready, e_tool);
	session_path(s, kept_as(s->load), path, sizeof(path));
	if (!ret)
		(void)session_read(s, path, &s->said, e_tool); /* a finding about the tool */
	return 0;
}
