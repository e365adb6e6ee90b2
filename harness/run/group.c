// SPDX-License-Identifier: GPL-2.0-or-later
#include "harness/run/group.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libcgroup.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define POLL_NS	    1000000 /* 1 ms between looks at a group that empties */
#define POLL_TRIES  5000
#define NAME_PREFIX "pagestorm-"

/* ---- files ---- */

static int read_file(const char *directory, const char *file, char *text, size_t bytes)
{
	char path[GROUP_PATH_BYTES + 64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, bytes - 1);
	if (n < 0) {
		n = -errno;
		close(fd);
		return (int)n;
	}
	close(fd);
	text[n] = 0;
	return 0;
}

static int write_file(const char *directory, const char *file, const char *text)
{
	char path[GROUP_PATH_BYTES + 64];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static void pause_ns(long ns)
{
	const struct timespec t = { .tv_nsec = ns };

	(void)nanosleep(&t, NULL); /* woken early: the caller's loop is bounded by tries */
}

int group_read_number(const struct group *g, const char *file, uint64_t *value)
{
	char text[64], *end;
	unsigned long long v;
	int err = read_file(g->path, file, text, sizeof(text));

	if (err)
		return err;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (end == text || errno)
		return -EINVAL;
	*value = v;
	return 0;
}

int group_read_key(const struct group *g, const char *file, const char *key, uint64_t *value)
{
	char text[16384];
	const size_t length = strlen(key);
	int err = read_file(g->path, file, text, sizeof(text));

	if (err)
		return err;
	for (char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, length) && line[length] == ' ') {
			*value = strtoull(line + length + 1, NULL, 10);
			return 0;
		}
	}
	return -ENOENT;
}

int group_oom_kills(const struct group *g, uint64_t *kills)
{
	if (g->version == 1)
		return group_read_key(g, "memory.oom_control", "oom_kill", kills);
	if (!group_read_key(g, "memory.events.local", "oom_kill", kills))
		return 0;
	return group_read_key(g, "memory.events", "oom_kill", kills);
}

/* ---- limits: v2 names to files ---- */

struct limit_file {
	const char *v2, *v1;
	bool cpuset;
	bool bytes; /* rounded down to a page by the kernel */
};

static const struct limit_file limit_files[] = {
	{ "memory.max", "memory.limit_in_bytes", false, true },
	{ "memory.swap.max", "memory.memsw.limit_in_bytes", false, true },
	{ "memory.high", NULL, false, true },
	{ "memory.low", NULL, false, true },
	{ "memory.min", NULL, false, true },
	{ "memory.oom.group", NULL, false, false },
	{ "memory.swap.high", NULL, false, true },
	{ "memory.swappiness", "memory.swappiness", false, false },
	{ "cpuset.mems", "cpuset.mems", true, false },
	{ "cpuset.cpus", "cpuset.cpus", true, false },
};

static const struct limit_file *limit_file(const char *name)
{
	for (size_t i = 0; i < sizeof(limit_files) / sizeof(limit_files[0]); i++)
		if (!strcmp(limit_files[i].v2, name))
			return &limit_files[i];
	return NULL;
}

static const struct limit *limit_get(const struct limits *limits, const char *name)
{
	for (unsigned i = 0; limits && i < limits->nr; i++)
		if (!strcmp(limits->limit[i].name, name))
			return &limits->limit[i];
	return NULL;
}

/*
 * The text to write for a limit on this version. memory.memsw.limit_in_bytes is
 * memory plus swap (Documentation/admin-guide/cgroup-v1/memory.rst), so that
 * v1 needs memory.max beside memory.swap.max.
 */
static int limit_value(const struct group *g, const struct limits *limits,
		       const struct limit *limit, char *text, size_t bytes, struct error *e)
{
	const struct limit *max = limit_get(limits, "memory.max");

	if (g->version == 2 || strcmp(limit->name, "memory.swap.max")) {
		snprintf(text, bytes, "%s",
			 g->version == 1 && !strcmp(limit->value, "max") ? "-1" : limit->value);
		return 0;
	}
	if (!strcmp(limit->value, "max")) {
		snprintf(text, bytes, "-1");
		return 0;
	}
	if (!max || !strcmp(max->value, "max"))
		return error_set(
			e, EINVAL,
			"memory.swap.max needs memory.max beside it on cgroup v1, whose "
			"memsw limit is memory and swap together");
	snprintf(text, bytes, "%llu",
		 strtoull(max->value, NULL, 10) + strtoull(limit->value, NULL, 10));
	return 0;
}

