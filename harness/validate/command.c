// SPDX-License-Identifier: GPL-2.0-or-later
/* Starts, stops and reads the commands of tools. Interprets no output. */
#include "harness/validate/command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <math.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/plainfile.h"
#include "workloads/api/arith.h"

#define WORD_BYTES 1024
#define SEARCH	   "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
/* Exit status of a child that could not exec: env(1)'s. */
#define EXIT_NO_EXEC 127

struct splitter {
	struct command *command;
	const struct command_names *names;
	const char *text, *at;
	char word[WORD_BYTES];
	size_t length;
	bool open; /* a word has begun */
	struct error *e;
};

static const char *value_of(const struct command_names *n, const char *name, size_t length)
{
	const struct {
		const char *name, *value;
	} known[] = {
		{ "pid", n->pid },     { "pids", n->pids },
		{ "group", n->group }, { "group_path", n->group_path },
		{ "file", n->file },   { "out", n->out },
		{ "start", n->start }, { "end", n->end },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strlen(known[i].name) == length && !strncmp(known[i].name, name, length))
			return known[i].value;
	return NULL;
}

static void put(struct splitter *s, char c)
{
	s->open = true;
	if (s->length + 1 < sizeof(s->word))
		s->word[s->length++] = c;
}

/* {} and {a-b} are text; {name} must be a known name. */
static int put_name(struct splitter *s)
{
	size_t length = strspn(s->at + 1, "abcdefghijklmnopqrstuvwxyz_");
	const char *value;

	if (!length || s->at[length + 1] != '}') {
		put(s, *s->at++);
		return 0;
	}
	value = value_of(s->names, s->at + 1, length);
	if (!value)
		return error_set(s->e, EINVAL, "'%s': {%.*s} is not known", s->text,
				 (int)length, s->at + 1);
	s->open = true;
	while (*value)
		put(s, *value++);
	s->at += length + 2;
	return 0;
}

static int end_word(struct splitter *s)
{
	struct command *c = s->command;

	if (!s->open)
		return 0;
	if (c->nr == COMMAND_WORDS_MAX)
		return error_set(s->e, E2BIG, "'%s' has more than %d words", s->text,
				 COMMAND_WORDS_MAX);
	s->word[s->length] = '\0';
	c->word[c->nr] = strdup(s->word);
	if (!c->word[c->nr])
		return error_set(s->e, ENOMEM, "out of memory");
	c->nr++;
	s->length = 0;
	s->open = false;
	return 0;
}

static int take_quoted(struct splitter *s)
{
	const char quote = *s->at++;

	s->open = true;
	while (*s->at && *s->at != quote) {
		if (*s->at == '\\' && quote == '"' && s->at[1])
			s->at++;
		else if (*s->at == '{') {
			if (put_name(s))
				return -EINVAL;
			continue;
		}
		put(s, *s->at++);
	}
	if (!*s->at)
		return error_set(s->e, EINVAL, "'%s' has an unterminated quote", s->text);
	s->at++;
	return 0;
}

static int take_character(struct splitter *s)
{
	if (strchr(" \t", *s->at)) {
		s->at++;
		return end_word(s);
	}
	if (strchr("'\"", *s->at))
		return take_quoted(s);
	if (*s->at == '{')
		return put_name(s);
	if (*s->at == '\\' && s->at[1])
		s->at++;
	put(s, *s->at++);
	return 0;
}

int command_make(struct command *c, const char *text, const struct command_names *names,
		 struct error *e)
{
	struct splitter s = { .command = c, .names = names, .text = text, .at = text, .e = e };
	int ret = 0;

	memset(c, 0, sizeof(*c));
	memcpy(c->user, names->user, sizeof(c->user));
	while (*s.at && !ret)
		ret = take_character(&s);
	if (!ret)
		ret = end_word(&s);
	if (!ret && !c->nr)
		ret = error_set(e, EINVAL, "'%s' is not a command", text);
	if (ret)
		command_release(c);
	return ret;
}

void command_release(struct command *c)
{
	for (unsigned i = 0; i < c->nr; i++)
		free(c->word[i]);
	memset(c, 0, sizeof(*c));
}

bool command_exists(const char *program)
{
	char *places = strdup(SEARCH), *rest = places, *place, path[512];
	bool found = false;

	if (strchr(program, '/')) {
		free(places);
		return !access(program, R_OK); /* a library is not executable */
	}
	while (!found && (place = strsep(&rest, ":"))) {
		snprintf(path, sizeof(path), "%s/%s", place, program);
		found = !access(path, X_OK);
	}
	free(places);
	return found;
}

/* The ids of the child last, since the rest needs the right to change them. */
static int become(const struct passwd *user)
{
	if (!user)
		return 0;
	if (initgroups(user->pw_name, user->pw_gid) || setgid(user->pw_gid) ||
	    setuid(user->pw_uid))
		return -errno;
	setenv("HOME", user->pw_dir, 1);
	setenv("USER", user->pw_name, 1);
	setenv("LOGNAME", user->pw_name, 1);
	return 0;
}

