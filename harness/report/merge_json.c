// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * run.json of a merged directory: that of the first part, the ends summed, and the origin of
 * each part.
 */
#include "harness/report/merge_part.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workloads/api/arith.h"

static json_t *sum_ends(const struct merging *m)
{
	static const char *const counts[] = { "rows",	    "claims",  "claims_failed",
					      "unexpected", "invalid", "skipped" };
	json_t *end = json_object();
	bool restored = true, complete = !m->out.nr_missing;
	double seconds = 0;

	for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
		json_int_t sum = 0;

		for (size_t i = 0; i < m->nr; i++)
			sum += json_integer_value(
				json_object_get(result_dir_json(m->part[i], "end"), counts[c]));
		json_object_set_new(end, counts[c], json_integer(sum));
	}
	for (size_t i = 0; i < m->nr; i++) {
		const char *status =
			json_string_value(result_dir_json(m->part[i], "end.status"));

		restored =
			restored && !json_is_false(result_dir_json(m->part[i], "end.restored"));
		complete = complete && status && !strcmp(status, "complete");
		seconds += json_number_value(result_dir_json(m->part[i], "end.seconds"));
	}
	json_object_set_new(end, "status", json_string(complete ? "complete" : "incomplete"));
	json_object_set_new(end, "restored", json_boolean(restored));
	json_object_set_new(end, "seconds", json_real(seconds));
	return end;
}

/* Of each directory all but the plan, which they share. */
static json_t *list_origins(const struct merging *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->nr; i++) {
		json_t *origin = json_copy(m->part[i]->run);

		json_object_del(origin, "plan");
		json_array_append_new(list, origin);
	}
	return list;
}

int merge_write_json(const struct merging *m, struct error *e)
{
	int fd = openat(m->dirfd, "run.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	json_t *root;
	char *text;
	int ret = 0;

	if (fd < 0)
		return error_set(e, errno, "run.json: %s", strerror(errno));
	root = json_copy(m->part[0]->run);
	json_object_set_new(root, "run", json_string(m->id));
	json_object_set_new(root, "end", sum_ends(m));
	json_object_set_new(root, "different_machines",
			    json_boolean(m->out.different_machines));
	json_object_set_new(root, "merged", list_origins(m));
	text = json_dumps(root, JSON_INDENT(2)); /* json_dumpfd() loses errors of write(2) */
	if (!text || dprintf(fd, "%s\n", text) < 0 || fsync(fd))
		ret = error_set(e, EIO, "run.json could not be written");
	close(fd);
	free(text);
	json_decref(root);
	return ret;
}
