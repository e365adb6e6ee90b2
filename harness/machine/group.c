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
		struct limit text;

		err = limit_translate(g, limits, limit, &text, e);
		if (!err && c && cgroup_add_value_string(c, text.name, text.value))
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

static int make_in_hierarchies(struct group *g, const struct limits *limits, bool inner,
			       struct error *e)
{
	int err = create(g, limits, false, e);

	if (!err && g->version == 1 && g->has_cpuset) {
		err = create(g, limits, true, e);
		if (!err && (err = group_v1_cpuset_inherit(g)))
			(void)error_set(e, -err, "cannot fill %s: %s", g->cpuset_path,
					strerror(-err));
	}
	if (!err && g->version == 2 && inner && (err = group_v2_enable(g->path, g->has_cpuset)))
		(void)error_set(e, -err, "cannot enable controllers in %s: %s", g->path,
				strerror(-err));
	for (unsigned i = 0; limits && i < limits->nr && !err; i++) {
		const struct limit *limit = &limits->limit[i];
		const struct limit_file *file = limit_file(limit->name);
		struct limit text;

		if (file->cpuset && !g->has_cpuset)
			err = error_set(e, EOPNOTSUPP,
					"this machine has no cpuset controller for %s",
					limit->name);
		else if (!(err = limit_translate(g, limits, limit, &text, e)))
			err = limit_read_back(g, file, &text, e);
	}
	return err;
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
	int err = make_in_hierarchies(g, limits, inner, e);

	if (err)
		(void)group_remove(g, NULL); /* the first error is the one to tell */
	return err;
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
	int err = child_of(&made, parent, name, e);

	if (!err)
		err = make(&made, limits, false, e);
	if (!err)
		*g = made;
	return err;
}

int group_make_inner(struct group *g, const struct group *parent, const char *name,
		     const struct limits *limits, struct error *e)
{
	struct group made;
	int err = child_of(&made, parent, name, e);

	if (!err)
		err = make(&made, limits, true, e);
	if (!err)
		*g = made;
	return err;
}

static int place_v1(struct group *top, const struct host *host, const char *leaf)
{
	char own[GROUP_PATH_BYTES], mount[GROUP_PATH_BYTES], parent[2 * GROUP_PATH_BYTES];
	int err;

	snprintf(own, sizeof(own), "%s", strcmp(host->cgroup_own, "/") ? host->cgroup_own : "");
	snprintf(parent, sizeof(parent), "%s%s", host->cgroup_mount, own);
	err = join(top->name, own, leaf);
	if (!err)
		err = join(top->path, parent, leaf);
	if (err || !top->has_cpuset)
		return err;
	top->has_cpuset = !group_v1_hierarchy("cpuset", mount, own, sizeof(own));
	if (!top->has_cpuset)
		return 0;
	snprintf(parent, sizeof(parent), "%s%s", mount, own);
	err = join(top->cpuset_name, own, leaf);
	return err ? err : join(top->cpuset_path, parent, leaf);
}

static int place_v2(struct group *top, const struct host *host, const char *leaf,
		    struct journal *j, struct error *e)
{
	struct group parent = { .version = 2, .has_cpuset = top->has_cpuset };
	int err = group_v2_parent(&parent, host, j, e);

	if (!err)
		err = join(top->name, parent.name, leaf);
	if (!err)
		err = join(top->path, parent.path, leaf);
	if (!err)
		memcpy(top->cpuset_path, top->path, sizeof(top->cpuset_path));
	return err;
}

static int place(struct group *top, const struct host *host, const char *leaf,
		 struct journal *j, struct error *e)
{
	int err;

	if (!top->version)
		return error_set(e, ENODEV,
				 "no memory controller here: boot with cgroup_enable=memory or "
				 "use pagestorm lab");
	err = top->version == 1 ? place_v1(top, host, leaf) : place_v2(top, host, leaf, j, e);
	if (err == -ENAMETOOLONG)
		return error_set(e, ENAMETOOLONG,
				 "the path of our own group %s is longer than %d bytes",
				 host->cgroup_own, GROUP_PATH_BYTES - 1);
	return err;
}

static int make_top(struct group *top, const struct host *host, const char *leaf,
		    struct journal *j, struct error *e)
{
	int err = place(top, host, leaf, j, e);

	if (!err)
		err = group_claim(top->path, &top->hold, j, e);
	if (!err && top->version == 1 && top->has_cpuset) {
		err = group_claim(top->cpuset_path, &top->cpuset_hold, j, e);
		if (err)
			(void)journal_undo_one(j, JOURNAL_GROUP, top->path, NULL);
	}
	if (!err) /* libcgroup takes directories that are there, and these are ours */
		return make(top, NULL, true, e);
	group_let_go(top);
	return err;
}

int group_make_top(struct group *top, const struct host *host, bool cpuset, struct journal *j,
		   struct error *e)
{
	struct group made = { .version = host->cgroup_version, .has_cpuset = cpuset };
	char leaf[32 + TOKEN_BYTES], token[TOKEN_BYTES];
	struct error first = { "" };
	int err = library_start(e);

	if (err)
		return err;
	snprintf(leaf, sizeof(leaf), CGTREE_PREFIX "-%d", getpid());
	err = make_top(&made, host, leaf, j, &first);
	if (err == -EEXIST && !token_make(token)) { /* of a PID namespace, or a leftover */
		made = (struct group){ .version = host->cgroup_version, .has_cpuset = cpuset };
		snprintf(leaf, sizeof(leaf), CGTREE_PREFIX "-%d-%s", getpid(), token);
		first.text[0] = '\0';
		err = make_top(&made, host, leaf, j, &first);
	}
	if (err)
		return error_set(e, -err, "%s", first.text);
	*top = made;
	return 0;
}

int group_set_swappiness(const struct group *top, const char *value, struct error *e)
{
	const struct limit_file *file = limit_file("memory.swappiness");
	struct limit written;
	int err;

	if (top->version != 1)
		return 0;
	snprintf(written.name, sizeof(written.name), "%s", file->v1);
	snprintf(written.value, sizeof(written.value), "%s", value);
	err = group_write_file(top->path, written.name, written.value);
	if (err)
		return error_set(e, -err, "cannot set %s of %s to %s: %s", written.name,
				 top->path, value, strerror(-err));
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
	int err = attach(g->name, "memory", pid ? pid : getpid());

	if (!err && g->version == 1 && g->has_cpuset)
		err = attach(g->cpuset_name, "cpuset", pid ? pid : getpid());
	return err;
}

int group_kill(const struct group *g, struct error *e)
{
	return g->version ? cgtree_kill(g->path, NULL, e) : 0;
}

/* libcgroup gives up at the first EBUSY and cannot say what it left: that is taken by path. */
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
	int err, err_cpuset = 0;

	if (!g->version)
		return 0;
	err = group_kill(g, e);
	if (!err)
		err = delete_tree(g->name, "memory", g->path, e);
	if (g->version == 1 && g->has_cpuset)
		err_cpuset = delete_tree(g->cpuset_name, "cpuset", g->cpuset_path, e);
	if (!err)
		err = err_cpuset;
	if (err)
		return err;
	group_let_go(g);
	*g = (struct group){ 0 };
	return 0;
}
