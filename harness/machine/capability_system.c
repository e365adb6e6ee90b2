// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What files of /proc and /sys say and no trying could: damon_reclaims, page_reporting,
 * zswap_on, recursive_protection, hugetlb_charge, base_page_4k, huge_page_2m and
 * small_huge_pages. They are read below the root of a saved machine too.
 */
#include "harness/machine/capability_probe.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/machine/host_file.h"

/* virtio specification, device ids and the balloon's feature bits */
#define VIRTIO_ID_BALLOON	   5
#define VIRTIO_BALLOON_F_REPORTING 5

#define DAMON_MODULE "/sys/module/damon_reclaim/parameters/enabled"
#define DAMON_SYSFS  "/sys/kernel/mm/damon/admin/kdamonds"

/* ---- DAMON ---- */

/* Files below DAMON_SYSFS; what cannot be read is noted. */
struct damon {
	const char *root;
	int err;
};

static bool damon_word(struct damon *d, char *word, size_t bytes, const char *path)
{
	char full[HOST_PATH_BYTES];
	int ret;

	snprintf(full, sizeof(full), "%s/%s", DAMON_SYSFS, path);
	ret = host_file_read(d->root, full, word, bytes);
	if (ret && ret != -ENOENT)
		d->err = -ret;
	return !ret;
}

static unsigned damon_number(struct damon *d, const char *path)
{
	char word[32];

	return damon_word(d, word, sizeof(word), path) ? (unsigned)strtoul(word, NULL, 10) : 0;
}

static unsigned pageouts_of_context(struct damon *d, unsigned kdamond, unsigned context)
{
	char path[96], word[32];
	unsigned nr, found = 0;

	snprintf(path, sizeof(path), "%u/contexts/%u/schemes/nr_schemes", kdamond, context);
	nr = damon_number(d, path);
	for (unsigned i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%u/contexts/%u/schemes/%u/action", kdamond,
			 context, i);
		found += damon_word(d, word, sizeof(word), path) && !strcmp(word, "pageout");
	}
	return found;
}

static unsigned pageouts_of_kdamond(struct damon *d, unsigned kdamond)
{
	char path[64], word[32];
	unsigned nr, found = 0;

	snprintf(path, sizeof(path), "%u/state", kdamond);
	if (!damon_word(d, word, sizeof(word), path) || strcmp(word, "on"))
		return 0;
	snprintf(path, sizeof(path), "%u/contexts/nr_contexts", kdamond);
	nr = damon_number(d, path);
	for (unsigned i = 0; i < nr; i++)
		found += pageouts_of_context(d, kdamond, i);
	return found;
}

void probe_damon_reclaims(const struct capability_machine *machine,
			  struct capability_result *out)
{
	struct damon d = { .root = machine->root };
	unsigned found = 0, nr;
	char text[32];

	if (!host_file_read(d.root, DAMON_MODULE, text, sizeof(text)) && text[0] == 'Y') {
		probe_found(out, CAPABILITY_YES, "%s is Y", DAMON_MODULE);
		return;
	}
	nr = damon_number(&d, "nr_kdamonds");
	for (unsigned i = 0; i < nr; i++)
		found += pageouts_of_kdamond(&d, i);
	if (found)
		probe_found(out, CAPABILITY_YES, "%u of its schemes page out", found);
	else if (d.err || !host_file_exists(d.root, "/sys/kernel/mm"))
		probe_unknown(out, "cannot read %s: %s", DAMON_SYSFS,
			      strerror(d.err ? d.err : ENOENT));
	else
		probe_found(out, CAPABILITY_NO,
			    "%u kernel threads and no scheme that pages out", nr);
}

/* ---- the balloon ---- */

static bool is_reporting(const char *root, const char *device)
{
	char path[HOST_PATH_BYTES], text[128];

	snprintf(path, sizeof(path), "/sys/bus/virtio/devices/%.200s/device", device);
	if (host_file_read(root, path, text, sizeof(text)) ||
	    strtoul(text, NULL, 0) != VIRTIO_ID_BALLOON)
		return false;
	snprintf(path, sizeof(path), "/sys/bus/virtio/devices/%.200s/features", device);
	return !host_file_read(root, path, text, sizeof(text)) &&
	       strlen(text) > VIRTIO_BALLOON_F_REPORTING &&
	       text[VIRTIO_BALLOON_F_REPORTING] == '1';
}

void probe_page_reporting(const struct capability_machine *machine,
			  struct capability_result *out)
{
	const char *found = NULL;
	char path[HOST_PATH_BYTES];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/sys/bus/virtio/devices", machine->root);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && is_reporting(machine->root, entry->d_name))
			found = entry->d_name;
	if (found)
		probe_found(out, CAPABILITY_YES, "the balloon is %.100s", found);
	else if (!dir && !host_file_exists(machine->root, "/sys/bus"))
		probe_unknown(out, "there is no /sys/bus");
	else
		probe_found(out, CAPABILITY_NO, "no virtio balloon has negotiated it");
	if (dir)
		closedir(dir);
}

