/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source road's module, which is loaded when a command needs it, and what two commands say. */
#ifndef SUT_CLI_SOURCE_H
#define SUT_CLI_SOURCE_H

#include "base/out.h"
#include "source/check.h"
#include "source/source.h"

struct sut_source_module {
	typeof(sut_source_extract) *extract;
	typeof(sut_source_check) *check;
};

/* SUT_UNSUPPORTED (rule "clang") when it or libclang is not installed. */
enum sut_rc sut_source_load(struct sut_source_module *module, struct sut_diag *diag);

/* What a cross-check found. */
struct sut_agreed {
	size_t count;
	struct sut_checked *list;
};

/*
 * The cross-check of wanted->from with the source patch at fix, after a patch was made of them. It
 * refuses that patch where they differ.
 */
enum sut_rc sut_source_agree(struct sut_arena *arena, const struct sut_create_options *wanted,
			     const char *fix, struct sut_agreed *agreed,
			     enum sut_verdict_kind *kind, struct sut_verdict *verdict,
			     struct sut_diag *diag);

/* As headlines and as the field "cross_check". */
void sut_source_report(struct sut_out *out, const struct sut_agreed *agreed);

#endif
