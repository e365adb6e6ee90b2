// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes, limits, joins and removes groups. The only user of libcgroup.
 */
#include "harness/machine/group.h"

#include <errno.h>
#include <libcgroup.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/machine/identity.h"
#include "harness/machine/cgtree.h"
#include "harness/machine/group_part.h"

/* libcgroup loses errno in most failures: its own text is the best available. */
static int cgroup_failed(int code, const char *what, const char *name, struct error *e)
{
	int errnum =
		code == ECGOTHER && cgroup_get_last_errno() ? cgroup_get_last_errno() : EIO;

	if (code == ECGROUPNOTOWNER || errnum == EACCES || errnum == EPERM)
		return error_set(e, EACCES,
				 "cannot %s %s: %s; pagestorm doctor says what helps", what,
				 name, cgroup_strerror(code));
	return error_set(e, errnum, "cannot %s %s: %s", what, name, cgroup_strerror(code));
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
	int code, ret = 0;

	if (!cg)
		return error_set(e, ENOMEM, "out of memory for the group %s", name);
	if (g->version == 2 || !cpuset)
		memory = cgroup_add_controller(cg, "memory");
	if (g->version == 2 ? g->has_cpuset : cpuset)
		sets = cgroup_add_controller(cg, "cpuset");
	for (unsigned i = 0; limits && i < limits->nr && !ret; i++) {
		const struct limit *limit = &limits->limit[i];
		const struct limit_file *file = limit_file(limit->name);
		struct cgroup_controller *c = file && file->cpuset ? sets : memory;
		struct limit text;

		ret = limit_translate(g, limits, limit, &text, e);
		if (!ret && c && cgroup_add_value_string(c, text.name, text.value))
			ret = error_set(e, ENOMEM, "out of memory for the limits of %s", name);
	}
	if (!ret) {
		code = cgroup_create_cgroup(cg, 0);
		if (code)
			ret = cgroup_failed(code, "create the group", name, e);
	}
	cgroup_free(&cg);
	return ret;
}

static int library_start(struct error *e)
{
	static bool started; /* cgroup_init() reads the mounts once for the process */
	int code = started ? 0 : cgroup_init();

	/* It can fail to open /proc/cgroups and have lost the reason. */
	if (code == ECGOTHER && !cgroup_get_last_errno())
		return error_set(e, ENODEV,
				 "libcgroup cannot read /proc/cgroups or /proc/mounts");
	if (code)
		return error_set(e, ENODEV, "libcgroup finds no cgroups here: %s",
				 cgroup_strerror(code));
	started = true;
	return 0;
}

/* ---- the tree ---- */

static int make_in_hierarchies(struct group *g, const struct limits *limits, bool inner,
			       struct error *e)
{
	int ret = create(g, limits, false, e);

	if (!ret && g->version == 1 && g->has_cpuset) {
		ret = create(g, limits, true, e);
		if (!ret && (ret = group_v1_cpuset_inherit(g)))
			(void)error_set(e, -ret, "cannot fill %s: %s", g->cpuset_path,
					strerror(-ret));
	}
	if (!ret && g->version == 2 && inner && (ret = group_v2_enable(g->path, g->has_cpuset)))
		(void)error_set(e, -ret, "cannot enable controllers in %s: %s", g->path,
				strerror(-ret));
	for (unsigned i = 0; limits && i < limits->nr && !ret; i++) {
		const struct limit *limit = &limits->limit[i];
		const struct limit_file *file = limit_file(limit->name);
		struct limit text;

		if (file->cpuset && !g->has_cpuset)
			ret = error_set(e, EOPNOTSUPP,
					"this machine has no cpuset controller for %s",
					limit->name);
		else if (!(ret = limit_translate(g, limits, limit, &text, e)))
			ret = limit_read_back(g, file, &text, e);
	}
	return ret;
}

/* A cut path would name another group. */
static int join(char *out, const char *directory, const char *name)
{
	if (snprintf(out, GROUP_PATH_BYTES, "%s/%s", directory, name) < GROUP_PATH_BYTES)
		return 0;
	return -ENAMETOOLONG;
}

static int make(struct group *g, const struct limits *limits, bool inner, struct error *e)
{
	int ret = make_in_hierarchies(g, limits, inner, e);

	if (ret)
		(void)group_remove(g, NULL); /* *e keeps the first error */
	return ret;
}

/* A child of parent that is not made yet. */
static int child_of(struct group *child, const struct group *parent, const char *name,
		    struct error *e)
{
	*child = (struct group){ .version = parent->version, .has_cpuset = parent->has_cpuset };
	if (join(child->name, parent->name, name) || join(child->path, parent->path, name) ||
	    join(child->cpuset_name, parent->cpuset_name, name) ||
	    join(child->cpuset_path, parent->cpuset_path, name))
		return error_set(e, ENAMETOOLONG,
				 "the path of the group %s in %s is longer than %d bytes", name,
				 parent->path, GROUP_PATH_BYTES - 1);
	return 0;
}

int group_make(struct group *g, const struct group *parent, const char *name,
	       const struct limits *limits, struct error *e)
{
	struct group made;
	int ret = child_of(&made, parent, name, e);

	if (!ret)
		ret = make(&made, limits, false, e);
	if (!ret)
		*g = made;
	return ret;
}

int group_make_inner(struct group *g, const struct group *parent, const char *name,
		     const struct limits *limits, struct error *e)
{
	struct group made;
	int ret = child_of(&made, parent, name, e);

	if (!ret)
		ret = make(&made, limits, true, e);
	if (!ret)
		*g = made;
	return ret;
}

