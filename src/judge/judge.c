// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the debugging information of each unit once, for all judgements that want it. */
#include "judge/judge.h"
#include "base/guard.h"

#include <string.h>

const struct sut_part *sut_judging_part(const struct sut_judging *judging,
					const struct sut_part *part)
{
	const struct sut_extract *extract = judging->extract;

	if (!extract)
		return NULL;
	for (part = part ? part + 1 : extract->parts; part < extract->parts + extract->part_count;
	     part++)
		if (part->unit == judging->unit)
			return part;
	return NULL;
}

/* "f" for "f.part.0": what the compiler made of one function. */
static bool is_of(const char *symbol, const char *function)
{
	size_t length = strlen(function);

	return !strncmp(symbol, function, length) && (!symbol[length] || symbol[length] == '.');
}

/* All code of the function differs. */
static bool replaces(const struct sut_diff *diff, const char *function)
{
	bool found = false;

	for (size_t i = 0; i < diff->after->def_count; i++) {
		const struct sut_def *def = &diff->after->defs[i];

		if (!sut_def_is_function(def) || !is_of(def->name, function))
			continue;
		if (diff->change[i] == SUT_CHANGE_NONE)
			return false;
		found = true;
	}
	return found;
}

bool sut_judging_replaces(const struct sut_judging *judging, const char *function)
{
	const struct sut_part *part = sut_judging_part(judging, NULL);

	for (; part; part = sut_judging_part(judging, part))
		if (replaces(part->diff, function))
			return true;
	return false;
}

bool sut_judging_said(const struct sut_judging *judging, const char *evidence)
{
	const struct sut_verdict *verdict = judging->verdict;

	for (size_t i = 0; i < verdict->refusal_count; i++)
		if (strcmp(verdict->refusals[i].evidence, evidence) == 0)
			return true;
	for (size_t i = 0; i < verdict->warning_count; i++)
		if (strcmp(verdict->warnings[i].evidence, evidence) == 0)
			return true;
	return false;
}

enum sut_rc sut_units_judge(const struct sut_unit *units, size_t unit_count,
			    const struct sut_extract *extract, struct sut_verdict *verdict,
			    struct sut_diag *diag)
{
	for (size_t i = 0; i < unit_count; i++) {
		SUT_ARENA struct sut_arena scratch = {0};
		struct sut_types before, after;
		const struct sut_judging judging = {
			.extract = extract,
			.unit_count = unit_count,
			.units = units,
			.unit = &units[i],
			.before = &before,
			.after = &after,
			.verdict = verdict,
		};
		enum sut_rc rc = sut_types_read(&scratch, units[i].before, &before, diag);

		if (rc == SUT_OK)
			rc = sut_types_read(&scratch, units[i].after, &after, diag);
		if (rc)
			return sut_context(diag, rc, "while reading the types of %s",
					   units[i].source);
		sut_data_places(&judging);
		sut_layout_judge(&judging);
		if (extract) {
			sut_abi_judge(&judging);
			sut_asm_judge(&judging);
		}
	}
	if (extract) {
		sut_start_judge(extract);
		sut_questions_ask(extract);
	}
	return SUT_OK;
}

enum sut_rc sut_units_judge_early(const struct sut_unit *units, size_t count,
				  struct sut_verdict *verdict, struct sut_diag *diag)
{
	return sut_units_judge(units, count, NULL, verdict, diag);
}