/* ---- zswap ---- */

void probe_zswap_on(const struct capability_machine *machine, struct capability_result *out)
{
	static const char path[] = "/sys/module/zswap/parameters/enabled";
	char text[32];
	const int ret = host_file_read(machine->root, path, text, sizeof(text));

	if (!ret)
		probe_found(out, text[0] == 'Y' ? CAPABILITY_YES : CAPABILITY_NO, "%s is %.8s",
			    path, text);
	else if (ret == -ENOENT && host_file_exists(machine->root, "/sys/module"))
		probe_found(out, CAPABILITY_NO, "this kernel has none");
	else
		probe_unknown(out, "cannot read %s: %s", path, strerror(-ret));
}

/* ---- how cgroup v2 is mounted ---- */

struct mount_search {
	const char *option;
	bool mounted, found;
};

/* "… - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot" */
static bool mount_line(char *text, void *context)
{
	struct mount_search *search = context;
	char *tail = strstr(text, " - cgroup2 "), *save;

	if (!tail)
		return true;
	search->mounted = true;
	for (char *word = strtok_r(tail, " ,", &save); word; word = strtok_r(NULL, " ,", &save))
		search->found |= !strcmp(word, search->option);
	return !search->found;
}

static void probe_mount(const char *option, const struct capability_machine *machine,
			struct capability_result *out)
{
	struct mount_search search = { .option = option };
	int ret;

	if (machine->cgroup_version == 1) {
		probe_found(out, CAPABILITY_NO, "the memory controller is in cgroup v1");
		return;
	}
	ret = host_file_lines(machine->root, "/proc/self/mountinfo", mount_line, &search);
	if (ret || !search.mounted)
		probe_unknown(out, "no mount of cgroup v2 in /proc/self/mountinfo");
	else
		probe_found(out, search.found ? CAPABILITY_YES : CAPABILITY_NO,
			    "cgroup v2 is mounted with%s %s", search.found ? "" : "out",
			    option);
}

void probe_recursive_protection(const struct capability_machine *machine,
				struct capability_result *out)
{
	probe_mount("memory_recursiveprot", machine, out);
}

void probe_hugetlb_charge(const struct capability_machine *machine,
			  struct capability_result *out)
{
	probe_mount("memory_hugetlb_accounting", machine, out);
}

/* ---- sizes ---- */

void probe_base_page_4k(const struct capability_machine *machine, struct capability_result *out)
{
	probe_found(out, machine->page_bytes == 4096 ? CAPABILITY_YES : CAPABILITY_NO,
		    "%" PRIu64 " bytes", machine->page_bytes);
}

static int order_by_number(const struct dirent **a, const struct dirent **b)
{
	return strverscmp((*a)->d_name, (*b)->d_name);
}

static int is_size(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "hugepages-", 10);
}

/* "64kB 2048kB" of the directories hugepages-…; their number. */
static unsigned list_sizes(const char *root, const char *directory, char *list, size_t bytes)
{
	char path[HOST_PATH_BYTES];
	struct dirent **entry;
	size_t used = 0;
	int nr;

	*list = '\0';
	snprintf(path, sizeof(path), "%s%s", root, directory);
	nr = scandir(path, &entry, is_size, order_by_number);
	for (int i = 0; i < nr; i++) {
		if (used < bytes)
			used += (size_t)snprintf(list + used, bytes - used, " %.12s",
						 entry[i]->d_name + 10);
		free(entry[i]);
	}
	if (nr >= 0)
		free(entry);
	return nr < 0 ? 0 : (unsigned)nr;
}

void probe_huge_page_2m(const struct capability_machine *machine, struct capability_result *out)
{
	char pools[96];

	(void)list_sizes(machine->root, "/sys/kernel/mm/hugepages", pools, sizeof(pools));
	if (!machine->pmd_bytes)
		probe_found(out, CAPABILITY_NO, "no transparent huge pages; pools of%s",
			    *pools ? pools : " none");
	else
		probe_found(out,
			    machine->pmd_bytes == 2u << 20 ? CAPABILITY_YES : CAPABILITY_NO,
			    "%" PRIu64 "kB; pools of%s", machine->pmd_bytes / 1024,
			    *pools ? pools : " none");
}

void probe_small_huge_pages(const struct capability_machine *machine,
			    struct capability_result *out)
{
	char sizes[128];
	const unsigned nr = list_sizes(machine->root, "/sys/kernel/mm/transparent_hugepage",
				       sizes, sizeof(sizes));

	if (nr > 1)
		probe_found(out, CAPABILITY_YES, "sizes are%s", sizes);
	else
		probe_found(out, CAPABILITY_NO, "the full size alone or none");
}
