/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan as one JSON document: cells numbered as `run --cell` takes them, with all claims. */
#ifndef PAGESTORM_CMD_PLAN_JSON_H
#define PAGESTORM_CMD_PLAN_JSON_H

#include <jansson.h>

#include "harness/plan/plan.h"

/* A new reference; NULL when memory ran out. */
json_t *plan_json(const struct plan *plan);

#endif