/* "0-1" and "0,1" are the same list; the kernel answers with its own spelling. */
static bool same_list(const char *a, const char *b)
{
	bool set_a[1024] = { false }, set_b[1024] = { false };
	const char *const texts[2] = { a, b };
	bool *const sets[2] = { set_a, set_b };

	for (int i = 0; i < 2; i++)
		for (const char *p = texts[i]; isdigit((unsigned char)*p);) {
			char *end;
			unsigned long first = strtoul(p, &end, 10), last = first;

			if (*end == '-')
				last = strtoul(end + 1, &end, 10);
			for (unsigned long n = first; n <= last && n < 1024; n++)
				sets[i][n] = true;
			p = *end == ',' ? end + 1 : end;
		}
	return !memcmp(set_a, set_b, sizeof(set_a));
}

static bool same_value(const struct limit_file *file, const char *wanted, const char *kept)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (file->cpuset)
		return same_list(wanted, kept);
	if (!strcmp(wanted, "max") || !strcmp(kept, "max"))
		return !strcmp(wanted, kept);
	if (!strcmp(wanted, "-1")) /* v1 answers with the largest page multiple */
		return strtoull(kept, NULL, 10) > INT64_MAX / 2;
	if (file->bytes)
		return strtoull(wanted, NULL, 10) / page == strtoull(kept, NULL, 10) / page;
	return strtoull(wanted, NULL, 10) == strtoull(kept, NULL, 10);
}

static int limit_read_back(const struct group *g, const struct limit_file *file,
			   const char *name, const char *wanted, struct error *e)
{
	char kept[256];
	int err = read_file(file->cpuset ? g->cpuset_path : g->path, name, kept, sizeof(kept));

	if (err)
		return error_set(e, -err, "cannot read %s back from %s: %s", name, g->path,
				 strerror(-err));
	kept[strcspn(kept, "\n")] = 0;
	if (same_value(file, wanted, kept))
		return 0;
	return error_set(e, EIO,
			 "the kernel kept %s = %s where %s was written in %s; the group is not "
			 "limited as asked and the run was stopped",
			 name, kept, wanted, g->path);
}

/* ---- libcgroup ---- */

/* libcgroup loses errno in most failures: its own text is the best there is. */
static int cgroup_failed(int code, const char *what, const char *name, struct error *e)
{
	int err = code == ECGOTHER && cgroup_get_last_errno() ? cgroup_get_last_errno() : EIO;

	if (code == ECGROUPNOTOWNER || err == EACCES || err == EPERM)
		return error_set(e, EACCES,
				 "cannot %s %s: %s; run as root or in a delegated scope "
				 "(systemd-run --scope -p Delegate=yes pagestorm …)",
				 what, name, cgroup_strerror(code));
	return error_set(e, err, "cannot %s %s: %s", what, name, cgroup_strerror(code));
}

/* libcgroup's names are relative to the mount and must not begin with a slash. */
static const char *relative(const char *name)
{
	return *name == '/' ? name + 1 : name;
}

static int create(const struct group *g, const struct limits *limits, bool cpuset,
		  struct error *e)
{
	const char *name = relative(cpuset && g->version == 1 ? g->cpuset_name : g->name);
	struct cgroup *cg = cgroup_new_cgroup(name);
	struct cgroup_controller *memory = NULL, *sets = NULL;
	int code, err = 0;

	if (!cg)
		return error_set(e, ENOMEM, "out of memory for the group %s", name);
	if (g->version == 2 || !cpuset)
		memory = cgroup_add_controller(cg, "memory");
	if (g->version == 2 ? g->has_cpuset : cpuset)
		sets = cgroup_add_controller(cg, "cpuset");
	for (unsigned i = 0; limits && i < limits->nr && !err; i++) {
		const struct limit *limit = &limits->limit[i];
		const struct limit_file *file = limit_file(limit->name);
		struct cgroup_controller *c = file && file->cpuset ? sets : memory;
		char value[64];

		if (!file || (g->version == 1 && !file->v1))
			err = error_set(
				e, EOPNOTSUPP,
				"cgroup v%u has no %s; leave it out or use a guest with the "
				"other version (pagestorm lab)",
				g->version, limit->name);
		else if (c && !(err = limit_value(g, limits, limit, value, sizeof(value), e)) &&
			 cgroup_add_value_string(c, g->version == 1 ? file->v1 : file->v2,
						 value))
			err = error_set(e, ENOMEM, "out of memory for the limits of %s", name);
	}
	if (!err) {
		code = cgroup_create_cgroup(cg, 0);
		if (code)
			err = cgroup_failed(code, "create the group", name, e);
	}
	cgroup_free(&cg);
	return err;
}

