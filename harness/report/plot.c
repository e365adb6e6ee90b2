// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs gnuplot and extracts the drawing from its SVG. Knows nothing of the data.
 */
#include "harness/report/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/trust.h"

#define TIMEOUT_MS   10000
#define OUTPUT_BYTES (16u << 20)
#define MEMORY_BYTES (1u << 30)
#define NOT_FOUND    127 /* as a shell says it */

static void series_code(unsigned series, char *out, size_t out_bytes)
{
	snprintf(out, out_bytes, "#0000%02x", 1 + series);
}

void plot_phase_code(unsigned phase, char *out, size_t out_bytes)
{
	snprintf(out, out_bytes, "#0001%02x", 1 + phase);
}

void plot_series_selector(unsigned series, char *out, size_t out_bytes)
{
	snprintf(out, out_bytes, "rgb(  0,   0, %3u)", 1 + series);
}

void plot_phase_selector(unsigned phase, char *out, size_t out_bytes)
{
	snprintf(out, out_bytes, "rgb(  0,   1, %3u)", 1 + phase);
}

bool plot_available(void)
{
	char path[PATH_MAX];

	return !trust_find_program("gnuplot", getenv("PATH"), path, sizeof(path));
}

int plot_begin(struct plot *p)
{
	char code[16];

	*p = (struct plot){ .script = NULL };
	p->script = open_memstream(&p->text, &p->bytes);
	if (!p->script)
		return -ENOMEM;
	fprintf(p->script,
		"set terminal svg size %d,%d dynamic noenhanced font 'sans-serif,12'\n"
		"set encoding utf8\nset micro\nset border 3 lw 0.75\nset tics nomirror out "
		"scale 0.5\n"
		"set grid ytics lt 1 lw 0.5 lc rgb '" PLOT_GRID "'\nset bars 0.6\n"
		"set lmargin 7.5\nset rmargin 2\nset tmargin 0.7\nset bmargin 2.6\n"
		"unset key\n",
		PLOT_WIDTH, PLOT_HEIGHT);
	for (unsigned i = 0; i < PLOT_SERIES; i++) {
		series_code(i, code, sizeof(code));
		fprintf(p->script, "set style line %u lc rgb '%s' lt 1 lw 1.6 pt 7 ps 0.55\n",
			i + 1, code);
	}
	return 0;
}

void plot_y_in_seconds(const struct plot *p)
{
	fputs("set format y '%.0s %cs'\nset mytics 1\n", p->script);
}

/* In single quotes gnuplot expands nothing. What would end or expand it is doubled. */
static void put_quoted(const struct plot *p, const char *text, const char *doubled)
{
	fputc('\'', p->script);
	for (; *text; text++) {
		unsigned char c = *text;

		if (strchr(doubled, c))
			fputc(c, p->script);
		fputc(c < 0x20 || c == 0x7f || c == '`' || c == '\\' ? ' ' : c, p->script);
	}
	fputc('\'', p->script);
}

void plot_text(const struct plot *p, const char *text)
{
	put_quoted(p, text, "'");
}

void plot_tic_text(const struct plot *p, const char *text)
{
	put_quoted(p, text, "'%");
}

void plot_cancel(struct plot *p)
{
	if (p->script)
		fclose(p->script);
	free(p->text);
	*p = (struct plot){ .script = NULL };
}

/* ---- the process ---- */

