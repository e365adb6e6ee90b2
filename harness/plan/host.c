// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looks at the machine and changes nothing, save one write that proves whether
 * oom_score_adj may be lowered and is undone at once. The only user of hwloc.
 */
#include "harness/plan/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hwloc.h>
#include <hwloc/distances.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_cachestat
#define SYS_cachestat 451 /* Linux 6.5, the same on all architectures */
#endif

#define LOCAL_DISTANCE 10 /* ACPI SLIT: a node to itself */

/* virtio specification, device ids and the balloon's feature bits */
#define VIRTIO_ID_BALLOON	   5
#define VIRTIO_BALLOON_F_REPORTING 5

/* ---- files below the root ---- */

/* The whole file as a string without the last newline; -errno. */
static int slurp(const char *root, const char *path, char *out, size_t out_bytes)
{
	char full[768];
	size_t length;
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "re");
	if (!f)
		return -errno;
	length = fread(out, 1, out_bytes - 1, f);
	fclose(f);
	while (length && out[length - 1] == '\n')
		length--;
	out[length] = '\0';
	return 0;
}

static bool is_there(const char *root, const char *path)
{
	char full[768];

	snprintf(full, sizeof(full), "%s%s", root, path);
	return !access(full, F_OK);
}

/* Calls line() for each line of a file of any length; stops when it returns false. */
static int each_line(const char *root, const char *path,
		     bool (*line)(char *text, void *context), void *context)
{
	char full[768], *text = NULL;
	size_t capacity = 0;
	ssize_t length;
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "re");
	if (!f)
		return -errno;
	while ((length = getline(&text, &capacity, f)) > 0) {
		if (text[length - 1] == '\n')
			text[length - 1] = '\0';
		if (!line(text, context))
			break;
	}
	free(text);
	fclose(f);
	return 0;
}

/* ---- memory and processor ---- */

static bool meminfo_line(char *text, void *context)
{
	struct host *host = context;
	uint64_t kb;

	if (sscanf(text, "MemTotal: %" SCNu64 " kB", &kb) == 1)
		host->memory_bytes = kb * 1024;
	if (sscanf(text, "SwapTotal: %" SCNu64 " kB", &kb) == 1)
		host->swap_total_bytes = kb * 1024;
	if (sscanf(text, "MemAvailable: %" SCNu64 " kB", &kb) == 1)
		host->available_bytes = kb * 1024;
	return true;
}

static bool cpuinfo_line(char *text, void *context)
{
	struct host *host = context;
	char *colon = strchr(text, ':');

	if (strncmp(text, "model name", 10) || !colon)
		return true;
	snprintf(host->cpu_model, sizeof(host->cpu_model), "%s", colon + 1 + (colon[1] == ' '));
	return false;
}

static void probe_kernel(struct host *host, const char *root)
{
	unsigned major = 0, minor = 0;

	(void)slurp(root, "/proc/sys/kernel/osrelease", host->kernel, sizeof(host->kernel));
	(void)slurp(root, "/proc/sys/kernel/random/boot_id", host->boot_id,
		    sizeof(host->boot_id));
	if (sscanf(host->kernel, "%u.%u", &major, &minor) == 2)
		host->kernel_code = ENV_KERNEL(major, minor);
}

static enum thp_mode thp_mode(const char *root)
{
	char text[128];

