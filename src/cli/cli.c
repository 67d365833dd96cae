// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *option_name(const struct sut_call *call, size_t i)
{
	return call->command->options[call->value[i].option].name;
}

const char *sut_call_option(const struct sut_call *call, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < call->value_count; i++)
		if (strcmp(option_name(call, i), name) == 0)
			found = call->value[i].value;
	return found;
}

const char *sut_call_next(const struct sut_call *call, const char *name, size_t *position)
{
	while (*position < call->value_count) {
		size_t i = (*position)++;

		if (strcmp(option_name(call, i), name) == 0)
			return call->value[i].value;
	}
	return NULL;
}

size_t sut_call_all(const struct sut_call *call, struct sut_arena *arena, const char *name,
		    const char ***values)
{
	size_t position = 0, count = 0, capacity = 0;
	const char *value;

	*values = NULL;
	while ((value = sut_call_next(call, name, &position)))
		SUT_PUSH(arena, *values, count, capacity) = value;
	return count;
}

int sut_usage_error(const struct sut_call *call, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "suture %s: ", call->command->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nusage: suture %s %s [options]; see suture %s --help\n",
		call->command->name, call->command->operands, call->command->name);
	return SUT_EXIT_USAGE;
}

int sut_exit_of(enum sut_rc rc)
{
	switch (rc) {
	case SUT_OK:
		return SUT_EXIT_DONE;
	case SUT_RETRY:
		return SUT_EXIT_BLOCKED;
	case SUT_REFUSED:
	case SUT_INVALID:
	case SUT_GONE:
		return SUT_EXIT_REFUSED;
	case SUT_UNSUPPORTED:
		return SUT_EXIT_UNSUPPORTED;
	case SUT_SYSTEM:
	case SUT_BUG:
		return SUT_EXIT_USAGE;
	}
	return SUT_EXIT_USAGE;
}

int sut_report_failure(struct sut_out *out, enum sut_rc rc, const struct sut_diag *diag)
{
	const char *message = diag->count ? diag->entry[0] : "failed without a message";

	sut_out_headline(out, rc == SUT_RETRY ? SUT_MARK_WARNING : SUT_MARK_FAILED, "%s: %s",
			 sut_rc_name(rc), message);
	for (unsigned int i = 1; i < diag->count; i++)
		sut_out_headline(out, SUT_MARK_NONE, "%s", diag->entry[i]);
	if (diag->remedy[0])
		sut_out_headline(out, SUT_MARK_NONE, "%s", diag->remedy);
	if (diag->rule[0] && (rc == SUT_REFUSED || rc == SUT_UNSUPPORTED))
		sut_out_headline(out, SUT_MARK_NONE, "Why: suture explain %s", diag->rule);
	sut_out_object(out, "error");
	sut_out_string(out, "code", sut_rc_name(rc));
	sut_out_string(out, "rule", diag->rule);
	sut_out_string(out, "message", message);
	sut_out_array(out, "context");
	for (unsigned int i = 1; i < diag->count; i++)
		sut_out_string(out, NULL, diag->entry[i]);
	sut_out_end(out);
	sut_out_string(out, "remedy", diag->remedy);
	sut_out_end(out);
	return sut_exit_of(rc);
}

void sut_call_out(const struct sut_call *call, struct sut_out *out, const char *schema, bool fields)
{
	sut_out_init(out, stdout, call->json, fields || call->verbose, schema);
}

int sut_call_end(struct sut_out *out, int status)
{
	bool written = sut_out_deinit(out);

	return status == SUT_EXIT_DONE && !written ? SUT_EXIT_USAGE : status;
}

void sut_progress(const struct sut_call *call, const char *fmt, ...)
{
	va_list ap;

	if (call->json || call->quiet || !isatty(STDERR_FILENO))
		return;
	fputs("\r\033[K", stderr);
	if (fmt) {
		va_start(ap, fmt);
		vfprintf(stderr, fmt, ap);
		va_end(ap);
	}
	fflush(stderr);
}
