// SPDX-License-Identifier: GPL-2.0-or-later
/* suture create --target kernel: from a source patch to a livepatch module. */
#include "cli/create-kernel.h"
#include "cli/sign.h"
#include "cli/verdict.h"
#include "base/guard.h"
#include "base/io.h"
#include "kernel/create/create.h"
#include "profile/kernel.h"

#include <string.h>

static const char prefix[] = "kernel:";

static bool is_kernel(const char *target)
{
	return strcmp(target, "kernel") == 0 || strncmp(target, prefix, strlen(prefix)) == 0;
}

bool sut_create_is_for_kernel(const struct sut_call *call)
{
	const char *target;
	size_t position = 0;

	while ((target = sut_call_next(call, "target", &position)))
		if (is_kernel(target))
			return true;
	return false;
}

/* false: the usage error is printed. */
static bool check_options(const struct sut_call *call)
{
	static const char *const others[] = {
		"from-source", "cross-check", "database", "with",      "beside",
		"replace-set", "except",      "objects",  "no-source",
	};
	const char *target;
	size_t position = 0, count = 0;

	for (size_t i = 0; i < SUT_ARRAY_SIZE(others); i++)
		if (sut_call_option(call, others[i])) {
			sut_usage_error(call, "--%s: is not for kernels", others[i]);
			return false;
		}
	if (sut_call_option(call, "function") && !sut_call_option(call, "identity")) {
		sut_usage_error(call, "--function: is for --identity");
		return false;
	}
	while ((target = sut_call_next(call, "target", &position)))
		if (count++ || !is_kernel(target)) {
			sut_usage_error(call,
					"--target %s: a kernel is the only target of its "
					"patches",
					target);
			return false;
		}
	return true;
}

/* The kernel's profile, and what of it create wants to have. */
static enum sut_rc open_profile(struct sut_arena *arena, const char *target,
				struct sut_kernel_profile *profile,
				struct sut_kernel_options *options, int *held,
				struct sut_diag *diag)
{
	const char *release = strchr(target, ':');
	enum sut_rc rc =
		sut_kernel_profile_open(arena, release ? release + 1 : NULL, profile, diag);

	if (rc)
		return rc;
	*held = sut_profile_hold(&profile->profile);
	if (*held < 0)
		return sut_fail(diag, SUT_GONE, "profile", "%s: was removed just now",
				profile->profile.name);
	options->release = profile->profile.kernel;
	options->tree = profile->tree;
	options->cache = profile->before;
	options->files = (struct sut_klp_files){
		.image = profile->vmlinux,
		.modules = profile->modules,
		.symvers = profile->symvers,
	};
	return SUT_OK;
}

static void report_functions(struct sut_out *out, const struct sut_kernel_patch *patch)
{
	sut_out_array(out, "functions");
	for (size_t i = 0; i < patch->func_count; i++) {
		const struct sut_kernel_func *func = &patch->funcs[i];

		sut_out_object(out, NULL);
		sut_out_string(out, "object", func->object);
		sut_out_string(out, "name", func->name);
		sut_out_unsigned(out, "sympos", func->sympos);
		sut_out_string(out, "source", func->source);
		sut_out_end(out);
	}
	sut_out_end(out);
	sut_out_unsigned(out, "private_symbols", patch->symbol_count);
}

static void report_created(struct sut_out *out, const struct sut_kernel_options *options,
			   const struct sut_kernel_patch *patch, const char *file)
{
	sut_out_headline(out, SUT_MARK_OK, "%s: %zu changed functions, for %s", file,
			 patch->func_count, options->release);
	for (size_t i = 0; i < patch->func_count; i++)
		sut_out_headline(out, SUT_MARK_NONE, "changed %s in %s, %s", patch->funcs[i].name,
				 patch->funcs[i].object, patch->funcs[i].source);
	sut_out_string(out, "file", file);
	report_functions(out, patch);
}

