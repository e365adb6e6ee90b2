/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The workloads' structs, for registry.c alone: one line each, alphabetical. */
#ifndef PAGESTORM_REGISTRY_H
#define PAGESTORM_REGISTRY_H

#include "workloads/workload.h"

extern const struct workload null_workload;

#endif
