// SPDX-License-Identifier: GPL-2.0-or-later
/* suture create: from a source patch to a live patch file. */
#include "cli/cli.h"
#include "cli/create-kernel.h"
#include "cli/sign.h"
#include "cli/identity.h"
#include "cli/phases.h"
#include "cli/profiled.h"
#include "cli/source.h"
#include "cli/verdict.h"
#include "base/guard.h"
#include "base/io.h"
#include "create/create.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const struct sut_option table[] = {
	{"name", "NAME", "the live patch's name (letters, digits, ._+-)"},
	{"version", "VERSION", "its version (1)"},
	{"fixes", "ID", "what it fixes, such as a CVE id; may be repeated"},
	{"target", "BINARY", "executable or shared object to patch, may be repeated; or kernel"},
	{"source", "DIR", "the tree that the target was built from (that of its profile)"},
	{"patch", "FILE", "the source patch, a unified diff"},
	{"from-source", "FILE", "instead: C as suture extract writes it; may be repeated"},
	{"cross-check", "FILE", "with --from-source: the source patch that it shall agree with"},
	{"database", "FILE", "compile_commands.json (looked for in the tree)"},
	{"strip", "N", "as in patch -pN (found by itself)"},
	{"with", "FILE", "C file of callbacks, sets, shadow types and states to put in"},
	{"beside", "SOURCE", "the patched unit that it belongs to (the first one)"},
	{"replace", NULL, "the patch takes the place of all others in use"},
	{"replace-set", "N", "it takes the place of those with the same number (from 1)"},
	{"allow", "RULE", "make the patch in spite of a refusal (suture explain lists which)"},
	{"identity", NULL,
	 "instead of --patch: replace each function by itself, see suture-create(1)"},
	{"unit", "SOURCE", "with --identity: only functions of this file; see suture-create(1)"},
	{"function", "NAME", "with --identity: only this function; may be repeated"},
	{"except", "FILE", "with --identity: not the functions that are listed there"},
	{"objects", "DIR", "with --identity: keep the compiled files there for the next run"},
	{"no-source", NULL, "only digests of the source patch go into the file, not its text"},
	SUT_SIGN_OPTIONS,
	{"output", "FILE", "the patch file to write (-o)"},
};

static const char *missing_option(const struct sut_call *call)
{
	static const char *const needed[] = {"name", "target", "patch", "output"};

	for (size_t i = 0; i < SUT_ARRAY_SIZE(needed); i++)
		if (!sut_call_option(call, needed[i]) &&
		    !(strcmp(needed[i], "patch") == 0 &&
		      (sut_call_option(call, "identity") || sut_call_option(call, "from-source"))))
			return needed[i];
	return NULL;
}

/* false: the usage error is printed. */
static bool read_replace(const struct sut_call *call, struct sut_create_options *wanted)
{
	const char *set = sut_call_option(call, "replace-set");
	unsigned long number;
	char *end;

	wanted->replace = sut_call_option(call, "replace") != NULL;
	if (!set)
		return true;
	errno = 0;
	number = strtoul(set, &end, 10);
	if (set[0] < '0' || set[0] > '9' || *end || errno || !number || number > UINT32_MAX) {
		sut_usage_error(call, "--replace-set %s: not a number from 1", set);
		return false;
	}
	if (wanted->replace) {
		sut_usage_error(call, "--replace-set %s: --replace takes the place of all sets",
				set);
		return false;
	}
	wanted->replace_set = (uint32_t)number;
	return true;
}

static const char *kind_name(enum sut_verdict_kind kind)
{
	switch (kind) {
	case SUT_VERDICT_CREATED:
		return "created";
	case SUT_VERDICT_NOTHING:
		return "nothing";
	case SUT_VERDICT_REFUSED:
		return "refused";
	}
	return "";
}

static void report_functions(struct sut_out *out, const struct sut_patch *patch)
{
	sut_out_array(out, "functions");
	for (size_t i = 0; i < patch->func_count; i++) {
		const struct sut_patch_func *func = &patch->funcs[i];

		sut_out_object(out, NULL);
		sut_out_string(out, "object", patch->objects[func->object].name);
		sut_out_string(out, "name", func->name);
		sut_out_string(out, "kind", func->kind == SUT_PATCH_FUNC_NEW ? "new" : "changed");
		sut_out_string(out, "source", func->source);
		sut_out_end(out);
	}
	sut_out_end(out);
}

