// SPDX-License-Identifier: GPL-2.0-or-later
/* What the repeats of a plan can find. Decides nothing: power.c has the arithmetic. */
#include "harness/cli/cmd_plan_power.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/report/compare.h"
#include "harness/report/power.h"
#include "harness/report/stats.h"
#include "workloads/api/arith.h"

#define COLUMNS 78

static const double noises[] = { 0.02, 0.05, 0.1 };
static const double effects[] = { 0.05, 0.1, 0.2 };

static double level_of(const struct plan *plan)
{
	return COMPARE_PRIMARY_PART * STATS_LEVEL / power_tests(plan);
}

static void print_names(const struct plan *plan)
{
	char name[128];
	int column = printf("  %-12s", "primary");

	for (unsigned i = 0; i < plan->primary.nr; i++) {
		primary_format(&plan->primary.item[i], name, sizeof(name));
		if (column + 2 + (int)strlen(name) > COLUMNS)
			column = printf("\n  %-12s", "") - 1;
		column += printf(" %s%s", name, i + 1 < plan->primary.nr ? "," : "");
	}
	puts("");
}

static void print_row(const struct plan *plan, double noise)
{
	const double least = power_least_effect(plan->repeats, noise, level_of(plan));
	char found[32] = "nothing";

	if (isfinite(least))
		snprintf(found, sizeof(found), "%.1f %%", 100 * least);
	printf("  %-12s %3.0f %%  %18s  ", "", 100 * noise, found);
	for (size_t i = 0; i < ARRAY_SIZE(effects); i++) {
		const size_t n = power_repeats(effects[i], noise, level_of(plan));

		if (n)
			printf("%*zu", i ? 7 : 15, n);
		else
			printf("%*s", i ? 7 : 15, "-");
	}
	puts("");
}

void cmd_plan_print_power(const struct plan *plan)
{
	if (!plan->primary.nr)
		return;
	print_names(plan);
	printf("  %-12s noise  %5u repeats find  repeats for 5 %%   10 %%   20 %%\n", "power",
	       plan->repeats);
	for (size_t i = 0; i < ARRAY_SIZE(noises); i++)
		print_row(plan, noises[i]);
}

static json_t *repeats_json(const struct plan *plan, double noise)
{
	json_t *all = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(effects); i++) {
		const size_t n = power_repeats(effects[i], noise, level_of(plan));
		char key[16];

		snprintf(key, sizeof(key), "%.0f", 100 * effects[i]);
		json_object_set_new(all, key, n ? json_integer((json_int_t)n) : json_null());
	}
	return all;
}

void cmd_plan_power_json(const struct plan *plan, json_t *out)
{
	json_t *names = json_array(), *list = json_array();

	for (unsigned i = 0; i < plan->primary.nr; i++) {
		char name[128];

		primary_format(&plan->primary.item[i], name, sizeof(name));
		json_array_append_new(names, json_string(name));
	}
	json_object_set_new(out, "primary", names);
	for (size_t i = 0; plan->primary.nr && i < ARRAY_SIZE(noises); i++) {
		const double least =
			power_least_effect(plan->repeats, noises[i], level_of(plan));

		json_array_append_new(
			list, json_pack("{s:f, s:o, s:o}", "noise_percent", 100 * noises[i],
					"least_effect_percent",
					isfinite(least) ? json_real(100 * least) : json_null(),
					"repeats_for_percent", repeats_json(plan, noises[i])));
	}
	json_object_set_new(out, "power", list);
}
