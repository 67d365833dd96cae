// SPDX-License-Identifier: GPL-2.0-or-later
/* The halves of create for a kernel in their order, the scratch folder, and the verdict. */
#include "kernel/create/create.h"
#include "kernel/create/extract-identity.h"
#include "base/rules.h"
#include "units/nothing.h"
#include "units/scratch.h"
#include "units/work.h"

#include <string.h>

struct creation {
	struct sut_arena *arena;
	const struct sut_kernel_options *options;
	struct sut_kernel_patch *patch;
	enum sut_verdict_kind *kind;
	struct sut_verdict *verdict;
	struct sut_diag *diag;
};

/* What insmod takes for a module's name, and livepatch for a folder of sysfs. */
static enum sut_rc check_name(const char *name, struct sut_diag *diag)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789_";
	size_t length = strlen(name);

	if (length && length <= SUT_KERNEL_NAME_MAX && !name[strspn(name, characters)])
		return SUT_OK;
	return sut_fail(diag, SUT_INVALID, "name",
			"%s: no name for a kernel module, which has 1 to %d letters, digits or _",
			name, SUT_KERNEL_NAME_MAX);
}

void sut_kernel_allow(const struct sut_kernel_options *options, struct sut_verdict *verdict)
{
	sut_verdict_allow(verdict, options->allowed, options->allowed_count);
}

/* Units were compiled, and all their code is the same. */
static enum sut_rc explain_nothing(struct creation *creation, const struct sut_kernel_parts *parts)
{
	const struct sut_work *work = parts->unit_count ? parts->units[0].work : NULL;

	return work ? sut_nothing_explain(creation->arena, work->options, &work->patched,
					  work->seen, true, creation->verdict, creation->diag)
		    : SUT_OK;
}

static enum sut_rc create_in(void *context, const char *scratch)
{
	struct creation *creation = context;
	struct sut_kernel_options own = *creation->options;
	const struct sut_kernel_options *options = &own;
	struct sut_verdict *verdict = creation->verdict;
	struct sut_kernel_parts parts = {0};
	enum sut_rc rc = SUT_OK;

	if (own.identity)
		rc = sut_identity_patch(creation->arena, creation->options, scratch, &own.patch,
					creation->diag);
	if (rc == SUT_OK)
		rc = sut_kernel_parts_make(creation->arena, options, scratch, &parts, verdict,
					   creation->diag);
	if (rc == SUT_OK && parts.count)
		rc = sut_kernel_patch_make(creation->arena, options, &parts, scratch,
					   creation->patch, verdict, creation->diag);
	if (rc == SUT_REFUSED) {
		sut_refuse_diag(verdict, creation->diag);
		rc = SUT_OK;
	}
	if (rc)
		return rc;
	sut_kernel_allow(options, verdict);
	*creation->kind = sut_verdict_kind(verdict, creation->patch->func_count);
	return *creation->kind == SUT_VERDICT_NOTHING ? explain_nothing(creation, &parts) : SUT_OK;
}

enum sut_rc sut_kernel_create(struct sut_arena *arena, const struct sut_kernel_options *options,
			      struct sut_kernel_patch *patch, enum sut_verdict_kind *kind,
			      struct sut_verdict *verdict, struct sut_diag *diag)
{
	struct creation creation = {
		.arena = arena,
		.options = options,
		.patch = patch,
		.kind = kind,
		.verdict = verdict,
		.diag = diag,
	};
	enum sut_rc rc = check_name(options->name, diag);

	for (size_t i = 0; i < options->allowed_count && rc == SUT_OK; i++)
		rc = sut_rule_check_allow(options->allowed[i], diag);
	if (rc)
		return rc;
	*patch = (struct sut_kernel_patch){0};
	verdict->kernel = true;
	return sut_scratch_with(arena, create_in, &creation, diag);
}