static int place_v1(struct group *top, const struct host *host, const char *leaf)
{
	char parent[2 * GROUP_PATH_BYTES];
	int ret;

	snprintf(parent, sizeof(parent), "%s%s", host->cgroup_mount, host->cgroup_base);
	ret = join(top->name, host->cgroup_base, leaf);
	if (!ret)
		ret = join(top->path, parent, leaf);
	top->has_cpuset = top->has_cpuset && host->cpuset_mount[0];
	if (ret || !top->has_cpuset)
		return ret;
	snprintf(parent, sizeof(parent), "%s%s", host->cpuset_mount, host->cpuset_own);
	ret = join(top->cpuset_name, host->cpuset_own, leaf);
	return ret ? ret : join(top->cpuset_path, parent, leaf);
}

static int place_v2(struct group *top, const struct host *host, const char *leaf,
		    struct journal *j, struct error *e)
{
	struct group parent = { .version = 2, .has_cpuset = top->has_cpuset };
	int ret = group_v2_parent(&parent, host, j, e);

	if (!ret)
		ret = join(top->name, parent.name, leaf);
	if (!ret)
		ret = join(top->path, parent.path, leaf);
	if (!ret)
		memcpy(top->cpuset_path, top->path, sizeof(top->cpuset_path));
	return ret;
}

static int place(struct group *top, const struct host *host, const char *leaf,
		 struct journal *j, struct error *e)
{
	int ret;

	if (!top->version)
		return error_set(
			e, ENODEV,
			"no memory controller here: boot with cgroup_enable=memory or use pagestorm lab");
	ret = top->version == 1 ? place_v1(top, host, leaf) : place_v2(top, host, leaf, j, e);
	if (ret == -ENAMETOOLONG)
		return error_set(e, ENAMETOOLONG,
				 "the path of our own group %s is longer than %d bytes",
				 host->cgroup_own, GROUP_PATH_BYTES - 1);
	return ret;
}

static int make_top(struct group *top, const struct host *host, const char *leaf,
		    struct journal *j, struct error *e)
{
	int ret = place(top, host, leaf, j, e);

	if (!ret)
		ret = group_claim(top->path, &top->hold, j, e);
	if (!ret && top->version == 1 && top->has_cpuset) {
		ret = group_claim(top->cpuset_path, &top->cpuset_hold, j, e);
		if (ret)
			(void)journal_undo_one(j, JOURNAL_GROUP, top->path, NULL);
	}
	if (!ret) /* libcgroup accepts directories that exist, and these are ours */
		return make(top, NULL, true, e);
	group_let_go(top);
	return ret;
}

int group_make_top(struct group *top, const struct host *host, bool cpuset, struct journal *j,
		   struct error *e)
{
	struct group made = { .version = host->cgroup_version, .has_cpuset = cpuset };
	char leaf[32 + TOKEN_BYTES], token[TOKEN_BYTES];
	struct error first = { "" };
	int ret = library_start(e);

	if (ret)
		return ret;
	snprintf(leaf, sizeof(leaf), CGTREE_PREFIX "-%d", getpid());
	ret = make_top(&made, host, leaf, j, &first);
	if (ret == -EEXIST && !token_make(token)) { /* of a PID namespace, or a leftover */
		made = (struct group){ .version = host->cgroup_version, .has_cpuset = cpuset };
		snprintf(leaf, sizeof(leaf), CGTREE_PREFIX "-%d-%s", getpid(), token);
		first.text[0] = '\0';
		ret = make_top(&made, host, leaf, j, &first);
	}
	if (ret)
		return error_set(e, -ret, "%s", first.text);
	*top = made;
	return 0;
}

int group_set_swappiness(const struct group *top, const char *value, struct error *e)
{
	const struct limit_file *file = limit_file("memory.swappiness");
	struct limit written;
	int ret;

	if (top->version != 1)
		return 0;
	snprintf(written.name, sizeof(written.name), "%s", file->v1);
	snprintf(written.value, sizeof(written.value), "%s", value);
	ret = group_write_file(top->path, written.name, written.value);
	if (ret)
		return error_set(e, -ret, "cannot set %s of %s to %s: %s", written.name,
				 top->path, value, strerror(-ret));
	return limit_read_back(top, file, &written, e);
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
	int ret = attach(g->name, "memory", pid ? pid : getpid());

	if (!ret && g->version == 1 && g->has_cpuset)
		ret = attach(g->cpuset_name, "cpuset", pid ? pid : getpid());
	return ret;
}

int group_kill(const struct group *g, struct error *e)
{
	return g->version ? cgtree_kill(g->path, NULL, e) : 0;
}

/* libcgroup stops at the first EBUSY without naming what is left: cgtree_rmdir() removes that.
 */
static int delete_tree(const char *name, const char *controller, const char *path,
		       struct error *e)
{
	struct cgroup *cg = cgroup_new_cgroup(relative(name));

	if (cg && cgroup_add_controller(cg, controller))
		(void)cgroup_delete_cgroup_ext(cg, CGFLAG_DELETE_RECURSIVE |
							   CGFLAG_DELETE_IGNORE_MIGRATION);
	cgroup_free(&cg);
	return cgtree_rmdir(path, e);
}

int group_remove(struct group *g, struct error *e)
{
	int ret, ret_cpuset = 0;

	if (!g->version)
		return 0;
	ret = group_kill(g, e);
	if (!ret)
		ret = delete_tree(g->name, "memory", g->path, e);
	if (g->version == 1 && g->has_cpuset)
		ret_cpuset = delete_tree(g->cpuset_name, "cpuset", g->cpuset_path, e);
	if (!ret)
		ret = ret_cpuset;
	if (ret)
		return ret;
	group_let_go(g);
	*g = (struct group){ 0 };
	return 0;
}
