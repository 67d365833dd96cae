// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * suture convert: a livepatch module written by hand, whose private symbols nobody exports, becomes
 * one that the kernel binds. The input is only replaced by a module that the kernel would load.
 */
#include "cli/cli.h"

#include "base/guard.h"
#include "cli/kernel-files.h"
#include "cli/sign.h"
#include "cli/verdict.h"
#include "kernel/klp/check.h"
#include "kernel/klp/convert.h"

#include <string.h>

static const struct sut_option options[] = {
	SUT_KERNEL_OPTIONS,
	{"present", "MODULE", "it is there before the livepatch and stays as long"},
	{"allow", "RULE", "klp-late-text: the modules that it patches are never unloaded"},
	SUT_SIGN_OPTIONS,
	{"output", "FILE", "the new module, also -o (FILE itself)"},
};

struct work {
	struct sut_arena *arena;
	const struct sut_call *call;
	const char *file;
	struct sut_ko ko;
	struct sut_klp_patch patch;
	struct sut_klp_kernel kernel;
	struct sut_klp_conversion conversion;
	struct sut_klp_relinked made;
	struct sut_verdict verdict;
	struct sut_diag diag;
};

/* The release for which it was built: the first word of its vermagic. */
static const char *built_for(const struct work *w)
{
	const char *vermagic = sut_ko_info(&w->ko, "vermagic", NULL);

	return sut_arena_strndup(w->arena, vermagic ? vermagic : "",
				 vermagic ? strcspn(vermagic, " ") : 0);
}

static enum sut_rc read_input(struct work *w)
{
	enum sut_rc rc = sut_ko_load(w->arena, w->file, &w->ko, &w->diag);

	if (rc == SUT_OK)
		rc = sut_klp_patch_read(w->arena, &w->ko, &w->patch, &w->diag);
	if (rc == SUT_OK && !w->patch.livepatch) {
		sut_fail(&w->diag, SUT_INVALID, "klp-modinfo", "%s: not marked as a livepatch",
			 w->file);
		sut_remedy(&w->diag, "add MODULE_INFO(livepatch, \"Y\") to its source");
		return SUT_INVALID;
	}
	if (rc == SUT_OK)
		rc = sut_kernel_files_open(w->arena, w->call, built_for(w), &w->kernel, &w->diag);
	return rc;
}

static enum sut_rc resolve(struct work *w)
{
	const char **present;
	size_t count = sut_call_all(w->call, w->arena, "present", &present);

	return sut_klp_resolve(&w->ko, &w->patch, &w->kernel, present, count, &w->conversion,
			       &w->verdict, &w->diag);
}

/* Everything is bound: the module that comes of it is looked at as the kernel would. */
static enum sut_rc make(struct work *w)
{
	const struct sut_klp_relink relink = {
		.bindings = w->conversion.bindings,
		.binding_count = w->conversion.count,
		.late_text =
			sut_call_option(w->call, "allow") || sut_klp_clears(&w->ko, &w->kernel),
	};
	struct sut_klp_patch patch;
	struct sut_ko made;
	enum sut_rc rc = sut_klp_relink(w->arena, &w->ko, &relink, &w->made, &w->diag);

	if (rc == SUT_OK)
		rc = sut_ko_read(w->arena, w->file, w->made.bytes, &made, &w->diag);
	if (rc == SUT_OK)
		rc = sut_klp_patch_read(w->arena, &made, &patch, &w->diag);
	if (rc == SUT_OK)
		rc = sut_klp_check(&made, &patch, &w->kernel, &w->verdict, &w->diag);
	if (rc == SUT_OK)
		rc = sut_sign_if_asked(w->arena, w->call, &w->made.bytes, &w->diag);
	return rc;
}

static void report_bindings(const struct work *w, struct sut_out *out)
{
	sut_out_array(out, "symbols");
	for (size_t i = 0; i < w->conversion.count; i++) {
		const struct sut_klp_binding *binding = &w->conversion.bindings[i];

		sut_out_object(out, NULL);
		sut_out_string(out, "name", binding->name);
		sut_out_string(out, "object", binding->object);
		sut_out_unsigned(out, "sympos", binding->sympos);
		sut_out_string(out, "bound_with", binding->with);
		sut_out_end(out);
	}
	sut_out_end(out);
}

static int report(const struct work *w, struct sut_out *out, const char *output)
{
	bool refused = w->verdict.refusal_count != 0;

	if (refused)
		sut_out_headline(out, SUT_MARK_FAILED, "%s: not converted", w->file);
	else if (!w->conversion.count)
		sut_out_headline(out, SUT_MARK_OK,
				 "%s: nothing to convert, all its symbols are ordinary ones",
				 w->file);
	else
		sut_out_headline(out, SUT_MARK_OK, "%s: bound %zu symbol%s, in %zu relocation%s",
				 output, w->made.symbol_count, w->made.symbol_count == 1 ? "" : "s",
				 w->made.reloc_count, w->made.reloc_count == 1 ? "" : "s");
	report_bindings(w, out);
	sut_report_verdict(out, &w->verdict);
	if (refused)
		return SUT_EXIT_REFUSED;
	return w->conversion.count ? SUT_EXIT_DONE : SUT_EXIT_NOTHING;
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct work w = {.arena = &arena, .call = call, .verdict.arena = &arena};
	const char *output = sut_call_option(call, "output");
	const char *allowed = sut_call_option(call, "allow");
	struct sut_out out;
	enum sut_rc rc;

	if (call->argc != 1)
		return sut_usage_error(call, "one module is needed");
	if (allowed && strcmp(allowed, "klp-late-text"))
		return sut_usage_error(call, "only klp-late-text may be allowed");
	if (!sut_sign_check(call))
		return SUT_EXIT_USAGE;
	w.file = call->argv[0];
	if (!output)
		output = w.file;
	rc = read_input(&w);
	if (rc == SUT_OK)
		rc = resolve(&w);
	if (rc == SUT_OK && !w.verdict.refusal_count)
		rc = make(&w);
	if (rc == SUT_OK && !w.verdict.refusal_count && w.conversion.count)
		rc = sut_file_write(output, w.made.bytes.data, w.made.bytes.size, 0644, &w.diag);
	sut_call_out(call, &out, "suture.convert/1", false);
	if (rc)
		return sut_call_end(&out, sut_report_failure(&out, rc, &w.diag));
	return sut_call_end(&out, report(&w, &out, output));
}

const struct sut_command sut_command_convert = {
	.name = "convert",
	.operands = "MODULE.ko [-o FILE]",
	.summary = "bind the private symbols of a hand-written kernel livepatch",
	.options = options,
	.option_count = SUT_ARRAY_SIZE(options),
	.run = run,
};
