// SPDX-License-Identifier: GPL-2.0-or-later
/* suture extract: the live patch as C that a person can read. */
#include "cli/cli.h"
#include "cli/profiled.h"
#include "cli/source.h"
#include "cli/verdict.h"
#include "base/guard.h"
#include "base/io.h"

#include <string.h>
#include <sys/stat.h>

static const struct sut_option table[] = {
	{"source", "DIR", "the tree that the target was built from (that of its profile)"},
	{"patch", "FILE", "the source patch, a unified diff"},
	{"target", "BINARY", "what is to be patched, to prove the tree; may be repeated"},
	{"database", "FILE", "compile_commands.json (looked for in the tree)"},
	{"strip", "N", "as in patch -pN (found by itself)"},
	{"function", "NAME", "take this function, not those that change; may be repeated"},
	{"cross-check", NULL, "compile the file, and compare it with what create --patch makes"},
	{"output", "FILE", "the C file to write, or a folder for one of each unit (-o)"},
};

static void show_progress(void *context, const char *text)
{
	sut_progress(context, "%s", text);
}

static const char *missing_option(const struct sut_call *call)
{
	static const char *const needed[] = {"patch", "output"};

	for (size_t i = 0; i < SUT_ARRAY_SIZE(needed); i++)
		if (!sut_call_option(call, needed[i]))
			return needed[i];
	/* The profile is that of a target. */
	if (!sut_call_option(call, "source") &&
	    (sut_call_option(call, "database") || !sut_call_option(call, "target")))
		return "source";
	return NULL;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* In a folder a unit's file has the unit's path for a name. */
static const char *output_of(struct sut_arena *arena, const char *output, const char *unit)
{
	char *name;

	if (!is_folder(output))
		return output;
	name = sut_arena_strdup(arena, unit);
	for (char *slash = name; (slash = strchr(slash, '/'));)
		*slash = '-';
	return sut_arena_printf(arena, "%s/%s", output, name);
}

static const char **outputs_of(struct sut_arena *arena, const char *output,
			       const struct sut_source *sources, size_t count)
{
	const char **files = sut_arena_array(arena, count, sizeof(*files));

	for (size_t i = 0; i < count; i++)
		files[i] = output_of(arena, output, sources[i].unit);
	return files;
}

static enum sut_rc write_all(struct sut_arena *arena, const char *output,
			     const struct sut_source *sources, size_t count, struct sut_diag *diag)
{
	enum sut_rc rc = SUT_OK;

	if (count > 1 && !is_folder(output))
		return sut_fail(diag, SUT_INVALID, "extract",
				"%s: the patch changes %zu units, and each is a file of its own; "
				"name a folder with -o",
				output, count);
	for (size_t i = 0; i < count && rc == SUT_OK; i++)
		rc = sut_file_write(output_of(arena, output, sources[i].unit), sources[i].text,
				    strlen(sources[i].text), 0644, diag);
	return rc;
}

static void report_source(struct sut_out *out, const struct sut_source *source, const char *file)
{
	sut_out_headline(out, SUT_MARK_OK,
			 "%s: %zu functions of %s in %zu lines, of which the unit has %zu", file,
			 source->count, source->unit, source->lines, source->unit_lines);
	if (*source->left_out)
		sut_out_headline(out, SUT_MARK_WARNING,
				 "read without %s, which clang 14 does not have", source->left_out);
	sut_out_object(out, NULL);
	sut_out_string(out, "unit", source->unit);
	sut_out_string(out, "file", file);
	sut_out_unsigned(out, "lines", source->lines);
	sut_out_unsigned(out, "unit_lines", source->unit_lines);
	sut_out_string(out, "left_out", source->left_out);
	sut_out_array(out, "functions");
	for (size_t i = 0; i < source->count; i++) {
		sut_out_headline(out, SUT_MARK_NONE, "%s", source->names[i]);
		sut_out_string(out, NULL, source->names[i]);
	}
	sut_out_end(out);
	sut_out_end(out);
}

static int report(struct sut_out *out, struct sut_arena *arena, const char *output,
		  const struct sut_source *sources, size_t count)
{
	if (!count)
		sut_out_headline(out, SUT_MARK_WARNING, "no machine code changes");
	sut_out_array(out, "files");
	for (size_t i = 0; i < count; i++)
		report_source(out, &sources[i], output_of(arena, output, sources[i].unit));
	sut_out_end(out);
	return count ? SUT_EXIT_DONE : SUT_EXIT_NOTHING;
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	/* The type layouts are the object road's affair: here a person looks. */
	const char *allowed[] = {"layout"};
	struct sut_create_options create = {
		.name = "extract",
		.source = sut_call_option(call, "source"),
		.patch = sut_call_option(call, "patch"),
		.database = sut_call_option(call, "database"),
		.strip = sut_call_option(call, "strip"),
		.allowed_count = 1,
		.allowed = allowed,
		.progress = show_progress,
		.progress_context = call,
	};
	struct sut_source_options wanted = {.create = &create};
	const char *output = sut_call_option(call, "output"), *missing = missing_option(call);
	struct sut_verdict verdict = {.arena = &arena};
	struct sut_diag diag = {0};
	struct sut_source_module module;
	struct sut_agreed agreed = {0};
	struct sut_profiled profiled = {.held = -1};
	struct sut_source *sources;
	struct sut_out out;
	enum sut_rc rc;
	size_t count;
	int status;

	if (missing)
		return sut_usage_error(call, "--%s is missing", missing);
	if (call->argc)
		return sut_usage_error(call, "%s: takes no operand", call->argv[0]);
	create.target_count = sut_call_all(call, &arena, "target", &create.targets);
	wanted.function_count = sut_call_all(call, &arena, "function", &wanted.functions);
	rc = sut_source_load(&module, &diag);
	if (rc == SUT_OK && !create.source)
		rc = sut_profiled_find(&arena, &create, &profiled, &diag);
	if (rc == SUT_OK)
		rc = module.extract(&arena, &wanted, &sources, &count, &verdict, &diag);
	if (rc == SUT_OK)
		rc = write_all(&arena, output, sources, count, &diag);
	if (rc == SUT_OK && sut_call_option(call, "cross-check"))
		rc = module.check(&arena, &create, outputs_of(&arena, output, sources, count),
				  count, &agreed.list, &agreed.count, &verdict, &diag);
	sut_progress(call, NULL);
	sut_call_out(call, &out, "suture.extract/1", false);
	if (rc)
		return sut_call_end(&out, sut_report_failure(&out, rc, &diag));
	status = report(&out, &arena, output, sources, count);
	if (sut_call_option(call, "cross-check"))
		sut_source_report(&out, &agreed);
	if (verdict.refusal_count)
		status = SUT_EXIT_REFUSED;
	sut_report_verdict(&out, &verdict);
	sut_profiled_report(&out, &profiled);
	return sut_call_end(&out, status);
}

const struct sut_command sut_command_extract = {
	.name = "extract",
	.operands = "[--source DIR] [--target BINARY] --patch FILE -o FILE",
	.summary = "write a live patch as C, from a source patch",
	.options = table,
	.option_count = SUT_ARRAY_SIZE(table),
	.run = run,
};
