// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of outcomes, and which ended as expected. */
#include "harness/plan/outcome.h"

static const char *const words[] = {
	[OUTCOME_OK] = "ok",
	[OUTCOME_EXPECTED_OOM] = "expected_oom",
	[OUTCOME_UNEXPECTED_OOM] = "unexpected_oom",
	[OUTCOME_MISSING_OOM] = "missing_oom",
	[OUTCOME_TARGET_MISSED] = "target_missed",
	[OUTCOME_TIMEOUT] = "timeout",
	[OUTCOME_INTERRUPTED] = "interrupted",
	[OUTCOME_SKIPPED] = "skipped",
	[OUTCOME_DISTURBED] = "disturbed",
	[OUTCOME_KILLED_BY_OTHER] = "killed_by_other",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_BROKEN] = "broken",
};

const struct wordlist outcome_words = WORDLIST(words);

const char *outcome_name(enum outcome outcome)
{
	return wordlist_word(&outcome_words, outcome);
}

enum ending outcome_ending(enum outcome outcome, enum outcome expected)
{
	if (outcome == OUTCOME_SKIPPED)
		return ENDING_SKIPPED;
	if (outcome == OUTCOME_DISTURBED)
		return ENDING_DISTURBED;
	if (outcome == expected)
		return ENDING_EXPECTED;
	if (outcome == OUTCOME_INTERRUPTED)
		return ENDING_INTERRUPTED;
	if (outcome == OUTCOME_FAILED || outcome == OUTCOME_BROKEN ||
	    outcome == OUTCOME_KILLED_BY_OTHER)
		return ENDING_INVALID;
	return ENDING_UNEXPECTED;
}

enum ending outcome_ending_of_row(const char *outcome, const char *expected)
{
	unsigned was, meant = OUTCOME_OK;

	if (!wordlist_find(&outcome_words, outcome, &was))
		return ENDING_UNEXPECTED;
	if (!wordlist_find(&outcome_words, expected, &meant) && was == OUTCOME_EXPECTED_OOM)
		meant = was;
	return outcome_ending((enum outcome)was, (enum outcome)meant);
}