static void be_tool(const struct command *c, const struct passwd *user, int in, int out)
{
	sigset_t none;
	int ret;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_DFL); /* a script's background processes ignore SIGINT */
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	setpgid(0, 0);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	setenv("LC_ALL", "C", 1);
	setenv("S_COLORS", "never", 1);
	setenv("COLUMNS", "200", 1);
	setenv("TERM", "dumb", 1);
	setenv("PATH", SEARCH, 1);
	unsetenv("POSIXLY_CORRECT");
	ret = become(user);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* behind setuid(2), which clears it */
	if (ret) {
		dprintf(STDERR_FILENO, "cannot become %s: %s\n", c->user, strerror(-ret));
		_exit(EXIT_NO_EXEC);
	}
	execvp(c->word[0], c->word);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", c->word[0], strerror(errno));
	_exit(EXIT_NO_EXEC);
}

/* NULL: as whom we are. */
static int find_user(const struct command *c, const struct passwd **user, struct error *e)
{
	*user = NULL;
	if (!c->user[0])
		return 0;
	*user = getpwnam(c->user);
	if (!*user)
		return error_set(e, ENOENT, "user: there is no user %s on this machine",
				 c->user);
	if ((*user)->pw_uid == geteuid())
		*user = NULL;
	else if (geteuid())
		return error_set(e, EPERM, "%s runs as user %s: run as root", c->word[0],
				 c->user);
	return 0;
}

static int start(struct command_run *run, const struct command *c, const char *input,
		 const char *path, struct error *e)
{
	const struct passwd *user;
	int in, out, ret;

	snprintf(run->path, sizeof(run->path), "%s", path);
	run->pid = 0;
	ret = find_user(c, &user, e);
	if (ret)
		return ret;
	in = open(input, O_RDONLY | O_CLOEXEC);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (in >= 0 && out >= 0)
		run->pid = fork();
	if (!run->pid && in >= 0 && out >= 0)
		be_tool(c, user, in, out);
	if (in < 0 || out < 0 || run->pid < 0)
		error_set(e, errno, "cannot run %s: %s", c->word[0], strerror(errno));
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	if (run->pid > 0)
		return 0;
	run->pid = 0;
	return -EIO;
}

int command_start(struct command_run *run, const struct command *c, const char *path,
		  struct error *e)
{
	return start(run, c, "/dev/null", path, e);
}

int command_wait(struct command_run *run, double timeout_s, int *status)
{
	int fd, ready = 0;

	*status = 0;
	if (!run->pid)
		return 0;
	fd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	if (fd >= 0) {
		struct pollfd look = { .fd = fd, .events = POLLIN };

		do
			ready = poll(&look, 1, (int)(timeout_s * 1000));
		while (ready < 0 && errno == EINTR);
		close(fd);
	}
	/* Its own processes too: as long as it is not waited for its group is no other's. */
	kill(-run->pid, SIGKILL);
	waitpid(run->pid, status, 0);
	run->pid = 0;
	return ready > 0 ? 0 : -ETIMEDOUT;
}

int command_stop(struct command_run *run, double timeout_s, int *status)
{
	if (run->pid)
		kill(run->pid, SIGINT);
	return command_wait(run, timeout_s, status);
}

int command_slurp(const char *path, char **text, struct error *e)
{
	size_t capacity = 65536, nr = 0, got;
	char *bytes = NULL, *grown;
	int ret;
	FILE *file = plainfile_stream(path, &ret, e);

	if (!file)
		return ret;
	do {
		capacity *= 2;
		grown = realloc(bytes, capacity);
		if (!grown)
			break;
		bytes = grown;
		got = fread(bytes + nr, 1, capacity - nr - 1, file);
		nr += got;
	} while (got);
	fclose(file);
	if (!grown) {
		free(bytes);
		return error_set(e, ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < nr; i++)
		if (!bytes[i])
			bytes[i] = ' ';
	bytes[nr] = '\0';
	*text = bytes;
	return 0;
}

int command_capture(const struct command *c, const char *path, double timeout_s, char **text,
		    struct error *e)
{
	struct command_run run;
	int status, ret = command_start(&run, c, path, e);

	if (!ret && command_wait(&run, timeout_s, &status))
		ret = error_set(e, ETIMEDOUT, "%s did not end within %g s", c->word[0],
				timeout_s);
	return ret ? ret : command_slurp(path, text, e);
}

int command_filter(const struct command_filter *filter, const struct command_names *names,
		   struct error *e)
{
	struct command c;
	struct command_run run;
	int status, ret = command_make(&c, filter->program, names, e);

	if (ret)
		return ret;
	ret = start(&run, &c, filter->from, filter->to, e);
	if (!ret && (command_wait(&run, 60, &status) || status))
		ret = error_set(e, EIO, "%s failed", filter->program);
	command_release(&c);
	return ret;
}

void command_sleep(double seconds)
{
	struct timespec left = { .tv_sec = (time_t)seconds,
				 .tv_nsec = (long)(fmod(seconds, 1) * 1e9) };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}