	if (slurp(root, "/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof(text)))
		return THP_ABSENT;
	if (strstr(text, "[always]"))
		return THP_ALWAYS;
	return strstr(text, "[madvise]") ? THP_MADVISE : THP_NEVER;
}

enum mthp_mode mthp_mode(const char *value)
{
	static const struct {
		const char *word;
		enum mthp_mode mode;
	} modes[] = { { "always", MTHP_ALWAYS },
		      { "madvise", MTHP_MADVISE },
		      { "inherit", MTHP_INHERIT },
		      { "never", MTHP_NEVER } };

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (!strcmp(value, modes[i].word))
			return modes[i].mode;
	}
	return MTHP_ABSENT;
}

/* Before Linux 6.8 there is one size, which follows transparent_hugepage/enabled. */
static void probe_mthp(struct host *host, const char *root)
{
	char path[96], text[128];

	for (unsigned order = 1; order < HOST_ORDERS; order++) {
		const uint64_t bytes = host->page_bytes << order;
		char *open, *close;

		snprintf(path, sizeof(path),
			 "/sys/kernel/mm/transparent_hugepage/hugepages-%" PRIu64 "kB/enabled",
			 bytes / 1024);
		host->mthp[order] = bytes == host->pmd_bytes ? MTHP_INHERIT : MTHP_ABSENT;
		if (slurp(root, path, text, sizeof(text)))
			continue;
		open = strchr(text, '[');
		close = open ? strchr(open, ']') : NULL;
		if (close)
			*close = '\0';
		host->mthp[order] = close ? mthp_mode(open + 1) : MTHP_ABSENT;
	}
}

static uint64_t pool_value(const char *root, unsigned kb, const char *name)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%ukB/%s", kb, name);
	return slurp(root, path, text, sizeof(text)) ? 0 : strtoull(text, NULL, 10);
}

static void probe_pool(struct hugetlb_pool *pool, const char *root, unsigned kb)
{
	const uint64_t available = pool_value(root, kb, "free_hugepages");
	const uint64_t promised = pool_value(root, kb, "resv_hugepages");

	pool->nr = pool_value(root, kb, "nr_hugepages");
	pool->left = available > promised ? available - promised : 0;
}

static bool has_entry(const char *root, const char *directory, const char *prefix)
{
	struct dirent *entry;
	bool found = false;
	char full[768];
	DIR *dir;

	snprintf(full, sizeof(full), "%s%s", root, directory);
	dir = opendir(full);
	while (dir && !found && (entry = readdir(dir)))
		found = !strncmp(entry->d_name, prefix, strlen(prefix));
	if (dir)
		closedir(dir);
	return found;
}

struct module_search {
	char pattern[64];
	bool found;
};

static bool module_line(char *text, void *context)
{
	struct module_search *search = context;

	/* modules.dep: "kernel/drivers/block/zram/zram.ko: …", perhaps compressed */
	text[strcspn(text, ":")] = '\0';
	search->found |= strstr(text, search->pattern) != NULL;
	return !search->found;
}

/* Loaded, built in, or there to be loaded. */
static bool has_driver(const struct host *host, const char *root, const char *device,
		       const char *module)
{
	struct module_search search = { .found = false };
	char path[256];

	if (is_there(root, device))
		return true;
	snprintf(search.pattern, sizeof(search.pattern), "/%s.ko", module);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", host->kernel);
	(void)each_line(root, path, module_line, &search);
	return search.found;
}

/* A balloon that reports free pages: the first touch after idling asks the hypervisor. */
static bool probe_page_reporting(const char *root)
{
	char path[768], text[128];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/sys/bus/virtio/devices", root);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/bus/virtio/devices/%s/device",
			 entry->d_name);
		if (entry->d_name[0] == '.' || slurp(root, path, text, sizeof(text)) ||
		    strtoul(text, NULL, 0) != VIRTIO_ID_BALLOON)
			continue;
		snprintf(path, sizeof(path), "/sys/bus/virtio/devices/%s/features",
			 entry->d_name);
		found = !slurp(root, path, text, sizeof(text)) &&
			strlen(text) > VIRTIO_BALLOON_F_REPORTING &&
			text[VIRTIO_BALLOON_F_REPORTING] == '1';
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool probe_cachestat(const struct host *host, bool live)
{
	if (!live)
		return host->kernel_code >= ENV_KERNEL(6, 5);
	return syscall(SYS_cachestat, -1, NULL, NULL, 0) == -1 && errno != ENOSYS;
}

