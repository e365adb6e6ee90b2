// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks that folders belong together, then joins their files. Judges no numbers.
 */
#include "harness/report/merge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define COPY_BYTES 65536
#define FILES_MAX  32
#define HEADER_MAX 8192
#define NAME_TRIES 1000

/* ---- do they belong together? ---- */

/* The parts of a plan that decide what is measured; claims and skips depend on the machine. */
static json_t *plan_identity(const struct folder *f)
{
	static const char *const keys[] = { "name", "seed", "repeats", "warmup", "order" };
	static const char *const worker_keys[] = { "name", "workload", "params", "limits" };
	json_t *identity = json_object(), *cells = json_array(), *cell, *worker;
	const json_t *plan = folder_json(f, "plan");
	size_t i, j;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(identity, keys[i], json_object_get(plan, keys[i]));
	json_array_foreach(json_object_get(plan, "cells"), i, cell)
	{
		json_t *copy = json_object(), *workers = json_array();

		json_object_set(copy, "cell", json_object_get(cell, "cell"));
		json_object_set(copy, "label", json_object_get(cell, "label"));
		json_object_set(copy, "settings", json_object_get(cell, "settings"));
		json_array_foreach(json_object_get(cell, "workers"), j, worker)
		{
			json_t *part = json_object();

			for (size_t k = 0; k < sizeof(worker_keys) / sizeof(worker_keys[0]);
			     k++)
				json_object_set(part, worker_keys[k],
						json_object_get(worker, worker_keys[k]));
			json_array_append_new(workers, part);
		}
		json_object_set_new(copy, "workers", workers);
		json_array_append_new(cells, copy);
	}
	json_object_set_new(identity, "cells", cells);
	return identity;
}

/* Which part of the plan differs, for the message. */
static const char *difference(const json_t *a, const json_t *b)
{
	static const char *const names[][2] = {
		{ "name", "their profiles" },
		{ "seed", "their seeds" },
		{ "repeats", "the numbers of their repeats" },
		{ "warmup", "their warm-ups" },
		{ "cells", "their cells, or what is run in them," },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!json_equal(json_object_get(a, names[i][0]),
				json_object_get(b, names[i][0])))
			return names[i][1];
	return "the orders of their steps";
}

static int check_plan(const struct folder *f, const struct folder *first, struct error *e)
{
	json_t *own = plan_identity(f), *wanted = plan_identity(first);
	int rc = 0;

	if (!json_equal(own, wanted))
		rc = error_set(e, EINVAL,
			       "%s and %s are not of the same plan: %s differ; merge what `run "
			       "--cell` "
			       "made of one profile",
			       first->id, f->id, difference(wanted, own));
	json_decref(wanted);
	json_decref(own);
	return rc;
}

static int check_folder(const struct folder *f, struct error *e)
{
	if (f->partial)
		return error_set(e, EINVAL,
				 "%s is partial: its run has not ended; run its cell again",
				 f->id);
	if (!folder_json(f, "plan.cells"))
		return error_set(
			e, EINVAL,
			"%s/run.json has no plan: without it nothing says what it belongs to",
			f->path);
	if (!f->runs.nr)
		return error_set(e, EINVAL, "%s has no runs", f->id);
	return 0;
}

static unsigned cell_of(const struct folder *f, size_t row)
{
	return strtoul(folder_run_cell(f, row, "cell"), NULL, 10);
}

static bool has_cell(const struct folder *f, unsigned cell)
{
	for (size_t row = 0; row < f->runs.nr; row++)
		if (cell_of(f, row) == cell)
			return true;
	return false;
}

static int check_duplicates(const struct folder *const *folders, size_t nr, unsigned cell,
			    struct error *e)
{
	const struct folder *first = NULL;

	for (size_t i = 0; i < nr; i++) {
		if (!has_cell(folders[i], cell))
			continue;
		if (first)
			return error_set(e, EINVAL,
					 "cell %u is in %s and in %s: leave one of them out",
					 cell, first->id, folders[i]->id);
		first = folders[i];
	}
	return 0;
}