static int memory_file(const char *bytes, size_t length)
{
	int fd = memfd_create("pagestorm-plot", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (length) {
		ssize_t n = write(fd, bytes, length);

		if (n < 0) {
			int ret = -errno;

			close(fd);
			return ret;
		}
		bytes += n;
		length -= n;
	}
	if (lseek(fd, 0, SEEK_SET)) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static void bound(int resource, rlim_t most)
{
	struct rlimit limit = { most, most };

	(void)setrlimit(resource, &limit); /* a lower limit that is already there is as good */
}

/* In the child: only the three descriptors and a minimal environment remain. */
static void become_gnuplot(int in, int out, int err)
{
	char path[PATH_MAX], program[] = "gnuplot", defaults[] = "-d",
			     locale[] = "LC_ALL=C.UTF-8";
	char home[] = "HOME=/nonexistent";
	char *argv[] = { program, defaults, NULL }, *env[] = { locale, home, NULL };

	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(1);
	bound(RLIMIT_FSIZE, OUTPUT_BYTES);
	bound(RLIMIT_AS, MEMORY_BYTES);
	bound(RLIMIT_CORE, 0);
	if (trust_find_program(program, getenv("PATH"), path, sizeof(path)))
		_exit(NOT_FOUND);
	execve(path, argv, env);
	_exit(errno == ENOENT ? NOT_FOUND : 1);
}

static int wait_for(pid_t pid, int *status)
{
	struct pollfd p = { .fd = pidfd_open(pid, 0), .events = POLLIN };
	int ready;

	if (p.fd < 0)
		return -errno;
	ready = poll(&p, 1, TIMEOUT_MS);
	if (ready < 0)
		ready = -errno;
	close(p.fd);
	if (ready == 1)
		return waitpid(pid, status, 0) == pid ? 0 : -errno;
	return ready ? ready : -ETIME;
}

/* The error text of gnuplot, on one line. */
static int refuse(int err, int status, struct error *e)
{
	char text[256];
	ssize_t length = pread(err, text, sizeof(text) - 1, 0);

	text[length > 0 ? length : 0] = 0;
	for (char *c = text; *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	return error_set(e, EIO, "gnuplot failed (wait status %d): %s", status, text);
}

static int run_gnuplot(int in, int out, int err, struct error *e)
{
	pid_t pid = fork();
	int status = 0, ret;

	if (pid < 0)
		return error_set(e, errno, "gnuplot: fork: %s", strerror(errno));
	if (!pid)
		become_gnuplot(in, out, err);
	ret = wait_for(pid, &status);
	if (ret) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return error_set(e, -ret, "gnuplot did not end within %d s and was killed",
				 TIMEOUT_MS / 1000);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
		return error_set(e, ENOENT, "gnuplot is not installed (Debian: gnuplot-nox)");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return refuse(err, status, e);
	return 0;
}

static int read_back(int fd, char **text, struct error *e)
{
	struct stat st;
	size_t length = 0;
	char *bytes;

	if (fstat(fd, &st))
		return error_set(e, errno, "gnuplot's drawing: %s", strerror(errno));
	bytes = malloc(st.st_size + 1);
	if (!bytes)
		return error_set(e, ENOMEM, "gnuplot's drawing: %s", strerror(ENOMEM));
	while (length < (size_t)st.st_size) {
		ssize_t n = pread(fd, bytes + length, st.st_size - length, length);

		if (n <= 0)
			break;
		length += n;
	}
	bytes[length] = 0;
	*text = bytes;
	return 0;
}

/* ---- the drawing ---- */

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/*
 * gnuplot closes a group after each change of style, most of them empty; and names each
 * curve by an id, which would occur in every drawing of the page, and by a tooltip.
 */
static void copy_drawing(const char *from, const char *end, FILE *out)
{
	while (from < end) {
		const char *line = from + strspn(from, " \t");
		const char *newline = memchr(from, '\n', end - from);
		const char *next = newline ? newline + 1 : end;

		if (starts(line, "<g fill=") && starts(next, "</g>\n")) {
			from = next + strlen("</g>\n");
			continue;
		}
		if (starts(line, "<g id="))
			fputs("<g>\n", out);
		else
			fwrite(from, 1, next - from, out);
		from = next;
	}
}

static int cut_drawing(const char *text, char **svg, struct error *e)
{
	const char *start = strstr(text, "</defs>"), *end = NULL;
	size_t bytes;
	FILE *out;

	for (const char *at = start; at; at = strstr(at + 1, "</svg>"))
		end = at;
	if (!start || end == start)
		return error_set(e, EIO, "gnuplot drew nothing");
	out = open_memstream(svg, &bytes);
	if (!out)
		return error_set(e, ENOMEM, "gnuplot's drawing: %s", strerror(ENOMEM));
	fputs("<g>\n", out); /* gnuplot's canvas, opened before the definitions */
	copy_drawing(start + strlen("</defs>"), end, out);
	fclose(out);
	return 0;
}

int plot_end(struct plot *p, char **svg, struct error *e)
{
	int in = -1, out = -1, err = -1, ret;
	char *text = NULL;

	fclose(p->script);
	p->script = NULL;
	in = memory_file(p->text, p->bytes);
	out = memory_file("", 0);
	err = memory_file("", 0);
	if (in < 0 || out < 0 || err < 0) {
		ret = error_set(e, ENOMEM, "gnuplot: no memory file");
		goto out;
	}
	ret = run_gnuplot(in, out, err, e);
	if (!ret)
		ret = read_back(out, &text, e);
	if (!ret)
		ret = cut_drawing(text, svg, e);
out:
	free(text);
	if (err >= 0)
		close(err);
	if (out >= 0)
		close(out);
	if (in >= 0)
		close(in);
	plot_cancel(p);
	return ret;
}
