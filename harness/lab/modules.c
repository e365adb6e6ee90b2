// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds kernel modules by name, and puts each behind those that it depends on. */
#include "harness/lab/modules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/lab/command.h"
#include "harness/lab/elf.h"
#include "workloads/api/arith.h"

/* Real chains are four deep (virtio_pci); a loop would be a broken module. */
#define DEPTH_MAX 16

static const struct {
	const char *suffix;
	const char *command; /* NULL: stored as it is */
} packings[] = {
	{ "", NULL },
	{ ".xz", "xz" },
	{ ".zst", "zstd" },
	{ ".gz", "gzip" },
};

static int read_list(const struct kernel *kernel, const char *name, struct words *list,
		     struct error *e)
{
	char path[PATH_MAX + 32];
	struct blob text = { 0 };
	int ret;

	snprintf(path, sizeof(path), "%s/%s", kernel->modules, name);
	ret = blob_read_file(&text, path);
	if (ret)
		ret = error_set(e, -ret, "--kernel: cannot read %s: %s", path, strerror(-ret));
	else
		words_fields(list, text.data, "\n");
	blob_release(&text);
	return ret ? ret : words_error(list);
}

int modules_open(struct modules *modules, const struct kernel *kernel, struct error *e)
{
	int ret;

	*modules = (struct modules){ .kernel = kernel };
	if (!kernel->modules[0])
		return 0;
	ret = read_list(kernel, "modules.order", &modules->known, e);
	return ret ? ret : read_list(kernel, "modules.builtin", &modules->built_in, e);
}

static bool is_module(const char *path, const char *name)
{
	const char *at = strrchr(path, '/');

	for (at = at ? at + 1 : path; *name; at++, name++)
		if (*at != *name && !(strchr("-_", *at) && strchr("-_", *name)))
			return false;
	return !strncmp(at, ".ko", 3);
}

static const char *find_module(const struct words *list, const char *name)
{
	for (size_t i = 0; i < list->nr; i++)
		if (is_module(list->item[i], name))
			return list->item[i];
	return NULL;
}

static bool is_added(const struct modules *modules, const char *path)
{
	for (size_t i = 0; i < modules->nr; i++)
		if (!strcmp(modules->item[i].path, path))
			return true;
	return false;
}

static int unpack_image(const char *command, const char *path, struct blob *image,
			struct error *e)
{
	struct words argv = { 0 };
	int ret;

	words_add(&argv, command);
	words_add(&argv, "-dc");
	words_add(&argv, path);
	ret = command_run(&argv, NULL, -1, image, e);
	words_release(&argv);
	return ret;
}

static int read_image(const struct kernel *kernel, const char *path, struct blob *image,
		      struct error *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(packings); i++) {
		char file[2 * PATH_MAX];
		int ret;

		snprintf(file, sizeof(file), "%s/%s%s", kernel->modules, path,
			 packings[i].suffix);
		if (access(file, F_OK))
			continue;
		if (packings[i].command)
			return unpack_image(packings[i].command, file, image, e);
		ret = blob_read_file(image, file);
		return ret ? error_set(e, -ret, "cannot read %s: %s", file, strerror(-ret)) : 0;
	}
	return error_set(e, ENOENT, "module %s is not in %s", path, kernel->modules);
}

static void module_release(struct module *module)
{
	free(module->path);
	blob_release(&module->image);
	words_release(&module->depends);
}

static int append(struct modules *modules, struct module *module)
{
	struct module *grown = realloc(modules->item, (modules->nr + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	modules->item = grown;
	modules->item[modules->nr++] = *module;
	return 0;
}

static int add(struct modules *modules, const char *name, int depth, struct words *paths,
	       struct error *e);

static int add_path(struct modules *modules, const char *path, int depth, struct error *e)
{
	struct module module = { .path = strdup(path) };
	struct words name = { 0 };
	int ret = module.path ? 0 : -ENOMEM;

	if (!ret)
		ret = read_image(modules->kernel, path, &module.image, e);
	if (!ret && elf_module_depends(module.image.data, module.image.size, &name))
		ret = error_set(e, ENOEXEC, "%s is not a kernel module", path);
	for (size_t i = 0; !ret && i < name.nr; i++)
		ret = add(modules, name.item[i], depth + 1, &module.depends, e);
	if (!ret)
		ret = append(modules, &module);
	if (ret)
		module_release(&module);
	words_release(&name);
	return ret;
}

static int add(struct modules *modules, const char *name, int depth, struct words *paths,
	       struct error *e)
{
	const char *path = find_module(&modules->known, name);

	if (!modules->kernel->modules[0] || (!path && find_module(&modules->built_in, name)))
		return 0;
	if (!path || depth > DEPTH_MAX)
		return error_set(e, ENOENT, "kernel %s has no module %s",
				 modules->kernel->release, name);
	if (paths)
		words_add(paths, path);
	return is_added(modules, path) ? 0 : add_path(modules, path, depth, e);
}

int modules_add(struct modules *modules, const char *name, struct error *e)
{
	return add(modules, name, 0, NULL, e);
}

void modules_release(struct modules *modules)
{
	for (size_t i = 0; i < modules->nr; i++)
		module_release(&modules->item[i]);
	free(modules->item);
	words_release(&modules->known);
	words_release(&modules->built_in);
	*modules = (struct modules){ 0 };
}
