// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Matches the cells of two sides and tests each metric. Prints nothing, and decides nothing.
 */
#include "harness/report/compare_part.h"

#include <errno.h>
#include <fnmatch.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* A series that a side selects, by what its match has in common with it. */
struct candidate {
	const struct series *series;
	char rest[CELL_LABEL_BYTES]; /* the label without the selector's settings */
};

struct candidates {
	struct candidate *at; /* as in the directory */
	size_t nr;
};

static int by_worker_and_rest(const void *left, const void *right)
{
	const struct candidate *l = left, *r = right;
	int order = strcmp(l->series->worker, r->series->worker);

	return order ? order : strcmp(l->rest, r->rest);
}

static int by_all(const void *left, const void *right)
{
	const struct candidate *l = left, *r = right;
	int order = by_worker_and_rest(left, right);

	return order ? order : (l->series > r->series) - (l->series < r->series);
}

/* any_cell: each side has one cell, whatever its settings are. */
static int find_candidates(struct candidates *c, const struct side *side, bool any_cell)
{
	*c = (struct candidates){ calloc(side->dir->nr_series + 1, sizeof(*c->at)), 0 };
	if (!c->at)
		return -ENOMEM;
	for (size_t i = 0; i < side->dir->nr_series; i++) {
		struct candidate *at = &c->at[c->nr];

		at->series = &side->dir->series[i];
		if (!select_cell(at->series->label, side->selector, at->rest, sizeof(at->rest)))
			continue;
		if (any_cell)
			at->rest[0] = 0;
		c->nr++;
	}
	return 0;
}