static void headline_created(struct sut_out *out, const struct sut_patch *patch, const char *file)
{
	size_t added = 0;

	for (size_t i = 0; i < patch->func_count; i++)
		added += patch->funcs[i].kind == SUT_PATCH_FUNC_NEW;
	sut_out_headline(out, SUT_MARK_OK, "%s: %zu changed and %zu new functions", file,
			 patch->func_count - added, added);
	for (size_t i = 0; i < patch->func_count; i++) {
		const struct sut_patch_func *func = &patch->funcs[i];

		sut_out_headline(out, SUT_MARK_NONE, "%s %s in %s%s%s",
				 func->kind == SUT_PATCH_FUNC_NEW ? "new" : "changed", func->name,
				 patch->objects[func->object].name, *func->source ? ", " : "",
				 func->source);
	}
	if (patch->additions.count || patch->additions.state_count)
		sut_out_headline(out, SUT_MARK_NONE, "additions to %zu objects, %zu states",
				 patch->additions.count, patch->additions.state_count);
}

static void report(struct sut_out *out, const struct sut_create_options *options,
		   const struct sut_patch *patch, enum sut_verdict_kind kind,
		   const struct sut_verdict *verdict, const char *file, uint64_t ns)
{
	const char *origin = options->patch ? options->patch : options->from[0];

	sut_out_string(out, "name", options->name);
	sut_out_string(out, "verdict", kind_name(kind));
	switch (kind) {
	case SUT_VERDICT_CREATED:
		headline_created(out, patch, file);
		sut_out_string(out, "file", file);
		report_functions(out, patch);
		break;
	case SUT_VERDICT_NOTHING:
		sut_out_headline(out, SUT_MARK_WARNING,
				 "%s: changes no machine code of the target; nothing to patch",
				 origin);
		break;
	case SUT_VERDICT_REFUSED:
		sut_out_headline(out, SUT_MARK_FAILED, "%s: no patch made", origin);
		break;
	}
	sut_report_verdict(out, verdict);
	sut_out_headline(out, SUT_MARK_NONE, "%.1f s, %.1f s of it in the compiler", ns / 1e9,
			 verdict->compiler_ns / 1e9);
	sut_out_decimal(out, "seconds", ns / 1e9);
	sut_out_decimal(out, "compiler_seconds", verdict->compiler_ns / 1e9);
}

static int exit_of_kind(enum sut_verdict_kind kind)
{
	switch (kind) {
	case SUT_VERDICT_CREATED:
		return SUT_EXIT_DONE;
	case SUT_VERDICT_NOTHING:
		return SUT_EXIT_NOTHING;
	case SUT_VERDICT_REFUSED:
		return SUT_EXIT_REFUSED;
	}
	return SUT_EXIT_USAGE;
}

/* What goes into the file as it is given. false: the usage error is printed. */
static bool check_words(const struct sut_call *call)
{
	const char *name = sut_call_option(call, "name");
	const char *version = sut_call_option(call, "version"), *fix;
	size_t position = 0;

	if (!sut_patch_name_valid(name)) {
		sut_usage_error(call,
				"--name %s: a name has letters, digits and . _ + -, begins with a "
				"letter or digit, and has at most %d characters",
				name, SUT_PATCH_NAME_MAX);
		return false;
	}
	if (version && !sut_patch_version_valid(version)) {
		sut_usage_error(call, "--version %s: not a version", version);
		return false;
	}
	while ((fix = sut_call_next(call, "fixes", &position)))
		if (!sut_patch_version_valid(fix)) {
			sut_usage_error(call, "--fixes %s: not an id like CVE-2024-51741", fix);
			return false;
		}
	return true;
}

/* Options without what they are for. false: the usage error is printed. */
static bool check_together(const struct sut_call *call)
{
	static const struct {
		const char *option, *with;
	} belongs[] = {
		{"beside", "with"},       {"cross-check", "from-source"},   {"unit", "identity"},
		{"function", "identity"}, {"except", "identity"},           {"objects", "identity"},
		{"key", "target=kernel"}, {"certificate", "target=kernel"},
	};

	for (size_t i = 0; i < SUT_ARRAY_SIZE(belongs); i++)
		if (sut_call_option(call, belongs[i].option) &&
		    !sut_call_option(call, belongs[i].with)) {
			sut_usage_error(call, "--%s: is for --%s", belongs[i].option,
					belongs[i].with);
			return false;
		}
	if (sut_call_option(call, "from-source") && sut_call_option(call, "patch")) {
		sut_usage_error(call, "--patch %s: --from-source takes its place",
				sut_call_option(call, "patch"));
		return false;
	}
	return true;
}

