// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parses the journal's text. Acts on none of it.
 */
#include "harness/machine/journal_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/machine/sysfile.h"
#include "workloads/api/arith.h"

#define BYTES_MAX    (64u << 20)
#define HEADER_LINES 5

const char *const journal_kind_names[] = {
	[JOURNAL_SETTING] = "setting", [JOURNAL_GROUP] = "group", [JOURNAL_SWAP] = "swap",
	[JOURNAL_ZRAM] = "zram",       [JOURNAL_LOOP] = "loop",	  [JOURNAL_FILE] = "file",
	[JOURNAL_MOUNT] = "mount",     [JOURNAL_HOME] = "home",
};

#define NR_KINDS (ARRAY_SIZE(journal_kind_names))

/* ---- text ---- */

void journal_escape(FILE *out, const char *text)
{
	if (!text) {
		fputs("\\-", out);
		return;
	}
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f || *c == '\\')
			fprintf(out, "\\%03o", *c);
		else
			fputc(*c, out);
	}
}

static bool is_octal(const char *text)
{
	for (int i = 0; i < 3; i++)
		if (text[i] < '0' || text[i] > '7')
			return false;
	return true;
}

/* In place. False for an escape that journal_escape() does not write. */
static bool unescape(char **field)
{
	char *out = *field;

	if (!strcmp(*field, "\\-")) {
		*field = NULL;
		return true;
	}
	for (const char *in = *field; *in; in++) {
		if (*in != '\\') {
			*out++ = *in;
		} else if (is_octal(in + 1)) {
			*out++ = (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0'));
			in += 3;
		} else {
			return false;
		}
	}
	*out = '\0';
	return true;
}

/* Splits at tabs; returns how many fields there are, at most nr. */
static unsigned split(char *line, char **field, unsigned nr)
{
	unsigned n = 0;

	while (line && n < nr) {
		field[n++] = line;
		line = strchr(line, '\t');
		if (line)
			*line++ = '\0';
	}
	return line ? nr + 1 : n;
}

/* ---- reading ---- */

void image_release(struct image *image)
{
	free(image->entry);
	free(image->text);
	*image = (struct image){ 0 };
}

static int add_entry(struct image *image, const struct entry *entry)
{
	if (image->nr == image->capacity) {
		const size_t capacity = image->capacity ? 2 * image->capacity : 32;
		struct entry *grown = realloc(image->entry, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		image->entry = grown;
		image->capacity = capacity;
	}
	image->entry[image->nr++] = *entry;
	return 0;
}

static bool parse_kind(const char *name, enum journal_kind *kind)
{
	for (size_t i = 0; i < NR_KINDS; i++) {
		if (!strcmp(name, journal_kind_names[i])) {
			*kind = (enum journal_kind)i;
			return true;
		}
	}
	return false;
}

static bool parse_mark(struct image *image, const char *number)
{
	unsigned long long index;
	char *end;

	index = strtoull(number, &end, 10);
	if (!*number || *end || index >= image->nr)
		return false;
	image->entry[index].undone = true;
	return true;
}

static int parse_line(struct image *image, char *line, unsigned number, off_t end)
{
	struct entry entry = { .line = number, .end = end };
	char *field[5] = { NULL };
	const unsigned nr = split(line, field, 5);

	if (nr == 2 && !strcmp(field[0], "undone") && parse_mark(image, field[1]))
		return 0;
	if (nr < 4 || nr > 5 || !parse_kind(field[0], &entry.kind) || !unescape(&field[1]) ||
	    !field[1] || !unescape(&field[2]) || !unescape(&field[3]) ||
	    (nr == 5 && !unescape(&field[4]))) {
		entry.unclear = true;
	} else {
		entry.what = field[1];
		entry.before = field[2];
		entry.after = field[3];
		entry.identity = field[4];
	}
	return add_entry(image, &entry);
}

/* "process <tab> PID <tab> TICKS", and the PID namespace from version 2 on. */
static bool parse_process(struct image *image, char *line)
{
	char *field[4], *end;
	const unsigned nr = split(line, field, 4);

	if (nr != (image->locked ? 4 : 3) || strcmp(field[0], "process"))
		return false;
	image->maker.pid = (int)strtol(field[1], &end, 10);
	if (*end)
		return false;
	image->maker.start_ticks = strtoull(field[2], &end, 10);
	if (*end)
		return false;
	if (nr == 4)
		image->maker.pidns = strtoull(field[3], &end, 10);
	return !*end;
}

static bool parse_header(struct image *image, char *line[HEADER_LINES])
{
	char boot[64], *field[2];

	image->locked = !strcmp(line[0], JOURNAL_MAGIC);
	if ((!image->locked && strcmp(line[0], JOURNAL_MAGIC_OLD)) ||
	    split(line[1], field, 2) != 2 || strcmp(field[0], "boot"))
		return false;
	if (!sysfile_read("", "/proc/sys/kernel/random/boot_id", boot, sizeof(boot)))
		image->rebooted = strcmp(boot, field[1]);
	if (split(line[2], field, 2) != 2 || strcmp(field[0], "run") || !unescape(&field[1]))
		return false;
	snprintf(image->run, sizeof(image->run), "%s", field[1] ? field[1] : "");
	if (!parse_process(image, line[3]) || split(line[4], field, 2) != 2 ||
	    strcmp(field[0], "directory"))
		return false;
	image->made = !strcmp(field[1], "made");
	return true;
}

static int read_all(int fd, char **text, size_t *bytes)
{
	struct stat st;
	size_t done = 0;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size > (off_t)BYTES_MAX)
		return -EFBIG;
	*text = malloc((size_t)st.st_size + 1);
	if (!*text)
		return -ENOMEM;
	while (done < (size_t)st.st_size) {
		const ssize_t n =
			pread(fd, *text + done, (size_t)st.st_size - done, (off_t)done);

		if (n <= 0) {
			const int ret = n ? -errno : -EIO;

			free(*text);
			*text = NULL;
			return ret;
		}
		done += (size_t)n;
	}
	(*text)[done] = '\0';
	*bytes = done;
	return 0;
}

int image_read(struct image *image, int fd)
{
	char *line[HEADER_LINES], *at, *newline;
	unsigned number = 0;
	size_t bytes = 0;
	int ret;

	*image = (struct image){ 0 };
	ret = read_all(fd, &image->text, &bytes);
	if (ret)
		return ret;
	for (at = image->text; at < image->text + bytes; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(image->text + bytes - at));
		if (!newline)
			break;
		*newline = '\0';
		if (number < HEADER_LINES) {
			line[number++] = at;
			if (number == HEADER_LINES && !parse_header(image, line))
				return -EPROTO;
			image->header_end = newline + 1 - image->text;
			continue;
		}
		number++;
		/* A NUL inside would hide the rest of the line. */
		if (strlen(at) != (size_t)(newline - at))
			*at = '\0';
		ret = parse_line(image, at, number, newline + 1 - image->text);
		if (ret)
			return ret;
	}
	image->empty = number < HEADER_LINES;
	if (image->empty && number && strncmp(line[0], "pagestorm-journal", 17))
		return -EPROTO;
	return 0;
}

bool entry_is_live(const struct entry *entry)
{
	return !entry->undone && !entry->unclear;
}

size_t image_count_live(const struct image *image)
{
	size_t live = 0;

	for (size_t i = 0; i < image->nr; i++)
		live += entry_is_live(&image->entry[i]);
	return live;
}

size_t image_count_unclear(const struct image *image)
{
	size_t unclear = 0;

	for (size_t i = 0; i < image->nr; i++)
		unclear += image->entry[i].unclear;
	return unclear;
}

size_t image_first_behind(const struct image *image, size_t keep)
{
	size_t i = 0;

	for (; keep && i < image->nr; i++)
		keep -= entry_is_live(&image->entry[i]);
	return i;
}

size_t image_newest(const struct image *image, enum journal_kind kind, const char *what)
{
	for (size_t i = image->nr; i; i--) {
		const struct entry *entry = &image->entry[i - 1];

		if (entry_is_live(entry) && entry->kind == kind && !strcmp(entry->what, what))
			return i - 1;
	}
	return image->nr;
}
