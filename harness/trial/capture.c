// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens counter files beforehand and copies their bytes at a barrier. Parses none. */
#include "harness/trial/capture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/plainfile.h"
#include "harness/trial/kthread.h"
#include "workloads/api/arith.h"

#define BUFFER_BYTES 8192 /* first guess; a trial read at opening finds the size */

static const char *const barrier_names[BARRIERS] = { "ready", "held", "gone" };

void capture_init(struct capture *c)
{
	*c = (struct capture){ 0 };
}

void capture_release(struct capture *c)
{
	for (size_t i = 0; i < c->nr; i++) {
		close(c->file[i].fd);
		for (int b = 0; b < BARRIERS; b++)
			free(c->file[i].at[b].data);
	}
	free(c->file);
	capture_init(c);
}

static int grow(struct capture_bytes *bytes, size_t capacity)
{
	char *data = realloc(bytes->data, capacity);

	if (!data)
		return -ENOMEM;
	memset(data + bytes->capacity, 0, capacity - bytes->capacity); /* fault it in now */
	bytes->data = data;
	bytes->capacity = capacity;
	return 0;
}

static int read_all(int fd, struct capture_bytes *bytes)
{
	ssize_t n;

	do {
		if (bytes->length == bytes->capacity &&
		    grow(bytes, bytes->capacity ? 2 * bytes->capacity : BUFFER_BYTES))
			return ENOMEM;
		n = pread(fd, bytes->data + bytes->length, bytes->capacity - bytes->length,
			  (off_t)bytes->length);
		bytes->length += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return n < 0 ? errno : 0;
}

static bool is_of_process(const struct capture_file *file)
{
	return file->source->place == PLACE_PROCESS || file->source->place == PLACE_MAPPING;
}

/* A process that was killed between two reads gives ESRCH or an empty file: no error. */
static void take(const struct capture_file *file, struct capture_bytes *bytes)
{
	int ret;

	bytes->length = 0;
	ret = read_all(file->fd, bytes);
	bytes->error = is_of_process(file) && ret == ESRCH ? 0 : ret;
	bytes->present = !ret && (bytes->length > 0 || file->source->place != PLACE_PROCESS);
}

/*
 * Reads once to find the size, and gives each barrier a buffer with room to spare. 1: the
 * file exists but cannot be read, as where the kernel lacks the feature behind it.
 */
static int make_room(struct capture_file *file)
{
	struct capture_bytes *first = &file->at[BARRIER_READY];
	size_t capacity;
	int ret = 0;

	take(file, first);
	if (first->error)
		return first->error == ENOMEM ? -ENOMEM : 1;
	capacity = first->length * 5 / 4 + 1024;
	for (int b = 0; b < BARRIERS && !ret; b++)
		if (file->at[b].capacity < capacity)
			ret = grow(&file->at[b], capacity);
	first->present = false;
	return ret;
}

static void forget_last(struct capture *c)
{
	struct capture_file *file = &c->file[--c->nr];

	close(file->fd);
	for (int b = 0; b < BARRIERS; b++)
		free(file->at[b].data);
}

/* Room for one more; NULL when out of memory. */
static struct capture_file *next_file(struct capture *c)
{
	size_t capacity = c->capacity ? 2 * c->capacity : 64;
	struct capture_file *file;

	if (c->nr < c->capacity)
		return &c->file[c->nr];
	file = reallocarray(c->file, capacity, sizeof(*file));
	if (!file)
		return NULL;
	c->file = file;
	c->capacity = capacity;
	return &c->file[c->nr];
}

/* Opens a file whose other members are set; one that this kernel lacks is left out. */
static int add(struct capture *c, struct capture_file file, const char *path, struct error *e)
{
	struct capture_file *next;
	int ret;

	file.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file.fd < 0)
		return errno == EMFILE || errno == ENFILE
			       ? error_set(e, errno, "cannot open %s: %s; raise ulimit -n",
					   path, strerror(errno))
			       : 0;
	next = next_file(c);
	if (!next) {
		close(file.fd);
		return error_set(e, ENOMEM, "out of memory while opening %s", path);
	}
	*next = file;
	c->nr++;
	ret = make_room(next);
	if (ret > 0)
		forget_last(c);
	return ret < 0 ? error_set(e, ENOMEM, "out of memory for a copy of %s", path) : 0;
}