/* A context with its scheme, or the module; Documentation/admin-guide/mm/damon. */
static bool probe_damon(const char *root)
{
	static const char sysfs[] = "/sys/kernel/mm/damon/admin/kdamonds";
	char path[128], text[32];
	bool on = !slurp(root, "/sys/module/damon_reclaim/parameters/enabled", text,
			 sizeof(text)) &&
		  text[0] == 'Y';
	unsigned nr = 0;

	snprintf(path, sizeof(path), "%s/nr_kdamonds", sysfs);
	if (!slurp(root, path, text, sizeof(text)))
		nr = (unsigned)strtoul(text, NULL, 10);
	for (unsigned i = 0; i < nr && !on; i++) {
		snprintf(path, sizeof(path), "%s/%u/state", sysfs, i);
		on = !slurp(root, path, text, sizeof(text)) && !strcmp(text, "on");
	}
	return on;
}

static void probe_features(struct host *host, const char *root)
{
	char text[64];

	host->thp = thp_mode(root);
	if (!slurp(root, "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", text,
		   sizeof(text)))
		host->pmd_bytes = strtoull(text, NULL, 10);
	probe_mthp(host, root);
	host->mglru = !slurp(root, "/sys/kernel/mm/lru_gen/enabled", text, sizeof(text)) &&
		      strtoul(text, NULL, 0);
	if (!slurp(root, "/proc/sys/vm/page-cluster", text, sizeof(text)))
		host->page_cluster = (unsigned)strtoul(text, NULL, 10);
	host->cachestat = probe_cachestat(host, !*root);
	host->psi = is_there(root, "/proc/pressure/memory");
	probe_pool(&host->hugetlb_2m, root, 2048);
	probe_pool(&host->hugetlb_1g, root, 1048576);
	host->hugetlb = has_entry(root, "/sys/kernel/mm/hugepages", "hugepages-");
	host->zram = has_driver(host, root, "/sys/class/zram-control", "zram");
	host->loop = has_driver(host, root, "/dev/loop-control", "loop");
	host->zswap = is_there(root, "/sys/module/zswap/parameters/enabled");
	host->free_page_reporting = probe_page_reporting(root);
	host->reclaims_ahead = probe_damon(root);
}

/* ---- who we are ---- */

static bool status_line(char *text, void *context)
{
	struct host *host = context;
	unsigned effective;

	if (sscanf(text, "Uid: %*u %u", &effective) != 1)
		return true;
	host->root_user = !effective;
	return false;
}

static bool write_number(const char *path, int number)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && dprintf(fd, "%d", number) > 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

/*
 * Lowering below what it was needs CAP_SYS_RESOURCE (man 5 proc), which root in a
 * container or a sandbox may lack: only trying tells.
 */
static bool probe_oom_score(void)
{
	static const char path[] = "/proc/self/oom_score_adj";
	char text[32];
	int now;

	if (slurp("", path, text, sizeof(text)))
		return false;
	now = atoi(text);
	if (now <= -1000)
		return true;
	if (!write_number(path, MIN(now, 0) - 1))
		return false;
	return write_number(path, now);
}

/* ---- cgroup ---- */

struct mount {
	char at[256];	/* mount point */
	char from[256]; /* the part of the hierarchy that is mounted there */
};

struct mounts {
	const char *root;
	struct mount v1, v2; /* at == "": none */
};

static bool list_has(const char *list, const char *separators, const char *word)
{
	size_t length = strlen(word);

	for (const char *p = list; *p; p += strspn(p, separators)) {
		size_t piece = strcspn(p, separators);

		if (piece == length && !strncmp(p, word, length))
			return true;
		p += piece;
	}
	return false;
}

/* mountinfo writes space, tab, newline and backslash as \ooo (man 5 proc). */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		unsigned byte;

		if (*in == '\\' && sscanf(in, "\\%3o", &byte) == 1) {
			*out++ = (char)byte;
			in += 3;
		} else {
			*out++ = *in;
		}
	}
	*out = '\0';
}

static bool mountinfo_line(char *text, void *context)
{
	struct mounts *mounts = context;
	char type[32], options[512], *tail = strstr(text, " - ");
	struct mount *mount = NULL;

	if (!tail || sscanf(tail, " - %31s %*s %511s", type, options) != 2)
		return true;
	if (!strcmp(type, "cgroup") && list_has(options, ",", "memory"))
		mount = &mounts->v1;
	else if (!strcmp(type, "cgroup2"))
		mount = &mounts->v2;
	if (!mount || mount->at[0])
		return true;
	if (sscanf(text, "%*s %*s %*s %255s %255s", mount->from, mount->at) != 2)
		mount->at[0] = '\0';
	unescape(mount->from);
	unescape(mount->at);
	return true;
}