static int check(const struct folder *const *folders, size_t nr, struct merge *out,
		 struct error *e)
{
	size_t cells, used = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < nr; i++) {
		rc = check_folder(folders[i], e);
		if (!rc)
			rc = check_plan(folders[i], folders[0], e);
	}
	if (rc)
		return rc;
	cells = json_array_size(folder_json(folders[0], "plan.cells"));
	out->of_cells = cells;
	for (unsigned cell = 0; !rc && cell < cells; cell++) {
		size_t i = 0;

		rc = check_duplicates(folders, nr, cell, e);
		while (i < nr && !has_cell(folders[i], cell))
			i++;
		out->cells += i < nr;
		if (i == nr && used < sizeof(out->missing))
			used += snprintf(out->missing + used, sizeof(out->missing) - used,
					 "%s%u", used ? ", " : "", cell);
	}
	return rc;
}

static bool is_same_machine(const struct folder *a, const struct folder *b)
{
	static const char *const keys[] = { "machine.kernel", "machine.cpu_model",
					    "machine.cpus", "machine.memory_bytes",
					    "machine.cgroup_version" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!json_equal(folder_json(a, keys[i]), folder_json(b, keys[i])))
			return false;
	return true;
}

/* ---- the new folder ---- */

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t n = write(fd, bytes, length);

		if (n < 0)
			return -errno;
		bytes += n;
		length -= n;
	}
	return 0;
}

/* Copies from offset to the end; *ended_line: whether the last byte was a line's end. */
static int copy_from(int from, off_t offset, int to, bool *ended_line)
{
	char buffer[COPY_BYTES];
	ssize_t n;
	int rc = 0;

	*ended_line = true;
	while (!rc && (n = pread(from, buffer, sizeof(buffer), offset)) > 0) {
		rc = write_all(to, buffer, n);
		*ended_line = buffer[n - 1] == '\n';
		offset += n;
	}
	return rc ? rc : n < 0 ? -errno : 0;
}

/* The header line with its end; -EBADMSG when there is none. */
static int read_header(int fd, char *header, size_t header_bytes)
{
	ssize_t n = pread(fd, header, header_bytes - 1, 0);
	char *end;

	if (n < 0)
		return -errno;
	header[n] = 0;
	end = strchr(header, '\n');
	if (!end)
		return -EBADMSG;
	end[1] = 0;
	return 0;
}

static int open_in(const struct folder *f, const char *name)
{
	char path[PATH_MAX];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", f->path, name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* *header: "" before the first file, then what all must have. */
static int check_header(const struct folder *f, const char *name, char *header, struct error *e)
{
	char own[HEADER_MAX];
	int fd = open_in(f, name), rc;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return error_set(e, -fd, "%s/%s: %s", f->path, name, strerror(-fd));
	rc = read_header(fd, own, sizeof(own));
	close(fd);
	if (rc)
		return error_set(e, EINVAL, "%s/%s has no header line", f->path, name);
	if (*header && strcmp(header, own))
		return error_set(e, EINVAL,
				 "%s/%s has other columns than the others: another version of "
				 "pagestorm wrote it",
				 f->path, name);
	strcpy(header, own);
	return 0;
}

/* The header once, then the rows. */
static int append_file(int to, const struct folder *f, const char *name, bool *begun)
{
	char header[HEADER_MAX];
	bool ended_line;
	int fd = open_in(f, name), rc;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	rc = read_header(fd, header, sizeof(header));
	if (!rc)
		rc = copy_from(fd, *begun ? strlen(header) : 0, to, &ended_line);
	if (!rc && !ended_line)
		rc = -EBADMSG;
	*begun = true;
	close(fd);
	return rc;
}

static int join_file(int dir, const struct folder *const *folders, size_t nr, const char *name,
		     struct error *e)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), rc = 0;
	bool begun = false;

	if (fd < 0)
		return error_set(e, errno, "%s: %s", name, strerror(errno));
	for (size_t i = 0; !rc && i < nr; i++)
		rc = append_file(fd, folders[i], name, &begun);
	if (!rc && fsync(fd))
		rc = -errno;
	close(fd);
	return rc ? error_set(e, -rc, "joining %s: %s", name, strerror(-rc)) : 0;
}

struct names {
	char name[FILES_MAX][64];
	size_t nr;
};

static bool is_csv(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && length < 64 && !strcmp(name + length - 4, ".csv");
}