/* The table's paths are "/sys/devices/system/node/node%u/FILE" and "/proc/%d/FILE". */
static const char *leaf(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const struct source *find_source(const char *name, enum place place)
{
	for (const struct source *s = sources; s->name; s++)
		if (s->place == place && !strcmp(s->name, name))
			return s;
	return NULL;
}

static bool is_kswapd(const char *path, char *name, size_t name_bytes)
{
	char text[1024];
	FILE *f = fopen(path, "re");
	bool is = f && fgets(text, sizeof(text), f) && kthread_name(text, name, name_bytes) &&
		  !strncmp(name, "kswapd", 6);

	if (f)
		fclose(f);
	return is;
}

/*
 * kswapd's CPU time is in its own stat: scope kswapd0 … In a PID namespace kernel threads
 * cannot be seen, and these counters are absent.
 */
static int open_kswapd(struct capture *c, struct error *e)
{
	const struct source *stat = find_source("stat", PLACE_PROCESS);
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	int ret = 0;

	while (proc && stat && !ret && (entry = readdir(proc))) {
		struct capture_file file = { .source = stat,
					     .owner = OWNER_SYSTEM,
					     .pid = atoi(entry->d_name) };
		char path[64];

		if (file.pid <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/stat", file.pid);
		if (is_kswapd(path, file.scope, sizeof(file.scope)))
			ret = add(c, file, path, e);
	}
	if (proc)
		closedir(proc);
	return ret;
}

/* Once more under a scope of its own, to be taken before and after all others. */
static int open_around(struct capture *c, struct error *e)
{
	static const char *const names[] = { "vmstat", "damon_reclaim" };
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && !ret; i++) {
		const struct source *source = find_source(names[i], PLACE_SYSTEM);
		const struct capture_file file = { .source = source,
						   .owner = OWNER_SYSTEM,
						   .scope = CAPTURE_AROUND };

		ret = add(c, file, source->path, e);
	}
	return ret;
}

static int open_node(struct capture *c, const struct source *source, unsigned id,
		     struct error *e)
{
	struct capture_file file = { .source = source, .owner = OWNER_SYSTEM };
	char path[256];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/%s", id,
		 leaf(source->path));
	snprintf(file.scope, sizeof(file.scope), "node%u", id);
	return add(c, file, path, e);
}

int capture_open_system(struct capture *c, const struct host *host, struct error *e)
{
	int ret = 0;

	c->nr_nodes = host->nr_nodes < ENV_NODES_MAX ? host->nr_nodes : ENV_NODES_MAX;
	for (unsigned i = 0; i < c->nr_nodes; i++)
		c->node[i] = host->node[i].id;
	for (const struct source *s = sources; s->name && !ret; s++) {
		const struct capture_file file = { .source = s,
						   .owner = OWNER_SYSTEM,
						   .scope = "system" };

		if (s->place == PLACE_SYSTEM)
			ret = add(c, file, s->path, e);
		if (s->place != PLACE_NODE)
			continue;
		for (unsigned i = 0; i < host->nr_nodes && !ret; i++)
			ret = open_node(c, s, host->node[i].id, e);
	}
	if (!ret)
		ret = open_around(c, e);
	return ret ? ret : open_kswapd(c, e);
}

int capture_open_group(struct capture *c, const struct group *group, int owner, struct error *e)
{
	int ret = 0;

	for (const struct source *s = sources; s->name && !ret; s++) {
		struct capture_file file = { .source = s, .owner = owner };
		char path[GROUP_PATH_BYTES + 64];

		if (s->place != PLACE_GROUP ||
		    (s->cgroup_version && s->cgroup_version != group->version))
			continue;
		snprintf(path, sizeof(path), "%s/%s", group->path, s->path);
		snprintf(file.scope, sizeof(file.scope), "%s",
			 owner == OWNER_RUN ? "run" : "group");
		ret = add(c, file, path, e);
	}
	return ret;
}

static bool is_open(const struct capture *c, const struct capture_file *like, enum place place)
{
	for (size_t i = 0; i < c->nr; i++)
		if (c->file[i].owner == like->owner && c->file[i].pid == like->pid &&
		    c->file[i].source->place == place)
			return true;
	return false;
}

/* The files of one process, or of its mapping, that differ from `like` by their source. */
static int open_place(struct capture *c, const struct capture_file *like, enum place place,
		      struct error *e)
{
	struct capture_file file = *like;
	char path[256];
	int ret = 0;

	if (is_open(c, like, place))
		return 0;
	for (const struct source *s = sources; s->name && !ret; s++) {
		if (s->place != place)
			continue;
		file.source = s;
		snprintf(path, sizeof(path), "/proc/%d/%s", like->pid, leaf(s->path));
		ret = add(c, file, path, e);
	}
	return ret;
}

/* process, process1 … */
static void name_scope(struct capture_file *file, const char *name, unsigned nr)
{
	if (nr)
		snprintf(file->scope, sizeof(file->scope), "%s%u", name, nr);
	else
		snprintf(file->scope, sizeof(file->scope), "%s", name);
}

