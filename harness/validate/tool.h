/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a tool can be scored on this machine, and which version of it.
 */
#ifndef PAGESTORM_VALIDATE_TOOL_H
#define PAGESTORM_VALIDATE_TOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/machine/host.h"
#include "harness/validate/adapter.h"

/* Installed, and with all that it requires itself; false with the reason otherwise. */
bool tool_is_here(const struct adapter *a, const struct host *host, char *reason, size_t bytes);

/* The words of needs=, of a tool or of a load; false with the reason of one that is not met. */
bool tool_has_needs(const struct host *host, const char *needs, char *reason, size_t bytes);

/* Asks the tool, and keeps its output at path. "": unknown. */
void tool_version(const struct adapter *a, const char *path, char *version, size_t bytes);

/* The same from the output kept at path. */
void tool_version_then(const char *path, char *version, size_t bytes);

#endif
