/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors: a code that says what the caller can do, and a bounded record of what happened.
 *
 * Every fallible function returns enum sut_rc and takes a caller-owned struct sut_diag. The place
 * where something fails pushes the first message with sut_fail(); callers on the way up may add
 * context with sut_context(). Nothing here allocates and nothing below src/cli prints: a diag works
 * while a target is stopped and when memory is short.
 */
#ifndef SUT_BASE_DIAG_H
#define SUT_BASE_DIAG_H

#include <stdarg.h>
#include <stdbool.h>

/* What the caller can do about it. The CLI maps each code to one exit status. */
enum sut_rc {
	SUT_OK = 0,
	SUT_RETRY,       /* not now: another holder, a blocker, a target in transit */
	SUT_REFUSED,     /* not certain to be safe; target left exactly as it was */
	SUT_INVALID,     /* input is malformed */
	SUT_UNSUPPORTED, /* well-formed, but this version cannot do it */
	SUT_GONE,        /* the target or file is no longer there */
	SUT_SYSTEM,      /* a system call failed for a reason outside our control */
	SUT_BUG,         /* an assumption of ours was wrong */
};

enum { SUT_DIAG_ENTRIES = 6, SUT_DIAG_TEXT = 512, SUT_DIAG_RULE = 32 };

/*
 * entry[0] is the origin; later entries are context, innermost first. The rule is a stable id that
 * scripts may match ("build-id", "stack-switch"); empty where no rule applies. The remedy says what
 * the operator can do about the origin.
 */
struct sut_diag {
	unsigned int count;
	char rule[SUT_DIAG_RULE];
	char entry[SUT_DIAG_ENTRIES][SUT_DIAG_TEXT];
	char remedy[SUT_DIAG_TEXT];
};

/* Forgets everything; a zeroed diag is valid, too. */
void sut_diag_reset(struct sut_diag *diag);

/* Replaces whatever is recorded by a new origin. Returns rc, so that `return sut_fail(...)` works.
 */
enum sut_rc sut_fail(struct sut_diag *diag, enum sut_rc rc, const char *rule, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* As sut_fail() with SUT_SYSTEM, with ": strerror(errno)" appended. */
enum sut_rc sut_fail_errno(struct sut_diag *diag, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds context on the way up; dropped when the diag is full. Returns rc. */
enum sut_rc sut_context(struct sut_diag *diag, enum sut_rc rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Sets the remedy of what is recorded. */
void sut_remedy(struct sut_diag *diag, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The code's name in lower case ("refused"), for messages and JSON. */
const char *sut_rc_name(enum sut_rc rc);

#endif
