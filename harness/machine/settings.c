// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes settings of the machine, each journalled first. It decides nothing: the
 * plan has checked names and values.
 */
#include "config.h"
#include "harness/machine/settings.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/machine/sysfile.h"

#define VALUE_BYTES 256

static int find(const char *name, const struct setting_known **known, struct error *e)
{
	*known = setting_find(name);
	if (!*known)
		return error_set(e, EINVAL, "%s: not a setting that pagestorm changes", name);
	return 0;
}

static int read_known(const char *root, const struct setting_known *known, char *value,
		      size_t value_bytes, struct error *e)
{
	int ret = sysfile_read(root, known->path, value, value_bytes);

	if (ret == -ENOENT)
		return error_set(e, ENOENT, "%s: this kernel has no %s", known->name,
				 known->path);
	if (ret)
		return error_set(e, -ret, "%s: cannot read %s: %s", known->name, known->path,
				 strerror(-ret));
	return 0;
}

int setting_read(const char *name, char *value, size_t value_bytes, struct error *e)
{
	const struct setting_known *known;
	int ret = find(name, &known, e);

	return ret ? ret : read_known("", known, value, value_bytes, e);
}

static bool starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static bool moves_watermarks(const char *name)
{
	return !strcmp(name, "thp.enabled") || starts_with(name, "mthp.");
}

/*
 * Journals a setting that the kernel changes along with another. Undoing goes backwards, so
 * what must be written last is noted first: the one that moves others before those, except
 * where restoring it would move them again.
 */
static int note_moved(struct journal *j, const char *name, const char *after, struct error *e)
{
	const struct setting_known *known = setting_find(name);
	struct journal_act act = { .kind = JOURNAL_SETTING, .after = after };
	char value[VALUE_BYTES];

	if (!known || sysfile_read(j->root, known->path, value, sizeof(value)))
		return 0; /* this kernel has none: nothing to move */
	act.what = known->path;
	act.before = value;
	return journal_note(j, &act, e);
}

/*
 * Of twins one holds 0 and must not be written (vm.dirty_bytes refuses it): the other
 * is written back first, which zeroes it.
 */
static int note(struct journal *j, const struct setting_known *known, const char *before,
		const char *value, struct error *e)
{
	const struct journal_act act = {
		.kind = JOURNAL_SETTING, .what = known->path, .before = before, .after = value
	};
	int ret = 0;

	if (moves_watermarks(known->name))
		ret = note_moved(j, "vm.min_free_kbytes", NULL, e);
	if (!ret)
		ret = journal_note(j, &act, e);
	if (!ret && known->twin && sysfile_same(before, "0"))
		ret = note_moved(j, known->twin, "0", e);
	return ret;
}

/* The kernel kept another value than `after`: undoing would take it for another process's. */
static void take_back(struct journal *j, const struct setting_known *known, const char *before,
		      size_t keep)
{
	(void)sysfile_write(j->root, known->path, before); /* *e keeps the first error */
	(void)journal_undo(j, keep, NULL);
}

static int refused(const struct setting_known *known, const char *value, int ret,
		   struct error *e)
{
	if (ret == -EACCES || ret == -EPERM || ret == -EROFS)
		return error_set(e, -ret, "%s: cannot write %s: %s; run as root", known->name,
				 known->path, strerror(-ret));
	return error_set(e, -ret, "%s: the kernel refuses %s: %s", known->name, value,
			 strerror(-ret));
}

static int mismatch(const struct setting_known *known, const char *value, const char *now,
		    struct error *e)
{
	if (strstr(known->path, "nr_hugepages"))
		return error_set(
			e, ENOMEM,
			"%s: asked for %s huge pages, got %s: memory is too full or too fragmented; the old number is back",
			known->name, value, now);
	return error_set(e, EIO, "%s: wrote %s but the kernel holds %s; the old value is back",
			 known->name, value, now);
}

int settings_permitted(const char *root, const struct setting *setting, unsigned nr,
		       struct error *e)
{
	char now[VALUE_BYTES], path[512];

	for (unsigned i = 0; i < nr; i++) {
		const struct setting_known *known = setting_find(setting[i].name);
		int ret = read_known(root, known, now, sizeof(now), e);

		if (ret)
			return ret;
		snprintf(path, sizeof(path), "%s%s", root, known->path);
		if (access(path, W_OK))
			return refused(known, setting[i].value, -errno, e);
	}
	return 0;
}

int setting_apply(struct journal *j, const char *name, const char *value, struct error *e)
{
	const size_t keep = journal_length(j);
	const struct setting_known *known;
	char before[VALUE_BYTES], now[VALUE_BYTES];
	int ret;

	ret = find(name, &known, e);
	if (!ret)
		ret = read_known(j->root, known, before, sizeof(before), e);
	if (!ret)
		ret = note(j, known, before, value, e);
	if (ret)
		return ret;
	ret = sysfile_write(j->root, known->path, value);
	if (ret)
		ret = refused(known, value, ret, e);
	if (!ret)
		ret = read_known(j->root, known, now, sizeof(now), e);
	if (!ret && !sysfile_same(now, value))
		ret = mismatch(known, value, now, e);
	if (ret)
		take_back(j, known, before, keep);
	return ret;
}

/* In this order: what moves others before what is moved. */
static unsigned rank(const char *name)
{
	if (moves_watermarks(name) || starts_with(name, "thp."))
		return 0;
	return strcmp(name, "vm.min_free_kbytes") ? 1 : 2;
}

static int check_all(const struct journal *j, const struct setting *setting, unsigned nr,
		     struct error *e)
{
	char now[VALUE_BYTES];

	for (unsigned i = 0; i < nr; i++) {
		const struct setting_known *known = setting_find(setting[i].name);
		int ret = read_known(j->root, known, now, sizeof(now), e);

		if (ret)
			return ret;
		if (!sysfile_same(now, setting[i].value))
			return error_set(
				e, EIO,
				"%s was set to %s but holds %s now: another of the settings moved it",
				setting[i].name, setting[i].value, now);
	}
	return 0;
}

int settings_apply(struct journal *j, const struct setting *setting, unsigned nr,
		   struct error *e)
{
	for (unsigned turn = 0; turn < 3; turn++) {
		for (unsigned i = 0; i < nr; i++) {
			int ret;

			if (rank(setting[i].name) != turn)
				continue;
			ret = setting_apply(j, setting[i].name, setting[i].value, e);
			if (ret)
				return ret;
		}
	}
	return check_all(j, setting, nr, e);
}