static int add_name(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->nr; i++)
		if (!strcmp(names->name[i], name))
			return 0;
	if (names->nr == FILES_MAX)
		return -E2BIG;
	strcpy(names->name[names->nr++], name);
	return 0;
}

/* All CSV files that any of the folders has: also those that a later version adds. */
static int find_files(const struct folder *const *folders, size_t nr, struct names *names,
		      struct merge *out, struct error *e)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < nr; i++) {
		DIR *dir = opendir(folders[i]->path);
		struct dirent *entry;

		if (!dir)
			return error_set(e, errno, "%s: %s", folders[i]->path, strerror(errno));
		while (!rc && (entry = readdir(dir))) {
			if (is_csv(entry->d_name))
				rc = add_name(names, entry->d_name);
			out->raw_left_behind |= !strcmp(entry->d_name, "raw");
		}
		closedir(dir);
	}
	if (rc)
		return error_set(e, EINVAL, "the folders have more than %d kinds of CSV files",
				 FILES_MAX);
	return 0;
}

static int check_headers(const struct folder *const *folders, size_t nr,
			 const struct names *names, struct error *e)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < names->nr; i++) {
		char header[HEADER_MAX] = "";

		for (size_t j = 0; !rc && j < nr; j++)
			rc = check_header(folders[j], names->name[i], header, e);
	}
	return rc;
}

static int copy_profile(int dir, const struct folder *f, struct error *e)
{
	int from = open_in(f, "profile.ini"), to = -1, rc = 0;
	bool ended_line;

	if (from == -ENOENT)
		return 0;
	if (from >= 0)
		to = openat(dir, "profile.ini", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (from < 0 || to < 0)
		rc = from < 0 ? from : -errno;
	else
		rc = copy_from(from, 0, to, &ended_line);
	if (to >= 0)
		close(to);
	if (from >= 0)
		close(from);
	return rc ? error_set(e, -rc, "profile.ini: %s", strerror(-rc)) : 0;
}

/* ---- run.json ---- */

static json_t *sum_ends(const struct folder *const *folders, size_t nr, const struct merge *m)
{
	static const char *const counts[] = { "rows",	    "claims",  "claims_failed",
					      "unexpected", "invalid", "skipped" };
	json_t *end = json_object();
	bool restored = true, complete = !*m->missing;
	double seconds = 0;

	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		json_int_t sum = 0;

		for (size_t i = 0; i < nr; i++)
			sum += json_integer_value(
				json_object_get(folder_json(folders[i], "end"), counts[c]));
		json_object_set_new(end, counts[c], json_integer(sum));
	}
	for (size_t i = 0; i < nr; i++) {
		const char *status = json_string_value(folder_json(folders[i], "end.status"));

		restored = restored && !json_is_false(folder_json(folders[i], "end.restored"));
		complete = complete && status && !strcmp(status, "complete");
		seconds += json_number_value(folder_json(folders[i], "end.seconds"));
	}
	json_object_set_new(end, "status", json_string(complete ? "complete" : "incomplete"));
	json_object_set_new(end, "restored", json_boolean(restored));
	json_object_set_new(end, "seconds", json_real(seconds));
	return end;
}

/* Of each folder all but the plan, which they share. */
static json_t *list_origins(const struct folder *const *folders, size_t nr)
{
	json_t *list = json_array();

	for (size_t i = 0; i < nr; i++) {
		json_t *origin = json_copy(folders[i]->run);

		json_object_del(origin, "plan");
		json_array_append_new(list, origin);
	}
	return list;
}

