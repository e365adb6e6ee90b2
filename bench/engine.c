// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/plan/option.h"

static int option_set(const struct workload_option *option, void *params, const char *text)
{
	const struct size_base none = { 0 };
	struct error unused = { "" };

	return option_parse(option, text, &none, params, &unused);
}

static int settings_apply_one(const struct workload *w, void *params, char *setting)
{
	const struct workload_option *option;
	char *equals = strchr(setting, '=');

	if (!equals)
		return -EINVAL;
	*equals = 0;
	option = option_find(w, setting);
	return option ? option_set(option, params, equals + 1) : -ENOENT;
}

int engine_params(const struct workload *w, void *params, const char *settings)
{
	char text[512], *rest = text, *setting;
	int ret = 0;

	for (const struct workload_option *o = w->options; o->name && !ret; o++)
		ret = option_set(o, params, o->fallback);
	snprintf(text, sizeof(text), "%s", settings);
	while (!ret && (setting = strsep(&rest, " ")))
		ret = *setting ? settings_apply_one(w, params, setting) : 0;
	return ret;
}

int engine_prepare(struct engine *e, const char *workload, const char *settings,
		   const struct workload_env *env)
{
	struct ledger *ledger = mmap(NULL, LEDGER_BYTES, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int ret;

	memset(e, 0, sizeof(*e));
	if (ledger == MAP_FAILED)
		return -errno;
	e->worker.workload = workload_find(workload);
	e->worker.ledger = ledger;
	e->worker.params = ledger->params;
	e->worker.env = &ledger->env;
	if (!e->worker.workload)
		return -ENOENT;
	ledger->seed = 1;
	ledger->env = *env;
	ret = engine_params(e->worker.workload, ledger->params, settings);
	if (ret)
		return ret;
	return e->worker.workload->prepare(&e->worker);
}

int engine_run(struct engine *e)
{
	return e->worker.workload->run(&e->worker);
}

void engine_release(struct engine *e)
{
	if (e->worker.workload && e->worker.workload->release)
		e->worker.workload->release(&e->worker);
	if (e->worker.ledger)
		munmap(e->worker.ledger, LEDGER_BYTES);
	memset(e, 0, sizeof(*e));
}

uint64_t engine_slot(const struct engine *e, const char *name)
{
	int slot = workload_slot(e->worker.workload, name);

	return slot < 0 ? 0 : e->worker.ledger->slot[slot];
}
