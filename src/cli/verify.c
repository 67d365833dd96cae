// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * suture verify: makes a patch again from its source, and says whether the file has exactly that.
 */
#include "cli/cli.h"

#include "base/guard.h"
#include "base/io.h"
#include "cli/kernel-files.h"
#include "cli/livepatch.h"
#include "cli/profiled.h"
#include "cli/verdict.h"
#include "review/compare.h"
#include "review/find.h"
#include "review/rebuild.h"

#include <inttypes.h>
#include <string.h>

static const struct sut_option options[] = {
	{"patch", "FILE", "the source patch that it shall be (the text in the file)"},
	{"source", "DIR", "the tree that the target was built from (its profile)"},
	{"target", "BINARY", "the target's file (the installed one); may be repeated"},
	{"with", "FILE", "the hand-written part that it shall have (the text in the file)"},
	{"beside", "SOURCE", "the unit that this belongs to (as recorded)"},
	{"database", "FILE", "compile_commands.json (looked for in the tree)"},
	{"strip", "N", "as in patch -pN (found by itself)"},
	SUT_KERNEL_OPTIONS,
};

struct view {
	struct sut_arena *arena;
	struct sut_out *out;
	const char *file;
	const struct sut_patch *patch;
	const struct sut_rebuild *rebuild;
	const struct sut_comparison *comparison;
	bool same;
};

static const char *const verdicts[] = {
	[SUT_COMPARED_SAME] = "same",
	[SUT_COMPARED_DIFFERENT] = "different",
	[SUT_COMPARED_EXTRA] = "extra",
	[SUT_COMPARED_MISSING] = "missing",
};

/* For people: where it is, and where not. */
static const char *const verdict_words[] = {
	[SUT_COMPARED_SAME] = "same",
	[SUT_COMPARED_DIFFERENT] = "different",
	[SUT_COMPARED_EXTRA] = "only in the file, not from this source patch",
	[SUT_COMPARED_MISSING] = "missing in the file",
};

static const char *const source_states[] = {
	[SUT_SOURCE_NONE] = "none",       [SUT_SOURCE_OWN] = "own",
	[SUT_SOURCE_SAME] = "same",       [SUT_SOURCE_HEADER] = "same-hunks",
	[SUT_SOURCE_ANOTHER] = "another", [SUT_SOURCE_LIES] = "other-text",
};

/* ---- what was compared with what ---- */

static const char *source_name(const struct view *v)
{
	if (v->rebuild->sources[SUT_PATCH_SOURCE_PATCH] == SUT_SOURCE_OWN)
		return "the source patch in it";
	return v->rebuild->options.patch;
}

static void headline_source(const struct view *v, enum sut_patch_source source)
{
	static const char *const what[] = {"source patch", "hand-written part"};
	static const char *const options_of[] = {"--patch", "--with"};

	switch (v->rebuild->sources[source]) {
	case SUT_SOURCE_NONE:
	case SUT_SOURCE_SAME:
		return;
	case SUT_SOURCE_OWN:
		sut_out_headline(v->out, SUT_MARK_NONE,
				 "the %s is the text in the file; %s compares with another",
				 what[source], options_of[source]);
		return;
	case SUT_SOURCE_HEADER:
		sut_out_headline(v->out, SUT_MARK_WARNING,
				 "the %s in the file has other words around the same hunks",
				 what[source]);
		return;
	case SUT_SOURCE_ANOTHER:
		sut_out_headline(v->out, SUT_MARK_WARNING,
				 "the file records the digest of another %s", what[source]);
		return;
	case SUT_SOURCE_LIES:
		sut_out_headline(v->out, SUT_MARK_FAILED,
				 "the %s that the file shows to a reader is another one",
				 what[source]);
		return;
	}
}

static void headline_compiler(const struct view *v)
{
	const char *then = sut_patch_fact(v->patch, "compiler");
	const char *now = sut_patch_fact(&v->rebuild->patch, "compiler");

	if (then && now && strcmp(then, now) != 0)
		sut_out_headline(v->out, SUT_MARK_WARNING,
				 "made with %s, compared with what %s makes", then, now);
}

/* Other code need not be another change then. */
static void headline_written(const struct view *v)
{
	const char *written = sut_patch_fact(v->patch, "source-file");

	if (written && !v->same)
		sut_out_headline(
			v->out, SUT_MARK_WARNING,
			"it was made with --from-source of %s, where the compiler may give "
			"other code for the same source; create --from-source "
			"--cross-check tells",
			written);
}

