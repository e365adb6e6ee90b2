/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One error: a whole sentence for a person, carried up to the subcommand that prints it.
 *
 * Functions return 0 or -errno. One whose failure a person will see also takes
 * a struct error and fills it with a sentence that names the thing, the reason
 * and the way out, so that the caller can print it as it is.
 */
#ifndef PAGESTORM_ERROR_H
#define PAGESTORM_ERROR_H

struct error {
	char text[1024]; /* empty until something failed */
};

/*
 * Fills *e unless it already holds a sentence: the first error is the cause and
 * is never hidden by a later one from clean-up. e may be NULL.
 * Returns -code, so that `return error_set(e, EINVAL, "…")` reads as it acts.
 */
int error_set(struct error *e, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
