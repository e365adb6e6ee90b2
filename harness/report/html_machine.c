// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page's last part: the machine, its settings before and after, the profile.
 */
#include "harness/report/html_page.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#define PROFILE_BYTES 65536

static void put_json_value(const struct page *p, const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		html_text(p->out, json_string_value(value));
		return;
	}
	if (json_is_boolean(value)) {
		fputs(json_is_true(value) ? "yes" : "no", p->out);
		return;
	}
	if (json_is_number(value)) {
		html_exact(p->out, json_number_value(value));
		return;
	}
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	html_text(p->out, text ? text : "");
	free(text);
}

static void put_object(const struct page *p, const char *title, const char *path)
{
	json_t *object = (json_t *)result_dir_json(&p->report->dir, path);
	const char *key;
	json_t *value;

	if (!json_object_size(object))
		return;
	page_put(p, "<div><h3>", title, "</h3><dl class=\"facts\">\n");
	json_object_foreach(object, key, value)
	{
		page_put(p, "<dt>", key, "</dt><dd>");
		put_json_value(p, value);
		page_raw(p, "</dd>\n");
	}
	page_raw(p, "</dl></div>\n");
}

/* A run restores all settings: one that it did not restore gets a heading. */
static void put_changed_settings(const struct page *p)
{
	const struct result_dir *f = &p->report->dir;
	json_t *after = (json_t *)result_dir_json(f, "settings_after");
	const char *before = "<div><h3 class=\"worse\">Settings that differ afterwards</h3>"
			     "<dl class=\"facts\">\n";
	const char *key;
	json_t *value;

	json_object_foreach(after, key, value)
	{
		json_t *found = json_object_get(result_dir_json(f, "settings_before"), key);

		if (json_equal(found, value))
			continue;
		page_put(p, before, "", "");
		page_put(p, "<dt>", key, "</dt><dd>");
		put_json_value(p, value);
		page_raw(p, "</dd>\n");
		before = "";
	}
	page_raw(p, *before ? "" : "</dl></div>\n");
}

/* The profile as it was run; a very long one is cut, with a note. */
static void put_profile(const struct page *p)
{
	char path[PATH_MAX], *text;
	ssize_t length;
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/profile.ini", p->report->dir.path) >=
	    sizeof(path))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	text = malloc(PROFILE_BYTES + 1);
	length = fd >= 0 && text ? pread(fd, text, PROFILE_BYTES, 0) : -1;
	if (length > 0) {
		text[length] = 0;
		page_put(p, "<h3>Profile, as it was run</h3>\n<div class=\"scroll\"><pre>",
			 text,
			 length == PROFILE_BYTES ? "\n[cut: the rest is in profile.ini]" : "");
		page_raw(p, "</pre></div>\n");
	}
	free(text);
	if (fd >= 0)
		close(fd);
}

void page_put_machine(const struct page *p)
{
	if (!p->report->dir.run)
		return;
	page_heading(p, "machine", "Machine and settings");
	page_raw(p, "<div class=\"columns\">\n");
	put_object(p, "Machine", "machine");
	put_object(p, "Settings before", "settings_before");
	put_changed_settings(p);
	put_object(p, "Versions", "versions");
	put_object(p, "End", "end");
	page_raw(p, "</div>\n");
	put_profile(p);
}