struct membership {
	char v1[256], v2[256];
};

static bool membership_line(char *text, void *context)
{
	struct membership *own = context;
	char *controllers = strchr(text, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path)
		return true;
	*path++ = '\0';
	controllers++;
	if (list_has(controllers, ",", "memory"))
		snprintf(own->v1, sizeof(own->v1), "%s", path);
	else if (!*controllers)
		snprintf(own->v2, sizeof(own->v2), "%s", path);
	return true;
}

/* A group's path below the mount point: a bind mount may show only a part of the tree. */
static void below_mount(const struct mount *mount, const char *path, char *out, size_t bytes)
{
	size_t length = strlen(mount->from);

	if (length > 1 && !strncmp(path, mount->from, length) &&
	    (!path[length] || path[length] == '/'))
		path += length;
	snprintf(out, bytes, "%s", *path ? path : "/");
}

/* Who holds the memory controller decides: on a hybrid host that is v1. */
static void probe_cgroup(struct host *host, const char *root)
{
	struct mounts mounts = { .root = root };
	struct membership own = { "", "" };
	char path[320], controllers[256];

	(void)each_line(root, "/proc/self/mountinfo", mountinfo_line, &mounts);
	(void)each_line(root, "/proc/self/cgroup", membership_line, &own);
	if (own.v1[0] && mounts.v1.at[0]) {
		host->cgroup_version = 1;
		snprintf(host->cgroup_mount, sizeof(host->cgroup_mount), "%s", mounts.v1.at);
		below_mount(&mounts.v1, own.v1, host->cgroup_own, sizeof(host->cgroup_own));
		return;
	}
	snprintf(path, sizeof(path), "%s/cgroup.controllers", mounts.v2.at);
	if (!mounts.v2.at[0] || slurp(root, path, controllers, sizeof(controllers)) ||
	    !list_has(controllers, " ", "memory"))
		return;
	host->cgroup_version = 2;
	snprintf(host->cgroup_mount, sizeof(host->cgroup_mount), "%s", mounts.v2.at);
	below_mount(&mounts.v2, own.v2, host->cgroup_own, sizeof(host->cgroup_own));
}

/* The page cache that a group could give back: both LRU lists, its children's too. */
static bool cache_line(char *text, void *context)
{
	uint64_t bytes;

	if (sscanf(text, "total_inactive_file %" SCNu64, &bytes) == 1 ||
	    sscanf(text, "total_active_file %" SCNu64, &bytes) == 1 ||
	    sscanf(text, "inactive_file %" SCNu64, &bytes) == 1 ||
	    sscanf(text, "active_file %" SCNu64, &bytes) == 1)
		*(uint64_t *)context += bytes;
	return true;
}

/* v1 counts a group's own pages first and then, as total_*, with its children's. */
static bool own_cache_line(char *text, void *context)
{
	return strncmp(text, "total_", 6) ? true : cache_line(text, context);
}

/* What a group may still take; UINT64_MAX: it has no limit. */
static uint64_t group_left(const struct host *host, const char *root, const char *group)
{
	bool v1 = host->cgroup_version == 1;
	uint64_t limit, used, cache = 0;
	char path[768], text[64];

	snprintf(path, sizeof(path), "%s%s/%s", host->cgroup_mount, group,
		 v1 ? "memory.limit_in_bytes" : "memory.max");
	/* the root of v2 has no such file; "max" is no number */
	if (slurp(root, path, text, sizeof(text)) || sscanf(text, "%" SCNu64, &limit) != 1)
		return UINT64_MAX;
	snprintf(path, sizeof(path), "%s%s/%s", host->cgroup_mount, group,
		 v1 ? "memory.usage_in_bytes" : "memory.current");
	if (slurp(root, path, text, sizeof(text)) || sscanf(text, "%" SCNu64, &used) != 1)
		return UINT64_MAX;
	snprintf(path, sizeof(path), "%s%s/memory.stat", host->cgroup_mount, group);
	(void)each_line(root, path, v1 ? own_cache_line : cache_line, &cache);
	used -= MIN(used, cache);
	return limit - MIN(limit, used);
}

