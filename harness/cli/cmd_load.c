// SPDX-License-Identifier: GPL-2.0-or-later
/* From a command line's words to a plan. */
#include "harness/cli/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness/plan/profile.h"
#include "harness/trial/expect.h"

int cmd_load_plan(struct plan *plan, int nr, char **words, unsigned repeats, struct error *e)
{
	return cmd_load_plan_for(plan, "", nr, words, repeats, e);
}

int cmd_load_plan_for(struct plan *plan, const char *root, int nr, char **words,
		      unsigned repeats, struct error *e)
{
	struct profile profile;
	struct host *host = &plan->host;
	char text[64];
	int ret;

	memset(plan, 0, sizeof(*plan));
	profile_init(&profile);
	if (nr < 1) {
		ret = error_set(e, EINVAL,
				"a PROFILE or a WORKLOAD is missing; see `pagestorm list`");
		goto out;
	}
	ret = profile_load(&profile, words[0], e);
	for (int i = 1; i < nr && !ret; i++)
		ret = profile_override_once(&profile, words[i], e);
	if (repeats && !ret) {
		snprintf(text, sizeof(text), "profile.repeats=%u", repeats);
		ret = profile_override_once(&profile, text, e);
	}
	if (!ret && host_probe(host, root, e))
		ret = -EIO;
	if (!ret) {
		struct host probed = *host;

		ret = plan_make(plan, &profile, &probed, e);
	}
	if (!ret && profile.by_name)
		memcpy(plan->source, profile.path, sizeof(plan->source));
	if (!ret)
		plan->skipped = profile.skipped;
	if (!ret)
		ret = expect_check(plan, e);
	if (ret)
		plan_release(plan);
out:
	profile_release(&profile);
	return ret;
}

void cmd_tell_source(const char *source, const struct error *skipped)
{
	if (skipped->text[0])
		fprintf(stderr, "pagestorm: note: %s\n", skipped->text);
	if (source[0] &&
	    strncmp(source, PAGESTORM_PROFILES_DIR, strlen(PAGESTORM_PROFILES_DIR)))
		fprintf(stderr, "pagestorm: note: takes %s\n", source);
}