int capture_open_processes(struct capture *c, const struct ledger *ledger, int owner,
			   struct error *e)
{
	int ret = 0;

	for (unsigned i = 0; i < LEDGER_PROCESSES && !ret; i++) {
		const struct ledger_process *p = &ledger->process[i];
		struct capture_file file = { .owner = owner,
					     .pid = p->pid,
					     .range = { p->map_start, p->map_bytes } };

		if (p->pid <= 0)
			continue;
		name_scope(&file, "process", i);
		ret = open_place(c, &file, PLACE_PROCESS, e);
		name_scope(&file, "mapping", i);
		if (!ret && p->map_bytes)
			ret = open_place(c, &file, PLACE_MAPPING, e);
	}
	return ret;
}

static unsigned part_of(const struct capture_file *file)
{
	if (!strcmp(file->scope, CAPTURE_AROUND))
		return PART_AROUND;
	switch (file->source->place) {
	case PLACE_SYSTEM:
	case PLACE_NODE:
		return PART_SYSTEM;
	case PLACE_GROUP:
		return PART_GROUPS;
	case PLACE_PROCESS:
	case PLACE_MAPPING:
		break;
	}
	return PART_PROCESSES;
}

void capture_take(struct capture *c, enum barrier barrier, unsigned parts)
{
	for (size_t i = 0; i < c->nr; i++)
		if (parts & part_of(&c->file[i]))
			take(&c->file[i], &c->file[i].at[barrier]);
}

static int parse_side(const struct capture *c, const struct capture_file *file,
		      enum barrier barrier, struct record *record, struct error *e)
{
	const struct capture_bytes *bytes = &file->at[barrier];
	const bool after = barrier != BARRIER_READY;
	const struct source_text text = { .source = file->source,
					  .scope = file->scope,
					  .bytes = bytes->data,
					  .length = bytes->length,
					  .range = file->range };
	int ret;

	if (bytes->error)
		return error_set(e, bytes->error,
				 "cannot read %s of %s at %s: %s; its counters are unknown",
				 file->source->name, file->scope, barrier_names[barrier],
				 strerror(bytes->error));
	if (!bytes->present)
		return 0;
	ret = counters_parse(record, after, &text, e);
	if (!ret && file->source->format == FORMAT_NUMA_MAPS)
		ret = counters_numa_zero(record, after, file->scope, c->node, c->nr_nodes);
	return ret;
}

/* After GONE there is no process: only the groups and the machine have a residue. */
static bool is_in_span(const struct capture_file *file, int owner, enum span span)
{
	if (file->owner != owner && file->owner != OWNER_SYSTEM && file->owner != OWNER_RUN)
		return false;
	return span == SPAN_WORK || part_of(file) != PART_PROCESSES;
}

int capture_parse(const struct capture *c, int owner, enum span span, struct record *record,
		  struct error *e)
{
	const enum barrier after = span == SPAN_WORK ? BARRIER_HELD : BARRIER_GONE;
	int ret = 0;

	for (size_t i = 0; i < c->nr && !ret; i++) {
		const struct capture_file *file = &c->file[i];

		if (!is_in_span(file, owner, span))
			continue;
		ret = parse_side(c, file, BARRIER_READY, record, e);
		if (!ret)
			ret = parse_side(c, file, after, record, e);
	}
	if (!ret)
		record_sort(record);
	return ret;
}

static int keep_one(const struct capture_file *file, enum barrier barrier, int dirfd,
		    const char *prefix, struct error *e)
{
	const struct capture_bytes *bytes = &file->at[barrier];
	char name[256];
	int fd, ret = 0;

	snprintf(name, sizeof(name), "%s-%s-%d-%s-%s", prefix, barrier_names[barrier],
		 file->owner, file->scope, file->source->name);
	for (char *p = name; *p; p++)
		*p = *p == '/' ? '.' : *p;
	fd = plainfile_make(dirfd, name); /* a resumed or repeated trial replaces its file */
	if (fd < 0)
		return error_set(e, -fd, "cannot write raw/%s: %s", name, strerror(-fd));
	if (write(fd, bytes->data, bytes->length) != (ssize_t)bytes->length)
		ret = error_set(e, EIO, "cannot write raw/%s completely", name);
	close(fd);
	return ret;
}

int capture_keep(const struct capture *c, int dirfd, const char *prefix, struct error *e)
{
	int ret = 0;

	for (size_t i = 0; i < c->nr && !ret; i++)
		for (int b = 0; b < BARRIERS && !ret; b++)
			if (c->file[i].at[b].present)
				ret = keep_one(&c->file[i], (enum barrier)b, dirfd, prefix, e);
	return ret;
}