/* What only its maker can know is taken from the file, and so it is the same. */
static void headline_recorded(const struct view *v)
{
	const struct sut_patch *patch = v->patch;
	const char *fixes = "", *replaces = "no other patch";
	char set[32];

	for (size_t i = 0; i < patch->fix_count; i++)
		fixes = sut_arena_printf(v->arena, "%s%s%s", fixes, i ? ", " : ", fixes ",
					 patch->fixes[i]);
	snprintf(set, sizeof(set), "set %" PRIu32, patch->replace_set);
	if (patch->replace || patch->replace_set)
		replaces = patch->replace ? "all others" : set;
	sut_out_headline(v->out, SUT_MARK_NONE, "as the file says: %s, version %s%s, replaces %s",
			 patch->name, patch->version, fixes, replaces);
}

/* ---- findings ---- */

static void headline_findings(const struct view *v, const struct sut_findings *findings,
			      bool of_func)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct sut_finding *finding = &findings->list[i];

		if (of_func)
			sut_out_headline(v->out, SUT_MARK_NONE, "%s", finding->subject);
		else
			sut_out_headline(v->out, SUT_MARK_FAILED, "%s: %s",
					 verdict_words[finding->kind], finding->subject);
		if (*finding->file)
			sut_out_headline(v->out, SUT_MARK_NONE, "  in the file: %s", finding->file);
		if (*finding->expected)
			sut_out_headline(v->out, SUT_MARK_NONE, "  expected:    %s",
					 finding->expected);
	}
}

static void put_findings(const struct view *v, const struct sut_findings *findings)
{
	sut_out_array(v->out, "findings");
	for (size_t i = 0; i < findings->count; i++) {
		sut_out_object(v->out, NULL);
		sut_out_string(v->out, "verdict", verdicts[findings->list[i].kind]);
		sut_out_string(v->out, "subject", findings->list[i].subject);
		sut_out_string(v->out, "file", findings->list[i].file);
		sut_out_string(v->out, "expected", findings->list[i].expected);
		sut_out_end(v->out);
	}
	sut_out_end(v->out);
}

static void report_functions(const struct view *v)
{
	sut_out_array(v->out, "functions");
	for (size_t i = 0; i < v->comparison->func_count; i++) {
		const struct sut_compared_func *func = &v->comparison->funcs[i];
		bool same = func->verdict == SUT_COMPARED_SAME;

		sut_out_headline(v->out, same ? SUT_MARK_OK : SUT_MARK_FAILED, "%s: %s%s in %s%s%s",
				 verdict_words[func->verdict], func->new ? "new " : "", func->name,
				 func->object, *func->source ? ", " : "", func->source);
		headline_findings(v, &func->findings, true);
		sut_out_object(v->out, NULL);
		sut_out_string(v->out, "name", func->name);
		sut_out_string(v->out, "object", func->object);
		sut_out_string(v->out, "source", func->source);
		sut_out_string(v->out, "kind", func->new ? "new" : "changed");
		sut_out_string(v->out, "verdict", verdicts[func->verdict]);
		put_findings(v, &func->findings);
		sut_out_end(v->out);
	}
	sut_out_end(v->out);
}

static size_t count_of(const struct sut_comparison *comparison, enum sut_compared verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < comparison->func_count; i++)
		count += comparison->funcs[i].verdict == verdict;
	return count;
}

static void headline(const struct view *v)
{
	const struct sut_comparison *comparison = v->comparison;

	if (v->same)
		sut_out_headline(v->out, SUT_MARK_OK, "%s: is exactly %s%s", v->file,
				 source_name(v), v->rebuild->identical ? ", byte for byte" : "");
	else
		sut_out_headline(v->out, SUT_MARK_FAILED, "%s: is not exactly %s", v->file,
				 source_name(v));
	sut_out_headline(
		v->out, SUT_MARK_NONE,
		"%zu functions are the same, %zu differ, %zu are only in the file, %zu are "
		"missing",
		count_of(comparison, SUT_COMPARED_SAME),
		count_of(comparison, SUT_COMPARED_DIFFERENT),
		count_of(comparison, SUT_COMPARED_EXTRA),
		count_of(comparison, SUT_COMPARED_MISSING));
}

static int report(const struct view *v)
{
	headline(v);
	if (v->rebuild->kind == SUT_VERDICT_NOTHING)
		sut_out_headline(v->out, SUT_MARK_WARNING,
				 "%s changes no machine code of the target", source_name(v));
	for (int i = 0; i < SUT_PATCH_SOURCES; i++)
		headline_source(v, i);
	headline_written(v);
	headline_recorded(v);
	headline_compiler(v);
	sut_out_string(v->out, "verdict", v->same ? "same" : "different");
	sut_out_bool(v->out, "identical", v->rebuild->identical);
	sut_out_string(v->out, "source_patch",
		       source_states[v->rebuild->sources[SUT_PATCH_SOURCE_PATCH]]);
	sut_out_string(v->out, "additions",
		       source_states[v->rebuild->sources[SUT_PATCH_SOURCE_ADDITIONS]]);
	report_functions(v);
	headline_findings(v, &v->comparison->findings, false);
	put_findings(v, &v->comparison->findings);
	return v->same ? SUT_EXIT_DONE : SUT_EXIT_REFUSED;
}