static int report(struct sut_out *out, const struct sut_kernel_options *options,
		  const struct sut_kernel_patch *patch, enum sut_verdict_kind kind,
		  const struct sut_verdict *verdict, const char *file)
{
	sut_out_string(out, "name", options->name);
	sut_out_string(out, "kernel", options->release);
	switch (kind) {
	case SUT_VERDICT_CREATED:
		sut_out_string(out, "verdict", "created");
		report_created(out, options, patch, file);
		sut_report_verdict(out, verdict);
		return SUT_EXIT_DONE;
	case SUT_VERDICT_NOTHING:
		sut_out_string(out, "verdict", "nothing");
		sut_out_headline(out, SUT_MARK_WARNING,
				 "%s: changes no machine code of %s; nothing to patch",
				 options->identity ? options->name : options->patch,
				 options->release);
		sut_report_verdict(out, verdict);
		return SUT_EXIT_NOTHING;
	case SUT_VERDICT_REFUSED:
		sut_out_string(out, "verdict", "refused");
		sut_out_headline(out, SUT_MARK_FAILED, "%s: no patch made",
				 options->identity ? options->name : options->patch);
		sut_report_verdict(out, verdict);
		return SUT_EXIT_REFUSED;
	}
	return SUT_EXIT_USAGE;
}

int sut_create_kernel(struct sut_call *call, struct sut_arena *arena, struct sut_phases *phases)
{
	struct sut_kernel_options options = {
		.name = sut_call_option(call, "name"),
		.version = sut_call_option(call, "version"),
		.source = sut_call_option(call, "source"),
		.patch = sut_call_option(call, "patch"),
		.strip = sut_call_option(call, "strip"),
		.replace = sut_call_option(call, "replace") != NULL,
		.identity = sut_call_option(call, "identity") != NULL,
		.progress = sut_phases_progress,
		.progress_context = phases,
	};
	const char *file = sut_call_option(call, "output");
	struct sut_verdict verdict = {.arena = arena};
	enum sut_verdict_kind kind = SUT_VERDICT_NOTHING;
	struct sut_kernel_profile profile;
	struct sut_kernel_patch patch;
	struct sut_diag diag = {0};
	uint64_t start = sut_now_ns();
	struct sut_out out;
	SUT_CLOSE int held = -1;
	enum sut_rc rc;
	int status;

	if (!check_options(call) || !sut_sign_check(call))
		return SUT_EXIT_USAGE;
	options.fix_count = sut_call_all(call, arena, "fixes", &options.fixes);
	options.unit_count = sut_call_all(call, arena, "unit", &options.units);
	options.function_count = sut_call_all(call, arena, "function", &options.functions);
	options.allowed_count = sut_call_all(call, arena, "allow", &options.allowed);
	rc = open_profile(arena, sut_call_option(call, "target"), &profile, &options, &held, &diag);
	if (rc == SUT_OK)
		rc = sut_kernel_create(arena, &options, &patch, &kind, &verdict, &diag);
	if (rc == SUT_OK && kind == SUT_VERDICT_CREATED)
		rc = sut_sign_if_asked(arena, call, &patch.module, &diag);
	if (rc == SUT_OK && kind == SUT_VERDICT_CREATED)
		rc = sut_file_write(file, patch.module.data, patch.module.size, 0644, &diag);
	sut_progress(call, NULL);
	sut_call_out(call, &out, "suture.create-kernel/1", false);
	if (rc)
		return sut_call_end(&out, sut_report_failure(&out, rc, &diag));
	status = report(&out, &options, &patch, kind, &verdict, file);
	sut_out_headline(&out, SUT_MARK_NONE, "%.1f s, %.1f s of it in the compiler",
			 (sut_now_ns() - start) / 1e9, verdict.compiler_ns / 1e9);
	sut_out_decimal(&out, "seconds", (sut_now_ns() - start) / 1e9);
	sut_out_decimal(&out, "compiler_seconds", verdict.compiler_ns / 1e9);
	sut_phases_report(phases, &out);
	return sut_call_end(&out, status);
}
