// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Matches the cells of two sides, tests each metric and decides the verdicts. Prints nothing.
 */
#include "harness/report/compare.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *change_name(enum change change)
{
	static const char *const names[] = {
		[CHANGE_WORSE] = "worse",
		[CHANGE_BETTER] = "better",
		[CHANGE_TOO_FEW] = "too few runs",
		[CHANGE_NOISE] = "within noise",
	};

	return names[change];
}

static bool is_directory(const char *path, size_t length)
{
	char name[PATH_MAX];
	struct stat st;

	if (length >= sizeof(name))
		return false;
	memcpy(name, path, length);
	name[length] = 0;
	return !stat(name, &st) && S_ISDIR(st.st_mode);
}

/*
 * The name of a directory may have a colon (a clock time): the selector begins at the last
 * colon behind an existing directory.
 */
static size_t directory_length(const char *argument)
{
	size_t length = strlen(argument);

	if (is_directory(argument, length))
		return length;
	for (size_t i = length; i-- > 0;)
		if (argument[i] == ':' && is_directory(argument, i))
			return i;
	return length;
}

int side_open(struct side *side, const char *argument, struct error *e)
{
	size_t length = directory_length(argument);
	char path[PATH_MAX];
	int ret;

	memset(side, 0, sizeof(*side));
	if (length >= sizeof(path) || strlen(argument + length) > sizeof(side->selector))
		return error_set(e, ENAMETOOLONG, "%s: the name is too long", argument);
	memcpy(path, argument, length);
	path[length] = 0;
	if (argument[length])
		strcpy(side->selector, argument + length + 1);
	side->dir = malloc(sizeof(*side->dir));
	if (!side->dir)
		return error_set(e, ENOMEM, "%s: %s", argument, strerror(ENOMEM));
	ret = result_dir_open(side->dir, path, e);
	if (ret) {
		free(side->dir);
		side->dir = NULL;
		return ret;
	}
	snprintf(side->name, sizeof(side->name), "%s%s%s", side->dir->id,
		 *side->selector ? ":" : "", side->selector);
	return 0;
}

void side_release(struct side *side)
{
	if (side->dir)
		result_dir_release(side->dir);
	free(side->dir);
	side->dir = NULL;
}

/* Whether the ;-separated list has this item. */
static bool list_has(const char *list, const char *item, size_t length)
{
	while (*list) {
		size_t here = strcspn(list, ";");

		if (here == length && !strncmp(list, item, length))
			return true;
		list += here + (list[here] == ';');
	}
	return false;
}

/*
 * True when the label has every setting of the selector; rest gets the other settings of the
 * label, by which the cells of the two sides are matched.
 */
static bool select_cell(const char *label, const char *selector, char *rest, size_t rest_bytes)
{
	size_t used = 0;

	for (const char *at = selector; *at;) {
		size_t length = strcspn(at, ";");

		if (length && !list_has(label, at, length))
			return false;
		at += length + (at[length] == ';');
	}
	rest[0] = 0;
	for (const char *at = label; *at;) {
		size_t length = strcspn(at, ";");

		if (!list_has(selector, at, length) && used + length + 2 < rest_bytes)
			used += snprintf(rest + used, rest_bytes - used, "%s%.*s",
					 used ? ";" : "", (int)length, at);
		at += length + (at[length] == ';');
	}
	return true;
}

/* The only cell that the side selects; NULL when there are none or several. */
static const struct series *only_cell(const struct side *side)
{
	const struct series *found = NULL;
	char rest[CELL_LABEL_BYTES];

	for (size_t i = 0; i < side->dir->nr_series; i++) {
		const struct series *s = &side->dir->series[i];

		if (!select_cell(s->label, side->selector, rest, sizeof(rest)))
			continue;
		if (found && found->cell != s->cell)
			return NULL;
		found = s;
	}
	return found;
}

static const struct series *find_match(const struct side *side, const char *worker,
				       const char *rest, bool any_cell)
{
	char other[CELL_LABEL_BYTES];

	for (size_t i = 0; i < side->dir->nr_series; i++) {
		const struct series *s = &side->dir->series[i];

		if (!strcmp(s->worker, worker) &&
		    select_cell(s->label, side->selector, other, sizeof(other)) &&
		    (any_cell || !strcmp(other, rest)))
			return s;
	}
	return NULL;
}