/* The source gives no patch here, so nothing can be said about the file. */
static int report_refused(const struct view *v)
{
	sut_out_headline(v->out, SUT_MARK_FAILED, "%s: cannot be verified, %s is refused", v->file,
			 source_name(v));
	sut_out_string(v->out, "verdict", "refused");
	sut_report_verdict(v->out, &v->rebuild->verdict);
	return SUT_EXIT_REFUSED;
}

/* ---- the work ---- */

static void show_progress(void *context, const char *text)
{
	sut_progress(context, "%s", text);
}

/* The named targets, or the installed files that the objects of the patch are. */
static enum sut_rc find_targets(struct sut_arena *arena, const struct sut_patch *patch,
				struct sut_create_options *wanted, struct sut_diag *diag)
{
	const struct sut_find find = {0};

	if (wanted->target_count)
		return SUT_OK;
	wanted->targets = sut_arena_array(arena, patch->object_count, sizeof(*wanted->targets));
	for (size_t i = 0; i < patch->object_count; i++) {
		const struct sut_patch_object *object = &patch->objects[i];
		const struct sut_target *target;
		char hex[2 * SUT_PATCH_BUILD_ID_MAX + 1];
		enum sut_rc rc = sut_find_target(arena, &find, object, &target, diag);

		if (rc)
			return rc;
		if (!target) {
			sut_fail(diag, SUT_GONE, "no-target",
				 "%s: no file with build-id %s is installed here", object->name,
				 sut_hex(hex, object->build_id, object->build_id_size));
			sut_remedy(diag, "name it with --target");
			return SUT_GONE;
		}
		wanted->targets[wanted->target_count++] = target->path;
	}
	return SUT_OK;
}

static bool is_same(const struct sut_rebuild *rebuild, const struct sut_comparison *comparison)
{
	bool same = comparison->same;

	for (int i = 0; i < SUT_PATCH_SOURCES; i++)
		same &= rebuild->sources[i] != SUT_SOURCE_LIES;
	return same;
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_rebuild rebuild = {.options = {
					      .patch = sut_call_option(call, "patch"),
					      .source = sut_call_option(call, "source"),
					      .with = sut_call_option(call, "with"),
					      .beside = sut_call_option(call, "beside"),
					      .database = sut_call_option(call, "database"),
					      .strip = sut_call_option(call, "strip"),
					      .progress = show_progress,
					      .progress_context = call,
				      }};
	struct sut_comparison comparison;
	struct sut_bytes bytes;
	struct sut_patch patch;
	struct sut_diag diag = {0};
	struct sut_out out;
	struct sut_profiled profiled = {.held = -1};
	struct view view = {&arena, &out, NULL, &patch, &rebuild, &comparison, false};
	enum sut_rc rc;
	int status;

	if (call->argc != 1)
		return sut_usage_error(call, "one patch file is needed");
	if (sut_livepatch_is_module(call->argv[0]))
		return sut_livepatch_verify(call);
	if (rebuild.options.database && !rebuild.options.source)
		return sut_usage_error(call, "--source is missing");
	view.file = call->argv[0];
	rebuild.options.target_count =
		sut_call_all(call, &arena, "target", &rebuild.options.targets);
	rc = sut_patch_load(&arena, view.file, &patch, &diag);
	if (rc == SUT_OK)
		rc = sut_file_read(&arena, view.file, SUT_PATCH_FILE_MAX, &bytes, &diag);
	if (rc == SUT_OK)
		rc = sut_rebuild_check(&patch, rebuild.options.patch, &diag);
	if (rc == SUT_OK)
		rc = find_targets(&arena, &patch, &rebuild.options, &diag);
	if (rc == SUT_OK && !rebuild.options.source)
		rc = sut_profiled_find(&arena, &rebuild.options, &profiled, &diag);
	if (rc == SUT_OK)
		rc = sut_rebuild(&arena, &bytes, &patch, &rebuild, &diag);
	sut_progress(call, NULL);
	sut_call_out(call, &out, "suture.verify/1", false);
	if (rc)
		return sut_call_end(&out, sut_report_failure(&out, rc, &diag));
	if (rebuild.kind == SUT_VERDICT_REFUSED)
		return sut_call_end(&out, report_refused(&view));
	sut_compare(&arena, &patch, &rebuild.patch, &comparison);
	view.same = is_same(&rebuild, &comparison);
	status = report(&view);
	sut_profiled_report(&out, &profiled);
	return sut_call_end(&out, status);
}

const struct sut_command sut_command_verify = {
	.name = "verify",
	.operands = "FILE [--patch FILE] [--source DIR]",
	.summary = "make a patch again from its source, and compare",
	.options = options,
	.option_count = SUT_ARRAY_SIZE(options),
	.run = run,
};