/* In a container it is not the machine that runs out first. */
static void clamp_available(struct host *host, const char *root)
{
	char group[sizeof(host->cgroup_own)];
	char *slash;

	if (!host->cgroup_version)
		return;
	snprintf(group, sizeof(group), "%s",
		 strcmp(host->cgroup_own, "/") ? host->cgroup_own : "");
	for (;;) {
		host->available_bytes =
			MIN(host->available_bytes, group_left(host, root, group));
		slash = strrchr(group, '/');
		if (!slash)
			return;
		*slash = '\0';
	}
}

/* ---- topology ---- */

static int topology_load(hwloc_topology_t *topology, const char *root)
{
	const char *before = getenv("HWLOC_FSROOT");
	char *kept = before ? strdup(before) : NULL;
	hwloc_topology_t t;
	int ret;

	/* Read while loading only; there is no call for it. */
	if (*root)
		setenv("HWLOC_FSROOT", root, 1);
	ret = hwloc_topology_init(&t);
	if (!ret) {
		/* x86 asks each CPU in turn by binding to it: slow, and not needed */
		hwloc_topology_set_components(t, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST,
					      "x86");
		/* without groups a node hangs below the machine and takes its CPUs */
		hwloc_topology_set_all_types_filter(t, HWLOC_TYPE_FILTER_KEEP_NONE);
		hwloc_topology_set_type_filter(t, HWLOC_OBJ_GROUP,
					       HWLOC_TYPE_FILTER_KEEP_STRUCTURE);
		hwloc_topology_set_flags(t, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
		ret = hwloc_topology_load(t);
		if (ret)
			hwloc_topology_destroy(t);
	}
	if (*root && kept)
		setenv("HWLOC_FSROOT", kept, 1);
	else if (*root)
		unsetenv("HWLOC_FSROOT");
	free(kept);
	if (ret)
		return -EIO;
	*topology = t;
	return 0;
}

/*
 * The kernel's own list: hwloc gives a node without CPUs those of the nodes that it
 * groups it with by distance.
 */
static void node_cpus(struct host_node *node, hwloc_obj_t object, const char *root)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	char path[64], list[512];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/cpulist", node->id);
	if (set && slurp(root, path, list, sizeof(list)))
		hwloc_bitmap_copy(set, object->cpuset);
	else if (set && *list)
		hwloc_bitmap_list_sscanf(set, list);
	if (set && !hwloc_bitmap_iszero(set)) {
		node->nr_cpus = (unsigned)hwloc_bitmap_weight(set);
		hwloc_bitmap_list_snprintf(node->cpus, sizeof(node->cpus), set);
	}
	hwloc_bitmap_free(set);
}

static void node_fill(struct host_node *node, hwloc_obj_t object, const char *root)
{
	node->id = object->os_index;
	node->memory_bytes = object->attr->numanode.local_memory;
	node_cpus(node, object, root);
}

