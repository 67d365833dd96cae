// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/rules.h"
#include "base/rules-tables.h"

#include <string.h>

static const struct {
	const struct sut_rule *rules;
	const size_t *count;
} tables[] = {
	{sut_rules_verdict, &sut_rules_verdict_count}, {sut_rules_input, &sut_rules_input_count},
	{sut_rules_process, &sut_rules_process_count}, {sut_rules_kernel, &sut_rules_kernel_count},
	{sut_rules_create, &sut_rules_create_count},   {sut_rules_host, &sut_rules_host_count},
};

const struct sut_rule *sut_rule_at(size_t i)
{
	for (size_t k = 0; k < sizeof(tables) / sizeof(tables[0]); k++) {
		if (i < *tables[k].count)
			return &tables[k].rules[i];
		i -= *tables[k].count;
	}
	return NULL;
}

const struct sut_rule *sut_rule_find(const char *id)
{
	const struct sut_rule *rule;

	for (size_t i = 0; (rule = sut_rule_at(i)); i++)
		if (strcmp(rule->id, id) == 0)
			return rule;
	return NULL;
}

const char *sut_stage_name(enum sut_stage stage)
{
	switch (stage) {
	case SUT_STAGE_INPUT:
		return "what a patch is made from";
	case SUT_STAGE_VERDICT:
		return "the judgement of a change";
	case SUT_STAGE_FILE:
		return "files";
	case SUT_STAGE_PROCESS:
		return "the running target";
	}
	return "";
}

const char *sut_allow_sentence(enum sut_allow allow)
{
	switch (allow) {
	case SUT_ALLOW_NOT_ASKED:
		return "is no judgement of create's that could be overruled";
	case SUT_ALLOW_YES:
		return "overrules it, for somebody who knows the program; the patch file says so";
	case SUT_ALLOW_WRONG:
		return "cannot be allowed: the patch would be wrong, whatever one knows of the "
		       "program";
	case SUT_ALLOW_IMPOSSIBLE:
		return "cannot be allowed: there would be nothing to carry or to apply";
	}
	return "";
}

enum sut_rc sut_rule_check_allow(const char *id, struct sut_diag *diag)
{
	const struct sut_rule *rule = sut_rule_find(id);

	if (rule && rule->allow == SUT_ALLOW_YES)
		return SUT_OK;
	sut_fail(diag, SUT_INVALID, "allow", "--allow %s: %s", id,
		 rule ? sut_allow_sentence(rule->allow) : "there is no such rule");
	sut_remedy(diag, "`suture explain` says which rules may be overruled.");
	return SUT_INVALID;
}