static int write_json(int dir, const char *id, const struct folder *const *folders, size_t nr,
		      const struct merge *m, struct error *e)
{
	int fd = openat(dir, "run.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), rc = 0;
	json_t *root = json_copy(folders[0]->run);

	json_object_set_new(root, "run", json_string(id));
	json_object_set_new(root, "end", sum_ends(folders, nr, m));
	json_object_set_new(root, "different_machines", json_boolean(m->different_machines));
	json_object_set_new(root, "merged", list_origins(folders, nr));
	if (fd < 0)
		rc = error_set(e, errno, "run.json: %s", strerror(errno));
	else if (json_dumpfd(root, fd, JSON_INDENT(2)) || write(fd, "\n", 1) != 1 || fsync(fd))
		rc = error_set(e, EIO, "run.json could not be written");
	if (fd >= 0)
		close(fd);
	json_decref(root);
	return rc;
}

/* <UTC>-<profile>, as run names its own; a number is added while the name is taken. */
static int make_folder(const char *parent, const char *profile, char *id, size_t id_bytes,
		       char *path, size_t path_bytes, struct error *e)
{
	time_t now = time(NULL);
	char stamp[32];
	struct tm utc;

	if (mkdir(parent, 0755) && errno != EEXIST)
		return error_set(e, errno, "%s: %s", parent, strerror(errno));
	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	for (unsigned i = 1; i <= NAME_TRIES; i++) {
		char suffix[16] = "";

		if (i > 1)
			snprintf(suffix, sizeof(suffix), "-%u", i);
		snprintf(id, id_bytes, "%s-%s%s", stamp, profile, suffix);
		if ((size_t)snprintf(path, path_bytes, "%s/%s", parent, id) + 9 > path_bytes)
			return error_set(e, ENAMETOOLONG, "%s: the path is too long", parent);
		if (!access(path, F_OK))
			continue;
		strcat(path, ".partial");
		if (!mkdir(path, 0755))
			return 0;
		if (errno != EEXIST)
			return error_set(e, errno, "%s: %s", path, strerror(errno));
	}
	return error_set(e, EEXIST, "%s: no free name for %s", parent, profile);
}

static int by_first_cell(const void *left, const void *right)
{
	unsigned l = cell_of(*(const struct folder *const *)left, 0);
	unsigned r = cell_of(*(const struct folder *const *)right, 0);

	return (l > r) - (l < r);
}

static int fill(int dir, const char *id, const struct folder *const *folders, size_t nr,
		const struct names *names, const struct merge *m, struct error *e)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < names->nr; i++)
		rc = join_file(dir, folders, nr, names->name[i], e);
	if (!rc)
		rc = copy_profile(dir, folders[0], e);
	if (!rc)
		rc = write_json(dir, id, folders, nr, m, e);
	if (!rc && fsync(dir))
		rc = error_set(e, errno, "%s: %s", id, strerror(errno));
	return rc;
}

static int write_folder(const struct folder *const *folders, size_t nr, const char *parent,
			const struct names *names, struct merge *out, struct error *e)
{
	const char *profile = json_string_value(folder_json(folders[0], "plan.name"));
	char partial[PATH_MAX], id[256];
	int dir, rc;

	rc = make_folder(parent, profile ? profile : "merged", id, sizeof(id), partial,
			 sizeof(partial), e);
	if (rc)
		return rc;
	dir = open(partial, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_set(e, errno, "%s: %s", partial, strerror(errno));
	rc = fill(dir, id, folders, nr, names, out, e);
	close(dir);
	if (rc)
		return rc;
	snprintf(out->path, sizeof(out->path), "%.*s",
		 (int)(strlen(partial) - strlen(".partial")), partial);
	if (rename(partial, out->path))
		return error_set(e, errno, "%s: %s", out->path, strerror(errno));
	return 0;
}

int merge_folders(const struct folder *folders, size_t nr, const char *parent,
		  struct merge *out, struct error *e)
{
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): the elements are pointers. */
	const struct folder **sorted = calloc(nr, sizeof(*sorted));
	struct names names = { .nr = 0 };
	struct merge m = { .path = "" };
	int rc = 0;

	if (!sorted)
		return error_set(e, ENOMEM, "merge: %s", strerror(ENOMEM));
	for (size_t i = 0; i < nr; i++)
		sorted[i] = &folders[i];
	rc = check(sorted, nr, &m, e);
	if (rc)
		goto out;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): the elements are pointers. */
	qsort(sorted, nr, sizeof(*sorted), by_first_cell);
	for (size_t i = 1; i < nr; i++)
		m.different_machines |= !is_same_machine(sorted[0], sorted[i]);
	rc = find_files(sorted, nr, &names, &m, e);
	if (!rc)
		rc = check_headers(sorted, nr, &names, e);
	if (!rc)
		rc = write_folder(sorted, nr, parent, &names, &m, e);
	if (!rc)
		*out = m;
out:
	free(sorted);
	return rc;
}
