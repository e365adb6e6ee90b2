/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `pagestorm plan`: which difference of its primary metrics a run will be able to find. */
#ifndef PAGESTORM_CMD_PLAN_POWER_H
#define PAGESTORM_CMD_PLAN_POWER_H

#include <jansson.h>

#include "harness/plan/plan.h"

/* Nothing where the profile names no primary metric. */
void cmd_plan_print_power(const struct plan *plan);

/* Sets "primary" and "power". */
void cmd_plan_power_json(const struct plan *plan, json_t *out);

#endif