static int by_id(const void *a, const void *b)
{
	const struct host_node *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static struct host_node *node_find(struct host *host, unsigned id)
{
	for (unsigned i = 0; i < host->nr_nodes; i++) {
		if (host->node[i].id == id)
			return &host->node[i];
	}
	return NULL;
}

static void distances_fill(struct host *host, hwloc_topology_t topology)
{
	struct hwloc_distances_s *matrix;
	unsigned nr = 1;

	for (unsigned i = 0; i < host->nr_nodes; i++)
		host->node[i].distance[i] = LOCAL_DISTANCE;
	/* One node has no matrix. */
	if (hwloc_distances_get_by_name(topology, "NUMALatency", &nr, &matrix, 0) || !nr)
		return;
	for (unsigned i = 0; i < matrix->nbobjs; i++) {
		struct host_node *from = node_find(host, matrix->objs[i]->os_index);

		for (unsigned j = 0; from && j < matrix->nbobjs; j++) {
			struct host_node *to = node_find(host, matrix->objs[j]->os_index);

			if (to)
				from->distance[to - host->node] =
					(unsigned)matrix->values[i * matrix->nbobjs + j];
		}
	}
	hwloc_distances_release(topology, matrix);
}

static int probe_topology(struct host *host, const char *root, struct error *e)
{
	hwloc_topology_t topology;
	hwloc_obj_t object = NULL;

	if (topology_load(&topology, root))
		return error_set(e, EIO, "hwloc cannot read the topology below %s/sys", root);
	host->cpus = (unsigned)hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU);
	while (host->nr_nodes < ENV_NODES_MAX &&
	       (object = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, object)))
		node_fill(&host->node[host->nr_nodes++], object, root);
	qsort(host->node, host->nr_nodes, sizeof(host->node[0]), by_id);
	distances_fill(host, topology);
	hwloc_topology_destroy(topology);
	return 0;
}

int host_probe(struct host *out, const char *root, struct error *e)
{
	struct host *host = calloc(1, sizeof(*host));
	const char *lab = *root ? NULL : getenv("PAGESTORM_LAB");
	int ret;

	if (!host)
		return error_set(e, ENOMEM, "no memory for the probe of the machine");
	ret = each_line(root, "/proc/meminfo", meminfo_line, host);
	if (ret) {
		error_set(e, -ret, "cannot read %s/proc/meminfo: %s", root, strerror(-ret));
		goto out;
	}
	host->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	snprintf(host->lab, sizeof(host->lab), "%s", lab ? lab : "");
	probe_kernel(host, root);
	(void)each_line(root, "/proc/cpuinfo", cpuinfo_line, host);
	(void)each_line(root, "/proc/self/status", status_line, host);
	probe_features(host, root);
	probe_cgroup(host, root);
	clamp_available(host, root);
	host->can_lower_oom_score = !*root && probe_oom_score();
	ret = probe_topology(host, root, e);
	if (!ret)
		*out = *host;
out:
	free(host);
	return ret;
}

void host_env(const struct host *host, struct workload_env *env)
{
	env->page_bytes = host->page_bytes;
	env->pmd_bytes = host->thp == THP_ABSENT ? 0 : host->pmd_bytes;
	env->cgroup_version = host->cgroup_version;
	env->kernel = host->kernel_code;
	env->cpus = host->cpus;
	env->nr_nodes = 0;
	env->cpu_nodes = 0;
	for (unsigned i = 0; i < host->nr_nodes; i++) {
		const struct host_node *node = &host->node[i];

		if (node->memory_bytes) {
			env->node_bytes[env->nr_nodes] = node->memory_bytes;
			env->nodes[env->nr_nodes++] = node->id;
		}
		if (node->id >= ENV_NODES_MAX)
			continue;
		env->cpu_nodes |= node->nr_cpus ? 1ull << node->id : 0;
		for (unsigned j = 0; j < host->nr_nodes; j++)
			if (host->node[j].id < ENV_NODES_MAX)
				env->distance[node->id][host->node[j].id] =
					(uint8_t)node->distance[j];
	}
	env->memory_bytes = host->memory_bytes;
	env->swap_total_bytes = host->swap_total_bytes;
	env->available_bytes = host->available_bytes;
	env->thp = host->thp;
	env->mglru = host->mglru;
	env->page_cluster = host->page_cluster;
	env->cachestat = host->cachestat;
	env->loop = host->loop;
	env->reclaims_ahead = host->reclaims_ahead;
	env->in_lab = host->lab[0] != '\0';
}

/* ---- picking by topology ---- */

#define SET_MAX 4096

struct set {
	unsigned char has[SET_MAX];
};

