// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probes the machine and leaves it unchanged: one write proves whether oom_score_adj may be
 * lowered and is undone at once, and the capabilities are tried (capability.h).
 */
#include "harness/machine/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/guestword.h"
#include "harness/machine/host_file.h"
#include "harness/machine/host_probe.h"
#include "workloads/api/arith.h"

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
	if (sscanf(text, "CommitLimit: %" SCNu64 " kB", &kb) == 1)
		host->commit_limit_bytes = kb * 1024;
	if (sscanf(text, "Committed_AS: %" SCNu64 " kB", &kb) == 1)
		host->committed_bytes = kb * 1024;
	if (sscanf(text, "Hugepagesize: %" SCNu64 " kB", &kb) == 1)
		host->hugetlb_default_bytes = kb * 1024;
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
	(void)host_file_read(root, "/proc/sys/kernel/osrelease", host->kernel,
			     sizeof(host->kernel));
	(void)host_file_read(root, "/proc/sys/kernel/random/boot_id", host->boot_id,
			     sizeof(host->boot_id));
}

static enum thp_mode thp_mode(const char *root)
{
	char text[128];

	if (host_file_read(root, "/sys/kernel/mm/transparent_hugepage/enabled", text,
			   sizeof(text)))
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

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
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
		if (host_file_read(root, path, text, sizeof(text)))
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
	return host_file_read(root, path, text, sizeof(text)) ? 0 : strtoull(text, NULL, 10);
}

static void probe_pool(struct hugetlb_pool *pool, const char *root, unsigned kb)
{
	const uint64_t available = pool_value(root, kb, "free_hugepages");
	const uint64_t promised = pool_value(root, kb, "resv_hugepages");

	pool->nr = pool_value(root, kb, "nr_hugepages");
	pool->left = available > promised ? available - promised : 0;
}

static void probe_pool_nodes(struct host *host, const char *root)
{
	for (unsigned i = 0; i < host->nr_nodes; i++) {
		char path[128], text[32];

		snprintf(
			path, sizeof(path),
			"/sys/devices/system/node/node%u/hugepages/hugepages-2048kB/free_hugepages",
			host->node[i].id);
		if (!host_file_read(root, path, text, sizeof(text)))
			host->hugetlb_2m_node[i] = strtoull(text, NULL, 10);
	}
}

struct zone_search {
	struct host *host;
	struct env_zone zone; /* of the lines that follow */
	bool too_many;
};

/* "Node 0, zone  Normal" begins a zone, "managed  127000" is its pages for allocation. */
static bool zoneinfo_line(char *text, void *context)
{
	struct zone_search *search = context;
	struct host *host = search->host;
	struct env_zone next = { 0 };
	uint64_t managed;

	if (sscanf(text, "Node %u, zone %11s", &next.node, next.name) == 2) {
		search->zone = next;
		return true;
	}
	if (sscanf(text, " managed %" SCNu64, &managed) != 1 || !managed)
		return true;
	search->too_many = host->nr_zones == ENV_ZONES_MAX;
	if (search->too_many)
		return false;
	search->zone.managed_pages = managed;
	host->zone[host->nr_zones++] = search->zone;
	return true;
}

static uint64_t vm_value(const char *root, const char *name)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "/proc/sys/vm/%s", name);
	return host_file_read(root, path, text, sizeof(text)) ? 0 : strtoull(text, NULL, 10);
}

static int probe_watermarks(struct host *host, const char *root, struct error *e)
{
	struct zone_search search = { .host = host };

	(void)host_file_lines(root, "/proc/zoneinfo", zoneinfo_line, &search);
	if (search.too_many)
		return error_set(
			e, E2BIG,
			"this machine has more zones with pages than pagestorm handles: %d at most",
			ENV_ZONES_MAX);
	host->min_free_kb = vm_value(root, "min_free_kbytes");
	host->watermark_scale = vm_value(root, "watermark_scale_factor");
	host->zone_reclaim_mode = (unsigned)vm_value(root, "zone_reclaim_mode");
	host->overcommit_memory = (unsigned)vm_value(root, "overcommit_memory");
	return 0;
}

static bool has_entry(const char *root, const char *directory, const char *prefix)
{
	struct dirent *entry;
	bool found = false;
	char full[HOST_PATH_BYTES];
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

	if (host_file_exists(root, device))
		return true;
	snprintf(search.pattern, sizeof(search.pattern), "/%s.ko", module);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", host->kernel);
	(void)host_file_lines(root, path, module_line, &search);
	return search.found;
}

