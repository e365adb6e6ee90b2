// SPDX-License-Identifier: GPL-2.0-or-later
/* From a command line's words to a plan. */
#include "harness/cli/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness/plan/profile.h"
#include "harness/trial/expect.h"

#define WORDS_MAX 256

int cmd_check_plan_words(const struct cmd_words *words, struct error *e)
{
	if (words->nr > WORDS_MAX)
		return error_set(e, EINVAL, "too many key=value words");
	if (!words->nr)
		return error_set(e, EINVAL,
				 "a PROFILE or a WORKLOAD is missing; see `pagestorm list`");
	return 0;
}

static int load_profile(struct profile *profile, const struct cmd_plan_source *source,
			struct error *e)
{
	char text[64];
	int ret = profile_load(profile, source->words.word[0], e);

	for (unsigned i = 1; i < source->words.nr && !ret; i++)
		ret = profile_override_once(profile, source->words.word[i], e);
	if (source->keep_raw && !ret)
		ret = profile_override_once(profile, "profile.keep_raw=yes", e);
	if (source->repeats && !ret) {
		snprintf(text, sizeof(text), "profile.repeats=%u", source->repeats);
		ret = profile_override_once(profile, text, e);
	}
	return ret;
}

int cmd_load_plan(struct plan *plan, struct host *host, const struct cmd_plan_source *source,
		  struct error *e)
{
	struct profile profile;
	int ret;

	memset(plan, 0, sizeof(*plan));
	host_release(host);
	profile_init(&profile);
	ret = load_profile(&profile, source, e);
	if (!ret && host_probe(host, source->root, e))
		ret = -EIO;
	if (!ret)
		ret = plan_make(plan, &profile, host, e);
	if (!ret && profile.by_name)
		memcpy(plan->source, profile.path, sizeof(plan->source));
	if (!ret)
		plan->skipped = profile.skipped;
	if (!ret)
		plan->renamed = profile.renamed;
	if (!ret)
		ret = expect_check(plan, e);
	if (ret)
		plan_release(plan);
	profile_release(&profile);
	return ret;
}

void cmd_note_renamed(const struct plan *plan)
{
	if (plan->renamed)
		fprintf(stderr, "pagestorm: note: %s\n", plan->renamed);
}

void cmd_note_source(const char *source, const struct error *skipped)
{
	if (skipped->text[0])
		fprintf(stderr, "pagestorm: note: %s\n", skipped->text);
	if (source[0] &&
	    strncmp(source, PAGESTORM_PROFILES_DIR, strlen(PAGESTORM_PROFILES_DIR)))
		fprintf(stderr, "pagestorm: note: takes %s\n", source);
}
