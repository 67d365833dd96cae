// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/diag.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void sut_diag_reset(struct sut_diag *diag)
{
	diag->count = 0;
	diag->rule[0] = '\0';
	diag->remedy[0] = '\0';
}

static void push(struct sut_diag *diag, const char *fmt, va_list ap)
{
	if (diag->count == SUT_DIAG_ENTRIES)
		return;
	vsnprintf(diag->entry[diag->count++], SUT_DIAG_TEXT, fmt, ap);
}

enum sut_rc sut_fail(struct sut_diag *diag, enum sut_rc rc, const char *rule, const char *fmt, ...)
{
	va_list ap;

	sut_diag_reset(diag);
	if (rule)
		snprintf(diag->rule, sizeof(diag->rule), "%s", rule);
	va_start(ap, fmt);
	push(diag, fmt, ap);
	va_end(ap);
	return rc;
}

enum sut_rc sut_fail_errno(struct sut_diag *diag, const char *fmt, ...)
{
	int err = errno;
	va_list ap;
	size_t used;

	sut_diag_reset(diag);
	va_start(ap, fmt);
	push(diag, fmt, ap);
	va_end(ap);
	used = strlen(diag->entry[0]);
	snprintf(diag->entry[0] + used, SUT_DIAG_TEXT - used, ": %s", strerror(err));
	errno = err;
	return SUT_SYSTEM;
}

enum sut_rc sut_context(struct sut_diag *diag, enum sut_rc rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	push(diag, fmt, ap);
	va_end(ap);
	return rc;
}

void sut_remedy(struct sut_diag *diag, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(diag->remedy, sizeof(diag->remedy), fmt, ap);
	va_end(ap);
}

const char *sut_rc_name(enum sut_rc rc)
{
	switch (rc) {
	case SUT_OK:
		return "ok";
	case SUT_RETRY:
		return "retry";
	case SUT_REFUSED:
		return "refused";
	case SUT_INVALID:
		return "invalid";
	case SUT_UNSUPPORTED:
		return "unsupported";
	case SUT_GONE:
		return "gone";
	case SUT_SYSTEM:
		return "system";
	case SUT_BUG:
		return "bug";
	}
	return "bug";
}