static void probe_dirty(struct host_dirty *dirty, const char *root)
{
	dirty->bytes = vm_value(root, "dirty_bytes");
	dirty->ratio = vm_value(root, "dirty_ratio");
	dirty->background_bytes = vm_value(root, "dirty_background_bytes");
	dirty->background_ratio = vm_value(root, "dirty_background_ratio");
}

uint64_t host_dirty_background(const struct host_dirty *d, uint64_t available_bytes)
{
	uint64_t limit = d->bytes ? d->bytes : available_bytes / 100 * d->ratio;
	uint64_t background = d->background_bytes ? d->background_bytes
						  : available_bytes / 100 * d->background_ratio;

	return background < limit ? background : limit / 2;
}

static void probe_features(struct host *host, const char *root)
{
	char text[64];

	host->thp = thp_mode(root);
	if (!host_file_read(root, "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", text,
			    sizeof(text)))
		host->pmd_bytes = strtoull(text, NULL, 10);
	probe_mthp(host, root);
	host->mglru =
		!host_file_read(root, "/sys/kernel/mm/lru_gen/enabled", text, sizeof(text)) &&
		strtoul(text, NULL, 0);
	host->strict_overcommit =
		!host_file_read(root, "/proc/sys/vm/overcommit_memory", text, sizeof(text)) &&
		atoi(text) == 2;
	if (!host_file_read(root, "/proc/sys/vm/page-cluster", text, sizeof(text)))
		host->page_cluster = (unsigned)strtoul(text, NULL, 10);
	probe_dirty(&host->dirty, root);
	host->psi = host_file_exists(root, "/proc/pressure/memory");
	probe_pool(&host->hugetlb_2m, root, 2048);
	probe_pool(&host->hugetlb_1g, root, 1048576);
	host->hugetlb_2m_overcommit = pool_value(root, 2048, "nr_overcommit_hugepages");
	host->hugetlb = has_entry(root, "/sys/kernel/mm/hugepages", "hugepages-");
	host->zram = has_driver(host, root, "/sys/class/zram-control", "zram");
	host->loop = has_driver(host, root, "/dev/loop-control", "loop");
	host->zswap = host_file_exists(root, "/sys/module/zswap/parameters/enabled");
}

/* ---- what has to be tried ---- */

static bool capability_line(char *text, void *context)
{
	struct host *host = context;

	(void)capability_take_line(text, host->capability); /* another line is a remark */
	return true;
}

