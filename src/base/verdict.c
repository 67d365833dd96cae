// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/verdict.h"

#include <stdio.h>
#include <string.h>

static const char *format(struct sut_arena *arena, const char *fmt, va_list ap)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, ap);
	length = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (length < 0)
		return fmt;
	text = sut_arena_alloc(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, fmt, ap);
	return text;
}

enum sut_verdict_kind sut_verdict_kind(const struct sut_verdict *verdict, bool changed)
{
	if (verdict->refusal_count)
		return SUT_VERDICT_REFUSED;
	return changed ? SUT_VERDICT_CREATED : SUT_VERDICT_NOTHING;
}

const char *sut_verdict_target(const struct sut_verdict *verdict)
{
	return verdict->kernel ? "kernel" : "program";
}

static struct sut_refusal entry(struct sut_arena *arena, const char *rule, const char *evidence,
				const char *fmt, va_list ap)
{
	return (struct sut_refusal){
		.rule = rule,
		.message = format(arena, fmt, ap),
		.evidence = sut_arena_strdup(arena, evidence ? evidence : ""),
	};
}

void sut_refuse(struct sut_verdict *verdict, const char *rule, const char *evidence,
		const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	SUT_PUSH(verdict->arena, verdict->refusals, verdict->refusal_count,
		 verdict->refusal_capacity) = entry(verdict->arena, rule, evidence, fmt, ap);
	va_end(ap);
}

void sut_ask(struct sut_verdict *verdict, const char *about, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	SUT_PUSH(verdict->arena, verdict->questions, verdict->question_count,
		 verdict->question_capacity) = (struct sut_question){
		.about = sut_arena_strdup(verdict->arena, about),
		.text = format(verdict->arena, fmt, ap),
	};
	va_end(ap);
}

void sut_warn(struct sut_verdict *verdict, const char *rule, const char *evidence, const char *fmt,
	      ...)
{
	va_list ap;

	va_start(ap, fmt);
	SUT_PUSH(verdict->arena, verdict->warnings, verdict->warning_count,
		 verdict->warning_capacity) = entry(verdict->arena, rule, evidence, fmt, ap);
	va_end(ap);
}

void sut_refuse_diag(struct sut_verdict *verdict, const struct sut_diag *diag)
{
	const char *evidence = "";

	for (unsigned int i = 1; i < diag->count; i++)
		evidence = sut_arena_printf(verdict->arena, "%s%s%s", evidence,
					    *evidence ? "\n" : "", diag->entry[i]);
	sut_refuse(verdict, sut_arena_strdup(verdict->arena, diag->rule), evidence, "%s%s%s",
		   diag->entry[0], diag->remedy[0] ? "; " : "", diag->remedy);
}

static bool is_one_of(const char *rule, const char *const *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(rule, rules[i]) == 0)
			return true;
	return false;
}

void sut_verdict_allow(struct sut_verdict *verdict, const char *const *rules, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < verdict->refusal_count; i++) {
		const struct sut_refusal refusal = verdict->refusals[i];

		if (is_one_of(refusal.rule, rules, count))
			sut_warn(verdict, refusal.rule, refusal.evidence, "allowed: %s",
				 refusal.message);
		else
			verdict->refusals[kept++] = refusal;
	}
	verdict->refusal_count = kept;
}
