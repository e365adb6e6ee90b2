// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes the merged directory: checks the parts, writes it as .partial, renames it when
 * complete.
 */
#include "harness/report/merge_part.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/plainfile.h"

#define NAME_TRIES 1000
#define PARTIAL	   ".partial"

static const char *profile_of(const struct merging *m)
{
	const char *name = json_string_value(result_dir_json(m->part[0], "plan.name"));

	return name ? name : "merged";
}

/* The id and the path that the directory will have; -EEXIST: they are taken. */
static int name_dir(struct merging *m, const char *parent, const char *stamp, unsigned try)
{
	char suffix[16] = "";

	if (try > 1)
		snprintf(suffix, sizeof(suffix), "-%u", try);
	snprintf(m->id, sizeof(m->id), "%s-%s%s", stamp, profile_of(m), suffix);
	if ((size_t)snprintf(m->out.path, sizeof(m->out.path), "%s/%s", parent, m->id) +
		    sizeof(PARTIAL) >
	    sizeof(m->out.path))
		return -ENAMETOOLONG;
	return access(m->out.path, F_OK) ? 0 : -EEXIST;
}

static void partial_path(const struct merging *m, char *path, size_t path_bytes)
{
	snprintf(path, path_bytes, "%.*s" PARTIAL, (int)(path_bytes - sizeof(PARTIAL)),
		 m->out.path);
}

/* <UTC>-<profile>, as run names its own; a number is added while the name is taken. */
static int make_dir(struct merging *m, const char *parent, struct error *e)
{
	time_t now = time(NULL);
	char stamp[32], partial[PATH_MAX];
	struct tm utc;

	if (mkdir(parent, 0755) && errno != EEXIST)
		return error_set(e, errno, "%s: %s", parent, strerror(errno));
	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	for (unsigned i = 1; i <= NAME_TRIES; i++) {
		int ret = name_dir(m, parent, stamp, i);

		if (ret == -ENAMETOOLONG)
			return error_set(e, ENAMETOOLONG, "%s: the path is too long", parent);
		if (ret)
			continue;
		partial_path(m, partial, sizeof(partial));
		if (!mkdir(partial, 0755))
			return 0;
		if (errno != EEXIST)
			return error_set(e, errno, "%s: %s", partial, strerror(errno));
	}
	return error_set(e, EEXIST, "%s: no free name for %s", parent, profile_of(m));
}

static int fill_dir(const struct merging *m, struct error *e)
{
	int ret = merge_join_files(m, e);

	if (!ret)
		ret = merge_write_json(m, e);
	if (!ret && fsync(m->dirfd))
		ret = error_set(e, errno, "%s: %s", m->id, strerror(errno));
	return ret;
}

static int write_dir(struct merging *m, const char *parent, struct error *e)
{
	char partial[PATH_MAX];
	int ret = make_dir(m, parent, e);

	if (ret)
		return ret;
	partial_path(m, partial, sizeof(partial));
	m->dirfd = open(partial, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (m->dirfd < 0)
		return error_set(e, errno, "%s: %s", partial, strerror(errno));
	ret = fill_dir(m, e);
	close(m->dirfd);
	if (ret)
		return ret;
	ret = plainfile_rename(partial, m->out.path);
	return ret ? error_set(e, -ret, "%s: %s", m->out.path, strerror(-ret)) : 0;
}

static int by_first_cell(const void *left, const void *right)
{
	unsigned l = merge_cell_of(*(const struct result_dir *const *)left, 0);
	unsigned r = merge_cell_of(*(const struct result_dir *const *)right, 0);

	return (l > r) - (l < r);
}

static int init(struct merging *m, const struct result_dir *dir, size_t nr, struct error *e)
{
	*m = (struct merging){ .nr = nr, .dirfd = -1 };
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): the elements are pointers. */
	m->part = calloc(nr, sizeof(*m->part));
	if (!m->part)
		return error_set(e, ENOMEM, "merge: %s", strerror(ENOMEM));
	for (size_t i = 0; i < nr; i++)
		m->part[i] = &dir[i];
	return 0;
}

void merge_release(struct merge *m)
{
	free(m->missing);
	free(m->machines);
	*m = (struct merge){ .cells = 0 };
}

int merge_list_missing(const struct result_dir *dir, size_t nr, struct merge *out,
		       struct error *e)
{
	struct merging m;
	int ret = init(&m, dir, nr, e);

	m.list_only = true;
	if (!ret)
		ret = merge_check(&m, e);
	*out = m.out;
	free(m.part);
	return ret;
}

int merge_dirs(const struct result_dir *dir, size_t nr, const char *parent, struct merge *out,
	       struct error *e)
{
	struct merging m;
	int ret = init(&m, dir, nr, e);

	if (!ret)
		ret = merge_check(&m, e);
	if (ret)
		goto out;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): the elements are pointers. */
	qsort(m.part, m.nr, sizeof(*m.part), by_first_cell);
	if (m.out.different_machines)
		ret = merge_describe_machines(&m, e);
	if (!ret)
		ret = merge_find_files(&m, e);
	if (!ret)
		ret = write_dir(&m, parent, e);
out:
	*out = m.out;
	free(m.part);
	return ret;
}
