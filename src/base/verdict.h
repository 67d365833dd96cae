/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What speaks against a live patch, or has to be thought about: gathered while it is made, so that
 * the operator sees all reasons at once. An error (enum sut_rc) is for what stops the work.
 */
#ifndef SUT_BASE_VERDICT_H
#define SUT_BASE_VERDICT_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One reason not to make the patch. rule is a stable id: match, layout, data, tls, tail, ... */
struct sut_refusal {
	const char *rule;
	const char *message;  /* one sentence that names the thing first and what to do last */
	const char *evidence; /* function, type and member, source line, bytes */
};

/* Something to think about, for a fact that was seen; it says nothing against the patch. */
struct sut_question {
	const char *about; /* a function or variable */
	const char *text;
};

/* What the stages found. All memory is the arena's. */
struct sut_verdict {
	struct sut_arena *arena;
	bool kernel;          /* what runs the old code is one, and not a program */
	uint64_t compiler_ns; /* time in which a compiler was running */
	size_t refusal_count, refusal_capacity;
	struct sut_refusal *refusals;
	size_t warning_count, warning_capacity;
	struct sut_refusal *warnings; /* worth a look, no reason to refuse */
	size_t question_count, question_capacity;
	struct sut_question *questions;
};

enum sut_verdict_kind { SUT_VERDICT_CREATED, SUT_VERDICT_NOTHING, SUT_VERDICT_REFUSED };

/* changed: there is something to make a patch of. */
enum sut_verdict_kind sut_verdict_kind(const struct sut_verdict *verdict, bool changed);

/* "program" or "kernel". */
const char *sut_verdict_target(const struct sut_verdict *verdict);

void sut_refuse(struct sut_verdict *verdict, const char *rule, const char *evidence,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void sut_warn(struct sut_verdict *verdict, const char *rule, const char *evidence, const char *fmt,
	      ...) __attribute__((format(printf, 4, 5)));
void sut_ask(struct sut_verdict *verdict, const char *about, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A stage that had to stop for a reason is a refusal like those that let it go on. */
void sut_refuse_diag(struct sut_verdict *verdict, const struct sut_diag *diag);

/* Turns the refusals of these rules into warnings. */
void sut_verdict_allow(struct sut_verdict *verdict, const char *const *rules, size_t count);

#endif