static int library_start(struct error *e)
{
	static bool started; /* cgroup_init() reads the mounts once for the process */
	int code = started ? 0 : cgroup_init();

	if (code)
		return error_set(e, ENODEV, "libcgroup finds no cgroups here: %s",
				 cgroup_strerror(code));
	started = true;
	return 0;
}

/* ---- the tree ---- */

/* Mount point and own group of a v1 controller, from mountinfo and /proc/self/cgroup. */
static int v1_hierarchy(const char *controller, char *mount, char *own, size_t bytes)
{
	char line[1024], options[256], point[512], *list, *path;
	FILE *f = fopen("/proc/self/mounts", "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %511s cgroup %255s", point, options) == 2) {
			list = strstr(options, controller);
			found = list && (list == options || list[-1] == ',') &&
				(!list[strlen(controller)] || list[strlen(controller)] == ',');
		}
	if (f)
		fclose(f);
	if (!found)
		return -ENODEV;
	snprintf(mount, bytes, "%s", point);
	f = fopen("/proc/self/cgroup", "re");
	found = false;
	while (f && !found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		list = strchr(line, ':');
		path = list ? strchr(list + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = 0;
		for (char *save, *c = strtok_r(list + 1, ",", &save); c;
		     c = strtok_r(NULL, ",", &save))
			found = found || !strcmp(c, controller);
		if (found)
			snprintf(own, bytes, "%s", strcmp(path, "/") ? path : "");
	}
	if (f)
		fclose(f);
	return found ? 0 : -ENODEV;
}

/* cgroup v2 hands controllers down level by level; libcgroup does not (ENOENT). */
static int v2_enable(const char *directory, bool cpuset)
{
	int err = write_file(directory, "cgroup.subtree_control", "+memory");

	if (!err && cpuset)
		err = write_file(directory, "cgroup.subtree_control", "+cpuset");
	return err;
}

/* v1 cpusets start empty and take no process until both lists are filled. */
static int v1_cpuset_inherit(const struct group *g)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char text[256], parent[GROUP_PATH_BYTES + 8];
		int err;

		if (!read_file(g->cpuset_path, files[i], text, sizeof(text)) && text[0] &&
		    text[0] != '\n')
			continue;
		snprintf(parent, sizeof(parent), "%s/..", g->cpuset_path);
		err = read_file(parent, files[i], text, sizeof(text));
		if (!err)
			err = write_file(g->cpuset_path, files[i], text);
		if (err)
			return err;
	}
	return 0;
}

static int make_in_hierarchies(struct group *g, const struct limits *limits, bool inner,
			       struct error *e)
{
	int err = create(g, limits, false, e);

	if (!err && g->version == 1 && g->has_cpuset) {
		err = create(g, limits, true, e);
		if (!err && (err = v1_cpuset_inherit(g)))
			(void)error_set(e, -err, "cannot fill %s: %s", g->cpuset_path,
					strerror(-err));
	}
	if (!err && g->version == 2 && inner && (err = v2_enable(g->path, g->has_cpuset)))
		(void)error_set(e, -err, "cannot enable controllers in %s: %s", g->path,
				strerror(-err));
	for (unsigned i = 0; limits && i < limits->nr && !err; i++) {
		const struct limit *limit = &limits->limit[i];
		const struct limit_file *file = limit_file(limit->name);
		char value[64];

		if (file->cpuset && !g->has_cpuset)
			err = error_set(e, EOPNOTSUPP,
					"this machine has no cpuset controller for %s",
					limit->name);
		else if (!(err = limit_value(g, limits, limit, value, sizeof(value), e)))
			err = limit_read_back(g, file, g->version == 1 ? file->v1 : file->v2,
					      value, e);
	}
	return err;
}

