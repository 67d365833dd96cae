// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/verdict.h"

#include <string.h>

static void report_list(struct sut_out *out, const char *key, enum sut_mark mark,
			const struct sut_refusal *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *evidence = list[i].evidence, *end;

		sut_out_headline(out, mark, "[%s] %s", list[i].rule, list[i].message);
		for (; *evidence; evidence = *end ? end + 1 : end) {
			end = strchrnul(evidence, '\n');
			sut_out_headline(out, SUT_MARK_NONE, "%.*s", (int)(end - evidence),
					 evidence);
		}
	}
	sut_out_array(out, key);
	for (size_t i = 0; i < count; i++) {
		sut_out_object(out, NULL);
		sut_out_string(out, "rule", list[i].rule);
		sut_out_string(out, "message", list[i].message);
		sut_out_string(out, "evidence", list[i].evidence);
		sut_out_end(out);
	}
	sut_out_end(out);
}

/* One line for all rules, whatever the number of refusals. */
static void point_to_explain(struct sut_out *out, const struct sut_verdict *verdict)
{
	const char *rules = "";

	for (size_t i = 0; i < verdict->refusal_count; i++) {
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen |= strcmp(verdict->refusals[k].rule, verdict->refusals[i].rule) == 0;
		if (!seen)
			rules = sut_arena_printf(verdict->arena, "%s %s", rules,
						 verdict->refusals[i].rule);
	}
	if (*rules)
		sut_out_headline(out, SUT_MARK_NONE, "Why: suture explain%s", rules);
}

/* In text only for those who want it all: they are for whoever signs the patch off. */
static void report_questions(struct sut_out *out, const struct sut_verdict *verdict)
{
	sut_out_array(out, "questions");
	for (size_t i = 0; i < verdict->question_count; i++) {
		sut_out_object(out, NULL);
		sut_out_string(out, "about", verdict->questions[i].about);
		sut_out_string(out, "question", verdict->questions[i].text);
		sut_out_end(out);
	}
	sut_out_end(out);
}

void sut_report_verdict(struct sut_out *out, const struct sut_verdict *verdict)
{
	report_list(out, "refusals", SUT_MARK_FAILED, verdict->refusals, verdict->refusal_count);
	point_to_explain(out, verdict);
	report_list(out, "warnings", SUT_MARK_WARNING, verdict->warnings, verdict->warning_count);
	report_questions(out, verdict);
}