/* "0-3,8"; -EINVAL for anything else. */
static int set_add(struct set *set, const char *list)
{
	while (*list) {
		unsigned long first, last;
		char *end;

		if (*list < '0' || *list > '9')
			return -EINVAL;
		first = last = strtoul(list, &end, 10);
		if (*end == '-') {
			if (end[1] < '0' || end[1] > '9')
				return -EINVAL;
			last = strtoul(end + 1, &end, 10);
		}
		if (first > last || last >= SET_MAX || (*end && (*end != ',' || !end[1])))
			return -EINVAL;
		for (unsigned long i = first; i <= last; i++)
			set->has[i] = 1;
		list = end + (*end == ',');
	}
	return 0;
}

static bool fits(const struct host_node *node, bool cpus)
{
	return cpus ? node->nr_cpus > 0 : node->memory_bytes > 0;
}

static const struct host_node *pick(const struct host *host, const char *word, int from_node,
				    bool cpus)
{
	const struct host_node *from = NULL, *best = NULL;
	bool farthest = !strcmp(word, "farthest");

	for (unsigned i = 0; i < host->nr_nodes && !from; i++) {
		const struct host_node *node = &host->node[i];

		if (from_node < 0 ? fits(node, cpus) : node->id == (unsigned)from_node)
			from = node;
	}
	if (!from)
		return NULL;
	if (!strcmp(word, "local"))
		return fits(from, cpus) ? from : NULL;
	for (unsigned i = 0; i < host->nr_nodes; i++) {
		const struct host_node *node = &host->node[i];
		unsigned here = from->distance[i];
		unsigned record = best ? from->distance[best - host->node] : 0;

		if (node == from || !fits(node, cpus))
			continue;
		if (!best || (farthest ? here > record : here < record))
			best = node;
	}
	return best;
}

static int pick_list(const struct host *host, const char *text, bool cpus, char *list,
		     unsigned list_bytes, struct error *e)
{
	static const char *const kind[] = { "node", "CPU" };
	struct set wanted = { { 0 } }, there = { { 0 } };

	for (unsigned i = 0; i < host->nr_nodes; i++) {
		if (cpus)
			(void)set_add(&there, host->node[i].cpus);
		else if (host->node[i].id < SET_MAX)
			there.has[host->node[i].id] = 1;
	}
	if (!*text || set_add(&wanted, text))
		return error_set(e, EINVAL, "'%s' is none of nearest, farthest, local, %s0-3,8",
				 text, cpus ? "node1, " : "");
	for (unsigned i = 0; i < SET_MAX; i++) {
		if (wanted.has[i] && !there.has[i])
			return error_set(e, ENODEV, "this machine has no %s %u", kind[cpus], i);
	}
	if (strlen(text) >= list_bytes)
		return error_set(e, EINVAL, "the list is longer than %u bytes", list_bytes - 1);
	snprintf(list, list_bytes, "%s", text);
	return 0;
}

static int pick_text(const struct host *host, const char *text, int from_node, bool cpus,
		     char *list, unsigned list_bytes, struct error *e)
{
	const struct host_node *node;
	char number[16];

	if (strcmp(text, "nearest") && strcmp(text, "farthest") && strcmp(text, "local"))
		return pick_list(host, text, cpus, list, list_bytes, e);
	node = pick(host, text, from_node, cpus);
	if (!node)
		return error_set(e, ENODEV, "this machine has no %s node with %s", text,
				 cpus ? "CPUs" : "memory");
	snprintf(number, sizeof(number), "%u", node->id);
	if (strlen(cpus ? node->cpus : number) >= list_bytes)
		return error_set(e, EINVAL, "the list is longer than %u bytes", list_bytes - 1);
	snprintf(list, list_bytes, "%s", cpus ? node->cpus : number);
	return 0;
}

int host_pick_cpus(const struct host *host, const char *text, int from_node, char *list,
		   unsigned list_bytes, struct error *e)
{
	unsigned id;
	int end = 0;

	if (sscanf(text, "node%u%n", &id, &end) == 1 && !text[end])
		return pick_text(host, "local", (int)id, true, list, list_bytes, e);
	return pick_text(host, text, from_node, true, list, list_bytes, e);
}

int host_pick_nodes(const struct host *host, const char *text, int from_node, char *list,
		    unsigned list_bytes, struct error *e)
{
	return pick_text(host, text, from_node, false, list, list_bytes, e);
}
