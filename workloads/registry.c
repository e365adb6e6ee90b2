// SPDX-License-Identifier: GPL-2.0-or-later
/* Lookup in workloads[], which make generates from the list of workloads in Makefile.am. */
#include "workloads/api/workload.h"

#include <string.h>

const struct workload *workload_find(const char *name)
{
	for (const struct workload *const *w = workloads; *w; w++)
		if (!strcmp((*w)->name, name))
			return *w;
	return NULL;
}

int workload_slot(const struct workload *workload, const char *name)
{
	for (int i = 0; i < SLOTS_MAX && workload->slots[i].name; i++)
		if (!strcmp(workload->slots[i].name, name))
			return i;
	return -1;
}
