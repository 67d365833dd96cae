// SPDX-License-Identifier: GPL-2.0-or-later
/* suture explain [RULE...]: what a rule means that a refusal, a warning or a failure named. */
#include "base/rules.h"
#include "cli/cli.h"

#include <string.h>

enum { WIDTH = 74 };

/* A paragraph: one headline in JSON, lines in text. */
static void put_paragraph(struct sut_out *out, const char *text)
{
	while (*text) {
		size_t length = strlen(text);

		if (!out->json && length > WIDTH) {
			const char *blank = memrchr(text, ' ', WIDTH + 1);

			length = blank ? (size_t)(blank - text) : length;
		}
		sut_out_headline(out, SUT_MARK_NONE, "  %.*s", (int)length, text);
		text += length;
		text += strspn(text, " ");
	}
}

static void put_fields(struct sut_out *out, const struct sut_rule *rule)
{
	sut_out_object(out, NULL);
	sut_out_string(out, "rule", rule->id);
	sut_out_array(out, "stages");
	for (int i = 0; i < SUT_STAGE_COUNT; i++)
		if (rule->stages & 1u << i)
			sut_out_string(out, NULL, sut_stage_name(1 << i));
	sut_out_end(out);
	sut_out_string(out, "title", rule->title);
	sut_out_string(out, "meaning", rule->meaning);
	sut_out_string(out, "remedy", rule->remedy);
	sut_out_bool(out, "allowable", rule->allow == SUT_ALLOW_YES);
	sut_out_string(out, "allow", sut_allow_sentence(rule->allow));
	sut_out_end(out);
}

static void explain(struct sut_out *out, const struct sut_rule *rule)
{
	sut_out_headline(out, SUT_MARK_NONE, "%s: %s.", rule->id, rule->title);
	put_paragraph(out, rule->meaning);
	put_paragraph(out, rule->remedy);
	put_paragraph(out, sut_arena_printf(&out->arena, "--allow %s: %s.", rule->id,
					    sut_allow_sentence(rule->allow)));
	put_fields(out, rule);
}

static void list(struct sut_out *out)
{
	const struct sut_rule *rule;

	for (int stage = 0; stage < SUT_STAGE_COUNT; stage++) {
		sut_out_headline(out, SUT_MARK_NONE, "%s:", sut_stage_name(1 << stage));
		for (size_t i = 0; (rule = sut_rule_at(i)); i++)
			if (rule->stages & 1u << stage)
				sut_out_headline(out, SUT_MARK_NONE, "  %-19s %s%s", rule->id,
						 rule->title,
						 rule->allow == SUT_ALLOW_YES ? " (--allow)" : "");
	}
	for (size_t i = 0; (rule = sut_rule_at(i)); i++)
		put_fields(out, rule);
}

static int run(struct sut_call *call)
{
	struct sut_out out;

	for (int i = 0; i < call->argc; i++)
		if (!sut_rule_find(call->argv[i]))
			return sut_usage_error(call,
					       "%s: no rule of suture's; without an operand all "
					       "rules are listed",
					       call->argv[i]);
	sut_call_out(call, &out, "suture.explain/1", false);
	sut_out_array(&out, "rules");
	for (int i = 0; i < call->argc; i++)
		explain(&out, sut_rule_find(call->argv[i]));
	if (!call->argc)
		list(&out);
	sut_out_end(&out);
	return sut_call_end(&out, SUT_EXIT_DONE);
}

const struct sut_command sut_command_explain = {
	.name = "explain",
	.operands = "[RULE...]",
	.summary = "say what the rule of a refusal means, or list all rules",
	.run = run,
};