/* What every creation is told. false: the usage error is printed. */
static bool read_options(const struct sut_call *call, struct sut_arena *arena,
			 struct sut_create_options *wanted)
{
	const char *missing = missing_option(call);

	*wanted = (struct sut_create_options){
		.name = sut_call_option(call, "name"),
		.version = sut_call_option(call, "version"),
		.source = sut_call_option(call, "source"),
		.patch = sut_call_option(call, "patch"),
		.database = sut_call_option(call, "database"),
		.strip = sut_call_option(call, "strip"),
		.with = sut_call_option(call, "with"),
		.beside = sut_call_option(call, "beside"),
		.no_source = sut_call_option(call, "no-source") != NULL,
		.progress = sut_phases_progress,
	};
	wanted->fix_count = sut_call_all(call, arena, "fixes", &wanted->fixes);
	wanted->target_count = sut_call_all(call, arena, "target", &wanted->targets);
	wanted->from_count = sut_call_all(call, arena, "from-source", &wanted->from);
	wanted->allowed_count = sut_call_all(call, arena, "allow", &wanted->allowed);
	if (missing)
		sut_usage_error(call, "--%s is missing", missing);
	else if (!wanted->source && wanted->database)
		sut_usage_error(call, "--source is missing");
	else if (call->argc)
		sut_usage_error(call, "%s: takes no operand", call->argv[0]);
	else
		return check_words(call) && read_replace(call, wanted);
	return false;
}

static int create(struct sut_call *call, struct sut_arena *arena, struct sut_create_options *wanted,
		  struct sut_phases *phases)
{
	const char *file = sut_call_option(call, "output");
	const char *fix = sut_call_option(call, "cross-check");
	struct sut_verdict verdict = {.arena = arena};
	enum sut_verdict_kind kind = SUT_VERDICT_NOTHING;
	struct sut_profiled profiled = {.held = -1};
	struct sut_agreed agreed = {0};
	struct sut_diag diag = {0};
	uint64_t start = sut_now_ns();
	enum sut_rc rc = SUT_OK;
	struct sut_patch patch;
	struct sut_out out;

	if (!wanted->source)
		rc = sut_profiled_find(arena, wanted, &profiled, &diag);
	if (rc == SUT_OK)
		rc = sut_create(arena, wanted, &patch, &kind, &verdict, &diag);
	if (rc == SUT_OK && kind == SUT_VERDICT_CREATED && fix)
		rc = sut_source_agree(arena, wanted, fix, &agreed, &kind, &verdict, &diag);
	sut_phases_progress(phases, "writing");
	if (rc == SUT_OK && kind == SUT_VERDICT_CREATED)
		rc = sut_patch_save(arena, &patch, file, &diag);
	sut_progress(call, NULL);
	sut_call_out(call, &out, "suture.create/1", false);
	if (rc)
		return sut_call_end(&out, sut_report_failure(&out, rc, &diag));
	if (fix)
		sut_source_report(&out, &agreed);
	report(&out, wanted, &patch, kind, &verdict, file, sut_now_ns() - start);
	sut_phases_report(phases, &out);
	sut_profiled_report(&out, &profiled);
	return sut_call_end(&out, exit_of_kind(kind));
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_create_options wanted;
	struct sut_phases phases;

	if (!read_options(call, &arena, &wanted))
		return SUT_EXIT_USAGE;
	/* A limit of file sizes shall be an error like a full disk, not the end. */
	signal(SIGXFSZ, SIG_IGN);
	sut_phases_start(&phases, call, "patching");
	wanted.progress_context = &phases;
	if (sut_create_is_for_kernel(call))
		return sut_create_kernel(call, &arena, &phases);
	if (!check_together(call))
		return SUT_EXIT_USAGE;
	if (sut_call_option(call, "identity"))
		return sut_create_identity(call, &arena, &wanted, &phases);
	return create(call, &arena, &wanted, &phases);
}

const struct sut_command sut_command_create = {
	.name = "create",
	.operands = "--name N --target BINARY [--source DIR] --patch FILE -o FILE",
	.summary = "make a live patch from a source patch",
	.options = table,
	.option_count = SUT_ARRAY_SIZE(table),
	.run = run,
};