int group_make(struct group *g, const struct group *parent, const char *name,
	       const struct limits *limits, bool inner, struct error *e)
{
	struct group made = { .version = parent->version, .has_cpuset = parent->has_cpuset };
	int err;

	snprintf(made.name, sizeof(made.name), "%.400s/%.80s", parent->name, name);
	snprintf(made.path, sizeof(made.path), "%.400s/%.80s", parent->path, name);
	snprintf(made.cpuset_name, sizeof(made.cpuset_name), "%.400s/%.80s",
		 parent->cpuset_name, name);
	snprintf(made.cpuset_path, sizeof(made.cpuset_path), "%.400s/%.80s",
		 parent->cpuset_path, name);
	err = make_in_hierarchies(&made, limits, inner, e);
	if (err) {
		(void)group_remove(&made, NULL); /* the first error is the one to tell */
		return err;
	}
	*g = made;
	return 0;
}

/* What was not handed down before is taken back at the end of the run. */
static int v2_enable_journalled(const char *directory, bool cpuset, struct journal *j)
{
	char file[GROUP_PATH_BYTES + 32], before[256];
	int err;

	snprintf(file, sizeof(file), "%s/cgroup.subtree_control", directory);
	err = read_file(directory, "cgroup.subtree_control", before, sizeof(before));
	if (err)
		return err;
	before[strcspn(before, "\n")] = 0;
	err = journal_note(j, JOURNAL_SETTING, file, before,
			   cpuset ? "memory cpuset" : "memory", NULL);
	if (err)
		return err;
	err = v2_enable(directory, cpuset);
	if (err)
		(void)journal_undo_one(j, JOURNAL_SETTING, file, NULL); /* the first is told */
	return err;
}

/* Where a run may build its tree on v2: the root, or our own group once it is a pure parent. */
static int v2_parent(const struct host *host, bool cpuset, char *name, char *path, size_t bytes,
		     struct journal *j, struct error *e)
{
	const char *const tries[2] = { strcmp(host->cgroup_own, "/") ? host->cgroup_own : "",
				       "" };
	int err = 0;

	for (int i = 0; i < 2; i++) {
		snprintf(name, bytes, "%s", tries[i]);
		snprintf(path, bytes, "%s%s", host->cgroup_mount, name);
		err = v2_enable_journalled(path, cpuset, j);
		if (!err)
			return 0;
	}
	return error_set(
		e, -err,
		"cannot enable the memory controller below %s: %s; run in a delegated scope "
		"(systemd-run --scope -p Delegate=yes pagestorm …)",
		path, strerror(-err));
}

int group_make_top(struct group *top, const struct host *host, bool cpuset, struct journal *j,
		   struct error *e)
{
	struct group made = { .version = host->cgroup_version, .has_cpuset = cpuset };
	char own[GROUP_PATH_BYTES] = "", mount[GROUP_PATH_BYTES] = "", leaf[64];
	int err = library_start(e);

	if (err)
		return err;
	snprintf(leaf, sizeof(leaf), NAME_PREFIX "%d", getpid());
	if (made.version == 1) {
		err = v1_hierarchy("memory", mount, own, sizeof(own));
		snprintf(made.name, sizeof(made.name), "%.400s/%.60s", own, leaf);
		snprintf(made.path, sizeof(made.path), "%.200s%.200s/%.60s", mount, own, leaf);
		if (!err && cpuset && !v1_hierarchy("cpuset", mount, own, sizeof(own))) {
			snprintf(made.cpuset_name, sizeof(made.cpuset_name), "%.400s/%.60s",
				 own, leaf);
			snprintf(made.cpuset_path, sizeof(made.cpuset_path),
				 "%.200s%.200s/%.60s", mount, own, leaf);
		} else {
			made.has_cpuset = false;
		}
	} else if (made.version == 2) {
		err = v2_parent(host, cpuset, own, mount, sizeof(own), j, e);
		snprintf(made.name, sizeof(made.name), "%.400s/%.60s", own, leaf);
		snprintf(made.path, sizeof(made.path), "%.400s/%.60s", mount, leaf);
		snprintf(made.cpuset_path, sizeof(made.cpuset_path), "%s", made.path);
	} else {
		err = -ENODEV;
	}
	if (err)
		return error_set(
			e, -err,
			"no memory controller here: boot with cgroup_enable=memory or use "
			"pagestorm lab");
	err = journal_note(j, JOURNAL_GROUP, made.path, NULL, NULL, e);
	if (!err && made.version == 1 && made.has_cpuset)
		err = journal_note(j, JOURNAL_GROUP, made.cpuset_path, NULL, NULL, e);
	if (!err)
		err = make_in_hierarchies(&made, NULL, true, e);
	if (err) {
		(void)group_remove(&made, NULL); /* the first error is the one to tell */
		return err;
	}
	*top = made;
	return 0;
}

