// SPDX-License-Identifier: GPL-2.0-or-later
/* Recognises kernel threads in the text of /proc/PID/stat. Reads no file. */
#include "harness/trial/kthread.h"

#include <stdio.h>
#include <string.h>

#define PF_KTHREAD 0x00200000u

bool kthread_name(const char *stat, char *name, size_t name_bytes)
{
	const char *open = strchr(stat, '(');
	const char *close = strrchr(stat, ')'); /* the name itself may hold any of them */
	unsigned flags;

	if (!open || !close || close < open ||
	    sscanf(close + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) != 1 ||
	    !(flags & PF_KTHREAD) || (size_t)(close - open) > name_bytes)
		return false;
	snprintf(name, name_bytes, "%.*s", (int)(close - open - 1), open + 1);
	return true;
}
