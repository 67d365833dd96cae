// SPDX-License-Identifier: GPL-2.0-or-later
/* The evidence for what is said of a variable: its line in the source. */
#include "judge/judge.h"

#include <string.h>

/* The variable of the source that the object's name stands for: "count.0" is the count of a
 * function. */
static const struct sut_type_variable *find_variable(const struct sut_types *types,
						     const char *name)
{
	const struct sut_type_variable *found = sut_types_variable(types, name);
	size_t length = strcspn(name, ".");

	for (size_t i = 0; !found && i < types->variable_count; i++) {
		const char *inner = strstr(types->variables[i].name, ": ");

		if (inner && !strncmp(inner + 2, name, length) && !inner[2 + length])
			found = &types->variables[i];
	}
	return found;
}

static bool is_about_data(const char *rule)
{
	return !strcmp(rule, "data") || !strcmp(rule, "size") || !strcmp(rule, "storage");
}

void sut_data_places(const struct sut_judging *judging)
{
	struct sut_verdict *verdict = judging->verdict;
	size_t prefix = strlen(judging->unit->source);

	for (size_t i = 0; i < verdict->refusal_count; i++) {
		struct sut_refusal *refusal = &verdict->refusals[i];
		const char *evidence = refusal->evidence, *name, *rest;
		const struct sut_type_variable *variable;

		if (!is_about_data(refusal->rule) ||
		    strncmp(evidence, judging->unit->source, prefix) != 0 ||
		    strncmp(evidence + prefix, ": ", 2) != 0)
			continue;
		rest = strchrnul(evidence, '\n');
		name = sut_arena_strndup(verdict->arena, evidence + prefix + 2,
					 (size_t)(rest - evidence) - prefix - 2);
		variable = find_variable(judging->after, name);
		if (variable)
			refusal->evidence = sut_arena_printf(verdict->arena, "%s: %s (%s)%s",
							     judging->unit->source, name,
							     variable->place, rest);
	}
}
