// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads [expect]: which number, which relation, in which unit. Judges nothing. */
#include "harness/plan/expectation.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "harness/base/size.h"
#include "harness/base/suggest.h"
#include "harness/tables/column.h"
#include "workloads/api/arith.h"

/* The kernel's names for what a column counts. */
static const struct {
	const char *name, *column;
} aliases[] = {
	{ "pswpin_bytes", "swap_in_bytes" },
	{ "pswpout_bytes", "swap_out_bytes" },
};

static const struct {
	const char *name;
	enum outcome outcome;
} outcomes[] = {
	{ "ok", OUTCOME_OK },
	{ "oom_kill", OUTCOME_EXPECTED_OOM },
	{ "expected_oom", OUTCOME_EXPECTED_OOM },
	{ "timeout", OUTCOME_TIMEOUT },
	{ "target_missed", OUTCOME_TARGET_MISSED },
	{ "failed", OUTCOME_FAILED },
	{ "skipped", OUTCOME_SKIPPED },
	{ "killed_by_other", OUTCOME_KILLED_BY_OTHER },
};

static int outcome_parse(struct expectation *x, const struct profile_entry *entry,
			 struct error *e)
{
	const char *names[ARRAY_SIZE(outcomes)], *near;

	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		names[i] = outcomes[i].name;
		if (strcmp(entry->value, names[i]))
			continue;
		x->relation = RELATION_EQ;
		x->value = outcomes[i].outcome;
		return 0;
	}
	near = suggest(entry->value, names, ARRAY_SIZE(names));
	return profile_error(
		entry, e, EINVAL,
		"outcome is ok, oom_kill, timeout, target_missed, failed, skipped or killed_by_other, not '%s'%s%s%s",
		entry->value, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* A number of runs.csv, or the outcome. */
static bool may_be_expected(const struct column *column)
{
	return column && (column_is_amount(column) || !strcmp(column->name, "outcome"));
}

/* The column that an alias means, or the name itself. */
static const char *unalias(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (!strcmp(aliases[i].name, name))
			return aliases[i].column;
	}
	return name;
}

/* A column of runs.csv, or one of its other names. */
static const char *suggest_number(const char *key)
{
	const char *names[COLUMNS_MAX + ARRAY_SIZE(aliases)];
	size_t nr = 0;

	for (unsigned i = 0; i < runs_csv.nr; i++)
		if (may_be_expected(&runs_csv.column[i]))
			names[nr++] = runs_csv.column[i].name;
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		names[nr++] = aliases[i].name;
	return suggest(key, names, nr);
}

static int key_parse(struct expectation *x, const struct profile_entry *entry,
		     const struct profile *profile, struct error *e)
{
	const char *key = entry->key, *worker = NULL, *near, *first, *second;

	while ((worker = profile_next_worker(profile, worker))) {
		size_t length = strlen(worker);

		if (strncmp(key, worker, length) || key[length] != '.')
			continue;
		snprintf(x->worker, sizeof(x->worker), "%s", worker);
		key += length + 1;
		break;
	}
	key = unalias(key);
	snprintf(x->key, sizeof(x->key), "%s", key);
	if (may_be_expected(column_find(&runs_csv, key)))
		return 0;
	first = strchr(key, '/');
	second = first ? strchr(first + 1, '/') : NULL;
	if (second && first > key && second > first + 1 && second[1]) {
		/* a source may hold a slash itself: pressure/memory */
		snprintf(x->source, sizeof(x->source), "%.*s",
			 (int)(strrchr(key, '/') - first - 1), first + 1);
		return 0;
	}
	if (first)
		return profile_error(entry, e, EINVAL, "%s: a counter is scope/source/counter",
				     key);
	near = suggest_number(key);
	if (near)
		return profile_error(entry, e, EINVAL,
				     "%s: no column of runs.csv; did you mean %s?", key, near);
	return profile_error(
		entry, e, EINVAL,
		"%s: neither a worker, a number of runs.csv nor a scope/source/counter", key);
}

/* A bare number, a size or a duration, whichever the text is. */
static int amount_parse(const char *text, int64_t *value, enum unit *unit)
{
	char unused[128];
	uint64_t amount;

	if (!count_parse(text, &amount, unused, sizeof(unused)))
		*unit = UNIT_COUNT;
	else if (!strchr(text, '%') && !size_parse(text, NULL, &amount, unused, sizeof(unused)))
		*unit = UNIT_BYTES;
	else if (!duration_parse(text, &amount, unused, sizeof(unused)))
		*unit = UNIT_NSEC;
	else
		return -EINVAL;
	if (amount > INT64_MAX)
		return -ERANGE;
	*value = (int64_t)amount;
	return 0;
}