int group_set_swappiness(const struct group *top, const char *value, struct error *e)
{
	const struct limit_file *file = limit_file("memory.swappiness");
	int err = top->version == 1 ? write_file(top->path, file->v1, value) : 0;

	if (err)
		return error_set(e, -err, "cannot set %s of %s to %s: %s", file->v1, top->path,
				 value, strerror(-err));
	return top->version == 1 ? limit_read_back(top, file, file->v1, value, e) : 0;
}

/* ---- members ---- */

static int attach(const char *name, const char *controller, pid_t pid)
{
	struct cgroup *cg = cgroup_new_cgroup(relative(name));
	int code;

	if (!cg || !cgroup_add_controller(cg, controller))
		return -ENOMEM;
	code = cgroup_attach_task_pid(cg, pid);
	cgroup_free(&cg);
	if (!code)
		return 0;
	return code == ECGOTHER && cgroup_get_last_errno() ? -cgroup_get_last_errno() : -EIO;
}

int group_attach(const struct group *g, pid_t pid)
{
	int err = attach(g->name, "memory", pid ? pid : getpid());

	if (!err && g->version == 1 && g->has_cpuset)
		err = attach(g->cpuset_name, "cpuset", pid ? pid : getpid());
	return err;
}

/* Calls visit for each child group's directory; stops at its first error. */
static int for_each_child(const char *directory, int (*visit)(const char *directory))
{
	struct dirent *entry;
	DIR *dir = opendir(directory);
	int err = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (entry = readdir(dir))) {
		char path[GROUP_PATH_BYTES];

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%.300s/%.200s", directory, entry->d_name);
		err = visit(path);
	}
	closedir(dir);
	return err;
}

static int kill_members(const char *directory)
{
	char path[GROUP_PATH_BYTES + 16];
	int members = 0, pid;
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	while (fscanf(f, "%d", &pid) == 1) {
		members++;
		if (pid > 0)
			(void)kill(pid, SIGKILL); /* ESRCH: it has gone by itself */
	}
	fclose(f);
	return members ? -EAGAIN : 0;
}

static int kill_tree(const char *directory)
{
	int children = for_each_child(directory, kill_tree);
	int own = kill_members(directory);

	return own ? own : children;
}

int group_kill(const struct group *g, struct error *e)
{
	int err;

	if (!g->version)
		return 0;
	if (g->version == 2)
		(void)write_file(g->path, "cgroup.kill", "1"); /* absent before Linux 5.14 */
	for (int i = 0; i < POLL_TRIES; i++) {
		err = kill_tree(g->path);
		if (err != -EAGAIN)
			break;
		pause_ns(POLL_NS);
	}
	if (err)
		return error_set(e, -err,
				 "processes in %s survive SIGKILL for 5 s: see %s/cgroup.procs",
				 g->path, g->path);
	return 0;
}

static int remove_directory(const char *directory)
{
	int err = for_each_child(directory, remove_directory);

	for (int i = 0; !err && i < POLL_TRIES; i++) {
		if (!rmdir(directory) || errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			return -errno;
		pause_ns(POLL_NS); /* the last member is still on its way out */
	}
	return err ? err : -EBUSY;
}

static int delete_tree(const char *name, const char *controller, const char *path)
{
	struct cgroup *cg = cgroup_new_cgroup(relative(name));

	if (cg && cgroup_add_controller(cg, controller))
		(void)cgroup_delete_cgroup_ext(cg, CGFLAG_DELETE_RECURSIVE |
							   CGFLAG_DELETE_IGNORE_MIGRATION);
	cgroup_free(&cg);
	/* libcgroup gives up at the first EBUSY; what it left, and what it could not say, is
	 * ours. */
	return remove_directory(path);
}

int group_remove(struct group *g, struct error *e)
{
	int err, err_cpuset = 0;

	if (!g->version)
		return 0;
	err = group_kill(g, e);
	if (!err)
		err = delete_tree(g->name, "memory", g->path);
	if (g->version == 1 && g->has_cpuset)
		err_cpuset = delete_tree(g->cpuset_name, "cpuset", g->cpuset_path);
	if (!err)
		err = err_cpuset;
	if (err)
		return error_set(e, -err,
				 "cannot remove the group %s: %s; try pagestorm restore",
				 g->path, strerror(-err));
	*g = (struct group){ 0 };
	return 0;
}