static int add_row(struct compare *c, const struct comparison *row)
{
	struct comparison *grown = reallocarray(c->row, c->nr + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	c->row = grown;
	c->row[c->nr++] = *row;
	return 0;
}

/* The same worker on both sides, and the name of its cell. */
struct pair {
	const struct result_dir *dir_a, *dir_b;
	const struct series *a, *b;
	char cell[PAIR_LABEL_BYTES];
};

/* A metric that neither side recorded gives no row. */
static int add_metric(struct compare *c, const struct pair *pair, const struct column *m)
{
	struct comparison row = { .worker = pair->a->worker,
				  .metric = m,
				  .change = CHANGE_NOISE };
	double *values_a = NULL, *values_b = NULL;
	size_t n_a = 0, n_b = 0;
	int ret;

	snprintf(row.cell, sizeof(row.cell), "%s", pair->cell);
	ret = result_dir_values(pair->dir_a, pair->a, m, &values_a, &n_a);
	if (!ret)
		ret = result_dir_values(pair->dir_b, pair->b, m, &values_b, &n_b);
	if (ret || !(n_a + n_b))
		goto out;
	ret = stats_summary(values_a, n_a, &row.a);
	if (!ret)
		ret = stats_summary(values_b, n_b, &row.b);
	if (!ret)
		ret = stats_contrast(values_a, n_a, values_b, n_b, &row.contrast);
	if (!ret)
		ret = add_row(c, &row);
out:
	free(values_a);
	free(values_b);
	return ret;
}

static bool is_selected(const struct column *m, const char *const *patterns)
{
	if (!*patterns)
		return true;
	for (; *patterns; patterns++)
		if (!fnmatch(*patterns, m->name, 0))
			return true;
	return false;
}

static int add_pair(struct compare *c, const struct pair *pair)
{
	struct metric_list metrics;
	int ret = 0;

	metric_list_make(&metrics);
	for (size_t i = 0; !ret && i < metrics.nr; i++)
		if (is_selected(metrics.at[i], c->patterns))
			ret = add_metric(c, pair, metrics.at[i]);
	return ret;
}

static bool is_recorded(const struct compare *c, const char *pattern)
{
	for (size_t i = 0; i < c->nr; i++)
		if (!fnmatch(pattern, c->row[i].metric->name, 0))
			return true;
	return false;
}

static int check_patterns(const char *const *patterns, struct error *e)
{
	for (; *patterns; patterns++)
		if (!metric_is_known(*patterns))
			return error_set(e, EINVAL,
					 "no metric is called %s; compare --help lists them",
					 *patterns);
	return 0;
}

/* rest: the label without the settings of the selectors. */
static void name_pair(struct pair *pair, const char *rest, bool any_cell)
{
	const char *a = pair->a->label, *b = pair->b->label;

	if (any_cell && strcmp(a, b))
		snprintf(pair->cell, sizeof(pair->cell), "%s → %s", *a ? a : "(nothing swept)",
			 *b ? b : "(nothing swept)");
	else
		snprintf(pair->cell, sizeof(pair->cell), "%s", rest);
}

static int match_sides(struct compare *c)
{
	const struct side *a = c->a, *b = c->b;
	bool any_cell = only_cell(a) && only_cell(b);
	size_t selected_b = 0, matched = 0;
	char rest[CELL_LABEL_BYTES];
	int ret = 0;

	for (size_t i = 0; !ret && i < a->dir->nr_series; i++) {
		struct pair pair = { .dir_a = a->dir,
				     .dir_b = b->dir,
				     .a = &a->dir->series[i] };

		if (!select_cell(pair.a->label, a->selector, rest, sizeof(rest)))
			continue;
		pair.b = find_match(b, pair.a->worker, rest, any_cell);
		if (!pair.b) {
			c->unmatched_a++;
			continue;
		}
		matched++;
		name_pair(&pair, rest, any_cell);
		ret = add_pair(c, &pair);
	}
	for (size_t i = 0; i < b->dir->nr_series; i++)
		selected_b +=
			select_cell(b->dir->series[i].label, b->selector, rest, sizeof(rest));
	c->unmatched_b = selected_b - (matched < selected_b ? matched : selected_b);
	return ret;
}

/* "anon at vm.swappiness=10", the first series of the side, for a message. */
static void describe(const struct side *side, char *out, size_t out_bytes)
{
	const struct result_dir *f = side->dir;

	if (!f->nr_series)
		snprintf(out, out_bytes, "%s has no runs", side->name);
	else
		snprintf(out, out_bytes, "%s has %zu, such as worker %s at %s", f->id,
			 f->nr_series, f->series[0].worker,
			 *f->series[0].label ? f->series[0].label : "(nothing swept)");
}

static int check_matches(const struct compare *c, struct error *e)
{
	const char *const *patterns = c->patterns;
	char a[600], b[600];

	if (!c->nr && !*patterns) {
		describe(c->a, a, sizeof(a));
		describe(c->b, b, sizeof(b));
		return error_set(e, ENOENT, "A and B have no cell and worker in common: %s; %s",
				 a, b);
	}
	for (; *patterns; patterns++)
		if (!is_recorded(c, *patterns))
			return error_set(
				e, EINVAL,
				"neither %s nor %s recorded %s in a cell that both have",
				c->a->name, c->b->name, *patterns);
	return 0;
}

int compare_make(struct compare *c, struct error *e)
{
	int ret = check_patterns(c->patterns, e);

	if (ret)
		return ret;
	ret = match_sides(c);
	if (!ret)
		ret = compare_judge(c);
	if (ret)
		error_set(e, -ret, "comparing %s and %s: %s", c->a->name, c->b->name,
			  strerror(-ret));
	else
		ret = check_matches(c, e);
	if (ret)
		compare_release(c);
	return ret;
}

int compare_cells(struct compare *c, const struct result_dir *f, double least_effect)
{
	static const char *const all[] = { NULL };
	int ret = 0;

	*c = (struct compare){ .patterns = all, .least_effect = least_effect };
	for (size_t i = 0; !ret && i < f->nr_series; i++) {
		struct pair pair = { .dir_a = f, .dir_b = f, .b = &f->series[i] };

		if (pair.b->cell == f->series[0].cell)
			continue;
		snprintf(pair.cell, sizeof(pair.cell), "%s", pair.b->label);
		for (size_t j = 0; !ret && j < i; j++) {
			pair.a = &f->series[j];
			if (pair.a->cell == f->series[0].cell &&
			    !strcmp(pair.a->worker, pair.b->worker))
				ret = add_pair(c, &pair);
		}
	}
	if (!ret)
		ret = compare_judge(c);
	if (ret)
		compare_release(c);
	return ret;
}

void compare_release(struct compare *c)
{
	free(c->row);
	*c = (struct compare){ .a = NULL };
}

static bool is_hopeless(const struct comparison *r)
{
	return r->contrast.p_least > STATS_LEVEL;
}

static bool is_tested(const struct comparison *r)
{
	return !is_hopeless(r) && !r->contrast.constant;
}

static bool is_large_enough(const struct compare *c, const struct comparison *r)
{
	double least = fmax(c->least_effect, r->metric->metric.resolution);

	return fabs(log(r->contrast.ratio)) >= log1p(least);
}

/* The samples are completely separated, yet p cannot pass with this many tests. */
static bool is_starved(const struct compare *c, const struct comparison *r)
{
	return r->contrast.p <= r->contrast.p_least * (1 + 1e-9) &&
	       r->contrast.p_least * c->nr_tested > STATS_LEVEL;
}

static enum change judge(const struct compare *c, const struct comparison *r)
{
	bool higher = r->contrast.ratio > 1;

	if (is_hopeless(r))
		return CHANGE_TOO_FEW;
	if (r->contrast.constant || !is_large_enough(c, r))
		return CHANGE_NOISE;
	if (r->p <= STATS_LEVEL)
		return higher == (r->metric->metric.better == BETTER_HIGHER) ? CHANGE_BETTER
									     : CHANGE_WORSE;
	return is_starved(c, r) ? CHANGE_TOO_FEW : CHANGE_NOISE;
}

int compare_judge(struct compare *c)
{
	double *p = calloc(c->nr + 1, sizeof(*p));
	size_t at = 0;
	int ret;

	if (!p)
		return -ENOMEM;
	c->nr_tested = c->nr_worse = c->nr_better = c->nr_too_few = 0;
	for (size_t i = 0; i < c->nr; i++)
		if (is_tested(&c->row[i]))
			p[c->nr_tested++] = c->row[i].contrast.p;
	ret = stats_adjust(p, c->nr_tested);
	for (size_t i = 0; !ret && i < c->nr; i++) {
		struct comparison *r = &c->row[i];

		r->p = is_tested(r) ? p[at++] : 1;
		r->change = judge(c, r);
		c->nr_worse += r->change == CHANGE_WORSE;
		c->nr_better += r->change == CHANGE_BETTER;
		c->nr_too_few += r->change == CHANGE_TOO_FEW;
	}
	free(p);
	return ret;
}