static const struct {
	const char *sign;
	enum relation relation;
	int shift; /* > 3 is >= 4 */
} relations[] = {
	{ ">=", RELATION_GE, 0 }, { "<=", RELATION_LE, 0 }, { "==", RELATION_EQ, 0 },
	{ ">", RELATION_GE, 1 },  { "<", RELATION_LE, -1 }, { "=", RELATION_EQ, 0 },
};

static int range_parse(struct expectation *x, const char *text)
{
	const char *dots = strstr(text, "..");
	enum unit high_unit;
	int64_t high;
	char low[64];

	if ((size_t)(dots - text) >= sizeof(low))
		return -EINVAL;
	snprintf(low, sizeof(low), "%.*s", (int)(dots - text), text);
	x->relation = RELATION_BETWEEN;
	if (amount_parse(low, &x->value, &x->unit) || amount_parse(dots + 2, &high, &high_unit))
		return -EINVAL;
	/* 0..64M: a bare 0 has every unit */
	if (!x->value)
		x->unit = high_unit;
	x->tolerance = high - x->value;
	return x->unit == high_unit && x->tolerance >= 0 ? 0 : -EINVAL;
}

/* *shift: by how much of the column's smallest unit a strict relation moves the bound. */
static int relation_parse(struct expectation *x, const char *text, int *shift)
{
	*shift = 0;
	if (strstr(text, ".."))
		return range_parse(x, text);
	x->relation = RELATION_EQ;
	for (size_t i = 0; i < ARRAY_SIZE(relations); i++) {
		size_t length = strlen(relations[i].sign);

		if (strncmp(text, relations[i].sign, length))
			continue;
		x->relation = relations[i].relation;
		*shift = relations[i].shift;
		text += length + strspn(text + length, " ");
		break;
	}
	return amount_parse(text, &x->value, &x->unit);
}

static bool is_in(const char *name, const char *unit)
{
	const struct column *column = column_find(&runs_csv, name);

	return column && column->unit && !strcmp(column->unit, unit);
}

/* How many nanoseconds one of a column of time is; 0: it counts no time. */
static int64_t column_ns(const char *name)
{
	if (is_in(name, "ns"))
		return 1;
	return is_in(name, "usec") ? 1000 : 0;
}

/* seconds has decimals: compared in nanoseconds, so that <1 and >0 say what they mean. */
static int to_nanoseconds(struct expectation *x)
{
	if (x->unit == UNIT_BYTES)
		return -EINVAL;
	if (x->unit == UNIT_COUNT &&
	    (__builtin_mul_overflow(x->value, 1000000000, &x->value) ||
	     __builtin_mul_overflow(x->tolerance, 1000000000, &x->tolerance)))
		return -ERANGE;
	x->unit = UNIT_NSEC;
	return 0;
}

static bool is_bytes_column(const char *name)
{
	return is_in(name, "bytes") || is_in(name, "bytes/s");
}

/* A column is compared as the number that it is: 5ms of latency_p99_ns is 5000000. */
static int to_column_unit(struct expectation *x)
{
	int64_t ns = column_ns(x->key);

	if (!strcmp(x->key, "seconds"))
		return to_nanoseconds(x);
	if (strchr(x->key, '/') || x->unit == UNIT_COUNT)
		return 0;
	if (x->unit == UNIT_BYTES)
		return is_bytes_column(x->key) ? 0 : -EINVAL;
	if (!ns || x->value % ns || x->tolerance % ns)
		return -EINVAL;
	x->value /= ns;
	x->tolerance /= ns;
	x->unit = ns == 1 ? UNIT_NSEC : UNIT_USEC;
	return 0;
}

int expectation_parse(struct expectation *out, const struct profile_entry *entry,
		      const struct profile *profile, struct error *e)
{
	struct expectation x = { .line = entry->line };
	int shift;

	if (strlen(entry->value) >= sizeof(x.text))
		return profile_error(entry, e, EINVAL, "%s: the value is too long", entry->key);
	snprintf(x.text, sizeof(x.text), "%s", entry->value);
	if (key_parse(&x, entry, profile, e))
		return -EINVAL;
	if (!strcmp(x.key, "outcome")) {
		if (outcome_parse(&x, entry, e))
			return -EINVAL;
		*out = x;
		return 0;
	}
	if (relation_parse(&x, entry->value, &shift))
		return profile_error(
			entry, e, EINVAL,
			"%s: '%s' is not an expectation: write >=100M, <=5ms, =0 or 10..20",
			entry->key, entry->value);
	if (to_column_unit(&x))
		return profile_error(entry, e, EINVAL, "%s: the unit of '%s' does not fit",
				     entry->key, entry->value);
	x.value += shift;
	*out = x;
	return 0;
}

