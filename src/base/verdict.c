// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/verdict.h"

#include <stdio.h>

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
