// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text, numbers and tables of the page; escapes all text.
 */
#include "harness/report/html_page.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Length of the UTF-8 sequence at text; 0 when it is none or a control character. */
static size_t sequence(const char *text)
{
	unsigned char c = *text;
	size_t length = c < 0x80		? 1
			: c >= 0xc2 && c < 0xe0 ? 2
			: c >= 0xe0 && c < 0xf0 ? 3
			: c >= 0xf0 && c < 0xf5 ? 4
						: 0;

	for (size_t i = 1; i < length; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
	if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
		return 0;
	return length;
}

/* One character, escaped; returns what follows it. */
static const char *put_character(FILE *out, const char *text)
{
	size_t length = sequence(text);

	switch (*text) {
	case '&':
		fputs("&amp;", out);
		break;
	case '<':
		fputs("&lt;", out);
		break;
	case '>':
		fputs("&gt;", out);
		break;
	case '"':
		fputs("&quot;", out);
		break;
	case '\'':
		fputs("&#39;", out);
		break;
	default:
		if (length)
			fwrite(text, 1, length, out);
		else
			fputs("\xef\xbf\xbd", out);
	}
	return text + (length ? length : 1);
}

void html_text(FILE *out, const char *text)
{
	while (*text)
		text = put_character(out, text);
}

void html_name(FILE *out, const char *text)
{
	while (*text) {
		bool ends_word = *text == '_';

		text = put_character(out, text);
		if (ends_word)
			fputs("<wbr>", out);
	}
}

void page_raw(const struct page *p, const char *html)
{
	fputs(html, p->out);
}

void page_put(const struct page *p, const char *before, const char *text, const char *after)
{
	fputs(before, p->out);
	html_text(p->out, text);
	fputs(after, p->out);
}

void page_heading(const struct page *p, const char *id, const char *title)
{
	fprintf(p->out, "<h2 id=\"%s%zu\">", id, p->index);
	html_text(p->out, title);
	page_raw(p, "</h2>\n");
}

void page_table_open(const struct page *p, const char *const *titles)
{
	page_raw(p, "<div class=\"scroll\"><table><thead><tr>");
	for (; *titles; titles++) {
		bool number = **titles == '>';

		page_put(p, number ? "<th class=\"n\">" : "<th>", *titles + number, "</th>");
	}
	page_raw(p, "</tr></thead><tbody>\n");
}

void page_table_close(const struct page *p)
{
	page_raw(p, "</tbody></table></div>\n");
}

void html_exact(FILE *out, double value)
{
	char digits[64];
	size_t whole;

	if (isnan(value)) {
		fputs("–", out);
		return;
	}
	snprintf(digits, sizeof(digits), value == floor(value) ? "%.0f" : "%.10g", value);
	whole = strspn(digits, "-0123456789");
	for (size_t i = 0; digits[i]; i++) {
		size_t left = whole - i;

		if (i && i < whole && left % 3 == 0 && whole > 4 && digits[i - 1] != '-')
			fputs("\u202f", out);
		fputc(digits[i], out);
	}
}

void html_range(FILE *out, double low, double high)
{
	html_exact(out, low);
	if (low < high) {
		fputs("&nbsp;… ", out);
		html_exact(out, high);
	}
}