/* c is sorted. */
static const struct series *find_match(const struct candidates *c, const struct candidate *key)
{
	size_t low = 0, high = c->nr;

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (by_worker_and_rest(&c->at[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < c->nr && !by_worker_and_rest(&c->at[low], key) ? c->at[low].series : NULL;
}

static int add_row(struct compare *c, const struct comparison *row)
{
	if (!(c->nr & (c->nr - 1))) { /* room for a power of two */
		const size_t room = c->nr ? 2 * c->nr : 1;
		struct comparison *grown = reallocarray(c->row, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		c->row = grown;
	}
	c->row[c->nr++] = *row;
	return 0;
}

static int summarize(const struct result_dir *f, const struct series *s, const struct column *m,
		     struct summary *out)
{
	double *value = NULL;
	size_t nr = 0;
	int ret = result_dir_values(f, s, m, &value, &nr);

	if (!ret)
		ret = stats_summary(value, nr, out);
	free(value);
	return ret;
}

static int contrast(struct comparison *row, const struct pair *pair)
{
	struct strata strata;
	int ret = strata_make(&strata, pair, row->metric);

	if (ret)
		return ret;
	ret = contrast_make(strata.stratum, strata.nr, &row->contrast);
	if (!ret && row->contrast.p <= STATS_LEVEL)
		ret = contrast_spread(strata.stratum, strata.nr, &row->p_spread);
	strata_release(&strata);
	return ret;
}

/* A metric that neither side recorded gives no row. */
static int add_metric(struct compare *c, const struct pair *pair, const struct column *m)
{
	struct comparison row = { .worker = pair->a->worker,
				  .metric = m,
				  .series_a = pair->a,
				  .series_b = pair->b,
				  .p_spread = NAN,
				  .across = pair->across,
				  .change = CHANGE_NOISE };
	int ret;

	snprintf(row.cell, sizeof(row.cell), "%s", pair->cell);
	ret = summarize(pair->dir_a, pair->a, m, &row.a);
	if (!ret)
		ret = summarize(pair->dir_b, pair->b, m, &row.b);
	if (ret || !(row.a.n + row.b.n))
		return ret;
	ret = contrast(&row, pair);
	return ret ? ret : add_row(c, &row);
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

static void note_blocks(struct compare *c, const struct pair *pair)
{
	c->interleaved = c->interleaved && pair->interleaved;
	c->nr_alone += pair->nr_alone;
	if (pair->nr_blocks > c->nr_blocks)
		c->nr_blocks = pair->nr_blocks;
	if (pair->across > c->across)
		c->across = pair->across;
}

/* Cells of one directory are compared where they took turns, and not otherwise. */
static bool is_left_out(const struct compare *c, const struct pair *pair)
{
	return !c->a && pair->across != ACROSS_NOTHING;
}

static int add_pair(struct compare *c, struct pair *pair)
{
	struct metric_list metrics;
	int ret = pair_find_blocks(pair);

	metric_list_make(&metrics);
	note_blocks(c, pair);
	for (size_t i = 0; !ret && !is_left_out(c, pair) && i < metrics.nr; i++)
		if (is_selected(metrics.at[i], c->patterns))
			ret = add_metric(c, pair, metrics.at[i]);
	pair_release(pair);
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
static void name_pair(const struct pair *pair, const char *rest, bool any_cell, char *name)
{
	const char *a = pair->a->label, *b = pair->b->label;

	if (any_cell && strcmp(a, b))
		snprintf(name, PAIR_LABEL_BYTES, "%s → %s", *a ? a : "(nothing swept)",
			 *b ? b : "(nothing swept)");
	else
		snprintf(name, PAIR_LABEL_BYTES, "%s", any_cell ? a : rest);
}

static int match(struct compare *c, const struct candidate *a, const struct candidates *others,
		 bool any_cell)
{
	struct pair pair = { .dir_a = c->a->dir, .dir_b = c->b->dir, .a = a->series };
	char name[PAIR_LABEL_BYTES], rest[CELL_LABEL_BYTES];

	pair.b = find_match(others, a);
	if (!pair.b) {
		c->unmatched_a++;
		return 0;
	}
	c->unmatched_b -= c->unmatched_b > 0;
	(void)select_cell(a->series->label, c->a->selector, rest, sizeof(rest));
	name_pair(&pair, rest, any_cell, name);
	pair.cell = name;
	return add_pair(c, &pair);
}

static int match_sides(struct compare *c)
{
	const bool any_cell = only_cell(c->a) && only_cell(c->b);
	struct candidates a = { .nr = 0 }, b = { .nr = 0 };
	int ret = find_candidates(&a, c->a, any_cell);

	if (!ret)
		ret = find_candidates(&b, c->b, any_cell);
	if (ret)
		goto out;
	c->interleaved = true;
	c->unmatched_b = b.nr;
	qsort(b.at, b.nr, sizeof(*b.at), by_all);
	for (size_t i = 0; !ret && i < a.nr; i++)
		ret = match(c, &a.at[i], &b, any_cell);
out:
	free(a.at);
	free(b.at);
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

/* Whether the profile names it: the metric, or WORKER.METRIC. */
static bool is_primary(const struct result_dir *f, const struct comparison *r)
{
	const json_t *list = result_dir_json(f, "plan.primary"), *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *name = json_string_value(item);
		const char *dot = name ? strrchr(name, '.') : NULL;
		const size_t length = dot ? (size_t)(dot - name) : 0;

		if (!name || strcmp(dot ? dot + 1 : name, r->metric->name))
			continue;
		if (!dot || (strlen(r->worker) == length && !strncmp(r->worker, name, length)))
			return true;
	}
	return false;
}

static void find_primary(struct compare *c)
{
	const json_t *looks = result_dir_json(c->dir_a, "end.looks");

	if (!strcmp(c->dir_a->path, c->dir_b->path))
		c->looks = (unsigned)json_integer_value(looks);
	for (size_t i = 0; i < c->nr; i++) {
		struct comparison *r = &c->row[i];

		if (r->metric->metric.counts_endings)
			r->family = FAMILY_FAILURES;
		else if (!*c->patterns && (is_primary(c->dir_a, r) || is_primary(c->dir_b, r)))
			r->family = FAMILY_PRIMARY;
		else
			r->family = FAMILY_OTHERS;
		c->has_primary |= r->family == FAMILY_PRIMARY;
	}
}

/* A directory that was merged from several machines is no comparison of them. */
static int check_machines(const struct compare *c, struct error *e)
{
	const struct comparison *r = c->row;

	if (strcmp(c->a->dir->path, c->b->dir->path))
		return 0;
	for (size_t i = 0; i < c->nr; i++, r++)
		if (r->across == ACROSS_MACHINES)
			return error_set(
				e, EXDEV,
				"%s was merged from runs on different machines, and no machine ran both %s and %s: compare the directories of the machines themselves",
				c->a->dir->id, r->series_a->label, r->series_b->label);
	return 0;
}

int compare_make(struct compare *c, struct error *e)
{
	int ret = check_patterns(c->patterns, e);

	if (ret)
		return ret;
	c->dir_a = c->a->dir;
	c->dir_b = c->b->dir;
	ret = match_sides(c);
	if (!ret) {
		find_primary(c);
		ret = compare_judge(c);
	}
	if (ret)
		error_set(e, -ret, "comparing %s and %s: %s", c->a->name, c->b->name,
			  strerror(-ret));
	else
		ret = check_matches(c, e);
	if (!ret)
		ret = check_machines(c, e);
	if (ret)
		compare_release(c);
	return ret;
}

int compare_cells(struct compare *c, const struct result_dir *f, double least_effect)
{
	static const char *const all[] = { NULL };
	int ret = 0;

	*c = (struct compare){
		.patterns = all,
		.least_effect = least_effect,
		.dir_a = f,
		.dir_b = f,
		.interleaved = true,
	};
	for (size_t i = 0; !ret && i < f->nr_series; i++) {
		struct pair pair = { .dir_a = f, .dir_b = f, .b = &f->series[i] };

		if (pair.b->cell == f->series[0].cell)
			continue;
		pair.cell = pair.b->label;
		for (size_t j = 0; !ret && f->series[j].cell == f->series[0].cell; j++) {
			pair.a = &f->series[j];
			if (!strcmp(pair.a->worker, pair.b->worker))
				ret = add_pair(c, &pair);
		}
	}
	if (!ret) {
		find_primary(c);
		ret = compare_judge(c);
	}
	if (ret)
		compare_release(c);
	return ret;
}

void compare_release(struct compare *c)
{
	free(c->row);
	*c = (struct compare){ .a = NULL };
}