/* ---- cells ---- */

/* Whether the label has every setting of the ;-separated list. */
static bool label_has(const char *label, const char *list)
{
	while (*list) {
		const size_t length = strcspn(list, ";");
		bool found = false;

		for (const char *at = label; *at && !found;) {
			const size_t here = strcspn(at, ";");

			found = here == length && !strncmp(at, list, length);
			at += here + (at[here] == ';');
		}
		if (!found)
			return false;
		list += length + (list[length] == ';');
	}
	return true;
}

bool expectation_applies(const struct plan *plan, unsigned index, const char *label)
{
	if (!label_has(label, plan->expectation[index].cell))
		return false;
	for (unsigned i = plan->expectation[index].first; i < index; i++)
		if (label_has(label, plan->expectation[i].cell))
			return false;
	return true;
}

static bool has_cell(const struct plan *plan, const struct expectation *x)
{
	for (unsigned i = 0; i < plan->nr_cells; i++)
		if (label_has(plan->cell[i].label, x->cell))
			return true;
	return false;
}

int expectation_check_cells(const struct plan *plan, struct error *e)
{
	for (unsigned i = 0; i < plan->nr_expectations; i++) {
		const struct expectation *x = &plan->expectation[i];

		if (has_cell(plan, x))
			continue;
		if (x->line)
			return error_set(
				e, EINVAL,
				"line %u of the profile: error: %s: the sweep has no cell with %s",
				x->line, x->key, x->cell);
		return error_set(e, EINVAL,
				 "command line: error: %s: the sweep has no cell with %s",
				 x->key, x->cell);
	}
	return 0;
}

/* One alternative, in whose entry `value` stands alone; the text is cut at " if ". */
static int add_alternative(struct plan *plan, struct profile_entry *alone,
			   const struct profile *profile, unsigned first, struct error *e)
{
	static const char word[] = " if ";
	char text[sizeof(plan->expectation[0].text)];
	char *condition = strstr(alone->value, word);
	struct expectation *x = &plan->expectation[plan->nr_expectations];

	if (plan->nr_expectations == EXPECTATIONS_MAX)
		return profile_error(alone, e, EINVAL, "more than %d expectations",
				     EXPECTATIONS_MAX);
	if (strlen(alone->value) >= sizeof(text))
		return profile_error(alone, e, EINVAL, "%s: the value is too long", alone->key);
	snprintf(text, sizeof(text), "%s", alone->value);
	if (condition)
		*condition = 0;
	if (expectation_parse(x, alone, profile, e))
		return -EINVAL;
	snprintf(x->text, sizeof(x->text), "%s", text);
	x->first = first;
	if (condition && strlen(condition + strlen(word)) >= sizeof(x->cell))
		return profile_error(alone, e, EINVAL, "%s: the condition is too long",
				     alone->key);
	if (condition)
		snprintf(x->cell, sizeof(x->cell), "%s", condition + strlen(word));
	plan->nr_expectations++;
	return 0;
}

int expectation_add(struct plan *plan, const struct profile_entry *entry,
		    const struct profile *profile, struct error *e)
{
	const unsigned first = plan->nr_expectations;
	char copy[PROFILE_LINE_MAX + 1], *save = NULL;
	bool last = false;

	snprintf(copy, sizeof(copy), "%s", entry->value);
	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		struct profile_entry alone = *entry;

		alone.value = word + strspn(word, " ");
		if (last)
			return profile_error(
				entry, e, EINVAL,
				"%s: '%s' never holds: what stands before it has no `if`",
				entry->key, alone.value);
		if (add_alternative(plan, &alone, profile, first, e))
			return -EINVAL;
		last = !plan->expectation[plan->nr_expectations - 1].cell[0];
	}
	return 0;
}

enum outcome expectation_outcome(const struct plan *plan, const char *label, const char *worker,
				 enum outcome fallback)
{
	enum outcome found = fallback;
	bool named = false;

	/* hog.outcome goes before outcome, in whatever order. */
	for (unsigned i = 0; i < plan->nr_expectations; i++) {
		const struct expectation *x = &plan->expectation[i];

		if (strcmp(x->key, "outcome") || (x->worker[0] && strcmp(x->worker, worker)))
			continue;
		if ((named && !x->worker[0]) || !expectation_applies(plan, i, label))
			continue;
		found = (enum outcome)x->value;
		named = x->worker[0];
	}
	return found;
}