/* After all else: a probe depends on the machine. */
static void probe_capabilities(struct host *host, const char *root)
{
	const struct capability_machine machine = { .root = root,
						    .page_bytes = host->page_bytes,
						    .pmd_bytes = host->thp == THP_ABSENT
									 ? 0
									 : host->pmd_bytes,
						    .available_bytes = host->available_bytes,
						    .cgroup_version = host->cgroup_version,
						    .cgroup_mount = host->cgroup_mount,
						    .cgroup_own = host->cgroup_own };

	for (unsigned i = 0; i < NR_CAPABILITIES; i++)
		snprintf(host->capability[i].seen, sizeof(host->capability[i].seen),
			 "not saved");
	capability_probe_all(&machine, host->capability);
	if (*root)
		(void)host_file_lines(root, "/capabilities", capability_line, host);
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
 * container or a sandbox may lack: so it is tried.
 */
static bool probe_oom_score(void)
{
	static const char path[] = "/proc/self/oom_score_adj";
	char text[32];
	int now;

	if (host_file_read("", path, text, sizeof(text)))
		return false;
	now = atoi(text);
	if (now <= -1000)
		return true;
	if (!write_number(path, (now < 0 ? now : 0) - 1))
		return false;
	return write_number(path, now);
}

/* The environment alone proves nothing: anyone sets it. The kernel's command line does. */
bool host_is_guest(const char *root)
{
	char line[4096], *save = NULL;

	if (host_file_read(root, "/proc/cmdline", line, sizeof(line)))
		return false;
	for (char *word = strtok_r(line, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save))
		if (!strcmp(word, GUEST_WORD))
			return true;
	return false;
}

static void take_lab(struct host *host, const char *root)
{
	const char *shape = getenv("PAGESTORM_LAB");

	if (shape && host_is_guest(root))
		snprintf(host->lab, sizeof(host->lab), "%s", shape);
}

/* Without CAP_SYS_ADMIN a frame's number reads 0 (Documentation/admin-guide/mm/pagemap.rst). */
static bool probe_no_frames(uint64_t page_bytes)
{
	const uint64_t present = 1ull << 63, frame_bits = (1ull << 55) - 1;
	uint64_t entry = 0; /* its own page is present: it was just written */
	const off_t at = (off_t)((uintptr_t)&entry / page_bytes * sizeof(entry));
	const int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return true;
	n = pread(fd, &entry, sizeof(entry), at);
	close(fd);
	return n != (ssize_t)sizeof(entry) || !(entry & present) || !(entry & frame_bits) ||
	       access("/proc/kpageflags", R_OK);
}

int host_probe(struct host *out, const char *root, struct error *e)
{
	struct host *host = calloc(1, sizeof(*host));
	int ret;

	if (!host)
		return error_set(e, ENOMEM, "no memory for the probe of the machine");
	ret = host_file_lines(root, "/proc/meminfo", meminfo_line, host);
	if (ret) {
		error_set(e, -ret, "cannot read %s/proc/meminfo: %s", root, strerror(-ret));
		goto out;
	}
	host->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	if (!*root)
		take_lab(host, root);
	probe_kernel(host, root);
	(void)host_file_lines(root, "/proc/cpuinfo", cpuinfo_line, host);
	(void)host_file_lines(root, "/proc/self/status", status_line, host);
	probe_features(host, root);
	ret = host_probe_cgroup(host, root, e);
	if (ret)
		goto out;
	host_probe_place(host, root);
	host_clamp_available(host, root);
	host_probe_around(host, root);
	host->no_frames = !*root && probe_no_frames(host->page_bytes);
	host->can_lower_oom_score = !*root && probe_oom_score();
	ret = probe_watermarks(host, root, e);
	if (!ret)
		ret = host_probe_topology(host, root, e);
	if (ret)
		goto out;
	probe_pool_nodes(host, root);
	probe_capabilities(host, root);
	*out = *host;
	host->cpu_lists = NULL;
out:
	host_release(host);
	free(host);
	return ret;
}

void host_release(struct host *host)
{
	free(host->cpu_lists);
	host->cpu_lists = NULL;
	for (unsigned i = 0; i < host->nr_nodes; i++)
		host->node[i].cpus = NULL;
}

void host_env(const struct host *host, struct workload_env *env)
{
	env->page_bytes = host->page_bytes;
	env->pmd_bytes = host->thp == THP_ABSENT ? 0 : host->pmd_bytes;
	env->cgroup_version = host->cgroup_version;
	env->no_frames = host->no_frames;
	env->in_place = host->place == CGROUP_IN_PLACE;
	env->cpus = host->cpus;
	env->nr_nodes = 0;
	env->nr_all_nodes = host->nr_nodes;
	env->cpu_nodes = 0;
	for (unsigned i = 0; i < host->nr_nodes; i++) {
		const struct host_node *node = &host->node[i];

		if (node->memory_bytes && host_has_node(host, node->id)) {
			env->node_bytes[env->nr_nodes] = node->memory_bytes;
			env->hugetlb_2m_node[env->nr_nodes] = host->hugetlb_2m_node[i];
			env->nodes[env->nr_nodes++] = node->id;
		}
		env->all_nodes[i] = node->id;
		env->cpu_nodes |= node->nr_cpus ? 1ull << i : 0;
		for (unsigned j = 0; j < host->nr_nodes; j++)
			env->distance[i][j] = (uint8_t)node->distance[j];
	}
	env->memory_bytes = host->memory_bytes;
	env->swap_total_bytes = host->swap_total_bytes;
	env->available_bytes = host->available_bytes;
	for (unsigned i = 0; i < NR_CAPABILITIES; i++)
		env->capability[i] = host->capability[i].state;
	env->thp = host->thp;
	env->mglru = host->mglru;
	env->page_cluster = host->page_cluster;
	env->dirty_background_bytes =
		host_dirty_background(&host->dirty, host->available_bytes);
	env->loop = host->loop;
	env->hugetlb = host->hugetlb;
	env->hugetlb_default_bytes = host->hugetlb_default_bytes;
	env->in_lab = host->lab[0] != '\0';
	env->nr_zones = host->nr_zones;
	memcpy(env->zone, host->zone, sizeof(env->zone));
	env->min_free_kb = host->min_free_kb;
	env->watermark_scale = host->watermark_scale;
	env->zone_reclaim_mode = host->zone_reclaim_mode;
	env->overcommit_memory = host->overcommit_memory;
	env->hugetlb_2m_overcommit = host->hugetlb_2m_overcommit;
}
